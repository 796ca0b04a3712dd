"""Callbacks of `fit`: what they are given, and those that stop early and that save."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from nn.checks import whole_number
from nn.io import check_name, save

if TYPE_CHECKING:
    from collections.abc import Callable

    from nn.data import DataLoader
    from nn.history import History
    from nn.module import Module
    from nn.optim import Optimizer
    from nn.schedules import Schedule


class Training:
    """What a callback is given: the model, its optimiser, schedule and loader, and the history so far.

    A callback is called at the end of each epoch, and may set `stop` to a reason, a str, for the training
    to end there.
    """

    def __init__(
        self,
        model: Module,
        optimizer: Optimizer,
        schedule: Schedule | None,
        loader: DataLoader,
        history: History,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.schedule = schedule
        self.loader = loader
        self.history = history
        self.stop = ""
        self.finish: list[Callable[[], None]] = []  # what callbacks want done when training has ended


class EarlyStopping:
    """A callback: ends the training when a column has not improved for `patience` epochs.

    Args:
        monitor: the column of the history, "val_loss" or another.
        patience: how many epochs to wait for something better.
        restore_best: whether the model gets the weights of its best epoch in the end.
        mode: "min" where the column should fall, "max" where it should rise; it may be left out for losses,
            errors, accuracy and r2.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 10,
        *,
        restore_best: bool = True,
        mode: str | None = None,
    ) -> None:
        self.patience, self.restore_best = whole_number("patience", patience), restore_best
        self._best = _Best(monitor, mode)
        self._weights: dict[str, float] = {}
        self._since = 0

    def __call__(self, training: Training) -> None:
        if len(training.history) == 1:  # it may serve for several trainings, one after the other
            training.finish.append(lambda: self._restore(training.model))
        if self._best.improved(training.history):
            self._since = 0
            self._weights = training.model.state_dict()
            return
        self._since += 1
        if self._since >= self.patience:
            training.stop = f"{self._best.column} has not improved for {self.patience} epochs"

    def _restore(self, model: Module) -> None:
        if self.restore_best and self._weights:
            model.load_state_dict(self._weights)


class Checkpoint:
    """A callback: saves the model after every few epochs and in the end, or whenever a column has improved.

    Args:
        path: the file, as for `save`; it is replaced in one moment. "{epoch}" in it stands for the epoch.
        every: how many epochs there are between savings.
        monitor: where given, the column of the history whose improvement is waited for.
        mode: as for `EarlyStopping`.

    Raises:
        ValueError: if a model cannot be saved under that name.
        FileNotFoundError: if there is no such folder.
    """

    def __init__(
        self, path: str | Path, every: int = 1, monitor: str = "", *, mode: str | None = None
    ) -> None:
        self.path, self.every = str(path), whole_number("every", every)
        check_name(Path(path))
        self._best = _Best(monitor, mode) if monitor else None
        self._saved = 0  # the last epoch that was

    def __call__(self, training: Training) -> None:
        count = len(training.history)
        if count == 1 and self._best is None:
            training.finish.append(lambda: self._save_last(training))
        due = count % self.every == 0
        if due and (self._best is None or self._best.improved(training.history)):
            self._save(training)

    def _save(self, training: Training) -> None:
        self._saved = len(training.history)
        save(
            training.model,
            self.path.replace("{epoch}", str(self._saved)),
            optimizer=training.optimizer,
            schedule=training.schedule,
            loader=training.loader,
        )

    def _save_last(self, training: Training) -> None:
        if self._saved != len(training.history):
            self._save(training)


class _Best:
    """The best number so far of a column of a history."""

    def __init__(self, column: str, mode: str | None) -> None:
        if mode not in (None, "min", "max"):
            raise ValueError(f"mode is 'min' or 'max', not {mode!r}")
        if mode is None and ("loss" in column or "error" in column):
            mode = "min"
        if mode is None and column.removeprefix("val_") in ("accuracy", "r2"):
            mode = "max"
        if mode is None:
            raise ValueError(f"whether {column!r} should fall or rise is not known: pass mode='min' or 'max'")
        self.column, self._mode = column, mode
        self._number = math.nan
        self._history: History | None = None  # another one is another training, which begins anew

    def improved(self, history: History) -> bool:
        """Whether the last epoch is the best so far; the first one asked for is."""
        if self.column.startswith("val_") and self.column not in history.rows[-1]:
            raise ValueError(
                f"there is no {self.column} without samples to judge by: pass validation=0.2 to fit"
            )
        number = history[self.column][-1]
        first = history is not self._history
        if first or (number < self._number if self._mode == "min" else number > self._number):
            self._number, self._history = number, history
            return True
        return False
