"""Reasons why a derivative is 0, nan, infinite or nearly cut off: the operation and numbers that cause it."""

from __future__ import annotations

import math

from autograd.explaining.named_graph import NamedGraph
from autograd.graph.sweeps import times
from autograd.graph.walks import flat_args
from autograd.table import ops
from autograd.table.slopes import number_slopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd.graph.engine import Value

MOST = 5  # operations that are listed
NEARLY_FLAT = 1e-3  # a function that saturates is nearly saturated where its slope is smaller than this


def reasons(graph: NamedGraph) -> list[str]:
    """Sentences that say why the derivative is 0, nan or infinite.

    For any other number they name the operations that are nearly saturated, if every path meets one; else [].
    """
    value = graph.derivative()
    if not graph.relevant:
        return [f"{graph.out.label or 'the result'} was not made from {graph.wrt.label or 'the variable'}"]
    if not math.isfinite(value):
        return _reasons_for_non_finite(graph)
    if value == 0.0:
        cancelled = "the terms cancel each other, or their product is too small for a double"
        return _reasons_for_cut(graph, 0.0) or [cancelled]
    return _reasons_for_cut(graph, NEARLY_FLAT)


def _reasons_for_non_finite(graph: NamedGraph) -> list[str]:
    """Where the derivative stops being finite, searched from the variable towards the result.

    A derivative is nan or infinite because a share from a user is (through its slope, or through its own
    derivative), or because the sum of finite shares overflows.
    """
    found: list[str] = []
    node = graph.wrt
    while True:
        total = graph.adjoints[node]
        shares = [(times(graph.adjoints[user], slope), user, slope) for user, slope in graph.edges[node]]
        wild = [share for share in shares if not math.isfinite(share[0])]
        if not wild:
            users = " and ".join(dict.fromkeys(_name(graph, user) for _, user, _ in shares))
            return [
                *found,
                f"the shares that {_name(graph, node)} gets from {users} are finite, but their sum is too "
                f"large for a double: an overflow",
            ]
        undefined = [share for share in wild if math.isnan(share[0])]
        if math.isnan(total) and not undefined:
            users = " and ".join(dict.fromkeys(_name(graph, user) for _, user, _ in wild))
            found.append(f"{_name(graph, node)} gets both inf and -inf from {users}, whose sum is nan")
        _, user, slope = (undefined or wild)[0]
        if not math.isfinite(slope):
            return [*found, _reason_for_slope(graph, user, node, slope)]
        if math.isfinite(graph.adjoints[user]):
            return [
                *found,
                f"the derivative by {_name(graph, user)}, {graph.adjoints[user]:.6g}, times the slope "
                f"{slope:.6g} by {_name(graph, node)} is too large for a double: an overflow",
            ]
        node = user


def _reason_for_slope(graph: NamedGraph, node: Value, operand: Value, slope: float) -> str:
    """Why a slope is nan or infinite: the first number below it that is, or else the operation itself."""
    origin: Any = node
    while bad := [x for x in flat_args(origin) if not math.isfinite(_number(x))]:
        origin = bad[0]
        if type(origin) is float:
            return f"{_name(graph, node)} has the constant {origin!r} as an operand{_place(node)}"
    if not math.isfinite(origin.data):
        made = "it was given so" if origin.op is None else _operation(origin)
        return f"{_name(graph, origin)} is {origin.data!r}: {made}{_place(origin)}"
    return (
        f"{_name(graph, node)} has the slope {slope!r} by {_name(graph, operand)}: "
        f"{_operation(node)}{_place(node)}"
    )


def _reasons_for_cut(graph: NamedGraph, flat: float) -> list[str]:
    """Where zero slopes cut every path; [] if a path is left.

    A function that saturates cuts a path already with a slope below `flat`.
    """
    alive = {graph.wrt}
    found = []
    for node in graph.order:
        if node.op is None or node not in graph.relevant or node is graph.wrt:
            continue
        slopes = [slope for x, slope in number_slopes(node) if x in alive]
        least = flat if node.op.saturates else 0.0
        if any(slope != 0.0 and not abs(slope) < least for slope in slopes):
            alive.add(node)
        elif any(x in alive for x in flat_args(node) if type(x) is not float):
            steepest = max(slopes, key=abs, default=0.0)
            if steepest != 0.0:
                reason = _reason_for_small_slope(graph, node, steepest)
            else:
                reason = _reason_for_zero_slope(graph, node) if slopes else _reason_for_no_slope(graph, node)
            found.append(f"{reason}{_place(node)}")
    if graph.out in alive:
        return []
    more = [f"and at {len(found) - MOST:,} more places"] if len(found) > MOST else []
    return found[:MOST] + more


def _reason_for_no_slope(graph: NamedGraph, node: Value) -> str:
    """Why an operation has no slope by an operand."""
    name = _name(graph, node)
    if node.op is not None and any(node.op.partials):
        return f"{name} depends on it through the condition alone, which has no slope: {_operation(node)}"
    return f"{name} is locally constant: {_operation(node)}"


def _reason_for_zero_slope(graph: NamedGraph, node: Value) -> str:
    """Why the slope of an operation is 0."""
    assert node.op is not None
    name, op = _name(graph, node), node.op
    x = _number(flat_args(node)[0])
    if op.vanishes and op.arity == 1 and x <= 0.0:
        return f"{name} is the {op.name} of {x:.6g}, and {op.name} is flat at 0 and below: a dead {op.name}"
    if op.saturates:
        return f"{name} is the {op.name} of {x:.6g}, where {op.name} is flat to all digits: it is saturated"
    reasons = {"product": "is a product with a factor 0", "choice": "chose another operand"}
    other = "is a power of 0" if op is ops.pow and x == 0.0 else "has the slope 0"
    return f"{name} {reasons.get(op.kind, other)}: {_operation(node)}"


def _reason_for_small_slope(graph: NamedGraph, node: Value, slope: float) -> str:
    """What is said of a function that is nearly saturated."""
    assert node.op is not None
    name, op = _name(graph, node), node.op.name
    return (
        f"{name} is the {op} of {_number(flat_args(node)[0]):.6g}, where the slope of {op} is {slope:.3g}, "
        f"below {NEARLY_FLAT:g}: it is nearly saturated"
    )


def _number(operand: Any) -> float:
    return operand if type(operand) is float else operand.data


def _operation(node: Value) -> str:
    """The operation with its numbers, as "log(0)"."""
    assert node.op is not None
    numbers = [f"{_number(x):.6g}" for x in flat_args(node)[:6]]
    if node.op.infix and len(numbers) == 2:
        numbers = [f"({x})" if x.startswith("-") else x for x in numbers]
        return f"{numbers[0]} {node.op.infix} {numbers[1]}"
    return f"{node.op.name}({', '.join(numbers)}{', ...' * (len(flat_args(node)) > 6)})"


def _name(graph: NamedGraph, node: Value) -> str:
    """The name of a Value; without one its kind, as "a log" or "a leaf"."""
    if node in graph.names:
        return graph.names[node]
    return f"a {node.op.name}" if node.op is not None else "a leaf"


def _place(node: Value) -> str:
    """The module and the source line that made a node, where they are known."""
    places = [f"in {node.path}"] if node.path else []
    places += [f"at {node.source}"] if node.source else []
    return f" ({', '.join(places)})" if places else ""
