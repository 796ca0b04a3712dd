"""The choice of the engine: what makes and differentiates Values, the native extension or pure Python.

``AUTOGRAD_PURE=1`` in the environment asks for pure Python. Otherwise the extension is used where it is
installed, unless it was built from another table of ops, whose rules would be silently wrong.

`engine` is the extension, or None for pure Python. Each part of the package that both engines have asks
`part` for its own.
"""

from __future__ import annotations

import os
import warnings
from binascii import crc32
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The files with the rows and with the C text that rows refer to.
TEXTS = ["table/families.py", "table/ops.py", "table/special_c.py"]
TEXTS += [f"elementary/{name}.py" for name in ("parts", "exponentials", "logarithms", "circular", "powers")]
REBUILD = "build it again with pip install -e ."


def _load() -> tuple[Any, str]:
    """The extension and "", or None and the reason."""
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
    """A number that tells one text of the table from another; None where there is no text to read."""
    package = os.path.dirname(os.path.dirname(__file__))
    found = 0
    try:
        for name in TEXTS:
            with open(os.path.join(package, *name.split("/")), "rb") as file:
                found = crc32(file.read(), found)
    except OSError:
        return None
    return found & 0x7FFFFFFF  # a long in C, on every machine


engine, reason = _load()


class _Callable:
    """The base of Op in pure Python: a call of the op calls its `_call`."""

    collects = False

    def __init_subclass__(cls) -> None:
        cls.__call__ = cls._call  # type: ignore[attr-defined, method-assign]


def part(name: str, in_python: Any) -> Any:
    """A part of the engine in use: the extension's of this name, or the one given."""
    return in_python if engine is None else getattr(engine, name)


Callable: Any = part("Callable", _Callable)
