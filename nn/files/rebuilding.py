"""Descriptions of models in files, and models made from them, safely: a hostile file is refused at once."""

from __future__ import annotations

import json
import math
from typing import Any

from nn import init
from nn.arguments import whole_number
from nn.models import activations, layers
from nn.models.module import Module, described
from nn.models.outputs import checked_outputs, said_outputs

CLASSES: dict[str, Any] = {
    name: value
    for module in (activations, layers)
    for name, value in vars(module).items()
    if isinstance(value, type) and issubclass(value, Module) and value is not Module and name[0] != "_"
}


def rebuildable_arguments(model: Module) -> dict[str, Any] | None:
    """The arguments that make the model; None for a class of the user's own, and for shared parts."""
    name, arguments = type(model).__name__, model.config()
    if CLASSES.get(name) is not type(model) or arguments is None:
        return None
    saved = described(model)
    try:
        if _module_count(saved) > _most_modules(len(model.state_dict())):
            return None
        other = _instance(saved, _Allowance(math.inf))
    except (KeyError, TypeError, ValueError):
        return None
    same = _structure(model) == _structure(other)
    return arguments if same and list(model.state_dict()) == list(other.state_dict()) else None


def _structure(model: Module) -> list[tuple[str, type, str]]:
    return [(path, type(module), repr(module)) for path, module in model.named_modules()]


def rebuilt(saved: Any, count: int) -> Module:
    """The model of a description in a file that has `count` numbers.

    Raises:
        ValueError: if the description is of an unknown class, or has more parameters than numbers.
    """
    name, arguments = saved["class"], saved["arguments"]
    if name not in CLASSES or not isinstance(arguments, dict):
        raise ValueError(f"it is a {name}, which has to be made first: write load(path, {name}(...))")
    if (modules := _module_count(saved)) > _most_modules(count):
        raise ValueError(
            f"it describes {modules:,} modules, which is absurd for {count:,} numbers: if it is yours, make "
            f"the model first and write load(path, model)"
        )
    generator = init.generator.getstate()
    try:
        made = _instance(saved, _Allowance(count))
    finally:
        init.generator.setstate(generator)  # a hostile file may give a seed
    if made.config() != arguments:
        raise ValueError(f"its arguments are not those of a {name}: {json.dumps(arguments)[:200]}")
    return made


def _most_modules(numbers: int) -> int:
    """Limit of modules in a file: several for each number, because activations and norms have no numbers."""
    return 1000 + 10 * numbers


def _module_count(saved: dict[str, Any]) -> int:
    """The number of modules in a description, counted without making them."""
    count, stack = 0, [saved]
    while stack:
        count += 1
        module = stack.pop()
        if module["class"] == "Sequential":
            stack += module["arguments"]["modules"]
    return count


class _Allowance:
    """An initialiser that gives 0 for every weight, and an error when a file has no number for a weight."""

    def __init__(self, count: float) -> None:
        self.left = count

    def __call__(self, in_size: int, out_size: int) -> float:
        return self.take(1)

    def take(self, count: int) -> float:
        self.left -= count
        if self.left < 0:
            raise ValueError("the model has more parameters than the file has numbers")
        return 0.0


def _instance(saved: dict[str, Any], allowance: _Allowance) -> Module:
    """A model of the description, all its weights 0."""
    name, arguments = saved["class"], saved["arguments"]
    if name == "Sequential":
        made: Module = layers.Sequential(*(_instance(part, allowance) for part in arguments["modules"]))
    elif issubclass(CLASSES[name], (layers.Neuron, layers.Layer, layers.MLP, layers.Embedding)):
        made = CLASSES[name](**arguments, weight_init=allowance)
    else:
        if "affine" in arguments:
            allowance.take(whole_number("size", arguments["size"]) if arguments["affine"] else 0)
        made = CLASSES[name](**arguments)
    tell_outputs(made, saved)
    return made


def tell_outputs(model: Module, saved: dict[str, Any]) -> None:
    """Tell a model the kind of output of the saved model, as told by the user or found by `fit`."""
    if "outputs" in saved and said_outputs(model) is None:
        model.outputs = checked_outputs(saved["outputs"])
    if "fitted_outputs" in saved:
        model._fitted_outputs = checked_outputs(saved["fitted_outputs"])
