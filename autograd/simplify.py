"""Simplifying formulas as people do: like terms and like factors together, numbers computed.

Unlike `rules`, which change no bit of any number, this is algebra: it holds wherever both sides are
defined, and to rounding.
"""

from __future__ import annotations

from autograd import ops
from autograd.dag import flat_args, replaced, topological_order
from autograd.symbol import Symbol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    # Terms by the set of their factors: the number before them, and the factors in order.
    Sum = dict[frozenset[Any], tuple[float, dict[Any, float]]]
    Product = tuple[float, dict[Any, float]]  # a number, and bases with their exponents

MASKS = frozenset(("lt", "le", "eq", "ne", "where", "sign"))  # what is 0 where something does not count
LONGEST = 8  # operands of a dot or sum that are written out


def simplified(symbol: Any) -> Any:
    """A formula that is equal to a Symbol (or float), with like terms and factors collected."""
    if not isinstance(symbol, Symbol):
        return symbol
    order = topological_order(symbol)
    ends = {symbol}  # of chains of sums: terms are collected there, once
    for node in order:
        if node.op is not None and node.op.name not in ("add", "sub"):
            ends.update(x for x in flat_args(node) if not isinstance(x, float))
    new: dict[Any, Any] = {}
    for node in order:
        if node.op is None:
            new[node] = node
            continue
        args = replaced(node.args, new.__getitem__, {})
        inside = node.op.name in ("add", "sub") and node not in ends
        new[node] = node.op(*args) if inside else _rebuilt(node, args)
    return new[symbol]


def _rebuilt(node: Symbol, args: tuple[Any, ...]) -> Any:
    assert node.op is not None
    name = node.op.name
    if name == "dot" and len(args[0]) <= LONGEST:
        terms = [_of_product(*_product(ops.mul(x, y))) for x, y in zip(*args, strict=True)]
        return _of_sum(_sum(terms))
    if name == "sum_of" and len(args[0]) <= LONGEST:
        return _of_sum(_sum(args[0]))
    if name in ("add", "sub"):
        return _of_sum(_sum((node.op(*args),)))
    if name in ("eq", "le", "ne", "lt") and args[0] is args[1]:
        return float(name in ("eq", "le"))
    if name == "ne" and args[1] == 0.0 and _is_relation(args[0]):
        return args[0]
    new = node.op(*args)
    if name in ("mul", "div", "neg", "chain", "pow"):
        return _of_product(*_product(new))
    return new


def _sum(terms: Iterable[Any]) -> Sum:
    """The terms of a sum, and of the sums in it, also of those that a number is multiplied with."""
    found: Sum = {}
    stack = [(term, 1.0) for term in reversed(list(terms))]
    while stack:
        term, factor = stack.pop()
        if _is_sum(term):
            stack.append((term.args[1], factor if term.op.name == "add" else -factor))
            stack.append((term.args[0], factor))
            continue
        number, bases = _product(term)
        ((base, exponent),) = bases.items() if len(bases) == 1 else ((None, 0.0),)
        if exponent == 1.0 and _is_sum(base):
            stack.append((base, factor * number))
            continue
        key = frozenset(bases.items())
        before, bases = found.get(key, (0.0, bases))
        found[key] = before + factor * number, bases
    return found


def _is_sum(x: Any) -> bool:
    return isinstance(x, Symbol) and x.op is not None and x.op.name in ("add", "sub")


def _of_sum(found: Sum) -> Any:
    total: Any = None
    for number, bases in found.values():
        if number == 0.0:
            continue
        size = _of_product(abs(number), bases)
        if total is None:
            total = size if number > 0.0 or number != number else -size
        else:
            total = total - size if number < 0.0 else total + size
    return 0.0 if total is None else total


def _product(symbol: Any) -> Product:
    """The factors of a formula."""
    number = 1.0
    bases: dict[Any, float] = {}
    stack = [(symbol, 1.0)]
    while stack:
        x, exponent = stack.pop()
        op = None if isinstance(x, float) else x.op
        name = "" if op is None else op.name
        if isinstance(x, float):
            number *= ops.pow(x, exponent)
        elif name in ("mul", "chain"):
            stack += [(x.args[1], exponent), (x.args[0], exponent)]
        elif name == "div":
            stack += [(x.args[1], -exponent), (x.args[0], exponent)]
        elif name == "neg" and exponent.is_integer():
            number *= 1.0 if exponent % 2.0 == 0.0 else -1.0
            stack.append((x.args[0], exponent))
        elif name == "pow" and isinstance(x.args[1], float) and (x.args[1] * exponent).is_integer():
            stack.append((x.args[0], x.args[1] * exponent))
        else:
            bases[x] = bases.get(x, 0.0) + exponent
    return number, bases


def _of_product(number: float, bases: dict[Any, float]) -> Any:
    """The product as a formula; masks keep what they multiply from counting, also where it is infinite."""
    if number == 0.0:
        return 0.0
    masks = [_power(base, e) for base, e in bases.items() if _is_mask(base) and e > 0.0]
    others = {base: e for base, e in bases.items() if not (_is_mask(base) and e > 0.0)}
    above = [_power(base, e) for base, e in others.items() if e > 0.0]
    below = [_power(base, -e) for base, e in others.items() if e < 0.0]
    size = abs(number)
    if masks and below:
        product = ops.chain(_times(size, masks), _divided(_times(1.0, above), below))
    elif masks:
        product = _times(size, [*masks, *above], ops.chain)
    else:
        product = _divided(_times(size, above), below)
    return -product if number < 0.0 else product


def _times(number: float, factors: list[Any], times: Any = ops.mul) -> Any:
    """The number, unless it is 1, and the factors, from left to right."""
    product: Any = number
    for factor in factors:
        product = factor if type(product) is float and product == 1.0 else times(product, factor)
    return product


def _divided(numerator: Any, factors: list[Any]) -> Any:
    return ops.div(numerator, _times(1.0, factors)) if factors else numerator


def _power(base: Any, exponent: float) -> Any:
    return base if exponent == 1.0 else ops.pow(base, exponent)


def _is_relation(x: Any) -> bool:
    return isinstance(x, Symbol) and x.op is not None and x.op.name in ("lt", "le", "eq", "ne")


def _is_mask(base: Any) -> bool:
    return base.op is not None and base.op.name in MASKS
