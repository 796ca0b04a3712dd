"""Traces: what a call has made, what it has captured, and what is asked of captured Values."""

import pytest

import autograd as ag
from autograd import Value, dot, grad, gradients, jvp, no_grad, value_and_grad, vjp
from autograd.derivatives.tracing import Trace


def traced(f, *given):
    return Trace(lambda inputs: f(*inputs), given, "f")


def test_a_trace_tells_what_was_made_inside_from_what_was_there_before():
    w = Value(2.0, "w")
    h = (w * 3.0).exp()
    made = []

    def f(x):
        made.append(Value(5.0))
        made.append(made[0] * x)
        return [made[1] * w + h, h, 1.0]

    trace = traced(f, 4.0)
    assert [node.op.name for node in trace.nodes] == ["mul", "mul", "add"]
    assert trace.nodes[0] is made[1]
    assert set(map(id, trace.captured)) == {id(w), id(h)}
    assert trace.constants == made[:1]
    assert trace.outs[1:] == [h, 1.0]


def test_the_history_of_a_captured_node_is_not_entered():
    h = Value(1.0)
    for _ in range(1000):
        h = h * 1.0
    trace = traced(lambda x: x * h + h, 2.0)
    assert len(trace.nodes) == 2
    assert trace.captured == [h]
    assert trace.wants_gradients()


def test_a_leaf_that_is_set_inside_is_still_captured():
    w = Value(2.0)

    def f(x):
        w.data = 3.0
        return w * x

    trace = traced(f, 1.0)
    assert trace.captured == [w]
    trace.check_fresh()


def test_nodes_and_inputs_of_an_outer_trace_are_captured_by_an_inner_one():
    inner = []

    def f(x):
        square = x * x
        inner.append(traced(lambda y: y * x * square, 5.0))
        assert inner[0].captured[0] is x
        assert inner[0].captured[1] is square
        return inner[0].outs[0]

    outer = traced(f, 3.0)
    assert len(inner[0].nodes) == 2
    assert [node.op.name for node in outer.nodes] == ["mul", "mul", "mul"]
    assert grad(lambda x: grad(lambda y: y * x * (x * x))(5.0))(3.0) == 27.0


class TestCapturedNodes:
    def test_derivatives_by_inputs_are_recorded_back_into_the_history(self):
        w = Value(2.0)
        h = w * w
        g = grad(lambda x: x * x * h)(3.0)
        assert type(g) is Value
        assert g == 24.0
        assert gradients(g, h) == 6.0
        g.backward()
        assert w.grad == 24.0
        assert type(jvp(lambda x: x * h, (3.0,), (1.0,))[1]) is Value

    def test_the_result_is_a_value_if_only_a_captured_node_wants_gradients(self):
        w = Value(2.0)
        h = w * w
        out, g = value_and_grad(lambda x: x * x + h)(3.0)
        assert type(out) is Value
        assert g == 6.0
        out.backward()
        assert w.grad == 4.0

    def test_a_history_that_wants_no_gradients_gives_floats(self):
        h = Value(2.0, requires_grad=False) * 3.0
        assert type(grad(lambda x: x * h)(3.0)) is float

    @pytest.mark.parametrize(
        "history", [lambda w: w * w, lambda w: (w * w).exp() + 1.0], ids=["near", "deep"]
    )
    def test_a_stale_one_raises_however_deep_the_leaf_is(self, history):
        w = Value(2.0, "w")
        h = history(w)
        pullback = vjp(lambda x: x * h, 1.0)[1]
        pullback(1.0)
        w.data = 3.0
        for differentiate in (
            lambda: grad(lambda x: x * h)(1.0),
            lambda: grad(lambda x: grad(lambda y: y * x * h)(1.0))(1.0),
            lambda: jvp(lambda x: x * h, (1.0,), (1.0,)),
            lambda: pullback(1.0),
        ):
            with pytest.raises(ag.StaleGraphError, match=r"'w' was given the number 3\.0 after mul"):
                differentiate()
            with no_grad(), pytest.raises(ag.StaleGraphError, match="'w'"):
                differentiate()

    def test_one_that_was_made_after_the_leaf_was_set_is_fresh(self):
        w = Value(2.0)
        w.data = 3.0
        h = w * 2.0
        assert grad(lambda x: x * h)(1.0) == 6.0

    def test_its_grad_is_not_touched(self):
        """Also where nothing else is captured: the engine in Python carries adjoints in nodes."""
        w = Value(2.0)
        h = w * 3.0
        (h * 7.0).backward()
        with no_grad():
            assert grad(lambda x: x * h + dot([x, h], [h, x]))(1.0) == 18.0
        assert h.grad == 7.0


def test_a_leaf_made_inside_still_gets_its_gradients():
    kept = []

    def f(x):
        kept.append(Value(5.0))
        return kept[0] * x * x

    grad(f)(3.0).backward()
    assert kept[0].grad == 6.0
