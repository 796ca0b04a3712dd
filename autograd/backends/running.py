"""Running programs: the choice of a backend, and a loop over the lines for programs too long for source."""

from __future__ import annotations

from array import array

from autograd._machine import machine
from autograd.backends import python_source, vectors
from autograd.backends.machines import machine_of
from autograd.backends.strong_zero import finite, has_chains, strict_lines
from autograd.table import ops
from autograd.table.call import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

BACKENDS = ("auto", "native", "numpy", "python")
FEWEST_INPUTS = 64  # of programs that the machine runs on arrays: for fewer, a list is as quick
MOST_LINES = 20_000  # of generated source; longer programs run line by line


def check_backend(backend: str) -> str:
    """The name of a backend.

    Raises:
        ValueError: for another name, and for "native" where the extension is missing.
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend is one of {', '.join(map(repr, BACKENDS))}, not {backend!r}")
    if backend == "native" and machine is None:
        raise ValueError(
            "the backend 'native' needs the extension autograd._machine.machine, which is not in use here: "
            "install the package where there is a C compiler, without AUTOGRAD_PURE, or write backend='auto'"
        )
    return backend


def native(program: Any, backend: str, strict: bool = False) -> Any:
    """The machine that runs a program, or None if another backend does."""
    return machine_of(program, strict) if backend in ("auto", "native") else None


def run(program: Any, numbers: Sequence[float], backend: str, strict: bool = False) -> Any:
    """The outputs of a program, a list of floats; or the place of the first guard that failed, an int."""
    found = runner(program, backend, strict)(numbers)
    if not strict and type(found) is not int and has_chains(program) and not finite(found):
        found = runner(program, backend, True)(numbers)
    return found


def run_into(program: Any, numbers: Any, out: Any, backend: str) -> int:
    """`run` from a buffer of doubles into another: -1, or the place of the first guard that failed."""
    own = native(program, backend)
    if own is not None:
        failed: int = own.run_into(numbers, out)
        if failed < 0 and has_chains(program) and not finite(_doubles(out)):
            failed = native(program, backend, True).run_into(numbers, out)
        return failed
    found = run(program, _doubles(numbers).tolist(), backend)
    if type(found) is int:
        return found
    _doubles(out)[:] = array("d", found)
    return -1


def repeat(program: Any, numbers: Any, runs: int, carried: Any, tables: Any, out: Any, backend: str) -> int:
    """See `Program.repeat`."""
    own = native(program, backend)
    if own is not None:
        made: int = own.repeat(numbers, runs, carried, tables, out)
        return made
    import numpy

    given, results = numpy.asarray(_doubles(numbers)), numpy.empty(len(program.outputs))
    kept = numpy.asarray(out) if out is not None else numpy.empty((runs, 0))
    columns = [(first, numpy.asarray(table), numpy.asarray(rows)) for first, table, rows in tables]
    _check_repetition(program, runs, carried, columns, kept)
    moved = [(slice(o, o + count), slice(i, i + count)) for o, i, count in carried]
    inputs = given.copy()
    made = 0
    for run in range(runs):
        for first, table, rows in columns:
            row = table[rows[run]].ravel()
            inputs[first : first + len(row)] = row
        failed = run_into(program, inputs, results, backend)
        used = [results[: kept.shape[1]], *[results[o] for o, _ in moved]]
        if failed >= 0 or not all(numpy.isfinite(part).all() for part in used):
            break
        kept[run] = used[0]
        for (_, at), new in zip(moved, used[1:], strict=True):
            inputs[at] = new
        made += 1
    for _, at in moved:
        given[at] = inputs[at]
    return made


def _check_repetition(program: Any, runs: int, carried: Any, tables: Any, kept: Any) -> None:
    """Make sure that what is carried, taken from tables and kept fits a program.

    Raises:
        TypeError, ValueError, IndexError: if it does not.
    """
    inputs, outputs = len(program.inputs), len(program.outputs)
    for x in carried:
        if type(x) is not tuple or len(x) != 3:
            raise TypeError(f"carried outputs are tuples (output, input, count), not {x!r}")
        if min(x) < 0 or x[0] + x[2] > outputs or x[1] + x[2] > inputs:
            raise ValueError("carried outputs and inputs lie within those of the program")
    for first, table, rows in tables:
        if table.ndim != 2 or table.dtype != float or rows.ndim != 2 or rows.dtype != "int64":
            raise ValueError("a table has rows of doubles, and for each run as many 64-bit row numbers")
        if len(rows) != runs or first < 0 or first + rows.shape[1] * table.shape[1] > inputs:
            raise ValueError("the rows of a table that a run takes lie within its inputs")
        if rows.size and not 0 <= rows.min() <= rows.max() < len(table):
            raise IndexError(f"a table of {len(table)} rows has no row {rows.min()}, or no row {rows.max()}")
    if kept.ndim != 2 or kept.dtype != float or len(kept) != runs or kept.shape[1] > outputs:
        raise ValueError("out has a row of doubles for each run, for its first outputs")


def _doubles(buffer: Any) -> Any:
    """A contiguous buffer of doubles, of any shape, as one row.

    Raises:
        ValueError: if it is of another kind.
    """
    view = memoryview(buffer)
    if view.format != "d":
        raise ValueError(f"numbers of a run are a buffer of doubles, not of the format {view.format!r}")
    return view.cast("B").cast("d")


def run_vector(program: Any, numbers: Any, backend: str, strict: bool = False) -> Any:
    """`run` for a NumPy array of the inputs, which returns an array of the outputs."""
    import numpy

    found = vector_runner(program, backend, strict)(numbers)
    if not strict and type(found) is not int and has_chains(program) and not numpy.isfinite(found).all():
        found = vector_runner(program, backend, True)(numbers)
    return found


def in_vectors(program: Any, backend: str) -> bool:
    """Whether a program runs on arrays."""
    if native(program, backend) is not None:
        return len(program.inputs) >= FEWEST_INPUTS
    return backend != "python" and len(program.lines) <= MOST_LINES and vectors.suits(program)


def chosen(program: Any, backend: str) -> tuple[bool, Callable[[Any], Any]]:
    """Whether a program runs on arrays, and `run_vector` or `run` for it."""

    def make() -> Any:
        on_arrays = in_vectors(program, backend)
        if has_chains(program):
            run_any = run_vector if on_arrays else run
            return on_arrays, lambda numbers: run_any(program, numbers, backend)
        return on_arrays, (vector_runner if on_arrays else runner)(program, backend, False)

    return program._once(("chosen", backend), make)  # type: ignore[no-any-return]


def vector_runner(program: Any, backend: str, strict: bool) -> Callable[[Any], Any]:
    """The function that runs a program on arrays."""

    def make() -> Any:
        import numpy

        own = native(program, backend, strict)
        if own is not None:
            count = len(program.outputs)

            def by_machine(numbers: Any) -> Any:
                results = numpy.empty(count)
                failed = own.run_into(numbers, results)
                return results if failed < 0 else failed

            return by_machine
        quick = vectors.function(program, backend, strict)

        def with_edges(numbers: Any) -> Any:
            try:
                return quick(numbers)
            except ArithmeticError:
                found = _line_by_line(program, numbers.tolist(), backend, strict)
                return found if type(found) is int else numpy.array(found)

        return with_edges

    return program._once(("run on vectors", backend, strict), make)  # type: ignore[no-any-return]


def runner(program: Any, backend: str, strict: bool) -> Callable[[Sequence[float]], Any]:
    """The function that runs a program."""

    def make() -> Any:
        own = native(program, backend, strict)
        if own is not None:
            return own.run
        if len(program.lines) > MOST_LINES:
            return lambda numbers: _line_by_line(program, numbers, backend, strict)
        if in_vectors(program, backend):
            import numpy

            run_array = vector_runner(program, backend, strict)

            def on_lists(numbers: Sequence[float]) -> Any:
                found = run_array(numpy.array(numbers, dtype=float))
                return found if type(found) is int else found.tolist()

            return on_lists
        quick = python_source.straight(program, backend, strict)

        def with_edges(numbers: Sequence[float]) -> Any:
            try:
                return quick(numbers)
            except ArithmeticError:  # a division by 0, of which Python makes an exception
                return _line_by_line(program, numbers, backend, strict)

        return with_edges

    return program._once(("run", backend, strict), make)  # type: ignore[no-any-return]


def _line_by_line(program: Any, numbers: Sequence[float], backend: str, strict: bool) -> Any:
    found: list[Any] = list(numbers)
    shared: dict[int, tuple[float, ...]] = {}
    marked = strict_lines(program)
    checks: dict[int, int] = {}  # guards, by their places
    for which, (place, truth, _) in enumerate(program.guards):
        checks.setdefault(place, which)
        if place < len(found) and (found[place] != 0.0) != truth:
            return which
    for i, (op, args) in enumerate(program.lines, len(found)):
        given = []
        for x in args:
            if type(x) is int:
                given.append(found[x])
            elif type(x) is float:
                given.append(x)
            else:
                if id(x) not in shared:
                    shared[id(x)] = tuple([found[x_i] if type(x_i) is int else x_i for x_i in x])
                given.append(shared[id(x)])
        if type(op) is Output:
            found.append(given[0][op.place])
        elif op.collects:
            results = op.run(given[0], backend, strict or i in marked)
            if type(results) is int:
                return _failed_call(program, i)
            found.append(results)
        else:
            x = op.compute(*given)
            found.append(x if op.builtin or type(x) is float else ops.identity(x))
        if i in checks and (found[i] != 0.0) != program.guards[checks[i]][1]:
            return checks[i]
    return [out if type(out) is float else found[out] for out in program.outputs]


def _failed_call(program: Any, place: int) -> int:
    """What a run returns where lanes take a way that no path of theirs has: more than there are guards."""
    return len(program.guards) + place


def python_text(program: Any) -> str:
    """See `Program.to_python`."""
    return python_source.text(program)
