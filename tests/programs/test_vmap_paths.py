"""vmap under jit where samples take different ways: each way reads the right Values from outside."""

import itertools

import pytest

from autograd import grad, jacobian, jit, value_and_grad, vmap

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


@pytest.mark.parametrize("backend", ["python", "numpy", "auto"])
def test_conditions_of_samples_hold_where_no_result_depends_on_them(backend):
    """The first samples have no slope by `a`; a program that forgot why would give 0 for all others, too."""

    def f(a, x):
        return a * x if x > 0 else x

    slope = jit(grad(lambda a, xs: vmap(f, in_axes=(None, 0), reduce="sum")(a, xs)), backend=backend)
    assert slope(2.0, [-1.0, -2.0]) == 0.0
    assert slope(2.0, [1.0, 2.0]) == 3.0
    assert slope(2.0, [1.0, -2.0]) == 1.0
    twice = jit(grad(grad(lambda a, xs: vmap(lambda x: a**3 * x if x > 0 else x, reduce="sum")(xs))))
    assert twice(2.0, [-1.0, -2.0]) == 0.0
    assert twice(2.0, [1.0, 2.0]) == 36.0


@pytest.mark.parametrize("backend", ["python", "numpy", "auto"])
def test_samples_of_samples_take_different_ways(backend):
    """The inner samples of one outer sample take other ways than those of the next."""

    def f(a, x):
        if x > a:
            return a * x
        return x - a * a if x > 0 else a

    def mapped(many, xs):
        return vmap(lambda a: vmap(f, in_axes=(None, 0), reduce="sum")(a, xs))(many)

    fast = jit(mapped, backend=backend)
    slopes = jit(jacobian(mapped), backend=backend)
    many = [-2.0, -0.5, 0.5, 1.5, 3.0, 0.1, 0.2, 0.3, 5.0, -4.0]
    for xs in ([1.0, 2.0, -1.0], [-1.0, -1.0, -1.0], [4.0, 0.25, 0.15]):
        assert fast(many, xs) == pytest.approx(mapped(many, xs), rel=1e-14)
        for row, expected in zip(slopes(many, xs), jacobian(mapped)(many, xs), strict=True):
            assert row == pytest.approx(expected, rel=1e-14)
