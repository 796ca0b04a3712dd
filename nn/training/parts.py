"""The parts of a training from the arguments of `fit`: prepared batches, optimiser and schedule."""

from __future__ import annotations

import random
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any

from nn.data.loader import DataLoader
from nn.data.preparation import StandardScaler
from nn.data.tables import as_list, as_rows, check_lengths, shuffled
from nn.evaluation.metrics import has_names, single
from nn.evaluation.predicting import numbers_for, rows_for, targets_for
from nn.models.module import Module, class_names
from nn.optim.methods import OPTIMIZERS
from nn.optim.optimizer import Optimizer
from nn.optim.schedules import SCHEDULES, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nn.data.preparation import ColumnEncoder

FEW = 300  # samples below which `fit` makes smaller batches and more epochs


@contextmanager
def unchanged_by_errors(model: Module) -> Iterator[None]:
    """A block after whose error the model has the classes, encoder and scaler that it had before."""
    before = model.classes, model._encoder, model._scaler
    try:
        yield
    except BaseException:
        model.classes, model._encoder, model._scaler = before
        raise


def batches_of(
    model: Module,
    X: Any,
    y: Any,
    validation: Any,
    batch_size: int | None,
    seed: int,
    loss_of: Callable[..., Any],
    encoder: ColumnEncoder | None,
    standardise: bool,
) -> tuple[DataLoader, tuple[list[Any], list[Any]] | None]:
    """The batches to learn from, and the validation samples (X, y) or None, as the model takes them.

    The model gets the encoder, a scaler and the names of its classes.
    """
    if encoder is not None:
        model._encoder, model.classes = encoder, encoder.classes or model.classes
    given = X if isinstance(X, DataLoader) else None
    if given is not None:
        if y is not None or not (validation is None or isinstance(validation, (tuple, list))):
            raise ValueError(
                "a DataLoader has its targets and all its samples: leave out y, and pass validation=(X, y)"
            )
        X, y = given.X, given.y
    if class_names(model) is None and has_names(y):
        model.classes = sorted({str(single(label)) for label in as_list(y)})
    X = as_rows(X) if model._encoder is None else model._encoder.transform(X)
    X, y, judged = _hold_out(X, targets_for(y, class_names(model), loss_of), validation, seed)
    if standardise and model._scaler is None:
        model._scaler = StandardScaler().fit(X)
    if model._scaler is not None:
        X = model._scaler.transform(X)
    if judged:
        judged = rows_for(model, judged[0]), targets_for(judged[1], class_names(model), loss_of)
        check_lengths(*judged)
    names = class_names(model)
    if names and X:
        _check_width(model, X[0], len(names))
    if given is None:
        return DataLoader(
            X, y, batch_size if batch_size is not None else 16 if len(X) < FEW else 32, seed=seed
        ), judged
    if names or model._encoder or model._scaler:
        given = copy(given)  # which shares the generator of the given loader
        given.X, given.y = X, y
    return given, judged


def _check_width(model: Module, row: list[float], classes: int) -> None:
    """Raise a ValueError if the outputs do not stand for as many classes as have names."""
    output = numbers_for(model, [row])[0]
    width = len(output) if isinstance(output, list) else 2
    if width != classes:
        raise ValueError(
            f"there are {classes} names of classes, and the outputs of this {type(model).__name__} stand for "
            f"{width}: make the last layer {classes} wide"
        )


def _hold_out(X: list[Any], y: list[Any], validation: Any, seed: int) -> tuple[list[Any], list[Any], Any]:
    """Samples and targets to learn from, and the validation samples (X, y) or None."""
    check_lengths(X, y)
    if validation is None:
        return X, y, None
    if isinstance(validation, (tuple, list)) and len(validation) == 2:
        return X, y, validation
    if not isinstance(validation, float) or not 0.0 < validation < 1.0:
        raise ValueError(f"validation is (X, y), or a share above 0 and below 1, not {validation!r}")
    order = shuffled(len(X), random.Random(seed))
    cut = len(X) - max(1, round(len(X) * validation))
    learn, judge = order[:cut], order[cut:]
    return [X[i] for i in learn], [y[i] for i in learn], ([X[i] for i in judge], [y[i] for i in judge])


def optimizer_of(given: str | Optimizer, model: Module, options: dict[str, float | None]) -> Optimizer:
    """The optimiser, or the one of this name; an error if it cannot adjust the model."""
    parameters = model.parameters()
    if parameters and not any(p.requires_grad for p in parameters):
        raise ValueError("every parameter is frozen: thaw all by model.requires_grad_(), or only some")
    chosen = {name: option for name, option in options.items() if option is not None}
    if isinstance(given, Optimizer):
        if chosen:
            name = next(iter(chosen))
            raise ValueError(
                f"{name} is for an optimiser given by name: leave {name} out, or set it when you make the "
                f"optimiser"
            )
        if not set(map(id, given.parameters)) & set(map(id, parameters)):
            raise ValueError("the optimiser adjusts another model: make it with model.parameters()")
        return given
    if not isinstance(given, str) or given not in OPTIMIZERS:
        raise ValueError(f"no optimiser is called {given!r}: choose one of {', '.join(OPTIMIZERS)}")
    return OPTIMIZERS[given](parameters, **chosen)


def schedule_of(given: str | Schedule, optimizer: Optimizer, epochs: int, steps: int) -> Schedule:
    """The schedule, or the one of this name; an error if `fit` cannot use it."""
    if isinstance(given, str):
        if given not in SCHEDULES:
            raise ValueError(f"no schedule is called {given!r}: choose one of {', '.join(SCHEDULES)}")
        return SCHEDULES[given](optimizer, max(epochs, 1), steps)
    if not isinstance(given, Schedule):
        raise TypeError(f"schedule is a Schedule, such as StepLR(optimizer, 10), or a name, not {given!r}")
    if given.mode == "max":
        raise ValueError("in fit this schedule goes by the loss, which should fall: make it with mode='min'")
    if given.optimizer is not optimizer:
        raise ValueError(
            "the schedule belongs to another optimiser: pass fit the optimiser that the schedule was made for"
        )
    return given
