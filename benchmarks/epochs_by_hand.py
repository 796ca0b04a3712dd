"""Training on the digits by hand, an MLP 64-32-10 with Adam in batches of 32: with NumPy, and in C.

Whoever trains makes an `Epochs`: it needs NumPy only, so that peers use it, too.
"""

import numpy
from turns import Contestant

BATCH = 32
LR, BETAS, EPS = 0.02, (0.9, 0.999), 1e-8
CHECKED = 3  # epochs whose losses are compared


class Epochs(Contestant):
    """A training; called with seconds, its fastest epoch in that time.

    Attributes:
        result: the losses of its first epochs, which keep the order of the samples: those of all trainings
            from the same weights are the same.
    """

    def __init__(self, epoch, samples):
        """`epoch` is a function of an order of the samples: it trains once, and returns the mean loss."""
        losses = [float(epoch(numpy.arange(samples))) for _ in range(CHECKED)]
        draw = numpy.random.default_rng(0)
        super().__init__(lambda: epoch(draw.permutation(samples)))
        self.result = losses


def by_numpy(weights, X, y):
    """The training with matrices: parameters and gradients are parts of long arrays, which Adam goes over."""
    flat = numpy.concatenate([w.ravel() for w in weights])
    slopes, means, squares, spare, size = (numpy.zeros_like(flat) for _ in range(5))
    ends = numpy.cumsum([w.size for w in weights])[:-1]
    W1, b1, W2, b2 = parts_like(weights, flat, ends)
    dW1, db1, dW2, db2 = parts_like(weights, slopes, ends)
    rows, steps = numpy.arange(BATCH), 0

    def adam():
        nonlocal steps
        steps += 1
        numpy.multiply(means, BETAS[0], out=means)
        numpy.multiply(slopes, 1.0 - BETAS[0], out=spare)
        numpy.add(means, spare, out=means)
        numpy.multiply(squares, BETAS[1], out=squares)
        numpy.multiply(slopes, slopes, out=spare)
        numpy.multiply(spare, 1.0 - BETAS[1], out=spare)
        numpy.add(squares, spare, out=squares)
        numpy.sqrt(squares, out=size)
        numpy.multiply(size, 1.0 / (1.0 - BETAS[1] ** steps) ** 0.5, out=size)
        numpy.add(size, EPS, out=size)
        numpy.divide(means, size, out=spare)
        numpy.multiply(spare, LR / (1.0 - BETAS[0] ** steps), out=spare)
        numpy.subtract(flat, spare, out=flat)

    def step(x, labels):
        count = len(labels)
        h = numpy.tanh(x @ W1.T + b1)
        z = h @ W2.T + b2
        z -= z.max(axis=1, keepdims=True)
        d = numpy.exp(z)
        sums = d.sum(axis=1, keepdims=True)
        loss = numpy.log(sums).sum() - z[rows[:count], labels].sum()
        d /= sums
        d[rows[:count], labels] -= 1.0
        d /= count
        numpy.matmul(d.T, h, out=dW2)
        d.sum(axis=0, out=db2)
        back = d @ W2
        back *= 1.0 - h * h
        numpy.matmul(back.T, x, out=dW1)
        back.sum(axis=0, out=db1)
        adam()
        return loss

    def epoch(order):
        x, labels = X[order], y[order]
        firsts = range(0, len(order), BATCH)
        return sum([step(x[i : i + BATCH], labels[i : i + BATCH]) for i in firsts]) / len(order)

    return Epochs(epoch, len(X))


def parts_like(weights, flat, ends):
    """Views of a long array in the shapes of the weights."""
    return [part.reshape(w.shape) for part, w in zip(numpy.split(flat, ends), weights, strict=True)]


def by_c(module, weights, X, y):
    """The training in C: one call of a function of by_hand.c is an epoch in the given order."""
    weights = [w.copy() for w in weights]
    means, squares = ([numpy.zeros_like(w) for w in weights] for _ in range(2))
    targets, steps = numpy.eye(10)[y], 0

    def epoch(order):
        nonlocal steps
        loss = module.digits_epoch(weights, means, squares, X, targets, order, steps, LR)
        steps += -(-len(order) // BATCH)
        return loss

    return Epochs(epoch, len(X))
