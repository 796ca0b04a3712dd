"""Programs in micrograd's idiom run with only their import exchanged."""

import pytest

from autograd import StaleGraphError, Value, draw_dot, exp, sum_of

EXPRESSION = """
from micrograd.engine import Value

p = Value(-1.5)
q = Value(4.0)
r = p * q - p**3 + 1
r += 2 * r + (q - p).relu()
r -= -(p / q) + (p + 3).relu() * 0.5
s = 7.0 / (r**2 + 1)
s += (1 - q) ** 2 / 10.0
s.backward()
numbers = [s.data, p.grad, q.grad]
"""

TRACE = """
from graphviz import Digraph
from micrograd.engine import Value

def reach(root):
    seen, arrows = set(), set()
    def visit(v):
        if v in seen:
            return
        seen.add(v)
        for child in v._prev:
            assert child in v._prev and root not in v._prev
            arrows.add((child, v))
            visit(child)
    visit(root)
    return seen, arrows

def picture(root):
    seen, arrows = reach(root)
    dot = Digraph(format="svg", graph_attr={"rankdir": "LR"})
    for v in seen:
        dot.node(str(id(v)), label="data %.3f | grad %.3f" % (v.data, v.grad), shape="record")
        if v._op:
            dot.node(str(id(v)) + v._op, label=v._op)
            dot.edge(str(id(v)) + v._op, str(id(v)))
    for child, v in arrows:
        dot.edge(str(id(child)), str(id(v)) + v._op)
    return dot

x = Value(3.0)
y = (x * x + x) ** 2
z = y.relu()
z.backward()
dot = picture(z)
"""

BY_HAND = """
from micrograd.engine import Value

a = Value(2.0)
b = Value(-3.0)
product = a * b
total = product + a
out = total.relu() + total * total

order, visited = [], set()
def build(v):
    if v not in visited:
        visited.add(v)
        for child in v._prev:
            build(child)
        order.append(v)
build(out)
out.grad = 1.0
for v in reversed(order):
    v._backward()
"""

NEURON = """
from micrograd.engine import Value, draw_dot

inputs = [Value(1.0, label="i1"), Value(-2.0, label="i2")]
weights = [Value(0.5, label="w1"), Value(0.25, label="w2")]
bias = Value(0.7, label="bias")
terms = [i * w for i, w in zip(inputs, weights)]
net = terms[0] + terms[1] + bias; net.label = "net"
squashed = net.tanh(); squashed.label = "squashed"
e = (2 * net).exp()
by_exp = (e - 1) / (e + 1)
squashed.grad = 1.0
squashed._backward()
net._backward()
(net._prev - {bias}).pop()._backward()
terms[0]._backward(); terms[1]._backward()
"""


def run(program, engine="autograd"):
    space = {}
    exec(program.replace("micrograd.engine", engine), space)
    return space


def test_an_expression_has_micrograds_numbers():
    """The gradients agree with differences, and with micrograd itself where it is installed."""
    numbers = run(EXPRESSION)["numbers"]
    step = 1e-6
    for i, start in enumerate(("p = Value(-1.5)", "q = Value(4.0)")):
        up, down = (
            run(EXPRESSION.replace(start, f"{start[:-1]} + {h!r})"))["numbers"][0] for h in (step, -step)
        )
        assert numbers[1 + i] == pytest.approx((up - down) / (2 * step), rel=1e-7)
    pytest.importorskip("micrograd", reason="compares with micrograd where it is installed")
    assert run(EXPRESSION, "micrograd.engine")["numbers"] == pytest.approx(numbers, rel=1e-12)


def test_the_program_that_traces_a_graph_draws_it():
    space = run(TRACE)
    x, y, z = (space[name] for name in "xyz")
    seen, arrows = space["reach"](z)
    assert {x, y, z} < seen
    assert len(seen) == 5
    assert {(child, v) for child, v in arrows if v in (y, z)} >= {(y, z)}
    assert sum(child is x for child, _ in arrows) == 2  # to x*x, whose operands are a set, and to the sum
    source = space["dot"].source
    assert source.count("shape=record") == 5
    assert source.count("->") == len(arrows) + 4  # 4 ops
    for text in ('label="+"', 'label="*"', 'label="**2"', "label=ReLU", "data 144.000 | grad 1.000"):
        assert text in source


def test_a_backward_pass_by_hand_is_that_of_backward():
    """A topological order from `_prev`, then `_backward` of each node from the result back."""
    space = run(BY_HAND)
    by_hand = [space[name].grad for name in ("a", "b", "product", "total", "out")]
    for leaf in (space["a"], space["b"]):
        leaf.grad = 0.0
    space["out"].backward()
    assert [space[name].grad for name in ("a", "b", "product", "total", "out")] == by_hand
    assert by_hand == [16.0, -16.0, -8.0, -8.0, 1.0]


def test_a_neuron_as_in_the_lecture():
    """Labels, tanh as one op and by exp, `_backward` called node by node from a gradient set by hand."""
    space = run(NEURON)
    squashed, by_exp, net = (space[name] for name in ("squashed", "by_exp", "net"))
    by_hand = [v.grad for v in (*space["inputs"], *space["weights"], space["bias"])]
    slope = 1 - squashed.data**2
    assert by_hand == pytest.approx([0.5 * slope, 0.25 * slope, 1.0 * slope, -2.0 * slope, slope], rel=1e-15)
    assert by_exp.data == pytest.approx(squashed.data, rel=1e-15)
    for v in (*space["inputs"], *space["weights"], space["bias"]):
        v.grad = 0.0
    by_exp.backward()
    assert [v.grad for v in (*space["inputs"], *space["weights"], space["bias"])] == pytest.approx(by_hand)
    source = space["draw_dot"](by_exp).source
    for label in ("i1", "w2", "bias", "net", "exp"):
        assert label in source
    assert net.label == "net"


def test_prev_is_a_read_only_set_of_the_operands_in_order():
    a, b = Value(1.0), Value(1.0)
    y = sum_of([b, a, 3.0, b])
    assert list(y._prev) == [b, a]
    assert [x is v for x, v in zip(y._prev, (b, a), strict=True)] == [True, True]
    assert y._prev == {a, b}
    assert y._prev != {a}
    other = Value(1.0)
    assert other not in y._prev  # an equal number is another Value
    assert (a * a)._prev == {a}
    assert (a * 2)._prev == {a}
    assert len(a._prev) == 0
    assert not hasattr(y._prev, "add")
    with pytest.raises(AttributeError):
        y._prev = {a}


def test_op_is_written_as_micrograd_writes_it():
    x = Value(2.0, "x")
    written = {
        "": x,
        "+": x + 1,
        "*": 3 * x,
        "-": x - 1,
        "/": x / 2,
        "**2": x**2,
        "**-0.5": x**-0.5,
        "**": x**x,
        "ReLU": x.relu(),
        "tanh": x.tanh(),
        "exp": exp(x),
        "sum_of": sum_of([x, x]),
    }
    assert {text: v._op for text, v in written.items()} == {text: text for text in written}


def test_a_step_by_hand_refuses_a_stale_operand_and_keeps_strong_zero():
    x = Value(0.0)
    y = x**0.5  # slope inf
    y._backward()  # grad 0: nothing passes
    assert x.grad == 0.0
    constant = Value(3.0, requires_grad=False)
    z = x * constant
    z.grad = 2.0
    z._backward()
    assert (x.grad, constant.grad) == (6.0, 0.0)
    x._backward()  # a leaf passes nothing on
    x.data = 1.0
    with pytest.raises(StaleGraphError, match=r"number 1\.0 after mul had used it"):
        z._backward()
    assert (x.grad, constant.grad) == (6.0, 0.0)


def test_operands_as_the_second_argument_are_refused_with_the_way_out():
    a = Value(1.0)
    for children in ((a, a), {a}, [a]):
        with pytest.raises(TypeError, match=r"a label is a str, not the .*Op\(name, forward, partials\)"):
            Value(2.0, children)


def test_draw_dot_draws_ops_as_boxes_of_their_own():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    out = a * b
    out.backward()
    dot = draw_dot(out)
    assert dot.format == "svg"
    assert "rankdir=LR" in dot.source
    assert "-6.0000" in dot.source
    assert dot.source.count("->") == 3  # a and b to the op, the op to its result
    assert "rankdir=TB" in draw_dot(out, rankdir="TB").source


def test_draw_dot_renders_in_the_format_asked_for(tmp_path):
    path = draw_dot(Value(2.0) * Value(3.0), format="png").render(str(tmp_path / "out"))
    assert path.endswith("out.png")
    assert (tmp_path / "out.png").read_bytes()[:4] == b"\x89PNG"
