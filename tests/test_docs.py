"""The pages of docs: their code runs, and gives the numbers and errors shown."""

import contextlib
import importlib
import io
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from autograd import TraceError, Value, jit, trace
from autograd.graph import errors

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


def blocks(page):
    """Each Python block of a page, and the text block right after it, "" where there is none."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", text, re.S)


def test_the_blocks_of_programs_print_the_text_shown(capsys):
    space = {}
    found = blocks("programs")
    assert len(found) >= 14
    for code, printed in found:
        exec(compile(code, "page.py", "exec"), space)
        assert capsys.readouterr().out == printed


@pytest.fixture(scope="module")
def exported():
    """The folder with the files that the blocks of export.md write; what they print is compared."""
    space = {}
    for code, printed in blocks("export"):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, "page.py", "exec"), space)
        assert out.getvalue() == printed
    return space


@pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc here")
def test_the_c_program_of_the_page_gives_the_outputs_of_the_model(exported):
    folder, model = exported["folder"], exported["model"]
    text = (DOCS / "export.md").read_text(encoding="utf-8")
    (main,) = re.findall(r"```c\n(.*?)```", text, re.S)
    (folder / "main.c").write_text(main)
    (command,) = re.findall(r"`(gcc [^`]*)`", text)
    subprocess.run([*command.split(), "-Wall", "-Wextra", "-Werror", "-o", "main"], cwd=folder, check=True)
    printed = subprocess.run([folder / "main"], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = list(map(float, printed.split()))
    assert found == pytest.approx([model(x).data for x in exported["X"]], rel=1e-12)
    assert [x > 0.0 for x in found] == [False, True, True, False]


@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium here")
def test_the_web_page_of_the_page_shows_value_and_gradient(exported):
    folder = exported["folder"]
    (html,) = re.findall(r"```html\n(.*?)```", (DOCS / "export.md").read_text(encoding="utf-8"), re.S)
    module = (folder / "bump.mjs").read_text()
    inline = re.sub(r'import .* from "./bump.mjs";', lambda _: module.replace("export ", ""), html)
    (folder / "page.html").write_text(f"<!doctype html>{inline}", encoding="utf-8")
    shown = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--dump-dom", f"file://{folder}/page.html"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    ).stdout
    (numbers_shown,) = re.findall(r'<p id="out">(.*?)</p>', shown)
    value, (by_x, by_y) = exported["bump"].value_and_grad(1.5, 0.5, argnums=(0, 1))
    assert list(map(float, numbers_shown.split())) == pytest.approx([value, value, by_x, by_y], rel=1e-14)


def refusals():
    """For each row of the table in programs.md: the code, the beginning of its error, and what to write."""
    text = (DOCS / "programs.md").read_text(encoding="utf-8")
    table = text.split("| in the function | the error begins with |")[1].split("\n\n")[0]
    for line in table.splitlines()[2:]:
        code, begins, _, instead = (cell.strip().strip("`") for cell in line.strip("|").split("|"))
        yield code, begins, instead


@pytest.mark.parametrize(("code", "begins", "instead"), list(refusals()))
def test_what_raises_in_a_trace_and_what_to_write_instead(code, begins, instead):
    space = setup("programs", " errors")
    setting = re.fullmatch(r"(\w+)\.(\w+) = (.+)", code)
    code = f"setattr({setting[1]}, {setting[2]!r}, {setting[3]})" if setting else code
    with pytest.raises(TraceError, match=f"^{re.escape(begins)}"):
        trace(eval(f"lambda x: ({code}, 1.0)[1]", space), 2.0)
    if instead:
        assert len(trace(eval(f"lambda x: {instead}", space), 0.5).outputs) > 0


def test_the_table_of_refusals_names_each_text_of_an_error():
    """A refusal that is added to the package has to be added to the page."""
    assert len(list(refusals())) >= 13
    assert {f"{what} of Value" for what in errors._INSTEAD} <= {begins for _, begins, _ in refusals()}


def stale_call():
    a = Value(2.0)
    square = a * a
    product = jit(lambda x: square * x)
    product(1.0)
    a.data = 3.0
    product(1.0)


CALLS = {
    "GuardError": lambda: trace(lambda x: x if x > 0 else -x, 1.0)(-1.0),
    "ValueError: ... arguments of another structure": lambda: trace(sum, [1.0, 2.0])([1.0]),
    "TypeError: ... neither a number nor a list, tuple, dict, dataclass or array of numbers": (
        lambda: jit(lambda x: 1.0)(object())
    ),
    "TypeError: ... has to be hashable": lambda: jit(lambda n: 1.0, static_argnums=0)([1]),
    "StaleGraphError": stale_call,
}


@pytest.mark.parametrize(("row", "call"), CALLS.items(), ids=CALLS)
def test_what_a_call_raises(row, call):
    text = (DOCS / "programs.md").read_text(encoding="utf-8")
    table = text.split("| error | why | cure |")[1].split("\n\n")[0]
    assert f"| `{row}` |" in table
    assert table.count("\n| ") == len(CALLS)
    kind, _, part = row.partition(": ... ")
    with pytest.raises((RuntimeError, ValueError, TypeError), match=re.escape(part) or None) as caught:
        call()
    assert caught.type.__name__ == kind


def test_the_readme_links_the_pages():
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    for page in (*PAGES, "programs", "export"):
        assert f"(docs/{page}.md)" in readme
