"""What a derivation speaks of: the named Values from a variable to a result, and how each depends on others.

What has no name is folded into the formula of the next that has one, so that a derivation reads like a
textbook and not like a tape.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict

from autograd.formulas.formula import slopes
from autograd.formulas.simplify import simplified
from autograd.formulas.symbol import Symbol
from autograd.graph.engine import Value, walk
from autograd.graph.lines import call, flatten
from autograd.graph.names import all_names, given_names
from autograd.graph.sweeps import reverse, times
from autograd.graph.walks import depending, flat_args, topological_order
from autograd.table.slopes import number_slopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

LONGEST = 8  # operations that one formula may have without a name inside
LONGEST_ASIDE = 4  # and one that does not depend on the variable


class Links:
    """The named Values on the way from `wrt` to `out`, each with its users among them.

    Where `apart` is asked for, what paths from `wrt` to `out` go through is named wherever they part.

    Attributes:
        order: all Values that `out` was made from, operands before users.
        relevant: those of them that depend on `wrt`, itself included.
        adjoint: the derivative of `out` by each relevant Value, as `backward` computes it.
        edges: for each relevant Value its users, one for each arrow, with the slope; only those users by
            which `out` has a derivative that is not 0.
        name: the names; also of what stands aside, where a formula mentions it.
        users: for each named Value on the way the named ones made from it directly, with the slope.
    """

    def __init__(
        self, out: Value, wrt: Value, names: Mapping[Any, Any] | None, *, apart: bool = False
    ) -> None:
        self.out, self.wrt = out, wrt
        self.order = topological_order(out)
        self.relevant = depending(self.order, wrt)
        self.edges: dict[Value, list[tuple[Value, float]]] = defaultdict(list)
        self.adjoint = self._sweep()
        for every in (False, True):
            self.name = self._names(names, apart, every)
            self.users = self._users()
            if self._adds_up():
                break

    def value(self) -> float:
        """The derivative of `out` by `wrt`."""
        return self.adjoint.get(self.wrt, 0.0)

    def _sweep(self) -> dict[Value, float]:
        inner, _ = walk(self.out)
        adjoint = dict.fromkeys(self.relevant, 0.0)
        if self.out in adjoint:
            adjoint[self.out] = 1.0

        def slopes(node: Value, wanted: Any) -> list[tuple[Value, float]]:
            found = number_slopes(node, wanted)
            for x, slope in found:
                self.edges[x].append((node, slope))
            return found

        reverse([node for node in inner if node in self.relevant], adjoint, slopes)
        return adjoint

    def _users(self) -> dict[Value, dict[Value, float]]:
        users: dict[Value, dict[Value, float]] = defaultdict(dict)
        for node in self.order:
            if node in self.name and node in self.relevant and node is not self.wrt:
                for x, slope in self._local_slopes(node).items():
                    users[x][node] = slope
        return users

    def _adds_up(self) -> bool:
        """Whether the slopes of the folded formulas give the derivatives that the sweep gives.

        They need not where a slope inside a formula is infinite and another is 0.
        """
        for node, users in self.users.items():
            shares = [times(self.adjoint[user], slope) for user, slope in users.items()]
            total, size = sum(shares), sum(map(abs, shares))
            if not same(total, self.adjoint[node], 1e-9 * size):
                return False
        return True

    def _names(self, names: Mapping[Any, Any] | None, apart: bool, every: bool) -> dict[Value, str]:
        """Names for all that is spoken of: what has one, leaves, and where formulas would grow too long.

        Where `every` one is asked for, all that depends on the variable.
        """
        given = given_names(self.order, names)
        users: dict[Value, list[Value]] = defaultdict(list)
        for node in self.order:
            for x in dict.fromkeys(x for x in flat_args(node) if type(x) is not float):
                users[x].append(node)
        running = {x for x in self.order if _is_sum(x) and len(users[x]) == 1 and _is_sum(users[x][0])}
        own = self._terms_of_long_sums(running)  # Values that are named, too
        if apart:
            own |= self._where_paths_part(users, given)
        chosen: set[Value] = set()
        sizes: dict[Value, int] = {}  # of the formula in what is named before
        for node in self.order:
            size = 1 + sum(sizes[x] for x in flat_args(node) if type(x) is not float)
            aside = node not in self.relevant
            named = node in given or node.op is None or node is self.out or node is self.wrt
            if named or (every and not aside):
                chosen.add(node)
            elif node in running:
                pass  # the sum so far is no quantity of its own
            else:
                long = size > (LONGEST_ASIDE if aside else LONGEST)
                shared = len(users[node]) > 1 < size and not aside
                if node in own or long or shared:
                    chosen.add(node)
            sizes[node] = 0 if node in chosen else size
        return {x: name for x, name in all_names(self.order, self.out, given).items() if x in chosen}

    def _where_paths_part(self, users: Mapping[Value, list[Value]], given: Mapping[Value, str]) -> set[Value]:
        """The users of one Value that would be folded into the same formula."""
        top: dict[Value, Value] = {}
        for node in reversed(self.order):
            tops = {top[user] for user in users[node] if user in self.relevant}
            named = node in given or node is self.out
            top[node] = tops.pop() if len(tops) == 1 and not named else node
        found: set[Value] = set()
        for x in self.relevant:
            parting = [user for user in users[x] if user in self.relevant]
            count = Counter(top[user] for user in parting)
            found.update(user for user in parting if count[top[user]] > 1)
        return found

    def _terms_of_long_sums(self, running: set[Value]) -> set[Value]:
        """What is computed on the way, and added up with many others like it."""
        found: set[Value] = set()
        for node in self.order:
            if node.op is None or node in running:
                continue
            if _is_sum(node):
                terms, stack = [], [node]
                while stack:
                    inside = [x for x in flat_args(stack.pop()) if type(x) is not float]
                    terms += [x for x in inside if x not in running]
                    stack += [x for x in inside if x in running]
            else:
                terms = [x for x in flat_args(node) if type(x) is not float]
            if len(terms) > LONGEST:
                found.update(x for x in terms if x.op is not None and x in self.relevant)
        return found

    def _local_slopes(self, top: Value) -> dict[Value, float]:
        """The slopes of a named Value by the named ones on the way that its formula mentions."""
        adjoints: dict[Value, float] = {top: 1.0}
        found: dict[Value, float] = {}
        for node in reversed(flatten(top, stop=self.name).nodes):
            if node not in self.relevant or node not in adjoints:  # no slope reaches it
                continue
            for x, slope in number_slopes(node):
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
        region = flatten(top, stop=self.name)
        return region.run([Symbol(self.name[x]) for x in region.inputs], call)[top]


def same(x: float, y: float, tolerance: float) -> bool:
    """Whether two numbers are equal but for rounding, or both nan."""
    return x == y or abs(x - y) <= tolerance < math.inf or (x != x and y != y)


def _is_sum(node: Value) -> bool:
    return node.op is not None and node.op.kind == "sum" and not node.op.variadic
