"""The demo: train a network on Fisher's iris, check one gradient, and draw a neuron's graph."""

from __future__ import annotations

from pathlib import Path

import nn
from autograd import Value, backend_info, draw, no_grad, square
from autograd.derivatives.check import central_difference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def demo(out: Path, seed: int = 0, *, quiet: bool = False) -> float:
    """Train and test a network; unless `quiet`, print a report and write pictures into the folder `out`.

    Returns:
        The test accuracy.
    """
    data = nn.datasets.iris()
    X_train, X_test, y_train, y_test = nn.train_test_split(data.X, data.y, test_fraction=0.3, seed=seed)
    X_train, X_test = nn.standardise(X_train, X_test)
    model = nn.MLP(len(data.columns), [8, len(data.classes)], "tanh", seed=seed)
    if not quiet:
        print(
            f"Fisher's iris: {len(data.X)} flowers of {len(data.classes)} species; "
            f"{len(X_train)} to learn from, {len(X_test)} to be tested on"
        )
        print(model)
        print(f"engine         {_engine()}")
    history = nn.fit(
        model,
        X_train,
        y_train,
        loss="cross_entropy",
        optimizer="sgd",
        lr=0.2,
        epochs=80,
        batch_size=15,
        seed=seed,
        progress=not quiet,
    )
    accuracy = nn.accuracy(nn.predict(model, X_test), y_test)
    if not quiet:
        losses = history["loss"]
        print(f"loss           {losses[0]:.4f} in the first epoch, {losses[-1]:.4f} in the last")
        print(f"test accuracy  {accuracy:.1%} ({round(accuracy * len(y_test))} of {len(y_test)} flowers)")
        print(_checked_gradient(model, X_test, y_test))
        out.mkdir(parents=True, exist_ok=True)
        print(f"wrote          {_draw_neuron(out, data.columns, X_test[0])} (the graph of one neuron's loss)")
        print(_plot_loss(out, history))
    return accuracy


def _engine() -> str:
    info = backend_info()
    return info["engine"] if info["engine"] == "native" else f"pure Python, since {info['reason']}"


def _checked_gradient(model: nn.MLP, X: Sequence[Sequence[float]], y: Sequence[int]) -> str:
    """The largest gradient, by `backward` and by central differences."""
    model.zero_grad()
    nn.cross_entropy([model(x) for x in X], y).backward()
    name, weight = max(model.named_parameters(), key=lambda named: abs(named[1].grad))

    def loss_at(number: float) -> float:
        before = weight.data
        weight.data = number
        with no_grad():
            loss: Value = nn.cross_entropy([model(x) for x in X], y)
        weight.data = before
        return loss.data

    difference = central_difference(loss_at, weight.data)
    error = abs(weight.grad - difference)
    return (
        f"one gradient   d loss / d {name}: {weight.grad:.10g} by backward, {difference:.10g} by "
        f"central differences, {error:.1e} apart"
    )


def _draw_neuron(out: Path, columns: Sequence[str], x: Sequence[float]) -> str:
    """The graph of a neuron's squared error on one flower, with gradients."""
    neuron = nn.Neuron(len(x), "tanh")
    inputs = [Value(x_i, column, requires_grad=False) for x_i, column in zip(x, columns, strict=True)]
    output = neuron(inputs)
    output.label = "output"
    loss = square(output - 1.0)
    loss.label = "loss"
    loss.backward()
    return draw(loss).render(outfile=out / "neuron.svg", cleanup=True)


def _plot_loss(out: Path, history: nn.History) -> str:
    """The loss by epoch, if matplotlib is installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return "no loss curve  matplotlib draws it: pip install matplotlib"
    figure = Figure(figsize=(6, 4), layout="constrained")
    nn.plot_history(history, ax=figure.subplots()).set_title("Fisher's iris")
    figure.savefig(out / "loss.png", dpi=150)
    return f"wrote          {out / 'loss.png'} (the loss by epoch)"
