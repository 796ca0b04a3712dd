"""Player: an HTML page that plays a computation and its gradient on the picture of the graph."""

from __future__ import annotations

import base64
import json
import math
import re
from functools import cache
from html import escape
from importlib import resources
from pathlib import Path

from autograd.derivatives.transforms import gradients
from autograd.explaining.step_names import step_names
from autograd.explaining.steps import Step, generate_steps
from autograd.explaining.typeset import number
from autograd.formulas.notation import python_name
from autograd.graph.walks import topological_order
from autograd.pictures.fold import split_path
from autograd.pictures.render import RenderOptions, render
from autograd.pictures.select import select_scene
from autograd.pictures.text import format_range
from autograd.pictures.themes import THEMES
from autograd.table.slopes import number_slopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from autograd.graph.engine import Value
    from autograd.pictures.graph import Graph
    from autograd.pictures.scene import Box, Scene

    # Whether it is forward, its box, the box of the operation, its arrows, its text, and the number it shows.
    Told = tuple[bool, int, int, list[int], str, str]

MOST_IN_FULL = 300  # Values that are played one by one; a larger graph is folded first
LEAVES = ("leaf", "parameter", "detached")  # kinds of boxes whose numbers are shown from the start
HEIGHT = 620  # of the frame in a notebook, in pixels


class Player:
    """An HTML page that plays a computation forward and its gradient backward; made by `play`.

    A notebook shows it in place; ``player.save("steps.html")`` writes it as one file that needs no network.
    """

    def __init__(
        self,
        out: Value,
        names: Mapping[Any, Any] | None,
        digits: int,
        direction: str,
        title: str,
        quiz: bool = False,
    ) -> None:
        order = topological_order(out)
        self._number_format = f".{max(digits, 1)}g"
        full = len(order) <= MOST_IN_FULL
        names_of = step_names(order if full else [out], out, names, digits)
        self._title = title or f"How {names_of[out].name} and its gradient come about"
        slopes = cache(number_slopes)
        steps = list(generate_steps(out, names, digits, slopes)) if full else []
        backward = (step for step in steps if not step.forward)
        grads = {step.node: step.after for step in backward} if full else _all_gradients(out, order)
        scene = select_scene(
            [out], depth=math.inf if full else None, names=names, limit=10 * MOST_IN_FULL, grads=grads
        )
        in_formula: dict[str, str] = {}  # for each box its name inside a derivative
        if full:
            for box in scene.boxes:
                if box.kind != "constant":
                    named = names_of[order[int(box.name[1:])]]
                    box.label, in_formula[box.name] = named.name, named.in_derivative
                    if named.made:  # the formula says the op too
                        box.op = ""
        options = RenderOptions(direction=direction, number_format=self._number_format, ids=True)
        self._graph: Graph = render(scene, options)
        boxes = [
            self._box_data(box, in_formula.get(box.name) or python_name(box.label)) for box in scene.boxes
        ]
        index = {box["id"]: i for i, box in enumerate(boxes)}
        arrows: list[list[Any]] = [[index[arrow.tail], index[arrow.head], None] for arrow in scene.arrows]
        incoming: list[list[int]] = [[] for _ in boxes]
        outgoing: list[list[int]] = [[] for _ in boxes]
        for i, (tail, head, _) in enumerate(arrows):
            incoming[head].append(i)
            outgoing[tail].append(i)
        if full:
            place = {x: index[f"n{i}"] for i, x in enumerate(order)}
            _fill_slopes(arrows, incoming, place, slopes)
            told = _steps_of_values(steps, arrows, incoming, place, digits)
        else:
            told = _steps_of_boxes(scene, boxes, incoming, outgoing)
        units = _units([box.hint for box in scene.boxes])
        played: list[dict[str, Any]] = []
        for forward, at, user, active, text, shown in told:
            if forward and boxes[at]["kind"] in LEAVES:
                boxes[at]["known"] = shown
            else:
                step = {"forward": forward, "box": at, "unit": units[user], "arrows": active}
                played.append(step | {"text": text, "shown": shown} | (_question(text) if quiz else {}))
        self._step_count = len(played)
        self._data = {
            "boxes": boxes,
            "arrows": arrows,
            "steps": played,
            "result": index[next(iter(scene.results))],
            "of": names_of[out].in_derivative,
            "digits": digits,
            "quiz": quiz,
        }

    def _box_data(self, box: Box, in_formula: str) -> dict[str, Any]:
        return {
            "id": box.name,
            "name": box.label or box.op or box.kind,
            "inFormula": in_formula,
            "kind": box.kind,
            "data": format_range(box.data, self._number_format) if box.data else "",
            "grad": format_range(box.grad, self._number_format) if box.grad else "",
        }

    def html(self) -> str:
        """The page as one text with its style, script and data."""
        template = resources.files(__package__).joinpath("player.html").read_text(encoding="utf-8")
        data = json.dumps(self._data, ensure_ascii=False, separators=(",", ":"))
        parts = {
            "TITLE": escape(self._title),
            "DARK": _dark_style(),
            "PICTURE": self._picture(),
            "DATA": data.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"),
        }
        page = re.sub(r"%%([A-Z]+)%%", lambda found: parts[found[1]], template)
        # A lone surrogate, as in a file name that is not UTF-8, cannot be encoded: U+FFFD takes its place.
        return page.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write the page to a file, and return the file's path."""
        Path(path).write_text(self.html(), encoding="utf-8")
        return str(path)

    def _picture(self) -> str:
        """The graph as SVG without comments, titles and fonts, which the page has itself."""
        svg = self._graph.svg()
        svg = svg[svg.index("<svg") :]
        svg = re.sub(r"(<!--.*?-->|<title>.*?</title>)\n?", "", svg, flags=re.DOTALL)
        svg = re.sub(r' (font-family="[^"]*"|xml:space="preserve"|xlink:title="[^"]*")', "", svg)
        return svg.replace("<svg ", '<svg id="graph" role="group" aria-label="the graph" ', 1)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """For a notebook: the page in a frame, over a still picture for viewers that run no scripts."""
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
        except Exception as error:  # an exception would leave the cell without any output
            bundle["text/plain"] += f"\n(no picture: {error})\n{self._graph.text}"
        return bundle

    def __repr__(self) -> str:
        return f"<Player of {self._step_count} steps: {self._title}>"


def _question(text: str) -> dict[str, str]:
    """The text of a step with a question mark in the place of its number, and the number."""
    asked, _, answer = text.split(", together ")[0].rpartition(" = ")
    return {"question": f"{asked} = ?", "answer": answer} if asked else {}


def _fill_slopes(
    arrows: list[list[Any]],
    incoming: list[list[int]],
    place: Mapping[Value, int],
    slopes: Callable[[Value], list[tuple[Value, float]]],
) -> None:
    """Add its slope to each arrow; `place` is the position of each Value's box."""
    for node in place:
        unmatched = list(incoming[place[node]])
        for x, slope in slopes(node) if node.op is not None else []:
            i = next(i for i in unmatched if arrows[i][0] == place[x])
            unmatched.remove(i)
            arrows[i][2] = slope if math.isfinite(slope) else repr(slope)


def _steps_of_values(
    steps: list[Step],
    arrows: list[list[Any]],
    incoming: list[list[int]],
    place: Mapping[Value, int],
    digits: int,
) -> Iterator[Told]:
    """A step for every Value, then for every contribution to an adjoint."""
    for step in steps:
        at = place[step.node]
        user = at if step.user is None else place[step.user]
        active = [i for i in incoming[user] if step.forward or arrows[i][0] == at]
        yield step.forward, at, user, active, step.text, number(step.after, digits)


def _steps_of_boxes(
    scene: Scene, boxes: list[dict[str, Any]], incoming: list[list[int]], outgoing: list[list[int]]
) -> Iterator[Told]:
    """A step forward and a step backward for every box."""
    for forward in (True, False):
        kind, beside = ("data", incoming) if forward else ("grad", outgoing)
        for at in range(len(boxes)) if forward else reversed(range(len(boxes))):
            if shown := boxes[at][kind]:
                details = ", ".join(scene.boxes[at].details)
                title = boxes[at]["name"] + (f" ({details})" if details else "")
                title = title if forward else f"gradients of {title}"
                yield forward, at, at, beside[at], f"{title}: {shown}", shown


def _units(paths: list[str]) -> list[str]:
    """The layer of each box by the module path of its box; "" outside of modules.

    Layers are the modules at the least depth of nesting where there are several.
    """
    split = [split_path(path) for path in paths]
    deepest = max(map(len, split), default=0)
    depths = range(1, deepest + 1)
    depth = next((d for d in depths if len({path[:d] for path in split if len(path) >= d}) > 1), 1)
    return [path[:depth][-1] if path else "" for path in split]


def _all_gradients(out: Value, order: list[Value]) -> dict[Value, float]:
    """The derivative of the result by every Value; no Value's `grad` changes."""
    found = gradients(out, order)
    return {node: x.data if type(x) is type(out) else x for node, x in zip(order, found, strict=True)}


def _dark_style() -> str:
    """CSS rules that replace the colours of the light theme by the colours of the dark theme."""
    light, dark = THEMES["light"], THEMES["dark"]
    pairs = {light.paper: dark.paper, light.ink: dark.ink, light.faint: dark.faint}
    pairs |= {light.fills[kind]: dark.fills[kind] for kind in light.fills}
    rule = "#graph [{0}='{1}']{{{0}:{2}}}"
    return "".join(rule.format(part, *pair) for pair in pairs.items() for part in ("fill", "stroke"))
