"""Program: a function as a list of lines, each an op of inputs, constants and earlier lines."""

from __future__ import annotations

from autograd.backends import listing, running
from autograd.derivatives.structure import arguments_apart, put_together, rebuilder, taken_apart
from autograd.formulas.symbol import Symbol
from autograd.graph.engine import Value
from autograd.graph.lines import call, flattened, kept, listed, picked, replay, used_ops
from autograd.programs import gradients
from autograd.programs.calls import results_of
from autograd.programs.loops import LoopRecorder, with_lanes
from autograd.programs.rebuilding import merged_lanes, trimmed
from autograd.programs.simplify import simplified
from autograd.programs.tracing import argument_count, with_constants
from autograd.table.op import Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Literal

    from autograd.exports.c_source import CText

    Line = tuple[Op, tuple[Any, ...]]  # an operand is a place, a float, or a tuple of these
    Guard = tuple[Any, bool, str]  # an operand, the truth it must have, and the line of the user's program


class GuardError(RuntimeError):
    """The inputs of a program take another way through an ``if`` than those it was traced with."""


class Program:
    """A function of numbers, traced: it runs without the Python code that it was made from.

    ``print(program)`` shows the lines; ``len(program)`` counts them. The inputs come first, then a line for
    each computed number: a *place* counts through both. A program holds no Value: it can be pickled, compared
    and called from several threads at once.

    Attributes:
        name: the name of the function.
        inputs: the names of the inputs, each another: the numbers of the arguments, then the Values from
            outside that the function uses; of several called "w1" the second is "w1_2".
        numbers: the numbers of the inputs with which the function was traced. Those of Values from outside
            are used in calls.
        lines: for each line its op and operands: an int is a place, a float a constant, a tuple a sequence.
        outputs: the places or constants of the results.
        guards: for each condition that Python code asked for, its place, its truth, and the source line.
        arguments, result: the structures of the arguments and of the result.
    """

    __slots__ = (
        "__weakref__",
        "_derived",
        "_lines",
        "arguments",
        "guards",
        "inputs",
        "name",
        "numbers",
        "outputs",
        "result",
    )

    def __init__(
        self,
        name: str,
        inputs: Sequence[str],
        numbers: Sequence[float],
        lines: Any,
        outputs: Sequence[Any],
        guards: Sequence[Guard] = (),
        arguments: Any = None,
        result: Any = None,
    ) -> None:
        self.name = name
        self.inputs = _distinct(inputs)
        self.numbers = tuple(numbers)
        self._lines = kept(lines)
        self.outputs = tuple(outputs)
        self.guards = tuple(guards)
        self.arguments = arguments
        self.result = result
        self._derived: dict[Any, Any] = {}  # what was derived from it: functions, gradient programs

    _recorder = LoopRecorder  # what notes the guards of a trace

    @classmethod
    def _shortened(cls, inputs: int, lines: Any, roots: list[Any], recorder: Any) -> Any:
        """Simplified lines, in which loops have become lanes, and the roots at their new places."""
        if recorder.seeks_loops:
            lines, roots = with_lanes(cls, inputs, lines, roots, recorder.name)
        lines, roots = simplified(inputs, lines, roots)
        if not any(op.collects for op in used_ops(inputs, lines)):
            return lines, roots
        return merged_lanes(inputs, *trimmed(inputs, listed(lines), roots))

    @property
    def lines(self) -> list[Line]:
        found: list[Line] | None = self._derived.get("lines")
        return found if found is not None else self._once("lines", lambda: listed(self._lines))

    @property
    def _ops(self) -> Iterable[Any]:
        """The ops of the lines, each once."""
        return self._once("ops", lambda: used_ops(len(self.inputs), self._lines))  # type: ignore[no-any-return]

    @property
    def _flat(self) -> Any:
        """The lines as the native engine has them, arrays of numbers; None in pure Python."""
        return self._once("flat", lambda: flattened(len(self.inputs), self._lines))

    def _once(self, key: Any, make: Any) -> Any:
        """What `make` returns, made once for each key."""
        try:
            return self._derived[key]
        except KeyError:
            return self._derived.setdefault(key, make())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result for other arguments of the same structure; numbers for numbers, Values for Values.

        Raises:
            TypeError: if an argument is no number where the traced one was.
            ValueError: if the arguments have another structure.
            GuardError: if they take another way through an ``if``.
        """
        found = self._results(self._operands(args, kwargs))
        return self._rebuilt(found)

    def _rebuilt(self, found: list[Any]) -> Any:
        """The structure of the result with these leaves."""
        return self._rebuilder()(found)

    def _rebuilder(self) -> Any:
        return self._once("rebuild", lambda: rebuilder(self.result))

    def _operands(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """The inputs for these arguments: floats and Values, and the traced numbers of captured Values."""
        leaves: list[Any] = []
        expected: list[Any] = []
        key = arguments_apart(args, kwargs, leaves, self.name)
        if key != taken_apart(self.arguments, expected, "the arguments"):
            raise ValueError(
                f"{self.name} was traced for arguments of another structure: {_described(self.arguments)}; "
                f"trace it again for these, or use jit, which keeps a program for each structure"
            )
        return [*leaves, *self.numbers[len(leaves) :]]

    def _results(self, operands: Sequence[Any]) -> list[Any]:
        """The outputs for floats, Values or Symbols as inputs."""
        return results_of(self, operands)

    def run(self, numbers: Any, backend: str = "auto", out: Any = None) -> Any:
        """The outputs for these numbers of all inputs, a list of floats.

        If a number is a Value, the outputs are Values. In a trace, the lines of this program become lines of
        the traced program.

        Args:
            numbers: a sequence of floats and Values.
            backend: as in `jit`.
            out: a buffer for the outputs, contiguous doubles (an array.array("d"), a NumPy array), which is
                returned. `numbers` is such a buffer then, too, and no object is made for a number.

        Raises:
            GuardError: if a guard fails.
            TypeError, ValueError: if a buffer is of another kind or size.
        """
        if out is not None:
            failed = running.run_into(self, numbers, out, backend)
            if failed >= 0:
                raise self._guard_error(failed)
            return out
        if type(numbers) in (list, tuple) and Value in set(map(type, numbers)):
            return results_of(self, numbers, backend)
        found: Any = running.run(self, numbers, backend)
        if type(found) is int:
            raise self._guard_error(found)
        return found

    def repeat(
        self,
        numbers: Any,
        runs: int,
        carried: Sequence[tuple[int, int, int]],
        tables: Sequence[tuple[int, Any, Any]] = (),
        out: Any = None,
        backend: str = "auto",
    ) -> int:
        """Run again and again, some outputs being inputs of the next run: iterations of a map, epochs.

        A run one of whose guards fails, or whose carried or kept outputs are not all finite, is not made, and
        ends the repetition. Ctrl-C waits until the repetition has ended.

        Args:
            numbers: a contiguous buffer of doubles, the inputs. At the end the carried ones are those that
                the next run would have.
            runs: the number of runs.
            carried: a tuple (output, input, count) for each row of outputs that becomes inputs.
            tables: a tuple (input, table, rows) for each 2-D array of doubles whose rows become inputs from
                a place on. `rows` is a 2-D array of 64-bit ints: for each run the numbers of the rows that it
                takes, one behind the other.
            out: a 2-D buffer of doubles, in which each run leaves a row of its first outputs.
            backend: as in `jit`.

        Returns:
            The number of runs that were made.

        Raises:
            TypeError, ValueError, IndexError: if a buffer is of another kind or size, or a table has no such
                row; then nothing has run.
        """
        return running.repeat(self, numbers, runs, carried, tables, out, backend)

    def _guard_error(self, which: int) -> GuardError:
        """The error for the guard at this place in `guards`, or behind its end, for guards of samples."""
        if which >= len(self.guards):
            return GuardError(
                f"a sample in {self.name} takes another way through the conditions than all samples with "
                f"which it was traced, so the program does not hold: use jit, which traces each way and "
                f"keeps it, or write where(condition, x, y) in the place of the if"
            )
        place, truth, source = self.guards[which]
        where = f" at {source}" if source else ""
        return GuardError(
            f"the condition {listing.condition(self, place)}{where} was {truth} when {self.name} was traced, "
            f"and is {not truth} now, so the program does not hold: use jit, which traces each way and keeps "
            f"it, or write where(condition, x, y) in the place of the if"
        )

    def value_and_grad(self, *args: Any, argnums: int | Sequence[int] = 0, **kwargs: Any) -> tuple[Any, Any]:
        """The result, one number, and its gradient by an argument (a tuple, by several), with its structure.

        Raises:
            TypeError: if the program has several results.
            GuardError: if a guard fails.
        """
        return gradients.value_and_grad(self, args, kwargs, argnums)

    def _replayed(self, operands: Iterable[Any]) -> list[Any]:
        """The inputs and the lines, computed op by op for operands of any kind: floats, Values, Symbols."""
        return replay(self.lines, operands, call) if self._flat is None else self._flat.replayed(operands)

    def formula(self) -> Any:
        """The formulas of the results, Symbols in the names of the inputs, in the structure of the result."""

        found = self._replayed(map(Symbol, self.inputs))
        return put_together(self.result, [picked(found, out) for out in self.outputs])

    def to_python(self) -> str:
        """The text of a Python function from the numbers of the inputs to the outputs, a tuple."""
        return running.python_text(self)

    def to_c(
        self,
        name: str = "f",
        *,
        gradient: bool = False,
        precision: Literal["double", "float"] = "double",
        captured: Literal["inputs", "constants"] = "inputs",
    ) -> CText:
        """A C99 file and its header, ``program.to_c("loss").write(folder)``, that need only math.h.

        ``int NAME(const double *inputs, double *outputs)`` takes the inputs in their order, writes the
        outputs, and returns 0; or, where a guard fails, its number, counted from 1, with outputs of NAN.
        Nothing is allocated, and no state is kept. Compile it without contraction (``-ffp-contract=off``) and
        without ``-ffast-math``: arithmetic then has the same bits as here, and so have exp, log, tanh, sin,
        pow and their kin in the native engine.

        Args:
            name: the name of the function and of the files.
            gradient: whether ``int NAME_value_and_gradient(inputs, outputs, gradient)`` is written, too: the
                one result, and its derivatives by all inputs that belong to arguments.
            precision: the type of all numbers. With "float" exp, log, tanh, sin, pow, the gamma functions and
                their like are still computed as doubles, and rounded.
            captured: whether Values from outside, a model's parameters, say, are inputs after the arguments,
                or constants of their traced numbers.

        Raises:
            ValueError: if an op of yours has no C form, or C gives the name another meaning.
            TypeError: for the gradient of several results.
        """
        from autograd.exports import c_source

        program, derivative = self._exported(gradient, captured)
        return c_source.text(program, derivative, name, precision)

    def to_js(
        self,
        name: str = "f",
        *,
        gradient: bool = False,
        captured: Literal["inputs", "constants"] = "inputs",
    ) -> str:
        """The text of an ES module that exports the function ``NAME(inputs)``, for a page or node.

        It takes an array of the inputs in their order and returns a Float64Array of the outputs. Where a
        guard fails, these are NaN, and ``NAME_condition(inputs)`` gives its number, counted from 1.

        Args:
            name: the name of the function.
            gradient: whether ``NAME_value_and_gradient(inputs)`` is exported, too, which returns an object of
                the number `value` and the Float64Array `gradient`, by all inputs that belong to arguments.
            captured: as in `to_c`.

        Raises:
            ValueError: if an op of yours has no JavaScript or C form, or JavaScript reserves the name.
            TypeError: for the gradient of several results.
        """
        from autograd.exports import js_source

        program, derivative = self._exported(gradient, captured)
        return js_source.text(program, derivative, name)

    def _exported(self, gradient: bool, captured: str) -> tuple[Program, Program | None]:
        """The program that is exported, and that of its value and gradient."""
        if captured not in ("inputs", "constants"):
            raise ValueError(f"captured is 'inputs' or 'constants', not {captured!r}")
        if gradient:
            gradients.check_one_result(self)
        program = with_constants(self) if captured == "constants" else self
        wanted = tuple(range(argument_count(program)))
        return program, gradients.with_gradients(program, wanted) if gradient else None

    def graph(self) -> list[Any]:
        """The outputs as Values, computed from the traced numbers by nodes; inputs have their names."""

        inputs = [Value(x, label=name) for x, name in zip(self.numbers, self.inputs, strict=True)]
        found = self._replayed(inputs)
        return [picked(found, out) for out in self.outputs]

    def __len__(self) -> int:
        return len(self._lines)

    def __str__(self) -> str:
        return listing.listing(self)

    def __repr__(self) -> str:
        guards = [f"{source or 'a condition'} is {truth}" for _, truth, source in self.guards]
        return f"<program {self.name}: {listing.counted(self)}{': ' * bool(guards)}{', '.join(guards)}>"

    def _state(self) -> tuple[Any, ...]:
        return (
            self.name,
            self.inputs,
            self.numbers,
            tuple(self.lines),
            self.outputs,
            self.guards,
            self.arguments,
            self.result,
        )

    def _key(self) -> tuple[Any, ...]:
        """What two equal programs have in common: the text of all but the numbers that were traced."""
        return (len(self.inputs), repr(self.lines), repr(self.outputs), repr(self.guards))

    def __eq__(self, other: object) -> bool:
        """Whether the lines, guards and outputs are the same, so that both compute the same numbers."""
        return isinstance(other, Program) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __reduce__(self) -> Any:
        return Program, self._state()


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """The names, the second "w1" as "w1_2" and so on, since formulas tell inputs apart by their names."""
    taken = set(names)
    if len(taken) == len(names):
        return tuple(names)
    counts: dict[str, int] = {}
    found = []
    for name in names:
        count = counts.get(name, 0) + 1
        new = name
        while count > 1 and (new := f"{name}_{count}") in taken:
            count += 1
        counts[name] = count
        taken.add(new)
        found.append(new)
    return tuple(found)


def _described(arguments: Any) -> str:
    """The arguments as a call shows them, shortened."""
    args, kwargs = arguments
    shown = [repr(x) for x in args] + [f"{key}={x!r}" for key, x in kwargs.items()]
    joined = ", ".join(shown)
    return f"({joined if len(joined) < 200 else joined[:200] + ' ...'})"


LoopRecorder.program = Program
