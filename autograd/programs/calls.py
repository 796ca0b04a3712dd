"""Calls of programs in graphs of Values: all results share one node, and a backward pulls through it once."""

from __future__ import annotations

from autograd.backends import running
from autograd.graph.engine import Value, recorded
from autograd.graph.lines import picked
from autograd.graph.recording import current
from autograd.programs.gradients import pulled
from autograd.table.call import Call, Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from autograd.programs.program import Program


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
    """The op of a program as a whole."""

    def __init__(self, program: Program, backend: str) -> None:
        super().__init__(program.name)
        self.program = program
        self.backend = backend

    def run(self, numbers: Sequence[float], backend: str, strict: bool) -> Any:
        return running.run(self.program, numbers, backend, strict)

    def numbers(self, numbers: Sequence[float]) -> list[float]:
        results: list[float] = self.program.run(numbers, self.backend)
        return results

    def _call(self, *args: Any) -> Any:
        return results_of(self.program, args[0], self.backend)

    def read_by(self, place: int, count: int) -> Iterable[int]:
        read = self.program._once("read", lambda: _read(self.program))
        out = self.program.outputs[place]
        return read[out] if type(out) is int else ()

    def written_out(self, operands: Sequence[Any]) -> list[Any]:
        found = self.program._replayed(operands)
        return [picked(found, out) for out in self.program.outputs]

    def pull(self, node: Any, adjoints: dict[int, Any], graph: bool) -> list[tuple[Any, Any]]:
        (operands,) = node.args
        wanted = tuple([i for i, x in enumerate(operands) if type(x) is Value])
        program = pulled(self.program, wanted)
        seeds = [adjoints.get(i, 0.0) for i in range(len(self.program.outputs))]
        given = operands if graph else [x if type(x) is float else x._number for x in operands]
        found = results_of(program, [*given, *seeds], self.backend)  # an adjoint may be a Symbol
        return [(operands[i], x) for i, x in zip(wanted, found, strict=True)]

    def __reduce__(self) -> Any:
        return ProgramCall, (self.program, self.backend)


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
