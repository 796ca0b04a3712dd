"""Per-task state: whether ops record, the module and source line of new nodes, running traces."""

from __future__ import annotations

import os
import sys
from contextvars import ContextVar
from functools import partial, wraps
from io import IOBase
from operator import attrgetter, not_
from threading import Lock, local
from weakref import ref

from autograd._native import part
from autograd.graph import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import FrameType
    from typing import Any, ParamSpec, Self, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")


class UnitPath(str):
    """The path of a module that is a unit of a layer, with the path of the layer and the unit's number."""

    __slots__ = ("layer", "number")
    layer: str
    number: int

    def __new__(cls, path: str, layer: str, number: int) -> Self:
        made = str.__new__(cls, path)
        made.layer, made.number = layer, number
        return made

    def inside(self, layer: str) -> UnitPath:
        """The same unit with the path of its layer in front."""
        return UnitPath(f"{layer}.{self}" if layer else self, layer, self.number)

    def __reduce__(self) -> tuple[Any, ...]:
        return UnitPath, (str(self), self.layer, self.number)


def _joined(path: str, name: str) -> str:
    """The path of the module of this name inside the module of this path."""
    if type(name) is UnitPath:
        return name.inside(path)
    return f"{path}.{name}" if path and name else path or name


class _State:
    """The settings of the innermost open block, in a context variable.

    Tasks that are started inside a block share its state, so it is never changed, only replaced.
    """

    __slots__ = ("__weakref__", "origin", "outer", "program", "recording", "traced")

    def __init__(
        self, recording: bool, origin: Any, traced: tuple[Any, ...], program: Any, outer: Any
    ) -> None:
        self.recording = recording  # False inside no_grad
        self.origin = origin  # the path of the module and the source line that are running; None for neither
        self.traced = traced  # the inputs of the traces that are running: a list each, the outermost first
        self.program = program  # the Recorder of the program that is being traced; None for none
        self.outer = outer  # the state that this one has replaced
        _states.add(ref(self, _states.discard))


class _Outside:
    """The state outside of all blocks."""

    recording = True
    origin = None
    traced: tuple[Any, ...] = ()
    program = None

    @property
    def outer(self) -> Any:
        raise errors.no_block()


_states: set[ref[_State]] = set()  # all that exist
_outside = _Outside()
_state: ContextVar[Any] = ContextVar("autograd", default=_outside)


def _set_source(source: str) -> None:
    state = _state.get()
    outer = state if state is _outside else state.outer
    path = state.origin[0] if state.origin else ""
    _state.set(_State(state.recording, (path, source), state.traced, state.program, outer))


class _Thread(local):
    """The state of one thread, whatever task it runs."""

    def __init__(self) -> None:
        self.sweep = Lock()  # held inside backward in Python; no other thread waits for it


thread = _Thread()

# Ctrl-C, or an exception sent by another thread, can interrupt a program between two steps in Python, but not
# within a call to C. So a `with` statement enters and leaves a block by one call to C, as it does a lock.


class _Entering:
    """The `__enter__` of a block: the new state is made when it is looked up, and set when it is called."""

    def __get__(self, block: Any, owner: Any = None) -> Any:
        return self if block is None else partial(_state.set, block._inside())

    def __call__(self, block: Any) -> None:
        """As ``Block.__enter__(block)``, which is what contextlib.ExitStack calls."""
        _state.set(block._inside())


_outer_states = map(
    attrgetter("outer"), iter(_state.get, None)
)  # endless: the outer state of the state at the time


class _Leaving(IOBase):
    """Its `__exit__` is written in C, ignores its arguments and returns what `close` does: False."""

    closed = True  # else its destructor would call `close` as well
    close = map(not_, map(_state.set, _outer_states)).__next__  # type: ignore[assignment]


class _BlockInPython:
    """A ``with`` block that sets one attribute of the state of the task that enters it."""

    __slots__ = ("_name", "_origins", "_value")

    def __init__(self, name: str, value: Any) -> None:
        self._name = name
        self._origins: Any = "", None  # the origin it was last entered in, and the origin inside it
        self._value: Any = value

    def _inside(self) -> _State:
        outer = _state.get()
        if self._name == "path":
            around, inner = self._origins  # one tuple: threads may share the block
            if around is not outer.origin:
                path, source = outer.origin or ("", "")
                inner = _joined(path, self._value), source
                self._origins = outer.origin, inner
            return _State(outer.recording, inner, outer.traced, outer.program, outer)
        if self._name == "traced":
            return _State(True, outer.origin, (*outer.traced, self._value), outer.program, outer)
        if self._name == "program":
            return _State(True, outer.origin, outer.traced, self._value, outer)
        return _State(self._value, outer.origin, outer.traced, outer.program, outer)

    __enter__ = _Entering()
    __exit__ = _Leaving().__exit__


# True while a block is open in some task: otherwise a new node skips the look-up of its task's state.
open_blocks: Any = part("open_blocks", _states)
current: Callable[[], Any] = part("current", _state.get)  # the state of the calling task
_change_source: Callable[[str], None] = part("set_source", _set_source)
_Base: Any = part("Block", _BlockInPython)

# Flags of code objects, as `inspect` has them, whose import costs 10 ms.
GENERATOR, COROUTINE, ASYNC_GENERATOR = 0x20, 0x80, 0x200


class Block(_Base):  # type: ignore[misc]
    """A ``with`` block, or decorator, that changes the state of the task that enters it."""

    __slots__ = ()

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """As a decorator: the whole function runs inside the block.

        A generator or an async function enters it whenever it is resumed, and leaves it whenever it waits.
        """
        plain: Any = function
        while isinstance(plain, partial):
            plain = plain.func
        flags = getattr(getattr(plain, "__code__", None), "co_flags", 0)
        call: Any = function
        inside: Any
        if flags & GENERATOR:

            @wraps(function)
            def inside(*args: Any, **kwargs: Any) -> Any:
                return (yield from _resumed(self, call(*args, **kwargs)))

        elif flags & COROUTINE:

            @wraps(function)
            async def inside(*args: Any, **kwargs: Any) -> Any:
                return await _Resumed(self, call(*args, **kwargs))

        elif flags & ASYNC_GENERATOR:

            @wraps(function)
            async def inside(*args: Any, **kwargs: Any) -> Any:
                values = call(*args, **kwargs)
                step, given = values.asend, None
                while True:
                    try:
                        out = await _Resumed(self, step(given))
                    except StopAsyncIteration:
                        return
                    finally:
                        given = None  # an exception would hold on to this frame
                    try:
                        given = yield out
                        step = values.asend
                    except GeneratorExit:
                        await _Resumed(self, values.aclose())
                        raise
                    except BaseException as error:
                        step, given = values.athrow, error

        else:

            @wraps(function)
            def inside(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return call(*args, **kwargs)

        return inside  # type: ignore[no-any-return]


def _resumed(block: Block, steps: Any) -> Generator[Any, Any, Any]:
    """A generator or coroutine whose every step runs inside the block."""
    step, given = steps.send, None
    while True:
        try:
            with block:
                out = step(given)
        except StopIteration as end:
            return end.value
        finally:
            given = None  # an exception would hold on to this frame
        try:
            given = yield out
            step = steps.send
        except GeneratorExit:
            with block:
                steps.close()
            raise
        except BaseException as error:
            step, given = steps.throw, error


class _Resumed:
    """Awaited in place of a coroutine, whose steps it runs inside a block."""

    __slots__ = ("_block", "_steps")

    def __init__(self, block: Block, steps: Any) -> None:
        self._block = block
        self._steps = steps

    def __await__(self) -> Generator[Any, Any, Any]:
        return _resumed(self._block, self._steps)


def no_grad() -> Block:
    """A block (or decorator) in which ops record nothing: results are detached, and cheaper.

    It holds for the task (or thread) that enters it, and for tasks started inside it. Decorated generators
    and async functions leave it whenever they wait: ``@no_grad()`` above ``async def evaluate``.

    A bare ``with no_grad():`` around a ``yield`` leaks, as in PyTorch: while the generator waits, nothing is
    recorded in the code that called it either. Decorate the generator instead.
    """
    return Block("recording", False)


def enable_grad() -> Block:
    """A block (or decorator) in which ops record, also inside `no_grad`."""
    return Block("recording", True)


def module_path(name: str, unit: int | None = None) -> Block:
    """A block (or decorator) whose nodes remember that they were made in the module of this name.

    Blocks nest: inside "MLP" the block "layers.0" has the path "MLP.layers.0". A block with a `unit` is the
    neuron of that number, counted from 0, of the layer around it: pictures and formulas call its results
    net_h1, out_h1 and the like.
    """
    return Block("path", str(name) if unit is None else UnitPath(name, "", unit))


def tracing(inputs: list[Any]) -> Block:
    """A block for a call of a function on these inputs: ops record, and copies of inputs stay connected."""
    return Block("traced", inputs)


class Sweeps:
    """The sweeps of one transform in the trace of a program, and the slopes that they share.

    ``with sweeps:`` stands around each.

    Attributes:
        recorder: of the trace.
        reached: the Values to which they carry derivatives.
        slopes: the slopes of calls, by their nodes, as far as a sweep has asked for them.
    """

    __slots__ = ("reached", "recorder", "slopes")

    def __init__(self, recorder: Recorder, reached: set[Any]) -> None:
        self.recorder = recorder
        self.reached = reached
        self.slopes: dict[Any, dict[int, Any]] = {}

    def __enter__(self) -> None:
        self.recorder.sweeps = self

    def __exit__(self, *exception: object) -> None:
        self.recorder.sweeps = None


class Recorder:
    """What the trace of a program notes beside its nodes: the guards, and how errors call the function.

    A guard is a node that was asked for its truth, the answer, and the line of the program that asked.

    Attributes:
        name: the name of the function.
        guards: the guards in the order in which they were asked.
        refused: the first error of what may not be asked of a Value: it is raised again when the trace
            ends, should the function have caught it.
        sweeps: of the transform whose sweep runs; None where none does.
    """

    __slots__ = ("guards", "name", "refused", "sweeps")

    def __init__(self, name: str) -> None:
        self.name = name
        self.guards: list[tuple[Any, bool, str]] = []
        self.refused: errors.TraceError | None = None
        self.sweeps: Sweeps | None = None

    def guard(self, node: Any) -> bool:
        """The truth of a node: whether its number is not 0. The program holds for inputs with the same."""
        outcome: bool = node._number != 0.0
        self.guards.append((node, outcome, caller()))
        return outcome

    def with_lanes(self, recording: Any) -> None:
        """Told of each function that a transform differentiates in the trace, before it sweeps."""

    def refusal(self, node: Any, what: str) -> errors.TraceError:
        """The error for `what` was asked of a Value: its number, say."""
        error = errors.in_trace(node, what, self.name, caller())
        self.refused = self.refused or error
        return error


def tracing_program(recorder: Recorder) -> Block:
    """A block in which a program is traced: ops record in any case, and numbers cannot be read."""
    return Block("program", recorder)


def is_tracing() -> bool:
    """Whether a program is being traced, by `trace` or `jit`: the numbers of Values cannot be read then."""
    return current().program is not None


def caller() -> str:
    """The line of the program that called this package, as "train.py:12"; "" where there is none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(OURS):
        frame = frame.f_back
    return _place(frame) if frame else ""


def _place(frame: FrameType) -> str:
    """The line that a frame is at: "train.py:12", or "cell:2" in a notebook, whose files a hash names."""
    folder, name = os.path.split(frame.f_code.co_filename)
    return f"{'cell' if os.path.basename(folder).startswith('ipykernel_') else name}:{frame.f_lineno}"


def traced_inputs() -> set[Any]:
    """The inputs of all traces that are running."""
    return {x for inputs in current().traced for x in inputs}


HERE = os.path.dirname(os.path.dirname(__file__))
# The beginnings of the file names of this package's own code, the generated code included.
OURS = (HERE + os.sep, os.path.join(os.path.dirname(HERE), "nn") + os.sep, "<Value.")


def source_lines() -> SourceLines:
    """A block whose nodes remember the line of the program that made them: `Value.source`.

    ``with source_lines(): loss = model(x)``. It follows the program line by line (`sys.settrace`), which is
    slow, and no debugger can run meanwhile: for looking into a graph, not for training.
    """
    return SourceLines()


class SourceLines:
    """See `source_lines`."""

    def __enter__(self) -> None:
        self._block = Block("recording", current().recording)  # whose state `_at` replaces
        self._block.__enter__()
        self._trace = sys.gettrace()
        self._frame = sys._getframe(1)
        self._frame_trace = self._frame.f_trace
        self._frame.f_trace = self._in_frame
        sys.settrace(self._called)
        self._at(self._frame)

    def __exit__(self, *exception: object) -> None:
        sys.settrace(self._trace)
        self._frame.f_trace = self._frame_trace
        self._block.__exit__(*exception)

    def _called(self, frame: FrameType, event: str, _: Any) -> Any:
        """Follow a function that is called, unless it is this package's own."""
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
        _change_source(_place(frame))
