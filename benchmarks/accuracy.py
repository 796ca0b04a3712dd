"""The accuracy that `nn.fit` reaches on test samples, over the seeds 0 to 9.

For exclusive or, which has four samples, it is the accuracy on the training samples.
Needs ``pip install scikit-learn``.

    python benchmarks/accuracy.py
"""

import statistics
import time

import nn
from nn import datasets

TWO = "binary_cross_entropy_with_logits"
SEVERAL = "cross_entropy"

# name: (data for a seed, sizes of the layers, activation, loss, optimiser, rate, epochs, batch size, goal)
TASKS = {
    "xor": (lambda seed: datasets.xor(), [8, 1], "tanh", TWO, "adam", 0.05, 200, 4, 1.0),
    "moons": (
        lambda seed: datasets.moons(200, 0.1, seed=seed),
        *([16, 16, 1], "relu", TWO, "adam", 0.02, 100, 20, 1.0),
    ),
    "spirals": (
        lambda seed: datasets.spirals(300, 0.02, seed=seed),
        *([16, 16, 1], "tanh", TWO, "adam", 0.02, 150, 20, 0.97),
    ),
    "iris": (lambda seed: datasets.iris(), [8, 3], "tanh", SEVERAL, "sgd", 0.2, 80, 15, 0.96),
    "wine": (lambda seed: datasets.wine(), [8, 3], "tanh", SEVERAL, "adam", 0.02, 40, 15, 0.97),
    "breast cancer": (
        lambda seed: datasets.breast_cancer(),
        *([8, 1], "tanh", TWO, "adam", 0.01, 25, 32, 0.96),
    ),
}


# name: (data for a seed, sizes of the layers, loss, goal), for `nn.fit` without further arguments.
DEFAULTS = {
    "iris": (lambda seed: datasets.iris(), [8, 3], SEVERAL, 0.95),
    "moons": (lambda seed: datasets.moons(200, 0.1, seed=seed), [8, 2], SEVERAL, 0.97),
    "moons, one output": (lambda seed: datasets.moons(200, 0.1, seed=seed), [16, 1], TWO, 0.97),
}


def accuracy_by_defaults(name, seed):
    data, sizes, loss, _ = DEFAULTS[name]
    X, y = data(seed)[:2]
    X_train, X_test, y_train, y_test = nn.train_test_split(X, y, 0.3, seed=seed)
    model = nn.MLP(len(X[0]), sizes, seed=seed)
    nn.fit(model, X_train, y_train, loss=loss, progress=False)
    return nn.accuracy(nn.predict(model, X_test), y_test)


def accuracy_of(name, seed):
    data, sizes, activation, loss, optimizer, lr, epochs, batch_size, _ = TASKS[name]
    X, y = data(seed)[:2]
    if name == "xor":
        X_train, X_test, y_train, y_test = X, X, y, y
    else:
        X_train, X_test, y_train, y_test = nn.train_test_split(X, y, 0.3, seed=seed)
        X_train, X_test = nn.standardise(X_train, X_test)
    model = nn.MLP(len(X[0]), sizes, activation, seed=seed)
    nn.fit(
        model,
        X_train,
        y_train,
        loss=loss,
        optimizer=optimizer,
        lr=lr,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        progress=False,
    )
    return nn.accuracy(nn.predict(model, X_test), y_test)


def main():
    print(f"{'data':18}{'median':>8}{'worst':>8}{'goal':>7}{'seconds for one':>18}")
    for tasks, measured in ((TASKS, accuracy_of), (DEFAULTS, accuracy_by_defaults)):
        if tasks is DEFAULTS:
            print("with the defaults of fit, and X as it is")
        for name, task in tasks.items():
            start = time.perf_counter()
            found = [measured(name, seed) for seed in range(10)]
            taken = (time.perf_counter() - start) / len(found)
            median = statistics.median(found)
            print(f"{name:18}{median:8.1%}{min(found):8.1%}{task[-1]:7.0%}{taken:18.2f}")


if __name__ == "__main__":
    main()
