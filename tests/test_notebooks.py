"""The notebooks: they run, unsolved and solved, and show what is kept in them."""

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograd import backend_info

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
    if backend_info()["engine"] != "native":
        pytest.skip("test_notebook runs it in the pure engine")
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


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_graph_is_kept_as_a_picture_that_every_page_can_shrink(path):
    """PNG alone, twice as dense as it is wide: an exported page scrolls a wide SVG, or blows it up."""
    for cell in cells(path):
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            assert "image/svg+xml" not in data
            if "image/png" in data and not data["text/plain"].startswith("<"):
                pixels = int.from_bytes(base64.b64decode(data["image/png"])[16:20], "big")
                assert pixels // 2 == output.metadata["image/png"]["width"]


MEASURE = """<script>
addEventListener("load", () => setTimeout(() => {
  const shown = [...document.querySelectorAll("body *")];
  const wide = shown.filter(e => !e.closest(".jp-InputArea") || e.closest(".jp-MarkdownOutput"))
    .filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 8) // fonts differ a little
    .filter(e => getComputedStyle(e).overflowX != "visible").map(e => e.innerText.slice(0, 60));
  const formulas = [...document.querySelectorAll(".autograd-latex")];
  const latex = formulas.filter(e => e.getClientRects().length).length;
  const open = document.querySelectorAll("details[open]").length;
  parent.postMessage({ wide, latex, open, page: document.documentElement.scrollWidth }, "*");
}, 500));
</script></body>"""

FRAMES = """<pre id="found"></pre><script>
const found = {}, frames = [...document.querySelectorAll("iframe")];
addEventListener("message", event => {
  found[frames.find(frame => frame.contentWindow == event.source).name] = event.data;
  document.getElementById("found").textContent = JSON.stringify(found);
});
</script>"""


def test_exported_lessons_fit_a_page_of_400_pixels(browser, tmp_path):
    """Without a network: code alone scrolls sideways, formulas are typeset, solutions are folded."""
    nbconvert = pytest.importorskip("nbconvert")
    exporter, frames = nbconvert.HTMLExporter(), []
    for path in PATHS:
        html, _ = exporter.from_filename(str(path))
        page = tmp_path / f"{path.stem}.html"
        page.write_text(html.replace("</body>", MEASURE), encoding="utf-8")
        frames.append(f'<iframe name="{path.stem}" src="{page.name}" width="400" height="900"></iframe>')
    index = tmp_path / "index.html"
    index.write_text("".join(frames) + FRAMES, encoding="utf-8")
    flags = ("--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=20000", "--dump-dom")
    found = json.loads(re.search(r'<pre id="found">(.*?)</pre>', browser(index, *flags), re.DOTALL)[1])
    assert set(found) == {path.stem for path in PATHS}
    for name, seen in found.items():
        assert seen == {"wide": [], "latex": 0, "open": 0, "page": 400}, name
