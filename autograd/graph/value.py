"""Value: a number that remembers how it was computed, so that it can be differentiated.

Reverse-mode differentiation in three steps:

1. *Record.* An op of Values gives a new Value, the result, which keeps the op and its operands. Nothing is
   done to the operands, so results and operands form a graph without cycles, a node being younger than its
   operands. `Value.apply_op` and `node` record.
2. *Order.* `walk` lists what a result was made from, operands before users.
3. *Sweep.* Going through the list from the result back, each node passes its *adjoint*, the derivative of
   the result by the node, on to its operands: times the *slope*, the derivative of the node by the operand,
   which the op's row in the table knows. An operand adds up what all its users pass on. `sweeps.reverse`
   says this in ten lines; when the sweep has come to a leaf, its adjoint is complete. That is the chain
   rule, and costs one multiplication and one addition an operand, however many leaves there are.

``y = x * x`` has two edges to x, and passes x on along each: x's adjoint is 2*x.

Every walk is a loop, so that a chain of a million nodes needs no recursion; graphs are freed by reference
counting. fast_paths.py, beside this file, does the steps 1 to 3 faster for common ops, with the same results.
"""

from __future__ import annotations

import os
from array import array
from operator import attrgetter
from threading import RLock

from autograd.graph import errors, fast_paths, sweeps
from autograd.graph.behaviour import Behaviour
from autograd.graph.recording import current, open_blocks, thread
from autograd.graph.walks import flat_args, reachable
from autograd.table import ops
from autograd.table.op import Op, number
from autograd.table.slopes import numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from typing import Any

new = object.__new__
NOWHERE = "", ""
LARGEST = 2**1023  # of the ints that a double surely holds
tick = 1  # of a clock that advances whenever a leaf is set or a trace starts


class Value(Behaviour):
    __doc__ = Behaviour.__doc__
    __module__ = "autograd"

    # Optional slots stay unset, and properties supply their defaults: a node is quicker to build. (Not by
    # __getattr__, which makes CPython read every attribute the slow way. Nor is a slot named `_data`, since
    # NumPy's masked arrays would take that attribute in the place of the object.)
    __slots__ = (
        "__weakref__",
        "_adjoint",  # of an inner node, and of a leaf during a sweep
        "_grad",  # of a leaf: the running total
        "_label",
        "_made_by",  # the op; None for a leaf
        "_number",
        "_origin",  # the path of the module and the line of the program that made it, two strs
        "_parameter",
        "_requires_grad",  # of a leaf
        "_tick",  # of an inner node, when it was made; of a leaf, when it was last set, or 0
        "_x",  # the operand; the first of two; the tuple of three and more; of a leaf, the tick of its birth
        "_y",  # the second of two operands
    )

    _x: Any
    _y: Any
    _origin: tuple[str, str]

    quick_op: Any

    def __init__(
        self, data: Any, label: str = "", *, requires_grad: bool = True, parameter: bool = False
    ) -> None:
        self._number = number(data)
        self._made_by: Op | None = None
        self._tick = 0
        self._x = tick
        self._grad = 0.0
        self._requires_grad = bool(requires_grad)
        if label or type(label) is not str:
            self.label = label
        if parameter:
            self._parameter = True
        if open_blocks and (origin := current().origin):
            self._origin = origin

    __init_subclass__: Any = classmethod(errors.subclass)

    # Attributes, which Behaviour documents

    @property
    def data(self) -> float:
        if open_blocks and current().program is not None:
            raise current().program.refusal(self, ".data")
        return self._number

    @data.setter
    def data(self, data: Any) -> None:
        if open_blocks and current().program is not None:
            raise current().program.refusal(self, ".data =")
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
        if open_blocks and current().program is not None:
            raise current().program.refusal(self, ".grad")
        return float(getattr(self, "_grad" if self._made_by is None else "_adjoint", 0.0))

    @grad.setter
    def grad(self, grad: Any) -> None:
        if open_blocks and current().program is not None:
            raise current().program.refusal(self, ".grad =")
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
        if op.arity == 1:
            return (self._x,)
        if op.arity == 2:
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
        return getattr(self, "_origin", NOWHERE)[0]

    @property
    def source(self) -> str:
        return getattr(self, "_origin", NOWHERE)[1]

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
        if open_blocks and current().program is not None:
            raise current().program.refusal(self, ".requires_grad =")
        if self._made_by is not None:
            raise errors.computed_requires_grad(self)
        self._requires_grad = bool(flag)

    def backward(self, seed: float = 1.0) -> None:
        seed = number(seed, "the seed of backward")
        if current().program is not None:
            raise current().program.refusal(self, "backward()")
        if thread.sweep.locked():
            raise errors.nested_backward()
        started = tick
        reached, leaves, custom = fast_paths.walk([self], set(), 0)
        check_fresh(reached, leaves)
        wanting = [leaf for leaf in leaves if leaf._requires_grad]
        if not wanting:
            raise errors.constant(self)
        order = reached if len(wanting) == len(leaves) else between(reached, wanting)
        with thread.sweep:
            # The rules of a user's op may do anything, wait for another thread that sweeps, say. So no lock
            # is held while they run, and the adjoints are kept apart from the nodes.
            apart = _swept(order, [*reached, *leaves], [(self, seed)]) if custom else {}
            with _lock:
                late = [leaf for leaf in leaves if leaf._tick > started] if tick != started else []
                if not late:
                    if custom:
                        for node, adjoint in apart.items():
                            node._adjoint = adjoint
                    else:
                        _clear(reached)
                        _clear(leaves)
                        self._adjoint = seed
                        fast_paths.reverse(order)
                    fast_paths.add_to_grads(wanting)
        if late:
            raise errors.set_meanwhile(late[0])

    @classmethod
    def apply_op(cls, op: Op, args: tuple[Any, ...]) -> Value:
        """The node for an op of which some operand is a Value."""
        made = tick
        return node(op, args, op.forward(*numbers(op, args)), made)


# Held while adjoints are carried in nodes, and while a leaf is set; never while the rule of a user runs.
_lock: Any = RLock()


def _renew_lock() -> None:
    global _lock
    _lock = RLock()  # the thread that held the old one does not exist in a forked process


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_renew_lock)


# Recording


def node(op: Op, args: tuple[Any, ...], data: float, made: int) -> Value:
    """A new node or, under no_grad, a detached leaf.

    `made` is the tick from before the operands' numbers were read: a leaf that another thread has set
    since then is newer than the node.
    """
    if type(data) is not float:
        data = number(data, f"the result of {op.name}")
    state = current()
    if not state.recording and state.program is None:
        return Value(data, requires_grad=False)
    out = recorded(op, args, data)
    out._tick = made
    if not state.recording:  # a program records all the same, and cuts the slopes
        out = recorded(ops.stop_gradient, (out,), data)
    if state.origin:
        out._origin = state.origin
    return out


def recorded(op: Op, args: tuple[Any, ...], data: float) -> Value:
    """A new node, whatever block it is made in."""
    out: Value = new(Value)
    out._number = data
    out._made_by = op
    out._tick = tick
    if op.arity == 1:
        out._x = args[0]
    elif op.arity == 2:
        out._x, out._y = args
    else:
        out._x = args
    return out


# Walks


def walk(*roots: Value, stop: Iterable[Value] = (), since: int = 0) -> tuple[list[Value], list[Value]]:
    """Everything that the roots were made from: the inner nodes, operands before users, and the leaves.

    The nodes of `stop` are skipped, with everything reached only through them. Nodes that are older than
    the tick `since` count as leaves.
    """
    return fast_paths.walk(list(roots), set(stop), since)[:2]


def between(order: Iterable[Value], sources: Collection[Value]) -> list[Value]:
    """The nodes of `order` that depend on one of the sources, or are one."""
    kept = set(sources)
    result = []
    for node in order:
        if node in kept or (node._made_by is not None and any(x in kept for x in _sloped(node))):
            kept.add(node)
            result.append(node)
    return result


def _sloped(node: Value) -> list[Value]:
    """The Values among the operands of an inner node that it has slopes by."""
    op: Any = node._made_by
    found = []
    for x, partial in zip(node.args, op.partials, strict=True):
        if partial is not None:
            found += [v for v in (x if op.variadic else (x,)) if type(v) is Value]
    return found


# Sweeps


def _swept(
    order: list[Value], nodes: Iterable[Value], seeds: Iterable[tuple[Value, float]]
) -> dict[Any, float]:
    """The adjoints of `nodes` after a sweep over `order` that starts from results with these weights."""
    adjoint: dict[Any, float] = dict.fromkeys(nodes, 0.0)
    for out, weight in seeds:
        adjoint[out] += weight
    sweeps.reverse(order, adjoint, fast_paths.slopes)
    return adjoint


def _clear(nodes: Iterable[Value]) -> None:
    for node in nodes:
        node._adjoint = 0.0


def pull(
    order: list[Value], reached: list[Value], inputs: list[Value], seeds: Iterable[tuple[Value, float]]
) -> list[float]:
    """The derivatives by the inputs of the sum of seeds, each a result and its weight.

    `reached` has all operands of `order` that are no inputs. No `grad` changes: where there are leaves among
    them, or nodes older than the inputs, which others can see, the adjoints are kept apart.
    """
    nodes = [*reached, *inputs]
    start = birth(inputs[0]) if inputs else 0
    if [x for x in reached if x._made_by is None or not x._made_by.builtin or x._tick < start]:
        adjoint = _swept(order, nodes, seeds)
        return [float(adjoint[x]) for x in inputs]
    with _lock:  # the nodes are the function's own, but threads may share a pullback
        try:
            _clear(nodes)
            for out, weight in seeds:
                out._adjoint += weight
            fast_paths.reverse(order)
            return [float(x._adjoint) for x in inputs]
        finally:
            _clear(nodes)


# The clock


def advance_clock() -> int:
    """Let the clock tick: all Values that exist are older than the tick returned, all new ones are not."""
    global tick
    with _lock:
        tick += 1
        return tick


def clock() -> int:
    """The present tick: the same as before if no leaf was set and no trace began meanwhile."""
    return tick


def birth(node: Value) -> int:
    """The tick at which a node or leaf was made."""
    return node._x if node._made_by is None else node._tick


def settled(results: Iterable[Any]) -> list[Any]:
    """The results, with numbers for Values that depend on no leaf that wants gradients."""
    results = list(results)
    reached, leaves = walk(*[x for x in results if type(x) is Value])
    wanting = {leaf for leaf in leaves if leaf._requires_grad}
    for node in reached:
        if any(type(x) is Value and x in wanting for x in flat_args(node)):
            wanting.add(node)
    return [x._number if type(x) is Value and x not in wanting else x for x in results]


def own(results: Iterable[Any], start: int) -> list[Any]:
    """The results, with new nodes for Values older than the tick `start`: so nobody else has them."""
    return [ops.identity(x) if type(x) is Value and birth(x) < start else x for x in results]


def check_fresh(order: list[Value], leaves: list[Value]) -> None:
    """Make sure that no leaf was set after a node of `order` had used it.

    Raises:
        StaleGraphError: naming the leaf.
    """
    newest = max([leaf._tick for leaf in leaves], default=0)
    if newest == 0 or not order or newest <= min([node._tick for node in order]):
        return
    for node in order:
        for leaf in _newer_leaves(node):
            raise errors.stale(leaf, node)


def _newer_leaves(node: Value) -> list[Value]:
    """The leaves among the operands that have been set since the node was made."""
    made = node._tick
    return [x for x in flat_args(node) if type(x) is Value and x._made_by is None and x._tick > made]


def is_stale(node: Value) -> bool:
    """Whether a leaf among its operands has been set since; for a leaf, whether it ever was."""
    return node._tick > 0 if node._made_by is None else bool(_newer_leaves(node))


def restore(node: Value, path: str, source: str, stale: bool) -> None:
    """Give a new leaf, or a node just made by `recorded`, the history of another."""
    node._origin = path, source
    if node._made_by is None:
        node._tick = int(stale)  # before whatever is made from now on, but after what was stale
    elif stale:
        node._tick = 0  # older than a leaf that was ever set


# Attributes of many leaves at once; None leaves the work to the caller.

SLOTS = {"data": "_number", "grad": "_grad", "requires_grad": "_requires_grad"}


def gather(values: list[Any], name: str) -> array[float] | None:
    """An attribute of each Value, as doubles; None for what is not a list of leaves."""
    if name not in SLOTS or current().program is not None:
        return None
    try:
        return array("d", map(attrgetter(SLOTS[name]), values))
    except AttributeError:
        return None


def scatter(values: list[Any], name: str, numbers: Any) -> bool | None:
    """Set an attribute of each leaf; True, or None for what is not a list of leaves and as many doubles."""
    global tick
    if name not in ("data", "grad") or current().program is not None:
        return None
    if set(map(type, values)) != {Value} or any(value._made_by is not None for value in values):
        return None
    try:
        view = memoryview(numbers)
    except TypeError:
        return None
    if view.format != "d" or view.shape != (len(values),):
        return None
    with _lock:
        if name == "data":
            tick += 1
            for value, x in zip(values, view, strict=True):
                value._number = x
                value._tick = tick
        else:
            for value, x in zip(values, view, strict=True):
                value._grad = x
    return True


Value.quick_op = staticmethod(fast_paths.quick_maker(globals()))
