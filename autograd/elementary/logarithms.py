"""log, log1p and softplus in C, by the method of FreeBSD's msun (e_log.c, s_log1p.c)."""

from __future__ import annotations

from autograd.elementary.exponentials import EXP
from autograd.elementary.parts import BITS_C, LN2_LOWER, LN2_UPPER, polynomial

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
    + polynomial("series", "z", _LOG_SERIES)
    + f"""\
    return n * {LN2_UPPER} - ((half - (s * (half + z * series) + n * {LN2_LOWER})) - f);
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

LOG = (BITS_C, LOG_PARTS_C, LOG_C)
LOG1P = (BITS_C, LOG_PARTS_C, LOG1P_C)
SOFTPLUS = (*EXP, LOG_PARTS_C, LOG1P_C, SOFTPLUS_C)
