"""Which Values a picture shows: those of a result, a function or a module; near a node; folded or in full."""

from __future__ import annotations

import inspect
import math
from dataclasses import replace

from autograd.derivatives import tree
from autograd.graph.engine import Value
from autograd.graph.names import given_names, labels_of
from autograd.graph.walks import depending, flat_args, topological_order
from autograd.pictures.fold import deepest, folded
from autograd.pictures.scene import Scene, Selection, box_count, gradients_of, in_full, stale_values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

# Of boxes, and of levels that their arrows cross; more are folded where nothing else is asked for.
MOST_IN_FULL, MOST_LENGTH = 300, 3000


def scene_of(
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
    """What `draw` shows; see there. `grads` are the gradients to show, if not those that the Values have."""
    roots = _roots(what)
    order = topological_order(*roots)
    shown = Selection(
        order,
        roots,
        given_names(order, names),
        labels_of(names),
        lit=None if paths is None else _on_paths(order, *_two(paths, "paths", "(weight, loss)")),
        stale=stale_values(order),
        grads=gradients_of(order) if grads is None else grads,
        cut=around is not None,
    )
    total = len(order)
    if around is not None:
        near = _near(order, *_two(around, "around", "(node, radius)"))
        order = [node for node in order if node in near]
        shown = replace(shown, order=order)
    if depth is not None and not (isinstance(depth, (int, float)) and depth >= 1):
        raise ValueError(
            f"depth is how many modules inside each other are told apart, 1 or more, not {depth!r}: math.inf "
            f"for every single operation"
        )
    boxes = box_count(order)
    length = _length(order)
    short = boxes <= min(MOST_IN_FULL, limit) and length <= MOST_LENGTH
    if depth == math.inf or (depth is None and short):
        if boxes > limit or length > 6 * limit:
            raise ValueError(
                f"the graph has {boxes:,} boxes, too many to be looked at: leave out depth, so that it is "
                f"folded, draw around=(node, 3), or pass limit={max(boxes, length // 6 + 1)}"
            )
        scene = in_full(shown)
    else:
        scene = folded(shown, None if depth is None else int(depth))
        if len(scene.boxes) > limit:
            raise ValueError(
                f"the graph has {len(scene.boxes):,} boxes at depth={depth}, too many to be looked at: leave "
                f"out depth, so that it is folded as far as need be, or pass limit={len(scene.boxes)}"
            )
        modules = deepest(order)
        more = "" if modules < 2 else f"depth=1 to {modules} for modules, "
        scene.notes.append(
            f"{len(order):,} operations and leaves, folded into {len(scene.boxes)} boxes: "
            f"draw(..., {more}depth=math.inf{f', limit={boxes}' * (boxes > 2000)}) for all"
        )
    if not any(node.grad != 0.0 for node in order) and wants_grad:
        scene.notes.append("no gradients yet: call backward() first")
    if not shown.stale.isdisjoint(order):
        scene.notes.append(
            "stale: computed before a leaf was given its present number; compute it again after setting .data"
        )
    if around is not None:
        scene.notes.append(f"{len(order):,} of {total:,} operations and leaves: those around one")
    return scene


def _length(order: Sequence[Value]) -> int:
    """How many levels all arrows together cross, which is what laying out the graph takes its time for."""
    level: dict[Value, int] = {}
    length = 0
    for node in order:
        below = [level[x] for x in flat_args(node) if type(x) is not float and x in level]
        level[node] = max(below, default=-1) + 1
        length += sum(level[node] - x for x in below)
    return length


def _roots(what: Sequence[Any]) -> list[Value]:
    """The results to draw: those given, or those of the function given with its arguments."""
    if not what:
        raise TypeError("draw needs a Value: draw(loss)")
    if callable(what[0]) and type(what[0]) is not Value:
        return _results(what[0], what[1:])
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


def _results(function: Any, args: Sequence[Any]) -> list[Value]:
    """What a function, or a module, makes of example arguments: Values with the names of its parameters."""
    _check_arguments(function, args)
    inputs = []
    for name, arg in zip(_parameter_names(function, len(args)), args, strict=True):
        leaves, rebuild = tree.flatten(arg)
        places = tree.paths(arg, name)
        inputs.append(
            rebuild(
                Value(x, place) if isinstance(x, (int, float)) else x
                for x, place in zip(leaves, places, strict=True)
            )
        )
    results = tree.flatten(function(*inputs))[0]
    values = [x for x in results if type(x) is Value]
    if not values:
        raise TypeError(
            f"{function!r} gave no Value for its example arguments: pass as many as it takes, as "
            f"draw(function, 2.0, [1.0, 3.0])"
        )
    return values


def _check_arguments(function: Any, args: Sequence[Any]) -> None:
    """Raise a TypeError if a function, or a module's `forward`, cannot be called with so many examples."""
    try:
        signature = inspect.signature(getattr(function, "forward", function))
    except (TypeError, ValueError):  # some of C's functions do not tell
        return
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


def _parameter_names(function: Any, count: int) -> list[str]:
    """The names of the first parameters; of a module those of its `forward`."""
    try:
        parameters = inspect.signature(getattr(function, "forward", function)).parameters.values()
    except (TypeError, ValueError):  # some of C's functions do not tell
        parameters = {}.values()
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [names[i] if i < len(names) else f"x{i + 1}" for i in range(count)]


def _two(given: Any, name: str, form: str) -> tuple[Any, Any]:
    if not isinstance(given, (tuple, list)) or len(given) != 2 or type(given[0]) is not Value:
        raise TypeError(f"{name} is {form}, not {given!r}")
    return given[0], given[1]


def _near(order: Sequence[Value], node: Value, radius: int) -> set[Value]:
    """The Values that so many arrows, forward or back, lead to."""
    if isinstance(radius, bool) or not isinstance(radius, int) or radius < 0:
        raise ValueError(f"around is (node, radius), and a radius is 0, 1, 2 ..., not {radius!r}")
    neighbours: dict[Value, set[Value]] = {x: set() for x in order}
    if node not in neighbours:
        raise ValueError(f"around={node!r} is no part of the graph: pick a Value that it was made from")
    for user in order:
        for x in flat_args(user):
            if type(x) is not float:
                neighbours[x].add(user)
                neighbours[user].add(x)
    near = edge = {node}
    for _ in range(radius):
        edge = {y for x in edge for y in neighbours[x]} - near
        near = near | edge
        if not edge:
            break
    return near


def _on_paths(order: Sequence[Value], start: Value, end: Any) -> set[Value]:
    """The Values on any path from one to another."""
    reached = depending(order, start)
    if type(end) is not Value or end not in reached:
        raise ValueError(
            f"there is no path from {start!r} to {end!r} in this graph: was one made again since?"
        )
    return reached.intersection(topological_order(end))
