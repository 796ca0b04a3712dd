"""Training on scikit-learn's digits through `nn.fit`, eagerly and compiled: an MLP 64-32-10, batches of 32.

Both trainings see the same batches from the same weights, and end at the same losses. Needs scikit-learn.

    python benchmarks/digits.py
    AUTOGRAD_PURE=1 python benchmarks/digits.py
"""

from sklearn.datasets import load_digits

import nn
from autograd import backend_info

EPOCHS = 12
LEARN = 1437  # of 1797 images


def measure():
    digits = load_digits()
    X, y = (digits.data / 16.0).tolist(), digits.target.tolist()
    losses = []
    backends = ("native", "numpy") if backend_info()["engine"] == "native" else ("numpy",)
    for name, compiled in {"eager": False, **{f"compiled, {name}": name for name in backends}}.items():
        nn.seed(0)
        model = nn.MLP(64, [32, 10], activation="tanh")
        epochs = EPOCHS if compiled or backend_info()["engine"] == "native" else 3
        history = nn.fit(
            model, X[:LEARN], y[:LEARN], loss="cross_entropy", batch_size=32, epochs=epochs, compiled=compiled
        )
        losses.append(history["loss"])
        first, *others = [seconds * 1e3 for seconds in history["seconds"]]
        correct = nn.accuracy(nn.predict(model, X[LEARN:]), y[LEARN:])
        print(
            f"{name:16} first epoch {first:7.0f} ms, others {min(others):6.1f} to {max(others):6.1f} ms; "
            f"test accuracy {correct:.1%} after {epochs} epochs"
        )
    for other in losses[1:]:
        assert max(abs(a / b - 1.0) for a, b in zip(losses[0], other, strict=False)) < 1e-9


if __name__ == "__main__":
    print(f"engine {backend_info()['engine']}")
    measure()
