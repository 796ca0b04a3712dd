"""Shortcuts of the engine in Python: the same results as the plain way that value.py explains, only faster.

Nothing here is needed to understand the engine. The walk and the sweep read the slots of a node directly
where its op has one or two operands. The methods of Value are generated from the table, arithmetic with its
sign in the source, so that one call records a node; `inspect.getsource` shows each.
"""

from __future__ import annotations

import linecache
from collections import deque
from operator import add

from autograd.graph.walks import flat_args
from autograd.table import ops
from autograd.table.op import BINARY, TABLE, UNARY, Op, apply
from autograd.table.slopes import number_slopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable
    from typing import Any

# Sweeps


def walk(stack: list[Any], seen: set[Any], since: int) -> tuple[list[Any], list[Any], bool]:
    """What the nodes on the stack were made from: inner nodes, operands before users, and leaves.

    Third, whether the op of a node is a user's. Nodes in `seen` are skipped, and nodes made before the tick
    `since` count as leaves.
    """
    order: list[Any] = []
    leaves: list[Any] = []
    custom = False
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
        if op is None or (since and node._tick < since):
            leaves.append(node)
            continue
        push(node)
        push(None)
        shape = op.shape
        if shape is BINARY:
            y = node._y
            if type(y) is not float and y not in seen:
                push(y)
            x = node._x
            if type(x) is not float and x not in seen:
                push(x)
        elif shape is UNARY:
            push(node._x)
        else:
            custom = custom or not op.builtin
            stack += [x for x in reversed(flat_args(node)) if type(x) is not float and x not in seen]
    return order, leaves, custom


def reverse(order: list[Any]) -> None:
    """Carry adjoints as `sweeps.reverse` does, for rows of the table, in the `_adjoint` of the nodes.

    The caller has set all of these to 0, but for that of the root.
    """
    for node in reversed(order):
        carried = node._adjoint
        if carried == 0.0:
            continue
        op = node._made_by
        shape = op.shape
        try:
            if shape is BINARY:
                x, y = node._x, node._y
                by_x, by_y = op.partials
                out = node._number
                if type(y) is float:
                    slope_x, slope_y = by_x(x._number, y, out), 0.0
                elif type(x) is float:
                    slope_x, slope_y = 0.0, by_y(x, y._number, out)
                else:
                    slope_x, slope_y = by_x(x._number, y._number, out), by_y(x._number, y._number, out)
                if slope_x != 0.0:
                    x._adjoint += carried * slope_x
                if slope_y != 0.0:
                    y._adjoint += carried * slope_y
                continue
            if shape is UNARY:
                x = node._x
                slope_x = op.partials[0](x._number, node._number)
                if slope_x != 0.0:
                    x._adjoint += carried * slope_x
                continue
        except (ArithmeticError, TypeError):  # a division by 0, a partial that is None; nothing was added yet
            pass
        for x, slope in number_slopes(node):
            if slope != 0.0:
                x._adjoint += carried * slope


def slopes(node: Any, wanted: Container[Any]) -> Iterable[tuple[Any, float]]:
    """`number_slopes`, with a shortcut for the rows of one and two numbers."""
    op = node._made_by
    x, out = node._x, node._number
    try:
        if op.shape is UNARY:
            return ((x, op.partials[0](x._number, out)),) if x in wanted else ()
        if op.shape is BINARY and x in wanted:
            y = node._y
            if type(y) is float:
                return ((x, op.partials[0](x._number, y, out)),)
            if y in wanted:
                by_x, by_y = op.partials
                return (x, by_x(x._number, y._number, out)), (y, by_y(x._number, y._number, out))
    except (ArithmeticError, TypeError):
        pass
    return number_slopes(node, wanted)


def add_to_grads(leaves: list[Any]) -> None:
    """Add the adjoints of leaves to their gradients.

    All in one call to C, which Ctrl-C can precede or follow but not interrupt.
    """
    grad = type(leaves[0]).__dict__["_grad"]
    adjoints = [float(leaf._adjoint) for leaf in leaves]
    deque(map(grad.__set__, leaves, map(add, map(grad.__get__, leaves), adjoints)), maxlen=0)


# Methods. Their source uses the names of value.py.

_RECORD = """
    if {slow}:
        return node(op, ({x}, {y}), data, made)
    out = new(Value)
    out._number = data
    out._made_by = op
    out._x = {x}
    out._y = {y}
    out._tick = made
    return out
"""
_UNARY = """
def {name}(self):
    made = tick
    data = forward(self._number)
"""
_BINARY = """
def {name}(self, other):
    made = tick
    kind = type(other)
    if kind is Value:
        data = forward(self._number, other._number)
    elif kind is float:
        data = forward(self._number, other)
    else:
        return apply(op, (self, other), (self, other))
"""
_ARITHMETIC = """
def {name}(self, other):
    made = tick
    kind = type(other)
    if kind is Value:
        number = other._number
    elif kind is float:
        number = other
    elif kind is int and -LARGEST <= other <= LARGEST:
        number = other = float(other)
    else:
        return self.{general}(op, other)
    try:
        data = {compute}
    except ArithmeticError:
        data = forward({left}, {right})
"""
_FORWARDS = {"general": "_binary", "left": "self._number", "right": "number", "x": "self", "y": "other"}
_REFLECTED = {"general": "_reflected", "left": "number", "right": "self._number", "x": "other", "y": "self"}


def _maker(template: str, name: str, scope: dict[str, Any], **parts: str) -> Callable[[Op, Any, Any], Any]:
    """A function of an op and its forward that gives a method of Value; `scope` is that of value.py."""
    lines = (template + _RECORD).format(name=name, **parts).splitlines()
    lines = [line for line in lines if line and not line.endswith("= ")]
    source = "\n".join(
        ["def make(op, forward, apply):", *("    " + line for line in lines), f"    return {name}", ""]
    )
    file = f"<Value.{name}>"
    made: dict[str, Any] = {}
    exec(compile(source, file, "exec"), scope, made)
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    return made["make"]  # type: ignore[no-any-return]


def _add_method(value: Any, name: str, op: Op, method: Any) -> None:
    method.__name__, method.__qualname__, method.__doc__ = name, f"Value.{name}", op.__doc__
    setattr(value, name, method)


def quick_maker(scope: dict[str, Any]) -> Callable[[Op], Any]:
    """Give Value its methods; and the function that it then has as `quick_op`.

    `scope` is that of value.py. `quick_op` takes an op and gives a function that does what a call of the op
    on a Value does, or None.
    """
    value = scope["Value"]
    for op, name in {
        ops.add: "add",
        ops.sub: "sub",
        ops.mul: "mul",
        ops.div: "truediv",
        ops.pow: "pow",
    }.items():
        for dunder, parts in ((f"__{name}__", _FORWARDS), (f"__r{name}__", _REFLECTED)):
            compute = "forward({left}, {right})" if op is ops.pow else f"{{left}} {op.infix} {{right}}"
            compute = compute.format(**parts)
            make = _maker(_ARITHMETIC, dunder, scope, slow="open_blocks", compute=compute, **parts)
            _add_method(value, dunder, op, make(op, op.forward, apply))
    slow = "open_blocks or type(data) is not float"
    unary = _maker(_UNARY, "unary", scope, slow=slow, x="self", y="")
    binary = _maker(_BINARY, "binary", scope, slow=slow, x="self", y="other")

    def quick(op: Op) -> Any:
        if op.variadic or op.arity > 2:
            return None
        make = unary if op.arity == 1 else binary
        return make(op, op.forward, apply)

    for op in TABLE.values():
        op.quick[value] = quick(op)
        if op.method and op.quick[value]:
            _add_method(value, op.method, op, op.quick[value])
    _add_method(value, "__neg__", ops.neg, quick(ops.neg))
    _add_method(value, "__abs__", ops.abs, quick(ops.abs))
    return quick
