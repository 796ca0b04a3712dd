"""Walks over what was computed from what: Values and Symbols, without recursion."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def flat_args(node: Any) -> tuple[Any, ...]:
    """The operands of a node in one row, those of variadic ops included."""
    if node.op is not None and node.op.variadic:
        return tuple([x for xs in node.args for x in xs])
    args: tuple[Any, ...] = node.args
    return args


def topological_order(*roots: Any) -> list[Any]:
    """All that the roots were made from, themselves included, operands before users."""
    order: list[Any] = []
    seen: set[Any] = set()
    stack: list[Any] = list(reversed(roots))
    while stack:
        node = stack.pop()
        if node is None:  # all operands of the node below have been placed
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            stack += (node, None)
            stack += [x for x in reversed(flat_args(node)) if type(x) is not float and x not in seen]
    return order


def reachable(root: Any) -> Iterator[Any]:
    """The root and all that it was made from, in no order; whoever has found enough can stop."""
    seen = {root}
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        for x in flat_args(node):
            if type(x) is not float and x not in seen:
                seen.add(x)
                stack.append(x)


def encoded(args: tuple[Any, ...], place: dict[Any, int], seen: dict[int, Any]) -> tuple[Any, ...]:
    """Operands with each node as its place, an int, beside constants, which are floats.

    A sequence that several nodes share, which `seen` remembers, stays shared.
    """

    def code(x: Any) -> Any:
        if type(x) is tuple:
            if id(x) not in seen:
                seen[id(x)] = tuple(map(code, x))
            return seen[id(x)]
        return x if type(x) is float else place[x]

    return tuple(map(code, args))


def decoded(args: tuple[Any, ...], nodes: list[Any], seen: dict[int, Any]) -> tuple[Any, ...]:
    """The operands that `encoded` was given, from the list of nodes by their places."""

    def decode(x: Any) -> Any:
        if type(x) is tuple:
            if id(x) not in seen:
                seen[id(x)] = tuple(map(decode, x))
            return seen[id(x)]
        return x if type(x) is float else nodes[x]

    return tuple(map(decode, args))
