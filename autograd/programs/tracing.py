"""Tracing: a call of a function with fresh Values, and the program of the lines that it recorded."""

from __future__ import annotations

from autograd.derivatives.tracing import Trace
from autograd.graph.engine import Value
from autograd.graph.names import given_names
from autograd.graph.recording import Recorder, tracing_program
from autograd.graph.walks import replaced
from autograd.programs.simplify import simplified
from autograd.programs.structure import put_together, taken_apart

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from autograd.programs.program import Program


class TracedCall(Trace):
    """A call of a function of a list of numbers that is recorded as a program.

    Attributes:
        recorder: the guards.
    """

    def __init__(self, f: Callable[[list[Value]], Any], numbers: Sequence[float], name: str) -> None:
        self.recorder = Recorder(name)
        super().__init__(f, numbers, name)

    def call(self, f: Callable[[list[Value]], Any]) -> Any:
        with tracing_program(self.recorder):
            return super().call(f)

    def results(self, name: str) -> list[Any]:
        leaves: list[Any] = []
        taken_apart(self.out, leaves, f"the result of {name}")
        return leaves

    def roots(self) -> list[Value]:
        return super().roots() + [node for node, _, _ in self.recorder.guards]

    def program(
        self,
        kind: type[Program],
        names: Sequence[str],
        numbers: Sequence[float],
        simplify: bool,
        arguments: Any = None,
        captured_first: bool = False,
    ) -> Program:
        """The lines as a program, an object of `kind`.

        Its inputs are those of the call and the captured Values; these come first if `captured_first`.
        """
        sources = [*self.captured, *self.inputs] if captured_first else [*self.inputs, *self.captured]
        captured_names = names_of(self.captured, self.nodes)
        captured_numbers = [x._number for x in self.captured]
        parts = [(names, numbers), (captured_names, captured_numbers)]
        (names_1, numbers_1), (names_2, numbers_2) = parts[::-1] if captured_first else parts
        place = {x: i for i, x in enumerate([*sources, *self.nodes])}
        shared: dict[int, Any] = {}

        def operand(x: Any) -> Any:
            found = place.get(x)
            return x._number if found is None else found  # a leaf that the function has made is a constant

        lines: list[Any] = [(node.op, replaced(node.args, operand, shared)) for node in self.nodes]
        outputs = [operand(x) if type(x) is Value else x for x in self.outs]
        guards = [(operand(node), truth, source) for node, truth, source in self.recorder.guards]
        roots = [*outputs, *[place for place, _, _ in guards]]
        if simplify:
            lines, roots = simplified(len(sources), lines, roots)
        return kind(
            self.recorder.name,
            [*names_1, *names_2],
            [*numbers_1, *numbers_2],
            lines,
            roots[: len(outputs)],
            _needed_guards(roots[len(outputs) :], guards),
            arguments,
            put_together(self.out, [x._number if type(x) is Value else x for x in self.outs]),
        )


def names_of(captured: Sequence[Value], nodes: Sequence[Value]) -> list[str]:
    """Names of Values from outside, as pictures have them, or outside[0], outside[1] ..."""
    if not any(x.label for x in captured):
        return [f"outside[{i}]" for i in range(len(captured))]
    given = given_names([*captured, *nodes], None)
    return [given.get(x) or f"outside[{i}]" for i, x in enumerate(captured)]


def _needed_guards(places: list[Any], guards: list[tuple[Any, bool, str]]) -> list[tuple[Any, bool, str]]:
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
) -> Program:
    """The program of a function of a list of Values that this package itself has written."""
    return TracedCall(f, numbers, name).program(kind, names, numbers, True)
