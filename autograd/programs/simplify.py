"""Simplification: the lines of a program made anew, shorter, with the same numbers.

- An op of constants is a constant.
- A line that was there already is shared.
- `RULES` of autograd.formulas, which hold to the last bit, replace a line by a shorter one; but not the rule
  that drops a `stop_gradient`, since programs are differentiated again.
- Sums are gathered: a chain of additions becomes one `dot` where at least two terms are products, and one
  `sum_of` where it has three and more terms, in the same order of additions. Both begin with 0.0, so that a
  sum of nothing but negative zeros becomes 0.0; all other results keep every bit.
- Lines that no result and no guard needs are dropped.
"""

from __future__ import annotations

from math import copysign

from autograd._native import engine
from autograd.formulas.rules import RULES
from autograd.graph.lines import flattened
from autograd.table import ops
from autograd.table.op import TABLE, Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    Line = tuple[Op, tuple[Any, ...]]


class _Rules:
    """The rules of an op, by what has to be among the operands: a constant, a line of some op, nothing."""

    def __init__(self) -> None:
        self.constant: dict[float, list[Any]] = {}
        self.line_of: dict[Op, list[Any]] = {}
        self.any: list[Any] = []

    def add(self, operands: tuple[Any, ...], result: Any) -> None:
        inner = [x for x in operands if type(x) is tuple]
        constants = [x for x in operands if type(x) is float]
        if constants:
            self.constant.setdefault(constants[0], []).append((operands, result))
        elif inner:
            self.line_of.setdefault(TABLE[inner[0][0]], []).append((operands, result))
        else:
            self.any.append((operands, result))


_USED = [rule for rule in RULES if "stop_gradient" not in repr(rule)]


def _rules_by_op() -> dict[Op, _Rules]:
    found: dict[Op, _Rules] = {}
    for pattern, result in _USED:
        found.setdefault(TABLE[pattern[0]], _Rules()).add(pattern[1:], result)
    return found


_RULES = _rules_by_op()
if engine is not None:
    engine.set_rules(_USED)


class Builder:
    """Lines that are added one after the other, each simplified when it comes.

    Attributes:
        inputs: how many places come before those of the lines.
        lines: the lines so far.
    """

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.lines: list[Line] = []
        self._known: dict[Any, int] = {}
        self._tuples: dict[Any, tuple[Any, ...]] = {}

    def add(self, op: Op, args: tuple[Any, ...]) -> Any:
        """The operand that stands for `op(*args)`: a place, or a float."""
        if op.variadic:
            args = tuple(map(self._interned, args))
            if op.builtin and all(type(x) is float for xs in args for x in xs):
                return op.compute(*args)
        elif op.builtin and set(map(type, args)) == {float}:
            return op.compute(*args)
        rules = _RULES.get(op)
        if rules is not None:
            found: dict[str, Any] = {}
            for patterns, result in self._candidates(rules, args):
                found.clear()
                if self._match_all(patterns, args, found):
                    return self._build(result, found)
        key = (op, *map(_key, args))
        place = self._known.get(key)
        if place is None:
            place = self._known[key] = self.inputs + len(self.lines)
            self.lines.append((op, args))
        return place

    def _candidates(self, rules: _Rules, args: tuple[Any, ...]) -> list[Any]:
        """The rules that may match."""
        candidates = rules.any
        for x in args:
            more = None
            if type(x) is float:
                more = rules.constant.get(x)
            elif rules.line_of and x >= self.inputs:
                more = rules.line_of.get(self.lines[x - self.inputs][0])
            if more:
                candidates = candidates + more
        return candidates

    def _interned(self, xs: tuple[Any, ...]) -> tuple[Any, ...]:
        """The same sequence, one object for all that are equal."""
        return self._tuples.setdefault(_key(xs), xs)

    def _match_all(self, patterns: Sequence[Any], args: Sequence[Any], found: dict[str, Any]) -> bool:
        for pattern, x in zip(patterns, args, strict=True):
            if type(pattern) is str:
                if _key(found.setdefault(pattern, x)) != _key(x):
                    return False
            elif type(pattern) is float:
                if type(x) is not float or x != pattern or copysign(1.0, x) != copysign(1.0, pattern):
                    return False
            else:
                if type(x) is float or x < self.inputs:
                    return False
                op, inner = self.lines[x - self.inputs]
                if op.name != pattern[0] or not self._match_all(pattern[1:], inner, found):
                    return False
        return True

    def _build(self, result: Any, found: dict[str, Any]) -> Any:
        if type(result) is str:
            return found[result]
        if type(result) is float:
            return result
        return self.add(TABLE[result[0]], tuple([self._build(part, found) for part in result[1:]]))


def _key(x: Any) -> Any:
    """A key that tells operands apart: a place from a number that equals it, and 0.0 from -0.0.

    The key of a zero or nan is a str, which equals the key of no other operand; all nans are one.
    """
    if type(x) is int:
        return (x,)
    if type(x) is float:
        return x if x < 0.0 or x > 0.0 else str(x)
    return (tuple, *map(_key, x)) if float in map(type, x) else (int, x)


def simplified(inputs: int, lines: Any, roots: Sequence[Any]) -> tuple[Any, list[Any]]:
    """The lines made anew, and the operands that stand for the roots.

    The native engine does the same in C, on flat lines, and gives flat lines for such.
    """
    flat = flattened(inputs, lines)
    if flat is None:
        return simplified_in_python(inputs, lines, roots)
    made, new = flat.simplified(roots)
    return made if flat is lines else made.as_list(), new


def simplified_in_python(
    inputs: int, lines: Iterable[Line], roots: Sequence[Any]
) -> tuple[list[Line], list[Any]]:
    """`simplified` for lists."""
    builder = Builder(inputs)
    places: list[Any] = list(range(inputs))
    shared: dict[int, tuple[Any, ...]] = {}
    lines = list(lines)  # which keeps the tuples that `shared` knows by their ids
    for op, args in lines:
        places.append(builder.add(op, tuple([_moved(x, places, shared) for x in args])))
    new = [_moved(root, places, shared) for root in roots]
    made = gathered_sums(inputs, builder.lines, new)
    return without_dead(inputs, made, new)


def gathered_sums(inputs: int, lines: list[Line], roots: Sequence[Any]) -> list[Line]:
    """Lines in which chains of additions are one `dot` or `sum_of` each; no place changes."""
    uses = _uses(inputs, lines, roots)
    result = list(lines)
    gathered: dict[int, list[Any]] = {}  # the terms of an addition, by its place
    inner: set[int] = set()  # additions that are part of a later one
    for i, (op, args) in enumerate(lines, inputs):
        if op is ops.add:
            left, right = args
            terms = gathered.get(left) if type(left) is int and uses[left] == 1 else None
            if terms is not None:
                inner.add(left)
                del gathered[left]
                terms.append(right)
            else:
                terms = [left, right]
            gathered[i] = terms
    for i, terms in gathered.items():
        line = _gathered(terms, inputs, lines, uses)
        if line is not None:
            result[i - inputs] = line
    return result


def _gathered(terms: list[Any], inputs: int, lines: list[Line], uses: list[int]) -> Line | None:
    """A sum as one line; None for two terms that are not both products."""
    if type(terms[0]) is float and terms[0] == 0.0:  # which `dot` and `sum_of` begin with anyway
        terms = terms[1:]
    products = [_product(x, inputs, lines, uses) for x in terms]
    first = terms[0]
    op, args = lines[first - inputs] if type(first) is int and first >= inputs else (None, ())
    begun = op if op and uses[first] == 1 else None  # the sum may go on where another sum ends
    if sum(p is not None for p in products) + (begun is ops.dot) < 2:
        if len(terms) < 3 and begun is not ops.sum_of:
            return None
        if begun is ops.sum_of:
            return ops.sum_of, ((*args[0], *terms[1:]),)
        return ops.sum_of, (tuple(terms),)
    pairs = [p if p is not None else (1.0, x) for p, x in zip(products, terms, strict=True)]
    if begun is ops.dot:
        pairs = [*zip(*args, strict=True), *pairs[1:]]
    return ops.dot, (tuple([x for x, _ in pairs]), tuple([y for _, y in pairs]))


def _product(x: Any, inputs: int, lines: list[Line], uses: list[int]) -> tuple[Any, Any] | None:
    if type(x) is int and x >= inputs and uses[x] == 1:
        op, args = lines[x - inputs]
        if op is ops.mul:
            return args
    return None


def _uses(inputs: int, lines: Sequence[Line], roots: Iterable[Any]) -> list[int]:
    """How often each place is an operand or a root."""
    uses = [0] * (inputs + len(lines))
    for _, args in lines:
        for x in args:
            for x_i in x if type(x) is tuple else (x,):
                if type(x_i) is int:
                    uses[x_i] += 1
    for x in roots:
        if type(x) is int:
            uses[x] += 1
    return uses


def without_dead(inputs: int, lines: Sequence[Line], roots: Sequence[Any]) -> tuple[list[Line], list[Any]]:
    """The lines that the roots need, and the roots at their new places."""
    needed = [False] * (inputs + len(lines))
    for x in roots:
        if type(x) is int:
            needed[x] = True
    seen: set[int] = set()
    for i in range(len(lines) - 1, -1, -1):
        if needed[inputs + i]:
            for x in lines[i][1]:
                if type(x) is int:
                    needed[x] = True
                elif type(x) is tuple and id(x) not in seen:
                    seen.add(id(x))
                    for x_i in x:
                        if type(x_i) is int:
                            needed[x_i] = True
    new: list[Any] = list(range(inputs))
    kept: list[Line] = []
    shared: dict[int, tuple[Any, ...]] = {}
    for i, (op, args) in enumerate(lines):
        new.append(inputs + len(kept))
        if needed[inputs + i]:
            kept.append((op, tuple([_moved(x, new, shared) for x in args])))
    return kept, [x if type(x) is float else new[x] for x in roots]


def _moved(x: Any, new: list[Any], shared: dict[int, tuple[Any, ...]]) -> Any:
    """An operand at its new place; a sequence that lines share stays shared."""
    if type(x) is tuple:
        if id(x) not in shared:
            shared[id(x)] = tuple([x_i if type(x_i) is float else new[x_i] for x_i in x])
        return shared[id(x)]
    return x if type(x) is float else new[x]
