"""Metrics: numbers that tell people how good a model is; plain floats, without gradients."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from autograd import Value
from nn.arguments import by_name, name_of
from nn.data.tables import as_list, as_targets
from nn.evaluation.losses import number_pairs
from nn.evaluation.predictions import Predictions, may_be_probabilities, threshold_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


def single(output: Any) -> Any:
    """An output of a model; a row of one number becomes the number, like targets in a column."""
    return output[0] if hasattr(output, "__len__") and len(output) == 1 else output


def has_names(labels: Any) -> bool:
    """Whether labels are names of classes, at least one."""
    return any(isinstance(single(label), str) for label in as_list(labels))


def class_numbers(labels: Any, classes: list[str]) -> list[Any]:
    """The labels, names of classes as their numbers.

    Raises:
        ValueError: for a name that is not among the classes.
    """
    numbers = {name: i for i, name in enumerate(classes)}
    found = []
    for label in map(single, as_list(labels)):
        if isinstance(label, str) and label not in numbers:
            raise ValueError(
                f"{label!r} is none of the classes {', '.join(classes) or '(the model has none)'}"
            )
        found.append(numbers[label] if isinstance(label, str) else label)
    return found


def _numbered(outputs: Any, labels: Any) -> tuple[Predictions, list[Any]]:
    """Outputs and labels with names of classes as their numbers."""
    kind, classes = (outputs.outputs, outputs.classes) if isinstance(outputs, Predictions) else (None, None)
    outputs, labels = as_list(outputs), as_list(labels)
    if classes is None and has_names(outputs) and not has_names(labels):
        raise ValueError("the predictions are names of classes and the labels are not: pass both as names")
    if classes is None:
        classes = sorted({x for x in map(single, [*outputs, *labels]) if isinstance(x, str)})
    kind = "classes" if has_names(outputs) else kind
    return Predictions(class_numbers(outputs, classes), kind, classes), class_numbers(labels, classes)


def _floats(numbers: Iterable[Any]) -> list[float]:
    return [float(x.data if isinstance(x, Value) else x) for x in numbers]


def _paired(predicted: Any, actual: Any) -> tuple[list[Any], list[Any]]:
    """Outputs and targets as lists; rows of one number become the number."""
    outputs = list(map(single, predicted))
    targets = as_targets(actual)
    if len(outputs) != len(targets) or not targets:
        raise ValueError(
            f"a metric needs one prediction for each target, and was given {len(outputs)} and {len(targets)}"
        )
    return outputs, targets


def _numbers(outputs: Any, targets: Any) -> list[tuple[float, float]]:
    """Pairs of single numbers (output, target); rows are flattened."""
    pairs = number_pairs(*_paired(outputs, targets))
    return list(zip(*(_floats(numbers) for numbers in zip(*pairs, strict=True)), strict=True))


def classes_of(
    outputs: Sequence[Any], labels: Sequence[Any] = (), *, threshold: float | None = None
) -> list[int]:
    """The class of each output of a model.

    The class of a row of scores is the place of the highest score. The class of a single score is 1 above
    the threshold, otherwise 0, or -1 if -1 is among `labels`.

    Args:
        outputs: the result of `predict`, which knows whether its numbers are probabilities or logits, or any
            sequence of numbers or rows.
        labels: the labels of the samples; if -1 is among them, the classes of single scores are -1 and 1. If
            there are labels other than -1, 0 and 1, single outputs must be classes already.
        threshold: the threshold for single scores. The default is 0.5 for probabilities; it is 0 for logits,
            for numbers that cannot be probabilities, and if -1 is among `labels`.

    Raises:
        ValueError: if the threshold could be 0.5 or 0 and the classes depend on it, or if single scores
            cannot stand for the labels.
    """
    kind = outputs.outputs if isinstance(outputs, Predictions) else None
    rows = [_floats(output if hasattr(output, "__len__") else [output]) for output in outputs]
    singles = [row[0] for row in rows if len(row) == 1]
    if kind == "classes" or (threshold is None and _are_classes(singles, kind, labels)):
        return [int(row[0]) for row in rows]
    limit = _threshold(singles, kind, labels) if threshold is None else threshold
    low = -1 if any(label == -1 for label in labels) else 0
    found = []
    for row in rows:
        if len(row) > 1:
            found.append(max(range(len(row)), key=row.__getitem__))
        else:
            found.append(1 if row[0] > limit else low)
    return found


def _are_classes(scores: list[float], kind: str | None, labels: Sequence[Any]) -> bool:
    """Whether single numbers are classes already, because no threshold gives labels like these."""
    strange = [label for label in labels if not hasattr(label, "__len__") and label not in (-1, 0, 1)]
    if not strange or not scores:
        return False
    for score in scores:
        if kind is not None or score < 0.0 or not score.is_integer():
            raise ValueError(
                f"a single output, {score!r}, stands for one of two classes, 0 and 1 or -1 and 1, and a "
                f"label is {strange[0]!r}: make the last layer as wide as there are classes"
            )
    return True


def _threshold(scores: list[float], kind: str | None, labels: Sequence[Any]) -> float:
    """The default threshold for single outputs."""
    threshold = threshold_of(kind, labels)
    if threshold is not None or not scores:
        return threshold or 0.0
    doubtful = [score for score in scores if 0.0 < score <= 0.5]
    if kind == "values":
        raise ValueError(
            f"outputs that are values, such as {(doubtful or scores)[0]!r}, stand for no classes: {CURE}"
        )
    many = [score for score in scores if score > 1.0]
    if all(score >= 0.0 and score.is_integer() for score in scores) and many:
        raise ValueError(
            f"cannot tell whether {many[0]!r} is a class or a score: pass threshold=0.0 for scores, and for "
            f"classes what predict_classes returns"
        )
    if doubtful and may_be_probabilities(scores):
        raise ValueError(f"cannot tell whether {doubtful[0]!r} stands for class 0 or 1: {CURE}")
    return 0.0


CURE = (
    "pass threshold=0.5 for probabilities, threshold=0.0 for logits, or tell the model once by "
    "model.outputs = 'probabilities', or 'logits', and pass what predict returns"
)


def accuracy(outputs: Sequence[Any], labels: Sequence[Any], *, threshold: float | None = None) -> float:
    """The share of samples with the right class.

    Args:
        outputs: the result of `predict`, `predict_proba` or `predict_classes`, or any sequence of outputs.
        labels: for each sample its class, as a number or a name, or a one-hot row.
        threshold: the threshold for models with one output, see `classes_of`.

    Raises:
        ValueError: if the threshold would be a guess, see `classes_of`.
    """
    outputs, labels = _numbered(outputs, labels)
    kind = outputs.outputs
    outputs, labels = _paired(outputs, labels)
    labels = [classes_of([label])[0] if hasattr(label, "__len__") else label for label in labels]
    predicted = classes_of(Predictions(outputs, kind), labels, threshold=threshold)
    right = [p == label for p, label in zip(predicted, labels, strict=True)]
    return float(sum(right) / len(right))


def confusion_matrix(predicted: Sequence[Any], labels: Sequence[Any]) -> list[list[int]]:
    """Counts of samples by actual class (rows) and predicted class (columns).

    Classes are 0, 1, 2 ..., or names: in the order of the model's classes, or else in alphabetical order.
    """
    predicted, labels = _paired(*_numbered(predicted, labels))
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
    """The mean distance between output and target, over all numbers of rows."""
    pairs = _numbers(outputs, targets)
    return math.fsum(abs(x - t) for x, t in pairs) / len(pairs)


def r2_score(outputs: Sequence[Any], targets: Sequence[Any]) -> float:
    """The share of the targets' variance explained by the outputs: 1 is best; the mean of targets scores 0.

    If all targets are equal, the score is 1 for exact outputs and 0 otherwise; if targets are rows, the score
    is the mean over their columns; both as in scikit-learn.
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
    """The name and the function of a metric, given as either."""
    function = by_name("metric", METRICS, given, "a function of (outputs, targets)")
    return name_of(given), function
