"""The compositions: values against explicit formulas, derivatives by check_grads, extremes."""

import math

import mpmath
import pytest
from mpmath import mpf

import autograd as ag
from autograd import Symbol, Value, check_grads

mp_sigmoid = lambda x: 1 / (1 + mpmath.exp(-x))  # noqa: E731
mp_softplus = lambda x: mpmath.log1p(mpmath.exp(x))  # noqa: E731
ELU_SCALE, ELU_ALPHA = mpf("1.0507009873554804934193349852946"), mpf("1.6732632423543772848170429916717")

UNARY = {
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "log_sigmoid": lambda x: -mp_softplus(-x),
    "silu": lambda x: x * mp_sigmoid(x),
    "mish": lambda x: x * mpmath.tanh(mp_softplus(x)),
    "gelu": lambda x: x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2,
    "leaky_relu": lambda x: x if x > 0 else x * mpf(0.01),
    "elu": lambda x: x if x > 0 else mpmath.expm1(x),
    "selu": lambda x: ELU_SCALE * (x if x > 0 else ELU_ALPHA * mpmath.expm1(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "trunc": lambda x: mpmath.floor(x) if x > 0 else mpmath.ceil(x),
}


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("x", [-30.0, -2.5, -0.3, 0.4, 1.7, 40.0])
def test_unary(name, x):
    """On a float, a Value and a Symbol; within 8 ulp of mpmath, tails included."""
    f = getattr(ag, name)
    got = f(x)
    assert type(got) is float
    assert got == pytest.approx(float(UNARY[name](mpf(x))), rel=8 * 2.0**-52)
    assert f(Value(x)).data == got
    assert f(Symbol("x")).evaluate(x=x) == got
    if name != "trunc" and abs(x) < 5:
        check_grads(f, x)


def test_logit_inverts_sigmoid():
    assert ag.logit(ag.sigmoid(-3.0)) == pytest.approx(-3.0)
    check_grads(ag.logit, 0.3)


def test_softmax_at_any_size():
    for logits in ([1.0, 2.0, 3.0], [1000.0, 0.0, -1000.0], [-1e300, -1e300, -1e300]):
        shares = ag.softmax(logits)
        assert sum(shares) == pytest.approx(1.0)
    assert ag.log_softmax([1000.0, 0.0]) == [0.0, -1000.0]
    exact = [mpmath.exp(x) for x in (1, 2, 3)]
    assert ag.softmax([1, 2, 3]) == pytest.approx([float(e / sum(exact)) for e in exact], rel=1e-15)
    check_grads(ag.softmax, [0.1, 2.0, -1.0])
    check_grads(ag.log_softmax, [0.1, 2.0, -1.0])
    w = [Value(1.0), Value(2.0)]
    ag.softmax(w)[0].backward()
    assert w[0].grad == -w[1].grad == pytest.approx(ag.softmax([1, 2])[0] * ag.softmax([1, 2])[1])


def test_statistics():
    import statistics

    xs = [1.5, -2.0, 7.25, 0.5]
    assert ag.mean(xs) == statistics.fmean(xs)
    assert ag.var(xs) == pytest.approx(statistics.pvariance(xs))
    assert ag.var(xs, correction=1) == pytest.approx(statistics.variance(xs))
    assert ag.std(xs) == pytest.approx(statistics.pstdev(xs))
    assert ag.std(xs, correction=1) == pytest.approx(statistics.stdev(xs))
    assert ag.prod(xs) == math.prod(xs)
    assert ag.norm([3.0, 4.0]) == 5.0
    assert ag.norm([-3.0]) == 3.0
    assert ag.norm([1e200, 1e200]) == pytest.approx(math.sqrt(2) * 1e200)
    for f in (ag.mean, ag.var, ag.std, ag.prod, ag.norm, lambda v: ag.std(v, correction=1)):
        check_grads(f, xs)


def test_empty_sequences():
    assert (ag.prod([]), ag.norm([]), ag.sum_of([]), ag.dot([], [])) == (1.0, 0.0, 0.0, 0.0)
    for f in (ag.mean, ag.var, ag.std):
        with pytest.raises(ValueError, match="needs 1 number or more, and was given 0"):
            f([])
    with pytest.raises(ValueError, match="std needs 2 numbers or more, and was given 1"):
        ag.std([1.0], correction=1)


def test_equal_numbers_have_no_spread_and_no_slope():
    for x in (0.1, 0.7, 1.4, 1 / 3):
        for count in (3, 6, 50):
            assert ag.std([x] * count) == 0.0
            assert ag.grad(ag.std)([x] * count) == [0.0] * count


def test_iterators_are_sequences_too():
    numbers = [1.0, 2.0, 3.0]
    for f in (ag.softmax, ag.log_softmax, ag.mean, ag.prod, ag.norm, ag.std, ag.sum_of, ag.logsumexp):
        assert f(iter(numbers)) == f(numbers)


def test_clip():
    assert [ag.clip(x, -1.0, 2.0) for x in (-5, 0.5, 5)] == [-1.0, 0.5, 2.0]
    assert [ag.grad(lambda v: ag.clip(v, -1.0, 2.0))(x) for x in (-5, -1, 0.5, 2, 5)] == [0, 0.5, 1, 0.5, 0]


def test_logaddexp():
    assert ag.logaddexp(1000.0, 1000.0) == pytest.approx(1000.0 + math.log(2))
    check_grads(ag.logaddexp, 0.3, 1.2)


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="equally long, not 2 and 1"):
        ag.dot([1.0, 2.0], [Value(1.0)])


def test_a_number_for_a_sequence_is_refused():
    with pytest.raises(TypeError, match=r"write sum_of\(\[x, y, ...\]\)"):
        ag.sum_of(Value(1.0))
    with pytest.raises(TypeError, match=r"write dot\(\[x, y, ...\], \[x, y, ...\]\)"):
        ag.dot(1.0, [1.0])
    with pytest.raises(TypeError, match="not the NoneType None"):
        ag.sum_of(None)
