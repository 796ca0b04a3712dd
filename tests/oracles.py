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


# One function for each row whose operands are single numbers.
MP = {
    "neg": lambda x: -x,
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "chain": lambda x, y: x * y,
    "pow": mpmath.power,
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "exp2": lambda x: mpmath.power(2, x),
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "log2": lambda x: mpmath.log(x) / mpmath.log(2),
    "log10": lambda x: mpmath.log(x) / mpmath.log(10),
    "sqrt": mpmath.sqrt,
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "asin": mpmath.asin,
    "acos": mpmath.acos,
    "atan": mpmath.atan,
    "atan2": mpmath.atan2,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "tanh": mpmath.tanh,
    "asinh": mpmath.asinh,
    "acosh": mpmath.acosh,
    "atanh": mpmath.atanh,
    "hypot": mpmath.hypot,
    "gaussian": lambda x: mpmath.exp(-x * x),
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
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
    "floor": mpmath.floor,
    "ceil": mpmath.ceil,
    "round": _half_even,
    "sign": mpmath.sign,
    "fmod": _fmod,
    "identity": lambda x: x,
    "stop_gradient": lambda x: x,
}


def random_point(op, generator: random.Random) -> tuple[float, ...]:
    """A point inside the op's domain: even, or even in the logarithm of the distance to 0."""
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
    """How far a double is from an exact number, in units of the last place of that number."""
    return float(abs(mpf(got) - exact) / mpf(math.ulp(float(exact))))


def mp_slope(name: str, i: int, point: tuple[float, ...]):
    """The partial derivative by operand i, by a central difference in 400 digits.

    The step is relative, so that it serves numbers from 1e-300 to 1e300; its error is of order 1e-60.
    """
    with mpmath.workdps(400):
        step = mpf(point[i]) * mpf("1e-40") or mpf("1e-40")
        upper, lower = ([mpf(x) + (j == i) * h for j, x in enumerate(point)] for h in (step, -step))
        return (MP[name](*upper) - MP[name](*lower)) / (2 * step)
