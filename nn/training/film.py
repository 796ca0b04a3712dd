"""Film: an animation of the decision boundary during training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nn.pictures.plots import axes, plot_decision_boundary

if TYPE_CHECKING:
    from collections.abc import Callable

    from nn.models.module import Module
    from nn.training.callbacks import Training


class Film:
    """A callback of `fit` that films the decision boundary, with a picture every few epochs.

    ``film = Film(X, y); fit(model, X, y, ..., callbacks=[film]); film.save("film.gif")``

    Args:
        X, y: the samples to show.
        every: the number of epochs between pictures.
        unit: the word before the epoch number in the title.
        options: options of `plot_decision_boundary`; `steps` is 25 by default.
    """

    def __init__(self, X: Any, y: Any, every: int = 1, unit: str = "epoch", **options: Any) -> None:
        self.X, self.y, self.every, self.unit, self.options = X, y, every, unit, {"steps": 25, **options}
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
        """A matplotlib animation, to show in a notebook: ``HTML(film.animation().to_jshtml())``.

        Args:
            interval: milliseconds from picture to picture.

        Raises:
            ValueError: if there are no pictures yet.
        """
        model, ax = self._filmed(), axes(None)
        from matplotlib.animation import FuncAnimation

        draw = self._drawer(model, ax)
        return FuncAnimation(ax.figure, draw, frames=len(self._frames), interval=interval)

    def save(self, path: str | Path, interval: int = 120, dpi: float = 100.0) -> None:
        """Save the film as an animated picture; needs matplotlib, which comes with ``scalar-autograd[plot]``.

        Args:
            path: the file, ".gif" or ".webp".
            interval: milliseconds from picture to picture.
            dpi: dots per inch; a picture is 5 by 4 inches.

        Raises:
            ValueError: for another ending of the name, or if there are no pictures yet.
        """
        path = Path(path)
        if path.suffix.lower() not in (".gif", ".webp"):
            raise ValueError(f"a film is saved as .gif or .webp, not as {path.name!r}")
        model, ax = self._filmed(), axes(None)
        import numpy as np
        from matplotlib import pyplot
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from PIL import Image

        figure, draw, pictures = ax.figure, self._drawer(model, ax), []
        figure.set_dpi(dpi)
        canvas: Any = FigureCanvasAgg(figure)
        for i in range(len(self._frames)):
            draw(i)
            canvas.draw()
            if i == 0:  # its layout serves all pictures
                figure.set_layout_engine("none")
            pictures.append(Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB"))
        pyplot.close(figure)
        pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=interval, loop=0)

    def _filmed(self) -> Module:
        if self._model is None:
            raise ValueError("nothing was filmed yet: pass the film to fit, in callbacks=[film]")
        return self._model

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
