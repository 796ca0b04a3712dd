"""Validation of arguments: numbers, and functions that may be given by name."""

from __future__ import annotations

import math
import operator
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

Function = TypeVar("Function")


def whole_number(name: str, given: Any, least: int = 1) -> int:
    """The number as an int, NumPy's ints included.

    Raises:
        ValueError: if the number is not whole, or less than `least`.
    """
    try:
        number = None if isinstance(given, bool) else operator.index(given)
    except TypeError:
        number = None
    if number is None or number < least:
        raise ValueError(f"{name} is a whole number of {least} or more, not {given!r}")
    return number


def finite_number(name: str, given: Any) -> float:
    """The number as a float, NumPy's numbers included.

    Raises:
        ValueError: if the argument is no number, is nan, or is beyond the range of floats.
    """
    try:
        number = float(given) if isinstance(given, Real) and not isinstance(given, bool) else math.nan
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} is a finite number, not {_short(given)}")
    return number


def _short(given: Any) -> str:
    """The text of an argument for an error, cut short: a hostile file may hold millions of digits."""
    try:
        text = repr(given)
    except ValueError:  # an int of more digits than Python writes
        text = f"an int of {given.bit_length()} bits"
    return text if len(text) <= 60 else f"{text[:57]}..."


def by_name(
    kind: str, table: Mapping[str, Function], given: str | Function, function: str = "a function"
) -> Function:
    """The function with the given name in a table, or the given function itself.

    Raises:
        ValueError: for an unknown name; the error lists the names of the table.
    """
    if isinstance(given, str):
        if given in table:
            return table[given]
    elif callable(given):
        return given
    raise ValueError(f"no {kind} is called {given!r}: choose one of {', '.join(table)}, or pass {function}")


def name_of(given: Any) -> str:
    """The given name, or the name of a given function; a `partial` has the name of its function."""
    while isinstance(given, partial):
        given = given.func
    return given if isinstance(given, str) else getattr(given, "__name__", type(given).__name__)
