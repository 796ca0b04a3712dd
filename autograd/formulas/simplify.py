"""Simplification: collects like terms and like factors, and computes with numbers.

Unlike `rules`, which change no bit of any number, this is algebra: it holds to rounding, and where both sides
are defined. Strong zero is kept: a factor that is 0 on whole regions (a relation, a sign, a relu) is not
multiplied with factors that may be infinite there, as in ``where(x < y, 1 / x, 0)`` or
``chain(sign(x), log(y))``. Variables count as finite.
"""

from __future__ import annotations

import math
from typing import NamedTuple
from weakref import WeakKeyDictionary

from autograd.formulas.symbol import Symbol
from autograd.graph.lines import call, flatten
from autograd.graph.walks import flat_args, topological_order
from autograd.table import ops
from autograd.table.op import Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    # The terms, by the set of their factors with exponents.
    Sum = dict[frozenset[Any], "Product"]

SUMS = (ops.add, ops.sub)
PRODUCTS = (ops.mul, ops.chain, ops.div, ops.neg)  # and whole powers, and `where` of relations and 0
OF_EQUALS = {ops.lt: 0.0, ops.le: 1.0, ops.eq: 1.0, ops.ne: 0.0}  # a relation of a number with itself
AT_POINTS = (ops.div, ops.fmod, ops.logsumexp)  # singular at single points, not on regions
LONGEST = 8  # a dot or sum_of with more operands is kept as it is


class Product(NamedTuple):
    """A finite number times powers.

    Attributes:
        number: the number.
        bases: the exponent of each base, in order.
        strong: whether a factor of 0 makes the product 0, whatever the other factors are.
    """

    number: float
    bases: dict[Any, float]
    strong: bool


def simplified(symbol: Any) -> Any:
    """The formula, a Symbol or a float, with like terms and factors collected."""
    if not isinstance(symbol, Symbol):
        return symbol
    # Terms and factors are collected at the ends of chains of sums or products, and nowhere else.
    ends = {symbol}
    for node in topological_order(symbol):
        kind = _kind(node)
        ends.update(x for x in flat_args(node) if not isinstance(x, float) and (not kind or _kind(x) != kind))
    flat = flatten(symbol)
    rebuilt = iter([_rebuilt if node in ends or not _kind(node) else call for node in flat.nodes])
    return flat.run(flat.inputs, lambda op, args: next(rebuilt)(op, args))[symbol]


def _kind(node: Symbol) -> str:
    """The kind of chain that the node may be part of: "sum", "product", or ""."""
    if node.op in SUMS:
        return "sum"
    return "product" if node.op in PRODUCTS or _is_whole_power(node) or _is_masked(node) else ""


def _is_whole_power(node: Symbol) -> bool:
    return node.op is ops.pow and isinstance(node.args[1], float) and node.args[1].is_integer()


def _is_masked(node: Symbol) -> bool:
    """Whether it is ``where(relations, x, 0)``, a product one of whose factors is a relation."""
    return node.op is ops.where and node.args[2] == 0.0 and _is_boolean(node.args[0])


def _rebuilt(op: Op, args: tuple[Any, ...]) -> Any:
    if op is ops.dot and len(args[0]) <= LONGEST:
        terms = [_of_product(_product(ops.mul(x, y))) for x, y in zip(*args, strict=True)]
        return _of_sum(_sum(terms))
    if op is ops.sum_of and len(args[0]) <= LONGEST:
        return _of_sum(_sum(args[0]))
    if op in SUMS:
        return _of_sum(_sum((op(*args),)))
    if op in OF_EQUALS and args[0] is args[1] and not facts(args[0]).undefined:
        return OF_EQUALS[op]
    if op is ops.ne and args[1] == 0.0 and _is_relation(args[0]):
        return args[0]
    new = op(*args)
    if op in PRODUCTS or op is ops.pow or (isinstance(new, Symbol) and _is_masked(new)):
        return _of_product(_product(new))
    return new


def _sum(terms: Iterable[Any]) -> Sum:
    """The terms of a sum and of the sums in it, also of sums that are multiplied with a number."""
    found: Sum = {}
    stack = [(term, 1.0) for term in reversed(list(terms))]
    while stack:
        term, factor = stack.pop()
        if _is_sum(term):
            stack.append((term.args[1], factor if term.op is ops.add else -factor))
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
    return isinstance(x, Symbol) and x.op in SUMS


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
        if isinstance(x, float) and math.isfinite(x):
            number *= ops.pow(x, exponent)
        elif op is ops.mul or op is ops.chain:
            strong |= op is ops.chain
            stack += [(x.args[1], exponent), (x.args[0], exponent)]
        elif op is ops.div:
            stack += [(x.args[1], -exponent), (x.args[0], exponent)]
        elif op is ops.neg and exponent.is_integer():
            number *= 1.0 if exponent % 2.0 == 0.0 else -1.0
            stack.append((x.args[0], exponent))
        elif op is ops.pow and isinstance(x.args[1], float) and (x.args[1] * exponent).is_integer():
            stack.append((x.args[0], x.args[1] * exponent))
        elif op is ops.where and exponent > 0.0 and _is_masked(x):
            strong = True
            stack += [(x.args[1], exponent), (x.args[0], exponent)]
        else:
            bases[x] = bases.get(x, 0.0) + exponent
    return Product(number, bases, strong)


def _of_product(product: Product) -> Any:
    """The product as a formula; if it is strong, by `where` and `chain` with the factors that may be 0."""
    number, bases, strong = product
    if number == 0.0:
        if strong or not any(facts(base).undefined for base in bases):
            return 0.0
        return ops.mul(0.0, _of_product(product._replace(number=1.0)))  # nan minus nan is not 0
    cancelled = [base for base, e in bases.items() if e == 0.0]
    bases = {base: e for base, e in bases.items() if e != 0.0}
    apart = _apart(bases) if strong else set()
    conditions = [base for base, e in bases.items() if base in apart and e > 0.0 and _is_relation(base)]
    masks = [
        _power(base, e) if e > 0.0 else _divided(1.0, [_power(base, -e)])
        for base, e in bases.items()
        if base in apart and base not in conditions
    ]
    above = [_power(base, e) for base, e in bases.items() if base not in apart and e > 0.0]
    below = [_power(base, -e) for base, e in bases.items() if base not in apart and e < 0.0]
    kept = [base for base in cancelled if facts(base).vanishes or facts(base).undefined]
    zeros = [base for base in kept if strong and facts(base).vanishes]  # 0 times infinity is 0
    nans = [base for base in kept if base not in zeros]  # nan by nan is nan, and so is 0 by 0
    above, below = above + nans, below + nans
    size = abs(number)
    if not above and not below:  # only a mask can be infinite
        masks, above = masks[1:], masks[:1]
    result = _divided(_times(size, above), below)
    for base in zeros:
        result = ops.chain(base, _divided(result, [base]))
    for mask in reversed(masks):
        result = ops.chain(mask, result)
    condition = _times(1.0, conditions)
    if conditions and isinstance(result, float) and math.isfinite(result):
        result = _times(result, conditions)
    elif conditions:
        result = ops.where(condition, result, 0.0)
    return -result if number < 0.0 else result


def _apart(bases: dict[Any, float]) -> set[Any]:
    """The factors that make a strong product 0 where they are 0.

    These are relations, and factors that may be 0 on a whole region while another factor may be infinite.
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
    """The number, unless it is 1, times the factors, from left to right."""
    product: Any = number
    for factor in factors:
        product = factor if type(product) is float and product == 1.0 else ops.mul(product, factor)
    return product


def _divided(numerator: Any, factors: list[Any]) -> Any:
    return ops.div(numerator, _times(1.0, factors)) if factors else numerator


def _power(base: Any, exponent: float) -> Any:
    return base if exponent == 1.0 else ops.pow(base, exponent)


def _is_relation(x: Any) -> bool:
    return isinstance(x, Symbol) and x.op is not None and x.op.kind == "relation"


def _is_boolean(x: Any) -> bool:
    """Whether a formula is a relation, or a product of relations."""
    stack = [x]
    while stack:
        node = stack.pop()
        if isinstance(node, Symbol) and node.op is ops.mul:
            stack += node.args
        elif not _is_relation(node):
            return False
    return True


class _Facts(NamedTuple):
    """Facts about a formula's number on whole regions of finite numbers, overflow apart.

    Attributes:
        step: it is locally constant, or may choose an operand that is.
        piecewise: it consists of pieces, one of which may equal another formula.
        vanishes: it may be 0, as relu(x) is.
        infinite: it may be infinite, as log(relu(x)) is.
        undefined: it may be nan, as log(x) is.
    """

    step: bool
    piecewise: bool
    vanishes: bool
    infinite: bool
    undefined: bool


_facts: WeakKeyDictionary[Symbol, _Facts] = WeakKeyDictionary()  # a cache


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
    op = node.op
    steps = [x.step for x in inside]
    zeros = [
        x.vanishes or (x.step and not isinstance(y, float))
        for x, y in zip(inside, flat_args(node), strict=True)
    ]
    infinite = any(x.infinite for x in inside) or (op.singular and any(zeros))
    on_region = op.singular and op not in AT_POINTS and not _is_whole_power(node)
    undefined = infinite or on_region or any(x.undefined for x in inside)
    if not any(op.partials):
        return _Facts(True, True, True, infinite, undefined)
    if op is ops.where:
        return _Facts(any(steps[1:]), True, any(zeros[1:]) or any(steps[1:]), infinite, undefined)
    piecewise = op.vanishes or op is ops.abs or any(x.piecewise for x in inside)
    vanishes = (
        op.vanishes
        or infinite  # of an infinite operand exp may be 0, and 1 - tanh is
        or (piecewise and (op.kind == "sum" or op is ops.dot))  # as x - relu(x) is
        or (bool(zeros) and _passes_zeros(op, zeros, steps))
    )
    return _Facts(all(steps), piecewise, vanishes, infinite, undefined)


def _passes_zeros(op: Op, zeros: list[bool], steps: list[bool]) -> bool:
    """Whether the result may be 0 on a whole region where these operands may be."""
    if op is ops.mul or op is ops.chain:
        return any(zeros)
    if op is ops.div or op is ops.pow:
        return zeros[0]
    if len(zeros) > 1 or op.variadic:
        return all(zero or step for zero, step in zip(zeros, steps, strict=True))
    return zeros[0] and _number_at(op, 0.0) == 0.0


def _number_at(op: Op, x: float) -> float:
    try:
        return op.compute(x)
    except (ArithmeticError, ValueError):  # from a function of a user
        return math.nan
