"""Tracing: a call of a function with fresh Values, and the program of the lines that it recorded."""

from __future__ import annotations

from autograd._native import engine
from autograd.derivatives.structure import put_together, taken_apart
from autograd.derivatives.tracing import Trace
from autograd.graph.engine import Value
from autograd.graph.lines import picked
from autograd.graph.names import given_names
from autograd.graph.recording import current, tracing_program
from autograd.graph.walks import replaced

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from autograd.programs.program import Program


def lines_of(sources: Sequence[Value], nodes: Sequence[Value], roots: Sequence[Any]) -> tuple[Any, list[Any]]:
    """A line for each node, and the operands that stand for the roots.

    A leaf that is no source is a constant.
    """
    found = engine.lines_of(sources, nodes, roots) if engine is not None else None
    if found is not None:
        return found  # type: ignore[no-any-return]
    place = {x: i for i, x in enumerate([*sources, *nodes])}
    shared: dict[int, Any] = {}
    lines = [(node.op, replaced(node.args, lambda x: operand_of(x, place), shared)) for node in nodes]
    return lines, [operand_of(x, place) for x in roots]


def operand_of(x: Any, place: dict[Value, int]) -> Any:
    """The operand that stands for a Value or number."""
    if type(x) is float:
        return x
    found = place.get(x)
    return x._number if found is None else found


class TracedCall(Trace):
    """A call of a function of a list of numbers that is recorded as a program.

    Attributes:
        kind: the class of programs.
        recorder: the guards.
    """

    def __init__(
        self,
        kind: type[Program],
        f: Callable[[list[Value]], Any],
        numbers: Sequence[float],
        name: str,
        seeks_loops: bool = True,
    ) -> None:
        self.kind = kind
        self.recorder = kind._recorder(name, seeks_loops)
        super().__init__(f, numbers, name)

    def call(self, f: Callable[[list[Value]], Any]) -> Any:
        with tracing_program(self.recorder):
            found = super().call(f)
        if self.recorder.refused is not None:  # the function has caught it
            raise self.recorder.refused
        return found

    def results(self, name: str) -> list[Any]:
        leaves: list[Any] = []
        taken_apart(self.out, leaves, f"the result of {name}")
        return leaves

    def roots(self) -> list[Value]:
        return [*[node for node, _, _ in self.recorder.guards], *super().roots()]

    def program(
        self,
        names: Sequence[str],
        numbers: Sequence[float],
        simplify: bool,
        arguments: Any = None,
        captured_first: bool = False,
        known: Mapping[Value, str] | None = None,
    ) -> Program:
        """The lines as a program.

        Its inputs are those of the call and the captured Values; these come first if `captured_first`, and
        some have a name in `known`.
        """
        sources = [*self.captured, *self.inputs] if captured_first else [*self.inputs, *self.captured]
        captured_names = names_of(self.captured, self.nodes, known or {})
        captured_numbers = [x._number for x in self.captured]
        parts = [(names, numbers), (captured_names, captured_numbers)]
        (names_1, numbers_1), (names_2, numbers_2) = parts[::-1] if captured_first else parts
        guards = self.recorder.guards
        lines, roots = lines_of(sources, self.nodes, [*self.outs, *[node for node, _, _ in guards]])
        if simplify:
            lines, roots = self.kind._shortened(len(sources), lines, roots, self.recorder)
        result = put_together(self.out, [x._number if type(x) is Value else x for x in self.outs])
        given = [*names_1, *names_2], [*numbers_1, *numbers_2]
        return with_guards(self.kind, self.recorder.name, given, lines, roots, guards, arguments, result)


def with_guards(
    kind: type[Program],
    name: str,
    inputs: tuple[Sequence[str], Sequence[float]],
    lines: Any,
    roots: list[Any],
    guards: Sequence[tuple[Any, bool, str]],
    arguments: Any,
    result: Any,
) -> Program:
    """The program of lines whose roots are the outputs and, behind these, the conditions of the guards."""
    count = len(roots) - len(guards)
    needed = _needed_guards(roots[count:], guards)
    return kind(name, *inputs, lines, roots[:count], needed, arguments, result)


def names_of(captured: Sequence[Value], nodes: Sequence[Value], known: Mapping[Value, str]) -> list[str]:
    """Names of Values from outside: known ones, or those of pictures, or outside[0], outside[1] ..."""
    labelled = any(x.label for x in captured)
    given = given_names([*captured, *nodes], None) if labelled else {}
    return [known.get(x) or given.get(x) or f"outside[{i}]" for i, x in enumerate(captured)]


def _needed_guards(places: list[Any], guards: Sequence[tuple[Any, bool, str]]) -> list[tuple[Any, bool, str]]:
    """The guards at their new places: each condition once, and none that is constant."""
    first: dict[Any, tuple[Any, bool, str]] = {}
    for place, (_, truth, source) in zip(places, guards, strict=True):
        if type(place) is not float:
            first.setdefault(place, (place, truth, source))
    return list(first.values())


def derived(
    kind: type[Program],
    f: Callable[[list[Value]], list[Any]],
    names: Sequence[str],
    numbers: Sequence[float],
    name: str,
    seeks_loops: bool = True,
) -> Program:
    """The program of a function of a list of Values that this package itself has written."""
    return TracedCall(kind, f, numbers, name, seeks_loops).program(names, numbers, True)


def with_constants(program: Program) -> Program:
    """The program of the arguments alone, in which the Values from outside are their numbers."""
    count = argument_count(program)
    if count == len(program.inputs):
        return program

    def f(inputs: list[Value]) -> list[Any]:
        found = program._replayed([*inputs, *program.numbers[count:]])
        guards = [(found[place], truth, source) for place, truth, source in program.guards]
        current().program.guards += [guard for guard in guards if type(guard[0]) is Value]
        return [picked(found, out) for out in program.outputs]

    return program._once(  # type: ignore[no-any-return]
        "with constants",
        lambda: derived(
            type(program), f, program.inputs[:count], program.numbers[:count], program.name, seeks_loops=False
        ),
    )


def argument_count(program: Program) -> int:
    """How many of the inputs are numbers of the arguments; the others are Values from outside."""
    if program.arguments is None:
        return len(program.inputs)
    leaves: list[Any] = []
    taken_apart(program.arguments, leaves, "the arguments")
    return len(leaves)
