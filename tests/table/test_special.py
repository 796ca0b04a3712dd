"""The gamma functions, the normal distribution and sinc, beyond the domains of their rows."""

import math
import random
from math import inf

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mpf
from oracles import reference, ulps

from autograd import Value, check_grads, digamma, gamma, grad, lgamma, norm_cdf, norm_pdf, polygamma, sinc
from autograd import sinc_derivative as sinc_n

digamma_of = reference("polygamma")


def apart(got, exact, unit):
    """The error in units in the last place of a number of this size."""
    return float(abs(mpf(got) - exact) / mpf(math.ulp(float(unit))))


@given(st.floats(-170.0, 171.0).filter(lambda x: x != math.floor(x) or x > 0.0))
def test_gamma_is_within_7_ulp_on_both_sides_of_0(x):
    exact = mpmath.gamma(mpf(x))
    if 1e-307 < abs(exact) < 1e308:
        assert ulps(gamma(x), exact) <= (4 if x > 0.0 else 7)


@given(st.floats(-1e6, 1e6).filter(lambda x: x != math.floor(x)))
def test_lgamma_below_0_is_within_its_absolute_bound(x):
    exact = mpmath.log(abs(mpmath.gamma(mpf(x))))
    assert apart(lgamma(x), exact, 1 + abs(x) + abs(exact)) <= 2


@pytest.mark.parametrize("root", [1.0, 2.0])
def test_lgamma_keeps_its_digits_at_its_roots(root):
    for k in range(1, 50):
        for x in (root + 2.0**-k, root - 2.0 ** -(k + 1)):
            assert ulps(lgamma(x), mpmath.loggamma(mpf(x))) <= 4, x


def test_digamma_keeps_its_digits_at_its_positive_root():
    x = 1.4616321449683622
    for _ in range(100):
        assert ulps(digamma(x), mpmath.digamma(mpf(x))) <= 4, x
        x = math.nextafter(x, inf)


@given(st.integers(0, 170), st.floats(1e-2, 1e3))
def test_polygamma_of_every_order_is_within_16_ulp(n, x):
    exact = digamma_of(n, mpf(x))
    if 1e-307 < abs(exact) < 1e308:
        assert ulps(polygamma(n, x), exact) <= 16


@given(st.integers(0, 6), st.floats(-30.0, -0.01).filter(lambda x: abs(x - round(x)) > 1e-3))
def test_polygamma_below_0_is_exact_to_the_size_of_the_nearest_pole(n, x):
    pole = math.factorial(n) * abs(x - round(x)) ** -(n + 1)
    assert apart(polygamma(n, x), digamma_of(n, mpf(x)), pole + 10.0) <= 16


def test_the_gamma_function_has_derivatives_of_every_order():
    f, derivative = lgamma, lgamma
    for n in range(8):
        derivative = grad(derivative)
        assert derivative(2.5) == pytest.approx(float(mpmath.polygamma(n, mpf(2.5))), rel=1e-14)
    check_grads(gamma, 2.3, order=3)
    check_grads(f, -2.3, order=3)
    check_grads(lambda x: polygamma(2, x), 1.7)
    x = Value(3.0)
    polygamma(1, x).backward()
    assert x.grad == pytest.approx(float(mpmath.polygamma(2, 3)), rel=1e-15)


def test_the_order_of_polygamma_is_no_variable():
    assert grad(polygamma, (0, 1))(1.0, 2.0)[0] == 0.0
    assert polygamma(1.75, 2.0) == polygamma(1, 2.0)


def test_the_normal_distribution_keeps_its_digits_in_the_tail():
    """Within 4 ulp of mpmath down to the smallest normal number, slopes too."""
    generator = random.Random(0)
    for _ in range(1000):
        x = generator.uniform(-37.4, 5.0)
        density = mpmath.npdf(mpf(x))
        assert ulps(norm_cdf(x), mpmath.erfc(-mpf(x) / mpmath.sqrt(2)) / 2) <= 4, x
        assert ulps(norm_pdf(x), density) <= 4, x
        assert ulps(grad(norm_cdf)(x), density) <= 4, x
        assert ulps(grad(norm_pdf)(x), -mpf(x) * density) <= 6, x


def test_sinc_has_derivatives_of_every_order_at_0():
    """(-1)**k * pi**(2k) / (2k + 1) for even orders, 0 for odd ones."""
    f = sinc
    for n in range(8):
        exact = 0.0 if n % 2 else (-1) ** (n // 2) * math.pi**n / (n + 1)
        assert f(0.0) == pytest.approx(exact, rel=1e-15)
        f = grad(f)


@given(st.integers(0, 40), st.floats(-20.0, 20.0))
def test_derivatives_of_sinc_are_within_their_absolute_bound(n, x):
    assert apart(sinc_n(n, x), reference("sinc_derivative")(n, mpf(x)), math.pi**n / (n + 1)) <= 16


def test_sinc_is_numpys():
    np = pytest.importorskip("numpy")
    for x in (0.0, 1e-9, 0.3, -2.5, 7.0):
        assert sinc(x) == pytest.approx(np.sinc(x), rel=1e-14, abs=1e-15)
    assert [sinc(float(k)) for k in range(1, 1000)] == [0.0] * 999
    check_grads(sinc, 0.0, order=3)
    check_grads(lambda x: sinc(x / math.pi), 1e-5)


def test_c_text_has_the_helpers_of_each_function_once():
    from autograd import Symbol
    from autograd.formulas.notation import c_function, c_helpers

    x = Symbol("x")
    f = gamma(x) + lgamma(x) * gamma(x + 1) + sinc(norm_cdf(x))
    text = c_helpers(f) + c_function("f", [x], f)
    for name in ("gamma", "lgamma", "sinc", "norm_cdf"):
        assert text.count(f"static double autograd_{name}(double x)") == 1
