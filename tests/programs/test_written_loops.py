"""Loops that a user wrote out become lanes, with the numbers and gradients of the loops."""

import itertools
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_programs import ARITHMETIC, bits, random_lines

import autograd as ag
import nn
from autograd import Value, exp, grad, jit, tanh, trace, value_and_grad
from autograd.graph.lines import picked
from autograd.programs import loops
from autograd.programs.lanes import Lanes

seeds = st.integers(0, 2**32)
SIZE = 12
KINDS = ("map", "scan", "pairs", "branch", "table", "two passes", "squares", "constants")
OPS = [op for op in ARITHMETIC if op.name != "where"]


@pytest.fixture
def short_loops_count(monkeypatch):
    """Loops of few lines become lanes, too."""
    monkeypatch.setattr(loops, "FEWEST_LINES", 40)


def lanes_of(program):
    return [op for op, _ in program.lines if isinstance(op, Lanes)]


def body(lines, inputs):
    found = list(inputs)
    for op, args in lines:
        found.append(op(*[picked(found, x) for x in args]))
    return found


def written_out(seed):
    """A random function of a number and a list, by loops of several kinds."""
    draw = random.Random(seed)
    kinds = draw.sample(KINDS, draw.randint(1, 3))
    bodies = {kind: random_lines(draw.random(), OPS, count=8) for kind in kinds}
    constants = [draw.choice([0.0, -0.0, 1.0, 2.0, -1.0, 0.5]) for _ in range(SIZE)]

    def f(w, xs):
        outs = []
        for kind in kinds:
            lines = bodies[kind]
            if kind == "map":
                outs += [body(lines, (x, w, c))[-1] for x, c in zip(xs, constants, strict=True)]
            elif kind == "scan":  # each needs the one before: no lanes
                state = w
                for x, c in zip(xs, constants, strict=True):
                    state = body(lines, (state, x, c))[-1]
                    outs.append(state)
            elif kind == "pairs":
                outs += [body(lines, (x, y, w))[-1] for x, y in itertools.pairwise(xs)]
            elif kind == "branch":
                outs += [body(lines, (x, w, x))[-1] if x > 0.3 else x * w for x in xs]
            elif kind == "table":
                outs += [sum(body(lines, (x, y, w))[-1] for y in xs[:3]) for x in xs]
            elif kind == "two passes":
                hidden = [body(lines, (x, w, 1.0)) for x in xs]
                total = sum(h[-1] for h in hidden)
                outs += [h[-1] * total + h[0] for h in hidden]
            elif kind == "squares":
                outs += [body(lines, (x, x, w))[-1] for x in xs]
            else:
                outs += [body(lines, (c, w, x))[-1] for x, c in zip(xs[:1] * SIZE, constants, strict=True)]
        return outs, sum(outs)

    return f


def alike(got, expected, relative):
    """Whether numbers are equal, both nan, or as near as rounding allows."""
    if got == expected or (got != got and expected != expected):
        return True
    return abs(got - expected) <= relative * max(1.0, abs(got), abs(expected))


@pytest.mark.usefixtures("short_loops_count")
class TestRandomLoops:
    @settings(max_examples=60)
    @given(seed=seeds)
    def test_numbers_and_gradients_are_those_of_the_loops(self, seed):
        f = written_out(seed)
        total = lambda w, xs: f(w, xs)[1]  # noqa: E731
        draw = random.Random(seed)
        xs = [draw.gauss(0.0, 1.0) for _ in range(SIZE)]
        w = draw.gauss(0.0, 1.0)
        outs, out = f(Value(w), list(map(Value, xs)))
        expected = [x.data if type(x) is Value else x for x in [*outs, out]]
        slopes = grad(total, (0, 1))(w, xs)
        for backend in ("python", "numpy", "auto"):
            jitted = jit(f, backend=backend)
            got, got_total = jitted(w, xs)
            assert all(alike(x, y, 0.0) for x, y in zip([*got, got_total], expected, strict=True))
            value, gradient = jit(value_and_grad(total, (0, 1)), backend=backend)(w, xs)
            assert alike(value, expected[-1], 0.0)
            for x, y in zip([gradient[0], *gradient[1]], [slopes[0], *slopes[1]], strict=True):
                assert alike(x, y, 1e-9)
            leaves = [Value(w), *map(Value, xs)]
            result = jitted(leaves[0], leaves[1:])[1]
            if type(result) is Value:
                result.backward()
                for x, y in zip(leaves, [slopes[0], *slopes[1]], strict=True):
                    assert alike(x.grad, y, 1e-9)

    def test_lanes_are_found_by_these_tests(self):
        found = 0
        for seed in range(30):
            draw = random.Random(seed)
            program = trace(written_out(seed), 0.5, [draw.gauss(0.0, 1.0) for _ in range(SIZE)])
            found += bool(lanes_of(program))
        assert found >= 5

    @settings(max_examples=60)
    @given(seed=seeds)
    def test_python_and_numpy_give_the_same_bits(self, seed):
        f = written_out(seed)
        draw = random.Random(seed)
        xs = [draw.gauss(0.0, 1.0) for _ in range(SIZE)]
        both = [jit(f, backend=backend)(0.5, xs) for backend in ("python", "numpy")]
        flat = [[*outs, total] for outs, total in both]
        assert list(map(bits, flat[0])) == list(map(bits, flat[1]))


class TestLoops:
    def test_a_loss_written_out_is_one_map_over_lanes(self):
        def loss(p, X, Y):
            scores = [tanh(p[0] * x + p[1] * x * x + p[2]) * p[3] + exp(p[4] * x) for x in X]
            return sum((s - y) ** 2 for s, y in zip(scores, Y, strict=True)) * (1.0 / len(X))

        p = [0.5, -0.25, 0.1, 2.0, 0.3]
        X = [math.sin(i) for i in range(150)]
        Y = [math.cos(i) for i in range(150)]
        program = trace(loss, p, X, Y)
        assert len(lanes_of(program)) == 1
        assert len(lanes_of(trace(loss, p, X, Y, simplify=False))) == 0
        assert program(p, X, Y) == pytest.approx(loss(p, X, Y), rel=1e-14)
        expected = grad(loss, (0, 1, 2))(p, X, Y)
        for function in (
            jit(grad(loss, (0, 1, 2))),
            grad(jit(loss), (0, 1, 2)),
            lambda *args: program.value_and_grad(*args, argnums=(0, 1, 2))[1],
        ):
            for got, wanted in zip(function(p, X, Y), expected, strict=True):
                assert got == pytest.approx(wanted, rel=1e-10, abs=1e-13)
        hessian = ag.hessian(loss)(p, X, Y)
        for got, wanted in zip(jit(ag.hessian(loss))(p, X, Y), hessian, strict=True):
            assert got == pytest.approx(wanted, rel=1e-10)

    def test_a_recurrence_is_no_loop_over_lanes(self):
        def f(x, n):
            for _ in range(n):
                x = x * x * 0.5 + 0.25 * x + 0.1
            return x

        program = trace(lambda x: f(x, 500), 0.5)
        assert lanes_of(program) == []
        assert program(0.3) == f(0.3, 500)

    def test_a_recurrence_for_each_of_many_samples_is_one(self):
        def f(xs):
            outs = []
            for x in xs:
                for _ in range(20):
                    x = x * x * 0.5 + 0.25 * x + 0.1
                outs.append(x)
            return outs

        xs = [0.01 * i for i in range(40)]
        program = trace(f, xs)
        assert len(lanes_of(program)) == 1
        assert program(xs) == f(xs)

    @pytest.mark.parametrize("seed", range(5))
    def test_samples_may_select_each_another_of_their_lines(self, seed):
        """As a loss does by its label: the lines that are selected are lines of the loop already."""
        draw = random.Random(seed)
        labels = [draw.randrange(4) for _ in range(60)]
        p = [[draw.gauss(0.0, 1.0) for _ in range(3)] for _ in range(4)]
        X = [[draw.gauss(0.0, 1.0) for _ in range(3)] for _ in labels]

        def loss(p, X):
            losses = []
            for x, label in zip(X, labels, strict=True):
                scores = [tanh(w[0] * x[0] + w[1] * x[1] + w[2] * x[2]) for w in p]
                losses.append(ag.logsumexp(scores) - scores[label] * scores[label - 1])
            return sum(losses)

        program = trace(loss, p, X)
        assert lanes_of(program)
        assert program(p, X) == pytest.approx(loss(p, X), rel=1e-13)
        _, slopes = program.value_and_grad(p, X)
        for got, wanted in zip(slopes, grad(loss)(p, X), strict=True):
            assert got == pytest.approx(wanted, rel=1e-11)

    def test_the_search_among_recurrences_that_need_each_other_takes_linear_time(self, monkeypatch):
        """Each step of the samples is a root of lanes over all steps before, which a sum breaks."""
        searches = []
        found = loops._Search.loops
        monkeypatch.setattr(
            loops._Search, "loops", lambda self, groups: searches.append(self) or found(self, groups)
        )

        def f(xs, w):
            for _ in range(80):
                mean = sum(xs) * 0.1
                xs = [tanh(x * w + mean) for x in xs]
            return sum(xs)

        xs = [0.1 * i for i in range(10)]
        program = trace(f, xs, 0.5)
        assert lanes_of(program) == []
        assert program(xs, 0.25) == pytest.approx(f(xs, 0.25), rel=1e-13)
        (search,) = searches
        count = len(search.lines)
        assert loops.MOST_VISITS * count - search.visits < (loops.MOST_VISITS + 4) * count

    def test_conditions_inside_the_loop_are_guards_of_the_program(self):
        def f(w, xs):
            return sum(exp(x * w) * x if x > 0.0 else x * w * w for x in xs)

        xs = [math.sin(i) for i in range(600)]
        jitted = jit(f)
        for points in (xs, [-x for x in xs], xs):
            assert jitted(0.5, points) == pytest.approx(f(0.5, points), rel=1e-14)
            assert grad(jitted)(0.5, points) == pytest.approx(grad(f)(0.5, points), rel=1e-12)
        assert len(jitted.programs) == 2

    def test_programs_with_lanes_are_pickled_and_drawn(self):
        import pickle

        f = lambda w, xs: sum(exp(x * w) * x + w for x in xs)  # noqa: E731
        xs = [0.01 * i for i in range(500)]
        program = trace(f, 0.5, xs)
        assert lanes_of(program)
        again = pickle.loads(pickle.dumps(program))
        assert again == program
        assert again(0.25, xs) == program(0.25, xs)
        assert "lanes[500]" in str(program)


class TestWithGradients:
    """`with_gradients` does in one run what a call and `backward` do."""

    @pytest.mark.parametrize("count", [3, 60])
    def test_a_models_gradients(self, count):
        model = nn.MLP(2, [4, 1])
        X = [[math.sin(i), math.cos(i)] for i in range(count)]
        Y = [math.sin(2.0 * i) for i in range(count)]

        @jit
        def loss(X, Y):
            outs = [model(x) for x in X]
            total = sum((out - y) ** 2 for out, y in zip(outs, Y, strict=True))
            return total, outs[0]

        model.parameters()[0].requires_grad = False
        (value, first), leaves, gradients = loss.with_gradients(X, Y)
        assert type(value) is type(first) is float
        assert set(leaves) == {p for p in model.parameters() if p.requires_grad}
        total, _ = loss(X, Y)
        assert value == total.data
        total.backward()
        assert list(gradients) == pytest.approx([p.grad for p in leaves], rel=1e-12, abs=1e-15)
        leaves[0].data += 1.0
        assert loss.with_gradients(X, Y)[0][0] == pytest.approx(loss(X, Y)[0].data)

    def test_conditions_and_values_without_gradients(self):
        w = Value(2.0, "w")
        f = jit(lambda x: w * w * x if x > 0.0 else x)
        value, leaves, gradients = f.with_gradients(3.0)
        assert (value, leaves, list(gradients)) == (12.0, [w], [12.0])
        value, leaves, gradients = f.with_gradients(-3.0)
        assert (value, leaves, list(gradients)) == (-3.0, [], [])
        w.requires_grad = False
        value, leaves, gradients = f.with_gradients(3.0)
        assert (value, leaves, list(gradients)) == (12.0, [], [])
        assert w.grad == 0.0
