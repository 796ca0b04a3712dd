"""Steps: a computation and its gradient as a sequence of single operations, for the player and for traces."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from autograd.explaining.step_names import step_names
from autograd.explaining.typeset import number
from autograd.formulas.notation import plain, signed
from autograd.formulas.simplify import simplified
from autograd.formulas.symbol import Symbol
from autograd.graph.engine import Value
from autograd.graph.sweeps import reverse, times
from autograd.graph.walks import flat_args, replaced, topological_order
from autograd.table.slopes import number_slopes, operand_slopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence
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


def generate_steps(
    out: Value,
    names: Mapping[Any, Any] | None,
    digits: int,
    slopes: Callable[[Value], list[tuple[Value, float]]] = number_slopes,
) -> Iterator[Step]:
    """The steps that `autograd.steps` returns; `slopes` takes the slopes of a node."""
    order = topological_order(out)
    writer = _StepWriter(order, out, names, digits)
    for node in order:
        yield Step(True, node, None, node.args, 0.0, float("nan"), node.data, writer.forward(node))
    adjoints: dict[Value, float] = {}  # of the Values that want a gradient
    for node in order:
        if node.requires_grad if node.op is None else any(x in adjoints for x in flat_args(node)):
            adjoints[node] = 0.0
    adjoints[out] = 1.0
    yield Step(False, out, None, (), 1.0, 0.0, 1.0, f"{writer.derivative_by(out)} = 1")
    reached = {out}
    shares: list[tuple[Value, int, Value, float]] = []  # user, position of the slope, operand, slope

    def told(node: Value, wanted: Container[Value]) -> list[tuple[Value, float]]:
        found = [(node, i, x, slope) for i, (x, slope) in enumerate(slopes(node)) if x in wanted]
        shares.extend(found)
        reached.update(x for _, _, x, _ in found)
        return [(x, slope) for _, _, x, slope in found]

    reverse(list(adjoints), adjoints, told, reached)
    sums = dict.fromkeys(adjoints, 0.0)
    formulas = cache(writer.slopes)
    for user, i, x, slope in shares:
        before, share = sums[x], times(adjoints[user], slope)
        sums[x] += share
        text = writer.backward(user, x, formulas(user)[i], slope, adjoints[user], share, before)
        yield Step(False, x, user, (), slope, before, sums[x], text)


class _StepWriter:
    """The texts of steps."""

    def __init__(
        self, order: Sequence[Value], out: Value, names: Mapping[Any, Any] | None, digits: int
    ) -> None:
        self.names = step_names(order, out, names, digits)
        self.out, self.digits = out, digits
        self.texts = {named.name: (named.text, named.precedence) for named in self.names.values()}
        self.data = {self.names[node].name: signed(number(node.data, digits)) for node in order}

    def number(self, x: float) -> str:
        text = number(x, self.digits)
        return f"({text})" if text.startswith("-") else text

    def plain(self, formula: Any, filled_in: bool = False) -> str:
        """A formula as text; if `filled_in`, with the numbers of its variables."""
        variable = self.data if filled_in else self.texts
        return plain(formula, variable.__getitem__, lambda x: number(x, self.digits))

    def derivative_by(self, node: Value) -> str:
        return self.quotient(self.out, node)

    def quotient(self, top: Value, bottom: Value) -> str:
        return f"d{self.names[top].in_derivative}/d{self.names[bottom].in_derivative}"

    def symbol(self, node: Value) -> Symbol:
        return Symbol(self.names[node].name)

    def forward(self, node: Value) -> str:
        name = self.names[node].text
        result = f"{name} = {number(node.data, self.digits)}"
        if node.op is None:
            return result
        formula = node.op(*replaced(node.args, self.symbol, {}))
        if not isinstance(formula, Symbol):
            return result
        sides = [name, self.plain(formula), self.plain(formula, filled_in=True)]
        shown = [side for side in dict.fromkeys(sides) if len(side) <= LONGEST]
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
        adjoint: float,
        share: float,
        before: float,
    ) -> str:
        numbers = f"{self.number(adjoint)} * {self.number(slope)}"
        text = f"{self.derivative_by(node)} += {self.derivative_by(user)}"
        if isinstance(formula, Symbol):
            factor = self.plain(formula)
            if formula.op is not None and formula.op.precedence < 2:
                factor = f"({factor})"
            if len(factor) > LONGEST:
                factor = self.quotient(user, node)
            text += f" * {factor} = {numbers}"
        elif slope != 1.0:
            text += f" * {self.number(slope)} = {numbers}"
        text += f" = {number(share, self.digits)}"
        return f"{text}, together {number(before + share, self.digits)}" if before != 0.0 else text
