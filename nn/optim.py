"""Optimisers: how parameters move along their gradients."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING

from autograd import Value

if TYPE_CHECKING:
    from collections.abc import Iterable


class SGD:
    """Gradient descent, stochastic where each step sees a part of the data: p -= lr * dloss/dp.

    Args:
        parameters: what to adjust, as `model.parameters()` gives them.
        lr: the learning rate; may be changed between steps.

    Raises:
        ValueError: if there is nothing to adjust, or lr is negative.
    """

    def __init__(self, parameters: Iterable[Value], lr: float = 0.01) -> None:
        if isinstance(parameters, Value):
            raise TypeError(f"parameters are a list, not one of them, {parameters!r}: write [p]")
        if not isinstance(lr, Real):
            raise TypeError(f"the learning rate is a number, not the {type(lr).__name__} {lr!r}")
        self.parameters: list[Value] = list(parameters)
        self.lr: float = float(lr)
        if not self.parameters:
            raise ValueError("there are no parameters to adjust: pass model.parameters()")
        if not lr >= 0:
            raise ValueError(f"the learning rate is 0 or more, not {lr!r}: a step goes against the gradient")

    def step(self) -> None:
        """Move every parameter against its gradient."""
        for p in self.parameters:
            p.data -= self.lr * p.grad

    def zero_grad(self) -> None:
        """Clear the gradient of every parameter."""
        for p in self.parameters:
            p.grad = 0.0
