"""Values among NumPy's arrays: object arrays work, and NumPy's scalars are numbers."""

import math

import numpy as np
import pytest

from autograd import Value, dot, exp, grad, logaddexp, sum_of
from autograd.table.op import TABLE


def test_scalars_on_either_side():
    v = Value(3.0)
    for scalar in (np.float64(2), np.float32(2), np.int64(2)):
        for y in (scalar * v, v * scalar):
            assert type(y) is Value
            assert y.data == 6.0
    y = np.float64(2) ** v
    y.backward()
    assert v.grad == pytest.approx(8 * np.log(2))


def test_arithmetic_with_arrays_gives_object_arrays():
    v = Value(3.0)
    array = np.array([1.0, 2.0])
    for result in (v * array, array * v, v + array, array - v, v / array, array**v):
        assert isinstance(result, np.ndarray)
        assert all(type(x) is Value for x in result)
    assert list(v * array) == [3.0, 6.0]
    assert list(v < np.array([2.0, 4.0])) == [False, True]


def test_masked_arrays_of_numbers_keep_the_gradient():
    """NumPy's masked arrays look for private attributes of an operand, such as _data: a Value has none."""
    numbers = np.ma.array([1.0, 2.0, 4.0], mask=[False, True, False])
    assert grad(lambda x: (numbers * x).sum())(3.0) == 5.0
    assert grad(lambda x: (x * numbers).sum())(3.0) == 5.0
    assert grad(lambda x: (x - numbers**2 * x).sum())(2.0) == 2.0 - (1.0 + 16.0)
    for name in ("_data", "_mask", "_fill_value"):
        assert not hasattr(Value(1.0) * 2.0, name)


UFUNCS = [
    op
    for op in TABLE.values()
    if op.method and op.arity == 1 and isinstance(getattr(np, op.method, None), np.ufunc)
]


@pytest.mark.parametrize("op", UFUNCS, ids=lambda op: op.method)
def test_unary_ufuncs_on_object_arrays(op):
    """np.exp of an array of Values calls each Value's method of the ufunc's name."""
    point = 1.5 if op.name == "acosh" else 0.5
    v = Value(point)
    (result,) = getattr(np, op.method)(np.array([v]))
    assert float(getattr(result, "data", result)) == pytest.approx(getattr(np, op.method)(point), rel=1e-15)
    if op.name != "sign":  # which NumPy computes by comparing, and so gives a number
        assert type(result) is Value
        assert result.op is op


def test_most_of_the_table_has_a_ufunc():
    assert len(UFUNCS) >= 24


def test_binary_ufuncs_on_object_arrays():
    a, b = np.array([Value(3.0)]), np.array([Value(4.0)])
    for name, expected in (("hypot", 5.0), ("arctan2", np.arctan2(3.0, 4.0)), ("fmod", 3.0), ("power", 81.0)):
        (result,) = getattr(np, name)(a, b)
        assert type(result) is Value
        assert result.data == expected
    for name, expected in (("maximum", 4.0), ("minimum", 3.0), ("remainder", 3.0), ("floor_divide", 0.0)):
        (result,) = getattr(np, name)(a, b)
        assert result == expected


def test_matrix_product_and_sums():
    W = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])
    x = np.array([5.0, 6.0])
    y = W @ x
    assert [v.data for v in y] == [17.0, 39.0]
    total = y.sum()
    total.backward()
    assert [[v.grad for v in row] for row in W] == [[5.0, 6.0], [5.0, 6.0]]
    assert sum(y) == 56.0
    assert np.mean(y) == 28.0
    assert np.var(y) == 121.0
    assert np.std(y) == 11.0
    assert np.dot(W[0], x) == 17.0


FROM_SCIPY = ["erf", "erfc", "expit", "log_expit", "logit", "cbrt", "exp2", "expm1", "log1p"]


def test_ufuncs_of_a_value_are_ops_of_the_same_name():
    """Ufuncs of NumPy and SciPy, of one and two operands, with numbers and arrays on either side."""
    special = pytest.importorskip("scipy.special")
    for ufunc in [
        np.fabs,
        np.square,
        np.reciprocal,
        np.trunc,
        np.sign,
        *[getattr(special, n) for n in FROM_SCIPY],
    ]:
        v = Value(0.25)
        out = ufunc(v)
        assert type(out) is Value
        assert out.data == pytest.approx(float(ufunc(0.25)), rel=1e-15)
    v, xs = Value(0.25), np.array([1.0, -2.0])
    for name in "add subtract multiply divide power float_power remainder floor_divide fmod hypot".split() + [
        *"arctan2 maximum minimum logaddexp".split()
    ]:
        ufunc = getattr(np, name)
        with np.errstate(invalid="ignore"):
            expected = [ufunc(0.25, 2.0), ufunc(2.0, 0.25), *ufunc(xs, 0.25), *ufunc.outer(xs, [0.25])[:, 0]]
        results = [ufunc(v, np.float64(2.0)), ufunc(2.0, v), *ufunc(xs, v), *ufunc.outer(xs, v)]
        assert {type(y) for y in results} == {Value}, name
        assert [y.data for y in results] == pytest.approx([float(y) for y in expected], nan_ok=True), name
    mixed = np.array([v, 1.0], dtype=object)
    assert [y.data for y in np.hypot(mixed, v)] == [math.hypot(0.25, 0.25), math.hypot(1.0, 0.25)]


def test_ufuncs_that_autograd_composes_reach_values_and_object_arrays():
    """Each is differentiated; NumPy calls a method of the elements of an object array."""
    slopes = {"radians": math.pi / 180, "deg2rad": math.pi / 180, "degrees": 180 / math.pi}
    slopes |= {"rad2deg": 180 / math.pi, "fabs": -1.0, "reciprocal": -4.0, "square": -1.0}
    for name, slope in slopes.items():
        ufunc, v = getattr(np, name), Value(-0.5)
        (element,) = ufunc(np.array([v]))
        for y in (ufunc(v), element):
            assert y.data == pytest.approx(ufunc(-0.5), rel=1e-15)
            v.grad = 0.0
            y.backward()
            assert v.grad == pytest.approx(slope, rel=1e-15), name
        assert grad(lambda x: ufunc(x).sum())(np.array([-0.5]))[0] == pytest.approx(slope, rel=1e-15)  # noqa: B023


def test_binary_ufuncs_that_autograd_composes():
    v, w, array = Value(1.25), Value(-3.5), np.array([-3.5, 2.0])
    for name in ("logaddexp", "logaddexp2", "heaviside"):
        ufunc = getattr(np, name)
        for got in (ufunc(v, w), ufunc(v, -3.5), ufunc(1.25, w)):
            assert got.data == pytest.approx(ufunc(1.25, -3.5), rel=1e-15)
        assert [y.data for y in ufunc(v, array)] == pytest.approx(list(ufunc(1.25, array)), rel=1e-15)
    assert grad(np.logaddexp2, (0, 1))(3.0, 3.0) == pytest.approx((0.5, 0.5), rel=1e-15)
    assert [np.heaviside(Value(x), 0.25).data for x in (-2.0, 0.0, 2.0)] == [0.0, 0.25, 1.0]
    assert grad(np.heaviside, (0, 1))(0.0, 0.25) == (0.0, 1.0)


def test_ufuncs_with_two_results():
    quotient, rest = np.divmod(Value(7.5), 2.0)
    assert (quotient.data, rest.data) == (3.0, 1.5)
    fraction, whole = np.modf(Value(-2.25))
    assert (fraction.data, whole.data) == (-0.25, -2.0)
    quotients, rests = np.divmod(Value(7.5), np.array([2.0, -2.0]))
    assert [q.data for q in quotients] == [3.0, -4.0]
    assert [r.data for r in rests] == [1.5, -0.5]


def test_scipys_special_functions_reach_the_table():
    special = pytest.importorskip("scipy.special")
    for name in ("gamma", "gammaln", "psi", "digamma", "ndtr"):
        ufunc = getattr(special, name)
        for x in (0.3, 2.7, 9.1):
            assert ufunc(Value(x)).data == pytest.approx(ufunc(x), rel=1e-13)
    assert grad(special.gammaln)(4.0) == pytest.approx(special.digamma(4.0), rel=1e-14)


def test_logaddexp_and_erf_differentiate():
    special = pytest.importorskip("scipy.special")
    assert grad(lambda x: np.logaddexp(x, 1e16))(1e16) == 0.5
    assert grad(special.erf)(0.0) == pytest.approx(2 / math.sqrt(math.pi))


def test_predicates_and_comparisons_give_bools():
    v = Value(math.inf)
    assert np.isinf(v)
    assert not np.isfinite(v)
    assert not np.isnan(v)
    assert (np.array([1.0, math.inf]) < v).tolist() == [True, False]
    assert (np.array([1.0, math.inf]) < v).dtype == bool


def test_a_ufunc_without_an_op_says_so():
    for ufunc, operands in ((np.copysign, (0.5,)), (np.spacing, ()), (np.frexp, ())):
        with pytest.raises(
            TypeError, match=rf"NumPy's {ufunc.__name__} does not compute with Values: write it"
        ):
            ufunc(Value(1.0), *operands)


def test_results_go_to_object_arrays():
    v = Value(2.0)
    kept = array = np.array([1.0, 3.0], dtype=object)
    array += v
    assert array is kept
    assert list(array) == [3.0, 5.0]
    floats = np.zeros(2)
    with pytest.raises(TypeError, match=r"add was to store Values in an array of float64.*dtype=object"):
        floats += v


def store(v):
    array = np.zeros(2)
    array[0] = v


@pytest.mark.parametrize(
    "convert",
    [store, lambda v: np.array([v], dtype=float), lambda v: np.array([v]).astype(float)],
    ids=["assignment", "array", "astype"],
)
def test_a_value_in_an_array_of_floats_is_refused_with_the_way_out(convert):
    """Inside and outside of a transform; under no_grad the Value is stored as a number."""
    with pytest.raises(TypeError, match=r"silently drop its gradient.*needs dtype=object"):
        convert(Value(1.0))
    with pytest.raises(TypeError, match=r"silently drop its gradient.*needs dtype=object"):
        grad(lambda x: convert(x) or x)(1.0)
    convert(Value(1.0, requires_grad=False))


def test_what_the_docstring_says_about_numpy():
    """NumPy refuses these calls; the code that the docstring of Value shows in their place works."""
    mixed = np.array([Value(0.5), 1.0], dtype=object)
    for refused in (
        lambda: np.exp(mixed),
        lambda: np.logaddexp(mixed, mixed),
        lambda: np.linalg.det(np.array([[Value(1.0)]])),
    ):
        with pytest.raises(TypeError):
            refused()
    assert list(np.frompyfunc(exp, 1, 1)(mixed)) == [math.exp(0.5), math.exp(1.0)]
    assert np.frompyfunc(logaddexp, 2, 1)(mixed, mixed)[1] == 1.0 + math.log(2.0)

    def det(A):
        A = A.astype(object)
        for k in range(len(A)):
            for i in range(k + 1, len(A)):
                A[i] -= A[i, k] / A[k, k] * A[k]
        return np.prod(np.diag(A))

    A = np.array([[2.0, 1.0, 0.5], [1.0, 3.0, -1.0], [0.0, 1.0, 4.0]])
    np.testing.assert_allclose(grad(det)(A), np.linalg.det(A) * np.linalg.inv(A).T, rtol=1e-13, atol=1e-13)
    for text in ("np.frompyfunc(autograd.exp, 1, 1)(array)", "A[i] -= A[i, k] / A[k, k] * A[k]"):
        assert text in Value.__doc__


def test_an_error_of_numpy_inside_a_transform_says_what_to_write():
    """NumPy raises it before it asks the Values; the note goes with the traceback."""
    array = np.array([[1.0, 2.0], [3.0, 5.0]])
    for f in (
        lambda a: np.exp(np.array([a[0, 0], 1.0], dtype=object)).sum(),
        lambda a: np.logaddexp(a, a).sum(),
        np.linalg.det,
        lambda a: np.linalg.inv(a).sum(),
        lambda a: np.linalg.solve(a, np.ones(2)).sum(),
    ):
        with pytest.raises(TypeError) as caught:
            grad(f)(array)
        (note,) = caught.value.__notes__
        assert "np.frompyfunc(autograd.exp, 1, 1)(array)" in note
    with pytest.raises(TypeError) as caught:
        grad(lambda a: a + None)(1.0)
    assert not hasattr(caught.value, "__notes__")


def test_an_array_where_a_number_belongs_is_refused_with_the_way_out():
    with pytest.raises(TypeError, match=r"ndarray of shape \(2,\).*object array of Values"):
        Value(np.array([1.0, 2.0]))
    with pytest.raises(TypeError, match="shape"):
        exp(np.array([1.0, 2.0]))
    with pytest.raises(TypeError, match="not an array of shape"):
        sum_of(np.ones((2, 2)))


def test_arrays_are_sequences_for_n_ary_ops():
    v = Value(2.0)
    assert sum_of(np.array([1.0, 2.0])) == 3.0
    y = dot(np.array([v, v]), np.array([3.0, 4.0]))
    y.backward()
    assert v.grad == 7.0
    assert type(y.args[1][0]) is float


def test_gradients_by_arrays_are_arrays():
    def f(x):
        return (x * x).sum() * 0.5

    x = np.arange(6.0).reshape(2, 3)
    result = grad(f)(x)
    assert result.dtype == float
    np.testing.assert_array_equal(result, x)
