"""The C of a network that was trained on digits classifies every test image as Python does."""

import numpy as np
import pytest
from exported import Library

from autograd import dot, jit, logsumexp, relu, trace, value_and_grad, vmap

CLASSES = 10


def scores(layers, x):
    (w1, b1), (w2, b2) = layers
    hidden = [relu(dot(row, x) + b) for row, b in zip(w1, b1, strict=True)]
    return [dot(row, hidden) + b for row, b in zip(w2, b2, strict=True)]


def loss(layers, x, target):
    out = scores(layers, x)
    return logsumexp(out) - dot(out, target)


def test_digits_are_classified_alike(tmp_path):
    datasets = pytest.importorskip("sklearn.datasets", reason="the digits come with scikit-learn")
    data = datasets.load_digits()
    X, targets = data.data / 16.0, np.eye(CLASSES)[data.target]
    order = np.random.default_rng(0).permutation(len(X))
    train, test = order[:1280], order[1280:]
    draw = np.random.default_rng(1)
    layers = [
        (draw.normal(0.0, 0.2, (32, 64)), np.zeros(32)),
        (draw.normal(0.0, 0.2, (10, 32)), np.zeros(10)),
    ]
    step = jit(value_and_grad(lambda p, x, t: vmap(loss, in_axes=(None, 0, 0), reduce="mean")(p, x, t)))
    for _ in range(6):
        for start in range(0, len(train), 64):
            batch = train[start : start + 64]
            _, slopes = step(layers, X[batch], targets[batch])
            layers = [
                tuple([w - 0.5 * s for w, s in zip(pair, changes, strict=True)])
                for pair, changes in zip(layers, slopes, strict=True)
            ]
    weights = [(w.tolist(), b.tolist()) for w, b in layers]
    program = trace(lambda x: scores(weights, x), X[0].tolist())
    library = Library([program.to_c("digits")], tmp_path)
    right = 0
    for i in test:
        expected = program(X[i].tolist())
        failed, found = library("digits", X[i].tolist(), CLASSES)
        assert failed == 0
        assert found == expected  # arithmetic alone, so the same bits
        assert int(np.argmax(found)) == int(np.argmax(expected))
        right += int(np.argmax(found)) == data.target[i]
    assert right > 0.9 * len(test)
