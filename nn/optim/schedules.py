"""Schedules: how the learning rate changes during training. Names and formulas are PyTorch's.

A new schedule sets the rates of its optimiser's groups, and each `step()` sets them again. Call `step()`
after the optimiser's step: once an epoch, or once a batch for a schedule with ``steps_by = "batch"``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from nn.arguments import whole_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from nn.optim.optimizer import Optimizer


class Schedule:
    """The base of schedules: a subclass gives `factor`, which multiplies the first rates.

    Attributes:
        steps_by: "epoch" or "batch", after which `fit` calls `step`.
        mode: "min" or "max" if `step` takes a metric that should fall or rise; None if `step` takes none.
    """

    steps_by: Literal["epoch", "batch"] = "epoch"
    mode: Literal["min", "max"] | None = None

    def __init__(self, optimizer: Optimizer) -> None:
        for name, value in vars(self).items():
            if isinstance(value, (int, float)) and not 0 <= value < math.inf:
                raise ValueError(f"{name} is 0 or more, not {value!r}")
        self.optimizer, self.epoch = optimizer, 0
        self.base_lrs: list[float] = [group["lr"] for group in optimizer.param_groups]
        self._set()

    def factor(self, epoch: int) -> float:
        """The factor of the first learning rate at an epoch: 0, 1 ..."""
        raise NotImplementedError

    def rate(self, base: float, epoch: int) -> float:
        """The learning rate of a group whose first rate was `base`."""
        return base * self.factor(epoch)

    def step(self) -> None:
        """Go to the next epoch."""
        self.epoch += 1
        self._set()

    def _set(self) -> None:
        for group, base in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = self.rate(base, self.epoch)

    def state_dict(self) -> dict[str, Any]:
        """The state of the schedule, as plain numbers and lists."""
        state = {name: value for name, value in vars(self).items() if name != "optimizer"}
        return {**state, "base_lrs": list(self.base_lrs)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a state that `state_dict` gave.

        Raises:
            ValueError: if the state is of another schedule; then nothing has changed.
        """
        own = self.state_dict()
        if (
            not isinstance(state_dict, dict)
            or set(state_dict) != set(own)
            or not all(
                _is_best(value) if name == "best" else _is_like(value, own[name])
                for name, value in state_dict.items()
            )
        ):
            raise ValueError(
                f"the state belongs to another schedule: this schedule is a {type(self).__name__}"
            )
        before = dict(vars(self))
        try:
            vars(self).update({**state_dict, "base_lrs": list(state_dict["base_lrs"])})
            rates = [self.rate(base, self.epoch) for base in self.base_lrs]
            if not all(0.0 <= rate < math.inf for rate in rates):
                raise ValueError(f"it would set the rates {rates}")
        except (ArithmeticError, TypeError, ValueError) as error:
            vars(self).update(before)
            raise ValueError(f"the state does not fit a {type(self).__name__}: {error}") from None


class StepLR(Schedule):
    """The rate is multiplied by `gamma` every `step_size` epochs."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size, self.gamma = whole_number("step_size", step_size), gamma
        super().__init__(optimizer)

    def factor(self, epoch: int) -> float:
        return self.gamma ** (epoch // self.step_size)


class ExponentialLR(Schedule):
    """The rate is multiplied by `gamma` every epoch."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = gamma
        super().__init__(optimizer)

    def factor(self, epoch: int) -> float:
        return self.gamma**epoch


class LinearLR(Schedule):
    """Linear warm-up from `start_factor` to `end_factor` times the rate, in `total_iters` epochs."""

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5
    ) -> None:
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = whole_number("total_iters", total_iters)
        super().__init__(optimizer)

    def factor(self, epoch: int) -> float:
        share = min(epoch, self.total_iters) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * share


class CosineAnnealingLR(Schedule):
    """A cosine from the rate down to `eta_min` in `T_max` epochs, and up again (Loshchilov 2017)."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        self.T_max, self.eta_min = whole_number("T_max", T_max), eta_min
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        return self.eta_min + (base - self.eta_min) * (1.0 + math.cos(math.pi * epoch / self.T_max)) / 2.0


class OneCycleLR(Schedule):
    """Up to `max_lr` along a cosine and down again, in `total_steps` batches (Smith and Topin 2018).

    Args:
        optimizer: the optimiser; its own rates do not matter.
        max_lr: the highest rate.
        total_steps: the number of calls of `step` to come.
        pct_start: the share of steps with a rising rate.
        div_factor: the first rate is ``max_lr / div_factor``.
        final_div_factor: the last rate is ``max_lr / div_factor / final_div_factor``.
    """

    steps_by = "batch"

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float,
        total_steps: int,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
    ) -> None:
        if not 0.0 < pct_start < 1.0:
            raise ValueError(f"pct_start is a share above 0 and below 1, not {pct_start!r}")
        self.max_lr, self.total_steps = max_lr, whole_number("total_steps", total_steps)
        self.pct_start, self.div_factor, self.final_div_factor = pct_start, div_factor, final_div_factor
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        if epoch > self.total_steps:
            raise ValueError(
                f"the cycle of {self.total_steps} steps is over: make it with as many total_steps as batches"
            )
        first = self.max_lr / self.div_factor
        top = self.pct_start * self.total_steps - 1.0
        last = self.total_steps - 1.0
        if epoch <= top:
            return _cosine(first, self.max_lr, epoch / top if top > 0.0 else 1.0)
        return _cosine(self.max_lr, first / self.final_div_factor, (epoch - top) / (last - top))


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1.0)


class ReduceLROnPlateau(Schedule):
    """The rate is multiplied by `factor` when a metric has not improved for more than `patience` epochs.

    Call ``step(metric)``. With mode "min" the metric should fall, with "max" it should rise; only a change by
    more than the share `threshold` is an improvement.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        min_lr: float = 0.0,
    ) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f"mode is 'min' or 'max', not {mode!r}")
        if not 0.0 <= factor < 1.0:
            raise ValueError(f"factor shrinks the rate, so it is 0 or more and below 1, not {factor!r}")
        self.mode, self.shrink, self.patience = mode, factor, patience
        self.threshold, self.min_lr = threshold, min_lr
        self.best: float | None = None
        self.bad_epochs = 0
        super().__init__(optimizer)

    def _set(self) -> None:
        """Leave the rates alone: they follow the metric, not the epoch."""

    def step(self, metric: float | None = None) -> None:
        """Go to the next epoch, with the metric of the last epoch."""
        if metric is None:
            raise TypeError("this schedule goes by a metric: write step(validation_loss)")
        self.epoch += 1
        if self._is_better(float(metric)):
            self.best, self.bad_epochs = float(metric), 0
        else:
            self.bad_epochs += 1
        if self.bad_epochs > self.patience:
            self.bad_epochs = 0
            for group in self.optimizer.param_groups:
                group["lr"] = min(group["lr"], max(group["lr"] * self.shrink, self.min_lr))

    def rate(self, base: float, epoch: int) -> float:
        """The current rate of the first group."""
        return self.optimizer.lr

    def _is_better(self, metric: float) -> bool:
        if self.best is None:
            return not math.isnan(metric)
        if self.mode == "min":
            return metric < self.best * (1.0 - self.threshold)
        return metric > self.best * (1.0 + self.threshold)


# The schedules that `fit` knows by name, for an optimiser, a number of epochs, and of steps an epoch.
SCHEDULES: dict[str, Callable[[Optimizer, int, int], Schedule]] = {
    "cosine": lambda optimizer, epochs, _: CosineAnnealingLR(optimizer, epochs),
    "linear": lambda optimizer, epochs, _: LinearLR(optimizer, 1.0, 0.0, epochs),
    "exponential": lambda optimizer, epochs, _: ExponentialLR(optimizer, 0.01 ** (1.0 / epochs)),
    "step": lambda optimizer, epochs, _: StepLR(optimizer, -(-epochs // 3)),
    "one_cycle": lambda optimizer, epochs, steps: OneCycleLR(optimizer, optimizer.lr, epochs * steps),
    "plateau": lambda optimizer, *_: ReduceLROnPlateau(optimizer),
}


def _is_like(value: Any, own: Any) -> bool:
    """Whether a value from a file may replace a value of the schedule."""
    if isinstance(own, list):
        return isinstance(value, list) and len(value) == len(own) and all(map(_is_like, value, own))
    if isinstance(own, str):
        return value in ("min", "max")
    if type(value) is float:
        return type(own) is not int and 0.0 <= value < math.inf
    return type(value) is int and 0 <= value < 2**53


def _is_best(value: Any) -> bool:
    """Whether a value from a file may be the best metric so far: a number, or None."""
    return value is None or (type(value) is float and not math.isnan(value))
