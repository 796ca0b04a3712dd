"""What a derivation speaks of: the named Values from a variable to a result, and how each depends on others.

What has no name is folded into the formula of the next that has one, so that a derivation reads like a
textbook and not like a tape.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from autograd.algebra import slopes
from autograd.backend import Value
from autograd.dag import flat_args, replaced, topological_order
from autograd.ieee import node_slopes
from autograd.names import labels_of, neuron_names, unique_names
from autograd.simplify import simplified
from autograd.sweeps import times
from autograd.symbol import Symbol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

LONGEST = 8  # operations that one formula may have without a name inside
LONGEST_ASIDE = 4  # and one that does not depend on the variable


class Links:
    """The named Values on the way from `wrt` to `out`, each with its users among them.

    Attributes:
        order: all Values that `out` was made from, operands before users.
        relevant: those of them that depend on `wrt`, itself included.
        name: the names; also of what stands aside, where a formula mentions it.
        users: for each named Value on the way the named ones made from it directly, with the slope.
        total: the derivative of `out` by each named Value.
    """

    def __init__(self, out: Value, wrt: Value, names: Mapping[Any, Any] | None) -> None:
        self.out, self.wrt = out, wrt
        self.order = topological_order(out)
        reached = {wrt}
        for node in self.order:
            if any(x in reached for x in flat_args(node) if type(x) is not float):
                reached.add(node)
        self.relevant = reached if wrt in set(self.order) else set()
        self.name = self._names(names)
        self.users: dict[Value, dict[Value, float]] = defaultdict(dict)
        for node in self.order:
            if node in self.name and node in self.relevant and node is not wrt:
                for x, slope in self._local_slopes(node).items():
                    self.users[x][node] = slope
        self.total: dict[Value, float] = {out: 1.0}
        for node in reversed(self.order):
            if node in self.users and node is not out:
                self.total[node] = sum(times(self.total[u], s) for u, s in self.users[node].items())

    def value(self) -> float:
        """The derivative of `out` by `wrt`."""
        return self.total.get(self.wrt, 0.0)

    def _names(self, names: Mapping[Any, Any] | None) -> dict[Value, str]:
        """Names for all that is spoken of: what has one, leaves, and where formulas would grow too long."""
        given = {**neuron_names(self.order), **labels_of(names)}
        repeated = Counter(node.label for node in self.order if node.label)
        users: Counter[Value] = Counter()
        for node in self.order:
            users.update({x for x in flat_args(node) if type(x) is not float})
        wanted: dict[Value, str] = {}
        sizes: dict[Value, int] = {}  # of the formula in what is named before
        for node in self.order:
            name = node.label or given.get(node, "")
            if repeated[name] > 1 and node in given:
                name = given[node]  # w1 of which neuron
            size = 1 + sum(sizes[x] for x in flat_args(node) if type(x) is not float)
            aside = node not in self.relevant
            if name or node.op is None:
                wanted[node] = name
            elif node is self.out:
                wanted[node] = "out"
            elif size > (LONGEST_ASIDE if aside else LONGEST) or (users[node] > 1 < size and not aside):
                wanted[node] = "c?" if aside else "v?"
            sizes[node] = 0 if node in wanted else size
        return unique_names(wanted)

    def _region(self, top: Value) -> list[Value]:
        """What is folded into the formula of a named Value, itself included, operands before users."""
        region: list[Value] = []
        seen: set[Value] = set()
        stack: list[tuple[Value, bool]] = [(top, False)]
        while stack:
            node, done = stack.pop()
            if done:
                region.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack += [
                    (x, False)
                    for x in flat_args(node)
                    if type(x) is not float and x not in self.name and x not in seen
                ]
        return region

    def _local_slopes(self, top: Value) -> dict[Value, float]:
        """The slopes of a named Value by the named ones on the way that its formula mentions."""
        adjoints: dict[Value, float] = {top: 1.0}
        found: dict[Value, float] = {}
        for node in reversed(self._region(top)):
            if node not in self.relevant:
                continue
            for x, slope in node_slopes(node):
                if x in self.relevant:
                    into = found if x in self.name else adjoints
                    into[x] = into.get(x, 0.0) + times(adjoints[node], slope)
        return found

    def formula(self, top: Value) -> Any:
        """The formula of a named Value in those before it."""
        return simplified(self._formula(top))

    def slope_formula(self, top: Value, bottom: Value) -> Any:
        """The derivative of a named Value's formula by one of those in it."""
        whole = self._formula(top)
        if not isinstance(whole, Symbol):
            return 0.0
        result = Symbol(self.name[top])
        return simplified(slopes(whole, (Symbol(self.name[bottom]),), result)[0])

    def _formula(self, top: Value) -> Any:
        symbols: dict[Any, Any] = {}
        shared: dict[int, Any] = {}

        def symbol(x: Value) -> Any:
            return symbols[x] if x in symbols else Symbol(self.name[x])

        for node in self._region(top):
            symbols[node] = node.op(*replaced(node.args, symbol, shared))  # type: ignore[misc]
        return symbols[top]

    def numbers(self) -> dict[str, float]:
        """The number of each name."""
        return {name: node.data for node, name in self.name.items()}
