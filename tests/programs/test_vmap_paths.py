"""vmap under jit where samples take different ways: each way reads the right Values from outside."""

import itertools

import pytest

from autograd import jit, value_and_grad, vmap

SAMPLES = [1.0, -2.0, 3.0, -4.0]


def test_ways_that_use_the_same_values_in_another_order():
    def f(a, b, x):
        if x > 0:
            return a * x - b
        return (b + x) * 2 - a

    mapped = vmap(f, in_axes=(None, None, 0))
    assert jit(mapped)(2.0, 5.0, SAMPLES) == mapped(2.0, 5.0, SAMPLES) == [-3.0, 4.0, 1.0, 0.0]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_ways_that_use_some_of_the_values(order):
    def f(w, x):
        i, j, k = order
        if x > 2:
            return w[i] * x
        if x > 0:
            return w[j] - w[i] * x
        return (w[k] + x) * w[j]

    step = value_and_grad(lambda w, xs: vmap(f, in_axes=(None, 0), reduce="sum")(w, xs))
    for backend in ("python", "numpy"):
        value, slopes = jit(step, backend=backend)([2.0, 5.0, -3.0], SAMPLES)
        expected, expected_slopes = step([2.0, 5.0, -3.0], SAMPLES)
        assert value == pytest.approx(expected, rel=1e-14)
        assert slopes == pytest.approx(expected_slopes, rel=1e-14)
