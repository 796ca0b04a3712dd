"""Programs as NumPy source: each line of a lane is an operation of arrays, with an element for each lane.

Lines that are the same in all lanes are computed once, as Python does. A sum over lanes adds them one after
the other, in the order of the lanes.
"""

from __future__ import annotations

from functools import partial

from autograd.backends import strong_zero
from autograd.backends.python_source import Body, compiled, unpacking, varying
from autograd.table import ops
from autograd.table.call import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


class Columns(Body):
    """The statements of a program whose inputs are floats, or arrays where `lanes` says so."""

    def __init__(self, program: Any, backend: str, strict: bool, lanes: Sequence[bool]) -> None:
        import numpy

        self.lanes = varying(program, lanes)
        super().__init__(program, backend, strict, [f"v{i}" for i in range(len(program.inputs))])
        self.scope["np"] = numpy

    def _write(self, i: int, op: Any, args: tuple[Any, ...]) -> None:
        if not self.lanes[i] or type(op) is Output:
            super()._write(i, op, args)
        elif op.collects:
            (operands,) = args
            pattern = tuple([type(x) is int and self.lanes[x] for x in operands])
            run = partial(op.run_columns, lanes=pattern, strict=self._is_strict(i), backend=self.backend)
            function = self._named(f"call{i}", run)
            self.statements.append(f"{self.names[i]} = {function}({self.operand(operands)}, n)")
            self.statements.append(f"if type({self.names[i]}) is int: return {len(self.program.guards) + i}")
        elif op.variadic and not op.numpy:
            function = self._named(
                f"each_{op.name}" if op.builtin else f"each{i}", partial(_each_sequence, op)
            )
            self.statements.append(f"{self.names[i]} = {function}(n, {', '.join(map(self.operand, args))})")
        else:
            super()._write(i, op, args)

    def template(self, i: int, op: Any) -> str:
        if not self.lanes[i]:
            return "" if op is ops.div else super().template(i, op)  # 1/0 is inf there, too
        text = strong_zero.template(op, op.numpy, self._is_strict(i))
        if text or op.variadic:
            return text
        operands = ", ".join(f"#{k + 1}" for k in range(op.arity))
        import numpy

        if isinstance(getattr(numpy, op.method, None), numpy.ufunc):  # numpy.sinc is none, and less accurate
            return f"np.{op.method}({operands})"
        function = self._named(
            f"each_{op.name}" if op.builtin else f"each{i}", numpy.frompyfunc(op.forward, op.arity, 1)
        )
        return f"np.asarray({function}({operands}), dtype=float)"


def _each_sequence(op: Any, n: int, *sequences: tuple[Any, ...]) -> Any:
    """A reduction without a form for arrays, lane by lane."""
    import numpy

    tables = [numpy.stack([numpy.broadcast_to(x, n) for x in xs], axis=1).tolist() for xs in sequences]
    return numpy.array([op.forward(*map(tuple, rows)) for rows in zip(*tables, strict=True)])


def columns(
    program: Any, lanes: Sequence[bool], backend: str, strict: bool
) -> Callable[[Sequence[Any], int], Any]:
    """A function of the inputs, floats and arrays of n numbers, and n: the outputs and the guards, two lists.

    A guard is the array of its truths, or one truth for all lanes. An int says that a call inside failed.
    """
    body = Columns(program, backend, strict, lanes)
    outs = ", ".join(map(body.operand, program.outputs))
    guards = ", ".join(f"{body.operand(place)} != 0.0" for place, _, _ in program.guards)
    statements = [*unpacking(body.names[: len(program.inputs)], "inputs"), *body.statements]
    statements.append(f"return [{outs}], [{guards}]")
    return compiled("columns", "inputs, n", statements, body.scope)  # type: ignore[no-any-return]


def sums(arrays: Sequence[Any], n: int) -> list[float]:
    """The sum of each array (or of n equal numbers), added from the first element to the last, to 0.0."""
    import numpy

    if not arrays:
        return []
    table = numpy.empty((n + 1, max(len(arrays), 2)))  # a table of one column would be added in pairs
    table[0] = 0.0
    for j, array in enumerate(arrays):
        table[1:, j] = array
    with numpy.errstate(all="ignore"):  # infinities and nan are results like others
        totals: list[float] = numpy.add.reduce(table, axis=0).tolist()
    return totals[: len(arrays)]
