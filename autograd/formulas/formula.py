"""The formula of what was computed, and its derivative: closed expressions with symbols for the leaves."""

from __future__ import annotations

from autograd.formulas.simplify import simplified
from autograd.formulas.symbol import Symbol
from autograd.graph.engine import Value
from autograd.graph.lines import call, flatten, replay
from autograd.graph.names import all_names, given_names
from autograd.graph.sweeps import reverse
from autograd.graph.walks import depending, flat_args, replaced, topological_order
from autograd.table.slopes import operand_slopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from typing import Any

MOST = 10_000  # operations of a formula that is written out
MOST_BEFORE = 50_000  # and before it is simplified


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
        return _simplified(out)
    graph = _Graph(out, names)
    return _simplified(graph.formula(graph.variable(out)))


def derivative(out: Any, wrt: Any, *, names: Mapping[Any, Any] | None = None) -> Any:
    """The derivative of a formula by one of its variables, simplified: a `Symbol`, or a float.

    ``derivative(loss, w)`` is of the Value's formula; ``derivative(derivative(loss, w), "w")``, or of
    Symbols by Symbols, goes on to any order. It is what `backward` computes, strong zero included, but that
    terms and factors are collected: where a factor that cancels is 0 or infinite, it may differ.

    Args:
        out: a Value, Symbol or float.
        wrt: a Value that `out` was made from; or a Symbol, or its name.
        names: names for leaves without a label: ``locals()``, or a dict.

    Raises:
        TypeError: if one is nothing of the kind.
        ValueError: if `out` was not made from the Value `wrt`, or the text would be too long.
    """
    if type(wrt) is Value:
        graph = _Graph(out, names, wrt)
        if wrt not in graph.name:
            raise ValueError(f"{out!r} was not made from {wrt!r}: was one of them made again since?")
        return _simplified(graph.formula(graph.derivative()))
    variable = Symbol(wrt) if isinstance(wrt, str) else wrt
    if not isinstance(variable, Symbol) or variable.op is not None:
        raise TypeError(f"a formula is differentiated by a variable, a Symbol or its name, not {wrt!r}")
    if type(out) is Value:
        out = formula(out, names=names)
    if not isinstance(out, Symbol):
        return 0.0
    return _simplified(slopes(out, (variable,))[0])


def slopes(out: Symbol, wrt: Iterable[Symbol], result: Symbol | None = None) -> list[Any]:
    """The derivatives of a formula by some Symbols in it, by reverse mode, as the rows' partials give them.

    Args:
        out: the formula.
        wrt: variables, or formulas inside of it.
        result: a variable that stands for the formula itself, where a partial asks for the result.
    """
    order = topological_order(out)
    adjoint: dict[Any, Any] = dict.fromkeys(order, 0.0)
    adjoint[out] = 1.0
    size = _Size()

    def of_node(node: Any, _: Container[Any]) -> list[tuple[Any, Any]]:
        size.check(adjoint[node])
        own = result if node is out and result is not None else node
        return operand_slopes(node.op, node.args, node.args, own)

    reverse(order, adjoint, of_node)
    return [adjoint.get(x, 0.0) for x in wrt]


class _Graph:
    """A graph of Values as formulas, each of one op, in which every Value has a variable of its own.

    A formula that is written out grows whenever a Value is used twice, without bound; these do not. So it is
    these that are differentiated, and variables are replaced by their formulas at the end, when it is known
    how long the result will be.
    """

    def __init__(self, out: Value, names: Mapping[Any, Any] | None, wrt: Value | None = None) -> None:
        if type(out) is not Value:
            raise TypeError(f"a formula is that of a Value, not of the {type(out).__name__} {out!r}")
        self.out, self.wrt = out, wrt
        self.order = topological_order(out)
        self.name = all_names(self.order, out, given_names(self.order, names))
        self.variables: dict[Value, Symbol] = {}
        self.value: dict[Symbol, Value] = {}  # what the variables stand for
        self.written: dict[Value, int] = {}  # how many operations each formula has when it is written out
        for node in self.order:
            inside = () if self._ends(node) else flat_args(node)
            self.written[node] = _total(self.written[x] for x in inside if type(x) is not float)
        self.size = _Size()

    def _ends(self, node: Value) -> bool:
        """Whether formulas go no further down than this Value: a variable of the result."""
        return node.op is None or node is self.wrt

    def variable(self, node: Value) -> Symbol:
        found = self.variables.get(node)
        if found is None:
            # A name that no Value has, for one that will be replaced.
            found = Symbol(self.name[node] if self._ends(node) else f"{self.name[node]}\0")
            self.variables[node], self.value[found] = found, node
            self.size.known[found] = self.written[node]
        return found

    def derivative(self) -> Any:
        """The derivative of the result by `wrt`, in variables."""
        relevant = depending(self.order, self.wrt)
        adjoint: dict[Any, Any] = dict.fromkeys(relevant, 0.0)
        adjoint[self.out] = 1.0
        shared: dict[int, Any] = {}

        def slopes(node: Value, wanted: Container[Value]) -> list[tuple[Any, Any]]:
            self.size.check(adjoint[node])
            args = replaced(node.args, self.variable, shared)
            op: Any = node.op
            return operand_slopes(op, node.args, args, self.variable(node), wanted)

        reverse([node for node in self.order if node in relevant and node is not self.wrt], adjoint, slopes)
        return adjoint[self.wrt]

    def formula(self, result: Any) -> Any:
        """A formula in the variables of the result, with the others replaced by their formulas."""
        self.size.check(result)
        if not isinstance(result, Symbol):
            return result
        flat = flatten(result)
        values = [self.value[x] for x in flat.inputs]
        graph = flatten(*[x for x in values if not self._ends(x)], stop={self.wrt})
        whole = graph.run([self.variable(x) for x in graph.inputs], call)
        inputs = [whole.get(value, x) for value, x in zip(values, flat.inputs, strict=True)]
        return replay(flat.lines, inputs, call)[-1]


class _Size:
    """How many operations formulas have when they are written out; `known` are those that were counted."""

    def __init__(self) -> None:
        self.known: dict[Any, int] = {}

    def __call__(self, symbol: Any) -> int:
        if type(symbol) is float:
            return 0
        stack = [symbol]
        while stack:
            inside = [x for x in flat_args(stack[-1]) if type(x) is not float]
            missing = [x for x in inside if x not in self.known]
            if not missing:
                self.known.setdefault(stack.pop(), _total(self.known[x] for x in inside))
            stack += missing
        return self.known[symbol]

    def check(self, symbol: Any, most: int = MOST_BEFORE) -> None:
        """Make sure that a formula is not too long.

        Raises:
            ValueError: if it is.
        """
        size = self(symbol)
        if size > most:
            count = f"{size:,}" if size < ENDLESS else "countless"
            raise ValueError(
                f"written out, the formula has {count} operations: take that of a part of it, or "
                f"explain(out, wrt), which goes step by step"
            )


ENDLESS = 10**12  # sizes are not counted further


def _total(sizes: Iterable[int]) -> int:
    return min(1 + sum(sizes), ENDLESS)


def _simplified(result: Any) -> Any:
    """The formula in fewer operations, unless these are still too many."""
    _Size().check(result)
    found = simplified(result)
    _Size().check(found, MOST)
    return found
