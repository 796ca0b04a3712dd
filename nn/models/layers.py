"""Layers: neurons, layers of neurons, MLP and Sequential, dropout, normalisation and embedding."""

from __future__ import annotations

import math
import operator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from autograd import TraceError, Value, dot, is_tracing, neurons, sqrt, var
from nn import init
from nn.arguments import whole_number
from nn.models.activations import activation_argument, activation_by_name, linear, outputs_after
from nn.models.module import Module, described, parameter
from nn.models.outputs import outputs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Function = Callable[[Any], Any]


def _inputs(module: Module, x: Any, size: int | None = None, option: str = "in_size") -> tuple[Any, ...]:
    """The inputs as a tuple; `dot` keeps a tuple as it is, so the neurons of a layer share one tuple.

    Raises:
        TypeError: if the inputs are no sequence.
        ValueError: if there are not `size` inputs; the error names the option that decides their number.
    """
    if not hasattr(x, "__iter__"):
        if x is None:
            raise TypeError("the inputs are None: end the forward, or function, that made them with return")
        raise TypeError(f"the inputs are a sequence of numbers, not {x!r}: write [{x!r}] for a single one")
    inputs: tuple[Any, ...] = x if type(x) is tuple else tuple(x)
    if size is not None and len(inputs) != size:
        name, path = type(module).__name__, Value(0.0).path  # a new Value has the path of the running module
        raise ValueError(
            f"{f'this {name}' if path in ('', name) else f'the {name} {path}'} takes {size} "
            f"input{'s' * (size != 1)} and was given {len(inputs)}: pass {size}, or make it with "
            f"{option}={len(inputs)}"
        )
    return inputs


class Neuron(Module):
    """activation(w . x + b): three nodes, called weighted sum, net and out in textbooks.

    Args:
        in_size: the number of inputs.
        activation: a name from `nn.activations.ACTIVATIONS`, or a function of one number.
        bias: whether the neuron has a bias b.
        weight_init, bias_init: a name from `nn.init.RULES` or an initialiser of `nn.init`; by default the
            activation decides how weights are drawn, and biases are 0.
        out_size: the width of the neuron's layer, which some initialisers use.
        nonlin: False for no activation, as in micrograd.
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
        nonlin: bool = True,
    ) -> None:
        self.activation, self._activate = activation_by_name(activation if nonlin else "linear")
        in_size = whole_number("in_size", in_size)
        draw = init.by_name(weight_init) if weight_init else init.for_activation(self.activation)
        self.w = [parameter(draw(in_size, out_size), f"w{i + 1}") for i in range(in_size)]
        self.b = parameter(init.by_name(bias_init)(in_size, out_size), "b") if bias else None

    changes = 0  # how often an attribute of some neuron has been set: layers then look at their neurons again

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        Neuron.changes += 1

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        Neuron.changes += 1

    def forward(self, x: Sequence[Any]) -> Value:
        """The output for `in_size` inputs, numbers or Values."""
        net = dot(self.w, _inputs(self, x, len(self.w)))
        out: Value = self._activate(net if self.b is None else net + self.b)
        return out

    def _arguments(self) -> dict[str, Any]:
        activation = activation_argument(self.activation, self._activate)
        return {"in_size": len(self.w), "activation": activation, "bias": self.b is not None}

    def _found_outputs(self) -> str | None:
        return outputs_after(self._activate)


class _Rows:
    """What `neurons` takes for the neurons of a layer, until one of them changes.

    There are no rows if a neuron is of a class of your own, or a hook has to see its calls.
    """

    def __init__(self, members: list[Neuron]) -> None:
        self.neurons, self.made = list(members), Neuron.changes
        plain = all(type(neuron) is Neuron and neuron._block is not None for neuron in members)
        self.rows = [
            (n.w, n.b, None if n._activate is linear else n._activate, n._block) for n in members if plain
        ]
        self.kept: list[Any] = [None] * len(members)


class Layer(Module):
    """Neurons side by side, all with the same inputs; gives a list, even for a single output.

    Args:
        in_size, out_size: the number of inputs, and of neurons.
        activation, bias, options: as `Neuron` takes them; the options are weight_init and bias_init.
    """

    def __init__(
        self,
        in_size: int,
        out_size: int,
        activation: str | Function = "relu",
        *,
        bias: bool = True,
        **options: Any,
    ) -> None:
        out_size = whole_number("out_size", out_size)
        options |= {"bias": bias, "out_size": out_size}
        self.neurons = [Neuron(in_size, activation, **options) for _ in range(out_size)]

    _rows: _Rows | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_rows"}

    def _name_members(self) -> None:
        for i, neuron in enumerate(self.neurons):
            neuron._unit = i
        super()._name_members()
        for neuron in self.neurons:
            if type(neuron) is Neuron and not neuron._hooks:
                neuron._name_members()

    def forward(self, x: Sequence[Any]) -> list[Value]:
        """The outputs of the neurons for `in_size` inputs."""
        x = _inputs(self, x, len(self.neurons[0].w))
        rows = self._rows
        if rows is None or rows.made != Neuron.changes or rows.neurons != self.neurons:
            rows = self._rows = _Rows(self.neurons)
        return neurons(rows.rows, x, rows.kept) if rows.rows else [neuron(x) for neuron in self.neurons]

    def _arguments(self) -> dict[str, Any]:
        neuron = self.neurons[0]._arguments()
        return {"in_size": neuron.pop("in_size"), "out_size": len(self.neurons), **neuron}

    def _found_outputs(self) -> str | None:
        return outputs_of(self.neurons[0])


class Linear(Layer):
    """A layer without activation, like PyTorch's: w . x + b for each of `out_size` outputs."""

    def __init__(self, in_size: int, out_size: int, bias: bool = True, **options: Any) -> None:
        super().__init__(in_size, out_size, "linear", bias=bias, **options)

    def _arguments(self) -> dict[str, Any]:
        return {name: value for name, value in super()._arguments().items() if name != "activation"}


class MLP(Module):
    """A multi-layer perceptron: layers one after the other.

    ``MLP(2, [16, 16, 1])`` has two inputs, two hidden layers of 16 neurons and one output. A call with a
    sequence of numbers or Values gives a list of Values, or a single Value if the last layer has width 1.

    Args:
        in_size: the number of inputs.
        sizes: the number of neurons in each layer, the output layer last.
        activation: the activation of all hidden layers, or a list with an activation for each hidden layer;
            names from `nn.activations.ACTIVATIONS`, or functions of one number.
        output_activation: the activation of the last layer.
        bias: whether the neurons have a bias b.
        weight_init, bias_init: see `Neuron`.
        seed: if given, `nn.seed` is called with this seed first, so the weights are the same every time.
            Weights come from the generator of `nn.seed`: ``random.seed`` and NumPy's seed have no effect.
        outputs: "probabilities", "logits" or "values", where the last activation does not tell the kind of
            output; see `Module.outputs`.
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
        several = isinstance(activation, (list, tuple))
        given: list[Any] = list(activation) if several else [activation]  # type: ignore[arg-type]
        hidden = given if several else given * (len(sizes) - 1)
        if len(hidden) != len(sizes) - 1:
            raise ValueError(
                f"activation is a list with one for each of the {len(sizes) - 1} hidden layers, not "
                f"{len(hidden)}; the activation of the last layer is output_activation"
            )
        if seed is not None:
            init.seed(seed)
        self.layers = [
            Layer(n, m, name, bias=bias, weight_init=weight_init, bias_init=bias_init)
            for n, m, name in zip([in_size, *sizes], sizes, [*hidden, output_activation], strict=False)
        ]
        names = [activation_by_name(name)[0] for name in given]
        self.activation: Any = names if several else names[0]

    def forward(self, x: Sequence[Any]) -> Value | list[Value]:
        """The output for `in_size` inputs: a single Value, or a list if the last layer is wider than 1."""
        out: Any = x
        for layer in self.layers:
            out = layer(out)
        single: Value | list[Value] = out[0] if len(out) == 1 else out
        return single

    def _arguments(self) -> dict[str, Any]:
        layers = [layer._arguments() for layer in self.layers]
        hidden = [layer["activation"] for layer in layers[:-1]]
        one = hidden[0] if hidden else self.activation
        return {
            "in_size": layers[0]["in_size"],
            "sizes": [layer["out_size"] for layer in layers],
            "activation": hidden if isinstance(self.activation, list) else one,
            "output_activation": layers[-1]["activation"],
            "bias": layers[0]["bias"],
        }

    def _found_outputs(self) -> str | None:
        return outputs_of(self.layers[-1])


class Sequential(Module):
    """Modules or functions one after the other: the output of each is the input of the next.

    As in `MLP`, a last layer of one neuron gives a single Value instead of a list.

    Args:
        modules: modules and functions.
        outputs: "probabilities", "logits" or "values", where the last module does not tell the kind of
            output; see `Module.outputs`.
    """

    def __init__(self, *modules: Any, outputs: str | None = None) -> None:
        if outputs is not None:
            self.outputs = outputs
        for i, module in enumerate(modules):
            if not callable(module):
                raise TypeError(
                    f"Sequential takes modules and functions, not {module!r}: write them one by one"
                )
            setattr(self, str(i), module)  # the attributes "0", "1" ... give the paths

    def forward(self, x: Any) -> Any:
        """The output of the last module."""
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


_masks: ContextVar[tuple[Iterator[Any], list[Any] | None] | None] = ContextVar("masks", default=None)


@contextmanager
def dropout_masks(factors: Iterable[Any], plan: list[tuple[Dropout, int]] | None = None) -> Iterator[None]:
    """A block in which dropouts multiply by given factors, one after the other, instead of drawing them.

    With a `plan` the dropouts do nothing but add themselves to it, with the number of their factors.
    """
    token = _masks.set((iter(factors), plan))
    try:
        yield
    finally:
        _masks.reset(token)


class Dropout(Module):
    """In training, each number becomes 0 with probability p, or is divided by 1 - p (Srivastava et al. 2014).

    After ``model.eval()`` numbers stay as they are. Random numbers come from the generator of `nn.seed`.
    """

    def __init__(self, p: float = 0.5) -> None:
        if not 0.0 <= p < 1.0:
            raise ValueError(f"p is the share of dropped numbers, 0 or more and below 1, not {p!r}")
        self.p = p

    def forward(self, x: Sequence[Any]) -> list[Any]:
        """A list of numbers, as long as x."""
        x = _inputs(self, x)
        if not self.training or self.p == 0.0:
            return list(x)
        given = _masks.get()
        if given is not None:
            factors, plan = given
            if plan is not None:
                plan.append((self, len(x)))
                return list(x)
            return [x_i * next(factors) for x_i in x]
        if is_tracing():
            raise TraceError(
                "dropout draws random numbers, and a program would keep those of its first call: call "
                "model.eval() before, or draw the mask outside of the function and pass it as an argument"
            )
        return [x_i * factor for x_i, factor in zip(x, self.draw(len(x)), strict=True)]

    def draw(self, size: int) -> list[float]:
        """Random factors: 0 with probability p, else 1 / (1 - p)."""
        scale = 1.0 / (1.0 - self.p)
        return [scale if init.generator.random() >= self.p else 0.0 for _ in range(size)]

    def _arguments(self) -> dict[str, Any]:
        return {"p": self.p}


class _Norm(Module):
    """The base of normalisations of a sample, with a scale `w` to learn if it is affine."""

    def __init__(self, size: int, eps: float = 1e-5, *, affine: bool = True) -> None:
        if isinstance(eps, bool) or not isinstance(eps, (int, float)) or not 0.0 <= eps < math.inf:
            raise ValueError(f"eps is a small number, 0 or more, not {eps!r}")
        self.size, self.eps = whole_number("size", size), float(eps)
        self.w = [parameter(1.0, f"w{i + 1}") for i in range(self.size)] if affine else None

    def _arguments(self) -> dict[str, Any]:
        return {"size": self.size, "eps": self.eps, "affine": self.w is not None}


class LayerNorm(_Norm):
    """The numbers of a sample with mean 0 and variance 1, then scaled and shifted (Ba et al. 2016).

    Args:
        size: how many numbers there are.
        eps: added to the variance.
        affine: whether to learn a scale `w` and a shift `b`.
    """

    def __init__(self, size: int, eps: float = 1e-5, *, affine: bool = True) -> None:
        super().__init__(size, eps, affine=affine)
        self.b = [parameter(0.0, f"b{i + 1}") for i in range(self.size)] if affine else None

    def forward(self, x: Sequence[Any]) -> list[Any]:
        """A list of `size` numbers, for x of `size` numbers."""
        x = _inputs(self, x, self.size, "size")
        centre = sum(x[1:], start=x[0]) / float(self.size)
        scale = 1.0 / sqrt(var(x) + self.eps)
        normal = [(x_i - centre) * scale for x_i in x]
        if self.w is None or self.b is None:
            return normal
        return [w * n + b for w, n, b in zip(self.w, normal, self.b, strict=True)]


class RMSNorm(_Norm):
    """The numbers of a sample divided by the root of their mean square, then scaled (Zhang et al. 2019)."""

    def forward(self, x: Sequence[Any]) -> list[Any]:
        """A list of `size` numbers, for x of `size` numbers."""
        x = _inputs(self, x, self.size, "size")
        scale = 1.0 / sqrt(dot(x, x) / float(self.size) + self.eps)
        normal = [x_i * scale for x_i in x]
        return normal if self.w is None else [w * n for w, n in zip(self.w, normal, strict=True)]


class Embedding(Module):
    """A row of numbers to learn for each of `count` things, such as letters or words, known by number.

    Args:
        count: how many things there are.
        size: the length of each row.
        weight_init: the initialiser of the rows; by default normal with variance 1, like PyTorch's.
    """

    def __init__(self, count: int, size: int, weight_init: str | init.Initialiser = "normal") -> None:
        draw = init.by_name(weight_init)
        count, size = whole_number("count", count), whole_number("size", size)
        self.rows = [[parameter(draw(count, size)) for _ in range(size)] for _ in range(count)]

    def forward(self, i: Any) -> list[Any]:
        """The row of the thing number i, or a list of rows for a sequence of numbers."""
        if isinstance(i, (str, bytes)):
            raise TypeError(f"a thing is known by its number, not as {i!r}: write things.index({i!r})")
        if hasattr(i, "__iter__") and getattr(i, "ndim", 1) > 0:
            return [self.forward(j) for j in i]
        if is_tracing() and isinstance(i, Value):
            operator.index(i)  # which says what to write
        number = i.data if isinstance(i, Value) else i
        if number not in range(len(self.rows)):
            raise ValueError(f"{i!r} is none of the {len(self.rows)} things 0 to {len(self.rows) - 1}")
        return self.rows[int(number)]

    def _arguments(self) -> dict[str, Any]:
        return {"count": len(self.rows), "size": len(self.rows[0])}
