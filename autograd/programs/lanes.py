"""Lanes: a program that runs once for each of many samples, as one line of a program around it."""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate, chain
from math import nan

from autograd.backends import numpy_source, python_source, running
from autograd.backends.machines import machine_of_lanes
from autograd.backends.strong_zero import finite, has_chains
from autograd.graph.engine import Value
from autograd.graph.lines import picked
from autograd.graph.recording import current
from autograd.graph.sweeps import times
from autograd.programs.calls import CallOfNumbers
from autograd.programs.gradients import derivatives, pushed
from autograd.table import ops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from autograd.graph.recording import Sweeps
    from autograd.programs.program import Program

FEW = 8  # lanes: below, the loop in Python is quicker than NumPy
MOST_ROWS = 8  # of which a pull is made: for more results a sum over lanes is quicker


def may_fail(program: Program) -> bool:
    """Whether there are inputs for which a guard fails, of the program or of lanes inside it."""
    if program.guards:
        return True
    return any(any(map(may_fail, op.paths)) for op in program._ops if isinstance(op, Lanes))


def _sweeps() -> Sweeps | None:
    """Those of the transform whose sweep runs in a trace."""
    recorder = current().program
    return None if recorder is None else recorder.sweeps


def _all_are(tangents: Sequence[Any], constant: float) -> bool:
    return all(type(x) is float and x == constant for x in tangents)


class Lanes(CallOfNumbers):
    """The op that runs a program for each lane.

    Its operands are the uniform inputs, then, for each other input of the program, a column: a number for
    each lane. Its results are, for each output of the program, the sum over the lanes or a column.

    Args:
        paths: the programs, one for each way through the conditions of the function; all have the same
            inputs and outputs.
        size: the number of lanes.
        uniform: how many of the inputs are the same in all lanes.
        summed: for each output, whether the lanes are added up, in their order.
    """

    def __init__(self, paths: Sequence[Program], size: int, uniform: int, summed: Sequence[bool]) -> None:
        super().__init__(f"lanes[{size}] of {paths[0].name}")
        self.paths = tuple(paths)
        self.size = size
        self.uniform = uniform
        self.summed = tuple(summed)
        self.has_chains = any(map(has_chains, paths))
        sizes = [1 if is_sum else size for is_sum in summed]
        # For each output the place of its first result, and at the end the number of results:
        self._starts = list(accumulate(sizes, initial=0))
        self._made: dict[Any, Any] = {}

    def __reduce__(self) -> Any:
        return Lanes, (self.paths, self.size, self.uniform, self.summed)

    def __repr__(self) -> str:
        paths = [path._key() for path in self.paths]
        return f"<lanes {self.size}, {self.uniform} uniform, summed {self.summed}: {paths}>"

    @property
    def result_count(self) -> int:
        """The number of results: one for each sum, and one for each lane of other outputs."""
        return self._starts[-1]

    def places(self) -> list[range]:
        """For each output the places of its results."""
        return list(map(range, self._starts, self._starts[1:]))

    def _output_of(self, place: int) -> tuple[int, int]:
        """The output that the result at a place belongs to, and its lane."""
        j = bisect(self._starts, place) - 1
        return j, place - self._starts[j]

    def _call(self, *args: Any) -> Any:
        (operands,) = args
        kinds = set(map(type, operands))
        if kinds <= {float, Value}:
            return self.applied(operands)
        return self._written_out(operands)

    def read_by(self, place: int, count: int) -> Iterable[int]:
        j, b = self._output_of(place)
        if self.summed[j]:
            return range(count)
        return [*range(self.uniform), *range(self.uniform + b, count, self.size)]

    def written_out(self, operands: Sequence[Any]) -> list[Any]:
        columns = self._columns(operands)
        rows = []
        for b in range(self.size):
            lane = [*operands[: self.uniform], *[column[b] for column in columns]]
            numbers = [x if type(x) is float else x._number for x in lane]
            holds = [type(running.runner(path, "python", True)(numbers)) is not int for path in self.paths]
            path = self.paths[holds.index(True)]
            found = path._replayed(lane)
            rows.append([picked(found, out) for out in path.outputs])
        return self._joined(rows, ops.sum_of)

    def _written_out(self, operands: Sequence[Any]) -> list[Any]:
        """The results for operands of any kind, Symbols, say, lane by lane."""
        if len(self.paths) > 1:
            raise TypeError(
                f"{self.name} takes {len(self.paths)} ways through its conditions, each in some lanes, and "
                f"so has no formula: write where(condition, x, y) in the place of the if"
            )
        (path,) = self.paths
        columns = self._columns(operands)
        rows = []
        for b in range(self.size):
            found = path._replayed([*operands[: self.uniform], *[column[b] for column in columns]])
            rows.append([picked(found, out) for out in path.outputs])
        return self._joined(rows, lambda column: sum(column, 0.0))

    def _joined(self, rows: list[list[Any]], add: Callable[[tuple[Any, ...]], Any]) -> list[Any]:
        """The results from a row of outputs for each lane, with `add` for the sums."""
        results: list[Any] = []
        for is_sum, column in zip(self.summed, zip(*rows, strict=True), strict=True):
            results += [add(column)] if is_sum else column
        return results

    def _columns(self, operands: Sequence[Any]) -> list[Sequence[Any]]:
        b = self.size
        return [operands[i : i + b] for i in range(self.uniform, len(operands), b)]

    # Numbers

    def numbers(self, numbers: Sequence[float]) -> list[float]:
        found = self.run(numbers, "auto", False)
        if type(found) is not int and self.has_chains and not finite(found):
            found = self.run(numbers, "auto", True)
        if type(found) is int:
            if current().program is not None:  # a derivative may be traced with numbers of no path
                return [nan] * self.result_count
            raise self.paths[0]._guard_error(len(self.paths[0].guards))
        return found  # type: ignore[no-any-return]

    def run(self, numbers: Sequence[float], backend: str, strict: bool) -> Any:
        own = self._machine(backend, len(numbers), strict)
        if own is not None:
            return own.run(numbers)
        if self._in_python(backend):
            return self._looped(numbers, strict)
        import numpy

        found = self.run_vector(numpy.array(numbers, dtype=float), backend, strict)
        return found if type(found) is int else found.tolist()

    def _machine(self, backend: str, operands: int, strict: bool) -> Any:
        """The machine that runs the op, or None."""
        if backend not in ("auto", "native"):
            return None
        key = "machine", strict
        if key in self._made:
            return self._made[key]
        made = machine_of_lanes(self, operands, self.result_count, strict)
        if current().program is None:  # in a trace the program that contains the op will have a machine
            self._made[key] = made
        return made

    def _in_python(self, backend: str) -> bool:
        return backend == "python" or (backend != "numpy" and self.size < FEW)

    def run_vector(self, numbers: Any, backend: str, strict: bool) -> Any:
        """`run` for an array of the operands, which returns an array of the results."""
        import numpy

        if not self._in_python(backend):
            try:
                found = self._in_columns(numbers, backend, strict)
            except Exception:  # of an op of a user, called in lanes in which a guard fails, perhaps
                if not any(map(may_fail, self.paths)):
                    raise
            else:
                # Lanes inside a lane may fail in some lanes only: the loop takes another path in these alone.
                if type(found) is not int or len(self.paths) == 1:
                    return found
        found = self._looped(numbers.tolist(), strict)
        return found if type(found) is int else numpy.array(found)

    def _in_columns(self, numbers: Any, backend: str, strict: bool) -> Any:
        """`run_vector` by NumPy."""
        import numpy

        u = self.uniform
        table = numpy.ascontiguousarray(numbers[u:].reshape(-1, self.size).T)
        pattern = (False,) * u + (True,) * table.shape[1]
        if len(self.paths) == 1:
            with numpy.errstate(all="ignore"):
                run = self._table_function(0, pattern, backend, strict, True)
                found = run(numbers[:u], table, self.size)
            if type(found) is int or self._taken(self.paths[0], found[1]) is not True:
                return 0
            return found[0]
        found = self._in_tables(numbers[:u], table, self.size, pattern, backend, strict)
        return found if type(found) is int else self._results(found)

    def _has_calls(self) -> bool:
        """Whether a lane runs Lanes in turn: these may fail in a table because of a lane of another path."""
        return any(op.collects for path in self.paths for op, _ in path.lines)

    def _results(self, table: Any) -> Any:
        """Results as an array, from a table of the outputs of all lanes."""
        import numpy

        totals = iter(numpy_source.sums(table)[:, None])
        columns = zip(table.T, totals, self.summed, strict=True)
        return numpy.concatenate([total if is_sum else column for column, total, is_sum in columns])

    def _in_tables(
        self,
        uniform: Any,
        table: Any,
        n: int,
        pattern: tuple[bool, ...],
        backend: str,
        strict: bool,
    ) -> Any:
        """A table of the outputs in all n lanes; an int where some lanes take no known path."""
        import numpy

        with numpy.errstate(all="ignore"):
            outs: Any = None
            left: Any = None  # the lanes that no path so far has taken; None for all
            for i, path in enumerate(self.paths):
                run = self._table_function(i, pattern, backend, strict)
                count = n if left is None else len(left)
                found = run(uniform, table if left is None else table[left], count)
                if type(found) is int:
                    return found
                taken = self._taken(path, found[1])
                if left is None and taken is True:
                    return numpy.broadcast_to(found[0], (n, len(self.summed)))
                if left is None:
                    outs, left = numpy.empty((n, len(self.summed))), numpy.arange(n)
                mask = numpy.broadcast_to(numpy.asarray(taken), len(left))
                outs[left[mask]] = numpy.broadcast_to(found[0], (len(left), len(self.summed)))[mask]
                left = left[~mask]
                if not len(left):
                    return outs
            return 0

    @staticmethod
    def _taken(path: Program, truths: Sequence[Any]) -> Any:
        """In which lanes all guards hold: True for all, or an array."""
        import numpy

        taken: Any = True
        for truth, (_, wanted, _) in zip(truths, path.guards, strict=True):
            taken = taken & (numpy.asarray(truth) == wanted)
        return True if numpy.all(taken) else taken

    def _table_function(
        self, i: int, pattern: tuple[bool, ...], backend: str, strict: bool, sums: bool = False
    ) -> Any:
        key = i, pattern, backend, strict, sums
        if key not in self._made:
            summed = self.summed if sums else None
            self._made[key] = numpy_source.tables(self.paths[i], pattern, backend, strict, summed, self.size)
        return self._made[key]

    def run_table(
        self, operands: Sequence[Any], n: int, *, lanes: tuple[bool, ...], backend: str, strict: bool
    ) -> Any:
        """A table of the results where operands are arrays, with a number for each of n lanes around."""
        import numpy

        u, b = self.uniform, self.size
        uniform = [x for x, varies in zip(operands[:u], lanes, strict=False) if not varies]
        columns = [numpy.tile(x, b) for x, varies in zip(operands[:u], lanes, strict=False) if varies]
        for i in range(u, len(operands), b):
            columns.append(numpy.concatenate([numpy.broadcast_to(x, n) for x in operands[i : i + b]]))
        pattern = tuple(lanes[:u]) + (True,) * ((len(operands) - u) // b)
        found = self._in_tables(uniform, numpy.stack(columns, axis=1), b * n, pattern, backend, strict)
        if type(found) is int:
            return self._row_by_row(operands, n, strict) if self._has_calls() else found
        results: list[Any] = []
        for column, is_sum in zip(found.T, self.summed, strict=True):
            by_lane = column.reshape(b, n)
            if is_sum:
                total = numpy.zeros(n)
                for row in by_lane:
                    total = total + row
                results.append(total)
            else:
                results += list(by_lane)
        return numpy.stack(results, axis=1)

    def _row_by_row(self, operands: Sequence[Any], n: int, strict: bool) -> Any:
        """The same table, each row computed on its own."""
        import numpy

        rows = []
        for k in range(n):
            row = self._looped([float(x[k]) if numpy.ndim(x) else float(x) for x in operands], strict)
            if type(row) is int:
                return row
            rows.append(row)
        return numpy.array(rows)

    def _looped(self, numbers: Sequence[float], strict: bool) -> Any:
        """The results by a loop in Python."""
        uniform, columns = numbers[: self.uniform], self._columns(numbers)
        if len(self.paths) == 1 and columns:
            try:
                found = self._loop_function(strict)(uniform, columns)
            except ArithmeticError:
                found = None
            if found is not None:
                flat: list[float] = []
                for x, is_sum in zip(found, self.summed, strict=True):
                    flat += [x] if is_sum else x
                return flat
        rows: list[list[float]] = []
        for lane in zip(*columns, strict=True) if columns else [()] * self.size:
            for path in self.paths:
                row = running.runner(path, "python", strict)([*uniform, *lane])
                if type(row) is not int:
                    rows.append(row)
                    break
            else:
                return 0
        return self._joined(rows, ops.sum_of.forward)

    def _loop_function(self, strict: bool) -> Any:
        key = "loop", strict
        if key not in self._made:
            path = self.paths[0]
            self._made[key] = python_source.looped(path, self.uniform, self.summed, "python", strict)
        return self._made[key]

    # Derivatives

    def pull(self, node: Any, adjoints: dict[int, Any], graph: bool) -> list[tuple[Any, Any]]:
        (operands,) = node.args
        u = self.uniform
        columns = self._columns(operands)
        sweeps = _sweeps() if graph else None
        if sweeps is not None and self._has_few(adjoints):
            rows = [(carried, self.row(node, place, True)) for place, carried in adjoints.items()]
            return [(x, times(carried, slope)) for carried, row in rows for x, slope in row]
        uniform, laned = self._wanted(operands, sweeps)
        op = self._pulled(uniform, laned)
        seeds = [[adjoints.get(place, 0.0) for place in places] for places in self.places()]
        given = [
            *operands[:u],
            *chain.from_iterable([s for s, is_sum in zip(seeds, self.summed, strict=True) if is_sum]),
            *operands[u:],
            *chain.from_iterable([s for s, is_sum in zip(seeds, self.summed, strict=True) if not is_sum]),
        ]
        found = op.applied(given if graph else [x if type(x) is float else x._number for x in given])
        pairs = [(operands[i], x) for i, x in zip(uniform, found, strict=False)]
        rest = iter(found[len(uniform) :])
        for i in laned:
            pairs += [
                (x, adjoint) for x, adjoint in zip(columns[i - u], rest, strict=False) if type(x) is Value
            ]
        return pairs

    def _wanted(
        self, operands: Sequence[Any], sweeps: Sweeps | None
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The inputs, uniform ones and columns, to whose operands derivatives are carried."""

        def is_wanted(part: Sequence[Any]) -> bool:
            if sweeps is None:
                return Value in set(map(type, part))
            return any(type(x) is Value and x in sweeps.reached for x in part)

        u = self.uniform
        uniform = [i for i in range(u) if is_wanted(operands[i : i + 1])]
        laned = [i for i, column in enumerate(self._columns(operands), u) if is_wanted(column)]
        return tuple(uniform), tuple(laned)

    def _has_few(self, adjoints: dict[int, Any]) -> bool:
        """Whether adjoints are of columns alone, and few in comparison with the lanes."""
        few = len(adjoints) <= min(MOST_ROWS, self.size // 4)
        return few and not any(self.summed[self._output_of(place)[0]] for place in adjoints)

    def row(self, node: Any, place: int, graph: bool) -> list[tuple[Any, Any]]:
        """See `Call.row`: the sweeps of a transform in a trace share one op for all results of an output."""
        sweeps = _sweeps() if graph else None
        if sweeps is None:
            return super().row(node, place, graph)
        j, b = self._output_of(place)
        known = sweeps.slopes.setdefault(node, {})
        if j not in known:
            known[j] = self._slopes(node, j, sweeps)
        uniform, columns = known[j]
        pairs = [(x, slopes[b]) for x, slopes in uniform]
        if self.summed[j]:
            each = [pair for xs, slopes in columns for pair in zip(xs, slopes, strict=True)]
        else:
            each = [(xs[b], slopes[b]) for xs, slopes in columns]
        return pairs + [pair for pair in each if type(pair[0]) is Value]

    def _slopes(self, node: Any, j: int, sweeps: Sweeps) -> tuple[list[Any], list[Any]]:
        """The operands of uniform inputs and of columns, each with the slopes of an output by it.

        These are a number for each result of the output, or each lane.
        """
        (operands,) = node.args
        columns = self._columns(operands)
        uniform, laned = self._wanted(operands, sweeps)
        key = "slopes", j, uniform, laned
        if key not in self._made:
            paths = [self._slopes_of_path(path, j, (*uniform, *laned)) for path in self.paths]
            summed = [self.summed[j]] * len(uniform) + [False] * len(laned)
            self._made[key] = Lanes(paths, self.size, self.uniform, summed)
        parts = self._made[key]._parts(operands)
        count = len(uniform)
        return (
            [(operands[i], slopes) for i, slopes in zip(uniform, parts[:count], strict=True)],
            [(columns[i - self.uniform], slopes) for i, slopes in zip(laned, parts[count:], strict=True)],
        )

    def _parts(self, operands: Sequence[Any]) -> list[list[Any]]:
        """The results of each output for operands among which are Values; floats where it is constant."""
        found = self.applied(operands)
        parts = []
        for part, *outs in zip(self.places(), *[path.outputs for path in self.paths], strict=True):
            constant = type(outs[0]) is float and len(set(map(str, outs))) == 1
            is_same = constant and (outs[0] == 0.0 or len(part) == self.size)
            parts.append(outs[:1] * len(part) if is_same else found[part.start : part.stop])
        return parts

    def push(self, node: Any, tangents: dict[Any, Any]) -> list[Any] | None:
        """See `Call.push`: one op of lanes, unless only few numbers in columns have a tangent."""
        (operands,) = node.args
        u = self.uniform
        of_operands = [tangents.get(x, 0.0) if type(x) is Value else 0.0 for x in operands]
        if _all_are(of_operands[:u], 0.0):
            moved = len(of_operands) - sum([type(x) is float and x == 0.0 for x in of_operands])
            if moved <= min(MOST_ROWS, self.size // 4):
                return None if moved else [0.0] * self.result_count
        given = [*[[x] for x in of_operands[:u]], *self._columns(of_operands)]
        # The tangents of each input where they are 0.0, or 1.0, in all lanes; None for others.
        known = [next((c for c in (0.0, 1.0) if _all_are(xs, c)), None) for xs in given]
        key = "pushed", tuple(known)
        if key not in self._made:
            paths = [self._pushed_path(path, known) for path in self.paths]
            self._made[key] = Lanes(paths, self.size, u + known[:u].count(None), self.summed)
        others = [xs for xs, constant in zip(given, known, strict=True) if constant is None]
        uniform = known[:u].count(None)
        parts = self._made[key]._parts(
            [*operands[:u], *chain(*others[:uniform]), *operands[u:], *chain(*others[uniform:])]
        )
        return list(chain(*parts))

    def _pushed_path(self, path: Program, known: Sequence[float | None]) -> Program:
        """The program of a lane of `push`: its uniform inputs and their tangents, then columns and theirs."""
        u = self.uniform
        places = [*range(u), *[-1 - i for i in range(u) if known[i] is None]]
        places += [*range(u, len(known)), *[-1 - i for i in range(u, len(known)) if known[i] is None]]
        return pushed(
            path,
            [path.inputs[i] if i >= 0 else f"tangent[{-1 - i}]" for i in places],
            [path.numbers[i] if i >= 0 else 1.0 for i in places],
            [places.index(i) for i in range(len(known))],
            [places.index(-1 - i) if x is None else x for i, x in enumerate(known)],
        )

    def _slopes_of_path(self, path: Program, j: int, wanted: Sequence[int]) -> Program:
        seeds = [float(i == j) for i in range(len(path.outputs))]
        own = range(len(path.inputs))
        return derivatives(path, path.inputs, path.numbers, own, seeds, wanted, seeks_loops=False)

    def _pulled(self, uniform: tuple[int, ...], laned: tuple[int, ...]) -> Lanes:
        """The op from the operands and an adjoint for each result to those of some inputs.

        Its uniform inputs are those of this op, then the adjoints of sums; its columns those of this op, then
        the adjoints of columns.
        """
        key = "pulled", uniform, laned
        if key not in self._made:
            paths = [self._pulled_path(path, (*uniform, *laned)) for path in self.paths]
            summed = [True] * len(uniform) + [False] * len(laned)
            self._made[key] = Lanes(paths, self.size, self.uniform + sum(self.summed), summed)
        return self._made[key]  # type: ignore[no-any-return]

    def _pulled_path(self, path: Program, wanted: tuple[int, ...]) -> Program:
        u, sums = self.uniform, sum(self.summed)
        k = len(path.inputs) - u
        of_sums, of_columns = (
            iter(range(u, u + sums)),
            iter(range(u + sums + k, len(path.inputs) + len(self.summed))),
        )
        names = [f"adjoint[{j}]" for j in range(len(self.summed))]
        named = [name for name, is_sum in zip(names, self.summed, strict=True) if is_sum]
        columns = [name for name, is_sum in zip(names, self.summed, strict=True) if not is_sum]
        ones = [1.0] * len(names)
        return derivatives(
            path,
            [*path.inputs[:u], *named, *path.inputs[u:], *columns],
            [*path.numbers[:u], *ones[:sums], *path.numbers[u:], *ones[sums:]],
            [*range(u), *range(u + sums, u + sums + k)],
            [next(of_sums if is_sum else of_columns) for is_sum in self.summed],
            wanted,
            seeks_loops=False,
        )
