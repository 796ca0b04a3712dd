"""Value: a number that remembers the op and the operands it was made from, and the sweeps over them.

A graph of Values is acyclic by construction, since a node is made after its operands and never
changed; so it is freed by reference counting, and every walk over it is a loop, not a recursion.
"""

from __future__ import annotations

import os
from collections import deque
from operator import add
from threading import Lock, RLock, local

from autograd.graph import errors
from autograd.graph.behaviour import Behaviour
from autograd.graph.recording import current, open_blocks
from autograd.graph.walks import flat_args, reachable
from autograd.table import ops
from autograd.table.op import (
    BINARY,
    GENERAL,
    TABLE,
    UNARY,
    Op,
    apply,
    number,
    on_new_op,
    on_register,
    reserved,
)
from autograd.table.slopes import number_slopes, numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from typing import Any

new = object.__new__
LARGEST = 2**1023  # of the ints that a double surely holds
tick = 1  # of a clock that advances whenever a leaf is given a new number; a leaf that never was has 0


class Value(Behaviour):
    __doc__ = Behaviour.__doc__
    __module__ = "autograd"

    # Slots that a node leaves unset, reading as "none", make it quicker to build and to collect. (Not
    # through __getattr__: with that, CPython reads every attribute the slow way.) Names that other libraries
    # look for are avoided: NumPy's masked arrays take an object's `_data` in its place.
    __slots__ = (
        "__weakref__",
        "_adjoint",  # of the last sweep
        "_grad",  # of a leaf: the running total
        "_label",
        "_made_by",  # the op; None for a leaf
        "_number",
        "_parameter",
        "_path",  # of the module it was made in
        "_requires_grad",  # of a leaf
        "_tick",  # when it was made or, for a leaf, last given a number
        "_x",  # the operand; the first of two; a tuple of all where there are more
        "_y",  # the second of two operands
    )

    _x: Any
    _y: Any

    def __init__(
        self, data: Any, label: str = "", *, requires_grad: bool = True, parameter: bool = False
    ) -> None:
        self._number = number(data)
        self._made_by: Op | None = None
        self._tick = 0
        self._grad = 0.0
        self._requires_grad = bool(requires_grad)
        if label or type(label) is not str:
            self.label = label
        if parameter:
            self._parameter = True
        if open_blocks and (path := current().path):
            self._path = path

    __init_subclass__: Any = classmethod(errors.subclass)

    # Attributes, which Behaviour documents

    @property
    def data(self) -> float:
        return self._number

    @data.setter
    def data(self, data: Any) -> None:
        if self._made_by is not None:
            raise errors.computed_data(self, data)
        global tick
        data = number(data, ".data")
        with _lock:
            tick += 1
            self._tick = tick
            self._number = data

    @property
    def grad(self) -> float:
        return float(getattr(self, "_grad" if self._made_by is None else "_adjoint", 0.0))

    @grad.setter
    def grad(self, grad: Any) -> None:
        if grad is None:
            raise errors.missing_grad()
        grad = number(grad, ".grad")
        with _lock:  # not in the middle of a sweep
            if self._made_by is None:
                self._grad = grad
            else:
                self._adjoint = grad

    @property
    def op(self) -> Op | None:
        return self._made_by

    @property
    def args(self) -> tuple[Any, ...]:
        op = self._made_by
        if op is None:
            return ()
        if op.arity == UNARY:
            return (self._x,)
        if op.arity == BINARY:
            return (self._x, self._y)
        return self._x  # type: ignore[no-any-return]

    @property
    def label(self) -> str:
        return getattr(self, "_label", "")

    @label.setter
    def label(self, label: str) -> None:
        if not isinstance(label, str):
            raise errors.label(label)
        self._label = label

    @property
    def path(self) -> str:
        return getattr(self, "_path", "").rpartition("\n")[2].removeprefix(".")

    @property
    def source(self) -> str:
        return getattr(self, "_path", "").rpartition("\n")[0]

    @property
    def is_parameter(self) -> bool:
        return getattr(self, "_parameter", False)

    @is_parameter.setter
    def is_parameter(self, flag: bool) -> None:
        self._parameter = bool(flag)

    @property
    def requires_grad(self) -> bool:
        if self._made_by is None:
            return self._requires_grad
        return any(x._made_by is None and x._requires_grad for x in reachable(self))

    @requires_grad.setter
    def requires_grad(self, flag: bool) -> None:
        if self._made_by is not None:
            raise errors.computed_requires_grad(self)
        self._requires_grad = bool(flag)

    def backward(self, seed: float = 1.0) -> None:
        seed = number(seed, "the seed of backward")
        if _thread.sweep.locked():
            raise errors.nested_backward()
        started = tick
        reached, leaves, rules = _visit([self], set())
        check_fresh(reached, leaves)
        wanting = [leaf for leaf in leaves if leaf._requires_grad]
        if not wanting:
            raise errors.constant(self)
        order = reached if len(wanting) == len(leaves) else between(reached, wanting)
        with _thread.sweep:
            apart = _reverse_apart(order, [*reached, *leaves], [(self, seed)]) if rules else {}
            with _lock:
                late = [leaf for leaf in leaves if leaf._tick > started] if tick != started else []
                if not late:
                    if rules:
                        for node, adjoint in apart.items():
                            node._adjoint = adjoint
                    else:
                        _clear(reached)
                        _clear(leaves)
                        self._adjoint = seed
                        reverse(order)
                    _add_to_grads(wanting)
        if late:
            raise errors.set_meanwhile(late[0])

    def __pow__(self, other: Any) -> Any:
        kind = type(other)
        if kind is int and -LARGEST <= other <= LARGEST:
            other = float(other)
        elif kind is not float and kind is not Value:
            return self._binary(ops.pow, other)
        return ops.pow.quick[Value](self, other)

    # Recording

    @classmethod
    def apply_op(cls, op: Op, args: tuple[Any, ...]) -> Value:
        """The node for an op of which some operand is a Value."""
        made = tick
        return node(op, args, op.forward(*numbers(op, args)), made)


class _Thread(local):
    """The state of one thread."""

    def __init__(self) -> None:
        self.sweep = Lock()  # held inside backward; no other thread waits for it


_thread = _Thread()
# Held while adjoints are carried in nodes, and while a leaf is set; never while the rule of a user runs.
_lock: Any = RLock()
_get_grad = Value.__dict__["_grad"].__get__
_set_grad = Value.__dict__["_grad"].__set__


def _renew_lock() -> None:
    global _lock
    _lock = RLock()  # the thread that held the old one does not exist in a forked process


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_renew_lock)


def _add_to_grads(leaves: list[Value]) -> None:
    """Add the adjoints of leaves to their gradients.

    All in one call to C, which Ctrl-C can precede or follow but not interrupt.
    """
    adjoints = [float(leaf._adjoint) for leaf in leaves]
    deque(map(_set_grad, leaves, map(add, map(_get_grad, leaves), adjoints)), maxlen=0)


def _clear(nodes: Iterable[Value]) -> None:
    for node in nodes:
        node._adjoint = 0.0


def node(op: Op, args: tuple[Any, ...], data: float, made: int) -> Value:
    """A new node or, under no_grad, a detached leaf.

    `made` is the tick from before the operands' numbers were read: a leaf that another thread has set
    since then is newer than the node.
    """
    if type(data) is not float:
        data = number(data, f"the result of {op.name}")
    state = current()
    if not state.recording:
        return Value(data, requires_grad=False)
    out = recorded(op, args, data)
    out._tick = made
    if state.path:
        out._path = state.path
    return out


def recorded(op: Op, args: tuple[Any, ...], data: float) -> Value:
    """A new node, whatever block it is made in."""
    out: Value = new(Value)
    out._number = data
    out._made_by = op
    out._tick = tick
    if op.arity == UNARY:
        out._x = args[0]
    elif op.arity == BINARY:
        out._x, out._y = args
    else:
        out._x = args
    return out


# The sweeps


def walk(*roots: Value, stop: Iterable[Value] = ()) -> tuple[list[Value], list[Value]]:
    """What the roots were made from: the inner nodes, operands before users, and the leaves.

    The nodes of `stop` are left out, with what lies behind them.
    """
    return _visit(list(roots), set(stop))[:2]


def _visit(stack: list[Any], seen: set[Value]) -> tuple[list[Value], list[Value], bool]:
    """The walk from the nodes on a stack; and whether it met an op whose rules are a user's."""
    order: list[Value] = []
    leaves: list[Value] = []
    rules = False
    pop, push, done = stack.pop, stack.append, order.append
    while stack:
        node = pop()
        if node is None:  # all operands of the node below have been placed
            done(pop())
            continue
        if node in seen:
            continue
        seen.add(node)
        op = node._made_by
        if op is None:
            leaves.append(node)
            continue
        push(node)
        push(None)
        form = op.form
        if form == BINARY:
            y = node._y
            if type(y) is Value and y not in seen:
                push(y)
            x = node._x
            if type(x) is Value and x not in seen:
                push(x)
        elif form == UNARY:
            push(node._x)
        else:
            rules = rules or not op.builtin
            stack += [x for x in reversed(flat_args(node)) if type(x) is Value and x not in seen]
    return order, leaves, rules


def operands(node: Value) -> list[Value]:
    """The Values among the operands of an inner node that it has slopes by."""
    op: Any = node._made_by
    found = []
    for x, partial in zip(node.args, op.partials, strict=True):
        if partial is not None:
            found += [v for v in (x if op.variadic else (x,)) if type(v) is Value]
    return found


def between(order: Iterable[Value], sources: Collection[Value]) -> list[Value]:
    """The nodes of `order` that depend on one of the sources, or are one."""
    kept = set(sources)
    result = []
    for node in order:
        if node in kept or (node._made_by is not None and any(x in kept for x in operands(node))):
            kept.add(node)
            result.append(node)
    return result


def check_fresh(order: list[Value], leaves: list[Value]) -> None:
    """Make sure that no leaf has been given a number since a node of `order` used it.

    Raises:
        StaleGraphError: naming the leaf.
    """
    newest = max([leaf._tick for leaf in leaves], default=0)
    if newest == 0 or not order or newest <= min([node._tick for node in order]):
        return
    for node in order:
        for leaf in newer_leaves(node):
            raise errors.stale(leaf, node)


def newer_leaves(node: Value) -> list[Value]:
    """The leaves among the operands that have been given a number since the node was made."""
    made = node._tick
    return [x for x in flat_args(node) if type(x) is Value and x._made_by is None and x._tick > made]


def reverse(order: list[Value]) -> None:
    """Carry adjoints from users to operands, in numbers: one multiplication and addition an operand.

    They are carried in the `_adjoint` of the nodes and leaves, which the caller has cleared, but for that
    of the root. An adjoint or a slope of exactly 0 contributes nothing, whatever the other factor
    (strong zero).
    """
    for node in reversed(order):
        carried = node._adjoint
        if carried == 0.0:
            continue
        op: Any = node._made_by
        form = op.form
        try:
            if form == BINARY:
                x, y = node._x, node._y
                by_x, by_y = op.partials
                out = node._number
                if type(y) is not Value:
                    slope_x, slope_y = by_x(x._number, y, out), 0.0
                elif type(x) is not Value:
                    slope_x, slope_y = 0.0, by_y(x, y._number, out)
                else:
                    slope_x, slope_y = by_x(x._number, y._number, out), by_y(x._number, y._number, out)
                if slope_x != 0.0:
                    x._adjoint += carried * slope_x
                if slope_y != 0.0:
                    y._adjoint += carried * slope_y
            elif form == UNARY:
                slope_x = op.partials[0](node._x._number, node._number)
                if slope_x != 0.0:
                    node._x._adjoint += carried * slope_x
            elif form == GENERAL:
                _carry(node, carried)
        except ArithmeticError:  # before anything was added
            _carry(node, carried)


def _carry(node: Value, carried: float) -> None:
    """Carry an adjoint to the operands of any node, by IEEE rules where Python's division raises at 0."""
    for x, slope in number_slopes(node):
        if slope != 0.0:
            x._adjoint += carried * slope


def _reverse_apart(
    order: list[Value], nodes: Iterable[Value], seeds: Iterable[tuple[Value, float]]
) -> dict[Value, float]:
    """The same where a rule of a user runs, which may do anything: wait for a thread that sweeps, or fork.

    So no lock is held, and the adjoints of `nodes` are kept apart from them.
    """
    adjoint = dict.fromkeys(nodes, 0.0)
    for out, weight in seeds:
        adjoint[out] += weight
    for node in reversed(order):
        carried = adjoint[node]
        if carried != 0.0:
            for x, slope in _slopes(node):
                if slope != 0.0:
                    adjoint[x] += carried * slope
    return adjoint


def _slopes(node: Value) -> Iterable[tuple[Value, float]]:
    """`number_slopes`, quicker for what is most of a graph."""
    op: Any = node._made_by
    x, out = node._x, node._number
    try:
        if op.form == UNARY:
            return ((x, op.partials[0](x._number, out)),)
        if op.form == BINARY and type(x) is Value:
            by_x, by_y = op.partials
            y = node._y
            if type(y) is not Value:
                return ((x, by_x(x._number, y, out)),)
            return (x, by_x(x._number, y._number, out)), (y, by_y(x._number, y._number, out))
    except ArithmeticError:
        pass
    return number_slopes(node)


def pull(
    order: list[Value], reached: list[Value], inputs: list[Value], seeds: Iterable[tuple[Value, float]]
) -> list[float]:
    """The derivatives by the inputs of the sum of seeds, each a result and its weight.

    `reached` is all that the results were made from, but for the inputs. No trace is left in the nodes.
    """
    nodes = [*reached, *inputs]
    ops = {node._made_by for node in reached}
    if not all(op is not None and op.builtin for op in ops):
        adjoint = _reverse_apart(order, nodes, seeds)
        return [float(adjoint[x]) for x in inputs]
    with _lock:  # the nodes are the function's own, but threads may share a pullback
        try:
            _clear(nodes)
            for out, weight in seeds:
                out._adjoint += weight
            reverse(order)
            return [float(x._adjoint) for x in inputs]
        finally:
            _clear(nodes)


# Pickling


def is_stale(node: Value) -> bool:
    """Whether one of its leaves has been given another number since; for a leaf, whether it ever was."""
    return node._tick > 0 if node._made_by is None else bool(newer_leaves(node))


def restore(node: Value, path: str, stale: bool) -> None:
    """Give a new leaf, or a node just made by `recorded`, the history of another."""
    node._path = path
    if node._made_by is None:
        node._tick = int(stale)  # before whatever is made from now on, but after what was stale
    elif stale:
        node._tick = 0  # older than a leaf that was ever set


# The methods of Value are made from the table: those of arithmetic with its infix sign in their
# source, which makes them as fast as if they were written by hand, the others around `forward`.

_ARITHMETIC = """
def make(op):
    def {dunder}(self, other):
        made = tick
        kind = type(other)
        if kind is Value:
            number = other._number
        elif kind is float:
            number = other
        elif kind is int and -LARGEST <= other <= LARGEST:
            number = other = float(other)
        else:
            return self.{generic}(op, other)
        try:
            data = {left} {infix} {right}
        except ArithmeticError:
            data = op.forward({left}, {right})
        if open_blocks:
            return node(op, ({x}, {y}), data, made)
        out = new(Value)
        out._number = data
        out._made_by = op
        out._x = {x}
        out._y = {y}
        out._tick = made
        return out

    return {dunder}
"""
_FORWARDS = {"generic": "_binary", "left": "self._number", "right": "number", "x": "self", "y": "other"}
_REFLECTED = {"generic": "_reflected", "left": "number", "right": "self._number", "x": "other", "y": "self"}


def _add_arithmetic(op: Op, dunder: str, roles: dict[str, str]) -> None:
    source = _ARITHMETIC.format(dunder=dunder, infix=op.infix, **roles)
    scope: dict[str, Any] = {}
    exec(compile(source, f"<Value.{dunder}, from the row of {op.name}>", "exec"), globals(), scope)
    _set_method(op, dunder, scope["make"](op))


def _unary(op: Op) -> Callable[[Value], Value]:
    forward = op.forward

    def method(self: Value) -> Value:
        made = tick
        data = forward(self._number)
        if open_blocks or type(data) is not float:
            return node(op, (self,), data, made)
        out: Value = new(Value)
        out._number = data
        out._made_by = op
        out._x = self
        out._tick = made
        return out

    return method


def _binary(op: Op) -> Callable[[Value, Any], Value]:
    forward = op.forward

    def method(self: Value, other: Any) -> Any:
        made = tick
        kind = type(other)
        if kind is Value:
            data = forward(self._number, other._number)
        elif kind is float:
            data = forward(self._number, other)
        else:
            return apply(op, (self, other), (self, other))
        if open_blocks or type(data) is not float:
            return node(op, (self, other), data, made)
        out: Value = new(Value)
        out._number = data
        out._made_by = op
        out._x = self
        out._y = other
        out._tick = made
        return out

    return method


def _make_quick(op: Op) -> None:
    """Let a call of the op on a Value skip the search for the class."""
    if op.variadic:
        return
    if op.arity == UNARY:
        op.quick[Value] = _unary(op)
    elif op.arity == BINARY:
        op.quick[Value] = _binary(op)


def _add_method(op: Op) -> None:
    if op.method and Value in op.quick:
        _set_method(op, op.method, op.quick[Value])


def _set_method(op: Op, name: str, method: Any) -> None:
    method.__name__, method.__qualname__, method.__doc__ = name, f"Value.{name}", op.__doc__
    setattr(Value, name, method)


for _op, _name in ((ops.add, "add"), (ops.sub, "sub"), (ops.mul, "mul"), (ops.div, "truediv")):
    _add_arithmetic(_op, f"__{_name}__", _FORWARDS)
    _add_arithmetic(_op, f"__r{_name}__", _REFLECTED)
reserved.update(dir(Value))  # before the methods of the table, which may not be replaced either
for _op in TABLE.values():
    _make_quick(_op)
    _add_method(_op)
    if _op.arity == UNARY and not _op.variadic:
        _op.quick[float] = _op.forward  # which in the table's rows is sure to give a float
_set_method(ops.neg, "__neg__", ops.neg.quick[Value])
_set_method(ops.abs, "__abs__", ops.abs.quick[Value])
on_new_op.append(_make_quick)
on_register.append(_add_method)
