"""Programs as NumPy source: the lines of many lanes as operations of tables, a row for each lane.

Lines of one op whose operands are ready at the same time form a *block*, a table with a column for each line.
Several `dot` of one sequence, a layer of neurons, are a product of tables. Lines that are the same in all
lanes are computed once, as Python does. Sums over lanes, and sums of products, are added one after the other,
in order: the results do not depend on how lines are put into blocks.
"""

from __future__ import annotations

from functools import partial

from autograd.backends import strong_zero
from autograd.backends.python_source import Body, compiled, unpacking, varying
from autograd.formulas.notation import fill
from autograd.table import ops
from autograd.table.call import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Place = tuple[str, int]  # a table and a column of it


SMALLEST_GRID = 16  # pairs
FEW_TERMS = 8  # of sums that are computed side by side, term after term
MOST_TERMS = 1 << 18  # of a product of tables that are computed before they are added


def tables(
    program: Any,
    lanes: Sequence[bool],
    backend: str,
    strict: bool,
    summed: Sequence[bool] | None = None,
    size: int = 0,
) -> Callable[[Sequence[float], Any, int], Any]:
    """A function of the uniform inputs, of a table of the others, and of the number of lanes.

    It returns a table of the outputs and, for each guard, its truth or an array of truths; or an int where a
    call inside failed.

    Args:
        summed: for each output whether its sum over the lanes is asked for. Then, in the place of a table,
            an array is returned, with a sum or a column of all lanes for each output.
        size: the number of lanes, if `summed` is given.
    """
    body = _Tables(program, lanes, backend, strict)
    results = body.table(program.outputs) if summed is None else body.array(program.outputs, summed, size)
    run: Callable[[Sequence[float], Any, int], Any] = body.function(results)
    return run


class _Tables(Body):
    """The statements of a program, those of lines that vary from lane to lane on tables."""

    def __init__(self, program: Any, lanes: Sequence[bool], backend: str, strict: bool) -> None:
        import numpy

        self.varies = varying(program, lanes)
        self.at: dict[int, Place] = {}  # where the numbers of a varying line are
        names = []
        for i, varies in enumerate(lanes):
            if varies:
                self.at[i] = "T", len(self.at)
            names.append(f"v{i}")
        self.uniform: dict[Any, int] = {}  # operands that are equal in all lanes, by their columns in U
        super().__init__(program, backend, strict, names)
        self.scope |= {
            "np": numpy,
            "in_order": in_order,
            "sums": sums,
            "product": partial(product, strict=False),
        }
        self.scope["strict_product"] = partial(product, strict=True)
        self.before, self.statements = self.statements, []
        for group in _groups(program, self.varies, self.marked if not strict else set()):
            self._write_group(group)

    def _write(self, i: int, op: Any, args: tuple[Any, ...]) -> None:
        if not self.varies[i]:
            super()._write(i, op, args)

    def template(self, i: int, op: Any) -> str:
        return "" if op is ops.div else super().template(i, op)  # 1/0 is inf there, too

    def array(self, outputs: Sequence[Any], summed: Sequence[bool], size: int) -> str:
        """An array with a sum or a column of all lanes for each output."""
        starts = [0]
        for is_sum in summed:
            starts.append(starts[-1] + (1 if is_sum else size))
        self.statements.append(f"R = np.empty({starts[-1]})")
        parts: dict[Any, list[int]] = {}
        for j, (x, is_sum) in enumerate(zip(outputs, summed, strict=True)):
            parts.setdefault((is_sum, self._table_of(x)), []).append(j)
        for (is_sum, kind), places in parts.items():
            part = [outputs[j] for j in places]
            row = f"np.broadcast_to({self._row(part)}, (n, {len(part)}))" if kind is None else ""
            found = row or self._slice(part)
            if is_sum:
                self.statements.append(f"R[{self._indices([starts[j] for j in places])}] = sums({found})")
            else:
                at = [i for j in places for i in range(starts[j], starts[j] + size)]
                self.statements.append(f"R[{self._indices(at)}] = ({found}).T.ravel()")
        return "R"

    def function(self, results: str) -> Any:
        guards = [self._column(place) for place, _, _ in self.program.guards]
        whole = [*self._uniform_statements(), *self.statements]
        whole.append(f"return {results}, [{', '.join(f'{text} != 0.0' for text in guards)}]")
        return compiled("tables", "uniform, T, n", whole, self.scope)

    def _uniform_statements(self) -> list[str]:
        """Statements that compute what is equal in all lanes, and put it into the array U."""
        inputs = [i for i in range(len(self.program.inputs)) if i not in self.at]
        place = {i: k for k, i in enumerate(inputs)}
        operands = [x for _, x in self.uniform]
        statements = []
        if self.before:
            statements += unpacking([self.names[i] for i in inputs], "uniform")
            statements += self.before
        given = [(k, place[x]) for k, x in enumerate(operands) if type(x) is int and x in place]
        others = [(k, self.operand(x)) for k, x in enumerate(operands) if not (type(x) is int and x in place)]
        statements.append(f"U = np.empty({len(operands)})")
        if given:
            at, source = self._indices([k for k, _ in given]), self._indices([k for _, k in given])
            statements.append(f"U[{at}] = np.asarray(uniform, dtype=float)[{source}]")
        if others:
            at = self._indices([k for k, _ in others])
            statements.append(f"U[{at}] = [{', '.join(text for _, text in others)}]")
        return statements

    # Operands

    def _uniform_column(self, x: Any) -> int:
        return self.uniform.setdefault((repr(x), x), len(self.uniform))  # 1 is a place, 1.0 a number

    def _row(self, operands: Sequence[Any]) -> str:
        """Operands that are equal in all lanes, as a number or an array."""
        columns = [self._uniform_column(x) for x in operands]
        if len(set(columns)) == 1:
            return f"U[{columns[0]}]"
        return f"U[{self._indices(columns)}]"

    def _column(self, x: Any) -> str:
        """One operand: an array over the lanes, or a number."""
        if type(x) is int and self.varies[x]:
            table, column = self.at[x]
            return f"{table}[:, {column}]"
        return self._row([x])

    def table(self, operands: Sequence[Any]) -> str:
        """A table with a column for each operand."""
        found = self._slice(operands)
        if found:
            return found
        name = f"t{len(self.scope)}_{len(self.statements)}"
        self.statements.append(f"{name} = np.empty((n, {len(operands)}))")
        parts: dict[Any, list[int]] = {}
        for i, x in enumerate(operands):
            parts.setdefault(self._table_of(x), []).append(i)
        for kind, places in parts.items():
            part = [operands[i] for i in places]
            text = self._row(part) if kind is None else self._slice(part)
            self.statements.append(f"{name}[:, {self._indices(places)}] = {text}")
        return name

    def _table_of(self, x: Any) -> str | None:
        return self.at[x][0] if type(x) is int and self.varies[x] else None

    def _slice(self, operands: Sequence[Any]) -> str:
        """Operands that all vary and are columns of one table, as a part of it; else ""."""
        if not operands or any(self._table_of(x) is None for x in operands):
            return ""
        if len({self._table_of(x) for x in operands}) > 1:
            return ""
        table = self.at[operands[0]][0]
        return f"{table}[:, {self._indices([self.at[x][1] for x in operands])}]"

    def _indices(self, columns: list[int]) -> str:
        first = columns[0]
        if columns == list(range(first, first + len(columns))):
            return f"{first}:{first + len(columns)}"
        return self._named(f"i{len(self.scope)}", _index(columns))

    # Lines

    def _write_group(self, group: list[int]) -> None:
        first = group[0]
        op, args = self.line(first)
        name = f"b{first}"
        strict = self._is_strict(first)
        if type(op) is Output:
            for i in group:
                call, place = self.line(i)[1][0], self.line(i)[0].place
                self.at[i] = f"b{call}", place
            return
        if op.collects:
            (operands,) = args
            pattern = tuple([type(x) is int and self.varies[x] for x in operands])
            run = partial(op.run_table, lanes=pattern, strict=strict, backend=self.backend)
            given = ", ".join(map(self._column, operands))
            self.statements.append(f"{name} = {self._named(f'call{first}', run)}([{given}], n)")
            self.statements.append(f"if type({name}) is int: return {name}")
            return
        if not op.variadic:
            group = sorted(group, key=self._operand_places)
        self.at |= {i: (name, column) for column, i in enumerate(group)}
        if op.variadic and op.kind in ("sum", "product"):
            self._write_sums(name, op, group, strict)
        elif op.variadic:
            function = self._named(f"each{first}", op.numpy or partial(_each, op))
            texts = [", ".join(self.table(sequence) for sequence in self.line(i)[1]) for i in group]
            calls = ", ".join(f"{function}({text})" for text in texts)
            self.statements.append(f"{name} = np.stack([{calls}], axis=1)")
        else:
            operands = list(zip(*[self.line(i)[1] for i in group], strict=True))
            template = self._on_tables(first, op, strict)
            grid = self._grid(operands)
            if grid is not None:
                texts = [f"{self.table(grid[0])}[:, :, None]", f"{self.table(grid[1])}[:, None, :]"]
                self.statements.append(f"{name} = ({fill(template, texts)}).reshape(n, {len(group)})")
                return
            texts = [self._operand_table(column) for column in operands]
            self.statements.append(f"{name} = {fill(template, texts)}")

    def _operand_places(self, i: int) -> list[Any]:
        """Where the varying operands of a line are: blocks in this order read parts of tables."""
        args = self.line(i)[1]
        return [self.at[x] for x in args if type(x) is int and self.varies[x]]

    def _grid(self, operands: list[Any]) -> tuple[list[Any], list[Any]] | None:
        """Two sequences whose pairs, row after row, are the operands of a block; None if there are none."""
        if len(operands) != 2 or len(operands[0]) < SMALLEST_GRID:
            return None
        rows, columns = list(dict.fromkeys(operands[0])), list(dict.fromkeys(operands[1]))
        if not all(type(x) is int and self.varies[x] for x in [*rows, *columns]):
            return None
        pairs = [(x, y) for x in rows for y in columns]
        return (rows, columns) if pairs == list(zip(*operands, strict=True)) else None

    def line(self, i: int) -> Any:
        """The line at a place."""
        return self.program.lines[i - len(self.program.inputs)]

    def _operand_table(self, column: Sequence[Any]) -> str:
        """An operand of a block: a table, or a row or number where it is equal in all lanes."""
        if any(self._table_of(x) is not None for x in column):
            return self.table(column)
        return self._row(column)

    def _on_tables(self, i: int, op: Any, strict: bool) -> str:
        """The expression of an op of tables."""
        import numpy

        text = strong_zero.template(op, op.numpy, strict)
        if text:
            return text
        operands = ", ".join(f"#{k + 1}" for k in range(op.arity))
        if isinstance(getattr(numpy, op.method, None), numpy.ufunc):  # numpy.sinc is none, and less accurate
            return f"np.{op.method}({operands})"
        each = numpy.frompyfunc(op.forward, op.arity, 1)
        function = self._named(f"each_{op.name}" if op.builtin else f"each{i}", each)
        return f"np.asarray({function}({operands}), dtype=float)"

    def _write_sums(self, name: str, op: Any, group: list[int], strict: bool) -> None:
        """Sums of the terms of sequences, each line of the group a column."""
        rows = [self.line(i)[1] for i in group]
        pairs = [_data_and_weights(row, self.varies) if len(row) == 2 else None for row in rows]
        if pairs[0] is not None:
            of_lanes = pairs[0][0]
            columns = list(zip(*[pair[1] for pair in pairs if pair], strict=True))
            matrix = self._named(
                f"m{len(self.scope)}",
                _index([[self._uniform_column(x) for x in column] for column in columns]),
            )
            function = "strict_product" if strict and op is ops.chain_dot else "product"
            self.statements.append(f"{name} = {function}({self.table(of_lanes)}, U[{matrix}])")
            return
        template = strong_zero.template(op, op.numpy, strict)
        if len(rows[0][0]) <= FEW_TERMS:
            self.statements.append(f"{name} = np.zeros((n, {len(group)}))")
            for k in range(len(rows[0][0])):  # the terms at place k of all sums
                terms = [[row[side][k] for row in rows] for side in range(op.arity)]
                texts = [self._operand_table(column) for column in terms]
                self.statements.append(f"{name} += {fill(template, texts)}")
            return
        totals = []
        for sequences in rows:
            texts = [self._operand_table(sequence) for sequence in sequences]
            totals.append(f"in_order({fill(template, texts)}, n)")
        self.statements.append(f"{name} = np.stack([{', '.join(totals)}], axis=1)")


def _index(columns: Any) -> Any:
    import numpy

    return numpy.array(columns, dtype=numpy.intp)


def _data_and_weights(args: tuple[Any, ...], varies: list[bool]) -> tuple[Any, Any] | None:
    """The pairs of two sequences with the factor that varies first, and a constant where neither does.

    None if both factors of a pair vary.
    """
    data, weights = [], []
    for x, y in zip(*args, strict=True):
        if type(y) is int and varies[y]:
            if type(x) is int and varies[x]:
                return None
            x, y = y, x
        elif type(y) is float and not (type(x) is int and varies[x]):
            x, y = y, x
        data.append(x)
        weights.append(y)
    return tuple(data), tuple(weights)


def _groups(program: Any, varies: list[bool], strict: set[int]) -> list[list[int]]:
    """The places of the varying lines in blocks, in the order of computation."""
    first = len(program.inputs)
    levels = [0] * first
    groups: dict[Any, list[int]] = {}
    known: dict[int, int] = {}
    for i, (op, args) in enumerate(program.lines, first):
        level = 0
        for x in args:
            if type(x) is int:
                level = max(level, levels[x])
            elif type(x) is tuple:
                if id(x) not in known:
                    known[id(x)] = max([levels[x_i] for x_i in x if type(x_i) is int], default=0)
                level = max(level, known[id(x)])
        levels.append(level + varies[i])
        if not varies[i]:
            continue
        key: Any = levels[i], i in strict, op
        if type(op) is Output:
            key = levels[i], args[0]
        elif op.collects or not op.builtin:
            key = levels[i], i
        elif op.variadic:
            pairs = _data_and_weights(args, varies) if len(args) == 2 and op.kind == "product" else None
            if pairs is not None:
                key = (*key, pairs[0], tuple(map(type, pairs[0])))
            elif op.kind in ("sum", "product") and len(args[0]) <= FEW_TERMS:
                key = (*key, len(args[0]))
            else:
                key = (*key, i)
        else:
            key = (*key, *[type(x) is int and varies[x] for x in args])
        groups.setdefault(key, []).append(i)
    return sorted(groups.values(), key=lambda group: levels[group[0]])


def in_order(terms: Any, n: int) -> Any:
    """The sum of the columns of a table (or of a row, for all lanes), added to 0.0 from left to right."""
    import numpy

    terms = numpy.broadcast_to(terms, (n, numpy.shape(terms)[-1]))
    total = numpy.zeros(n)
    for column in range(terms.shape[1]):
        total += terms[:, column]
    return total


def product(table: Any, matrix: Any, strict: bool) -> Any:
    """The product of two tables, its sums added to 0.0 in order; with strong zero if it is strict."""
    import numpy

    n, (count, width) = len(table), matrix.shape
    if not strict and width > 1 and n * count * width <= MOST_TERMS:
        return numpy.add.reduce(table[:, :, None] * matrix, axis=1) + 0.0  # row after row
    total = numpy.zeros((n, width))
    term = numpy.empty_like(total)
    for k, row in enumerate(matrix):
        column = table[:, k : k + 1]
        numpy.multiply(column, row, out=term)
        if strict:
            term[numpy.broadcast_to((column == 0.0) | (row == 0.0), term.shape)] = 0.0
        total += term
    return total


def _each(op: Any, *sequences: Any) -> Any:
    """A reduction without a form for tables, lane by lane."""
    import numpy

    rows = zip(*[table.tolist() for table in sequences], strict=True)
    return numpy.array([op.forward(*map(tuple, row)) for row in rows])


def sums(table: Any) -> Any:
    """The sum of each column, added from the first row to the last, to 0.0; an array."""
    import numpy

    if table.shape[1] == 1:  # which NumPy would add in pairs
        return sums(numpy.repeat(table, 2, axis=1))[:1]
    with numpy.errstate(all="ignore"):  # infinities and nan are results like others
        rows = numpy.ascontiguousarray(table)  # else each column would be added in pairs
        return numpy.add.reduce(rows, axis=0) + 0.0
