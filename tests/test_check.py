"""check_grads: it passes what is right, and says precisely what is not."""

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
    import numpy as np

    check_grads(lambda A, x: (A @ x).sum() ** 2, np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.5, -1.0]))


def test_bad_options():
    with pytest.raises(ValueError, match="order is 1 or more"):
        check_grads(ag.sin, 1.0, order=0)
    with pytest.raises(ValueError, match="modes some of"):
        check_grads(ag.sin, 1.0, modes=["sideways"])
