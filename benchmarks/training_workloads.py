"""The workloads of training.py as a user writes them, their data, and row d by hand with NumPy."""

import time

import numpy
from epochs_by_hand import BATCH, CHECKED

import nn
from nn import datasets


def digits():
    """The images and classes of scikit-learn's digits."""
    data = datasets.digits()
    return numpy.array(data.X) / 16.0, numpy.array(data.y)


def digits_model(seed=0):
    return nn.MLP(64, [32, 10], "tanh", seed=seed)


def weights_of(model):
    """The weights W1, b1, W2, b2 of such a model, as arrays."""
    numbers, found = numpy.array([p.data for p in model.parameters()]), []
    for inputs, outputs in ((64, 32), (32, 10)):
        layer, numbers = numpy.split(numbers, [outputs * (inputs + 1)])
        layer = layer.reshape(outputs, inputs + 1)  # of each neuron the weights and the bias
        found += [layer[:, :-1].copy(), layer[:, -1].copy()]
    return found


class Fit:
    """A training on the digits by `nn.fit`; called with seconds, the fastest epoch of one that takes as long.

    Attributes:
        first: the seconds of the first epoch, which traces if the training is compiled.
        result: the losses of the first epochs, which keep the order of the samples.
    """

    def __init__(self, X, y, compiled):
        self.X, self.y, self.compiled = X, y, compiled
        ordered = nn.DataLoader(X, y, BATCH, shuffle=False)
        history = self.fit(CHECKED, ordered)
        if compiled and history.eager:
            raise RuntimeError(f"the training was not compiled: {history.eager}")
        self.result, seconds = history["loss"], history["seconds"]
        self.first, self.typical = seconds[0], min(seconds[1:])

    def fit(self, epochs, *data):
        """The history of a training from the same weights."""
        options = {"loss": "cross_entropy", "optimizer": "adam", "lr": 0.02, "epochs": epochs}
        options |= {} if data else {"batch_size": BATCH}
        data = data or (self.X, self.y)
        return nn.fit(digits_model(), *data, **options, compiled=self.compiled, progress=False)

    def __call__(self, seconds):
        return min(self.fit(2 + round(seconds / self.typical))["seconds"][1:])

    def whole(self, times=3):
        """Seconds of an epoch by whole trainings of 30 and 10 epochs: nothing that `fit` does is left out."""
        taken = {}
        for epochs in (10, 30) * times:
            start = time.perf_counter()
            self.fit(epochs)
            taken[epochs] = min(taken.get(epochs, numpy.inf), time.perf_counter() - start)
        return (taken[30] - taken[10]) / 20


def residuals(p, x, y):
    """What a decay with an offset leaves of measured points."""
    a, b, c = p
    return a * numpy.exp(-b * x) + c - y


def residuals_arguments(points):
    x = numpy.linspace(0.0, 5.0, points)
    noise = numpy.random.default_rng(5).normal(size=points)
    return numpy.array([2.0, 0.7, 0.3]), x, 2.1 * numpy.exp(-0.6 * x) + 0.2 + 0.05 * noise


def jacobian_by_hand(p, x, y):
    a, b, _ = p
    found = numpy.empty((len(x), 3))
    found[:, 0] = decay = numpy.exp(-b * x)
    found[:, 1] = -a * x * decay
    found[:, 2] = 1.0
    return found
