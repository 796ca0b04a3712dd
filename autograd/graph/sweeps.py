"""The reverse and the forward sweep, with adjoints or tangents (floats, Values, Symbols) in a dict.

`reverse` is reverse-mode differentiation, `forward` forward mode. The caller says how to take the slopes of a
node. The functions after them are what transforms ask of the engine in Python; the native engine has its own.
"""

from __future__ import annotations

from autograd.table import ops
from autograd.table.call import Call, Output, carried_back
from autograd.table.slopes import node_slopes, number_slopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Sequence
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
    collected: dict[Any, Any] = {}
    for node in reversed(order):
        carried = adjoint[node]
        if node.op is None or (type(carried) is float and carried == 0.0 and node not in reached):
            continue
        if node.op.collects:
            for x, more in carried_back(node, carried, collected, slopes is node_slopes):
                if x in adjoint:
                    adjoint[x] = plus(adjoint[x], more)
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


def pull_gathered(order: list[Any], inputs: list[Any], seeds: Seeds) -> list[Any]:
    """`pull_graph` with an adjoint that is one `chain_dot` of what all users pass on, the last user first.

    The graph is as large as the sweep, with few nodes to each operand: the traces of programs use it.
    """
    passed: dict[Any, tuple[list[Any], list[Any]]] = {x: ([], []) for x in [*order, *inputs]}
    collected: dict[Any, Any] = {}

    def pass_on(x: Any, adjoint: Any, slope: Any) -> None:
        if x in passed and not (type(slope) is float and slope == 0.0):
            adjoints, slopes = passed[x]
            adjoints.append(adjoint)
            slopes.append(slope)

    for out, weight in seeds:
        pass_on(out, weight, 1.0)
    for node in reversed(order):
        if node.op is None or not passed[node][0]:
            continue
        carried = gathered(*passed[node])
        if node.op.collects:
            for x, more in carried_back(node, carried, collected, True):
                pass_on(x, more, 1.0)
        elif not (type(carried) is float and carried == 0.0):
            passed[node] = [carried], [1.0]
            for x, slope in node_slopes(node, passed):
                pass_on(x, carried, slope)
    return [gathered(*passed[x]) for x in inputs]


def gathered(carried: list[Any], slopes: list[Any]) -> Any:
    """The sum of the products of adjoints or tangents and slopes, in this order, as one node."""
    if len(carried) < 2:
        return times(carried[0], slopes[0]) if carried else 0.0
    if all(type(slope) is float and slope == 1.0 for slope in slopes):
        return carried[0] + carried[1] if len(carried) == 2 else ops.sum_of(tuple(carried))
    return ops.chain_dot(tuple(carried), tuple(slopes))


def push_gathered(order: list[Any], outs: list[Any], inputs: list[Any], tangents: Sequence[Any]) -> list[Any]:
    """`push_graph` with a tangent that is one `chain_dot` of those of the operands."""
    tangent = dict(zip(inputs, tangents, strict=True))
    of_calls: dict[Any, Any] = {}
    for node in order:
        if isinstance(node.op, Call):
            of_calls[node] = node.op.push(node, tangent)
        elif isinstance(node.op, Output) and of_calls.get(node.args[0]) is not None:
            tangent[node] = of_calls[node.args[0]][node.op.place]
        elif node not in tangent:
            pairs = [(tangent[x], slope) for x, slope in node_slopes(node, tangent)]
            pairs = [pair for pair in pairs if not any(type(x) is float and x == 0.0 for x in pair)]
            tangent[node] = gathered([x for x, _ in pairs], [slope for _, slope in pairs])
    return [tangent.get(out, 0.0) for out in outs]


def push(order: list[Any], outs: list[Any], inputs: list[Any], tangents: Sequence[Any]) -> list[float]:
    """The derivatives of the outs, given those of the inputs, their tangents."""
    tangent = dict(zip(inputs, tangents, strict=True))
    forward(order, tangent, number_slopes)
    return [float(tangent.get(out, 0.0)) for out in outs]


def push_graph(order: list[Any], outs: list[Any], inputs: list[Any], tangents: Sequence[Any]) -> list[Any]:
    """`push` with Values for numbers."""
    tangent = dict(zip(inputs, tangents, strict=True))
    forward(order, tangent, node_slopes)
    return [tangent.get(out, 0.0) for out in outs]


def jacobian(order: list[Any], inputs: list[Any], outs: list[Any], mode: str) -> list[list[float]]:
    """The derivatives of each out by each input, row after row.

    Mode "reverse" sweeps, for each out, over what it depends on; "forward" sweeps over all, for each input.
    "auto" is "forward" for four inputs or fewer. Otherwise it begins with "reverse", and turns to "forward"
    if an eighth of the rows tells that it is cheaper.
    """
    place = {node: i for i, node in enumerate([*order, *inputs])}
    # For each node the places of its operands, with the slopes, which are taken once.
    edges = [[(place[x], slope) for x, slope in number_slopes(node, place) if slope != 0.0] for node in order]
    size = len(order) + sum(map(len, edges))
    few = len(inputs) <= 4 and len(inputs) < len(outs)
    if mode == "forward" or (mode == "auto" and few):
        return _by_columns(edges, place, inputs, outs)
    rows: list[list[float]] = []
    cost = 0
    sparse = True
    for done, out in enumerate(outs):
        if done == (len(outs) + 7) // 8:
            if mode == "auto" and cost * len(outs) > size * len(inputs) * done:
                return _by_columns(edges, place, inputs, outs)
            sparse = 8 * cost < size * done
        if out not in place:
            rows.append([0.0] * len(inputs))
            continue
        start = place[out]
        users_first = _ancestors(start, edges) if sparse else range(min(start, len(order) - 1), -1, -1)
        adjoint = [0.0] * len(place)
        adjoint[start] = 1.0
        for i in users_first:
            carried = adjoint[i]
            if carried != 0.0:
                for k, slope in edges[i]:
                    adjoint[k] += carried * slope
        if sparse:
            cost += sum([1 + len(edges[i]) for i in users_first])
        rows.append(adjoint[len(order) :])
    return rows


def _ancestors(start: int, edges: list[list[tuple[int, float]]]) -> list[int]:
    """The places of what a result depends on, users before operands."""
    found = {start}
    stack = [start]
    while stack:
        i = stack.pop()
        for k, _ in edges[i] if i < len(edges) else ():
            if k not in found:
                found.add(k)
                stack.append(k)
    return sorted([i for i in found if i < len(edges)], reverse=True)


def _by_columns(
    edges: list[list[tuple[int, float]]], place: dict[Any, int], inputs: list[Any], outs: list[Any]
) -> list[list[float]]:
    columns = []
    for start in inputs:
        tangent = [0.0] * len(place)
        tangent[place[start]] = 1.0
        for i, operands in enumerate(edges):
            for k, slope in operands:
                if tangent[k] != 0.0:
                    tangent[i] = plus(tangent[i], tangent[k] * slope)
        columns.append([tangent[place[out]] if out in place else 0.0 for out in outs])
    return [[column[i] for column in columns] for i in range(len(outs))]
