"""The engine in use: Value, and the sweeps over it."""

from __future__ import annotations

from autograd.behaviour import Behaviour
from autograd.value import Value, between, check_fresh, is_stale, pull, recorded, restore, walk

__all__ = [
    "Behaviour",
    "Value",
    "between",
    "check_fresh",
    "is_stale",
    "pull",
    "recorded",
    "restore",
    "walk",
]
