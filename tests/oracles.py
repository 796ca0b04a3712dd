"""Independent references: the ops in mpmath's arbitrary precision, and points of their domains."""

import math
import random

import mpmath
from mpmath import mp, mpf

mp.dps = 60


def _fmod(x, y):
    quotient = x / y
    return x - y * (mpmath.floor(quotient) if quotient >= 0 else mpmath.ceil(quotient))


def _half_even(x):
    lower = mpmath.floor(x)
    rest = x - lower
    return lower + (1 if rest > 0.5 or (rest == 0.5 and lower % 2) else 0)


def _sinc_derivative(n, x):
    """Derivative n of sin(z)/z at z = pi*x, times pi**n, by the power series."""
    n = int(mpmath.floor(n))
    with mpmath.workdps(mp.dps + 60 + int(3 * abs(x))):
        z, total, k = mp.pi * x, mpf(0), (n + 1) // 2
        while True:
            power = 2 * k - n
            term = (-1) ** k * z**power / mpmath.factorial(power) / (2 * k + 1)
            total += term
            k += 1
            if power > abs(z) and abs(term) <= abs(total) * mpf(10) ** -mp.dps:
                return total * mp.pi**n


# The ops that mpmath has under another name, in another form, or not at all.
OTHER_NAMES = {
    "neg": lambda x: -x,
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "chain": lambda x, y: x * y,
    "pow": mpmath.power,
    "exp2": lambda x: mpmath.power(2, x),
    "log2": lambda x: mpmath.log(x) / mpmath.log(2),
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "gaussian": lambda x: mpmath.exp(-x * x),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "relu": lambda x: max(x, mpf(0)),
    "abs": abs,
    "lt": lambda x, y: mpf(x < y),
    "le": lambda x, y: mpf(x <= y),
    "eq": lambda x, y: mpf(x == y),
    "ne": lambda x, y: mpf(x != y),
    "where": lambda c, x, y: x if c != 0 else y,
    "maximum": max,
    "minimum": min,
    "lgamma": lambda x: mpmath.log(abs(mpmath.gamma(x))) if x < 0 else mpmath.loggamma(x),
    "polygamma": lambda n, x: mpmath.polygamma(int(mpmath.floor(n)), x),
    "norm_pdf": mpmath.npdf,
    "norm_cdf": lambda x: mpmath.erfc(-x / mpmath.sqrt(2)) / 2,
    "sinc": mpmath.sincpi,
    "sinc_derivative": _sinc_derivative,
    "round": _half_even,
    "fmod": _fmod,
    "identity": lambda x: x,
    "stop_gradient": lambda x: x,
}


def reference(name: str):
    """The op of this name, of single numbers, as a function of mpmath's numbers.

    Raises:
        AttributeError: if neither mpmath nor `OTHER_NAMES` has it: add it there.
    """
    return OTHER_NAMES.get(name) or getattr(mpmath, name)


def random_point(op, generator: random.Random) -> tuple[float, ...]:
    """A random point of the op's domain, uniform or log-uniform."""
    return tuple(_random_number(low, high, generator) for low, high in op.domain)


def _random_number(low: float, high: float, generator: random.Random) -> float:
    while True:
        if generator.random() < 0.5:
            x = low + (high - low) * generator.random()
        else:
            widest = math.log(max(abs(low), abs(high)))
            least = math.log(min(abs(low), abs(high)) if low > 0 or high < 0 else 1e-10)
            x = math.exp(least + (widest - least) * generator.random())
            if low < 0 and (high <= 0 or generator.random() < 0.5):
                x = -x
        if low < x < high:
            return x


def ulps(got: float, exact) -> float:
    """The error of a double, in units in the last place of the exact number."""
    return float(abs(mpf(got) - exact) / mpf(math.ulp(float(exact))))


def mp_slope(name: str, i: int, point: tuple[float, ...]):
    """The partial derivative by operand i, from a central difference in 400 digits.

    The step is relative, so that it serves numbers from 1e-300 to 1e300; its error is of order 1e-60.
    """
    function = reference(name)
    with mpmath.workdps(400):
        step = mpf(point[i]) * mpf("1e-40") or mpf("1e-40")
        upper, lower = ([mpf(x) + (j == i) * h for j, x in enumerate(point)] for h in (step, -step))
        return (function(*upper) - function(*lower)) / (2 * step)
