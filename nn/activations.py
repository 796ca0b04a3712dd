"""Activations: by name, as functions of one number, and as modules for `Sequential`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import autograd
from nn.module import Module
from nn.naming import by_name, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def linear(x: Any) -> Any:
    """x itself: no activation."""
    return x


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": linear,
    "elu": autograd.elu,
    "gelu": autograd.gelu,
    "leaky_relu": autograd.leaky_relu,
    "mish": autograd.mish,
    "relu": autograd.relu,
    "selu": autograd.selu,
    "sigmoid": autograd.sigmoid,
    "silu": autograd.silu,
    "softplus": autograd.softplus,
    "softsign": autograd.softsign,
    "tanh": autograd.tanh,
}


OUTPUTS = (  # of a model that ends in the function
    (autograd.sigmoid, "probabilities"),
    (autograd.softmax, "probabilities"),
    (autograd.log_softmax, "logits"),
    (autograd.softsign, "logits"),
    (autograd.tanh, "logits"),
    (linear, "logits"),
)


def outputs_after(activation: Any) -> str | None:
    """What the outputs of a model are that ends in the function; None where it does not tell."""
    return next((outputs for function, outputs in OUTPUTS if function is activation), None)


def activation_by_name(activation: Any) -> tuple[str, Callable[[Any], Any]]:
    """The name and the function of an activation that is given as either.

    Raises:
        ValueError: for an unknown name.
    """
    function = by_name("activation", ACTIVATIONS, activation)
    return name_of(activation), function


def named_only(config: dict[str, Any], functions: Iterable[Callable[[Any], Any]]) -> dict[str, Any] | None:
    """The config, or None if one of the functions cannot be found again by its name."""
    return config if all(function in ACTIVATIONS.values() for function in functions) else None


class Activation(Module):
    """A function of one number, applied to a number or to each of a sequence."""

    def __init__(self, activation: str | Callable[[Any], Any]) -> None:
        self.activation, self._activate = activation_by_name(activation)

    def forward(self, x: Any) -> Any:
        """The activation of x, or the list of those of its numbers."""
        return [self._activate(x_i) for x_i in x] if hasattr(x, "__iter__") else self._activate(x)

    def _found_outputs(self) -> str | None:
        return outputs_after(self._activate)

    def config(self) -> dict[str, Any] | None:
        if type(self) is not Activation:
            return {}
        return named_only({"activation": self.activation}, (self._activate,))

    def __repr__(self) -> str:
        own = type(self) is not Activation
        return f"{type(self).__name__}({'' if own else repr(self.activation)})"


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
    """exp(x) / sum of exp(x) over a sequence; for a loss, `cross_entropy` of the scores is more exact."""

    def config(self) -> dict[str, Any]:
        return {}

    def _found_outputs(self) -> str | None:
        return "probabilities"

    def forward(self, x: Any) -> list[Any]:
        """The probabilities, as many as scores."""
        return autograd.softmax(x)
