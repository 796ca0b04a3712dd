"""Programs of the derivatives of a program, each made once: a sweep over the lines, recorded as lines."""

from __future__ import annotations

from itertools import accumulate

from autograd.derivatives.structure import put_together, taken_apart
from autograd.graph.engine import Value, between, pull_gathered, push_gathered, walk
from autograd.graph.lines import picked
from autograd.graph.recording import current
from autograd.programs.tracing import derived, with_guards

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from autograd.programs.program import Program


def pulled(program: Program, wanted: tuple[int, ...]) -> Program:
    """The program from the inputs, and an adjoint for each output, to an adjoint for each wanted input."""
    return program._once(("pulled", wanted), lambda: _pulled(program, wanted))  # type: ignore[no-any-return]


def _pulled(program: Program, wanted: tuple[int, ...]) -> Program:
    n, count = len(program.inputs), len(program.outputs)
    return derivatives(
        program,
        [*program.inputs, *[f"adjoint[{i}]" for i in range(count)]],
        [*program.numbers, *[1.0] * count],
        range(n),
        range(n, n + count),
        wanted,
    )


def with_gradients(program: Program, wanted: tuple[int, ...]) -> Program:
    """The program with more outputs: the derivatives of the first output by the wanted inputs."""

    def make() -> Program:
        seeds = [1.0] + [0.0] * (len(program.outputs) - 1)
        own = range(len(program.inputs))
        return derivatives(program, program.inputs, program.numbers, own, seeds, wanted, keeps_outputs=True)

    return program._once(("with gradients", wanted), make)  # type: ignore[no-any-return]


def derivatives(
    program: Program,
    names: Sequence[str],
    numbers: Sequence[float],
    own: Sequence[int],
    seeds: Sequence[Any],
    wanted: Sequence[int],
    *,
    keeps_outputs: bool = False,
    seeks_loops: bool = True,
) -> Program:
    """The program of the adjoints of some inputs of a program, after its outputs if it keeps these.

    Where the native engine knows the slopes of all lines, it sweeps back over these. Otherwise a trace
    replays and differentiates them, which gives the same program.

    Args:
        program: the program.
        names, numbers: the inputs of the new program.
        own: which of them are the inputs of the program.
        seeds: the adjoints of the outputs: an int for one of the new inputs, or a float.
        wanted: the inputs of the program by which the derivatives are.
        keeps_outputs, seeks_loops: as it says; whether loops among the lines become lanes.
    """
    kind, flat = type(program), program._flat
    name = f"{program.name} and its gradient" if keeps_outputs else f"the gradient of {program.name}"
    conditions = [place for place, _, _ in program.guards]
    found: Any = None
    if flat is not None:
        found = flat.pulled(len(names), own, program.outputs, seeds, wanted, conditions, keeps_outputs)
    if found is not None:
        lines, roots = found
        lines, roots = kind._shortened(len(names), lines, roots, kind._recorder(name, seeks_loops))
        result = [0.0] * (len(roots) - len(conditions))
        return with_guards(kind, name, (names, numbers), lines, roots, program.guards, None, result)

    def f(inputs: list[Value]) -> list[Any]:
        given = [inputs[i] for i in own]
        adjoints = [x if type(x) is float else inputs[x] for x in seeds]
        outs, slopes = pull_lines(program, given, [given[i] for i in wanted], adjoints)
        return outs + slopes if keeps_outputs else slopes

    return derived(kind, f, names, numbers, name, seeks_loops)


def _replayed_in_trace(program: Program, inputs: list[Value]) -> list[Any]:
    """The outputs for Values as inputs; the guards of the program become guards of the trace."""
    found = program._replayed(inputs)
    guards = [(found[place], truth, source) for place, truth, source in program.guards]
    current().program.guards += [guard for guard in guards if type(guard[0]) is Value]  # not of constants
    return [picked(found, out) for out in program.outputs]


def pull_lines(
    program: Program, inputs: list[Value], wanted: list[Value], adjoints: Sequence[Any]
) -> tuple[list[Any], list[Any]]:
    """The outputs for Values as inputs, and the adjoints of the wanted inputs, in a trace.

    The guards of the program become guards of the trace.
    """
    outs = _replayed_in_trace(program, inputs)
    seeds = [(out, adjoint) for out, adjoint in zip(outs, adjoints, strict=True) if type(out) is Value]
    order = between(walk(*[out for out, _ in seeds], stop=inputs)[0], wanted)
    return outs, pull_gathered(order, wanted, seeds)


def pushed(
    program: Program,
    names: Sequence[str],
    numbers: Sequence[float],
    own: Sequence[int],
    tangents: Sequence[Any],
) -> Program:
    """The program of the tangents of the outputs of a program.

    Args:
        program: the program.
        names, numbers: the inputs of the new program.
        own: which of them are the inputs of the program.
        tangents: those of the inputs of the program: an int for one of the new inputs, or a float.
    """

    def f(inputs: list[Value]) -> list[Any]:
        given = [inputs[i] for i in own]
        outs = _replayed_in_trace(program, given)
        nodes = [x for x in outs if type(x) is Value]
        order = between(walk(*nodes, stop=given)[0], given)
        of_inputs = [x if type(x) is float else inputs[x] for x in tangents]
        found = iter(push_gathered(order, nodes, given, of_inputs))
        return [next(found) if type(x) is Value else 0.0 for x in outs]

    return derived(type(program), f, names, numbers, f"the tangent of {program.name}", seeks_loops=False)


def check_one_result(program: Program) -> None:
    """Make sure that a program has one result.

    Raises:
        TypeError: if it has not.
    """
    if len(program.outputs) != 1:
        raise TypeError(
            f"a gradient is of one number, and {program.name} has {len(program.outputs)} results: trace a "
            f"function that returns one of them or their sum, or jit(jacobian(f))"
        )


def value_and_grad(
    program: Program, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: int | Sequence[int]
) -> tuple[Any, Any]:
    """See `Program.value_and_grad`."""
    check_one_result(program)
    operands = program._operands(args, kwargs)
    several = not isinstance(argnums, int)
    chosen = list(argnums) if not isinstance(argnums, int) else [argnums]
    places = [_places(program, i) for i in chosen]
    wanted = tuple([i for part in places for i in part])
    value, *flat = with_gradients(program, wanted)._results(operands)
    starts = list(accumulate([len(part) for part in places], initial=0))
    parts = [put_together(args[i], flat[start:]) for i, start in zip(chosen, starts, strict=False)]
    return put_together(program.result, [value]), tuple(parts) if several else parts[0]


def _places(program: Program, argnum: int) -> range:
    """The places of the inputs that belong to a positional argument."""
    args = program.arguments[0]
    if not -len(args) <= argnum < len(args):
        raise TypeError(
            f"{program.name} was traced with {len(args)} positional arguments, so there is no argument "
            f"{argnum} to differentiate by"
        )
    argnum %= len(args)
    sizes = []
    for arg in args[: argnum + 1]:
        leaves: list[Any] = []
        taken_apart(arg, leaves, "an argument")
        sizes.append(len(leaves))
    return range(sum(sizes[:-1]), sum(sizes))
