"""vmap of arrays gives arrays of doubles, plainly called as under jit."""

import numpy
import pytest

from autograd import jit, vmap


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
@pytest.mark.parametrize("f", [lambda x: x[0] * x[1], lambda x: x * 2.0, lambda x: {"product": x[0] * x[1]}])
def test_a_plain_call_and_jit_give_the_same_arrays(f, reduce):
    samples = numpy.array([[1.0, 2.0], [3.0, 4.0], [-5.0, 0.5]])
    plain, fast = vmap(f, reduce=reduce)(samples), jit(vmap(f, reduce=reduce))(samples)
    if isinstance(plain, dict):
        plain, fast = plain["product"], fast["product"]
    assert numpy.asarray(plain).dtype == numpy.asarray(fast).dtype == float
    assert numpy.array_equal(plain, fast)
