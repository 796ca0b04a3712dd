"""What a new node records besides its operands, for each thread: whether a graph, and in which module."""

from __future__ import annotations

from functools import wraps
from threading import Lock, local

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


class _Special:
    """How many blocks of this page are open, in all threads: at 0 a node need not ask its thread."""

    __slots__ = ("open",)  # an attribute of an object is read faster than that of a class

    def __init__(self) -> None:
        self.open = 0


thread = _Thread()
special = _Special()
_lock = Lock()


class _Block:
    """A ``with`` block that sets one attribute of the thread; it may be nested and used again."""

    def __init__(self, name: str, value: Any) -> None:
        self._name = name
        self._value = value
        self._before: list[Any] = []

    def __enter__(self) -> None:
        with _lock:
            special.open += 1
        self._before.append(getattr(thread, self._name))
        setattr(thread, self._name, self._value)

    def __exit__(self, *exception: object) -> None:
        setattr(thread, self._name, self._before.pop())
        with _lock:
            special.open -= 1

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """As a decorator: the whole function runs inside such a block."""

        @wraps(function)
        def inside(*args: P.args, **kwargs: P.kwargs) -> R:
            with _Block(self._name, self._value):
                return function(*args, **kwargs)

        return inside


def no_grad() -> _Block:
    """A block (or decorator) in which ops record nothing: results are detached, and cheaper."""
    return _Block("recording", False)


def enable_grad() -> _Block:
    """A block (or decorator) in which ops record, whatever block it stands in."""
    return _Block("recording", True)


class module_path(_Block):  # noqa: N801 - a block, used as a function
    """A block whose nodes remember that they were made in the module of this name.

    Blocks nest: inside "MLP" the block "layers.0" has the path "MLP.layers.0".
    """

    def __init__(self, name: str) -> None:
        super().__init__("path", f"{thread.path}.{name}" if thread.path else name)
