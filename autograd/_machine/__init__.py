"""The choice of the machine, which runs programs in C: the extension, where the native engine is in use.

`machine` is the extension, or None.
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
    return found if fingerprint() in (None, found.table_fingerprint) else None


machine = _load()
