"""Calls of jitted functions that use Values from outside: results and gradients, without Python if quick."""

import gc
import pickle
import random
import sys
import weakref

import numpy as np
import pytest
from threads import run_in_threads

import nn
from autograd import (
    StaleGraphError,
    Value,
    gradients,
    jit,
    no_grad,
    relu,
    sqrt,
    tanh,
    where,
)
from autograd._machine import machine

needs_machine = pytest.mark.skipif(machine is None, reason="the machine makes quick calls")
draw = random.Random(1)
X = [[draw.gauss(0.0, 1.0) for _ in range(2)] for _ in range(40)]
Y = [draw.choice((-1.0, 1.0)) for _ in X]


def forbidden(*args, **kwargs):
    raise AssertionError("this call is not quick")


def quick(call, f, *args, **kwargs):
    """The result of a call of f or of a method, which has to be quick where there is the machine."""
    if machine is not None:
        f._call = f._found = forbidden
    try:
        return call(*args, **kwargs)
    finally:
        vars(f).pop("_call", None)
        vars(f).pop("_found", None)


def network():
    nn.seed(3)
    return nn.MLP(2, [6, 1], "tanh")


def loss_by(model):
    def loss(X=X, Y=Y):
        scores = [model(x) for x in X]
        hinges = [relu(1.0 - y * score) for score, y in zip(scores, Y, strict=True)]
        return sum(hinges) * (1.0 / len(hinges)) + 1e-3 * sum(p * p for p in model.parameters())

    return loss


def grads(values):
    return [p.grad for p in values]


@pytest.mark.parametrize("backend", ["auto", "python", "numpy"])
def test_a_training_ends_at_the_numbers_of_an_eager_one(backend):
    losses = []
    for compiled in (False, True):
        model = network()
        loss = jit(loss_by(model), backend=backend) if compiled else loss_by(model)
        optimizer = nn.SGD(model.parameters(), lr=0.1)
        losses.append([])
        for _ in range(12):
            total = loss()
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
            losses[-1].append(total.data)
    assert losses[0] == pytest.approx(losses[1], rel=1e-10)


def test_quick_calls_have_the_bits_of_slow_ones():
    """From the first call on, before a backward and after it, with and without a graph."""
    model = network()
    f = jit(loss_by(model))
    parameters = model.parameters()
    found = []
    for turn in range(6):
        if turn == 4:
            f.forget_quick_calls()
        total = f() if turn in (0, 4) else quick(f, f)
        assert type(total) is Value
        model.zero_grad()
        total.backward()
        with no_grad():
            number = f() if turn == 0 else quick(f, f)
        assert type(number) is float
        value, values, slopes = f.with_gradients() if turn in (0, 4) else quick(f.with_gradients, f)
        assert slopes.dtype == float
        assert set(map(id, values)) == set(map(id, parameters))
        found.append((total.data, number, value, grads(values), slopes.tolist()))
    assert all(row == found[0] for row in found)
    assert found[0][0] == found[0][1] == found[0][2]
    assert found[0][3] == found[0][4]


def test_arguments_of_numbers_and_arrays_beside_captured_values():
    model = network()
    f = jit(lambda x, scale: model(x) * scale["a"])
    for _ in range(2):
        f([1.0, 2.0], {"a": 3.0}).backward()
        f(np.array([1.0, 2.0]), {"a": 3.0}).backward()
    for x in ([0.5, -1.0], np.array([0.5, -1.0])):
        model.zero_grad()
        quick(f, f, x, {"a": 2.0}).backward()
        found = grads(model.parameters())
        model.zero_grad()
        (model([0.5, -1.0]) * 2.0).backward()
        assert found == pytest.approx(grads(model.parameters()), rel=1e-12)
    x = Value(0.5)
    model.zero_grad()
    out = f([x, -1.0], {"a": 2.0})
    out.backward()
    assert [*grads(model.parameters()), x.grad] != [*found, 0.0]
    assert grads(model.parameters()) == pytest.approx(found, rel=1e-12)


def test_several_results_share_a_node():
    w, v = Value(2.0), Value(3.0)
    f = jit(lambda x: {"a": w * x, "b": [v * w, x, 4.0]})
    for _ in range(3):
        out = f(5.0)
        w.grad = v.grad = 0.0
        (out["a"] * 10.0 + out["b"][0]).backward()
        assert (w.grad, v.grad) == (53.0, 2.0)
        assert [x.data for x in out["b"]] == [6.0, 5.0, 4.0]
    out = quick(f, f, 1.0)
    assert out["a"].args == out["b"][0].args
    assert f.with_gradients(5.0)[0] == quick(f.with_gradients, f, 5.0)[0] == {"a": 10.0, "b": [6.0, 5.0, 4.0]}
    assert quick(f.with_gradients, f, 5.0)[2].tolist() == [5.0]  # "a" comes first, and v does not reach it


def test_calls_add_up_in_one_loss_and_in_two_backwards():
    w = Value(3.0)
    f = jit(lambda x: w * w * x)
    f(1.0).backward()
    w.grad = 0.0
    total = f(1.0) + f(2.0) * f(2.0)
    total.backward()
    expected = 6.0 + 2.0 * 18.0 * 12.0
    assert w.grad == expected
    total.backward()
    assert w.grad == 2.0 * expected
    f(2.0).backward(0.5)
    assert w.grad == 2.0 * expected + 6.0


def test_a_frozen_value_gets_no_gradient():
    w, v = Value(2.0), Value(3.0)
    f = jit(lambda x: w * v * x)
    for _ in range(3):
        f(1.0).backward()
    v.requires_grad = False
    for _ in range(3):
        w.grad = v.grad = 0.0
        f(1.0).backward()
        assert (w.grad, v.grad) == (3.0, 0.0)
        assert [x is w for x in f.with_gradients(1.0)[1]] == [True]
    quick(f, f, 1.0).backward()
    w.requires_grad = False
    for _ in range(3):
        assert type(f(1.0)) is float
        assert f.with_gradients(1.0)[2].tolist() == []
    assert type(quick(f, f, 1.0)) is float
    w.requires_grad = v.requires_grad = True
    w.grad = v.grad = 0.0
    f(1.0).backward()
    assert (w.grad, v.grad) == (3.0, 2.0)


def test_a_value_that_is_set_after_a_call_makes_the_result_stale():
    w = Value(2.0)
    f = jit(lambda x: w * w * x)
    f(1.0).backward()
    for _ in range(3):
        out = f(1.0)
        w.data = 5.0
        with pytest.raises(StaleGraphError):
            out.backward()
        w.grad = 0.0
        quick(f, f, 1.0).backward()
        assert w.grad == 10.0


def test_higher_derivatives_go_through_the_call():
    w = Value(2.0)
    f = jit(lambda x: w**4 * x)
    for _ in range(3):
        out = f(3.0)
        (first,) = gradients(out, [w])
        (second,) = gradients(first, [w])
        (third,) = gradients(second, [w])
        assert (first.data, second.data, third.data) == (96.0, 144.0, 144.0)
        out.backward()


def test_a_value_computed_from_leaves_is_captured_with_its_history():
    w = Value(2.0)
    squared = w * w
    f = jit(lambda x: squared * x)
    for _ in range(3):
        w.grad = 0.0
        f(5.0).backward()
        assert w.grad == 20.0
    w.data = 3.0
    with pytest.raises(StaleGraphError):
        f(5.0)


def test_a_value_that_the_result_does_not_depend_on_gets_nothing():
    w, v = Value(2.0), Value(3.0)
    f = jit(lambda x: (w * x, v)[0] + 0.0 * v)
    for _ in range(3):
        w.grad = v.grad = 0.0
        f(5.0).backward()
        assert (w.grad, v.grad) == (5.0, 0.0)


def test_paths_through_conditions_are_told_apart():
    w = Value(2.0)
    f = jit(lambda x: w * x if w * x > 1.0 else w * w)
    for x in (1.0, 0.1, 1.0, 0.1):
        f(x).backward()
    for x, slope in [(3.0, 3.0), (0.2, 4.0), (0.3, 4.0), (4.0, 4.0)]:
        w.grad = 0.0
        out = quick(f, f, x)
        out.backward()
        assert w.grad == slope
        assert quick(f, f, x).data == out.data
    for x in (3.0, 0.2):
        f.with_gradients(x)
    for x, slope in [(3.0, 3.0), (0.2, 4.0)]:
        assert quick(f.with_gradients, f, x)[2].tolist() == [slope]
    with no_grad():
        assert quick(f, f, 0.25) == 4.0
    assert len(f.programs) == 2


def test_strong_zero_holds_where_a_slope_is_infinite():
    w = Value(1.0)
    f = jit(lambda x: where(w > 0.0, sqrt(w), 2.0 * w) * x)
    for _ in range(3):
        f(1.0).backward()
    w.data = w.grad = 0.0
    for _ in range(2):
        w.grad = 0.0
        f(1.0).backward()
        assert w.grad == 2.0
        assert f.with_gradients(1.0)[2].tolist() == [2.0]


def test_an_infinite_slope_is_cut_by_a_seed_of_zero():
    w, v = Value(0.0), Value(1.0)
    f = jit(lambda x: sqrt(w) * x)
    for _ in range(3):
        w.grad = v.grad = 0.0
        (f(1.0) * 0.0 + v).backward()
        assert (w.grad, v.grad) == (0.0, 1.0)


def test_a_graph_of_calls_survives_pickling():
    w = Value(2.0, "w")
    f = jit(lambda x: w * w * x)
    for swept in range(2):
        w.grad = 0.0
        other = pickle.loads(pickle.dumps(f(3.0)))
        other.backward()
        (leaf,) = other.args[0].args[0]
        assert (other.data, leaf.grad, leaf.label) == (12.0, 12.0, "w"), swept
        f(3.0).backward()


def test_a_trace_sees_the_function_itself():
    w = Value(2.0)
    f = jit(lambda x: w * x)
    f(1.0).backward()
    f(1.0)
    outer = jit(lambda x: f(x) * f(2.0 * x))
    for _ in range(2):
        w.grad = 0.0
        outer(1.0).backward()
        assert w.grad == 8.0
    assert len(outer.programs[0].inputs) == 2


def test_threads_have_their_own_calls():
    w = Value(2.0)
    f = jit(lambda x: tanh(w * x) * x)
    expected = {}
    for i in range(8):
        f(i / 8.0).backward()
        expected[i] = f.with_gradients(i / 8.0)[2].tolist(), f(i / 8.0).data
    wrong = []

    def work(i):
        for turn in range(400):
            out = f(i / 8.0)
            with no_grad():
                number = f(i / 8.0)
            (slope,) = gradients(out, [w])
            slopes = f.with_gradients(i / 8.0)[2].tolist()
            if (slopes, out.data) != expected[i] or number != out.data or slope != slopes[0]:
                wrong.append(i)
            if turn % 50 == 0 and i == 0:
                f.forget_quick_calls()

    run_in_threads(work, range(8))
    assert not wrong


def test_calls_leave_nothing_behind():
    model = network()
    f = jit(loss_by(model))
    parameters = model.parameters()

    def calls(f, count):
        for _ in range(count):
            f().backward()
            f.with_gradients()
            with no_grad():
                f()

    calls(f, 400)
    gc.collect()
    counts, blocks = list(map(sys.getrefcount, parameters)), sys.getallocatedblocks()
    calls(f, 400)
    gc.collect()
    assert list(map(sys.getrefcount, parameters)) == counts
    assert sys.getallocatedblocks() - blocks < 400  # fewer than one for each round
    gone = weakref.ref(parameters[0])
    del model, f, parameters
    gc.collect()
    assert gone() is None


@needs_machine
def test_static_tuples_are_quick():
    w = Value(2.0)
    f = jit(lambda modes, x: w * x if modes[0] else w, static_argnums=0)
    for modes in ((True, 1), (False, 1), (True, 1), (False, 1)):
        f.with_gradients(modes, 3.0)
    assert quick(f.with_gradients, f, (True, 1), 3.0)[0] == 6.0
    assert quick(f.with_gradients, f, (False, 1), 3.0)[0] == 2.0
    with pytest.raises(AssertionError, match="not quick"):
        quick(f.with_gradients, f, (1, 1), 3.0)
