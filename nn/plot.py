"""Pictures of training and of what a model does, with matplotlib; each function returns the axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nn.data import as_rows, as_targets
from nn.metrics import classes_of, confusion_matrix
from nn.prediction import predict, probabilities_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nn.callbacks import Training
    from nn.history import History
    from nn.module import Module

# Blue, orange, green ...: told apart by colour-blind readers too (Okabe and Ito 2008).
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#333333")
MARKERS = "os^DvP*X"


def _axes(ax: Any, size: tuple[float, float] = (5.0, 4.0)) -> Any:
    """The axes to draw on: those given, or those of a new figure."""
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError("pictures of training need matplotlib: pip install matplotlib") from None
    return pyplot.subplots(figsize=size, layout="constrained")[1]


def plot_history(history: History, columns: Sequence[str] = ("loss", "val_loss"), ax: Any = None) -> Any:
    """Columns of a history by epoch, a line each; those that it does not have are left out."""
    if not history.rows:
        raise ValueError("there is nothing to plot: no epoch was finished")
    ax = _axes(ax)
    for i, name in enumerate(column for column in columns if column in history.rows[0]):
        ax.plot(history["epoch"], history[name], color=COLOURS[i], label=name.replace("_", " "))
    ax.set(xlabel="epoch", ylim=(min(0.0, ax.get_ylim()[0]), None))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    return ax


def plot_decision_boundary(
    model: Module, X: Any, y: Any, ax: Any = None, *, steps: int = 60, names: Sequence[str] = ()
) -> Any:
    """What a model of two inputs makes of the plane, with the samples on it.

    Where targets are classes (ints, or one-hot rows) the plane has their colours, shaded by confidence, and
    a line where one meets another; else, and where a single output is a value (`Module.outputs`), it has
    the colours of the numbers that come out.

    Args:
        model: a model of two inputs.
        X, y: the samples, and their classes or numbers.
        ax: the axes to draw on; those of a new figure if left out.
        steps: how many points are computed in each direction.
        names: of the classes.

    Raises:
        ValueError: if the samples have something else than two numbers, or single outputs might be
            probabilities or logits.
    """
    import numpy as np

    X, y = as_rows(X), as_targets(y)
    if len(X[0]) != 2:
        raise ValueError(f"a plane has two numbers for each sample, and X[0] has {len(X[0])}")
    ax = _axes(ax)
    points = np.array(X)
    margin = 0.1 * (points.max(axis=0) - points.min(axis=0)) + 1e-9
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    across, up = (np.linspace(low[i], high[i], steps) for i in (0, 1))
    plane = [[a, b] for b in up.tolist() for a in across.tolist()]
    if isinstance(y[0], list):  # one-hot rows
        y = classes_of(y)
    outputs = predict(model, plane)
    several = isinstance(outputs[0], list)
    if outputs.outputs != "probabilities" and (several or -1 in y):
        outputs.outputs = "logits"  # where classes meet, at equal scores or at 0, is no guess
    classes_given = all(isinstance(label, int) or (several and label.is_integer()) for label in y)
    if not classes_given or outputs.outputs == "values":
        return _regression(ax, across, up, outputs, points, y)
    y = [int(label) for label in y]
    classes = sorted(set(y))
    probabilities = np.array(probabilities_of(outputs))
    if probabilities.ndim > 1:
        _several(ax, across, up, probabilities)
    else:
        _single(ax, across, up, probabilities)
    for i, label in enumerate(classes):
        mine = points[[j for j, other in enumerate(y) if other == label]]
        name = names[i] if i < len(names) else f"class {label}"
        ax.scatter(
            *mine.T, s=26, color=COLOURS[i % 8], marker=MARKERS[i % 8], edgecolor="white", lw=0.6, label=name
        )
    ax.legend(loc="upper right", framealpha=0.9, fontsize="small")
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    return ax


def _single(ax: Any, across: Any, up: Any, probabilities: Any) -> None:
    """Of the probability of the second class."""
    from matplotlib.colors import LinearSegmentedColormap

    second = probabilities.reshape(len(up), len(across))
    colours = LinearSegmentedColormap.from_list("classes", [COLOURS[0], "white", COLOURS[1]])
    _plane(ax, across, up, colours(second)[..., :3])
    ax.contour(across, up, second, levels=[0.5], colors="#333333", linewidths=1.2)


def _several(ax: Any, across: Any, up: Any, probabilities: Any) -> None:
    import numpy as np
    from matplotlib.colors import to_rgb

    classes = probabilities.shape[1]
    colours = np.array([to_rgb(COLOURS[i % 8]) for i in range(classes)])
    best = probabilities.argmax(axis=1).reshape(len(up), len(across))
    _plane(ax, across, up, (probabilities @ colours).reshape(len(up), len(across), 3))
    for i in range(1, classes):
        ax.contour(across, up, best >= i, levels=[0.5], colors="#333333", linewidths=1.0)


def _plane(ax: Any, across: Any, up: Any, colours: Any) -> None:
    """A smooth field of colours, half as strong as the samples on it."""
    extent = (across[0], across[-1], up[0], up[-1])
    pale = 1.0 - 0.55 * (1.0 - colours)
    ax.imshow(pale, origin="lower", extent=extent, aspect="auto", interpolation="bilinear")


def _regression(ax: Any, across: Any, up: Any, outputs: list[Any], points: Any, y: list[float]) -> Any:
    import numpy as np

    surface = np.array(outputs).reshape(len(up), len(across))
    low, high = min(surface.min(), min(y)), max(surface.max(), max(y))
    levels = np.linspace(low, high if high > low else low + 1.0, 21)
    filled = ax.contourf(across, up, surface, levels=levels, cmap="viridis")
    ax.scatter(
        *points.T, c=y, s=26, cmap="viridis", vmin=levels[0], vmax=levels[-1], edgecolor="white", lw=0.8
    )
    ax.figure.colorbar(filled, ax=ax, label="output")
    return ax


def plot_confusion(
    predicted: Sequence[int], labels: Sequence[int], names: Sequence[str] = (), ax: Any = None
) -> Any:
    """How many samples of each class, a row, were taken for each class, a column."""
    matrix = confusion_matrix(predicted, labels)
    ax = _axes(ax, (4.5, 4.0))
    ax.imshow(matrix, cmap="Blues")
    darkest = max(max(row) for row in matrix)
    for i, row in enumerate(matrix):
        for j, count in enumerate(row):
            ax.text(j, i, count, ha="center", va="center", color="white" if count > darkest / 2 else "black")
    places = range(len(matrix))
    shown = [names[i] if i < len(names) else str(i) for i in places]
    ax.set_xticks(places, shown)
    ax.set_yticks(places, shown, rotation=90, va="center")
    ax.set(xlabel="taken for", ylabel="class")
    return ax


class Film:
    """A callback of `fit` that makes a film of the decision boundary, a picture every few epochs.

    ``film = Film(X, y); fit(model, X, y, ..., callbacks=[film]); film.animation()``

    Args:
        X, y: the samples that are shown.
        every: how many epochs there are between pictures.
        unit: what is counted in the title.
        options: of `plot_decision_boundary`.
    """

    def __init__(self, X: Any, y: Any, every: int = 1, unit: str = "epoch", **options: Any) -> None:
        self.X, self.y, self.every, self.unit, self.options = X, y, every, unit, options
        self._frames: list[tuple[int, dict[str, float], float]] = []
        self._model: Module | None = None

    def __call__(self, training: Training) -> None:
        row = training.history.rows[-1]
        if (len(training.history) - 1) % self.every == 0:
            self.add(training.model, int(row["epoch"]), row["loss"])

    def add(self, model: Module, epoch: int, loss: float) -> None:
        """A picture of the model as it is now, for training loops of one's own."""
        self._model = model
        self._frames.append((epoch, model.state_dict(), loss))

    def animation(self, interval: int = 120) -> Any:
        """A matplotlib animation; ``.save("film.gif")``, or ``HTML(film.animation().to_jshtml())``.

        Args:
            interval: milliseconds from picture to picture.

        Raises:
            ValueError: if nothing was filmed yet.
        """
        if self._model is None or not self._frames:
            raise ValueError("nothing was filmed yet: pass the film to fit, in callbacks=[film]")
        from matplotlib.animation import FuncAnimation

        model, ax = self._model, _axes(None)
        draw = self._drawer(model, ax)
        return FuncAnimation(ax.figure, draw, frames=len(self._frames), interval=interval)

    def _drawer(self, model: Module, ax: Any) -> Callable[[int], Any]:
        def draw(i: int) -> Any:
            epoch, state, loss = self._frames[i]
            now = model.state_dict()
            model.load_state_dict(state)
            for scale in ax.figure.axes[1:]:  # of the picture before
                scale.remove()
            ax.clear()
            plot_decision_boundary(model, self.X, self.y, ax, **self.options)
            model.load_state_dict(now)
            ax.set_title(f"{self.unit} {epoch}   loss {loss:.3f}", loc="left")
            return ax.get_children()

        return draw
