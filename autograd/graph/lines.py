"""A graph of Values or Symbols as a flat list of lines, and replaying the list on other inputs.

The native engine has a form of its own for long lists, arrays of numbers: `flattened` makes it, `listed`
gives the list again.
"""

from __future__ import annotations

from autograd._native import engine
from autograd.graph.walks import replaced, topological_order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Sequence
    from typing import Any

    from autograd.table.op import Op


class Lines:
    """The graph of some roots: the inputs, then a line for each computed node.

    Attributes:
        inputs: the leaves or variables, and the nodes that were not entered.
        nodes: the computed nodes, operands before users.
        lines: for each of them the op and its operands: a float is a constant, an int the place of a node in
            ``[*inputs, *nodes]``, a tuple a sequence of these.
    """

    __slots__ = ("inputs", "lines", "nodes")

    def __init__(self, inputs: list[Any], nodes: list[Any]) -> None:
        self.inputs, self.nodes = inputs, nodes
        place = {node: i for i, node in enumerate([*inputs, *nodes])}
        shared: dict[int, Any] = {}
        self.lines = [(node.op, replaced(node.args, place.__getitem__, shared)) for node in nodes]

    def run(self, inputs: Iterable[Any], apply: Callable[[Op, tuple[Any, ...]], Any]) -> dict[Any, Any]:
        """The new value of every node for these inputs; see `replay`."""
        found = replay(self.lines, inputs, apply)
        return dict(zip([*self.inputs, *self.nodes], found, strict=True))


def flatten(*roots: Any, stop: Container[Any] = ()) -> Lines:
    """The lines of the graph of the roots; nodes of `stop` are inputs, unless they are roots."""
    order = topological_order(*roots, stop=stop)
    entered = set(roots)
    inner = [node for node in order if node.op is not None and (node in entered or node not in stop)]
    computed = set(inner)
    return Lines([node for node in order if node not in computed], inner)


def replay(
    lines: Iterable[tuple[Op, tuple[Any, ...]]],
    inputs: Iterable[Any],
    apply: Callable[[Op, tuple[Any, ...]], Any],
) -> list[Any]:
    """The inputs, followed by the result of `apply(op, operands)` for each line."""
    found = list(inputs)
    shared: dict[int, Any] = {}
    for op, args in lines:
        found.append(apply(op, replaced(args, found.__getitem__, shared)))
    return found


def call(op: Op, args: tuple[Any, ...]) -> Any:
    """`op(*args)`: with it `replay` makes a new graph of the same form."""
    return op(*args)


def picked(found: Sequence[Any], operand: Any) -> Any:
    """The value of an operand of a line, given those of all places."""
    if type(operand) is int:
        return found[operand]
    return tuple([picked(found, x) for x in operand]) if type(operand) is tuple else operand


def flattened(inputs: int, lines: Any) -> Any:
    """The lines in the form of the native engine; None in pure Python, or where they have no such form."""
    if engine is None or type(lines) is engine.Lines:
        return None if engine is None else lines
    return engine.flattened(inputs, lines)


def kept(lines: Any) -> Any:
    """The lines in a form that nobody else changes."""
    return lines if engine is not None and type(lines) is engine.Lines else list(lines)


def listed(lines: Any) -> list[Any]:
    """The lines as a list of ops with their operands."""
    if engine is not None and type(lines) is engine.Lines:
        return lines.as_list()  # type: ignore[no-any-return]
    return lines if type(lines) is list else list(lines)


def used_ops(inputs: int, lines: Any) -> Iterable[Any]:
    """The ops of lines, each once."""
    flat = flattened(inputs, lines)
    return {op for op, _ in lines} if flat is None else flat.used_ops()
