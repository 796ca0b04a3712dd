"""How a Value is pickled and copied: its leaves as objects, what was computed from them as a flat list.

Leaves stay objects of their own, so that pickle and deepcopy keep a leaf one that is reached from
several places. The list is flat, so that a chain of a million ops pickles without recursion.
"""

from __future__ import annotations

from autograd.backend import Value, is_stale, recorded, restore
from autograd.dag import replaced, topological_order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def reduce_value(root: Any) -> tuple[Callable[..., Value], tuple[Any, ...]]:
    """What `Value.__reduce__` gives: a function and the arguments that make the Value again."""
    if root.op is None:
        return _leaf, (
            root.data,
            root.grad,
            root.label,
            root.requires_grad,
            root.is_parameter,
            _origin(root),
            is_stale(root),
        )
    order = topological_order(root)
    leaves = [node for node in order if node.op is None]
    inner = [node for node in order if node.op is not None]
    place = {node: i for i, node in enumerate(leaves + inner)}
    shared: dict[int, Any] = {}
    lines = [
        (
            node.op,
            replaced(node.args, place.__getitem__, shared),
            node.data,
            node.grad,
            node.label,
            _origin(node),
            is_stale(node),
        )
        for node in inner
    ]
    return _graph, (tuple(leaves), lines)


def _origin(node: Any) -> str:
    """Its path, after the line that made it where that is known."""
    path: str = node.path
    return f"{node.source}\n.{path}" if node.source else path


def _leaf(
    data: float, grad: float, label: str, requires_grad: bool, parameter: bool, path: str, was_set: bool
) -> Value:
    leaf = Value(data, label, requires_grad=requires_grad, parameter=parameter)
    leaf.grad = grad
    restore(leaf, path, was_set)
    return leaf


def _graph(leaves: tuple[Value, ...], lines: list[tuple[Any, ...]]) -> Value:
    nodes = list(leaves)
    shared: dict[int, Any] = {}
    for op, args, data, grad, label, path, stale in lines:
        node = recorded(op, replaced(args, nodes.__getitem__, shared), data)
        node.grad, node.label = grad, label
        restore(node, path, stale)
        nodes.append(node)
    return nodes[-1]
