"""The functions of special.py as C text.

A helper has all that it needs under names of its own, since the text of a formula has the helpers of its ops
alone.
"""

from __future__ import annotations

from math import pi

from autograd.table.special import (
    BERNOULLI,
    INV_ROOT_PI,
    MOST_DERIVATIVES,
    PSI_FAR,
    PSI_NEAR,
    RECIPROCAL,
    ROOT,
    ROOT_HALF,
    ROOT_HALF_LOWER,
    ROOT_HALF_REST,
    ROOT_HALF_UPPER,
    ROOT_REST,
    ROOT_TWO_PI,
    STIRLING,
    STIRLING_CONSTANT,
)


def _array(name: str, numbers: tuple[float, ...]) -> str:
    return f"static const double {name}[] = {{{', '.join(map(repr, numbers))}}};\n"


_C_POLYNOMIAL = """\
static double OP_polynomial(const double *coefficients, int count, double t)
{
    double total = 0.0;
    while (count--)
        total = total * t + coefficients[count];
    return total;
}
"""
_C_SIN_PI = """\
static double OP_sin_pi(double x)
{
    const double nearest = rint(x), r = x - nearest, pi = 3.141592653589793;
    const double size = fabs(r) <= 0.25 ? sin(pi * r) : copysign(cos(pi * (0.5 - fabs(r))), r);
    return fmod(nearest, 2.0) != 0.0 ? 0.0 - size : size;
}
"""
_C_COS_PI = """\
static double OP_cos_pi(double x)
{
    const double nearest = rint(x), r = fabs(x - nearest), pi = 3.141592653589793;
    const double size = r <= 0.25 ? cos(pi * r) : sin(pi * (0.5 - r));
    return fmod(nearest, 2.0) != 0.0 ? -size : size;
}
"""
_C_EXCESS = (
    _array("OP_reciprocal", RECIPROCAL)
    + _array("OP_stirling", STIRLING)
    + f"""\
static double OP_excess(double t)
{{
    return t * (1.0 - t) * OP_polynomial(OP_reciprocal, {len(RECIPROCAL)}, t - 0.5);
}}
static double OP_correction(double x)
{{
    return OP_polynomial(OP_stirling, {len(STIRLING)}, 1.0 / (x * x) - 0.03125) / x;
}}
"""
)
GAMMA_C = (
    (_C_POLYNOMIAL + _C_SIN_PI + _C_EXCESS).replace("OP_", "autograd_gamma_")
    + f"""\
static double autograd_gamma(double x)
{{
    if (x != x || x == -INFINITY || (x < 0.0 && x == floor(x)))
        return NAN;
    if (x == 0.0)
        return copysign(INFINITY, x);
    if (x < 0.0)
        return x > -1e-100 ? 1.0 / x : {-pi!r} / (autograd_gamma_sin_pi(-x) * -x) / autograd_gamma(-x);
    if (x > 171.7)
        return INFINITY;
    if (x >= 4.0) {{
        const double rest = {ROOT_TWO_PI!r} * exp(autograd_gamma_correction(x));
        if (x <= 140.0)
            return pow(x, x - 0.5) * exp(-x) * rest;
        const double half = pow(x, 0.5 * x - 0.25);
        return half * exp(-x) * rest * half;
    }}
    if (x < 1.0)
        return 1.0 / (x * (1.0 + autograd_gamma_excess(x)));
    if (x < 2.0)
        return 1.0 / (1.0 + autograd_gamma_excess(x - 1.0));
    if (x < 3.0)
        return (x - 1.0) / (1.0 + autograd_gamma_excess(x - 2.0));
    return (x - 1.0) * (x - 2.0) / (1.0 + autograd_gamma_excess(x - 3.0));
}}
"""
)
LGAMMA_C = (
    (_C_POLYNOMIAL + _C_SIN_PI + _C_EXCESS).replace("OP_", "autograd_lgamma_")
    + f"""\
static double autograd_lgamma(double x)
{{
    if (x != x)
        return NAN;
    if (x - x != 0.0 || (x <= 0.0 && x == floor(x)))
        return INFINITY;
    if (x > -1.0 && x < 0.0)
        return autograd_lgamma(1.0 + x) - log(-x);
    if (x < 0.0)
        return log({pi!r} / fabs(autograd_lgamma_sin_pi(-x) * x)) - autograd_lgamma(-x);
    if (x >= 4.0)
        return (x - 0.5) * (log(x) - 1.0) + ({STIRLING_CONSTANT!r} + autograd_lgamma_correction(x));
    if (x < 1.0)
        return -log(x) - log1p(autograd_lgamma_excess(x));
    if (x < 2.0)
        return -log1p(autograd_lgamma_excess(x - 1.0));
    if (x < 3.0) {{
        const double t = x - 2.0;
        const double s = autograd_lgamma_polynomial(autograd_lgamma_reciprocal, {len(RECIPROCAL)}, t - 0.5);
        return log1p(t * (1.0 - (1.0 - t) * s) / (1.0 + autograd_lgamma_excess(t)));
    }}
    return log((x - 1.0) * (x - 2.0)) - log1p(autograd_lgamma_excess(x - 3.0));
}}
"""
)
POLYGAMMA_C = (
    (_C_POLYNOMIAL + _C_SIN_PI + _C_COS_PI).replace("OP_", "autograd_polygamma_")
    + _array("autograd_polygamma_near", PSI_NEAR)
    + _array("autograd_polygamma_far", PSI_FAR)
    + _array("autograd_polygamma_bernoulli", BERNOULLI)
    + f"""\
static double autograd_polygamma_psi(double x)
{{
    if (x == 0.0)
        return -copysign(INFINITY, x);
    if (x < 0.0 && x > -1e-100)
        return -1.0 / x;
    if (x < 0.0)
        return autograd_polygamma_psi(-x) - 1.0 / x
            + {pi!r} * autograd_polygamma_cos_pi(-x) / autograd_polygamma_sin_pi(-x);
    if (x >= 4.0) {{
        const double t = 1.0 / (x * x);
        const double rest = autograd_polygamma_polynomial(autograd_polygamma_far, {len(PSI_FAR)},
                                                             t - 0.03125);
        return log(x) - (0.5 / x + t * rest);
    }}
    const double base = x < 1.0 ? 1.0 + x : x <= 2.0 ? x : x <= 3.0 ? x - 1.0 : x - 2.0;
    const double slope = autograd_polygamma_polynomial(autograd_polygamma_near, {len(PSI_NEAR)},
                                                          base - 1.5);
    const double near = (base - {ROOT!r} - {ROOT_REST!r}) * slope;
    if (x < 1.0)
        return near - 1.0 / x;
    return x <= 2.0 ? near : x <= 3.0 ? near + 1.0 / base : near + (1.0 / base + 1.0 / (x - 1.0));
}}
static double autograd_polygamma_zeta(double n, double x)
{{
    if (x < 1e-160)
        return INFINITY;
    int exponent, small = 0;
    frexp(x, &exponent);
    const double s = n + 1.0, far = n + 7.0 > 10.0 ? n + 7.0 : 10.0, unit = ldexp(1.0, -exponent);
    double total = 0.0, lost = 0.0, k = 0.0, y = x, rounded = 0.0;
    while (y < far && !small) {{
        const double term = pow(y * unit, -s) * (1.0 - s * rounded / y), before = total;
        total += term;
        lost += term > before ? before - (total - term) : term - (total - before);
        small = term * y < 1e-18 * total;
        k += 1.0;
        y = x + k;
        rounded = (x - (y - (y - x))) + (k - (y - x));
    }}
    if (!small) {{
        const double power = pow(y * unit, -s) * (1.0 - s * rounded / y);
        double term = power * s / y;
        lost += power * (y / n + 0.5);
        for (int j = 0; j < {len(BERNOULLI)}; j++) {{
            lost += autograd_polygamma_bernoulli[j] * term;
            term *= (s + (2 * j + 1)) / y * ((s + (2 * j + 2)) / y);
        }}
    }}
    total = (total + lost) * unit;
    for (int j = 1; j <= (int)n; j++)
        total *= j * unit;
    return total;
}}
static double autograd_polygamma(double n, double x)
{{
    n = floor(n);
    if (x != x || x == -INFINITY || !(0.0 <= n && n <= {MOST_DERIVATIVES!r}))
        return NAN;
    const int even = fmod(n, 2.0) == 0.0;
    if (x <= 0.0 && x == floor(x))
        return !even ? INFINITY : x == 0.0 ? -copysign(INFINITY, x) : NAN;
    if (x == INFINITY)
        return n == 0.0 ? INFINITY : even ? -0.0 : 0.0;
    if (n == 0.0)
        return autograd_polygamma_psi(x);
    const double sign = even ? -1.0 : 1.0;
    if (x > 0.0)
        return sign * autograd_polygamma_zeta(n, x);
    const double r = x - rint(x);
    const double right = autograd_polygamma_zeta(n, r > 0.0 ? r : 1.0 + r);
    const double left = autograd_polygamma_zeta(n, r > 0.0 ? 1.0 - r : -r);
    return sign * (right + sign * left - sign * autograd_polygamma_zeta(n, 1.0 - x));
}}
"""
)
SINC_C = (
    _C_SIN_PI.replace("OP_", "autograd_sinc_")
    + f"""\
static double autograd_sinc(double x)
{{
    if (x - x != 0.0)
        return x != x ? NAN : 0.0;
    return {pi!r} * x != 0.0 ? autograd_sinc_sin_pi(x) / ({pi!r} * x) : 1.0;
}}
"""
)
SINC_DERIVATIVE_C = (
    (_C_SIN_PI + _C_COS_PI).replace("OP_", "autograd_sinc_derivative_")
    + f"""\
static double autograd_sinc_derivative(double n, double x)
{{
    n = floor(n);
    if (x != x || !(0.0 <= n && n <= {MOST_DERIVATIVES!r}))
        return NAN;
    if (x - x != 0.0)
        return 0.0;
    const double sine = autograd_sinc_derivative_sin_pi(x), cosine = autograd_sinc_derivative_cos_pi(x);
    const double z = {pi!r} * x, waves[] = {{sine, cosine, -sine, -cosine}};
    const int order = (int)n;
    double value;
    if (fabs(z) > (order > 3 ? order : 3)) {{
        value = sine / z;
        for (int k = 1; k <= order; k++)
            value = (waves[k % 4] - k * value) / z;
    }}
    else {{
        value = 0.0;
        for (int k = (order > (int)fabs(z) ? order : (int)fabs(z)) + 60; k > order; k--)
            value = (waves[k % 4] - z * value) / k;
    }}
    return value * pow({pi!r}, n);
}}
"""
)
NORM_PDF_C = f"""\
static double autograd_norm_pdf(double x)
{{
    if (x * x > 1492.0)
        return 0.0;
    const double scaled = x * 134217729.0, upper = scaled - (scaled - x);
    return exp(-0.5 * upper * upper) * exp(0.5 * (upper - x) * (upper + x)) / {ROOT_TWO_PI!r};
}}
"""
NORM_CDF_C = f"""\
static double autograd_norm_cdf(double x)
{{
    if (x < -40.0 || x > 40.0)
        return x < 0.0 ? 0.0 : 1.0;
    const double t = -x * {ROOT_HALF!r}, scaled = x * 134217729.0;
    const double upper = scaled - (scaled - x), rest = x - upper;
    double rounded = (t + upper * {ROOT_HALF_UPPER!r}) + upper * {ROOT_HALF_LOWER!r};
    rounded += rest * {ROOT_HALF_UPPER!r};
    rounded += rest * {ROOT_HALF_LOWER!r} + x * {ROOT_HALF_REST!r};
    return 0.5 * erfc(t) + rounded * exp(-t * t) * {INV_ROOT_PI!r};
}}
"""
