"""trace: the program of a function."""

from __future__ import annotations

import gc
from weakref import ref

from autograd.derivatives.structure import argument_names, arguments_apart, named_leaves, put_together
from autograd.graph import errors
from autograd.graph.engine import Value
from autograd.graph.recording import current
from autograd.programs.program import Program
from autograd.programs.tracing import TracedCall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


def trace(f: Callable[..., Any], /, *args: Any, simplify: bool = True, **kwargs: Any) -> Program:
    """The program of a function, traced with example arguments.

    `f` runs once, on fresh Values, and every op that it records becomes a line. Numbers in the arguments are
    inputs of the program, in lists, tuples, dicts, dataclasses and arrays, too; a str, a bool and None are
    constants. Values from outside that `f` uses become inputs that keep their present numbers. An ``if`` on a
    traced number becomes a guard.

    Args:
        f: the function.
        args, kwargs: example arguments, as f takes them.
        simplify: whether the lines are simplified; otherwise they are what f wrote, and nothing is shared.

    Raises:
        TraceError: if f asks for a number (``.data``, ``float``, ``math.exp``, an index), calls `backward`,
            sets an attribute of a Value, or keeps a Value of the trace; inside another trace, if f uses
            Values from outside.
        TypeError: if an argument is neither structure nor number.
    """
    program, captured = traced(f, args, kwargs, simplify)
    if captured and current().program is not None:
        raise errors.TraceError(
            f"{program.name} uses the Value {captured[0]!r} from outside, whose present number trace keeps, "
            f"and is traced while {current().program.name} is, which would keep that number in every later "
            f"call: call the function itself there, or jit of it, or pass the Value as an argument"
        )
    return program


def traced(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    simplify: bool = True,
    static: Sequence[Any] = (),
) -> tuple[Program, list[Value]]:
    """The program of a call, and the Values from outside that it uses, in the order of its last inputs.

    `static` has, for each positional argument, whether it is passed on as it is.
    """
    name = getattr(f, "__name__", None) or type(f).__name__
    kept = [bool(i < len(static) and static[i]) for i in range(len(args))]
    given = [None if keep else arg for keep, arg in zip(kept, args, strict=True)]
    leaves: list[Any] = []
    arguments_apart(given, kwargs, leaves, name)
    numbers = [x._number if type(x) is Value else x for x in leaves]

    def call(inputs: list[Value]) -> Any:
        rebuilt, named = put_together((given, kwargs), inputs)
        whole = [arg if keep else new for keep, arg, new in zip(kept, args, rebuilt, strict=True)]
        return f(*whole, **named)

    recorded = TracedCall(Program, call, numbers, name)
    recorded.check_fresh()
    titles = argument_names(f, len(args))
    names = [path for arg, title in zip(given, titles, strict=True) for path in named_leaves(arg, title)]
    names += [path for key, arg in kwargs.items() for path in named_leaves(arg, key)]
    arguments = put_together((tuple(given), kwargs), numbers)
    program = recorded.program(names, numbers, simplify, arguments)
    captured = recorded.captured
    leaked = [ref(x) for x in recorded.inputs]
    del recorded
    _check_leaks(leaked, name)
    return program, captured


def _check_leaks(inputs: list[Any], name: str) -> None:
    """Make sure that no input of a trace is still in use, by a Value that the function has kept."""
    if any(x() is not None for x in inputs):
        gc.collect()  # a frame of an exception that was caught, say
        if any(x() is not None for x in inputs):
            raise errors.TraceError(
                f"{name} kept a Value of its trace, in a list, an attribute or a global variable, which "
                f"would keep the number of this one call: return it together with the result instead"
            )
