"""Simplifying formulas as people do: like terms and like factors together, numbers computed.

Unlike `rules`, which change no bit of any number, this is algebra: it holds wherever both sides are
defined, and to rounding. Strong zero is kept: a factor of a derivative that is 0 on whole regions (a
relation, a sign, a relu) stays apart from others that may be infinite there, as in
``where(x < y, 1 / x, 0)`` or ``chain(sign(x), log(y))``. For this, variables count as finite.
"""

from __future__ import annotations

import math
from typing import NamedTuple
from weakref import WeakKeyDictionary

from autograd.formulas.symbol import Symbol
from autograd.graph.walks import flat_args, replaced, topological_order
from autograd.table import ops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    # Terms by the set of their factors.
    Sum = dict[frozenset[Any], "Product"]

RELATIONS = frozenset(("lt", "le", "eq", "ne"))  # 1 or 0
SUMS = frozenset(("add", "sub"))
PIECEWISE = frozenset(("relu", "fmod", "maximum", "minimum", "abs"))
VANISHING = frozenset(("relu", "fmod", "maximum", "minimum"))  # 0 on whole regions
PARTIAL = frozenset("pow log log1p log2 log10 sqrt asin acos acosh atanh".split())  # nan on whole regions
POLES = frozenset("div pow log log1p log2 log10 atanh fmod logsumexp".split())  # infinite at single points
PRODUCTS = frozenset(("mul", "chain", "div", "neg"))  # and powers, and `where` of a relation and 0
LONGEST = 8  # operands of a dot or sum that are written out


class Product(NamedTuple):
    """A finite number, times bases with their exponents in order.

    `strong`: whether a factor of 0 makes it 0 whatever the others are.
    """

    number: float
    bases: dict[Any, float]
    strong: bool


def simplified(symbol: Any) -> Any:
    """A formula that is equal to a Symbol (or float), with like terms and factors collected."""
    if not isinstance(symbol, Symbol):
        return symbol
    order = topological_order(symbol)
    # The ends of chains of sums, or of products: there, and only there, terms or factors are collected.
    ends = {symbol}
    for node in order:
        kind = _kind(node)
        ends.update(x for x in flat_args(node) if not isinstance(x, float) and (not kind or _kind(x) != kind))
    new: dict[Any, Any] = {}
    for node in order:
        if node.op is None:
            new[node] = node
            continue
        args = replaced(node.args, new.__getitem__, {})
        new[node] = _rebuilt(node, args) if node in ends or not _kind(node) else node.op(*args)
    return new[symbol]


def _kind(node: Symbol) -> str:
    """Whether it is a link in a chain of sums, or of products; else ""."""
    name = "" if node.op is None else node.op.name
    if name in SUMS:
        return "sum"
    return "product" if name in PRODUCTS or _is_whole_power(node) or _is_masked(node) else ""


def _is_whole_power(node: Symbol) -> bool:
    return (
        node.op is not None
        and node.op.name == "pow"
        and isinstance(node.args[1], float)
        and node.args[1].is_integer()
    )


def _is_masked(node: Symbol) -> bool:
    """Whether it is what a product becomes when one of its factors is a relation."""
    return (
        node.op is not None and node.op.name == "where" and node.args[2] == 0.0 and _is_boolean(node.args[0])
    )


def _rebuilt(node: Symbol, args: tuple[Any, ...]) -> Any:
    assert node.op is not None
    name = node.op.name
    if name == "dot" and len(args[0]) <= LONGEST:
        terms = [_of_product(_product(ops.mul(x, y))) for x, y in zip(*args, strict=True)]
        return _of_sum(_sum(terms))
    if name == "sum_of" and len(args[0]) <= LONGEST:
        return _of_sum(_sum(args[0]))
    if name in SUMS:
        return _of_sum(_sum((node.op(*args),)))
    if name in RELATIONS and args[0] is args[1] and not facts(args[0]).undefined:
        return float(name in ("eq", "le"))
    if name == "ne" and args[1] == 0.0 and _is_relation(args[0]):
        return args[0]
    new = node.op(*args)
    if name in PRODUCTS or name == "pow" or (isinstance(new, Symbol) and _is_masked(new)):
        return _of_product(_product(new))
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
        number, bases, strong = _product(term)
        ((base, exponent),) = bases.items() if len(bases) == 1 else ((None, 0.0),)
        if exponent == 1.0 and _is_sum(base):
            stack.append((base, factor * number))
            continue
        infinite = any(isinstance(base, float) for base in bases)
        key = frozenset([object()] if infinite else bases.items())  # inf - inf is not 0
        before = found.get(key) or Product(0.0, bases, strong)
        found[key] = Product(before.number + factor * number, before.bases, before.strong or strong)
    return found


def _is_sum(x: Any) -> bool:
    return isinstance(x, Symbol) and x.op is not None and x.op.name in SUMS


def _of_sum(found: Sum) -> Any:
    total: Any = None
    for term in found.values():
        size = _of_product(term._replace(number=abs(term.number)))
        if type(size) is float and size == 0.0:
            continue
        if total is None:
            total = -size if term.number < 0.0 else size
        else:
            total = total - size if term.number < 0.0 else total + size
    return 0.0 if total is None else total


def _product(symbol: Any) -> Product:
    """The factors of a formula."""
    number, strong = 1.0, False
    bases: dict[Any, float] = {}
    stack = [(symbol, 1.0)]
    while stack:
        x, exponent = stack.pop()
        op = None if isinstance(x, float) else x.op
        name = "" if op is None else op.name
        if isinstance(x, float) and math.isfinite(x):
            number *= ops.pow(x, exponent)
        elif name in ("mul", "chain"):
            strong |= name == "chain"
            stack += [(x.args[1], exponent), (x.args[0], exponent)]
        elif name == "div":
            stack += [(x.args[1], -exponent), (x.args[0], exponent)]
        elif name == "neg" and exponent.is_integer():
            number *= 1.0 if exponent % 2.0 == 0.0 else -1.0
            stack.append((x.args[0], exponent))
        elif name == "pow" and isinstance(x.args[1], float) and (x.args[1] * exponent).is_integer():
            stack.append((x.args[0], x.args[1] * exponent))
        elif name == "where" and exponent > 0.0 and _is_masked(x):
            strong = True
            stack += [(x.args[1], exponent), (x.args[0], exponent)]
        else:
            bases[x] = bases.get(x, 0.0) + exponent
    return Product(number, bases, strong)


def _of_product(product: Product) -> Any:
    """The product as a formula; where it is strong, what may be 0 keeps the rest from counting."""
    number, bases, strong = product
    if number == 0.0:
        if strong or not any(facts(base).undefined for base in bases):
            return 0.0
        return ops.mul(0.0, _of_product(product._replace(number=1.0)))  # nan minus nan is not 0
    apart = _apart(bases) if strong else set()
    conditions = [base for base, e in bases.items() if base in apart and e > 0.0 and _is_relation(base)]
    masks = [
        _power(base, e) if e > 0.0 else _divided(1.0, [_power(base, -e)])
        for base, e in bases.items()
        if base in apart and base not in conditions
    ]
    above = [_power(base, e) for base, e in bases.items() if base not in apart and e > 0.0]
    below = [_power(base, -e) for base, e in bases.items() if base not in apart and e < 0.0]
    size = abs(number)
    if not above and not below:  # then nothing can be infinite but a mask
        masks, above = masks[1:], masks[:1]
    result = _divided(_times(size, above), below)
    for mask in reversed(masks):
        result = ops.chain(mask, result)
    condition = _times(1.0, conditions)
    if conditions and isinstance(result, float):
        result = _times(result, conditions)
    elif conditions:
        result = ops.where(condition, result, 0.0)
    return -result if number < 0.0 else result


def _apart(bases: dict[Any, float]) -> set[Any]:
    """The factors that keep the others from counting where they are 0.

    Relations do; so does what else may be 0 on a whole region, if another factor may be infinite there.
    """
    found = {base: facts(base) for base in bases}
    zero = [
        base
        for base, e in bases.items()
        if (found[base].infinite if e < 0.0 else found[base].vanishes or found[base].step)
    ]
    wild = [
        base
        for base, e in bases.items()
        if found[base].infinite or found[base].undefined or (e < 0.0 and found[base].vanishes)
    ]
    return {
        base
        for base in zero
        if (_is_relation(base) and bases[base] > 0.0) or any(other is not base for other in wild)
    }


def _times(number: float, factors: list[Any]) -> Any:
    """The number, unless it is 1, and the factors, from left to right."""
    product: Any = number
    for factor in factors:
        product = factor if type(product) is float and product == 1.0 else ops.mul(product, factor)
    return product


def _divided(numerator: Any, factors: list[Any]) -> Any:
    return ops.div(numerator, _times(1.0, factors)) if factors else numerator


def _power(base: Any, exponent: float) -> Any:
    return base if exponent == 1.0 else ops.pow(base, exponent)


def _is_relation(x: Any) -> bool:
    return isinstance(x, Symbol) and x.op is not None and x.op.name in RELATIONS


def _is_boolean(x: Any) -> bool:
    """Whether it is a relation, or a product of relations."""
    stack = [x]
    while stack:
        node = stack.pop()
        if isinstance(node, Symbol) and node.op is not None and node.op.name == "mul":
            stack += node.args
        elif not _is_relation(node):
            return False
    return True


class _Facts(NamedTuple):
    """What a formula may be on a whole region of ordinary numbers, not at single points alone.

    Overflow does not count.

    Attributes:
        step: it is locally constant, since its ops have no slopes.
        piecewise: it is put together of pieces, on one of which it may equal another formula.
        vanishes: it may be 0, as relu(x) is.
        infinite: it may be infinite, as log(relu(x)) is.
        undefined: it may be nan, as log(x) is.
    """

    step: bool
    piecewise: bool
    vanishes: bool
    infinite: bool
    undefined: bool


_facts: WeakKeyDictionary[Symbol, _Facts] = WeakKeyDictionary()  # those that were found


def facts(symbol: Any) -> _Facts:
    """The facts of a formula, found from those of its operands."""
    if isinstance(symbol, float):
        return _Facts(True, False, symbol == 0.0, math.isinf(symbol), math.isnan(symbol))
    if symbol not in _facts:
        for node in topological_order(symbol):
            if node not in _facts:
                _facts[node] = _found(node, [facts(x) for x in flat_args(node)])
    return _facts[symbol]


def _found(node: Symbol, inside: list[_Facts]) -> _Facts:
    if node.op is None:
        return _Facts(False, False, False, False, False)
    name = node.op.name
    zero = [
        x.vanishes or (x.step and not isinstance(y, float))
        for x, y in zip(inside, flat_args(node), strict=True)
    ]
    infinite = any(x.infinite for x in inside) or (name in POLES and any(zero))
    undefined = (
        any(x.undefined for x in inside) or infinite or (name in PARTIAL and not _is_whole_power(node))
    )
    if not any(node.op.partials):
        return _Facts(True, True, True, infinite, undefined)
    steps = [x.step for x in inside]
    if name == "where":
        return _Facts(any(steps[1:]), True, any(zero[1:]) or any(steps[1:]), infinite, undefined)
    # Of an infinite operand tanh is 1 and exp may be 0: what is made from it may be 0 as well.
    piecewise = name in PIECEWISE or any(x.piecewise for x in inside)
    vanishes = name in VANISHING or infinite or (bool(zero) and _at_zero(node, zero, steps))
    vanishes |= piecewise and name in ("add", "sub", "sum_of", "dot")  # as x - relu(x) is 0
    return _Facts(all(steps), piecewise, vanishes, infinite, undefined)


def _at_zero(node: Symbol, zero: list[bool], steps: list[bool]) -> bool:
    """Whether an op gives 0 where those of its operands do that may be 0."""
    assert node.op is not None
    name = node.op.name
    if name in ("mul", "chain"):
        return any(zero)
    if name in ("div", "pow"):
        return zero[0]
    if len(zero) > 1:
        return all(z or s for z, s in zip(zero, steps, strict=True))
    return zero[0] and node.op.forward(0.0) == 0.0
