"""Programs as source text of another language: the definitions of a file, and functions that loop over lanes.

`exported_lines` writes the lines of a program; `c_source` and `js_source` say what a file looks like.
"""

from __future__ import annotations

from autograd.exports import exported_lines
from autograd.exports.exported_lines import can_fail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from autograd.exports.exported_lines import Target
    from autograd.exports.language import Language


class Exported:
    """The definitions that a file has: helper functions, tables of constants, functions of programs.

    Args:
        language: how they are written.
        prefix: what the names of functions and tables begin with.
    """

    def __init__(self, language: Language, prefix: str) -> None:
        self.language = language
        self.prefix = prefix
        self.helpers: dict[str, None] = {}
        self.tables: dict[str, str] = {}  # the names of tables, by their numbers
        self.definitions: list[str] = []
        self.functions: list[str] = []
        self.forms: dict[Any, str] = {}
        self.of_lanes: dict[int, str] = {}

    def text(self) -> list[str]:
        """All definitions, each after those that it uses."""
        return [*self.helpers, *self.definitions, *self.functions]

    def program(self, program: Any, name: str, results: Sequence[str], targets: Sequence[Target]) -> None:
        """Add the function `name` of a program: of its inputs x, and of the arrays of the results.

        `targets` says for each output to which array and place it is written. The function returns 0, or the
        number of the guard that failed, from 1 on; a number more where no path of some lanes holds.
        """
        exported_lines.Function(self, program, name, results, targets).write()

    def form(self, op: Any, name: str) -> str:
        """The expression of an op, whose helper functions are added."""
        if op not in self.forms:
            try:
                text, helpers = self.language.form(op)
            except ValueError as error:
                raise ValueError(f"{name} cannot be exported: {error}") from None
            self.helpers |= dict.fromkeys(helpers)
            self.forms[op] = text
        return self.forms[op]

    def table(self, numbers: Sequence[float]) -> str:
        """The name of an array of constants."""
        key = repr(numbers)
        if key not in self.tables:
            self.tables[key] = f"{self.prefix}_table{len(self.tables) + 1}"
            self.definitions.append(self.language.table(self.tables[key], numbers))
        return self.tables[key]

    def each(self, count: int, statement: str, *places: tuple[int, int]) -> list[str]:
        """The statement for each i up to a count: a loop, unless there is one i, or none.

        Each {} in the statement becomes a place, given by the first of the places and their distance.
        """
        if count < 2:
            return [statement.format(*[start for start, _ in places])] * count
        texts = []
        for start, step in places:
            counter = "i" if step == 1 else f"{step} * i"
            texts.append(f"{start} + {counter}" if start else counter)
        return [self.language.loop("i", count, [statement.format(*texts)])]

    def lanes(self, op: Any) -> str:
        """The name of the function that runs the lanes of an op, of its operands a and its results r.

        It returns 0, or 1 where no path holds in some lane.
        """
        if id(op) in self.of_lanes:
            return self.of_lanes[id(op)]
        name = self.of_lanes[id(op)] = f"{self.prefix}_lanes{len(self.of_lanes) + 1}"
        first = op.paths[0]
        calls = []
        for i, path in enumerate(op.paths, 1):
            function = f"{name}_path{i}"
            self.program(path, function, ["y"], [("y", k) for k in range(len(path.outputs))])
            calls.append(f"{function}(x, y)")
        u, size, count = op.uniform, op.size, len(first.inputs)
        language = self.language
        body = [language.array("x", max(count, 1)), language.array("y", max(len(op.summed), 1))]
        body += self.each(u, "x[{}] = a[{}];", (0, 1), (0, 1))
        inside = self.each(count - u, "x[{}] = a[{} + lane];", (u, 1), (u, size))
        if len(calls) > 1 or can_fail(op):
            inside += language.checked(" && ".join(calls), "1")
        else:
            inside.append(f"{calls[0]};")
        for start, outputs, offset, is_sum in _groups(op):
            if is_sum:
                body += self.each(outputs, "r[{}] = 0.0;", (offset, 1))
                inside += self.each(outputs, "r[{}] += y[{}];", (offset, 1), (start, 1))
            else:
                inside += self.each(outputs, "r[{} + lane] = y[{}];", (offset, size), (start, 1))
        body.append(language.loop("lane", size, inside))
        self.functions.append(language.function(name, ["a"], ["r"], body))
        return name


def _groups(op: Any) -> Iterator[tuple[int, int, int, bool]]:
    """Neighbouring outputs that are all summed or all columns: first output, count, first result, summed."""
    start, offset = 0, 0
    while start < len(op.summed):
        is_sum = op.summed[start]
        stop = start
        while stop < len(op.summed) and op.summed[stop] == is_sum:
            stop += 1
        yield start, stop - start, offset, is_sum
        offset += (stop - start) * (1 if is_sum else op.size)
        start = stop
