"""The picture of a graph of Values: a `graphviz.Digraph` that works without a system dot."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path

import graphviz

from autograd.backend import Value
from autograd.dag import flat_args, topological_order
from autograd.pictures import dot
from autograd.pictures.text import title, to_mermaid, to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

MOST_WITH_PNG = 300  # boxes; above, a notebook gets the SVG alone

FONT = "Helvetica"
INK = "#1f2933"
FAINT = "#7b8794"
FILLS = {"op": "#ffffff", "leaf": "#dbeafe", "parameter": "#fde9c4", "detached": "#e5e7eb"}


class Graph(graphviz.Digraph):  # type: ignore[misc]
    """A `graphviz.Digraph` of Values that draws itself with whatever `dot` finds, SVG unless told otherwise.

    In a notebook it shows as SVG, with PNG and text beside it for places that show no SVG; where nothing
    can draw it, as text and Mermaid.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "format" not in kwargs:
            self.format = "svg"  # graphviz's own default, pdf, needs a system dot
        self.boxes = 0  # how many there are
        self.text = self.mermaid = ""  # the graph in words, for where it cannot be drawn

    def pipe(
        self,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        *,
        engine: str | None = None,
        encoding: str | None = None,
    ) -> Any:
        """The picture as bytes, or as a str with `encoding`; the parameters are graphviz's."""
        kind = ":".join(filter(None, (format or self.format, renderer, formatter)))
        picture = dot.run(self.source, kind, engine or self.engine, neato_no_op, quiet)
        return picture.decode(encoding) if encoding else picture

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        quiet_view: bool = False,
        *,
        outfile: str | os.PathLike[str] | None = None,
        engine: str | None = None,
        raise_if_result_exists: bool = False,
        overwrite_source: bool = False,
    ) -> str:
        """Write the DOT text to a file and the picture beside it, and return the picture's path.

        As `graphviz.Digraph.render`: ``render("loss")`` writes "loss" (removed again with
        ``cleanup=True``) and "loss.svg"; with `outfile` the name of the picture decides the format.
        """
        if outfile is not None:
            target = Path(directory or "") / outfile
            format = format or target.suffix.lstrip(".").lower() or self.format
            source = Path(directory or "") / filename if filename else target.with_suffix(".gv")
        else:
            source = Path(directory or self.directory or "") / (filename or self.filename)
            target = source.with_name(f"{source.name}.{format or self.format}")
        if raise_if_result_exists and target.exists():
            raise graphviz.FileExistsError(f"output file exists: {str(target)!r}")
        if source == target and not overwrite_source:
            raise ValueError(f"{target} would be both the DOT text and the picture: choose another name")
        # First, so that nothing is written where it fails.
        picture = self.pipe(format, renderer, formatter, neato_no_op, quiet, engine=engine)
        self.save(source.name, directory=source.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(picture)
        if cleanup:
            source.unlink()
        if view:
            graphviz.view(target, quiet=quiet_view)
        return str(target)

    def svg(self) -> str:
        """The picture as the text of an SVG file."""
        text: str = self.pipe("svg", quiet=True, encoding="utf-8")
        return text

    def png(self) -> bytes:
        """The picture as the bytes of a PNG file."""
        picture: bytes = self.pipe("png", quiet=True)
        return picture

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: Any
    ) -> dict[str, Any]:
        """What a notebook shows. It never raises: without a program that draws, there is the text."""
        bundle: dict[str, Any] = {"text/plain": self.text}
        try:
            bundle["image/svg+xml"] = self.svg().replace(
                "<svg ", '<svg style="max-width:100%;height:auto" ', 1
            )
            if self.boxes <= MOST_WITH_PNG:
                bundle["image/png"] = self.png()
        except Exception as error:  # a display must not fail: whatever it was, it is told in the text
            bundle["text/markdown"] = f"```mermaid\n{self.mermaid}```\n"
            bundle["text/plain"] = f"{self.text}\n\n(no picture: {error})"
        wanted = set(bundle) if include is None else set(include)
        return {kind: data for kind, data in bundle.items() if kind in wanted - set(exclude or ())}


def graph_of(values: Sequence[Value], direction: str, number_format: str, limit: int) -> Graph:
    """See `autograd.draw`."""
    for value in values:
        if isinstance(value, (list, tuple)):
            raise TypeError(
                f"draw takes one Value or several, not a {type(value).__name__} of them: write draw(*values)"
            )
        if type(value) is not Value:
            raise TypeError(
                f"draw shows the graph of Values, not the {type(value).__name__} {value!r}: make the inputs "
                f"of the computation with Value(...)"
            )
    if not values:
        raise TypeError("draw needs a Value: draw(loss)")
    if direction not in ("LR", "TB"):
        raise ValueError(f"direction is 'LR' (left to right) or 'TB' (top to bottom), not {direction!r}")
    order = topological_order(*values)
    constants = sum(type(x) is float for node in order for x in flat_args(node))
    if len(order) + constants > limit:
        raise ValueError(
            f"the graph has {len(order) + constants} boxes, too many to be looked at: draw one of the Values "
            f"on the way (a neuron, the loss of one sample), or pass limit={len(order) + constants}"
        )

    graph = Graph(
        graph_attr={"rankdir": direction, "ordering": "in", "nodesep": "0.2", "ranksep": "0.35"},
        node_attr={
            "shape": "box",
            "style": "rounded,filled",
            "fontname": FONT,
            "fontsize": "11",
            "fontcolor": INK,
            "color": INK,
            "penwidth": "0.8",
            "margin": "0.1,0.05",
            "height": "0",
        },
        edge_attr={"color": FAINT, "arrowsize": "0.6", "penwidth": "0.8"},
    )
    graph.text = to_text(*values, number_format=number_format)
    graph.mermaid = to_mermaid(*values, number_format=number_format)
    graph.boxes = len(order) + constants
    with_grad = any(node.grad != 0.0 for node in order)
    name = {node: f"n{i}" for i, node in enumerate(order)}
    for node in order:
        graph.node(name[node], _label(node, number_format, with_grad), fillcolor=FILLS[_kind(node)])
        for i, x in enumerate(flat_args(node)):
            operand = name.get(x) if type(x) is Value else f"{name[node]}c{i}"
            if type(x) is float:
                graph.node(
                    operand,
                    format(x, number_format),
                    shape="plaintext",
                    style="",
                    fontcolor=FAINT,
                    width="0",
                    margin="0.04",
                )
            graph.edge(operand, name[node])
    return graph


def _kind(node: Value) -> str:
    if node.op is not None:
        return "op"
    if node.is_parameter:
        return "parameter"
    return "leaf" if node.requires_grad else "detached"


def _label(node: Value, number_format: str, with_grad: bool) -> str:
    """An HTML-like label: the title in bold, the number, and the gradient in grey."""
    name = _escaped(title(node))
    lines = [f"<b>{name}</b>"] if name else []
    lines.append(_escaped(format(node.data, number_format)))
    if with_grad and _kind(node) != "detached":
        lines.append(f'<font color="{FAINT}">grad {_escaped(format(node.grad, number_format))}</font>')
    return f"<{'<br/>'.join(lines)}>"


def _escaped(text: str) -> str:
    """Text that means only itself inside an HTML-like label."""
    return escape("".join(c for c in text if c.isprintable())).replace("\\", r"\\")
