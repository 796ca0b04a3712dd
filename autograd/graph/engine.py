"""The engine in use, native or in pure Python: Value, and what the rest of the package asks of it."""

from __future__ import annotations

from autograd._native import engine, reason
from autograd.graph import errors
from autograd.graph.behaviour import Behaviour, compared
from autograd.table import op, operand, slopes

TYPE_CHECKING = False
if TYPE_CHECKING or engine is None:
    from autograd.graph.value import (
        Value,
        advance_clock,
        between,
        birth,
        check_fresh,
        is_stale,
        pull,
        recorded,
        restore,
        walk,
    )
else:
    Value = engine.connect(
        op.TABLE,
        Behaviour,
        number=op.number,
        sequence=op.sequence,
        combine=operand.combine,
        compared=compared,
        numbers=slopes.numbers,
        node_slopes=slopes.number_slopes,
        errors=errors,
    )
    Value.__doc__ = Behaviour.__doc__
    Value.__init_subclass__ = classmethod(errors.subclass)
    advance_clock = engine.advance_clock
    between = engine.between
    birth = engine.birth
    check_fresh = engine.check_fresh
    is_stale = engine.is_stale
    pull = engine.pull
    recorded = engine.recorded
    restore = engine.restore
    walk = engine.walk
op.reserved.update(dir(Value))

__all__ = [
    "Value",
    "advance_clock",
    "backend_info",
    "between",
    "birth",
    "check_fresh",
    "is_stale",
    "pull",
    "recorded",
    "restore",
    "walk",
]


def backend_info() -> dict[str, str]:
    """Which engine is in use, "native" or "python", and why it is not the native one ("" where it is)."""
    return {"engine": "python" if engine is None else "native", "reason": reason}
