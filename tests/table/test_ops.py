"""Every row of the table: values, slopes, second derivatives, edges, traits, text."""

import itertools
import math
import random
from math import inf, nan
from pathlib import Path

import mpmath
import pytest
from mpmath import mpf
from oracles import mp_slope, random_point, reference, ulps

from autograd import Op, Symbol, Value, check_grads, explain, grad, gradients, hessian, jacobian, logaddexp
from autograd.command_line.reference import operands
from autograd.graph.walks import topological_order
from autograd.table import ops
from autograd.table.op import TABLE
from autograd.table.slopes import slopes

SCALAR = [op for op in TABLE.values() if not op.variadic]
VARIADIC = [op for op in TABLE.values() if op.variadic]
POINTS = 100
SMALLEST_NORMAL = 2.0**-1022


def by_name(op):
    return op.name


def test_the_table_has_the_ops_that_are_promised():
    promised = {
        *"neg abs add sub mul div pow exp expm1 exp2 log log1p log2 log10 sqrt cbrt".split(),
        *"sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh".split(),
        *"hypot erf erfc sigmoid softplus relu maximum minimum lt le eq ne where".split(),
        *"floor ceil round sign fmod dot sum_of logsumexp".split(),
        *"chain identity".split(),  # the product of the chain rule, and a node of its own for a number
        *"gaussian stop_gradient".split(),  # which the partials of erf, erfc and pow use
    }
    assert promised <= set(TABLE)


@pytest.mark.parametrize("op", SCALAR, ids=by_name)
def test_values_are_within_the_bound_of_the_row(op):
    """Against mpmath at random points of the row's domain."""
    generator = random.Random(op.name)
    for _ in range(POINTS):
        point = random_point(op, generator)
        exact = reference(op.name)(*map(mpf, point))
        assert ulps(op(*point), exact) <= op.ulp or abs(exact) < SMALLEST_NORMAL, point


@pytest.mark.parametrize("op", [op for op in SCALAR if op is not ops.stop_gradient], ids=by_name)
def test_slopes_are_within_the_bound_of_the_row(op):
    """Against mpmath's own derivative at random points of the row's domain."""
    generator = random.Random(op.name)
    for _ in range(POINTS):
        point = random_point(op, generator)
        for i, got in enumerate(slopes(op, point, op(*point))):
            exact = mp_slope(op.name, i, point)
            error = abs(mpf(got) - exact)
            allowed = max(op.slope_ulp * math.ulp(float(exact)), op.slope_abs, SMALLEST_NORMAL)
            oracle = abs(exact) * mpf("1e-30")  # a bound on its own error
            assert error <= allowed + oracle, (point, i, got, float(exact))


def test_the_bounds_are_as_tight_as_promised():
    """At most 4 ulp for values; 6 ulp or an absolute bound for slopes, with one stated exception."""
    assert all(op.ulp <= 4 for op in TABLE.values())
    loose = {op.name for op in TABLE.values() if op.slope_ulp > 6}
    assert loose == {"pow"}
    assert all(op.slope_abs <= 2.0**-52 for op in TABLE.values())
    for op in (ops.cbrt, ops.erf, ops.erfc, ops.gaussian):
        assert op.slope_ulp == 4
        assert op.slope_abs == 0


TAILS = [(ops.erf, 27.2), (ops.erfc, 27.2), (ops.gaussian, 26.6)]


@pytest.mark.parametrize(("op", "end"), TAILS, ids=str)
def test_slopes_keep_their_digits_in_the_tails(op, end):
    """Within 4 ulp of mpmath wherever slopes do not underflow: partials, and gradients of recorded Values."""
    generator = random.Random(op.name)
    for k in range(2000):
        x = generator.uniform(-end, end) if k % 2 else math.copysign(generator.uniform(5.0, end), k % 4 - 1)
        with mpmath.workdps(40):
            bell = mpmath.exp(-(mpf(x) ** 2))
            factor = {"gaussian": -2 * mpf(x), "erf": 1, "erfc": -1}[op.name]
            exact = bell * factor * (1 if op is ops.gaussian else 2 / mpmath.sqrt(mpmath.pi))
        for got in (*slopes(op, (x,), op(x)), grad(op)(x)):
            assert ulps(got, exact) <= 4, (x, got)


def test_the_slope_of_cbrt_keeps_its_digits():
    """The slope is within 4 ulp of mpmath over all magnitudes, the cube root within 1 ulp."""
    generator = random.Random("cbrt")
    for k in range(5000):
        x = generator.uniform(-8.0, 8.0) * 2.0 ** (generator.randrange(-1070, 1020) if k % 2 else 0)
        with mpmath.workdps(40):
            root = mpmath.sign(x) * mpmath.cbrt(abs(mpf(x)))
            exact = 1 / (3 * root * root)
        assert ulps(ops.cbrt(x), root) <= 1, x
        for got in (*slopes(ops.cbrt, (x,), ops.cbrt(x)), grad(ops.cbrt)(x)):
            assert ulps(got, exact) <= 4, (x, got)


@pytest.mark.parametrize("op", [ops.gaussian, ops.erf, ops.erfc, ops.cbrt], ids=by_name)
def test_infinities_and_the_largest_numbers_have_slopes_without_nan(op):
    """The second derivatives are not nan either."""
    for x in (inf, -inf, 1.7e308, -1.7e308):
        assert grad(op)(x) == pytest.approx(0.0, abs=1e-200)
        assert not math.isnan(grad(grad(op))(x))


@pytest.mark.parametrize("op", [op for op in SCALAR if op.arity == 2], ids=by_name)
def test_mixed_second_derivatives_are_equal_at_edges(op):
    """At every pair of edge points the Hessian of a row of two operands is symmetric, nan included."""
    edges = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 3.0, 1e-8]
    for x, y in itertools.product(edges, edges):
        if op.name == "pow" and y < 0.0 == x and math.copysign(1.0, x) < 0.0:
            continue  # 1/x is -inf, but x**(y - 1) inf unless y is even
        (by_xx, mixed), (other, by_yy) = hessian(lambda p: op(*p))([x, y])
        size = max([abs(h) for h in (by_xx, mixed, by_yy) if math.isfinite(h)], default=0.0)
        assert mixed == pytest.approx(other, rel=1e-12, abs=1e-15 * size, nan_ok=True), (x, y)


def test_powers_of_zero_by_their_exponent():
    """At x = 0 <= y every derivative in y is 0, and those in x are right."""
    assert hessian(lambda p: p[0] ** p[1])([0.0, 1.0]) == [[0.0, 0.0], [0.0, 0.0]]
    assert hessian(lambda p: p[0] ** p[1])([0.0, 2.0]) == [[2.0, 0.0], [0.0, 0.0]]
    assert hessian(lambda p: p[0] ** p[1])([0.0, 0.5])[0][1] == 0.0
    assert grad(grad(grad(lambda x: x**3)))(0.0) == 6.0
    assert "mixed ones too" in ops.pow.kinks


LOGITS = [
    [1e16, 1e16],
    [1e300, 1e300, 1e300],
    [1e15, 1e15 + 1, 1e15 - 2],
    [-3e8, -3e8 + 0.5],
    [1.0, 2.0, 3.0],
    [700.0, 0.0, -700.0],
    [5.0],
]


@pytest.mark.parametrize("xs", LOGITS, ids=str)
def test_slopes_of_logsumexp_keep_their_digits(xs):
    """Gradients, Hessians and third derivatives agree with mpmath where the result has few digits."""
    with mpmath.workdps(700):
        terms = [mpmath.exp(mpf(x) - max(xs)) for x in xs]
        p = [term / sum(terms) for term in terms]
    eps = 2.0**-52
    spread = [8 + abs(x - max(xs)) for x in xs]  # the rounding of x - out, which exp magnifies
    n = range(len(xs))
    (shares,) = slopes(ops.logsumexp, (tuple(xs),), ops.logsumexp(xs))
    leaves = [Value(x) for x in xs]
    ops.logsumexp(leaves).backward()
    for got in (shares, grad(ops.logsumexp)(xs), [leaf.grad for leaf in leaves]):
        for i in n:
            assert abs(got[i] - p[i]) <= eps * spread[i] * p[i] + SMALLEST_NORMAL
    second = hessian(ops.logsumexp)(xs)
    third = jacobian(hessian(ops.logsumexp))(xs)
    for i, j in itertools.product(n, n):
        assert abs(second[i][j] - p[i] * ((i == j) - p[j])) <= 4 * eps
        for k in n:
            exact = (i == j) * ((j == k) - p[k]) * p[i] - p[i] * p[j] * ((i == k) + (j == k) - 2 * p[k])
            assert abs(third[i][j][k] - exact) <= 16 * eps


def test_logaddexp_shares_the_digits_of_logsumexp():
    assert grad(logaddexp, (0, 1))(1e16, 1e16) == (0.5, 0.5)
    assert hessian(lambda p: logaddexp(*p))([1e16, 1e16]) == [[0.25, -0.25], [-0.25, 0.25]]


def test_the_slopes_of_logsumexp_cost_in_proportion_to_its_length():
    """The graph of a gradient has a number of nodes in proportion to the length."""

    def nodes(count):
        leaves = [Value(0.1 * i) for i in range(count)]
        slopes_ = gradients(ops.logsumexp(leaves), leaves)
        return len(topological_order(*slopes_))

    assert nodes(400) - nodes(200) == 2 * (nodes(200) - nodes(100)) < 1000


@pytest.mark.parametrize("op", [op for op in SCALAR if any(op.partials)], ids=by_name)
def test_second_derivatives_agree_with_differences_of_the_first(op):
    """By check_grads, in all nestings of the modes, away from kinks."""
    generator = random.Random(op.name)
    for _ in range(3):
        check_grads(op, *_tame_point(op, generator), order=2, rtol=1e-5)


def _tame_point(op, generator):
    """A point of the domain where second differences are accurate."""
    if op.name == "fmod":  # both sides of the difference between the same two jumps
        return 7.3, 2.1
    while True:
        point = random_point(op, generator)
        inside = [
            0.2 < abs(x) < 3.0 and low + 0.1 < x < high - 0.1
            for x, (low, high) in zip(point, op.domain, strict=True)
        ]
        if all(inside) and (len(point) == 1 or abs(point[-1] - point[-2]) > 0.2):
            return point


@pytest.mark.parametrize("op", TABLE.values(), ids=by_name)
def test_each_row_runs_on_floats_values_and_symbols(op):
    """The function and its partials give the same numbers as floats, Values and Symbols."""
    generator = random.Random(op.name)
    for _ in range(5):
        if op.variadic:
            point = tuple(tuple(generator.uniform(-2, 2) for _ in range(2)) for _ in range(op.arity))
            values = tuple(tuple(map(Value, xs)) for xs in point)
        else:
            point = random_point(op, generator)
            values = tuple(map(Value, point))
        out = op(*point)
        assert type(out) is float
        value = op(*values)
        assert type(value) is Value
        assert value.data == out
        assert value.op is op
        assert value.args == values

        symbols = operands(op)
        formula = op(*symbols)
        numbers = {s.name: x for s, x in zip(_flat(symbols), _flat(point), strict=True)}
        assert (formula.evaluate(**numbers) if type(formula) is Symbol else formula) == out

        for i, partial in enumerate(op.partials):
            if partial is None:
                continue
            expected = _flat(slopes(op, point, out)[i])
            on_values = _flat(partial(*values, value))
            on_symbols = _flat(partial(*symbols, Symbol("out")))
            for number, v, s in zip(expected, on_values, on_symbols, strict=True):
                assert (v.data if type(v) is Value else v) == pytest.approx(number, rel=1e-15, nan_ok=True)
                at = s.evaluate(**numbers, out=out) if type(s) is Symbol else s
                assert at == pytest.approx(number, rel=1e-15, nan_ok=True)


def _flat(x):
    if isinstance(x, (tuple, list)):
        return [y for part in x for y in _flat(part)]
    return [x]


@pytest.mark.parametrize("op", TABLE.values(), ids=by_name)
def test_each_row_has_all_its_facts(op):
    assert op.latex
    assert op.c
    assert len(op.domain) == op.arity
    assert all(low < high for low, high in op.domain)
    assert None not in op.partials or op.kinks  # a slope of 0 is documented


MODERATE = [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0]


@pytest.mark.parametrize("op", SCALAR, ids=by_name)
def test_the_traits_of_a_row_are_true(op):
    """Traits agree with results and slopes at moderate operands, and far from 0."""
    results = {point: op(*point) for point in itertools.product(MODERATE, repeat=op.arity)}
    assert op.singular == any(not math.isfinite(out) for out in results.values())
    relation = op.arity == 2 and set(results.values()) == {0.0, 1.0} and not any(op.partials)
    assert (op.kind == "relation") == relation
    assert (op.kind == "product") == (op.arity == 2 and all(x * y == out for (x, y), out in results.items()))
    if op.kind == "sum":
        assert {abs(slope) for point, out in results.items() for slope in slopes(op, point, out)} == {1.0}
    if op.kind == "choice":
        assert all(out in point for point, out in results.items())
    far = [slopes(op, (x,), op(x)) == [0.0] for x in (-800.0, 800.0) if op.arity == 1]
    if op.saturates:
        assert any(far)
    if op.vanishes:
        assert any(out == 0.0 != max(map(abs, point)) for point, out in results.items())


FULL_RANGE = [0.0, -0.0, 5e-324, -5e-324, 1e-300, 0.5, 1.0, -1.0, 2.0, -2.0, 1e300, -1e300, inf, -inf, nan]


@pytest.mark.parametrize("op", SCALAR, ids=by_name)
def test_no_operand_makes_an_op_raise(op):
    """Numbers and slopes at every combination of edges are floats: no error, nothing complex."""
    for point in itertools.product(FULL_RANGE, repeat=op.arity):
        out = op(*point)
        assert type(out) is float
        for slope in slopes(op, point, out):
            assert type(slope) is float


# A relation of nan is false, and where passes what it chooses.
HIDING = ("lt", "le", "eq", "ne", "where")


@pytest.mark.parametrize("op", [op for op in SCALAR if op.name not in HIDING], ids=by_name)
def test_nan_propagates(op):
    """A nan operand gives nan, except where C says otherwise."""
    for i in range(op.arity):
        point = [1.0] * op.arity
        point[i] = nan
        if op.name == "pow" and i == 1:
            point[0] = 2.0  # 1**nan is 1, as in C
        out = op(*point)
        assert math.isnan(out)
        if op.name in ("relu", "abs", "maximum", "minimum", "exp", "log", "sin", "sqrt", "mul"):
            assert any(math.isnan(s) for s in slopes(op, tuple(point), out))


IEEE_VALUES = [
    (ops.div, (1.0, 0.0), inf),
    (ops.div, (1.0, -0.0), -inf),
    (ops.div, (-1.0, 0.0), -inf),
    (ops.div, (0.0, 0.0), nan),
    (ops.pow, (0.0, -1.0), inf),
    (ops.pow, (-0.0, -1.0), -inf),
    (ops.pow, (-0.0, -2.0), inf),
    (ops.pow, (0.0, 0.0), 1.0),
    (ops.pow, (-8.0, 1.0 / 3.0), nan),
    (ops.pow, (-2.0, 3.0), -8.0),
    (ops.pow, (-10.0, 309.0), -inf),
    (ops.pow, (-10.0, 310.0), inf),
    (ops.exp, (1000.0,), inf),
    (ops.exp, (-1000.0,), 0.0),
    (ops.expm1, (1000.0,), inf),
    (ops.exp2, (2000.0,), inf),
    (ops.log, (0.0,), -inf),
    (ops.log, (-1.0,), nan),
    (ops.log, (inf,), inf),
    (ops.log1p, (-1.0,), -inf),
    (ops.log1p, (-2.0,), nan),
    (ops.log2, (0.0,), -inf),
    (ops.log10, (0.0,), -inf),
    (ops.sqrt, (-1.0,), nan),
    (ops.sin, (inf,), nan),
    (ops.sinh, (-1000.0,), -inf),
    (ops.cosh, (-1000.0,), inf),
    (ops.atanh, (1.0,), inf),
    (ops.atanh, (-1.0,), -inf),
    (ops.atanh, (2.0,), nan),
    (ops.acosh, (0.5,), nan),
    (ops.asin, (2.0,), nan),
    (ops.tanh, (400.0,), 1.0),
    (ops.sigmoid, (-1000.0,), 0.0),
    (ops.sigmoid, (-745.0,), 5e-324),
    (ops.sigmoid, (1000.0,), 1.0),
    (ops.softplus, (1e308,), 1e308),
    (ops.softplus, (-745.0,), 5e-324),
    (ops.relu, (-inf,), 0.0),
    (ops.gamma, (0.0,), inf),
    (ops.gamma, (-0.0,), -inf),
    (ops.gamma, (-3.0,), nan),
    (ops.gamma, (-inf,), nan),
    (ops.gamma, (172.0,), inf),
    (ops.gamma, (5e-324,), inf),
    (ops.gamma, (-300.5,), -0.0),
    (ops.lgamma, (0.0,), inf),
    (ops.lgamma, (-3.0,), inf),
    (ops.lgamma, (-inf,), inf),
    (ops.lgamma, (1.0,), -0.0),
    (ops.lgamma, (2.0,), 0.0),
    (ops.polygamma, (0.0, 0.0), -inf),
    (ops.polygamma, (0.0, -0.0), inf),
    (ops.polygamma, (0.0, -2.0), nan),
    (ops.polygamma, (1.0, -2.0), inf),
    (ops.polygamma, (2.0, 0.0), -inf),
    (ops.polygamma, (-1.0, 2.0), nan),
    (ops.polygamma, (171.0, 2.0), nan),
    (ops.polygamma, (2.0, inf), -0.0),
    (ops.polygamma, (1.0, 1e300), 1e-300),
    (ops.norm_cdf, (-inf,), 0.0),
    (ops.norm_cdf, (inf,), 1.0),
    (ops.norm_cdf, (-39.0,), 0.0),
    (ops.norm_pdf, (inf,), 0.0),
    (ops.sinc, (0.0,), 1.0),
    (ops.sinc, (-inf,), 0.0),
    (ops.sinc, (3.0,), 0.0),
    (ops.sinc_derivative, (1.0, 0.0), 0.0),
    (ops.sinc_derivative, (2.0, 0.0), -(math.pi**2) / 3.0),
    (ops.round, (0.5,), 0.0),
    (ops.round, (1.5,), 2.0),
    (ops.round, (2.5,), 2.0),
    (ops.round, (-inf,), -inf),
    (ops.fmod, (-7.0, 3.0), -1.0),
    (ops.fmod, (1.0, 0.0), nan),
    (ops.fmod, (5.0, inf), 5.0),
    (ops.sign, (-3.0,), -1.0),
    (ops.maximum, (nan, 1.0), nan),
    (ops.maximum, (1.0, nan), nan),
    (ops.lt, (nan, 1.0), 0.0),
    (ops.ne, (nan, nan), 1.0),
    (ops.chain, (0.0, inf), 0.0),
    (ops.chain, (nan, 0.0), 0.0),
    (ops.dot, ((), ()), 0.0),
    (ops.sum_of, ((),), 0.0),
    (ops.logsumexp, ((),), -inf),
    (ops.logsumexp, ((-inf, -inf),), -inf),
    (ops.logsumexp, ((inf, 0.0),), inf),
    (ops.logsumexp, ((nan, 0.0),), nan),
    (ops.logsumexp, ((1000.0, 1000.0),), 1000.0 + math.log(2.0)),
    (ops.logsumexp, ((0.0, -40.0),), 4.248354255291589e-18),  # log1p(exp(-40)); plainly 0
]


@pytest.mark.parametrize(("op", "point", "expected"), IEEE_VALUES, ids=str)
def test_edges_follow_ieee(op, point, expected):
    assert op(*point) == pytest.approx(expected, rel=1e-15, abs=0, nan_ok=True)
    assert math.copysign(1, op(*point)) == math.copysign(1, expected) or math.isnan(expected)


KINKS = [
    (ops.relu, (0.0,), [0.0]),
    (ops.relu, (nan,), [nan]),
    (ops.abs, (0.0,), [0.0]),
    (ops.maximum, (2.0, 2.0), [0.5, 0.5]),
    (ops.minimum, (2.0, 2.0), [0.5, 0.5]),
    (ops.maximum, (inf, inf), [0.5, 0.5]),
    (ops.maximum, (3.0, 2.0), [1.0, 0.0]),
    (ops.hypot, (0.0, 0.0), [0.0, 0.0]),
    (ops.atan2, (0.0, 0.0), [nan, nan]),
    (ops.sqrt, (0.0,), [inf]),
    (ops.cbrt, (0.0,), [inf]),
    (ops.cbrt, (inf,), [0.0]),
    (ops.gaussian, (inf,), [0.0]),
    (ops.stop_gradient, (3.0,), [0.0]),
    (ops.log, (0.0,), [inf]),
    (ops.asin, (1.0,), [inf]),
    (ops.acosh, (1.0,), [inf]),
    (ops.pow, (0.0, 0.0), [0.0, 0.0]),
    (ops.pow, (0.0, 1.0), [1.0, 0.0]),
    (ops.pow, (0.0, 2.0), [0.0, 0.0]),
    (ops.pow, (0.0, 0.5), [inf, 0.0]),
    (ops.pow, (-2.0, 3.0), [12.0, nan]),
    (ops.div, (1.0, 0.0), [inf, -inf]),
    (ops.fmod, (-7.5, 2.0), [1.0, 3.0]),
    (ops.fmod, (6.0, 3.0), [1.0, -2.0]),
    (ops.where, (1.0, 5.0, 7.0), [0.0, 1.0, 0.0]),
    (ops.where, (0.0, 5.0, 7.0), [0.0, 0.0, 1.0]),
    (ops.floor, (1.5,), [0.0]),
    (ops.ceil, (1.5,), [0.0]),
    (ops.round, (1.5,), [0.0]),
    (ops.sign, (1.5,), [0.0]),
    (ops.lt, (1.0, 2.0), [0.0, 0.0]),
    (ops.chain, (0.0, inf), [inf, 0.0]),
]


@pytest.mark.parametrize(("op", "point", "expected"), KINKS, ids=str)
def test_kinks_follow_the_policy_of_the_row(op, point, expected):
    """In the partial itself, and in the gradient of recorded Values."""
    assert slopes(op, point, op(*point)) == pytest.approx(expected, nan_ok=True)
    for i, slope in enumerate(expected):
        got = grad(op, i)(*point)
        assert got == pytest.approx(slope, nan_ok=True)


def test_one_plus_slope_forms_are_used_where_they_are_better():
    """Near 1, 1 - x*x has lost half its digits; (1-x)*(1+x) has not."""
    x = 1.0 - 1e-12
    exact = 1 / (mpf(1) - mpf(x) ** 2) ** mpf("0.5")
    (got,) = slopes(ops.asin, (x,), ops.asin(x))
    assert ulps(got, exact) <= 6


@pytest.mark.parametrize("count", [1, 2, 3, 10, 100])
def test_n_ary_ops_are_within_their_condition_number(count):
    """|error| <= n ulp of the sum of magnitudes, the bound of adding from left to right."""
    generator = random.Random(count)
    eps = 2.0**-53
    for _ in range(20):
        xs = [generator.uniform(-1, 1) * 10 ** generator.uniform(-8, 8) for _ in range(count)]
        ys = [generator.uniform(-1, 1) * 10 ** generator.uniform(-8, 8) for _ in range(count)]
        products = [mpf(x) * mpf(y) for x, y in zip(xs, ys, strict=True)]
        bound = count * eps * sum(map(abs, products))
        assert abs(mpf(ops.dot(xs, ys)) - sum(products)) <= bound
        bound = count * eps * sum(mpf(abs(x)) for x in xs)
        assert abs(mpf(ops.sum_of(xs)) - sum(map(mpf, xs))) <= bound

        zs = [generator.uniform(-50, 50) for _ in range(count)]
        exact = mpmath.log(sum(mpmath.exp(mpf(z)) for z in zs))
        # x - max is rounded, which exp magnifies by its size; then a sum of n, a log and an addition
        bound = 2 * eps * (abs(exact) + max(map(abs, zs)) + count + 4)
        got = ops.logsumexp(zs)
        assert abs(mpf(got) - exact) <= bound
        (shares,) = slopes(ops.logsumexp, (tuple(zs),), got)
        for z, share in zip(zs, shares, strict=True):
            exact_share = mpmath.exp(mpf(z) - exact)
            assert abs(mpf(share) - exact_share) <= exact_share * 2 * eps * (abs(z - exact) + count + 4)


def test_n_ary_ops_add_from_left_to_right():
    """They do not use the builtin sum, which compensates rounding from Python 3.12 on."""
    xs = [1e16, 1.0, -1e16, 1.0]
    assert ops.sum_of(xs) == 1.0
    assert ops.dot(xs, [1.0] * 4) == 1.0


def test_a_user_adds_an_op_with_the_same_call_and_it_works_everywhere():
    """It has operators, a method, higher derivatives, forward mode, checks, Symbols, C text, pictures."""
    from autograd import draw, jvp
    from autograd.formulas.notation import c_function

    cube = Op("cube_of", lambda x: x * x * x, (lambda x, out: 3.0 * x * x,), c="#1 * #1 * #1")
    try:
        x = Value(2.0, "x")
        y = 2 * x.cube_of() + cube(x)
        assert y.data == 24.0
        y.backward()
        assert x.grad == 36.0
        assert grad(grad(cube))(2.0) == 12.0
        assert jvp(cube, (2.0,), (1.0,)) == (8.0, 12.0)
        check_grads(cube, 1.3, order=3)
        symbol = Symbol("x")
        assert str(cube(symbol)) == "cube_of(x)"
        assert "x * x * x" in c_function("f", [symbol], cube(symbol))
        assert "cube_of" in draw(y).source
        again = Op("cube_of", lambda x: x**3, (lambda x, out: 3.0 * x * x,))  # as when a cell is run again
        assert Value(2.0).cube_of().op is TABLE["cube_of"] is again
    finally:
        del TABLE["cube_of"]


def test_an_op_cannot_take_the_place_of_an_attribute():
    for name in ("backward", "grad", "detach", "exp", "__add__"):
        with pytest.raises(ValueError, match=r"exists already|would take the place of the attribute"):
            Op(name, lambda x: x, (lambda x, out: 1.0,))
        assert name not in TABLE or TABLE[name] is getattr(ops, name)
    with pytest.raises(TypeError, match=r"write \(lambda x, out: \.\.\.,\)"):
        Op("no_tuple", lambda x: x, lambda x, out: 1.0)
    assert "no_tuple" not in TABLE
    with pytest.raises(TypeError, match=r"partial 0 of no_out .* \(x, out\), but was written for \(x\)"):
        Op("no_out", lambda x: x**3, (lambda x: 3 * x * x,))
    with pytest.raises(TypeError, match=r"\(x1, x2, out\), but was written for \(x, out\)"):
        Op("one_short", lambda x, y: x * y, (lambda x, out: 1.0, lambda x, out: 1.0))
    Op("with_default", lambda x: 2 * x, (lambda x, out, two=2.0: two,), register=False)
    nothing = Op("nothing", lambda x: x, (lambda x, out: None,), register=False)
    with pytest.raises(TypeError, match="a partial of nothing is one real number, not None"):
        nothing(Value(1.0)).backward()


def test_a_users_op_may_return_any_real_number_and_gives_a_float():
    np = pytest.importorskip("numpy")
    wave = Op("wave", lambda x: np.sin(x), (lambda x, out: np.cos(x),), register=False)
    step = Op("step", lambda x: int(x), (None,), register=False)
    v = Value(1.0)
    wave(v).backward()
    assert type(v.grad) is type(wave(1.0)) is type(step(2.5)) is type(step(Value(2.5)).data) is float
    assert type(grad(wave)(1.0)) is float


def test_a_users_variadic_op_gets_tuples():
    top = Op(
        "top",
        lambda xs: max((*xs, 0.0)) if type(xs) is tuple else None,
        (lambda xs, out: tuple([1.0 if x == out else 0.0 for x in xs]),),
        variadic=True,
        register=False,
    )
    v = Value(1.0)
    assert top([1.0, 2.0]) == top([v, 2.0]).data == 2.0
    top((v, 0.5)).backward()
    assert v.grad == 1.0


def test_the_traits_of_a_users_op_serve_explanations():
    squash = Op("squash", math.tanh, (lambda x, out: 1.0 - out * out,), saturates=True, register=False)
    x = Value(100.0, "x")
    told = "out is the squash of 100, where squash is flat to all digits: it is saturated"
    assert explain(squash(x), x).reasons == [told]


OUTSIDE = [(ops.log, -1.0), (ops.log1p, -2.0), (ops.log2, -1.0), (ops.log10, -1.0), (ops.atanh, 2.0)]


@pytest.mark.parametrize(("op", "x"), OUTSIDE)
def test_outside_the_domain_the_result_is_nan_and_the_row_says_what_the_slope_is(op, x):
    assert math.isnan(op(x))
    assert math.isfinite(grad(op)(x))
    assert "outside the domain the result is nan, the slope that of the formula" in op.kinks


def test_a_planted_wrong_slope_is_caught():
    wrong = Op("wrong", lambda x: x * x, (lambda x, out: 2.001 * x,), register=False)
    with pytest.raises(AssertionError, match=r"argument \[0\] at 3\.0 in reverse mode"):
        check_grads(wrong, 3.0)


def test_every_method_of_the_table_is_declared_for_type_checkers():
    source = Path(ops.__file__).read_text(encoding="utf-8").partition("class _Methods")[2]
    declared = {line.split("def ")[1].split("(")[0] for line in source.splitlines() if "def " in line}
    assert declared == {op.method for op in TABLE.values() if op.method}
