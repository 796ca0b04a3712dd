"""A row is all it takes to add an op: names, methods, types and tests follow from it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograd.table import ops

ROOT = Path(__file__).parents[2]

ROW = """\
sech = Op(
    "sech",
    lambda x: 1.0 / cosh(x),
    (lambda x, out: -out * tanh(x),),
    latex=named("sech"),
    c="1.0 / cosh(#1)",
    domain=((-700.0, 700.0),),
    doc="The hyperbolic secant of x.",
)
"""
METHOD = "        def sech(self) -> Self: ...\n"


@pytest.fixture
def copy_with_sech(tmp_path):
    """A copy of the packages and their tests in which the file of the rows has one op more."""
    if not (ROOT / "pyproject.toml").exists():
        pytest.skip("the tests stand alone, without the project around them")
    skipped = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")
    for folder in ("autograd", "nn", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=skipped)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    table = tmp_path / "autograd" / "table" / "ops.py"
    text = Path(ops.__file__).read_text(encoding="utf-8")
    for line, added in (("# Error functions and activations\n", ROW), ("        def tanh(self)", METHOD)):
        before, line, after = text.partition(line)
        text = f"{before}{added}{line}{after}"
    table.write_text(text, encoding="utf-8")
    return tmp_path


def test_an_added_op_passes_the_tests_of_ops(copy_with_sech):
    """Against mpmath, to second order, at edges, in C, in NumPy, among public names and methods."""
    files = ["table/test_ops.py", "table/test_numpy.py", "formulas/test_c_text.py", "test_package.py"]
    chosen = "sech or public or promised or declared or every_op or layers"
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "-k", chosen]
    done = subprocess.run(
        [*command, *[f"tests/{file}" for file in files]],
        cwd=copy_with_sech,
        env={**os.environ, "AUTOGRAD_PURE": "1"},  # there is no extension for this table
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("[sech] PASSED") >= 8


def test_types_of_added_names_are_known(copy_with_sech):
    """By mypy: the function, the method, and no name that does not exist."""
    pytest.importorskip("mypy")
    program = copy_with_sech / "program.py"
    program.write_text(
        "from autograd import Op, Value, sech, softmax\n"
        "function: Op = sech\n"
        "value: Value = Value(1.0).sech()\n"
        "Value(1.0).sehc()\n"
        "from autograd import libm\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", program.name],
        cwd=copy_with_sech,
        capture_output=True,
        text=True,
    )
    errors = [line for line in done.stdout.splitlines() if "error:" in line]
    assert len(errors) == 2, done.stdout
    assert '"Value" has no attribute "sehc"' in errors[0]
    assert 'Module "autograd" has no attribute "libm"' in errors[1]
