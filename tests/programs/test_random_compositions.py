"""Random functions of nested vmaps, branches, derivatives and jitted parts agree with their eager selves."""

import math
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograd import Value, dot, exp, grad, jit, jvp, maximum, relu, tanh, vmap, where
from autograd.table import ops

OPS = ("add", "sub", "mul", "tanh", "exp", "relu", "square", "maximum", "where", "if", "dot")
LAYERS = ("expression", "vmap", "grad", "jit", "jvp")


def expression(draw, count, depth=3):
    """A random function of a list of numbers."""
    if depth == 0 or draw.random() < 0.2:
        place = draw.randrange(count)
        return lambda xs: xs[place]
    kind = draw.choice(OPS)
    bound = draw.gauss(0.0, 1.0)
    a, b, c = [expression(draw, count, depth - 1) for _ in range(3)]
    return {
        "add": lambda xs: a(xs) + b(xs),
        "sub": lambda xs: a(xs) - b(xs),
        "mul": lambda xs: a(xs) * b(xs),
        "tanh": lambda xs: tanh(a(xs)),
        "exp": lambda xs: exp(tanh(a(xs))),
        "relu": lambda xs: relu(a(xs)),
        "square": lambda xs: a(xs) ** 2,
        "maximum": lambda xs: maximum(a(xs), b(xs)),
        "where": lambda xs: where(ops.lt(a(xs), bound), b(xs), c(xs)),
        "if": lambda xs: b(xs) if a(xs) > bound else c(xs),
        "dot": lambda xs: dot([a(xs), b(xs), 2.0], [b(xs), c(xs), a(xs)]),
    }[kind]


def composition(draw, count, depth):
    """A random function of a list of numbers, of some layers."""
    if depth == 0:
        return expression(draw, count)
    kind = draw.choice(LAYERS)
    inner = composition(draw, count + (kind in ("expression", "vmap")), depth - 1)
    place = draw.randrange(count)
    if kind == "expression":
        more = expression(draw, count)
        return lambda xs: inner([*xs, more(xs)])
    if kind == "vmap":
        return mapped(draw, inner, count, place)
    if kind == "grad":
        return lambda xs: grad(lambda x: inner([*xs[:place], x, *xs[place + 1 :]]))(xs[place])
    if kind == "jvp":
        return lambda xs: jvp(lambda *ys: inner(list(ys)), tuple(xs), (0.5,) * count)[1]
    jitted = jit(lambda *ys: inner(list(ys)))
    return lambda xs: jitted(*xs)


def mapped(draw, inner, count, place):
    """`inner` for many numbers behind those that are given, constants or multiples of one of them."""
    reduce = draw.choice(["sum", "mean", None])
    factors = [draw.gauss(0.0, 1.0) for _ in range(draw.choice([1, 2, 9, 20]))]
    varies = draw.random() < 0.6
    function = vmap(lambda y, *xs: inner([*xs, y]), in_axes=(0, *[None] * count), reduce=reduce)

    def f(xs):
        out = function([xs[place] * k + 0.1 for k in factors] if varies else factors, *xs)
        return out if reduce else out[0] * 0.5 + out[-1]

    return f


def number(x):
    return x.data if type(x) is Value else float(x)


def close(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32))
@example(seed=470)  # a derivative that is traced with numbers of no path of lanes inside lanes
def test_random_compositions(seed):
    draw = random.Random(seed)
    count = draw.choice([1, 2, 3])
    inner = composition(draw, count, draw.choice([1, 2, 3]))
    f = lambda *xs: inner(list(xs))  # noqa: E731
    slopes = grad(f, tuple(range(count)))
    points = [[draw.gauss(0.0, 1.0) for _ in range(count)] for _ in range(9)]
    expected = [number(f(*xs)) for xs in points]
    if not all(map(math.isfinite, expected)):
        return
    for backend in ("python", "numpy"):
        value, gradient = jit(f, backend=backend), jit(slopes, backend=backend)
        for xs, out in zip(points[:2], expected, strict=False):
            assert number(value(*xs)) == close(out)
            wanted = list(map(number, slopes(*xs)))
            assert list(map(number, gradient(*xs))) == close(wanted)
            leaves = list(map(Value, xs))
            result = value(*leaves)
            if type(result) is Value:
                result.backward()
                assert [leaf.grad for leaf in leaves] == close(wanted)
        columns = list(map(list, zip(*points, strict=True)))
        assert list(map(number, jit(vmap(f), backend=backend)(*columns))) == close(expected)
