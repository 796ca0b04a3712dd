"""The pages docs/from_*.md: the code of each row runs, and both sides of a row give the same numbers."""

import importlib
import re
from pathlib import Path

import pytest

from autograd import Value

DOCS = Path(__file__).parent.parent / "docs"
PAGES = {"from_micrograd": "micrograd", "from_pytorch": "torch", "from_jax": "jax"}


def rows(page):
    """The code in the first two columns of each row of the page's tables; None where there is none."""
    for line in (DOCS / f"{page}.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not line.startswith("|---"):
            theirs, ours, *rest = (cell.strip() for cell in line.strip("|").split("|"))
            assert len(rest) == 1, line
            if "`" in ours:
                assert re.fullmatch(r"`[^`]+`", ours), ours
                assert re.fullmatch(r"(`[^`]+`)?", theirs), theirs
                yield theirs.strip("`") or None, ours.strip("`")


def setup(page, side):
    (code,) = re.findall(
        rf"```python{side}\n(.*?)```", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.S
    )
    space = {}
    exec(code, space)
    return space


def run(code, space):
    """The result of an expression; None for a statement."""
    try:
        compiled = compile(code, "docs", "eval")
    except SyntaxError:
        exec(compile(code, "docs", "exec"), space)
        return None
    return eval(compiled, space)


def numbers(result):
    """A result as a flat list of floats; None if it is none."""
    if isinstance(result, (tuple, list)):
        parts = [numbers(part) for part in result]
        return None if None in parts else [x for part in parts for x in part]
    if isinstance(result, (bool, int, float, Value)):
        return [float(getattr(result, "data", result))]
    if hasattr(result, "detach") and hasattr(result, "dtype"):
        result = result.detach()
    return numbers(result.tolist()) if hasattr(result, "tolist") else None


@pytest.mark.parametrize("page", PAGES)
def test_each_row_runs(page):
    space = setup(page, "")
    found = [ours for _, ours in rows(page)]
    assert len(found) >= 20
    for ours in found:
        run(ours, space)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the other package's own
@pytest.mark.parametrize(("page", "package"), PAGES.items())
def test_both_sides_of_each_row_agree(page, package):
    pytest.importorskip(package, reason=f"compares with {package} where it is installed")
    mine, other = setup(page, ""), setup(page, " theirs")
    if package == "jax":
        importlib.import_module("jax.test_util")
    compared = 0
    for theirs, ours in rows(page):
        got = numbers(run(ours, mine))
        expected = numbers(run(theirs, other)) if theirs else None
        if got is not None and expected is not None and not ours.startswith("model("):  # random weights
            assert got == pytest.approx(expected, rel=1e-12), (theirs, ours)
            compared += 1
    assert compared >= 8


def test_the_readme_links_the_pages():
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    for page in PAGES:
        assert f"(docs/{page}.md)" in readme
