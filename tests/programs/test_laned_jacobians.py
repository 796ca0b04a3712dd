"""Jacobians and Hessians in a program: results of one form are lanes, whose rows one op computes."""

import functools
import pickle
import random
from dataclasses import dataclass

import numpy as np
import pytest

from autograd import (
    Value,
    backend_info,
    exp,
    grad,
    hessian,
    hvp,
    jacobian,
    jit,
    jvp,
    log,
    sin,
    sqrt,
    sum_of,
    tanh,
    trace,
    value_and_grad,
    vjp,
    vmap,
)
from autograd.derivatives.tree import flatten
from autograd.programs.lanes import Lanes
from autograd.table.call import Output

COUNT = 300
BACKENDS = ["auto", "numpy", "python"] + ["native"] * (backend_info()["engine"] == "native")
draw = random.Random(0)
X = [draw.uniform(0.1, 2.0) for _ in range(COUNT)]
Y = [draw.gauss(0.0, 1.0) for _ in range(COUNT)]
P = [1.5, 0.7, 0.1]


def decay(p, x, y):
    return p[0] * exp(-p[1] * x) + p[2] - y


def of_arguments(p, X, Y):
    return [decay(p, x, y) for x, y in zip(X, Y, strict=True)]


def with_captured_floats(p, *_):
    return [decay(p, x, y) for x, y in zip(globals()["X"], globals()["Y"], strict=True)]


def by_vmap(p, X, Y):
    return vmap(decay, in_axes=(None, 0, 0))(p, X, Y)


def an_array(p, X, Y):
    return np.array([decay(p, x, y) for x, y in zip(X, Y, strict=True)])


def numpy_ops(p, X, Y):
    return p[0] * np.exp(-p[1] * np.array(X)) + p[2] - np.array(Y)


def backwards(p, X, Y):
    return [decay(p, x, y) for x, y in zip(X, Y, strict=True)][::-1]


WAYS = [of_arguments, with_captured_floats, by_vmap, an_array, numpy_ops, backwards]


def lanes_of(program):
    return [op for op, _ in program.lines if isinstance(op, Lanes)]


def written(program):
    """How many lines do something else than to pick a result of lanes."""
    return sum(not isinstance(op, Output) for op, _ in program.lines)


def flat(tree):
    """The numbers of nested results."""
    leaves, _ = flatten(tree)
    return [y for x in leaves for y in (flat(x) if isinstance(x, (list, tuple, np.ndarray)) else [x])]


def kinds(tree):
    """The types of a structure and of all in it."""
    if isinstance(tree, np.ndarray):
        return tree.shape, tree.dtype
    if isinstance(tree, dict):
        return {key: kinds(x) for key, x in tree.items()}
    return (type(tree), [kinds(x) for x in tree]) if isinstance(tree, (list, tuple)) else type(tree)


def assert_same(found, expected):
    assert kinds(found) == kinds(expected)
    assert flat(found) == pytest.approx(flat(expected), rel=1e-12, abs=1e-13, nan_ok=True)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("f", WAYS)
def test_rows_of_residuals_are_one_op_of_lanes(f, backend):
    for p in (P, np.array(P)):
        jitted = jit(jacobian(f), backend=backend)
        for q in (p, [0.3, -0.2, 2.0] if p is P else np.array([0.3, -0.2, 2.0])):
            assert_same(jitted(q, X, Y), jacobian(f)(q, X, Y))
        (program,) = jitted.programs
        assert [op.size for op in lanes_of(program)] == [COUNT]


@pytest.mark.parametrize("f", WAYS)
def test_arrays_of_samples_give_what_eager_gives(f):
    args = np.array(P), np.array(X), np.array(Y)
    jitted = jit(jacobian(f))
    for _ in range(2):  # traced, and then by the machine alone
        assert_same(jitted(*args), jacobian(f)(*args))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", [list, tuple])
def test_rows_of_an_array_can_be_written_to(kind, backend):
    """They are made as one array, and are no longer connected with each other or with later calls."""
    jitted = jit(jacobian(lambda p: kind(with_captured_floats(p))), backend=backend)
    expected = jacobian(with_captured_floats)(np.array(P))
    for _ in range(3):
        rows = jitted(np.array(P))
        assert type(rows) is kind
        assert {(type(row), row.shape, row.dtype) for row in rows} == {(np.ndarray, (3,), np.dtype(float))}
        assert flat(rows) == pytest.approx(flat(expected), rel=1e-13)
        rows[0][:] = 7.0
        assert list(rows[1]) == pytest.approx(list(expected[1]), rel=1e-13)


@pytest.mark.parametrize("f", [of_arguments, by_vmap, an_array])
@pytest.mark.parametrize("transform", [jacobian, lambda f: jacobian(f, mode="forward")])
def test_the_lines_do_not_grow_with_the_residuals(f, transform):
    counts = {m: written(trace(transform(f), P, X[:m], Y[:m])) for m in (250, 300)}
    assert counts[250] == counts[300] < 12


def test_rows_are_not_a_step_of_the_sweep_each():
    """A quadratic trace would take minutes."""
    m = 4000
    xs = [0.001 * i for i in range(m)]
    program = trace(jacobian(of_arguments), P, xs, xs)
    assert written(program) < 12
    assert len(program) <= 2 * m + 1  # p[2] has the slope 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_lanes_own_inputs(backend):
    """The derivatives by the numbers of other lanes are 0."""
    m = 150

    def f(p, X):
        return [p[0] * exp(-p[1] * x) * sin(x) + tanh(p[0]) * x + x * x for x in X]

    for argnums in (0, 1, (0, 1), (1, 0)):
        way = jacobian(f, argnums)
        assert_same(jit(way, backend=backend)(P, X[:m]), way(P, X[:m]))
    program = trace(jacobian(f, (0, 1)), P, X[:m])
    assert written(program) < 30
    assert len(lanes_of(program)) == 1
    arrays = np.array(P), np.array(X[:m])
    assert_same(jit(jacobian(f, (0, 1)))(*arrays), jacobian(f, (0, 1))(*arrays))


@pytest.mark.parametrize("backend", BACKENDS)
def test_conditions_inside_lanes(backend):
    """Each lane goes its own way, and inputs for which lanes go others are traced again."""

    def f(p, x):
        if x * p[0] > 1.0:
            return p[0] * exp(-p[1] * x)
        return p[1] * x if x > 0.5 else 0.0 * x

    mapped = vmap(f, in_axes=(None, 0))
    jitted = jit(jacobian(mapped), backend=backend)
    for p in (P, [0.2, 0.5, 0.0], [-1.0, 0.5, 0.0], P):
        assert_same(jitted(p, X), jacobian(mapped)(p, X))
    by_both = jit(jacobian(mapped, (0, 1)), backend=backend)
    assert_same(by_both(P, X[:40]), jacobian(mapped, (0, 1))(P, X[:40]))


def test_an_if_in_a_written_loop():
    def f(p, X):
        return [p[0] * exp(-p[1] * x) * sin(x) + x if p[0] > 1.0 else p[1] * x + sin(x) for x in X]

    jitted = jit(jacobian(f))
    for p in (P, [0.5, 0.5, 0.5], P):
        assert_same(jitted(p, X), jacobian(f)(p, X))


FURTHER = {
    "scaled": lambda r: [2.0 * x for x in r],
    "curved": lambda r: [sin(x) * x for x in r],
    "differences": lambda r: [a - b for a, b in zip(r[1:], r, strict=False)],
    "one for all": lambda r: [x * r[0] for x in r],
    "centred": lambda r: [x - mean for mean in [sum(r) / len(r)] for x in r],
    "some": lambda r: [r[0], r[7], r[-1]],
    "twice": lambda r: [*r, *r],
    "one": lambda r: r[5],
    "nested": lambda r: {"a": r[:10], "b": (r[10], [r[11] ** 2, 3.0])},
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("way", FURTHER)
def test_results_with_further_ops(way, backend):
    f = lambda p, X, Y: FURTHER[way](of_arguments(p, X, Y))  # noqa: E731
    for mode in ("auto", "forward", "reverse")[
        : 2 if way == "centred" else 3
    ]:  # else a sweep over all for each
        transform = functools.partial(jacobian, mode=mode)
        assert_same(jit(transform(f), backend=backend)(P, X, Y), transform(f)(P, X, Y))
    assert len(lanes_of(trace(jacobian(f), P, X, Y))) <= 4


def test_mixed_results():
    def f(p, X):
        first = [decay(p, x, 1.0) for x in X]
        second = [tanh(p[0] * x) * sin(p[1] + x) for x in X]
        return {"first": first, "sum": sum(first), "plain": p[0] * p[1], "constant": 1.0, "second": second}

    assert_same(jit(jacobian(f))(P, X), jacobian(f)(P, X))
    assert len(lanes_of(trace(jacobian(f), P, X))) == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_all_lanes_share_is_differentiated_once_more(backend):
    def f(p, X):
        rate, size = exp(p[1]) * sin(p[0]), sqrt(p[0] * p[2])
        return [size * exp(-rate * x) * sin(size * x) for x in X]

    assert_same(jit(jacobian(f), backend=backend)(P, X), jacobian(f)(P, X))
    assert len(lanes_of(trace(jacobian(f), P, X))) <= 2


def test_lanes_that_need_the_sum_of_others():
    def f(p, X):
        scale = sum(exp(-p[1] * x) * sin(x) * x for x in X)
        return [p[0] * exp(-p[2] * x) * cube * scale for x in X for cube in [x * x * x]]

    assert_same(jit(jacobian(f))(P, X), jacobian(f)(P, X))
    assert written(trace(jacobian(f), P, X)) < 40


def test_rows_of_zeros():
    """Of results that depend on nothing, or through locally constant ops alone."""

    def f(p, X):
        return [*[round(p[0] * x) * sin(x) * exp(x) * tanh(x) for x in X], 3.0, p[1] * 0.0]

    for transform in (jacobian, lambda f: jacobian(f, (0, 1))):
        assert_same(jit(transform(f))(P, X[:150]), transform(f)(P, X[:150]))
    none = lambda p: [exp(sin(x)) + x * x * x for x in X]  # noqa: E731
    assert_same(jit(jacobian(none))(P), jacobian(none)(P))


@pytest.mark.parametrize("backend", BACKENDS)
def test_results_that_are_not_finite(backend):
    """Strong zero, infinities and nan are those of eager rows."""

    def f(p, X):
        return [log(p[0] * x) * sqrt(p[1] * x) + exp(p[2] * x) * x for x in X]

    xs = [0.0, -0.0, 1e3, -1.0, float("inf"), float("nan"), 1e-320, 2.0] * 20
    for p in ([1.0, 0.0, 2.0], [0.0, 1.0, 1.0], [1.0, 1.0, 800.0]):
        assert_same(jit(jacobian(f), backend=backend)(p, xs), jacobian(f)(p, xs))
    assert_same(jit(jacobian(f, (0, 1)), backend=backend)(p, xs), jacobian(f, (0, 1))(p, xs))


@dataclass
class Parameters:
    size: float
    rate: tuple[float, float]


def test_structures_of_arguments():
    def of_dict(p, X):
        return {"r": [p["a"] * exp(-p["b"][0] * x) * sin(x) for x in X]}

    def of_tuples(a, b, X):
        return tuple([a[0] * exp(-b * x) * sin(a[1] * x) for x in X])

    def of_dataclass(p, X):
        return [p.size * exp(-p.rate[0] * x) * sin(p.rate[1] * x) for x in X]

    p = {"a": 1.5, "b": [0.7]}
    found = jit(jacobian(of_dict))(p, X)["r"]
    for slopes, row in zip(found, jacobian(of_dict)(p, X)["r"], strict=True):
        assert [slopes["a"], *slopes["b"]] == pytest.approx([row["a"], *row["b"]], rel=1e-13)
    for argnums in ((0, 1), 1, (1, 0)):
        way = jacobian(of_tuples, argnums)
        assert_same(jit(way)((1.5, 0.3), 0.7, X), way((1.5, 0.3), 0.7, X))
    q = Parameters(1.5, (0.7, 0.2))
    for found, row in zip(jit(jacobian(of_dataclass))(q, X), jacobian(of_dataclass)(q, X), strict=True):
        assert [found.size, *found.rate] == pytest.approx([row.size, *row.rate], rel=1e-13)


def squares_of_rows(f):
    return lambda p, *args: sum_of([x * x for x in flat(jacobian(f)(p, *args))])


@pytest.mark.parametrize(
    "way",
    [
        lambda f: grad(squares_of_rows(f)),
        lambda f: value_and_grad(squares_of_rows(f)),
        lambda f: jacobian(jacobian(f)),
        lambda f: jacobian(jacobian(f, mode="forward"), mode="forward"),
        lambda f: hessian(squares_of_rows(f)),
        lambda f: lambda *args: jvp(lambda p: jacobian(f)(p, *args[1:]), (args[0],), ([1.0, -2.0, 0.5],)),
        lambda f: lambda *args: jvp(lambda p: f(p, *args[1:]), (args[0],), ([1.0, -2.0, 0.5],)),
        lambda f: lambda *args: vjp(lambda p: f(p, *args[1:]), args[0])[1](Y[: len(args[1])]),
        lambda f: lambda p, *args: [f(p, *args), jacobian(f)(p, *args)],
        lambda f: jit(jacobian(jit(f))),
        lambda f: lambda *args: hvp(lambda p: sum_of(f(p, *args[1:])), (args[0],), ([1.0, -2.0, 0.5],)),
    ],
)
def test_compositions(way):
    xs, ys = X[:180], Y[:180]
    assert_same(jit(way(of_arguments))(P, xs, ys), way(of_arguments)(P, xs, ys))


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
def test_results_of_lanes_that_are_constant_or_inputs(mode):
    mapped = vmap(lambda p, x: (p[0] * x, 3.0, x, p[1]), in_axes=(None, 0))
    for argnums in (0, 1, (0, 1)):
        way = jacobian(mapped, argnums, mode=mode)
        assert_same(jit(way)(P, X[:20]), way(P, X[:20]))


def test_vmap_of_a_jacobian():
    many = [[1.5 + 0.1 * i, 0.7, 0.1 * i] for i in range(9)]
    mapped = vmap(lambda p: jacobian(of_arguments)(p, X, Y))
    assert_same(jit(mapped)(many), mapped(many))


@pytest.mark.parametrize("backend", BACKENDS)
def test_values_from_outside(backend):
    """Rows that depend on a Value from outside are Values, and its gradient passes through the call."""
    w = Value(0.4)
    f = lambda p: [p[0] * exp(-p[1] * x * w) * sin(w * x) + w for x in X]  # noqa: E731
    jitted = jit(jacobian(f), backend=backend)
    for data in (0.4, 0.9):
        w.data = data
        gradients = []
        for rows in (jitted(P), jacobian(f)(P)):
            w.grad = 0.0
            sum_of([x * x for x in flat(rows)]).backward()
            gradients.append(w.grad)
        assert gradients[0] == pytest.approx(gradients[1], rel=1e-12)
        numbers = [[float(f"{x:.17g}") for x in flat(rows)] for rows in (jitted(P), jacobian(f)(P))]
        assert numbers[0] == pytest.approx(numbers[1], rel=1e-12)


def test_a_program_of_rows_is_pickled():
    program = trace(jacobian(of_arguments), P, X, Y)
    again = pickle.loads(pickle.dumps(program))
    assert again == program
    assert again(P, X, Y) == program(P, X, Y)


def fit(p, X, Y):
    return sum(decay(p, x, y) ** 2 for x, y in zip(X, Y, strict=True))


def network(p, X, Y):
    total = 0.0
    for x, y in zip(X, Y, strict=True):
        total += (sum(p[2 * i] * tanh(p[2 * i + 1] * x) for i in range(len(p) // 2)) - y) ** 2
    return total


class TestHessians:
    @pytest.mark.parametrize("backend", BACKENDS)
    @pytest.mark.parametrize(
        ("loss", "p"), [(fit, P), (network, [0.1 * i - 0.3 for i in range(10)])], ids=["3", "10"]
    )
    def test_of_a_sum_over_lanes(self, loss, p, backend):
        for q in (p, np.array(p)):
            assert_same(jit(hessian(loss), backend=backend)(q, X, Y), hessian(loss)(q, X, Y))

    @pytest.mark.parametrize(("loss", "n"), [(fit, 3), (network, 10)])
    def test_lines_and_body_do_not_grow_with_the_terms(self, loss, n):
        sizes = set()
        for m in (200, 300):
            program = trace(hessian(loss), [0.1 * i for i in range(n)], X[:m], Y[:m])
            (op,) = lanes_of(program)
            assert op.summed == (True,) * len(op.summed)
            sizes.add((len(program), len(op.paths[0])))
        assert len(sizes) == 1

    def test_by_many_inputs_are_one_op(self):
        """Its rows share what they have in common."""
        p = [0.1 * i - 0.3 for i in range(40)]
        program = trace(hessian(network), p, X[:40], Y[:40])
        assert len(lanes_of(program)) == 1

    def test_by_the_lanes_own_inputs(self):
        xs, ys = X[:120], Y[:120]
        for argnums in (1, (0, 1)):
            way = hessian(fit, argnums)
            assert_same(jit(way)(P, xs, ys), way(P, xs, ys))
