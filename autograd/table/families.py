"""Families of rows: the facts that functions of libm, operators, reductions, relations and steps share.

Each function here makes an `Op`, and passes on any other argument of it.
"""

from __future__ import annotations

import math
from math import copysign, inf, nan

from autograd.table.op import Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from autograd.table.op import Partial

    Facts = dict[str, Any]  # arguments of Op

# Domains that tests draw from
REAL = (-1e3, 1e3)
WIDE = (-1e150, 1e150)
POSITIVE = (1e-300, 1e300)
UNIT = (-1.0, 1.0)
EXPONENT = (-745.0, 709.0)  # exp neither overflows nor underflows

EXACT: Facts = {"ulp": 0.0, "slope_ulp": 0.0}
FORMULA_OUTSIDE = "outside the domain the result is nan, the slope that of the formula"
NO_SLOPE = "slope 0 everywhere"


def arithmetic(
    name: str, infix: str, forward: Callable[..., float], *partials: Partial, precedence: int, **row: Any
) -> Op:
    """An operator that Python and C write alike; the result is rounded once, the slopes are exact."""
    text = f"#1 {infix} #2" if len(partials) == 2 else f"{infix}#1"
    facts: Facts = {
        "method": "",
        "latex": text,
        "c": text,
        "python": text,
        "numpy": text,
        "domain": (WIDE,) * len(partials),
    }
    facts |= {"ulp": 0.5, "slope_ulp": 0.0, "doc": text.replace("#1", "x").replace("#2", "y")}
    return Op(name, forward, partials, infix=infix, precedence=precedence, **facts | row)


def reduction(name: str, forward: Callable[..., float], *partials: Partial, **row: Any) -> Op:
    """A function of whole sequences; its helper in C is called ``autograd_name``."""
    facts: Facts = {
        "variadic": True,
        "method": "",
        "c": f"autograd_{name}",
        "domain": (REAL,) * len(partials),
    }
    return Op(name, forward, partials, **facts | row)


def libm(
    name: str,
    *partials: Partial,
    forward: Callable[..., float] | None = None,
    poles: dict[float, float] | None = None,
    kernel: Sequence[str] = (),
    **row: Any,
) -> Op:
    """A function that C's math.h has under this name, as Python's `math` has.

    Args:
        name: its name.
        partials: as in `Op`.
        forward: the function for floats, where it is not `ieee` of the one in `math`: that never raises,
            or is written in the table.
        poles: the operands at which the function of `math` raises, with the infinities there.
        kernel: C texts that C calls instead of libm, of which the last defines ``autograd_name``.
        row: other arguments of `Op`; LaTeX has the command of the method's name unless the row says.
    """
    text = f"{name}({', '.join(f'#{i + 1}' for i in range(len(partials)))})"
    facts: Facts = {
        "latex": brackets(row.get("method", name)),
        "c": text,
        "domain": (WIDE,) * len(partials),
    }
    if kernel:
        facts |= {"c": f"autograd_{text}", "c_helper": kernel, "libm": text}
    return Op(name, forward or ieee(getattr(math, name), poles), partials, **facts | row)


def logarithm(name: str, partial: Partial, *, latex: str, doc: str, pole: float = 0.0, **row: Any) -> Op:
    """A logarithm of libm: -inf at its pole, nan below."""
    facts: Facts = {"domain": (POSITIVE,), "kinks": FORMULA_OUTSIDE, "singular": True}
    return libm(name, partial, poles={pole: -inf}, latex=latex, doc=doc, **facts | row)


def relation(name: str, infix: str, forward: Callable[[float, float], float], latex: str) -> Op:
    """A comparison: 1.0 where it holds, else 0.0; no slopes."""
    return Op(
        name,
        forward,
        (None, None),
        kind="relation",
        method="",
        infix=infix,
        precedence=0,
        latex=rf"\left[#1 {latex} #2\right]",
        c=f"(#1 {infix} #2 ? 1.0 : 0.0)",
        python=f"(1.0 if #1 {infix} #2 else 0.0)",
        numpy=f"(#1 {infix} #2) * 1.0",
        ulp=0.0,
        kinks="slopes 0 everywhere",
        doc=f"1.0 where x {infix} y, else 0.0.",
    )


def choice(name: str, forward: Callable[..., float], *partials: Partial | None, **row: Any) -> Op:
    """An op whose result is one of its operands."""
    facts: Facts = {"domain": (WIDE,) * len(partials)} | EXACT
    return Op(name, forward, partials, kind="choice", **facts | row)


def step(name: str, forward: Callable[[float], float], **row: Any) -> Op:
    """A function of one number that is exact, and locally constant."""
    facts: Facts = {"c": f"{name}(#1)", "domain": (REAL,), "kinks": NO_SLOPE, "ulp": 0.0}
    return Op(name, forward, (None,), **facts | row)


def ieee(
    function: Callable[[float], float], poles: dict[float, float] | None = None
) -> Callable[[float], float]:
    """A function of `math` with IEEE results where it raises: overflow, a pole, outside the domain."""

    def forward(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return copysign(inf, x)
        except ValueError:
            return poles.get(x, nan) if poles else nan

    forward.__doc__ = function.__doc__
    return forward


def whole(function: Callable[[float], int]) -> Callable[[float], float]:
    """A rounding function of `math` that keeps infinities, nan and the sign of zero."""
    return lambda x: copysign(float(function(x)), x) if x - x == 0.0 else x


def brackets(name: str, operands: str = "#1") -> str:
    """LaTeX for a function that has a command there."""
    return rf"\{name}\left({operands}\right)"


def named(name: str, operands: str = "#1") -> str:
    """LaTeX for a function that has none."""
    return rf"\operatorname{{{name}}}\left({operands}\right)"
