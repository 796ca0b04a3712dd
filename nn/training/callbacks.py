"""Callbacks of `fit`: early stopping and checkpoints, and the Training that a callback receives."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nn.arguments import whole_number
from nn.files.formats import check_name
from nn.files.saving import save

if TYPE_CHECKING:
    from collections.abc import Callable

    from nn.data.loader import DataLoader
    from nn.models.module import Module
    from nn.optim.optimizer import Optimizer
    from nn.optim.schedules import Schedule
    from nn.training.history import History


@dataclass(eq=False)
class Training:
    """The argument of a callback: the model, its optimiser, schedule and loader, and the history so far.

    `fit` calls each callback at the end of each epoch. To end the training, a callback sets `stop` to the
    reason, a str.
    """

    model: Module
    optimizer: Optimizer
    schedule: Schedule | None
    loader: DataLoader
    history: History
    stop: str = field(default="", init=False)
    finish: list[Callable[[], None]] = field(default_factory=list, init=False)  # called at the end


class EarlyStopping:
    """A callback that ends the training when a column has not improved for `patience` epochs.

    Args:
        monitor: the column of the history to watch.
        patience: the number of epochs to wait for an improvement.
        restore_best: whether the model ends with the weights of its best epoch.
        mode: "min" if the column should fall, "max" if it should rise; the mode of losses, errors, accuracy
            and r2 is known.
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
        if len(training.history) == 1:  # a new training: one callback may serve several in turn
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
    """A callback that saves the model every few epochs and at the end, or when a column has improved.

    Args:
        path: the file, see `save`; an older file is replaced at once. "{epoch}" stands for the epoch number.
        every: the number of epochs between two savings.
        monitor: a column of the history; if given, the model is saved only when the column has improved.
        mode: "min" or "max", see `EarlyStopping`.

    Raises:
        ValueError: if a model cannot be saved under this name.
        FileNotFoundError: if the folder does not exist.
    """

    def __init__(
        self, path: str | Path, every: int = 1, monitor: str = "", *, mode: str | None = None
    ) -> None:
        self.path, self.every = str(path), whole_number("every", every)
        check_name(Path(path))
        self._best = _Best(monitor, mode) if monitor else None
        self._saved = 0  # the epoch of the last saving

    def __call__(self, training: Training) -> None:
        count = len(training.history)
        if count == 1 and self._best is None:
            training.finish.append(lambda: self._save(training))
        due = count % self.every == 0
        if due and (self._best is None or self._best.improved(training.history)):
            self._save(training)

    def _save(self, training: Training) -> None:
        epoch = len(training.history)
        if epoch != self._saved:  # at the end the last epoch may be saved already
            parts = {
                "optimizer": training.optimizer,
                "schedule": training.schedule,
                "loader": training.loader,
            }
            save(training.model, self.path.replace("{epoch}", str(epoch)), **parts)  # type: ignore[arg-type]
            self._saved = epoch


class _Best:
    """The best number so far in a column of a history."""

    def __init__(self, column: str, mode: str | None) -> None:
        if mode not in (None, "min", "max"):
            raise ValueError(f"mode is 'min' or 'max', not {mode!r}")
        if mode is None and ("loss" in column or "error" in column):
            mode = "min"
        elif mode is None and column.removeprefix("val_") in ("accuracy", "r2"):
            mode = "max"
        if mode is None:
            raise ValueError(f"cannot tell whether {column!r} should fall or rise: pass mode='min' or 'max'")
        self.column, self._mode = column, mode
        self._number = math.nan
        self._history: History | None = None  # a new history means a new training

    def improved(self, history: History) -> bool:
        """Whether the last epoch is the best so far; the first epoch counts as best."""
        if self.column.startswith("val_") and self.column not in history.rows[-1]:
            raise ValueError(f"{self.column} needs validation samples: pass validation=0.2 to fit")
        number = history[self.column][-1]
        first = history is not self._history
        if first or (number < self._number if self._mode == "min" else number > self._number):
            self._number, self._history = number, history
            return True
        return False
