"""What may be given by name or as a function: activations, initialisers, losses, metrics."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def by_name(kind: str, table: Mapping[str, Any], given: Any, function: str = "a function") -> Any:
    """The entry of the table of that name, or the function that was given itself.

    Raises:
        ValueError: for an unknown name, saying which names there are and what function to pass.
    """
    if isinstance(given, str) and given in table:
        return table[given]
    if callable(given):
        return given
    raise ValueError(f"no {kind} is called {given!r}: choose one of {', '.join(table)}, or pass {function}")


def name_of(given: Any) -> str:
    """The name by which it was given, or that of the function, also of one with options set by `partial`."""
    while isinstance(given, partial):
        given = given.func
    return given if isinstance(given, str) else getattr(given, "__name__", type(given).__name__)
