"""The list of ops: the formula, the slopes and the policy at kinks of each."""

from __future__ import annotations

from autograd.formulas.symbol import Symbol
from autograd.table.op import Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def operands(op: Op) -> tuple[Any, ...]:
    """Symbols x, y, z as example operands of an op; pairs such as (x1, x2) for a variadic op."""
    names = "xyz" if op.arity <= 3 else [f"x{i + 1}" for i in range(op.arity)]
    if op.variadic:
        return tuple([(Symbol(f"{n}1"), Symbol(f"{n}2")) for n in names[: op.arity]])
    return tuple([Symbol(n) for n in names[: op.arity]])


def describe(op: Op) -> str:
    """A line such as ``sqrt(x): 0.5 / out; slope inf at 0``."""
    args = operands(op)
    out = Symbol("out")
    slopes = [_text(0.0 if partial is None else partial(*args, out)) for partial in op.partials]
    policy = f"; {op.kinks}" if op.kinks else ""
    return f"{op.name:10} {op(*args)!s}: {', '.join(slopes)}{policy}"


def _text(slope: Any) -> str:
    return f"({', '.join(map(str, slope))})" if isinstance(slope, tuple) else str(slope)
