"""Values among NumPy's arrays: object arrays work, and NumPy's scalars are numbers."""

import numpy as np
import pytest

from autograd import Value, dot, exp, grad, sum_of
from autograd.op import TABLE


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
    """NumPy's masked arrays read private names of an operand, which a Value must not have by chance."""
    numbers = np.ma.array([1.0, 2.0, 4.0], mask=[False, True, False])
    assert grad(lambda x: (numbers * x).sum())(3.0) == 5.0
    assert grad(lambda x: (x * numbers).sum())(3.0) == 5.0
    assert grad(lambda x: (x - numbers**2 * x).sum())(2.0) == 2.0 - (1.0 + 16.0)
    for name in ("_data", "_mask", "_op", "_prev", "_backward"):
        assert not hasattr(Value(1.0) * 2.0, name)


UFUNCS = [op for op in TABLE.values() if op.method and op.arity == 1 and hasattr(np, op.method)]


@pytest.mark.parametrize("op", UFUNCS, ids=lambda op: op.method)
def test_unary_ufuncs_on_object_arrays(op):
    """np.exp(array of Values) calls each one's method of NumPy's name."""
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
