"""Explaining a gradient on the user's own graph: `explain`, `steps` and `play`.

Their modules are imported when first called, so that `import autograd` stays quick.
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
    """The derivation of the derivative of `out` by `wrt`, by the chain rule.

    ``print(explain(loss, w))`` prints it; in a notebook ``explain(loss, w)`` shows it as formulas. Values
    are called by their label or by their name in `names`; neurons are called net_h1 and out_h1. Values
    without a name are folded into formulas. A label that is no Python name, such as "x1*w1", is quoted.

    Args:
        out: the result.
        wrt: the variable, a Value that `out` depends on.
        by: "node" derives the factors one by one, and adds contributions where a Value has several users;
            "path" multiplies the slopes along every path from `wrt` to `out`, and adds the products.
        lr: a learning rate: the step of gradient descent is worked out too.
        names: names for Values without a label: ``locals()``, or a dict.
        digits: decimals; a very small number is shown by its first digits instead.
        most: the number of paths, or terms of a sum, to show: the largest contributions.

    Raises:
        TypeError: if `out` or `wrt` is not a Value.
        StaleGraphError: if a leaf was given a new number after it was used, as in `backward`.
        ValueError: if `by` is neither "node" nor "path", `digits` is negative, or `most` is below 1.
    """
    from autograd.explaining.explanation import Explanation
    from autograd.explaining.written_out import written_out

    _check(out, wrt)
    if by not in ("node", "path"):
        raise ValueError(f"by is 'node' or 'path', not {by!r}")
    if digits < 0 or most < 1:
        raise ValueError(f"digits is 0 or more and most 1 or more, not {digits!r} and {most!r}")
    out, wrt, names = written_out(out, wrt, names)
    return Explanation(out, wrt, by, lr=lr, names=names, digits=digits, most=most)


def steps(out: Value, *, names: Mapping[Any, Any] | None = None, digits: int = 6) -> Iterator[Step]:
    """The steps of a computation: one for each Value, then one for each contribution to a gradient.

    ``for step in steps(loss): print(step)`` prints them. A `Step` has the Value (`node`), its operands, the
    slope, and the number or adjoint before and after. `backward` need not have run, and no Value's gradient
    changes.

    Args:
        out: the result.
        names: names for Values without a label: ``locals()``, or a dict.
        digits: decimals in the texts.

    Raises:
        TypeError: if `out` is not a Value.
        StaleGraphError: if a leaf was given a new number after it was used, as in `backward`.
    """
    from autograd.explaining.steps import generate_steps
    from autograd.explaining.written_out import written_out

    _check(out)
    out, _, names = written_out(out, None, names)
    return generate_steps(out, names, digits)


def play(
    out: Value,
    *,
    names: Mapping[Any, Any] | None = None,
    digits: int = 6,
    direction: str = "LR",
    title: str = "",
    quiz: bool = False,
) -> Player:
    """An HTML page that plays a computation forward and its gradient backward, step by step.

    A notebook shows the page in place; ``play(loss).save("steps.html")`` writes one file for any browser,
    which needs no network. The page has buttons, a slider and arrow keys; pointing at a box highlights its
    paths to the result and multiplies their slopes. A graph of more than 300 Values is folded, and then
    each step is a box of the folded picture.

    Args:
        out: the result.
        names: names for Values without a label: ``locals()``, or a dict.
        digits: decimals of the numbers.
        direction: "LR" draws from left to right, "TB" from top to bottom.
        title: the title of the page.
        quiz: hide the number of the next step until the reader has typed it or skips it.

    Raises:
        TypeError: if `out` is not a Value.
        StaleGraphError: if a leaf was given a new number after it was used, as in `backward`.
    """
    from autograd.explaining.player import Player
    from autograd.explaining.written_out import written_out

    _check(out)
    out, _, names = written_out(out, None, names)
    return Player(out, names, digits, direction, title, quiz)


def _check(*given: Any) -> None:
    """Raise unless `out`, and `wrt` where given, are Values, and no leaf of `out` was set after its use."""
    from autograd.graph.engine import Value, check_fresh, walk

    for name, x in zip(("out", "wrt"), given, strict=False):
        if type(x) is not Value:
            raise TypeError(
                f"{name} is a Value, not the {type(x).__name__} {x!r}: make the inputs of the computation "
                f"with Value(...)"
            )
    check_fresh(*walk(given[0]))
