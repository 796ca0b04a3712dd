"""Walks over graphs of Values or Symbols, without recursion."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator
    from typing import Any


def flat_args(node: Any) -> tuple[Any, ...]:
    """The operands of a node in one tuple; the sequences of variadic ops are joined."""
    if node.op is not None and node.op.variadic:
        return tuple([x for xs in node.args for x in xs])
    args: tuple[Any, ...] = node.args
    return args


def topological_order(*roots: Any, stop: Container[Any] = ()) -> list[Any]:
    """The roots and everything that they were made from, operands before users.

    The operands of nodes of `stop` are not followed, except those of roots.
    """
    order: list[Any] = []
    seen: set[Any] = set()
    entered = set(roots)  # a set asks for these very nodes, a tuple for equal numbers
    stack: list[Any] = list(reversed(roots))
    while stack:
        node = stack.pop()
        if node is None:  # all operands of the node below have been placed
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            stack += (node, None)
            if node not in stop or node in entered:
                stack += [x for x in reversed(flat_args(node)) if type(x) is not float and x not in seen]
    return order


def depending(order: Iterable[Any], start: Any) -> set[Any]:
    """The nodes that depend on `start`, and `start` itself; `order` is a topological order."""
    found: set[Any] = set()
    for node in order:
        if node is start or any(x in found for x in flat_args(node) if type(x) is not float):
            found.add(node)
    return found


def reachable(root: Any) -> Iterator[Any]:
    """The root and everything that it was made from, in no order, one at a time, so that callers can stop."""
    seen = {root}
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        for x in flat_args(node):
            if type(x) is not float and x not in seen:
                seen.add(x)
                stack.append(x)


def replaced(
    args: tuple[Any, ...], replacement: Callable[[Any], Any], shared: dict[int, Any]
) -> tuple[Any, ...]:
    """Operands with a replacement for each node (its place in a list, say); floats, the constants, stay.

    A sequence that several nodes share stays shared; `shared` remembers the sequences met.
    """

    new = []
    for x in args:  # a recursive function in here would be a reference cycle that keeps all nodes alive
        if type(x) is float:
            new.append(x)
        elif type(x) is tuple:
            if id(x) not in shared:
                shared[id(x)] = tuple([x_i if type(x_i) is float else replacement(x_i) for x_i in x])
            new.append(shared[id(x)])
        else:
            new.append(replacement(x))
    return tuple(new)
