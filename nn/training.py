"""Training: `fit` a model to samples, and use it: `predict`, `predict_proba`, `evaluate`."""

from __future__ import annotations

import math
import random
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from autograd import Value, backward, no_grad, sigmoid, softmax
from nn.checks import whole_number
from nn.data import DataLoader, as_rows, as_targets, shuffled
from nn.losses import loss_by_name
from nn.metrics import accuracy, classes_of, metric_by_name
from nn.optim import OPTIMIZERS, Optimizer, clip_grad_norm_
from nn.schedules import OneCycleLR, ReduceLROnPlateau, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from nn.module import Module

    Callback = Callable[["Training"], Any]


class History:
    """What happened in training: a row of numbers for each epoch.

    ``history["loss"]`` is one column; ``print(history)`` shows the table, `to_frame` gives it to pandas.

    Attributes:
        rows: for each epoch a dict of epoch, loss, lr, seconds, and the metrics; those of the validation
            samples begin with "val_".
        stopped: why it ended before the last epoch, or "".
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self.stopped = ""

    def __getitem__(self, column: str) -> list[float]:
        if self.rows and column not in self.rows[0]:
            raise KeyError(f"the history has no column {column!r}, but {', '.join(self.rows[0])}")
        return [row[column] for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, float]]:
        return iter(self.rows)

    def plot(self, *columns: str, ax: Any = None) -> Any:
        """Columns by epoch, "loss" and "val_loss" if none are named; see `plot_history`."""
        from nn.plot import plot_history

        return plot_history(self, columns or ("loss", "val_loss"), ax)

    def to_frame(self) -> Any:
        """A pandas data frame (needs pandas)."""
        from pandas import DataFrame

        return DataFrame(self.rows)

    def __str__(self) -> str:
        if not self.rows:
            return "no epoch was finished" + (f": {self.stopped}" if self.stopped else "")
        shown = self.rows if len(self.rows) <= 12 else [*self.rows[:5], {}, *self.rows[-5:]]
        columns = list(self.rows[0])
        lines = ["".join(f"{name:>14}" for name in columns)]
        for row in shown:
            lines.append("".join(f"{row[n]:>14.6g}" for n in columns) if row else f"{'...':>14}")
        return "\n".join([*lines, *([self.stopped] if self.stopped else [])])

    def __repr__(self) -> str:
        last = {name: round(number, 6) for name, number in self.rows[-1].items()} if self.rows else {}
        return f"<History of {len(self.rows)} epochs; the last: {last}>"


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
        epochs: int,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.schedule = schedule
        self.loader = loader
        self.history = history
        self.epochs = epochs  # after which it ends
        self.stop = ""
        self.finish: list[Callable[[], None]] = []  # what callbacks want done when training has ended


class EarlyStopping:
    """A callback: ends the training when a column has not improved for `patience` epochs.

    Args:
        monitor: the column of the history, "val_loss" or another; with "loss" in its name it should fall,
            otherwise rise.
        patience: how many epochs to wait for something better.
        restore_best: whether the model gets the weights of its best epoch in the end.
    """

    def __init__(self, monitor: str = "val_loss", patience: int = 10, *, restore_best: bool = True) -> None:
        self.monitor, self.patience, self.restore_best = monitor, patience, restore_best
        self._best: float | None = None
        self._weights: dict[str, float] = {}
        self._since = 0

    def __call__(self, training: Training) -> None:
        number = _monitored(training.history, self.monitor)
        if len(training.history) == 1:  # it may serve for several trainings, one after the other
            self._best, self._weights = None, {}
        if self._best is None:
            training.finish.append(lambda: self._restore(training.model))
        if self._best is None or _is_better(self.monitor, number, self._best):
            self._best, self._since = number, 0
            self._weights = training.model.state_dict()
            return
        self._since += 1
        if self._since >= self.patience:
            training.stop = f"{self.monitor} has not improved for {self.patience} epochs"

    def _restore(self, model: Module) -> None:
        if self.restore_best and self._weights:
            model.load_state_dict(self._weights)


class Checkpoint:
    """A callback: saves the model after every few epochs and the last, or whenever a column has improved.

    Args:
        path: the file, as for `save`; it is replaced in one moment. "{epoch}" in it stands for the epoch.
        every: how many epochs there are between savings.
        monitor: where given, the column of the history whose improvement is waited for; with "loss" in
            its name it should fall, otherwise rise.
    """

    def __init__(self, path: str | Path, every: int = 1, monitor: str = "") -> None:
        self.path, self.every, self.monitor = str(path), whole_number("every", every), monitor
        self._best: float | None = None

    def __call__(self, training: Training) -> None:
        if len(training.history) == 1:  # it may serve for several trainings, one after the other
            self._best = None
        count = len(training.history)
        if count % self.every and count < training.epochs and not training.stop:
            return
        if self.monitor:
            number = _monitored(training.history, self.monitor)
            if self._best is not None and not _is_better(self.monitor, number, self._best):
                return
            self._best = number
        from nn.io import save

        path = self.path.replace("{epoch}", str(count))
        save(
            training.model,
            path,
            optimizer=training.optimizer,
            schedule=training.schedule,
            loader=training.loader,
        )


def _monitored(history: History, column: str) -> float:
    if column.startswith("val_") and column not in history.rows[-1]:
        raise ValueError(f"there is no {column} without samples to judge by: pass validation=0.2 to fit")
    return history[column][-1]


def _is_better(column: str, number: float, best: float) -> bool:
    return number < best if "loss" in column else number > best


def fit(
    model: Module,
    X: Any,
    y: Any = None,
    *,
    loss: str | Callable[..., Any],
    optimizer: str | Optimizer = "adam",
    lr: float | None = None,
    epochs: int = 100,
    batch_size: int = 32,
    validation: Any = None,
    metrics: Any = (),
    callbacks: Sequence[Callback] = (),
    schedule: Schedule | None = None,
    accumulate: int = 1,
    max_norm: float | None = None,
    seed: int = 0,
    progress: bool | None = None,
) -> History:
    """Fit a model to samples by stochastic gradient descent.

    Args:
        model: a Module that is called with one row of X.
        X: a row of numbers for each sample: lists, a NumPy array, a pandas frame. Or a `DataLoader`, which
            has its own targets, batch size and seed; one whose state was loaded goes on where it was.
        y: a target for each sample.
        loss: a name from `LOSSES`, or a function of (outputs, targets) of a batch.
        optimizer: a name ("sgd", "adam" ...), or an optimiser that was made for the model's parameters.
        lr: the learning rate, for an optimiser that is given by name.
        epochs: how often to go through the samples.
        batch_size: samples between two steps; 1 is the textbooks' on-line mode.
        validation: (X, y) of samples to judge by and not to learn from, or the share of X and y to take.
        metrics: names from `METRICS`, or functions of (outputs, targets); one, or a list of them.
        callbacks: functions of a `Training`, called after each epoch, such as `EarlyStopping()`.
        schedule: of the optimiser's learning rate; stepped after each epoch (`OneCycleLR`: each batch).
        accumulate: how many batches bring their gradients before a step is made.
        max_norm: where given, gradients are shrunk to this length before a step.
        seed: of the order of samples, and of what validation takes.
        progress: whether to show a progress bar; left out, where there is a terminal or a notebook.

    Returns:
        The history. Ctrl-C ends the training, and what was learnt is kept. The model is left in the mode
        for use, see `Module.eval`.

    Raises:
        ValueError: if the data do not fit, or the loss is no longer a number.
    """
    accumulate, epochs = whole_number("accumulate", accumulate), whole_number("epochs", epochs, 0)
    if max_norm is not None and not max_norm > 0.0:
        raise ValueError(f"max_norm is a length above 0, not {max_norm!r}")
    if isinstance(schedule, ReduceLROnPlateau) and schedule.mode != "min":
        raise ValueError("in fit this schedule goes by the loss, which should fall: make it with mode='min'")
    loss_of = loss_by_name(loss)
    named_metrics = _named(metrics, model)
    loader, held_out = _batches(X, y, validation, batch_size, seed)
    optimizer = _optimizer(optimizer, model, lr)
    if schedule is not None and schedule.optimizer is not optimizer:
        raise ValueError("the schedule is that of another optimiser: pass fit the one it was made for")
    history = History()
    training = Training(model, optimizer, schedule, loader, history, epochs)
    try:
        with _progress_bar(epochs, progress) as bar:
            for epoch in range(1, epochs + 1):
                start = time.perf_counter()
                row = {"epoch": float(epoch)}
                row |= _epoch(
                    model, loader, loss_of, named_metrics, optimizer, schedule, accumulate, max_norm
                )
                row["lr"] = optimizer.lr
                if held_out:
                    found = evaluate(model, *held_out, loss=loss_of, metrics=metrics)
                    row |= {f"val_{name}": number for name, number in found.items()}
                row["seconds"] = time.perf_counter() - start
                history.rows.append(row)
                if schedule is not None and not isinstance(schedule, OneCycleLR):
                    _step(schedule, row)
                for callback in callbacks:
                    callback(training)
                shown = {n: f"{x:.4g}" for n, x in row.items() if n not in ("epoch", "seconds", "lr")}
                bar.set_postfix(shown)
                bar.update()
                if training.stop:
                    break
    except KeyboardInterrupt:
        training.stop = "interrupted by the keyboard"
    finally:
        history.stopped = training.stop
        model.eval()
        for finish in training.finish:
            finish()
    return history


def _batches(
    X: Any, y: Any, validation: Any, batch_size: int, seed: int
) -> tuple[DataLoader, tuple[list[Any], list[Any]] | None]:
    """The batches to learn from, and (X, y) of what to judge by, or None."""
    if not isinstance(X, DataLoader):
        X, y, held_out = _hold_out(as_rows(X), as_targets(y), validation, seed)
        return DataLoader(X, y, batch_size, seed=seed), held_out
    if y is not None or not (validation is None or isinstance(validation, (tuple, list))):
        raise ValueError(
            "a DataLoader has its targets and all its samples: leave out y, and pass validation=(X, y)"
        )
    return X, _hold_out(X.X, X.y, validation, seed)[2]


def _hold_out(X: list[Any], y: list[Any], validation: Any, seed: int) -> tuple[list[Any], list[Any], Any]:
    """What to learn from, and (X, y) of what to judge by, or None."""
    if len(X) != len(y):
        raise ValueError(f"there is one target for each sample, but X has {len(X)} and y has {len(y)}")
    if validation is None:
        return X, y, None
    if isinstance(validation, (tuple, list)) and len(validation) == 2:
        judged = DataLoader(*validation)
        return X, y, (judged.X, judged.y)
    if not isinstance(validation, float) or not 0.0 < validation < 1.0:
        raise ValueError(f"validation is (X, y), or a share above 0 and below 1, not {validation!r}")
    order = shuffled(len(X), random.Random(seed))
    cut = len(X) - max(1, round(len(X) * validation))
    learn, judge = order[:cut], order[cut:]
    return [X[i] for i in learn], [y[i] for i in learn], ([X[i] for i in judge], [y[i] for i in judge])


def _optimizer(given: str | Optimizer, model: Module, lr: float | None) -> Optimizer:
    parameters = model.parameters()
    if parameters and not any(p.requires_grad for p in parameters):
        raise ValueError("every parameter is frozen: thaw some, as model.requires_grad_() does all")
    if isinstance(given, Optimizer):
        if lr is not None:
            raise ValueError("lr is that of the optimiser: leave it out, or give the optimiser by name")
        if not set(map(id, given.parameters)) & set(map(id, parameters)):
            raise ValueError("the optimiser adjusts another model: make it with model.parameters()")
        return given
    if not isinstance(given, str) or given not in OPTIMIZERS:
        raise ValueError(f"no optimiser is called {given!r}: choose one of {', '.join(OPTIMIZERS)}")
    return OPTIMIZERS[given](parameters, **({} if lr is None else {"lr": lr}))


def _epoch(
    model: Module,
    loader: DataLoader,
    loss_of: Callable[..., Any],
    metrics: Sequence[tuple[str, Callable[..., float]]],
    optimizer: Optimizer,
    schedule: Schedule | None,
    accumulate: int,
    max_norm: float | None,
) -> dict[str, float]:
    """One pass through the samples: the mean loss and metrics, as they were on the way."""
    model.train()
    total = 0.0
    outputs: list[Any] = []
    targets: list[Any] = []
    optimizer.zero_grad()
    for i, (X, y) in enumerate(loader, 1):
        batch = [model(x) for x in X]
        loss = loss_of(batch, y)
        _check_loss(loss)
        first = i - (i - 1) % accumulate  # of the batches that make this step together
        backward(loss, 1.0 / min(accumulate, len(loader) - first + 1))
        total += loss.data * len(X)
        if metrics:
            outputs += [_number(output) for output in batch]
            targets += y
        if i % accumulate == 0 or i == len(loader):
            if max_norm is not None:
                clip_grad_norm_(optimizer.parameters, max_norm)
            optimizer.step()
            optimizer.zero_grad()
            if isinstance(schedule, OneCycleLR):
                schedule.step()
    if not all(math.isfinite(p.data) for p in optimizer.parameters):
        raise ValueError(
            "a parameter is no longer a finite number: try a smaller learning rate, standardise(X), or "
            "max_norm=1.0"
        )
    found = {"loss": total / len(loader.X)}
    return found | {name: metric(outputs, targets) for name, metric in metrics}


def _check_loss(loss: Any) -> None:
    number = loss.data if isinstance(loss, Value) else loss
    if isinstance(number, float) and not math.isfinite(number):
        raise ValueError(
            f"the loss has become {number!r}: try a smaller learning rate, standardise(X), or max_norm=1.0"
        )


def _step(schedule: Schedule, row: dict[str, float]) -> None:
    if isinstance(schedule, ReduceLROnPlateau):
        schedule.step(row.get("val_loss", row["loss"]))
    else:
        schedule.step()


def _number(output: Any) -> Any:
    """An output of a model in plain numbers."""
    if hasattr(output, "__len__"):
        return [_number(x) for x in output]
    return output.data if isinstance(output, Value) else float(output)


def _progress_bar(epochs: int, progress: bool | None) -> Any:
    from importlib.util import find_spec

    if "ipykernel" in sys.modules and find_spec("ipywidgets"):
        from tqdm.auto import tqdm
    else:
        from tqdm import tqdm
    shown = progress if progress is not None else "ipykernel" in sys.modules or sys.stderr.isatty()
    return tqdm(total=epochs, desc="training", unit="epoch", disable=not shown)


# Using a model


@no_grad()
def predict(model: Module, X: Any) -> list[Any]:
    """The outputs for samples, as plain numbers: one for each, or a row where the model has several.

    The model is in the mode for use meanwhile (`Module.eval`), and then in that in which it was before.
    """
    rows = as_rows(X)
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        return [_number(model(x)) for x in rows]
    finally:
        for module in training:
            module.training = True


def predict_classes(model: Module, X: Any, labels: Sequence[Any] = ()) -> list[int]:
    """The class of each sample; see `classes_of` for what outputs stand for which."""
    return classes_of(predict(model, X), labels, threshold=_threshold(model))


def _threshold(model: Module) -> float:
    """Above which a single output stands for class 1: 0 for scores, 0.5 for probabilities."""
    return 0.5 if model.output_activation_name() == "sigmoid" else 0.0


def _named(metrics: Any, model: Module) -> list[tuple[str, Callable[..., float]]]:
    """The names and functions of metrics, each name one column of a history."""
    given = [metrics] if isinstance(metrics, str) or callable(metrics) else list(metrics)
    named = [metric_by_name(metric) for metric in given]
    names = [name for name, _ in named]
    for name in names:
        if names.count(name) > 1 or name in ("epoch", "loss", "lr", "seconds") or name.startswith("val_"):
            raise ValueError(f"a history has one column {name!r}: give the metric's function another name")
    return [
        (name, partial(accuracy, threshold=_threshold(model)) if metric is accuracy else metric)
        for name, metric in named
    ]


@no_grad()
def predict_proba(model: Module, X: Any) -> list[Any]:
    """The probabilities that a classifier's scores stand for.

    For a model with several outputs a row for each sample, by softmax; with one output the probability
    of class 1, by sigmoid. Those of a model that ends in a softmax or sigmoid are its outputs.
    """
    return probabilities_of(model, predict(model, X))


def probabilities_of(model: Module, outputs: list[Any]) -> list[Any]:
    """The probabilities that outputs of the model, plain numbers, stand for; see `predict_proba`."""
    if model.output_activation_name() in ("sigmoid", "softmax"):
        return outputs
    return [softmax(output) if isinstance(output, list) else sigmoid(output) for output in outputs]


@no_grad()
def evaluate(
    model: Module, X: Any, y: Any, *, loss: str | Callable[..., Any], metrics: Any = ()
) -> dict[str, float]:
    """The loss and the metrics on samples, by name; see `predict`."""
    outputs, targets = predict(model, X), as_targets(y)
    found = {"loss": float(loss_by_name(loss)(outputs, targets))}
    return found | {name: metric(outputs, targets) for name, metric in _named(metrics, model)}
