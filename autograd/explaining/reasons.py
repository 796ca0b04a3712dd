"""Why a derivative is 0, nan or infinite: the factor and the Value where it happens."""

from __future__ import annotations

import math

from autograd.explaining.named_graph import Links
from autograd.graph.sweeps import times
from autograd.graph.walks import flat_args
from autograd.table import ops
from autograd.table.slopes import number_slopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd.graph.engine import Value

MOST = 5  # places that are named


def reasons(links: Links) -> list[str]:
    """Sentences on where a derivative that is 0, nan or infinite comes from; none for any other number."""
    value = links.value()
    if not links.relevant:
        return [f"{links.out.label or 'the result'} was not made from {links.wrt.label or 'the variable'}"]
    if not math.isfinite(value):
        return _undefined(links)
    if value == 0.0:
        return _stops(links) or ["the terms cancel each other, or their product is too small for a double"]
    return []


def _undefined(links: Links) -> list[str]:
    """Where the derivative stops being finite, found by going from the variable to the result.

    At each Value one of its users brought a share that is nan or infinite (or the shares are finite and
    their sum is too large); it did so because of its slope, or of its own derivative.
    """
    found: list[str] = []
    node = links.wrt
    while True:
        total = links.adjoint[node]
        shares = [(times(links.adjoint[user], slope), user, slope) for user, slope in links.edges[node]]
        wild = [share for share in shares if not math.isfinite(share[0])]
        if not wild:
            users = " and ".join(dict.fromkeys(_called(links, user) for _, user, _ in shares))
            return [
                *found,
                f"what {_called(links, node)} gets from {users} is finite, but the sum is too large for a "
                f"double: an overflow",
            ]
        undefined = [share for share in wild if math.isnan(share[0])]
        if math.isnan(total) and not undefined:
            users = " and ".join(dict.fromkeys(_called(links, user) for _, user, _ in wild))
            found.append(f"{_called(links, node)} gets both inf and -inf from {users}, whose sum is nan")
        _, user, slope = (undefined or wild)[0]
        if not math.isfinite(slope):
            return [*found, _slope_reason(links, user, node, slope)]
        if math.isfinite(links.adjoint[user]):
            return [
                *found,
                f"the derivative by {_called(links, user)}, {links.adjoint[user]:.6g}, times the slope "
                f"{slope:.6g} by {_called(links, node)} is too large for a double: an overflow",
            ]
        node = user


def _slope_reason(links: Links, node: Value, operand: Value, slope: float) -> str:
    """Why a slope of an operation is nan or infinite: a number that is, or else the operation."""
    origin: Any = node
    while bad := [x for x in flat_args(origin) if not math.isfinite(_number(x))]:
        origin = bad[0]
        if type(origin) is float:
            return f"{_called(links, node)} has the constant {origin!r} as an operand{_place(node)}"
    if not math.isfinite(origin.data):
        made = "it was given so" if origin.op is None else _operation(origin)
        return f"{_called(links, origin)} is {origin.data!r}: {made}{_place(origin)}"
    return (
        f"{_called(links, node)} has the slope {slope!r} by {_called(links, operand)}: "
        f"{_operation(node)}{_place(node)}"
    )


def _stops(links: Links) -> list[str]:
    """The operations whose slopes of 0 end all ways from the variable on."""
    alive = {links.wrt}
    found = []
    for node in links.order:
        if node.op is None or node not in links.relevant or node is links.wrt:
            continue
        slopes = [slope for x, slope in number_slopes(node) if x in alive]
        if any(slope != 0.0 for slope in slopes):
            alive.add(node)
        elif any(x in alive for x in flat_args(node) if type(x) is not float):
            why = _flat(links, node) if slopes else _without_slope(links, node)
            found.append(f"{why}{_place(node)}")
    if links.out in alive:
        return []
    more = [f"and at {len(found) - MOST:,} more places"] if len(found) > MOST else []
    return found[:MOST] + more


def _without_slope(links: Links, node: Value) -> str:
    """What an operation is that has no slope by an operand."""
    name = _called(links, node)
    if node.op is not None and any(node.op.partials):
        return f"{name} depends on it through the condition alone, which has no slope: {_operation(node)}"
    return f"{name} is locally constant: {_operation(node)}"


def _flat(links: Links, node: Value) -> str:
    """Why the slope of an operation is 0."""
    assert node.op is not None
    name, op = _called(links, node), node.op
    x = _number(flat_args(node)[0])
    if op.vanishes and op.arity == 1 and x <= 0.0:
        return f"{name} is the {op.name} of {x:.6g}, and {op.name} is flat at 0 and below: a dead {op.name}"
    if op.saturates:
        return f"{name} is the {op.name} of {x:.6g}, where {op.name} is flat to all digits: it is saturated"
    if op.kind == "product":
        return f"{name} is a product with a factor 0: {_operation(node)}"
    if op.kind == "choice":
        return f"{name} chose another operand: {_operation(node)}"
    if op is ops.pow and x == 0.0:
        return f"{name} is a power of 0: {_operation(node)}"
    return f"{name} has the slope 0: {_operation(node)}"


def _number(x: Any) -> float:
    """The number of an operand."""
    return x if type(x) is float else x.data


def _operation(node: Value) -> str:
    """The operation with its numbers, as "log(0)"."""
    assert node.op is not None
    numbers = [f"{_number(x):.6g}" for x in flat_args(node)[:6]]
    if node.op.infix and len(numbers) == 2:
        numbers = [f"({x})" if x.startswith("-") else x for x in numbers]
        return f"{numbers[0]} {node.op.infix} {numbers[1]}"
    return f"{node.op.name}({', '.join(numbers)}{', ...' * (len(flat_args(node)) > 6)})"


def _called(links: Links, node: Value) -> str:
    """Its name, or what it is."""
    if node in links.name:
        return links.name[node]
    return f"a {node.op.name}" if node.op is not None else "a leaf"


def _place(node: Value) -> str:
    """The module and the line where it was made, where they are known."""
    places = [f"in {node.path}"] if node.path else []
    places += [f"at {node.source}"] if node.source else []
    return f" ({', '.join(places)})" if places else ""
