"""Random graphs: values and gradients against mpmath, and the laws that every graph obeys."""

import math

import mpmath
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from mpmath import mpf
from oracles import reference

from autograd import Symbol, Value, check_grads, grad, gradients, hessian, jacobian, jvp
from autograd.table import ops

UNARY = "neg exp expm1 log1p sqrt cbrt sin cos tan atan sinh tanh asinh erf sigmoid softplus identity".split()
BINARY = "add sub mul div hypot atan2".split()
LEAVES = 3

numbers = st.floats(0.1, 3.0)
expressions = st.recursive(
    st.integers(0, LEAVES - 1) | st.floats(-2.0, 2.0).filter(lambda x: abs(x) > 0.1),
    lambda inner: st.tuples(st.sampled_from(UNARY), inner) | st.tuples(st.sampled_from(BINARY), inner, inner),
    max_leaves=12,
)


def evaluate(expression, leaves, table):
    if isinstance(expression, int):
        return leaves[expression]
    if isinstance(expression, float):
        return type(leaves[0])(expression) if table is EXACT else expression
    name, *parts = expression
    args = [evaluate(part, leaves, table) for part in parts]
    return table[name](*args)


OURS = {name: getattr(ops, name) for name in UNARY + BINARY}
EXACT = {name: reference(name) for name in UNARY + BINARY}


def tame(expression, leaves):
    """Whether no step leaves the real numbers or comes near a place where it is ill-conditioned."""
    if not isinstance(expression, tuple):
        return True
    name, *parts = expression
    if not all(tame(part, leaves) for part in parts):
        return False
    args = [evaluate(part, leaves, OURS) for part in parts]
    if any(not math.isfinite(x) or abs(x) > 20 for x in args):
        return False
    if name in ("sqrt", "log1p", "cbrt") and args[0] < 0.1:
        return False
    if name == "tan" and abs(math.cos(args[0])) < 0.1:
        return False
    if name == "div" and abs(args[1]) < 0.1:
        return False
    return not (name in ("hypot", "atan2") and abs(args[0]) + abs(args[1]) < 0.1)


@given(expression=expressions, point=st.lists(numbers, min_size=LEAVES, max_size=LEAVES))
def test_gradients_agree_with_mpmath_and_in_all_modes(expression, point):
    assume(isinstance(expression, tuple) and tame(expression, point))
    leaves = [Value(x) for x in point]
    out = evaluate(expression, leaves, OURS)
    assume(type(out) is Value)
    out.backward()

    def f(x):
        return evaluate(expression, x, OURS)

    assert f(point) == out.data
    assert grad(f)(point) == [leaf.grad for leaf in leaves]
    assert [g.data for g in gradients(out, leaves)] == pytest.approx([v.grad for v in leaves], rel=1e-13)
    for i, leaf in enumerate(leaves):
        step = mpf("1e-25")
        sides = []
        for h in (step, -step):
            at = [mpf(x) + (h if j == i else 0) for j, x in enumerate(point)]
            sides.append(evaluate(expression, at, EXACT))
        exact = float((sides[0] - sides[1]) / (2 * step))
        assert leaf.grad == pytest.approx(exact, rel=1e-9, abs=1e-9)
        unit = [float(i == j) for j in range(LEAVES)]
        assert jvp(f, (point,), (unit,))[1] == pytest.approx(leaf.grad, rel=1e-9, abs=1e-11)

    symbols = [Symbol(f"x{i}") for i in range(LEAVES)]
    formula = evaluate(expression, symbols, OURS)
    if type(formula) is Symbol:
        at = {f"x{i}": x for i, x in enumerate(point)}
        assert formula.evaluate(**at) == pytest.approx(out.data, rel=1e-12, abs=1e-300)


@given(expression=expressions, point=st.lists(numbers, min_size=LEAVES, max_size=LEAVES))
def test_hessians_are_symmetric_and_the_same_by_both_modes(expression, point):
    assume(isinstance(expression, tuple) and tame(expression, point))

    def f(x):
        return evaluate(expression, x, OURS)

    H = hessian(f)(point)
    G = jacobian(grad(f), mode="forward")(point)
    scale = 1.0 + max(abs(h) for row in H for h in row)
    for i in range(LEAVES):
        assert H[i] == pytest.approx([row[i] for row in H], rel=1e-8, abs=1e-8 * scale)
        assert H[i] == pytest.approx(G[i], rel=1e-8, abs=1e-8 * scale)


class GrowingGraph(RuleBasedStateMachine):
    """A graph grows step by step beside a naive oracle: dual numbers in 60 digits, one for each leaf."""

    def __init__(self):
        super().__init__()
        self.leaves = [Value(0.5), Value(1.25), Value(-0.75)]
        self.values = list(self.leaves)
        self.exact = [(mpf(v.data), [mpf(i == j) for j in range(3)]) for i, v in enumerate(self.leaves)]
        self.expected = [mpf(0)] * 3  # what the leaves' grads should hold

    def _keep(self, value, number, slopes):
        if abs(number) < 1e3 and all(abs(s) < 1e3 for s in slopes):
            self.values.append(value)
            self.exact.append((number, slopes))

    @rule(i=st.integers(0, 10**6), j=st.integers(0, 10**6), op=st.sampled_from(["add", "sub", "mul"]))
    def combine(self, i, j, op):
        i, j = i % len(self.values), j % len(self.values)
        (x, dx), (y, dy) = self.exact[i], self.exact[j]
        weights = {"add": (1, 1), "sub": (1, -1), "mul": (y, x)}[op]
        number = reference(op)(x, y)
        slopes = [weights[0] * a + weights[1] * b for a, b in zip(dx, dy, strict=True)]
        self._keep(OURS[op](self.values[i], self.values[j]), number, slopes)

    @rule(i=st.integers(0, 10**6))
    def bend(self, i):
        i %= len(self.values)
        x, dx = self.exact[i]
        self._keep(self.values[i].tanh(), mpmath.tanh(x), [(1 - mpmath.tanh(x) ** 2) * d for d in dx])

    @rule(i=st.integers(0, 10**6))
    def backward(self, i):
        i %= len(self.values)
        self.values[i].backward()
        self.expected = [e + d for e, d in zip(self.expected, self.exact[i][1], strict=True)]

    @precondition(lambda self: any(self.expected))
    @rule(k=st.integers(0, 2))
    def zero(self, k):
        self.leaves[k].grad = 0.0
        self.expected[k] = mpf(0)

    @invariant()
    def gradients_are_the_oracles(self):
        for leaf, expected in zip(self.leaves, self.expected, strict=True):
            assert leaf.grad == pytest.approx(float(expected), rel=1e-9, abs=1e-9)


TestGrowingGraph = GrowingGraph.TestCase


def test_check_grads_on_a_function_of_many_ops():
    def f(x, y):
        return ops.exp(ops.sin(x) * y) / ops.hypot(x, y) + ops.logsumexp([x, y, x * y]) * ops.erf(x - y)

    check_grads(f, 0.8, 1.7, order=3)
