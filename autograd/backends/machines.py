"""Machines of programs: each program is lowered once, for plain runs and for strict ones."""

from __future__ import annotations

from autograd._machine import machine
from autograd.backends.strong_zero import hides
from autograd.table.call import Output
from autograd.table.op import OTHER, TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The code of each row of the table, as kernels.h numbers them; and of the class of results of calls.
CODES: dict[Any, int] = {Output: -1}
CODES |= {op: code for code, op in enumerate(op for op in TABLE.values() if op.builtin and op.shape != OTHER)}


def machine_of(program: Any, strict: bool) -> Any:
    """The Machine that runs a program, or None where there is none: for ops of a user, say."""
    return program._once(("machine", strict), lambda: _made(program, strict))


def machine_of_lanes(op: Any, operands: int, results: int, strict: bool) -> Any:
    """The Machine that runs an op of lanes alone, or None."""
    call = op, (tuple(range(operands)),)
    lines = [call, *[(Output.at(i), (operands,)) for i in range(results)]]
    outputs = tuple(range(operands + 1, operands + 1 + results))
    return _machine((lines, operands, outputs, ()), strict)


def _made(program: Any, strict: bool) -> Any:
    return _machine(parts(program), strict)


def _machine(parts: tuple[Any, ...], strict: bool) -> Any:
    if machine is None:
        return None
    try:
        return machine.Machine(*parts, CODES, parts_of_lanes, strict)
    except NotImplementedError:
        return None


def parts(program: Any) -> tuple[Any, ...]:
    flat = program._flat
    lines = program.lines if flat is None else flat.flat()
    return lines, len(program.inputs), program.outputs, program.guards


def parts_of_lanes(op: Any) -> Any:
    """The parts of an op that runs a program for each lane; None for another op."""
    if not hasattr(op, "paths"):
        return None
    if len(op.paths) > 1 and any(_has_guarded_lanes(path) for path in op.paths):
        return None  # lanes inside may fail in some lanes only
    return tuple(map(parts, op.paths)), op.size, op.uniform, op.summed, hides(op)


def _has_guarded_lanes(program: Any) -> bool:
    return any(
        path.guards or _has_guarded_lanes(path)
        for op, _ in program.lines
        for path in getattr(op, "paths", ())
    )
