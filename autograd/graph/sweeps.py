"""The reverse and the forward sweep, with adjoints or tangents (floats, Values, Symbols) in a dict.

`reverse` is reverse-mode differentiation, `forward` forward mode. The caller says how to take the slopes of a
node. For plain numbers the engines have faster sweeps of their own, `backward` and `pull`.
"""

from __future__ import annotations

from autograd.table import ops

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
