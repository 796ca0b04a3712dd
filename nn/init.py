"""Initial weights: a seeded generator, and initialisers that draw weights from the generator.

An initialiser is a function of (in_size, out_size) that draws one weight. A call to a function of this module
makes an initialiser: ``Layer(2, 8, "relu", weight_init=init.kaiming_normal())``.

Weights are computed from ``random.Random.random()`` with + - * / and sqrt only, so they have the same bits on
every machine and in every version of Python.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

from nn import arguments

if TYPE_CHECKING:
    from collections.abc import Callable

    Initialiser = Callable[[int, int], float]

generator = random.Random(0)


def seed(number: int) -> None:
    """Restart the generator of weights and dropout; before the first call its seed is 0.

    The order of samples has its own seed, in `DataLoader` or `fit`.
    """
    generator.seed(number)


# Numbers


def draw_uniform(low: float, high: float) -> float:
    """A number drawn uniformly from [low, high)."""
    return low + (high - low) * generator.random()


def draw_normal(mean: float = 0.0, std: float = 1.0, source: random.Random = generator) -> float:
    """A normally distributed number, from comparisons of uniform numbers (Karney 2016, algorithm N).

    Other methods take logarithms, and the last bit of a logarithm depends on the machine.
    """
    while True:
        whole = 0
        while _happens(0.5, source):
            whole += 1
        if not all(_happens(0.5, source) for _ in range(whole * (whole - 1))):
            continue
        rest = source.random()
        chance = rest * (2 * whole + rest) / (2 * whole + 2)
        if all(_happens(chance, source) for _ in range(whole + 1)):
            size = whole + rest
            return mean + std * (size if source.random() < 0.5 else -size)


def _happens(x: float, source: random.Random) -> bool:
    """True with probability exp(-x), for 0 <= x <= 1: a falling run of numbers below x has even length."""
    even = True
    before = x
    while (drawn := source.random()) < before:
        even = not even
        before = drawn
    return even


# Initialisers


def constant(value: float) -> Initialiser:
    """The same number for every weight."""
    return lambda in_size, out_size: float(value)


def zeros() -> Initialiser:
    """0 for every weight."""
    return constant(0.0)


def uniform(low: float = 0.0, high: float = 1.0) -> Initialiser:
    """Uniform on [low, high)."""
    return lambda in_size, out_size: draw_uniform(low, high)


def normal(mean: float = 0.0, std: float = 1.0) -> Initialiser:
    """Normal with this mean and standard deviation."""
    return lambda in_size, out_size: draw_normal(mean, std)


def xavier_uniform(gain: float = 1.0) -> Initialiser:
    """Uniform with variance ``gain**2 * 2 / (in_size + out_size)`` (Glorot and Bengio 2010)."""
    return _uniform(lambda in_size, out_size: gain * math.sqrt(2.0 / (in_size + out_size)))


def xavier_normal(gain: float = 1.0) -> Initialiser:
    """Normal with variance ``gain**2 * 2 / (in_size + out_size)`` (Glorot and Bengio 2010)."""
    return _normal(lambda in_size, out_size: gain * math.sqrt(2.0 / (in_size + out_size)))


def kaiming_uniform(gain: float = math.sqrt(2.0)) -> Initialiser:
    """Uniform with variance ``gain**2 / in_size``; the default gain is for relu (He et al. 2015)."""
    return _uniform(lambda in_size, out_size: gain / math.sqrt(in_size))


def kaiming_normal(gain: float = math.sqrt(2.0)) -> Initialiser:
    """Normal with variance ``gain**2 / in_size``; the default gain is for relu (He et al. 2015)."""
    return _normal(lambda in_size, out_size: gain / math.sqrt(in_size))


def lecun_uniform() -> Initialiser:
    """Uniform with variance ``1 / in_size`` (LeCun et al. 1998)."""
    return kaiming_uniform(1.0)


def lecun_normal() -> Initialiser:
    """Normal with variance ``1 / in_size`` (LeCun et al. 1998)."""
    return kaiming_normal(1.0)


def _uniform(std: Callable[[int, int], float]) -> Initialiser:
    def draw(in_size: int, out_size: int) -> float:
        bound = math.sqrt(3.0) * std(in_size, out_size)
        return draw_uniform(-bound, bound)

    return draw


def _normal(std: Callable[[int, int], float]) -> Initialiser:
    return lambda in_size, out_size: draw_normal(0.0, std(in_size, out_size))


_NAMED = (zeros, uniform, normal, xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal)
RULES: dict[str, Callable[[], Initialiser]] = {
    **{rule.__name__: rule for rule in (*_NAMED, lecun_uniform, lecun_normal)},
    "glorot_uniform": xavier_uniform,
    "glorot_normal": xavier_normal,
    "he_uniform": kaiming_uniform,
    "he_normal": kaiming_normal,
}


def by_name(given: str | Initialiser) -> Initialiser:
    """The initialiser with the given name, or the given function itself."""
    found: Any = arguments.by_name("initialiser", RULES, given, "a function of (in_size, out_size)")
    initialiser: Initialiser = found() if isinstance(given, str) else found
    return initialiser


def for_activation(activation: str) -> Initialiser:
    """The initialiser that keeps the variance of signals from layer to layer.

    He's for relu and its kin, which halve the variance; LeCun's for the rest. For selu LeCun's weights are
    normal, because the constants of selu were derived for normal weights (Klambauer et al. 2017).
    """
    if activation in ("relu", "leaky_relu", "elu", "gelu", "silu", "mish"):
        return kaiming_uniform()
    return lecun_normal() if activation == "selu" else lecun_uniform()
