"""Loops over samples that a user wrote out are found, and run in lanes."""

import functools
import random

import numpy as np
import pytest

from autograd import dot, grad, jit, mean, relu, sum_of, tanh, trace, value_and_grad
from autograd.derivatives.tree import flatten
from autograd.programs.lanes import Lanes

COUNT = 40
draw = random.Random(0)
X = [[draw.gauss(0.0, 1.0) for _ in range(3)] for _ in range(COUNT)]
Y = [draw.choice([-1.0, 1.0]) for _ in range(COUNT)]
P = ([[draw.gauss(0.0, 1.0) for _ in range(3)] for _ in range(4)], [draw.gauss(0.0, 1.0) for _ in range(4)])


def net(p, x):
    hidden = [tanh(sum(w * x_i for w, x_i in zip(row, x, strict=True))) for row in p[0]]
    return sum(h * v for h, v in zip(hidden, p[1], strict=True))


def one(p, x, y):
    return (net(p, x) - y) ** 2


def sum_of_a_generator(p, X, Y):
    return sum(one(p, x, y) for x, y in zip(X, Y, strict=True)) / len(X)


def running_total(p, X, Y):
    total = 0.0
    for x, y in zip(X, Y, strict=True):
        total += one(p, x, y)
    return total * (1.0 / len(X))


def mean_of_a_list(p, X, Y):
    return mean([one(p, x, y) for x, y in zip(X, Y, strict=True)])


def sum_of_a_list(p, X, Y):
    return sum_of([one(p, x, y) for x, y in zip(X, Y, strict=True)])


def reduced(p, X, Y):
    return functools.reduce(lambda a, b: a + b, [one(p, x, y) for x, y in zip(X, Y, strict=True)])


def outputs_first(p, X, Y):
    """As in the demo of micrograd."""
    outputs = [net(p, x) for x in X]
    losses = [
        (1.0 + -y * out).relu() if hasattr(out, "relu") else relu(1.0 - y * out)
        for y, out in zip(Y, outputs, strict=True)
    ]
    return sum(losses) * (1.0 / len(losses))


def shares(p, X, Y):
    total = 0.0
    for x, y in zip(X, Y, strict=True):
        total = total + one(p, x, y) / len(X)
    return total


def weighted(p, X, Y):
    return dot([1.0 / len(X)] * len(X), [one(p, x, y) for x, y in zip(X, Y, strict=True)])


def backwards_by_index(p, X, Y):
    total = 0.0
    for i in reversed(range(len(X))):
        total -= -one(p, X[i], Y[i])
    return total


def numpy_objects(p, X, Y):
    outputs = np.array([net(p, x) for x in X], dtype=object)
    return ((outputs - np.array(Y, dtype=object)) ** 2).sum() / len(X)


def of_neighbours(p, X, Y):
    return sum((net(p, X[i]) - net(p, X[i - 1])) ** 2 for i in range(len(X)))


def centred(p, X, Y):
    """What all samples need is not in the loop that gives it."""
    centre = mean([net(p, x) for x in X])
    return sum((net(p, x) - centre - y) ** 2 for x, y in zip(X, Y, strict=True))


TEN_WAYS = [
    sum_of_a_generator,
    running_total,
    mean_of_a_list,
    sum_of_a_list,
    reduced,
    outputs_first,
    shares,
    weighted,
    backwards_by_index,
    numpy_objects,
]


def lanes_of(program):
    return [op for op, _ in program.lines if isinstance(op, Lanes)]


@pytest.mark.parametrize("loss", [*TEN_WAYS, of_neighbours, centred])
def test_a_loss_over_samples_becomes_lanes(loss):
    """The program shrinks by the number of samples."""
    program = trace(loss, P, X, Y)
    written = trace(loss, P, X, Y, simplify=False)
    assert {op.size for op in lanes_of(program)} == {COUNT}
    assert len(program) < len(written) / 10
    assert f"lanes[{COUNT}]" in str(program)


@pytest.mark.parametrize("loss", [*TEN_WAYS, of_neighbours])
def test_values_keep_their_bits_on_python(loss):
    program = trace(loss, P, X, Y)
    written = trace(loss, P, X, Y, simplify=False)
    numbers = flatten((P, X, Y))[0]
    assert program.run(numbers, "python") == written.run(numbers, "python")


@pytest.mark.parametrize("backend", ["python", "numpy"])
@pytest.mark.parametrize("loss", [*TEN_WAYS, of_neighbours, centred])
def test_gradients_are_the_eager_ones(loss, backend):
    """The sweep runs in lanes, too, and shares them with the loss."""
    compiled = jit(value_and_grad(loss), backend=backend)
    value, gradient = compiled(P, X, Y)
    expected, slopes = value_and_grad(loss)(P, X, Y)
    assert value == pytest.approx(expected, rel=1e-12)
    assert flatten(gradient)[0] == pytest.approx(flatten(slopes)[0], rel=1e-9, abs=1e-12)
    assert len(lanes_of(compiled.programs[0])) == (3 if loss is centred else 1)


def test_constants_of_samples_are_columns():
    """Data that the function closes over differ from sample to sample; an exponent does not."""
    program = trace(lambda p: sum_of_a_generator(p, X, Y), P)
    (op,) = lanes_of(program)
    assert len(op.paths[0].inputs) - op.uniform == 4
    assert "** 2.0" in str(op.paths[0])
    assert program(P) == pytest.approx(sum_of_a_generator(P, X, Y), rel=1e-14)


def test_samples_on_different_ways_are_different_lanes():
    """A condition in Python code gives each sample one of two forms."""

    def loss(p, X, Y):
        total = 0.0
        for x, y in zip(X, Y, strict=True):
            score = net(p, x)
            total = total + (score * score * score if y > 0.0 else tanh(score) * score)
        return total

    program = trace(loss, P, X, Y)
    positive = sum(y > 0.0 for y in Y)
    assert sorted(op.size for op in lanes_of(program)) in ([COUNT], sorted([positive, COUNT - positive]))
    assert program(P, X, Y) == pytest.approx(loss(P, X, Y), rel=1e-12)
    assert flatten(jit(grad(loss))(P, X, Y))[0] == pytest.approx(flatten(grad(loss)(P, X, Y))[0], rel=1e-9)


def test_a_chain_is_no_loop():
    """Each step needs the one before."""

    def recurrent(w, xs):
        h = 0.0
        for x in xs:
            h = tanh(w * h + x)
        return h

    xs = [draw.gauss(0.0, 1.0) for _ in range(500)]
    program = trace(recurrent, 0.5, xs)
    assert lanes_of(program) == []
    assert program(0.5, xs) == pytest.approx(recurrent(0.5, xs), rel=1e-13)


def test_sequences_of_one_length_are_lanes():
    """A recurrent network over several sequences."""

    def loss(w, sequences):
        total = 0.0
        for xs in sequences:
            h = 0.0
            for x in xs:
                h = tanh(w * h + x)
            total = total + h * h
        return total

    sequences = [[draw.gauss(0.0, 1.0) for _ in range(15)] for _ in range(30)]
    program = trace(loss, 0.5, sequences)
    assert [op.size for op in lanes_of(program)] == [30]
    assert jit(grad(loss))(0.5, sequences) == pytest.approx(grad(loss)(0.5, sequences), rel=1e-10)


def test_short_programs_stay_as_they_are():
    program = trace(sum_of_a_generator, P, X[:8], Y[:8])
    assert lanes_of(program) == []


@pytest.mark.parametrize("seed", range(30))
def test_random_losses_over_samples(seed):
    """Random per-sample functions with shared, per-sample and batch quantities agree with eager code."""
    generator = random.Random(seed)
    form = [generator.randrange(6) for _ in range(12)]

    def sample(p, x, batch):
        nodes = [*p, *x, batch]
        for k, kind in enumerate(form):
            a, b = nodes[-1 - k % 3], nodes[(7 * k + kind) % len(nodes)]
            nodes.append([a * b, a + b, tanh(a) - b, relu(a) * 0.5 + b, a * 0.3, (a * b + a) * 0.1][kind])
        return nodes[-1]

    def loss(p, X):
        batch = mean([x[0] for x in X]) if seed % 2 else 0.25
        return sum(sample(p, x, batch) for x in X) / len(X)

    p = [generator.uniform(-1.0, 1.0) for _ in range(3)]
    data = [[generator.uniform(-1.0, 1.0) for _ in range(2)] for _ in range(90)]
    value, gradient = jit(value_and_grad(loss, (0, 1)))(p, data)
    expected, slopes = value_and_grad(loss, (0, 1))(p, data)
    assert value == pytest.approx(expected, rel=1e-11, abs=1e-13)
    assert flatten(gradient)[0] == pytest.approx(flatten(slopes)[0], rel=1e-8, abs=1e-12)
