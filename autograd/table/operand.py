"""Operand: the operators and methods that Values and Symbols share."""

from __future__ import annotations

from autograd.table import functions, ops
from autograd.table.op import Methods, Op, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

    from autograd.table.ops import _Methods
else:
    _Methods = Methods


def coerce(other: Any) -> Any:
    """`other` as an operand: an Operand itself, a number as a float.

    NotImplemented for an object that may have an operator of its own for Values (an array, say).

    Raises:
        TypeError: for strings, complex numbers, None, lists and the like, which have none.
    """
    if isinstance(other, Operand):
        return other
    try:
        return number(other, "an operand")
    except TypeError:
        if other is None or isinstance(other, (str, bytes, int, complex, list, tuple, dict, set)):
            raise
        return NotImplemented


def combine(op: Op, left: Any, right: Any) -> Any:
    """A binary op of an Operand and another object, on either side; NotImplemented as in `coerce`."""
    left, right = coerce(left), coerce(right)
    return NotImplemented if left is NotImplemented or right is NotImplemented else op(left, right)


class Operand(_Methods):
    """The operators of arithmetic, and a method for each registered op that has one.

    A subclass defines ``apply_op(op, args)``: the result of an op of its objects.
    """

    __slots__ = ()

    @classmethod
    def apply_op(cls, op: Op, args: tuple[Any, ...]) -> Any:
        raise NotImplementedError

    def _binary(self, op: Any, other: Any) -> Any:
        return combine(op, self, other)

    def _reflected(self, op: Any, other: Any) -> Any:
        return combine(op, other, self)

    def __neg__(self) -> Self:
        return ops.neg(self)

    def __pos__(self) -> Self:
        return self

    def conjugate(self) -> Self:
        """Itself, since it is real; `numpy.var` calls this."""
        return self

    # NumPy calls these methods of the elements of an object array for np.radians, np.fabs and the like.

    def radians(self) -> Self:
        """autograd.radians of it."""
        return functions.radians(self)

    def degrees(self) -> Self:
        """autograd.degrees of it."""
        return functions.degrees(self)

    deg2rad, rad2deg = radians, degrees

    def fabs(self) -> Self:
        """abs(v)"""
        return ops.abs(self)

    def __abs__(self) -> Self:
        return ops.abs(self)

    def __add__(self, other: Any) -> Self:
        return self._binary(ops.add, other)

    def __radd__(self, other: Any) -> Self:
        return self._reflected(ops.add, other)

    def __sub__(self, other: Any) -> Self:
        return self._binary(ops.sub, other)

    def __rsub__(self, other: Any) -> Self:
        return self._reflected(ops.sub, other)

    def __mul__(self, other: Any) -> Self:
        return self._binary(ops.mul, other)

    def __rmul__(self, other: Any) -> Self:
        return self._reflected(ops.mul, other)

    def __truediv__(self, other: Any) -> Self:
        return self._binary(ops.div, other)

    def __rtruediv__(self, other: Any) -> Self:
        return self._reflected(ops.div, other)

    def __pow__(self, other: Any) -> Self:
        return self._binary(ops.pow, other)

    def __rpow__(self, other: Any) -> Self:
        return self._reflected(ops.pow, other)

    def __mod__(self, other: Any) -> Self:
        return self._binary(functions.mod, other)

    def __rmod__(self, other: Any) -> Self:
        return self._reflected(functions.mod, other)

    def __floordiv__(self, other: Any) -> Self:
        return self._binary(functions.floordiv, other)

    def __rfloordiv__(self, other: Any) -> Self:
        return self._reflected(functions.floordiv, other)

    def __divmod__(self, other: Any) -> tuple[Self, Self]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Self, Self]:
        return other // self, other % self

    def __round__(self, ndigits: int | None = None) -> Self:
        """The nearest whole number, with slope 0; for text, write ``format(v, ".2f")``."""
        if ndigits is not None:
            raise TypeError(
                f"round(v, {ndigits}) rounds in decimal, which is for text: write "
                f"format(v, '.{ndigits}f') to print it, round(v) for a whole number"
            )
        return ops.round(self)

    def __floor__(self) -> Self:
        return ops.floor(self)

    def __ceil__(self) -> Self:
        return ops.ceil(self)

    def __trunc__(self) -> Self:
        return functions.trunc(self)
