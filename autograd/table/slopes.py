"""The slopes of an op's operands, whatever carries them: floats, Values or Symbols."""

from __future__ import annotations

from autograd.table.op import Op, number
from autograd.table.operand import Operand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container
    from typing import Any


class IeeeFloat(Operand, float):  # type: ignore[misc]
    """A float whose arithmetic is the table's: 1/0 is inf, and the result is one of these again.

    Beside a Value or a Symbol it is a plain number.
    """

    __slots__ = ()

    @classmethod
    def apply_op(cls, op: Op, args: tuple[Any, ...]) -> Any:
        if op.variadic:
            return cls(op.forward(*[tuple(map(float, xs)) for xs in args]))
        return cls(op.forward(*map(float, args)))


def slopes(op: Op, args: tuple[Any, ...], out: Any) -> list[Any]:
    """The partials of `op` at these operands and this result; a tuple of slopes for a sequence.

    Rules are written in plain arithmetic, and Python's own division raises at 0. Only then do they run once
    more, on floats that follow IEEE: the usual case pays nothing for it.
    """
    try:
        return [0.0 if partial is None else partial(*args, out) for partial in op.partials]
    except ArithmeticError:
        given = _as(IeeeFloat, (*args, out))
        return [0.0 if partial is None else _as(float, partial(*given)) for partial in op.partials]


def operand_slopes(
    op: Op, operands: tuple[Any, ...], args: tuple[Any, ...], out: Any, wanted: Container[Any] | None = None
) -> list[tuple[Any, Any]]:
    """Each operand that is no constant, with the slope by it.

    Args:
        op: the op.
        operands: its operands, as a node has them.
        args: what carries the slopes in their place: floats, Values or Symbols.
        out: what does so in the place of the result.
        wanted: the operands that matter; all if left out.

    At a division by 0 as in `slopes`.
    """
    take = _of_sequences if op.variadic else _of_numbers
    try:
        return take(op.partials, operands, (*args, out), wanted)
    except ArithmeticError:
        found = take(op.partials, operands, _as(IeeeFloat, (*args, out)), wanted)
        return [(x, _as(float, slope)) for x, slope in found]


def _of_numbers(
    partials: Any, operands: tuple[Any, ...], given: tuple[Any, ...], wanted: Container[Any] | None
) -> list[tuple[Any, Any]]:
    return [
        (x, partial(*given))
        for x, partial in zip(operands, partials, strict=True)
        if partial is not None and type(x) is not float and (wanted is None or x in wanted)
    ]


def _of_sequences(
    partials: Any, operands: tuple[Any, ...], given: tuple[Any, ...], wanted: Container[Any] | None
) -> list[tuple[Any, Any]]:
    return [
        (x, slope)
        for xs, partial in zip(operands, partials, strict=True)
        if partial is not None and any(type(x) is not float for x in xs)
        for x, slope in zip(xs, partial(*given), strict=True)
        if type(x) is not float and (wanted is None or x in wanted)
    ]


def _as(kind: type[float], x: Any) -> Any:
    """Floats as floats of another kind, in tuples too; what is no float stays."""
    if type(x) is tuple:
        return tuple([_as(kind, x_i) for x_i in x])
    return kind(x) if isinstance(x, float) else x


def numbers(op: Op, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The operands with each Value replaced by its number."""
    if op.variadic:
        return tuple([tuple([x if type(x) is float else x.data for x in xs]) for xs in args])
    return tuple([x if type(x) is float else x.data for x in args])


def number_slopes(node: Any, wanted: Container[Any] | None = None) -> list[tuple[Any, float]]:
    """Each operand of a node that is a Value, with the slope by it as a number.

    Raises:
        TypeError: if a partial gives no number.
    """
    op, args = node.op, node.args
    return [
        (x, slope if type(slope) is float else number(slope, f"a partial of {op.name}"))
        for x, slope in operand_slopes(op, args, numbers(op, args), node.data, wanted)
    ]


def node_slopes(node: Any, wanted: Container[Any] | None = None) -> list[tuple[Any, Any]]:
    """Each operand of a node, with the slope by it carried by Values, or by Symbols: to go on from there."""
    return operand_slopes(node.op, node.args, node.args, node, wanted)
