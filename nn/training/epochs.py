"""An epoch of a training: its batches one by one, each with its step, and the loss and metrics of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nn.evaluation.predictions import Predictions
from nn.models.outputs import outputs_of
from nn.optim.optimizer import all_finite, clip_grad_norm_
from nn.training.steps import IGNORED

if TYPE_CHECKING:
    from nn.evaluation.predicting import Metrics
    from nn.training.callbacks import Training
    from nn.training.steps import CompiledStep, EagerStep


class Epochs:
    """The epochs of a training.

    Args:
        training: the model, optimiser, schedule and loader.
        step: computes the loss and the gradients of a batch.
        metrics: names and functions; they judge outputs that the model gives while it learns.
        accumulate: the number of batches whose gradients are added up for one step of the optimiser.
        max_norm: the length to which the gradients are clipped, or None.
    """

    def __init__(
        self,
        training: Training,
        step: EagerStep | CompiledStep,
        metrics: Metrics,
        accumulate: int,
        max_norm: float | None,
    ) -> None:
        self.training, self.step, self.metrics = training, step, metrics
        self.accumulate, self.max_norm = accumulate, max_norm
        self.modules = training.model.modules()

    def run(self) -> dict[str, float]:
        """Train on all samples once; gives the mean loss, and the metrics.

        Raises:
            ValueError: if a loss or parameter is not finite, or no loss depends on a parameter.
        """
        model, loader, optimizer = self.training.model, self.training.loader, self.training.optimizer
        if not all(module.training for module in self.modules):
            model.train()
        self.total = 0.0
        self.outputs = Predictions([], outputs_of(model))
        self.targets: list[Any] = []
        optimizer.zero_grad()
        self.run_batches()
        if not self.step.reached:  # checked over all batches, because a loss may skip some batches
            raise ValueError(IGNORED)
        if not all_finite(optimizer.parameters):
            raise ValueError(
                "a parameter is no longer a finite number: try a smaller learning rate, standardise(X), or "
                "max_norm=1.0"
            )
        losses = {"loss": self.total / len(loader.X)}
        return losses | {name: metric(self.outputs, self.targets) for name, metric in self.metrics}

    def run_batches(self) -> None:
        """Train on all batches."""
        for i, (X, y) in enumerate(self.training.loader, 1):
            self.run_batch(i, X, y)

    def run_batch(self, i: int, X: list[Any], y: list[Any]) -> None:
        """Train on the i-th batch, counted from 1."""
        loader, optimizer, schedule = self.training.loader, self.training.optimizer, self.training.schedule
        size = self.accumulate * loader.batch_size  # samples of one step of the optimiser
        before = (i - 1) // self.accumulate * size  # samples of all earlier steps
        loss, found = self.step(X, y, len(X) / min(size, len(loader.X) - before))
        self.count(loss, len(y), found, y)
        if i % self.accumulate == 0 or i == len(loader):
            if self.max_norm is not None:
                clip_grad_norm_(optimizer.parameters, self.max_norm)
            optimizer.step()
            optimizer.zero_grad()
            if schedule is not None and schedule.steps_by == "batch":
                schedule.step()

    def count(self, loss: float, size: int, outputs: list[Any], y: list[Any]) -> None:
        """Add a batch to the loss and the metrics of the epoch; outputs and targets are for metrics."""
        self.total += loss * size
        if self.metrics:
            self.outputs += outputs
            self.targets += y
