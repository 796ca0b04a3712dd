"""The formula of a Value in its leaves, and the derivative of a formula."""

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

MOST = 10_000  # operations of a simplified formula, written out
MOST_BEFORE = 50_000  # operations of a formula before it is simplified


def formula(out: Any, *, names: Mapping[Any, Any] | None = None) -> Any:
    """The closed expression of a Value in its leaves, simplified: a `Symbol` (a float if it is constant).

    ``str(formula(out))`` is Python, ``.latex()`` is LaTeX, ``.c()`` is C, ``.evaluate(x=2.0)`` a number.
    Leaves have the names that `explain` and `draw` give them. A name that Python would not read as one name,
    such as the label "a+b", stands in quotes; C text replaces it.

    Args:
        out: the result.
        names: names for leaves without a label: ``locals()``, or a dict.

    Raises:
        TypeError: if `out` is not a Value.
        ValueError: if the formula has too many operations.
    """
    if isinstance(out, (Symbol, float)):
        return _simplified(out)
    graph = _Graph(out, names)
    return _simplified(graph.formula(graph.variable(out)))


def derivative(out: Any, wrt: Any, *, names: Mapping[Any, Any] | None = None) -> Any:
    """The derivative of a formula by one of its variables, simplified: a `Symbol`, or a float.

    ``derivative(loss, w)`` differentiates the formula of a Value. The result is a Symbol, so
    ``derivative(derivative(loss, w), "w")`` is the second derivative, and so on. Its number is the gradient
    of `backward`, strong zero included, but since like terms and factors are collected, the two may differ
    where a factor that cancels is 0 or infinite.

    Args:
        out: a Value, Symbol or float.
        wrt: a Value that `out` was made from; or a Symbol, or its name.
        names: names for leaves without a label: ``locals()``, or a dict.

    Raises:
        TypeError: if `out` or `wrt` is an object of another type.
        ValueError: if `out` was not made from the Value `wrt`, or the formula has too many operations.
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
    """The derivatives of a formula by Symbols in it, by reverse mode, not simplified.

    Args:
        out: the formula.
        wrt: variables of the formula, or parts of it.
        result: a variable that partials get as their `out`, in the place of the formula itself.
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
    """A graph of Values with a variable for each Value, whose formula is one op of other variables.

    Written out in the leaves, a formula grows without bound, since a Value that is used twice is written
    twice. Therefore these short formulas are differentiated, and the variables are replaced by their formulas
    at the end, when the length of the result is known.
    """

    def __init__(self, out: Value, names: Mapping[Any, Any] | None, wrt: Value | None = None) -> None:
        if type(out) is not Value:
            raise TypeError(f"a formula is that of a Value, not of the {type(out).__name__} {out!r}")
        self.out, self.wrt = out, wrt
        self.order = topological_order(out)
        self.name = all_names(self.order, out, given_names(self.order, names))
        self.variables: dict[Value, Symbol] = {}
        self.value: dict[Symbol, Value] = {}  # of each variable
        self.written: dict[Value, int] = {}  # the number of operations of each Value's formula, written out
        for node in self.order:
            inside = () if self._ends(node) else flat_args(node)
            self.written[node] = _total(self.written[x] for x in inside if type(x) is not float)
        self.size = _Size()

    def _ends(self, node: Value) -> bool:
        """Whether formulas treat this Value as a variable, whatever it was made from."""
        return node.op is None or node is self.wrt

    def variable(self, node: Value) -> Symbol:
        found = self.variables.get(node)
        if found is None:
            # Inner Values get a name that no Value has: their variables will be replaced.
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
        """A formula with the variables of inner Values replaced by their formulas."""
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
    """The number of operations that formulas have, written out; `known` is a cache."""

    def __init__(self) -> None:
        self.known: dict[Any, int] = {}

    def __call__(self, symbol: Any) -> int:
        if type(symbol) is float:
            return 0
        for node in topological_order(symbol, stop=self.known):
            if node not in self.known:
                self.known[node] = _total(self.known[x] for x in flat_args(node) if type(x) is not float)
        return self.known[symbol]

    def check(self, symbol: Any, most: int = MOST_BEFORE) -> None:
        """Make sure that a formula has no more operations than `most`.

        Raises:
            ValueError: if it has more.
        """
        size = self(symbol)
        if size > most:
            count = f"{size:,}" if size < ENDLESS else "countless"
            raise ValueError(
                f"written out, the formula has {count} operations: take that of a part of it, or "
                f"explain(out, wrt), which goes step by step"
            )


ENDLESS = 10**12  # the largest size that is counted


def _total(sizes: Iterable[int]) -> int:
    return min(1 + sum(sizes), ENDLESS)


def _simplified(result: Any) -> Any:
    """The simplified formula, if it is short enough."""
    _Size().check(result)
    found = simplified(result)
    _Size().check(found, MOST)
    return found
