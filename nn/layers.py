"""Layers: a neuron, a layer of neurons, and the multi-layer perceptron made of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import autograd
from autograd import Value, dot
from nn import init
from nn.module import Module, parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


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


def _activation(activation: Any) -> tuple[str, Callable[[Any], Any]]:
    """The name and the function of an activation that is given as either."""
    if isinstance(activation, str) and activation in ACTIVATIONS:
        return activation, ACTIVATIONS[activation]
    if callable(activation):
        return getattr(activation, "__name__", type(activation).__name__), activation
    raise ValueError(
        f"no activation is called {activation!r}: choose one of {', '.join(ACTIVATIONS)}, or pass a function"
    )


def _size(name: str, size: Any) -> int:
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ValueError(f"{name} is a whole number of 1 or more, not {size!r}")
    return size


def _inputs(x: Any) -> tuple[Any, ...]:
    """The inputs as a tuple, which `dot` keeps as it is, so that the neurons of a layer share one."""
    if not hasattr(x, "__iter__"):
        raise TypeError(f"the inputs are a sequence of numbers, not {x!r}: write [{x!r}] for a single one")
    return x if type(x) is tuple else tuple(x)


class Neuron(Module):
    """activation(w . x + b): three nodes, which textbooks call the products' sum, net and out.

    Args:
        in_size: the number of inputs.
        activation: a name from `ACTIVATIONS`, or a function of one number.
    """

    def __init__(self, in_size: int, activation: str | Callable[[Any], Any] = "relu") -> None:
        self.activation, self._activate = _activation(activation)
        width = init.bound(self.activation, _size("in_size", in_size))
        self.w = [parameter(init.uniform(-width, width), f"w{i + 1}") for i in range(in_size)]
        self.b = parameter(0.0, "b")

    def forward(self, x: Sequence[Any]) -> Value:
        """The output for `in_size` inputs, numbers or Values."""
        x = _inputs(x)
        if len(x) != len(self.w):
            raise ValueError(
                f"this neuron has {len(self.w)} weights and was given {len(x)} inputs: "
                f"pass {len(self.w)} numbers, or make it with in_size={len(x)}"
            )
        out: Value = self._activate(dot(self.w, x) + self.b)
        return out

    def __repr__(self) -> str:
        return f"Neuron({len(self.w)}, activation={self.activation!r})"


class Layer(Module):
    """Neurons side by side, all with the same inputs; gives a list of outputs, also if it is of one.

    Args:
        in_size: the number of inputs.
        out_size: the number of neurons.
        activation: a name from `ACTIVATIONS`, or a function of one number.
    """

    def __init__(self, in_size: int, out_size: int, activation: str | Callable[[Any], Any] = "relu") -> None:
        self.neurons = [Neuron(in_size, activation) for _ in range(_size("out_size", out_size))]

    def forward(self, x: Sequence[Any]) -> list[Value]:
        """The outputs of the neurons for `in_size` inputs."""
        x = _inputs(x)
        return [neuron(x) for neuron in self.neurons]

    def __repr__(self) -> str:
        first = self.neurons[0]
        return f"Layer({len(first.w)}, {len(self.neurons)}, activation={first.activation!r})"


class MLP(Module):
    """A multi-layer perceptron: layers one after the other, the last one linear.

    ``MLP(2, [16, 16, 1])`` has two inputs, two hidden layers of 16 neurons and one output. Called with a
    sequence of numbers or Values it gives a list of Values or, where the last layer has width 1, one Value.

    Args:
        in_size: the number of inputs.
        sizes: the number of neurons in each layer, the output layer last.
        activation: of the hidden layers; a name from `ACTIVATIONS`, or a function of one number.
        seed: where given, `nn.seed` is called with it first, so that the weights are the same every time.
    """

    def __init__(
        self,
        in_size: int,
        sizes: Sequence[int],
        activation: str | Callable[[Any], Any] = "relu",
        *,
        seed: int | None = None,
    ) -> None:
        if not isinstance(sizes, (list, tuple)) or not sizes:
            raise ValueError(f"sizes is a list with the width of each layer, as [16, 16, 1], not {sizes!r}")
        if seed is not None:
            init.seed(seed)
        activations = [activation] * (len(sizes) - 1) + ["linear"]
        widths = [in_size, *sizes]
        self.layers = [Layer(n, m, name) for n, m, name in zip(widths, sizes, activations, strict=False)]
        self.activation = _activation(activation)[0]

    def forward(self, x: Sequence[Any]) -> Value | list[Value]:
        """The output for `in_size` inputs: a Value if there is one, else a list."""
        out: Any = x
        for layer in self.layers:
            out = layer(out)
        single: Value | list[Value] = out[0] if len(out) == 1 else out
        return single

    def __repr__(self) -> str:
        in_size = len(self.layers[0].neurons[0].w)
        sizes = [len(layer.neurons) for layer in self.layers]
        count = len(self.parameters())
        return f"MLP({in_size}, {sizes}, activation={self.activation!r})  # {count} parameters"
