"""Contestants that take turns, and the fastest call of each; needs no package, so that peers use it, too.

Other work of the machine only adds to times, so that the least of many is the best estimate of a call that
takes microseconds. Python's garbage collector is on, as it is for users.
"""

import gc
import timeit

LOOP = 2e-4  # seconds of the calls that are timed together: the clock takes some 1e-7


class Contestant:
    """A function with its arguments; called with seconds, the fastest of its calls in that time."""

    def __init__(self, f, *args):
        names = [f"x{i}" for i in range(len(args))]
        self.result = f(*args)
        call = f"f({', '.join(names)})"
        known = {"gc": gc, "f": f, **dict(zip(names, args, strict=True))}
        self.timer = timeit.Timer(call, "gc.enable()", globals=known)
        took = self.timer.timeit(1)
        if took < LOOP:
            took = min(self.timer.repeat(9, 10)) / 10
        self.calls = max(1, round(LOOP / took))

    def __call__(self, seconds):
        clock = timeit.default_timer
        end = clock() + seconds
        fastest = self.timer.timeit(self.calls)
        while clock() < end:
            fastest = min(fastest, self.timer.timeit(self.calls))
        return fastest / self.calls


class Steps(Contestant):
    """A function that makes some steps of a training; called with seconds, a step of its fastest call."""

    def __init__(self, f, count):
        super().__init__(f)
        self.count = count

    def __call__(self, seconds):
        return super().__call__(seconds) / self.count


def in_rounds(step, count):
    """A function of a single step as a contestant whose calls make so many; their losses are its result."""
    return Steps(lambda: [step() for _ in range(count)], count)


def in_turns(contestants, turns, seconds):
    """For each name the least of the times that its contestant gives in `turns` turns."""
    for contestant in contestants.values():
        contestant(0.0)
    found = [{name: run(seconds) for name, run in contestants.items()} for _ in range(turns)]
    return {name: min(times[name] for times in found) for name in contestants}
