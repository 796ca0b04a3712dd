"""Predictions: a list of a model's outputs that knows their kind, and the threshold of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, SupportsIndex

if TYPE_CHECKING:
    from collections.abc import Iterable


class Predictions(list[Any]):
    """The list of plain numbers that `predict` and its kin return; it knows their kind.

    A slice keeps the kind; a list made from the numbers in any other way does not.

    Attributes:
        outputs: "probabilities", "logits", "values" (see `Module.outputs`), "classes", or None where the
            model does not say.
        classes: the names of the classes, if the model was fitted to names.
    """

    classes: list[str] | None = None  # for pickles of version 0.1

    def __init__(
        self,
        numbers: Iterable[Any] = (),
        outputs: str | None = None,
        classes: list[str] | None = None,
    ) -> None:
        super().__init__(numbers)
        self.outputs, self.classes = outputs, classes

    def __getitem__(self, i: SupportsIndex | slice) -> Any:
        part = super().__getitem__(i)
        return Predictions(part, self.outputs, self.classes) if isinstance(i, slice) else part


def threshold_of(outputs: str | None, labels: Iterable[Any]) -> float | None:
    """The threshold above which a single output means class 1; None if the threshold would be a guess."""
    if outputs == "probabilities":
        return 0.5
    if outputs == "logits" or any(label == -1 for label in labels):
        return 0.0
    return None


def may_be_probabilities(outputs: Iterable[Any]) -> bool:
    """Whether every number, or every row of numbers, could be the probabilities of classes."""
    for output in outputs:
        row = output if isinstance(output, (list, tuple)) else [output]
        if not all(0.0 <= x <= 1.0 for x in row) or (row is output and abs(sum(row) - 1.0) > 1e-9):
            return False
    return True
