"""Random lines over the whole table, and bits of numbers: what the tests of programs draw and compare."""

import math
import random

from autograd.graph.lines import replay
from autograd.table.op import TABLE

EDGES = (0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 2.0, 0.5, -3.0, 1e-300, 1e300)
TESTED = [op for op in TABLE.values() if op.builtin]
ARITHMETIC = [
    op for op in TESTED if op.name in "neg add sub mul div dot sum_of abs relu where maximum".split()
]


def bits(x):
    """A number as text that tells 0.0 from -0.0 and takes every nan as the same."""
    return float(x).hex()


def computed(lines, numbers):
    """The numbers of the inputs and of all lines, by the kernels of the engine that runs."""
    return replay(lines, numbers, lambda op, args: op.compute(*args))


def random_number(draw):
    return draw.choice(EDGES) if draw.random() < 0.3 else draw.gauss(0.0, 2.0)


def random_lines(seed, ops=None, inputs=3, count=12):
    """Lines that use each other, the latest most often; some repeat earlier ones."""
    draw = random.Random(seed)
    ops = TESTED if ops is None else ops
    lines = []

    def operand():
        places = inputs + len(lines)
        if draw.random() < 0.25:
            return random_number(draw)
        return places - 1 if draw.random() < 0.3 else draw.randrange(places)

    for _ in range(draw.randint(1, count)):
        if lines and draw.random() < 0.15:
            lines.append(draw.choice(lines))
            continue
        op = draw.choice(ops)
        if op.variadic:
            size = draw.randint(0 if draw.random() < 0.1 else 1, 4)
            lines.append((op, tuple([tuple([operand() for _ in range(size)]) for _ in range(op.arity)])))
        else:
            lines.append((op, tuple([operand() for _ in range(op.arity)])))
    return lines
