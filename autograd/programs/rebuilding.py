"""Lines in a new order, in which calls stand for other lines; and several `Lanes` in one.

Lanes over the same samples, such as the losses and their gradients, become one: the lines that both have are
computed once.
"""

from __future__ import annotations

from itertools import accumulate, combinations

from autograd.programs.lanes import Lanes
from autograd.programs.simplify import simplified
from autograd.table.call import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

MOST_MERGED = 32  # of the Lanes of a program: each attempt orders all lines


class CircleError(Exception):
    """A call needs results of another that needs its own."""


class NewCall:
    """A call that is to stand in new lines: its op and its operands, at the places of the old lines."""

    __slots__ = ("op", "operands")

    def __init__(self, op: Any, operands: Sequence[Any]) -> None:
        self.op, self.operands = op, operands


def rebuilt(
    inputs: int, lines: Sequence[Any], roots: Sequence[Any], results: dict[int, tuple[NewCall, int]]
) -> tuple[list[Any], list[Any]]:
    """The lines that the roots need, operands first, where `results` says which are results of new calls.

    Raises:
        CircleError: if there is no such order.
    """
    new: dict[Any, Any] = {place: place for place in range(inputs)}
    made: list[Any] = []
    entered: set[Any] = set()
    shared: dict[int, Any] = {}

    def add(key: Any, op: Any, args: tuple[Any, ...]) -> None:
        new[key] = inputs + len(made)
        made.append((op, args))

    def moved(x: Any) -> Any:
        if type(x) is tuple:
            if id(x) not in shared:
                shared[id(x)] = tuple(map(moved, x))
            return shared[id(x)]
        return x if type(x) is float else new[x]

    def wait(operands: Sequence[Any]) -> bool:
        """Whether some operands come first."""
        waiting = [x for x in operands if type(x) is not float and x not in new]
        if not entered.isdisjoint(waiting):
            raise CircleError
        stack.extend(waiting)
        return bool(waiting)

    stack: list[Any] = [x for x in reversed(roots) if type(x) is int]
    while stack:
        key = stack[-1]
        if key in new:
            stack.pop()
            continue
        entered.add(key)
        if type(key) is NewCall:
            if wait(key.operands):
                continue
            add(key, key.op, (tuple([moved(x) for x in key.operands]),))
        elif key in results:
            call, place = results[key]
            if wait([call]):
                continue
            add(key, Output.at(place), (new[call],))
        else:
            op, args = lines[key - inputs]
            if wait(flat(args)):
                continue
            add(key, op, tuple(map(moved, args)))
        stack.pop()
    return made, [moved(x) for x in roots]


def flat(args: tuple[Any, ...]) -> list[Any]:
    """Operands with those of sequences one by one."""
    return [x_i for x in args for x_i in (x if type(x) is tuple else (x,))]


def merged_lanes(inputs: int, lines: list[Any], roots: list[Any]) -> tuple[list[Any], list[Any]]:
    """The lines with one `Lanes` for several of equal size that do not need each other's results."""
    for _ in range(MOST_MERGED):
        found = _merged_once(inputs, lines, roots)
        if found is None:
            break
        lines, roots = found
    return lines, roots


def _merged_once(inputs: int, lines: list[Any], roots: list[Any]) -> tuple[list[Any], list[Any]] | None:
    sizes: dict[int, list[int]] = {}
    for place, (op, _) in enumerate(lines, inputs):
        if type(op) is Lanes and len(op.paths) == 1:
            sizes.setdefault(op.size, []).append(place)
    for places in sizes.values():
        together = [tuple(places)] if len(places) > 2 else []
        for group in [*together, *combinations(places, 2)]:
            try:
                return _merged(inputs, lines, roots, group)
            except CircleError:
                pass
    return None


def _merged(
    inputs: int, lines: list[Any], roots: list[Any], places: Sequence[int]
) -> tuple[list[Any], list[Any]]:
    """The lines in which the Lanes at these places are one."""
    calls = [(op, xs) for op, (xs,) in [lines[place - inputs] for place in places]]
    ops = [op for op, _ in calls]
    uniform: dict[Any, int] = {}
    columns: dict[Any, int] = {}
    sources = []
    for op, xs in calls:
        own = [(False, _keyed(x)) for x in xs[: op.uniform]]
        own += [(True, _keyed(tuple(xs[i : i + op.size]))) for i in range(op.uniform, len(xs), op.size)]
        for is_column, key in own:
            group = columns if is_column else uniform
            group.setdefault(key, len(group))
        sources.append(own)
    made: list[Any] = []
    results: list[Any] = []
    guards: list[Any] = []
    count = len(uniform) + len(columns)
    for op, own in zip(ops, sources, strict=True):
        (path,) = op.paths
        new = [len(uniform) + columns[key] if is_column else uniform[key] for is_column, key in own]
        new += range(count + len(made), count + len(made) + len(path.lines))
        made += [(line_op, tuple([_at(x, new) for x in args])) for line_op, args in path.lines]
        results += [_at(x, new) for x in path.outputs]
        guards += [(_at(place, new), truth, source) for place, truth, source in path.guards]
    made, found = simplified(count, made, [*results, *[place for place, _, _ in guards]])
    path = ops[0].paths[0]
    body = type(path)(
        path.name,
        [f"shared[{i}]" for i in range(len(uniform))] + [f"sample[{i}]" for i in range(len(columns))],
        [0.0] * count,
        made,
        found[: len(results)],
        [
            (place, truth, source)
            for place, (_, truth, source) in zip(found[len(results) :], guards, strict=True)
            if type(place) is not float
        ],
    )
    summed = [is_sum for op in ops for is_sum in op.summed]
    lanes = Lanes([body], ops[0].size, len(uniform), summed)
    call = NewCall(lanes, [*[x for x, _ in uniform], *[x for column in columns for x, _ in column]])
    counts = [op.result_count for op in ops]
    offset = dict(zip(places, accumulate(counts, initial=0), strict=False))
    outputs = {
        place: (call, offset[args[0]] + op.place)
        for place, (op, args) in enumerate(lines, inputs)
        if type(op) is Output and args[0] in offset
    }
    return rebuilt(inputs, lines, roots, outputs)


def trimmed(inputs: int, lines: list[Any], roots: list[Any]) -> tuple[list[Any], list[Any]]:
    """The lines with `Lanes` that compute only the outputs that are used, from the inputs that these need."""
    outputs: dict[int, dict[int, int]] = {}  # for each call the places of its Outputs, and of their results
    for place, (op, args) in enumerate(lines, inputs):
        if type(op) is Output:
            outputs.setdefault(args[0], {})[place] = op.place
    results: dict[int, tuple[NewCall, int]] = {}
    for place, (op, args) in enumerate(lines, inputs):
        if type(op) is Lanes:
            used = outputs.get(place, {})
            found = _trimmed(op, args[0], set(used.values()))
            if found is not None:
                call, moved = found
                results |= {output: (call, moved[result]) for output, result in used.items()}
    return rebuilt(inputs, lines, roots, results) if results else (lines, roots)


def _trimmed(op: Lanes, xs: Sequence[Any], used: set[int]) -> tuple[NewCall, dict[int, int]] | None:
    """The call of a smaller op, and the new places of its results; None if it needs all that it has."""
    places = op.places()
    kept = [j for j, part in enumerate(places) if not used.isdisjoint(part)]
    bodies = [
        simplified(
            len(path.inputs), path.lines, [*[path.outputs[j] for j in kept], *[g[0] for g in path.guards]]
        )
        for path in op.paths
    ]
    needed = {
        x
        for lines, roots in bodies
        for x in [*roots, *[x for _, args in lines for x in flat(args)]]
        if type(x) is int
    }
    count = len(op.paths[0].inputs)
    sources = [i for i in range(count) if i in needed]
    if len(kept) == len(places) and len(sources) == count:
        return None
    uniform = [i for i in sources if i < op.uniform]
    columns = [i for i in sources if i >= op.uniform] or list(range(op.uniform, count))[:1]
    paths = []
    for path, (lines, roots) in zip(op.paths, bodies, strict=True):
        new = [0] * count
        for k, i in enumerate([*uniform, *columns]):
            new[i] = k
        first = len(uniform) + len(columns)
        new += range(first, first + len(lines))
        guards = zip(roots[len(kept) :], path.guards, strict=True)
        paths.append(
            type(path)(
                path.name,
                [path.inputs[i] for i in [*uniform, *columns]],
                [path.numbers[i] for i in [*uniform, *columns]],
                [(line_op, tuple([_at(x, new) for x in args])) for line_op, args in lines],
                [_at(x, new) for x in roots[: len(kept)]],
                [(_at(place, new), truth, source) for place, (_, truth, source) in guards],
            )
        )
    smaller = Lanes(paths, op.size, len(uniform), [op.summed[j] for j in kept])
    operands = [xs[i] for i in uniform]
    for i in columns:
        start = op.uniform + (i - op.uniform) * op.size
        operands += xs[start : start + op.size]
    moved: dict[int, int] = {}
    for part, j in zip(smaller.places(), kept, strict=True):
        moved |= dict(zip(places[j], part, strict=True))
    return NewCall(smaller, operands), moved


def _keyed(x: Any) -> Any:
    """An operand as a key that tells a place from a number, and 0.0 from -0.0."""
    return tuple(map(_keyed, x)) if type(x) is tuple else (x, str(x) if type(x) is float else "")


def _at(x: Any, new: Sequence[int]) -> Any:
    return tuple([_at(x_i, new) for x_i in x]) if type(x) is tuple else x if type(x) is float else new[x]
