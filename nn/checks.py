"""What numbers given as arguments, or read from files, have to be."""

from __future__ import annotations

import math
import operator
from numbers import Real
from typing import Any


def whole_number(name: str, given: Any, least: int = 1) -> int:
    """The number as an int, also if it is one of NumPy's.

    Raises:
        ValueError: if it is not whole, or less than `least`.
    """
    try:
        number = None if isinstance(given, bool) else operator.index(given)
    except TypeError:
        number = None
    if number is None or number < least:
        raise ValueError(f"{name} is a whole number of {least} or more, not {given!r}")
    return number


def finite_number(name: str, given: Any) -> float:
    """The number, NumPy's included, as a float.

    Raises:
        ValueError: if it is none, or nan, or beyond the floats.
    """
    try:
        number = float(given) if isinstance(given, Real) and not isinstance(given, bool) else math.nan
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} is a finite number, not {_short(given)}")
    return number


def _short(given: Any) -> str:
    """Its text, of which a hostile file might make millions of digits."""
    try:
        text = repr(given)
    except ValueError:  # an int of more digits than Python writes
        text = f"an int of {given.bit_length()} bits"
    return text if len(text) <= 60 else f"{text[:57]}..."
