"""A scene as a `Graph`: its boxes and arrows with texts and colours, in DOT."""

from __future__ import annotations

from math import isfinite

from autograd.pictures.graph import Graph
from autograd.pictures.labels import escaped, plain
from autograd.pictures.scene import Box, Scene
from autograd.pictures.text import mermaid_of, numbers, text_of
from autograd.pictures.themes import FONT, Theme, on_scale, theme

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

QUICK = {"nslimit": "1", "nslimit1": "1", "mclimit": "0.3"}  # less time for the last bit of beauty
SHOW = ("label", "data", "grad", "op")


def painted(
    scene: Scene,
    *,
    direction: str = "LR",
    show: Collection[str] = SHOW,
    number_format: str = ".4g",
    ops: str = "fused",
    color: str = "kind",
    dark: bool = False,
    ids: bool = False,
) -> Graph:
    """The picture of a scene; the options are those of `draw`, and `ids`: whether boxes and arrows have any.

    A box then has its name as its id in SVG, and the i-th arrow "e" and i.
    """
    if direction not in ("LR", "TB", "RL", "BT"):
        raise ValueError(f"direction is 'LR' (left to right) or 'TB' (top to bottom), not {direction!r}")
    if ops not in ("fused", "separate"):
        raise ValueError(f"ops is 'fused' or 'separate', not {ops!r}")
    if color not in ("kind", "grad"):
        raise ValueError(f"color is 'kind' or 'grad', not {color!r}")
    if show is None or isinstance(show, str) or not set(show) <= set(SHOW):
        raise ValueError(f"show is some of {', '.join(SHOW)}, as ('label', 'data'), not {show!r}")
    try:
        format(1.0, number_format)
    except (TypeError, ValueError):
        raise ValueError(f"number_format is for numbers, as '.4g', not {number_format!r}") from None
    return _Painter(scene, direction, set(show), number_format, ops, color, theme(dark), ids).graph()


class _Painter:
    def __init__(
        self,
        scene: Scene,
        direction: str,
        show: set[str],
        number_format: str,
        ops: str,
        color: str,
        colours: Theme,
        ids: bool,
    ) -> None:
        self.ids = ids
        self.scene, self.show, self.number_format = scene, show, number_format
        self.separate, self.by_grad, self.colours, self.direction = (
            ops == "separate",
            color == "grad",
            colours,
            direction,
        )
        finite = [abs(box.steepest) for box in scene.boxes if abs(box.steepest) < float("inf")]
        self.largest = max(finite, default=0.0)

    def graph(self) -> Graph:
        colours, scene = self.colours, self.scene
        graph = Graph(
            graph_attr={
                "rankdir": self.direction,
                "ordering": "in",
                "nodesep": "0.2",
                "ranksep": "0.35",
                "bgcolor": colours.paper,
                **(QUICK if len(scene.boxes) > 150 else {}),
                **self._below(),
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
        graph.text = text_of(scene, self.number_format)
        graph.mermaid = mermaid_of(scene, self.number_format)
        graph.boxes = len(scene.boxes)
        split = {box.name for box in scene.boxes if self.separate and box.kind == "op"}
        lit = any(box.faded for box in scene.boxes)
        for box in scene.boxes:
            if box.name in split:
                self._sign(graph, box)
            self._box(graph, box)
        for i, arrow in enumerate(scene.arrows):
            head = f"{arrow.head}op" if arrow.head in split else arrow.head
            attributes = {"color": colours.pale} if arrow.faded else {}
            if lit and not arrow.faded:
                attributes = {"color": colours.ink, "penwidth": "1.6"}
            elif arrow.count > 1:
                attributes |= {"penwidth": f"{min(0.8 + 0.35 * len(str(arrow.count)), 3.0):.2f}"}
            if self.ids:
                attributes |= {"id": f"e{i}"}
            graph.edge(arrow.tail, head, **attributes)
        return graph

    def _sign(self, graph: Graph, box: Box) -> None:
        """The operation as a circle of its own, before the box of what it gives: micrograd's look."""
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
        own = {"id": box.name} if self.ids else {}
        if box.kind in ("constant", "more"):
            words = box.label or numbers(box.data, self.number_format)
            look = {"shape": "plaintext", "style": "", "width": "0", "margin": "0.04"}
            ink = colours.pale if box.faded else colours.faint
            graph.node(box.name, plain(words), fontcolor=ink, **look, **own)
            return
        attributes = {"fillcolor": self._fill(box), **own}
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
        label = self._row(box) if self.separate else self._lines(box)
        if self.separate:
            attributes |= {"shape": "plaintext", "style": "", "margin": "0"}
        graph.node(box.name, label, **attributes)

    def _fill(self, box: Box) -> str:
        if self.by_grad and box.grad is not None:
            return on_scale(box.steepest, self.largest, self.colours)
        return self.colours.fills["op" if self.by_grad else box.kind]

    def _words(self, box: Box) -> tuple[str, list[str], str]:
        """Title, further lines, and the gradient, as far as they are to be shown."""
        op = box.op if "op" in self.show and not (self.separate and box.kind == "op") else ""
        title = " = ".join(filter(None, (box.label if "label" in self.show else "", op)))
        lines = box.lines
        if "data" in self.show and box.data is not None:
            lines.append(("data " if self.separate else "") + numbers(box.data, self.number_format))
        grad = ""
        if "grad" in self.show and box.grad is not None:
            grad = f"grad {numbers(box.grad, self.number_format)}"
        return title, lines, grad

    def _lines(self, box: Box) -> str:
        """An HTML-like label: the title in bold, the number, and the gradient in grey."""
        title, lines, grad = self._words(box)
        title = escaped(title)
        texts = [f"<b>{title}</b>"] if title else []
        texts += map(escaped, lines)
        if grad:
            ink = self.colours.pale if box.faded else self.colours.ink if self.by_grad else self.colours.faint
            texts.append(f'<font color="{ink}">{escaped(grad)}</font>')
        return f"<{'<br/>'.join(texts) or ' '}>"

    def _row(self, box: Box) -> str:
        """A table of one row, title, data and grad side by side: micrograd's look."""
        title, lines, grad = self._words(box)
        title = escaped(title)
        cells = [f"<b>{title}</b>" if title else "", *map(escaped, lines), escaped(grad)]
        fill = self.colours.paper if box.faded else self._fill(box)
        ink = self.colours.pale if box.faded else self.colours.faint
        row = "".join(f"<td>{cell}</td>" for cell in cells if cell)
        return (
            f'<<table border="0" cellborder="1" cellspacing="0" cellpadding="4" color="{ink}" '
            f'bgcolor="{fill}"><tr>{row or "<td> </td>"}</tr></table>>'
        )

    def _below(self) -> dict[str, str]:
        """What stands below the picture: the scale of colours, and the notes."""
        rows = []
        if self.by_grad and self.largest > 0.0:
            rows.append(f"<tr>{self._legend()}</tr>")
        size = 7 if rows else 1
        for note in self.scene.notes:
            rows.append(f'<tr><td colspan="{size}" align="left">{_small(note)}</td></tr>')
        if not rows:
            return {}
        table = f'<table border="0" cellborder="0" cellspacing="0" cellpadding="3">{"".join(rows)}</table>'
        return {"label": f"<{table}>", "labelloc": "b", "fontname": FONT, "fontcolor": self.colours.faint}

    def _legend(self) -> str:
        cells = [f'<td align="right">{_small("grad")}</td>']
        for share in (-1.0, -0.25, 0.0, 0.25, 1.0):
            number = share * self.largest
            fill = on_scale(number, self.largest, self.colours)
            words = _small(format(number, self.number_format), self.colours.ink)
            cells.append(f'<td border="1" color="{self.colours.faint}" bgcolor="{fill}">{words}</td>')
        if any(box.grad is not None and not isfinite(box.steepest) for box in self.scene.boxes):
            words = _small("nan, inf", self.colours.ink)
            cells.append(f'<td border="1" bgcolor="{self.colours.undefined}">{words}</td>')
        return "".join(cells)


def _small(text: str, ink: str = "") -> str:
    """Text in small letters, inside an HTML-like label."""
    color = f' color="{ink}"' if ink else ""
    return f'<font point-size="10"{color}>{escaped(text)}</font>'
