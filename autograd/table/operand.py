"""Operand: the operators and methods of everything that ops apply to, other than plain floats."""

from __future__ import annotations

import operator

from autograd.table import functions, ops
from autograd.table.op import METHODS, Methods, Op, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self


def coerce(other: Any) -> Any:
    """`other` as an operand: an Operand as it is, a number as a float.

    NotImplemented for what may know better how to combine with a Value (an array, say).

    Raises:
        TypeError: for what never can: strings, complex numbers, None, lists and the like.
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
    """A binary op of an Operand and something else, on either side; NotImplemented as in `coerce`."""
    left, right = coerce(left), coerce(right)
    return NotImplemented if left is NotImplemented or right is NotImplemented else op(left, right)


class Operand(Methods):
    """Arithmetic, comparisons and elementary functions, each by the op of its name.

    A subclass defines ``apply_op(op, args)``: what an op makes of operands of its kind.
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
        """Itself, a real number; `numpy.var` asks for it."""
        return self

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
        """The nearest whole number, which has slope 0; for text, write ``format(v, ".2f")``."""
        if ndigits is not None:
            raise TypeError(
                f"round(v, {ndigits}) rounds in decimal, which is a matter of text: write "
                f"format(v, '.{ndigits}f') to print it, round(v) for a whole number"
            )
        return ops.round(self)

    def __floor__(self) -> Self:
        return ops.floor(self)

    def __ceil__(self) -> Self:
        return ops.ceil(self)

    def __trunc__(self) -> Self:
        return functions.trunc(self)

    if TYPE_CHECKING:  # the methods that the table gives; a test holds this list against it

        def exp(self) -> Self: ...
        def expm1(self) -> Self: ...
        def exp2(self) -> Self: ...
        def log(self) -> Self: ...
        def log1p(self) -> Self: ...
        def log2(self) -> Self: ...
        def log10(self) -> Self: ...
        def sqrt(self) -> Self: ...
        def cbrt(self) -> Self: ...
        def sin(self) -> Self: ...
        def cos(self) -> Self: ...
        def tan(self) -> Self: ...
        def arcsin(self) -> Self: ...
        def arccos(self) -> Self: ...
        def arctan(self) -> Self: ...
        def arctan2(self, other: Any) -> Self: ...
        def sinh(self) -> Self: ...
        def cosh(self) -> Self: ...
        def tanh(self) -> Self: ...
        def arcsinh(self) -> Self: ...
        def arccosh(self) -> Self: ...
        def arctanh(self) -> Self: ...
        def hypot(self, other: Any) -> Self: ...
        def gaussian(self) -> Self: ...
        def erf(self) -> Self: ...
        def erfc(self) -> Self: ...
        def sigmoid(self) -> Self: ...
        def softplus(self) -> Self: ...
        def relu(self) -> Self: ...
        def maximum(self, other: Any) -> Self: ...
        def minimum(self, other: Any) -> Self: ...
        def floor(self) -> Self: ...
        def ceil(self) -> Self: ...
        def rint(self) -> Self: ...
        def sign(self) -> Self: ...
        def fmod(self, other: Any) -> Self: ...


# Of NumPy's ufuncs those that are not called as the method of a row is.

UFUNCS: dict[str, Callable[..., Any]] = {
    "absolute": ops.abs,
    "add": operator.add,
    "divide": operator.truediv,
    "expit": ops.sigmoid,  # SciPy's
    "fabs": ops.abs,
    "float_power": operator.pow,
    "floor_divide": operator.floordiv,
    "log_expit": functions.log_sigmoid,  # SciPy's
    "logaddexp": functions.logaddexp,
    "logit": functions.logit,  # SciPy's
    "multiply": operator.mul,
    "negative": operator.neg,
    "power": operator.pow,
    "reciprocal": functions.reciprocal,
    "remainder": operator.mod,
    "square": functions.square,
    "subtract": operator.sub,
    "trunc": functions.trunc,
}
PREDICATES = {"isfinite", "isinf", "isnan", "signbit"}  # of the number alone


def ufunc_result(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any], kind: Any) -> Any:
    """What a ufunc of NumPy gives for operands some of which are Values (of the class `kind`).

    It is computed by the op of the ufunc's name, for each element where there are arrays; if there is none,
    by NumPy, which does what Python's operators do.

    Raises:
        TypeError: if neither can, or the result is to be stored in an array of numbers.
    """
    function = UFUNCS.get(ufunc.__name__) or METHODS.get(ufunc.__name__)
    if function is not None and method == "__call__" and not options and not any(map(_is_sequence, inputs)):
        return function(*[x if isinstance(x, kind) else number(x, "an operand") for x in inputs])

    import numpy

    name = ufunc.__name__
    targets = options.pop("out", (None,))
    if name in PREDICATES:
        return ufunc(*[x.data if isinstance(x, kind) else x for x in inputs], out=targets, **options)
    boxed = [numpy.array(x, dtype=object) if isinstance(x, kind) else x for x in inputs]
    if function is None or options or method not in ("__call__", "outer"):
        try:
            result = getattr(ufunc, method)(*boxed, **options)
        except TypeError as error:
            raise TypeError(
                f"NumPy's {name} does not compute with Values: write it in functions of autograd, or as an "
                f"op of your own with custom_derivative; v.data is the number alone"
            ) from error
    else:
        with numpy.errstate(all="ignore"):  # infinities and nan are results like others
            result = getattr(numpy.frompyfunc(function, ufunc.nin, 1), method)(*boxed)
    (target,) = targets if len(targets) == 1 else (None,)
    if target is None:
        return result
    if target.dtype != object:
        raise TypeError(
            f"NumPy's {name} was to store Values in an array of {target.dtype}, which holds none: make the "
            f"array with dtype=object, as in array.astype(object)"
        )
    target[...] = result
    return target


def _is_sequence(x: Any) -> bool:
    return hasattr(x, "__len__")
