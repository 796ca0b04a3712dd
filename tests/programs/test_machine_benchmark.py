"""The benchmark of programs beside hand-written C: its contestants give the same numbers, at small sizes."""

import shutil
import sys
from pathlib import Path

import numpy
import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import machine
import machine_workloads as workloads

from autograd import value_and_grad


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    if not shutil.which("gcc") or sys.platform == "win32":
        pytest.skip("there is no gcc here that compiles extension modules")
    folder = tmp_path_factory.mktemp("by_hand")
    return machine.Run(folder, turns=2, seconds=0.001, lines=(300,), c_lines=100)


@pytest.mark.parametrize("row", "abcdefgh")
def test_row(run, row):
    """A row runs, in which contestants are checked against each other, and has the targets of its table."""
    run.ratios.clear()
    getattr(run, row)()
    table = run.table()
    assert table
    for name, what, measured, *_ in table:
        assert name == row
        assert what
        assert float(measured) > 0.0


def test_every_row_has_its_target():
    assert sorted({key[0] for key in machine.REACH}) == list("abcdefgh")


def test_a_wrong_number_is_seen():
    """A contestant that is wrong in the eighth digit stops the benchmark."""
    machine.check_equal("ours", [1.0, numpy.array([2.0, 3.0])], (1.0, [2.0, 3.0]))
    with pytest.raises(AssertionError, match="ours differs by 1e-08"):
        machine.check_equal("ours", [1.0, 2.00000002], [1.0, 2.0])
    with pytest.raises(AssertionError, match="ours differs by nan"):
        machine.check_equal("ours", [1.0, numpy.nan], [1.0, 2.0])


@pytest.mark.parametrize("near", [20, 1000])
def test_irregular_programs_use_all_their_lines(near):
    f = workloads.Irregular(2000, near)
    (x,) = f.arguments
    assert len(f.lines) == 2000
    used = {place for op, i, j in f.lines for place in ((i,) if op == "tanh" else (i, j))} | set(f.unused)
    assert used >= set(range(workloads.INPUTS, workloads.INPUTS + 2000))
    assert all(max(i, j) < place for place, (_, i, j) in enumerate(f.lines, workloads.INPUTS))
    value, gradient = value_and_grad(f)(x)
    assert value == pytest.approx(f.expected, rel=1e-9)
    assert numpy.isfinite(gradient).all()
