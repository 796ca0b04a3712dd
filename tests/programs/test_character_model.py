"""A small transformer of characters, written on single numbers, trains through jit as it does eagerly.

The rows of the tables are looked up outside of jit, and passed with one-hot targets: a program is kept for
each length of name. The model is that of benchmarks/character_model.py, narrower.
"""

import random

import pytest

from autograd import dot, jit, log, relu, softmax, sum_of, value_and_grad

NAMES = ["emma", "mia", "olivia", "ava", "zoe", "noah"]
LETTERS = sorted(set("".join(NAMES)))
END = len(LETTERS)
WIDTH, HEADS = 6, 2
HEAD = WIDTH // HEADS


def matrix(generator, rows, columns):
    return [[generator.gauss(0.0, 0.3) for _ in range(columns)] for _ in range(rows)]


def make_weights():
    generator = random.Random(42)
    tables = {"token": matrix(generator, END + 1, WIDTH), "position": matrix(generator, 10, WIDTH)}
    shared = {name: matrix(generator, WIDTH, WIDTH) for name in ("query", "key", "value", "out")}
    shared["widen"] = matrix(generator, 2 * WIDTH, WIDTH)
    shared["narrow"] = matrix(generator, WIDTH, 2 * WIDTH)
    shared["logits"] = matrix(generator, END + 1, WIDTH)
    return tables, shared


def linear(x, weights):
    return [sum_of([w_i * x_i for w_i, x_i in zip(row, x, strict=True)]) for row in weights]


def normalise(x):
    scale = (sum_of([x_i * x_i for x_i in x]) / len(x) + 1e-5) ** -0.5
    return [x_i * scale for x_i in x]


def next_token(weights, x, keys, values):
    """The logits of the next token, attending to what was said before."""
    before = normalise(x)
    x = normalise(before)
    query = linear(x, weights["query"])
    keys.append(linear(x, weights["key"]))
    values.append(linear(x, weights["value"]))
    x = []
    for start in range(0, WIDTH, HEAD):
        q = query[start : start + HEAD]
        attention = softmax([dot(q, k[start : start + HEAD]) / HEAD**0.5 for k in keys])
        x += [dot(attention, [v[start + j] for v in values]) for j in range(HEAD)]
    before = [a + b for a, b in zip(linear(x, weights["out"]), before, strict=True)]
    x = [relu(x_i) for x_i in linear(normalise(before), weights["widen"])]
    x = [a + b for a, b in zip(linear(x, weights["narrow"]), before, strict=True)]
    return linear(x, weights["logits"])


def loss(weights, rows, targets):
    keys, values, losses = [], [], []
    for row, target in zip(rows, targets, strict=True):
        probabilities = softmax(next_token(weights, row, keys, values))
        losses.append(-log(dot(probabilities, target)))
    return sum_of(losses) / len(losses)


def train(step, steps):
    """The losses of some steps of gradient descent, a name each."""
    tables, shared = make_weights()
    losses = []
    for k in range(steps):
        name = NAMES[k % len(NAMES)]
        tokens = [END, *map(LETTERS.index, name), END]
        places = list(enumerate(tokens[:-1]))
        rows = [
            [t + p for t, p in zip(tables["token"][token], tables["position"][i], strict=True)]
            for i, token in places
        ]
        targets = [[float(j == token) for j in range(END + 1)] for token in tokens[1:]]
        value, (by_weights, by_rows) = step(shared, rows, targets)
        losses.append(value)
        for key, table in shared.items():
            for row, by_row in zip(table, by_weights[key], strict=True):
                for j, slope in enumerate(by_row):
                    row[j] -= 0.1 * slope
        for (i, token), by_row in zip(places, by_rows, strict=True):
            for j, slope in enumerate(by_row):
                tables["token"][token][j] -= 0.1 * slope
                tables["position"][i][j] -= 0.1 * slope
    return losses


@pytest.mark.parametrize("backend", ["python", "auto"])
def test_a_character_model_trains_through_jit_as_eagerly(backend):
    """The same losses, and one program for each length of name."""
    step = value_and_grad(loss, (0, 1))
    jitted = jit(step, backend=backend)
    eagerly, compiled = train(step, 18), train(jitted, 18)
    assert compiled == pytest.approx(eagerly, rel=1e-9)
    assert eagerly[-6:] < eagerly[:6]
    assert len(jitted.programs) == len({len(name) for name in NAMES})
