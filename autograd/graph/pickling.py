"""Copies of Values: `copy.copy`, `copy.deepcopy` and pickle, for graphs of any depth.

Inside a transform (`grad` and its kin) a copy of an input stays connected to it, as a copy of a number
stays that number; pickle, whose copy could not be connected, refuses.
"""

from __future__ import annotations

import copyreg
from weakref import WeakValueDictionary

from autograd.graph.behaviour import Behaviour
from autograd.graph.engine import Value, is_stale, recorded, restore, walk
from autograd.graph.recording import traced_inputs
from autograd.graph.walks import reachable, replaced
from autograd.table import ops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def shallow_copy(node: Any) -> Value:
    """A new leaf, or a new node of the same op with the same operands."""
    if node in traced_inputs():
        return _connected(node)
    return _leaf(*_leaf_state(node)) if node.op is None else _node(node.op, node.args, *_node_state(node))


def deep_copy(root: Any, memo: dict[int, Any]) -> Value:
    """A copy of the Value and of everything that it was made from; `memo` holds earlier copies by id."""
    inputs = traced_inputs()

    def copy_of(node: Any) -> Any:
        if id(node) not in memo:  # an input of a transform; all other nodes come before their users
            memo[id(node)] = _connected(node)
        return memo[id(node)]

    inner, leaves = walk(root, stop=inputs)
    for leaf in leaves:
        if id(leaf) not in memo:
            memo[id(leaf)] = _leaf(*_leaf_state(leaf))
    for node in inner:
        if id(node) not in memo:
            args = replaced(node.args, copy_of, memo)
            memo[id(node)] = _node(node.op, args, *_node_state(node))
    copy: Value = copy_of(root)
    return copy


def reduce_value(root: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The answer of `Value.__reduce__` to pickle: a function, and the arguments that rebuild the Value.

    Raises:
        TypeError: inside a transform, for a Value that depends on an input of it.
    """
    inputs = traced_inputs()
    if inputs and any(node in inputs for node in reachable(root)):
        raise TypeError(
            f"cannot pickle {root!r} while a transform differentiates by what it was made from: the copy "
            f"would be cut off, and its derivative silently 0. Pickle its number, v.data, or use "
            f"copy.deepcopy, which stays connected"
        )
    if root.op is None:
        return _leaf, _leaf_state(root)
    return _last, ([_stand_in(node) for node in walk(root)[0]],)


class _StandIn:
    """Stands for an inner node or a sequence of operands when pickle writes; reads back as the original.

    Pickle writes the stand-ins of a graph one after the other, operands before users, and so does not
    recurse. Pickle remembers written objects by identity, and a node has one stand-in as long as pickle
    holds it: two Values pickled together keep sharing nodes.
    """

    __slots__ = ("__weakref__", "thing")

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        thing = self.thing
        if type(thing) is tuple:
            return tuple, ([_written(x) for x in thing],)
        return _node, (thing.op, tuple(map(_written, thing.args)), *_node_state(thing))


_stand_ins: WeakValueDictionary[int, _StandIn] = WeakValueDictionary()  # by the id of the node or sequence


def _stand_in(thing: Any) -> _StandIn:
    found = _stand_ins.get(id(thing))
    if found is None:
        found = _stand_ins[id(thing)] = _StandIn(thing)
    return found


def _written(x: Any) -> Any:
    """The object that pickle writes for an operand."""
    return x if type(x) is float or (type(x) is Value and x.op is None) else _stand_in(x)


def _last(nodes: list[Value]) -> Value:
    return nodes[-1]


def _connected(node: Any) -> Value:
    """A copy that gradients pass through."""
    copy: Value = ops.identity(node)
    copy.label = node.label
    return copy


def _leaf_state(leaf: Any) -> tuple[Any, ...]:
    flags = leaf.requires_grad, leaf.is_parameter
    return leaf.data, leaf.grad, leaf.label, *flags, leaf.path, is_stale(leaf), leaf.source


def _leaf(
    data: float,
    grad: float,
    label: str,
    requires_grad: bool,
    parameter: bool,
    path: str,
    was_set: bool,
    source: str = "",  # pickles of version 0.1 have none
) -> Value:
    leaf = Value(data, label, requires_grad=requires_grad, parameter=parameter)
    leaf.grad = grad
    restore(leaf, path, source, was_set)
    return leaf


def _node_state(node: Any) -> tuple[Any, ...]:
    return node.data, node.grad, node.label, node.path, is_stale(node), node.source


def _node(
    op: Any,
    args: tuple[Any, ...],
    data: float,
    grad: float,
    label: str,
    path: str,
    stale: bool,
    source: str = "",
) -> Value:
    node = recorded(op, args, data)
    node.grad, node.label = grad, label
    restore(node, path, source, stale)
    return node


copyreg.pickle(Value, reduce_value)
Behaviour.__copy__, Behaviour.__deepcopy__ = shallow_copy, deep_copy  # type: ignore[attr-defined]


def _graph(leaves: tuple[Value, ...], lines: list[tuple[Any, ...]]) -> Value:
    """Rebuilds an inner node from a pickle of version 0.1, in which operands are places in the list."""
    nodes = list(leaves)
    shared: dict[int, Any] = {}
    for op, args, *state in lines:
        nodes.append(_node(op, replaced(args, nodes.__getitem__, shared), *state))
    return nodes[-1]
