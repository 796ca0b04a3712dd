"""The networks of the worked examples give the figures of the texts, and name their Values as they do."""

import pytest

from autograd import relu, sigmoid
from autograd.exercises.networks import (
    MAZUR,
    TWO_RULES,
    chain,
    exact_changes,
    one_output,
    page_changes,
    sequential,
    simultaneous,
    three_two_one,
    two_two_two,
)


def test_mazurs_network():
    n = two_two_two()
    n.E.backward()
    assert n.E.data == pytest.approx(0.298371109, abs=5e-10)
    assert n.w5.grad == pytest.approx(0.082167041, abs=5e-10)
    assert n.w1.grad == pytest.approx(0.000438568, abs=5e-10)
    assert {name: value.label for name, value in vars(n).items()} == {name: name for name in vars(n)}


def test_both_orders_of_an_update():
    """The new weights of the text, and w1+ where w5 to w8 move first."""
    new = simultaneous(MAZUR, 0.5)
    printed = [
        0.149780716,
        0.19956143,
        0.24975114,
        0.29950229,
        0.35891648,
        0.408666186,
        0.51130127,
        0.561370121,
    ]
    assert new == pytest.approx(printed, abs=5e-9)
    assert two_two_two(new).E.data == pytest.approx(0.291027774, abs=5e-10)
    new = sequential(MAZUR, 0.5)
    assert new[0] == pytest.approx(0.149817639, abs=5e-10)
    assert two_two_two(new).E.data == pytest.approx(0.291027924, abs=5e-10)


def test_the_deep_dive():
    n = one_output((0.5, -1.0), 1.0)
    n.E.backward()
    assert n.y.data == pytest.approx(0.123267339, abs=5e-10)
    assert n.W1_23.data - 0.1 * n.W1_23.grad == pytest.approx(0.581239406, abs=5e-10)
    course = {"W1": ((0.5, -0.6), (0.1, -0.2), (0.1, 0.7)), "W2": (0.1, -0.3), "output": sigmoid}
    n = one_output((0.5, 0.1, -0.2), 0.6, **course)
    n.E.backward()
    assert -0.5 * n.W2_1.grad == pytest.approx(0.00804047, abs=5e-9)
    assert -0.5 * n.W1_12.grad == pytest.approx(-5.11178506e-4, abs=5e-13)


def test_two_rules():
    """New weights with the rate 0.5, exact and by the page; the output neuron's agree."""
    exact, page = exact_changes(TWO_RULES), page_changes(TWO_RULES)
    new = [[w + 0.5 * change for w, change in zip(TWO_RULES, rule, strict=True)] for rule in (exact, page)]
    assert [new[0][k] for k in (0, 1, 6, 7)] == pytest.approx(
        [0.101012943, 0.200506471, 0.702716832, -0.797405981], abs=5e-10
    )
    assert [new[1][k] for k in (0, 1, 6, 7)] == pytest.approx(
        [0.116708501, 0.208354250, 0.710870942, -0.789620470], abs=5e-10
    )
    assert new[0][12:] == pytest.approx(new[1][12:], rel=1e-14)
    assert new[0][12:] == pytest.approx([0.430237667, -0.472080091], abs=5e-10)
    n = three_two_one()
    n.E.backward()
    assert -n.y4.grad == pytest.approx(0.040898256, abs=5e-10)


def test_neurons_in_a_row():
    n = chain(sigmoid, 10)
    n.out.backward()
    assert n.x.grad == pytest.approx(3.483e-7, abs=5e-11)
    n = chain(relu, 3, weight=2.0)
    n.out.backward()
    assert (n.y1.data, n.y3.data, n.x.grad) == (1.0, 4.0, 8.0)
