"""Generated data sets: two numbers for each sample, shuffled by the seed."""

from __future__ import annotations

import math
import random

from nn.arguments import whole_number
from nn.data.tables import shuffled
from nn.datasets.csv_files import Dataset
from nn.init import draw_normal


def _made(points: list[tuple[float, float, int]], noise: float, seed: int, classes: list[str]) -> Dataset:
    generator = random.Random(seed)
    X = [
        [draw_normal(x1, noise, generator), draw_normal(x2, noise, generator)] if noise else [x1, x2]
        for x1, x2, _ in points
    ]
    order = shuffled(len(points), generator)
    return Dataset([X[i] for i in order], [points[i][2] for i in order], ["x1", "x2"], classes)


def _share(i: int, count: int) -> float:
    return i / (count - 1) if count > 1 else 0.0


def _polar(radius: float, angle: float, label: int) -> tuple[float, float, int]:
    return radius * math.cos(angle), radius * math.sin(angle), label


def moons(samples: int = 100, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Two interleaved half circles; each number has normal noise of standard deviation `noise`."""
    upper = whole_number("samples", samples) // 2
    points = [_polar(1.0, math.pi * _share(i, upper), 0) for i in range(upper)]
    for i in range(samples - upper):
        x1, x2, _ = _polar(1.0, math.pi * _share(i, samples - upper), 1)
        points.append((1.0 - x1, 0.5 - x2, 1))
    return _made(points, noise, seed, ["upper", "lower"])


def circles(samples: int = 100, noise: float = 0.05, inner: float = 0.5, seed: int = 0) -> Dataset:
    """A circle of radius 1 around one of radius `inner`."""
    outside = whole_number("samples", samples) // 2
    points = [_polar(1.0, 2.0 * math.pi * i / outside, 0) for i in range(outside)]
    count = samples - outside
    points += [_polar(inner, 2.0 * math.pi * i / count, 1) for i in range(count)]
    return _made(points, noise, seed, ["outer", "inner"])


def spirals(
    samples: int = 200, noise: float = 0.02, turns: float = 1.0, arms: int = 2, seed: int = 0
) -> Dataset:
    """Spiral arms that wind around each other from the centre out to radius 1."""
    samples, arms = whole_number("samples", samples), whole_number("arms", arms)
    points = []
    for i in range(samples):
        arm, place = i % arms, i // arms
        radius = 0.1 + 0.9 * _share(place, -(-samples // arms))
        points.append(_polar(radius, 2.0 * math.pi * (turns * radius + arm / arms), arm))
    return _made(points, noise, seed, [f"arm {i}" for i in range(arms)])


def xor(samples: int = 4, noise: float = 0.0, seed: int = 0) -> Dataset:
    """The corners of the unit square in turn; class 1 where exactly one of the two coordinates is 1."""
    corners = [(0.0, 0.0, 0), (0.0, 1.0, 1), (1.0, 0.0, 1), (1.0, 1.0, 0)]
    count = whole_number("samples", samples)
    return _made([corners[i % 4] for i in range(count)], noise, seed, ["equal", "different"])


def blobs(samples: int = 150, classes: int = 3, spread: float = 0.2, seed: int = 0) -> Dataset:
    """A round cloud for each class, with centres evenly spaced on the unit circle."""
    samples, classes = whole_number("samples", samples), whole_number("classes", classes)
    points = [_polar(1.0, 2.0 * math.pi * (i % classes) / classes, i % classes) for i in range(samples)]
    return _made(points, spread, seed, [f"blob {i}" for i in range(classes)])
