"""Slopes as floats, by IEEE rules where Python's own floats raise."""

from __future__ import annotations

from autograd.dag import numbers, pairs
from autograd.op import Op, number
from autograd.operand import Operand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _IeeeFloat(Operand, float):  # type: ignore[misc]
    """A float whose arithmetic is the table's: 1/0 is inf, and the result is one of these again."""

    __slots__ = ()

    @classmethod
    def apply_op(cls, op: Op, args: tuple[Any, ...]) -> Any:
        if op.variadic:
            return cls(op.forward(*[tuple(map(float, xs)) for xs in args]))
        return cls(op.forward(*map(float, args)))


def slopes(op: Op, args: tuple[Any, ...], out: float) -> list[Any]:
    """Every partial of `op` at these floats: a float, or a tuple of floats for a sequence.

    Rules are written in plain arithmetic, and Python's division raises at 0. Only then does the rule
    run once more, on floats that follow IEEE: the usual case pays nothing for it.
    """
    try:
        return op.slopes(args, out)
    except ArithmeticError:
        wrapped = [tuple(map(_IeeeFloat, x)) if op.variadic else _IeeeFloat(x) for x in args]
        found = op.slopes(tuple(wrapped), _IeeeFloat(out))
        return [tuple(map(float, s)) if isinstance(s, tuple) else float(s) for s in found]


def node_slopes(node: Any) -> list[tuple[Any, float]]:
    """Each operand of a node that is a Value, with the slope by it, in numbers.

    Raises:
        TypeError: if a partial gives no number.
    """
    op, args = node.op, node.args
    found = pairs(op, args, slopes(op, numbers(op, args), node.data))
    return [
        (x, slope if type(slope) is float else number(slope, f"a partial of {op.name}")) for x, slope in found
    ]
