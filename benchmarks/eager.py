"""Chains: nanoseconds per node to build, differentiate and free a graph, beside microgpt and micrograd.

About 100,000 nodes: ten chains of ``x = tanh(x*a + b)``, forward, backward, and freeing. Each engine runs
in turn, several times, with Python's cyclic garbage collector on and off.

    python benchmarks/eager.py
    AUTOGRAD_PURE=1 python benchmarks/eager.py
"""

import json
import sys
import tracemalloc

from microgpt_value import MicrogptValue
from timing import collecting, quartile, seconds

import autograd

try:
    from micrograd.engine import Value as MicrogradValue  # pip install micrograd
except ImportError:
    MicrogradValue = None

CHAINS, LINKS, RUNS = 10, 3333, 9
NODES = 3 * CHAINS * LINKS
OURS = "autograd.Value"


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
    built, kept = seconds(build, value)
    total, a = kept
    swept, _ = seconds(total.backward)
    gradient = a.grad
    kept = [total]
    del total
    freed, _ = seconds(kept.clear)
    return [t / NODES * 1e9 for t in (built, swept, freed)], gradient


def bytes_per_node(value):
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = build(value)
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    del kept
    return used / NODES


def measure():
    """A row for each engine, with gc on and off: forward, backward, free (ns), bytes, and how much slower."""
    sys.setrecursionlimit(10**6)  # both peers sort by recursion
    engines = {"microgpt": MicrogptValue, OURS: autograd.Value}
    if MicrogradValue is not None:
        MicrogradValue.tanh = MicrogradValue.relu  # it has no tanh; its relu costs the same or less
        engines["micrograd"] = MicrogradValue
    size = {name: bytes_per_node(value) for name, value in engines.items()}
    rows = []
    for gc_is_on in (True, False):
        times = {name: [] for name in engines}
        gradients = {}
        for _ in range(RUNS):
            for name, value in engines.items():
                with collecting(gc_is_on):
                    row, gradients[name] = run(value)
                times[name].append(row)
        assert abs(gradients[OURS] / gradients["microgpt"] - 1.0) < 1e-12
        typical = {name: [quartile(column) for column in zip(*rows)] for name, rows in times.items()}  # noqa: B905
        ours = sum(typical[OURS][:2])
        for name, (forward, backward, free) in typical.items():
            rows.append(
                {
                    "gc": "on" if gc_is_on else "off",
                    "engine": name,
                    "forward": forward,
                    "backward": backward,
                    "free": free,
                    "bytes": size[name],
                    "slower": (forward + backward) / ours,
                }
            )
    return rows


def main():
    rows = measure()
    if "--json" in sys.argv:
        print(json.dumps(rows))
        return
    print(f"{NODES} nodes; autograd.Value is {autograd.backend_info()['engine']}; ns and bytes per node")
    print(f"{'gc':4}{'engine':16}{'forward':>9}{'backward':>9}{'free':>6}{'bytes':>7}{'slower':>9}")
    for row in rows:
        print(
            "{gc:4}{engine:16}{forward:9.0f}{backward:9.0f}{free:6.0f}{bytes:7.0f}{slower:9.2f}".format(**row)
        )


if __name__ == "__main__":
    main()
