"""What a new node records besides its operands, for each thread: whether a graph, and in which module."""

from __future__ import annotations

import os
import sys
from contextvars import ContextVar
from functools import wraps
from threading import local

from autograd._native import engine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
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


# The inputs of the transforms that are running: a list for each, the outermost first.
differentiating: ContextVar[tuple[list[Any], ...]] = ContextVar("differentiating", default=())


def differentiated_inputs() -> set[Any]:
    """The Values by which a running transform differentiates."""
    return {x for inputs in differentiating.get() for x in inputs}


HERE = os.path.dirname(__file__)
# How the files of this package's own code begin, and the code that it makes.
OURS = (HERE + os.sep, os.path.join(os.path.dirname(HERE), "nn") + os.sep, "<Value.")


def source_lines() -> SourceLines:
    """A block whose nodes remember the line of the program that made them: `Value.source`.

    ``with source_lines(): loss = model(x)``. It follows the program line by line (`sys.settrace`), which is
    slow, and takes the place of a debugger meanwhile: for looking into a graph, not for training.
    """
    return SourceLines()


class SourceLines:
    """See `source_lines`."""

    def __enter__(self) -> None:
        open_blocks.append(None)
        self._before = sys.gettrace(), thread.path
        self._frame = sys._getframe(1)
        self._frame_trace = self._frame.f_trace
        self._frame.f_trace = self._in_frame
        sys.settrace(self._called)
        self._at(self._frame)

    def __exit__(self, *exception: object) -> None:
        trace, thread.path = self._before
        sys.settrace(trace)
        self._frame.f_trace = self._frame_trace
        open_blocks.pop()

    def _called(self, frame: FrameType, event: str, _: Any) -> Any:
        """For each function that is called, how it is followed; None for this package's own."""
        return None if frame.f_code.co_filename.startswith(OURS) else self._in_frame(frame, event, None)

    def _in_frame(self, frame: FrameType, event: str, _: Any) -> Any:
        back: FrameType | None = frame
        if event == "return":  # to a line that is not finished
            back = frame.f_back
            while back is not None and back.f_code.co_filename.startswith(OURS):
                back = back.f_back
        if back is not None:
            self._at(back)
        return self._in_frame

    @staticmethod
    def _at(frame: FrameType) -> None:
        """Note the line, before the path of the module that runs."""
        line = f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"
        _, found, module = thread.path.rpartition("\n")
        module = module if found or not module else f".{module}"
        thread.path = f"{line}\n{module}"
