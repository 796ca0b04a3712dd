"""What the numbers of a model's output are: probabilities, logits or values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, SupportsIndex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nn.module import Module

KINDS = ("probabilities", "logits", "values")


class Predictions(list[Any]):
    """What `predict` and its kin return: a list of plain numbers that says what its numbers are.

    A slice of it says the same; a list made from it by other means says nothing.

    Attributes:
        outputs: "probabilities", "logits", "values" (see `Module.outputs`), "classes", or None where the
            model does not say.
    """

    def __init__(self, numbers: Iterable[Any] = (), outputs: str | None = None) -> None:
        super().__init__(numbers)
        self.outputs = outputs

    def __getitem__(self, i: SupportsIndex | slice) -> Any:
        part = super().__getitem__(i)
        return Predictions(part, self.outputs) if isinstance(i, slice) else part


def checked_outputs(outputs: Any) -> str:
    """The outputs that a model is said to have.

    Raises:
        ValueError: for something else than one of `KINDS`.
    """
    if outputs not in KINDS:
        raise ValueError(
            f"outputs is 'probabilities', 'logits' (scores of any size) or 'values', not {outputs!r}"
        )
    return str(outputs)


def said_outputs(model: Module) -> str | None:
    """What the model, or its class, was told that its outputs are."""
    said = vars(model).get("outputs", type(model).outputs)
    return checked_outputs(said) if isinstance(said, str) else None  # else a member of that name


def found_outputs(model: Module) -> str | None:
    """What the outputs are by the model's last activation; None if a subclass has another forward."""
    for cls in type(model).__mro__:
        if "_found_outputs" in vars(cls):
            return model._found_outputs()
        if "forward" in vars(cls):
            break
    return None


def outputs_of(model: Module, by_loss: str | None = None) -> str | None:
    """What the model's outputs are: as it was said, else by its activation, else by the loss.

    A last sigmoid or softmax outranks the loss, `by_loss` or else that of the last `fit`; this outranks
    other activations, as a linear layer may give logits or values.
    """
    found = found_outputs(model)
    certain = found if found == "probabilities" else None
    return said_outputs(model) or certain or by_loss or model._fitted_outputs or found


def threshold_of(outputs: str | None, labels: Iterable[Any]) -> float | None:
    """The number above which a single output stands for class 1; None where that would be a guess."""
    if outputs == "probabilities":
        return 0.5
    if outputs == "logits" or any(label == -1 for label in labels):
        return 0.0
    return None


def may_be_probabilities(outputs: Iterable[Any]) -> bool:
    """Whether all numbers, or those of each row, might be the probabilities of classes."""
    for output in outputs:
        row = output if isinstance(output, (list, tuple)) else [output]
        if not all(0.0 <= x <= 1.0 for x in row) or (row is output and abs(sum(row) - 1.0) > 1e-9):
            return False
    return True
