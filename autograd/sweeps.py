"""The reverse and the forward sweep, with adjoints and tangents (floats, Values or Symbols) in a dict.

A sweep is told how to take the slopes of a node. On plain numbers `pull` of the backend carries adjoints in
the nodes themselves, which is faster.
"""

from __future__ import annotations

from autograd import ops
from autograd.backend import Value
from autograd.dag import pairs
from autograd.ieee import node_slopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable
    from typing import Any

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
    """total + more, without a node for a plain 0."""
    if type(total) is float and total == 0.0:
        return more
    if type(more) is float and more == 0.0:
        return total
    return total + more


def number_slopes(node: Value, wanted: Container[Value]) -> list[tuple[Value, float]]:
    """Each operand that is wanted, with the slope by it as a number."""
    return [pair for pair in node_slopes(node) if pair[0] in wanted]


def graph_slopes(node: Value, wanted: Container[Value]) -> list[tuple[Value, Any]]:
    """Each operand that is wanted, with the slope by it as a Value: for derivatives of derivatives."""
    op: Any = node.op
    args = node.args
    if op.variadic:
        return [
            pair
            for x, partial in zip(args, op.partials, strict=True)
            if partial is not None
            for pair in pairs(x, _slope(partial, args, node))
            if pair[0] in wanted
        ]
    return [
        (x, _slope(partial, args, node))
        for x, partial in zip(args, op.partials, strict=True)
        if type(x) is Value and partial is not None and x in wanted
    ]


def _slope(partial: Any, args: tuple[Any, ...], out: Value) -> Any:
    try:
        return partial(*args, out)
    except ArithmeticError:  # Python's division of two constants; on Values it follows IEEE
        return partial(*_constants_as_values(args), out)


def _constants_as_values(args: tuple[Any, ...]) -> tuple[Any, ...]:
    def convert(x: Any) -> Any:
        if type(x) is tuple:
            return _constants_as_values(x)
        return x if type(x) is Value else Value(x, requires_grad=False)

    return tuple(map(convert, args))


def reverse(order: list[Any], adjoint: dict[Any, Any], slopes: Slopes) -> None:
    """Carry adjoints from users to operands.

    Contributions go to the nodes that `adjoint` has an entry for; no others are computed on.
    """
    for node in reversed(order):
        carried = adjoint[node]
        if node.op is None or (type(carried) is float and carried == 0.0):
            continue
        for x, slope in slopes(node, adjoint):
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
