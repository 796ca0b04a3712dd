"""What training reaches: for one seed here, for ten in benchmarks/accuracy.py."""

import sys
from pathlib import Path

import pytest

from autograd import backend_info

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import accuracy


@pytest.mark.parametrize("name", accuracy.TASKS)
def test_accuracy(name):
    if name != "xor" and backend_info()["engine"] != "native":
        pytest.skip("takes a minute in pure Python, whose numbers are the same")
    if name in ("wine", "breast cancer"):
        pytest.importorskip("sklearn")
    assert accuracy.accuracy_of(name, seed=2) >= accuracy.TASKS[name][-1] - 0.03


@pytest.mark.parametrize("name", accuracy.DEFAULTS)
def test_accuracy_by_defaults(name):
    """``nn.fit(model, X, y, loss=...)`` and nothing else, on samples held out."""
    if backend_info()["engine"] != "native":
        pytest.skip("takes a minute in pure Python, whose numbers are the same")
    found = [accuracy.accuracy_by_defaults(name, seed) for seed in (1, 2)]
    assert sum(found) / 2.0 >= accuracy.DEFAULTS[name][-1] - 0.02
