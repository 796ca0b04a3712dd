"""Draw docs/training.svg: the time of a step or epoch of training, ours and that of the peers.

The figures are those that ``python benchmarks/training.py --peers --save benchmarks/training.json`` kept.
Needs matplotlib.

    python benchmarks/chart.py [FOLDER]    # the folder of the picture, by default docs
"""

import json
import sys
import textwrap
from pathlib import Path

import matplotlib

from nn.pictures.plots import COLOURS

HERE = Path(__file__).parent
COMMAND = "python benchmarks/training.py --peers"
ROWS = {  # the rows that are drawn: their titles, and the names of our own contestants
    "a": ("micrograd's demo: a step with its update", "scalar-autograd, @jit"),
    "b": ("1,797 digits, MLP 64-32-10: an epoch with Adam", "scalar-autograd, fit(compiled=True)"),
    "c": ("a character model: a step with Adam", "scalar-autograd, jit"),
}
OURS, PEER, TEXT = COLOURS[1], "#9aa5b1", "#24292f"
UNITS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}
STYLE = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "training",  # the same picture every time
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": TEXT,
    "axes.labelcolor": TEXT,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
}


def shown(seconds):
    """A time in its unit: "31 µs", "4.05 ms"."""
    unit, size = next((unit, size) for unit, size in UNITS.items() if seconds >= size or unit == "µs")
    number = seconds / size
    return f"{number:.0f} {unit}" if number >= 99.5 else f"{number:.3g} {unit}"


def draw(kept):
    """The figure of the kept figures of a run."""
    from matplotlib import pyplot

    rows = [row for row in ROWS if row in kept["times"]]
    bars = [len(kept["times"][row]["seconds"]) for row in rows]
    caption = [*textwrap.wrap(f"{kept['about']}.", 140), f"{COMMAND} measures it."]
    figure, axes = pyplot.subplots(
        len(rows),
        squeeze=False,
        sharex=True,
        figsize=(8.0, 0.27 * sum(bars) + 0.5 * len(rows) + 0.5 + 0.16 * len(caption)),
        height_ratios=bars,
        layout="constrained",
    )
    for row, ax in zip(rows, axes[:, 0], strict=True):
        title, ours = ROWS[row]
        times = sorted(kept["times"][row]["seconds"].items(), key=lambda time: time[1])
        names = [{"ours": ours, "eager fit": "scalar-autograd, eager fit"}.get(who, who) for who, _ in times]
        seconds = [time for _, time in times]
        drawn = ax.barh(names, seconds, color=[OURS if who == ours else PEER for who in names], height=0.72)
        ax.bar_label(drawn, [shown(time) for time in seconds], padding=4)
        for label in ax.get_yticklabels():
            label.set_fontweight("bold" if label.get_text() == ours else "normal")
        ax.set_title(title, loc="left", fontsize=10, fontweight="bold")
        ax.set(xscale="log", ylim=(len(names) - 0.5, -0.5))
        ax.minorticks_off()
        ax.tick_params(left=False)
        ax.grid(axis="x", color="#d0d7de", linewidth=0.6)
        ax.set_axisbelow(True)
        ax.spines[["top", "right", "left"]].set_visible(False)
    every = [time for row in rows for time in kept["times"][row]["seconds"].values()]
    last = axes[-1, 0]
    last.set_xlim(min(every) / 3.0, max(every) * 3.0)  # room for the times beside the bars
    last.xaxis.set_major_formatter(lambda time, _: shown(time))
    last.set_xlabel("time, on a logarithmic axis: shorter is better")
    figure.supxlabel("\n".join(caption), x=0.01, ha="left", fontsize=7.5)
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.06)
    return figure


def main(folder):
    matplotlib.use("svg")
    kept = json.loads((HERE / "training.json").read_text(encoding="utf-8"))
    with matplotlib.rc_context(STYLE):
        draw(kept).savefig(folder / "training.svg", metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "docs")
