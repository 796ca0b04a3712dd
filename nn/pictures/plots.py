"""Plots of a model's decisions and errors, with matplotlib; each function returns the axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nn.data.tables import as_list, as_rows, as_targets
from nn.evaluation.metrics import class_numbers, classes_of, confusion_matrix, has_names
from nn.evaluation.predicting import predict, probabilities_of
from nn.models.module import class_names

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
        raise ImportError(
            "pictures of training need matplotlib: pip install matplotlib, or scalar-autograd[plot]"
        ) from None
    return pyplot.subplots(figsize=size, layout="constrained")[1]


def plot_decision_boundary(
    model: Module, X: Any, y: Any, ax: Any = None, *, steps: int = 60, names: Sequence[str] = ()
) -> Any:
    """Plot the outputs of a model over the plane of its two inputs, with the samples on top.

    If targets are classes (ints, names, or one-hot rows), the plane has the colours of the classes, shaded
    by confidence, with a line at each boundary; the legend stands beside it. Otherwise, and for an output of
    kind "values" (`Module.outputs`), the plane has the colours of the output numbers.

    Args:
        model: a model of two inputs.
        X, y: the samples, and their classes or numbers.
        ax: the axes to draw on; by default the axes of a new figure.
        steps: the number of points to compute in each direction.
        names: names of the classes; by default those that the model was fitted to.

    Raises:
        ValueError: if a sample does not have two numbers, or single outputs could be either probabilities or
            logits.
    """
    import numpy as np

    known = class_names(model)
    if has_names(y):
        known = known or sorted(set(map(str, as_list(y))))
        y = class_numbers(y, known)
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
    _classes(ax, across, up, np.array(probabilities_of(outputs)))
    for i, label in enumerate(classes):
        mine = points[[j for j, other in enumerate(y) if other == label]]
        given = names[i] if i < len(names) else None
        name = given or (known[label] if known and label in range(len(known)) else f"class {label}")
        ax.scatter(
            *mine.T, s=26, color=COLOURS[i % 8], marker=MARKERS[i % 8], edgecolor="white", lw=0.6, label=name
        )
    # Beside the axes no sample is covered; without a layout engine the figure would cut the legend off there.
    outside = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "frameon": False}
    ax.legend(fontsize="small", **(outside if ax.figure.get_layout_engine() else {"loc": "best"}))
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    return ax


def _classes(ax: Any, across: Any, up: Any, probabilities: Any) -> None:
    """Colour the plane by the probabilities of the classes, with a line at each boundary."""
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    single = probabilities.ndim == 1
    rows = np.stack([1.0 - probabilities, probabilities], axis=1) if single else probabilities
    # Between grid points logarithms are nearer to straight lines than probabilities are.
    logs = np.log(np.maximum(rows, 1e-300)).reshape(len(up), len(across), -1)
    across, up, logs = _finer(across, up, logs)
    shares = np.exp(logs - logs.max(axis=2, keepdims=True))
    shares /= shares.sum(axis=2, keepdims=True)
    if single:
        colours = LinearSegmentedColormap.from_list("classes", [COLOURS[0], "white", COLOURS[1]])
        _plane(ax, across, up, colours(shares[..., 1])[..., :3])
    else:
        _plane(ax, across, up, shares @ np.array([to_rgb(COLOURS[i % 8]) for i in range(logs.shape[2])]))
    for i in range(1 if single else 0, logs.shape[2]):
        lead = logs[..., i] - np.delete(logs, i, axis=2).max(axis=2)
        if lead.min() < 0.0 < lead.max():
            ax.contour(across, up, lead, levels=[0.0], colors="#333333", linewidths=1.1)


def _finer(across: Any, up: Any, values: Any, times: int = 4) -> tuple[Any, Any, Any]:
    """The grid with more points, and the values on it by linear interpolation."""
    import numpy as np

    def weights(points: Any) -> tuple[Any, Any]:
        fine = np.linspace(points[0], points[-1], times * (len(points) - 1) + 1)
        distances = np.abs(fine[:, None] - points[None, :]) / (points[1] - points[0])
        return fine, np.maximum(0.0, 1.0 - distances)

    (fine_across, right), (fine_up, left) = weights(across), weights(up)
    return fine_across, fine_up, np.einsum("ai,ijk,bj->abk", left, values, right, optimize=True)


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
    names = names or getattr(predicted, "classes", None) or ()
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
