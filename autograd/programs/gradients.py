"""Programs of the derivatives of a program, each made once: a sweep over the lines, recorded as lines."""

from __future__ import annotations

from itertools import accumulate

from autograd.derivatives.structure import put_together, taken_apart
from autograd.graph.engine import Value, between, pull_gathered, walk
from autograd.graph.lines import picked
from autograd.graph.recording import current
from autograd.programs.tracing import derived

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from autograd.programs.program import Program


def pulled(program: Program, wanted: tuple[int, ...]) -> Program:
    """The program from the inputs, and an adjoint for each output, to an adjoint for each wanted input."""
    return program._once(("pulled", wanted), lambda: _pulled(program, wanted))  # type: ignore[no-any-return]


def _pulled(program: Program, wanted: tuple[int, ...]) -> Program:
    n = len(program.inputs)
    names = [f"adjoint[{i}]" for i in range(len(program.outputs))]

    def f(inputs: list[Value]) -> list[Any]:
        return pull_lines(program, inputs[:n], [inputs[i] for i in wanted], inputs[n:])[1]

    return derived(
        type(program),
        f,
        [*program.inputs, *names],
        [*program.numbers, *[1.0] * len(names)],
        f"the gradient of {program.name}",
    )


def pull_lines(
    program: Program, inputs: list[Value], wanted: list[Value], adjoints: Sequence[Any]
) -> tuple[list[Any], list[Any]]:
    """The outputs for Values as inputs, and the adjoints of the wanted inputs, in a trace.

    The guards of the program become guards of the trace.
    """
    found = program._replayed(inputs)
    guards = [(found[place], truth, source) for place, truth, source in program.guards]
    current().program.guards += [guard for guard in guards if type(guard[0]) is Value]  # not of constants
    outs = [picked(found, out) for out in program.outputs]
    seeds = [(out, adjoint) for out, adjoint in zip(outs, adjoints, strict=True) if type(out) is Value]
    order = between(walk(*[out for out, _ in seeds], stop=inputs)[0], wanted)
    return outs, pull_gathered(order, wanted, seeds)


def with_gradients(program: Program, wanted: tuple[int, ...]) -> Program:
    """The program with more outputs: the derivatives of the first output by the wanted inputs."""

    def make() -> Program:
        def f(inputs: list[Value]) -> list[Any]:
            seeds = [1.0] + [0.0] * (len(program.outputs) - 1)
            outs, found = pull_lines(program, inputs, [inputs[i] for i in wanted], seeds)
            return outs + found

        name = f"{program.name} and its gradient"
        return derived(type(program), f, program.inputs, program.numbers, name)

    return program._once(("with gradients", wanted), make)  # type: ignore[no-any-return]


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
