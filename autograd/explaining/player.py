"""The player: a page on which a computation and its gradient run step by step, over the graph's picture."""

from __future__ import annotations

import base64
import json
import math
import re
from html import escape
from importlib import resources
from pathlib import Path

from autograd.derivatives.transforms import gradients
from autograd.explaining.explanation import number
from autograd.explaining.steps import steps_of
from autograd.formulas.notation import python_name
from autograd.graph.names import all_names, given_names
from autograd.graph.walks import topological_order
from autograd.pictures.render import painted
from autograd.pictures.select import scene_of
from autograd.pictures.text import numbers
from autograd.pictures.themes import THEMES
from autograd.table.slopes import number_slopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from typing import Any

    from autograd.graph.engine import Value
    from autograd.pictures.graph import Graph
    from autograd.pictures.scene import Scene

MOST_IN_FULL = 300  # Values whose every step is played; of more, the boxes of the folded picture
HEIGHT = 620  # pixels in a notebook


class Player:
    """A page that plays a computation forward and its gradient backward; made by `play`.

    It shows itself in a notebook; ``player.save("steps.html")`` writes it as one file that needs nothing
    else, not even a network.
    """

    def __init__(
        self, out: Value, names: Mapping[Any, Any] | None, digits: int, direction: str, title: str
    ) -> None:
        order = topological_order(out)
        self._digits = digits
        self._name = all_names(order, out, given_names(order, names))
        self._title = title or f"How {self._name[out]} and its gradient come about"
        full = len(order) <= MOST_IN_FULL
        steps = list(steps_of(out, names, digits)) if full else []
        grads = {step.node: step.after for step in steps if not step.forward} if full else _slopes(out, order)
        scene = scene_of(
            [out], depth=math.inf if full else None, names=names, limit=10 * MOST_IN_FULL, grads=grads
        )
        if full:
            for box in scene.boxes:
                if box.kind != "constant":
                    box.label = self._name[order[int(box.name[1:])]]
        self._graph: Graph = painted(
            scene, direction=direction, number_format=f".{max(digits, 1)}g", ids=True
        )
        boxes = [self._box(box) for box in scene.boxes]
        place = {box["id"]: i for i, box in enumerate(boxes)}
        arrows = [[place[arrow.tail], place[arrow.head], None] for arrow in scene.arrows]
        played = self._in_full(order, steps, place, arrows) if full else self._folded(scene, boxes)
        result = place[next(iter(scene.results))]
        self._steps = len(played)
        self._data = {
            "boxes": boxes,
            "arrows": arrows,
            "steps": played,
            "result": result,
            "of": python_name(self._name[out]),
            "digits": digits,
        }

    def _box(self, box: Any) -> dict[str, Any]:
        shown = f".{max(self._digits, 1)}g"
        return {
            "id": box.name,
            "name": box.label or box.op or box.kind,
            "inFormula": python_name(box.label),
            "kind": box.kind,
            "data": numbers(box.data, shown) if box.data else "",
            "grad": numbers(box.grad, shown) if box.grad else "",
        }

    def _in_full(
        self,
        order: list[Value],
        steps: list[Any],
        place: Mapping[str, int],
        arrows: list[list[Any]],
    ) -> list[dict[str, Any]]:
        """A step for every operation, and for every share of an adjoint; arrows get their slopes."""
        at = {node: place[f"n{i}"] for i, node in enumerate(order)}
        into: dict[int, list[int]] = {}
        for i, (_, head, _) in enumerate(arrows):
            into.setdefault(head, []).append(i)
        for node in order:
            waiting = list(into.get(at[node], []))
            for x, slope in number_slopes(node) if node.op is not None else []:
                i = next(i for i in waiting if arrows[i][0] == at[x])
                waiting.remove(i)
                arrows[i][2] = slope if math.isfinite(slope) else repr(slope)
        played = []
        for step in steps:
            box = at[step.node]
            if step.forward:
                lit = into.get(box, [])
            elif step.user is None:
                lit = []
            else:
                lit = [i for i in into[at[step.user]] if arrows[i][0] == box]
            shown = number(step.after, self._digits)
            played.append(
                {"forward": step.forward, "box": box, "arrows": lit, "text": step.text, "shown": shown}
            )
        return played

    def _folded(self, scene: Scene, boxes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """A step forward and one backward for every box."""
        into: dict[str, list[int]] = {}
        outof: dict[str, list[int]] = {}
        for i, arrow in enumerate(scene.arrows):
            into.setdefault(arrow.head, []).append(i)
            outof.setdefault(arrow.tail, []).append(i)
        played = []
        for forward in (True, False):
            for i in range(len(boxes)) if forward else reversed(range(len(boxes))):
                box = scene.boxes[i]
                words = ", ".join(box.details)
                shown = boxes[i]["data"] if forward else boxes[i]["grad"]
                if shown:
                    what = boxes[i]["name"] + (f" ({words})" if words else "")
                    text = f"{what}: {shown}" if forward else f"gradients of {what}: {shown}"
                    lit = (into if forward else outof).get(box.name, [])
                    played.append({"forward": forward, "box": i, "arrows": lit, "text": text, "shown": shown})
        return played

    def html(self) -> str:
        """The page as one text: markup, style, program and data."""
        template = resources.files(__package__).joinpath("player.html").read_text(encoding="utf-8")
        data = json.dumps(self._data, ensure_ascii=False, separators=(",", ":"))
        parts = {
            "TITLE": escape(self._title),
            "DARK": _dark_style(),
            "PICTURE": self._picture(),
            "DATA": data.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"),
        }
        page = re.sub(r"%%([A-Z]+)%%", lambda found: parts[found[1]], template)
        # Half of a surrogate pair, as in a name of a file that is no UTF-8, has no place in a page.
        return page.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write the page to a file, and return its name."""
        Path(path).write_text(self.html(), encoding="utf-8")
        return str(path)

    def _picture(self) -> str:
        """The graph as SVG for a page: without what the page says itself."""
        svg = self._graph.svg()
        svg = svg[svg.index("<svg") :]
        svg = re.sub(r"<!--.*?-->\n?", "", svg, flags=re.DOTALL)
        svg = re.sub(r"<title>.*?</title>\n?", "", svg, flags=re.DOTALL)
        svg = re.sub(r' (font-family="[^"]*"|xml:space="preserve"|xlink:title="[^"]*")', "", svg)
        return svg.replace("<svg ", '<svg id="graph" role="group" aria-label="the graph" ', 1)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """For a notebook: the page in a frame of its own, over the picture for where no program may run."""
        bundle = {"text/plain": repr(self)}
        try:
            picture = base64.b64encode(self._graph.svg().encode()).decode()
            page = escape(self.html(), quote=True)
            bundle["text/html"] = (
                f'<div style="position:relative;height:{HEIGHT}px">'
                f'<img alt="the graph" style="max-width:100%;max-height:100%" '
                f'src="data:image/svg+xml;base64,{picture}">'
                f'<iframe title="{escape(self._title)}" sandbox="allow-scripts" srcdoc="{page}" '
                f'style="position:absolute;inset:0;width:100%;height:100%;border:0"></iframe></div>'
            )
        except Exception as error:  # a display must not fail
            bundle["text/plain"] += f"\n(no picture: {error})\n{self._graph.text}"
        return bundle

    def __repr__(self) -> str:
        return f"<Player of {self._steps} steps: {self._title}>"


def _slopes(out: Value, order: list[Value]) -> dict[Value, float]:
    """The derivative of the result by every Value, without touching what they have as `grad`."""
    found = gradients(out, order)
    return {node: x.data if type(x) is type(out) else x for node, x in zip(order, found, strict=True)}


def _dark_style() -> str:
    """Rules that replace the colours of the light picture by those of the dark."""
    light, dark = THEMES["light"], THEMES["dark"]
    pairs = {light.paper: dark.paper, light.ink: dark.ink, light.faint: dark.faint}
    pairs |= {light.fills[kind]: dark.fills[kind] for kind in light.fills}
    rules = [
        f'#graph [{attribute}="{old}"]{{{attribute}:{new}}}'
        for old, new in pairs.items()
        for attribute in ("fill", "stroke")
    ]
    return "".join(rules)
