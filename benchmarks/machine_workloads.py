"""The workloads of machine.py as a user writes them: losses and functions in Python, and their arguments."""

import math
import random
from itertools import pairwise

import numpy

from autograd import dot, exp, log, logsumexp, relu, sin, sqrt, sum_of, tanh, vmap
from nn import datasets

INPUTS = 100  # of an irregular program
MIX = {"+": 25, "-": 20, "*": 42, "/": 5, "tanh": 8}
MOST_ERROR = 100.0  # an irregular program magnifies rounding errors no further


def layer(W, b, x):
    return [dot(w, x) + b_j for w, b_j in zip(W, b, strict=True)]


def moons_loss(activation):
    """The hinge loss of an MLP 2-16-16-1, its mean over samples."""

    def hinge(params, x, label):
        W1, b1, W2, b2, W3, b3 = params
        h = [activation(z) for z in layer(W1, b1, x)]
        h = [activation(z) for z in layer(W2, b2, h)]
        (score,) = layer(W3, b3, h)
        return relu(1.0 - label * score)

    return vmap(hinge, in_axes=(None, 0, 0), reduce="mean")


def parameters(sizes, seed):
    """Weights and biases of layers, in turn."""
    draw = numpy.random.default_rng(seed)
    found = []
    for inputs, outputs in pairwise(sizes):
        found.append(draw.normal(size=(outputs, inputs)) / math.sqrt(inputs))
        found.append(draw.normal(size=outputs) * 0.1)
    return found


def moons_arguments(samples=100):
    points = datasets.moons(samples)
    return parameters([2, 16, 16, 1], 1), numpy.array(points.X), 2.0 * numpy.array(points.y) - 1.0


def digits_loss():
    """The cross-entropy of an MLP 64-32-10 with tanh, its mean over samples."""

    def cross_entropy(params, x, target):
        W1, b1, W2, b2 = params
        z = layer(W2, b2, [tanh(h) for h in layer(W1, b1, x)])
        return logsumexp(z) - dot(target, z)

    return vmap(cross_entropy, in_axes=(None, 0, 0), reduce="mean")


def digits_arguments():
    """Random pixels, as many as of the digits, and targets of a 1 among zeros."""
    draw = numpy.random.default_rng(2)
    return parameters([64, 32, 10], 3), draw.uniform(size=(32, 64)), numpy.eye(10)[draw.integers(0, 10, 32)]


def formula(x, y, z):
    """Some twenty operations."""
    a = x * y
    d = sin(a) + exp(-(z * z))
    f = tanh(d * x) / (1.0 + y * y)
    g = log(1.0 + f * f)
    return sqrt(g * g + a * a) * d + (f - z)


FORMULA_ARGUMENTS = 0.5, 0.6, 0.7


def rosenbrock(x):
    total = 0.0
    for i in range(len(x) - 1):
        d, e = x[i + 1] - x[i] * x[i], 1.0 - x[i]
        total = total + (100.0 * (d * d) + e * e)
    return total


def rosenbrock_arguments(n=100):
    return (numpy.random.default_rng(4).normal(size=n),)


class Irregular:
    """A random function of `INPUTS` numbers of `count` scalar lines, without any repetition.

    An operand is one of the last `near` results, one in ten times any earlier one. A result is used before
    it is no longer near, so that all lines count; those left at the end are summed. Operands are drawn again
    where the result or its bound of the rounding error grows too much, at last among the inputs: backends
    whose tanh differs in the last bit still agree.
    """

    def __init__(self, count, near, seed=0):
        draw = random.Random(f"{count} {near} {seed}")
        numbers = [draw.choice((-1.0, 1.0)) * draw.uniform(0.3, 1.0) for _ in range(INPUTS)]
        errors = [1.0] * INPUTS
        used = bytearray(INPUTS + count)
        self.lines = []
        for op in draw.choices(list(MIX), list(MIX.values()), k=count):
            top = len(numbers)
            recent = min(near, top)
            oldest = top - recent
            i = oldest if not used[oldest] else top - 1 - int(draw.random() * recent)
            for attempt in range(12):
                far = attempt > 7 or draw.random() < 0.1
                places = INPUTS if attempt > 7 else top
                j = int(draw.random() * places) if far else top - 1 - int(draw.random() * recent)
                out, error = with_error(op, numbers[i], errors[i], numbers[j], errors[j])
                if 0.1 <= abs(out) <= 2.0 and error < MOST_ERROR:
                    break
            else:
                op = "*"
                out, error = with_error(op, numbers[i], errors[i], numbers[j], errors[j])
            used[i] = 1
            used[j] |= op != "tanh"
            self.lines.append((op, i, j))
            numbers.append(out)
            errors.append(error + 1.0)
        self.unused = [place for place, is_used in enumerate(used) if not is_used]
        self.arguments = (numpy.array(numbers[:INPUTS]),)
        self.expected = math.fsum([numbers[place] for place in self.unused])

    def __call__(self, x):
        found = list(x)
        for op, i, j in self.lines:
            if op == "+":
                found.append(found[i] + found[j])
            elif op == "-":
                found.append(found[i] - found[j])
            elif op == "*":
                found.append(found[i] * found[j])
            elif op == "/":
                found.append(found[i] / found[j])
            else:
                found.append(tanh(found[i]))
        return sum_of([found[place] for place in self.unused])


def with_error(op, a, error_a, b, error_b):
    """The result, and the bound to which it magnifies the errors of its operands."""
    if op == "+":
        return a + b, error_a + error_b
    if op == "-":
        return a - b, error_a + error_b
    if op == "*":
        return a * b, error_a * abs(b) + error_b * abs(a)
    if op == "/":
        return a / b, (error_a + abs(a / b) * error_b) / abs(b)
    out = math.tanh(a)
    return out, error_a * (1.0 - out * out)
