"""The optimisers SGD, Adagrad, RMSprop, Adam and AdamW: their rules, options and defaults.

Each rule is a function of (parameter, gradient, state, step) in plain arithmetic, and works on single numbers
and on whole arrays. Defaults and formulas are PyTorch's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nn.optim.optimizer import Optimizer, on_arrays

if TYPE_CHECKING:
    from nn.optim.optimizer import State


class SGD(Optimizer):
    """Gradient descent: p -= lr * gradient; stochastic if each step sees a part of the data only.

    With momentum, a decaying sum of gradients replaces the gradient (Polyak 1964); `nesterov` adds Nesterov's
    look ahead.
    """

    state_size = 1

    @classmethod
    def _checked(cls, options: dict[str, Any]) -> dict[str, Any]:
        options = super()._checked(options)
        if options["nesterov"] and (options["momentum"] <= 0.0 or options["dampening"] != 0.0):
            raise ValueError("Nesterov's look ahead needs momentum above 0, and no dampening")
        return options

    @staticmethod
    @on_arrays
    def rule(
        p: Any,
        g: Any,
        state: Any,
        step: int,
        *,
        lr: float = 0.01,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> tuple[Any, State]:
        (velocity,) = state
        if weight_decay:
            g = g + weight_decay * p
        if momentum:
            velocity = g if step == 1 else momentum * velocity + (1.0 - dampening) * g
            g = g + momentum * velocity if nesterov else velocity
        return p - lr * g, (velocity,)


class Adagrad(Optimizer):
    """Steps shrink with the sum of all squared gradients so far (Duchi et al. 2011)."""

    state_size = 1
    squares = (0,)

    @staticmethod
    @on_arrays
    def rule(
        p: Any,
        g: Any,
        state: Any,
        step: int,
        *,
        lr: float = 0.01,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        eps: float = 1e-10,
    ) -> tuple[Any, State]:
        (squares,) = state
        if weight_decay:
            g = g + weight_decay * p
        squares = squares + g * g
        return p - lr / (1.0 + (step - 1) * lr_decay) * g / (squares**0.5 + eps), (squares,)


class RMSprop(Optimizer):
    """Steps are divided by the root of a moving mean of squared gradients (Tieleman and Hinton 2012)."""

    state_size = 3
    squares = (0,)

    @staticmethod
    @on_arrays
    def rule(
        p: Any,
        g: Any,
        state: Any,
        step: int,
        *,
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> tuple[Any, State]:
        squares, mean, velocity = state
        if weight_decay:
            g = g + weight_decay * p
        squares = alpha * squares + (1.0 - alpha) * (g * g)
        if centered:
            mean = alpha * mean + (1.0 - alpha) * g
            variance = squares - mean * mean
            size = (0.5 * (variance + abs(variance))) ** 0.5 + eps  # rounding may bring it below 0
        else:
            size = squares**0.5 + eps
        velocity = momentum * velocity + g / size
        return p - lr * velocity, (squares, mean, velocity)


class Adam(Optimizer):
    """Momentum divided by the root of a moving mean of squared gradients (Kingma and Ba 2015).

    Weight decay is added to the gradient; `AdamW` shrinks the parameters instead.
    """

    state_size = 2
    squares = (1,)

    @staticmethod
    @on_arrays
    def rule(
        p: Any,
        g: Any,
        state: Any,
        step: int,
        *,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> tuple[Any, State]:
        if weight_decay:
            g = g + weight_decay * p
        mean, square = state
        mean = betas[0] * mean + (1.0 - betas[0]) * g
        square = betas[1] * square + (1.0 - betas[1]) * (g * g)
        size = square**0.5 * (1.0 - betas[1] ** step) ** -0.5 + eps
        return p - lr / (1.0 - betas[0] ** step) * mean / size, (mean, square)


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameters themselves (Loshchilov and Hutter 2019)."""

    @staticmethod
    @on_arrays
    def rule(
        p: Any,
        g: Any,
        state: Any,
        step: int,
        *,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> tuple[Any, State]:
        return Adam.rule(p * (1.0 - lr * weight_decay), g, state, step, lr=lr, betas=betas, eps=eps)


METHODS: list[type[Optimizer]] = [SGD, Adagrad, RMSprop, Adam, AdamW]
OPTIMIZERS = {method.__name__.lower(): method for method in METHODS}
