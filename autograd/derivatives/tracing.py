"""Tracing: a call of a function on fresh inputs, and the graph that the call recorded."""

from __future__ import annotations

from autograd.derivatives.tree import flatten
from autograd.graph import errors
from autograd.graph.engine import Value, advance_clock, birth, check_fresh, clock, walk
from autograd.graph.recording import tracing
from autograd.table import ops
from autograd.table.op import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


class Trace:
    """A call of `f` with a list of fresh inputs, and what its results were made from.

    Args:
        f: a function of a list of Values that returns a tree of numbers.
        given: a number or a Value for each input. An input for a number is a leaf; an input for a Value is
            a node connected to it, so that gradients pass. Inputs of nested traces are thus never confused.
        name: what errors call the function.

    Attributes:
        start: the tick at which it began: Values with an earlier `birth` are older.
        inputs: the fresh inputs.
        linked: whether an input is connected to a given Value.
        out: what f returned.
        outs: the leaves of that tree, Values and floats; `rebuild_out` puts others in their places.
        nodes: the inner nodes of the results that the call has made, operands before users.
        captured: the Values older than the call that these use, or that are results. Some are inner nodes;
            their operands are not followed.
        constants: the leaves that the call has made.
        leaves: the leaves among captured and constants.

    Raises:
        TypeError: if a result is no number.
    """

    def __init__(self, f: Callable[[list[Value]], Any], given: Sequence[Any], name: str) -> None:
        self.start = start = advance_clock()
        self.linked = Value in set(map(type, given))
        self.inputs: list[Value] = (
            [ops.identity(x) if type(x) is Value else Value(x) for x in given]
            if self.linked
            else list(map(Value, given))
        )
        try:
            self.out = self.call(f)
        except (TypeError, IndexError) as error:
            errors.explain_numpy(error)
            raise
        self.outs = self.results(name)
        self.nodes, ends = walk(*reversed(self.roots()), stop=self.inputs, since=start)
        self.captured: list[Value] = []
        self.constants: list[Value] = []
        for x in ends:
            (self.captured if birth(x) < start else self.constants).append(x)
        inner = [x for x in self.captured if x.op is not None]
        self.leaves = [x for x in ends if x.op is None] if inner else ends
        self._history = walk(*inner) if inner else None  # entered for the two questions below alone

    def call(self, f: Callable[[list[Value]], Any]) -> Any:
        """The result of f."""
        with tracing(self.inputs):
            return f(self.inputs)

    def results(self, name: str) -> list[Any]:
        """The leaves of the result."""
        outs, self.rebuild_out = flatten(self.out)
        return checked(outs, f"a result of {name}")

    def roots(self) -> list[Value]:
        """The Values from which the graph is walked."""
        return [x for x in self.outs if type(x) is Value]

    @property
    def reached(self) -> list[Value]:
        """All Values that the results were made from, but for the inputs and the histories."""
        return [*self.nodes, *self.captured, *self.constants]

    def wants_gradients(self) -> bool:
        """Whether the results depend on a Value that wants gradients and is no input."""
        leaves = [*self.leaves, *self._history[1]] if self._history else self.leaves
        return any(leaf.requires_grad for leaf in leaves)

    def check_fresh(self) -> None:
        """Make sure that the recorded numbers are still those of the leaves.

        Raises:
            StaleGraphError: if a leaf was set after a node had used it, be it a node of the call or one
                that a captured node was made from.
        """
        if clock() != self.start:
            check_fresh(self.nodes, self.leaves + self.inputs)
        if self._history:
            check_fresh(*self._history)


def checked(leaves: list[Any], where: str) -> list[Any]:
    """Leaves of a tree as floats and Values.

    Raises:
        TypeError: if one is no number; `where` names it.
    """
    if set(map(type, leaves)) <= {float, Value}:
        return leaves
    return [x if type(x) is Value else number(x, where) for x in leaves]
