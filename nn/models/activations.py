"""Activations: functions of one number, by name or as modules for `Sequential`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import autograd
from nn.arguments import by_name, name_of
from nn.models.module import Module

if TYPE_CHECKING:
    from collections.abc import Callable


def linear(x: Any) -> Any:
    """x itself: no activation."""
    return x


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": linear,
    **{
        name: getattr(autograd, name)
        for name in "elu gelu leaky_relu mish relu selu sigmoid silu softplus softsign tanh".split()
    },
}


def outputs_after(activation: Any) -> str | None:
    """The kind of output of a model that ends in the function; None if the function does not tell."""
    if activation in (autograd.sigmoid, autograd.softmax):
        return "probabilities"
    scores = (autograd.log_softmax, autograd.softsign, autograd.tanh, linear)
    return "logits" if activation in scores else None


def activation_by_name(activation: Any) -> tuple[str, Callable[[Any], Any]]:
    """The name and the function of an activation, given as either."""
    function = by_name("activation", ACTIVATIONS, activation)
    return name_of(activation), function


def activation_argument(name: str, function: Callable[[Any], Any]) -> str | Callable[[Any], Any]:
    """The activation as an argument: its name if the table has the function, otherwise the function."""
    return name if function in ACTIVATIONS.values() else function


class Activation(Module):
    """An activation as a module: applied to a number, or to each number of a sequence."""

    def __init__(self, activation: str | Callable[[Any], Any]) -> None:
        self.activation, self._activate = activation_by_name(activation)

    def forward(self, x: Any) -> Any:
        """The activation of x, or the list of activations if x is a sequence."""
        return [self._activate(x_i) for x_i in x] if hasattr(x, "__iter__") else self._activate(x)

    def _found_outputs(self) -> str | None:
        return outputs_after(self._activate)

    def _arguments(self) -> dict[str, Any]:
        own = type(self) is Activation  # ReLU() and its kin take no arguments
        return {"activation": activation_argument(self.activation, self._activate)} if own else {}


def _module(class_name: str, name: str) -> Any:
    def __init__(self: Activation) -> None:  # noqa: N807
        Activation.__init__(self, name)

    doc = f"The activation {name}, as a module."
    return type(class_name, (Activation,), {"__init__": __init__, "__doc__": doc, "__module__": __name__})


ELU = _module("ELU", "elu")
GELU = _module("GELU", "gelu")
SELU = _module("SELU", "selu")
LeakyReLU = _module("LeakyReLU", "leaky_relu")
Mish = _module("Mish", "mish")
ReLU = _module("ReLU", "relu")
SiLU = _module("SiLU", "silu")
Sigmoid = _module("Sigmoid", "sigmoid")
Softplus = _module("Softplus", "softplus")
Softsign = _module("Softsign", "softsign")
Tanh = _module("Tanh", "tanh")


class Softmax(Module):
    """exp(x) / sum of exp(x) over a sequence; as a loss, `cross_entropy` of the scores is more exact."""

    def _arguments(self) -> dict[str, Any]:
        return {}

    def _found_outputs(self) -> str | None:
        return "probabilities"

    def forward(self, x: Any) -> list[Any]:
        """One probability for each score."""
        return autograd.softmax(x)
