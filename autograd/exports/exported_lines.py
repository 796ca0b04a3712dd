"""The lines of a program as source text of another language: a function, in parts if it is long.

A program becomes one function of the array of its inputs, x; a long one becomes a part for each LINES lines,
so that a compiler takes time in proportion to the lines. Numbers that several parts need, and results of
lanes, are in an array w. `c_source` and `js_source` say how their languages write this.
"""

from __future__ import annotations

from autograd.formulas.notation import fill
from autograd.table.call import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from autograd.exports.exported import Exported

    # Where a number is: an array and a place there; ("", text) for a name, ("#", number) for a constant.
    Where = tuple[str, Any]
    Target = tuple[str, int]

LINES = 500  # of a function
TERMS = 8  # of a sum that count as one line
RUN = 4  # numbers that stand in an array at equal distances and are copied by a loop


def can_fail(thing: Any) -> bool:
    """Whether a guard may fail in a program, or in all paths of some lane."""
    if hasattr(thing, "paths"):
        return all(map(can_fail, thing.paths))
    return bool(thing.guards) or any(hasattr(op, "paths") and can_fail(op) for op, _ in thing.lines)


class Function:
    """The function of one program."""

    def __init__(
        self, file: Exported, program: Any, name: str, results: Sequence[str], targets: Sequence[Target]
    ) -> None:
        self.file, self.language = file, file.language
        self.program, self.name, self.results = program, name, list(results)
        self.first = len(program.inputs)
        self.guards: dict[int, list[int]] = {}
        for which, (place, _, _) in enumerate(program.guards):
            self.guards.setdefault(place, []).append(which)
        self.written: dict[Any, list[tuple[Target, Any]]] = {}  # what is written when a line is computed
        for target, out in zip(targets, program.outputs, strict=True):
            self.written.setdefault(self._line_behind(out), []).append((target, out))
        self.parts = self._parts(self._needed())
        self.where: dict[int, Where] = {}  # numbers in w
        self.size = 0  # of w
        self._place_numbers()
        self.body: list[str] = []
        self.local: set[int] = set()  # the lines of the part that is written
        self.named: dict[int, str] = {}  # its sequences

    def _line(self, place: int) -> Any:
        return self.program.lines[place - self.first]

    def _line_behind(self, out: Any) -> int:
        """The line after which an output can be written; -1 for inputs and constants."""
        if type(out) is not int or out < self.first:
            return -1
        op, args = self._line(out)
        return args[0] if type(op) is Output else out

    def _needed(self) -> list[int]:
        """The lines on which results or guards depend."""
        needed = {x for x in self.program.outputs if type(x) is int} | set(self.guards)
        seen: set[int] = set()
        for place in range(self.first + len(self.program.lines) - 1, self.first - 1, -1):
            if place in needed:
                for x in self._line(place)[1]:
                    if type(x) is int:
                        needed.add(x)
                    elif type(x) is tuple and id(x) not in seen:
                        seen.add(id(x))
                        needed.update([x_i for x_i in x if type(x_i) is int])
        return sorted(x for x in needed if x >= self.first)

    def _parts(self, needed: list[int]) -> list[list[int]]:
        parts: list[list[int]] = [[]]
        cost = 0
        seen: set[int] = set()
        for place in needed:
            if cost >= LINES:
                parts.append([])
                cost = 0
                seen.clear()
            parts[-1].append(place)
            cost += 1
            for x in self._line(place)[1]:
                if type(x) is tuple and id(x) not in seen:
                    seen.add(id(x))
                    cost += len(x) // TERMS
        return parts

    def _place_numbers(self) -> None:
        """Give a place in w to the results of lanes, and to each number that a later part needs.

        A place is given again when the last part that needs its number is over.
        """
        last: dict[int, int] = {}
        for k, part in enumerate(self.parts):
            seen: set[int] = set()
            for place in part:
                for x in self._line(place)[1]:
                    if type(x) is int:
                        last[x] = k
                    elif type(x) is tuple and id(x) not in seen:
                        seen.add(id(x))
                        last.update([(x_i, k) for x_i in x if type(x_i) is int])
        free: list[int] = []
        ends: dict[int, list[int]] = {}
        for k, part in enumerate(self.parts):
            for place in part:
                op, args = self._line(place)
                if type(op) is Output:
                    array, start = self.where[args[0]]
                    self.where[place] = array, start + op.place
                elif op.collects:
                    self.where[place] = "w", self.size
                    self.size += op.places()[-1].stop if op.summed else 0
                elif last.get(place, k) > k:
                    if free:
                        slot = free.pop()
                    else:
                        slot, self.size = self.size, self.size + 1
                    self.where[place] = "w", slot
                    ends.setdefault(last[place], []).append(slot)
            free += sorted(ends.pop(k, []), reverse=True)

    def write(self) -> None:
        several = len(self.parts) > 1
        results = [*(["w"] if self.size else []), *self.results]
        calls: list[str] = []
        for k, part in enumerate(self.parts, 1):
            name = f"{self.name}_part{k}" if several else self.name
            self._write_part(part, k == 1)
            if several:
                self.file.functions.append(self.language.function(name, ["x"], results, self.body))
                call = f"{name}({', '.join(['x', *results])})"
                calls += self._checked_part(call)
        body = calls if several else self.body
        if self.size:
            body = [self.language.array("w", self.size), *body]
        self.file.functions.append(self.language.function(self.name, ["x"], self.results, body))

    def _checked_part(self, call: str) -> list[str]:
        return self.language.checked(call, "failed") if can_fail(self.program) else [f"{call};"]

    def _write_part(self, part: list[int], is_first: bool) -> None:
        self.body, self.local, self.named = [], set(), {}
        if is_first:
            self._write_results(-1)
            for place in sorted(place for place in self.guards if place < self.first):
                self._write_guards(place)
        for place in part:
            self._write_line(place)
            self._write_guards(place)
            self._write_results(place)

    def _write_line(self, place: int) -> None:
        op, args = self._line(place)
        if type(op) is Output:
            return
        if op.collects:
            if not hasattr(op, "paths"):
                raise ValueError(f"{self.program.name} cannot be exported: it calls {op.name} as a whole")
            start = self.where[place][1]
            call = f"{self.file.lanes(op)}({self._sequence(args[0])}, {self.language.tail('w', start)})"
            failed = str(len(self.program.guards) + 1)
            self.body += self.language.checked(call, failed) if can_fail(op) else [f"{call};"]
            return
        form = self.file.form(op, self.program.name)
        if op.variadic:
            text = f"{form}({', '.join([str(len(args[0])), *map(self._sequence, args)])})"
        else:
            text = fill(form, [self._text(self._find(x)) for x in args])
        self.body.append(self.language.constant(f"v{place}", text))
        if place in self.where:
            self.body.append(f"w[{self.where[place][1]}] = v{place};")
        self.local.add(place)

    def _write_guards(self, place: int) -> None:
        for which in self.guards.get(place, ()):
            truth = self.program.guards[which][1]
            relation = "==" if truth else "!="
            zero = self.language.number(0.0)
            self.body.append(f"if ({self._text(self._find(place))} {relation} {zero})")
            self.body.append(f"    return {which + 1};")

    def _write_results(self, place: int) -> None:
        self._copy([(target, self._find(out)) for target, out in self.written.get(place, ())])

    # Operands

    def _find(self, x: Any) -> Where:
        """Where the number of an operand is, for the part that is written."""
        if type(x) is float:
            return "#", x
        if x < self.first:
            return "x", x
        return ("", f"v{x}") if x in self.local else self.where[x]

    def _text(self, where: Where) -> str:
        array, place = where
        if array == "#":
            return self.language.number(place)
        return f"{array}[{place}]" if array else str(place)

    def _sequence(self, xs: tuple[Any, ...]) -> str:
        """The text of a sequence, an array of its numbers; named once in a part."""
        if id(xs) not in self.named:
            self.named[id(xs)] = self._written_sequence(xs)
        return self.named[id(xs)]

    def _written_sequence(self, xs: tuple[Any, ...]) -> str:
        if all(type(x) is float for x in xs):
            return self.file.table(xs or (0.0,))
        found = [self._find(x) for x in xs]
        array, start = found[0]
        if array in ("x", "w") and found == [(array, start + i) for i in range(len(xs))]:
            return self.language.tail(array, start)
        name = f"s{len(self.named)}"
        if len(xs) <= 2 * RUN or all(array == "" for array, _ in found):
            self.body.append(self.language.sequence(name, list(map(self._text, found))))
        else:
            self.body.append(self.language.array(name, len(xs)))
            self._copy([((name, i), where) for i, where in enumerate(found)])
        return name

    def _copy(self, pairs: Sequence[tuple[Target, Where]]) -> None:
        """Statements that write numbers to places, by a loop where they are at equal distances."""
        start = 0
        while start < len(pairs):
            stop, step = _run(pairs, start)
            count = stop - start
            (target, at), (array, first) = pairs[start]
            if count < RUN:
                self.body += [
                    f"{target}[{at}] = {self._text(where)};" for (target, at), where in pairs[start:stop]
                ]
            else:
                if array == "#":
                    array, first = self.file.table(tuple([x for _, (_, x) in pairs[start:stop]])), 0
                statement = f"{target}[{{}}] = {array}[{{}}];"
                self.body += self.file.each(count, statement, (at, 1), (first, step))
            start = stop


def _run(pairs: Sequence[tuple[Target, Where]], start: int) -> tuple[int, int]:
    """Where a run ends that begins at `start`: to places in order, from places at equal distances."""
    (target, at), (array, first) = pairs[start]
    stop, step = start + 1, 1
    while stop < len(pairs) and array:
        (next_target, next_at), (next_array, place) = pairs[stop]
        if (next_target, next_at, next_array) != (target, at + stop - start, array):
            break
        if array != "#":
            if stop == start + 1:
                step = place - first
            if place != first + step * (stop - start):
                break
        stop += 1
    return stop, step
