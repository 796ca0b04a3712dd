"""Products of matrices outside lanes: packed by the machine, with the bits of dots computed one by one."""

import random
from itertools import pairwise

import numpy as np
import pytest

from autograd import Value, dot, jit, value_and_grad, where
from autograd._machine import machine
from autograd.backends.machines import machine_of

pytestmark = pytest.mark.skipif(machine is None, reason="the machine packs matrices")
FILLER = 1200  # other lines, so that no loop is found that saves enough


def instructions(f):
    return [words for words in machine_of(f.programs[0], False).instructions() if words[0] == "MATRIX"]


def both(f, *args):
    """The function as the machine runs it, and its result; the result of Python source has the same bits."""
    f, plain = jit(f), jit(f, backend="python")
    found, expected = f(*args), plain(*args)
    assert repr(found) == repr(expected)
    return f


def filler(x):
    """Lines that are like none of a matrix."""
    for i in range(FILLER):
        x = x * 0.5 + float(i)
    return x


def matrices(m, w, n, seed=0):
    draw = random.Random(seed)
    sizes = ((m, n), (w, n))
    return [[[draw.gauss(0.0, 1.0) for _ in range(n)] for _ in range(rows)] for rows, n in sizes]


@pytest.mark.parametrize(
    ("m", "w", "n"), [(2, 8, 2), (4, 4, 3), (7, 16, 16), (16, 7, 5), (3, 33, 40), (9, 5, 2)]
)
@pytest.mark.parametrize("by_columns", [False, True])
def test_every_row_with_every_column(m, w, n, by_columns):
    def f(A, B, x):
        if by_columns:
            return [[dot(a, b) for a in A] for b in B], filler(x)
        return [[dot(a, b) for b in B] for a in A], filler(x)

    (words,) = instructions(both(f, *matrices(m, w, n), 1.0))
    assert words[1:4] == ([w, m, n] if by_columns else [m, w, n])


def test_a_residual_and_a_bias_are_added_afterwards():
    def f(A, B, bias, x):
        sums = [[dot([*a, 1.0, 1.0], [*b, y, bias]) for b, y in zip(B, a, strict=False)] for a in A]
        return sums, filler(x)

    A, B = matrices(6, 7, 8)
    (words,) = instructions(both(f, A, B, 0.5, 1.0))
    assert words[1:4] == [6, 7, 8]


def test_several_products_in_one_group_and_lines_of_none():
    def f(A, B, C, D, x):
        products = [[dot(a, b) for b in B] for a in A] + [[dot(c, d) for d in D] for c in C]
        single = [dot(a, c) for a, c in zip(A, C, strict=True)]
        part = [dot(B[i], D[j]) for i in range(5) for j in range(i + 1)]
        return products, single, part, filler(x)

    found = instructions(both(f, *matrices(6, 5, 4), *matrices(6, 9, 4, 1), 1.0))
    assert sorted(words[1:4] for words in found) == []  # `single` and `part` link all tuples

    def g(A, B, C, D, x):
        return f(A, B, C, D, x)[0], filler(x), [dot(A[0], [x, y, x, y]) for y in C[0]]

    found = instructions(both(g, *matrices(6, 5, 4), *matrices(6, 9, 4, 1), 1.0))
    assert [6, 9, 4] in [words[1:4] for words in found]


def test_gradients_of_layers():
    def loss(W, V, X):
        hidden = [[where(h > 0.0, h, 0.1 * h) for h in (dot(w, x) for w in W)] for x in X]
        out = [[dot(v, h) + 1.0 for v in V] for h in hidden]
        return sum(y * y for row in out for y in row) + filler(X[0][0])

    (W, X), (V, _) = matrices(12, 5, 6), matrices(7, 1, 12, 2)
    f = both(value_and_grad(loss, argnums=(0, 1)), W, V, X)
    assert len(instructions(f)) >= 3
    expected = value_and_grad(loss, argnums=(0, 1))(W, V, X)
    assert np.allclose(np.array(f(W, V, X)[1][0]), np.array(expected[1][0]), rtol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_random_groups(seed):
    draw = random.Random(seed)
    n = draw.randint(2, 5)
    rows = [[draw.gauss(0.0, 1.0) for _ in range(n)] for _ in range(12)]
    pairs = []
    for _ in range(draw.randint(1, 4)):
        left, right = draw.sample(range(12), draw.randint(2, 5)), draw.sample(range(12), draw.randint(2, 8))
        pairs += [(i, j) for i in left for j in right if draw.random() > 0.02]
    if draw.random() < 0.5:
        draw.shuffle(pairs)
    last = draw.choice([[], [1.0], [1.0, 2.0]])

    def f(rows, x):
        sums = [dot([*rows[i], *last], [*rows[j], *[rows[j][0] * i for _ in last]]) for i, j in pairs]
        return sums, filler(x)

    both(f, rows, 1.0)


def test_powers_with_a_constant_exponent_leave_gradients_plain():
    def f(x):
        _, g = value_and_grad(lambda x: sum(a * b * a for a, b in pairwise(x)))(x)
        return [g_i**2 / ((g_i + 9.0) ** 0.5 + 1.0) for g_i in g]

    both(f, [0.5 + 0.1 * i for i in range(20)])
    compiled, plain = jit(f), jit(f, backend="python")
    for x in (0.0, float("inf"), float("nan"), -1.0, 1e200):
        given = [x, *[0.5 + 0.1 * i for i in range(19)]]
        np.testing.assert_array_equal(np.array(compiled(given)), np.array(plain(given)))


def test_the_square_root_as_a_power_has_the_bits_of_the_engine():
    numbers = [0.0, -0.0, 5e-324, 1e-310, 0.3, 2.0, 1e300, float("inf"), -float("inf"), -1.0, float("nan")]
    f = jit(lambda xs: [x**0.5 for x in xs], backend="native")
    for count in (1, 5, len(numbers)):
        for start in range(len(numbers) - count + 1):
            xs = numbers[start : start + count] * 3
            assert repr(f(xs)) == repr([(Value(x) ** 0.5).data for x in xs])
