"""The benchmark of training: its contestants reach the same losses."""

import sys
from pathlib import Path

import pytest

from autograd import backend_info

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

pytest.importorskip("sklearn")

import training


@pytest.fixture
def run(tmp_path):
    return training.Run(tmp_path, turns=1, seconds=0.0, points=50)


@pytest.mark.long
def test_digits(run, monkeypatch):
    """Trainings by `fit`, with NumPy and in C have the same losses, else the row raises."""
    if backend_info()["engine"] != "native":
        pytest.skip("takes a minute in pure Python, whose numbers are the same")
    monkeypatch.setattr(training.workloads.Fit, "whole", lambda fit: 1.0)
    run.b()
    assert {"b, over NumPy by hand", "b, over eager fit"} <= set(run.ratios)
    assert all(ratio > 0.0 for _, ratio in run.ratios.values())
    assert [row[0] for row in run.table()] == ["b"] * len(run.ratios)


def test_jacobian(run):
    """The Jacobian of the residuals is that by hand, else the row raises."""
    run.d()
    ((what, ratio),) = run.ratios.values()
    assert what == "jacobian of 50 residuals by 3 parameters, over NumPy by hand"
    assert ratio > 0.0


@pytest.mark.long
def test_memory(run):
    """Memory is counted in a process of its own."""
    if not sys.platform.startswith("linux") or backend_info()["engine"] != "native":
        pytest.skip("counts the memory of the native engine by /proc")
    run.e()
    assert all(1.0 < ratio < 100.0 for _, ratio in run.ratios.values())


def test_ratios_are_shown_as_readers_say_them():
    assert [training.shown(ratio) for ratio in (2.0, 12.34, 1 / 3, 1 / 12)] == ["2", "12.3", "1/3", "1/12"]
