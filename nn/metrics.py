"""Metrics: numbers by which people judge a model; no gradients, plain floats and ints."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from autograd import Value
from nn.data import as_targets
from nn.naming import by_name, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


def single(output: Any) -> Any:
    """An output of a model: of a row of one its number, as targets in a column are numbers."""
    return output[0] if hasattr(output, "__len__") and len(output) == 1 else output


def _floats(numbers: Iterable[Any]) -> list[float]:
    return [float(x.data if isinstance(x, Value) else x) for x in numbers]


def _paired(predicted: Any, actual: Any) -> tuple[list[Any], list[Any]]:
    """Outputs and targets as lists, rows of one number as that number."""
    outputs = list(map(single, predicted))
    targets = as_targets(actual)
    if len(outputs) != len(targets) or not targets:
        raise ValueError(
            f"a metric needs one prediction for each target, and was given {len(outputs)} and {len(targets)}"
        )
    return outputs, targets


def _numbers(outputs: Any, targets: Any) -> list[tuple[float, float]]:
    """Each number that came out with the one it should have been, those of rows one after the other."""
    found: list[tuple[float, float]] = []
    for output, target in zip(*_paired(outputs, targets), strict=True):
        if hasattr(output, "__len__") != isinstance(target, list):
            raise ValueError(
                f"an output, {output!r}, and its target, {target!r}, are both a number or both a row"
            )
        rows = (output, target) if isinstance(target, list) else ([output], [target])
        found += zip(*map(_floats, rows), strict=True)
    return found


def classes_of(outputs: Sequence[Any], labels: Sequence[Any] = (), *, threshold: float = 0.0) -> list[int]:
    """The class that each output of a model stands for.

    Of a row of scores the place of the highest; of a single score 1 where it is above the threshold, else
    0, or -1 where `labels` has that. The threshold is 0 for scores; for probabilities, from a model that
    ends in a sigmoid, it is 0.5 (`fit`, `evaluate` and `predict_classes` see that by themselves).
    """
    low = -1 if any(label == -1 for label in labels) else 0
    found = []
    for output in outputs:
        scores = _floats(output if hasattr(output, "__len__") else [output])
        if len(scores) > 1:
            found.append(max(range(len(scores)), key=scores.__getitem__))
        else:
            found.append(1 if scores[0] > threshold else low)
    return found


def accuracy(outputs: Sequence[Any], labels: Sequence[Any], *, threshold: float = 0.0) -> float:
    """The share of samples whose class, see `classes_of`, is that of the label, or of the one-hot row."""
    outputs, labels = _paired(outputs, labels)
    labels = [classes_of([label])[0] if hasattr(label, "__len__") else label for label in labels]
    predicted = classes_of(outputs, labels, threshold=threshold)
    right = [p == label for p, label in zip(predicted, labels, strict=True)]
    return float(sum(right) / len(right))


def confusion_matrix(predicted: Sequence[int], labels: Sequence[int]) -> list[list[int]]:
    """How many samples of each class, a row, were taken for each class, a column; classes 0, 1, 2 ..."""
    predicted, labels = _paired(predicted, labels)
    for label in (*predicted, *labels):
        if hasattr(label, "__len__") or label < 0 or label != int(label):
            raise ValueError(
                f"classes are 0, 1, 2 ..., not {label!r}: write (label + 1) // 2 for labels -1 and 1, and "
                f"predict_classes(model, X) for the classes of a model's outputs"
            )
    predicted, labels = list(map(int, predicted)), list(map(int, labels))
    count = max(*predicted, *labels) + 1
    matrix = [[0] * count for _ in range(count)]
    for p, label in zip(predicted, labels, strict=True):
        matrix[label][p] += 1
    return matrix


def mean_absolute_error(outputs: Sequence[Any], targets: Sequence[Any]) -> float:
    """The mean distance of output and target, over all numbers where they are rows."""
    pairs = _numbers(outputs, targets)
    return math.fsum(abs(x - t) for x, t in pairs) / len(pairs)


def r2_score(outputs: Sequence[Any], targets: Sequence[Any]) -> float:
    """The share of the targets' variance that the outputs explain: 1 is best, 0 as good as their mean.

    Where all targets are equal it is 1 if the outputs are right, else 0; where targets are rows it is the
    mean over their columns; both as scikit-learn has it.
    """
    outputs, targets = _paired(outputs, targets)
    if isinstance(targets[0], list):
        columns = zip(zip(*outputs, strict=True), zip(*targets, strict=True), strict=True)
        scores = [r2_score(column, list(target)) for column, target in columns]
        return math.fsum(scores) / len(scores)
    pairs = _numbers(outputs, targets)
    centre = math.fsum(t for _, t in pairs) / len(pairs)
    rest = math.fsum((x - t) ** 2 for x, t in pairs)
    total = math.fsum((t - centre) ** 2 for _, t in pairs)
    if total == 0.0:
        return 1.0 if rest == 0.0 else 0.0
    return 1.0 - rest / total


METRICS: dict[str, Callable[..., float]] = {
    "accuracy": accuracy,
    "mean_absolute_error": mean_absolute_error,
    "r2": r2_score,
}


def metric_by_name(given: Any) -> tuple[str, Callable[..., float]]:
    """The name and the function of a metric that is given as either.

    Raises:
        ValueError: for an unknown name.
    """
    function = by_name("metric", METRICS, given, "a function of (outputs, targets)")
    return name_of(given), function
