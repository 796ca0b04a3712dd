"""The demo: a network learns Fisher's iris, and its gradient is checked and drawn."""

from __future__ import annotations

import random
from pathlib import Path

from tqdm import tqdm

import nn
from autograd import Value, backend_info, draw, no_grad, square
from autograd.derivatives.check import central_difference
from nn.data import shuffled
from nn.datasets import iris

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

EPOCHS = 80
BATCH = 15
LEARNING_RATE = 0.2


def demo(out: Path, seed: int = 0, *, quiet: bool = False) -> float:
    """Train, report, and write the pictures into the folder `out`; gives the test accuracy.

    Quiet, it trains and tests only: nothing is printed, checked or drawn.
    """
    data = iris()
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

    losses = _train(model, X_train, y_train, seed, quiet)
    right = _count_right(model, X_test, y_test)
    if not quiet:
        print(f"loss           {losses[0]:.4f} in the first epoch, {losses[-1]:.4f} in the last")
        print(f"test accuracy  {right / len(y_test):.1%} ({right} of {len(y_test)} flowers)")
        print(_checked_gradient(model, X_test, y_test))
        out.mkdir(parents=True, exist_ok=True)
        print(f"wrote          {_draw_neuron(out, data.columns, X_test[0])} (the graph of one neuron's loss)")
        print(_plot(out, losses))
    return right / len(y_test)


def _engine() -> str:
    info = backend_info()
    return info["engine"] if info["engine"] == "native" else f"pure Python, since {info['reason']}"


def _train(
    model: nn.MLP, X: Sequence[Sequence[float]], y: Sequence[int], seed: int, quiet: bool
) -> list[float]:
    """Mini-batch gradient descent; gives the mean loss of each epoch."""
    optimizer = nn.SGD(model.parameters(), lr=LEARNING_RATE)
    generator = random.Random(seed)
    losses = []
    with tqdm(range(EPOCHS), desc="training", unit="epoch", disable=quiet) as progress:
        for _ in progress:
            order = shuffled(len(X), generator)
            total = 0.0
            for start in range(0, len(order), BATCH):
                batch = order[start : start + BATCH]
                loss = nn.cross_entropy([model(X[i]) for i in batch], [y[i] for i in batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.data * len(batch)
            losses.append(total / len(order))
            progress.set_postfix(loss=f"{losses[-1]:.4f}")
    return losses


@no_grad()
def _count_right(model: nn.MLP, X: Sequence[Sequence[float]], y: Sequence[int]) -> int:
    predicted = [max(range(len(scores)), key=scores.__getitem__) for scores in map(model, X)]
    return sum(p == label for p, label in zip(predicted, y, strict=True))


def _checked_gradient(model: nn.MLP, X: Sequence[Sequence[float]], y: Sequence[int]) -> str:
    """The largest gradient, by backward and by central differences."""
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


def _plot(out: Path, losses: Sequence[float]) -> str:
    """The loss by epoch, if matplotlib is there."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return "no loss curve  matplotlib draws it: pip install matplotlib"
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(range(1, len(losses) + 1), losses, color="#2563eb")
    axes.set(xlabel="epoch", ylabel="training loss (cross-entropy)", title="Fisher's iris", ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(out / "loss.png", dpi=150)
    return f"wrote          {out / 'loss.png'} (the loss by epoch)"
