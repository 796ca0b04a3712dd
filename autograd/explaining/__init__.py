"""Explaining gradients: the derivation of one, step by step, on the user's own graph.

Nothing heavy is imported before it is called.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from autograd.explaining.explanation import Explanation
    from autograd.explaining.player import Player
    from autograd.explaining.steps import Step
    from autograd.graph.engine import Value


def explain(
    out: Value,
    wrt: Value,
    by: str = "node",
    *,
    lr: float | None = None,
    names: Mapping[Any, Any] | None = None,
    digits: int = 9,
    most: int = 10,
) -> Explanation:
    """How the derivative of `out` by `wrt` comes about, by the chain rule.

    ``print(explain(loss, w))``; in a notebook ``explain(loss, w)`` shows itself. It speaks of what has a
    name, a label or one in `names`, and of neurons as net_h1 and out_h1; the rest is folded into formulas.
    A label that is no name, such as "x1*w1", stands in quotes.

    Args:
        out: the result.
        wrt: a Value that it was made from.
        by: "node" derives the factors one by one, and adds up where a Value has several users; "path"
            multiplies along every path from `wrt` to `out`, and adds up those.
        lr: a learning rate: the new number of `wrt` is worked out as well.
        names: names for Values without a label: ``locals()``, or a dict.
        digits: decimals; of very small numbers the first digits are shown.
        most: how many paths, or terms of a sum, are shown: those that contribute most.

    Raises:
        TypeError: if `out` or `wrt` is no Value.
        StaleGraphError: if a leaf was given a new number after it was used, as `backward` does.
        ValueError: if `by` is neither "node" nor "path".
    """
    from autograd.explaining.explanation import Explanation

    _value("out", out), _value("wrt", wrt)
    if by not in ("node", "path"):
        raise ValueError(f"by is 'node' or 'path', not {by!r}")
    if digits < 0 or most < 1:
        raise ValueError(f"digits is 0 or more and most 1 or more, not {digits!r} and {most!r}")
    return Explanation(_fresh(out), wrt, by, lr=lr, names=names, digits=digits, most=most)


def steps(out: Value, *, names: Mapping[Any, Any] | None = None, digits: int = 6) -> Iterator[Step]:
    """The steps of a computation, each Value, and then those of its gradient, each share of an adjoint.

    ``for step in steps(loss): print(step)`` is a trace in words. A `Step` has the Value (`node`), its
    operands, the slope, and the number or adjoint before and after. The gradients of the Values themselves
    are not touched, and `backward` need not have run.

    Args:
        out: the result.
        names: names for Values without a label: ``locals()``, or a dict.
        digits: decimals in the texts.

    Raises:
        StaleGraphError: if a leaf was given a new number after it was used, as `backward` does.
    """
    from autograd.explaining.steps import steps_of

    return steps_of(_fresh(_value("out", out)), names, digits)


def play(
    out: Value,
    *,
    names: Mapping[Any, Any] | None = None,
    digits: int = 6,
    direction: str = "LR",
    title: str = "",
) -> Player:
    """A page that plays a computation forward and its gradient backward, step by step.

    In a notebook it shows itself; ``play(loss).save("steps.html")`` writes one file that runs by itself in
    any browser: next, back, play, a slider, arrow keys. Pointing at a box lights its paths to the result
    and multiplies them out. A graph of more than 300 Values is played by the boxes of its folded picture.

    Args:
        out: the result.
        names: names for Values without a label: ``locals()``, or a dict.
        digits: of the numbers.
        direction: "LR" draws from left to right, "TB" from top to bottom.
        title: of the page.

    Raises:
        StaleGraphError: if a leaf was given a new number after it was used, as `backward` does.
    """
    from autograd.explaining.player import Player

    return Player(_fresh(_value("out", out)), names, digits, direction, title)


def _fresh(out: Value) -> Value:
    """The Value, whose numbers are those that its graph gives."""
    from autograd.graph.engine import check_fresh, walk

    check_fresh(*walk(out))
    return out


def _value(name: str, given: Any) -> Value:
    from autograd.graph.engine import Value

    if type(given) is not Value:
        raise TypeError(
            f"{name} is a Value, not the {type(given).__name__} {given!r}: make the inputs of the "
            f"computation with Value(...)"
        )
    return given
