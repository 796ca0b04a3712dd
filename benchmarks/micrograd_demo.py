"""A step of micrograd's demo, with micrograd's own layers; only Value is exchanged.

100 points of two moons, an MLP 2-16-16-1 with relu, the hinge loss and L2 of its notebook: forward,
backward, update; about 66,000 nodes. Needs ``pip install micrograd scikit-learn``.

    python benchmarks/micrograd_demo.py
"""

import random
import sys

import micrograd.engine
import micrograd.nn
from sklearn.datasets import make_moons
from timing import in_turn, report

import autograd

TURNS = 5


class Training:
    def __init__(self, value):
        self.value = value
        micrograd.nn.Value = value  # which its Neuron makes its parameters with
        random.seed(1337)
        self.model = micrograd.nn.MLP(2, [16, 16, 1])
        X, y = make_moons(n_samples=100, noise=0.1, random_state=1337)
        self.X, self.y = X.tolist(), (y * 2 - 1).tolist()

    def step(self):
        inputs = [list(map(self.value, row)) for row in self.X]
        scores = list(map(self.model, inputs))
        losses = [(1 + -y_i * score).relu() for y_i, score in zip(self.y, scores)]  # noqa: B905
        loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in self.model.parameters())
        self.model.zero_grad()
        loss.backward()
        for p in self.model.parameters():
            p.data -= 0.1 * p.grad
        return loss.data


def measure():
    sys.setrecursionlimit(10**6)
    contestants = {
        "micrograd, gc off": (Training(micrograd.engine.Value).step, False),
        "autograd.Value": (Training(autograd.Value).step, True),
        "micrograd": (Training(micrograd.engine.Value).step, True),
    }
    times, losses = in_turn(contestants, TURNS, steps=4)
    assert abs(losses["micrograd"] / losses["autograd.Value"] - 1.0) < 1e-9, losses
    return {name: seconds * 1e3 for name, seconds in times.items()}


if __name__ == "__main__":
    report("one step of micrograd's demo", measure())
