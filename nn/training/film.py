"""Film: an animation of the decision boundary during training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nn.pictures.plots import axes, plot_decision_boundary

if TYPE_CHECKING:
    from collections.abc import Callable

    from nn.models.module import Module
    from nn.training.callbacks import Training


class Film:
    """A callback of `fit` that films the decision boundary, with a picture every few epochs.

    ``film = Film(X, y); fit(model, X, y, ..., callbacks=[film]); film.animation()``

    Args:
        X, y: the samples to show.
        every: the number of epochs between pictures.
        unit: the word before the epoch number in the title.
        options: options of `plot_decision_boundary`.
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
        """Add a picture of the model as it is now, from a training loop of your own."""
        self._model = model
        self._frames.append((epoch, model.state_dict(), loss))

    def animation(self, interval: int = 120) -> Any:
        """A matplotlib animation; ``.save("film.gif")``, or ``HTML(film.animation().to_jshtml())``.

        Args:
            interval: milliseconds from picture to picture.

        Raises:
            ValueError: if there are no pictures yet.
        """
        if self._model is None or not self._frames:
            raise ValueError("nothing was filmed yet: pass the film to fit, in callbacks=[film]")
        from matplotlib.animation import FuncAnimation

        model, ax = self._model, axes(None)
        draw = self._drawer(model, ax)
        return FuncAnimation(ax.figure, draw, frames=len(self._frames), interval=interval)

    def _drawer(self, model: Module, ax: Any) -> Callable[[int], Any]:
        def draw(i: int) -> Any:
            epoch, state, loss = self._frames[i]
            now = model.state_dict()
            model.load_state_dict(state)
            for scale in ax.figure.axes[1:]:  # the colour bar of the previous picture
                scale.remove()
            ax.clear()
            plot_decision_boundary(model, self.X, self.y, ax, **self.options)
            model.load_state_dict(now)
            ax.set_title(f"{self.unit} {epoch}   loss {loss:.3f}", loc="left")
            return ax.get_children()

        return draw
