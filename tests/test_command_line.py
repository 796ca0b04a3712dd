"""python -m autograd: the demo does its job, and says what it did."""

import statistics
import subprocess
import sys

import pytest

from autograd.__main__ import main
from autograd.demo import demo
from autograd.op import TABLE


def test_the_demo_learns_draws_and_checks(tmp_path):
    """As a user runs it, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "autograd", "demo", "--out", str(tmp_path / "pictures")],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    out = done.stdout
    assert "150 flowers of 3 species; 105 to learn from, 45 to be tested on" in out
    accuracy = float(out.split("test accuracy")[1].split("%")[0])
    assert accuracy >= 93.0
    apart = float(out.split("central differences, ")[1].split(" apart")[0])
    assert apart < 1e-8
    assert "<svg" in (tmp_path / "pictures" / "neuron.svg").read_text()
    assert str(tmp_path / "pictures" / "neuron.svg") in out
    assert (tmp_path / "pictures" / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert "epoch" in done.stderr  # the progress bar


def test_without_matplotlib_it_says_what_adds_the_curve(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    demo(tmp_path)
    assert "pip install matplotlib" in capsys.readouterr().out
    assert not (tmp_path / "loss.png").exists()


def test_the_accuracy_over_ten_seeds(tmp_path):
    """Median at least 93 %; the README states the median and the worst."""
    accuracies = [demo(tmp_path, seed, quiet=True) for seed in range(10)]
    assert statistics.median(accuracies) >= 0.93
    assert min(accuracies) >= 0.88
    assert demo(tmp_path, 0, quiet=True) == accuracies[0]


def test_the_list_of_ops(capsys):
    assert main(["ops"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(TABLE)
    assert "sqrt       sqrt(x): 0.5 / out; slope inf at 0" in lines


def test_a_file_where_the_folder_should_be_is_told_before_training(tmp_path, capsys):
    (tmp_path / "taken").write_text("")
    with pytest.raises(SystemExit):
        main(["demo", "--out", str(tmp_path / "taken")])
    assert "--out is a folder for the pictures" in capsys.readouterr().err


def test_a_missing_or_unknown_command_is_told(capsys):
    for argv in ([], ["dance"]):
        with pytest.raises(SystemExit) as stop:
            main(argv)
        assert stop.value.code == 2
    assert "demo" in capsys.readouterr().err
