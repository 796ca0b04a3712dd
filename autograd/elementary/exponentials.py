"""exp, expm1, tanh, sigmoid and erf in C."""

from __future__ import annotations

from autograd.elementary.parts import BITS_C, LN2_LOWER, LN2_UPPER, ROUND, SIGN_C, polynomial

_INV_LN2 = "1.4426950408889634"

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
    + polynomial("cubic", "r", _EXP_TAIL)
    + """\
    return 0.5 * square + square * r * cubic;
}
"""
)
SCALED_C = f"""\
/* x * 2**n, rounded once, for the whole number n = shifted - {ROUND}. */
AUTOGRAD_INLINE double autograd_scaled(double x, double shifted)
{{
    const autograd_word n = autograd_bits(shifted);
    const autograd_word half = autograd_bits((shifted - {ROUND}) * 0.5 + {ROUND});
    return x * autograd_double((half + 1023) << 52) * autograd_double((n - half + 1023) << 52);
}}
"""
EXP_C = f"""\
AUTOGRAD_INLINE double autograd_exp(double x)
{{
    const double below = x > 710.0 ? 710.0 : x, bounded = below < -746.0 ? -746.0 : below;
    const double shifted = bounded * {_INV_LN2} + {ROUND}, n = shifted - {ROUND};
    const double upper = bounded - n * {LN2_UPPER}, lower = n * {LN2_LOWER}, r = upper - lower;
    const double sum = 1.0 + r, lost = ((1.0 - sum) + r) + ((upper - r) - lower) * sum;
    const double result = autograd_scaled(sum + (autograd_exp_tail(r) + lost), shifted);
    return x != x ? x : result;
}}
"""
HALF_EXPM1_C = f"""\
/* expm1(x) / 2 for -700 < x < 710. */
AUTOGRAD_INLINE double autograd_half_expm1(double x)
{{
    const double shifted = x * {_INV_LN2} + {ROUND}, n = shifted - {ROUND};
    const double upper = x - n * {LN2_UPPER}, lower = n * {LN2_LOWER}, r = upper - lower;
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
    + polynomial("near", "square", _ERF_NEAR)
    + polynomial("far", "t", _ERF_FAR)
    + """\
    const double result = size < 1.0 ? x + x * near : autograd_signed(1.0 - autograd_exp(-far), x);
    return x != x ? x : result;
}
"""
)

EXP = (BITS_C, EXP_TAIL_C, SCALED_C, EXP_C)
EXPM1 = (BITS_C, EXP_TAIL_C, HALF_EXPM1_C, EXPM1_C)
TANH = (BITS_C, SIGN_C, EXP_TAIL_C, HALF_EXPM1_C, TANH_C)
SIGMOID = (*EXP, SIGMOID_C)
ERF = (BITS_C, SIGN_C, EXP_TAIL_C, SCALED_C, EXP_C, ERF_C)
