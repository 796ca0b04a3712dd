"""The demo: train a network on handwritten digits, check a gradient, draw the network and its worst error.

Without scikit-learn, which has the digits, or without the machine, which trains on them in a second or two,
the demo takes Fisher's iris.
"""

from __future__ import annotations

import time
from pathlib import Path

import nn
from autograd import Value, backend_info, draw, logsumexp, no_grad
from autograd._machine import machine
from autograd.derivatives.check import central_difference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Rows = list[list[float]]

GREYS = " .:-=+*#%@"  # ASCII, since a terminal may show nothing else


class _Task:
    """Samples to learn from and to be tested on, a model, and the options of its training."""

    def __init__(self, data: nn.datasets.Dataset, title: str, noun: str, hidden: int, seed: int) -> None:
        self.title, self.noun, self.classes = title, noun, data.classes
        self.count = len(data.X)
        split = nn.train_test_split(data.X, data.y, test_fraction=0.3, seed=seed)
        self.X, self.X_test, self.y, self.y_test = split
        self.model = nn.MLP(len(data.columns), [hidden, len(data.classes)], "tanh", seed=seed)
        self.options: dict[str, Any] = {"loss": "cross_entropy", "seed": seed}

    def image(self, row: Sequence[float]) -> str:
        """A picture of the sample in text, or ""."""
        return ""


class _Iris(_Task):
    def __init__(self, seed: int) -> None:
        super().__init__(nn.datasets.iris(), "Fisher's iris", "flowers", 8, seed)
        self.X, self.X_test = nn.standardise(self.X, self.X_test)
        self.options |= {"optimizer": "sgd", "lr": 0.2, "epochs": 80, "batch_size": 15}


class _Digits(_Task):
    def __init__(self, seed: int) -> None:
        super().__init__(nn.datasets.digits(), "Handwritten digits", "digits", 32, seed)
        self.X, self.X_test = [[[grey / 16 for grey in row] for row in X] for X in (self.X, self.X_test)]
        self.options |= {"optimizer": "adam", "lr": 0.02, "epochs": 30, "batch_size": 32}
        self.options |= {"schedule": "cosine", "compiled": True}

    def image(self, row: Sequence[float]) -> str:
        lines = [[GREYS[round(9 * grey)] * 2 for grey in row[i : i + 8]] for i in range(0, 64, 8)]
        return "".join(f"\n{'':15}|{''.join(line)}|" for line in lines)


def demo(out: Path, seed: int = 0, *, quiet: bool = False) -> float:
    """Train and test a network; unless `quiet`, print a report and write pictures into the folder `out`.

    Returns:
        The test accuracy.
    """
    task, reason = _task(seed)
    model, X, y = task.model, task.X_test, task.y_test
    if not quiet:
        if reason:
            print(f"Fisher's iris in place of handwritten digits: {reason}")
        kinds = f"{len(task.classes)} {'species' if reason else 'classes'}"
        print(
            f"{task.title}: {task.count:,} {task.noun} of {kinds}; "
            f"{len(task.X):,} to learn from, {len(X)} to be tested on; seed {seed}"
        )
        print(model)
        print(f"engine         {_engine()}")
    before = model.state_dict()
    start = time.perf_counter()
    history = nn.fit(model, task.X, task.y, **task.options, progress=not quiet)
    seconds = time.perf_counter() - start
    predicted = nn.predict_classes(model, X)
    accuracy = nn.accuracy(predicted, y)
    if not quiet:
        losses = history["loss"]
        trained = "by programs in C" if task.options.get("compiled") else "operation by operation"
        print(f"trained        {len(losses)} epochs in {seconds:.1f} s, {trained}")
        print(f"loss           {losses[0]:.4f} in the first epoch, {losses[-1]:.4f} in the last")
        print(f"test accuracy  {accuracy:.1%} ({round(accuracy * len(y))} of {len(y)} {task.noun})")
        print(_checked_gradient(model, X, y))
        _draw(out, task, before, history, predicted)
    return accuracy


def _task(seed: int) -> tuple[_Task, str]:
    """The digits; or iris, and what is missing for the digits."""
    if machine is None:
        return _Iris(seed), "the extension that trains on them in a second or two is not in use"
    try:
        return _Digits(seed), ""
    except ImportError:
        return _Iris(seed), "they come with scikit-learn: pip install scikit-learn"


def _engine() -> str:
    info = backend_info()
    return info["engine"] if info["engine"] == "native" else f"pure Python, since {info['reason']}"


def _checked_gradient(model: nn.MLP, X: Rows, y: Sequence[int]) -> str:
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


def _draw(
    out: Path, task: _Task, before: dict[str, Any], history: nn.History, predicted: Sequence[Any]
) -> None:
    """Write the pictures and print their names; the networks show their outputs for the worst sample."""
    out.mkdir(parents=True, exist_ok=True)
    model, worst = task.model, _worst(task)
    x, label = task.X_test[worst], task.y_test[worst]
    seen = "misread" if predicted[worst] != label else "least sure"
    actual, taken = task.classes[label], task.classes[predicted[worst]]
    print(f"{seen:15}one of class {actual}, taken for {taken}{task.image(x)}")
    after = model.state_dict()
    for name, state in (("before", before), ("after", after)):
        model.load_state_dict(state)
        picture = nn.draw_network(model, x, outputs=task.classes)
        file = picture.render(outfile=out / f"network_{name}.svg", cleanup=True)
        print(f"wrote          {file} (the network {name} training, with its outputs for this sample)")
    print(f"wrote          {_draw_loss(out, model, x, label)} (the graph of this loss)")
    print(_plot(out, history, task, predicted))


def _worst(task: _Task) -> int:
    """The number of the test sample with the largest loss."""
    with no_grad():
        losses = [_loss(task.model, x, label).data for x, label in zip(task.X_test, task.y_test, strict=True)]
    return losses.index(max(losses))


def _loss(model: nn.MLP, x: Sequence[float], label: int) -> Value:
    """The cross-entropy of one sample; scores and loss have labels."""
    scores = model(x)
    for i, score in enumerate(scores):
        score.label = f"score {i}"
    loss: Value = logsumexp(scores) - scores[label]
    loss.label = "loss"
    return loss


def _draw_loss(out: Path, model: nn.MLP, x: Sequence[float], label: int) -> str:
    """The graph of a sample's loss, with the paths from the weight that has the largest gradient."""
    model.zero_grad()
    loss = _loss(model, x, label)
    loss.backward()
    weight = max(model.parameters(), key=lambda weight: abs(weight.grad))
    return draw(loss, depth=2, paths=(weight, loss)).render(outfile=out / "loss_of_one.svg", cleanup=True)


def _plot(out: Path, history: nn.History, task: _Task, predicted: Sequence[Any]) -> str:
    """The loss by epoch and the confusion matrix, if matplotlib is installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return "no loss curve or confusion matrix: matplotlib draws them: pip install matplotlib"
    figure = Figure(figsize=(6, 4), layout="constrained")
    nn.plot_history(history, ax=figure.subplots()).set_title(task.title)
    figure.savefig(out / "loss.png", dpi=150)
    figure = Figure(figsize=(5, 5), layout="constrained")
    nn.plot_confusion(predicted, task.y_test, task.classes, ax=figure.subplots()).set_title(task.title)
    figure.savefig(out / "confusion.png", dpi=150)
    return (
        f"wrote          {out / 'loss.png'} (the loss by epoch)\n"
        f"wrote          {out / 'confusion.png'} (test {task.noun} by class and by what they are taken for)"
    )
