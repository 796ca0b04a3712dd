"""Names of Values in steps and in the player: a Value without a name is called by its formula."""

from __future__ import annotations

from typing import NamedTuple

from autograd.explaining.typeset import number
from autograd.formulas.notation import plain, python_name
from autograd.formulas.symbol import Symbol
from autograd.graph.names import all_names, given_names
from autograd.graph.walks import flat_args, replaced
from autograd.table.op import ATOM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from autograd.graph.engine import Value

LONGEST = 28  # characters of a formula that serves as a name
MOST_OPERANDS = 4  # of an operation whose formula serves as a name


class StepName(NamedTuple):
    """The name of a Value.

    Attributes:
        name: the name, as a box shows it; no two Values share one.
        text: the name inside a formula.
        precedence: the precedence of `text`, as `plain` needs it.
        made: whether the name is the Value's formula.
    """

    name: str
    text: str
    precedence: int
    made: bool = False

    @property
    def in_derivative(self) -> str:
        """The name after the d of a derivative: a formula gets parentheses."""
        return f"({self.text})" if self.made else self.text


def step_names(
    order: Sequence[Value], out: Value, names: Mapping[Any, Any] | None, digits: int
) -> dict[Value, StepName]:
    """A name for every Value: its own, or its formula if that is short, or else the name of `all_names`.

    Args:
        order: `out` with all its ancestors, operands before users.
        out: the result.
        names: the user's names for Values.
        digits: decimals of the constants in formulas.
    """
    given = given_names(order, names)
    plain_names = all_names(order, out, given)
    unnamed = {node for node in order if node.op is not None and node not in given and node is not out}
    used = set(plain_names.values())
    found: dict[Value, StepName] = {}
    by_name: dict[str, StepName] = {}

    def symbol(node: Value) -> Symbol:
        return Symbol(found[node].name)

    def variable(name: str) -> tuple[str, int]:
        return by_name[name].text, by_name[name].precedence

    for node in order:
        named = None
        if node in unnamed and len(flat_args(node)) <= MOST_OPERANDS:
            assert node.op is not None
            formula = node.op(*replaced(node.args, symbol, {}))
            if isinstance(formula, Symbol) and formula.op is not None:
                text = plain(formula, variable, lambda x: number(x, digits))
                precedence = formula.op.precedence if formula.op.infix else ATOM
                if len(text) <= LONGEST and text not in used:
                    named = StepName(text, text, precedence, made=True)
        if named is None:
            name = plain_names[node]
            named = StepName(name, python_name(name), ATOM)
        used.add(named.name)
        found[node] = by_name[named.name] = named
    return found
