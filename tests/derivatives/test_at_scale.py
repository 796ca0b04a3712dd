"""Jacobians, Hessians and their products on functions of many numbers, in every mode, and their layout."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, dot, exp, grad, gradients, hessian, hvp, jacobian, jvp, sum_of, tanh, vjp
from autograd.table import ops

MODES = ("auto", "reverse", "forward")


def decay(b):
    """Forty samples of a curve of three parameters."""
    return [b[0] * exp(-b[1] * 0.1 * i) + b[2] for i in range(40)]


def banded(x):
    """As many results as inputs; each depends on three."""
    n = len(x)
    return [x[i] * tanh(x[(i + 1) % n]) - 0.5 * x[(i + 2) % n] ** 2 for i in range(n)]


def dense(x):
    """As many results as inputs; each depends on all."""
    total = sum_of(x)
    return [exp(0.1 * xi) * total / (1.0 + dot(x, x)) for xi in x]


def wide(x):
    """Two results of many inputs."""
    return [dot(x, x), sum_of([xi**3 for xi in x])]


def by_backward(f, point):
    """The Jacobian, a `backward` for each result."""
    rows = []
    for i in range(len(f(point))):
        x = [Value(number) for number in point]
        f(x)[i].backward()
        rows.append([leaf.grad for leaf in x])
    return rows


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("f", "size"), [(decay, 3), (banded, 30), (dense, 30), (dense, 7), (wide, 50)])
def test_jacobians_are_those_of_backward(f, size, mode):
    point = [0.3 + 0.02 * i for i in range(size)]
    np.testing.assert_allclose(jacobian(f, mode=mode)(point), by_backward(f, point), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("mode", MODES)
def test_results_that_are_inputs_constants_or_the_same(mode):
    def f(x):
        y = x[0] * x[1]
        return [x[1], 3.0, y, y, x[0] * 0.0, Value(2.0), y]

    expected = [[0.0, 1.0], [0.0, 0.0], [5.0, 2.0], [5.0, 2.0], [0.0, 0.0], [0.0, 0.0], [5.0, 2.0]]
    assert jacobian(f, mode=mode)([2.0, 5.0]) == expected


@pytest.mark.parametrize("mode", MODES)
def test_no_results_and_no_inputs(mode):
    assert jacobian(lambda x: [], mode=mode)([1.0]) == []
    assert jacobian(lambda x: [2.0, 3.0], mode=mode)([]) == [[], []]


@pytest.mark.parametrize("mode", MODES)
def test_strong_zero_in_lanes(mode):
    """An infinite slope meets adjoints and tangents of 0, also where others in the same lanes are not 0."""

    def f(x):
        return [ops.sqrt(x[0]) + x[i] for i in range(1, 10)] + [ops.relu(-ops.sqrt(x[0])) + x[1]]

    found = np.array(jacobian(f, mode=mode)([0.0, *range(1, 10)]))
    assert (found[:9, 0] == math.inf).all()
    assert not np.isnan(found).any()
    assert found[9, 0] == 0.0


@given(st.lists(st.floats(-2.0, 2.0), min_size=2, max_size=12))
def test_products_with_the_hessian(point):
    """hvp is hessian @ v, in each order of modes."""

    def f(x):
        return sum_of([tanh(a) * b**2 for a, b in itertools.pairwise(x)]) + exp(0.1 * dot(x, x))

    v = [0.5 - 0.1 * i for i in range(len(point))]
    expected = np.array(hessian(f)(point)) @ v
    along = hvp(f, (point,), (v,))[0]
    twice = vjp(lambda x: jvp(f, (x,), (v,))[1], point)[1](1.0)[0]
    forward = jvp(lambda x: grad(f)(x), (point,), (v,))[1]
    for found in (along, twice, forward):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)
    rows = jacobian(grad(f), mode="forward")(point), jacobian(grad(f), mode="reverse")(point)
    for found in rows:
        np.testing.assert_allclose(found, hessian(f)(point), rtol=1e-9, atol=1e-10)


def test_the_jacobian_of_results_that_depend_on_a_captured_value_is_a_graph():
    w = Value(2.0)
    rows = jacobian(lambda x: [w * x[0] * x[1], x[0] ** 2, w])([3.0, 5.0])
    assert [[float(x.data) if type(x) is Value else x for x in row] for row in rows] == [
        [10.0, 6.0],
        [6.0, 0.0],
        [0.0, 0.0],
    ]
    rows[0][0].backward()
    assert w.grad == 5.0


class TestLayout:
    """JAX's: the structure of the result, then that of the argument; arrays join their axes."""

    X = np.array([[1.0, 2.0], [3.0, 4.0]])
    b = np.array([0.5, -1.0])

    def test_an_array_by_an_array(self):
        found = jacobian(lambda X: X @ self.b)(self.X)
        assert found.shape == (2, 2, 2)
        expected = np.zeros((2, 2, 2))
        expected[0, 0], expected[1, 1] = self.b, self.b
        np.testing.assert_array_equal(found, expected)

    def test_an_array_by_several_numbers_is_a_tuple_of_columns(self):
        t = np.linspace(0.0, 1.0, 5)
        found = jacobian(lambda a, b, c: a * np.exp(-b * t) + c, (0, 1, 2))(1.5, 0.3, 0.2)
        assert isinstance(found, tuple)
        table = np.column_stack(found)
        expected = np.column_stack([np.exp(-0.3 * t), -1.5 * t * np.exp(-0.3 * t), np.ones(5)])
        np.testing.assert_allclose(table, expected, rtol=1e-12)

    def test_an_array_by_a_dict(self):
        found = jacobian(lambda p: self.X @ p["w"] + p["c"])({"w": self.b, "c": 1.0})
        assert found["w"].shape == (2, 2)
        np.testing.assert_array_equal(found["w"], self.X)
        np.testing.assert_array_equal(found["c"], [1.0, 1.0])

    def test_a_list_of_arrays(self):
        found = jacobian(lambda x: [x * 2.0, {"s": x[0] * x[1]}])(self.b)
        np.testing.assert_array_equal(found[0], 2.0 * np.eye(2))
        np.testing.assert_array_equal(found[1]["s"], [-1.0, 0.5])

    def test_the_hessian_of_an_array(self):
        found = hessian(lambda x: (x**3).sum() + x[0] * x[1])(self.b)
        np.testing.assert_allclose(found, [[3.0, 1.0], [1.0, -6.0]])


def test_gradients_are_new_nodes():
    """The slope of x*y by x is y itself: the gradient is another Value with its number."""
    x, y = Value(2.0), Value(3.0)
    gx, gy = gradients(x * y, [x, y])
    assert gx is not y
    assert gy is not x
    gx.backward()
    assert (x.grad, y.grad) == (0.0, 1.0)
