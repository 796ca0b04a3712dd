"""Steps: a computation and its gradient as a sequence of single operations, for the player and for traces."""

from __future__ import annotations

from typing import NamedTuple

from autograd.explaining.typeset import number
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

LONGEST = 100  # characters of the longest formula that is shown


class Step(NamedTuple):
    """One step, forward or backward; ``str(step)`` is its text.

    Forward, a Value's number is computed. Backward, a share is added to a Value's adjoint, the derivative of
    the result by it.

    Attributes:
        forward: whether the step is forward.
        node: the Value that is computed, or whose adjoint receives a share.
        user: backward, the Value that the share comes from; None at the result, whose adjoint starts as 1.
        args: forward, the operands: Values and floats.
        slope: backward, the derivative of `user` by `node`.
        before, after: the number or adjoint before and after the step; nan before a number is computed.
        text: the step in one line.
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


def generate_steps(out: Value, names: Mapping[Any, Any] | None, digits: int) -> Iterator[Step]:
    """The steps that `autograd.steps` returns."""
    order = topological_order(out)
    wants_grad: set[Any] = set()
    for node in order:
        if node.requires_grad if node.op is None else any(x in wants_grad for x in flat_args(node)):
            wants_grad.add(node)
    writer = _StepWriter(order, out, names, digits)
    for node in order:
        yield Step(True, node, None, node.args, 0.0, float("nan"), node.data, writer.forward(node))
    adjoints = {out: 1.0}
    yield Step(False, out, None, (), 1.0, 0.0, 1.0, f"{writer.derivative_by(out)} = 1")
    for node in reversed(order):
        if node.op is None or node not in adjoints:
            continue
        formulas = writer.slopes(node)
        for i, (x, slope) in enumerate(number_slopes(node)):
            if x in wants_grad:
                before = adjoints.get(x, 0.0)
                adjoints[x] = before + times(adjoints[node], slope)
                text = writer.backward(node, x, formulas[i], slope, adjoints, before)
                yield Step(False, x, node, (), slope, before, adjoints[x], text)


class _StepWriter:
    """The texts of steps."""

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
        """A formula as text; if `filled_in`, with the numbers of its variables."""
        variable = self.data.__getitem__ if filled_in else None
        return plain(formula, variable, lambda x: number(x, self.digits))

    def derivative_by(self, node: Value) -> str:
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
        carried = self.number(adjoints[user])
        text = f"{self.derivative_by(node)} += {self.derivative_by(user)}"
        if isinstance(formula, Symbol):
            shown = self.plain(formula)
            factor = shown if formula.op is None or formula.op.precedence >= 2 else f"({shown})"
            text += (
                f" * {factor}" if len(factor) <= LONGEST else f" * d{self.shown[user]}/d{self.shown[node]}"
            )
            text += f" = {carried} * {self.number(slope)}"
        elif slope != 1.0:
            text += f" * {self.number(slope)} = {carried} * {self.number(slope)}"
        text += f" = {share}"
        if before != 0.0:
            text += f", together {number(adjoints[node], self.digits)}"
        return text
