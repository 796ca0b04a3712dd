"""Why a derivative is 0, nan or infinite: the factor and the Value where it happens."""

from __future__ import annotations

import math

from autograd.dag import flat_args
from autograd.explaining.links import Links
from autograd.ieee import node_slopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd.backend import Value

MOST = 5  # places that are named


def reasons(links: Links) -> list[str]:
    """Sentences on where a derivative that is 0, nan or infinite comes from; none for any other number."""
    value = links.value()
    if not links.relevant:
        return [f"{links.out.label or 'the result'} was not made from {links.wrt.label or 'the variable'}"]
    if value != 0.0 and math.isfinite(value):
        return []
    if not math.isfinite(value):
        found = _undefined(links)
        return found or ["a product or a sum of finite slopes is too large for a double: an overflow"]
    found = _stops(links)
    return found or [
        "no factor is 0: the terms cancel each other, or their product is too small for a double"
    ]


def _undefined(links: Links) -> list[str]:
    """The first Values that are nan or infinite, and the first slopes."""
    for node in links.order:
        if not math.isfinite(node.data) and all(
            math.isfinite(x if type(x) is float else x.data) for x in flat_args(node)
        ):
            made = _operation(links, node) if node.op is not None else "it was given so"
            return [f"{_called(links, node)} is {node.data!r}: {made}{_place(node)}"]
    for node in links.order:
        if node.op is not None and node in links.relevant:
            for x, slope in node_slopes(node):
                if not math.isfinite(slope) and x in links.relevant:
                    return [
                        f"{_called(links, node)} has the slope {slope!r} by {_called(links, x)}: "
                        f"{_operation(links, node)}{_place(node)}"
                    ]
    return []


def _stops(links: Links) -> list[str]:
    """Where slopes of 0 end all ways from the variable on."""
    alive = {links.wrt}
    found = []
    for node in links.order:
        if node.op is None or node not in links.relevant:
            continue
        by_slope = [(x, slope) for x, slope in node_slopes(node) if x in alive]
        if any(slope != 0.0 for _, slope in by_slope):
            alive.add(node)
        elif by_slope or any(x in alive for x in flat_args(node) if type(x) is not float):
            found.append(f"{_stopped(links, node)}{_place(node)}")
    if links.out in alive:
        return []
    more = [f"and at {len(found) - MOST:,} more places"] if len(found) > MOST else []
    return found[:MOST] + more


def _stopped(links: Links, node: Value) -> str:
    """Why the slope of an operation is 0."""
    assert node.op is not None
    name, op = _called(links, node), node.op.name
    args = flat_args(node)
    x = args[0] if type(args[0]) is float else args[0].data
    if op == "relu":
        return f"{name} is the relu of {x:.6g}, and relu is flat at 0 and below: a dead relu"
    if op in ("sigmoid", "tanh", "erf", "softplus"):
        return f"{name} is the {op} of {x:.6g}, where {op} is flat to all digits: it is saturated"
    if op in ("mul", "dot"):
        return f"{name} is a product with a factor 0: {_operation(links, node)}"
    if op in ("maximum", "minimum", "where"):
        return f"{name} chose another operand: {_operation(links, node)}"
    if op == "pow" and x == 0.0:
        return f"{name} is a power of 0: {_operation(links, node)}"
    return f"{name} has the slope 0: {_operation(links, node)}"


def _operation(links: Links, node: Value) -> str:
    """The operation with its numbers, as "log(0)"."""
    assert node.op is not None
    numbers = [f"{x if type(x) is float else x.data:.6g}" for x in flat_args(node)[:6]]
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
