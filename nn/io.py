"""Saving and loading: models as JSON that a person can read, or as safetensors; never as pickles.

A file holds the numbers of the parameters by their paths, the class and arguments of the model where it
is one of this package's, and, for training to go on, the state of optimiser, schedule and loader.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nn import activations, init, layers
from nn.data import generator_state, set_generator_state
from nn.module import Module, at_most, described
from nn.outputs import checked_outputs, said_outputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nn.data import DataLoader
    from nn.optim import Optimizer
    from nn.schedules import Schedule

FORMAT = "scalar-autograd model"
VERSION = 1

CLASSES: dict[str, Any] = {
    name: value
    for module in (activations, layers)
    for name, value in vars(module).items()
    if isinstance(value, type) and issubclass(value, Module) and value is not Module
}


def save(
    model: Module,
    path: str | Path,
    *,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    loader: DataLoader | None = None,
) -> None:
    """Save a model and, where given, what its training needs to go on just as if it had not stopped.

    A file of that name is replaced in one moment, when all is written.

    Args:
        model: the model.
        path: where to; ".json" for text, ".safetensors" for numbers in binary (needs safetensors).
        optimizer, schedule, loader: whose state is saved with it, and that of the generator of weights.

    Raises:
        ValueError: for another ending of the name, or a parameter that is no finite number.
        FileNotFoundError: if there is no such folder.
    """
    path = Path(path)
    check_name(path)
    for name, number in model.state_dict().items():
        if not math.isfinite(number):
            raise ValueError(f"{name} is {number!r}: a model whose training went astray is not worth a file")
    parts = {"optimizer": optimizer, "schedule": schedule, "loader": loader}
    training: dict[str, Any] = {n: part.state_dict() for n, part in parts.items() if part is not None}
    if training:
        training["generator"] = generator_state(init.generator)
    head = {
        "format": FORMAT,
        "version": VERSION,
        "model": {**described(model), "arguments": _arguments(model)},
        "training": training,
    }
    _replace(path, _encoded(path, head, _grouped(model.state_dict())))


def load(
    path: str | Path,
    model: Module | None = None,
    *,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    loader: DataLoader | None = None,
) -> Any:
    """Load a model that `save` has written.

    Args:
        path: the file.
        model: one that was made with the same sizes, to be given the numbers; needed for classes of your
            own, while those of this package are made anew where it is left out. What its outputs are
            (`Module.outputs`) is taken from the file unless the model was told.
        optimizer, schedule, loader: what goes on with its training, to be given their states.

    Returns:
        The model; one that is made anew is in the mode for use, see `Module.eval`.

    Raises:
        ValueError: if the file is no model, is damaged, or does not fit; nothing has changed then.
        FileNotFoundError: if there is no such file.
    """
    path = Path(path)
    before = None if model is None else model.state_dict()
    generator = generator_state(init.generator)
    try:
        head, numbers = _decoded(path)
        saved, state = _described(head), _flat(numbers)
        made = _made(saved, len(state)).eval() if model is None else model
        made.load_state_dict(state)
    except (KeyError, TypeError, AttributeError, IndexError, RecursionError, ArithmeticError) as error:
        raise ValueError(f"{path} is no model, or damaged: {type(error).__name__} {error}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    finally:
        set_generator_state(init.generator, generator)  # the weights that were drawn are not those kept
    parts = {"optimizer": optimizer, "schedule": schedule, "loader": loader}
    wanted = {name: part for name, part in parts.items() if part is not None}
    try:
        if wanted:
            _resume(path, head, wanted)
    except BaseException:
        if before is not None:
            made.load_state_dict(before)
        raise
    if model is not None:
        _tell(model, saved)
    return made


def _described(head: dict[str, Any]) -> dict[str, Any]:
    """What a file says of its model, other than its numbers."""
    saved = head.get("model")
    if not isinstance(saved, dict):
        raise ValueError("it does not say what the model is")
    for name in ("outputs", "fitted_outputs"):
        if name in saved:
            checked_outputs(saved[name])
    return saved


def _resume(path: Path, head: dict[str, Any], parts: dict[str, Any]) -> None:
    training = head.get("training")
    if not isinstance(training, dict) or not set(parts) <= set(training):
        raise ValueError(f"{path} has no state of {', '.join(parts)}: it was saved without")
    before = generator_state(init.generator)
    try:
        set_generator_state(init.generator, training.get("generator"))  # type: ignore[arg-type]
        _put(parts, training)
    except (KeyError, TypeError, AttributeError, IndexError, ArithmeticError, ValueError) as error:
        set_generator_state(init.generator, before)
        raise ValueError(f"{path}: {error}") from None


def _put(parts: Mapping[str, Any], states: Mapping[str, Any]) -> None:
    """Load all states, or none."""
    before = {name: part.state_dict() for name, part in parts.items()}
    try:
        for name, part in parts.items():
            part.load_state_dict(states[name])
    except BaseException:
        for name, part in parts.items():
            part.load_state_dict(before[name])
        raise


def _arguments(model: Module) -> dict[str, Any] | None:
    """What makes a model just like it; None where nothing does: a class of one's own, or shared parts."""
    name, arguments = type(model).__name__, model.config()
    if CLASSES.get(name) is not type(model) or arguments is None:
        return None
    generator = generator_state(init.generator)
    saved = described(model)
    try:
        if _module_count(saved) > _most_modules(len(model.state_dict())):
            return None
        other = _instance(saved)
    except (KeyError, TypeError, ValueError):
        return None
    finally:
        set_generator_state(init.generator, generator)
    same = [(path, type(m), repr(m)) for path, m in model.named_modules()] == [
        (path, type(m), repr(m)) for path, m in other.named_modules()
    ]
    return arguments if same and list(model.state_dict()) == list(other.state_dict()) else None


def _made(saved: Any, count: int) -> Module:
    """The model that a file describes, with no more parameters than there are numbers."""
    name, arguments = saved["class"], saved["arguments"]
    if name not in CLASSES or not isinstance(arguments, dict):
        raise ValueError(f"it is a {name}, which has to be made first: write load(path, {name}(...))")
    if (modules := _module_count(saved)) > _most_modules(count):
        raise ValueError(
            f"it describes {modules:,} modules, which is absurd for {count:,} numbers: if it is yours, make "
            f"the model first and write load(path, model)"
        )
    with at_most(count):
        made = _instance(saved)
    if made.config() != arguments:
        raise ValueError(f"its arguments are not those of a {name}: {json.dumps(arguments)[:200]}")
    return made


def _most_modules(numbers: int) -> int:
    """How many modules a file may describe: several for each number, as activations and norms have none."""
    return 1000 + 10 * numbers


def _module_count(saved: dict[str, Any]) -> int:
    """How many modules a file describes, without making them."""
    count, stack = 0, [saved]
    while stack:
        count += 1
        module = stack.pop()
        if module["class"] == "Sequential":
            stack += module["arguments"]["modules"]
    return count


def _instance(saved: dict[str, Any]) -> Module:
    name, arguments = saved["class"], saved["arguments"]
    if name == "Sequential":
        made: Module = layers.Sequential(*map(_instance, arguments["modules"]))
    else:
        made = CLASSES[name](**arguments)
    _tell(made, saved)
    return made


def _tell(model: Module, saved: dict[str, Any]) -> None:
    """Tell a model what the outputs of the saved one are, as far as it was said or found by `fit`."""
    if "outputs" in saved and said_outputs(model) is None:
        model.outputs = checked_outputs(saved["outputs"])
    if "fitted_outputs" in saved:
        model._fitted_outputs = checked_outputs(saved["fitted_outputs"])


# Numbers: those of a list of parameters together, as "layers.0.neurons.1.w": [0.5, -0.25]


def _grouped(state: Mapping[str, float]) -> dict[str, Any]:
    grouped: dict[str, Any] = {}
    for name, number in state.items():
        prefix, _, last = name.rpartition(".")
        before = grouped.get(prefix, [])
        if isinstance(before, list) and last == str(len(before)):
            grouped[prefix] = before
            before.append(number)
        else:
            grouped[name] = number
    return grouped


def _flat(grouped: Mapping[str, Any]) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for name, numbers in grouped.items():
        if isinstance(numbers, list):
            state.update({f"{name}.{i}": number for i, number in enumerate(numbers)})
        else:
            state[name] = numbers
    return state


# Files


def check_name(path: Path) -> None:
    """Raise what `save` would, of a name with another ending or a folder that is not there."""
    if path.suffix.lower() not in (".json", ".safetensors"):
        raise ValueError(f"a model is saved as .json or .safetensors, not as {path.name!r}")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"there is no folder {str(path.parent)!r} to save {path.name!r} in: make it first"
        )


def _encoded(path: Path, head: dict[str, Any], numbers: dict[str, Any]) -> bytes:
    if path.suffix.lower() == ".json":
        lines = [
            f"  {json.dumps(name)}: {json.dumps(value, allow_nan=False)}" for name, value in head.items()
        ]
        rows = [f"    {json.dumps(name)}: {json.dumps(n, allow_nan=False)}" for name, n in numbers.items()]
        parameters = '  "parameters": {\n' + ",\n".join(rows) + "\n  }"
        return ("{\n" + ",\n".join([*lines, parameters]) + "\n}\n").encode()
    import numpy as np
    from safetensors.numpy import save as to_bytes

    arrays = {name: np.asarray(n, dtype=np.float64) for name, n in numbers.items()}
    data: bytes = to_bytes(arrays, metadata={"autograd": json.dumps(head, allow_nan=False)})
    return data


def _decoded(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    data = path.read_bytes()
    if path.suffix.lower() == ".safetensors":
        head, numbers = _of_safetensors(data)
    else:
        try:
            head = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"it is no JSON, or damaged: {error}") from None
        numbers = head.pop("parameters", {}) if isinstance(head, dict) else {}
    if not isinstance(head, dict) or head.get("format") != FORMAT or not isinstance(numbers, dict):
        raise ValueError("it is no model that this package has saved")
    if head.get("version") != VERSION:
        raise ValueError(f"it is of version {head.get('version')!r}, and this package reads {VERSION}")
    return head, numbers


def _of_safetensors(data: bytes) -> tuple[Any, dict[str, Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    try:
        length = int.from_bytes(data[:8], "little")
        described = json.loads(data[8 : 8 + length])["__metadata__"]["autograd"]
        arrays = from_bytes(data)
    except (SafetensorError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"it is no safetensors file of a model, or damaged: {error}") from None
    for name, array in arrays.items():
        if array.dtype != "float64":
            raise ValueError(f"{name} is of {array.dtype}, and a model's numbers are of float64")
    return json.loads(described), {name: array.tolist() for name, array in arrays.items()}


def _replace(path: Path, data: bytes) -> None:
    """Write a file that is there as a whole or not at all."""
    path = path.resolve()  # what a symbolic link stands for is replaced, not the link
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
