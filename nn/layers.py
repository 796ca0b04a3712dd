"""Layers: a neuron, a layer of neurons, the multi-layer perceptron; and what stands between layers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from autograd import Value, dot, sqrt, var
from nn import init
from nn.activations import activation_by_name, named_only, outputs_after
from nn.checks import whole_number
from nn.module import Module, counted, described, parameter
from nn.outputs import outputs_of, said_outputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Function = Callable[[Any], Any]


def _eps(eps: Any) -> float:
    if isinstance(eps, bool) or not isinstance(eps, (int, float)) or not 0.0 <= eps < math.inf:
        raise ValueError(f"eps is a small number, 0 or more, not {eps!r}")
    return float(eps)


def _inputs(x: Any) -> tuple[Any, ...]:
    """The inputs as a tuple, which `dot` keeps as it is, so that the neurons of a layer share one."""
    if not hasattr(x, "__iter__"):
        if x is None:
            raise TypeError("the inputs are None: end the forward, or function, that made them with return")
        raise TypeError(f"the inputs are a sequence of numbers, not {x!r}: write [{x!r}] for a single one")
    return x if type(x) is tuple else tuple(x)


def _wrong_width(module: Neuron | Layer, neuron: Neuron, given: int) -> ValueError:
    """The error of a layer, or of a neuron called by itself, that is given too many or too few inputs."""
    width = len(neuron.w)
    return ValueError(
        f"{_called(module)} takes {width} input{'s' * (width != 1)} and was given {given}: pass {width}, or "
        f"make it with in_size={given}"
    )


def _called(module: Module) -> str:
    """The module that is running, in a sentence: by its path in the model, or as this one."""
    name, path = type(module).__name__, Value(0.0).path  # of the `module_path` block in which it runs
    return f"this {name}" if path in ("", name) else f"the {name} {path}"


class Neuron(Module):
    """activation(w . x + b): three nodes, which textbooks call the products' sum, net and out.

    Args:
        in_size: the number of inputs.
        activation: a name from `nn.activations.ACTIVATIONS`, or a function of one number.
        bias: whether there is a b.
        weight_init, bias_init: a name from `nn.init.RULES` or a rule of `nn.init`; left out, weights are
            drawn as it suits the activation, and biases are 0.
        out_size: of the layer that it is part of, which some rules ask.
    """

    def __init__(
        self,
        in_size: int,
        activation: str | Function = "relu",
        *,
        bias: bool = True,
        weight_init: str | init.Initialiser | None = None,
        bias_init: str | init.Initialiser = "zeros",
        out_size: int = 1,
    ) -> None:
        self.activation, self._activate = activation_by_name(activation)
        in_size = whole_number("in_size", in_size)
        draw = init.by_name(weight_init) if weight_init else init.for_activation(self.activation)
        self.w = [parameter(draw(in_size, out_size), f"w{i + 1}") for i in range(in_size)]
        self.b = parameter(init.by_name(bias_init)(in_size, out_size), "b") if bias else None

    def forward(self, x: Sequence[Any]) -> Value:
        """The output for `in_size` inputs, numbers or Values."""
        x = _inputs(x)
        if len(x) != len(self.w):
            raise _wrong_width(self, self, len(x))
        net = dot(self.w, x)
        out: Value = self._activate(net if self.b is None else net + self.b)
        return out

    def config(self) -> dict[str, Any] | None:
        config = {"in_size": len(self.w), "activation": self.activation, "bias": self.b is not None}
        return named_only(config, [self._activate])

    def _found_outputs(self) -> str | None:
        return outputs_after(self._activate)

    def __repr__(self) -> str:
        return f"Neuron({len(self.w)}, activation={self.activation!r}{_no_bias(self)})  # {counted(self)}"


def _no_bias(neuron: Neuron) -> str:
    return ", bias=False" if neuron.b is None else ""


class Layer(Module):
    """Neurons side by side, all with the same inputs; gives a list of outputs, also if it is of one.

    Args:
        in_size: the number of inputs.
        out_size: the number of neurons.
        activation: a name from `nn.activations.ACTIVATIONS`, or a function of one number.
        options: those of `Neuron`: bias, weight_init, bias_init.
    """

    def __init__(
        self, in_size: int, out_size: int, activation: str | Function = "relu", **options: Any
    ) -> None:
        out_size = whole_number("out_size", out_size)
        self.neurons = [Neuron(in_size, activation, out_size=out_size, **options) for _ in range(out_size)]

    def forward(self, x: Sequence[Any]) -> list[Value]:
        """The outputs of the neurons for `in_size` inputs."""
        x = _inputs(x)
        if len(x) != len(self.neurons[0].w):
            raise _wrong_width(self, self.neurons[0], len(x))
        return [neuron(x) for neuron in self.neurons]

    def config(self) -> dict[str, Any] | None:
        neuron = self.neurons[0].config()
        return neuron and {**neuron, "out_size": len(self.neurons)}

    def _found_outputs(self) -> str | None:
        return outputs_of(self.neurons[0])

    def __repr__(self) -> str:
        first = self.neurons[0]
        activation = "" if isinstance(self, Linear) else f", activation={first.activation!r}"
        sizes = f"{len(first.w)}, {len(self.neurons)}"
        return f"{type(self).__name__}({sizes}{activation}{_no_bias(first)})  # {counted(self)}"


class Linear(Layer):
    """A layer without activation, as PyTorch's: w . x + b for each of `out_size` outputs."""

    def __init__(self, in_size: int, out_size: int, bias: bool = True, **options: Any) -> None:
        super().__init__(in_size, out_size, "linear", bias=bias, **options)

    def config(self) -> dict[str, Any] | None:
        config = super().config()
        return config and {name: value for name, value in config.items() if name != "activation"}


class MLP(Module):
    """A multi-layer perceptron: layers one after the other.

    ``MLP(2, [16, 16, 1])`` has two inputs, two hidden layers of 16 neurons and one output. Called with a
    sequence of numbers or Values it gives a list of Values or, where the last layer has width 1, one Value.

    Args:
        in_size: the number of inputs.
        sizes: the number of neurons in each layer, the output layer last.
        activation: of the hidden layers, one for all or a list with one for each; names from
            `nn.activations.ACTIVATIONS`, or functions of one number.
        output_activation: of the last layer.
        bias: whether the neurons have one.
        weight_init, bias_init: see `Neuron`.
        seed: where given, `nn.seed` is called with it first, so that the weights are the same every time.
            Weights come from the generator of `nn.seed`: ``random.seed`` and NumPy's do not reach them.
        outputs: "probabilities", "logits" or "values", where the last activation does not tell; see
            `Module.outputs`.
    """

    def __init__(
        self,
        in_size: int,
        sizes: Sequence[int],
        activation: str | Function | Sequence[str | Function] = "relu",
        *,
        output_activation: str | Function = "linear",
        bias: bool = True,
        weight_init: str | init.Initialiser | None = None,
        bias_init: str | init.Initialiser = "zeros",
        seed: int | None = None,
        outputs: str | None = None,
    ) -> None:
        if outputs is not None:
            self.outputs = outputs
        if not hasattr(sizes, "__len__") or isinstance(sizes, str) or len(sizes) == 0:
            raise ValueError(f"sizes is a list with the width of each layer, as [16, 16, 1], not {sizes!r}")
        hidden = list(activation) if isinstance(activation, (list, tuple)) else None
        if hidden is not None and len(hidden) != len(sizes) - 1:
            raise ValueError(
                f"activation has one for each of the {len(sizes) - 1} hidden layers, not {len(hidden)}; that "
                f"of the last layer is output_activation"
            )
        if seed is not None:
            init.seed(seed)
        activations = [*([activation] * (len(sizes) - 1) if hidden is None else hidden), output_activation]
        widths = [in_size, *sizes]
        self.layers = [
            Layer(n, m, name, bias=bias, weight_init=weight_init, bias_init=bias_init)
            for n, m, name in zip(widths, sizes, activations, strict=False)
        ]
        self.activation: Any = (
            [activation_by_name(name)[0] for name in hidden]
            if hidden is not None
            else activation_by_name(activation)[0]
        )

    def forward(self, x: Sequence[Any]) -> Value | list[Value]:
        """The output for `in_size` inputs: a Value if there is one, else a list."""
        out: Any = x
        for layer in self.layers:
            out = layer(out)
        single: Value | list[Value] = out[0] if len(out) == 1 else out
        return single

    def config(self) -> dict[str, Any] | None:
        neurons = [layer.neurons[0] for layer in self.layers]
        config = {
            "in_size": len(neurons[0].w),
            "sizes": [len(layer.neurons) for layer in self.layers],
            "activation": self.activation,
            "output_activation": neurons[-1].activation,
            "bias": neurons[0].b is not None,
        }
        return named_only(config, [neuron._activate for neuron in neurons])

    def _found_outputs(self) -> str | None:
        return outputs_of(self.layers[-1])

    def __repr__(self) -> str:
        first, last = self.layers[0].neurons[0], self.layers[-1].neurons[0]
        sizes = [len(layer.neurons) for layer in self.layers]
        output = "" if last.activation == "linear" else f", output_activation={last.activation!r}"
        said = said_outputs(self)
        output += f", outputs={said!r}" if said else ""
        return (
            f"MLP({len(first.w)}, {sizes}, activation={self.activation!r}{output}{_no_bias(first)})"
            f"  # {counted(self)}"
        )


class Sequential(Module):
    """Modules, or functions, one after the other: each is given what the one before gives.

    As in `MLP`, a last layer of one neuron makes it give one Value rather than a list.

    Args:
        modules: modules and functions.
        outputs: "probabilities", "logits" or "values", where the last of them does not tell; see
            `Module.outputs`.
    """

    def __init__(self, *modules: Any, outputs: str | None = None) -> None:
        if outputs is not None:
            self.outputs = outputs
        for module in modules:
            if not callable(module):
                raise TypeError(
                    f"Sequential takes modules and functions, not {module!r}: write them one by one"
                )
        for i, module in enumerate(modules):  # as attributes "0", "1" ..., which their paths begin with
            setattr(self, str(i), module)

    def forward(self, x: Any) -> Any:
        """What the last of them gives."""
        for module in self:
            x = module(x)
        return x[0] if isinstance(x, list) and len(x) == 1 else x

    def config(self) -> dict[str, Any] | None:
        modules = [described(module) if isinstance(module, Module) else None for module in self]
        return None if any(m is None or m["arguments"] is None for m in modules) else {"modules": modules}

    def _found_outputs(self) -> str | None:
        last = next(reversed(list(self)), None)
        return outputs_of(last) if isinstance(last, Module) else outputs_after(last)

    def __len__(self) -> int:
        return sum(name.isdigit() for name in vars(self))

    def __getitem__(self, i: int) -> Any:
        return list(self)[i]

    def __iter__(self) -> Iterator[Any]:
        return iter([module for name, module in vars(self).items() if name.isdigit()])


class Dropout(Module):
    """In training, each number is 0 with probability p, and else divided by 1 - p (Srivastava et al. 2014).

    After ``model.eval()`` it leaves numbers as they are. It draws from the generator that `nn.seed` starts.
    """

    def __init__(self, p: float = 0.5) -> None:
        if not 0.0 <= p < 1.0:
            raise ValueError(f"p is the share that is dropped, 0 or more and below 1, not {p!r}")
        self.p = p

    def forward(self, x: Sequence[Any]) -> list[Any]:
        """As many numbers as x has."""
        x = _inputs(x)
        if not self.training or self.p == 0.0:
            return list(x)
        scale = 1.0 / (1.0 - self.p)
        return [x_i * scale if init.generator.random() >= self.p else x_i * 0.0 for x_i in x]

    def config(self) -> dict[str, Any]:
        return {"p": self.p}

    def __repr__(self) -> str:
        return f"Dropout({self.p})"


class LayerNorm(Module):
    """The numbers of a sample with mean 0 and variance 1, then scaled and shifted (Ba et al. 2016).

    Args:
        size: how many numbers there are.
        eps: added to the variance.
        affine: whether there are a scale `w` and a shift `b` to learn.
    """

    def __init__(self, size: int, eps: float = 1e-5, *, affine: bool = True) -> None:
        self.size, self.eps = whole_number("size", size), _eps(eps)
        self.w = [parameter(1.0, f"w{i + 1}") for i in range(self.size)] if affine else None
        self.b = [parameter(0.0, f"b{i + 1}") for i in range(self.size)] if affine else None

    def forward(self, x: Sequence[Any]) -> list[Any]:
        """As many numbers as x has: `size`."""
        x = _of_size(self, x)
        centre = sum(x[1:], start=x[0]) / float(self.size)
        scale = 1.0 / sqrt(var(x) + self.eps)
        normal = [(x_i - centre) * scale for x_i in x]
        if self.w is None or self.b is None:
            return normal
        return [w * n + b for w, n, b in zip(self.w, normal, self.b, strict=True)]

    def config(self) -> dict[str, Any]:
        return {"size": self.size, "eps": self.eps, "affine": self.w is not None}

    def __repr__(self) -> str:
        return f"LayerNorm({self.size}{'' if self.w else ', affine=False'})  # {counted(self)}"


class RMSNorm(Module):
    """The numbers of a sample divided by the root of their mean square, then scaled (Zhang et al. 2019)."""

    def __init__(self, size: int, eps: float = 1e-5, *, affine: bool = True) -> None:
        self.size, self.eps = whole_number("size", size), _eps(eps)
        self.w = [parameter(1.0, f"w{i + 1}") for i in range(self.size)] if affine else None

    def forward(self, x: Sequence[Any]) -> list[Any]:
        """As many numbers as x has: `size`."""
        x = _of_size(self, x)
        scale = 1.0 / sqrt(dot(x, x) / float(self.size) + self.eps)
        normal = [x_i * scale for x_i in x]
        return normal if self.w is None else [w * n for w, n in zip(self.w, normal, strict=True)]

    def config(self) -> dict[str, Any]:
        return {"size": self.size, "eps": self.eps, "affine": self.w is not None}

    def __repr__(self) -> str:
        return f"RMSNorm({self.size}{'' if self.w else ', affine=False'})  # {counted(self)}"


def _of_size(module: LayerNorm | RMSNorm, x: Sequence[Any]) -> tuple[Any, ...]:
    x = _inputs(x)
    if len(x) != module.size:
        raise ValueError(
            f"{_called(module)} is for {module.size} numbers and was given {len(x)}: make it with the size "
            f"{len(x)}"
        )
    return x


class Embedding(Module):
    """A row of numbers to learn for each of `count` things, as letters or words, known by their number.

    Args:
        count: how many things there are.
        size: how many numbers each has.
        weight_init: the rule of the rows; normally distributed with variance 1 if left out, as PyTorch's.
    """

    def __init__(self, count: int, size: int, weight_init: str | init.Initialiser = "normal") -> None:
        draw = init.by_name(weight_init)
        count, size = whole_number("count", count), whole_number("size", size)
        self.rows = [[parameter(draw(count, size)) for _ in range(size)] for _ in range(count)]

    def forward(self, i: Any) -> list[Any]:
        """The row of the thing i, or the list of rows for a sequence of them."""
        if isinstance(i, (str, bytes)):
            raise TypeError(f"a thing is known by its number, not as {i!r}: write things.index({i!r})")
        if hasattr(i, "__iter__") and getattr(i, "ndim", 1) > 0:
            return [self.forward(j) for j in i]
        number = i.data if isinstance(i, Value) else i
        if number not in range(len(self.rows)):
            raise ValueError(f"{i!r} is none of the {len(self.rows)} things 0 to {len(self.rows) - 1}")
        return self.rows[int(number)]

    def config(self) -> dict[str, Any]:
        return {"count": len(self.rows), "size": len(self.rows[0])}

    def __repr__(self) -> str:
        return f"Embedding({len(self.rows)}, {len(self.rows[0])})  # {counted(self)}"
