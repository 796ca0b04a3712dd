"""Derivatives and training loops at scale: how much each costs, over the evaluation or sweep it is made of.

All figures are ratios within one run, so the speed of the machine cancels. The two rows that compare with the
first version (e and j) print milliseconds, to be divided by those of a checkout of it.

    python benchmarks/at_scale.py [ROW ...]
    AUTOGRAD_PURE=1 python benchmarks/at_scale.py [ROW ...]
"""

import json
import os
import random
import sys
import time

from timing import quartile, seconds

import nn
from autograd import (
    Value,
    backend_info,
    check_grads,
    dot,
    exp,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    sum_of,
)

RUNS = 15
PURE = backend_info()["engine"] == "python"


def typical(*functions, runs=RUNS):
    """The lower quartile of the seconds of each function; they take turns."""
    times = [[] for _ in functions]
    for function in functions:
        function()
    for _ in range(runs):
        for function, taken in zip(functions, times, strict=True):
            taken.append(seconds(function)[0])
    return [quartile(taken) for taken in times]


def ratio(function, unit, runs=RUNS):
    one, other = typical(function, unit, runs=runs)
    return one / other


def jacobians():
    """The Jacobian of m samples by 3 parameters, over evaluating the function on Values."""
    found = {}
    for m in (50, 400, 1600, 6400):
        xs = [0.01 * i for i in range(m)]

        def f(b, xs=xs):
            return [b[0] * exp(-b[1] * x) + b[2] for x in xs]

        b = [1.5, 0.3, 0.2]
        found[m] = ratio(lambda f=f, b=b: jacobian(f)(b), lambda f=f, b=b: f([Value(x) for x in b]))
    return found


def rosenbrock(x):
    return sum_of([100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2 for i in range(len(x) - 1)])


def thousand(x):
    """A function of 1,000 variables, some 5,000 nodes."""
    return sum_of([x[i] * x[i + 1] * exp(0.1 * x[i]) for i in range(len(x) - 1)]) / (1.0 + dot(x, x))


POINT = [0.001 * i for i in range(1000)]
ALONG = [1.0 - 0.002 * i for i in range(1000)]


def leaves(point):
    return [Value(x) for x in point]


def forward_mode():
    return ratio(lambda: jvp(thousand, (POINT,), (ALONG,)), lambda: thousand(leaves(POINT)))


def hessian_vector():
    return ratio(lambda: hvp(thousand, (POINT,), (ALONG,)), lambda: grad(thousand)(POINT))


def graph_of_gradients():
    """gradients(), over backward(), of one and the same graph."""
    x = leaves(POINT)
    y = thousand(x)
    return ratio(lambda: gradients(y, x), y.backward)


def fifty(p):
    """The function of 50 variables of derivatives.py."""
    products = [p[i] * p[i + 1] * exp(p[i]) for i in range(len(p) - 1)]
    return sum_of(products) / (1 + sum_of([x * x for x in p]))


def hessian_of_fifty():
    """Milliseconds."""
    point = [0.01 * i for i in range(50)]
    return typical(lambda: hessian(fifty)(point))[0] * 1e3


def gradient_of_600():
    """grad over evaluation, and building f and its gradients as Values over f and backward()."""
    point = [0.5 + 0.001 * i for i in range(600)]

    def graph():
        x = leaves(point)
        return gradients(rosenbrock(x), x)

    def sweep():
        x = leaves(point)
        rosenbrock(x).backward()

    return [ratio(lambda: grad(rosenbrock)(point), lambda: rosenbrock(leaves(point))), ratio(graph, sweep)]


def checking():
    point = [0.3 + 0.01 * i for i in range(60)]
    return ratio(lambda: check_grads(fifty, point, order=2), lambda: grad(fifty)(point), runs=7)


def chain_rounds(rounds=20):
    """W1: ns per node of a first round chain by chain, and of the last of 20 rounds side by side."""
    links, chains = 3333, 10
    nodes = 3 * links * chains

    def chain_by_chain():
        a, b = Value(1.0), Value(0.001)
        total = Value(0.0)
        for i in range(chains):
            x = Value(i / chains)
            for _ in range(links):
                x = (x * a + b).tanh()
            total = total + x
        return total

    def side_by_side():
        a, b = Value(1.0), Value(0.001)
        xs = [Value(i / chains) for i in range(chains)]
        for _ in range(links):
            xs = [(x * a + b).tanh() for x in xs]
        total = Value(0.0)
        for x in xs:
            total = total + x
        return total

    def timed(build):
        forward, root = seconds(build)
        backward, _ = seconds(root.backward)
        return forward / nodes * 1e9, backward / nodes * 1e9

    first = [timed(chain_by_chain) for _ in range(5)]
    last = [timed(side_by_side) for _ in range(rounds)][-5:]
    unit = min(sum(pair) for pair in first)
    return {
        "ratio": min(sum(pair) for pair in last) / unit,
        "chain by chain": min(first),
        "side by side": min(last),
    }


def layers():
    """nn.MLP(2, [16, 16, 1]) forward and backward, over the same neurons written with dot."""
    model = nn.MLP(2, [16, 16, 1], activation="relu")
    samples = [[0.01 * i, 1.0 - 0.01 * i] for i in range(100)]
    weights = [
        [(tuple(neuron.w), neuron.b) for neuron in layer.neurons]
        for layer in (m for m in model.layers if hasattr(m, "neurons"))
    ]

    def by_hand():
        total = []
        for x in samples:
            h = x
            for layer in weights[:-1]:
                h = tuple([(dot(w, h) + b).relu() for w, b in layer])
            total.append(dot(weights[-1][0][0], h) + weights[-1][0][1])
        sum_of(total).backward()

    def by_model():
        sum_of([model(x) for x in samples]).backward()

    return ratio(by_model, by_hand, runs=11)


def digits():
    """Seconds of an epoch of eager fit on scikit-learn's digits, 64-32-10, batches of 32, Adam."""
    data = nn.datasets.digits()
    model = nn.MLP(64, [32, 10], activation="tanh")
    options = {"loss": "cross_entropy", "epochs": 1, "batch_size": 32, "lr": 1e-3, "progress": False}
    return typical(lambda: nn.fit(model, data.X, data.y, **options), runs=5)[0]


def operation():
    """A recorded product and its backward and freeing, over the same product on floats."""
    x, a, n = Value(1.0), Value(0.999), 20_000

    def on_values():
        y = x
        for _ in range(n):
            y = y * a
        y.backward()

    def on_floats():
        y = 1.0
        for _ in range(n):
            y = y * 0.999

    return ratio(on_values, on_floats)


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def memory():
    """A loop that keeps one node of each step, over these nodes; what a freed chain of ten million leaves."""
    x = Value(0.5)
    before = resident()
    kept = []
    for i in range(100_000):
        y = x
        for _ in range(30):
            y = y * 0.99
        kept.append((y + float(i)).detach())
        del y
    grown = resident() - before - sys.getsizeof(kept)
    del kept
    before = resident()
    y = Value(1.0)
    for _ in range(10_000_000 if not PURE else 1_000_000):
        y = y + 1.0
    peak = resident() - before
    del y
    return {"kept": grown / (100_000 * 80), "peak MB": peak / 1e6, "left MB": (resident() - before) / 1e6}


ROWS = {
    "a": jacobians,
    "b": forward_mode,
    "c": hessian_vector,
    "d": graph_of_gradients,
    "e": hessian_of_fifty,
    "f": gradient_of_600,
    "g": checking,
    "h": chain_rounds,
    "i": layers,
    "j": digits,
    "k": operation,
    "m": memory,
}


def main():
    random.seed(0)
    chosen = [name for name in sys.argv[1:] if name in ROWS] or list(ROWS)
    if "--json" in sys.argv:
        print(json.dumps({name: ROWS[name]() for name in chosen}))
        return
    print(f"autograd.Value is {backend_info()['engine']}")
    for name in chosen:
        start = time.perf_counter()
        found = ROWS[name]()
        print(f"{name}  {found}   ({ROWS[name].__name__}, {time.perf_counter() - start:.1f} s)", flush=True)


if __name__ == "__main__":
    main()
