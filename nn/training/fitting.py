"""Fitting: the training loop, its checks, and its progress bar."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from nn.arguments import whole_number
from nn.evaluation.losses import check_outputs, loss_by_name, outputs_for
from nn.evaluation.predicting import named_metrics, scores
from nn.models.module import Module
from nn.models.outputs import found_outputs, outputs_of, said_outputs
from nn.optim.optimizer import Optimizer
from nn.optim.schedules import Schedule
from nn.training.callbacks import Training
from nn.training.epochs import Epochs
from nn.training.history import History
from nn.training.parts import FEW, batches_of, optimizer_of, schedule_of, unchanged_by_errors
from nn.training.repeated import RepeatedEpochs, may_repeat
from nn.training.steps import step_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal

    from nn.data.preparation import ColumnEncoder

    Callback = Callable[["Training"], Any]


def fit(
    model: Module,
    X: Any,
    y: Any = None,
    *,
    loss: str | Callable[..., Any],
    optimizer: str | Optimizer = "adam",
    lr: float | None = None,
    momentum: float | None = None,
    weight_decay: float | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    validation: Any = None,
    metrics: Any = (),
    callbacks: Callback | Sequence[Callback] = (),
    schedule: str | Schedule | None = None,
    encoder: ColumnEncoder | None = None,
    standardise: bool = False,
    accumulate: int = 1,
    max_norm: float | None = None,
    seed: int = 0,
    progress: bool | None = None,
    compiled: bool | Literal["native", "numpy", "python"] | None = None,
) -> History:
    """Fit a model to samples by stochastic gradient descent.

    Args:
        model: a Module; `fit` calls it with a row of X.
        X: a row of numbers for each sample: lists, a NumPy array, a pandas frame. Or a `DataLoader`, which
            has its own targets, batch size and seed; a loader with a loaded state continues its order.
        y: a target for each sample. Names of classes, as "cat", are numbered in alphabetical order; the model
            keeps them as ``model.classes``, and `predict_classes` gives them back.
        loss: a name from `nn.losses.LOSSES`, or a function of (outputs, targets) of a batch.
        optimizer: a name ("sgd", "adam" ...), or an optimiser made for the model's parameters.
        lr, momentum, weight_decay: options of an optimiser given by name. By default lr is the optimiser's
            own, but for "adam" and "adamw" 0.02: models here are small.
        epochs: the number of passes through the samples; by default 100, and for fewer than 300 samples
            30,000 / samples, at most 300, so that small data give as many steps.
        batch_size: the number of samples in a batch; 1 is the on-line mode of textbooks. By default 32, and
            for fewer than 300 samples 16.
        validation: samples to judge the model by but not to learn from: a pair (X, y), or the share of X and
            y to set aside.
        metrics: a name from `nn.metrics.METRICS`, a function of (outputs, targets), or a list of these. The
            metrics of an epoch are computed from outputs during the epoch, while the model learns; "val_"
            metrics are computed after the epoch.
        callbacks: functions of a `Training`, such as `EarlyStopping()`; `fit` calls them after each epoch.
        schedule: a schedule of the optimiser's learning rate; it steps after each epoch, or after each step
            of the optimiser (`OneCycleLR`). Or a name: "cosine" and "linear" fall to 0 in the last epoch,
            "exponential" to a hundredth, "step" falls to a tenth after each third of the epochs,
            "one_cycle" rises to lr and falls to 0, "plateau" falls when the loss no longer does.
        encoder: the encoder of a table, ``data.encoder`` of `nn.datasets.from_csv`. The model keeps it, and
            its classes, and from then on takes raw rows as well as encoded ones; `save` writes it to the
            model's file.
        standardise: whether to scale each column to mean 0 and standard deviation 1. The model keeps the
            scaler, as it keeps the encoder; a model that has one keeps the one it has. A call ``model(x)``
            takes prepared numbers: `predict` and its kin prepare rows first.
        accumulate: the number of batches whose gradients are added up for one step, weighted by batch size.
        max_norm: the largest length of the gradient; longer gradients are shrunk before a step.
        seed: the seed of the order of samples, and of the choice of validation samples.
        progress: whether to show a progress bar; by default only in a terminal or notebook.
        compiled: whether batches run as programs, which `autograd.jit` traces from the model and the loss, or
            the backend that runs them; the gradients are the same but for rounding. By default where that
            helps: for long trainings of models made of this package's modules and losses. With the native
            engine many batches then run in one call. The exceptions are `accumulate`, `max_norm`, a schedule
            that steps after each batch, an optimiser whose rule is not declared to take arrays, a loader with
            batches of its own, and targets that are not numbers: there Python runs each batch. A model that
            cannot be traced is trained eagerly; ``history.eager`` says why. Other Python state that a module
            of your own reads is constant in a program.

    Returns:
        The history. Ctrl-C ends the training early and keeps the learnt parameters. The model is left in
        evaluation mode, see `Module.eval`.

    Raises:
        TypeError: if the model's forward or the loss function does not return a Value.
        ValueError: if the data do not fit, if the loss is no longer finite or does not depend on the model,
            or if the loss takes logits and the model gives probabilities, or vice versa.
    """
    if not isinstance(model, Module):
        raise TypeError(f"fit takes a Module, not {model!r}: write a class with a forward, as nn.Module says")
    accumulate = whole_number("accumulate", accumulate)
    if epochs is not None:
        epochs = whole_number("epochs", epochs, 0)
    if max_norm is not None and not max_norm > 0.0:
        raise ValueError(f"max_norm is a length above 0, not {max_norm!r}")
    loss_of = loss_by_name(loss)
    with unchanged_by_errors(model):
        data = (X, y, validation, batch_size, seed)
        loader, held_out = batches_of(model, *data, loss_of, encoder, standardise)
        check_outputs(loss_of, said_outputs(model) or found_outputs(model), type(model).__name__)
        by_loss = outputs_for(loss_of)
        judges = named_metrics(metrics, model, loader.X, loader.y, outputs_of(model, by_loss))
        if epochs is None:
            epochs = max(100, min(300, 100 * FEW // len(loader.X)))
        if lr is None and optimizer in ("adam", "adamw"):
            lr = 0.02
        options = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        optimizer = optimizer_of(optimizer, model, options)
        if schedule is not None:
            schedule = schedule_of(schedule, optimizer, epochs, -(-len(loader) // accumulate))
    step = step_of(compiled, model, loss_of, optimizer.parameters, len(loader.X), epochs)
    called = [callbacks] if callable(callbacks) else list(callbacks)
    model._fitted_outputs = by_loss or model._fitted_outputs
    history = History()
    training = Training(model, optimizer, schedule, loader, history)
    arguments = training, step, judges, accumulate, max_norm
    repeats = may_repeat(training, step, accumulate, max_norm)
    each_epoch = RepeatedEpochs(called, *arguments) if repeats else Epochs(*arguments)
    try:
        with _progress_bar(epochs, progress) as bar:
            for epoch in range(1, epochs + 1):
                start = time.perf_counter()
                row = {"epoch": float(epoch)}
                row |= each_epoch.run()
                history.eager = getattr(step, "reason", "")
                row["lr"] = optimizer.lr
                if held_out:
                    found = scores(model, *held_out, loss_of, judges, loader.batch_size, outputs_of(model))
                    row |= {f"val_{name}": number for name, number in found.items()}
                row["seconds"] = time.perf_counter() - start
                history.rows.append(row)
                if schedule is not None and schedule.steps_by == "epoch":
                    schedule.step(*([row.get("val_loss", row["loss"])] if schedule.mode else []))
                for callback in called:
                    callback(training)
                bar.set_postfix({n: f"{row[n]:.4g}" for n in row if n not in ("epoch", "seconds", "lr")})
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


def _progress_bar(epochs: int, progress: bool | None) -> Any:
    from importlib.util import find_spec

    if "ipykernel" in sys.modules and find_spec("ipywidgets"):
        from tqdm.auto import tqdm
    else:
        from tqdm import tqdm
    shown = progress if progress is not None else "ipykernel" in sys.modules or sys.stderr.isatty()
    return tqdm(total=epochs, desc="training", unit="epoch", disable=not shown)
