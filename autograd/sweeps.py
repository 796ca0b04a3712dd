"""Sweeps that keep adjoints and tangents to themselves, and so can carry Values: higher derivatives.

On plain numbers `pull` of the backend does the same in the nodes themselves, and is faster.
"""

from __future__ import annotations

from autograd import ops
from autograd.backend import Value
from autograd.dag import pairs
from autograd.ieee import node_slopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd.op import Op


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
    """total + more, without a node for a plain 0."""
    if type(total) is float and total == 0.0:
        return more
    if type(more) is float and more == 0.0:
        return total
    return total + more


def slopes(node: Value, graph: bool) -> list[tuple[Value, Any]]:
    """Each operand that is a Value, with the slope by it: a number or, for a graph, a Value."""
    if not graph:
        return node_slopes(node)
    op: Any = node.op
    try:
        found = _slopes_by_values(op, node.args, node.args, node)
    except ArithmeticError:  # Python's division of two constants; on Values it follows IEEE
        found = _slopes_by_values(op, node.args, _constants_as_values(node.args, op.variadic), node)
    return pairs(op, node.args, found)


def _slopes_by_values(op: Op, args: tuple[Any, ...], at: tuple[Any, ...], out: Value) -> list[Any]:
    """The partials by those of `args` that are Values, at other operands `at`; nothing is built in vain."""
    return [
        partial(*at, out) if partial is not None and (op.variadic or type(x) is Value) else 0.0
        for x, partial in zip(args, op.partials, strict=True)
    ]


def _constants_as_values(args: tuple[Any, ...], variadic: bool) -> tuple[Any, ...]:
    if variadic:
        return tuple([_constants_as_values(xs, False) for xs in args])
    return tuple([x if type(x) is Value else Value(x, requires_grad=False) for x in args])


def reverse(order: list[Value], adjoint: dict[Value, Any], graph: bool) -> None:
    """Carry adjoints from users to operands, in numbers or as Values.

    Contributions go to the Values that `adjoint` has an entry for; no others are computed on.
    """
    for node in reversed(order):
        carried = adjoint[node]
        if node.op is None or (type(carried) is float and carried == 0.0):
            continue
        for x, slope in slopes(node, graph):
            if x in adjoint:
                adjoint[x] = plus(adjoint[x], times(carried, slope))


def forward(order: list[Value], tangent: dict[Value, Any], graph: bool) -> None:
    """Carry tangents from operands to users: `tangent` gets an entry for each node of `order`."""
    for node in order:
        if node in tangent:
            continue
        total: Any = 0.0
        for x, slope in slopes(node, graph):
            if x in tangent:
                total = plus(total, times(tangent[x], slope))
        tangent[node] = total
