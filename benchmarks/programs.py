"""Programs beside eager code: a training step of micrograd's demo, traced once and run many times.

100 two-moons points, an MLP 2-16-16-1 with relu in plain lists, hinge loss and L2; value and gradient. The
loss is written with `vmap`, and as the demo of micrograd writes it, in which `jit` finds the loop. Both run
eagerly, then through ``jit`` on each backend, in one process.

    python benchmarks/programs.py
    AUTOGRAD_PURE=1 python benchmarks/programs.py
"""

import math
import random
import time
from itertools import pairwise

from timing import in_turn

from autograd import backend_info, jit, relu, value_and_grad, vmap

SIZES = [2, 16, 16, 1]
POINTS = 100
TURNS = 5


def moons(generator):
    """Points on two half circles with noise, and their labels -1 and 1."""
    points, labels = [], []
    for i in range(POINTS):
        angle, label = math.pi * generator.random(), 1.0 if i % 2 else -1.0
        x, y = math.cos(angle), math.sin(angle)
        x, y = (x, y) if i % 2 else (1.0 - x, 0.5 - y)
        points.append([x + generator.gauss(0.0, 0.1), y + generator.gauss(0.0, 0.1)])
        labels.append(label)
    return points, labels


def network(generator):
    """For each layer a list of neurons: their weights and bias."""
    return [
        [([generator.uniform(-1.0, 1.0) for _ in range(inputs)], 0.0) for _ in range(outputs)]
        for inputs, outputs in pairwise(SIZES)
    ]


def score(layers, x):
    for i, layer in enumerate(layers):
        x = [sum((w_i * x_i for w_i, x_i in zip(w, x, strict=True)), b) for w, b in layer]
        if i < len(layers) - 1:
            x = [relu(x_i) for x_i in x]
    return x[0]


def hinge(layers, x, label):
    return relu(1.0 - label * score(layers, x))


def penalty(layers):
    weights = [w_i for layer in layers for w, b in layer for w_i in [*w, b]]
    return 1e-4 * sum(w * w for w in weights)


def loss(layers, points, labels):
    return vmap(hinge, in_axes=(None, 0, 0), reduce="mean")(layers, points, labels) + penalty(layers)


def loss_in_a_loop(layers, points, labels):
    scores = [score(layers, x) for x in points]
    losses = [relu(1.0 + -label * s) for label, s in zip(labels, scores, strict=True)]
    return sum(losses) * (1.0 / len(losses)) + penalty(layers)


def measure():
    generator = random.Random(1337)
    arguments = network(generator), *moons(generator)
    step, loop = value_and_grad(loss), value_and_grad(loss_in_a_loop)
    steps = {"eager": step}
    native = ["native"] * (backend_info()["engine"] == "native")
    for backend in ("python", "numpy", *native):
        steps[f"vmap, {backend}"] = jit(step, backend=backend)
        steps[f"a loop, {backend}"] = jit(loop, backend=backend)
    for name, contestant in steps.items():
        start = time.perf_counter()
        contestant(*arguments)
        print(f"first call, {name}: {(time.perf_counter() - start) * 1e3:.0f} ms")
    contestants = {name: (lambda f=f: f(*arguments), True) for name, f in steps.items()}
    times, results = in_turn(contestants, TURNS, steps=3)
    values = [value for value, _ in results.values()]
    assert max(values) - min(values) < 1e-12
    return {name: seconds * 1e3 for name, seconds in times.items()}


if __name__ == "__main__":
    times = measure()
    print(f"engine {backend_info()['engine']}")
    for name, milliseconds in times.items():
        print(
            f"{name:14} {milliseconds:8.2f} ms   {times['eager'] / milliseconds:6.1f} times as fast as eager"
        )
