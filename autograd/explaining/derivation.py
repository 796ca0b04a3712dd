"""A derivation as a story: which derivatives are taken, in which order, and of what factors each consists."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from autograd.explaining.named_graph import Links
from autograd.graph.sweeps import times

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from autograd.graph.engine import Value

MOST_PARTS = 40  # derivatives that are taken in one derivation


@dataclass
class Factor:
    """The derivative of one named Value by another that its formula mentions.

    Attributes:
        top, bottom: their names.
        definition: the formula of `top`.
        formula: its derivative by `bottom`.
        value: the number of that.
    """

    top: str
    bottom: str
    definition: Any
    formula: Any
    value: float


@dataclass
class Part:
    """The derivative of the result by one named Value.

    It is a product: of the derivative by `fork`, if there is one, and the factors. A fork is a Value with
    several users, and the derivative by it the sum over them; or one whose derivative was told before.

    Attributes:
        name: the Value's name.
        value: the derivative.
        factors: from the result, or the fork, down to the Value.
        fork: the name of the Value with several users that all goes through, or "".
        terms: for a fork's own part, for each user the derivative by it and the factor, the largest first.
        rest: how many further terms there are, and their sum.
        parts: how the derivatives in it are derived in turn.
    """

    name: str
    value: float
    factors: list[Factor] = field(default_factory=list)
    fork: str = ""
    terms: list[tuple[float, Factor]] = field(default_factory=list)
    rest: tuple[int, float] = (0, 0.0)
    parts: list[Part] = field(default_factory=list)


@dataclass
class Path:
    """One way from the variable to the result: the slopes on it, and their product."""

    names: list[str]  # from the result down to the variable
    slopes: list[float]
    value: float


def by_node(links: Links, most: int) -> tuple[Part, int]:
    """The derivative by the variable, and those that it needs; of a sum the `most` largest terms.

    Also how many derivatives are used without being derived in turn.
    """
    teller = _Teller(links, most)
    part = teller.part(links.wrt)
    return part, len(teller.left_out - teller.told)


class _Teller:
    def __init__(self, links: Links, most: int) -> None:
        self.links, self.most = links, most
        self.told: set[Value] = set()
        self.left_out: set[Value] = set()

    def part(self, node: Value) -> Part:
        links = self.links
        self.told.add(node)
        part = Part(links.name[node], links.adjoint[node])
        at = node
        while at is not links.out and len(links.users[at]) == 1:
            (user,) = links.users[at]
            part.factors.insert(0, self.factor(user, at))
            at = user
            if at in self.told and at is not links.out:  # from there on it is known
                part.fork = links.name[at]
                return part
        if at is links.out:
            return part
        if at is not node:
            part.fork = links.name[at]
            if self.is_new(at):
                part.parts.append(self.part(at))
            return part
        users = links.users[at]
        shares = {user: times(links.adjoint[user], slope) for user, slope in users.items()}
        shown = list(shares)
        if len(shown) > self.most:
            largest = sorted(shares, key=lambda user: _rank(shares[user]))[: self.most]
            shown = [user for user in shares if user in set(largest)]
            part.rest = len(shares) - self.most, sum(s for u, s in shares.items() if u not in set(largest))
        for user in shown:
            part.terms.append((links.adjoint[user], self.factor(user, at)))
        for user in shown:
            if user is not links.out and self.is_new(user):
                part.parts.append(self.part(user))
        return part

    def is_new(self, node: Value) -> bool:
        """Whether its derivative is to be derived: not told before, and not one too many."""
        if node in self.told:
            return False
        if len(self.told) >= MOST_PARTS:
            self.left_out.add(node)
            return False
        return True

    def factor(self, top: Value, bottom: Value) -> Factor:
        links = self.links
        return Factor(
            links.name[top],
            links.name[bottom],
            links.formula(top),
            links.slope_formula(top, bottom),
            links.users[bottom][top],
        )


def by_path(links: Links, most: int) -> tuple[list[Path], int]:
    """The paths from the variable to the result that contribute most, and how many there are in all.

    A path's size is a product, so the largest ones to a Value go on the largest ones to those before it.
    """
    best: dict[Value, list[tuple[float, tuple[Any, ...]]]] = {links.wrt: [(1.0, ())]}
    number: dict[Value, int] = {links.wrt: 1}
    for node in links.order:
        if node not in links.users:
            continue
        for user, slope in links.users[node].items():
            number[user] = number.get(user, 0) + number.get(node, 0)
            extended = [(times(value, slope), (node, slope, way)) for value, way in best.get(node, [])]
            several = best.get(user, []) + extended
            if len(several) > most:
                several = sorted(several, key=lambda found: _rank(found[0]))[:most]
            best[user] = several
    paths = []
    for value, way in best.get(links.out, []):
        names, slopes = [links.name[links.out]], []
        while way:
            node, slope, way = way
            names.append(links.name[node])
            slopes.append(slope)
        paths.append(Path(names, slopes, value))
    return paths, number.get(links.out, 0)


def _rank(share: float) -> float:
    """What shares are sorted by, the largest first; nan counts as infinite."""
    return -abs(share) if share == share else -math.inf
