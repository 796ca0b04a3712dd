"""The elementary functions as branch-free C text, whose loops compilers turn into vector instructions.

A kernel uses nothing but + - * /, comparisons, choices and the bits of doubles, all of which give the same
bits on every machine, alone or in a vector of any width, as long as the compiler does not contract a*b + c.
Choices are made at the end: both sides are computed, and garbage on the side that is not chosen does no harm.

Each row takes the texts that it needs, in order; a text that several rows share is written once in a file.
AUTOGRAD_INLINE may be defined before them, to force a compiler to inline kernels in its loops.

Polynomials were fitted by interpolation at Chebyshev's points in 60 digits, that of erf's tail by Remez'
algorithm. Logarithms follow the method of FreeBSD's msun (e_log.c, s_log1p.c, e_pow.c), the reduction of
arguments of sin and cos that of Cody and Waite (Software Manual for the Elementary Functions, 1980) and of
Payne and Hanek (SIGNUM Newsletter 18, 1983).
"""

from __future__ import annotations


def _polynomial(name: str, x: str, coefficients: tuple[float, ...]) -> str:
    """Statements that define the polynomial of `x` by Estrin's scheme, which has short chains of operations.

    They define x2, x4 ... too, the powers of `x`.
    """
    powers = {1: x}
    lines = []
    size = 2
    while size < len(coefficients):
        powers[size] = f"{x}{size}"
        lines.append(f"    const double {x}{size} = {powers[size // 2]} * {powers[size // 2]};\n")
        size *= 2

    def write(terms: tuple[float, ...]) -> str:
        if len(terms) == 1:
            return repr(terms[0])
        half = 1
        while 2 * half < len(terms):
            half *= 2
        return f"({write(terms[:half])} + {powers[half]} * {write(terms[half:])})"

    return "".join(lines) + f"    const double {name} = {write(coefficients)[1:-1]};\n"


BITS_C = """\
#ifndef AUTOGRAD_INLINE
#define AUTOGRAD_INLINE static inline
#endif
typedef unsigned long long autograd_word; /* of 64 bits, with arithmetic modulo 2**64 */
typedef union { double number; autograd_word bits; } autograd_view;
AUTOGRAD_INLINE autograd_word autograd_bits(double x)
{
    const autograd_view view = { .number = x };
    return view.bits;
}
AUTOGRAD_INLINE double autograd_double(autograd_word bits)
{
    const autograd_view view = { .bits = bits };
    return view.number;
}
"""
SIGN_C = """\
/* The size of one number with the sign of another. */
AUTOGRAD_INLINE double autograd_signed(double size, double sign)
{
    return autograd_double(autograd_bits(size) | (autograd_bits(sign) & 0x8000000000000000u));
}
"""
# Adding 1.5 * 2**52 rounds a number to the nearest whole one, and leaves it in the low bits of the sum.
_ROUND = "6755399441055744.0"
_INV_LN2 = "1.4426950408889634"
_LN2_UPPER = "0.6931471803691238"  # 32 bits, so that its product with an exponent is exact
_LN2_LOWER = "1.9082149292705877e-10"

_EXP_TAIL = (  # (exp(r) - 1 - r - r**2/2) / r**3 for |r| <= ln(2) / 2
    0.16666666666666669,
    0.041666666666666664,
    0.008333333333330039,
    0.0013888888888886537,
    0.00019841269863171557,
    2.4801587317228724e-05,
    2.7557268276905696e-06,
    2.7557282838800484e-07,
    2.5100472505694996e-08,
    2.09112987659402e-09,
)
EXP_TAIL_C = (
    """\
/* exp(r) - 1 - r for |r| <= ln(2) / 2. */
AUTOGRAD_INLINE double autograd_exp_tail(double r)
{
    const double square = r * r;
"""
    + _polynomial("cubic", "r", _EXP_TAIL)
    + """\
    return 0.5 * square + square * r * cubic;
}
"""
)
SCALED_C = f"""\
/* x * 2**n, rounded once, for the whole number n = shifted - {_ROUND}. */
AUTOGRAD_INLINE double autograd_scaled(double x, double shifted)
{{
    const autograd_word n = autograd_bits(shifted);
    const autograd_word half = autograd_bits((shifted - {_ROUND}) * 0.5 + {_ROUND});
    return x * autograd_double((half + 1023) << 52) * autograd_double((n - half + 1023) << 52);
}}
"""
EXP_C = f"""\
AUTOGRAD_INLINE double autograd_exp(double x)
{{
    const double below = x > 710.0 ? 710.0 : x, bounded = below < -746.0 ? -746.0 : below;
    const double shifted = bounded * {_INV_LN2} + {_ROUND}, n = shifted - {_ROUND};
    const double upper = bounded - n * {_LN2_UPPER}, lower = n * {_LN2_LOWER}, r = upper - lower;
    const double sum = 1.0 + r, lost = ((1.0 - sum) + r) + ((upper - r) - lower) * sum;
    const double result = autograd_scaled(sum + (autograd_exp_tail(r) + lost), shifted);
    return x != x ? x : result;
}}
"""
HALF_EXPM1_C = f"""\
/* expm1(x) / 2 for -700 < x < 710. */
AUTOGRAD_INLINE double autograd_half_expm1(double x)
{{
    const double shifted = x * {_INV_LN2} + {_ROUND}, n = shifted - {_ROUND};
    const double upper = x - n * {_LN2_UPPER}, lower = n * {_LN2_LOWER}, r = upper - lower;
    const double tail = autograd_exp_tail(r) + (((upper - r) - lower) * (1.0 + r));
    const double scale = autograd_double((autograd_bits(shifted) + 1022) << 52);
    const double a = scale - 0.5, b = scale * r, sum = a + b, part = sum - a;
    return sum + (((a - (sum - part)) + (b - part)) + scale * tail);
}}
"""
EXPM1_C = """\
AUTOGRAD_INLINE double autograd_expm1(double x)
{
    const double below = x > 710.0 ? 710.0 : x, bounded = below < -50.0 ? -50.0 : below;
    const double result = 2.0 * autograd_half_expm1(bounded);
    const double large = x != x ? x : result;
    return fabs(x) < 1e-17 ? x : large;
}
"""
TANH_C = """\
AUTOGRAD_INLINE double autograd_tanh(double x)
{
    const double size = fabs(x), bounded = size > 20.0 ? 20.0 : size;
    const double half = autograd_half_expm1(2.0 * bounded), large = size > 0.75 ? 1.0 : 0.0;
    const double ratio = (large != 0.0 ? 1.0 : half) / (half + 1.0);
    const double result = autograd_signed(large != 0.0 ? 1.0 - ratio : ratio, x);
    const double number = x != x ? x : result;
    return size < 1e-9 ? x : number;
}
"""
SIGMOID_C = """\
AUTOGRAD_INLINE double autograd_sigmoid(double x)
{
    const double e = autograd_exp(-fabs(x)), result = (x >= 0.0 ? 1.0 : e) / (1.0 + e);
    return x != x ? x : result;
}
"""
_LOG_SERIES = (  # (log((1 + s) / (1 - s)) - 2*s) / s**3 for s**2 up to 0.0295
    0.6666666666666666,
    0.40000000000000885,
    0.28571428570799784,
    0.22222222392581045,
    0.18181795547521137,
    0.15386244737621665,
    0.13268638369266825,
    0.13088034850927555,
)
LOG_PARTS_C = (
    """\
/* For a positive normal number m * 2**n with sqrt(1/2) < m < sqrt(2): n + 1024, and n. */
AUTOGRAD_INLINE autograd_word autograd_biased(double x)
{
    return (autograd_bits(x) - 0x3fe6a09e00000000u + 0x4000000000000000u) >> 52;
}
AUTOGRAD_INLINE double autograd_unbiased(autograd_word biased)
{
    return autograd_double(biased | 0x4330000000000000u) - 4503599627371520.0;
}
/* log(1 + f) + n * log(2) for sqrt(1/2) < 1 + f < sqrt(2). */
AUTOGRAD_INLINE double autograd_log_sum(double f, double n)
{
    const double s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
"""
    + _polynomial("series", "z", _LOG_SERIES)
    + f"""\
    return n * {_LN2_UPPER} - ((half - (s * (half + z * series) + n * {_LN2_LOWER})) - f);
}}
"""
)
LOG_C = """\
AUTOGRAD_INLINE double autograd_log(double x)
{
    const double subnormal = x < 2.2250738585072014e-308 ? 54.0 : 0.0;
    const double scaled = subnormal != 0.0 ? x * 18014398509481984.0 : x;
    const autograd_word biased = autograd_biased(scaled);
    const double m = autograd_double(autograd_bits(scaled) - (biased << 52) + 0x4000000000000000u);
    const double result = autograd_log_sum(m - 1.0, autograd_unbiased(biased) - subnormal);
    const double number = x < 0.0 ? NAN : x == 0.0 ? -INFINITY : result;
    const double finite = x == INFINITY ? x : number;
    return x != x ? x : finite;
}
"""
LOG1P_C = """\
AUTOGRAD_INLINE double autograd_log1p(double x)
{
    const double u = 1.0 + x, part = u - 1.0, lost = (1.0 - (u - part)) + (x - part);
    const autograd_word biased = autograd_biased(u), scale = (biased << 52) - 0x4000000000000000u;
    const double n = autograd_unbiased(biased), m = autograd_double(autograd_bits(u) - scale);
    const double shrunk = n > 1000.0 ? 0.0 : lost * autograd_double(0x3ff0000000000000u - scale);
    const double f = n == 0.0 ? x : (m - 1.0) + shrunk;
    const double result = autograd_log_sum(f, n);
    const double number = x < -1.0 ? NAN : x == -1.0 ? -INFINITY : result;
    const double finite = x == INFINITY ? x : number;
    const double large = x != x ? x : finite;
    return fabs(x) < 1e-17 ? x : large;
}
"""
SOFTPLUS_C = """\
AUTOGRAD_INLINE double autograd_softplus(double x)
{
    const double result = autograd_log1p(autograd_exp(-fabs(x))) + (x > 0.0 ? x : 0.0);
    return x != x ? x : result;
}
"""

EXP = (BITS_C, EXP_TAIL_C, SCALED_C, EXP_C)
EXPM1 = (BITS_C, EXP_TAIL_C, HALF_EXPM1_C, EXPM1_C)
TANH = (BITS_C, SIGN_C, EXP_TAIL_C, HALF_EXPM1_C, TANH_C)
SIGMOID = (*EXP, SIGMOID_C)
LOG = (BITS_C, LOG_PARTS_C, LOG_C)
LOG1P = (BITS_C, LOG_PARTS_C, LOG1P_C)
SOFTPLUS = (*EXP, LOG_PARTS_C, LOG1P_C, SOFTPLUS_C)
