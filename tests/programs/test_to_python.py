"""Program.to_python: the text runs by itself, by Python's `math`, and gives the program's numbers."""

import math

import pytest

from autograd import atan2, exp, maximum, sin, trace, where
from autograd._native import engine

FUNCTIONS = {
    "an infinite constant": lambda x: x * math.inf + sin(x),
    "a nan constant": lambda x: atan2(x, 2.0) + math.nan,
    "an infinite result": lambda x: [x, math.inf],
    "a parameter called inf": lambda inf: inf * 3.0,
    "a choice": lambda x: where(x > 0.0, x, -x) / 2.0 + exp(-x) + maximum(x, 1.0) ** 2,
    "no line": lambda x: x,
}


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_the_text_runs_by_itself(f):
    """To the last bit in pure Python; the kernels of the native engine may differ by an ulp or two."""
    allowed = 0.0 if engine is None else 4 * 2.0**-52
    program = trace(f, 2.0)
    space = {}
    exec(program.to_python(), space)
    function = space[next(name for name in space if name.startswith("_lambda"))]
    for x in (2.0, 0.5, -3.0):
        assert list(function(x)) == pytest.approx(program.run([x]), rel=allowed, abs=0, nan_ok=True)


def test_constants_are_imported_where_they_occur():
    assert "math" not in trace(lambda info: info * 2.0, 1.0).to_python()
    assert trace(lambda x: x + math.inf, 1.0).to_python().startswith("from math import inf\n")


def test_a_guard_that_fails_raises():
    space = {}
    exec(trace(lambda x: x if x > 0 else -x, 2.0).to_python(), space)
    assert space["_lambda"](3.0) == (3.0,)
    with pytest.raises(ValueError, match=r"the condition at test_to_python\.py:\d+ has another outcome"):
        space["_lambda"](-3.0)
