"""Calls of programs in graphs of Values: all results share one node, and a backward pulls through it once."""

from __future__ import annotations

from autograd.backends import running
from autograd.graph.engine import Value, recorded
from autograd.graph.lines import picked
from autograd.graph.recording import current
from autograd.programs.gradients import pulled, with_gradients
from autograd.table.call import Call, Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from autograd.programs.program import Program

SWEPT = "swept"  # of what `Program._once` keeps


def results_of(program: Program, operands: Sequence[Any], backend: str = "auto") -> list[Any]:
    """The outputs of a program: floats for floats, Values for Values, Symbols for Symbols.

    In the trace of another program the lines become part of that.
    """
    kinds = set(map(type, operands))
    if kinds <= {float}:
        numbers: list[float] = program.run(operands, backend)
        return numbers
    if kinds <= {float, Value} and current().program is None:
        call = program._once(("call", backend), lambda: ProgramCall(program, backend))
        return call.applied(operands)  # type: ignore[no-any-return]
    found = program._replayed(operands)
    for place, truth, source in program.guards:
        node = found[place]
        if type(node) is Value and current().program is not None:
            current().program.guards.append((node, truth, source))
    return [picked(found, out) for out in program.outputs]


class CallOfNumbers(Call):
    """A Call that is computed from the numbers of its operands."""

    def run(self, numbers: Sequence[float], backend: str, strict: bool) -> Any:
        """The results, or the place of the guard that failed."""
        raise NotImplementedError

    def numbers(self, numbers: Sequence[float]) -> list[float]:
        """The results.

        Raises:
            GuardError: if a guard fails.
        """
        raise NotImplementedError

    def applied(self, operands: Sequence[Any]) -> list[Any]:
        """The results: floats if all operands are, else Values that share one node."""
        results = self.numbers([x if type(x) is float else x._number for x in operands])
        if Value not in set(map(type, operands)) or not results:
            return results
        return self.outputs_of(operands, results)

    def outputs_of(self, operands: Sequence[Any], results: list[float]) -> list[Any]:
        """Values for results that are known."""
        node = recorded(self, (tuple(operands),), results[0])
        return [recorded(Output.at(i), (node,), x) for i, x in enumerate(results)]


class ProgramCall(CallOfNumbers):
    """The op of a program as a whole, or with numbers for some of its inputs, see `at`.

    Through a call of one result a reverse sweep with numbers carries the seed times the gradient, which one
    run gives with the result.

    Attributes:
        program: the program.
        places: those of its inputs that are the operands.
        given: the numbers of all inputs, a buffer of doubles; None where all inputs are operands.
    """

    def __init__(
        self, program: Program, backend: str, given: bytes | None = None, places: Sequence[int] | None = None
    ) -> None:
        super().__init__(program.name)
        self.program = program
        self.backend = backend
        self.given = given
        self.places = range(len(program.inputs)) if places is None else places
        self._known: bytes | None = None  # the derivatives of the one result by the operands, doubles

    def at(self, given: bytes, places: Sequence[int], known: bytes | None) -> ProgramCall:
        """The op of a call with these numbers, whose operands are the inputs at some places."""
        made: ProgramCall = ProgramCall.__new__(ProgramCall)
        made.__dict__ = vars(self).copy()
        made.collects, made._known = True, known
        made.given, made.places = given, places
        return made

    def run(self, numbers: Sequence[float], backend: str, strict: bool) -> Any:
        return running.run(self.program, self._inputs(numbers), backend, strict)

    def numbers(self, numbers: Sequence[float]) -> list[float]:
        results: list[float] = self.program.run(self._inputs(numbers), self.backend)
        return results

    def _inputs(self, operands: Sequence[Any]) -> Sequence[Any]:
        """The inputs of the program."""
        if self.given is None:
            return operands
        inputs: list[Any] = memoryview(self.given).cast("d").tolist()
        for place, x in zip(self.places, operands, strict=True):
            inputs[place] = x
        return inputs

    def _call(self, *args: Any) -> Any:
        return results_of(self.program, self._inputs(args[0]), self.backend)

    def read_by(self, place: int, count: int) -> Iterable[int]:
        read = self.program._once("read", lambda: _read(self.program))
        out = self.program.outputs[place]
        found = read[out] if type(out) is int else ()
        return found if self.given is None else [i for i, x in enumerate(self.places) if x in found]

    def written_out(self, operands: Sequence[Any]) -> list[Any]:
        found = self.program._replayed(self._inputs(operands))
        return [picked(found, out) for out in self.program.outputs]

    def pull(self, node: Any, adjoints: dict[int, Any], graph: bool) -> list[tuple[Any, Any]]:
        (operands,) = node.args
        positions = [i for i, x in enumerate(operands) if type(x) is Value]
        wanted = tuple([self.places[i] for i in positions])
        if not graph:
            operands = [x if type(x) is float else x._number for x in operands]
        if not graph and len(self.program.outputs) == 1 and type(adjoints.get(0)) is float:
            seed = adjoints[0]
            found = [seed * x if x != 0.0 else 0.0 for x in self._gradient(operands, positions, wanted)]
        else:
            program = pulled(self.program, wanted)
            seeds = [adjoints.get(i, 0.0) for i in range(len(self.program.outputs))]
            inputs = self._inputs(operands)
            found = results_of(program, [*inputs, *seeds], self.backend)  # an adjoint may be a Symbol
        return [(node.args[0][i], x) for i, x in zip(positions, found, strict=True)]

    def _gradient(
        self, operands: Sequence[float], positions: Sequence[int], wanted: tuple[int, ...]
    ) -> Sequence[float]:
        """The derivatives of the one result by the operands at some positions, inputs at places `wanted`."""
        if self._known is not None:
            known = memoryview(self._known).cast("d")
            return [known[i] for i in positions]
        note_sweep(self.program)
        numbers: list[float] = with_gradients(self.program, wanted).run(self._inputs(operands), self.backend)
        return numbers[1:]

    def __reduce__(self) -> Any:
        return ProgramCall, (self.program, self.backend, self.given, self.places)


def note_sweep(program: Program) -> None:
    """Note that a sweep has come through a call of the program, so that the next calls may expect one."""
    program._once(SWEPT, lambda: True)


def is_swept(program: Program) -> bool:
    """Whether a sweep has come through a call of the program."""
    return SWEPT in program._derived


def _read(program: Program) -> list[frozenset[int]]:
    """For each place which inputs it depends on."""
    first = len(program.inputs)
    read = [frozenset([i]) for i in range(first)]
    for op, args in program.lines:
        operands: Any = [y for x in args for y in (x if type(x) is tuple else (x,))]
        if type(op) is Output:
            call, (given,) = program.lines[args[0] - first]
            operands = [given[i] for i in call.read_by(op.place, len(given))]
        elif op.collects:
            operands = ()
        found = {read[x] for x in operands if type(x) is int}
        read.append(found.pop() if len(found) == 1 else frozenset().union(*found))
    return read
