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
    const double sum = half + 1.0, lost = half - (sum - 1.0), ratio = (large != 0.0 ? 1.0 : half) / sum;
    const double rest = 1.0 - ratio; /* 1 / sum, unless large */
    const double result = autograd_signed(large != 0.0 ? rest : ratio - ratio * (lost * rest), x);
    const double number = x != x ? x : result;
    return size < 1e-9 ? x : number;
}
"""
SIGMOID_C = """\
AUTOGRAD_INLINE double autograd_sigmoid(double x)
{
    const double e = autograd_exp(-fabs(x)), sum = 1.0 + e, lost = e - (sum - 1.0);
    const double ratio = (x >= 0.0 ? 1.0 : e) / sum, inverse = x >= 0.0 ? ratio : 1.0 - ratio;
    const double result = ratio - ratio * (lost * inverse);
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

_SIN_TAIL = (  # (sin(r) - r) / r**3 and (cos(r) - 1 + r**2/2) / r**4, by r**2, for |r| <= pi / 4
    -0.16666666666666666,
    0.008333333333330936,
    -0.00019841269836740532,
    2.7557316093198404e-06,
    -2.5051129896450185e-08,
    1.5917988979397435e-10,
)
_COS_TAIL = (
    0.041666666666666664,
    -0.0013888888888887389,
    2.48015872987544e-05,
    -2.755731726587808e-07,
    2.087614504941318e-09,
    -1.138254464534925e-11,
)
# pi/2 in parts; of 33 bits, but for the last, so that products with whole numbers below 2**20 are exact
_HALF_PI = ("1.5707963267341256", "6.077100506303966e-11", "2.0222662487111665e-21", "8.4784276603689e-32")
SIN_PARTS_C = (
    """\
/* sin(r + rest + turns * pi/2) for |r| <= pi/4, where rest is smaller than the last digit of r. */
AUTOGRAD_INLINE double autograd_sin_turned(double r, double rest, autograd_word turns)
{
    const double square = r * r, half = 0.5 * square, whole = 1.0 - half;
"""
    + _polynomial("sine", "square", _SIN_TAIL)
    + _polynomial("cosine", "square", _COS_TAIL).replace("    const double square2", "\0").split("\n", 2)[2]
    + """\
    const double sin_r = r + (square * r * sine + rest * whole);
    const double cos_r = whole + (((1.0 - whole) - half) + (square2 * cosine - r * rest));
    const autograd_word s = autograd_bits(sin_r), c = autograd_bits(cos_r);
    return autograd_double((s ^ ((s ^ c) & (0 - (turns & 1)))) ^ ((turns & 2) << 62));
}
"""
    + f"""\
/* sin(x + turns * pi/2) for |x| <= 1e6. */
AUTOGRAD_INLINE double autograd_sin_near(double x, autograd_word turns)
{{
    const double shifted = x * 0.6366197723675814 + {_ROUND}, n = shifted - {_ROUND};
    const double a = x - n * {_HALF_PI[0]}, b = n * {_HALF_PI[1]}, c = n * {_HALF_PI[2]};
    const double ab = a - b, part = ab - a, lost = (a - (ab - part)) - (b + part);
    const double abc = ab - c, next = abc - ab, lost_next = (ab - (abc - next)) - (c + next);
    const double lower = (lost + lost_next) - n * {_HALF_PI[3]}, r = abc + lower;
    return autograd_sin_turned(r, (abc - r) + lower, autograd_bits(shifted) + turns);
}}
"""
)
# 2/pi, from its binary point on
_TWO_OVER_PI = (
    "a2f9836e 4e441529 fc2757d1 f534ddc0 db629599 3c439041 fe5163ab debbc561 b7246e3a 424dd2e0 06492eea "
    "09d1921c fe1deb1c b129a73e e88235f5 2ebb4484 e99c7026 b45f7e41 3991d639 835339f4 9c845f8b bdf9283b "
    "1ff897ff de05980f ef2f118b 5a0a6d1f 6d367ecf 27cb09b7 4f463f66 9e5fea2d 7527bac7 ebe5f17b 3d0739f7 "
    "8a5292ea 6bfb5fb1 1f8d5d08 56033046 fc7b6bab f0cfbc20"
).split()
SIN_FAR_C = f"""\
/* The 64 bits that begin at this place of a number of 32-bit digits. */
static autograd_word autograd_window(const autograd_word *digits, int at)
{{
    const int k = at / 32, shift = at % 32;
    const autograd_word low = digits[k] >> shift | digits[k + 1] << (32 - shift);
    return shift ? low | digits[k + 2] << (64 - shift) : low;
}}
/* sin(x + turns * pi/2) for any x: the digits of x * 2/pi that matter are multiplied out. */
static double autograd_sin_far(double x, autograd_word turns)
{{
    static const unsigned int two_over_pi[] = {{
        {", ".join(f"0x{word}" for word in _TWO_OVER_PI[:13])},
        {", ".join(f"0x{word}" for word in _TWO_OVER_PI[13:26])},
        {", ".join(f"0x{word}" for word in _TWO_OVER_PI[26:])}}};
    const autograd_word bits = autograd_bits(x) & 0x7fffffffffffffffu;
    const autograd_word fraction = (bits & 0xfffffffffffffu) | 0x10000000000000u;
    const int exponent = (int)(bits >> 52) - 1075; /* x is the fraction times 2**exponent */
    if (exponent > 971)
        return NAN;
    const int skipped = exponent > 2 ? (exponent - 2) / 32 : 0; /* digits that make whole turns */
    autograd_word product[13] = {{0}};
    for (int half = 0; half < 2; half++) {{
        autograd_word carry = 0;
        for (int i = 0; i < 8; i++) {{
            const autograd_word digit = half ? fraction >> 32 : fraction & 0xffffffffu;
            carry += product[half + i] + digit * two_over_pi[skipped + 7 - i];
            product[half + i] = carry & 0xffffffffu;
            carry >>= 32;
        }}
        product[half + 8] = carry;
    }}
    const int point = 256 - (exponent - 32 * skipped);
    autograd_word quarter = autograd_window(product, point) & 3;
    autograd_word upper = autograd_window(product, point - 64), lower = autograd_window(product, point - 128);
    const int above = (int)(upper >> 63); /* nearer to the next quarter of a turn, from which it is counted */
    if (above) {{
        quarter++;
        lower = ~lower + 1;
        upper = ~upper + (lower == 0);
    }}
    const double a = (double)(upper >> 32) * 0x1p-32, b = (double)(upper & 0xffffffffu) * 0x1p-64;
    const double c = (double)(lower >> 32) * 0x1p-96 + (double)(lower & 0xffffffffu) * 0x1p-128;
    const double ab = a + b, abc = ab + c, rest = ((a - ab) + b) + ((ab - abc) + c);
    const double high = autograd_double(autograd_bits(abc) & 0xfffffffff8000000u), low = abc - high;
    const double r = abc * 1.5707963267948966;
    const double exact = ((high * 1.570796325802803 - r) + low * 1.570796325802803)
        + high * 9.920935184482005e-10 + low * 9.920935184482005e-10;
    double near = r + 0.0, tail = exact + abc * 6.123233995736766e-17 + rest * 1.5707963267948966;
    if (above != (x < 0.0)) {{
        near = -near;
        tail = -tail;
    }}
    return autograd_sin_turned(near, tail, (x < 0.0 ? 0 - quarter : quarter) + turns);
}}
"""
SIN_C = """\
AUTOGRAD_INLINE double autograd_sin_quick(double x)
{
    const double result = autograd_sin_near(x, 0);
    return fabs(x) < 1e-9 ? x : result;
}
AUTOGRAD_INLINE double autograd_sin(double x)
{
    return fabs(x) > 1e6 ? autograd_sin_far(x, 0) : autograd_sin_quick(x);
}
"""
COS_C = """\
AUTOGRAD_INLINE double autograd_cos_quick(double x)
{
    return autograd_sin_near(x, 1);
}
AUTOGRAD_INLINE double autograd_cos(double x)
{
    return fabs(x) > 1e6 ? autograd_sin_far(x, 1) : autograd_cos_quick(x);
}
"""

_ERF_NEAR = (  # erf(x) / x - 1 by x**2, for |x| <= 1
    0.12837916709551256,
    -0.37612638903183543,
    0.11283791670945006,
    -0.02686617064323777,
    0.0052239776071164225,
    -0.0008548325975389692,
    0.00012055294904839707,
    -1.492473690741966e-05,
    1.6447424703317362e-06,
    -1.6208483801871705e-07,
    1.3720064546777686e-08,
    -7.795898827002142e-10,
)
_ERF_FAR = (  # -log(1 - erf(1 + t)) for 0 <= t <= 5
    1.8496055099332482,
    2.6389675142347757,
    0.8431072563594127,
    0.04156109802507917,
    -0.010033825179125787,
    0.0019779012159295947,
    -0.00023731643566900798,
    -2.6296323640661204e-05,
    2.7198965339710816e-05,
    -9.671366125744622e-06,
    2.1319287091294814e-06,
    -2.0480382853143117e-07,
    -5.801582593395636e-08,
    3.339283071415509e-08,
    -8.519177610235082e-09,
    1.3191718600955252e-09,
    -1.193328208968627e-10,
    4.865333341649342e-12,
)
ERF_C = (
    """\
AUTOGRAD_INLINE double autograd_erf(double x)
{
    const double size = fabs(x), bounded = size > 6.0 ? 6.0 : size, t = bounded - 1.0, square = x * x;
"""
    + _polynomial("near", "square", _ERF_NEAR)
    + _polynomial("far", "t", _ERF_FAR)
    + """\
    const double result = size < 1.0 ? x + x * near : autograd_signed(1.0 - autograd_exp(-far), x);
    return x != x ? x : result;
}
"""
)

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
    + _polynomial("series", "z", _POW_SERIES)
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
    const double small = product_lower < 1.0 ? product_lower : 1.0, b = small > -1.0 ? small : -1.0;

    /* exp of the fraction times log(2) */
    const double shifted = (a + b) + {_ROUND}, whole = shifted - {_ROUND}, part = a - whole;
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
    const double other = y == 1.0 ? x : any, power = y == 2.0 ? x * x : other;
    return x == 1.0 ? 1.0 : (y == 0.0 ? 1.0 : power);
}}
/* The same with branches, so that the commonest operands take less time. */
AUTOGRAD_INLINE double autograd_pow(double x, double y)
{{
    if (y == 2.0)
        return x * x;
    if (y == 1.0)
        return x;
    if (x >= 2.2250738585072014e-308 && x < INFINITY && fabs(y) < 1e20)
        return autograd_pow_normal(x, 0.0, y);
    return autograd_pow_quick(x, y);
}}
"""
)

EXP = (BITS_C, EXP_TAIL_C, SCALED_C, EXP_C)
EXPM1 = (BITS_C, EXP_TAIL_C, HALF_EXPM1_C, EXPM1_C)
TANH = (BITS_C, SIGN_C, EXP_TAIL_C, HALF_EXPM1_C, TANH_C)
SIGMOID = (*EXP, SIGMOID_C)
LOG = (BITS_C, LOG_PARTS_C, LOG_C)
LOG1P = (BITS_C, LOG_PARTS_C, LOG1P_C)
SOFTPLUS = (*EXP, LOG_PARTS_C, LOG1P_C, SOFTPLUS_C)
SIN = (BITS_C, SIN_PARTS_C, SIN_FAR_C, SIN_C)
COS = (BITS_C, SIN_PARTS_C, SIN_FAR_C, COS_C)
ERF = (BITS_C, SIGN_C, EXP_TAIL_C, SCALED_C, EXP_C, ERF_C)
POW = (BITS_C, SIGN_C, EXP_TAIL_C, SCALED_C, POW_C)
