"""Optimizer: the base of optimisers, with groups of parameters, options and state; clipping of gradients."""

from __future__ import annotations

import inspect
import math
from array import array
from itertools import chain
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from autograd import Value, gather, scatter
from nn.arguments import finite_number
from nn.models.module import Module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Literal, TypeVar

    State = tuple[Any, ...]
    Rule = TypeVar("Rule", bound=Callable[..., tuple[Any, State]])

MANY = 64  # so many parameters are moved faster as arrays than one by one


def on_arrays(rule: Rule) -> Rule:
    """Declare that a rule is plain arithmetic, so that it may be called with NumPy arrays of parameters."""
    rule.on_arrays = True  # type: ignore[attr-defined]
    return rule


class Cluster(NamedTuple):
    """Parameters that move together: those of a group that are not frozen and have made as many steps.

    Attributes:
        places: where they are among all parameters of the optimiser.
        group: their group, whose options may change.
    """

    parameters: list[Value]
    places: Sequence[int]
    steps: int
    group: dict[str, Any]

    @property
    def options(self) -> dict[str, Any]:
        """The options of the group, as the rule takes them."""
        return _options_of(self.group)

    @property
    def index(self) -> Any:
        """The index of their numbers in an array of numbers for all parameters."""
        return slice(self.places.start, self.places.stop) if isinstance(self.places, range) else self.places


class Optimizer:
    """The base of optimisers: a subclass writes `rule`, and says how many numbers of state a parameter has.

    The options of an optimiser are the parameters of its `rule` after the first four, with their defaults.

    Args:
        params: the parameters to adjust, from `model.parameters()`; or groups of parameters, dicts with
            "params" and options: ``[{"params": layer.parameters(), "lr": 0.1}, ...]``.
        lr: the learning rate; left out, the default of the rule.
        options: the other options of the rule.

    Raises:
        TypeError: if a parameter is not a leaf, or the rule has no such option.
        ValueError: if there are no parameters, or an option is out of range.
    """

    state_size = 0
    squares: tuple[int, ...] = ()  # places of numbers of state that are never negative
    _columns: list[Any] | None = None  # the state as arrays, one for each of its numbers
    __signature__: ClassVar[inspect.Signature]

    def __init_subclass__(cls) -> None:
        """Show the options of the rule in the signature of the class."""
        signature = inspect.signature(cls.__init__)
        parameters = list(signature.parameters.values())[1:]
        if cls.__init__ is Optimizer.__init__:
            rates = [o.replace(kind=o.POSITIONAL_OR_KEYWORD) for o in cls._options() if o.name == "lr"]
            parameters = [parameters[0], *rates, *(o for o in cls._options() if o.name != "lr")]
        cls.__signature__ = signature.replace(parameters=parameters)

    @classmethod
    def _options(cls) -> list[inspect.Parameter]:
        """The parameters of the rule after (parameter, gradient, state, step)."""
        return [o for o in inspect.signature(cls.rule).parameters.values() if o.name != "self"][4:]

    def __init__(self, params: Iterable[Any], lr: float | None = None, **options: Any) -> None:
        declared = {option.name: option for option in self._options()}
        defaults = {n: o.default for n, o in declared.items() if o.default is not o.empty}
        options = defaults | ({} if lr is None else {"lr": lr}) | options
        anything = any(option.kind is option.VAR_KEYWORD for option in declared.values())
        if not anything and set(options) != set(declared):
            wrong = sorted(set(options) ^ set(declared))[0]
            raise TypeError(
                f"{type(self).__name__} takes the options {', '.join(declared)}: {wrong!r} is "
                f"{'missing' if wrong in declared else 'unknown'}"
            )
        given = listed(type(self).__name__, params)
        groups = given if given and isinstance(given[0], dict) else [{"params": given}]
        self.param_groups: list[dict[str, Any]] = []
        for group in groups:
            unknown = set(group) - {"params", *options}
            if "params" not in group or unknown:
                raise ValueError(
                    f"a group has 'params' and some of {', '.join(options)}, not {', '.join(map(str, group))}"
                )
            params = listed(type(self).__name__, group["params"])
            checked = self._checked({name: group.get(name, options[name]) for name in options})
            self.param_groups.append({**checked, "params": params})
        for p in self.parameters:
            if not isinstance(p, Value) or p.op is not None:
                raise TypeError(
                    f"an optimiser adjusts leaves, and {p!r} is not a leaf: pass model.parameters()"
                )
        count = len(self.parameters)
        if count == 0:
            raise ValueError("there are no parameters to adjust: pass model.parameters()")
        if len(set(map(id, self.parameters))) < count:
            raise ValueError("a parameter is listed twice: pass each parameter once")
        self._steps = [0] * count  # steps of each parameter; a frozen parameter makes none
        self._state: list[State] = [(0.0,) * self.state_size] * count

    @classmethod
    def _checked(cls, options: dict[str, Any]) -> dict[str, Any]:
        """The options of a group with numbers as floats; an option out of range raises an error."""
        return {n: o if n == "params" else _checked_option(n, o) for n, o in options.items()}

    @property
    def parameters(self) -> list[Value]:
        """All parameters to adjust, group by group."""
        return list(chain.from_iterable([group["params"] for group in self.param_groups]))

    @property
    def lr(self) -> float:
        """The learning rate of the first group; assignment sets the rate of all groups."""
        return float(self.param_groups[0]["lr"])

    @lr.setter
    def lr(self, lr: float) -> None:
        for group in self.param_groups:
            group.update(self._checked({**group, "lr": lr}))

    @staticmethod
    def rule(*parameter_gradient_state_step: Any, **options: Any) -> tuple[Any, State]:
        """``rule(p, g, state, step, **options)`` gives the new number of a parameter, and its new state.

        p is the old number, g the gradient, and step counts 1, 2 ...
        """
        raise NotImplementedError

    def step(self) -> None:
        """Move every parameter that is not frozen, once."""
        together = len(self._steps) >= MANY and self.takes_arrays
        for cluster in self.clusters():
            if together:
                self._move_together(cluster)
                continue
            state, n, options = self._listed_state(), cluster.steps + 1, cluster.options
            for i, p in zip(cluster.places, cluster.parameters, strict=True):
                p.data, state[i] = self.rule(p.data, p.grad, state[i], n, **options)
                self._steps[i] = n

    @property
    def takes_arrays(self) -> bool:
        """Whether the rule may be called with arrays of parameters."""
        return bool(getattr(self.rule, "on_arrays", False))

    def clusters(self) -> list[Cluster]:
        """The parameters that are not frozen, by group and by how many steps they have made."""
        found = []
        first = 0
        for group in self.param_groups:
            params = group["params"]
            end = first + len(params)
            places: Sequence[int] = range(first, end)
            if not _all_move(params):
                places = [i for i in places if params[i - first].requires_grad]
            counts = set(self._steps[first:end])
            for steps in sorted(counts):
                at = places if len(counts) == 1 else [i for i in places if self._steps[i] == steps]
                moving = params if len(at) == len(params) else [params[i - first] for i in at]
                if at:
                    found.append(Cluster(moving, at, steps, group))
            first = end
        return found

    def _move_together(self, cluster: Cluster) -> None:
        """Move the parameters of a cluster by one call of the rule with arrays."""
        import numpy

        data, grads = _array(cluster.parameters, "data"), _array(cluster.parameters, "grad")
        with numpy.errstate(all="ignore"):  # as floats do, which give inf or nan
            state, n = self.state_of(cluster), cluster.steps + 1
            moved, new = self.rule(data, grads, state, n, **cluster.options)
        scatter(cluster.parameters, "data", moved)
        self.set_state(cluster, new, n)

    def state_of(self, cluster: Cluster) -> list[Any]:
        """The state of a cluster's parameters, an array for each of its numbers."""
        return [column[cluster.index] for column in self._arrays()]

    def set_state(self, cluster: Cluster, state: Sequence[Any], steps: int) -> None:
        """Set the state of a cluster's parameters, and the number of steps that they have made."""
        for column, numbers in zip(self._arrays(), state, strict=True):
            column[cluster.index] = numbers
        if isinstance(cluster.index, slice):
            self._steps[cluster.index] = [steps] * len(cluster.places)
            return
        for i in cluster.places:
            self._steps[i] = steps

    def _arrays(self) -> list[Any]:
        """The state of all parameters, an array for each of its numbers."""
        import numpy

        if self._columns is None:
            self._columns = [numpy.array(x, dtype=float) for x in zip(*self._state, strict=True)]
        return self._columns

    def _listed_state(self) -> list[State]:
        """The state of each parameter, out of the arrays of `_move_together` if there are any."""
        if self._columns:
            columns = [column.tolist() for column in self._columns]
            self._state, self._columns = list(zip(*columns, strict=True)), None
        return self._state

    def zero_grad(self) -> None:
        """Clear the gradient of every parameter."""
        parameters = self.parameters
        scatter(parameters, "grad", array("d", bytes(8 * len(parameters))))

    def state_dict(self) -> dict[str, Any]:
        """Options, steps and state of all parameters, as plain numbers, lists and dicts."""
        groups = [{**_options_of(group), "size": len(group["params"])} for group in self.param_groups]
        state = [list(numbers) for numbers in self._listed_state()]
        return {"steps": list(self._steps), "param_groups": groups, "state": state}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a state that `state_dict` gave.

        Raises:
            ValueError: if the state is of another optimiser or other groups; then nothing has changed.
        """
        sizes = [len(group["params"]) for group in self.param_groups]
        names = set(self.param_groups[0]) - {"params"}
        try:
            groups = [dict(group) for group in state_dict["param_groups"]]
            fits = [group.pop("size") for group in groups] == sizes and all(set(g) == names for g in groups)
            options = [self._checked(group) for group in groups]
            state = [tuple(finite_number("state", x) for x in numbers) for numbers in state_dict["state"]]
            steps = list(state_dict["steps"])
            fits = fits and len(steps) == sum(sizes) and all(type(n) is int and 0 <= n < 2**53 for n in steps)
            fits = fits and all(numbers[i] >= 0.0 for numbers in state for i in self.squares)
            fits = fits and [len(numbers) for numbers in state] == [self.state_size] * sum(sizes)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError):
            fits = False
        if not fits:
            raise ValueError(
                f"the state belongs to another optimiser: this optimiser is {type(self).__name__} with "
                f"groups of {sizes} parameters"
            )
        for group, saved in zip(self.param_groups, options, strict=True):
            group.update(saved)
        self._steps, self._state, self._columns = steps, state, None

    def __repr__(self) -> str:
        options = ", ".join(f"{n}={o!r}" for n, o in _options_of(self.param_groups[0]).items())
        return f"{type(self).__name__}({len(self.parameters)} parameters, {options})"


def all_finite(parameters: Iterable[Value]) -> bool:
    """Whether the numbers of all parameters are finite."""
    import numpy

    return bool(numpy.isfinite(_array(list(parameters), "data")).all())


def _all_move(params: list[Value]) -> bool:
    """Whether no parameter is frozen."""
    if len(params) < MANY:
        return all(p.requires_grad for p in params)
    return bool(_array(params, "requires_grad").all())


def _array(values: list[Value], name: Literal["data", "grad", "requires_grad"]) -> Any:
    import numpy

    return numpy.frombuffer(gather(values, name))


def _options_of(group: dict[str, Any]) -> dict[str, Any]:
    return {name: option for name, option in group.items() if name != "params"}


def listed(caller: str, params: Any) -> list[Any]:
    """The parameters, or groups of parameters, as a list.

    Raises:
        TypeError: for a single Value, and for a model.
    """
    if isinstance(params, Value):
        raise TypeError(f"params is a list of parameters, not the single {params!r}: write [p]")
    if isinstance(params, Module):
        name = type(params).__name__
        raise TypeError(f"{caller} takes parameters, not the {name} that has them: write model.parameters()")
    return list(params)


def _checked_option(name: str, option: Any) -> Any:
    """The option as a float, a pair of floats or a bool; an option out of range raises an error."""
    if name in ("nesterov", "centered"):
        if option not in (True, False):  # a damaged file may hold anything
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


def clip_grad_value_(parameters: Iterable[Value], clip_value: float) -> None:
    """Clip every gradient to between -clip_value and clip_value."""
    for p in listed("clip_grad_value_", parameters):
        p.grad = min(max(p.grad, -clip_value), clip_value)


def clip_grad_norm_(parameters: Iterable[Value], max_norm: float) -> float:
    """Shrink all gradients by the same factor, so that their Euclidean length is at most max_norm.

    Gives the length before shrinking.
    """
    parameters = listed("clip_grad_norm_", parameters)
    length = math.hypot(*(p.grad for p in parameters))
    factor = max_norm / (length + 1e-6)
    if factor < 1.0:
        for p in parameters:
            p.grad *= factor
    return length
