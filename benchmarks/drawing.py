"""Drawing: seconds from Values to DOT text, to SVG and to PNG, for graphs of several sizes.

The 66,000 operations and leaves are the loss of micrograd's demo, without modules. A graph of more than
300 boxes is folded, except "in full".
"""

import math
import random
import statistics
import time
from functools import partial

from autograd import Value, draw, tanh

TURNS = 5


def chain_of_neurons(count):
    """About so many Values: neurons of two inputs, one after the other."""
    x = Value(1.0, "x")
    for i in range(count // 5):
        x = tanh(x * Value(0.5, f"w{i}") + Value(0.1, f"b{i}"))
    x.backward()
    return x


def loss_of_the_demo():
    """MLP(2, [16, 16, 1]) on 100 samples, an operation for each product and sum."""
    weight = random.Random(1).uniform
    layers = [
        [([Value(weight(-1, 1)) for _ in range(n)], Value(0.0)) for _ in range(m)]
        for n, m in ((2, 16), (16, 16), (16, 1))
    ]
    losses = []
    for i in range(100):
        x = [Value(math.cos(i)), Value(math.sin(i))]
        for layer in layers:
            nets = [sum((w * x_i for w, x_i in zip(ws, x, strict=True)), b) for ws, b in layer]
            x = nets if layer is layers[-1] else [net.relu() for net in nets]
        losses.append((1 + (-1) ** i * x[0]).relu())
    decay = sum(p * p for layer in layers for ws, b in layer for p in [*ws, b])
    loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * decay
    loss.backward()
    return loss


def measured(function):
    """The median of several turns, in milliseconds."""
    times = []
    for _ in range(TURNS):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return 1000.0 * statistics.median(times)


def main():
    rows = [(f"{count:,} in full", chain_of_neurons(count), math.inf) for count in (20, 200, 2000)]
    rows.append(("2,000 folded", rows[-1][1], None))
    rows.append(("66,000 folded", loss_of_the_demo(), None))
    print(f"{'Values':<16}{'boxes':>8}{'draw':>10}{'svg':>10}{'png':>10}   milliseconds")
    for name, value, depth in rows:
        options = {"depth": depth, "limit": 1_000_000}
        picture = draw(value, **options)
        times = [measured(partial(draw, value, **options)), measured(picture.svg), measured(picture.png)]
        print(f"{name:<16}{picture.boxes:>8}" + "".join(f"{t:>10.0f}" for t in times))


if __name__ == "__main__":
    main()
