"""jit: a function that is traced when it is first called, and runs as a program from then on."""

from __future__ import annotations

import sys
import warnings
from array import array
from functools import update_wrapper
from types import MethodType

from autograd._machine import QuickCallable, QuickProgram, machine
from autograd.backends import running
from autograd.backends.strong_zero import finite, has_chains
from autograd.derivatives import patterns
from autograd.derivatives.bulk import gather
from autograd.derivatives.structure import arguments_apart, put_together, rebuilder, taken_apart
from autograd.graph.engine import Value, check_fresh, settled, walk
from autograd.graph.errors import TraceError
from autograd.graph.recording import current
from autograd.programs import Generic, P, R, overload
from autograd.programs.calls import ProgramCall, is_swept
from autograd.programs.gradients import with_gradients
from autograd.programs.program import Program
from autograd.programs.trace import traced

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal, SupportsIndex

    Backend = Literal["auto", "native", "numpy", "python"]
    Operands = tuple[tuple[Value, ...], tuple[int, ...]]  # of a node, and their places among the inputs

MOST_PATHS = 64
FLOATS = {float}
FAILED = object()  # the result of a run where a guard fails


class Kept(QuickProgram, Generic[P]):  # type: ignore[misc]
    """A program that a jitted function keeps, with the Values from outside that it uses."""

    __slots__ = ("backend", "call", "captured", "inner", "known", "program")

    def __init__(self, program: Program, captured: list[Value], backend: Backend) -> None:
        self.program = program
        self.captured = captured
        self.backend = backend
        self.inner = [x for x in captured if x.op is not None]
        self.known: tuple[bytes, Program, list[Value]] | None = None  # see `gradient_program`
        self.call = ProgramCall(program, backend)

    def check_fresh(self) -> None:
        """Make sure that captured nodes are still what their leaves give.

        Raises:
            StaleGraphError: if a leaf was set since.
        """
        if self.inner:
            check_fresh(*walk(*self.inner))

    def inputs(self, leaves: Sequence[Any]) -> array[float]:
        """The inputs of the program."""
        numbers = array("d", [x if type(x) is float else x._number for x in leaves])
        numbers.frombytes(memoryview(gather(self.captured, "data")).cast("B"))
        return numbers

    def run(self, program: Program, inputs: array[float]) -> list[float] | None:
        """The outputs of this program, or of one derived from it; None where a guard fails."""
        on_arrays, run = running.chosen(program, self.backend)
        if not on_arrays:
            found = run(inputs.tolist())
        else:
            import numpy

            found = run(numpy.frombuffer(inputs))
        return None if type(found) is int else found if type(found) is list else found.tolist()

    def flags(self) -> bytes:
        """For each captured Value 1.0 where it wants gradients, else 0.0: a buffer of doubles."""
        if self.inner:
            return array("d", [x.requires_grad for x in self.captured]).tobytes()
        return bytes(gather(self.captured, "requires_grad"))

    def program_in_graph(self, places: Sequence[int]) -> Program:
        """The program that a call runs which is recorded, with the inputs at some places as operands.

        It has the derivatives by these, too, where it has one output and such calls are differentiated.
        """
        if len(self.program.outputs) == 1 and is_swept(self.program):
            return with_gradients(self.program, tuple(places))
        return self.program

    def recorded(self, inputs: bytes, operands: Operands, results: list[float], slopes: bytes | None) -> Any:
        """The result of a call in a graph: Values. The machine calls this, too."""
        if slopes is None and len(results) == 1 and is_swept(self.program):
            self.be_quick_in_graph()
        values, places = operands
        outs = self.call.at(inputs, places, slopes).outputs_of(values, results)
        return self.program._rebuilt(outs)

    def be_quick_in_graph(self) -> None:
        """Let the machine make recorded calls, if it makes others, while the same Values want gradients."""
        first = len(self.program.inputs) - len(self.captured)
        places = tuple([first + i for i, x in enumerate(self.captured) if x.requires_grad])
        is_recorded = places and self.program.outputs
        program = self.program_in_graph(places) if is_recorded else self.program
        own = running.native(program, self.backend) if self.is_quick else None
        if own is not None:
            operands = (tuple([self.captured[i - first] for i in places]), places) if is_recorded else None
            self.differentiate_quickly(machine.RECORDED, own, has_chains(program), self.flags(), operands)

    def be_quick_with_gradients(self) -> None:
        """Let the machine make calls of `with_gradients`, if it makes other calls."""
        program, values = self.gradient_program()
        own = running.native(program, self.backend) if self.is_quick else None
        if own is not None:
            self.differentiate_quickly(machine.WITH_GRADIENTS, own, has_chains(program), self.flags(), values)

    def gradient_program(self) -> tuple[Program, list[Value]]:
        """The program with the gradients of its first output, and the captured Values they are by.

        They are the Values that want gradients now, and on which the output depends.
        """
        flags = self.flags()
        if self.known is None or self.known[0] != flags:
            first = len(self.program.inputs) - len(self.captured)
            wanted = [i for i, x in enumerate(self.captured) if x.requires_grad]
            program = with_gradients(self.program, tuple([first + i for i in wanted]))
            slopes = program.outputs[len(self.program.outputs) :]
            wanted = [
                i for i, slope in zip(wanted, slopes, strict=True) if slope != 0.0 or type(slope) is int
            ]
            program = with_gradients(self.program, tuple([first + i for i in wanted]))
            self.known = flags, program, [self.captured[i] for i in wanted]
        return self.known[1:]


class Group(list):  # type: ignore[type-arg]
    """The programs for arguments with one key, in the order in which a call tries them: the last used first.

    The machine changes the order, too, so loops go through a copy.

    Attributes:
        key: see `arguments_apart`; with static arguments, a tuple of it and of their keys.
        structure: what the machine compares arguments with; None where it cannot, False before that is known.
    """

    __slots__ = ("key", "structure")

    def __init__(self, key: Any) -> None:
        self.key = key
        self.structure: Any = False


class Jitted(QuickCallable, Generic[P, R]):  # type: ignore[misc]
    """What `jit` returns.

    Attributes:
        programs: the programs that are kept, one for each structure of the arguments and each way through
            the conditions.
    """

    def __init__(self, f: Callable[P, R], static_argnums: int | Sequence[int], backend: Backend) -> None:
        if not callable(f):
            raise TypeError(f"jit is given a function, not the {type(f).__name__} {f!r}: write jit(f)(x)")
        self.f = f
        self.static = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)
        self.backend: Backend = backend
        running.check_backend(backend)
        self._kept: dict[Any, Group] = {}
        self._gave_up: set[Any] = set()
        self._quick: dict[int, Callable[[Any], Any]] = {}  # by the number of arguments, all floats
        self.forget_quick_calls()  # where this object had another function
        update_wrapper(self, f, updated=())

    @property
    def programs(self) -> list[Program]:
        return [kept.program for group in [*self._kept.values()] for kept in [*group]]

    def __repr__(self) -> str:
        name = getattr(self.f, "__name__", type(self.f).__name__)
        shown = [f"<jit of {name}, backend {self.backend}: {len(self.programs)} programs>"]
        for program in self.programs:
            shown.append(f"  {program!r}")
        return "\n".join(shown)

    def __reduce__(self) -> Any:
        """A copy keeps no program, whose captured Values would be copies that the function does not use."""
        return Jitted, (self.f, self.static, self.backend)

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        return self if owner is None else MethodType(self, owner)

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        """A decorated function is pickled by its name, as functions are."""
        found: Any = sys.modules.get(getattr(self, "__module__", ""))
        name: str = getattr(self, "__qualname__", "")
        for part in name.split("."):
            found = getattr(found, part, None)
        return name if found is self else super().__reduce_ex__(protocol)

    if TYPE_CHECKING:

        def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...

    def _call(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """A call that the machine has not made by itself."""
        if current().program is not None:
            return self.f(*args, **kwargs)
        are_floats = not kwargs and set(map(type, args)) == FLOATS
        if are_floats and len(args) in self._quick:
            quick = self._quick[len(args)](args)
            if quick is not FAILED:
                return quick  # type: ignore[no-any-return]
        found = self._found(args, kwargs, self._run)
        if found is None:
            return self._untraced(args, kwargs, self._static_places(len(args)))
        group, kept, result = found
        quick = not kept.inner and self._be_quick(group, kept, args)
        if quick and kept.captured and current().recording:
            kept.be_quick_in_graph()
        if not quick and not kept.captured and are_floats and not self.static:
            self._quick[len(args)] = _of_floats(kept.program, self.backend)
        return result  # type: ignore[no-any-return]

    def with_gradients(self, *args: P.args, **kwargs: P.kwargs) -> tuple[R, list[Value], Any]:
        """A call, and the gradients of its first number by Values from outside, without a graph.

        A training step that adds them to ``grad`` does what ``backward()`` of the result of a call does, in
        one run of one program.

        Returns:
            The result, with floats; the Values from outside that want gradients; an array of the gradients.

        Raises:
            TraceError: if the function takes more ways through its conditions than are kept.
        """
        quick = self.quick_gradients(*args, **kwargs)
        if quick is not None:
            return quick  # type: ignore[no-any-return]
        found = self._found(args, kwargs, self._run_with_gradients)
        if found is None:
            raise self._not_kept()
        group, kept, result = found
        if not kept.inner and self._be_quick(group, kept, args):
            kept.be_quick_with_gradients()
        return result  # type: ignore[no-any-return]

    def gradient_program(self, *args: P.args, **kwargs: P.kwargs) -> tuple[Program, list[Value], list[Value]]:
        """The program that `with_gradients` runs for these arguments.

        Returns:
            The program: its first inputs are the numbers of the arguments, its last outputs the gradients;
            the Values from outside that are its other inputs; those by which the gradients are.

        Raises:
            TraceError: if the function takes more ways through its conditions than are kept.
        """
        found = self._found(args, kwargs, self._run_with_gradients)
        if found is None:
            raise self._not_kept()
        _, kept, _ = found
        program, values = kept.gradient_program()
        return program, [*kept.captured], [*values]

    def _not_kept(self) -> TraceError:
        return TraceError(
            f"{getattr(self.f, '__name__', 'the function')} cannot be kept as programs: call it, and call "
            f"backward() on the result"
        )

    def _found(self, args: Any, kwargs: Any, run: Callable[[Kept[P], Any], Any]) -> Any:
        """The group of the arguments, the program that holds, and what `run` gives; None if none holds.

        `run` gives FAILED for a program that does not hold.
        """
        leaves: list[Any] = []
        static = self._static_places(len(args)) if self.static else set()
        given = args if not static else tuple([None if i in static else x for i, x in enumerate(args)])
        key = arguments_apart(given, kwargs, leaves, getattr(self.f, "__name__", "the function"))
        if static:
            key = key, tuple([(i, self._static_key(args[i], i)) for i in sorted(static)])
        group = self._kept.get(key)
        if group is None:
            group = self._kept.setdefault(key, Group(key))
        for i, kept in enumerate([*group]):
            found = run(kept, leaves)
            if found is not FAILED:
                if i:
                    group[:] = [kept, *[other for other in [*group] if other is not kept]]
                return group, kept, found
        if len(group) >= MOST_PATHS:
            self._warn(key)
            return None
        traced_parts = traced(self.f, args, kwargs, True, [i in static for i in range(len(args))])
        kept = Kept(*traced_parts, self.backend)
        found = run(kept, leaves)
        # A condition may go by the last bit or by the sign of a zero, which backends need not keep.
        if found is FAILED:
            return None
        group.insert(0, kept)
        return group, kept, found

    def _be_quick(self, group: Group, kept: Kept[P], args: Any) -> bool:
        """Let the machine make such calls by itself from now on, if it can; whether there is a Machine."""
        patterns.connect_numpy()
        if kept.is_quick:
            self.call_quickly(group.structure)
            return True
        own = running.native(kept.program, self.backend)
        if own is None:
            return False
        if group.structure is False:
            static = {i: args[i] for i in self._static_places(len(args))}
            group.structure = patterns.structure_of(group.key[0] if static else group.key, static, group)
        if group.structure is not None:
            result = patterns.pattern_of_result(kept.program.result)
            captured = tuple(kept.captured)
            kept.run_quickly(own, has_chains(kept.program), result, kept.program._rebuilder(), captured)
            self.call_quickly(group.structure)
        return True

    def _untraced(self, args: tuple[Any, ...], kwargs: dict[str, Any], static: set[int]) -> R:
        """The result of `f` itself: its numbers are Values, as in a trace."""
        given = tuple([None if i in static else x for i, x in enumerate(args)])
        leaves: list[Any] = []
        taken_apart((given, kwargs), leaves, "an argument")
        values = [x if type(x) is Value else Value(x, requires_grad=False) for x in leaves]
        new, named = put_together((given, kwargs), values)
        out = self.f(*[args[i] if i in static else x for i, x in enumerate(new)], **named)
        found: list[Any] = []
        taken_apart(out, found, f"the result of {getattr(self.f, '__name__', 'the function')}")
        return put_together(out, settled(found))  # type: ignore[no-any-return]

    def _static_places(self, count: int) -> set[int]:
        return {i % count if i < 0 else i for i in self.static if -count <= i < count}

    def _static_key(self, x: Any, i: int) -> Any:
        try:
            hash(x)
        except TypeError:
            raise TypeError(
                f"argument {i} is in static_argnums, and a program is kept for each of its values, so it "
                f"has to be hashable, which the {type(x).__name__} {x!r} is not: pass a tuple, not a list"
            ) from None
        return _exactly(x)

    def _run(self, kept: Kept[P], leaves: Sequence[Any]) -> Any:
        """The result; FAILED where a guard fails."""
        kept.check_fresh()
        inputs = kept.inputs(leaves)
        if current().recording and (kept.captured or Value in set(map(type, leaves))):
            operands = [*leaves, *kept.captured]
            places = [i for i, x in enumerate(operands) if type(x) is Value and x.requires_grad]
            if places and kept.program.outputs:
                return self._run_in_graph(kept, inputs, (tuple([operands[i] for i in places]), tuple(places)))
        found = kept.run(kept.program, inputs)
        return FAILED if found is None else kept.program._rebuilt(found)

    def _run_in_graph(self, kept: Kept[P], inputs: array[float], operands: Operands) -> Any:
        """`_run` with Values for results."""
        found = kept.run(kept.program_in_graph(operands[1]), inputs)
        if found is None:
            return FAILED
        count = len(kept.program.outputs)
        slopes = array("d", found[count:]).tobytes() if len(found) > count else None
        return kept.recorded(inputs.tobytes(), operands, found[:count], slopes)

    def _run_with_gradients(self, kept: Kept[P], leaves: Sequence[Any]) -> Any:
        """The result, the captured Values that want gradients and reach its first number, the gradients."""
        import numpy

        kept.check_fresh()
        program, values = kept.gradient_program()
        found = kept.run(program, kept.inputs(leaves))
        if found is None:
            return FAILED
        count = len(kept.program.outputs)
        return kept.program._rebuilt(found[:count]), values, numpy.array(found[count:])

    def _warn(self, key: Any) -> None:
        if key not in self._gave_up:
            self._gave_up.add(key)
            warnings.warn(
                f"{getattr(self.f, '__name__', 'a function')} has taken {MOST_PATHS} ways through its "
                f"conditions, so jit traces no more and calls the function itself for others: write "
                f"where(condition, x, y) in the place of an if",
                RuntimeWarning,
                stacklevel=4,
            )


def _of_floats(program: Program, backend: str) -> Callable[[Sequence[float]], Any]:
    """A function that runs a program for floats, without the steps that other arguments need."""
    run = running.runner(program, backend, False)
    rebuilt = rebuilder(program.result)
    chains = has_chains(program)

    def quick(numbers: Sequence[float]) -> Any:
        found = run(numbers)
        if type(found) is int:
            return FAILED
        if chains and not finite(found):
            found = running.run(program, numbers, backend, True)
        return rebuilt(found)

    return quick


def _exactly(x: Any) -> Any:
    """A key that tells apart what equality does not: 1, 1.0 and True, 0.0 and -0.0, also inside tuples."""
    if type(x) is tuple:
        return tuple, tuple(map(_exactly, x))
    if type(x) is frozenset:
        return frozenset, frozenset(map(_exactly, x))
    return type(x), repr(x) if type(x) is float else x


@overload
def jit(f: Callable[P, R], /) -> Jitted[P, R]: ...


@overload
def jit(  # noqa: F811
    f: Callable[P, R], /, *, static_argnums: int | Sequence[int] = (), backend: Backend = "auto"
) -> Jitted[P, R]: ...


@overload
def jit(  # noqa: F811
    *, static_argnums: int | Sequence[int] = (), backend: Backend = "auto"
) -> Callable[[Callable[P, R]], Jitted[P, R]]: ...


def jit(  # noqa: F811
    f: Any = None, /, *, static_argnums: int | Sequence[int] = (), backend: Backend = "auto"
) -> Any:
    """A function that runs as a program: traced at its first call, and for each way through its conditions.

    **Python state that f reads, other than Values, is constant**: a global number, an attribute, the next
    random number are what they were when f was traced. Values from outside, such as a model's parameters, are
    read at each call, and gradients reach them.

    Args:
        f: the function. Without it, `jit` returns a decorator.
        static_argnums: positions of arguments that are no numbers to trace: a size, an index, a model. A
            program is kept for each of their values.
        backend: "native" runs programs in C, but those with ops of yours as "auto" does without the
            extension; "python" runs generated Python source; "numpy" runs this, and lanes of `vmap` as
            arrays. "auto", the default, is "native" where the extension is built, and else chooses between
            the two others.

    Raises:
        TraceError, TypeError: as `trace`, at the first call.
        ValueError: for another backend, and for "native" where the extension is missing.
    """
    if f is None:
        return lambda f: Jitted(f, static_argnums, backend)
    return Jitted(f, static_argnums, backend)
