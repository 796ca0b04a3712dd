"""Rendering a scene as a `Graph`: boxes and arrows in DOT, with their texts and colours."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from math import inf, isfinite

from autograd.pictures.graph import Graph
from autograd.pictures.labels import escaped, plain
from autograd.pictures.scene import Box, Scene
from autograd.pictures.text import format_range, mermaid_text, tree_text
from autograd.pictures.themes import FONT, decades_of, on_log_scale, theme

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from autograd.pictures.scene import Range

QUICK = {"nslimit": "1", "nslimit1": "1", "mclimit": "0.3"}  # for a large graph: a quicker, rougher layout
SHOW = ("label", "data", "grad", "op")
NOTE_WIDTH = 64  # characters in a line below the picture, which may be narrower than its notes


@dataclass(frozen=True)
class RenderOptions:
    """The options of `draw` that say how a scene looks; checked when made.

    Attributes:
        ids: whether SVG elements get an id: a box its name, and the i-th arrow "e" followed by i.
    """

    direction: str = "LR"
    show: Collection[str] = SHOW
    number_format: str = ".4g"
    ops: str = "fused"
    color: str = "kind"
    dark: bool = False
    ids: bool = False

    def __post_init__(self) -> None:
        def check(holds: bool, name: str, allowed: str) -> None:
            if not holds:
                raise ValueError(f"{name} is {allowed}, not {getattr(self, name)!r}") from None

        directions = "'LR' (left to right) or 'TB' (top to bottom)"
        check(self.direction in ("LR", "TB", "RL", "BT"), "direction", directions)
        check(self.ops in ("fused", "separate"), "ops", "'fused' or 'separate'")
        check(self.color in ("kind", "grad"), "color", "'kind' or 'grad'")
        several = self.show is not None and not isinstance(self.show, str)
        contents = f"some of {', '.join(SHOW)}, as ('label', 'data')"
        check(several and set(self.show) <= set(SHOW), "show", contents)
        try:
            format(1.0, self.number_format)
        except (TypeError, ValueError):
            check(False, "number_format", "a format of numbers, as '.4g'")


def render(scene: Scene, options: RenderOptions) -> Graph:
    """The picture of a scene."""
    return _Renderer(scene, options).graph()


class _Renderer:
    def __init__(self, scene: Scene, options: RenderOptions) -> None:
        self.scene, self.options, self.colours = scene, options, theme(options.dark)
        self.separate, self.by_grad = options.ops == "separate", options.color == "grad"
        finite = [abs(box.steepest) for box in scene.boxes if abs(box.steepest) < inf]
        self.largest = max(finite, default=0.0)
        self.decades = decades_of(finite)

    def number(self, data: Range | None) -> str:
        return format_range(data, self.options.number_format)

    def graph(self) -> Graph:
        colours, scene = self.colours, self.scene
        graph = Graph(
            graph_attr={
                "rankdir": self.options.direction,
                "ordering": "in",
                "nodesep": "0.2",
                "ranksep": "0.35",
                "bgcolor": colours.paper,
                **(QUICK if len(scene.boxes) > 150 else {}),
                **self._caption(),
            },
            node_attr={
                "shape": "box",
                "style": "rounded,filled",
                "fontname": FONT,
                "fontsize": "11",
                "fontcolor": colours.ink,
                "color": colours.faint,
                "penwidth": "0.8",
                "margin": "0.1,0.05",
                "height": "0",
            },
            edge_attr={"color": colours.faint, "arrowsize": "0.6", "penwidth": "0.8"},
        )
        graph.text = tree_text(scene, self.options.number_format)
        graph.mermaid = mermaid_text(scene, self.options.number_format)
        graph.boxes = len(scene.boxes)
        split = {box.name for box in scene.boxes if self.separate and box.kind == "op"}
        highlighting = any(box.faded for box in scene.boxes)
        for box in scene.boxes:
            if box.name in split:
                self._op_circle(graph, box)
            self._box(graph, box)
        for i, arrow in enumerate(scene.arrows):
            head = f"{arrow.head}op" if arrow.head in split else arrow.head
            attributes = {"color": colours.pale} if arrow.faded else {}
            if highlighting and not arrow.faded:
                attributes = {"color": colours.ink, "penwidth": "1.6"}
            elif arrow.count > 1:
                attributes |= {"penwidth": f"{min(0.8 + 0.35 * len(str(arrow.count)), 3.0):.2f}"}
            if self.options.ids:
                attributes |= {"id": f"e{i}"}
            graph.edge(arrow.tail, head, **attributes)
        return graph

    def _op_circle(self, graph: Graph, box: Box) -> None:
        """The operation as a circle before the box of its result, as micrograd draws it."""
        graph.node(
            f"{box.name}op",
            plain(box.op),
            shape="ellipse",
            style="filled",
            fillcolor=self.colours.paper,
            fontcolor=self.colours.pale if box.faded else self.colours.ink,
            color=self.colours.pale if box.faded else self.colours.faint,
            width="0.3",
            height="0.3",
            margin="0.03",
        )
        graph.edge(f"{box.name}op", box.name, **({"color": self.colours.pale} if box.faded else {}))

    def _box(self, graph: Graph, box: Box) -> None:
        colours = self.colours
        ids = {"id": box.name} if self.options.ids else {}
        if box.kind in ("constant", "more"):
            words = box.label or self.number(box.data)
            style = {"shape": "plaintext", "style": "", "width": "0", "margin": "0.04"}
            ink = colours.pale if box.faded else colours.faint
            graph.node(box.name, plain(words), fontcolor=ink, **style, **ids)
            return
        attributes = {"fillcolor": self._fill(box), **ids}
        if box.count > 1:
            attributes |= {"peripheries": "2"}
        if box.faded:
            attributes |= {"fillcolor": colours.paper, "fontcolor": colours.pale, "color": colours.pale}
        elif box.name in self.scene.results:
            attributes |= {"penwidth": "1.6", "color": colours.ink}
        if box.stale:
            attributes |= {"style": "rounded,filled,dashed"}
        if box.hint:
            attributes |= {"tooltip": plain(box.hint)}
        label = self._row(box) if self.separate else self._column(box)
        if self.separate:
            attributes |= {"shape": "plaintext", "style": "", "margin": "0"}
        graph.node(box.name, label, **attributes)

    def _fill(self, box: Box) -> str:
        if self.by_grad and box.grad is not None:
            return self._grad_fill(box.steepest)
        return self.colours.fills["op" if self.by_grad else box.kind]

    def _grad_fill(self, grad: float) -> str:
        return on_log_scale(grad, self.largest, self.decades, self.colours)

    def _texts(self, box: Box) -> tuple[list[str], str]:
        """The title in bold and the further lines, and the gradient, each if it is to be shown; escaped."""
        show = self.options.show
        op = box.op if "op" in show and not (self.separate and box.kind == "op") else ""
        title = escaped(" = ".join(filter(None, (box.label if "label" in show else "", op))))
        texts = [f"<b>{title}</b>"] if title else []
        texts += map(escaped, box.lines)
        if "data" in show and box.data is not None:
            texts.append(("data " if self.separate else "") + escaped(self.number(box.data)))
        return texts, f"grad {escaped(self.number(box.grad))}" if "grad" in show and box.grad else ""

    def _column(self, box: Box) -> str:
        """A label of several lines: the title in bold, the number, and the gradient in grey."""
        texts, grad = self._texts(box)
        if grad:
            ink = self.colours.pale if box.faded else self.colours.ink if self.by_grad else self.colours.faint
            texts.append(f'<font color="{ink}">{grad}</font>')
        return f"<{'<br/>'.join(texts) or ' '}>"

    def _row(self, box: Box) -> str:
        """A label of one row: title, number and gradient side by side, as micrograd draws it."""
        texts, grad = self._texts(box)
        fill = self.colours.paper if box.faded else self._fill(box)
        ink = self.colours.pale if box.faded else self.colours.faint
        row = "".join(f"<td>{cell}</td>" for cell in (*texts, grad) if cell)
        return (
            f'<<table border="0" cellborder="1" cellspacing="0" cellpadding="4" color="{ink}" '
            f'bgcolor="{fill}"><tr>{row or "<td> </td>"}</tr></table>>'
        )

    def _caption(self) -> dict[str, str]:
        """Graph attributes for the text below the picture: the colour scale and the notes."""
        rows = []
        if self.by_grad and self.largest > 0.0:
            rows.append(f"<tr>{self._legend()}</tr>")
        size = 9 if rows else 1
        for note in self.scene.notes:
            for line in textwrap.wrap(note, NOTE_WIDTH):
                rows.append(f'<tr><td colspan="{size}" align="left">{_small(line)}</td></tr>')
        if not rows:
            return {}
        table = f'<table border="0" cellborder="0" cellspacing="0" cellpadding="3">{"".join(rows)}</table>'
        return {"label": f"<{table}>", "labelloc": "b", "fontname": FONT, "fontcolor": self.colours.faint}

    def _legend(self) -> str:
        cells = [f'<td align="right">{_small("grad")}</td>']
        middle, least = (self.largest / 10 ** (self.decades * part) for part in (0.5, 1))
        for number in (-self.largest, -middle, -least, 0.0, least, middle, self.largest):
            fill = self._grad_fill(number)
            form = self.options.number_format if abs(number) == self.largest else ".1g"
            words = _small(format(number, form), self.colours.ink)
            cells.append(f'<td border="1" color="{self.colours.faint}" bgcolor="{fill}">{words}</td>')
        if any(box.grad is not None and not isfinite(box.steepest) for box in self.scene.boxes):
            words = _small("nan, inf", self.colours.ink)
            cells.append(f'<td border="1" bgcolor="{self.colours.undefined}">{words}</td>')
        return "".join(cells)


def _small(text: str, ink: str = "") -> str:
    """Small text inside an HTML-like label."""
    color = f' color="{ink}"' if ink else ""
    return f'<font point-size="10"{color}>{escaped(text)}</font>'
