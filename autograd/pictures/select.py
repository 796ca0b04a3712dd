"""Selecting what a picture shows: the graph of results, a part around a node, folded or in full."""

from __future__ import annotations

import inspect
import math
from dataclasses import replace

from autograd.derivatives import tree
from autograd.graph.engine import Value
from autograd.graph.names import given_names, labels_of
from autograd.graph.walks import depending, flat_args, topological_order
from autograd.pictures.fold import fold, module_depth
from autograd.pictures.scene import Scene, Selection, box_count, full_scene, gradients_of, stale_values
from autograd.programs.program import Program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

MOST_BOXES = 300  # a larger graph is folded unless `depth` is given
MOST_CROSSED = 3000  # the same for `_levels_crossed`


def select_scene(
    what: Sequence[Any],
    *,
    depth: float | None = None,
    around: tuple[Value, int] | None = None,
    paths: tuple[Value, Value] | None = None,
    names: Mapping[Any, Any] | None = None,
    limit: int = 2000,
    wants_grad: bool = False,
    grads: Mapping[Value, float] | None = None,
) -> Scene:
    """The scene that `draw` shows, by its options.

    Args:
        wants_grad: whether to add a note if there are no gradients yet.
        grads: the gradients to show; the Values' own if None.
    """
    roots = _roots(what)
    order = topological_order(*roots)
    selection = Selection(
        order,
        roots,
        given_names(order, names),
        labels_of(names),
        highlighted=None if paths is None else _on_paths(order, *_pair(paths, "paths", "(weight, loss)")),
        stale=stale_values(order),
        grads=gradients_of(order) if grads is None else grads,
        cut=around is not None,
    )
    total = len(order)
    if around is not None:
        near = _near(order, *_pair(around, "around", "(node, radius)"))
        order = [node for node in order if node in near]
        selection = replace(selection, order=order)
    if depth is not None and not (isinstance(depth, (int, float)) and depth >= 1):
        raise ValueError(
            f"depth is the number of nested modules to show, 1 or more, not {depth!r}: pass math.inf to "
            f"show every operation"
        )
    boxes = box_count(order)
    crossed = _levels_crossed(order)
    small = boxes <= min(MOST_BOXES, limit) and crossed <= MOST_CROSSED
    if depth == math.inf or (depth is None and small):
        if boxes > limit or crossed > 6 * limit:
            raise ValueError(
                f"the graph has {boxes:,} boxes, too many to be looked at: leave out depth to fold it, draw "
                f"around=(node, 3), or pass limit={max(boxes, crossed // 6 + 1)}"
            )
        scene = full_scene(selection)
    else:
        scene = fold(selection, None if depth is None else int(depth))
        if len(scene.boxes) > limit:
            raise ValueError(
                f"the graph has {len(scene.boxes):,} boxes at depth={depth}, too many to be looked at: leave "
                f"out depth to fold it further, or pass limit={len(scene.boxes)}"
            )
        modules = module_depth(order)
        some = f"depth=1 to {modules} unfolds modules, " if modules > 1 else ""
        limited = f", limit={boxes}" if boxes > 2000 else ""
        scene.notes.append(
            f"{len(order):,} operations and leaves, folded into {len(scene.boxes)} boxes: "
            f"{some}depth=math.inf{limited} unfolds all"
        )
    if not any(node.grad != 0.0 for node in order) and wants_grad:
        scene.notes.append("no gradients yet: call backward() first")
    if not selection.stale.isdisjoint(order):
        scene.notes.append(
            "stale: computed before a leaf was given its present number; compute it again after setting .data"
        )
    if around is not None:
        scene.notes.append(f"{len(order):,} of {total:,} operations and leaves are shown")
    return scene


def _levels_crossed(order: Sequence[Value]) -> int:
    """The number of levels that all arrows cross together; the time to lay out the graph grows with it."""
    level: dict[Value, int] = {}
    crossed = 0
    for node in order:
        below = [level[x] for x in flat_args(node) if type(x) is not float and x in level]
        level[node] = max(below, default=-1) + 1
        crossed += sum(level[node] - x for x in below)
    return crossed


def _roots(what: Sequence[Any]) -> list[Value]:
    """The results to draw: the Values in `what`, or the results of its function."""
    if not what:
        raise TypeError("draw needs a Value: draw(loss)")
    if isinstance(what[0], Program):
        return [x for x in what[0].graph() if type(x) is Value]
    if callable(what[0]) and type(what[0]) is not Value:
        return _call(what[0], what[1:])
    for value in what:
        if isinstance(value, (list, tuple)):
            raise TypeError(
                f"draw takes one Value or several, not a {type(value).__name__} of them: write draw(*values)"
            )
        if type(value) is not Value:
            raise TypeError(
                f"draw shows the graph of Values, not the {type(value).__name__} {value!r}: make the inputs "
                f"of the computation with Value(...)"
            )
    return list(what)


def _call(function: Any, args: Sequence[Any]) -> list[Value]:
    """The results of a function or module, called with Values made of the example arguments."""
    inputs = []
    for name, arg in zip(_argument_names(function, args), args, strict=True):
        leaves, rebuild = tree.flatten(arg)
        places = zip(leaves, tree.paths(arg, name), strict=True)
        inputs.append(rebuild([Value(x, place) if isinstance(x, (int, float)) else x for x, place in places]))
    results = tree.flatten(function(*inputs))[0]
    values = [x for x in results if type(x) is Value]
    if not values:
        raise TypeError(
            f"{function!r} returned no Value for its example arguments: pass an example for each argument, "
            f"as draw(function, 2.0, [1.0, 3.0])"
        )
    return values


def _argument_names(function: Any, args: Sequence[Any]) -> list[str]:
    """The names of the parameters that a function, or a module's `forward`, has for the arguments.

    Raises:
        TypeError: if it does not take this number of arguments.
    """
    try:
        signature = inspect.signature(getattr(function, "forward", function))
    except (TypeError, ValueError):  # some functions written in C have no signature
        signature = inspect.signature(lambda *args: args)
    try:
        signature.bind(*args)
    except TypeError:
        module = hasattr(function, "forward") and hasattr(function, "parameters")
        name = type(function).__name__ if module else getattr(function, "__name__", repr(function))
        example = "draw(model, [1.0, -1.0])" if module else "draw(function, 2.0, [1.0, 3.0])"
        raise TypeError(
            f"draw calls a {'model' if module else 'function'} with an example for each argument, and "
            f"{name}({', '.join(signature.parameters)}) was given {len(args)}: write {example}"
        ) from None
    parameters = signature.parameters.values()
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [*names, *(f"x{i + 1}" for i in range(len(names), len(args)))][: len(args)]


def _pair(given: Any, name: str, form: str) -> tuple[Any, Any]:
    if not isinstance(given, (tuple, list)) or len(given) != 2 or type(given[0]) is not Value:
        raise TypeError(f"{name} is {form}, not {given!r}")
    return given[0], given[1]


def _near(order: Sequence[Value], node: Value, radius: int) -> set[Value]:
    """The Values within `radius` arrows of a node, forward or back."""
    if isinstance(radius, bool) or not isinstance(radius, int) or radius < 0:
        raise ValueError(f"around is (node, radius), and a radius is 0, 1, 2 ..., not {radius!r}")
    neighbours: dict[Value, set[Value]] = {x: set() for x in order}
    if node not in neighbours:
        raise ValueError(f"around={node!r} is not in the graph: pick a Value that the result depends on")
    for user in order:
        for x in flat_args(user):
            if type(x) is not float:
                neighbours[x].add(user)
                neighbours[user].add(x)
    near = edge = {node}
    for _ in range(min(radius, len(order))):
        edge = {y for x in edge for y in neighbours[x]} - near
        near = near | edge
    return near


def _on_paths(order: Sequence[Value], start: Value, end: Any) -> set[Value]:
    """The Values on any path from `start` to `end`."""
    reached = depending(order, start)
    if type(end) is not Value or end not in reached:
        raise ValueError(
            f"there is no path from {start!r} to {end!r} in this graph: was either computed again since?"
        )
    return reached.intersection(topological_order(end))
