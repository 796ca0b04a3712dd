"""Rewriting rules that change no number: each is a pattern and the formula that replaces it.

A pattern is ``(op, operand, ...)``. A str matches any operand, and the same operand wherever it occurs; a
float matches that number alone (0.0 is not -0.0).

The rules hold for every double to the last bit, infinities and nan included, with one exception: the zero of
a ``chain`` has no sign, but its replacement may have one. (The last rule drops the `stop_gradient` from the
slope of a power, where it matters to mixed derivatives at x = 0 alone.)
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Pattern = str | float | tuple[Any, ...]

RULES: tuple[tuple[tuple[Any, ...], Pattern], ...] = (
    (("neg", ("neg", "x")), "x"),
    (("sub", "x", 0.0), "x"),
    (("add", "x", ("neg", "y")), ("sub", "x", "y")),
    (("add", ("neg", "x"), "y"), ("sub", "y", "x")),
    (("sub", "x", ("neg", "y")), ("add", "x", "y")),
    (("mul", "x", 1.0), "x"),
    (("mul", 1.0, "x"), "x"),
    (("mul", "x", -1.0), ("neg", "x")),
    (("mul", -1.0, "x"), ("neg", "x")),
    (("mul", ("neg", "x"), "y"), ("neg", ("mul", "x", "y"))),
    (("mul", "x", ("neg", "y")), ("neg", ("mul", "x", "y"))),
    (("div", "x", 1.0), "x"),
    (("div", "x", -1.0), ("neg", "x")),
    (("div", ("neg", "x"), "y"), ("neg", ("div", "x", "y"))),
    (("div", "x", ("neg", "y")), ("neg", ("div", "x", "y"))),
    (("pow", "x", 0.0), 1.0),
    (("pow", "x", 1.0), "x"),
    (("chain", "x", 0.0), 0.0),
    (("chain", 0.0, "x"), 0.0),
    (("chain", "x", 1.0), "x"),
    (("chain", 1.0, "x"), "x"),
    (("chain", "x", -1.0), ("neg", "x")),
    (("chain", -1.0, "x"), ("neg", "x")),
    (("where", 1.0, "x", "y"), "x"),
    (("where", 0.0, "x", "y"), "y"),
    (("where", "condition", "x", "x"), "x"),
    (("identity", "x"), "x"),
    (("where", "condition", ("stop_gradient", "x"), "x"), "x"),
)
