"""Saving and loading of models, and of the training state, as JSON or safetensors; never as pickles.

A file holds the numbers of the parameters by their paths; the class and arguments of a model of this package;
the encoder, scaler and names of classes that `fit` left with it; and, to continue a training, the state of
optimiser, schedule and loader.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nn import init
from nn.data.loader import generator_state, set_generator_state
from nn.data.preparation import ColumnEncoder, StandardScaler
from nn.files.formats import FORMAT, VERSION, check_name, decoded, encoded, flat, grouped, replace
from nn.files.rebuilding import rebuildable_arguments, rebuilt, tell_outputs
from nn.models.module import class_names, described
from nn.models.outputs import checked_outputs

if TYPE_CHECKING:
    from nn.data.loader import DataLoader
    from nn.models.module import Module
    from nn.optim.optimizer import Optimizer
    from nn.optim.schedules import Schedule

DAMAGED = (KeyError, TypeError, AttributeError, IndexError, RecursionError, ArithmeticError)


def save(
    model: Module,
    path: str | Path,
    *,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    loader: DataLoader | None = None,
) -> None:
    """Save a model, and with it the state of its training, to continue exactly where the training stopped.

    A file of the same name is replaced at once, after everything is written.

    Args:
        model: the model.
        path: the file; ".json" for text, ".safetensors" for binary numbers (needs safetensors).
        optimizer, schedule, loader: the parts of a training to save with the model; with any of them the
            state of the generator of `nn.seed` is saved too.

    Raises:
        ValueError: for another ending of the name, or a parameter that is no finite number.
        FileNotFoundError: if the folder does not exist.
    """
    path = Path(path)
    check_name(path)
    for name, number in model.state_dict().items():
        if not math.isfinite(number):
            raise ValueError(f"{name} is {number!r}: cannot save non-finite parameters: training diverged")
    parts = {"optimizer": optimizer, "schedule": schedule, "loader": loader}
    training: dict[str, Any] = {n: part.state_dict() for n, part in parts.items() if part is not None}
    if training:
        training["generator"] = generator_state(init.generator)
    kept = {"encoder": model._encoder, "scaler": model._scaler}
    head = {
        "format": FORMAT,
        "version": VERSION,
        "model": {**described(model), "arguments": rebuildable_arguments(model)},
        **({} if (classes := class_names(model)) is None else {"classes": classes}),
        **{name: part.to_dict() for name, part in kept.items() if part is not None},
        "training": training,
    }
    replace(path, encoded(path, head, grouped(model.state_dict())))


def load(
    path: str | Path,
    model: Module | None = None,
    *,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    loader: DataLoader | None = None,
) -> Any:
    """Load a model from a file that `save` has written.

    Args:
        path: the file.
        model: a model of the same sizes that receives the numbers. It is required for a class of your own;
            for classes of this package a new model is made by default. The kind of output (`Module.outputs`)
            comes from the file, unless the given model was told another kind.
        optimizer, schedule, loader: the parts of a training that receive their saved states.

    Returns:
        The given or new model; a new model is in evaluation mode, see `Module.eval`.

    Raises:
        ValueError: if the file is no model, is damaged, or does not fit; then nothing has changed.
        FileNotFoundError: if there is no such file.
    """
    path = Path(path)
    before = None if model is None else model.state_dict()
    try:
        head, numbers = decoded(path)
        saved, kept, state = _description(head), _preparation(head), flat(numbers)
        made = rebuilt(saved, len(state)).eval() if model is None else model
        made.load_state_dict(state)
    except DAMAGED as error:
        raise ValueError(f"{path} is no model, or damaged: {type(error).__name__} {error}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
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
        tell_outputs(model, saved)
    vars(made).update(kept)
    return made


def _description(head: dict[str, Any]) -> dict[str, Any]:
    """The description of the model in a file: class, arguments and kind of output."""
    saved = head.get("model")
    if not isinstance(saved, dict):
        raise ValueError("it does not say what the model is")
    for name in ("outputs", "fitted_outputs"):
        if name in saved:
            checked_outputs(saved[name])
    return saved


def _preparation(head: dict[str, Any]) -> dict[str, Any]:
    """The names of classes, the encoder and the scaler in a file, as attributes of the model."""
    classes = head.get("classes")
    if classes is not None and not (isinstance(classes, list) and all(isinstance(c, str) for c in classes)):
        raise ValueError("its classes are no list of names")
    kept: dict[str, Any] = {"classes": classes} if classes else {}
    for name, kind in (("encoder", ColumnEncoder), ("scaler", StandardScaler)):
        if name in head:
            kept[f"_{name}"] = kind.from_dict(head[name])
    return kept


def _resume(path: Path, head: dict[str, Any], parts: dict[str, Any]) -> None:
    """Restore the states of the parts of a training, all or none."""
    training = head.get("training")
    if not isinstance(training, dict) or not set(parts) <= set(training):
        raise ValueError(f"{path} has no state of {', '.join(parts)}: it was saved without")
    before = {name: part.state_dict() for name, part in parts.items()}
    generator = generator_state(init.generator)
    try:
        set_generator_state(init.generator, training.get("generator"))  # type: ignore[arg-type]
        for name, part in parts.items():
            part.load_state_dict(training[name])
    except BaseException as error:
        set_generator_state(init.generator, generator)
        for name, part in parts.items():
            part.load_state_dict(before[name])
        if isinstance(error, (*DAMAGED, ValueError)):
            raise ValueError(f"{path}: {error}") from None
        raise
