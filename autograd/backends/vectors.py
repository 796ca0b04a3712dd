"""Programs with lanes on arrays: numbers go from inputs into tables, and from tables into results, as arrays.

The few lines outside of lanes are Python statements on floats.
"""

from __future__ import annotations

from functools import partial

from autograd.backends.python_source import Body, compiled
from autograd.table.call import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Source = tuple[str, int]  # an array and a place in it; or "" and the place of a float

FEWEST_OPERANDS = 64  # of lanes: fewer numbers are moved as quickly one by one


def suits(program: Any) -> bool:
    """Whether a program has lanes that take many numbers."""

    def ask() -> bool:
        return any(
            hasattr(op, "run_vector") and len(args[0]) >= FEWEST_OPERANDS for op, args in program.lines
        )

    return program._once("suits vectors", ask)  # type: ignore[no-any-return]


def function(program: Any, backend: str, strict: bool) -> Callable[[Any], Any]:
    """A function of an array of all inputs: an array of the outputs, or the place of a guard that failed.

    A division by 0 may raise ZeroDivisionError.
    """
    return _Vectors(program, backend, strict).function()  # type: ignore[no-any-return]


class _Vectors(Body):
    def __init__(self, program: Any, backend: str, strict: bool) -> None:
        import numpy

        first = len(program.inputs)
        self.calls = {
            i for i, (op, _) in enumerate(program.lines, first) if op.collects and hasattr(op, "run_vector")
        }
        self.in_arrays: dict[int, Source] = {i: ("x", i) for i in range(first)}
        self.as_floats = self._needed_as_floats(program, first)
        super().__init__(program, backend, strict, [f"v{i}" for i in range(first)])
        self.scope["np"] = numpy

    def _needed_as_floats(self, program: Any, first: int) -> set[int]:
        """The places that Python statements read."""
        needed = {place for place, _, _ in program.guards}
        seen: set[int] = set()
        for i, (op, args) in enumerate(program.lines, first):
            if i in self.calls or (type(op) is Output and args[0] in self.calls):
                continue
            for x in args:
                if type(x) is int:
                    needed.add(x)
                elif type(x) is tuple and id(x) not in seen:
                    seen.add(id(x))
                    needed.update([x_i for x_i in x if type(x_i) is int])
        return needed

    def _write(self, i: int, op: Any, args: tuple[Any, ...]) -> None:
        if i in self.calls:
            run = partial(op.run_vector, backend=self.backend, strict=self._is_strict(i))
            given = self._array(args[0])
            self.statements.append(f"r{i} = {self._named(f'call{i}', run)}({given})")
            self.statements.append(f"if type(r{i}) is int: return {len(self.program.guards) + i}")
        elif type(op) is Output and args[0] in self.calls:
            self.in_arrays[i] = f"r{args[0]}", op.place
            if i in self.as_floats:
                self.statements.append(f"v{i} = r{args[0]}[{op.place}].item()")
        else:
            super()._write(i, op, args)

    def _array(self, operands: Sequence[Any]) -> str:
        """Operands as an array."""
        parts: dict[str, list[int]] = {}
        for k, x in enumerate(operands):
            parts.setdefault(self.in_arrays.get(x, ("", 0))[0] if type(x) is int else "", []).append(k)
        if len(parts) == 1 and "" not in parts:
            ((name, places),) = parts.items()
            return f"{name}[{self._indices([self.in_arrays[operands[k]][1] for k in places])}]"
        made = f"a{len(self.statements)}"
        self.statements.append(f"{made} = np.empty({len(operands)})")
        for name, places in parts.items():
            if name:
                text = f"{name}[{self._indices([self.in_arrays[operands[k]][1] for k in places])}]"
            else:
                text = f"[{', '.join(self.operand(operands[k]) for k in places)}]"
            self.statements.append(f"{made}[{self._indices(places)}] = {text}")
        return made

    def _indices(self, places: list[int]) -> str:
        import numpy

        first = places[0]
        if places == list(range(first, first + len(places))):
            return f"{first}:{first + len(places)}"
        return self._named(f"i{len(self.scope)}", numpy.array(places, dtype=numpy.intp))

    def function(self) -> Any:
        floats = sorted(i for i in self.as_floats if i < len(self.program.inputs))
        statements = []
        if floats:
            names = ", ".join(f"v{i}" for i in floats)
            statements.append(f"{names}, = x[{self._indices(floats)}].tolist()")
        statements += self.guarded("return {}".format)
        start = len(self.statements)
        outputs = self._array(self.program.outputs) if self.program.outputs else "np.empty(0)"
        statements += self.statements[start:]
        return compiled("vectors", "x", [*statements, f"return {outputs}"], self.scope)
