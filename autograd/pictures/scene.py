"""What a picture shows: boxes, each a Value or many of them, and the arrows between them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from autograd.graph.engine import Value, is_stale
from autograd.graph.walks import flat_args

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    Range = tuple[float, float]


@dataclass
class Box:
    """One box of a picture.

    Attributes:
        name: what arrows know it by.
        kind: "op", "leaf", "parameter", "detached", "constant", "group" (many operations), or "more" (what
            is left out there).
        count: how many Values it stands for.
        label: its name.
        op: its operation, as text.
        data, grad: the lowest and the highest number in it; None where there is none to show.
        details: further lines.
        hint: what a mouse resting on it shows.
        faded: whether it stands back, because something else is meant to stand out.
        stale: whether a number in it is not what its graph gives, since a leaf was given a new number.
    """

    name: str
    kind: str
    count: int = 1
    label: str = ""
    op: str = ""
    data: Range | None = None
    grad: Range | None = None
    details: list[str] = field(default_factory=list)
    hint: str = ""
    faded: bool = False
    stale: bool = False

    @property
    def title(self) -> str:
        """Its label, its op, or both."""
        return " = ".join(filter(None, (self.label, self.op)))

    @property
    def lines(self) -> list[str]:
        """Its further lines, and whether it is stale."""
        return [*self.details, *(["stale"] if self.stale else [])]

    @property
    def steepest(self) -> float:
        """Of its gradients the one of greatest size; nan if one is nan."""
        low, high = self.grad or (0.0, 0.0)
        return low if abs(low) > abs(high) or math.isnan(low) else high


@dataclass
class Arrow:
    """From an operand to its user; in a folded picture for `count` of them."""

    tail: str
    head: str
    count: int = 1
    faded: bool = False


@dataclass
class Scene:
    """Boxes, operands before users, and arrows in the order of the operands.

    Attributes:
        results: the names of the boxes whose results the graph was drawn for.
        notes: lines below the picture, on what it leaves out.
    """

    boxes: list[Box]
    arrows: list[Arrow]
    results: set[str]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Selection:
    """The Values that a picture shows, and what it shows of each.

    Attributes:
        order: the Values, operands before users.
        roots: those that the graph is drawn for.
        names: the names of those that have one.
        labels: the user's names for those that have no label; by them and labels Values are alike.
        lit: those that stand out; None for all alike.
        stale: those whose numbers are not what the graph gives; see `stale_values`.
        grads: the gradients.
        cut: whether operands and users may be missing from `order`; "..." stands for those.
    """

    order: list[Value]
    roots: list[Value]
    names: Mapping[Value, str]
    labels: Mapping[Value, str]
    lit: set[Value] | None
    stale: set[Value]
    grads: Mapping[Value, float]
    cut: bool

    def faded(self, *nodes: Value) -> bool:
        """Whether these stand back, because others stand out."""
        return self.lit is not None and self.lit.isdisjoint(nodes)


def in_full(shown: Selection) -> Scene:
    """A box for every Value and every constant."""
    name = {node: f"n{i}" for i, node in enumerate(shown.order)}
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    for node in shown.order:
        faded = shown.faded(node)
        missing = 0
        for i, x in enumerate(flat_args(node)):
            if type(x) is float:
                constant = Box(f"{name[node]}c{i}", "constant", data=(x, x), faded=shown.lit is not None)
                boxes.append(constant)
                arrows.append(Arrow(constant.name, name[node], faded=shown.lit is not None))
            elif x in name:
                arrows.append(Arrow(name[x], name[node], faded=faded or shown.faded(x)))
            else:
                missing += 1
        if shown.cut and missing:
            boxes.append(Box(f"{name[node]}more", "more", label=f"{missing} more" if missing > 1 else "..."))
            arrows.append(Arrow(f"{name[node]}more", name[node], faded=True))
        boxes.append(
            Box(
                name[node],
                kind_of(node),
                label=shown.names.get(node, ""),
                op=op_text(node),
                data=(node.data, node.data),
                grad=(shown.grads[node],) * 2 if node in shown.grads else None,
                hint=node.path,
                faded=faded,
                stale=node in shown.stale,
            )
        )
    return Scene(boxes, arrows, {name[root] for root in shown.roots if root in name})


def stale_values(order: Iterable[Value]) -> set[Value]:
    """The Values computed from a leaf before it was given its number, and all that was computed from them.

    Args:
        order: Values with all that they were made from, operands before users.
    """
    stale: set[Value] = set()
    for node in order:
        if node.op is not None and (is_stale(node) or any(x in stale for x in flat_args(node))):
            stale.add(node)
    return stale


def gradients_of(order: Sequence[Value]) -> dict[Value, float]:
    """The gradients that Values have; none before `backward` has run."""
    if not any(node.grad != 0.0 for node in order):
        return {}
    return {node: node.grad for node in order if kind_of(node) != "detached"}


def kind_of(node: Value) -> str:
    """The kind of box a Value has; see `Box`."""
    if node.op is not None:
        return "op"
    if node.is_parameter:
        return "parameter"
    return "leaf" if node.requires_grad else "detached"


def op_text(node: Any) -> str:
    """The sign of an op, as "+", or its name; "" for a leaf."""
    return "" if node.op is None else node.op.infix or node.op.name


def box_count(order: Sequence[Value]) -> int:
    """How many boxes the Values have in full, with one for each constant."""
    return len(order) + sum(type(x) is float for node in order for x in flat_args(node))
