"""Program.repeat: runs whose outputs become inputs, with rows of tables, on every backend."""

import math

import numpy as np
import pytest

from autograd import backend_info, exp, jit, sin, trace, value_and_grad, vmap, where

BACKENDS = ["python", "numpy", *["native"] * (backend_info()["engine"] == "native")]


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


def numbers_of(program):
    return np.array(program.numbers)


def test_an_iterated_map(backend):
    """The logistic map, as a loop in Python iterates it."""
    program = trace(lambda x: 3.9 * x * (1.0 - x), 0.3)
    numbers = np.array([0.3])
    orbit = np.empty((100, 1))
    assert program.repeat(numbers, 100, [(0, 0, 1)], (), orbit, backend) == 100
    x, expected = 0.3, []
    for _ in range(100):
        x = 3.9 * x * (1.0 - x)
        expected.append(x)
    assert orbit[:, 0].tolist() == expected
    assert numbers.tolist() == [x]


def test_outputs_that_are_inputs_change_places(backend):
    """All carried outputs are read before one is written."""
    program = trace(lambda a, b, c: [b, c, a], 1.0, 2.0, 3.0)
    for runs in range(5):
        numbers = np.array([1.0, 2.0, 3.0])
        assert program.repeat(numbers, runs, [(0, 0, 1), (1, 1, 2)], (), None, backend) == runs
        assert numbers.tolist() == [1.0 + (i + runs) % 3 for i in range(3)]


def test_kept_outputs_may_be_inputs(backend):
    """They are those of their run, whatever replaces these inputs afterwards."""
    program = trace(lambda x: [x, x + 1.0], 0.0)
    numbers, out = np.array([0.0]), np.empty((3, 1))
    assert program.repeat(numbers, 3, [(1, 0, 1)], (), out, backend) == 3
    assert out[:, 0].tolist() == [0.0, 1.0, 2.0]
    assert numbers.tolist() == [3.0]


def test_rows_of_tables_become_inputs(backend):
    program = trace(lambda total, x, w: [total + w * (x[0] + 10.0 * x[1])], 0.0, [1.0, 2.0], 1.0)
    table = np.arange(8.0).reshape(4, 2)
    weights = np.array([[1.0], [2.0], [3.0]])
    rows = np.array([[3], [0], [3]])
    numbers = np.zeros(4)
    totals = np.empty((3, 1))
    given = [(1, table, rows), (3, weights, np.array([[0], [1], [2]]))]
    assert program.repeat(numbers, 3, [(0, 0, 1)], given, totals, backend) == 3
    assert totals[:, 0].tolist() == [76.0, 76.0 + 20.0, 96.0 + 3.0 * 76.0]
    assert numbers.tolist() == [324.0, 0.0, 0.0, 0.0]  # rows do not come back


def test_several_rows_in_a_run(backend):
    program = trace(lambda total, xs: total + sum(xs), 0.0, [1.0, 2.0, 3.0])
    numbers = np.zeros(4)
    rows = np.array([[0, 1, 2], [2, 2, 2]])
    assert program.repeat(
        numbers, 2, [(0, 0, 1)], [(1, np.array([[1.0], [2.0], [5.0]]), rows)], None, backend
    )
    assert numbers[0] == 8.0 + 15.0


def test_a_guard_ends_the_repetition(backend):
    """The inputs are then those of the run that was not made."""

    def halved(x):
        if x > 10.0:
            return 0.5 * x
        return x

    program = trace(halved, 80.0)
    numbers = np.array([80.0])
    assert program.repeat(numbers, 9, [(0, 0, 1)], (), None, backend) == 3
    assert numbers.tolist() == [10.0]


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_a_number_that_is_not_finite_ends_the_repetition(backend, bad):
    """Whether it is carried or kept; others do not count."""
    program = trace(lambda total, x: [x, total + x, exp(x)], 0.0, 1.0)
    table = np.array([[1.0], [2.0], [bad], [4.0]])
    rows = np.arange(4).reshape(4, 1)
    for carried, kept in ([(1, 0, 1)], 0), ([], 1), ([(1, 0, 1)], 2):
        numbers = np.zeros(2)
        out = np.empty((4, kept))
        assert program.repeat(numbers, 4, carried, [(1, table, rows)], out, backend) == 2
        assert numbers[0] == (3.0 if carried else 0.0)
        assert out[:2, :1].tolist() == ([[1.0], [2.0]] if kept else [[], []])
    large = np.array([[1000.0]])
    assert program.repeat(np.zeros(2), 1, [(1, 0, 1)], [(1, large, rows[:1])], np.empty((1, 1)), backend) == 1


def test_gradient_descent_is_what_a_loop_does(backend):
    """A step over lanes and its update; the loop calls the step with numbers."""
    X = np.linspace(0.0, 1.0, 24).reshape(8, 3)
    y = np.sin(X.sum(axis=1, keepdims=True))

    def loss(w, X, y):
        return vmap(lambda x, t: (sin(w[0] * x[0] + w[1] * x[1]) + w[2] * x[2] - t[0]) ** 2, 0, "mean")(X, y)

    def step(w, X, y):
        value, slopes = value_and_grad(loss)(w, X, y)
        return value, [w_i - 0.1 * g for w_i, g in zip(w, slopes, strict=True)]

    start = [0.1, 0.2, 0.3]
    program = trace(step, start, X[:4].tolist(), y[:4].tolist())
    rows = np.array([[0, 1, 2, 3], [4, 5, 6, 7], [7, 0, 3, 4]])
    numbers, losses = numbers_of(program), np.empty((3, 1))
    assert program.repeat(numbers, 3, [(1, 0, 3)], [(3, X, rows), (15, y, rows)], losses, backend) == 3
    w, run = start, jit(step, backend=backend)
    for i, batch in enumerate(rows):
        value, w = run(w, X[batch].tolist(), y[batch].tolist())
        assert losses[i, 0] == value
    assert numbers[:3].tolist() == w


def test_no_runs(backend):
    program = trace(lambda x: where(x > 0.0, x, -x), 1.0)
    numbers = np.array([-1.0])
    assert program.repeat(numbers, 0, [(0, 0, 1)], (), None, backend) == 0
    assert numbers.tolist() == [-1.0]


@pytest.mark.parametrize(
    ("carried", "tables", "out", "error"),
    [
        ([(0, 0, 2)], [], None, ValueError),
        ([(1, 0, 1)], [], None, ValueError),
        ([(0, 2, 1)], [], None, ValueError),
        ([(0, -1, 1)], [], None, ValueError),
        ([(0, 0, -1)], [], None, ValueError),
        ([(0, 0)], [], None, TypeError),
        ([[0, 0, 1]], [], None, TypeError),
        ([(2**40, 0, 1)], [], None, ValueError),
        ([(0, 0, 2**70)], [], None, ValueError),
        ([], [(0, np.zeros((2, 1)), np.array([[0], [2]]))], None, IndexError),
        ([], [(0, np.zeros((2, 1)), np.array([[0], [-1]]))], None, IndexError),
        ([], [(1, np.zeros((2, 2)), np.array([[0], [1]]))], None, ValueError),
        ([], [(0, np.zeros((2, 1)), np.array([[0]]))], None, ValueError),
        ([], [(0, np.zeros(2), np.array([[0], [1]]))], None, ValueError),
        ([], [(0, np.zeros((2, 1), "f4"), np.array([[0], [1]]))], None, ValueError),
        ([], [(0, np.zeros((2, 1)), np.array([[0.0], [1.0]]))], None, ValueError),
        ([], [], np.zeros((2, 2)), ValueError),
        ([], [], np.zeros((1, 1)), ValueError),
    ],
)
def test_what_does_not_fit_is_refused(carried, tables, out, error, backend):
    """Before anything has run."""
    program = trace(lambda x, y: x + y, 1.0, 2.0)
    numbers = np.array([1.0, 2.0])
    with pytest.raises(error):
        program.repeat(numbers, 2, carried, tables, out, backend)
    assert numbers.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="doubles"):
        program.repeat(np.array([1, 2]), 2, [], [], None, backend)


def test_run_takes_values_in_a_trace():
    """Program.run of Values: its lines become lines of the trace, its guards guards."""

    def f(x, y):
        if x > y:
            return x * y
        return x - y

    inner = trace(f, 3.0, 2.0)
    outer = trace(lambda a: inner.run([a * 2.0, 1.5])[0] + a, 1.0)
    assert outer(1.0) == 4.0
    assert len(outer.guards) == 1
    assert inner.run([3.0, 2.0]) == [6.0]
