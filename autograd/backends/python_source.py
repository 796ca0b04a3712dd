"""Programs as Python source: one statement for each line, compiled once.

The same statements serve three forms: a function of all inputs, the body of a loop over lanes, and the text
that `Program.to_python` gives a user.
"""

from __future__ import annotations

import linecache
import math
from functools import partial
from itertools import count
from weakref import finalize

from autograd.backends import strong_zero
from autograd.formulas.notation import fill
from autograd.table import ops
from autograd.table.call import Output
from autograd.table.op import TABLE, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

TERMS = 32  # of a sum in one statement: Python's compiler recurs into longer ones
NAMES = 200  # in one statement that takes a sequence apart

_numbered = count(1)


class Body:
    """The statements of a program's lines, and the objects that they name.

    Args:
        program: the program.
        backend, strict: how calls inside it run, and whether all products are strict.
        names: the name of each input.
    """

    def __init__(self, program: Any, backend: str, strict: bool, names: Sequence[str]) -> None:
        self.program = program
        self.strict = strict
        self.marked = strong_zero.strict_lines(program)
        self.scope: dict[str, Any] = {"inf": math.inf, "nan": math.nan}
        self.names = [*names, *[f"v{i}" for i in range(len(names), len(names) + len(program.lines))]]
        self.statements: list[str] = []
        self.ends: list[int] = []  # for each line the number of statements up to it
        self.backend = backend
        for i, (op, args) in enumerate(program.lines, len(names)):
            self._write(i, op, args)
            self.ends.append(len(self.statements))

    def operand(self, x: Any) -> str:
        """The text of an operand."""
        if type(x) is float:
            number = repr(float(x))
            return f"({number})" if number.startswith("-") else number
        if type(x) is tuple:
            return f"({', '.join(map(self.operand, x))}{',' * (len(x) == 1)})"
        name: str = self.names[x]
        return name

    def _write(self, i: int, op: Any, args: tuple[Any, ...]) -> None:
        name = self.names[i]
        if type(op) is Output:
            self.statements.append(f"{name} = {self.operand(args[0])}[{op.place}]")
            return
        if op.collects:
            function = self._named(
                f"call{i}", partial(op.run, backend=self.backend, strict=self._is_strict(i))
            )
            self.statements.append(f"{name} = {function}({self.operand(args[0])})")
            self.statements.append(f"if type({name}) is int: return {len(self.program.guards) + i}")
            return
        template = self.template(i, op)
        if not template:
            function = (
                self._named(op.name, op.compute)
                if op.builtin
                else self._named(f"op{i}", partial(_as_float, op))
            )
            self.statements.append(f"{name} = {function}({', '.join(map(self.operand, args))})")
        elif op.variadic:
            self._write_sum(name, template, list(zip(*args, strict=True)))
        else:
            self.statements.append(f"{name} = {fill(template, [self.operand(x) for x in args])}")

    def _write_sum(self, name: str, template: str, terms: list[tuple[Any, ...]]) -> None:
        texts = [fill(template, [self.operand(x) for x in term]) for term in terms]
        total = "0.0"
        for start in range(0, max(len(texts), 1), TERMS):
            self.statements.append(f"{name} = {' + '.join([total, *texts[start : start + TERMS]])}")
            total = name

    def template(self, i: int, op: Any) -> str:
        """The expression of an op, or of a term of a sum; "" for a call of its `forward`."""
        text: str = op.python
        return strong_zero.template(op, text, self._is_strict(i))

    def _is_strict(self, i: int) -> bool:
        return self.strict or i in self.marked

    def _named(self, name: str, thing: Any) -> str:
        """The name of an object in the scope."""
        self.scope[name] = thing
        return name

    def guarded(self, end: Callable[[int], str]) -> list[str]:
        """The statements, with a check of each guard as soon as its number is known.

        So an op of a user is not called where Python code would not call it. `end` writes what happens where
        the guard of this number fails.
        """
        first = len(self.program.inputs)
        checks: dict[int, list[str]] = {}
        for which, (place, truth, _) in enumerate(self.program.guards):
            check = f"if {self.operand(place)} {'==' if truth else '!='} 0.0: {end(which)}"
            checks.setdefault(self.ends[place - first] if place >= first else 0, []).append(check)
        result: list[str] = []
        start = 0
        for stop in sorted(checks):
            result += [*self.statements[start:stop], *checks[stop]]
            start = stop
        return result + self.statements[start:]


def _as_float(op: Any, *args: Any) -> float:
    """The result of an op of a user, which may be a number of any type."""
    x = op.forward(*args)
    return x if type(x) is float else number(x, f"the result of {op.name}")


def unpacking(names: Sequence[str], source: str) -> list[str]:
    """Statements that take a sequence apart into names."""
    if not names:
        return []
    if len(names) <= NAMES:
        return [f"{', '.join(names)}, = {source}"]
    return [
        f"{', '.join(names[i : i + NAMES])}, = {source}[{i}:{i + NAMES}]" for i in range(0, len(names), NAMES)
    ]


def compiled(name: str, parameters: str, statements: Sequence[str], scope: dict[str, Any]) -> Any:
    """The function of these statements, whose source tracebacks and `inspect` can show while it exists."""
    source = "\n".join([f"def {name}({parameters}):", *[f"    {line}" for line in statements], ""])
    file = f"<program {next(_numbered)} {name}>"
    exec(compile(source, file, "exec"), scope)
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    function = scope.pop(name)  # which would be a cycle
    finalize(function, linecache.cache.pop, file, None).atexit = False
    return function


def straight(program: Any, backend: str, strict: bool) -> Callable[[Sequence[float]], Any]:
    """A function of the numbers of all inputs that returns the outputs, or the place of a guard that failed.

    A division by 0 may raise ZeroDivisionError.
    """
    names = [f"v{i}" for i in range(len(program.inputs))]
    body = Body(program, backend, strict, names)
    results = f"return [{', '.join(map(body.operand, program.outputs))}]"
    statements = [*unpacking(names, "numbers"), *body.guarded("return {}".format), results]
    return compiled("program", "numbers", statements, body.scope)  # type: ignore[no-any-return]


def looped(
    program: Any, uniform: int, summed: Sequence[bool], backend: str, strict: bool
) -> Callable[[Sequence[float], Sequence[Sequence[float]]], Any]:
    """A function of the uniform inputs and of columns of the others, that runs the lines for each lane.

    It returns for each output the sum over the lanes, or the list of its numbers; None where a guard fails.
    """
    names = [f"v{i}" for i in range(len(program.inputs))]
    body = Body(program, backend, strict, names)
    lanes = varying(program, [i >= uniform for i in range(len(names))])
    before: list[str] = []
    inside: list[str] = []
    for line in body.guarded("return {}".format):
        (inside if _varies(line, body, lanes) else before).append(
            line.replace(": return ", ": return None #")
        )
    made: list[str] = []
    ends: list[str] = []
    for j, (out, is_sum) in enumerate(zip(program.outputs, summed, strict=True)):
        made.append(f"s{j} = {'0.0' if is_sum else '[]'}")
        ends.append(f"s{j} += {body.operand(out)}" if is_sum else f"s{j}.append({body.operand(out)})")
    columns = names[uniform:]
    loop = f"for {', '.join(columns)}, in zip(*columns):"
    statements = [*unpacking(names[:uniform], "uniform"), *before, *made, loop]
    statements += [f"    {line}" for line in [*inside, *ends]]
    statements.append(f"return [{', '.join(f's{j}' for j in range(len(summed)))}]")
    return compiled("lanes", "uniform, columns", statements, body.scope)  # type: ignore[no-any-return]


def varying(program: Any, inputs: Sequence[bool]) -> list[bool]:
    """For each place whether it varies from lane to lane."""
    lanes = list(inputs)
    known: dict[int, bool] = {}
    for _, args in program.lines:
        varies = False
        for x in args:
            if type(x) is int:
                varies = varies or lanes[x]
            elif type(x) is tuple:
                if id(x) not in known:
                    known[id(x)] = any(lanes[x_i] for x_i in x if type(x_i) is int)
                varies = varies or known[id(x)]
        lanes.append(varies)
    return lanes


def _varies(line: str, body: Body, lanes: list[bool]) -> bool:
    name = line.split(" ", 2)[1] if line.startswith("if ") else line.split(" ", 1)[0]
    name = name.removeprefix("type(").removesuffix(")")
    return not name.startswith("v") or lanes[int(name[1:])]


def text(program: Any) -> str:
    """See `Program.to_python`."""
    import re

    for op, _ in program.lines:
        if not op.builtin and type(op) is not Output:
            raise ValueError(
                f"{program.name} calls {op.name}, which has no Python text of its own: an op of yours, or a "
                f"map over lanes; call the program itself, or trace a function without it"
            )
    names = _parameters(program)
    body = Body(program, "python", True, names)
    failed = [f"the condition at {source} has another outcome" for _, _, source in program.guards]
    statements = body.guarded(lambda which: f"raise ValueError({failed[which]!r})")
    statements.append(f"return {body.operand(program.outputs)}")
    imports = sorted(name for name in body.scope if name in TABLE)
    lines = [f"from autograd import {', '.join(imports)}"] * bool(imports)
    constants = sorted({"inf", "nan"} & set(re.findall(r"\w+", "\n".join(statements))))
    lines += [f"from math import {', '.join(constants)}"] * bool(constants)
    lines += ["", ""] * bool(lines)
    lines.append(f"def {_identifier(program.name)}({', '.join(names)}):")
    return "\n".join([*lines, *[f"    {line}" for line in statements], ""])


def _parameters(program: Any) -> list[str]:
    names: list[str] = []
    for i, name in enumerate(program.inputs):
        word = _identifier(name)
        names.append(word if word not in names and not word.startswith("v") else f"{word}_{i}")
    return names


def _identifier(name: str) -> str:
    from keyword import iskeyword

    word = "".join(c if c.isalnum() and c.isascii() else "_" for c in name).strip("_") or "x"
    return f"_{word}" if word[0].isdigit() or iskeyword(word) or hasattr(ops, word) else word
