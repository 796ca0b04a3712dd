"""Optimisers: how parameters move along their gradients.

The rule of each is one function of (parameter, gradient, state, step), in plain arithmetic, so that it
serves single numbers and whole arrays alike. Defaults and formulas are PyTorch's.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any

from autograd import Value
from nn.checks import finite_number
from nn.module import Module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    State = tuple[Any, ...]


class Optimizer:
    """The base of optimisers: a subclass gives `rule`, and how many numbers of state each parameter has.

    Args:
        params: what to adjust, as `model.parameters()` gives them; or groups of them, dicts with "params"
            and the options that differ: ``[{"params": layer.parameters(), "lr": 0.1}, ...]``.
        options: the options of the rule, in the order of its signature.

    Raises:
        TypeError: if something else than Values is to be adjusted.
        ValueError: if there is nothing to adjust, or an option is out of range.
    """

    state_size = 0
    squares: tuple[int, ...] = ()  # the places of those numbers of state that are never negative

    def __init__(self, params: Iterable[Any], **options: Any) -> None:
        given = _listed(type(self).__name__, params)
        groups = given if given and isinstance(given[0], dict) else [{"params": given}]
        self.param_groups: list[dict[str, Any]] = []
        for group in groups:
            unknown = set(group) - {"params", *options}
            if "params" not in group or unknown:
                raise ValueError(
                    f"a group has 'params' and some of {', '.join(options)}, not {', '.join(map(str, group))}"
                )
            params = _listed(type(self).__name__, group["params"])
            checked = self._checked({name: group.get(name, options[name]) for name in options})
            self.param_groups.append({**checked, "params": params})
        for group in self.param_groups:
            for p in group["params"]:
                if not isinstance(p, Value) or p.op is not None:
                    raise TypeError(
                        f"an optimiser adjusts leaves, which {p!r} is not: pass model.parameters()"
                    )
        count = len(self.parameters)
        if count == 0:
            raise ValueError("there are no parameters to adjust: pass model.parameters()")
        if len(set(map(id, self.parameters))) < count:
            raise ValueError("a parameter stands in two places: pass each once")
        self._steps = [0] * count  # of each parameter; one that is frozen makes none
        self._state: list[State] = [(0.0,) * self.state_size] * count

    @classmethod
    def _checked(cls, options: dict[str, Any]) -> dict[str, Any]:
        """The options of a group, of which each is in its range, with numbers as floats."""
        return {n: o if n == "params" else _checked_option(n, o) for n, o in options.items()}

    @property
    def parameters(self) -> list[Value]:
        """All that it adjusts, group by group."""
        return [p for group in self.param_groups for p in group["params"]]

    @property
    def lr(self) -> float:
        """The learning rate of the first group; setting it sets that of all."""
        rate: float = self.param_groups[0]["lr"]
        return rate

    @lr.setter
    def lr(self, lr: float) -> None:
        for group in self.param_groups:
            group.update(self._checked({**group, "lr": lr}))

    @staticmethod
    def rule(*parameter_gradient_state_step: Any, **options: Any) -> tuple[Any, State]:
        """``rule(p, g, state, step, **options)`` gives the new parameter and its new state.

        They follow from the old ones and the gradient g, at the step 1, 2 ...
        """
        raise NotImplementedError

    def step(self) -> None:
        """Move every parameter that wants gradients, once."""
        i = 0
        for group in self.param_groups:
            options = {name: option for name, option in group.items() if name != "params"}
            for p in group["params"]:
                if p.requires_grad:
                    self._steps[i] += 1
                    p.data, self._state[i] = self.rule(
                        p.data, p.grad, self._state[i], self._steps[i], **options
                    )
                i += 1

    def zero_grad(self) -> None:
        """Clear the gradient of every parameter."""
        for p in self.parameters:
            p.grad = 0.0

    def state_dict(self) -> dict[str, Any]:
        """All it needs to go on: options, steps and state, as plain numbers, lists and dicts."""
        groups = [
            {name: option for name, option in group.items() if name != "params"}
            | {"size": len(group["params"])}
            for group in self.param_groups
        ]
        state = [list(numbers) for numbers in self._state]
        return {"steps": list(self._steps), "param_groups": groups, "state": state}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave.

        Raises:
            ValueError: if it is that of another optimiser or other groups; nothing has changed then.
        """
        sizes = [len(group["params"]) for group in self.param_groups]
        names = set(self.param_groups[0]) - {"params"}
        try:
            groups = [dict(group) for group in state_dict["param_groups"]]
            fits = [group.pop("size") for group in groups] == sizes and all(set(g) == names for g in groups)
            options = [self._checked(group) for group in groups]
            fits = fits and all(
                _is_like(option, own[name])
                for saved, own in zip(options, self.param_groups, strict=True)
                for name, option in saved.items()
            )
            state = [tuple(finite_number("state", x) for x in numbers) for numbers in state_dict["state"]]
            steps = list(state_dict["steps"])
            fits = fits and len(steps) == sum(sizes) and all(type(n) is int and 0 <= n < 2**53 for n in steps)
            fits = fits and all(numbers[i] >= 0.0 for numbers in state for i in self.squares)
            fits = fits and [len(numbers) for numbers in state] == [self.state_size] * sum(sizes)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError):
            fits = False
        if not fits:
            raise ValueError(
                f"the state is that of another optimiser: this one is {type(self).__name__} with groups of "
                f"{sizes} parameters"
            )
        for group, saved in zip(self.param_groups, options, strict=True):
            group.update(saved)
        self._steps, self._state = steps, state

    def __repr__(self) -> str:
        options = ", ".join(f"{n}={o!r}" for n, o in self.param_groups[0].items() if n != "params")
        return f"{type(self).__name__}({len(self.parameters)} parameters, {options})"


def _listed(caller: str, params: Any) -> list[Any]:
    """The parameters, or groups of them, as a list.

    Raises:
        TypeError: for a single Value, and for a model.
    """
    if isinstance(params, Value):
        raise TypeError(f"params are a list, not one of them, {params!r}: write [p]")
    if isinstance(params, Module):
        name = type(params).__name__
        raise TypeError(f"{caller} takes parameters, not the {name} that has them: write model.parameters()")
    return list(params)


def _is_like(option: Any, own: Any) -> bool:
    if isinstance(own, tuple):
        return isinstance(option, tuple) and len(option) == len(own) and all(map(_is_like, option, own))
    return type(option) is type(own)


def _checked_option(name: str, option: Any) -> Any:
    """The option, as a float or a pair of them, in its range."""
    if name in ("nesterov", "centered"):
        if option not in (True, False):  # of a file it might be anything
            raise TypeError(f"{name} is True or False, not {option!r}")
        return bool(option)
    if name == "betas":
        if not isinstance(option, (tuple, list)) or len(option) != 2:
            raise ValueError(f"betas are two numbers, as (0.9, 0.999), not {option!r}")
        return tuple(_checked_option("beta", number) for number in option)
    if not isinstance(option, Real) or isinstance(option, bool):
        raise TypeError(f"{name} is a number, not the {type(option).__name__} {option!r}")
    number = float(option)
    high = 1.0 if name in ("beta", "alpha") else math.inf
    if not 0.0 <= number < high:
        limit = " and below 1" if high == 1.0 else ""
        hint = ": a step goes against the gradient" if name == "lr" else ""
        raise ValueError(f"{name} is 0 or more{limit}, not {option!r}{hint}")
    return number


class SGD(Optimizer):
    """Gradient descent, stochastic where each step sees a part of the data: p -= lr * gradient.

    With momentum the gradient is replaced by a sum that forgets (Polyak 1964), with Nesterov's look ahead.
    """

    state_size = 1

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.01,
        *,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
        )

    @classmethod
    def _checked(cls, options: dict[str, Any]) -> dict[str, Any]:
        options = super()._checked(options)
        if options["nesterov"] and (options["momentum"] <= 0.0 or options["dampening"] != 0.0):
            raise ValueError("Nesterov's look ahead needs momentum above 0, and no dampening")
        return options

    @staticmethod
    def rule(
        p: Any,
        g: Any,
        state: Any,
        step: int,
        *,
        lr: float,
        momentum: float,
        dampening: float,
        weight_decay: float,
        nesterov: bool,
    ) -> tuple[Any, State]:
        (velocity,) = state
        if weight_decay:
            g = g + weight_decay * p
        if momentum:
            velocity = g if step == 1 else momentum * velocity + (1.0 - dampening) * g
            g = g + momentum * velocity if nesterov else velocity
        return p - lr * g, (velocity,)


class Adagrad(Optimizer):
    """Steps that shrink with the sum of squared gradients so far (Duchi et al. 2011)."""

    state_size = 1
    squares = (0,)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.01,
        *,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        super().__init__(params, lr=lr, lr_decay=lr_decay, weight_decay=weight_decay, eps=eps)

    @staticmethod
    def rule(
        p: Any,
        g: Any,
        state: Any,
        step: int,
        *,
        lr: float,
        lr_decay: float,
        weight_decay: float,
        eps: float,
    ) -> tuple[Any, State]:
        (squares,) = state
        if weight_decay:
            g = g + weight_decay * p
        squares = squares + g * g
        return p - lr / (1.0 + (step - 1) * lr_decay) * g / (squares**0.5 + eps), (squares,)


class RMSprop(Optimizer):
    """Steps divided by the root of a moving mean of squared gradients (Tieleman and Hinton 2012)."""

    state_size = 3
    squares = (0,)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.01,
        *,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
        )

    @staticmethod
    def rule(
        p: Any,
        g: Any,
        state: Any,
        step: int,
        *,
        lr: float,
        alpha: float,
        eps: float,
        weight_decay: float,
        momentum: float,
        centered: bool,
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

    Weight decay is added to the gradient; see `AdamW`.
    """

    state_size = 2
    squares = (1,)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    @staticmethod
    def rule(
        p: Any,
        g: Any,
        state: Any,
        step: int,
        *,
        lr: float,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float,
    ) -> tuple[Any, State]:
        if weight_decay:
            g = g + weight_decay * p
        return _adam(p, g, state, step, lr, betas, eps)


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameters themselves (Loshchilov and Hutter 2019)."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, lr, betas=betas, eps=eps, weight_decay=weight_decay)

    @staticmethod
    def rule(
        p: Any,
        g: Any,
        state: Any,
        step: int,
        *,
        lr: float,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float,
    ) -> tuple[Any, State]:
        return _adam(p * (1.0 - lr * weight_decay), g, state, step, lr, betas, eps)


def _adam(
    p: Any, g: Any, state: Any, step: int, lr: float, betas: tuple[float, float], eps: float
) -> tuple[Any, State]:
    mean, square = state
    mean = betas[0] * mean + (1.0 - betas[0]) * g
    square = betas[1] * square + (1.0 - betas[1]) * (g * g)
    size = square**0.5 / (1.0 - betas[1] ** step) ** 0.5 + eps
    return p - lr / (1.0 - betas[0] ** step) * mean / size, (mean, square)


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": SGD,
    "adagrad": Adagrad,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}


# Gradients, before a step


def clip_grad_value_(parameters: Iterable[Value], clip_value: float) -> None:
    """Hold every gradient between -clip_value and clip_value."""
    for p in _listed("clip_grad_value_", parameters):
        p.grad = min(max(p.grad, -clip_value), clip_value)


def clip_grad_norm_(parameters: Iterable[Value], max_norm: float) -> float:
    """Shrink all gradients by one factor, so that together they are no longer than max_norm.

    Gives their Euclidean length before that.
    """
    parameters = _listed("clip_grad_norm_", parameters)
    length = math.hypot(*(p.grad for p in parameters))
    factor = max_norm / (length + 1e-6)
    if factor < 1.0:
        for p in parameters:
            p.grad *= factor
    return length


# Deterministic optimisation, by SciPy


def minimize(
    loss: Callable[[], Value], parameters: Sequence[Value], method: str = "L-BFGS-B", **options: Any
) -> Any:
    """Bring a loss to a minimum with ``scipy.optimize.minimize`` (needs SciPy), given its exact gradient.

    Args:
        loss: a function that computes the loss from the parameters as they are.
        parameters: the leaves to adjust; in the end they have the numbers that were found.
        method: any method of SciPy's that takes a gradient: "L-BFGS-B", "BFGS", "CG", "SLSQP" ...
        options: passed on: ``tol=1e-9``, ``options={"maxiter": 50}``, ``callback=...``.

    Returns:
        SciPy's result: ``.fun`` the loss, ``.x`` the parameters, ``.nit`` the iterations, ``.message``.
    """
    from scipy.optimize import minimize as scipy_minimize

    parameters = _listed("minimize", parameters)

    def move(numbers: Iterable[float]) -> None:
        for p, number in zip(parameters, numbers, strict=True):
            p.data = float(number)
            p.grad = 0.0

    def loss_and_gradient(numbers: Any) -> tuple[float, list[float]]:
        move(numbers)
        out = loss()
        out.backward()
        return out.data, [p.grad for p in parameters]

    result = scipy_minimize(
        loss_and_gradient, [p.data for p in parameters], jac=True, method=method, **options
    )
    move(result.x)
    return result
