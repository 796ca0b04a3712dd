"""Calls of programs written out: the graph in which each line of a jitted function is a Value of its own."""

from __future__ import annotations

from autograd.graph.engine import Value
from autograd.graph.names import labels_of
from autograd.graph.recording import enable_grad
from autograd.graph.walks import replaced, topological_order
from autograd.table import ops
from autograd.table.call import Call, Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def written_out(
    out: Value, wrt: Value | None = None, names: Mapping[Any, Any] | None = None
) -> tuple[Value, Any, Mapping[Any, Any] | None]:
    """The result, the variable and the names in a graph without calls of programs.

    Leaves, and Values that depend on no call, stay; the others are computed again.
    """
    order = topological_order(out)
    while any(isinstance(node.op, Call) for node in order):
        new: dict[Any, Any] = {}
        called: dict[Value, list[Any]] = {}
        with enable_grad():
            for node in order:
                if node.op is None:
                    continue
                args = replaced(node.args, lambda x, new=new: new.get(x, x), {})  # type: ignore[misc]
                if isinstance(node.op, Call):
                    called[node] = node.op.written_out(args[0])
                elif isinstance(node.op, Output):
                    new[node] = _own(called[node.args[0]][node.op.place], node.label)
                elif any(x is not y for x, y in zip(args, node.args, strict=True)):
                    new[node] = _own(node.op(*args), node.label)
        if names is not None:
            names = {new.get(x, x): name for x, name in labels_of(names).items()}
        out, wrt = new.get(out, out), new.get(wrt, wrt)
        order = topological_order(out)
    return out, wrt, names


def _own(x: Any, label: str) -> Value:
    """A result as a Value with the label of the one that it stands for."""
    if type(x) is not Value:
        x = Value(x, requires_grad=False)
    elif label and x.label != label:
        x = ops.identity(x) if x.label or x.op is None else x
    if label:
        x.label = label
    return x  # type: ignore[no-any-return]
