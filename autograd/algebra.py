"""The formula of what was computed, and its derivative: closed expressions with symbols for the leaves."""

from __future__ import annotations

from autograd.backend import Value
from autograd.dag import flat_args, pairs, replaced, topological_order
from autograd.names import all_names, given_names
from autograd.simplify import simplified
from autograd.sweeps import plus, times
from autograd.symbol import Symbol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from autograd.op import Op

MOST = 10_000  # operations of a formula that is written out


def formula(out: Any, *, names: Mapping[Any, Any] | None = None) -> Any:
    """The closed expression of a Value in its leaves, simplified: a `Symbol` (a float if it is constant).

    ``str(formula(out))`` is Python, ``.latex()`` is LaTeX, ``.c()`` is C, ``.evaluate(x=2.0)`` a number.
    Leaves have the names that `explain` and `draw` give them; one that is no name of Python's, such as the
    label "a+b", stands in quotes, and in C it is replaced.

    Args:
        out: the result.
        names: names for leaves without a label: ``locals()``, or a dict.

    Raises:
        TypeError: if `out` is no Value.
        ValueError: if it would be too long to be written.
    """
    if isinstance(out, (Symbol, float)):
        return simplified(out)
    return _checked(simplified(_symbols(_value(out), names, ())[out]))


def derivative(out: Any, wrt: Any, *, names: Mapping[Any, Any] | None = None) -> Any:
    """The derivative of a formula by one of its variables, simplified: a `Symbol`, or a float.

    ``derivative(loss, w)`` is of the Value's formula; ``derivative(derivative(loss, w), "w")``, or of
    Symbols by Symbols, goes on to any order.

    Args:
        out: a Value, Symbol or float.
        wrt: a Value that `out` was made from; or a Symbol, or its name.
        names: names for leaves without a label: ``locals()``, or a dict.

    Raises:
        TypeError: if one is nothing of the kind.
        ValueError: if `out` was not made from the Value `wrt`, or the text would be too long.
    """
    if type(wrt) is Value:
        symbols = _symbols(_value(out), names, (wrt,))
        if wrt not in symbols:
            raise ValueError(f"{out!r} was not made from {wrt!r}: was one of them made again since?")
        out, variable = symbols[out], symbols[wrt]
    else:
        variable = Symbol(wrt) if isinstance(wrt, str) else wrt
        if not isinstance(variable, Symbol) or variable.op is not None:
            raise TypeError(f"a formula is differentiated by a variable, a Symbol or its name, not {wrt!r}")
        if type(out) is Value:
            out = formula(out, names=names)
    if not isinstance(out, Symbol):
        return 0.0
    return _checked(simplified(slopes(out, (variable,))[0]))


def slopes(out: Symbol, wrt: Iterable[Symbol], result: Symbol | None = None) -> list[Any]:
    """The derivatives of a formula by some Symbols in it, by reverse mode, as the rows' partials give them.

    Args:
        out: the formula.
        wrt: variables, or formulas inside of it.
        result: a variable that stands for the formula itself, where a partial asks for the result.
    """
    adjoints: dict[Any, Any] = {out: 1.0}
    for node in reversed(topological_order(out)):
        if node.op is None or node not in adjoints:
            continue
        own = result if node is out and result is not None else node
        for operand, slope in operand_slopes(node.op, node.args, own):
            adjoints[operand] = plus(adjoints.get(operand, 0.0), times(adjoints[node], slope))
    return [adjoints.get(x, 0.0) for x in wrt]


def operand_slopes(op: Op, args: tuple[Any, ...], result: Any) -> list[tuple[Any, Any]]:
    """Each operand of an op that is a Symbol, with the formula of the slope by it."""
    found: list[tuple[Any, Any]] = []
    for x, partial in zip(args, op.partials, strict=True):
        if partial is not None and type(x) is not float:
            try:
                slope = partial(*args, result)
            except ArithmeticError:  # rules are written in plain arithmetic, and floats raise at 1/0
                slope = _by_ieee(partial, args, result)
            found += pairs(x, slope)
    return found


def _by_ieee(partial: Any, args: tuple[Any, ...], result: Any) -> Any:
    """A slope whose constants are put in last: by the table's arithmetic, which never raises."""
    numbers: dict[Any, float] = {}

    def hidden(x: Any) -> Any:
        if type(x) is not float:
            return tuple(map(hidden, x)) if type(x) is tuple else x
        numbers[symbol := Symbol(f"constant {len(numbers)}")] = x
        return symbol

    def shown(slope: Any) -> Any:
        if type(slope) is not Symbol:
            return tuple(map(shown, slope)) if type(slope) is tuple else slope
        new: dict[Any, Any] = {}
        for node in topological_order(slope):
            if node.op is None or any(node is x for x in args):
                new[node] = numbers.get(node, node)
            else:
                new[node] = node.op(*replaced(node.args, new.__getitem__, {}))
        return new[slope]

    return shown(partial(*map(hidden, args), result))


def _value(out: Any) -> Value:
    if type(out) is not Value:
        raise TypeError(f"a formula is that of a Value, not of the {type(out).__name__} {out!r}")
    return out


def _symbols(out: Value, names: Mapping[Any, Any] | None, variables: tuple[Value, ...]) -> dict[Any, Any]:
    """The formula of every Value that it was made from; leaves, and those given, are variables."""
    order = topological_order(out)
    name = all_names(order, out, given_names(order, names))
    symbols: dict[Any, Any] = {}
    shared: dict[int, Any] = {}
    for node in order:
        if node.op is None or any(node is x for x in variables):
            symbols[node] = Symbol(name[node])
        else:
            symbols[node] = node.op(*replaced(node.args, symbols.__getitem__, shared))
    return symbols


def _checked(symbol: Any) -> Any:
    """The formula, unless what is used twice in it makes it too long."""
    if not isinstance(symbol, Symbol):
        return symbol
    sizes: dict[Any, int] = {}
    for node in topological_order(symbol):
        sizes[node] = 1 + sum(sizes[x] for x in flat_args(node) if not isinstance(x, float))
    if sizes[symbol] > MOST:
        raise ValueError(
            f"written out, the formula has {sizes[symbol]:,} operations: take that of a part of it, or "
            f"explain(out, wrt), which goes step by step"
        )
    return symbol
