"""Slopes as floats, by IEEE rules where Python's own floats raise."""

from __future__ import annotations

from autograd.dag import numbers, pairs
from autograd.op import Op, number
from autograd.operand import Operand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class _IeeeFloat(Operand, float):  # type: ignore[misc]
    """A float whose arithmetic is the table's: 1/0 is inf, and the result is one of these again."""

    __slots__ = ()

    @classmethod
    def apply_op(cls, op: Op, args: tuple[Any, ...]) -> Any:
        if op.variadic:
            return cls(op.forward(*[tuple(map(float, xs)) for xs in args]))
        return cls(op.forward(*map(float, args)))


def slopes(op: Op, args: tuple[Any, ...], out: float, places: Sequence[int] | None = None) -> list[Any]:
    """The partials of `op` at these floats, all or those in some places: floats, or tuples for sequences.

    Rules are written in plain arithmetic, and Python's division raises at 0. Only then does the rule
    run once more, on floats that follow IEEE: the usual case pays nothing for it.
    """
    partials = op.partials if places is None else [op.partials[i] for i in places]
    try:
        return [0.0 if partial is None else partial(*args, out) for partial in partials]
    except ArithmeticError:
        wrapped = [tuple(map(_IeeeFloat, x)) if op.variadic else _IeeeFloat(x) for x in args]
        found = [0.0 if partial is None else partial(*wrapped, _IeeeFloat(out)) for partial in partials]
        return [tuple(map(float, s)) if isinstance(s, tuple) else float(s) for s in found]


def node_slopes(node: Any) -> list[tuple[Any, float]]:
    """Each operand of a node that is a Value, with the slope by it, in numbers.

    Raises:
        TypeError: if a partial gives no number.
    """
    op, args = node.op, node.args
    places = [i for i, x in enumerate(args) if op.partials[i] is not None and not _is_constant(x)]
    found = slopes(op, numbers(op, args), node.data, places)
    return [
        (x, slope if type(slope) is float else number(slope, f"a partial of {op.name}"))
        for i, slopes_by_operand in zip(places, found, strict=True)
        for x, slope in pairs(args[i], slopes_by_operand)
    ]


def _is_constant(operand: Any) -> bool:
    """Whether it is a number, or a sequence of them, which no gradient reaches."""
    if type(operand) is tuple:
        return all(type(x) is float for x in operand)
    return type(operand) is float
