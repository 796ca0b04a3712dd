"""Graph: a `graphviz.Digraph` that needs no system ``dot`` and displays in a notebook."""

from __future__ import annotations

import os
import re
from html import escape
from pathlib import Path

import graphviz

from autograd.pictures import dot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

MOST_WITH_PNG = 300  # boxes; a larger graph is displayed as SVG only
CELL = 640.0  # the least width of a notebook cell, in points


class Graph(graphviz.Digraph):  # type: ignore[misc]
    """A `graphviz.Digraph` of Values, drawn by the first program that `dot` finds, as SVG by default.

    A notebook displays it as SVG, with PNG and text for viewers without SVG; if no program can draw it, as
    text and Mermaid.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "format" not in kwargs:
            self.format = "svg"  # graphviz's own default, pdf, needs a system dot
        self.boxes = 0  # their number
        self.text = self.mermaid = ""  # shown where the graph cannot be drawn

    def copy(self) -> Graph:
        """A copy of this graph."""
        other: Graph = super().copy()
        other.boxes, other.text, other.mermaid = self.boxes, self.text, self.mermaid
        return other

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
        # Drawn before any file is written, so that a failure leaves no file behind.
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
        """The displays for a notebook. It never raises: a failure is reported in the text."""
        bundle: dict[str, Any] = {"text/plain": self.text}
        try:
            bundle["image/svg+xml"] = _described(_fit_cell(self.svg()), self.text)
            if self.boxes <= MOST_WITH_PNG:
                bundle["image/png"] = self.png()
        except Exception as error:  # an exception would leave the cell without any output
            bundle["text/markdown"] = f"```mermaid\n{self.mermaid}```\n"
            bundle["text/plain"] = f"{self.text}\n\n(no picture: {error})"
        wanted = set(bundle) if include is None else set(include)
        return {kind: data for kind, data in bundle.items() if kind in wanted - set(exclude or ())}


def _described(svg: str, text: str) -> str:
    """The SVG as one image with an alternative text, the first lines of the graph as text."""
    lines = [line.strip() for line in text.splitlines()[:3] if line.strip()]
    label = escape(f"graph: {'; '.join(lines)}", quote=True)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def _fit_cell(svg: str) -> str:
    """The SVG fitted into a notebook cell: at its own width, or at the cell's width if that is narrower.

    A wide SVG states no size of its own: some notebooks show it as an image, which ignores its style.
    """
    size = re.search(r'<svg width="([\d.]+)pt" height="[\d.]+pt"', svg)
    if size is None:
        return svg
    wide = float(size[1]) > CELL
    style = f'style="max-width:{size[1]}pt;height:auto"' if wide else 'style="max-width:100%;height:auto"'
    return svg.replace(size[0], f'<svg {style} width="100%"' if wide else f"<svg {style} {size[0][5:]}", 1)
