"""The steps of a computation and of its gradient, one by one: what the player, traces and animations show."""

from __future__ import annotations

from typing import NamedTuple

from autograd.explaining.explanation import number
from autograd.formulas.notation import plain, python_name, signed
from autograd.formulas.simplify import simplified
from autograd.formulas.symbol import Symbol
from autograd.graph.engine import Value
from autograd.graph.names import all_names, given_names
from autograd.graph.sweeps import times
from autograd.graph.walks import flat_args, replaced, topological_order
from autograd.table.slopes import number_slopes, operand_slopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

LONGEST = 100  # letters of a formula that is written out


class Step(NamedTuple):
    """One step, forward or backward; ``str(step)`` tells it in a line.

    Attributes:
        forward: whether a number was computed; else an adjoint, a derivative of the result, received a share.
        node: the Value that was computed, or whose adjoint received it.
        user: backward, the Value that the share came from; None at the result, whose adjoint begins as 1.
        args: forward, the operands: Values and floats.
        slope: backward, the derivative of `user` by `node`.
        before, after: the number, or the adjoint, before and after the step; nan before a number is known.
        text: the step in a line.
    """

    forward: bool
    node: Value
    user: Value | None
    args: tuple[Any, ...]
    slope: float
    before: float
    after: float
    text: str

    def __str__(self) -> str:
        return self.text


def steps_of(out: Value, names: Mapping[Any, Any] | None, digits: int) -> Iterator[Step]:
    """See `autograd.steps`."""
    order = topological_order(out)
    wanting: set[Any] = set()  # the Values that gradients reach
    for node in order:
        if node.requires_grad if node.op is None else any(x in wanting for x in flat_args(node)):
            wanting.add(node)
    teller = _Teller(order, out, names, digits)
    for node in order:
        yield Step(True, node, None, node.args, 0.0, float("nan"), node.data, teller.forward(node))
    adjoints = {out: 1.0}
    yield Step(False, out, None, (), 1.0, 0.0, 1.0, f"{teller.of(out)} = 1")
    for node in reversed(order):
        if node.op is None or node not in adjoints:
            continue
        formulas = teller.slopes(node)
        for i, (x, slope) in enumerate(number_slopes(node)):
            if x in wanting:
                before = adjoints.get(x, 0.0)
                adjoints[x] = before + times(adjoints[node], slope)
                text = teller.backward(node, x, formulas[i], slope, adjoints, before)
                yield Step(False, x, node, (), slope, before, adjoints[x], text)


class _Teller:
    """Writes steps as text."""

    def __init__(
        self, order: Sequence[Value], out: Value, names: Mapping[Any, Any] | None, digits: int
    ) -> None:
        self.name = all_names(order, out, given_names(order, names))
        self.out, self.digits = out, digits
        self.shown = {node: python_name(name) for node, name in self.name.items()}
        self.data = {self.name[node]: signed(number(node.data, digits)) for node in order}

    def number(self, x: float) -> str:
        text = number(x, self.digits)
        return f"({text})" if text.startswith("-") else text

    def plain(self, formula: Any, filled_in: bool = False) -> str:
        """A formula, as it is or with the numbers of its variables, and numbers to the digits asked for."""
        variable = self.data.__getitem__ if filled_in else None
        return plain(formula, variable, lambda x: number(x, self.digits))

    def of(self, node: Value) -> str:
        """The derivative of the result by a Value."""
        return f"d{self.shown[self.out]}/d{self.shown[node]}"

    def symbol(self, node: Value) -> Symbol:
        return Symbol(self.name[node])

    def forward(self, node: Value) -> str:
        result = f"{self.shown[node]} = {number(node.data, self.digits)}"
        if node.op is None:
            return result
        formula = node.op(*replaced(node.args, self.symbol, {}))
        if not isinstance(formula, Symbol):
            return result
        sides = [self.shown[node], self.plain(formula), self.plain(formula, filled_in=True)]
        shown = [side for side in sides if len(side) <= LONGEST]
        return " = ".join([*shown, number(node.data, self.digits)])

    def slopes(self, node: Value) -> list[Any]:
        """The formulas of the slopes, in the order of `number_slopes`."""
        assert node.op is not None
        slopes = operand_slopes(node.op, node.args, replaced(node.args, self.symbol, {}), self.symbol(node))
        return [simplified(slope) for _, slope in slopes]

    def backward(
        self,
        user: Value,
        node: Value,
        formula: Any,
        slope: float,
        adjoints: Mapping[Value, float],
        before: float,
    ) -> str:
        share = number(times(adjoints[user], slope), self.digits)
        what, carried = self.of(node), self.number(adjoints[user])
        text = f"{what} += {self.of(user)}"
        if isinstance(formula, Symbol):
            shown = self.plain(formula)
            bound = shown if formula.op is None or formula.op.precedence >= 2 else f"({shown})"
            text += f" * {bound}" if len(bound) <= LONGEST else f" * d{self.shown[user]}/d{self.shown[node]}"
            text += f" = {carried} * {self.number(slope)}"
        elif slope != 1.0:
            text += f" * {self.number(slope)} = {carried} * {self.number(slope)}"
        text += f" = {share}"
        if before != 0.0:
            text += f", together {number(adjoints[node], self.digits)}"
        return text
