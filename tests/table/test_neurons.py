"""A layer of neurons in one call: the nodes of dot, + and the activation."""

import pytest

from autograd import Value, dot, gelu, module_path, neurons, no_grad, relu, tanh
from autograd.graph.walks import topological_order

W = [[Value(0.1 * (i + 1) * (-1) ** (i + k), f"w{k}{i}") for i in range(3)] for k in range(4)]
B = [Value(0.5 - 0.3 * k, f"b{k}") for k in range(4)]
X = (Value(1.0, "x"), -0.5, Value(2.0, "y"))


def by_hand(activation):
    return [activation(dot(w, X) + b) for w, b in zip(W, B, strict=True)]


def written(out):
    return [(node.op and node.op.name, node.data, node.path) for node in topological_order(out)]


@pytest.mark.parametrize("activation", [relu, tanh, gelu], ids=["relu", "tanh", "gelu"])
@pytest.mark.parametrize("kind", [list, tuple])
def test_the_nodes_are_those_of_the_ops(activation, kind):
    """An op as activation is applied in C, a function in Python."""
    rows = [(kind(w), b, activation, None) for w, b in zip(W, B, strict=True)]
    outs = neurons(rows, X)
    for out, expected in zip(outs, by_hand(activation), strict=True):
        assert written(out) == written(expected)


def test_neither_bias_nor_activation():
    outs = neurons([(w, None, None, None) for w in W], X)
    assert [(out.op.name, out.data) for out in outs] == [("dot", dot(w, X).data) for w in W]
    assert neurons([([2.0, 3.0], 1.0, None, None)], [5.0, 7.0]) == [32.0]


def test_each_neuron_has_its_path():
    rows = [(w, b, relu, module_path(f"neurons.{i}", i)) for i, (w, b) in enumerate(zip(W, B, strict=True))]
    with module_path("layer"):
        outs = neurons(rows, X)
        after = outs[0] * 2.0
    assert [out.path for out in outs] == [f"layer.neurons.{i}" for i in range(4)]
    assert outs[0].args[0].args[0].path == "layer.neurons.0"
    assert after.path == "layer"


def test_no_grad():
    with no_grad():
        outs = neurons([(w, b, tanh, None) for w, b in zip(W, B, strict=True)], X)
    assert [out.op for out in outs] == [None] * 4
    assert [out.data for out in outs] == [out.data for out in by_hand(tanh)]


def test_kept_tuples_follow_the_weights():
    """A weight that is exchanged counts at the next call."""
    w = [Value(1.0), Value(2.0)]
    rows, kept = [(w, None, None, None)], [None]
    assert neurons(rows, (3.0, 4.0), kept)[0].data == 11.0
    w[1] = Value(-1.0)
    assert neurons(rows, (3.0, 4.0), kept)[0].data == -1.0
    w.append(Value(5.0))
    assert neurons(rows, (3.0, 4.0, 1.0), kept)[0].data == 4.0


def test_a_wrong_number_of_inputs():
    with pytest.raises(ValueError, match="dot"):
        neurons([(W[0], None, None, None)], (1.0, 2.0))
