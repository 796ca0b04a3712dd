"""Transforms: functions that return the derivative of a function, in reverse and forward mode.

Arguments and results may be numbers, Values, and lists, tuples, dicts, dataclasses and NumPy arrays of them,
nested; a derivative has the structure of the argument. Transforms nest to any order.

Results are floats, unless they depend on a Value that wants gradients and is no input (most often a Value
captured from outside): then they are Values, and no gradient is lost. No `grad` attribute is touched.
"""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from functools import wraps

from autograd.derivatives.argnums import Chosen
from autograd.derivatives.tracing import Trace, checked
from autograd.derivatives.tree import flatten, flatten_like, is_dataclass
from autograd.graph import engine
from autograd.graph.engine import (
    Value,
    advance_clock,
    between,
    check_fresh,
    clock,
    own,
    pull_gathered,
    pull_graph,
    push_gathered,
    settled,
    walk,
)
from autograd.graph.recording import Sweeps, current, enable_grad
from autograd.graph.walks import flat_args
from autograd.table.call import Call, Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal

    from autograd.derivatives.argnums import Argnums

    Independent = Literal["zero", "warn", "raise"]


class _Recording(Trace):
    """A trace of `f` by the numbers in the chosen arguments, and its derivatives."""

    def __init__(
        self, f: Callable[..., Any], chosen: Chosen, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> None:
        self.name = chosen.name
        self.traced = current().program is not None  # then all derivatives are graphs
        self.nested = (
            current().recording or self.traced
        )  # whether gradients of the caller's own Values can be wanted
        given = dict(kwargs)
        places = chosen.places(args, given)
        several = chosen.several  # then a derivative is a tuple
        picked = [args[i] if type(i) is int else given[str(i)] for i in places]
        numbers, self.rebuild = flatten(tuple(picked) if several else picked[0])

        def call(inputs: list[Value]) -> Any:
            new: Any = list(args)
            named: Any = dict(given)
            built = self.rebuild(inputs)
            for i, arg in zip(places, built if several else (built,), strict=True):
                (new if type(i) is int else named)[i] = arg
            return f(*new, **named)

        inputs = numbers if self.traced else settled(numbers) if self.nested else _numbers(numbers)
        super().__init__(call, checked(inputs, f"an argument of {self.name} to differentiate by"), self.name)
        if self.traced:
            current().program.with_lanes(self)
        self.order = between(self.nodes, self.inputs)
        self.sweeps: Any = (
            Sweeps(current().program, {*self.order, *self.inputs}) if self.traced else nullcontext()
        )
        # Whether slopes are Values: if the derivatives may depend on a Value that wants gradients.
        self.graph = self.traced or (self.nested and (self.linked or self.wants_gradients()))

    def pull(self, cotangents: Sequence[Any]) -> list[Any]:
        """The derivatives by the inputs of the results, weighted with cotangents: reverse mode."""
        self.check_fresh()
        seeds = [(x, w) for x, w in zip(self.outs, cotangents, strict=True) if type(x) is Value]
        if not self.graph and not any(type(w) is Value for _, w in seeds):
            found = engine.pull(self.order, self.reached, self.inputs, seeds)
            self.check_rules()
            return found
        start = advance_clock()
        with self.sweeps, enable_grad():  # a slope may be an operand itself, so a Value of the caller's
            pulled = (pull_gathered if self.traced else pull_graph)(self.order, self.inputs, seeds)
            found = own(pulled, start)
        self.check_rules()
        return self.bare(found)

    def push(self, tangents: Sequence[Any]) -> list[Any]:
        """The derivatives of the results along tangents of the inputs: forward mode."""
        self.check_fresh()
        outs = [x for x in self.outs if type(x) is Value]
        if not self.graph and Value not in set(map(type, tangents)):
            found = engine.push(self.order, outs, self.inputs, tangents)
            self.check_rules()
            return self.spread(found)
        start = advance_clock()
        with self.sweeps, enable_grad():
            push = push_gathered if self.traced else engine.push_graph
            found = own(push(self.order, outs, self.inputs, tangents), start)
        self.check_rules()
        return self.bare(self.spread(found))

    def spread(self, found: Sequence[Any]) -> list[Any]:
        """What was found for the results that are Values, and 0 for the others."""
        if len(found) == len(self.outs):
            return list(found)
        given = iter(found)
        return [next(given) if type(x) is Value else 0.0 for x in self.outs]

    def rows(self, mode: str) -> list[list[Any]]:
        """The derivatives of each result by all inputs."""
        if not self.graph:
            self.check_fresh()
            outs = [x for x in self.outs if type(x) is Value]
            zeros = [0.0] * len(self.inputs)
            found = engine.jacobian(self.order, self.inputs, outs, mode)
            self.check_rules()
            return found if len(outs) == len(self.outs) else [x or zeros[:] for x in self.spread(found)]
        rows = None if mode == "forward" else self.graph_rows(mode)
        if rows is None:
            columns = [self.push(unit) for unit in _units(len(self.inputs))]
            rows = [[column[i] for column in columns] for i in range(len(self.outs))]
        return rows

    def graph_rows(self, mode: str) -> list[list[Any]] | None:
        """The rows as graphs, by a reverse sweep for each; None where "auto" finds forward mode cheaper.

        The sweep for a result of a call begins with the operands of the call, since a walk from the call
        looks at the operands of all its results.
        """
        self.check_fresh()
        start = advance_clock()
        pull = pull_gathered if self.traced else pull_graph
        members, rows = set(self.order), []
        may_stop = mode == "auto" and len(self.inputs) < len(self.outs)
        left = sum(map(_cost, self.order)) * len(self.inputs) if may_stop else 0  # what forward sweeps cost
        with self.sweeps, enable_grad():
            for out in self.outs:
                seeds = [(out, 1.0)] if type(out) is Value else []
                if out in members and isinstance(out.op, Output):
                    seeds = out.op.slopes(out, None, True)
                inner = [x for x, _ in seeds if x in members]
                order = walk(*inner, stop=self.inputs, since=self.start)[0] if inner else []
                order = [x for x in order if x in members]
                if may_stop:
                    left -= sum(map(_cost, order))
                    if left < 0:
                        return None
                rows.append(own(pull(order, self.inputs, seeds), start))
        self.check_rules()
        return list(map(self.bare, rows))

    def check_rules(self) -> None:
        """`check_fresh` again if a rule of a user's op might have set a leaf during the sweep."""
        if self.leaves:
            self.check_fresh()

    def bare(self, results: Sequence[Any]) -> list[Any]:
        """Results as floats, except Values that want gradients, and all in the trace of a program."""
        if self.traced:
            return list(results)
        for x in self.inputs:
            if x.op is None:
                x.requires_grad = False  # ours alone: nobody can ask for its gradient
        return settled(results) if self.nested else _numbers(results)

    def values(self) -> Any:
        """The result of the function, with floats for Values that want no gradients."""
        if self.graph:
            return self.rebuild_out(self.bare(self.outs))
        return self.rebuild_out(_numbers(self.outs))


def _one_result(recording: _Recording) -> None:
    if (
        len(recording.outs) != 1
        or isinstance(recording.out, (list, tuple, dict))
        or is_dataclass(recording.out)
    ):
        raise TypeError(
            f"a gradient is of one number, and {recording.name} returned a {type(recording.out).__name__} "
            f"of {len(recording.outs)}: use jacobian, or return one of them or their sum"
        )


def value_and_grad(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    independent: Independent = "zero",
) -> Callable[..., tuple[Any, Any]]:
    """A function that gives ``(f(*args), gradient)``; see `grad`.

    With `has_aux` it gives ``((value, aux), gradient)``.
    """
    _check_option(independent)
    chosen = Chosen(f, argnums)

    @wraps(f)
    def value_and_grad_f(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        value, aux, gradient = _value_and_grad(f, chosen, has_aux, independent, args, kwargs)
        return (value, aux) if has_aux else value, gradient

    return value_and_grad_f


def _check_option(independent: str) -> None:
    if independent not in ("zero", "warn", "raise"):
        raise ValueError(f"independent is 'zero', 'warn' or 'raise', not {independent!r}")


def _value_and_grad(
    f: Callable[..., Any],
    chosen: Chosen,
    has_aux: bool,
    independent: Independent,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> tuple[Any, Any, Any]:
    """The value, what else f returned, and the gradient."""
    aux: Any = None

    def without_aux(*args: Any, **kwargs: Any) -> Any:
        nonlocal aux
        out, aux = _pair(f(*args, **kwargs), chosen.name)
        return out

    recording = _Recording(without_aux if has_aux else f, chosen, args, kwargs)
    _one_result(recording)
    (out,) = recording.outs
    if independent != "zero" and out not in {*recording.order, *recording.inputs}:
        message = (
            f"the result of {recording.name} does not depend on what it is differentiated by, or only "
            f"through locally constant ops such as round: its gradient is 0"
        )
        if independent == "raise":
            raise ValueError(message)
        warnings.warn(message, stacklevel=3)
    gradient = recording.rebuild(recording.pull([1.0]))
    value = recording.values()
    leaves, rebuild = flatten(aux)
    if any(type(x) is Value for x in leaves):
        aux = rebuild(recording.bare(leaves))
    return value, aux, gradient


def _pair(result: Any, name: str) -> tuple[Any, Any]:
    """The value and the rest of what a function returned with has_aux."""
    if not isinstance(result, tuple) or len(result) != 2:
        kind = f"a tuple of {len(result)}" if isinstance(result, tuple) else f"a {type(result).__name__}"
        raise TypeError(
            f"with has_aux=True {name} returns a tuple of two, the number and anything else, and it returned "
            f"{kind}: end it with return value, aux"
        )
    return result


def grad(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    independent: Independent = "zero",
) -> Callable[..., Any]:
    """The gradient of a function that returns one number.

    Args:
        f: a function of numbers, lists, tuples, dicts, dataclasses or arrays.
        argnums: which argument to differentiate by, its position or its name; for several, a tuple of
            gradients.
        has_aux: whether f returns ``(value, aux)``, where aux is anything else that it has found; the result
            is then ``(gradient, aux)``. Values that f has put into lists and the like of aux become numbers.
        independent: what to do where the result does not depend on the argument: give "zero" silently,
            or "warn", or "raise" ValueError.

    Raises:
        TypeError: if f returns several numbers, or an argument is no number.
    """
    _check_option(independent)
    chosen = Chosen(f, argnums)

    @wraps(f)
    def grad_f(*args: Any, **kwargs: Any) -> Any:
        _, aux, gradient = _value_and_grad(f, chosen, has_aux, independent, args, kwargs)
        return (gradient, aux) if has_aux else gradient

    return grad_f


def elementwise_grad(f: Callable[..., Any], argnums: int | str = 0) -> Callable[..., Any]:
    """The derivative of each element of the result by the same element of the argument.

    ``elementwise_grad(f)(xs)`` has the structure of xs. It costs one sweep.

    Args:
        f: a function of a list, an array or the like, whose result has as many numbers as the argument, each
            made from the number in the same place; other arguments may be anything.
        argnums: which argument to differentiate by, its position or its name.

    Raises:
        ValueError: if the result has another size, or one of its elements depends on other elements.
    """
    chosen = Chosen(f, argnums)
    if chosen.several:
        raise TypeError(f"elementwise_grad differentiates by one argument, not by {argnums!r}: name one")

    @wraps(f)
    def elementwise_grad_f(*args: Any, **kwargs: Any) -> Any:
        recording = _Recording(f, chosen, args, kwargs)
        _check_elementwise(recording)
        return recording.rebuild(recording.pull([1.0] * len(recording.outs)))

    return elementwise_grad_f


def _operands(node: Value) -> Sequence[Any]:
    """The operands that the number of a node may depend on."""
    if isinstance(node.op, Call):
        return ()  # its results are those that depend on its operands
    if isinstance(node.op, Output):
        (call,) = node.args
        (given,) = call.args
        return [given[i] for i in call.op.read_by(node.op.place, len(given))]
    return flat_args(node)


def _check_elementwise(recording: _Recording) -> None:
    """Make sure that each result depends on no input but that in its own place."""
    name, size = recording.name, len(recording.inputs)
    if len(recording.outs) != size:
        raise ValueError(
            f"{name} was given {size} number{'s' * (size != 1)} and returned {len(recording.outs)}, so its "
            f"derivative has no element for each: use jacobian, or grad of a sum"
        )
    source: dict[Any, int] = {x: i for i, x in enumerate(recording.inputs)}

    def mixed(i: int, j: int) -> ValueError:
        return ValueError(
            f"an element of the result of {name} depends on other elements of the argument (on element {j}, "
            f"where element {i} was expected): use jacobian, which has all derivatives"
        )

    for node in recording.order:
        for x in _operands(node):
            if type(x) is Value and x in source and source.setdefault(node, source[x]) != source[x]:
                raise mixed(source[node], source[x])
    for i, out in enumerate(recording.outs):
        if type(out) is Value and source.get(out, i) != i:
            raise mixed(i, source[out])


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """``f(*primals)``, and the function that pulls a cotangent of the result back to the arguments.

    The cotangent has the structure of the result. The function returns the vector-Jacobian product, a tuple
    with an item for each argument.
    """
    recording = _Recording(f, Chosen(f, range(len(primals))), primals, {})

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        cotangents = _like(cotangent, recording.out, "cotangent")
        pulled: tuple[Any, ...] = recording.rebuild(recording.pull(cotangents))
        return pulled

    return recording.values(), pullback


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """``f(*primals)``, and its derivative along the tangents: the Jacobian-vector product.

    Primals and tangents are sequences of arguments with the same structure; forward mode.
    """
    _check_pairs("jvp", primals, tangents)
    recording = _Recording(f, Chosen(f, range(len(primals))), primals, {})
    flat = _like(list(tangents), list(primals), "tangents")
    tangent = recording.rebuild_out(recording.push(flat))
    return recording.values(), tangent


def _check_pairs(transform: str, primals: Any, tangents: Any) -> None:
    """Make sure that there is a tangent for each primal."""
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (list, tuple)):
            raise TypeError(
                f"{name} is a tuple, one for each argument of the function, not {given!r}: write (x,)"
            )
    if len(primals) != len(tangents):
        raise ValueError(
            f"tangents must be a list of {len(primals)}, one for each argument of the function, not of "
            f"{len(tangents)}: write 0.0 for an argument that stays, as in {transform}(f, (x, y), (1.0, 0.0))"
        )


def _like(tree: Any, pattern: Any, name: str) -> list[Any]:
    """The numbers of a tree that has the structure of another, in its order."""
    return checked(flatten_like(tree, pattern, name), f"one of {name}")


def _numbers(leaves: Sequence[Any]) -> list[Any]:
    """Leaves with numbers for Values."""
    return [x._number if type(x) is Value else x for x in leaves]


def jacobian(
    f: Callable[..., Any], argnums: Argnums = 0, *, mode: Literal["auto", "reverse", "forward"] = "auto"
) -> Callable[..., Any]:
    """All derivatives of all results: the structure of the result, each number the structure of the argument.

    Args:
        f: a function of numbers, lists, tuples, dicts, dataclasses or arrays, that returns the same.
        argnums: which argument to differentiate by, its position or its name; for several, tuples.
        mode: "reverse" sweeps, for each result, over what it depends on; "forward" sweeps over all, for each
            input; "auto" counts which is cheaper.
    """
    if mode not in ("auto", "reverse", "forward"):
        raise ValueError(f"mode is 'auto', 'reverse' or 'forward', not {mode!r}")
    chosen = Chosen(f, argnums)

    @wraps(f)
    def jacobian_f(*args: Any, **kwargs: Any) -> Any:
        recording = _Recording(f, chosen, args, kwargs)
        rows = recording.rows(mode)
        if recording.rebuild is not list:  # as it is for a list of numbers
            rows = list(map(recording.rebuild, rows))
        return recording.rebuild_out(rows)

    return jacobian_f


def _cost(node: Value) -> int:
    """About how many steps a sweep takes to pass the node."""
    return 1 + (len(node.args[0]) if isinstance(node.op, Call) else len(node.args))


def _units(count: int) -> list[list[float]]:
    return [[float(i == j) for j in range(count)] for i in range(count)]


def hessian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """All second derivatives of a function that returns one number: the Jacobian of its gradient."""
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, ...]:
    """The Hessian-vector product: how the gradient changes along the tangents.

    A tuple, one for each argument; forward mode over reverse, at the cost of a few gradients.
    """
    _check_pairs("hvp", primals, tangents)
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
    reached, leaves = walk(out)
    check_fresh(reached, leaves)
    order = between(reached, wanted)
    start = advance_clock()
    with enable_grad():
        pull = pull_graph if current().program is None else pull_gathered
        found = own(pull(order, wanted, [(out, 1.0)]), start)
    if clock() != start:  # a rule of a user's op has set a leaf
        check_fresh(reached, leaves)
    return rebuild([x if type(x) is Value else Value(x, requires_grad=False) for x in found])


def backward(out: Value, seed: float = 1.0) -> None:
    """`Value.backward` as a function, with a helpful error if `out` is no Value.

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
