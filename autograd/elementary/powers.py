"""pow in C: log2, the product and exp2 in numbers of twice the length, after FreeBSD's msun (e_pow.c).

The result before its last rounding is within 0.1 ulp, so that powers that are doubles are exact.
"""

from __future__ import annotations

from autograd.elementary.exponentials import EXP_TAIL_C, SCALED_C
from autograd.elementary.parts import BITS_C, ROUND, SIGN_C, polynomial

_POW_SERIES = (  # (log((1 + s) / (1 - s)) * 3 / (2*s) - 3 - z) / z**2 by z = s**2, up to 0.0107
    0.5999999999999999,
    0.4285714285723198,
    0.33333333236134655,
    0.2727276601273462,
    0.2306995291123855,
    0.20576232587819274,
)
POW_C = (
    """\
/* The 26 leading bits, whose products with 26 bits are exact. */
AUTOGRAD_INLINE double autograd_leading(double x)
{
    return autograd_double(autograd_bits(x) & 0xfffffffff8000000u);
}
/* (scaled * 2**shift)**y, in numbers of twice the length: log2, y times it, 2 to that power. */
AUTOGRAD_INLINE double autograd_pow_normal(double scaled, double shift, double y)
{
    /* scaled is m * 2**n with m / center from 0.865 to 1.23; center is 1 or 1.5 */
    const autograd_word bits = autograd_bits(scaled), halves = (bits + 0x451eb851eb852u) >> 51;
    const autograd_word exponent = halves >> 1;
    const double m = autograd_double(bits - (exponent << 52) + 0x3ff0000000000000u);
    const double center = autograd_double(((halves & 1) << 51) + 0x3ff0000000000000u);
    const double n = (autograd_double(exponent | 0x4330000000000000u) - 4503599627371519.0) + shift;
    const double middle = 2.0 * center - 2.0;

    /* s = (m - center) / (m + center) */
    const double f = m - center, sum = m + center, inverse = 1.0 / sum, s = f * inverse;
    const double sum_upper = autograd_leading(sum), sum_lower = m - (sum_upper - center);
    const double s_upper = autograd_leading(s);
    const double s_lower = ((f - s_upper * sum_upper) - s_upper * sum_lower) * inverse;

    /* log(m / center) = 2/3 * s * (3 + s**2 + s**4 * series) */
    const double z = s * s;
"""
    + polynomial("series", "z", _POW_SERIES)
    + f"""\
    const double square = s_upper * s_upper, rest = z2 * series + s_lower * (s_upper + s);
    const double factor = autograd_leading(3.0 + square + rest);
    const double factor_lower = rest - ((factor - 3.0) - square);
    const double u = s_upper * factor, v = s_lower * factor + factor_lower * s;
    const double p_upper = autograd_leading(u + v), p_lower = v - (p_upper - u);

    /* log2 of the whole = n + log2(center) + 2 / (3 * log(2)) * p */
    const double base = middle * 0.5849624872207642, z_upper = 0.9617966860532761 * p_upper;
    const double z_lower =
        7.872699542894897e-09 * p_upper + p_lower * 0.9617966939259756 + middle * 1.350039202129749e-08;
    const double log_upper = autograd_leading(((z_upper + z_lower) + base) + n);
    const double log_lower = z_lower - (((log_upper - n) - base) - z_upper);

    /* y times it, bounded: from there on the result is 0 or infinite */
    const double y_upper = autograd_leading(y), product = y_upper * log_upper;
    const double product_lower = (y - y_upper) * log_upper + y * log_lower;
    const double below = product < 1100.0 ? product : 1100.0, a = below > -1100.0 ? below : -1100.0;
    const double lowered = product_lower < 1.0 ? product_lower : 1.0, b = lowered > -1.0 ? lowered : -1.0;

    /* exp of the fraction times log(2) */
    const double shifted = (a + b) + {ROUND}, whole = shifted - {ROUND}, part = a - whole;
    const double t = autograd_leading(part + b), upper = t * 0.6931471675634384;
    const double lower = (b - (t - part)) * 0.6931471805599453 + t * 1.2996506893889889e-08;
    const double r = upper + lower, r_lower = lower - (r - upper), first = 1.0 + r;
    const double last = ((1.0 - first) + r) + (r_lower * first + autograd_exp_tail(r));
    return autograd_scaled(first + last, shifted);
}}
/* 1.0 for a whole number x >= 0, else 0.0. */
AUTOGRAD_INLINE double autograd_is_whole(double x)
{{
    const double bounded = x < 4503599627370496.0 ? x : 4503599627370496.0;
    return (bounded + 4503599627370496.0) - 4503599627370496.0 == bounded ? 1.0 : 0.0;
}}
/* x**0.5, which is 0.0 for -0.0 and infinite for -INFINITY. */
AUTOGRAD_INLINE double autograd_root(double x)
{{
    return sqrt(x == -INFINITY ? INFINITY : x) + 0.0;
}}
AUTOGRAD_INLINE double autograd_pow_quick(double x, double y)
{{
    const double size = fabs(x), exponent = fabs(y);
    const double shift = size < 2.2250738585072014e-308 ? -54.0 : 0.0;
    const double scaled = shift != 0.0 ? size * 18014398509481984.0 : size;
    const double bounded = exponent < 1e20 ? exponent : 1e20;
    const double positive = autograd_pow_normal(scaled, shift, autograd_signed(bounded, y));
    const double whole = autograd_is_whole(exponent), even = autograd_is_whole(0.5 * exponent);
    const double at_zero = y < 0.0 ? INFINITY : 0.0, at_infinity = y < 0.0 ? 0.0 : INFINITY;
    const double finite = size == INFINITY ? at_infinity : positive;
    const double result = size == 0.0 ? at_zero : finite;
    const double sign = even != 0.0 ? 1.0 : x, with_sign = autograd_signed(result, whole != 0.0 ? sign : 1.0);
    const double outside = size == INFINITY ? 0.0 : 1.0 - whole;
    const double number = x < 0.0 ? (outside != 0.0 ? NAN : with_sign) : with_sign;
    const double any = x != x ? x : (y != y ? y : number);
    const double other = y == 1.0 ? x : any, power = y == 2.0 ? x * x : (y == 0.5 ? autograd_root(x) : other);
    return x == 1.0 ? 1.0 : (y == 0.0 ? 1.0 : power);
}}
/* The same with branches, so that the commonest operands take less time. */
AUTOGRAD_INLINE double autograd_pow(double x, double y)
{{
    if (y == 2.0)
        return x * x;
    if (y == 1.0)
        return x;
    if (y == 0.5)
        return autograd_root(x);
    if (x >= 2.2250738585072014e-308 && x < INFINITY && fabs(y) < 1e20)
        return autograd_pow_normal(x, 0.0, y);
    return autograd_pow_quick(x, y);
}}
"""
)

POW = (BITS_C, SIGN_C, EXP_TAIL_C, SCALED_C, POW_C)
