"""History: what happened in training, epoch by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class History:
    """What happened in training: a row of numbers for each epoch.

    ``history["loss"]`` is one column; ``print(history)`` shows the table, `to_frame` gives it to pandas.

    Attributes:
        rows: for each epoch a dict of epoch, loss, lr, seconds, and the metrics; those of the validation
            samples begin with "val_".
        stopped: why it ended before the last epoch, or "".
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self.stopped = ""

    def __getitem__(self, column: str) -> list[float]:
        if self.rows and column not in self.rows[0]:
            raise KeyError(f"the history has no column {column!r}, but {', '.join(self.rows[0])}")
        return [row[column] for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, float]]:
        return iter(self.rows)

    def plot(self, *columns: str, ax: Any = None) -> Any:
        """Columns by epoch, "loss" and "val_loss" if none are named; see `plot_history`."""
        from nn.plot import plot_history

        for column in columns:
            self[column]  # refuses what is none
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
