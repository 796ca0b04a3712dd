"""vmap: a function of one sample becomes a function of many."""

from __future__ import annotations

from functools import update_wrapper
from itertools import chain

from autograd.backends import running
from autograd.derivatives.structure import (
    argument_names,
    has_array,
    named_leaves,
    put_together,
    taken_apart,
)
from autograd.derivatives.tree import array_of, dataclass_fields, is_array, is_dataclass, made_dataclass
from autograd.graph.engine import Value
from autograd.graph.errors import TraceError
from autograd.graph.recording import current
from autograd.programs import Generic, P
from autograd.programs.lanes import Lanes, may_fail
from autograd.programs.program import Program
from autograd.programs.tracing import TracedCall, names_of
from autograd.table import ops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal

    Reduce = Literal["sum", "mean"] | None

MOST_PATHS = 64


class Mapped(Generic[P]):
    """What `vmap` returns."""

    def __init__(self, f: Callable[P, Any], in_axes: Any, reduce: Reduce) -> None:
        if reduce not in (None, "sum", "mean"):
            raise ValueError(f"reduce is None, 'sum' or 'mean', not {reduce!r}")
        axes = in_axes if isinstance(in_axes, (list, tuple)) else [in_axes]
        if not all(axis is None or type(axis) is int for axis in axes):
            raise TypeError(
                f"in_axes is 0 for an argument that is mapped over and None for one that is not, or a tuple "
                f"of these, one for each argument, not {in_axes!r}"
            )
        self.f = f
        self.in_axes = in_axes
        self.reduce = reduce
        update_wrapper(self, f, updated=())

    def __repr__(self) -> str:
        name = getattr(self.f, "__name__", self.f)
        return f"<vmap of {name}, in_axes={self.in_axes!r}, reduce={self.reduce!r}>"

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        if owner is None:
            return self
        axes = self.in_axes
        in_axes = (None, *axes) if isinstance(axes, (list, tuple)) else axes
        bound = lambda *args, **kwargs: self.f(owner, *args, **kwargs)  # noqa: E731
        update_wrapper(bound, self.f, updated=())
        return Mapped(bound, in_axes if in_axes is axes else axes, self.reduce)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        name = getattr(self.f, "__name__", "the function")
        samples = _Samples(name, self.in_axes, args, kwargs)
        if current().program is not None:
            return _traced(self.f, name, samples, self.reduce)
        results = []
        for b in range(samples.size):
            given, named = samples.of_lane(b)
            results.append(self.f(*given, **named))
        return _reduced(results, self.reduce, samples)


def vmap(f: Callable[P, Any], in_axes: Any = 0, reduce: Reduce = None) -> Mapped[P]:
    """A function that applies `f` to each sample: to each item of its lists, to each row of its arrays.

    Plainly called, it is a loop. Inside `jit` or `trace` the function is traced for one sample, and the
    program runs it for all, in lanes, with NumPy where it is quicker.

    Args:
        f: a function of one sample.
        in_axes: 0 for an argument that is mapped over, along its first axis (for an array any axis); None for
            one that all samples share; a tuple has one for each positional argument. Keyword arguments are
            mapped over along their first axis. The axis of a dict or dataclass is that of its entries.
        reduce: None gives the results of all samples: a list, or an array where an argument that is mapped
            over has one; "sum" and "mean" add them up in the order of the samples.

    Raises:
        ValueError: if arguments have different numbers of samples, or none.
        TypeError: if an argument that is mapped over has no axis.
    """
    return Mapped(f, in_axes, reduce)


class _Samples:
    """The arguments of a call, sample by sample.

    Attributes:
        size: the number of samples.
        arrays: whether results are arrays.
    """

    def __init__(self, name: str, in_axes: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        several = isinstance(in_axes, (list, tuple))
        if several and len(in_axes) != len(args):
            raise ValueError(
                f"in_axes has {len(in_axes)} entries, and {name} was called with {len(args)} positional "
                f"arguments: give one for each, None for an argument that all samples share"
            )
        self.axes = list(in_axes) if several else [in_axes] * len(args)
        self.args, self.kwargs = args, kwargs
        sizes: dict[int, str] = {}
        for i, (arg, axis) in enumerate(zip(args, self.axes, strict=True)):
            if axis is not None:
                _sizes(arg, axis, f"argument {i} of {name}", sizes)
        for key, arg in kwargs.items():
            _sizes(arg, 0, f"the argument {key} of {name}", sizes)
        if len(sizes) > 1:
            found = " and ".join(f"{size} in {where}" for size, where in sizes.items())
            raise ValueError(f"vmap maps over arguments with one number of samples, and there are {found}")
        if not sizes:
            raise ValueError(f"vmap has no argument of {name} to map over: in_axes={in_axes!r}")
        (self.size,) = sizes
        if self.size == 0:
            raise ValueError(f"vmap was given no samples for {name}, so there is no result to return")
        mapped = [arg for arg, axis in zip(args, self.axes, strict=True) if axis is not None]
        self.arrays = has_array([*mapped, *kwargs.values()])

    def of_lane(self, b: int) -> tuple[list[Any], dict[str, Any]]:
        """The arguments for one sample."""
        args = [
            arg if axis is None else _item(arg, axis, b)
            for arg, axis in zip(self.args, self.axes, strict=True)
        ]
        return args, {key: _item(arg, 0, b) for key, arg in self.kwargs.items()}

    def mapped_of_lane(self, b: int) -> tuple[list[Any], dict[str, Any]]:
        """The same with None in the place of what all samples share."""
        args = [
            None if axis is None else _item(arg, axis, b)
            for arg, axis in zip(self.args, self.axes, strict=True)
        ]
        return args, {key: _item(arg, 0, b) for key, arg in self.kwargs.items()}

    def names(self, f: Callable[..., Any]) -> tuple[list[str], dict[Value, str]]:
        """Names for the numbers of a sample, and for the Values that all samples share, as f calls them."""
        titles = argument_names(f, len(self.args))
        mapped, named = self.mapped_of_lane(0)
        names = [path for arg, title in zip(mapped, titles, strict=True) for path in named_leaves(arg, title)]
        names += [path for key, arg in named.items() for path in named_leaves(arg, key)]
        shared: dict[Value, str] = {}
        for arg, axis, title in zip(self.args, self.axes, titles, strict=True):
            if axis is None:
                leaves: list[Any] = []
                taken_apart(arg, leaves, title)
                paths = zip(leaves, named_leaves(arg, title), strict=True)
                shared.update((x, path) for x, path in paths if type(x) is Value)
        return names, shared

    def columns(self, count: int) -> list[list[Any]]:
        """For each of the numbers that a sample has, those of all samples."""
        rows: list[list[Any]] = []
        first: Any = None
        for b in range(self.size):
            row: list[Any] = []
            key = taken_apart(self.mapped_of_lane(b), row, "a sample")
            first = key if b == 0 else first
            if key != first:
                raise ValueError("the samples that vmap maps over have different structures: make them alike")
            rows.append(row)
        return [list(column) for column in zip(*rows, strict=True)] if count else []

    def joined(self, results: Sequence[Any]) -> Any:
        """The results of all samples in one: an array or list."""
        return array_of(results, (self.size,)) if self.arrays else list(results)


def _sizes(tree: Any, axis: int, where: str, sizes: dict[int, str]) -> None:
    if isinstance(tree, dict):
        for key, x in tree.items():
            _sizes(x, axis, f"{where}[{key!r}]", sizes)
    elif is_dataclass(tree):
        for key, x in dataclass_fields(tree)[1].items():
            if not _is_constant(x):
                _sizes(x, axis, f"{where}.{key}", sizes)
    elif is_array(tree) and tree.ndim > 0:
        sizes.setdefault(tree.shape[axis], where)
    elif isinstance(tree, (list, tuple)):
        if axis != 0:
            raise TypeError(
                f"{where} is a {type(tree).__name__}, whose samples are its items: axis 0, not {axis}"
            )
        sizes.setdefault(len(tree), where)
    else:
        raise TypeError(
            f"{where} is the {type(tree).__name__} {tree!r}, which has no samples to map over: give None for "
            f"it in in_axes, as in in_axes=(None, 0)"
        )


def _is_constant(x: Any) -> bool:
    """Whether a field of a dataclass is the same for all samples."""
    return isinstance(x, (bool, str)) or x is None


def _item(tree: Any, axis: int, b: int) -> Any:
    """One sample of an argument."""
    if isinstance(tree, dict):
        return {key: _item(x, axis, b) for key, x in tree.items()}
    if is_dataclass(tree):
        kept, searched = dataclass_fields(tree)
        items = {key: x if _is_constant(x) else _item(x, axis, b) for key, x in searched.items()}
        return made_dataclass(type(tree), kept | items)
    if is_array(tree):
        row = tree[b] if axis == 0 else tree.take(b, axis)
        return (
            row if is_array(row) else row.item() if hasattr(row, "item") and type(row) is not Value else row
        )
    return tree[b]


def _reduced(results: list[Any], reduce: Reduce, samples: _Samples) -> Any:
    """What a call returns, given the results of the samples."""
    if reduce is None:
        return samples.joined(results)
    leaves: list[list[Any]] = []
    keys = []
    for result in results:
        row: list[Any] = []
        keys.append(taken_apart(result, row, "a result"))
        leaves.append(row)
    if len(set(keys)) > 1:
        raise ValueError("the results of the samples have different structures, so they cannot be added up")
    totals = [ops.sum_of(tuple(column)) for column in zip(*leaves, strict=True)]
    if reduce == "mean":
        totals = [total / float(samples.size) for total in totals]
    return put_together(results[0], totals)


# In a trace


def _traced(f: Callable[..., Any], name: str, samples: _Samples, reduce: Reduce) -> Any:
    """The result of a call in a trace: the Outputs of one `Lanes`."""
    shared: list[Any] = []
    taken_apart(samples.mapped_of_lane(0), shared, f"a sample of {name}")
    columns = samples.columns(len(shared))
    lanes = list(zip(*columns, strict=True)) if columns else [()] * samples.size

    def call_of(b: int) -> Callable[[list[Value]], Any]:
        mapped = samples.mapped_of_lane(b)

        def call(inputs: list[Value]) -> Any:
            args, kwargs = put_together(mapped, inputs)
            whole = [
                own if axis is None else arg
                for own, axis, arg in zip(samples.args, samples.axes, args, strict=True)
            ]
            return f(*whole, **kwargs)

        return call

    names, known = samples.names(f)
    paths: list[TracedCall] = []
    programs: list[Program] = []
    left = list(range(samples.size))
    while left:
        if len(paths) == MOST_PATHS:
            raise TraceError(
                f"the samples take more than {MOST_PATHS} ways through the conditions of {name}: write "
                f"where(condition, x, y) in the place of an if, or call vmap outside of jit"
            )
        numbers = [_number(x) for x in lanes[left[0]]]
        path = TracedCall(Program, call_of(left[0]), numbers, name, seeks_loops=False)
        program = path.program(names, numbers, True, captured_first=True, known=known)
        paths.append(path)
        programs.append(program)
        others = left[1:] if may_fail(program) else []
        left = [b for b in others if _takes_another_way(program, path, lanes[b])]
    keys = {_key_of(path) for path in paths}
    if len(keys) > 1:
        raise TypeError(
            f"{name} returns results of different structures on different ways through its conditions"
        )
    captured = list(dict.fromkeys(x for path in paths for x in path.captured))
    programs = [
        _with_inputs(program, path.captured, captured, known)
        for program, path in zip(programs, paths, strict=True)
    ]
    summed = [reduce is not None] * len(programs[0].outputs)
    guarded = any(program.guards for program in programs)
    if guarded:
        programs = [_with_output(program, 1.0) for program in programs]
        summed.append(True)
    op = Lanes(programs, samples.size, len(captured), summed)
    found = op.applied([*captured, *chain.from_iterable(columns)])
    if guarded:
        _keep(found.pop(), f"a known way for each sample of {name}")
    pattern = programs[0].result
    if reduce is None:
        columns = [found[i : i + samples.size] for i in range(0, len(found), samples.size)]
        if not columns:
            return samples.joined([pattern] * samples.size)
        by_lane = zip(*columns, strict=True)
        return samples.joined([put_together(pattern, row) for row in by_lane])
    if reduce == "mean":
        found = [x / float(samples.size) for x in found]
    return put_together(pattern, found)


def _number(x: Any) -> float:
    return x if type(x) is float else x._number


def _takes_another_way(program: Program, path: TracedCall, lane: Sequence[Any]) -> bool:
    numbers = [*[x._number for x in path.captured], *map(_number, lane)]
    return type(running.run(program, numbers, "python", True)) is int


def _key_of(path: TracedCall) -> Any:
    return taken_apart(path.out, [], "a result")


def _with_output(program: Program, out: float) -> Program:
    """The program with one more output, a constant."""
    return Program(
        program.name,
        program.inputs,
        program.numbers,
        program.lines,
        [*program.outputs, out],
        program.guards,
        program.arguments,
        program.result,
    )


def _keep(count: Any, source: str) -> None:
    """Make a guard of a result of `Lanes` that is never 0, so that the Lanes run, used or not.

    Where a sample takes a way that no path has, they fail, and the program does not hold: it might be without
    results of theirs just because no sample that was traced had an influence.
    """
    if type(count) is Value:
        current().program.guards.append((count, True, source))


def _with_inputs(
    program: Program, captured: list[Value], all_captured: list[Value], known: dict[Value, str]
) -> Program:
    """The program with all captured Values of all paths as inputs, before those of the sample."""
    if list(map(id, captured)) == list(map(id, all_captured)):  # == of Values would be a line of the trace
        return program
    place = {x: i for i, x in enumerate(all_captured)}
    more = len(all_captured) - len(captured)
    new = [place[x] for x in captured]

    def moved(x: Any) -> Any:
        if type(x) is tuple:
            return tuple(map(moved, x))
        return x if type(x) is float else new[x] if x < len(captured) else x + more

    names = names_of(all_captured, (), known)
    return Program(
        program.name,
        [*names, *program.inputs[len(captured) :]],
        [*[x._number for x in all_captured], *program.numbers[len(captured) :]],
        [(op, tuple(map(moved, args))) for op, args in program.lines],
        list(map(moved, program.outputs)),
        [(moved(x), truth, source) for x, truth, source in program.guards],
        program.arguments,
        program.result,
    )
