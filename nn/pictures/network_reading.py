"""Reading a network for its picture: the layers in the order of their calls, with the numbers at work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autograd import Value, enable_grad
from nn.evaluation.predicting import in_use, numbers_of, rows_for
from nn.models.activations import Activation, Softmax
from nn.models.layers import Layer, Neuron
from nn.models.module import Module, forward_hook


@dataclass
class Column:
    """A layer at work, with its own activation or the activation module after the layer.

    Attributes:
        neurons: the neurons of the layer.
        activation: the name of the activation; "" if something else follows the layer.
        inputs, outputs: the numbers that went in and came out.
        made: the Values that came out.
    """

    neurons: list[Neuron]
    activation: str
    inputs: list[float]
    outputs: list[float]
    made: list[Any]


def columns_of(model: Module, x: Any) -> list[Column]:
    """The layers in the order of their calls, for the example x or for zeros.

    Raises:
        TypeError: if the model is no module, or x is no row of numbers.
        ValueError: if the layers do not follow each other, each once, or x is of another length.
    """
    if not isinstance(model, Module):
        raise TypeError(f"draw_network draws a Module, not {model!r}: draw(value) shows a Value's graph")
    layers: list[Any] = [module for module in model.modules() if isinstance(module, Layer)]
    inside = {id(neuron) for layer in layers for neuron in layer.neurons}
    layers += [m for m in model.modules() if isinstance(m, Neuron) and id(m) not in inside]
    if not layers:
        raise _unfit(model, "has no layers of neurons")
    columns: list[Column] = []
    for module, args, out in _calls(model, layers, None if x is None else _example(model, x)):
        made = list(out) if hasattr(out, "__len__") else [out]
        numbers = numbers_of(made)
        if isinstance(module, (Layer, Neuron)):
            neurons = module.neurons if isinstance(module, Layer) else [module]
            column = Column(neurons, neurons[0].activation, numbers_of(args), numbers, made)
            if columns:
                _check_follows(model, columns[-1], column, args)
            columns.append(column)
        elif columns and columns[-1].activation == "linear" and numbers_of(args) == columns[-1].outputs:
            name = module.activation if isinstance(module, Activation) else "softmax"
            columns[-1].activation, columns[-1].outputs, columns[-1].made = name, numbers, made
    if len(columns) != len(layers):
        raise _unfit(model, "must call each layer exactly once")
    return columns


def _example(model: Module, x: Any) -> list[float]:
    """The numbers of the example, prepared as `predict` prepares a row."""
    if not hasattr(x, "__iter__"):
        raise TypeError(
            f"x is an example, a number for each input, not {x!r}: write [{x!r}] for a single one"
        )
    if isinstance(x, dict):
        return rows_for(model, [x])[0]
    return rows_for(model, [[number.data if isinstance(number, Value) else number for number in x]])[0]


def _calls(model: Module, layers: list[Any], row: list[float] | None) -> list[tuple[Any, list[Any], Any]]:
    """The calls of layers and activations that the model makes for a row: (module, inputs, output).

    Without a row, rows of zeros are tried, as wide as the layers.
    """
    widths = list(dict.fromkeys(len((x.neurons[0] if isinstance(x, Layer) else x).w) for x in layers))
    for width in widths if row is None else [len(row)]:
        try:
            return _calls_for(model, layers, [0.0] * width if row is None else row)
        except ValueError as error:
            problem = error
    if row is not None and len(row) != widths[0]:
        raise ValueError(f"x is an example of {widths[0]} inputs, not of {len(row)}") from None
    raise _unfit(model, f"does not take a row of {widths[0]} numbers ({problem})") from None


def _calls_for(model: Module, layers: list[Any], row: list[float]) -> list[tuple[Any, list[Any], Any]]:
    """The calls for this row, noted by a hook after each `forward`."""
    calls: list[tuple[Any, list[Any], Any]] = []

    def note(module: Module, args: tuple[Any, ...], out: Any) -> None:
        x = args[0]
        calls.append((module, list(x) if hasattr(x, "__iter__") else [x], out))

    activations = [m for m in model.modules() if isinstance(m, (Activation, Softmax))]
    with forward_hook([*layers, *activations], note), enable_grad(), in_use(model):
        model([Value(number) for number in row])
    return calls


def _check_follows(model: Module, before: Column, after: Column, inputs: list[Any]) -> None:
    """Raise a ValueError if a layer's inputs are not computed from the outputs of the layer before it."""
    if len(before.neurons) != len(inputs):
        raise _unfit(
            model, f"has a layer of {len(inputs)} inputs behind one of {len(before.neurons)} neurons"
        )
    made = {id(value) for value in before.made}
    for value in inputs:
        stack, seen = [value], set()
        while stack and id(stack[-1]) not in made:
            node = stack.pop()
            if isinstance(node, Value) and id(node) not in seen:
                seen.add(id(node))
                stack += [x for arg in node.args for x in (arg if isinstance(arg, tuple) else (arg,))]
        if not stack:
            raise _unfit(model, "has a layer whose inputs do not come from the layer before it")
    if numbers_of(inputs) != before.outputs:
        before.activation = ""  # a function, or a module such as LayerNorm, changed the outputs


def _unfit(model: Module, why: str) -> ValueError:
    return ValueError(
        f"{type(model).__name__} {why}, and a picture of a network has layers one after the other: "
        f"draw(model, x) shows its graph"
    )
