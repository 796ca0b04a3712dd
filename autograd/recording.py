"""What a new node records besides its operands, for each thread: whether a graph, and in which module."""

from __future__ import annotations

from functools import wraps
from threading import local

from autograd._native import engine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ParamSpec, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")


class _Thread(local):
    recording = True  # False inside no_grad
    path = ""  # of the module whose forward is running
    sweeping = False  # True inside backward


class _Replaced(local):
    def __init__(self) -> None:
        self.stack: list[tuple[bool, str]] = []


class _BlockInPython:
    """A ``with`` block that sets one attribute of the thread that enters it."""

    __slots__ = ("_name", "_value")

    def __init__(self, name: str, value: Any) -> None:
        self._name = name
        self._value = value if name == "recording" else str(value)

    def __enter__(self) -> None:
        open_blocks.append(None)
        _replaced.stack.append((thread.recording, thread.path))
        nested = self._name == "path" and thread.path
        setattr(thread, self._name, f"{thread.path}.{self._value}" if nested else self._value)

    def __exit__(self, *exception: object) -> None:
        if not _replaced.stack:
            raise RuntimeError("this thread is in no block that it could leave")
        thread.recording, thread.path = _replaced.stack.pop()
        open_blocks.pop()


# One entry for each block of this page that is open, in all threads: while it is empty, a node need not
# ask its thread. (A list, since append and pop need no lock.)
open_blocks: list[None] = [] if engine is None else engine.open_blocks
thread: Any = _Thread() if engine is None else engine.thread
_replaced = _Replaced()  # what the open blocks of this thread have replaced
_Base: Any = _BlockInPython if engine is None else engine.Block


class Block(_Base):  # type: ignore[misc]
    """A ``with`` block, or decorator, that sets what the thread that enters it records."""

    __slots__ = ()

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """As a decorator: the whole function runs inside the block."""

        @wraps(function)
        def inside(*args: P.args, **kwargs: P.kwargs) -> R:
            with self:
                return function(*args, **kwargs)

        return inside


def no_grad() -> Block:
    """A block (or decorator) in which ops record nothing: results are detached, and cheaper."""
    return Block("recording", False)


def enable_grad() -> Block:
    """A block (or decorator) in which ops record, whatever block it stands in."""
    return Block("recording", True)


def module_path(name: str) -> Block:
    """A block (or decorator) whose nodes remember that they were made in the module of this name.

    Blocks nest: inside "MLP" the block "layers.0" has the path "MLP.layers.0".
    """
    return Block("path", name)
