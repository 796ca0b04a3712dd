"""Tables of samples and targets as lists: reading, splitting, and one-hot rows."""

from __future__ import annotations

import math
import random
import warnings
from typing import TYPE_CHECKING, Any

from nn.arguments import whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence


def shuffled(count: int, generator: random.Random) -> list[int]:
    """The numbers 0 to count - 1 in random order (Fisher and Yates), by draws of ``generator.random()``."""
    import numpy as np

    order = list(range(count))
    last = range(count - 1, 0, -1)
    if count > 1:
        words = generator.getrandbits(64 * len(last)).to_bytes(8 * len(last), "little")
        a, b = np.frombuffer(words, "<u4").reshape(-1, 2).T
        random = ((a >> 5) * 67108864.0 + (b >> 6)) / 9007199254740992.0  # what random() makes of two words
        for i, j in zip(last, (random * np.arange(count, 1, -1)).astype(int).tolist(), strict=True):
            order[i], order[j] = order[j], order[i]
    return order


def as_list(data: Any) -> list[Any]:
    """A list, NumPy array, pandas frame or series as nested lists of Python numbers."""
    if hasattr(data, "to_numpy"):
        data = data.to_numpy()
    if hasattr(data, "tolist"):
        data = data.tolist()
    if isinstance(data, (str, bytes)) or not hasattr(data, "__iter__"):
        raise TypeError(f"data is a list, an array or a frame with a row for each sample, not {data!r}")
    return [list(row) if hasattr(row, "__iter__") and not isinstance(row, str) else row for row in data]


def as_rows(X: Any) -> list[list[float]]:
    """The samples as rows of floats.

    Raises:
        ValueError: if rows differ in length, or an entry is no finite number.
    """
    rows = as_list(X)
    for i, row in enumerate(rows):
        if not isinstance(row, list):
            raise ValueError(
                f"a sample is a row of numbers, and X[{i}] is {row!r}: write [[x] for x in X] for one "
                f"column, [row] for one sample"
            )
        if len(row) != len(rows[0]):
            raise ValueError(
                f"X[0] has {len(rows[0])} numbers, and X[{i}] {len(row)}: make rows equally long"
            )
        if set(map(type, row)) == {float} and math.isfinite(sum(row)):
            continue  # the usual row; the sum of an infinity or a nan is not finite
        for j, x in enumerate(row):
            if not _is_number(x):
                raise ValueError(
                    f"X[{i}][{j}] is {x!r}, which is no number: encode it, as one_hot does classes"
                )
            if not math.isfinite(x):
                raise ValueError(
                    f"X[{i}][{j}] is {x!r}, not a finite number: leave out the row, or fill in a number"
                )
    return [list(map(float, row)) for row in rows]


def as_targets(y: Any) -> list[Any]:
    """The targets as numbers, whole numbers as ints, or as rows of floats.

    Raises:
        ValueError: if a target is no finite number.
    """
    targets = as_list(y)
    for i, target in enumerate(targets):
        for x in target if isinstance(target, list) else (target,):
            if not _is_number(x) or not math.isfinite(x):
                raise ValueError(
                    f"y[{i}] is {target!r}, and a target is a finite number: for names of classes write "
                    f"classes.index(name); fit and evaluate take names too"
                )
    if targets and all(isinstance(target, list) and len(target) == 1 for target in targets):
        targets = [target[0] for target in targets]  # a table of one column
    return [[float(x) for x in target] if isinstance(target, list) else _plain(target) for target in targets]


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float)) or (hasattr(x, "dtype") and hasattr(x, "__float__"))


def _plain(x: Any) -> int | float:
    number = float(x)
    return int(number) if isinstance(x, int) or (number.is_integer() and hasattr(x, "__index__")) else number


def one_hot(
    labels: Sequence[int], num_classes: int | None = None, *, classes: int | None = None
) -> list[list[float]]:
    """For each label a row of zeros with 1.0 in the place of its class; as wide as there are classes.

    `classes` is the name that version 0.1 had for `num_classes`.

    Raises:
        ValueError: if a label is not the number of a class.
    """
    if classes is not None:
        warnings.warn("one_hot: write num_classes instead of classes", DeprecationWarning, stacklevel=2)
        num_classes = classes
    numbers = as_targets(labels)
    if any(isinstance(label, list) for label in numbers):
        raise ValueError("labels are class numbers, not rows: these labels are one-hot encoded already")
    count = int(max(numbers, default=0)) + 1
    if num_classes is not None:
        count = whole_number("num_classes", num_classes)
    for label in numbers:
        if label not in range(count):
            raise ValueError(f"the label {label!r} is none of the classes 0 to {count - 1}")
    return [[float(i == label) for i in range(count)] for label in numbers]


def train_test_split(
    X: Sequence[Any], y: Sequence[Any], test_fraction: float = 0.3, seed: int = 0
) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
    """``X_train, X_test, y_train, y_test``: samples shuffled by the seed, the last part for testing.

    Raises:
        ValueError: if X and y differ in length, or either part would be empty.
    """
    X, y = as_list(X), as_list(y)
    check_lengths(X, y)
    train = len(X) - round(len(X) * test_fraction)
    if not 0 < train < len(X):
        raise ValueError(
            f"test_fraction={test_fraction!r} of {len(X)} samples leaves a part empty: pass a share above 0 "
            f"and below 1"
        )
    order = shuffled(len(X), random.Random(seed))
    learn, test = order[:train], order[train:]
    return [X[i] for i in learn], [X[i] for i in test], [y[i] for i in learn], [y[i] for i in test]


def check_lengths(X: Sequence[Any], y: Sequence[Any]) -> None:
    """Raise a ValueError if there is not one target for each sample."""
    if len(X) != len(y):
        raise ValueError(f"there is one target for each sample, but X has {len(X)} and y has {len(y)}")
