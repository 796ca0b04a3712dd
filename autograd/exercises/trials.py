"""The graphs on which functions of readers are tried: `backward` for E9, an order of the nodes for E10."""

from __future__ import annotations

import math

from autograd.exercises.exercise import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Node:
    """A number with a gradient, the operands that made it, and its slope by each of them.

    The attributes are those of the Value that the notebook builds, so that a reader's function runs on it.
    """

    def __init__(
        self, data: float, args: tuple[Node, ...] = (), slopes: tuple[float, ...] = (), label: str = ""
    ) -> None:
        self.data = data
        self.grad = 0.0
        self.args = args
        self.slopes = slopes
        self.label = label

    def __add__(self, other: Node) -> Node:
        return type(self)(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __mul__(self, other: Node) -> Node:
        return type(self)(self.data * other.data, (self, other), (other.data, self.data), "*")

    def __repr__(self) -> str:
        return f"Value({self.data}, {self.label!r})"


def class_of_nodes(function: Any) -> type[Node]:
    """The class whose nodes a reader's function is tried on: Node, and the `Value` of its notebook as well.

    So `isinstance(node, Value)` holds in the function, and methods that the reader has written can be called.
    """
    function = getattr(function, "__wrapped__", function)
    written = getattr(function, "__globals__", {}).get("Value", Node)
    try:
        return Node if written is Node else type("Value", (Node, written), {})
    except TypeError:  # no class, or one that cannot be joined with Node
        return Node


# E9: backward twice. A trial gives the gradients of all leaves after each call: the first, the second on top
# of it, and a third after the leaves alone were set to 0.


def cube(x: Node) -> Node:
    return x * x * x


def shared(x: Node) -> Node:
    square = x * x
    return square * square + square


def deep(x: Node, y: Node) -> Node:
    """Inner nodes two steps below the root, and two leaves."""
    product = x * y
    return (product * product + x) * product


def thrice(formula: Callable[..., Node], *at: float) -> Callable[[Any], list[float]]:
    """A trial of a function `backward(root)`."""

    def trial(backward: Any) -> list[float]:
        leaves = [class_of_nodes(backward)(number) for number in at]
        root = formula(*leaves)
        found = []
        for call in range(3):
            for leaf in leaves:
                leaf.grad = 0.0 if call == 2 else leaf.grad
            backward(root)
            found += [leaf.grad for leaf in leaves]
        return found

    return trial


def sweep(root: Node, cleared: Callable[[Node], bool], *, adding: bool = True, turned: bool = False) -> None:
    """`backward` as the notebook has it, after setting the gradients of some nodes to 0."""
    order: list[Node] = []
    stack = [root]
    while stack:
        node = stack[-1]
        waiting = [arg for arg in node.args if arg not in order]
        if waiting:
            stack.append(waiting[0])
        else:
            stack.pop()
            if node not in order:
                order.append(node)
    for node in filter(cleared, order):
        node.grad = 0.0
    root.grad = 1.0
    for node in order if turned else reversed(order):
        for arg, slope in zip(node.args, node.slopes, strict=True):
            arg.grad = node.grad * slope + (arg.grad if adding else 0.0)


TRIALS = [thrice(cube, 2.0), thrice(shared, 1.5), thrice(deep, 2.0, 0.5)]


def gives_what(cleared: Callable[[Node], bool], **how: bool) -> Callable[[Any], bool]:
    """A test of results: whether they are those of clearing these nodes, then sweeping."""

    def test(results: list[list[float]]) -> bool:
        expected = [trial(lambda root: sweep(root, cleared, **how)) for trial in TRIALS]
        return all(
            math.isclose(a, b, rel_tol=1e-9)
            for found, right in zip(results, expected, strict=True)
            for a, b in zip(found, right, strict=True)
        )

    return test


def first_call_is_right(results: list[list[float]]) -> bool:
    """A test of results: whether the first call of each trial found the slope."""
    return [found[: len(found) // 3] for found in results] == [[12.0], [16.5], [3.5, 10.0]]


# E10: an order of the nodes. A trial carries gradients along the order, and gives the leaf's gradient
# together with what is wrong with the order.


def square_and_cube(a: Node) -> Node:
    square = a * a
    return square + square * a


def crossed(a: Node) -> Node:
    square = a * a
    cube = square * a
    return cube * square + square


def long(a: Node) -> Node:
    out = a
    for _ in range(5_000):
        out = out + a
    return out


def carried(formula: Callable[[Node], Node], at: float) -> Callable[[Any], tuple[float, str]]:
    """A trial of a function `order(root)`."""

    def trial(order: Any) -> tuple[float, str]:
        a = class_of_nodes(order)(at)
        root = formula(a)
        nodes = order(root)
        if isinstance(nodes, set | frozenset | dict):
            raise Unreadable("the function gives back a set, which has no order; append the nodes to a list")
        try:
            nodes = list(nodes)
        except TypeError:
            raise Unreadable(
                f"the function gives back a {type(nodes).__name__}; it should be a list of nodes"
            ) from None
        if not all(isinstance(node, Node) for node in nodes):
            raise Unreadable("the list has other things than nodes in it: append the nodes themselves")
        root.grad = 1.0
        for node in reversed(nodes):
            for arg, slope in zip(node.args, node.slopes, strict=True):
                arg.grad += node.grad * slope
        return a.grad, fault_of(nodes, root)

    return trial


def fault_of(nodes: list[Node], root: Node) -> str:
    """The fault of an order: "empty", "twice", "missing", "turned", "mixed"; "" if operands precede users."""
    place = {node: i for i, node in enumerate(nodes)}
    if not nodes:
        return "empty"
    if len(place) < len(nodes):
        return "twice"
    if root not in place or any(arg not in place for node in nodes for arg in node.args):
        return "missing"
    before = [place[arg] < place[node] for node in nodes for arg in node.args]
    return "" if all(before) else "mixed" if any(before) else "turned"


def any_fault(fault: str) -> Callable[[Any], bool]:
    """A test of trials: whether an order has this fault."""
    return lambda results: any(found == fault for _, found in results)


POINTS = [
    (square_and_cube, 3.0, 33.0),
    (crossed, 0.5, 1.3125),
    (long, 1.0, 5_001.0),
]  # formula, at, gradient


def right_gradients(results: list[tuple[float, str]]) -> bool:
    """Whether each trial carried the right gradient to the leaf, along an order without fault."""
    found = zip(results, POINTS, strict=True)
    return all(fault == "" and math.isclose(grad, right) for (grad, fault), (_, _, right) in found)
