"""Kinds of output: whether the numbers a model gives are probabilities, logits or values."""

from __future__ import annotations

from typing import Any

KINDS = ("probabilities", "logits", "values")


def checked_outputs(outputs: Any) -> str:
    """The kind of output, if it is one of `KINDS`.

    Raises:
        ValueError: for anything else.
    """
    if outputs not in KINDS:
        raise ValueError(
            f"outputs is 'probabilities', 'logits' (scores of any size) or 'values', not {outputs!r}"
        )
    return str(outputs)


class HasOutputs:
    """The part of `Module` that knows the kind of its output, as told or as found."""

    _fitted_outputs: str | None = None  # the kind that the loss of the last `fit` takes

    @property
    def outputs(self) -> Any:
        """The kind of the numbers a model gives: metrics, predictions and `fit` need it.

        "probabilities": class 1 is above 0.5. "logits", scores of any size: class 1 is above 0. "values":
        numbers to compare with targets; no threshold turns them into classes. None: not known.

        The first of these that applies: (1) the kind the model was told, by ``MLP(..., outputs="logits")``,
        by ``model.outputs = "logits"``, or by ``outputs = "logits"`` in a class of your own; (2) a last
        sigmoid or softmax gives probabilities; (3) the loss of the last `fit`: "mse", "l1" and "huber" take
        values, "binary_cross_entropy" takes probabilities, the others take logits; (4) a last layer that is
        linear, a tanh or a softsign gives logits.
        """
        own = vars(self).get("outputs")
        return outputs_of(self) if own is None or isinstance(own, str) else own

    @outputs.setter
    def outputs(self, outputs: Any) -> None:
        if outputs is None:
            vars(self).pop("outputs", None)
        else:  # a list or module of that name is a member like any other
            vars(self)["outputs"] = checked_outputs(outputs) if isinstance(outputs, str) else outputs

    def _found_outputs(self) -> str | None:
        """The kind of output by the last activation; None if the activation does not tell."""
        return None


def said_outputs(model: HasOutputs) -> str | None:
    """The kind of output that the model or its class was told."""
    said = vars(model).get("outputs", type(model).outputs)
    return checked_outputs(said) if isinstance(said, str) else None  # otherwise a member named outputs


def found_outputs(model: HasOutputs) -> str | None:
    """The kind of output by the model's last activation; None if a subclass has another forward."""
    for cls in type(model).__mro__:
        if "_found_outputs" in vars(cls):
            return model._found_outputs()
        if "forward" in vars(cls):
            break
    return None


def outputs_of(model: HasOutputs, by_loss: str | None = None) -> str | None:
    """The kind of output, in the order of precedence that `Module.outputs` lists.

    `by_loss` is the kind a loss takes; left out, the loss of the last `fit` counts.
    """
    found = found_outputs(model)
    certain = found if found == "probabilities" else None
    return said_outputs(model) or certain or by_loss or model._fitted_outputs or found
