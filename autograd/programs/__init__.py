"""Programs: Python functions of numbers, traced once and run many times.

The names below stand for those of `typing`, whose import takes 5 ms.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generic as Generic
    from typing import ParamSpec, TypeVar
    from typing import overload as overload

    P = ParamSpec("P")
    R = TypeVar("R")
else:
    P = R = None

    class Generic:
        """A base class in whose brackets types may stand."""

        def __class_getitem__(cls, _):
            return cls

    def overload(f):
        """Marks a signature that only type checkers read."""
        return f
