"""History: the numbers of each epoch of a training, as a table and as a plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nn.pictures.plots import COLOURS, axes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class History:
    """The history of a training: a row of numbers for each epoch.

    ``history["loss"]`` is a column; ``print(history)`` shows the table, and `to_frame` makes a pandas frame.

    Attributes:
        rows: for each epoch a dict of epoch, loss, lr, seconds, and metrics; the loss and metrics of the
            validation samples have names with "val_" in front.
        stopped: why the training ended before the last epoch, or "".
        eager: why a training that was to be compiled was eager, or "".
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self.stopped = ""
        self.eager = ""

    def __getitem__(self, column: str) -> list[float]:
        if self.rows and column not in self.rows[0]:
            raise KeyError(f"the history has no column {column!r}, but {', '.join(self.rows[0])}")
        return [row[column] for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, float]]:
        return iter(self.rows)

    def plot(self, *columns: str, ax: Any = None) -> Any:
        """Plot columns by epoch, by default "loss" and "val_loss"; see `plot_history`."""
        for column in columns:
            self[column]  # raises an error for an unknown column
        return plot_history(self, columns or ("loss", "val_loss"), ax)

    def to_frame(self) -> Any:
        """A pandas data frame (needs pandas)."""
        from pandas import DataFrame

        return DataFrame(self.rows)

    def __str__(self) -> str:
        if not self.rows:
            return "no epoch was finished" + (f": {self.stopped}" if self.stopped else "")
        shown = self.rows if len(self.rows) <= 12 else [*self.rows[:5], {}, *self.rows[-5:]]
        columns = list(self.rows[0])
        lines = ["".join(f"{name:>14}" for name in columns)]
        for row in shown:
            lines.append("".join(f"{row[n]:>14.6g}" for n in columns) if row else f"{'...':>14}")
        return "\n".join([*lines, *([self.stopped] if self.stopped else [])])

    def __repr__(self) -> str:
        last = {name: round(number, 6) for name, number in self.rows[-1].items()} if self.rows else {}
        return f"<History of {len(self.rows)} epochs; the last: {last}>"


def plot_history(history: History, columns: Sequence[str] = ("loss", "val_loss"), ax: Any = None) -> Any:
    """Plot columns of a history by epoch, a line for each; columns that the history lacks are skipped."""
    if not history.rows:
        raise ValueError("there is nothing to plot: no epoch was finished")
    ax = axes(ax)
    for i, name in enumerate(column for column in columns if column in history.rows[0]):
        ax.plot(history["epoch"], history[name], color=COLOURS[i], label=name.replace("_", " "))
    ax.set(xlabel="epoch", ylim=(min(0.0, ax.get_ylim()[0]), None))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    return ax
