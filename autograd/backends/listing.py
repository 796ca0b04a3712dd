"""Programs as text: one numbered line for each computed number."""

from __future__ import annotations

from autograd.table.call import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_LINES = 1000  # of a listing; the rest is counted
MOST_OPERANDS = 12  # of a sequence


def listing(program: Any) -> str:
    """The inputs, lines, guards and results of a program.

    ``%7 = %3 * x`` is a line, ``guard %5 is True`` a condition that Python code asked for.
    """
    width = len(str(len(program.inputs) + len(program.lines)))
    shown = [f"{program.name}({_shortened(list(program.inputs), MOST_OPERANDS)}): {counted(program)}"]
    guards: dict[Any, list[str]] = {}
    for place, truth, source in program.guards:
        guards.setdefault(place, []).append(
            f"  {'guard':>{width + 1}}   {operand(program, place)} is {truth}"
            + f"    # {source}" * bool(source)
        )
    first = len(program.inputs)
    for i, (op, args) in enumerate(program.lines[:MOST_LINES], first):
        shown.append(f"  {'%' + str(i):>{width + 1}} = {_line(program, op, args)}")
        shown += guards.pop(i, [])
    if len(program.lines) > MOST_LINES:
        shown.append(f"  ... {len(program.lines) - MOST_LINES} more lines")
    shown += [line for lines in guards.values() for line in lines]
    results = [operand(program, out) for out in program.outputs]
    shown.append(f"  return {_shortened(results, MOST_OPERANDS)}")
    for op in dict.fromkeys([op for op, _ in program.lines[:MOST_LINES]]):
        shown += _inside(op)
    return "\n".join(shown)


def _inside(op: Any) -> list[str]:
    """The listings of the programs that an op runs for each lane."""
    shown: list[str] = []
    for i, path in enumerate(getattr(op, "paths", ())):
        way = f", way {i + 1} of {len(op.paths)}" if len(op.paths) > 1 else ""
        shown.append(f"{op.name}{way}, in each lane:")
        shown += [f"  {line}" for line in listing(path).splitlines()]
    return shown


def counted(program: Any) -> str:
    """How large a program is."""
    parts = [
        count(len(program.inputs), "input"),
        count(len(program.lines), "line"),
        count(len(program.outputs), "result"),
    ]
    if program.guards:
        parts.append(count(len(program.guards), "guard"))
    return ", ".join(parts)


def count(n: int, noun: str) -> str:
    """A number and its noun: 1 line, 2 lines."""
    return f"{n} {noun}{'s' * (n != 1)}"


def operand(program: Any, x: Any) -> str:
    """An operand as a listing writes it."""
    if type(x) is float:
        return repr(x)
    if type(x) is tuple:
        return f"[{_shortened([operand(program, x_i) for x_i in x], MOST_OPERANDS)}]"
    return program.inputs[x] if x < len(program.inputs) else f"%{x}"


def condition(program: Any, x: Any) -> str:
    """A guard's condition, written out one line deep."""
    first = len(program.inputs)
    if type(x) is int and x >= first and program.lines[x - first][0].infix:
        return _line(program, *program.lines[x - first])
    return operand(program, x)


def _line(program: Any, op: Any, args: tuple[Any, ...]) -> str:
    if op.collects and hasattr(op, "uniform"):
        (xs,) = args
        uniform, columns = operand(program, xs[: op.uniform]), operand(program, xs[op.uniform :])
        return f"{op.name}, uniform {uniform}, columns {columns}"
    texts = [operand(program, x) for x in args]
    if isinstance(op, Output):
        return f"{texts[0]}[{op.place}]"
    if op.infix and len(texts) == 2:
        return f"{texts[0]} {op.infix} {texts[1]}"
    if op.infix:
        return f"{op.infix}{texts[0]}"
    mark = "" if op.builtin or op.collects else "    # calls Python"
    return f"{op.name}({', '.join(texts)}){mark}"


def _shortened(texts: list[str], most: int) -> str:
    if len(texts) <= most:
        return ", ".join(texts)
    return ", ".join([*texts[: most - 2], f"... {len(texts) - most + 1} more ...", texts[-1]])
