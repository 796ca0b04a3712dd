"""grad, jvp, vjp, jacobian, hessian, hvp, gradients: structures, nesting, agreement of all orders."""

import itertools
import math
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from threads import run_in_threads

import autograd as ag
from autograd import Value, dot, exp, grad, gradients, hessian, hvp, jacobian, jvp, log, logsumexp, sin, vjp
from autograd.graph.walks import topological_order


def five(x):
    """A function of five variables with every kind of op: n-ary, powers, quotients, a condition."""
    a, b, c, d, e = x
    return (
        exp(a * b) + sin(c) / d + e**a * logsumexp([a, c, b * d]) - ag.tanh(dot([a, b, c], [c, d, e]))
    ) * ag.where(b > 0, ag.hypot(a, e), a)


def five_mp(a, b, c, d, e):
    """The same in mpmath, at b > 0."""
    lse = mpmath.log(mpmath.exp(a) + mpmath.exp(c) + mpmath.exp(b * d))
    inner = mpmath.exp(a * b) + mpmath.sin(c) / d + e**a * lse - mpmath.tanh(a * c + b * d + c * e)
    return inner * mpmath.hypot(a, e)


AT = [0.5, 1.2, -0.3, 2.0, 1.5]


@pytest.fixture(scope="module")
def reference_hessian():
    """By mpmath's differences in 60 digits: independent of every rule of ours."""
    point = tuple(map(mpf, AT))
    rows = []
    for i in range(5):
        orders = [tuple((k == i) + (k == j) for k in range(5)) for j in range(5)]
        rows.append([float(mpmath.diff(five_mp, point, order)) for order in orders])
    return np.array(rows)


def forward_gradient(f):
    """The gradient, one forward sweep for each input."""

    def gradient(x):
        units = [[float(i == j) for j in range(len(x))] for i in range(len(x))]
        return [jvp(f, (x,), (unit,))[1] for unit in units]

    return gradient


ORDERS = {
    "hessian": hessian(five),
    "reverse over reverse": jacobian(grad(five), mode="reverse"),
    "forward over reverse": jacobian(grad(five), mode="forward"),
    "reverse over forward": jacobian(forward_gradient(five), mode="reverse"),
    "forward over forward": jacobian(forward_gradient(five), mode="forward"),
    "hvp": lambda x: [hvp(five, (x,), ([float(i == j) for j in range(5)],))[0] for i in range(5)],
    "gradients": lambda x: _by_gradients(x),
    "backward of gradients": lambda x: _by_backward(x),
}


def _by_gradients(x):
    leaves = list(map(Value, x))
    first = gradients(five(leaves), leaves)
    return [[h.data for h in gradients(g, leaves)] for g in first]


def _by_backward(x):
    rows = []
    for i in range(len(x)):
        leaves = list(map(Value, x))
        gradients(five(leaves), leaves)[i].backward()
        rows.append([leaf.grad for leaf in leaves])
    return rows


@pytest.mark.parametrize("order", ORDERS)
def test_the_hessian_is_the_same_by_every_order_of_modes(order, reference_hessian):
    np.testing.assert_allclose(np.array(ORDERS[order](AT)), reference_hessian, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("modes", list(itertools.product(["reverse", "forward"], repeat=3)), ids="-".join)
def test_third_derivatives_agree_in_all_orders(modes):
    def derivative(f, mode):
        return grad(f) if mode == "reverse" else lambda x: jvp(f, (x,), (1.0,))[1]

    def f(x):
        return exp(ag.sin(x) * x) / (x + 2.0) + x**3.5

    def f_mp(x):
        return mpmath.exp(mpmath.sin(x) * x) / (x + 2) + x ** mpf("3.5")

    g = f
    for mode in modes:
        g = derivative(g, mode)
    assert g(0.7) == pytest.approx(float(mpmath.diff(f_mp, mpf("0.7"), 3)), rel=1e-12)


EDGES = [
    (lambda x: ag.where(x > 0, log(x), 0.0), 0.0, (0.0, 0.0)),
    (lambda x: ag.where(ag.lt(0.0, x), log(x), 0.0), 0.0, (0.0, 0.0)),
    (lambda x: x**0, 0.0, (0.0, 0.0)),
    (lambda x: x**1, 0.0, (1.0, 0.0)),
    (lambda x: x**2, 0.0, (0.0, 2.0)),
    (lambda x: x**3, 0.0, (0.0, 0.0)),
    (lambda x: ag.relu(x), 0.0, (0.0, 0.0)),
    (lambda x: ag.relu(log(x)), 0.0, (0.0, 0.0)),
    (lambda x: abs(x), 0.0, (0.0, 0.0)),
    (lambda x: ag.hypot(x, 0.0), 0.0, (0.0, 0.0)),
    (lambda x: ag.norm([x, x]), 0.0, (0.0, 0.0)),
    (lambda x: ag.std([x, x, x]), 2.0, (0.0, 0.0)),
    (lambda x: ag.maximum(x, 1.0), 1.0, (0.5, 0.0)),
    (lambda x: 1.0 / x, 0.0, (-math.inf, math.inf)),
    (lambda x: round(x) * x, 2.4, (2.0, 0.0)),
    (lambda x: 0.0 * x, 3.0, (0.0, 0.0)),
]


@pytest.mark.parametrize(("f", "x", "expected"), EDGES)
def test_the_policy_at_edges_is_the_same_in_all_modes(f, x, expected):
    def forward(g):
        return lambda v: jvp(g, (v,), (1.0,))[1]

    first, second = expected
    assert grad(f)(x) == forward(f)(x) == first
    for nesting in (grad(grad(f)), forward(grad(f)), grad(forward(f)), forward(forward(f)), hessian(f)):
        assert nesting(x) == second
    v = Value(x)
    f(v).backward()
    assert v.grad == first


class TestPerturbations:
    """Nested derivatives are not confused (Siskind and Pearlmutter 2005)."""

    def test_constant_from_outside(self):
        assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(2.0) == 1.0
        assert jvp(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1], (2.0,), (1.0,))[1] == 1.0

    def test_by_the_callers_own_value(self):
        x = Value(5.0)
        result = grad(lambda y: x * y)(x)
        assert result == 5.0
        assert type(result) is Value
        result.backward()
        assert x.grad == 1.0

    def test_mixed_partials(self):
        assert grad(lambda x: grad(lambda y: x * x * y * y)(2.0))(3.0) == 24.0


class Point(NamedTuple):
    x: Any
    y: Any


class TestStructures:
    def test_containers(self):
        def f(p, weights, table):
            return p.x * p.y + sum(w * w for w in weights["w"]) * weights["b"] + (table * table).sum()

        p, weights, table = Point(2.0, 3.0), {"w": (1.0, 2.0), "b": 0.5}, np.array([[1.0, 2.0]])
        gp, gw, gt = grad(f, argnums=(0, 1, 2))(p, weights, table)
        assert gp == Point(3.0, 2.0)
        assert type(gp) is Point
        assert gw == {"w": (1.0, 2.0), "b": 5.0}
        np.testing.assert_array_equal(gt, [[2.0, 4.0]])
        assert grad(f, -1)(p, weights, table).shape == (1, 2)

    def test_value_and_grad(self):
        value, gradient = ag.value_and_grad(lambda x: x[0] * x[1])([2.0, 3.0])
        assert (value, gradient) == (6.0, [3.0, 2.0])
        assert type(value) is float

    def test_jacobian_has_the_result_outside_and_the_argument_inside(self):
        def f(x):
            return {"a": x[0] * x[1], "b": [x[0] ** 2, 7.0]}

        for mode in ("reverse", "forward"):
            got = jacobian(f, mode=mode)([2.0, 3.0])
            assert got == {"a": [3.0, 2.0], "b": [[4.0, 0.0], [0.0, 0.0]]}

    def test_arrays_add_their_axes(self):
        def f(x):
            return np.array([[x[0] * x[1], x[2], 1.0]])

        assert jacobian(f)(np.array([1.0, 2.0, 3.0])).shape == (1, 3, 3)
        assert hessian(lambda x: (x * x).sum())(np.ones((2, 2))).shape == (2, 2, 2, 2)

    def test_vjp_and_jvp(self):
        def f(x, y):
            return [x * y, sin(x)]

        out, pull = vjp(f, 2.0, 3.0)
        assert out == [6.0, math.sin(2.0)]
        assert pull([1.0, 0.0]) == (3.0, 2.0)
        assert pull([0.0, 1.0]) == (math.cos(2.0), 0.0)
        out, tangent = jvp(f, (2.0, 3.0), (1.0, 10.0))
        assert tangent == [3.0 + 20.0, math.cos(2.0)]

    def test_hvp_is_the_hessian_times_a_vector(self):
        v = [0.3, -1.0, 2.0, 0.5, 0.0]
        (got,) = hvp(five, (AT,), (v,))
        np.testing.assert_allclose(got, np.array(hessian(five)(AT)) @ v, rtol=1e-13)
        assert hvp(lambda x, y: x * x * y, (2.0, 3.0), (1.0, 0.0)) == (6.0, 4.0)

    def test_keyword_arguments_pass_through(self):
        def power(x, *, n):
            return x**n

        assert grad(power)(3.0, n=2) == 6.0

    def test_other_arguments_may_be_anything(self):
        assert grad(lambda x, how: x * len(how))(3.0, "abc") == 3.0


class TestResultsAreFloatsUnlessACallersValueIsConcerned:
    def test_captured_value(self):
        w = Value(2.0)
        g = grad(lambda x: w * x * x)(3.0)
        assert type(g) is Value
        g.backward()
        assert w.grad == 6.0

    def test_captured_value_that_the_result_does_not_depend_on(self):
        w = Value(2.0)
        assert type(grad(lambda x: w + x * x)(3.0)) is float
        value, g = ag.value_and_grad(lambda x: w + x * x)(3.0)
        assert type(value) is Value
        assert type(g) is float

    def test_frozen_and_detached_values_are_numbers(self):
        w = Value(2.0, requires_grad=False)
        assert type(grad(lambda x: w * x * x)(3.0)) is float
        assert type(grad(lambda x: x * x)(w)) is float
        v = Value(2.0)
        assert type(grad(lambda x: v.detach() * x)(3.0)) is float

    def test_under_no_grad_all_are_floats(self):
        w = Value(2.0)
        with ag.no_grad():
            assert type(grad(lambda x: w * x * x)(3.0)) is float
            assert grad(lambda x: w * x * x)(w) == 8.0
            assert hessian(lambda x: w * x * x)(3.0) == 4.0

    def test_no_grad_attribute_is_touched(self):
        w = Value(2.0)
        w.grad = 7.0
        h = w * w
        h.backward()
        before = (w.grad, h.grad)
        grad(lambda x: x * w * h)(3.0)
        with ag.no_grad():
            grad(lambda x: x * w * h)(3.0)
        gradients(h * w, [w, h])
        jvp(lambda x: x * h, (w,), (1.0,))
        assert (w.grad, h.grad) == before


class TestGradients:
    def test_by_inner_nodes_and_leaves(self):
        x = Value(3.0)
        h = x * x
        y = h * x
        by_h, by_x = gradients(y, (h, x))
        assert (by_h.data, by_x.data) == (3.0, 27.0)
        assert gradients(by_x, x) == 18.0

    def test_of_what_it_does_not_depend_on(self):
        x, other = Value(3.0), Value(1.0)
        zero = gradients(x * x, {"other": other})["other"]
        assert type(zero) is Value
        assert zero.data == 0.0
        assert not zero.requires_grad

    def test_nothing_is_built_in_vain(self):
        """The slope by a constant exponent has a logarithm, which nobody needs."""
        x = Value(3.0)
        (g,) = gradients(x**2, [x])
        ops_used = {v.op.name for v in topological_order(g) if v.op is not None}
        assert "log" not in ops_used

    def test_through_the_root_itself(self):
        x = Value(3.0)
        assert gradients(x, [x])[0] == 1.0

    def test_constants_divided_by_zero(self):
        x = Value(1.0)
        assert gradients(x / 0.0, [x])[0] == math.inf


class TestErrors:
    def test_several_results(self):
        with pytest.raises(TypeError, match="returned a list of 2: use jacobian"):
            grad(lambda x: [x, x])(1.0)

    def test_no_result(self):
        with pytest.raises(TypeError, match="None: is a `return` missing"):
            grad(lambda x: None)(1.0)

    def test_a_string(self):
        with pytest.raises(TypeError, match=r"the str '1': convert it first, as in float\('1'\)"):
            grad(lambda x: x)("1")

    def test_a_missing_argument(self):
        def f(x, y):
            return x * y

        with pytest.raises(
            TypeError, match="f was called with 1 positional argument, so there is no argument 1"
        ):
            grad(f, 1)(1.0)
        with pytest.raises(TypeError, match="missing 1 required positional argument"):
            grad(f)(1.0)

    def test_argnums_that_choose_no_argument(self):
        """By every transform that takes argnums, before the function is called."""

        def f(x, y):
            raise AssertionError("called")

        for transform in (grad, ag.value_and_grad, jacobian, hessian, ag.elementwise_grad):
            with pytest.raises(TypeError, match=r"f has no argument 'z' .*; its arguments are 'x', 'y'$"):
                transform(f, "z")
        with pytest.raises(TypeError, match=r"one is the float 1\.0: write 0 or the name of the first"):
            grad(f, 1.0)
        with pytest.raises(TypeError, match=r"positions of arguments of f, .* one is the tuple \(0,\)"):
            grad(f, (1, (0,)))
        assert grad(lambda x, y: x * y, np.int64(1))(3.0, 4.0) == 3.0

    def test_a_missing_tangent(self):
        for transform in (jvp, hvp):
            call = rf"as in {transform.__name__}\(f, \(x, y\), \(1\.0, 0\.0\)\)"
            with pytest.raises(ValueError, match=rf"list of 2, one for each argument .* not of 1: .* {call}"):
                transform(lambda x, y: x * y, (1.0, 2.0), (1.0,))

    def test_arrays_without_axes_and_numbers_stand_for_each_other(self):
        """As cotangents and as tangents."""
        out, pull = vjp(lambda x: np.array(x * x, dtype=object), 3.0)
        assert out.shape == ()
        for one in (1.0, 1, np.float64(1.0), np.array(1.0), Value(1.0, requires_grad=False)):
            assert pull(one) == (6.0,)
            assert vjp(lambda x: x * x, 3.0)[1](one) == (6.0,)
        assert jvp(lambda x: x * x, (np.array(3.0),), (2.0,))[1] == 12.0
        with pytest.raises(ValueError, match="cotangent must be a number"):
            pull(np.array([1.0]))

    def test_a_wrong_structure(self):
        with pytest.raises(ValueError, match=r"tangents\[0\] must be a list of 2, to match"):
            jvp(lambda x: x[0] * x[1], ([1.0, 2.0],), ([1.0],))
        _, pull = vjp(lambda x: [x, x], 1.0)
        with pytest.raises(ValueError, match="cotangent must be a list of 2, to match"):
            pull(1.0)

    def test_an_unknown_mode(self):
        with pytest.raises(ValueError, match="mode is 'auto', 'reverse' or 'forward', not 'backward'"):
            jacobian(five, mode="backward")

    def test_backward_from_what_is_no_value(self):
        with pytest.raises(TypeError, match=r"not from the float 3.0: it has no graph"):
            ag.backward(3.0)
        with pytest.raises(TypeError, match=r"out is the float 3\.0"):
            gradients(3.0, [Value(1.0)])
        with pytest.raises(TypeError, match=r"an input is the float 1\.0"):
            gradients(Value(3.0), [1.0])

    def test_an_independent_result_gives_zero_and_says_so_if_asked(self):
        def f(x):
            return 3.0

        def step(x):
            return round(x) * 2.0

        for g in (f, step):
            assert grad(g)(1.2) == 0.0
            with pytest.warns(UserWarning, match="does not depend on what it is differentiated by"):
                assert grad(g, independent="warn")(1.2) == 0.0
            with pytest.raises(ValueError, match="its gradient is 0"):
                grad(g, independent="raise")(1.2)
        assert grad(lambda x: x, independent="raise")(1.0) == 1.0
        with pytest.raises(ValueError, match="'zero', 'warn' or 'raise', not 'shout'"):
            grad(f, independent="shout")

    def test_a_stale_result(self):
        w = Value(1.0, "w")
        old = w * w
        w.data = 2.0
        with pytest.raises(ag.StaleGraphError, match="'w'"):
            grad(lambda x: old * x * w)(1.0)


def test_deep_recordings_need_no_recursion():
    def f(x):
        for _ in range(50_000):
            x = x * 1.0
        return x

    assert grad(f)(2.0) == 1.0
    assert jvp(f, (2.0,), (1.0,)) == (2.0, 1.0)


class TestWhatAReviewFound:
    """Each of these was once wrong without a word."""

    def test_tangents_and_cotangents_are_matched_by_key(self):
        def f(p):
            return 10 * p["a"] + p["b"]

        assert jvp(f, ({"a": 1.0, "b": 2.0},), ({"b": 1.0, "a": 0.0},))[1] == 1.0
        _, pull = vjp(lambda x: {"a": 10 * x, "b": x}, 1.0)
        assert pull({"b": 1.0, "a": 0.0}) == (1.0,)
        with pytest.raises(ValueError, match=r"tangents\[0\] must be a dict with the keys \['a', 'b'\]"):
            jvp(f, ({"a": 1.0, "b": 2.0},), ({"a": 1.0, "c": 0.0},))
        with pytest.raises(ValueError, match=r"tangents must be a list of 2"):
            jvp(lambda x, y: x * y, (1.0, 2.0), ([0.0, 1.0],))
        with pytest.raises(ValueError, match=r"tangents\[0\] must be an array of shape \(2,\)"):
            jvp(lambda x: x.sum(), (np.ones(2),), (np.ones(3),))
        with pytest.raises(ValueError, match=r"tangents\[0\] must be a number"):
            jvp(lambda x: x, (1.0,), ([1.0],))

    def test_a_condition_set_after_use_is_stale(self):
        c, x = Value(1.0, "c"), Value(3.0)
        y = ag.where(c, x * 5.0, x * 7.0)
        c.data = 0.0
        with pytest.raises(ag.StaleGraphError, match="'c'"):
            y.backward()
        with pytest.raises(ag.StaleGraphError):
            gradients(y, x)

    def test_a_pullback_is_stale_once_a_leaf_was_set(self):
        w = Value(2.0)
        _, pull = vjp(lambda x: x * w, 3.0)
        assert pull(1.0)[0] == 2.0
        w.data = 5.0
        with pytest.raises(ag.StaleGraphError):
            pull(1.0)

    def test_a_derivative_is_a_node_of_its_own(self):
        w = Value(2.0, "w")
        for g in (grad(lambda a: a * w)(1.0), gradients(w * (x := Value(1.0)), [x])[0]):
            assert g is not w
            assert g == 2.0
            g.label = "slope"
        assert w.label == "w"
        assert jvp(lambda x: x, (1.0,), (w,))[1] is not w
        assert vjp(lambda x: x, 1.0)[1](w)[0] is not w

    def test_a_pullback_may_be_shared_by_threads(self):

        def f(x):
            for _ in range(100):
                x = x * 1.001
            return x

        _, pull = vjp(f, 2.0)
        slope = pull(1.0)[0]
        wrong = []

        def work(k):
            for _ in range(200):
                if pull(k)[0] != pytest.approx(k * slope):
                    wrong.append(k)

        run_in_threads(work, [1.0, 2.0, 3.0])
        assert not wrong

    def test_nodes_that_a_function_leaks_bear_no_trace(self):
        seen = []
        grad(lambda x: (seen.append(h := x * x), h * 3)[1])(2.0)
        assert seen[0].grad == 0.0

    def test_an_argument_named_twice_is_refused(self):
        with pytest.raises(ValueError, match="names an argument twice"):
            grad(lambda x, y: x * y, (0, -2))(3.0, 4.0)
        assert grad(lambda x, y: x * y, np.int64(1))(3.0, 4.0) == 3.0

    def test_the_warning_points_at_the_callers_line(self):
        for transform in (grad, ag.value_and_grad):
            with pytest.warns(UserWarning, match="does not depend") as caught:
                transform(lambda x: 1.0, independent="warn")(1.0)
            assert caught[0].filename == __file__

    def test_arguments_that_are_no_tuple(self):
        with pytest.raises(TypeError, match=r"primals is a tuple, .* write \(x,\)"):
            jvp(sin, 3.0, 1.0)
        with pytest.raises(TypeError, match="primals is a tuple"):
            hvp(sin, 3.0, 1.0)
