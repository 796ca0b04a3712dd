"""NumPy's ufuncs of Values: np.exp(v), np.add(array, v), np.add.reduce(values)."""

from __future__ import annotations

import operator

from autograd.table import functions, ops
from autograd.table.op import METHODS, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# The ufuncs that have another name than the method of a row.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "absolute": ops.abs,
    "add": operator.add,
    "deg2rad": functions.radians,
    "degrees": functions.degrees,
    "divide": operator.truediv,
    "divmod": divmod,
    "expit": ops.sigmoid,  # SciPy's
    "fabs": ops.abs,
    "float_power": operator.pow,
    "floor_divide": operator.floordiv,
    "gammaln": ops.lgamma,  # SciPy's
    "heaviside": functions.heaviside,
    "log_expit": functions.log_sigmoid,  # SciPy's
    "logaddexp": functions.logaddexp,
    "logaddexp2": functions.logaddexp2,
    "logit": functions.logit,  # SciPy's
    "modf": lambda x: (x - functions.trunc(x), functions.trunc(x)),
    "multiply": operator.mul,
    "ndtr": ops.norm_cdf,  # SciPy's
    "negative": operator.neg,
    "power": operator.pow,
    "psi": functions.digamma,  # SciPy's
    "rad2deg": functions.degrees,
    "radians": functions.radians,
    "reciprocal": functions.reciprocal,
    "remainder": operator.mod,
    "square": functions.square,
    "subtract": operator.sub,
    "trunc": functions.trunc,
}
PREDICATES = {"isfinite", "isinf", "isnan", "signbit"}  # they read the number alone


def ufunc_result(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any], kind: Any) -> Any:
    """The result of a NumPy ufunc, some of whose operands are Values.

    The op of the ufunc's name computes it, for each element where there are arrays. A ufunc without such an
    op is left to NumPy, which applies Python's operators to the elements.

    Args:
        ufunc: the ufunc.
        method: "__call__", "reduce", "outer" and the like.
        inputs: its operands.
        options: its other arguments, such as `out`.
        kind: the class of Values.

    Raises:
        TypeError: if NumPy cannot compute it either, or the result shall go to an array of numbers.
    """
    name = ufunc.__name__
    function = FUNCTIONS.get(name) or METHODS.get(name)
    if function is not None and method == "__call__" and not options and not any(map(_is_sequence, inputs)):
        return function(*[x if isinstance(x, kind) else number(x, "an operand") for x in inputs])

    import numpy

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
            result = getattr(numpy.frompyfunc(function, ufunc.nin, ufunc.nout), method)(*boxed)
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
