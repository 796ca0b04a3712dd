"""Row a of training.py: a step of micrograd's demo, as it writes it on single numbers, under one `jit`.

100 points of two moons, an MLP 2-16-16-1 with relu, the hinge loss and L2 of its notebook, full batches: the
loss, its gradient and the update. `ours` passes the weights as arrays; `ours_with_lists` as lists of rows;
`ours_with_model` is the loop of the notebook, with `nn.MLP` and `nn.SGD`, in which only the loss is jitted.

    python benchmarks/micrograd_step.py
"""

import random
from itertools import pairwise

import numpy
from turns import Contestant, in_turns

import nn
from autograd import jit, relu, value_and_grad
from nn import datasets

SIZES = [2, 16, 16, 1]
LR = 0.1


def start():
    """The weights and biases of the layers, the points, their labels -1 and 1, and the learning rate."""
    generator = random.Random(1337)
    layers = [
        ([[generator.uniform(-1.0, 1.0) for _ in range(inputs)] for _ in range(outputs)], [0.0] * outputs)
        for inputs, outputs in pairwise(SIZES)
    ]
    points = datasets.moons(100)
    return (
        layers,
        [[float(x) for x in row] for row in points.X],
        [2.0 * label - 1.0 for label in points.y],
        LR,
    )


def score(layers, x):
    for i, (W, b) in enumerate(layers):
        x = [
            sum((w_i * x_i for w_i, x_i in zip(w, x, strict=True)), b_j) for w, b_j in zip(W, b, strict=True)
        ]
        if i < len(layers) - 1:
            x = [relu(x_i) for x_i in x]
    return x[0]


def hinge(scores, y):
    losses = [relu(1.0 + -label * s) for s, label in zip(scores, y, strict=True)]
    return sum(losses) * (1.0 / len(losses))


def loss(layers, X, y):
    weights = [w_i for W, b in layers for w in [*W, b] for w_i in w]
    return hinge([score(layers, x) for x in X], y) + 1e-4 * sum(w * w for w in weights)


@jit
def step(layers, X, y, lr):
    value, slopes = value_and_grad(loss)(layers, X, y)
    return value, [(W - lr * dW, b - lr * db) for (W, b), (dW, db) in zip(layers, slopes, strict=True)]


@jit
def step_of_lists(layers, X, y, lr):
    def moved(w, slopes):
        return [w_i - lr * slope for w_i, slope in zip(w, slopes, strict=True)]

    value, slopes = value_and_grad(loss)(layers, X, y)
    new = [
        ([moved(w, dw) for w, dw in zip(W, dW, strict=True)], moved(b, db))
        for (W, b), (dW, db) in zip(layers, slopes, strict=True)
    ]
    return value, new


def repeated(step, layers, *rest):
    """A function that makes one step, from the weights of the step before, and returns the loss."""

    def call():
        nonlocal layers
        value, layers = step(layers, *rest)
        return value

    return call


def ours():
    layers, X, y, lr = start()
    arrays = [(numpy.array(W), numpy.array(b)) for W, b in layers]
    return repeated(step, arrays, numpy.array(X), numpy.array(y), lr)


def ours_with_lists():
    return repeated(step_of_lists, *start())


def ours_with_model():
    layers, X, y, lr = start()
    model = nn.MLP(SIZES[0], SIZES[1:], "relu")
    for layer, (W, b) in zip(model.layers, layers, strict=True):
        for neuron, w, b_j in zip(layer.neurons, W, b, strict=True):
            neuron.b.data = b_j
            for parameter, w_i in zip(neuron.w, w, strict=True):
                parameter.data = w_i

    @jit
    def loss_of():
        return hinge(list(map(model, X)), y) + 1e-4 * sum(p * p for p in model.parameters())

    optimizer = nn.SGD(model.parameters(), lr=lr)

    def call():
        total = loss_of()
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        return total.data

    return call


def main():
    contestants = {made.__name__: made() for made in (ours, ours_with_lists, ours_with_model)}
    losses = {name: [call() for _ in range(10)] for name, call in contestants.items()}
    for found in losses.values():
        assert max(abs(a - b) for a, b in zip(found, losses["ours"], strict=True)) < 1e-9
    times = in_turns({name: Contestant(call) for name, call in contestants.items()}, 12, 0.1)
    for name, seconds in times.items():
        print(f"{name:16} {seconds * 1e6:8.1f} us a step")


if __name__ == "__main__":
    main()
