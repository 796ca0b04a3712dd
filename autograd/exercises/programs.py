"""The exercises of the notebook 06_trace_and_jit: E15, E16 and E17."""

from __future__ import annotations

from autograd.derivatives.transforms import value_and_grad
from autograd.exercises.exercise import Exercise, Function, Unreadable, near
from autograd.graph.errors import TraceError
from autograd.programs.jit import jit
from autograd.programs.trace import trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def traced(f: Callable[[Any], Any]) -> tuple[int, list[float], list[float]]:
    """A trial of a function of one number: its guards, and its numbers and slopes at four places.

    The last two are of a function that uses its argument twice.
    """
    try:
        guards = len(trace(f, 1.7).guards)
        once = value_and_grad(jit(f))
        twice = value_and_grad(jit(lambda v: f(v * v - 3.0) * v + f(v)))
        found = [once(1.7), once(-2.3), twice(1.2), twice(-2.5)]
    except TraceError:
        raise Unreadable(
            "the function asks its argument for a number, by .data, float() or math, say, and a trace "
            "refuses this: compute with the argument itself"
        ) from None
    return guards, [float(value) for value, _ in found], [float(slope) for _, slope in found]


def close(found: list[float], expected: list[float]) -> bool:
    return all(abs(x - y) < 1e-9 for x, y in zip(found, expected, strict=True))


# leaky(v) is v above 0, v/10 below; then leaky(v*v - 3) * v + leaky(v) at 1.2 and at -2.5
NUMBERS = [1.7, -0.23, -0.156 * 1.2 + 1.2, 3.25 * -2.5 - 0.25]
SLOPES = [1.0, 0.1, 0.24 * 1.2 - 0.156 + 1.0, -5.0 * -2.5 + 3.25 + 0.1]


EXERCISES = [
    Exercise(  # halvings(x): while x > 1: x = x / 2; called with 1, 3, 5, 6 and 9
        "E15",
        accept=near(4, 0),
        praise="A way through the function is the whole list of answers: 0, 2, 3 and 4 rounds are four ways, "
        "and 5 and 6 share theirs.",
        refusals=[
            (near(5, 0), "two of the five calls get the same answers, one after the other"),
            (
                near(2, 0),
                "a condition has two answers, but `while` asks again in each round: a program is kept for "
                "each list of answers",
            ),
            (near(1, 0), "a program has no way back to an earlier line, so its number of rounds is fixed"),
            (near(3, 0), "the call with 1 asks once and makes no round: this is a way, too"),
            (near(17, 0), "this counts the questions of all calls"),
            (near(12, 0), "this counts the rounds of all calls"),
        ],
        otherwise="write down the answers of `x > 1` for each of the five calls, and count the different "
        "lists",
    ),
    Exercise(  # a * x + b, traced with a = 2.0 and b = Value(2.0); then a = 10.0 and b.data = 5.0
        "E16",
        accept=near(7, 1e-9),
        praise="The plain number `a` stayed 2, as it was when the function was traced; the Value `b` is an "
        "input, and its 5 was read at the call.",
        refusals=[
            (near(15, 1e-9), "`a` is a plain number: the trace saw only its 2.0, which became a constant"),
            (near(4, 1e-9), "`b` is a Value, and the program reads its number at each call"),
            (near(12, 1e-9), "turned around: which of the two is a Value, so that a trace can see it?"),
        ],
        otherwise="the result is `a * x + b` with x = 1: decide for `a` and for `b`, old number or new?",
    ),
    Function(  # leaky without a guard
        "E17",
        trials=[traced],
        accept=lambda results: (
            results[0][0] == 0 and close(results[0][1], NUMBERS) and close(results[0][2], SLOPES)
        ),
        praise="Both sides are computed and one is chosen, so no question is left: one program serves all "
        "numbers, and all lanes of a map stay together.",
        refusals=[
            (
                lambda results: results[0][0] > 0,
                "the trace still meets a question: if, and, or, max and min ask a Value whether it is true; "
                "a function that gets both sides, and chooses, asks nothing",
            ),
            (
                lambda results: close(results[0][1][:2], [0.17, -2.3]),
                "the two sides are exchanged: above 0 the number stays as it is",
            ),
            (lambda results: close(results[0][1][:2], [1.7, 0.0]), "below 0 it gives 0: this is relu"),
            (lambda results: close(results[0][1][:2], [1.7, 0.23]), "below 0 the sign is turned"),
            (
                lambda results: close(results[0][1], NUMBERS),
                "the numbers are right, the slopes are not: something cuts or changes them",
            ),
        ],
        otherwise="the numbers are not those of leaky: 2 gives 2, and -2 gives -0.2",
    ),
]
