"""Transforms on a function of 50 variables: its value, gradient, gradient as Values, and Hessian.

python benchmarks/derivatives.py
AUTOGRAD_PURE=1 python benchmarks/derivatives.py
"""

import json
import sys

from timing import quartile, seconds

import autograd
from autograd import Value, exp, grad, gradients, hessian, sum_of

POINT = [0.01 * i for i in range(50)]
RUNS = 21


def f(p):
    """About 250 nodes."""
    products = [p[i] * p[i + 1] * exp(p[i]) for i in range(len(p) - 1)]
    return sum_of(products) / (1 + sum_of([x * x for x in p]))


def graph_of_gradients():
    leaves = [Value(x) for x in POINT]
    return gradients(f(leaves), leaves)


def measure():
    """Milliseconds of each."""
    functions = {
        "f on floats": lambda: f(POINT),
        "grad(f)": lambda: grad(f)(POINT),
        "gradients of f": graph_of_gradients,
        "hessian(f)": lambda: hessian(f)(POINT),
    }
    times = {}
    for name, function in functions.items():
        times[name] = quartile([seconds(function)[0] for _ in range(RUNS)]) * 1e3
    return times


def main():
    times = measure()
    if "--json" in sys.argv:
        print(json.dumps(times))
        return
    print(f"a function of {len(POINT)} variables; autograd.Value is {autograd.backend_info()['engine']}")
    for name, ms in times.items():
        print(f"{name:18}{ms:9.3f} ms")


if __name__ == "__main__":
    main()
