"""Derivations of a gradient by the chain rule: node by node, or path by path."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from autograd.explaining.named_graph import NamedGraph
from autograd.graph.sweeps import times

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd.graph.engine import Value

MOST_PARTS = 40  # derivatives in one derivation


@dataclass
class Factor:
    """The derivative of one named Value by another in its formula.

    Attributes:
        top, bottom: their names.
        definition: the formula of `top`.
        formula: the derivative of `definition` by `bottom`.
        value: the number that `formula` gives.
    """

    top: str
    bottom: str
    definition: Any
    formula: Any
    value: float


@dataclass
class Derivation:
    """The derivative of the result by one named Value: a product of factors, or a sum of terms.

    A Value with several users is a fork; the derivative by it is a sum of one term for each user. A product
    starts at the result, at a fork, or at a Value whose derivative was derived earlier.

    Attributes:
        name: the Value's name.
        value: the derivative.
        factors: the factors of the product, from its start down to the Value.
        fork: the name of the Value where the product starts; "" if it starts at the result.
        terms: the largest terms of the sum, each as (derivative by the user, factor).
        rest: the number of the other terms, and their sum.
        parts: derivations of the derivatives that are used here.
    """

    name: str
    value: float
    factors: list[Factor] = field(default_factory=list)
    fork: str = ""
    terms: list[tuple[float, Factor]] = field(default_factory=list)
    rest: tuple[int, float] = (0, 0.0)
    parts: list[Derivation] = field(default_factory=list)


@dataclass
class Path:
    """A path from the variable to the result: the slopes along it, and their product."""

    names: list[str]  # from the result down to the variable
    slopes: list[float]
    value: float


def derive_by_node(graph: NamedGraph, most: int) -> tuple[Derivation, int]:
    """The derivation of the derivative by the variable, with the `most` largest terms of each sum.

    Also the number of derivatives that are used without a derivation of their own.
    """
    deriver = _Deriver(graph, most)
    derivation = deriver.derive(graph.wrt)
    return derivation, len(deriver.left_out - deriver.derived)


class _Deriver:
    def __init__(self, graph: NamedGraph, most: int) -> None:
        self.graph, self.most = graph, most
        self.derived: set[Value] = set()
        self.left_out: set[Value] = set()

    def derive(self, node: Value) -> Derivation:
        graph = self.graph
        self.derived.add(node)
        derivation = Derivation(graph.names[node], graph.adjoints[node])
        at = node
        while at is not graph.out and len(graph.users[at]) == 1:
            (user,) = graph.users[at]
            derivation.factors.insert(0, self.factor(user, at))
            at = user
            if at in self.derived and at is not graph.out:
                derivation.fork = graph.names[at]
                return derivation
        if at is graph.out:
            return derivation
        if at is not node:
            derivation.fork = graph.names[at]
            if self.wants_derivation(at):
                derivation.parts.append(self.derive(at))
            return derivation
        users = graph.users[at]
        shares = {user: times(graph.adjoints[user], slope) for user, slope in users.items()}
        shown = list(shares)
        if len(shown) > self.most:
            largest = set(sorted(shares, key=lambda user: _rank(shares[user]))[: self.most])
            shown = [user for user in shares if user in largest]
            rest = sum(share for user, share in shares.items() if user not in largest)
            derivation.rest = len(shares) - self.most, rest
        for user in shown:
            derivation.terms.append((graph.adjoints[user], self.factor(user, at)))
        for user in shown:
            if user is not graph.out and self.wants_derivation(user):
                derivation.parts.append(self.derive(user))
        return derivation

    def wants_derivation(self, node: Value) -> bool:
        """Whether the derivative by a node is still to be derived, and `MOST_PARTS` is not reached."""
        if node in self.derived:
            return False
        if len(self.derived) >= MOST_PARTS:
            self.left_out.add(node)
            return False
        return True

    def factor(self, top: Value, bottom: Value) -> Factor:
        graph = self.graph
        return Factor(
            graph.names[top],
            graph.names[bottom],
            graph.formula(top),
            graph.slope_formula(top, bottom),
            graph.users[bottom][top],
        )


def derive_by_path(graph: NamedGraph, most: int) -> tuple[list[Path], int]:
    """The `most` paths from the variable to the result that contribute most, and the number of all paths.

    The contribution of a path is a product, so the largest paths to a node extend largest paths to its
    operands: each node keeps only its `most` largest.
    """
    best: dict[Value, list[tuple[float, tuple[Any, ...]]]] = {graph.wrt: [(1.0, ())]}
    count: dict[Value, int] = {graph.wrt: 1}
    for node in graph.order:
        if node not in graph.users:
            continue
        for user, slope in graph.users[node].items():
            count[user] = count.get(user, 0) + count.get(node, 0)
            extended = [(times(value, slope), (node, slope, path)) for value, path in best.get(node, [])]
            candidates = best.get(user, []) + extended
            if len(candidates) > most:
                candidates = sorted(candidates, key=lambda candidate: _rank(candidate[0]))[:most]
            best[user] = candidates
    paths = []
    for value, path in best.get(graph.out, []):
        names, slopes = [graph.names[graph.out]], []
        while path:
            node, slope, path = path
            names.append(graph.names[node])
            slopes.append(slope)
        paths.append(Path(names, slopes, value))
    return paths, count.get(graph.out, 0)


def _rank(share: float) -> float:
    """Sorting key that puts the largest share first; nan counts as infinite."""
    return -abs(share) if share == share else -math.inf
