"""The native engine, if it was built and is wanted.

``AUTOGRAD_PURE=1`` in the environment asks for pure Python. Otherwise the extension is used where it is
there, unless it was built from another table of ops, which would be silently wrong.
"""

from __future__ import annotations

import os
import warnings
from binascii import crc32
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

REBUILD = "build it again with pip install -e ."


def _load() -> tuple[Any, str]:
    """The extension, or None and why."""
    if os.environ.get("AUTOGRAD_PURE", "0") not in ("", "0"):
        return None, "AUTOGRAD_PURE is set"
    try:
        engine = import_module("autograd._native.engine")
    except ModuleNotFoundError:
        return None, "the native one is not installed: a pure wheel, or no C compiler"
    except ImportError as error:
        return None, f"the native one could not be loaded: {error}"
    if fingerprint() not in (None, engine.table_fingerprint):
        reason = f"the rows in autograd/table have changed since the native one was built: {REBUILD}"
        warnings.warn(f"autograd runs without its native engine: {reason}", RuntimeWarning, stacklevel=2)
        return None, reason
    return engine, ""


def fingerprint() -> int | None:
    """A number that tells one text of the table's rows from another; None where there is no text to read."""
    table = os.path.join(os.path.dirname(os.path.dirname(__file__)), "table")
    found = 0
    try:
        for name in ("families.py", "ops.py"):
            with open(os.path.join(table, name), "rb") as file:
                found = crc32(file.read(), found)
    except OSError:
        return None
    return found & 0x7FFFFFFF  # a long in C, on every machine


engine, reason = _load()
