"""Losses: one number that says how far outputs are from what they should be.

Each is the mean over a batch: `outputs` and `targets` are sequences of the same length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd import logsumexp, mean, relu, square

if TYPE_CHECKING:
    from collections.abc import Sequence


def _paired(outputs: Sequence[Any], targets: Sequence[Any]) -> list[tuple[Any, Any]]:
    for name, given in (("outputs", outputs), ("targets", targets)):
        if not hasattr(given, "__len__"):
            raise TypeError(f"{name} is a sequence, one for each sample, not {given!r}: write [{name[:-1]}]")
    if len(outputs) != len(targets) or len(outputs) == 0:
        raise ValueError(
            f"a loss needs one target for each output, and was given {len(outputs)} and {len(targets)}"
        )
    return list(zip(outputs, targets, strict=True))


def mean_squared_error(outputs: Sequence[Any], targets: Sequence[Any]) -> Any:
    """The mean of (output - target)**2 over numbers, or over samples and their numbers."""
    pairs = _paired(outputs, targets)
    if hasattr(outputs[0], "__len__"):
        return mean([mean_squared_error(output, target) for output, target in pairs])
    return mean([square(output - target) for output, target in pairs])


def hinge(scores: Sequence[Any], labels: Sequence[Any]) -> Any:
    """The mean of max(0, 1 - label * score), for labels -1 and 1.

    Raises:
        ValueError: for any other label.
    """
    pairs = _paired(scores, labels)
    for score, label in pairs:
        if hasattr(score, "__len__"):
            raise TypeError(
                f"each of the scores is one number, not {score!r}: is the last layer wider than 1?"
            )
        if label not in (-1, 1):
            raise ValueError(
                f"hinge takes the labels -1 and 1, not {label!r}: write 2*label - 1 for labels 0 and 1"
            )
    return mean([relu(1.0 - label * score) for score, label in pairs])


def cross_entropy(logits: Sequence[Sequence[Any]], labels: Sequence[int]) -> Any:
    """The mean of -log(softmax(logits)[label]), for labels 0, 1, 2 ...; stable for any size of logits.

    Args:
        logits: for each sample one number for each class, as a linear output layer gives them.
        labels: for each sample the number of its class.

    Raises:
        ValueError: for a label that is no class.
    """
    losses = []
    for scores, label in _paired(logits, labels):
        if not hasattr(scores, "__len__"):
            raise TypeError(
                f"the logits of a sample are a number for each class, not {scores!r}: for one sample write "
                f"cross_entropy([logits], [label]); a model of output width 1 has none, see hinge"
            )
        if label not in range(len(scores)):
            raise ValueError(
                f"the label {label!r} is none of the classes 0 to {len(scores) - 1}: a label is the number "
                f"of its class, so write classes.index(label) for names, row.index(1) for one-hot rows"
            )
        losses.append(logsumexp(scores) - scores[int(label)])
    return mean(losses)
