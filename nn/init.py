"""Initial weights: one seeded generator, and how widely to draw from it."""

from __future__ import annotations

import math
import random

_generator = random.Random(0)


def seed(number: int) -> None:
    """Start the generator of initial weights anew; a program that does not call it starts from seed 0.

    Only ``random.Random.random()`` is drawn from, whose numbers are the same on every machine and in
    every version of Python.
    """
    _generator.seed(number)


def uniform(low: float, high: float) -> float:
    """A number drawn evenly from [low, high)."""
    return low + (high - low) * _generator.random()


def bound(activation: str, in_size: int) -> float:
    """The half width of an even distribution that keeps the variance of signals from layer to layer.

    ``sqrt(6 / n)`` for relu, which halves it (He et al. 2015), else ``sqrt(3 / n)`` (LeCun et al. 1998).
    """
    return math.sqrt((6.0 if activation.endswith("relu") else 3.0) / max(in_size, 1))
