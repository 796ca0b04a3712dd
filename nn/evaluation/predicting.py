"""Predicting: outputs, classes and probabilities of samples, and scores of a model on samples."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from autograd import Value, no_grad, sigmoid, softmax
from nn.arguments import name_of
from nn.data.tables import as_rows, as_targets
from nn.evaluation.losses import check_outputs, hinge_loss, loss_by_name, outputs_for
from nn.evaluation.metrics import accuracy, class_numbers, classes_of, has_names, metric_by_name, single
from nn.evaluation.predictions import Predictions, may_be_probabilities, threshold_of
from nn.models.module import class_names
from nn.models.outputs import outputs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from nn.models.module import Module, class_names

    Metrics = Sequence[tuple[str, Callable[..., float]]]


def predict(model: Module, X: Any) -> Predictions:
    """The outputs for samples as plain numbers: a number for each sample, or a row if the model has several.

    The samples are encoded and standardised like those of `fit`, if its encoder or scaler is kept with the
    model. The list knows the kind of output (`Module.outputs`), which `accuracy` needs. The model is in
    evaluation mode during the call (`Module.eval`), and returns to its previous mode.
    """
    return Predictions(numbers_for(model, rows_for(model, X)), outputs_of(model), class_names(model))


@no_grad()
def numbers_for(model: Module, rows: list[list[float]]) -> list[Any]:
    """The outputs of the model, in evaluation mode, for rows that `rows_for` has prepared."""
    with in_use(model):
        return [numbers_of(output_for(model, x)) for x in rows]


def rows_for(model: Module, X: Any) -> list[list[float]]:
    """The samples as the model takes them: encoded and scaled by what is kept with the model."""
    rows = as_rows(X) if model._encoder is None else model._encoder.transform(X)
    return rows if model._scaler is None else model._scaler.transform(rows)


def targets_for(y: Any, classes: list[str] | None, loss_of: Callable[..., Any]) -> list[Any]:
    """The targets as the loss takes them: names of classes become their numbers.

    Raises:
        ValueError: for names without a loss of classes, or that are not among the classes.
    """
    if not has_names(y):
        return as_targets(y)
    if outputs_for(loss_of) == "values":
        raise ValueError(
            f"the targets are names, and {name_of(loss_of)} compares numbers: use a loss of classes, such as "
            f"'cross_entropy'"
        )
    numbers = class_numbers(y, classes or [])
    return [2 * number - 1 for number in numbers] if loss_of is hinge_loss else numbers


def predict_classes(
    model: Module, X: Any, labels: Sequence[Any] = (), *, threshold: float | None = None
) -> Predictions:
    """The class of each sample.

    Args:
        model, X: see `predict`.
        labels: the possible labels, such as -1 and 1; by default 0, 1 ...
        threshold: for a model with one output, the threshold above which a sample has class 1; by default 0.5
            for probabilities and 0 for logits, see `Module.outputs`.

    A model that was fitted to names gives names, see `fit`; so do `labels` that are names.

    Raises:
        ValueError: if the threshold would be a guess, see `classes_of`.
    """
    named = bool(labels) and all(isinstance(label, str) for label in labels)
    names = list(labels) if named else None if labels else class_names(model)
    numbers = classes_of(predict(model, X), () if named else labels, threshold=threshold)
    if names is None:
        return Predictions(numbers, "classes")
    if max(numbers, default=0) >= len(names):
        raise ValueError(f"the class number {max(numbers)} has no name: the classes are {', '.join(names)}")
    return Predictions([names[max(number, 0)] for number in numbers], "classes", names)


def predict_proba(model: Module, X: Any) -> Predictions:
    """The probabilities of classes for each sample.

    A model with several outputs gives a row of probabilities by softmax; a model with one output gives the
    probability of class 1 by sigmoid. Outputs that are probabilities already (`Module.outputs`) stay as they
    are.

    Raises:
        ValueError: if the outputs are values, or could be either probabilities or logits.
    """
    return probabilities_of(predict(model, X))


def probabilities_of(outputs: Predictions) -> Predictions:
    """Outputs of any kind as probabilities."""
    if outputs.outputs == "probabilities":
        return outputs
    if outputs.outputs == "values":
        raise ValueError(
            "the outputs of this model are values, not scores of classes: write model.outputs = 'logits' for "
            "their sigmoid or softmax, 'probabilities' to take them as they are"
        )
    if outputs.outputs is None and outputs and may_be_probabilities(outputs):
        raise ValueError(
            f"cannot tell whether outputs such as {outputs[0]!r} are probabilities or logits: write "
            f"model.outputs = 'probabilities', or 'logits'"
        )
    found = [softmax(output) if isinstance(output, list) else sigmoid(output) for output in outputs]
    return Predictions(found, "probabilities", outputs.classes)


@no_grad()
def evaluate(
    model: Module, X: Any, y: Any, *, loss: str | Callable[..., Any], metrics: Any = ()
) -> dict[str, float]:
    """The loss and the metrics on samples, by name; see `predict`.

    Raises:
        ValueError: if the loss takes logits and the model gives probabilities, or vice versa; if accuracy
            needs a threshold and `Module.outputs` does not tell one.
    """
    loss_of = loss_by_name(loss)
    X, y = rows_for(model, X), targets_for(y, class_names(model), loss_of)
    check_outputs(loss_of, outputs_of(model), type(model).__name__)
    outputs = outputs_of(model, model._fitted_outputs or outputs_for(loss_of))
    return scores(model, X, y, loss_of, named_metrics(metrics, model, X, y, outputs), len(X), outputs)


@no_grad()
def scores(
    model: Module,
    X: list[Any],
    y: list[Any],
    loss_of: Callable[..., Any],
    metrics: Metrics,
    batch_size: int,
    outputs_are: str | None,
) -> dict[str, float]:
    """The loss and the metrics on prepared samples; the loss is a mean over batches of this size."""
    outputs = Predictions(numbers_for(model, X), outputs_are)
    total = 0.0
    for start in range(0, len(X), batch_size):
        targets = y[start : start + batch_size]
        total += float(loss_of(outputs[start : start + batch_size], targets)) * len(targets)
    return {"loss": total / len(X)} | {name: metric(outputs, y) for name, metric in metrics}


def named_metrics(metrics: Any, model: Module, X: list[Any], y: list[Any], outputs: str | None) -> Metrics:
    """Pairs of name and function of metrics; each name is a column of the history.

    Raises:
        ValueError: for an unknown name, for two metrics of one name, and for accuracy without a threshold.
    """
    given = [metrics] if isinstance(metrics, str) or callable(metrics) else list(metrics)
    found = [metric_by_name(metric) for metric in given]
    names = [name for name, _ in found]
    for name in names:
        if names.count(name) > 1 or name in ("epoch", "loss", "lr", "seconds") or name.startswith("val_"):
            raise ValueError(f"a history has one column {name!r}: give the metric's function another name")
    asked = any(metric is accuracy for _, metric in found) and threshold_of(outputs, y) is None
    if asked and not isinstance(numbers_for(model, X[:1])[0], list):
        known = "are values" if outputs == "values" else "might be probabilities or logits"
        raise ValueError(
            f"accuracy needs a threshold, and the outputs of this {type(model).__name__} {known}: write "
            f"model.outputs = 'probabilities' for the threshold 0.5, 'logits' for 0, or pass "
            f"metrics=functools.partial(nn.accuracy, threshold=...)"
        )
    return found


def output_for(model: Module, x: Any) -> Any:
    """The output for a sample: a number, or a row if the model has several outputs.

    Raises:
        TypeError: if the model's forward returns None.
    """
    output = single(model(x))
    if output is None:
        raise TypeError(
            f"the forward of {type(model).__name__} gave None: end it with return, followed by the output"
        )
    return output


@contextmanager
def in_use(model: Module) -> Iterator[None]:
    """A block in which the model is in evaluation mode; afterwards its modules have their previous modes."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def numbers_of(output: Any) -> Any:
    """An output of a model as plain numbers."""
    if hasattr(output, "__len__"):
        return [numbers_of(x) for x in output]
    return output.data if isinstance(output, Value) else float(output)
