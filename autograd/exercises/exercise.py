"""Exercise: how an answer is read and accepted, and the refusals that name a mistake."""

from __future__ import annotations

import math
import sys
from contextlib import contextmanager
from functools import wraps
from numbers import Real
from types import SimpleNamespace

from autograd.graph.engine import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    Test = Callable[[Any], bool]  # whether an answer, as it was read, is of a kind
    Refusal = tuple[Test, str]  # answers with one mistake, and the text that names the mistake


LINES = 2_000_000  # of a reader's function in all trials; it takes a second or two


class Unreadable(Exception):  # noqa: N818 - no error, the first half of a refusal
    """An answer that is nothing the exercise could compare; its text says why."""


class Exercise:
    """An exercise whose answer is a number; the other kinds read their answers in another way.

    Args:
        name: "E2".
        accept: whether a number is the right answer: `near(...)`, `within(...)`, or a function of your own.
        praise: what the reader has understood, once the answer is right.
        refusals: pairs of a test and a text. The first test that holds for a wrong answer gives the text,
            which names the mistake, never the right answer.
        otherwise: the text for all other wrong answers.
    """

    def __init__(
        self, name: str, *, accept: Test, praise: str, refusals: Sequence[Refusal], otherwise: str
    ) -> None:
        self.name = name
        self.accept = accept
        self.praise = praise
        self.refusals = tuple(refusals)
        self.otherwise = otherwise

    def verdict(self, answer: Any) -> str:
        """What `check` prints about an answer."""
        if answer is ... or (isinstance(answer, list | tuple) and any(part is ... for part in answer)):
            return "not answered yet"
        try:
            read = self.read(answer)
        except Unreadable as refusal:
            return str(refusal)
        if _holds(self.accept, read):
            return f"right. {self.praise}"
        text = next((text for test, text in self.refusals if _holds(test, read)), self.otherwise)
        return f"not yet. {text}"

    def read(self, answer: Any) -> Any:
        """The answer as a float.

        Raises:
            Unreadable: if it is no number.
        """
        return number(answer)


class Interval(Exercise):
    """An exercise whose answer is a pair of numbers, (low, high)."""

    def read(self, answer: Any) -> tuple[float, float]:
        """The answer as a pair of floats."""
        if not isinstance(answer, list | tuple):
            number(answer)  # refuses None and text in its own words
            raise Unreadable("the answer is an interval, two numbers: write answer = (low, high)")
        if len(answer) != 2:
            raise Unreadable(f"an interval has two ends, (low, high); here are {len(answer)} numbers")
        low, high = number(answer[0]), number(answer[1])
        if low > high:
            raise Unreadable("the low end is above the high end: write answer = (low, high)")
        return low, high


class Function(Exercise):
    """An exercise whose answer is a function, which is tried on inputs that the reader has not seen.

    `accept` and the tests of `refusals` are given the list of results, one for each trial.

    Args:
        trials: functions of the reader's function, each returning a result on an input of its own.
        returns: whether the reader's function has to return something; then None is refused.
    """

    def __init__(
        self, name: str, *, trials: Sequence[Callable[[Any], Any]], returns: bool = True, **texts: Any
    ) -> None:
        super().__init__(name, **texts)
        self.trials = tuple(trials)
        self.returns = returns

    def read(self, answer: Any) -> list[Any]:
        """The results of all trials."""
        if answer is None:
            raise Unreadable(
                "the answer is None, as a call of a function without `return` gives: write the name of the "
                "function alone, answer = f, without brackets"
            )
        if not callable(answer):
            kind = type(answer).__name__
            why = "its name in quotes" if isinstance(answer, str) else f"the {kind} that a call of it gave"
            raise Unreadable(
                f"the answer is the function itself, not {why}: write answer = f, without quotes and brackets"
            )
        try:
            with at_most(LINES):
                results = [trial(self._watched(answer)) for trial in self.trials]
        except Unreadable:
            raise
        except RecursionError:
            raise Unreadable(
                "the function calls itself for each node, and Python stops after some thousand nested calls: "
                "a long graph needs a loop with a list of what is still to be done"
            ) from None
        except Exception as error:
            raise Unreadable(
                f"the function stopped with {type(error).__name__}: {error}; call it in a cell of its own "
                f"to see the line"
            ) from None
        return results

    def _watched(self, function: Any) -> Any:
        """The reader's function, with None refused where it has to return something."""

        @wraps(function)
        def called(*inputs: Any) -> Any:
            result = function(*inputs)
            if result is None and self.returns:
                raise Unreadable(
                    "the function gives back None: it lacks a line `return ...` at its end, or returns what "
                    "a method such as reverse() or append() gives back, which is None"
                )
            return result

        return called


@contextmanager
def at_most(lines: int) -> Iterator[None]:
    """A block in which Python runs that many lines at most, so that an endless loop ends.

    Raises:
        Unreadable: if it would run more.
    """
    left = lines

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal left
        left -= event == "line"
        if left < 0:
            raise Unreadable(
                f"the function was stopped after {lines:,} lines: its loop does not end, or begins anew for "
                f"each node. What leaves the list in each round, and can a node come back for ever?"
            )
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


NONE = (
    "the answer is None: a function without `return` gives None, and so does print(...), which shows a "
    "number but does not give it back"
)


def number(answer: Any) -> float:
    """An answer as a float: a number, or the number of a Value.

    Raises:
        Unreadable: if it is neither, or NaN.
    """
    if answer is None:
        raise Unreadable(NONE)
    if isinstance(answer, Value):
        answer = answer.data
    if isinstance(answer, bool) or not isinstance(answer, Real):
        if isinstance(answer, SimpleNamespace):
            raise Unreadable("the answer is a number, not a whole network n: its error is n.E.data")
        kind = type(answer).__name__
        raise Unreadable(
            f"the answer is a number, not the {kind} {str(answer)[:40]!r}: write it as in answer = 0.5"
            f"{', without quotes' if isinstance(answer, str) else ''}"
        )
    try:
        read = float(answer)
    except OverflowError:
        read = math.inf
    if math.isnan(read):
        raise Unreadable(
            "the answer is nan, not a number: somewhere inf - inf, 0 * inf or the like was computed"
        )
    return read


def near(target: float, tolerance: float) -> Callable[[float], bool]:
    """A test: whether a number is as near to `target` as `tolerance`."""
    return lambda answer: abs(answer - target) <= tolerance


def within(low: float, high: float) -> Callable[[float], bool]:
    """A test: whether a number lies from `low` to `high`."""
    return lambda answer: low <= answer <= high


def _holds(test: Test, answer: Any) -> bool:
    """Whether a test holds; a test that cannot compare the answer does not hold."""
    try:
        return bool(test(answer))
    except Exception:
        return False
