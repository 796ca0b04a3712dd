"""Strong zero in programs: where a product may be computed without asking whether a factor is 0.

A product of `chain` and `chain_dot` is 0 where one factor is, whatever the other. A *plain* run multiplies
without asking: that differs only where 0 meets an infinity or nan, and then a nan comes out, or where an op
hides it (a comparison, a choice, a power). So lines that reach such an op are strict from the start, and
where a result of a plain run is not finite, the program runs again with all lines strict.
"""

from __future__ import annotations

from autograd.table import ops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

CHAINS = (ops.chain, ops.chain_dot)


def template(op: Any, text: str, strict: bool) -> str:
    """The template of an op; in a plain run that of the product, which need not ask for 0."""
    if strict:
        return text
    return "#1 * #2 + 0.0" if op is ops.chain else "#1 * #2" if op is ops.chain_dot else text


def finite(numbers: Sequence[float]) -> bool:
    """Whether all numbers are finite; False also where their sum is not."""
    total = sum(numbers)
    return total - total == 0.0


def has_chains(program: Any) -> bool:
    """Whether a plain run may differ from a strict one."""

    def ask() -> bool:
        return any(op in CHAINS or (op.collects and getattr(op, "has_chains", False)) for op in program._ops)

    return program._once("has chains", ask)  # type: ignore[no-any-return]


def hides(op: Any, args: Sequence[Any] = ()) -> bool:
    """Whether a line may hide a nan: of a masking op, one of a user's, or lanes with such a line or a guard.

    A power of which one operand is a constant hides none, but 1**y and x**0.
    """
    if op.collects:
        return any(map(_path_hides, getattr(op, "paths", ())))
    if op is ops.pow and args and float in map(type, args):
        x, y = args
        return bool(x == 1.0 if type(x) is float else y == 0.0)
    return op.masks or not op.builtin


def _path_hides(program: Any) -> bool:
    """Whether a line of a program, or a guard, may hide a nan."""
    hiding = [op for op in program._ops if hides(op)]
    if program.guards or hiding != [ops.pow]:
        return bool(program.guards or hiding)
    return any(hides(op, args) for op, args in program.lines)


def strict_lines(program: Any) -> set[int]:
    """The places of the lines that reach an op that may hide a nan, or a guard."""
    return program._once("strict lines", lambda: _strict_lines(program))  # type: ignore[no-any-return]


def _strict_lines(program: Any) -> set[int]:
    first = len(program.inputs)
    marked = {place for place, _, _ in program.guards}
    seen: set[int] = set()
    for i in range(first + len(program.lines) - 1, first - 1, -1):
        op, args = program.lines[i - first]
        if i in marked or hides(op, args):
            for x in args:
                if type(x) is int:
                    marked.add(x)
                elif type(x) is tuple and id(x) not in seen:
                    seen.add(id(x))
                    marked.update([x_i for x_i in x if type(x_i) is int])
    return {i for i in marked if i >= first}
