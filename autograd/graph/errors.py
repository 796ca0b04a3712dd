"""Error messages that both engines share."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class StaleGraphError(RuntimeError):
    """A leaf was given a new number after it was used, so the recorded graph is no longer true."""


class TraceError(RuntimeError):
    """A traced function asked for a number, which the program would keep for ever."""


_INSTEAD = {
    ".data": "return the number beside the loss, or compare Values (loss < 0.1), which makes a guard",
    ".grad": "take gradients by transforms inside (grad, value_and_grad), or read .grad after the call",
    "backward()": "return the loss, and call backward() on the result; or trace value_and_grad(f)",
    ".data =": "set leaves outside of the function; inside, compute with the new number itself",
    ".grad =": "set gradients outside of the function",
    ".requires_grad =": "set it outside of the function, or write v.detach() for a number without slopes",
    "int()": "name the argument in static_argnums if it is an index or a size; floor(v) is a number",
    "an index": "name the argument in static_argnums, so that a program is traced for each of its numbers",
}


def in_trace(node: Any, what: str, name: str, where: str) -> TraceError:
    at = f" at {where}" if where else ""
    instead = _INSTEAD.get(what, "use autograd's functions (autograd.exp, not math.exp)")
    return TraceError(
        f"{what} of {node!r}{at}: {name} is being traced, and the program would keep this "
        f"number in every later call. Instead, {instead}"
    )


def subclass(cls: type) -> None:
    """`Value.__init_subclass__`: refuses a subclass."""
    raise TypeError(
        "Value cannot be subclassed, since ops give plain Values: define an op with Op(...), "
        "or hold a Value in a class of your own"
    )


def attribute(node: Any, name: str) -> AttributeError:
    return AttributeError(
        f"cannot set .{name} of {node!r}: a Value has no attributes but its own, which keeps it small; keep "
        f"what belongs to it in a dict, whose keys may be Values: {name} = {{}}; {name}[v] = ...",
        name=name,
        obj=node,
    )


def computed_data(node: Any, data: Any) -> AttributeError:
    return AttributeError(
        f"cannot set .data of {node!r}, which {node.op.name} computed: set the .data of a leaf "
        f"and compute it again, or start afresh from Value({data!r})"
    )


def computed_requires_grad(node: Any) -> AttributeError:
    return AttributeError(
        f"cannot set requires_grad of {node!r}, which {node.op.name} computed: set it on a leaf, "
        f"or use v.detach() for the number without its graph"
    )


def missing_grad() -> TypeError:
    return TypeError(".grad is one real number, not None: write v.grad = 0.0 to clear it")


def label(label: Any) -> TypeError:
    if isinstance(label, (tuple, list, set)):
        return TypeError(
            f"a label is a str, not the {type(label).__name__} {label!r}: an op "
            f"gives its result the operands; write one of your own as Op(name, forward, partials)"
        )
    return TypeError(f"a label is a str, not the {type(label).__name__} {label!r}: write str(...)")


def set_meanwhile(leaf: Any) -> StaleGraphError:
    name = f"the leaf {leaf.label!r}" if leaf.label else "a leaf"
    return StaleGraphError(
        f"{name} was given the number {leaf.data!r} while backward() was running, by a rule or by another "
        f"thread, so some slopes would be at the old number and some at the new one; no .grad has changed: "
        f"set .data before the computation, or after backward()"
    )


def nested_backward() -> RuntimeError:
    return RuntimeError(
        "backward() was called by a rule that another backward() runs, and both would write to "
        "the same .grad: in a rule use grad(...), which keeps its numbers to itself"
    )


def no_block() -> RuntimeError:
    return RuntimeError(
        "this task is in no block that it could leave: enter one before __exit__ is called, "
        "as `with no_grad():` does"
    )


def constant(root: Any) -> RuntimeError:
    return RuntimeError(
        f"nothing to differentiate: {root!r} depends on no leaf that wants gradients; "
        f"was it made under no_grad(), from detached Values, or from plain numbers?"
    )


def stale(leaf: Any, user: Any) -> StaleGraphError:
    name = f"the leaf {leaf.label!r}" if leaf.label else "a leaf"
    return StaleGraphError(
        f"{name} was given the number {leaf.data!r} after {user.op.name} had used it, so the recorded "
        f"numbers are no longer those of the graph: compute the result again after setting .data, "
        f"or call backward() before"
    )


def explain_numpy(error: Exception) -> None:
    """Add what to write to NumPy's error about a Value or an array of them, which NumPy does not ask."""
    if str(error).startswith("only integers, slices"):
        error.add_note(
            "An index is a whole number, and a Value is none: in jit name the argument in static_argnums, so "
            "that a program is traced for each of its numbers; elsewhere write int(v.data)."
        )
    if str(error).startswith(("loop of ufunc", "ufunc '", "Cannot cast ufunc")):
        error.add_note(
            "Inside a transform an array holds Values (dtype=object). NumPy calls a method of each element, "
            "which plain numbers among them lack, and some of its functions take floats alone. Apply the "
            "function of autograd to each element, as in np.frompyfunc(autograd.exp, 1, 1)(array); in place "
            "of np.linalg.solve, inv and det write the elimination in arithmetic (the docstring of Value "
            "has an example)."
        )
