"""The choice of the machine, which runs programs in C: the extension, where the native engine is in use.

`machine` is the extension, or None. `QuickCallable` is the base of jitted functions, `QuickProgram` that of
the programs they keep: their calls skip Python where the extension can (`_machine/calls.c`).
"""

from __future__ import annotations

from importlib import import_module

from autograd._native import engine, fingerprint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _load() -> Any:
    """The extension, unless it is missing or was built from another table of ops."""
    if engine is None:
        return None
    try:
        found = import_module("autograd._machine.machine")
    except ImportError:
        return None
    if fingerprint() not in (None, found.table_fingerprint):
        return None
    if hasattr(engine, "connection"):
        found.connect(engine.connection)
    return found


class _Callable:
    """The base of jitted functions without the machine: a call calls `_call`."""

    def __init_subclass__(cls) -> None:
        if "_call" in vars(cls):
            cls.__call__ = cls._call  # type: ignore[attr-defined, method-assign]

    def forget_quick_calls(self) -> None:
        """There are none."""

    def quick_gradients(self, *args: Any, **kwargs: Any) -> None:
        """None: Python has to make the call."""


class _Program:
    """The base of kept programs without the machine."""

    is_quick = False


machine = _load()
QuickCallable: Any = _Callable if machine is None else machine.QuickCallable
QuickProgram: Any = _Program if machine is None else machine.QuickProgram
