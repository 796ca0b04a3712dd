"""How a Value is pickled and copied: its leaves as objects, what was computed from them as a flat list.

Leaves stay objects of their own, so that pickle and deepcopy keep a leaf one that is reached from
several places. The list is flat, so that a chain of a million ops pickles without recursion.
"""

from __future__ import annotations

from autograd import value
from autograd.dag import replaced, topological_order
from autograd.value import Value, newer_leaves

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def reduce_value(root: Value) -> tuple[Callable[..., Value], tuple[Any, ...]]:
    """What `Value.__reduce__` gives: a function and the arguments that make the Value again."""
    if root._op is None:
        return _leaf, (
            root._data,
            root.grad,
            root.label,
            root._requires_grad,
            root.is_parameter,
            root.path,
            root._tick > 0,
        )
    order = topological_order(root)
    leaves = [node for node in order if node._op is None]
    inner = [node for node in order if node._op is not None]
    place = {node: i for i, node in enumerate(leaves + inner)}
    shared: dict[int, Any] = {}
    lines = [
        (
            node._op,
            replaced(node.args, place.__getitem__, shared),
            node._data,
            node.grad,
            node.label,
            node.path,
            bool(newer_leaves(node)),
        )
        for node in inner
    ]
    return _graph, (tuple(leaves), lines)


def _leaf(
    data: float, grad: float, label: str, requires_grad: bool, parameter: bool, path: str, was_set: bool
) -> Value:
    leaf = Value(data, label, requires_grad=requires_grad, parameter=parameter)
    leaf._grad = grad
    leaf._path = path
    leaf._tick = int(was_set)  # before whatever is made from now on, but after what was stale
    return leaf


def _graph(leaves: tuple[Value, ...], lines: list[tuple[Any, ...]]) -> Value:
    nodes = list(leaves)
    shared: dict[int, Any] = {}
    for op, args, data, grad, label, path, stale in lines:
        node = value.recorded(op, replaced(args, nodes.__getitem__, shared), data, value.tick)
        node._grad, node._label, node._path = grad, label, path
        if stale:
            node._tick = 0  # older than a leaf that was ever set
        nodes.append(node)
    return nodes[-1]
