"""What jitted functions keep: keys of static arguments, generated source, and pickling by name."""

import copy
import gc
import linecache
import pickle

import numpy as np
import pytest

from autograd import TraceError, Value, jit


@jit
def doubled(x):
    return 2.0 * x


class Scaled:
    @jit(static_argnums=0)
    def call(self, x):
        return 3.0 * x


def test_numbers_inside_static_tuples_are_told_apart_by_type_and_sign():
    f = jit(lambda x, key: [x, x] if type(key[0]) is bool else [x], static_argnums=1)
    assert [f(1.0, (1,)), f(1.0, (True,)), f(1.0, (1,))] == [[1.0], [1.0, 1.0], [1.0]]
    g = jit(lambda x, key: x + len(repr(key)), static_argnums=1)
    assert g(0.0, ((0.0,),)) != g(0.0, ((-0.0,),))
    assert g(0.0, frozenset([1])) != g(0.0, frozenset([True]))


def test_generated_source_goes_with_the_function():
    gc.collect()
    before = len(linecache.cache)
    for i in range(20):
        assert jit(lambda x, i=i: x * x + float(i))(2.0) == 4.0 + i
    gc.collect()
    assert len(linecache.cache) <= before + 1


def test_a_decorated_function_is_pickled_by_its_name():
    assert doubled(2.0) == 4.0
    assert pickle.loads(pickle.dumps(doubled)) is doubled
    assert pickle.loads(pickle.dumps(Scaled.call)) is Scaled.call
    assert copy.deepcopy(doubled) is doubled


def test_arrays_of_long_doubles_are_numbers():
    found = jit(lambda xs: xs * 2.0)(np.arange(3, dtype=np.longdouble))
    assert found.dtype == float
    assert found.tolist() == [0.0, 2.0, 4.0]


def test_a_refusal_that_the_function_catches_is_raised_when_the_trace_ends():
    """Otherwise the program would follow the way of the error, which plain numbers do not take."""

    def careful(x):
        try:
            return float(x)
        except Exception:
            return x * 2.0

    with pytest.raises(TraceError, match=r"float\(\) of Value"):
        jit(careful)(3.0)


def test_requires_grad_cannot_be_set_in_a_trace():
    w = Value(2.0)

    def freezing(x):
        w.requires_grad = False
        return w * x

    with pytest.raises(TraceError, match=r"\.requires_grad = of Value"):
        jit(freezing)(3.0)
    assert w.requires_grad
