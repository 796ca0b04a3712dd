"""A layer of neurons in one call."""

from __future__ import annotations

from contextlib import nullcontext

from autograd._native import part
from autograd.table.ops import dot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_in_c = part("neurons", lambda rows, inputs, kept: None)


def neurons(
    rows: list[tuple[Any, Any, Any, Any]], inputs: Sequence[Any], kept: list[Any] | None = None
) -> list[Any]:
    """The outputs ``activation(dot(weights, inputs) + bias)`` of neurons that share their inputs.

    The nodes are those of `dot`, ``+`` and the activation. The native engine makes them all in one call if
    the activations are ops.

    Args:
        rows: for each neuron its weights, a list or tuple; its bias, or None; its activation, a function of
            one number, or None; and the `module_path` block that its nodes are made in, or None.
        inputs: a number or Value for each weight.
        kept: a list of None for each row, to be given again with the same rows: it keeps tuples of the
            weights, so that a graph of many calls does not hold a tuple for each.

    Raises:
        ValueError: if a neuron has another number of weights than there are inputs.
    """
    inputs = inputs if type(inputs) is tuple else tuple(inputs)
    outs: list[Any] | None = _in_c(rows, inputs, [None] * len(rows) if kept is None else kept)
    if outs is not None:
        return outs
    outs = []
    for weights, bias, activation, block in rows:
        with block or nullcontext():
            net = dot(weights, inputs)
            net = net if bias is None else net + bias
            outs.append(net if activation is None else activation(net))
    return outs
