"""Losses: how far the outputs of a model are from their targets, as one number.

`outputs` and `targets` are sequences of the same length: of numbers, or of rows if a model has several
outputs. One sample needs no list around it: ``mse_loss(output, 1.0)``, ``cross_entropy([z1, z2], 1)``.
``reduction`` is "mean" (over all numbers), "sum", or "none" for the list of losses, as in PyTorch.
"""

from __future__ import annotations

import inspect
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, TypeVar

from autograd import (
    Value,
    dot,
    eq,
    is_tracing,
    le,
    log,
    log1p,
    logsumexp,
    maximum,
    mean,
    relu,
    softplus,
    square,
    sum_of,
    where,
)
from nn.arguments import by_name, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


Loss = TypeVar("Loss", bound="Callable[..., Any]")


def _one_sample_too(of_rows: bool) -> Callable[[Loss], Loss]:
    """A decorator: the loss takes one output (or row of scores) and one target as well as lists of them."""

    def decorate(loss: Loss) -> Loss:
        first, second, *_ = inspect.signature(loss).parameters

        @wraps(loss)
        def called(*args: Any, **options: Any) -> Any:
            given = dict(zip((first, second), args, strict=False)) | options
            output, target = given.get(first), given.get(second)
            number = hasattr(target, "__float__") and not hasattr(target, "__len__")
            if not number or output is None or hasattr(output, "__len__") != of_rows or len(args) > 2:
                return loss(*args, **options)
            found = loss(**{**given, first: [output], second: [target]})
            return found[0] if given.get("reduction") == "none" else found

        return called  # type: ignore[return-value]

    return decorate


def _paired(outputs: Sequence[Any], targets: Sequence[Any]) -> list[tuple[Any, Any]]:
    for name, given in (("outputs", outputs), ("targets", targets)):
        if not hasattr(given, "__len__"):
            raise TypeError(f"{name} is a sequence, one for each sample, not {given!r}: write [{name[:-1]}]")
    if len(outputs) != len(targets) or len(outputs) == 0:
        raise ValueError(
            f"a loss needs one target for each output, and was given {len(outputs)} and {len(targets)}"
        )
    return list(zip(outputs, targets, strict=True))


def number_pairs(outputs: Sequence[Any], targets: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Pairs of single numbers (output, target); rows are flattened."""
    pairs = _paired(outputs, targets)
    for output, target in pairs:
        if hasattr(output, "__len__") != hasattr(target, "__len__"):
            raise ValueError(
                f"an output and its target are both a number or both a row, not {output!r} and {target!r}: "
                f"make the last layer as wide as the targets; for classes use one_hot, or cross_entropy"
            )
    if not hasattr(outputs[0], "__len__"):
        return pairs
    return [pair for output, target in pairs for pair in number_pairs(output, target)]


def _one_score_each(name: str, outputs: Sequence[Any], targets: Sequence[Any]) -> list[tuple[Any, Any]]:
    pairs = _paired(outputs, targets)
    for output, _ in pairs:
        if hasattr(output, "__len__"):
            raise TypeError(
                f"each of the {name} is one number, not {output!r}: is the last layer wider than 1?"
            )
    return pairs


def _is_known(x: Any) -> bool:
    """Whether a number can be looked at, to be checked: a traced one cannot."""
    return not (is_tracing() and isinstance(x, Value))


def _reduced(losses: list[Any], reduction: str) -> Any:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction is 'mean', 'sum' or 'none', not {reduction!r}")
    return losses if reduction == "none" else sum_of(losses) if reduction == "sum" else mean(losses)


# Losses of numbers


@_one_sample_too(of_rows=False)
def mse_loss(outputs: Any, targets: Any, *, reduction: str = "mean") -> Any:
    """Squared error, (output - target)**2; ``reduction="half_sum"`` is half the sum, as in textbooks."""
    errors = [square(output - target) for output, target in number_pairs(outputs, targets)]
    return 0.5 * sum_of(errors) if reduction == "half_sum" else _reduced(errors, reduction)


@_one_sample_too(of_rows=False)
def l1_loss(outputs: Any, targets: Any, *, reduction: str = "mean") -> Any:
    """Absolute error, |output - target|."""
    return _reduced([abs(output - target) for output, target in number_pairs(outputs, targets)], reduction)


@_one_sample_too(of_rows=False)
def huber_loss(outputs: Any, targets: Any, *, delta: float = 1.0, reduction: str = "mean") -> Any:
    """Half the squared error up to an error of delta, a straight line beyond delta (Huber 1964).

    Raises:
        ValueError: if delta is not positive.
    """
    if not delta > 0:
        raise ValueError(f"delta is the error where the line begins, above 0, not {delta!r}")
    losses = []
    for output, target in number_pairs(outputs, targets):
        error = abs(output - target)
        losses.append(where(le(error, delta), 0.5 * square(error), delta * (error - 0.5 * delta)))
    return _reduced(losses, reduction)


# Losses of two classes


@_one_sample_too(of_rows=False)
def hinge_loss(scores: Any, labels: Any, *, reduction: str = "mean") -> Any:
    """max(0, 1 - label * score), for labels -1 and 1.

    Raises:
        ValueError: for any other label.
    """
    pairs = _one_score_each("scores", scores, labels)
    for _, label in pairs:
        if _is_known(label) and label not in (-1, 1):
            raise ValueError(
                f"hinge_loss takes the labels -1 and 1, not {label!r}: write 2*label - 1 for labels 0 and 1"
            )
    return _reduced([relu(1.0 - label * score) for score, label in pairs], reduction)


@_one_sample_too(of_rows=False)
def binary_cross_entropy(probabilities: Any, targets: Any, *, reduction: str = "mean") -> Any:
    """-(t*log(p) + (1 - t)*log(1 - p)), for targets t from 0 to 1; logarithms below -100 count as -100.

    Prefer `binary_cross_entropy_with_logits` of a linear last layer: it is more exact, and still learns from
    a wrong probability of 0 or 1, where the clamped logarithm of this loss has slope 0.

    Raises:
        ValueError: for a probability or a target that is not between 0 and 1.
    """
    losses = []
    for p, t in _one_score_each("probabilities", probabilities, targets):
        _check_target(t)
        if _is_known(p) and not 0.0 <= p <= 1.0:
            raise ValueError(
                f"a probability is a number from 0 to 1, not {p!r}: pass sigmoid(p), or use "
                f"binary_cross_entropy_with_logits"
            )
        losses.append(-(t * maximum(log(p), -100.0) + (1.0 - t) * maximum(log1p(-p), -100.0)))
    return _reduced(losses, reduction)


@_one_sample_too(of_rows=False)
def binary_cross_entropy_with_logits(
    logits: Sequence[Any], targets: Sequence[float], *, pos_weight: float = 1.0, reduction: str = "mean"
) -> Any:
    """`binary_cross_entropy` of sigmoid(logit), stable for any size of logits.

    Args:
        logits: one number for each sample.
        targets: 0, 1, or a number between 0 and 1.
        pos_weight: the weight of class 1; class 0 has weight 1.

    Raises:
        ValueError: for a target that is not between 0 and 1.
    """
    losses = []
    for x, t in _one_score_each("logits", logits, targets):
        _check_target(t)
        # softplus(-x) is -log(sigmoid(x)), and softplus(x) = x + softplus(-x)
        losses.append((1.0 - t) * x + (1.0 + (pos_weight - 1.0) * t) * softplus(-x))
    return _reduced(losses, reduction)


def _check_target(target: Any) -> None:
    if _is_known(target) and not 0.0 <= target <= 1.0:
        raise ValueError(
            f"a target is 0, 1 or between them, not {target!r}: write (label + 1) / 2 for labels -1 and 1"
        )


# Losses of several classes


def _classes(
    name: str, rows: Sequence[Sequence[Any]], labels: Sequence[Any], soft: bool = False
) -> list[tuple[Sequence[Any], Any]]:
    """Pairs of a row of scores and the number of its class, or if `soft` the probabilities of all classes."""
    found: list[tuple[Sequence[Any], Any]] = []
    for scores, label in _paired(rows, labels):
        if not hasattr(scores, "__len__"):
            raise TypeError(
                f"the {name} of a sample are a number for each class, not {scores!r}: for one sample write "
                f"[{name}], [label]; a model of output width 1 has none, see binary_cross_entropy_with_logits"
            )
        if soft and hasattr(label, "__len__") and not isinstance(label, str):
            if len(label) == len(scores) and not all(map(_is_known, label)):
                found.append((scores, label))
                continue
            if len(label) != len(scores) or min(label) < 0.0 or abs(sum(label) - 1.0) > 1e-6:
                raise ValueError(
                    f"a soft label is a row of {len(scores)} probabilities with the sum 1, not {label!r}: "
                    f"divide the row by its sum"
                )
            found.append((scores, label))
        elif not _is_known(label):
            found.append((scores, label))
        elif label in range(len(scores)):
            found.append((scores, int(label)))
        else:
            raise ValueError(
                f"the label {label!r} is none of the classes 0 to {len(scores) - 1}: a label is the number "
                f"of its class, so write classes.index(label) for names, row.index(1) for one-hot rows"
            )
    return found


def _one_hot(label: Any, count: int) -> list[Any]:
    """1 at the place of the label, else 0; of a traced label a row of conditions."""
    return [eq(label, float(i)) if isinstance(label, Value) else float(i == label) for i in range(count)]


def _picked(row: Sequence[Any], label: Any) -> Any:
    """The number at the place of the label; nan for a traced label that is no place."""
    if not isinstance(label, Value):
        return row[label]
    hot = _one_hot(label, len(row))
    return where(sum_of(hot), dot(hot, row), float("nan"))


def _checked_weight(pairs: Sequence[tuple[Sequence[Any], Any]], weight: Sequence[float]) -> Sequence[float]:
    if len(weight) != len(pairs[0][0]):
        raise ValueError(f"weight has a number for each of the {len(pairs[0][0])} classes, not {len(weight)}")
    return weight


def _weighted(
    pairs: Sequence[tuple[Sequence[Any], int]],
    losses: list[Any],
    weight: Sequence[float] | None,
    reduction: str,
    by_weight: bool = True,
) -> Any:
    """Reduction of losses, each multiplied with the weight of its class; a mean divides by the weights."""
    if weight is None:
        return _reduced(losses, reduction)
    weights = [_picked(_checked_weight(pairs, weight), label) for _, label in pairs]
    weighted = [w * loss for w, loss in zip(weights, losses, strict=True)]
    if reduction != "mean" or not by_weight:
        return _reduced(weighted, reduction)
    if all(map(_is_known, weights)) and sum(weights) == 0.0:
        raise ValueError(
            "the weights of all these labels are 0, and a mean divides by their sum: give one more"
        )
    return sum_of(weighted) / sum(weights)


@_one_sample_too(of_rows=True)
def cross_entropy(
    logits: Any,
    labels: Any,
    *,
    weight: Sequence[float] | None = None,
    reduction: str = "mean",
) -> Any:
    """-log(softmax(logits)[label]); stable for any size of logits.

    Args:
        logits: for each sample a score for each class, from a linear output layer.
        labels: for each sample the number of its class: 0, 1, 2 ...; or soft labels, for each sample a row
            with the probability of each class. Inside `jit` a traced label is compared with each class,
            and a row is not checked.
        weight: the weight of each class; a mean divides by the sum of the samples' weights, but with soft
            labels by their number, as in PyTorch.

    Raises:
        ValueError: for a label that is not the number of a class, nor a row of probabilities.
    """
    pairs = _classes("logits", logits, labels, soft=True)
    if not any(hasattr(label, "__len__") for _, label in pairs):
        return _weighted(pairs, [logsumexp(x) - _picked(x, label) for x, label in pairs], weight, reduction)
    weights = _checked_weight(pairs, weight) if weight is not None else [1.0] * len(pairs[0][0])
    losses = []
    for x, label in pairs:
        row = label if hasattr(label, "__len__") else _one_hot(label, len(x))
        shares = [
            (w * t, x_i) for w, t, x_i in zip(weights, row, x, strict=True) if isinstance(t, Value) or t
        ]
        factors = [share for share, _ in shares]
        losses.append(logsumexp(x) * sum(factors) - dot(factors, [x_i for _, x_i in shares]))
    return _reduced(losses, reduction)


@_one_sample_too(of_rows=True)
def nll_loss(
    log_probabilities: Any,
    labels: Any,
    *,
    weight: Sequence[float] | None = None,
    reduction: str = "mean",
) -> Any:
    """The negative log likelihood of the labels, from `log_softmax` of scores; see `cross_entropy`."""
    pairs = _classes("log_probabilities", log_probabilities, labels)
    return _weighted(pairs, [-_picked(x, label) for x, label in pairs], weight, reduction)


@_one_sample_too(of_rows=True)
def multi_margin_loss(
    scores: Any,
    labels: Any,
    *,
    margin: float = 1.0,
    weight: Sequence[float] | None = None,
    reduction: str = "mean",
) -> Any:
    """The hinge loss of several classes: wrong classes should score lower than the right class by `margin`.

    The sum over the other classes of max(0, margin - right + other), divided by the number of classes.
    """
    losses = []
    pairs = _classes("scores", scores, labels)
    for x, label in pairs:
        right = _picked(x, label)
        others = [
            relu(margin - right + other) * (1.0 - is_right)
            if isinstance(is_right, Value)
            else relu(margin - right + other)
            for other, is_right in zip(x, _one_hot(label, len(x)), strict=True)
            if isinstance(is_right, Value) or not is_right
        ]
        losses.append(sum_of(others) / len(x) if others else 0.0)
    return _weighted(pairs, losses, weight, reduction, by_weight=False)  # a plain mean, as in PyTorch


LOSSES: dict[str, Callable[..., Any]] = {
    "mse": mse_loss,
    "l1": l1_loss,
    "huber": huber_loss,
    "hinge": hinge_loss,
    "binary_cross_entropy": binary_cross_entropy,
    "binary_cross_entropy_with_logits": binary_cross_entropy_with_logits,
    "cross_entropy": cross_entropy,
    "nll": nll_loss,
    "multi_margin": multi_margin_loss,
}


def outputs_for(loss: Callable[..., Any]) -> str | None:
    """The kind of output that a loss takes, see `Module.outputs`; None for a loss outside the table."""
    while isinstance(loss, partial):
        loss = loss.func
    if loss in (mse_loss, l1_loss, huber_loss):
        return "values"
    if loss is binary_cross_entropy:
        return "probabilities"
    return "logits" if loss in LOSSES.values() else None  # nll_loss too: log-probabilities serve as logits


def check_outputs(loss: Callable[..., Any], outputs: str | None, model: str) -> None:
    """Raise a ValueError if the loss takes logits and the model gives probabilities, or vice versa."""
    taken = outputs_for(loss)
    if {taken, outputs} != {"probabilities", "logits"}:
        return
    if taken == "logits":
        cure = "leave out the sigmoid or softmax at its end, or use binary_cross_entropy, or mse"
    else:
        cure = "end it with a sigmoid, or use binary_cross_entropy_with_logits"
    raise ValueError(
        f"{name_of(loss)} takes {taken}, and the outputs of this {model} are {outputs}: {cure}; if they are "
        f"{taken} all the same, say so by model.outputs = {taken!r}"
    )


def loss_by_name(given: str | Callable[..., Any]) -> Callable[..., Any]:
    """The loss with the given name, or the given function itself."""
    return by_name("loss", LOSSES, given, "a function of (outputs, targets)")
