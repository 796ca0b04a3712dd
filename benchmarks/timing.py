"""Timing for the benchmarks: engines take turns in one process, and the lower quartile of each counts.

Other work on the machine only adds to times; the quartile leaves most of that out, for all engines alike.
"""

import gc
import json
import statistics
import sys
import time
from contextlib import contextmanager

import autograd


@contextmanager
def collecting(on):
    """With Python's cyclic garbage collector on or off."""
    gc.collect()
    (gc.enable if on else gc.disable)()
    try:
        yield
    finally:
        gc.enable()


def seconds(function, *args):
    start = time.perf_counter()
    result = function(*args)
    return time.perf_counter() - start, result


def quartile(times):
    return statistics.quantiles(times, n=4)[0]


def in_turn(contestants, turns, steps):
    """The seconds of a step of each contestant, and what its last step gave.

    Contestants are names with (step, whether gc is on). In a turn a contestant makes several steps, as in
    training, after a step that is not counted, since the caches hold the other contestants' data.
    """
    times = {name: [] for name in contestants}
    results = {}
    for _ in range(turns):
        for name, (step, gc_is_on) in contestants.items():
            with collecting(gc_is_on):
                step()
                for _ in range(steps):
                    time_taken, results[name] = seconds(step)
                    times[name].append(time_taken)
    return {name: quartile(taken) for name, taken in times.items()}, results


def report(what, times):
    """Print the milliseconds of each contestant, and their ratio to ours; as JSON with --json."""
    if "--json" in sys.argv:
        print(json.dumps(times))
        return
    print(f"{what}; autograd.Value is {autograd.backend_info()['engine']}")
    for name, ms in times.items():
        print(f"{name:18}{ms:9.2f} ms{ms / times['autograd.Value']:9.2f}")
