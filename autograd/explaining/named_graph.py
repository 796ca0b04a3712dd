"""NamedGraph: the named Values between a variable and a result, with the slopes between them.

Values without a name are folded into the formula of the next named Value, so that a derivation reads like a
textbook and not like a list of single operations.
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

LONGEST = 8  # operations in a formula before part of it gets a name
LONGEST_ASIDE = 4  # the same for a formula that does not depend on the variable


class NamedGraph:
    """The named Values on the paths from `wrt` to `out`, each with its named users.

    With `separate_paths` every node where paths diverge gets a name.

    Attributes:
        order: `out` and all its ancestors, operands before users.
        relevant: the Values in `order` that depend on `wrt`, itself included.
        adjoints: the derivative of `out` by each relevant Value, as `backward` computes it.
        edges: for each relevant Value a pair (user, slope) per edge; users with an adjoint of 0 are skipped.
        names: the names of the named Values, and of Values off the paths that a formula mentions.
        users: for each named Value its next named users, with the slope of each.
    """

    def __init__(
        self, out: Value, wrt: Value, names: Mapping[Any, Any] | None, *, separate_paths: bool = False
    ) -> None:
        self.out, self.wrt = out, wrt
        self.order = topological_order(out)
        self.relevant = depending(self.order, wrt)
        self.edges: dict[Value, list[tuple[Value, float]]] = defaultdict(list)
        self.adjoints = self._sweep()
        for name_all in (False, True):
            self.names = self._names(names, separate_paths, name_all)
            self.users = self._users()
            if self._agrees_with_sweep():
                break

    def derivative(self) -> float:
        """The derivative of `out` by `wrt`."""
        return self.adjoints.get(self.wrt, 0.0)

    def _sweep(self) -> dict[Value, float]:
        inner, _ = walk(self.out)
        adjoints = dict.fromkeys(self.relevant, 0.0)
        if self.out in adjoints:
            adjoints[self.out] = 1.0

        def slopes(node: Value, wanted: Any) -> list[tuple[Value, float]]:
            found = number_slopes(node, wanted)
            for x, slope in found:
                self.edges[x].append((node, slope))
            return found

        reverse([node for node in inner if node in self.relevant], adjoints, slopes)
        return adjoints

    def _users(self) -> dict[Value, dict[Value, float]]:
        users: dict[Value, dict[Value, float]] = defaultdict(dict)
        for node in self.order:
            if node in self.names and node in self.relevant and node is not self.wrt:
                for x, slope in self._local_slopes(node).items():
                    users[x][node] = slope
        return users

    def _agrees_with_sweep(self) -> bool:
        """Whether the slopes of the folded formulas give the adjoints of the sweep.

        They may differ where one slope inside a formula is infinite and another is 0.
        """
        for node, users in self.users.items():
            shares = [times(self.adjoints[user], slope) for user, slope in users.items()]
            total, size = sum(shares), sum(map(abs, shares))
            if not same(total, self.adjoints[node], 1e-9 * size):
                return False
        return True

    def _names(
        self, names: Mapping[Any, Any] | None, separate_paths: bool, name_all: bool
    ) -> dict[Value, str]:
        """Names for leaves, for Values that the user named, and where a formula would grow too long.

        With `name_all` every Value that depends on the variable gets a name.
        """
        given = given_names(self.order, names)
        users: dict[Value, list[Value]] = defaultdict(list)
        for node in self.order:
            for x in dict.fromkeys(x for x in flat_args(node) if type(x) is not float):
                users[x].append(node)
        partial_sums = {x for x in self.order if _is_sum(x) and len(users[x]) == 1 and _is_sum(users[x][0])}
        forced = self._terms_of_long_sums(partial_sums)
        if separate_paths:
            forced |= self._diverging(users, given)
        chosen: set[Value] = set()
        sizes: dict[Value, int] = {}  # of each Value's formula, in operations since the last named Values
        for node in self.order:
            size = 1 + sum(sizes[x] for x in flat_args(node) if type(x) is not float)
            aside = node not in self.relevant
            named = node in given or node.op is None or node is self.out or node is self.wrt
            if named or (name_all and not aside):
                chosen.add(node)
            elif node not in partial_sums:
                long = size > (LONGEST_ASIDE if aside else LONGEST)
                shared = len(users[node]) > 1 < size and not aside
                if node in forced or long or shared:
                    chosen.add(node)
            sizes[node] = 0 if node in chosen else size
        return {x: name for x, name in all_names(self.order, self.out, given).items() if x in chosen}

    def _diverging(self, users: Mapping[Value, list[Value]], given: Mapping[Value, str]) -> set[Value]:
        """The users of one Value that would be folded into the same formula."""
        top: dict[Value, Value] = {}
        for node in reversed(self.order):
            tops = {top[user] for user in users[node] if user in self.relevant}
            named = node in given or node is self.out
            top[node] = tops.pop() if len(tops) == 1 and not named else node
        found: set[Value] = set()
        for x in self.relevant:
            relevant_users = [user for user in users[x] if user in self.relevant]
            count = Counter(top[user] for user in relevant_users)
            found.update(user for user in relevant_users if count[top[user]] > 1)
        return found

    def _terms_of_long_sums(self, partial_sums: set[Value]) -> set[Value]:
        """The computed terms of every sum, or operands of every op, with more than `LONGEST` of them."""
        found: set[Value] = set()
        for node in self.order:
            if node.op is None or node in partial_sums:
                continue
            terms, stack = [], [node]
            while stack:
                inside = [x for x in flat_args(stack.pop()) if type(x) is not float]
                terms += [x for x in inside if x not in partial_sums or not _is_sum(node)]
                stack += [x for x in inside if x in partial_sums and _is_sum(node)]
            if len(terms) > LONGEST:
                found.update(x for x in terms if x.op is not None and x in self.relevant)
        return found

    def _local_slopes(self, top: Value) -> dict[Value, float]:
        """The slopes of a named Value by the relevant named Values in its formula, where a slope leads."""
        region = flatten(top, stop=self.names)
        nodes = [node for node in region.nodes if node in self.relevant]
        adjoints = dict.fromkeys(self.relevant.intersection(region.inputs), 0.0) | dict.fromkeys(nodes, 0.0)
        adjoints[top] = 1.0
        reached = {top}

        def slopes(node: Value, wanted: Any) -> list[tuple[Value, float]]:
            found = number_slopes(node, wanted)
            reached.update(x for x, _ in found)
            return found

        reverse(nodes, adjoints, slopes, reached)
        return {x: adjoints[x] for x in region.inputs if x in reached}

    def formula(self, top: Value) -> Any:
        """The formula of a named Value in the named Values below it."""
        return simplified(self._formula(top))

    def slope_formula(self, top: Value, bottom: Value) -> Any:
        """The derivative of a named Value's formula by a named Value in it."""
        whole = self._formula(top)
        if not isinstance(whole, Symbol):
            return 0.0
        result = Symbol(self.names[top])
        return simplified(slopes(whole, (Symbol(self.names[bottom]),), result)[0])

    def _formula(self, top: Value) -> Any:
        region = flatten(top, stop=self.names)
        return region.run([Symbol(self.names[x]) for x in region.inputs], call)[top]


def same(x: float, y: float, tolerance: float) -> bool:
    """Whether two numbers are equal within a tolerance, or both nan."""
    return x == y or abs(x - y) <= tolerance < math.inf or (x != x and y != y)


def _is_sum(node: Value) -> bool:
    return node.op is not None and node.op.kind == "sum" and not node.op.variadic
