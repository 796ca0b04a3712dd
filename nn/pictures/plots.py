"""Plots of a model's decisions and errors, with matplotlib; each function returns the axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nn.data.tables import as_rows, as_targets
from nn.evaluation.metrics import classes_of, confusion_matrix
from nn.evaluation.predicting import predict, probabilities_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nn.models.module import Module

# Blue, orange, green ...: distinct for colour-blind readers too (Okabe and Ito 2008).
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#333333")
MARKERS = "os^DvP*X"


def axes(ax: Any, size: tuple[float, float] = (5.0, 4.0)) -> Any:
    """The given axes, or the axes of a new figure."""
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError("pictures of training need matplotlib: pip install matplotlib") from None
    return pyplot.subplots(figsize=size, layout="constrained")[1]


def plot_decision_boundary(
    model: Module, X: Any, y: Any, ax: Any = None, *, steps: int = 60, names: Sequence[str] = ()
) -> Any:
    """Plot the outputs of a model over the plane of its two inputs, with the samples on top.

    If targets are classes (ints, or one-hot rows), the plane has the colours of the classes, shaded by
    confidence, with a line at each boundary. Otherwise, and for an output of kind "values"
    (`Module.outputs`), the plane has the colours of the output numbers.

    Args:
        model: a model of two inputs.
        X, y: the samples, and their classes or numbers.
        ax: the axes to draw on; by default the axes of a new figure.
        steps: the number of points to compute in each direction.
        names: names of the classes.

    Raises:
        ValueError: if a sample does not have two numbers, or single outputs could be either probabilities or
            logits.
    """
    import numpy as np

    X, y = as_rows(X), as_targets(y)
    if len(X[0]) != 2:
        raise ValueError(f"a decision boundary needs two numbers for each sample, and X[0] has {len(X[0])}")
    ax = axes(ax)
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
        outputs.outputs = "logits"  # the boundary at equal scores or at 0 is no guess
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
    """Colour the plane by the probability of the second class."""
    from matplotlib.colors import LinearSegmentedColormap

    second = probabilities.reshape(len(up), len(across))
    colours = LinearSegmentedColormap.from_list("classes", [COLOURS[0], "white", COLOURS[1]])
    _plane(ax, across, up, colours(second)[..., :3])
    ax.contour(across, up, second, levels=[0.5], colors="#333333", linewidths=1.2)


def _several(ax: Any, across: Any, up: Any, probabilities: Any) -> None:
    """Colour the plane by the probabilities of several classes."""
    import numpy as np
    from matplotlib.colors import to_rgb

    classes = probabilities.shape[1]
    colours = np.array([to_rgb(COLOURS[i % 8]) for i in range(classes)])
    best = probabilities.argmax(axis=1).reshape(len(up), len(across))
    _plane(ax, across, up, (probabilities @ colours).reshape(len(up), len(across), 3))
    for i in range(1, classes):
        ax.contour(across, up, best >= i, levels=[0.5], colors="#333333", linewidths=1.0)


def _plane(ax: Any, across: Any, up: Any, colours: Any) -> None:
    """A smooth field of colours, half as strong as the colours of the samples."""
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
    """Plot the counts of samples by actual class (rows) and predicted class (columns)."""
    matrix = confusion_matrix(predicted, labels)
    ax = axes(ax, (4.5, 4.0))
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
