"""Explaining gradients: the derivation of one, step by step, on the user's own graph.

Nothing heavy is imported before it is called.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from autograd.backend import Value
    from autograd.explaining.explanation import Explanation


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
        ValueError: if `by` is neither "node" nor "path".
    """
    from autograd.backend import Value
    from autograd.explaining.explanation import Explanation

    for name, given in (("out", out), ("wrt", wrt)):
        if type(given) is not Value:
            raise TypeError(
                f"{name} is a Value, not the {type(given).__name__} {given!r}: make the inputs of the "
                f"computation with Value(...)"
            )
    if by not in ("node", "path"):
        raise ValueError(f"by is 'node' or 'path', not {by!r}")
    if digits < 0 or most < 1:
        raise ValueError(f"digits is 0 or more and most 1 or more, not {digits!r} and {most!r}")
    return Explanation(out, wrt, by, lr=lr, names=names, digits=digits, most=most)
