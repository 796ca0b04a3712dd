"""The networks of the worked examples, for the notebooks 02 to 05 and 11, which do not build them again.

Each function gives a namespace of Values: ``n.w5``, ``n.out_h1``, ``n.E``. Every Value that a text names has
this name as its label.
"""

from __future__ import annotations

from types import SimpleNamespace

from autograd.graph.engine import Value
from autograd.table.ops import dot, sigmoid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

MAZUR = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)  # w1 to w8
TWO_RULES = (0.1, 0.2, 0.3, -0.4, -0.5, 0.6, 0.7, -0.8, 0.9, -0.1, 0.2, 0.3, 0.4, -0.5)


def two_two_two(
    weights: Sequence[float] = MAZUR,
    *,
    i: Sequence[float] = (0.05, 0.10),
    b: Sequence[float] = (0.35, 0.60),
    t: Sequence[float] = (0.01, 0.99),
) -> SimpleNamespace:
    """The network of Matt Mazur's example: two inputs, two hidden and two output neurons, all sigmoid.

    Args:
        weights: w1 to w8.
        i: the inputs i1 and i2.
        b: the biases b1 and b2, each shared by a layer.
        t: the targets t1 and t2.
    """
    n = _leaves(w=weights, i=i, b=b)
    n.net_h1 = n.w1 * n.i1 + n.w2 * n.i2 + n.b1
    n.net_h2 = n.w3 * n.i1 + n.w4 * n.i2 + n.b1
    n.out_h1, n.out_h2 = sigmoid(n.net_h1), sigmoid(n.net_h2)
    n.net_o1 = n.w5 * n.out_h1 + n.w6 * n.out_h2 + n.b2
    n.net_o2 = n.w7 * n.out_h1 + n.w8 * n.out_h2 + n.b2
    n.out_o1, n.out_o2 = sigmoid(n.net_o1), sigmoid(n.net_o2)
    n.E = 0.5 * (t[0] - n.out_o1) ** 2 + 0.5 * (t[1] - n.out_o2) ** 2
    return _labelled(n)


def simultaneous(weights: Sequence[float], rate: float) -> list[float]:
    """The weights w1 to w8 after a step of gradient descent: all gradients at the old weights."""
    n = two_two_two(weights)
    n.E.backward()
    return [w - rate * getattr(n, f"w{k}").grad for k, w in enumerate(weights, 1)]


def sequential(weights: Sequence[float], rate: float) -> list[float]:
    """The same with w5 to w8 moved first, so that the new ones carry the error back to w1 to w4."""
    n = two_two_two(weights)
    n.E.backward()
    new = [w - rate * getattr(n, f"w{k}").grad for k, w in enumerate(weights, 1)]
    for h, out in enumerate((n.out_h1, n.out_h2)):
        carried = n.net_o1.grad * new[4 + h] + n.net_o2.grad * new[6 + h]
        delta = carried * out.data * (1.0 - out.data)
        new[2 * h] = weights[2 * h] - rate * delta * n.i1.data
        new[2 * h + 1] = weights[2 * h + 1] - rate * delta * n.i2.data
    return new


def one_output(
    x: Sequence[float],
    d: float,
    W1: Sequence[Sequence[float]] = ((0.1, 0.2, 0.3), (0.4, -0.5, 0.6)),
    W2: Sequence[float] = (0.7, -0.8, 0.9),
    *,
    output: Any = None,
) -> SimpleNamespace:
    """The network of the deep dive: sigmoid hidden neurons h1, h2 ... and one output y.

    Args:
        x: the inputs.
        d: the target.
        W1: a row for each input, with its weight to each hidden neuron.
        W2: the weight of each hidden neuron.
        output: the activation of the output, linear if None.
    """
    rows = {f"W1_{k}": row for k, row in enumerate(W1, 1)}
    n = _leaves(x=x, W2_=W2, **rows)
    hidden = []
    for j in range(1, len(W2) + 1):
        terms = [getattr(n, f"x{k}") * getattr(n, f"W1_{k}{j}") for k in range(1, len(x) + 1)]
        net = _sum(terms)
        setattr(n, f"net_{j}", net)
        setattr(n, f"h{j}", sigmoid(net))
        hidden.append(getattr(n, f"h{j}") * getattr(n, f"W2_{j}"))
    n.y = _sum(hidden) if output is None else output(_sum(hidden))
    n.E = (d - n.y) ** 2 / 2
    return _labelled(n)


def three_two_one(
    weights: Sequence[float] = TWO_RULES, *, x: Sequence[float] = (1.0, 0.5), z: float = 0.9
) -> SimpleNamespace:
    """The network of the two rules: neurons 1 to 3, 4 and 5, and 6, all sigmoid and without biases.

    The weighted sum of neuron k is ``n.e4`` for k = 4, its output ``n.y4``.

    Args:
        weights: wx11, wx21, wx12, wx22, wx13, wx23, then w14, w24, w34, w15, w25, w35, then w46, w56; wx21
            leads from the second input to neuron 1.
        x: the inputs.
        z: the target.
    """
    names = [f"wx{m}{k}" for k in (1, 2, 3) for m in (1, 2)]
    names += [f"w{m}{k}" for k in (4, 5) for m in (1, 2, 3)] + ["w46", "w56"]
    n = SimpleNamespace(**{name: Value(w) for name, w in zip(names, weights, strict=True)})
    n.x1, n.x2 = (Value(number, requires_grad=False) for number in x)

    def neuron(k: int, weights: list[Value], inputs: list[Value]) -> None:
        e = dot(weights, inputs)
        setattr(n, f"e{k}", e)
        setattr(n, f"y{k}", sigmoid(e))

    for k in (1, 2, 3):
        neuron(k, [getattr(n, f"wx{m}{k}") for m in (1, 2)], [n.x1, n.x2])
    for k in (4, 5):
        neuron(k, [getattr(n, f"w{m}{k}") for m in (1, 2, 3)], [n.y1, n.y2, n.y3])
    neuron(6, [n.w46, n.w56], [n.y4, n.y5])
    n.E = 0.5 * (z - n.y6) ** 2
    return _labelled(n)


def exact_changes(weights: Sequence[float], **given: Any) -> list[float]:
    """The changes of the 14 weights of `three_two_one` by the chain rule, for a rate of 1."""
    n = three_two_one(weights, **given)
    n.E.backward()
    return [-w.grad for w in list(vars(n).values())[:14]]


def page_changes(weights: Sequence[float], **given: Any) -> list[float]:
    """The same by the page's rule, which carries the error back without the slopes of the neurons."""
    n = three_two_one(weights, **given)
    y = {k: getattr(n, f"y{k}").data for k in range(1, 7)}
    delta = {6: given.get("z", 0.9) - y[6]}
    delta[4], delta[5] = n.w46.data * delta[6], n.w56.data * delta[6]
    for m in (1, 2, 3):
        delta[m] = sum(getattr(n, f"w{m}{k}").data * delta[k] for k in (4, 5))
    own = {k: delta[k] * y[k] * (1.0 - y[k]) for k in delta}
    changes = [own[k] * x.data for k in (1, 2, 3) for x in (n.x1, n.x2)]
    changes += [own[k] * y[m] for k in (4, 5) for m in (1, 2, 3)]
    return [*changes, own[6] * y[4], own[6] * y[5]]


def chain(activation: Any, depth: int, start: float = 0.5, weight: float = 1.0) -> SimpleNamespace:
    """Neurons in a row, each with one input: y1 = activation(weight * x), y2 = activation(weight * y1) ...

    A weight of exactly 1 is left out.
    """
    n = SimpleNamespace(x=Value(start))
    y = n.x
    for k in range(1, depth + 1):
        y = activation(y if weight == 1.0 else weight * y)
        setattr(n, f"y{k}", y)
    n.out = y
    return _labelled(n)


def _leaves(**rows: Sequence[float]) -> SimpleNamespace:
    """A leaf for each number, called by the name of its row and its place; a Value gives its number."""
    return SimpleNamespace(
        **{
            f"{name}{k}": Value(number.data if isinstance(number, Value) else number)
            for name, row in rows.items()
            for k, number in enumerate(row, 1)
        }
    )


def _sum(terms: Sequence[Any]) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _labelled(n: SimpleNamespace) -> SimpleNamespace:
    for name, value in vars(n).items():
        value.label = value.label or name
    return n
