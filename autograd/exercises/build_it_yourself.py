"""The exercises of the notebook 09_build_it_yourself: E1, E9 and E10."""

from __future__ import annotations

import math

from autograd.exercises.exercise import Exercise, Function, Unreadable

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
        return Node(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __mul__(self, other: Node) -> Node:
        return Node(self.data * other.data, (self, other), (other.data, self.data), "*")

    def __repr__(self) -> str:
        return f"Value({self.data}, {self.label!r})"


# E1: the central difference of exp at 1.


def step_error(h: float) -> float:
    """How far the central difference of exp at 1 is from e, for the step h; infinite for a step of 0."""
    return abs((math.exp(1 + h) - math.exp(1 - h)) / (2 * h) - math.e) if h else math.inf


# E9: backward twice. A trial gives the leaf's gradient after each call: the first, the second on top of it,
# and a third after the leaf alone was set to 0.


def cube(x: Node) -> Node:
    return x * x * x


def shared(x: Node) -> Node:
    square = x * x
    return square * square + square


def thrice(formula: Callable[[Node], Node], at: float) -> Callable[[Any], list[float]]:
    """A trial of a function `backward(root)`."""

    def trial(backward: Any) -> list[float]:
        x = Node(at)
        root = formula(x)
        found = []
        for call in range(3):
            x.grad = 0.0 if call == 2 else x.grad
            backward(root)
            found.append(x.grad)
        return found

    return trial


def sweep(root: Node, cleared: Callable[[Node], bool]) -> None:
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
    for node in reversed(order):
        for arg, slope in zip(node.args, node.slopes, strict=True):
            arg.grad += node.grad * slope


TRIALS = [thrice(cube, 2.0), thrice(shared, 1.5)]


def gives_what(cleared: Callable[[Node], bool]) -> Callable[[Any], bool]:
    """A test of results: whether they are those of clearing these nodes."""

    def test(results: list[list[float]]) -> bool:
        expected = [trial(lambda root: sweep(root, cleared)) for trial in TRIALS]
        return all(
            math.isclose(a, b, rel_tol=1e-9)
            for found, right in zip(results, expected, strict=True)
            for a, b in zip(found, right, strict=True)
        )

    return test


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
        a = Node(at)
        root = formula(a)
        nodes = order(root)
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


EXERCISES = [
    Exercise(
        "E1",
        accept=lambda h: step_error(h) < 1e-9,
        praise="Two errors oppose each other: that of the curve, which shrinks as h**2, and that of "
        "rounding, which grows as 1/h. The best step lies between them, and even there some digits are lost.",
        refusals=[
            (lambda h: h == 0, "a step of 0 divides 0 by 0: the limit is approached, never reached"),
            (
                lambda h: abs(h) < 1e-6,
                "rounding: exp(1 + h) and exp(1 - h) agree in most of their 16 digits, and their difference "
                "has only the few digits that are left; a larger step keeps more of them",
            ),
            (
                lambda h: abs(h) > 1e-6,
                "truncation: the curve bends between 1 - h and 1 + h, and a smaller step sees less of it",
            ),
        ],
        otherwise="h is a small positive number, such as 0.01",
    ),
    Function(
        "E9",
        trials=TRIALS,
        returns=False,
        accept=gives_what(lambda node: bool(node.args)),
        praise="The gradients of inner nodes belong to one call of backward, so each call clears them first; "
        "the gradients of leaves add up until you clear them yourself.",
        refusals=[
            (
                lambda found: all(grad == 0 for trial in found for grad in trial),
                "the leaf's gradient stays 0: set the root's gradient to 1 after the clearing, then sweep",
            ),
            (
                gives_what(lambda node: False),
                "a second call is wrong even after the leaf was cleared: inner nodes still have the "
                "gradients of the call before, and pass them on once more",
            ),
            (
                gives_what(lambda node: True),
                "the leaves are cleared as well, so the gradients of two calls no longer add up: leave those "
                "nodes alone that no operation made",
            ),
        ],
        otherwise="the gradients of the leaf after one call, after two, and after clearing the leaf and a "
        "third are compared with ours, for x*x*x and for a formula with a shared node; one of them differs",
    ),
    Function(
        "E10",
        trials=[carried(formula, at) for formula, at, _ in POINTS],
        accept=right_gradients,
        praise="With operands before users, one pass in reverse has the whole gradient of a node before the "
        "node passes it on; and a loop with a list of open nodes does so at any depth.",
        refusals=[
            (any_fault("empty"), "the list is empty: is a node appended once its operands are done?"),
            (
                any_fault("twice"),
                "a node stands in the list twice, so it passes its gradient on twice: a shared node has "
                "several users, and only its first visit counts",
            ),
            (any_fault("missing"), "a node is missing: all nodes are wanted, the root and the leaves too"),
            (
                any_fault("turned"),
                "the order is turned around: operands come before their users, the root last",
            ),
            (
                any_fault("mixed"),
                "a user of a shared node comes before the node in one place and after it in another: a node "
                "may be appended only when all its operands are in the list",
            ),
        ],
        otherwise="the gradients carried along this order differ from ours",
    ),
]
