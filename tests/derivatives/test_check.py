"""check_grads: it passes what is right, and says precisely what is not."""

import random

import numpy as np
import pytest

import autograd as ag
from autograd import Op, check_grads


def op_with(partial, forward=lambda x: x * x):
    return Op("planted", forward, (partial,), register=False)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_a_planted_wrong_slope_is_caught_in_each_mode(mode):
    """2.001 for 2, as in HIPS autograd's own test."""
    wrong = op_with(lambda x, out: 2.001 * x)

    def f(a, table):
        return a[0] + wrong(table["w"][1])

    with pytest.raises(AssertionError) as caught:
        check_grads(f, [1.0], {"w": (2.0, 3.0)}, modes=[mode], order=1)
    message = str(caught.value)
    assert "of f by argument [1]['w'][1] at 3.0" in message
    assert f"in {mode} mode" in message
    assert "got 6.003" in message
    expected = float(message.split("expected ")[1].split(" ")[0])
    assert expected == pytest.approx(6.0, rel=1e-9)


def test_a_wrong_second_derivative_is_caught():
    """The slope is right as a number, but not as a function: a constant of a rule made from a float."""
    half_right = op_with(
        lambda x, out: 2.0 * ag.Value(x.data, requires_grad=False) if type(x) is ag.Value else 2 * x
    )
    check_grads(half_right, 3.0, order=1)
    with pytest.raises(AssertionError, match=r"the (reverse|forward) derivative of planted"):
        check_grads(half_right, 3.0, order=2)


def test_which_result_is_wrong_is_said():
    wrong = op_with(lambda x, out: x)
    with pytest.raises(AssertionError, match="result 1 of <lambda>"):
        check_grads(lambda x: [x * 2.0, wrong(x)], 3.0)


def test_a_kink_is_reported():
    with pytest.raises(AssertionError, match="or it has a kink there"):
        check_grads(ag.relu, 0.0)


def test_points_near_the_edge_of_a_domain():
    check_grads(ag.log, 1e-4, rtol=1e-5)
    check_grads(ag.sqrt, 1e-3, rtol=1e-5)
    check_grads(lambda x: ag.asin(x) + ag.atanh(x), 0.99, rtol=1e-5)
    for f in (ag.log, ag.sqrt, abs, ag.relu, lambda x: 1 / x, ag.tanh, ag.cos):
        for x in (1e-6, 1e-4):
            check_grads(f, x)


def test_a_point_outside_the_domain_is_not_blamed_on_the_rule():
    with pytest.raises(ValueError, match=r"log has no finite differences around -1\.0"):
        check_grads(ag.log, -1.0)


def test_nothing_to_check_is_an_error():
    with pytest.raises(ValueError, match="nothing to differentiate"):
        check_grads(lambda: 1.0)
    with pytest.raises(ValueError, match="returned no number"):
        check_grads(lambda a: [], 1.0)
    with pytest.raises(TypeError, match="the str 'x'"):
        check_grads(ag.sin, "x")


def test_values_as_arguments_and_methods_in_the_function():
    check_grads(lambda v: (v * 2).tanh().exp(), ag.Value(0.3), order=3)


def test_nothing_is_asked_of_the_arguments_type():
    check_grads(lambda A, x: (A @ x).sum() ** 2, np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.5, -1.0]))


@pytest.mark.parametrize("every_argument", [False, True])
def test_functions_that_return_arrays(every_argument):
    """Arrays of any shape, of one element too, alone and inside of other results."""
    options = {"every_argument": every_argument}
    check_grads(lambda a: a * a, np.array([1.0, 2.0]), **options)
    check_grads(lambda a: a * a, np.array([3.0]), **options)
    check_grads(lambda a: np.array(a * a, dtype=object), 3.0, **options)
    check_grads(lambda a: (np.outer(a, a), {"sum": a.sum()}), np.array([1.0, 2.0, -0.5]), **options)
    wrong = op_with(lambda x, out: 2.001 * x)
    with pytest.raises(AssertionError, match=r"result 1 of .* by argument \[0\]\[1\] at 2\.0"):
        check_grads(lambda a: np.array([a[0] * a[1], wrong(a[1])]), np.array([1.0, 2.0]), **options)


TINY = [8.198421009861482e-12, 1e-3, 1e-5, -1e-7, 1e-9, 1e-12, 1e-15, 1e-30, -1e-300, 0.0]


@pytest.mark.parametrize("f", [ag.exp, ag.cos, ag.sin, ag.tanh, ag.erf, ag.log1p, ag.sigmoid, ag.square])
def test_tiny_arguments_give_no_false_alarm(f):
    """Differences at steps in proportion to a tiny x are nothing but rounding."""
    for x in TINY:
        check_grads(f, x, order=3)
        check_grads(lambda v: f(v[0]) * v[1], [x, 0.7], every_argument=True)


def test_a_tiny_weight_of_a_neuron_gives_no_false_alarm():
    generator = random.Random(0)
    for _ in range(40):
        w, x = [1e-9, generator.uniform(-1, 1)], [generator.uniform(-2, 2), generator.uniform(-2, 2)]
        b = generator.uniform(-1, 1)
        check_grads(lambda w, x, b: ag.tanh(ag.dot(w, x) + b), w, x, b)
        check_grads(lambda w, x, b: ag.tanh(w * x + b), 1e-9, x[0], b, every_argument=True)


def test_a_small_wrong_slope_at_a_tiny_argument_is_caught():
    wrong = op_with(lambda x, out: 1.00001 * out, ag.exp)
    for x in TINY:
        with pytest.raises(AssertionError, match="of planted by argument"):
            check_grads(wrong, x, order=1)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize("size", [1.0, 1e-3, 1e-5])
def test_a_wrong_slope_in_one_of_many_arguments_is_caught_and_named(mode, size):
    """One of 300 that is wrong by 5e-4 of itself, where it counts as much as the others and where less."""
    wrong = op_with(lambda x, out: 2.001 * x)
    generator = random.Random(1)
    xs = [generator.uniform(-2, 2) for _ in range(300)]
    xs[123] = 1.3

    def f(v):
        return ag.sum_of([ag.sin(x) for x in v[:123] + v[124:]]) + size * wrong(v[123])

    with pytest.raises(AssertionError, match=r"of f by argument \[0\]\[123\] at 1\.3"):
        check_grads(f, xs, order=1, modes=[mode])


def test_errors_that_cancel_are_caught():
    """Two slopes that are wrong by the same amount with opposite signs."""
    over, under = op_with(lambda x, out: 2 * x + 1), op_with(lambda x, out: 2 * x - 1)
    with pytest.raises(AssertionError, match="by argument"):
        check_grads(lambda v: over(v[0]) + under(v[1]) + v[2], [1.0, 1.0, 1.0], order=1)


def test_many_arguments_cost_a_few_evaluations():
    """Counted: 50 arguments take less than twice the evaluations that 5 take, every one of 50 far more."""

    def evaluations(count, **options):
        calls = []

        def f(xs):
            calls.append(1)
            return ag.tanh(ag.sum_of([ag.sin(x) for x in xs]) / count)

        check_grads(f, [0.1 * i - 1.0 for i in range(count)], **options)
        return len(calls)

    few, many = evaluations(5), evaluations(50)
    assert many < 2 * few < 600
    assert evaluations(50, every_argument=True) > 5 * many


def test_bad_options():
    with pytest.raises(ValueError, match="order is 1 or more"):
        check_grads(ag.sin, 1.0, order=0)
    with pytest.raises(ValueError, match="modes some of"):
        check_grads(ag.sin, 1.0, modes=["sideways"])
