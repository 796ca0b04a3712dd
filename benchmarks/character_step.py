"""Row c of training.py: a step of the character model of character_model.py with Adam, under one `jit`.

The tokens of a name are the rows of two tables of zeros and a one; embeddings and losses are products with
them. All weights are arguments and results, arrays by their names; a program is kept for each length of name.

    python benchmarks/character_step.py
"""

import time

import character_model
import numpy
from character_model import END, HEAD, HEADS, LETTERS, NAMES, WIDTH
from turns import Contestant, in_turns

from autograd import Value, exp, jit, log, relu, value_and_grad

LR, BETAS, EPS = 0.01, (0.85, 0.99), 1e-8


def start():
    """The weights, lists of rows by their names, and the tokens of the names, with those of the ends."""
    return character_model.make_weights(float), [tokens_of(name) for name in NAMES]


def tokens_of(name):
    return [END, *map(LETTERS.index, name), END]


def elementwise(f):
    """The function for arrays of numbers or Values."""
    return numpy.frompyfunc(f, 1, 1)


def normalise(x):
    scale = ((x * x).sum(axis=1, keepdims=True) / WIDTH + 1e-5) ** -0.5
    return x * scale


def attention(query, keys, values):
    """What a head says of a position, given the keys and values of all positions up to it."""
    powers = elementwise(exp)(keys @ query / HEAD**0.5)
    return powers @ values / powers.sum()


def loss(w, tokens, targets):
    """The mean loss of the positions of a name, whose tokens and targets are rows of zeros and a one."""
    n = len(tokens)
    x = before = normalise(tokens @ w["token"] + w["position"][:n])
    x = normalise(x)
    query, keys, values = (x @ w[name].T for name in ("query", "key", "value"))
    heads = [slice(start, start + HEAD) for start in range(0, HEADS * HEAD, HEAD)]
    x = numpy.array(
        [
            [y for h in heads for y in attention(query[i, h], keys[: i + 1, h], values[: i + 1, h])]
            for i in range(n)
        ]
    )
    x = before = x @ w["out"].T + before
    x = elementwise(relu)(normalise(x) @ w["widen"].T)
    x = x @ w["narrow"].T + before
    logits = x @ w["logits"].T
    powers = elementwise(exp)(logits)
    return (elementwise(log)(powers.sum(axis=1)) - (targets * logits).sum(axis=1)).sum() / n


def adam(w, g, first, second, t):
    """New weights and moments of one array."""
    first = BETAS[0] * first + (1.0 - BETAS[0]) * g
    second = BETAS[1] * second + (1.0 - BETAS[1]) * g**2
    mean, square = first / (1.0 - BETAS[0] ** t), second / (1.0 - BETAS[1] ** t)
    return w - LR * mean / (square**0.5 + EPS), first, second


@jit
def step(state, t, tokens, targets):
    value, slopes = value_and_grad(loss)({name: w for name, (w, _, _) in state.items()}, tokens, targets)
    return value, {name: adam(w, slopes[name], *moments, t) for name, (w, *moments) in state.items()}


def ours(names=NAMES):
    """A function that makes one step, for one name after the other, and returns the loss."""
    weights = {name: numpy.array(rows) for name, rows in start()[0].items()}
    state = {name: (w, numpy.zeros(w.shape), numpy.zeros(w.shape)) for name, w in weights.items()}
    tables = [numpy.eye(END + 1)[tokens_of(name)] for name in names]
    steps = 0

    def call():
        nonlocal state, steps
        table = tables[steps % len(tables)]
        steps += 1
        value, state = step(state, float(steps), table[:-1], table[1:])
        return value

    return call


def main():
    call, eager = ours(), character_model.Training(Value)
    for name in [*NAMES, *NAMES]:
        known = len(step.programs)
        began = time.perf_counter()
        value = call()
        took = time.perf_counter() - began
        if len(step.programs) > known:
            lines = max(map(len, step.programs))
            print(f"first call for {len(name)} letters: {took:.2f} s; at most {lines:,} lines so far")
        assert abs(value - eager.step()) < 1e-9
    print("the losses of ten steps are those of character_model.py")
    for name in dict(zip(map(len, NAMES), NAMES, strict=True)).values():
        times = in_turns({name: Contestant(ours([name]))}, 12, 0.1)
        print(f"{len(name)} letters: {times[name] * 1e6:.0f} us a step")


if __name__ == "__main__":
    main()
