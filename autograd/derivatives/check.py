"""check_grads: derivatives against central differences, along random directions and argument by argument."""

from __future__ import annotations

import math
from random import Random

from autograd.derivatives.transforms import grad, jacobian, jvp, vjp
from autograd.derivatives.tree import flatten, paths
from autograd.graph.engine import Value
from autograd.graph.recording import no_grad
from autograd.table.op import number
from autograd.table.ops import sum_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Numbers = Sequence[Any]
    Function = Callable[[Numbers], list[Any]]  # of all numbers in the arguments, to all in the result
    Estimate = tuple[float, float]  # a derivative, and the size of its error
    Allowed = Callable[[float], float]  # the allowed distance from this derivative

DIRECTIONS = 2  # random directions for each checked function
HALVINGS = 60  # of a step, at most: the first steps may leave the domain of the function
ROWS = 30  # of differences to extrapolate, at most
EPSILON = 2.0**-52


def check_grads(
    f: Callable[..., Any],
    *args: Any,
    order: int = 2,
    modes: Sequence[str] = ("reverse", "forward"),
    rtol: float = 1e-6,
    atol: float = 1e-8,
    every_argument: bool = False,
) -> None:
    """Make sure that the derivatives of f at these arguments are right, up to an order.

    The derivatives along random directions (the same ones at every call) are computed in each mode and
    compared with central differences (extrapolated by Ridders' method). A direction moves all numbers in
    the arguments at once, so it costs a few evaluations of f, however many numbers there are. The bound
    for a direction is that of a single derivative: where it is exceeded, every derivative of every result
    by every number is compared by itself, and the error names the one that is wrong.

    For the next order the same is done with a weighted sum of the derivatives, taken in each mode in turn:
    all nestings of the modes.

    Args:
        f: a function of numbers, lists, tuples, dicts, dataclasses or arrays, that returns the same.
        args: where to check. f must be smooth there: at a kink a difference is no derivative.
        order: how often to differentiate, 1 or more.
        modes: "reverse", "forward" or both.
        rtol, atol: what is allowed: ``|got - expected| <= atol + rtol * |expected|``, and the error of the
            central difference itself, which is known from the extrapolation and the rounding of f.
        every_argument: compare every derivative by itself from the start. This also finds an error in a
            derivative that is less than a part in 10**10 of the derivative along a direction.

    Raises:
        AssertionError: saying which argument, mode and order, what was expected and got.
        ValueError: if there is nothing to differentiate, or f is not finite around the arguments.
    """
    if order < 1 or not modes or not set(modes) <= {"reverse", "forward"}:
        raise ValueError(
            f"order is 1 or more, and modes some of 'reverse', 'forward'; not {order!r}, {modes!r}"
        )
    name = getattr(f, "__name__", "f")
    given, rebuild = flatten(list(args))
    numbers = [x.data if type(x) is Value else number(x, f"an argument of {name}") for x in given]
    if not numbers:
        raise ValueError(f"there is nothing to differentiate {name} by: pass the arguments to check it at")

    def flat(xs: Numbers) -> list[Any]:
        return flatten(f(*rebuild(xs)))[0]

    check = _Check(numbers, paths(list(args)), modes, rtol, atol, every_argument)
    check.run(flat, name, order)


class _Check:
    """A point to check derivatives at, and the allowed errors."""

    def __init__(
        self,
        numbers: list[float],
        places: list[str],
        modes: Sequence[str],
        rtol: float,
        atol: float,
        every_argument: bool,
    ) -> None:
        self.numbers = numbers
        self.places = places
        self.modes = modes
        self.rtol = rtol
        self.atol = atol
        self.every_argument = every_argument or len(numbers) == 1

    def run(self, f: Function, name: str, order: int) -> None:
        if not _evaluate(f, self.numbers):
            raise ValueError(f"{name} returned no number to differentiate")
        if self.every_argument or not all(self.agrees_along(f, seed) for seed in range(DIRECTIONS)):
            self.compare_each(f, name)
        if order > 1:
            for mode in self.modes:
                nested = f"the {mode} derivative of {name}"
                self.run(_weighted_slope(f, mode), nested, order - 1)

    def agrees_along(self, f: Function, seed: int) -> bool:
        """Whether derivatives along a random direction agree so well with differences that all must be right.

        An error in a single derivative is multiplied by the direction's component, of which none is 0. So the
        derivative along the direction may be off by no more than is allowed for one derivative.
        """
        random = Random(seed)
        direction = [_signed(random) * _scale(x) for x in self.numbers]
        smallest = min(map(abs, direction)) * self.atol

        def allowed(expected: float) -> float:
            return smallest + 1e-10 * abs(expected)

        def at(t: float) -> list[float]:
            return _evaluate(f, [x + t * d for x, d in zip(self.numbers, direction, strict=True)])

        expected = _differentiated(at, 0.1, allowed)
        if expected is None:
            return False
        pairs: list[tuple[float, Estimate]] = []
        if "forward" in self.modes:
            along = _floats(jvp(f, (self.numbers,), (direction,))[1])
            pairs += zip(along, expected, strict=True)
        if "reverse" in self.modes:
            weights = [_signed(random) for _ in expected]
            (slopes,) = vjp(f, self.numbers)[1](weights)
            found = math.fsum(map(_product, _floats(slopes), direction))
            total = math.fsum([w * e for w, (e, _) in zip(weights, expected, strict=True)])
            error = math.fsum([abs(w) * r for w, (_, r) in zip(weights, expected, strict=True)])
            pairs.append((found, (total, error)))
        return all(
            abs(found - wanted) <= allowed(wanted) and error <= allowed(wanted)
            for found, (wanted, error) in pairs
        )

    def compare_each(self, f: Function, name: str) -> None:
        """Compare every derivative of every result by every number."""
        tables = {mode: jacobian(f, mode=mode)(self.numbers) for mode in self.modes}  # type: ignore[arg-type]
        for i, place in enumerate(self.places):
            found = {mode: _floats([row[i] for row in table]) for mode, table in tables.items()}
            expected = self.differences(f, name, i, found)
            for mode, column in found.items():
                for k, (got, wanted) in enumerate(zip(column, expected, strict=True)):
                    if not self.agree(got, wanted):
                        which = f"result {k} of {name}" if len(column) > 1 else name
                        raise AssertionError(
                            f"the derivative of {which} by argument {place} at {self.numbers[i]!r} in {mode} "
                            f"mode is wrong: expected {wanted[0]!r} (central differences), got {got!r}; the "
                            f"rule of an op that it uses is wrong, or it has a kink there"
                        )

    def differences(self, f: Function, name: str, i: int, found: dict[str, list[float]]) -> list[Estimate]:
        """The derivatives of all results by number i, by central differences.

        Steps from 0.01 up suit most functions. Steps in proportion to a small x stay on its side of 0, but
        the rounding of f may leave nothing of the difference: they are tried where the others disagree.
        """
        x = self.numbers[i]

        def at(t: float) -> list[float]:
            return _evaluate(f, [*self.numbers[:i], x + t, *self.numbers[i + 1 :]])

        best: list[Estimate] = []
        for step in dict.fromkeys((0.1 * _scale(x), 0.1 * abs(x) or 0.01)):
            estimates = _differentiated(at, step, self.allowed)
            if not estimates:
                continue
            best = [_better(*pair, self.allowed) for pair in zip(best or estimates, estimates, strict=True)]
            if all(error <= self.allowed(estimate) for estimate, error in best) and all(
                all(map(self.agree, column, best)) for column in found.values()
            ):
                break
        if not best:
            raise ValueError(
                f"{name} has no finite differences around {x!r}, so there is nothing to compare a derivative "
                f"with: choose a point inside its domain"
            )
        return best

    def allowed(self, expected: float) -> float:
        return self.atol + self.rtol * abs(expected)

    def agree(self, got: float, wanted: Estimate) -> bool:
        expected, error = wanted
        return abs(got - expected) <= self.allowed(expected) + error


def _better(one: Estimate, other: Estimate, allowed: Allowed) -> Estimate:
    """The estimate with the smaller error relative to the allowed one; the first if they are equal."""
    return other if _relative_error(other, allowed) < _relative_error(one, allowed) else one


def _relative_error(estimate: Estimate, allowed: Allowed) -> float:
    derivative, error = estimate
    bound = allowed(derivative)
    return error / bound if bound > 0.0 else error and math.inf


def _product(x: float, y: float) -> float:
    return x * y


def _signed(random: Random) -> float:
    """A number between 1/2 and 3/2, with a random sign."""
    return random.choice((-1.0, 1.0)) * random.uniform(0.5, 1.5)


def _scale(x: float) -> float:
    """The unit of steps from x."""
    return max(abs(x), 0.1)


def _floats(results: Numbers) -> list[float]:
    return [x.data if type(x) is Value else float(x) for x in results]


def _evaluate(f: Function, numbers: Sequence[float]) -> list[float]:
    """All numbers in the result. f gets Values, whose methods it may call, but nothing is recorded."""
    with no_grad():
        return _floats(f([Value(x, requires_grad=False) for x in numbers]))


def _weighted_slope(f: Function, mode: str) -> Function:
    """A sum of all derivatives of f with fixed, unequal weights, as a function of the same numbers."""

    def total(xs: Numbers) -> Any:
        results = f(xs)
        return sum_of([w * y for w, y in zip(_weights(len(results)), results, strict=True)])

    def slope(xs: Numbers) -> list[Any]:
        weights = _weights(len(xs))
        if mode == "forward":
            return [jvp(total, (xs,), (weights,))[1]]
        return [sum_of([w * s for w, s in zip(weights, grad(total)(xs), strict=True)])]

    return slope


def _weights(count: int) -> list[float]:
    """Numbers between 1/2 and 3/2 in which no small whole-number relation hides an error."""
    return [0.5 + (i * 0.6180339887498949 + 0.5) % 1.0 for i in range(count)]


def central_difference(f: Callable[[float], float], x: float) -> float:
    """The derivative of a function of one number by differences; nan if they do not converge."""
    estimates = _differentiated(lambda t: [f(x + t)], 0.1 * _scale(x), lambda _: 1e-12)
    return estimates[0][0] if estimates else math.nan


def _differentiated(
    at: Callable[[float], list[float]], step: float, allowed: Allowed
) -> list[Estimate] | None:
    """The derivatives at 0 of all results of a function of one number, by Ridders' method.

    Central differences at steps h, h/2, h/4 ... are extrapolated to step 0, and of all extrapolations the
    one is taken that differs least from those it was made from (C. J. F. Ridders, Advances in Engineering
    Software 4 (1982) 75-76), where the rounding of the results, divided by the step, counts as well. It ends
    when the errors are a small part of what is allowed, or less than that of rounding alone. Steps that
    leave the domain give nan, and are passed over.

    Returns:
        Each derivative with the size of its error; None if there were no two finite differences.
    """
    best: list[Estimate] = []
    tableau: list[list[float]] = []
    rows = 0
    for _ in range(HALVINGS):
        upper, lower = at(step), at(-step)
        quotients = [(u - w) / (2.0 * step) for u, w in zip(upper, lower, strict=True)]
        if all(map(math.isfinite, quotients)):
            noise = [EPSILON * max(abs(u), abs(w)) / step for u, w in zip(upper, lower, strict=True)]
            if not rows:
                best, tableau = [(q, math.inf) for q in quotients], [[q] for q in quotients]
            else:
                for k, q in enumerate(quotients):
                    tableau[k], estimates = _extrapolated(tableau[k], q, noise[k])
                    for estimate in estimates:
                        best[k] = _better(best[k], estimate, allowed)
            rows += 1
            if rows > 1 and all(
                error <= max(0.01 * allowed(e), n) for (e, error), n in zip(best, noise, strict=True)
            ):
                break
            if rows == ROWS:
                break
        step /= 2.0
    return best if rows > 1 else None


def _extrapolated(before: list[float], quotient: float, noise: float) -> tuple[list[float], list[Estimate]]:
    """The next row of Ridders' tableau, from the row before, and the estimates in it."""
    row, estimates, factor = [quotient], [], 1.0
    for j, older in enumerate(before):
        factor *= 4.0
        new = (row[j] * factor - older) / (factor - 1.0)
        if not math.isfinite(new):
            break
        estimates.append((new, max(abs(new - row[j]), abs(new - older)) + noise))
        row.append(new)
    return row, estimates
