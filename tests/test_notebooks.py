"""The notebooks: they run, and show what is kept in them."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebook(path):
    for needed in ("nbclient", "ipykernel", "matplotlib"):
        pytest.importorskip(needed)
    done = subprocess.run(
        [sys.executable, str(FOLDER / "regenerate.py"), "--check", path.stem],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"image/png"' in path.read_text(encoding="utf-8")
