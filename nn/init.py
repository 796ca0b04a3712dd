"""Initial weights: one seeded generator, and the rules by which weights are drawn from it.

A rule is a function of (in_size, out_size) that draws one weight; those of this page are made by calling
their name: ``Layer(2, 8, "relu", weight_init=init.kaiming_normal())``.

Only ``random.Random.random()`` is drawn from, and what is made of it needs no more than + - * / and
sqrt: weights are equal, to the last bit, on every machine and in every version of Python.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

from nn import naming

if TYPE_CHECKING:
    from collections.abc import Callable

    Initialiser = Callable[[int, int], float]

generator = random.Random(0)


def seed(number: int) -> None:
    """Start the generator of weights and dropout anew; without a call it starts from seed 0.

    Samples are shuffled by the seed of their `DataLoader`, or of `fit`.
    """
    generator.seed(number)


# Numbers


def draw_uniform(low: float, high: float) -> float:
    """A number drawn evenly from [low, high)."""
    return low + (high - low) * generator.random()


def draw_normal(mean: float = 0.0, std: float = 1.0, source: random.Random = generator) -> float:
    """A normally distributed number, by comparisons of even ones alone (Karney 2016, algorithm N).

    Other methods take logarithms, whose last bit depends on the machine.
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
    """True with probability exp(-x), for 0 <= x <= 1: whether a falling run that starts below x is even."""
    even = True
    before = x
    while (drawn := source.random()) < before:
        even = not even
        before = drawn
    return even


# Rules


def constant(value: float) -> Initialiser:
    """The same number for every weight."""
    return lambda in_size, out_size: float(value)


def zeros() -> Initialiser:
    """0 for every weight."""
    return constant(0.0)


def uniform(low: float = 0.0, high: float = 1.0) -> Initialiser:
    """Evenly from [low, high)."""
    return lambda in_size, out_size: draw_uniform(low, high)


def normal(mean: float = 0.0, std: float = 1.0) -> Initialiser:
    """Normally distributed."""
    return lambda in_size, out_size: draw_normal(mean, std)


def xavier_uniform(gain: float = 1.0) -> Initialiser:
    """Evenly, with variance ``gain**2 * 2 / (in_size + out_size)`` (Glorot and Bengio 2010)."""
    return _even(lambda in_size, out_size: gain * math.sqrt(2.0 / (in_size + out_size)))


def xavier_normal(gain: float = 1.0) -> Initialiser:
    """Normally, with variance ``gain**2 * 2 / (in_size + out_size)`` (Glorot and Bengio 2010)."""
    return _normal(lambda in_size, out_size: gain * math.sqrt(2.0 / (in_size + out_size)))


def kaiming_uniform(gain: float = math.sqrt(2.0)) -> Initialiser:
    """Evenly, with variance ``gain**2 / in_size``; the gain is relu's (He et al. 2015)."""
    return _even(lambda in_size, out_size: gain / math.sqrt(in_size))


def kaiming_normal(gain: float = math.sqrt(2.0)) -> Initialiser:
    """Normally, with variance ``gain**2 / in_size``; the gain is relu's (He et al. 2015)."""
    return _normal(lambda in_size, out_size: gain / math.sqrt(in_size))


def lecun_uniform() -> Initialiser:
    """Evenly, with variance ``1 / in_size`` (LeCun et al. 1998)."""
    return kaiming_uniform(1.0)


def lecun_normal() -> Initialiser:
    """Normally, with variance ``1 / in_size`` (LeCun et al. 1998)."""
    return kaiming_normal(1.0)


def _even(std: Callable[[int, int], float]) -> Initialiser:
    def draw(in_size: int, out_size: int) -> float:
        bound = math.sqrt(3.0) * std(in_size, out_size)
        return draw_uniform(-bound, bound)

    return draw


def _normal(std: Callable[[int, int], float]) -> Initialiser:
    return lambda in_size, out_size: draw_normal(0.0, std(in_size, out_size))


RULES: dict[str, Callable[[], Initialiser]] = {
    "zeros": zeros,
    "uniform": uniform,
    "normal": normal,
    "xavier_uniform": xavier_uniform,
    "xavier_normal": xavier_normal,
    "glorot_uniform": xavier_uniform,
    "glorot_normal": xavier_normal,
    "kaiming_uniform": kaiming_uniform,
    "kaiming_normal": kaiming_normal,
    "he_uniform": kaiming_uniform,
    "he_normal": kaiming_normal,
    "lecun_uniform": lecun_uniform,
    "lecun_normal": lecun_normal,
}


def by_name(given: str | Initialiser) -> Initialiser:
    """The rule of a name, or the function that was given.

    Raises:
        ValueError: for an unknown name.
    """
    found: Any = naming.by_name("initialiser", RULES, given, "a function of (in_size, out_size)")
    rule: Initialiser = found() if isinstance(given, str) else found
    return rule


def for_activation(activation: str) -> Initialiser:
    """The rule that keeps the variance of signals from layer to layer.

    He's for relu and its kin, which halve it; LeCun's for the rest, drawn normally for selu, whose
    constants were found for that (Klambauer et al. 2017).
    """
    if activation in ("relu", "leaky_relu", "elu", "gelu", "silu", "mish"):
        return kaiming_uniform()
    return lecun_normal() if activation == "selu" else lecun_uniform()
