"""The notebooks: they run, unsolved and solved, and show what is kept in them."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parent.parent
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PURE = {"00_tour", "01_step_by_step", "09_build_it_yourself"}  # run in the pure engine too


def cells(path):
    return nbformat.read(path, as_version=4).cells


def run(*options, **environment):
    for needed in ("nbclient", "ipykernel", "matplotlib"):
        pytest.importorskip(needed)
    done = subprocess.run(
        [sys.executable, str(ROOT / "notebooks" / "regenerate.py"), *options],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_notebook(path):
    run("--check", path.stem)
    assert '"image/png"' in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(PURE))
def test_notebook_in_the_pure_engine(name):
    run("--check", name, AUTOGRAD_PURE="1")


@pytest.mark.parametrize(
    "path", [path for path in PATHS if 'check(\\"' in path.read_text(encoding="utf-8")], ids=lambda p: p.stem
)
def test_notebook_with_its_exercises_solved(path):
    run("--solve", str(ROOT / "tests" / "exercises" / "solutions.py"), path.stem)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_lesson_is_kept_unsolved_and_in_small_cells(path):
    code = [cell for cell in cells(path) if cell.cell_type == "code"]
    checks = [cell for cell in code if 'check("' in cell.source]
    assert checks
    assert all("answer = ...\n" in cell.source for cell in checks)
    assert all("not answered yet" in cell.outputs[0].text for cell in checks)
    assert all(len(cell.source.splitlines()) <= 15 for cell in code)
    for i, cell in enumerate(code):
        if any("image/png" in output.get("data", {}) for output in cell.outputs):
            assert cell.metadata.get("alt"), f"cell {i} has a picture without an alternative text"
