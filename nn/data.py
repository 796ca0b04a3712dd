"""Data before training: splitting and scaling."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def shuffled(count: int, generator: random.Random) -> list[int]:
    """The numbers 0 to count - 1 in random order, drawn with `random()` only (Fisher and Yates)."""
    order = list(range(count))
    for i in range(count - 1, 0, -1):
        j = int(generator.random() * (i + 1))
        order[i], order[j] = order[j], order[i]
    return order


def train_test_split(
    X: Sequence[Any], y: Sequence[Any], test_fraction: float = 0.3, seed: int = 0
) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
    """``X_train, X_test, y_train, y_test``: samples shuffled by the seed, the last part for testing.

    Raises:
        ValueError: if X and y differ in length, or either part would be empty.
    """
    if len(X) != len(y):
        raise ValueError(f"there is one target for each sample, but X has {len(X)} and y has {len(y)}")
    train = len(X) - round(len(X) * test_fraction)
    if not 0 < train < len(X):
        raise ValueError(
            f"test_fraction={test_fraction!r} of {len(X)} samples leaves a part empty: pass one above 0 and "
            f"below 1"
        )
    order = shuffled(len(X), random.Random(seed))
    return (
        [X[i] for i in order[:train]],
        [X[i] for i in order[train:]],
        [y[i] for i in order[:train]],
        [y[i] for i in order[train:]],
    )


def standardise(
    X: Sequence[Sequence[float]], *others: Sequence[Sequence[float]]
) -> tuple[list[list[float]], ...]:
    """X with mean 0 and standard deviation 1 in each column, and others (a test set) scaled alike.

    A column of equal numbers becomes 0.
    """
    widths = sorted({len(row) for table in (X, *others) for row in table})
    if len(widths) != 1:
        raise ValueError(f"every row needs the same columns, and there are rows of {widths} numbers")
    columns = [[float(x) for x in column] for column in zip(*X, strict=True)]
    centres = [_centre(column) for column in columns]
    spreads = [
        math.sqrt(math.fsum((x - centre) ** 2 for x in column) / len(column)) or 1.0
        for column, centre in zip(columns, centres, strict=True)
    ]
    return tuple(
        [[(x - c) / s for x, c, s in zip(row, centres, spreads, strict=True)] for row in table]
        for table in (X, *others)
    )


def _centre(column: list[float]) -> float:
    """The mean; of equal numbers that very number, which rounding might miss."""
    return column[0] if min(column) == max(column) else math.fsum(column) / len(column)
