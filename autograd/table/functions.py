"""Functions composed of ops: their derivatives follow from those of the ops.

Each function runs on floats (and returns a float), on Values (and records a graph) and on Symbols. A sequence
of numbers is a list, a tuple or a one-dimensional array.
"""

from __future__ import annotations

import math
from functools import reduce

from autograd.table.ops import (
    abs,
    add,
    ceil,
    div,
    dot,
    eq,
    erfc,
    exp,
    expm1,
    floor,
    fmod,
    hypot,
    log,
    log1p,
    logsumexp,
    lt,
    maximum,
    minimum,
    mul,
    ne,
    neg,
    polygamma,
    round,
    sigmoid,
    sign,
    softplus,
    sqrt,
    sub,
    sum_of,
    tanh,
    where,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = [
    "clip",
    "degrees",
    "digamma",
    "elu",
    "floordiv",
    "gelu",
    "heaviside",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "logaddexp",
    "logaddexp2",
    "logit",
    "mean",
    "mish",
    "mod",
    "norm",
    "prod",
    "radians",
    "reciprocal",
    "selu",
    "silu",
    "softmax",
    "softsign",
    "square",
    "std",
    "trunc",
    "var",
]

_LN2 = math.log(2.0)


def _filled(name: str, xs: Sequence[Any], least: int = 1) -> tuple[Any, ...]:
    xs = tuple(xs)
    if len(xs) < least:
        raise ValueError(f"{name} needs {least} number{'s' * (least != 1)} or more, and was given {len(xs)}")
    return xs


# Of one number


def square(x: Any) -> Any:
    """x * x"""
    return mul(x, x)


def reciprocal(x: Any) -> Any:
    """1 / x"""
    return div(1.0, x)


def trunc(x: Any) -> Any:
    """x rounded towards 0; slope 0."""
    return where(lt(x, 0.0), ceil(x), floor(x))


def radians(x: Any) -> Any:
    """The angle of x degrees, in radians."""
    return mul(math.pi / 180.0, x)


def degrees(x: Any) -> Any:
    """The angle of x radians, in degrees."""
    return mul(180.0 / math.pi, x)


def digamma(x: Any) -> Any:
    """The derivative of lgamma, also called psi: -+inf at +-0, nan at negative whole numbers."""
    return polygamma(0.0, x)


def logit(p: Any) -> Any:
    """log(p / (1 - p)), the inverse of sigmoid."""
    return sub(log(p), log1p(neg(p)))


def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x)), accurate where sigmoid(x) is tiny, too."""
    return neg(softplus(neg(x)))


def silu(x: Any) -> Any:
    """x * sigmoid(x), also called swish (Elfwing et al. 2017)."""
    return mul(x, sigmoid(x))


def mish(x: Any) -> Any:
    """x * tanh(softplus(x)) (Misra 2019)."""
    return mul(x, tanh(softplus(x)))


def gelu(x: Any) -> Any:
    """x times the normal distribution function at x, exactly (Hendrycks and Gimpel 2016).

    erfc rather than 1 + erf keeps the digits of large negative x.
    """
    return mul(mul(0.5, x), erfc(mul(-math.sqrt(0.5), x)))


def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """x for x > 0, else slope * x; the derivative at 0 is `slope`."""
    return where(lt(0.0, x), x, mul(slope, x))


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """x for x > 0, else alpha * (exp(x) - 1) (Clevert et al. 2015)."""
    return where(lt(0.0, x), x, mul(alpha, expm1(x)))


def selu(x: Any) -> Any:
    """The self-normalising elu, with the constants of Klambauer et al. 2017."""
    return mul(1.0507009873554805, elu(x, 1.6732632423543772))


def softsign(x: Any) -> Any:
    """x / (1 + |x|)"""
    return div(x, add(1.0, abs(x)))


def clip(x: Any, low: Any, high: Any) -> Any:
    """x limited to the interval from low to high; slope 1/2 where x equals a bound, as at any tie."""
    return minimum(maximum(x, low), high)


# Of two numbers


def mod(x: Any, y: Any) -> Any:
    """x % y as in Python: the result has the sign of y (a zero that of x); slopes 1 and -floor(x/y)."""
    rest = fmod(x, y)
    return where(lt(mul(sign(rest), sign(y)), 0.0), add(rest, y), rest)


def floordiv(x: Any, y: Any) -> Any:
    """x // y as in Python, the whole number that fits x % y; slope 0.

    x // 0 is x / 0, which does not raise.
    """
    rest = fmod(x, y)
    towards_zero = round(div(sub(x, rest), y))
    return where(ne(y, 0.0), sub(towards_zero, lt(mul(sign(rest), sign(y)), 0.0)), div(x, y))


def logaddexp(x: Any, y: Any) -> Any:
    """log(exp(x) + exp(y))"""
    return logsumexp((x, y))


def logaddexp2(x: Any, y: Any) -> Any:
    """log2(2**x + 2**y)"""
    return mul(logaddexp(mul(x, _LN2), mul(y, _LN2)), 1.0 / _LN2)


def heaviside(x: Any, at_zero: Any) -> Any:
    """0 for x < 0, `at_zero` for x = 0, 1 for x > 0, nan at nan; slope 0 in x."""
    return where(eq(x, 0.0), at_zero, mul(0.5, add(1.0, sign(x))))


# Of a sequence


def prod(xs: Sequence[Any]) -> Any:
    """The product, from left to right; 1.0 for an empty sequence."""
    xs = tuple(xs)
    return reduce(mul, xs) if xs else 1.0


def mean(xs: Sequence[Any]) -> Any:
    """The arithmetic mean.

    Raises:
        ValueError: for an empty sequence.
    """
    xs = _filled("mean", xs)
    return div(sum_of(xs), float(len(xs)))


def _centred(xs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The numbers minus their mean, twice, since the mean is rounded: equal numbers give exactly 0."""
    for _ in range(2):
        centre = mean(xs)
        xs = tuple([sub(x, centre) for x in xs])
    return xs


def var(xs: Sequence[Any], correction: int = 0) -> Any:
    """The mean squared distance from the mean; with ``correction=1`` the sample variance (n - 1).

    Raises:
        ValueError: for fewer numbers than correction + 1.
    """
    xs = _filled("var", xs, correction + 1)
    apart = _centred(xs)
    return div(dot(apart, apart), float(len(xs) - correction))


def std(xs: Sequence[Any], correction: int = 0) -> Any:
    """The square root of `var`, with slope 0 (not nan) where all numbers are equal.

    Raises:
        ValueError: for fewer numbers than correction + 1.
    """
    xs = _filled("std", xs, correction + 1)
    return div(norm(_centred(xs)), sqrt(float(len(xs) - correction)))


def norm(xs: Sequence[Any]) -> Any:
    """The Euclidean length, without overflow; 0.0 for an empty sequence; slopes 0 where the length is 0."""
    xs = tuple(xs)
    if len(xs) < 2:
        return abs(xs[0]) if xs else 0.0
    return reduce(hypot, xs)


def softmax(xs: Sequence[Any]) -> list[Any]:
    """exp(x) / sum of exp(x), for each x, without overflow and without loss of small results."""
    return [exp(x) for x in log_softmax(xs)]


def log_softmax(xs: Sequence[Any]) -> list[Any]:
    """The logarithms of softmax: x - logsumexp(xs), twice, since that of a large x is rounded."""
    xs = tuple(xs)
    for _ in range(2):
        total = logsumexp(xs)
        xs = tuple([sub(x, total) for x in xs])
    return list(xs)
