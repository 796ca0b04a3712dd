"""W1: nanoseconds per node of building and differentiating a graph, beside microgpt's Value and micrograd.

About 100,000 nodes: ten chains of ``x = tanh(x*a + b)``, forward, backward, and freeing. Each engine runs
in turn, several times, with Python's cyclic garbage collector on and off; medians, and ratios in one run.

    python benchmarks/eager.py
"""

import gc
import platform
import statistics
import sys
import time
import tracemalloc

from microgpt_value import MicrogptValue

import autograd

try:
    from micrograd.engine import Value as MicrogradValue  # pip install micrograd
except ImportError:
    MicrogradValue = None

CHAINS, LINKS, RUNS = 10, 3333, 9
NODES = 3 * CHAINS * LINKS


def build(value):
    a, b = value(1.0), value(0.001)
    total = None
    for i in range(CHAINS):
        x = value(i / CHAINS)
        for _ in range(LINKS):
            x = (x * a + b).tanh()
        total = x if total is None else total + x
    return total, a


def run(value):
    """ns per node of forward, backward and free; and the gradient, which must be the same for all."""
    gc.collect()
    start = time.perf_counter()
    total, a = build(value)
    built = time.perf_counter()
    total.backward()
    swept = time.perf_counter()
    gradient = a.grad
    middle = time.perf_counter()
    del total
    freed = time.perf_counter()
    return [(t / NODES) * 1e9 for t in (built - start, swept - built, freed - middle)], gradient


def bytes_per_node(value):
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = build(value)
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    del kept
    return used / NODES


def main():
    sys.setrecursionlimit(10**6)  # both peers sort by recursion
    engines = {"microgpt's Value": MicrogptValue, "autograd.Value": autograd.Value}
    if MicrogradValue is not None:
        MicrogradValue.tanh = MicrogradValue.relu  # it has no tanh; its relu costs the same or less
        engines["micrograd (relu)"] = MicrogradValue
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}, {NODES} nodes"
    )
    print(
        f"{'gc':3} {'engine':18} {'forward':>8} {'backward':>8} {'both':>7} {'free':>7} {'bytes':>6}   faster"
    )
    size = {name: bytes_per_node(value) for name, value in engines.items()}
    for collecting in (True, False):
        (gc.enable if collecting else gc.disable)()
        times = {name: [] for name in engines}
        gradients = {}
        for _ in range(RUNS):
            for name, value in engines.items():
                row, gradients[name] = run(value)
                times[name].append(row)
        assert abs(gradients["autograd.Value"] / gradients["microgpt's Value"] - 1.0) < 1e-12
        medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in times.items()}  # noqa: B905
        ours = sum(medians["autograd.Value"][:2])
        for name, (forward, backward, free) in medians.items():
            on = "on" if collecting else "off"
            print(
                f"{on:3} {name:18} {forward:8.0f} {backward:8.0f} {forward + backward:7.0f} {free:7.0f} "
                f"{size[name]:6.0f}   {(forward + backward) / ours:.2f}"
            )
    gc.enable()


if __name__ == "__main__":
    main()
