"""Scene: the boxes of a picture, each a Value or a group of Values, and the arrows between them."""

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
        name: its identifier, which arrows refer to.
        kind: "op", "leaf", "parameter", "detached", "constant", "group" (many operations), or "more"
            (operands that the picture leaves out).
        count: the number of Values in it.
        label: the name shown to the user.
        op: the operation, as text.
        data, grad: the lowest and the highest number and gradient; None if there is none to show.
        details: further lines of text.
        hint: the tooltip.
        faded: whether it is drawn pale, because other boxes are highlighted.
        stale: whether it holds a stale Value; see `stale_values`.
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
        """The label, the op, or both."""
        return " = ".join(filter(None, (self.label, self.op)))

    @property
    def lines(self) -> list[str]:
        """The further lines of text, and "stale" if it is."""
        return [*self.details, *(["stale"] if self.stale else [])]

    @property
    def steepest(self) -> float:
        """The gradient of greatest magnitude; nan if any is nan."""
        low, high = self.grad or (0.0, 0.0)
        return low if abs(low) > abs(high) or math.isnan(low) else high


@dataclass
class Arrow:
    """An arrow from an operand to its user; in a folded picture it stands for `count` arrows."""

    tail: str
    head: str
    count: int = 1
    faded: bool = False


@dataclass
class Scene:
    """The contents of a picture.

    Attributes:
        boxes: operands before users.
        arrows: in the order of each user's operands.
        results: the names of the boxes that hold the results.
        notes: lines of text below the picture.
    """

    boxes: list[Box]
    arrows: list[Arrow]
    results: set[str]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Selection:
    """The Values that a picture shows, and the facts it shows about them.

    Attributes:
        order: the Values, operands before users.
        roots: the results that the graph is drawn for.
        names: the names of named Values.
        labels: the user's names for Values without a label; folding groups Values with like names.
        highlighted: the Values to highlight, all others being faded; None fades none.
        stale: the stale Values; see `stale_values`.
        grads: the gradients.
        cut: whether operands may be missing from `order`; a box "..." then stands for them.
    """

    order: list[Value]
    roots: list[Value]
    names: Mapping[Value, str]
    labels: Mapping[Value, str]
    highlighted: set[Value] | None
    stale: set[Value]
    grads: Mapping[Value, float]
    cut: bool

    def faded(self, *nodes: Value) -> bool:
        """Whether other Values are highlighted and none of these."""
        return self.highlighted is not None and self.highlighted.isdisjoint(nodes)


def full_scene(selection: Selection) -> Scene:
    """A scene with a box for every Value and every constant."""
    name = {node: f"n{i}" for i, node in enumerate(selection.order)}
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    for node in selection.order:
        faded = selection.faded(node)
        missing = 0
        for i, x in enumerate(flat_args(node)):
            if type(x) is float:
                fades = selection.highlighted is not None
                boxes.append(Box(f"{name[node]}c{i}", "constant", data=(x, x), faded=fades))
                arrows.append(Arrow(boxes[-1].name, name[node], faded=fades))
            elif x in name:
                arrows.append(Arrow(name[x], name[node], faded=faded or selection.faded(x)))
            else:
                missing += 1
        if selection.cut and missing:
            boxes.append(Box(f"{name[node]}more", "more", label=f"{missing} more" if missing > 1 else "..."))
            arrows.append(Arrow(f"{name[node]}more", name[node], faded=True))
        boxes.append(
            Box(
                name[node],
                kind_of(node),
                label=selection.names.get(node, ""),
                op=op_text(node),
                data=(node.data, node.data),
                grad=(selection.grads[node],) * 2 if node in selection.grads else None,
                hint=node.path,
                faded=faded,
                stale=node in selection.stale,
            )
        )
    return Scene(boxes, arrows, {name[root] for root in selection.roots if root in name})


def stale_values(order: Iterable[Value]) -> set[Value]:
    """The Values computed before one of the leaves they depend on was given its present number.

    Args:
        order: Values with all their ancestors, operands before users.
    """
    stale: set[Value] = set()
    order = list(order)
    if not any(is_stale(node) for node in order if node.op is None):  # no leaf was ever set
        return stale
    for node in order:
        if node.op is not None and (is_stale(node) or any(x in stale for x in flat_args(node))):
            stale.add(node)
    return stale


def gradients_of(order: Sequence[Value]) -> dict[Value, float]:
    """The gradients of the Values; {} if all are 0, as before `backward`."""
    if not any(node.grad != 0.0 for node in order):
        return {}
    return {node: node.grad for node in order if kind_of(node) != "detached"}


def kind_of(node: Value) -> str:
    """The kind of a Value's box; see `Box`."""
    if node.op is not None:
        return "op"
    if node.is_parameter:
        return "parameter"
    return "leaf" if node.requires_grad else "detached"


def op_text(node: Any) -> str:
    """The sign of a node's op, as "+", or the op's name; "" for a leaf."""
    return "" if node.op is None else node.op.infix or node.op.name


def box_count(order: Sequence[Value]) -> int:
    """The number of boxes in `full_scene`: one for each Value and each constant."""
    return len(order) + sum(type(x) is float for node in order for x in flat_args(node))
