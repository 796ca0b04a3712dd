"""The engine in use: Value, and the functions over graphs of Values that the rest of the package uses.

value.py and sweeps.py document them; the extension has the same in C.
"""

from __future__ import annotations

from autograd._native import engine, reason
from autograd.graph import errors
from autograd.graph import sweeps as in_python
from autograd.graph.behaviour import Behaviour, compared, condition
from autograd.table import op, operand, slopes
from autograd.table.call import Call, carried_back

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

if TYPE_CHECKING or engine is None:
    from autograd.graph import value as used

    sweeps = in_python
else:
    used = sweeps = engine
    used.Value = engine.connect(
        op.TABLE,
        Behaviour,
        number=op.number,
        sequence=op.sequence,
        combine=operand.combine,
        compared=compared,
        condition=condition,
        carried_back=carried_back,
        numbers=slopes.numbers,
        number_slopes=slopes.number_slopes,
        node_slopes=slopes.node_slopes,
        errors=errors,
    )
    used.Value.__doc__ = Behaviour.__doc__
    used.Value.__init_subclass__ = classmethod(errors.subclass)

Value = used.Value
Behaviour._check_operands = staticmethod(used.check_fresh)
op.reserved.update(dir(Value))

advance_clock = used.advance_clock
between = used.between
birth = used.birth
check_fresh = used.check_fresh
clock = used.clock
gather = used.gather
is_stale = used.is_stale
jacobian = sweeps.jacobian
own = used.own
pull = used.pull
pull_gathered = sweeps.pull_gathered
pull_graph = sweeps.pull_graph
push = sweeps.push
push_graph = sweeps.push_graph
recorded = used.recorded
restore = used.restore
scatter = used.scatter
settled = used.settled
walk = used.walk


def push_gathered(order: list[Any], outs: list[Any], inputs: list[Any], tangents: Sequence[Any]) -> list[Any]:
    """See sweeps.py: only the sweep in Python lets calls push the tangents of all their results at once."""
    has_calls = any(isinstance(node.op, Call) for node in order)
    push = in_python.push_gathered if has_calls else sweeps.push_gathered
    return push(order, outs, inputs, tangents)


def backend_info() -> dict[str, str]:
    """Which engine is in use, "native" or "python", and why it is not the native one ("" where it is)."""
    return {"engine": "python" if engine is None else "native", "reason": reason}
