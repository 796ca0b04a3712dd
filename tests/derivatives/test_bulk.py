"""gather and scatter: numbers of many Values at once."""

import numpy as np
import pytest

from autograd import StaleGraphError, Value, gather, scatter


def made():
    values = [Value(float(i), requires_grad=i != 2) for i in range(5)]
    total = values[0] * 1.0
    for x in values:
        total = total + x * x
    total.backward()
    return values, total


def test_gather_is_the_attribute_of_each():
    values, total = made()
    for name in ("data", "grad", "requires_grad"):
        for given in (values, tuple(values)):
            found = np.frombuffer(gather(given, name))
            assert found.tolist() == [float(getattr(v, name)) for v in values]
    assert np.frombuffer(gather([total, values[2]], "requires_grad")).tolist() == [1.0, 0.0]
    assert np.frombuffer(gather([], "data")).tolist() == []


@pytest.mark.parametrize("numbers", [[1.5, 2.0, -3.0, 0, 4.0], np.arange(5.0), np.arange(5), range(5)])
def test_scatter_sets_the_attribute_of_each(numbers):
    values, total = made()
    scatter(values, "grad", numbers)
    assert [v.grad for v in values] == list(map(float, numbers))
    total.backward()  # a set gradient makes no graph stale
    scatter(values, "data", numbers)
    assert [v.data for v in values] == list(map(float, numbers))
    with pytest.raises(StaleGraphError):
        total.backward()


def test_errors():
    values, total = made()
    with pytest.raises(ValueError, match="one of data, grad, not 'label'"):
        scatter(values, "label", [0.0] * 5)
    with pytest.raises(ValueError, match="one of data, grad, requires_grad, not 'shape'"):
        gather(values, "shape")
    with pytest.raises(TypeError, match=r"expected Values, not the float 2.0"):
        gather([values[0], 2.0], "data")
    with pytest.raises(ValueError, match="3 numbers for 5 Values"):
        scatter(values, "data", [0.0] * 3)
    with pytest.raises(TypeError, match=r"\.data is one real number, not the str 'a'"):
        scatter(values, "data", [0.0, 1.0, 2.0, 3.0, "a"])
    with pytest.raises(AttributeError):
        scatter([total], "data", [0.0])
    assert [v.data for v in values] == [0.0, 1.0, 2.0, 3.0, 4.0]
