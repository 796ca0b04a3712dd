"""check_grads: derivatives against central differences, argument by argument and in both modes."""

from __future__ import annotations

import math

from autograd.backend import Value
from autograd.op import number
from autograd.ops import sum_of
from autograd.recording import no_grad
from autograd.transforms import grad, jacobian, jvp
from autograd.tree import flatten, paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


def check_grads(
    f: Callable[..., Any],
    *args: Any,
    order: int = 2,
    modes: Sequence[str] = ("reverse", "forward"),
    rtol: float = 1e-6,
    atol: float = 1e-8,
) -> None:
    """Make sure that the derivatives of f at these arguments are right, up to an order.

    Every derivative of every result by every number in the arguments is computed in each mode and
    compared with central differences (extrapolated by Ridders' method). For the next order the same is
    done with a weighted sum of the derivatives, taken in each mode in turn: all nestings of the modes.

    Args:
        f: a function of numbers, lists, tuples, dicts or arrays, that returns the same.
        args: where to check. f must be smooth there: at a kink a difference is no derivative.
        order: how often to differentiate, 1 or more.
        modes: "reverse", "forward" or both.
        rtol, atol: what is allowed: ``|got - expected| <= atol + rtol * |expected|``.

    Raises:
        AssertionError: saying which argument, mode and order, what was expected and got.
    """
    if order < 1 or not modes or not set(modes) <= {"reverse", "forward"}:
        raise ValueError(
            f"order is 1 or more, and modes some of 'reverse', 'forward'; not {order!r}, {modes!r}"
        )
    name = getattr(f, "__name__", "f")
    flat, rebuild = flatten(list(args))
    numbers = [x.data if type(x) is Value else number(x, f"an argument of {name}") for x in flat]
    if not numbers:
        raise ValueError(f"there is nothing to differentiate {name} by: pass the arguments to check it at")
    _check(f, name, numbers, rebuild, paths(list(args)), order, modes, rtol, atol)


def _check(
    f: Callable[..., Any],
    name: str,
    numbers: list[float],
    rebuild: Callable[..., Any],
    places: list[str],
    order: int,
    modes: Sequence[str],
    rtol: float,
    atol: float,
) -> None:
    every = tuple(range(len(rebuild(numbers))))
    expected = [central_differences(f, numbers, rebuild, i) for i in range(len(numbers))]
    if not expected[0]:
        raise ValueError(f"{name} returned no number to differentiate")
    for mode in modes:
        table = jacobian(f, every, mode=mode)(*rebuild(numbers))  # type: ignore[arg-type]
        got, _ = flatten(table)
        results = len(expected[0])
        for k in range(results):
            for i, place in enumerate(places):
                wanted, found = expected[i][k], got[k * len(numbers) + i]
                if not abs(found - wanted) <= atol + rtol * abs(wanted):
                    which = f"result {k} of {name}" if results > 1 else name
                    raise AssertionError(
                        f"the derivative of {which} by argument {place} at {numbers[i]!r} in {mode} mode is "
                        f"wrong: expected {wanted!r} (central differences), got {found!r}; the rule of an op "
                        f"that it uses is wrong, or it has a kink there"
                    )
    if order > 1:
        for mode in modes:
            slope = _weighted_slope(f, every, mode)
            nested = f"the {mode} derivative of {name}"
            _check(slope, nested, numbers, rebuild, places, order - 1, modes, rtol, atol)


def _weighted_slope(f: Callable[..., Any], every: tuple[int, ...], mode: str) -> Callable[..., Any]:
    """A sum of all derivatives of f with fixed, unequal weights, as a function of the same arguments."""

    def total(*args: Any) -> Any:
        results, _ = flatten(f(*args))
        return sum_of([w * x for w, x in zip(_weights(len(results)), results, strict=True)])

    def slope(*args: Any) -> Any:
        flat, rebuild = flatten(list(args))
        weights = _weights(len(flat))
        if mode == "forward":
            return jvp(total, args, rebuild(weights))[1]
        slopes, _ = flatten(grad(total, every)(*args))
        return sum_of([w * x for w, x in zip(weights, slopes, strict=True)])

    return slope


def _weights(count: int) -> list[float]:
    """Numbers between 1/2 and 3/2 in which no small whole-number relation hides an error."""
    return [0.5 + (i * 0.6180339887498949 + 0.5) % 1.0 for i in range(count)]


def central_differences(
    f: Callable[..., Any], numbers: Sequence[float], rebuild: Callable[..., Any], i: int
) -> list[float]:
    """The derivatives of all results of f by number i, by Ridders' method.

    The differences at shrinking steps are extrapolated to step 0, and of all extrapolations the one
    is taken that differs least from those it was made from (C. J. F. Ridders, Advances in Engineering
    Software 4 (1982) 75-76). Steps that leave the domain of f give nan, and are passed over.
    """

    def at(x: float) -> list[float]:
        shifted = [*numbers[:i], x, *numbers[i + 1 :]]
        # Values, so that f may call their methods; detached, so that nothing is recorded.
        with no_grad():
            out = f(*rebuild([Value(n, requires_grad=False) for n in shifted]))
        return [float(y.data if type(y) is Value else y) for y in flatten(out)[0]]

    x = numbers[i]
    # Steps from 0.01 up suit most functions; those in proportion to a small x stay on its side of 0.
    trials = [_differences(at, x, step) for step in {0.1 * max(abs(x), 0.1), 0.1 * abs(x) or 0.01}]
    trials = [rows for rows in trials if len(rows) > 1]
    if not trials:
        raise ValueError(
            f"{getattr(f, '__name__', 'the function')} has no finite differences around {x!r}, so there is "
            f"nothing to compare a derivative with: choose a point inside its domain"
        )
    results = range(len(trials[0][0]))
    return [min(_extrapolated([[row[k]] for row in rows]) for rows in trials)[1] for k in results]


def _differences(at: Callable[[float], list[float]], x: float, step: float) -> list[list[float]]:
    """Central differences of all results at 12 steps, each half the one before; only finite ones."""
    rows: list[list[float]] = []
    for _ in range(60):
        upper, lower = at(x + step), at(x - step)
        row = [(u - w) / (2.0 * step) for u, w in zip(upper, lower, strict=True)]
        if all(map(math.isfinite, row)):
            rows.append(row)
        step /= 2.0
        if len(rows) == 12:
            break
    return rows


def _extrapolated(rows: list[list[float]]) -> tuple[float, float]:
    """Ridders' tableau over differences at steps h, h/2, h/4 ...: the relative error, and the best."""
    best, least = rows[-1][0], math.inf
    for i in range(1, len(rows)):
        factor = 1.0
        for j in range(i):
            factor *= 4.0
            new = (rows[i][j] * factor - rows[i - 1][j]) / (factor - 1.0)
            rows[i].append(new)
            error = max(abs(new - rows[i][j]), abs(new - rows[i - 1][j]))
            if error < least:
                best, least = new, error
    return least / (abs(best) or 1.0), best
