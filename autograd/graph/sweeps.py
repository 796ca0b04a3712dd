"""The reverse and the forward sweep, with adjoints or tangents (floats, Values, Symbols) in a dict.

`reverse` is reverse-mode differentiation, `forward` forward mode. The caller says how to take the slopes of a
node. The functions after them are what transforms ask of the engine in Python; the native engine has its own.
"""

from __future__ import annotations

from array import array

from autograd.graph.walks import flat_args, topological_order
from autograd.table import ops
from autograd.table.slopes import node_slopes, number_slopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable
    from typing import Any

    Seeds = Iterable[tuple[Any, Any]]

    # Each operand of a node that is wanted, with the slope by it.
    Slopes = Callable[[Any, Container[Any]], Iterable[tuple[Any, Any]]]


def times(carried: Any, slope: Any) -> Any:
    """carried * slope, where exactly 0 carries nothing whatever the slope (strong zero)."""
    if type(carried) is float:
        if carried == 0.0:
            return 0.0
        if type(slope) is float:
            return carried * slope if slope != 0.0 else 0.0
        if carried == 1.0:
            return slope
    elif type(slope) is float:
        if slope == 1.0:
            return carried
        if slope == -1.0:
            return -carried
        if slope == 0.0:
            return 0.0
    return ops.chain(carried, slope)


def plus(total: Any, more: Any) -> Any:
    """total + more; recorded only if neither is a plain 0."""
    if type(total) is float and total == 0.0:
        return more
    if type(more) is float and more == 0.0:
        return total
    return total + more


def reverse(order: list[Any], adjoint: dict[Any, Any], slopes: Slopes, reached: Container[Any] = ()) -> None:
    """Carry adjoints from users to operands.

    Contributions go to the nodes that `adjoint` has an entry for; no others are computed on. A node whose
    adjoint is 0 contributes nothing, and its slopes are not taken, unless it is in `reached`.
    """
    for node in reversed(order):
        carried = adjoint[node]
        if node.op is None or (type(carried) is float and carried == 0.0 and node not in reached):
            continue
        number = type(carried) is float and carried != 0.0
        for x, slope in slopes(node, adjoint):
            if number and type(slope) is float and type(adjoint[x]) is float:  # quicker than two calls
                if slope != 0.0:
                    adjoint[x] += carried * slope
            else:
                adjoint[x] = plus(adjoint[x], times(carried, slope))


def forward(order: list[Any], tangent: dict[Any, Any], slopes: Slopes) -> None:
    """Carry tangents from operands to users: `tangent` gets an entry for each node of `order`."""
    for node in order:
        if node in tangent:
            continue
        total: Any = 0.0
        for x, slope in slopes(node, tangent):
            total = plus(total, times(tangent[x], slope))
        tangent[node] = total


def pull_graph(order: list[Any], inputs: list[Any], seeds: Seeds) -> list[Any]:
    """`pull` of the engine with Values for numbers: the derivatives by the inputs are graphs."""
    adjoint: dict[Any, Any] = dict.fromkeys([*order, *inputs], 0.0)
    for out, weight in seeds:
        if out in adjoint:
            adjoint[out] = plus(adjoint[out], weight)
    reverse(order, adjoint, node_slopes)
    return [adjoint[x] for x in inputs]


def push(order: list[Any], outs: list[Any], seeds: Seeds) -> list[float]:
    """The derivatives of the outs, given those of the inputs: pairs of an input and its tangent."""
    tangent = dict(seeds)
    forward(order, tangent, number_slopes)
    return [float(tangent.get(out, 0.0)) for out in outs]


def push_graph(order: list[Any], outs: list[Any], seeds: Seeds) -> list[Any]:
    """`push` with Values for numbers."""
    tangent = dict(seeds)
    forward(order, tangent, node_slopes)
    return [tangent.get(out, 0.0) for out in outs]


def jacobian(order: list[Any], inputs: list[Any], outs: list[Any], mode: str) -> array[float]:
    """The derivatives of each out by each input, row after row.

    Mode "reverse" sweeps, for each out, over what it depends on; "forward" sweeps over all, for each input.
    "auto" begins with the first, and turns to the other if an eighth of the rows tells that it is cheaper.
    """
    known = {*order, *inputs}
    slopes = {node: [pair for pair in number_slopes(node, known) if pair[1] != 0.0] for node in order}
    size = len(order) + sum(map(len, slopes.values()))
    place = {node: i for i, node in enumerate(order)}
    rows = array("d")
    cost = 0
    for done, out in enumerate(outs):
        if mode == "forward" or (
            mode == "auto" and done == (len(outs) + 7) // 8 and cost * len(outs) > size * len(inputs) * done
        ):
            return _by_columns(order, slopes, inputs, outs)
        found = {out}
        stack = [out]
        while stack:
            for x, _ in slopes.get(stack.pop(), ()):
                if x not in found:
                    found.add(x)
                    stack.append(x)
        adjoint = dict.fromkeys(found, 0.0)
        adjoint[out] = 1.0
        for node in sorted([x for x in found if x in place], key=place.__getitem__, reverse=True):
            carried = adjoint[node]
            cost += 1 + len(slopes[node])
            if carried != 0.0:
                for x, slope in slopes[node]:
                    adjoint[x] += carried * slope
        rows.extend([adjoint.get(x, 0.0) for x in inputs])
    return rows


def _by_columns(
    order: list[Any], slopes: dict[Any, list[tuple[Any, float]]], inputs: list[Any], outs: list[Any]
) -> array[float]:
    columns = []
    for start in inputs:
        tangent = {start: 1.0}
        for node in order:
            total = 0.0
            for x, slope in slopes[node]:
                if x in tangent:
                    total = plus(total, tangent[x] * slope)
            if total != 0.0:
                tangent[node] = total
        columns.append([tangent.get(out, 0.0) for out in outs])
    return array("d", [column[i] for i in range(len(outs)) for column in columns])


def wanting(values: list[Any]) -> list[bool]:
    """Whether each of the Values depends on a leaf that wants gradients."""
    found: set[Any] = set()
    for node in topological_order(*values):
        if node.requires_grad if node.op is None else any(x in found for x in flat_args(node)):
            found.add(node)
    return [x in found for x in values]
