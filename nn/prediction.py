"""Using a model: `predict`, `predict_classes`, `predict_proba`, `evaluate`."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from autograd import Value, enable_grad, no_grad, sigmoid, softmax
from nn.data import as_rows, as_targets
from nn.losses import binary_cross_entropy, loss_by_name
from nn.metrics import accuracy, classes_of, metric_by_name, single

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from nn.module import Module

    Metrics = Sequence[tuple[str, Callable[..., float]]]


@no_grad()
def predict(model: Module, X: Any) -> list[Any]:
    """The outputs for samples, as plain numbers: one for each, or a row where the model has several.

    The model is in the mode for use meanwhile (`Module.eval`), and then in that in which it was before.
    """
    with in_use(model):
        return [numbers_of(single(model(x))) for x in as_rows(X)]


def predict_classes(model: Module, X: Any, labels: Sequence[Any] = ()) -> list[int]:
    """The class of each sample; see `classes_of` for what outputs stand for which."""
    X = as_rows(X)
    threshold = 0.5 if gives_probabilities(model, X) else 0.0
    return classes_of(predict(model, X), labels, threshold=threshold)


def predict_proba(model: Module, X: Any) -> list[Any]:
    """The probabilities that a classifier's scores stand for.

    For a model with several outputs a row for each sample, by softmax; with one output the probability
    of class 1, by sigmoid. The outputs of a model that ends in `sigmoid` or `softmax` are probabilities.
    """
    X = as_rows(X)
    outputs = predict(model, X)
    if gives_probabilities(model, X):
        return outputs
    return [softmax(output) if isinstance(output, list) else sigmoid(output) for output in outputs]


@no_grad()
def evaluate(
    model: Module, X: Any, y: Any, *, loss: str | Callable[..., Any], metrics: Any = ()
) -> dict[str, float]:
    """The loss and the metrics on samples, by name; see `predict`."""
    X, loss_of = as_rows(X), loss_by_name(loss)
    return judged(model, X, as_targets(y), loss_of, named(metrics, model, X, loss_of), len(X))


@no_grad()
def judged(
    model: Module,
    X: list[Any],
    y: list[Any],
    loss_of: Callable[..., Any],
    metrics: Metrics,
    batch_size: int,
) -> dict[str, float]:
    """The loss and the metrics on samples; the loss as in training: a mean over batches of this size."""
    outputs = predict(model, X)
    total = 0.0
    for start in range(0, len(X), batch_size):
        targets = y[start : start + batch_size]
        total += float(loss_of(outputs[start : start + batch_size], targets)) * len(targets)
    return {"loss": total / len(X)} | {name: metric(outputs, y) for name, metric in metrics}


def named(
    metrics: Any, model: Module, X: list[Any], loss_of: Callable[..., Any]
) -> list[tuple[str, Callable[..., float]]]:
    """The names and functions of metrics, each name one column of a history.

    Accuracy is told where the outputs are probabilities.
    """
    given = [metrics] if isinstance(metrics, str) or callable(metrics) else list(metrics)
    found = [metric_by_name(metric) for metric in given]
    names = [name for name, _ in found]
    for name in names:
        if names.count(name) > 1 or name in ("epoch", "loss", "lr", "seconds") or name.startswith("val_"):
            raise ValueError(f"a history has one column {name!r}: give the metric's function another name")
    if all(metric is not accuracy for _, metric in found):
        return found
    probabilities = loss_of is binary_cross_entropy or gives_probabilities(model, X)
    right = partial(accuracy, threshold=0.5 if probabilities else 0.0)
    return [(name, right if metric is accuracy else metric) for name, metric in found]


def gives_probabilities(model: Module, X: list[Any]) -> bool:
    """Whether the model's outputs are made by `sigmoid` or `softmax`, as its graph for a sample tells."""
    if not X:
        return False
    with enable_grad(), in_use(model):
        outputs = single(model([Value(x) for x in X[0]]))
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    ops = {x.op.name if isinstance(x, Value) and x.op is not None else "" for x in outputs}
    return ops == {"sigmoid"} or (ops == {"exp"} and abs(sum(x.data for x in outputs) - 1.0) < 1e-9)


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
