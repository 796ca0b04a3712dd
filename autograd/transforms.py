"""Transforms: functions that make the derivative of a function, in reverse and forward mode.

Arguments and results may be numbers, Values, and lists, tuples, dicts and NumPy arrays of them, nested;
a derivative has the structure of what it is taken by. Transforms nest to any order.

Results are floats, except where they depend on a Value of the caller's that wants gradients: then they
are Values, so that nothing is lost. No `grad` attribute is touched.
"""

from __future__ import annotations

import warnings
from functools import wraps

from autograd import ops, sweeps, value
from autograd.op import number
from autograd.recording import enable_grad, thread
from autograd.tree import flatten
from autograd.value import Value, between, check_fresh, clear_grads, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal

    Argnums = int | Sequence[int]
    Independent = Literal["zero", "warn", "raise"]


class _Recording:
    """A call of `f` on fresh inputs in place of the numbers in the chosen arguments."""

    def __init__(
        self, f: Callable[..., Any], argnums: Argnums, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> None:
        self.name = getattr(f, "__name__", "the function")
        self.nested = thread.recording  # whether the caller's own Values want to know
        places = [_place(self.name, i, len(args)) for i in _as_tuple(argnums)]
        numbers, self.rebuild = flatten([args[i] for i in places])
        with enable_grad():
            self.inputs = [self._input(x) for x in numbers]
            call = list(args)
            for i, arg in zip(places, self.rebuild(self.inputs), strict=True):
                call[i] = arg
            self.out = f(*call, **kwargs)
        outs, self.rebuild_out = flatten(self.out)
        self.outs = [x if type(x) is Value else number(x, f"a result of {self.name}") for x in outs]
        roots = [x for x in self.outs if type(x) is Value]
        order, leaves = walk(*roots, stop=self.inputs)
        check_fresh(order, leaves + self.inputs)
        self.order = between(order, self.inputs)
        # Whether f used nothing of its caller's, so that the nodes themselves can carry the adjoints.
        self.private = not leaves and len(self.order) == len(order)
        # The slopes are wanted as Values where something that is not ours wants gradients.
        self.graph = self.nested and (
            any(x._op is not None for x in self.inputs) or any(leaf._requires_grad for leaf in leaves)
        )

    def _input(self, x: Any) -> Value:
        """A node of its own for each number, so that nested derivatives are not confused."""
        if type(x) is Value:
            if self.nested and x.requires_grad:
                node: Value = ops.identity(x)
                return node
            x = x._data
        return Value(number(x, f"an argument of {self.name} to differentiate by"))

    def pull(self, cotangents: Sequence[Any]) -> list[Any]:
        """The derivatives by the inputs of the results, weighted with cotangents: reverse mode."""
        graph = self.graph or any(type(x) is Value for x in cotangents)
        seeds = [(x, w) for x, w in zip(self.outs, cotangents, strict=True) if type(x) is Value]
        if self.private and not graph:
            clear_grads(self.inputs)
            clear_grads(self.order)
            for out, weight in seeds:
                out._grad += weight
            value.reverse(self.order)
            return [x._grad for x in self.inputs]
        adjoint: dict[Value, Any] = dict.fromkeys([*self.order, *self.inputs], 0.0)
        for out, weight in seeds:
            if out in adjoint:
                adjoint[out] = sweeps.plus(adjoint[out], weight)
        with enable_grad():
            sweeps.reverse(self.order, adjoint, graph)
        return self.settle([adjoint[x] for x in self.inputs])

    def push(self, tangents: Sequence[Any]) -> list[Any]:
        """The derivatives of the results along tangents of the inputs: forward mode."""
        tangent: dict[Value, Any] = dict(zip(self.inputs, tangents, strict=True))
        graph = self.graph or any(type(x) is Value for x in tangents)
        with enable_grad():
            sweeps.forward(self.order, tangent, graph)
        return self.settle([tangent.get(out, 0.0) if type(out) is Value else 0.0 for out in self.outs])

    def settle(self, results: Sequence[Any]) -> list[Any]:
        """Results as floats, or as Values where they depend on a Value that wants gradients."""
        for x in self.inputs:
            if x._op is None:
                x._requires_grad = False  # ours alone: nobody can ask for its gradient
        return [x if type(x) is not Value or (self.nested and x.requires_grad) else x._data for x in results]

    def values(self) -> Any:
        """What the function returned, with floats where nobody wants gradients."""
        return self.rebuild_out(self.settle(self.outs))


def _as_tuple(argnums: Argnums) -> tuple[int, ...]:
    return (argnums,) if isinstance(argnums, int) else tuple(argnums)


def _place(name: str, argnum: int, count: int) -> int:
    if not -count <= argnum < count:
        raise TypeError(
            f"{name} was called with {count} positional argument{'s' * (count != 1)}, so there is no "
            f"argument {argnum} to differentiate by: pass it by position, or choose another with argnums="
        )
    return argnum % count


def _one_result(recording: _Recording, transform: str) -> None:
    if type(recording.out) is not Value and not isinstance(recording.out, (float, int)):
        number_of = len(recording.outs)
        if number_of != 1 or isinstance(recording.out, (list, tuple, dict)):
            raise TypeError(
                f"{transform} differentiates one number, and {recording.name} returned "
                f"a {type(recording.out).__name__} of {number_of}: use jacobian, or return one of them or "
                f"their sum"
            )


def value_and_grad(
    f: Callable[..., Any], argnums: Argnums = 0, *, independent: Independent = "zero"
) -> Callable[..., tuple[Any, Any]]:
    """A function that gives ``(f(*args), gradient)``; see `grad`."""

    @wraps(f)
    def value_and_grad_f(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        recording = _Recording(f, argnums, args, kwargs)
        _one_result(recording, "grad")
        (out,) = recording.outs
        if independent != "zero" and out not in {*recording.order, *recording.inputs}:
            message = (
                f"the result of {recording.name} does not depend on what it is differentiated by, or only "
                f"through locally constant ops such as round: its gradient is 0"
            )
            if independent == "raise":
                raise ValueError(message)
            warnings.warn(message, stacklevel=2)
        gradient = _unwrap(argnums, recording.rebuild(recording.pull([1.0])))
        return recording.values(), gradient

    if independent not in ("zero", "warn", "raise"):
        raise ValueError(f"independent is 'zero', 'warn' or 'raise', not {independent!r}")
    return value_and_grad_f


def _unwrap(argnums: Argnums, branches: list[Any]) -> Any:
    """One argument's result as it is, several as a tuple."""
    return branches[0] if isinstance(argnums, int) else tuple(branches)


def grad(
    f: Callable[..., Any], argnums: Argnums = 0, *, independent: Independent = "zero"
) -> Callable[..., Any]:
    """The gradient of a function that returns one number.

    Args:
        f: a function of numbers, lists, tuples, dicts or arrays.
        argnums: which positional argument to differentiate by; for several, a tuple of gradients.
        independent: what to do where the result does not depend on the argument: give "zero" silently,
            or "warn", or "raise" ValueError.

    Raises:
        TypeError: if f returns several numbers, or an argument is no number.
    """
    both = value_and_grad(f, argnums, independent=independent)

    @wraps(f)
    def grad_f(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return grad_f


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """``f(*primals)``, and the function that pulls a cotangent of the result back to the arguments.

    The cotangent has the structure of the result; what comes back is a tuple, one for each argument:
    the vector-Jacobian product.
    """
    recording = _Recording(f, range(len(primals)), primals, {})

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        cotangents = _matching(cotangent, len(recording.outs), "cotangent", "the result")
        return tuple(recording.rebuild(recording.pull(cotangents)))

    return recording.values(), pullback


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """``f(*primals)``, and its derivative along the tangents: the Jacobian-vector product.

    Primals and tangents are sequences of arguments with the same structure; forward mode.
    """
    recording = _Recording(f, range(len(primals)), primals, {})
    flat = _matching(list(tangents), len(recording.inputs), "tangents", "the primals")
    tangent = recording.rebuild_out(recording.push(flat))
    return recording.values(), tangent


def _matching(tree: Any, count: int, name: str, other: str) -> list[Any]:
    leaves, _ = flatten(tree)
    if len(leaves) != count:
        raise ValueError(f"{name} must have the structure of {other}: {count} numbers, not {len(leaves)}")
    return [x if type(x) is Value else number(x, f"one of {name}") for x in leaves]


def jacobian(
    f: Callable[..., Any], argnums: Argnums = 0, *, mode: Literal["reverse", "forward"] = "reverse"
) -> Callable[..., Any]:
    """All derivatives of all results: the structure of the result, each number the structure of the argument.

    Args:
        f: a function of numbers, lists, tuples, dicts or arrays, that returns the same.
        argnums: which positional argument to differentiate by; for several, tuples.
        mode: "reverse" sweeps once for each result, "forward" once for each input.
    """
    if mode not in ("reverse", "forward"):
        raise ValueError(f"mode is 'reverse' or 'forward', not {mode!r}")

    @wraps(f)
    def jacobian_f(*args: Any, **kwargs: Any) -> Any:
        recording = _Recording(f, argnums, args, kwargs)
        if mode == "reverse":
            rows = [recording.pull(unit) for unit in _units(len(recording.outs))]
        else:
            columns = [recording.push(unit) for unit in _units(len(recording.inputs))]
            rows = [[column[i] for column in columns] for i in range(len(recording.outs))]
        return recording.rebuild_out([_unwrap(argnums, recording.rebuild(row)) for row in rows])

    return jacobian_f


def _units(count: int) -> list[list[float]]:
    return [[float(i == j) for j in range(count)] for i in range(count)]


def hessian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """All second derivatives of a function that returns one number: the Jacobian of its gradient."""
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, ...]:
    """The Hessian-vector product: how the gradient changes along the tangents.

    A tuple, one for each argument; forward mode over reverse, at the cost of a few gradients.
    """
    result: tuple[Any, ...] = jvp(grad(f, range(len(primals))), primals, tangents)[1]
    return result


def gradients(out: Value, inputs: Any) -> Any:
    """The derivatives of a recorded Value by other Values of its graph, as Values of the same structure.

    They can be differentiated again; inputs that `out` does not depend on get a detached 0. The inputs
    may be leaves or inner nodes; no `grad` attribute changes.

    Raises:
        TypeError: if `out` or an input is no Value.
        StaleGraphError: if a leaf was given a new number after it was used.
    """
    wanted, rebuild = flatten(inputs)
    for x, name in [(out, "out"), *[(x, "an input") for x in wanted]]:
        if type(x) is not Value:
            raise TypeError(
                f"gradients goes back through recorded Values, and {name} is the {type(x).__name__} {x!r}: "
                f"make it with Value(...) before the computation"
            )
    order, leaves = walk(out)
    check_fresh(order, leaves)
    order = between(order, set(wanted))
    adjoint: dict[Value, Any] = dict.fromkeys([*wanted, *order, out], 0.0)
    adjoint[out] = 1.0
    with enable_grad():
        sweeps.reverse(order, adjoint, graph=True)
    found = [adjoint[x] for x in wanted]
    return rebuild([x if type(x) is Value else Value(x, requires_grad=False) for x in found])


def backward(out: Value, seed: float = 1.0) -> None:
    """`Value.backward` as a function, which tells what is wrong where `out` is no Value.

    Raises:
        TypeError: if it is none.
    """
    if type(out) is not Value:
        raise TypeError(
            f"backward starts from a Value, not from the {type(out).__name__} {out!r}: it has no graph, "
            f"which happens where a result was computed from plain numbers, or from v.data; make the "
            f"inputs with Value(...) and use the functions of autograd"
        )
    out.backward(seed)
