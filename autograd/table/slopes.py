"""The slopes of an op by its operands, as floats, Values or Symbols."""

from __future__ import annotations

from autograd.table.op import Op, number
from autograd.table.operand import Operand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container
    from typing import Any


class IeeeFloat(Operand, float):  # type: ignore[misc]
    """A float whose arithmetic is that of the table: 1/0 is inf, and the result is an IeeeFloat again.

    In an op with a Value or a Symbol it counts as a plain number.
    """

    __slots__ = ()

    @classmethod
    def apply_op(cls, op: Op, args: tuple[Any, ...]) -> Any:
        if op.variadic:
            return cls(op.forward(*[tuple(map(float, xs)) for xs in args]))
        return cls(op.forward(*map(float, args)))


def slopes(op: Op, args: tuple[Any, ...], out: Any) -> list[Any]:
    """The partials of `op` at these operands and this result; for a sequence a tuple of slopes.

    Partials are written in plain arithmetic, and Python's division by 0 raises. Only then do they run again,
    with `IeeeFloat`: the usual case pays nothing.
    """
    try:
        return [0.0 if partial is None else partial(*args, out) for partial in op.partials]
    except ArithmeticError:
        given = _as(IeeeFloat, (*args, out))
        return [0.0 if partial is None else _as(float, partial(*given)) for partial in op.partials]


def operand_slopes(
    op: Op, operands: tuple[Any, ...], args: tuple[Any, ...], out: Any, wanted: Container[Any] | None = None
) -> list[tuple[Any, Any]]:
    """The operands that are no constants, each with the slope by it; division by 0 as in `slopes`.

    Args:
        op: the op.
        operands: the operands of a node.
        args: the operands as the partials get them: floats, Values or Symbols.
        out: the result as the partials get it.
        wanted: the operands whose slopes are asked for; all by default.
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
    """Floats converted to another class of floats, also those in tuples; other objects stay."""
    if type(x) is tuple:
        return tuple([_as(kind, x_i) for x_i in x])
    return kind(x) if isinstance(x, float) else x


def numbers(op: Op, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The operands with each Value replaced by its number."""
    if op.variadic:
        return tuple([tuple([x if type(x) is float else x._number for x in xs]) for xs in args])
    return tuple([x if type(x) is float else x._number for x in args])


def number_slopes(node: Any, wanted: Container[Any] | None = None) -> list[tuple[Any, float]]:
    """The operands of a node that are Values, each with the slope by it as a float.

    Raises:
        TypeError: if a partial gives no number.
    """
    op, args = node.op, node.args
    if op.collects:
        return op.slopes(node, wanted, False)  # type: ignore[no-any-return]
    return [
        (x, slope if type(slope) is float else number(slope, f"a partial of {op.name}"))
        for x, slope in operand_slopes(op, args, numbers(op, args), node._number, wanted)
    ]


def node_slopes(node: Any, wanted: Container[Any] | None = None) -> list[tuple[Any, Any]]:
    """The operands of a node, each with its slope as a Value or Symbol, to be differentiated again."""
    if node.op.collects:
        return node.op.slopes(node, wanted, True)  # type: ignore[no-any-return]
    return operand_slopes(node.op, node.args, node.args, node, wanted)
