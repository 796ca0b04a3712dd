"""The table of ops: how every primitive is computed, differentiated and written, in one row each.

Everything else reads these rows: Value's methods, sweeps, higher derivatives, Symbols, C and LaTeX
text, pictures, tests. To add an op, add a row here, and its method to `_Methods` at the end.

Numbers follow IEEE 754 everywhere: ``log(0)`` is -inf, ``1/0`` is inf, an overflow is inf, a number
outside the domain gives nan; nothing raises and nothing turns complex. A nan among the operands gives
a nan, as in C; only the comparisons and ``where`` may give another number.

The engines give the same bits, except for elementary and special functions. The native engine computes exp,
expm1, log, log1p, tanh, sigmoid, softplus, sin, cos, erf and pow by the C text of autograd.elementary, as
exported C does: the same bits on every machine. The engine in Python calls `math` for them, whose last digits
are those of the machine's C library. Both keep the bounds of the row.

Partials are written in ordinary arithmetic over ``(*args, out)``, without an ``if``, so that one text
serves numbers, graphs (higher order), formulas and C. Slopes of subnormal size are good to 2**-1022.

An adjoint, a tangent or a slope of exactly 0 makes every product with it 0, whatever the other factor
(strong zero), so that operands that are not chosen or do not matter bring no nan. This makes reverse and
forward mode agree at edges; where infinite contributions of several paths cancel, one mode may still give
nan and the other not.
"""

from __future__ import annotations

import math
import operator
from builtins import abs as abs_
from builtins import round as round_
from math import copysign, inf, nan

from autograd.elementary import circular, exponentials, logarithms, powers
from autograd.table import special, special_c
from autograd.table.families import (
    EXACT,
    EXPONENT,
    FORMULA_OUTSIDE,
    NO_SLOPE,
    POSITIVE,
    REAL,
    UNIT,
    WIDE,
    arithmetic,
    brackets,
    choice,
    ieee,
    libm,
    logarithm,
    named,
    reduction,
    relation,
    step,
    whole,
)
from autograd.table.op import TABLE, Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

# Rows that partials above them use.
cos: Op
cosh: Op
eq: Op
gaussian: Op
hypot: Op
le: Op
log: Op
norm_pdf: Op
polygamma: Op
sign: Op
sinc_derivative: Op
stop_gradient: Op
where: Op

_LN2 = math.log(2.0)
_INV_LN2 = 1.0 / _LN2
_INV_LN10 = 1.0 / math.log(10.0)
_TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)
_ONE_ULP = 2.0**-52


def _upper_half(x: float) -> float:
    """x rounded to 26 bits, whose square is exact (Veltkamp's splitting; Dekker, Numer. Math. 18, 1971)."""
    scaled = x * 134217729.0  # 2**27 + 1
    return scaled - (scaled - x)


# Arithmetic


def _div(x: float, y: float) -> float:
    try:
        return x / y
    except ZeroDivisionError:
        return nan if x == 0.0 or x != x else copysign(inf, x) * copysign(1.0, y)


def _pow(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except (OverflowError, ValueError):
        if x < 0.0 and y % 1.0 != 0.0:
            return nan
        odd = abs_(math.fmod(y, 2.0)) == 1.0
        return copysign(inf, x) if odd else inf


# Adding 0.0 to a first product makes an empty and a filled dot alike, and -0.0 a 0.0, in C as well.


def _dot(xs: Sequence[float], ys: Sequence[float]) -> float:
    total = 0.0
    for product in map(operator.mul, xs, ys):
        total += product
    return total


def _chain_dot(adjoints: Sequence[float], slopes: Sequence[float]) -> float:
    total = 0.0
    for adjoint, slope in zip(adjoints, slopes, strict=True):
        if adjoint != 0.0 and slope != 0.0:
            total += adjoint * slope
    return total


def _sum_of(xs: Sequence[float]) -> float:
    total = 0.0  # not the builtin sum, which compensates from Python 3.12 on
    for x in xs:
        total += x
    return total


neg = arithmetic("neg", "-", lambda x: -x, lambda x, out: -1.0, precedence=2, ulp=0.0)
add = arithmetic(
    "add", "+", lambda x, y: x + y, lambda x, y, out: 1.0, lambda x, y, out: 1.0, precedence=1, kind="sum"
)
sub = arithmetic(
    "sub", "-", lambda x, y: x - y, lambda x, y, out: 1.0, lambda x, y, out: -1.0, precedence=1, kind="sum"
)
mul = arithmetic(
    "mul",
    "*",
    lambda x, y: x * y,
    lambda x, y, out: y,
    lambda x, y, out: x,
    precedence=2,
    latex=r"#1 \cdot #2",
    kind="product",
)
div = arithmetic(
    "div",
    "/",
    _div,
    lambda x, y, out: 1.0 / y,
    lambda x, y, out: -out / y,
    precedence=2,
    latex=r"\frac{#1}{#2}",
    domain=(WIDE, (1e-150, 1e150)),
    slope_ulp=2.0,
    singular=True,
)
chain = Op(
    "chain",
    lambda carried, slope: 0.0 if carried == 0.0 or slope == 0.0 else carried * slope + 0.0,
    (lambda carried, slope, out: slope, lambda carried, slope, out: carried),
    kind="product",
    method="",
    latex=named("chain", "#1, #2"),
    c="(#1 == 0.0 || #2 == 0.0 ? 0.0 : #1 * #2 + 0.0)",
    python="(0.0 if #1 == 0.0 or #2 == 0.0 else #1 * #2 + 0.0)",
    numpy="np.where((#1 == 0.0) | (#2 == 0.0), 0.0, #1 * #2 + 0.0)",
    domain=(WIDE, WIDE),
    kinks="0 where either factor is 0, whatever the other (strong zero)",
    ulp=0.5,
    slope_ulp=0.0,
    doc="The chain rule's product of an adjoint (or tangent) and a slope: x * y, but 0.0 where one is 0, "
    "and never -0.0.",
)


def _pow_slope(x: Any, y: Any, out: Any) -> Any:
    """y * x**(y - 1); where the slope in y is 0 by convention, y counts as a constant.

    This makes mixed second derivatives equal. An exponent that is a plain number is a constant anyway.
    """
    if not (type(y) is float or getattr(y, "is_number", False)):
        y = where(eq(x, 0.0) * le(0.0, y), stop_gradient(y), y)
    return chain(y, pow(x, y - 1.0))


pow = libm(
    "pow",
    _pow_slope,
    lambda x, y, out: where(eq(x, 0.0) * le(0.0, y), 0.0, out * log(x)),
    forward=_pow,
    kernel=powers.POW,
    c_quick="autograd_pow_quick(#1, #2)",
    method="",
    infix="**",
    precedence=4,
    latex="#1^{#2}",
    numpy="np.power(#1, #2)",
    masks=True,
    domain=((1e-3, 1e3), (-20.0, 20.0)),
    kinks="x**0 has slope 0 everywhere; at x = 0 <= y all derivatives in y are 0, mixed ones too; "
    "at x < 0 the slope in y is nan",
    singular=True,
    ulp=1.0,
    slope_ulp=64.0,  # 2 for whole y; else y - 1 may be rounded, which ln(x) magnifies
    doc="x to the power of y, differentiable in both.",
)
dot = reduction(
    "dot",
    _dot,
    lambda xs, ys, out: ys,
    lambda xs, ys, out: xs,
    kind="product",
    precedence=1,
    latex=r"\left(#1\right) \cdot \left(#2\right)",
    python="#1 * #2",
    numpy="#1 * #2",
    c_helper="""\
static double autograd_dot(int n, const double *xs, const double *ys)
{
    double total = 0.0;
    for (int i = 0; i < n; i++)
        total += xs[i] * ys[i];
    return total;
}
""",
    slope_ulp=0.0,
    doc="The sum of the products x*y, added from left to right.",
)
chain_dot = reduction(
    "chain_dot",
    _chain_dot,
    lambda adjoints, slopes, out: slopes,
    lambda adjoints, slopes, out: adjoints,
    kind="product",
    latex=named("chain", "#1, #2"),
    python="(0.0 if #1 == 0.0 or #2 == 0.0 else #1 * #2)",
    numpy="np.where((#1 == 0.0) | (#2 == 0.0), 0.0, #1 * #2)",
    c_helper="""\
static double autograd_chain_dot(int n, const double *xs, const double *ys)
{
    double total = 0.0;
    for (int i = 0; i < n; i++)
        if (xs[i] != 0.0 && ys[i] != 0.0)
            total += xs[i] * ys[i];
    return total;
}
""",
    kinks="a product with a factor 0 is 0, whatever the other factor (strong zero)",
    slope_ulp=0.0,
    doc="The chain rule's sum of the products of adjoints and slopes, added from left to right.",
)
sum_of = reduction(
    "sum_of",
    _sum_of,
    lambda xs, out: (1.0,) * len(xs),
    kind="sum",
    latex=r"\sum\left(#1\right)",
    python="#1",
    numpy="#1",
    c_helper="""\
static double autograd_sum_of(int n, const double *xs)
{
    double total = 0.0;
    for (int i = 0; i < n; i++)
        total += xs[i];
    return total;
}
""",
    slope_ulp=0.0,
    doc="The sum of a sequence, added from left to right.",
)

# Exponentials, logarithms and roots

exp = libm(
    "exp",
    lambda x, out: out,
    kernel=exponentials.EXP,
    precedence=4,
    latex="e^{#1}",
    domain=(EXPONENT,),
    doc="e to the power of x.",
)
expm1 = libm(
    "expm1",
    lambda x, out: exp(x),
    kernel=exponentials.EXPM1,
    precedence=1,
    latex="e^{#1} - 1",
    domain=(EXPONENT,),
    doc="exp(x) - 1, without losing the digits of small x.",
)
exp2 = libm(
    "exp2",
    lambda x, out: out * _LN2,
    precedence=4,
    latex="2^{#1}",
    domain=((-1022.0, 1023.0),),
    doc="2 to the power of x.",
)
log = logarithm(
    "log",
    lambda x, out: 1.0 / x,
    kernel=logarithms.LOG,
    latex=brackets("ln"),
    doc="The natural logarithm of x.",
)
log1p = logarithm(
    "log1p",
    lambda x, out: 1.0 / (1.0 + x),
    kernel=logarithms.LOG1P,
    pole=-1.0,
    latex=brackets("ln", "1 + #1"),
    domain=((-1.0, 1e300),),
    doc="log(1 + x), without losing the digits of small x.",
)
log2 = logarithm(
    "log2", lambda x, out: _INV_LN2 / x, latex=brackets("log_2"), doc="The logarithm of x to base 2."
)
log10 = logarithm(
    "log10", lambda x, out: _INV_LN10 / x, latex=brackets("log_{10}"), doc="The logarithm of x to base 10."
)
sqrt = libm(
    "sqrt",
    lambda x, out: 0.5 / out,
    latex=r"\sqrt{#1}",
    domain=(POSITIVE,),
    kinks="slope inf at 0",
    singular=True,
    ulp=0.5,
    doc="The square root of x.",
)


def _cbrt(x: float) -> float:
    """libm's cube root, off by up to 4 ulp, after one step of Halley's method: off by less than 0.7."""
    root = math.cbrt(x)
    if root == 0.0 or root - root != 0.0:
        return root
    root = _upper_half(root)
    ratio = x / (root * root)
    return root + root * ((ratio - root) / (root + root + ratio))


cbrt = Op(
    "cbrt",
    _cbrt,
    (lambda x, out: 1.0 / out / out / 3.0,),
    latex=r"\sqrt[3]{#1}",
    c="autograd_cbrt(#1)",
    c_helper="""\
static double autograd_cbrt(double x)
{
    const double root = cbrt(x), scaled = root * 134217729.0, half = scaled - (scaled - root);
    if (root == 0.0 || root - root != 0.0)
        return root;
    const double ratio = x / (half * half);
    return half + half * ((ratio - half) / (half + half + ratio));
}
""",
    domain=((-1e300, 1e300),),
    kinks="slope inf at 0",
    ulp=1.0,
    slope_ulp=4.0,
    doc="The cube root of x, negative for negative x.",
)

# Circular and hyperbolic functions

sin = libm(
    "sin",
    lambda x, out: cos(x),
    kernel=circular.SIN,
    c_quick="autograd_sin_quick(#1)",
    c_rare="fabs(#1) > 1e6",
    domain=(REAL,),
    doc="The sine of x radians.",
)
cos = libm(
    "cos",
    lambda x, out: -sin(x),
    kernel=circular.COS,
    c_quick="autograd_cos_quick(#1)",
    c_rare="fabs(#1) > 1e6",
    domain=(REAL,),
    doc="The cosine of x radians.",
)
tan = libm("tan", lambda x, out: 1.0 + out * out, domain=(REAL,), doc="The tangent of x radians.")
asin = libm(
    "asin",
    lambda x, out: 1.0 / sqrt((1.0 - x) * (1.0 + x)),
    method="arcsin",
    domain=(UNIT,),
    kinks="slope inf at -1 and 1",
    singular=True,
    doc="The angle in radians, -pi/2 to pi/2, whose sine is x.",
)
acos = libm(
    "acos",
    lambda x, out: -1.0 / sqrt((1.0 - x) * (1.0 + x)),
    method="arccos",
    domain=(UNIT,),
    kinks="slope -inf at -1 and 1",
    singular=True,
    doc="The angle in radians, 0 to pi, whose cosine is x.",
)
atan = libm(
    "atan",
    lambda x, out: 1.0 / (1.0 + x * x),
    forward=math.atan,
    method="arctan",
    doc="The angle in radians, -pi/2 to pi/2, whose tangent is x.",
)


def _radius(y: Any, x: Any) -> Any:
    """hypot(y, x), but nan at the origin, so that derivatives of every order are nan there."""
    radius = hypot(y, x)
    return where(eq(radius, 0.0), nan, radius)


atan2 = libm(
    "atan2",
    lambda y, x, out: x / (radius := _radius(y, x)) / radius,
    lambda y, x, out: -y / (radius := _radius(y, x)) / radius,
    forward=math.atan2,
    method="arctan2",
    latex=named("atan2", "#1, #2"),
    masks=True,
    kinks="slopes nan at the origin, where the angle jumps, and their mixed derivatives too",
    doc="The angle in radians, -pi to pi, of the point with ordinate y (the first operand) and abscissa x.",
)
_cosh = ieee(math.cosh)
sinh = libm("sinh", lambda x, out: cosh(x), domain=((-710.0, 710.0),), doc="The hyperbolic sine of x.")
cosh = libm(
    "cosh",
    lambda x, out: sinh(x),
    forward=lambda x: _cosh(abs_(x)),  # so that an overflow is +inf on both sides
    domain=((-710.0, 710.0),),
    doc="The hyperbolic cosine of x.",
)
tanh = libm(
    "tanh",
    lambda x, out: 1.0 - out * out,
    forward=math.tanh,
    kernel=exponentials.TANH,
    domain=((-30.0, 30.0),),
    saturates=True,
    slope_abs=_ONE_ULP,
    doc="The hyperbolic tangent of x.",
)
asinh = libm(
    "asinh",
    lambda x, out: 1.0 / hypot(1.0, x),
    forward=math.asinh,
    method="arcsinh",
    latex=named("arsinh"),
    doc="The inverse hyperbolic sine of x.",
)
acosh = libm(
    "acosh",
    lambda x, out: 1.0 / (sqrt(x - 1.0) * sqrt(x + 1.0)),
    method="arccosh",
    latex=named("arcosh"),
    domain=((1.0, 1e300),),
    kinks="slope inf at 1",
    singular=True,
    doc="The inverse hyperbolic cosine of x, 0 or more.",
)
atanh = libm(
    "atanh",
    lambda x, out: 1.0 / ((1.0 - x) * (1.0 + x)),
    poles={1.0: inf, -1.0: -inf},
    method="arctanh",
    latex=named("artanh"),
    domain=(UNIT,),
    kinks=FORMULA_OUTSIDE,
    singular=True,
    doc="The inverse hyperbolic tangent of x.",
)
hypot = libm(
    "hypot",
    lambda x, y, out: where(eq(out, 0.0), 0.0, x / out),
    lambda x, y, out: where(eq(out, 0.0), 0.0, y / out),
    forward=math.hypot,
    masks=True,
    latex=r"\sqrt{\left(#1\right)^2 + \left(#2\right)^2}",
    kinks="slopes 0 at the origin",
    doc="sqrt(x**2 + y**2), without overflow.",
)

# Error functions and activations


def _gaussian(x: float) -> float:
    if x * x > 746.0:
        return 0.0
    upper = _upper_half(x)  # so that the rounding of x*x, which exp would magnify, is kept small
    return math.exp(-(upper * upper)) * math.exp((upper - x) * (upper + x))


gaussian = Op(
    "gaussian",
    _gaussian,
    (lambda x, out: chain(-2.0 * x, out),),
    precedence=4,
    latex=r"e^{-\left(#1\right)^2}",
    c="autograd_gaussian(#1)",
    c_helper="""\
static double autograd_gaussian(double x)
{
    const double scaled = x * 134217729.0, upper = scaled - (scaled - x);
    return x * x > 746.0 ? 0.0 : exp(-(upper * upper)) * exp((upper - x) * (upper + x));
}
""",
    domain=((-27.5, 27.5),),
    slope_ulp=4.0,
    doc="exp(-x**2), without losing the digits of large x.",
)
erf = libm(
    "erf",
    lambda x, out: _TWO_OVER_SQRT_PI * gaussian(x),
    forward=math.erf,
    kernel=exponentials.ERF,
    latex=named("erf"),
    domain=((-27.5, 27.5),),
    saturates=True,
    slope_ulp=4.0,
    doc="The error function, 2/sqrt(pi) times the integral of exp(-t**2) from 0 to x.",
)
erfc = libm(
    "erfc",
    lambda x, out: -_TWO_OVER_SQRT_PI * gaussian(x),
    forward=math.erfc,
    latex=named("erfc"),
    domain=((-27.5, 27.5),),
    slope_ulp=4.0,
    doc="1 - erf(x), without losing the digits of large x.",
)


def _sigmoid(x: float) -> float:
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)  # of a negative number, so that neither branch overflows
    return e / (1.0 + e)


def _softplus(x: float) -> float:
    return math.log1p(math.exp(-abs_(x))) + (x if x > 0.0 else 0.0)


sigmoid = Op(
    "sigmoid",
    _sigmoid,
    (lambda x, out: out * (1.0 - out),),
    saturates=True,
    latex=r"\sigma\left(#1\right)",
    c="autograd_sigmoid(#1)",
    c_helper=exponentials.SIGMOID,
    libm="(#1 >= 0.0 ? 1.0 / (1.0 + exp(-#1)) : exp(#1) / (1.0 + exp(#1)))",
    numpy="np.where(#1 >= 0.0, 1.0, np.exp(-np.abs(#1))) / (1.0 + np.exp(-np.abs(#1)))",
    domain=((-745.0, 745.0),),
    slope_abs=_ONE_ULP,
    doc="1 / (1 + exp(-x))",
)
softplus = Op(
    "softplus",
    _softplus,
    (lambda x, out: sigmoid(x),),
    saturates=True,
    latex=brackets("ln", "1 + e^{#1}"),
    c="autograd_softplus(#1)",
    c_helper=logarithms.SOFTPLUS,
    libm="log1p(exp(-fabs(#1))) + (#1 > 0.0 ? #1 : 0.0)",
    numpy="np.log1p(np.exp(-np.abs(#1))) + np.where(#1 > 0.0, #1, 0.0)",
    domain=((-745.0, 1e300),),
    doc="log(1 + exp(x))",
)
relu = Op(
    "relu",
    lambda x: 0.0 if x <= 0.0 else x,  # a nan is not <= 0: it passes
    (lambda x, out: sign(out),),
    vanishes=True,
    latex=named("relu"),
    c="(#1 <= 0.0 ? 0.0 : #1)",
    python="(0.0 if #1 <= 0.0 else #1)",
    numpy="np.where(#1 <= 0.0, 0.0, #1)",
    domain=(REAL,),
    kinks="slope 0 at 0; nan at nan",
    **EXACT,
    doc="max(x, 0)",
)


def _logsumexp(xs: Sequence[float]) -> float:
    if not xs:
        return -inf
    top = 0
    for i, x in enumerate(xs):
        if x != x:
            return nan
        if x > xs[top]:
            top = i
    peak = xs[top]
    if peak in (inf, -inf):
        return peak
    rest = 0.0
    for i, x in enumerate(xs):
        if i != top:
            rest += math.exp(x - peak)
    return peak + math.log1p(rest)


def _logsumexp_of_rows(table: Any) -> Any:
    """`_logsumexp` of each row of a NumPy array."""
    import numpy as np

    rows, top = np.arange(len(table)), np.argmax(table, axis=1)
    peak = table[rows, top]
    terms = np.exp(table - peak[:, None])
    terms[rows, top] = 0.0
    rest = np.zeros(len(table))
    for column in terms.T:
        rest += column
    found = peak + np.log1p(rest)
    found = np.where(np.isinf(peak), peak, found)
    return np.where(np.isnan(table).any(axis=1), nan, found)


def _shares(xs: Sequence[Any], out: Any) -> tuple[Any, ...]:
    """exp(x - out) for each x, divided by their sum, which differs from 1 by the rounding of `out`."""
    terms = [exp(x - out) for x in xs]
    total = sum_of(terms)
    return tuple([term / total for term in terms])


logsumexp = reduction(
    "logsumexp",
    _logsumexp,
    _shares,
    singular=True,
    latex=named("logsumexp"),
    numpy=_logsumexp_of_rows,
    c_helper=(
        *exponentials.EXP,
        logarithms.LOG_PARTS_C,
        logarithms.LOG1P_C,
        """\
static double autograd_logsumexp(int n, const double *xs)
{
    if (n == 0)
        return -INFINITY;
    int top = 0;
    for (int i = 0; i < n; i++) {
        if (isnan(xs[i]))
            return NAN;
        if (xs[i] > xs[top])
            top = i;
    }
    if (isinf(xs[top]))
        return xs[top];
    double rest = 0.0;
    for (int i = 0; i < n; i++)
        if (i != top)
            rest += autograd_exp(xs[i] - xs[top]);
    return xs[top] + autograd_log1p(rest);
}
""",
    ),
    kinks="slopes nan where the result is infinite",
    doc="log(sum of exp(x)), without overflow and without losing the small terms.",
)

# The gamma functions, the normal distribution, sinc

gamma = Op(
    "gamma",
    special.gamma,
    (lambda x, out: out * polygamma(0.0, x),),
    latex=r"\Gamma\left(#1\right)",
    c="autograd_gamma(#1)",
    c_helper=special_c.GAMMA_C,
    domain=((1e-100, 171.0),),
    kinks="+-inf at +-0, nan at negative whole numbers, as C's tgamma; below 0 within 7 ulp",
    singular=True,
    doc="The gamma function, (x - 1)! for whole x.",
)
lgamma = Op(
    "lgamma",
    special.lgamma,
    (lambda x, out: polygamma(0.0, x),),
    latex=r"\ln\left|\Gamma\left(#1\right)\right|",
    c="autograd_lgamma(#1)",
    c_helper=special_c.LGAMMA_C,
    domain=(POSITIVE,),
    kinks="inf at 0 and at negative whole numbers, as C's lgamma; below 0 within 2 ulp of 1 + |x| + |result|",
    singular=True,
    doc="The logarithm of |gamma(x)|, also where gamma(x) overflows.",
)
polygamma = Op(
    "polygamma",
    special.polygamma,
    (None, lambda n, x, out: polygamma(n + 1.0, x)),
    method="",
    latex=r"\psi^{\left(#1\right)}\left(#2\right)",
    c="autograd_polygamma(#1, #2)",
    c_helper=special_c.POLYGAMMA_C,
    domain=((0.0, 9.0), (1e-3, 1e3)),
    kinks="n is rounded down, slope 0 in n; at 0, -1, -2 ... inf for odd n, for even n nan (-+inf at +-0); "
    "nan for n < 0 and n > 170; from n = 10 on within 16 ulp; below 0 exact to the size of the nearest pole",
    singular=True,
    doc="Derivative n of digamma at x, which is derivative n + 1 of lgamma.",
)
norm_pdf = Op(
    "norm_pdf",
    special.norm_pdf,
    (lambda x, out: chain(-x, out),),
    latex=r"\varphi\left(#1\right)",
    c="autograd_norm_pdf(#1)",
    c_helper=special_c.NORM_PDF_C,
    domain=((-37.5, 37.5),),
    doc="The density of the standard normal distribution, exp(-x**2 / 2) / sqrt(2*pi), also in the tails.",
)
norm_cdf = Op(
    "norm_cdf",
    special.norm_cdf,
    (lambda x, out: norm_pdf(x),),
    saturates=True,
    latex=r"\Phi\left(#1\right)",
    c="autograd_norm_cdf(#1)",
    c_helper=special_c.NORM_CDF_C,
    domain=((-37.5, 37.5),),
    doc="The distribution function of the standard normal distribution, accurate in the lower tail.",
)
sinc = Op(
    "sinc",
    special.sinc,
    (lambda x, out: sinc_derivative(1.0, x),),
    latex=named("sinc"),
    c="autograd_sinc(#1)",
    c_helper=special_c.SINC_C,
    domain=((-1e3, 1e3),),
    vanishes=True,
    slope_abs=_ONE_ULP,
    doc="sin(pi*x) / (pi*x), 1 at 0: normalised, as NumPy's. Write sinc(x / pi) for sin(x) / x.",
)
sinc_derivative = Op(
    "sinc_derivative",
    special.sinc_derivative,
    (None, lambda n, x, out: sinc_derivative(n + 1.0, x)),
    method="",
    latex=r"\operatorname{sinc}^{\left(#1\right)}\left(#2\right)",
    c="autograd_sinc_derivative(#1, #2)",
    c_helper=special_c.SINC_DERIVATIVE_C,
    domain=((0.0, 4.0), (-0.4, 0.4)),
    kinks="n is rounded down, slope 0 in n; nan for n < 0 and n > 170; for other x and n within 16 ulp of "
    "pi**n / (n + 1)",
    singular=True,
    doc="Derivative n of sinc at x, right at 0 too.",
)

# Absolute value, relations and choices

abs = Op(
    "abs",
    lambda x: abs_(x),
    (lambda x, out: sign(x),),
    method="",
    latex=r"\left|#1\right|",
    c="fabs(#1)",
    python="abs(#1)",
    numpy="np.abs(#1)",
    domain=(WIDE,),
    kinks="slope 0 at 0",
    **EXACT,
    doc="The absolute value of x.",
)
lt = relation("lt", "<", lambda x, y: 1.0 if x < y else 0.0, latex="<")
le = relation("le", "<=", lambda x, y: 1.0 if x <= y else 0.0, latex=r"\le")
eq = relation("eq", "==", lambda x, y: 1.0 if x == y else 0.0, latex="=")
ne = relation("ne", "!=", lambda x, y: 1.0 if x != y else 0.0, latex=r"\ne")
where = choice(
    "where",
    lambda condition, x, y: x if condition != 0.0 else y,
    None,
    lambda condition, x, y, out: ne(condition, 0.0),
    lambda condition, x, y, out: eq(condition, 0.0),
    method="",
    latex=r"\begin{cases} #2 & \text{if } #1 \\ #3 & \text{otherwise} \end{cases}",
    c="(#1 != 0.0 ? #2 : #3)",
    python="(#2 if #1 != 0.0 else #3)",
    numpy="np.where(#1 != 0.0, #2, #3)",
    domain=((-1.0, 1.0), WIDE, WIDE),
    kinks="slope 0 in the condition; an operand that is not chosen gets no gradient, whatever its slope",
    doc="x where the condition is not 0, else y.",
)
maximum = choice(
    "maximum",
    lambda x, y: x if x > y or x != x else y,
    lambda x, y, out: where(ne(out, out), out, lt(y, x) + 0.5 * eq(x, y)),
    lambda x, y, out: where(ne(out, out), out, lt(x, y) + 0.5 * eq(x, y)),
    vanishes=True,
    latex=brackets("max", "#1, #2"),
    c="(#1 > #2 || #1 != #1 ? #1 : #2)",
    python="(#1 if #1 > #2 or #1 != #1 else #2)",
    numpy="np.where((#1 > #2) | (#1 != #1), #1, #2)",
    kinks="at a tie each operand has slope 1/2; nan at nan",
    doc="The larger of x and y.",
)
minimum = choice(
    "minimum",
    lambda x, y: x if x < y or x != x else y,
    lambda x, y, out: where(ne(out, out), out, lt(x, y) + 0.5 * eq(x, y)),
    lambda x, y, out: where(ne(out, out), out, lt(y, x) + 0.5 * eq(x, y)),
    vanishes=True,
    latex=brackets("min", "#1, #2"),
    c="(#1 < #2 || #1 != #1 ? #1 : #2)",
    python="(#1 if #1 < #2 or #1 != #1 else #2)",
    numpy="np.where((#1 < #2) | (#1 != #1), #1, #2)",
    kinks="at a tie each operand has slope 1/2; nan at nan",
    doc="The smaller of x and y.",
)

# Steps: locally constant

floor = step(
    "floor",
    whole(math.floor),
    latex=r"\left\lfloor #1 \right\rfloor",
    doc="x rounded down to a whole number.",
)
ceil = step(
    "ceil", whole(math.ceil), latex=r"\left\lceil #1 \right\rceil", doc="x rounded up to a whole number."
)
round = step(
    "round",
    whole(round_),
    method="rint",
    latex=named("round"),
    c="rint(#1)",
    doc="x rounded to the nearest whole number; of two, to the even one.",
)
sign = step(
    "sign",
    lambda x: 1.0 if x > 0.0 else -1.0 if x < 0.0 else x * 0.0,
    latex=named("sign"),
    c="(#1 > 0.0 ? 1.0 : #1 < 0.0 ? -1.0 : #1 * 0.0)",
    python="(1.0 if #1 > 0.0 else -1.0 if #1 < 0.0 else #1 * 0.0)",
    numpy="np.where(#1 > 0.0, 1.0, np.where(#1 < 0.0, -1.0, #1 * 0.0))",
    kinks=f"{NO_SLOPE}; nan at nan",
    doc="1.0, -1.0 or 0.0 with the sign of x.",
)


def _fmod(x: float, y: float) -> float:
    try:
        return math.fmod(x, y)
    except ValueError:
        return nan


fmod = libm(
    "fmod",
    lambda x, y, out: 1.0,
    lambda x, y, out: -round((x - out) / y),  # trunc(x / y), which rounding of x / y alone could miss by one
    forward=_fmod,
    latex=named("fmod", "#1, #2"),
    domain=(REAL, (0.1, 10.0)),
    kinks="slopes 1 and -trunc(x/y) everywhere, the jumps included",
    singular=True,
    vanishes=True,
    **EXACT,
    doc="The remainder of x / y with the sign of x (Python's % has the sign of y).",
)
identity = Op(
    "identity",
    lambda x: x,
    (lambda x, out: 1.0,),
    method="",
    latex=named("identity"),
    c="#1",
    python="#1",
    numpy="#1",
    domain=(WIDE,),
    **EXACT,
    doc="x itself as a new node, by which nested transforms differentiate.",
)
stop_gradient = step(
    "stop_gradient",
    lambda x: x,
    method="",
    latex="#1",
    c="#1",
    python="#1",
    numpy="#1",
    domain=(WIDE,),
    doc="x itself, counted as a constant.",
)

for _op in TABLE.values():
    _op.make_builtin()

if TYPE_CHECKING:

    class _Methods:
        """The methods that rows give to Values and Symbols; a test holds this list against the rows."""

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
        def gamma(self) -> Self: ...
        def lgamma(self) -> Self: ...
        def norm_pdf(self) -> Self: ...
        def norm_cdf(self) -> Self: ...
        def sinc(self) -> Self: ...
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

else:
    __all__ = [name for name in TABLE if name != "identity"]
