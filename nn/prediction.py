"""Using a model: `predict`, `predict_classes`, `predict_proba`, `evaluate`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from autograd import Value, no_grad, sigmoid, softmax
from nn.data import as_rows, as_targets
from nn.losses import check_outputs, loss_by_name, outputs_for
from nn.metrics import accuracy, classes_of, metric_by_name, single
from nn.outputs import Predictions, may_be_probabilities, outputs_of, threshold_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from nn.module import Module

    Metrics = Sequence[tuple[str, Callable[..., float]]]


@no_grad()
def predict(model: Module, X: Any) -> Predictions:
    """The outputs for samples, as plain numbers: one for each, or a row where the model has several.

    The list says what they are (`Module.outputs`), which `accuracy` goes by. The model is in the mode for
    use meanwhile (`Module.eval`), and then in that in which it was before.
    """
    with in_use(model):
        return Predictions([numbers_of(output_for(model, x)) for x in as_rows(X)], outputs_of(model))


def predict_classes(
    model: Module, X: Any, labels: Sequence[Any] = (), *, threshold: float | None = None
) -> Predictions:
    """The class of each sample.

    Args:
        model, X: see `predict`.
        labels: the labels that there are, as -1 and 1; 0, 1 ... if left out.
        threshold: above which the output of a model that has one stands for class 1; if left out, 0.5 for
            probabilities and 0 for logits, see `Module.outputs`.

    Raises:
        ValueError: where the threshold would be a guess, see `classes_of`.
    """
    return Predictions(classes_of(predict(model, X), labels, threshold=threshold), "classes")


def predict_proba(model: Module, X: Any) -> Predictions:
    """The probabilities of classes.

    For a model with several outputs a row for each sample, by softmax; with one output the probability
    of class 1, by sigmoid. Outputs that are probabilities (`Module.outputs`) are given as they are.

    Raises:
        ValueError: where the outputs are values, or might be probabilities or logits.
    """
    return probabilities_of(predict(model, X))


def probabilities_of(outputs: Predictions) -> Predictions:
    """The probabilities that outputs stand for."""
    if outputs.outputs == "probabilities":
        return outputs
    if outputs.outputs == "values":
        raise ValueError(
            "the outputs of this model are values, not scores of classes: write model.outputs = 'logits' for "
            "their sigmoid or softmax, 'probabilities' to take them as they are"
        )
    if outputs.outputs is None and outputs and may_be_probabilities(outputs):
        raise ValueError(
            f"whether outputs such as {outputs[0]!r} are probabilities or logits is not known: write "
            f"model.outputs = 'probabilities', or 'logits'"
        )
    found = [softmax(output) if isinstance(output, list) else sigmoid(output) for output in outputs]
    return Predictions(found, "probabilities")


@no_grad()
def evaluate(
    model: Module, X: Any, y: Any, *, loss: str | Callable[..., Any], metrics: Any = ()
) -> dict[str, float]:
    """The loss and the metrics on samples, by name; see `predict`.

    Raises:
        ValueError: if the loss takes logits and the model gives probabilities, or the reverse; if a metric
            needs to know more of the outputs than `Module.outputs` says.
    """
    X, y, loss_of = as_rows(X), as_targets(y), loss_by_name(loss)
    check_outputs(loss_of, outputs_of(model), type(model).__name__)
    outputs = outputs_of(model, model._fitted_outputs or outputs_for(loss_of))
    return judged(model, X, y, loss_of, named(metrics, model, X, y, outputs), len(X), outputs)


@no_grad()
def judged(
    model: Module,
    X: list[Any],
    y: list[Any],
    loss_of: Callable[..., Any],
    metrics: Metrics,
    batch_size: int,
    outputs_are: str | None,
) -> dict[str, float]:
    """The loss and the metrics on samples; the loss as in training: a mean over batches of this size."""
    outputs = Predictions(predict(model, X), outputs_are)
    total = 0.0
    for start in range(0, len(X), batch_size):
        targets = y[start : start + batch_size]
        total += float(loss_of(outputs[start : start + batch_size], targets)) * len(targets)
    return {"loss": total / len(X)} | {name: metric(outputs, y) for name, metric in metrics}


def named(metrics: Any, model: Module, X: list[Any], y: list[Any], outputs: str | None) -> Metrics:
    """The names and functions of metrics, each name one column of a history.

    Raises:
        ValueError: for unknown names, two of one name, and accuracy by a threshold that nothing tells.
    """
    given = [metrics] if isinstance(metrics, str) or callable(metrics) else list(metrics)
    found = [metric_by_name(metric) for metric in given]
    names = [name for name, _ in found]
    for name in names:
        if names.count(name) > 1 or name in ("epoch", "loss", "lr", "seconds") or name.startswith("val_"):
            raise ValueError(f"a history has one column {name!r}: give the metric's function another name")
    asked = any(metric is accuracy for _, metric in found) and threshold_of(outputs, y) is None
    if asked and not isinstance(predict(model, X[:1])[0], list):
        known = "are values" if outputs == "values" else "might be probabilities or logits"
        raise ValueError(
            f"accuracy needs a threshold, and the outputs of this {type(model).__name__} {known}: write "
            f"model.outputs = 'probabilities' for the threshold 0.5, 'logits' for 0, or pass "
            f"metrics=functools.partial(nn.accuracy, threshold=...)"
        )
    return found


def output_for(model: Module, x: Any) -> Any:
    """The output for a sample: a number or, where there are several, a row of them.

    Raises:
        TypeError: if the model's forward gives nothing.
    """
    output = single(model(x))
    if output is None:
        raise TypeError(
            f"the forward of {type(model).__name__} gave None: end it with return, followed by the output"
        )
    return output


@contextmanager
def in_use(model: Module) -> Iterator[None]:
    """The model in the mode for use, and then as it was before."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def numbers_of(output: Any) -> Any:
    """An output of a model in plain numbers."""
    if hasattr(output, "__len__"):
        return [numbers_of(x) for x in output]
    return output.data if isinstance(output, Value) else float(output)
