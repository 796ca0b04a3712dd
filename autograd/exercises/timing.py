"""Times of calls, and a chart of them, for the notebooks 06_trace_and_jit and 08_digits."""

from __future__ import annotations

from time import perf_counter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


def seconds(f: Callable[..., object], *args: Any, runs: int = 50) -> float:
    """The time of the shortest call of `f(*args)`: all else that a machine does makes calls longer only."""
    times = []
    for _ in range(runs):
        start = perf_counter()
        f(*args)
        times.append(perf_counter() - start)
    return min(times)


def bars(times: Mapping[str, float]) -> Any:
    """A chart of times in seconds: a bar for each name, with how many times as long as the shortest it is."""
    from matplotlib import pyplot

    least, most = min(times.values()), max(times.values())
    scale, unit = (1e6, "microseconds") if most < 1e-3 else (1e3, "milliseconds")
    ax = pyplot.subplots(figsize=(6.0, 0.6 + 0.4 * len(times)))[1]
    drawn = ax.barh(list(times), [scale * time for time in times.values()], color="#f2b134")
    ax.bar_label(drawn, [f" {scale * time:.3g}, {time / least:.3g} times" for time in times.values()])
    ax.set_xlabel(unit)
    ax.margins(x=0.3)
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    return ax
