"""The benchmark of training: its contestants reach the same losses, and its chart shows the kept figures."""

import functools
import json
import sys
from pathlib import Path

import pytest

from autograd import backend_info

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

pytest.importorskip("sklearn")

import chart
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


def test_a_wrong_loss_is_seen(run):
    """A contestant whose losses differ from ours stops the benchmark; a scan gives its last loss only."""
    right, wrong = (
        training.in_rounds(iter(losses).__next__, 2) for losses in ([1.0, 2.0] * 99, [1.0, 2.1] * 99)
    )
    with pytest.raises(AssertionError, match=r"row a, other differs by 0\.05"):
        run.compare("a", "", {"ours": right, "other": wrong})
    last = training.Contestant(lambda: 2.1)
    with pytest.raises(AssertionError, match=r"row a, other differs by 0\.05"):
        run.compare("a", "", {"ours": right, "other": last})


def test_run_without_peers(tmp_path, monkeypatch, capsys):
    """The command without peers prints its table and keeps its figures."""
    monkeypatch.setattr(sys, "argv", ["training.py", "d", "--save", str(tmp_path / "kept.json")])
    monkeypatch.setattr(training, "keep_to_one_core", lambda: None)
    monkeypatch.setattr(training, "Run", functools.partial(training.Run, turns=1, seconds=0.0, points=50))
    training.main()
    assert "| d | jacobian of 50 residuals by 3 parameters, over NumPy by hand |" in capsys.readouterr().out
    kept = json.loads((tmp_path / "kept.json").read_text(encoding="utf-8"))
    assert list(kept["ratios"]) == ["d, over NumPy by hand"]


@pytest.mark.long
def test_memory(run):
    """Memory is counted in a process of its own."""
    if not sys.platform.startswith("linux") or backend_info()["engine"] != "native":
        pytest.skip("counts the memory of the native engine by /proc")
    run.e()
    assert all(1.0 < ratio < 100.0 for _, ratio in run.ratios.values())


def test_ratios_are_shown_as_readers_say_them():
    assert [training.shown(ratio) for ratio in (2.0, 12.34, 1 / 3, 1 / 12)] == ["2", "12.3", "1/3", "1/12"]
    assert [chart.shown(seconds) for seconds in (31.4e-6, 4.05e-3, 0.139, 2.5)] == [
        *("31.4 µs", "4.05 ms", "139 ms", "2.5 s")
    ]


def test_chart(tmp_path):
    """The chart in docs shows all kept times, and is the same each time that it is drawn."""
    pytest.importorskip("matplotlib")
    chart.main(tmp_path)
    text = (tmp_path / "training.svg").read_text(encoding="utf-8")
    kept = json.loads((chart.HERE / "training.json").read_text(encoding="utf-8"))
    for row in chart.ROWS:
        for seconds in kept["times"].get(row, {"seconds": {}})["seconds"].values():
            assert f">{chart.shown(seconds)}</text>" in text
    chart.main(tmp_path)
    assert (tmp_path / "training.svg").read_text(encoding="utf-8") == text
