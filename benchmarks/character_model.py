"""A training step of a character model, written on single numbers; only Value is exchanged.

A transformer after the description of Karpathy's microgpt.py (2026): one layer, 16 wide, 4 heads, RMS
normalisation, no biases, relu, Adam; 4,192 parameters, about 61,000 nodes for a name of seven letters.
Every engine trains on the same names from the same weights, and ends at the same loss.

    python benchmarks/character_model.py
"""

import random
import sys

from microgpt_value import MicrogptValue
from timing import in_turn, report

import autograd

NAMES = ["william", "mateo", "charlotte", "sofia", "amelia"]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
END = len(LETTERS)  # the token before the first letter and after the last
WIDTH, HEADS, BLOCK = 16, 4, 16
HEAD = WIDTH // HEADS
TURNS = 10


def make_weights(value):
    generator = random.Random(42)

    def matrix(rows, columns):
        return [[value(generator.gauss(0.0, 0.08)) for _ in range(columns)] for _ in range(rows)]

    return {
        "token": matrix(END + 1, WIDTH),
        "position": matrix(BLOCK, WIDTH),
        "query": matrix(WIDTH, WIDTH),
        "key": matrix(WIDTH, WIDTH),
        "value": matrix(WIDTH, WIDTH),
        "out": matrix(WIDTH, WIDTH),
        "widen": matrix(4 * WIDTH, WIDTH),
        "narrow": matrix(WIDTH, 4 * WIDTH),
        "logits": matrix(END + 1, WIDTH),
    }


def linear(x, matrix):
    return [sum(w_i * x_i for w_i, x_i in zip(row, x)) for row in matrix]  # noqa: B905


def softmax(xs):
    highest = max(x.data for x in xs)
    exponentials = [(x - highest).exp() for x in xs]
    total = sum(exponentials)
    return [e / total for e in exponentials]


def normalise(x):
    mean_square = sum(x_i * x_i for x_i in x) / len(x)
    scale = (mean_square + 1e-5) ** -0.5
    return [x_i * scale for x_i in x]


def next_token(weights, token, position, keys, values):
    """The logits of the next token, attending to what was said before."""
    x = [t + p for t, p in zip(weights["token"][token], weights["position"][position])]  # noqa: B905
    x = before = normalise(x)
    x = normalise(x)
    query = linear(x, weights["query"])
    keys.append(linear(x, weights["key"]))
    values.append(linear(x, weights["value"]))
    x = []
    for start in range(0, WIDTH, HEAD):
        q = query[start : start + HEAD]
        scores = [sum(q[j] * k[start + j] for j in range(HEAD)) / HEAD**0.5 for k in keys]
        attention = softmax(scores)
        x += [sum(a * v[start + j] for a, v in zip(attention, values)) for j in range(HEAD)]  # noqa: B905
    x = before = [a + b for a, b in zip(linear(x, weights["out"]), before)]  # noqa: B905
    x = [x_i.relu() for x_i in linear(normalise(x), weights["widen"])]
    x = [a + b for a, b in zip(linear(x, weights["narrow"]), before)]  # noqa: B905
    return linear(x, weights["logits"])


class Training:
    def __init__(self, value):
        self.weights = make_weights(value)
        self.parameters = [p for matrix in self.weights.values() for row in matrix for p in row]
        self.first = [0.0] * len(self.parameters)  # Adam's moments
        self.second = [0.0] * len(self.parameters)
        self.steps = 0

    def step(self):
        """Forward, backward and Adam's update for one name; gives the loss."""
        name = NAMES[self.steps % len(NAMES)]
        tokens = [END, *map(LETTERS.index, name), END]
        keys, values, losses = [], [], []
        for position in range(len(tokens) - 1):
            logits = next_token(self.weights, tokens[position], position, keys, values)
            losses.append(-softmax(logits)[tokens[position + 1]].log())
        loss = (1 / len(losses)) * sum(losses)
        loss.backward()
        self.steps += 1
        for i, p in enumerate(self.parameters):
            self.first[i] = 0.85 * self.first[i] + 0.15 * p.grad
            self.second[i] = 0.99 * self.second[i] + 0.01 * p.grad**2
            mean = self.first[i] / (1 - 0.85**self.steps)
            square = self.second[i] / (1 - 0.99**self.steps)
            p.data -= 0.01 * mean / (square**0.5 + 1e-8)
            p.grad = 0
        return loss.data


def measure():
    sys.setrecursionlimit(10**6)
    contestants = {
        "microgpt": (Training(MicrogptValue).step, True),
        "autograd.Value": (Training(autograd.Value).step, True),
        "microgpt, gc off": (Training(MicrogptValue).step, False),
    }
    times, losses = in_turn(contestants, TURNS, steps=2 * len(NAMES))
    assert abs(losses["microgpt"] / losses["autograd.Value"] - 1.0) < 1e-9, losses
    return {name: seconds * 1e3 for name, seconds in times.items()}


if __name__ == "__main__":
    report("one training step", measure())
