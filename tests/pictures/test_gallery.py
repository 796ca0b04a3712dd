"""The gallery's pictures are current, and a browser shows the pictures of a notebook."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from autograd.pictures import dot

DOCS = Path(__file__).parents[2] / "docs"


def test_the_gallery_is_current(tmp_path):
    """Compared as bytes if graphviz-pure has the version that drew the committed pictures."""
    pytest.importorskip("sklearn", reason="its digits are drawn")
    environment = {name: value for name, value in os.environ.items() if name != "AUTOGRAD_DOT"}
    if not dot._graphviz_pure():
        pytest.skip("there is no graphviz-pure wheel for this platform")
    (tmp_path / "gallery").mkdir()
    subprocess.run(
        [sys.executable, str(DOCS / "pictures.py"), str(tmp_path)],
        check=True,
        capture_output=True,
        env=environment,
    )
    drawn = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.*"))
    pictures = set(DOCS.rglob("*.svg")) - {DOCS / "training.svg"}  # which benchmarks/chart.py draws
    kept = sorted(path.relative_to(DOCS) for path in [DOCS / "gallery.md", *pictures])
    assert drawn == kept
    for path in drawn:
        old, new = ((folder / path).read_text(encoding="utf-8") for folder in (DOCS, tmp_path))
        versions = [re.findall(r"graphviz version [\d.]+", text) for text in (old, new)]
        if versions[0] == versions[1]:
            assert old == new, f"{path}: make pictures draws it again"


def test_a_notebook_with_graphs_shows_them_in_a_browser(browser, tmp_path):
    """Executed, converted to HTML, and looked at: the picture has its colours on the screen."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    nbconvert = pytest.importorskip("nbconvert")
    for needed in ("ipykernel", "matplotlib"):
        pytest.importorskip(needed)
    code = """
from autograd import Value, draw, tanh
import nn
x, w = Value(2.0, "x"), nn.parameter(-0.5, "w")
y = tanh(w * x)
y.backward()
draw(y)
"""
    cells = [
        nbformat.v4.new_code_cell(code),
        nbformat.v4.new_code_cell("nn.draw_network(nn.MLP(2, [3, 1], seed=1), [1.0, -1.0])"),
        nbformat.v4.new_code_cell("for _ in range(20): y = tanh(y) + 1.0\ndraw(y)"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=600).execute()
    outputs = [cell.outputs[0].data for cell in notebook.cells]
    assert all({"image/svg+xml", "image/png", "text/plain"} <= set(data) for data in outputs)
    html, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    page, picture = tmp_path / "page.html", tmp_path / "page.png"
    fits = '<pre id="fits"></pre><script>onload = () => { fits.textContent = [...document.images].every(' + (
        "image => image.getBoundingClientRect().right <= innerWidth && image.width > 100) }</script>"
    )
    html = re.sub(r'<script[^>]*src="https?:[^>]*></script>', "", html) + fits
    page.write_text(html, encoding="utf-8")
    browser(page, f"--screenshot={picture}", "--window-size=1000,900")
    seen = colours(picture)
    parameter, leaf, positive = (0xFD, 0xE9, 0xC4), (0xDB, 0xEA, 0xFE), (0xF6, 0xB2, 0x6B)
    for colour in (parameter, leaf, positive):
        assert seen.get(colour, 0) > 200, colour
    assert '<pre id="fits">true</pre>' in browser(page, "--window-size=1000,900", "--dump-dom")


def colours(path):
    """The number of pixels of each colour in a picture."""
    from collections import Counter

    from matplotlib.image import imread

    pixels = (imread(path)[..., :3] * 255.0).round().astype(int).reshape(-1, 3)
    return Counter(map(tuple, pixels.tolist()))
