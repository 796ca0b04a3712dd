"""Training at full speed, beside JAX, PyTorch, NumPy and C by hand: each row is a ratio within one run.

Everything runs in one thread on one core, with doubles. Contestants take turns, the fastest step or epoch of
each counts, and the losses of their first ones are compared. Needs scikit-learn, which has the digits.

    python benchmarks/training.py [ROW ...]
    python benchmarks/training.py --peers              # with JAX and PyTorch, installed into build/peers
    python benchmarks/training.py --save FILE.json     # keeps the figures, from which chart.py draws
    python benchmarks/training.py --accuracy           # test accuracies of ten seeds, eager and compiled
"""

import argparse
import importlib
import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import compiled
import numpy
import training_workloads as workloads
from epochs_by_hand import by_c, by_numpy
from machine import check_equal, flat, keep_to_one_core
from peers import HERE, Peers
from table import cpu, print_table
from threadpoolctl import threadpool_limits
from turns import Contestant, in_rounds, in_turns

import nn
from autograd import backend_info, jacobian, jit

TURNS, SECONDS = 12, 0.3  # of a contestant in a row: how often, and how long each time
POINTS = 6400  # of row d
ROUND = 100  # steps of row a that are timed together, as many as its peers scan
TARGETS = {  # of a ratio: what it must reach, and its stretch target
    "a, over JAX jit": (1.0, None),
    "a, over JAX scan": (None, 2.0),
    "b, over JAX jit": (1.0, None),
    "b, over JAX scan": (None, 1.0),
    "b, over NumPy by hand": (1 / 3, None),
    "b, over torch eager": (1 / 12, None),
    "c, over torch vectorised": (1.0, None),
    "c, over JAX jit": (None, 1.0),
    "d, over NumPy by hand": (3.0, 1.0),
    "e, compiled": (10.0, 4.0),
}
# Files with `ours()`, a function that makes a step and returns its loss, and `start()`, the arguments of its
# peers, as JSON takes them; those of row c are the weights and the names, of which each step takes the next.
STEPS = {"a": "micrograd_step", "c": "character_step"}
WHAT = {
    "a": "micrograd's demo, a step with its update",
    "b": "digits, an epoch of fit with Adam",
    "c": "character model, a step with Adam",
    "d": "jacobian of {} residuals by 3 parameters",
    "e": "memory of training on the digits, over data, parameters and Adam's state",
}


class Run:
    """A run of the benchmark, with a method for each row.

    Attributes:
        ratios: for each ratio its workload and number; the smaller, the better.
        times: for each row its workload, and the seconds of each contestant.
        notes: lines of text about the rows.
    """

    def __init__(self, folder, peers=None, turns=TURNS, seconds=SECONDS, points=POINTS):
        self.folder, self.peers = folder, peers
        self.turns, self.seconds, self.points = turns, seconds, points
        self.ratios, self.times, self.notes = {}, {}, []

    def compare(self, row, what, contestants):
        """Check that contestants agree with the first, time them with their peers, and keep the ratios."""
        ours, *others = contestants.items()
        results = {name: flat(contestant.result) for name, contestant in others}
        contestants = dict(contestants)
        for name, result in self.peers.results.items() if self.peers else ():
            if name.startswith(f"{row}, "):
                results[name.removeprefix(f"{row}, ")] = result
                contestants[name.removeprefix(f"{row}, ")] = self.peers.contestant(name)
        expected = flat(ours[1].result)
        for name, result in results.items():  # a scan gives its last loss only
            check_equal(f"row {row}, {name}", result, expected[-len(result) :])
        times = in_turns(contestants, self.turns, self.seconds)
        self.times[row] = {"what": what, "seconds": times}
        for name in results:
            self.ratios[f"{row}, over {name}"] = f"{what}, over {name}", times[ours[0]] / times[name]

    def a(self):
        self.step("a")

    def b(self):
        X, y = workloads.digits()
        weights = workloads.weights_of(workloads.digits_model())
        fit, eager = (workloads.Fit(X, y, is_compiled) for is_compiled in (True, False))
        contestants = {"ours": fit, "eager fit": eager, "NumPy by hand": by_numpy(weights, X, y)}
        if shutil.which("gcc") and sys.platform != "win32":
            contestants["C by hand"] = by_c(compiled.by_hand(self.folder), weights, X, y)
        self.compare("b", WHAT["b"], contestants)
        self.notes.append(
            f"b: the first epoch of fit takes {fit.first * 1e3:.4g} ms; an epoch, by trainings of 30 and 10 "
            f"epochs as a whole, {fit.whole() * 1e3:.4g} ms"
        )

    def c(self):
        self.step("c")

    def step(self, row):
        """A row whose workload is a step in a file of its own."""
        if (HERE / f"{STEPS[row]}.py").exists():
            module = importlib.import_module(STEPS[row])
            count = ROUND if row == "a" else len(module.start()[1])  # a round of c goes through all names
            self.compare(row, WHAT[row], {"ours": in_rounds(module.ours(), count)})

    def d(self):
        arguments = workloads.residuals_arguments(self.points)
        contestants = {
            "ours": Contestant(jit(jacobian(workloads.residuals)), *arguments),
            "NumPy by hand": Contestant(workloads.jacobian_by_hand, *arguments),
        }
        self.compare("d", WHAT["d"].format(f"{self.points:,}"), contestants)

    def e(self):
        X, y = workloads.digits()
        numbers = X.size + y.size + 3 * len(workloads.digits_model().parameters())
        for how in ("compiled", "eager"):
            command = [sys.executable, HERE / "training_memory.py", how]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            grown = int(done.stdout)
            self.ratios[f"e, {how}"] = f"{WHAT['e']}, {how}", grown / (8 * numbers)
            self.notes.append(f"e: {how}, {grown / 1e6:.3g} MB over {8 * numbers / 1e6:.3g} MB")

    def table(self):
        """The rows of the table: row, workload, measured, reach, stretch."""
        found = []
        for key, (what, ratio) in self.ratios.items():
            targets = TARGETS.get(key, (None, None))
            found.append([key[0], what, *["" if x is None else shown(x) for x in (ratio, *targets)]])
        return found

    def lines(self):
        """The times, and the notes."""
        found = []
        for row, times in self.times.items():
            each = ", ".join(f"{who} {seconds * 1e3:.4g}" for who, seconds in times["seconds"].items())
            found.append(f"{row}: {times['what']}: {each} ms")
        return found + self.notes


def shown(ratio):
    """A ratio of at least 1 as it is, another as "1/12"."""
    return f"{ratio:.3g}" if ratio >= 1.0 else f"1/{1.0 / ratio:.3g}"


def arguments_of_peers(rows):
    """For each row with peers the state from which they start, as JSON takes it."""
    found = {}
    for row in rows:
        if row == "b":
            X, y = workloads.digits()
            weights = workloads.weights_of(workloads.digits_model())
            found["b"] = [w.tolist() for w in weights], X.tolist(), y.tolist()
        elif row in STEPS and (HERE / f"{STEPS[row]}.py").exists():
            found[row] = importlib.import_module(STEPS[row]).start()
    return found


def about(peers):
    """The machine and the versions, in one line."""
    versions = [f"NumPy {numpy.__version__}", *([peers.about] if peers else [])]
    if shutil.which("gcc"):
        gcc = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True, check=True)
        versions.append(f"gcc {gcc.stdout.strip()}")
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {platform.system()} on {cpu()}, {', '.join(versions)}; one thread, float64"


def accuracy(seeds=range(10)):
    """Train with the settings of ``python -m autograd demo``, eagerly and compiled, and compare."""
    found = {False: [], True: []}
    differing = total = 0
    for seed in seeds:
        data = nn.datasets.digits()
        X = [[grey / 16 for grey in row] for row in data.X]
        X, X_test, y, y_test = nn.train_test_split(X, data.y, test_fraction=0.3, seed=seed)
        predicted = []
        for is_compiled, accuracies in found.items():
            model = workloads.digits_model(seed)
            options = {"optimizer": "adam", "lr": 0.02, "epochs": 30, "batch_size": 32, "schedule": "cosine"}
            options |= {"loss": "cross_entropy", "seed": seed, "progress": False}
            nn.fit(model, X, y, **options, compiled=is_compiled)
            predicted.append(nn.predict_classes(model, X_test))
            accuracies.append(nn.accuracy(predicted[-1], y_test))
        differing += sum(a != b for a, b in zip(*predicted, strict=True))
        total += len(y_test)
    for is_compiled, accuracies in found.items():
        name = "compiled" if is_compiled else "eager"
        mean, median = statistics.mean(accuracies), statistics.median(accuracies)
        print(f"{name:9} test accuracy: mean {mean:.2%}, median {median:.1%}, worst {min(accuracies):.1%}")
    print(f"predictions that differ: {differing} of {total:,} test images of {len(seeds)} trainings")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help="a to e; without any, all rows")
    parser.add_argument("--peers", action="store_true", help="with JAX and PyTorch")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the figures as JSON")
    parser.add_argument("--accuracy", action="store_true", help="test accuracies of ten seeds instead")
    options = parser.parse_args()
    keep_to_one_core()
    if options.accuracy:
        accuracy()
        return
    rows = options.rows or list("abcde")
    peers = Peers("training_peers.py", arguments_of_peers(rows)) if options.peers else None
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        run = Run(folder, peers)
        for row in rows:
            getattr(run, row)()
    if peers:
        peers.close()
    title = f"{about(peers)}, engine {backend_info()['engine']}"
    print(f"{title}\n")
    print_table(["row", "workload", "measured", "reach", "stretch"], run.table())
    print("\n".join(run.lines()))
    if options.save:
        ratios = {key: ratio for key, (_, ratio) in run.ratios.items()}
        kept = {"about": title, "times": run.times, "ratios": ratios, "notes": run.notes}
        options.save.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
