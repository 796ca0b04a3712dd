"""The gamma functions, sinc and the normal distribution, for floats.

special_c.py has the same in C. Polynomials were fitted by interpolation at Chebyshev's
points in 50 digits. A polynomial goes through powers of t minus the middle of its interval. Below,
psi is the derivative of lgamma. Formulas have the numbers of the Digital Library of Mathematical Functions,
https://dlmf.nist.gov, chapters 5 and 25.
"""

from __future__ import annotations

import math
from math import copysign, inf, nan, pi

RECIPROCAL = (  # (1/gamma(1 + t) - 1) / (t * (1 - t)) for t from 0 to 1
    0.5135166683820503,
    -0.1646981057811324,
    -0.05255106857397674,
    0.04161568105120631,
    -0.00633683330508201,
    -0.0021579532692079704,
    0.0011042580869391366,
    -0.0001488873088419879,
    -2.5888670004269317e-05,
    1.3881273882379508e-05,
    -2.1338673676801534e-06,
    -6.229863608019317e-08,
    8.938988033967846e-08,
    -1.677863339838239e-08,
    8.428750960990943e-10,
)
STIRLING = (  # x * (lgamma(x) - Stirling's formula), DLMF 5.11.1, for t = 1/x**2 from 0 to 1/16
    0.0832472854130079,
    -0.002729823868695809,
    0.0007422709889833042,
    -0.0005055963965344312,
    0.0006129320533668566,
    -0.0011206284184630622,
    0.002797068423166099,
    -0.008931234144191221,
    0.0370988642143073,
    -0.17390223978422367,
)
PSI_FAR = (  # x**2 * (log(x) - 1/(2*x) - psi(x)), DLMF 5.11.2, for t = 1/x**2 from 0 to 1/16
    0.08307667142121442,
    -0.008096687732455086,
    0.003616555620894994,
    -0.003385941915113445,
    0.005166187127207587,
    -0.011277360552230385,
    0.03247528503001456,
    -0.11642915437350215,
    0.5008239564774547,
    -2.7895186784135633,
    16.272492444252475,
)
PSI_NEAR = (  # psi(t) / (t - root) for t from 1 to 2
    0.9510558760318328,
    -0.4236274212814606,
    0.24054248424078697,
    -0.14840492305388092,
    0.09498872445289039,
    -0.06192213327548831,
    0.040760833940846085,
    -0.026975796659787055,
    0.017907248317313294,
    -0.011908220105959716,
    0.007927021796868154,
    -0.005279937255532708,
    0.003518106563802472,
    -0.0023454947397380833,
    0.0015633696313653504,
    -0.0010364584817312839,
    0.0006909255761282986,
    -0.00048595039220036254,
    0.00032395945401345196,
    -0.00014480643368061614,
    9.653646261410062e-05,
    -0.0001782188548855923,
    0.00011881232908510335,
)
ROOT, ROOT_REST = 1.4616321449683622, 9.549995429965697e-17  # the positive root of psi
# B_2j / (2j)!, for j from 1 to 10, of Euler's and Maclaurin's formula for the zeta function, DLMF 25.11.28
BERNOULLI: tuple[float, ...] = (
    1 / 12,
    -1 / 720,
    1 / 30240,
    -1 / 1209600,
    1 / 47900160,
    -691 / 1307674368000,
    1 / 74724249600,
)
BERNOULLI += (-3617 / 10670622842880000, 43867 / 5109094217170944000, -174611 / 802857662698291200000)
ROOT_TWO_PI = math.sqrt(2.0 * pi)
STIRLING_CONSTANT = 0.5 * math.log(2.0 * pi) - 0.5
ROOT_HALF = math.sqrt(0.5)
ROOT_HALF_UPPER = 0.7071067839860916  # ROOT_HALF in 26 bits
ROOT_HALF_LOWER = ROOT_HALF - ROOT_HALF_UPPER
ROOT_HALF_REST = -4.833646656726457e-17  # sqrt(1/2) - ROOT_HALF
INV_ROOT_PI = 1.0 / math.sqrt(pi)
MOST_DERIVATIVES = 170.0  # whose factorial is finite


def _polynomial(coefficients: tuple[float, ...], t: float) -> float:
    total = 0.0
    for c in reversed(coefficients):
        total = total * t + c
    return total


def _whole(x: float) -> bool:
    return x == math.floor(x)


def _sin_pi(x: float) -> float:
    """sin(pi * x) of a finite x, exactly 0 for whole x."""
    nearest = float(round(x))
    r = x - nearest
    size = math.sin(pi * r) if abs(r) <= 0.25 else copysign(math.cos(pi * (0.5 - abs(r))), r)
    return 0.0 - size if math.fmod(nearest, 2.0) else size


def _cos_pi(x: float) -> float:
    nearest = float(round(x))
    r = abs(x - nearest)
    size = math.cos(pi * r) if r <= 0.25 else math.sin(pi * (0.5 - r))
    return -size if math.fmod(nearest, 2.0) else size


def _excess(t: float) -> float:
    """1/gamma(1 + t) - 1 for t from 0 to 1; it is 0 at both ends."""
    return t * (1.0 - t) * _polynomial(RECIPROCAL, t - 0.5)


def _correction(x: float) -> float:
    """lgamma(x) minus Stirling's formula, for x from 4 on."""
    return _polynomial(STIRLING, 1.0 / (x * x) - 0.03125) / x


def gamma(x: float) -> float:
    """The gamma function: +-inf at +-0, nan at negative whole numbers, as C's tgamma."""
    if x != x or x == -inf or (x < 0.0 and _whole(x)):
        return nan
    if x == 0.0:
        return copysign(inf, x)
    if x < 0.0:  # reflection, DLMF 5.5.3
        return 1.0 / x if x > -1e-100 else -pi / (_sin_pi(-x) * -x) / gamma(-x)
    if x > 171.7:
        return inf
    if x >= 4.0:
        rest = ROOT_TWO_PI * math.exp(_correction(x))
        if x <= 140.0:
            return math.pow(x, x - 0.5) * math.exp(-x) * rest
        half = math.pow(x, 0.5 * x - 0.25)
        return half * math.exp(-x) * rest * half
    if x < 1.0:
        return 1.0 / (x * (1.0 + _excess(x)))
    if x < 2.0:
        return 1.0 / (1.0 + _excess(x - 1.0))
    if x < 3.0:
        return (x - 1.0) / (1.0 + _excess(x - 2.0))
    return (x - 1.0) * (x - 2.0) / (1.0 + _excess(x - 3.0))


def lgamma(x: float) -> float:
    """The logarithm of |gamma(x)|: inf at 0 and at negative whole numbers, as C's lgamma."""
    if x != x:
        return nan
    if x - x != 0.0 or (x <= 0.0 and _whole(x)):
        return inf
    if -1.0 < x < 0.0:
        return lgamma(1.0 + x) - math.log(-x)
    if x < 0.0:
        return math.log(pi / abs(_sin_pi(-x) * x)) - lgamma(-x)
    if x >= 4.0:
        return (x - 0.5) * (math.log(x) - 1.0) + (STIRLING_CONSTANT + _correction(x))
    if x < 1.0:
        return -math.log(x) - math.log1p(_excess(x))
    if x < 2.0:
        return -math.log1p(_excess(x - 1.0))
    if x < 3.0:  # so that nothing cancels at 2
        t = x - 2.0
        return math.log1p(t * (1.0 - (1.0 - t) * _polynomial(RECIPROCAL, t - 0.5)) / (1.0 + _excess(t)))
    return math.log((x - 1.0) * (x - 2.0)) - math.log1p(_excess(x - 3.0))


def _psi(x: float) -> float:
    """The derivative of lgamma: -+inf at +-0, nan at negative whole numbers."""
    if x == 0.0:
        return -copysign(inf, x)
    if x < 0.0:  # reflection, DLMF 5.5.4; x is not whole
        if x > -1e-100:
            return -1.0 / x
        return _psi(-x) - 1.0 / x + pi * _cos_pi(-x) / _sin_pi(-x)
    if x >= 4.0:
        t = 1.0 / (x * x)
        return math.log(x) - (0.5 / x + t * _polynomial(PSI_FAR, t - 0.03125))
    base = 1.0 + x if x < 1.0 else x if x <= 2.0 else x - 1.0 if x <= 3.0 else x - 2.0
    near = (base - ROOT - ROOT_REST) * _polynomial(PSI_NEAR, base - 1.5)
    if x < 1.0:
        return near - 1.0 / x
    return near if x <= 2.0 else near + 1.0 / base if x <= 3.0 else near + (1.0 / base + 1.0 / (x - 1.0))


def _zeta(n: float, x: float) -> float:
    """n! times the sum of (x + k)**-(n + 1) over k = 0, 1, 2 ..., for whole n > 0 and x > 0.

    By Euler's and Maclaurin's formula. Numbers are scaled by a power of 2 near 1/x, so that nothing overflows
    or underflows but the result.
    """
    if x < 1e-160:
        return inf
    s, far, unit = n + 1.0, max(10.0, n + 7.0), math.ldexp(1.0, -math.frexp(x)[1])
    total, lost, k, y, rounded, small = 0.0, 0.0, 0.0, x, 0.0, False
    while y < far and not small:
        term = math.pow(y * unit, -s) * (1.0 - s * rounded / y)
        before, total = total, total + term
        lost += before - (total - term) if term > before else term - (total - before)
        small = term * y < 1e-18 * total
        k += 1.0
        y = x + k
        rounded = (x - (y - (y - x))) + (k - (y - x))  # x + k - y, exactly (Knuth's TwoSum)
    if not small:
        power = math.pow(y * unit, -s) * (1.0 - s * rounded / y)
        term = power * s / y
        lost += power * (y / n + 0.5)
        for j, b in enumerate(BERNOULLI):
            lost += b * term
            term *= (s + (2 * j + 1)) / y * ((s + (2 * j + 2)) / y)
    total = (total + lost) * unit
    for j in range(1, int(n) + 1):
        total *= j * unit
    return total


def polygamma(n: float, x: float) -> float:
    """Derivative n (rounded down) of psi; nan for n below 0 or above 170, and at poles with unequal sides."""
    n = math.floor(n) if n - n == 0.0 else n
    if x != x or x == -inf or not 0.0 <= n <= MOST_DERIVATIVES:
        return nan
    even = math.fmod(n, 2.0) == 0.0
    if x <= 0.0 and _whole(x):
        if not even:
            return inf
        return -copysign(inf, x) if x == 0.0 else nan
    if x == inf:
        return inf if n == 0.0 else 0.0 if not even else -0.0
    if n == 0.0:
        return _psi(x)
    sign = -1.0 if even else 1.0
    if x > 0.0:
        return sign * _zeta(n, x)
    # The sum over all whole k, less that over the negative ones.
    r = x - round(x)
    both = _zeta(n, r) + sign * _zeta(n, 1.0 - r) if r > 0.0 else _zeta(n, 1.0 + r) + sign * _zeta(n, -r)
    return sign * (both - sign * _zeta(n, 1.0 - x))


def sinc_derivative(n: float, x: float) -> float:
    """Derivative n (rounded down) of sinc; nan for n below 0 or above 170.

    With z = pi*x and K_n the derivatives of sin(z)/z: z*K_n + n*K_(n-1) = sin(z + n*pi/2). The recurrence
    is stable upwards as long as n < z, and downwards from a large n as long as n > z.
    """
    n = math.floor(n) if n - n == 0.0 else n
    if x != x or not 0.0 <= n <= MOST_DERIVATIVES:
        return nan
    if x - x != 0.0:
        return 0.0
    sine, cosine = _sin_pi(x), _cos_pi(x)
    z = pi * x
    waves = (sine, cosine, -sine, -cosine)
    order = int(n)
    if abs(z) > max(3, order):
        value = sine / z
        for k in range(1, order + 1):
            value = (waves[k % 4] - k * value) / z
    else:
        value = 0.0
        for k in range(max(order, int(abs(z))) + 60, order, -1):
            value = (waves[k % 4] - z * value) / k
    return value * math.pow(pi, n)


def sinc(x: float) -> float:
    """sin(pi * x) / (pi * x), 1 at 0, 0 at infinities."""
    if x - x != 0.0:
        return nan if x != x else 0.0
    return _sin_pi(x) / (pi * x) if pi * x != 0.0 else 1.0


def norm_pdf(x: float) -> float:
    """exp(-x*x/2) / sqrt(2*pi); x is split, since exp would magnify the rounding of x*x."""
    if x * x > 1492.0:
        return 0.0
    scaled = x * 134217729.0  # Veltkamp's splitting
    upper = scaled - (scaled - x)
    return math.exp(-0.5 * upper * upper) * math.exp(0.5 * (upper - x) * (upper + x)) / ROOT_TWO_PI


def norm_cdf(x: float) -> float:
    """erfc(-x/sqrt(2)) / 2, and a first-order term for the rounding of x/sqrt(2), which erfc magnifies."""
    if x < -40.0 or x > 40.0:
        return 0.0 if x < 0.0 else 1.0
    t = -x * ROOT_HALF
    scaled = x * 134217729.0
    upper = scaled - (scaled - x)
    rest = x - upper
    rounded = ((t + upper * ROOT_HALF_UPPER) + upper * ROOT_HALF_LOWER) + rest * ROOT_HALF_UPPER
    rounded += rest * ROOT_HALF_LOWER + x * ROOT_HALF_REST  # t + x * sqrt(1/2): t is too large by this
    return 0.5 * math.erfc(t) + rounded * math.exp(-t * t) * INV_ROOT_PI
