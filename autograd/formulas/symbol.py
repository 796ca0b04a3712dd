"""Symbol: a variable or a formula, without a number.

Applying an op to Symbols gives a Symbol, rewritten by `rules` at once. Equal formulas are the same object, so
common subexpressions are shared.
"""

from __future__ import annotations

from math import copysign
from threading import RLock
from weakref import WeakValueDictionary

from autograd.formulas import mathml, notation
from autograd.formulas.rules import RULES
from autograd.graph.lines import flatten, replay
from autograd.graph.walks import replaced
from autograd.table import ops
from autograd.table.op import Op, find, number
from autograd.table.operand import Operand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_lock = RLock()  # reentrant: freeing a Symbol while it is held may run any code
_known: WeakValueDictionary[Any, Symbol] = WeakValueDictionary()


class Symbol(Operand):
    """A variable of this name; ops make formulas of Symbols, which are Symbols, too.

    ``==`` tells whether two formulas are the same. ``<``, ``<=``, ``>``, ``>=``, `eq` and `ne` make
    conditions for `where`, formulas that are 1 where the relation holds, else 0. ``&``, ``|`` and ``~``
    combine conditions.

    Raises:
        TypeError: if the name is not a str.
    """

    __slots__ = ("__weakref__", "args", "name", "op")

    op: Op | None  # None for a variable
    args: tuple[Any, ...]  # Symbols and floats; tuples of them for a variadic op
    name: str  # of a variable; "" for a formula

    def __new__(cls, name: str) -> Symbol:  # noqa: PYI034 - it may be a known Symbol
        if not isinstance(name, str):
            raise TypeError(f"a Symbol has a name, not the {type(name).__name__} {name!r}: write Symbol('x')")
        return _interned(("variable", name), None, (), name)

    @classmethod
    def apply_op(cls, op: Op, args: tuple[Any, ...]) -> Any:
        """The formula of an op with a Symbol among its operands."""
        for pattern, result in RULES:
            if pattern[0] == op.name:
                found: dict[str, Any] = {}
                if all(_matches(p, x, found) for p, x in zip(pattern[1:], args, strict=True)):
                    return _build(result, found)
        return _interned((op, *map(_key, args)), op, args, "")

    def evaluate(self, /, **numbers: Any) -> float:
        """The number of the formula, given a number for each variable by its name.

        Raises:
            KeyError: if the number of a variable is missing.
        """
        flat = flatten(self)
        inputs = [number(numbers[variable.name], variable.name) for variable in flat.inputs]
        result: float = replay(flat.lines, inputs, lambda op, args: op.compute(*args))[-1]
        return result

    def latex(self) -> str:
        """The formula in LaTeX."""
        return notation.latex(self)

    def c(self, name: str = "f") -> str:
        """A C99 function of this name that computes the formula; it needs ``#include <math.h>`` above it.

        Its parameters are the variables in the order in which they first occur. A variable whose name means
        something else in C gets another name, which a comment tells. Compiled without contraction
        (``-ffp-contract=off``), arithmetic gives the same bits as Python, and exp, log, tanh, sin, pow and
        their kin those of the native engine.

        Raises:
            ValueError: if `name` means something else in C, or an op has no C form.
        """
        return notation.c_helpers(self) + notation.c_function(name, flatten(self).inputs, self)

    def __str__(self) -> str:
        return notation.plain(self)

    def __repr__(self) -> str:
        return f"Symbol({self.name or notation.plain(self)!r})"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def _repr_html_(self) -> str | None:
        return mathml.output([(0, [(self.latex(), True)])])

    def __lt__(self, other: Any) -> Any:
        return self._binary(ops.lt, other)

    def __le__(self, other: Any) -> Any:
        return self._binary(ops.le, other)

    def __gt__(self, other: Any) -> Any:
        return self._reflected(ops.lt, other)

    def __ge__(self, other: Any) -> Any:
        return self._reflected(ops.le, other)

    def __and__(self, other: Any) -> Any:
        return self._binary(ops.minimum, other)

    def __or__(self, other: Any) -> Any:
        return self._binary(ops.maximum, other)

    def __invert__(self) -> Any:
        return ops.eq(self, 0.0)

    def __bool__(self) -> bool:
        raise TypeError(
            f"{self} is neither true nor false, since a Symbol has no number: instead of if, and, or, not "
            f"write where(condition, x, y), &, |, ~"
        )

    def __float__(self) -> float:
        raise TypeError(
            f"{self} is a Symbol, which has no number: give its variables numbers with evaluate(x=...), and "
            f"write autograd's functions (autograd.exp, not math.exp)"
        )

    def __reduce__(self) -> Any:
        """Pickle a variable by its name, and a formula by its lines, without recursion."""
        if self.op is None:
            return Symbol, (self.name,)
        flat = flatten(self)
        return _of_lines, ([variable.name for variable in flat.inputs], flat.lines)


def _of_lines(names: list[str], lines: list[tuple[Op, tuple[Any, ...]]]) -> Any:
    return replay(lines, map(Symbol, names), Symbol.apply_op)[-1]


def _formula(lines: list[tuple[Any, Any]]) -> Any:
    """Unpickle a formula of version 0.1: a list of variables and formulas, operands before users."""
    names = [name for op, name in lines if op is None]
    places = [i for i, (op, _) in enumerate(lines) if op is None]
    places += [i for i, (op, _) in enumerate(lines) if op is not None]
    new = {old: i for i, old in enumerate(places)}
    computed = [(op, replaced(args, new.__getitem__, {})) for op, args in lines if op is not None]
    return _of_lines(names, computed)


def _interned(key: Any, op: Op | None, args: tuple[Any, ...], name: str) -> Symbol:
    """The one Symbol of this key."""
    with _lock:
        symbol = _known.get(key)
        if symbol is None:
            symbol = object.__new__(Symbol)
            symbol.op, symbol.args, symbol.name = op, args, name
            _known[key] = symbol
        return symbol


def _key(x: Any) -> Any:
    """A key that identifies an operand; a float by its bits, since 0.0 == -0.0 and nan != nan."""
    if type(x) is tuple:
        return tuple(map(_key, x))
    return x.hex() if type(x) is float else x


def _matches(pattern: Any, x: Any, found: dict[str, Any]) -> bool:
    if type(pattern) is str:
        return _key(found.setdefault(pattern, x)) == _key(x)
    if type(pattern) is float:
        return type(x) is float and x == pattern and copysign(1.0, x) == copysign(1.0, pattern)
    return (
        type(x) is Symbol
        and x.op is not None
        and x.op.name == pattern[0]
        and all(_matches(p, x_i, found) for p, x_i in zip(pattern[1:], x.args, strict=True))
    )


def _build(result: Any, found: dict[str, Any]) -> Any:
    if type(result) is str:
        return found[result]
    if type(result) is float:
        return result
    return find(result[0])(*[_build(part, found) for part in result[1:]])
