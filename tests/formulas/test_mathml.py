"""Formulas as MathML: of every op, in words of their own, and in a browser without a network."""

import json
import re
import sys
from xml.etree import ElementTree

import pytest

import autograd as ag
from autograd import Symbol, Value, derivative, explain, formula
from autograd.command_line.reference import operands
from autograd.table.op import TABLE

pytest.importorskip("latex2mathml")

from autograd.formulas import mathml


def formulas_of(op):
    """The formula of an op, and its derivatives by all its operands."""
    whole = op(*operands(op))
    variables = [x for xs in operands(op) for x in (xs if isinstance(xs, tuple) else (xs,))]
    return [x for x in (whole, *(derivative(whole, v) for v in variables)) if isinstance(x, Symbol)]


def words(latex):
    """The tags and texts of a formula's elements."""
    tree = ElementTree.fromstring(mathml.mathml(latex))
    return [(x.tag.rpartition("}")[2], x.text) for x in tree.iter() if x.text]


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_op_and_its_slopes(name):
    """The MathML is well-formed and has every name and number of the LaTeX, and no command of LaTeX."""
    for found in formulas_of(TABLE[name]):
        latex = found.latex()
        tree = ElementTree.fromstring(mathml.mathml(latex))
        text = "".join(tree.itertext())
        assert not re.search(r"[\\}#&$^_]", text)
        assert text.count("{") == latex.count(r"\begin{cases}")
        upright = re.findall(r"\\(?:operatorname|mathrm)\{(\w+)\}", latex)
        numbers = re.findall(r"\d+\.\d+", latex)
        assert all(word in [x.text for x in tree.iter()] for word in [*upright, *numbers]), latex


def test_words_and_signs():
    assert words(r"\operatorname{atan2}\left(x, y\right)")[0] == ("mi", "atan2")
    assert words(r"\max\left(x, y\right)")[0] == ("mi", "max")
    assert words(Symbol("loss").latex()) == [("mi", "loss")]
    assert words(Symbol("a+b").latex()) == [("mtext", "'"), ("mtext", "a+b"), ("mtext", "'")]
    minus = re.compile(r"<mo( form=\"prefix\")?>&#x02212;</mo>")
    signs = minus.findall(mathml.mathml(r"x = -2 \cdot (-3) - 4 - (y) - \left(z\right) - 1"))
    assert list(map(bool, signs)) == [True, True, False, False, False, False]


def test_without_the_library_or_of_a_very_long_formula_a_notebook_gets_latex_alone(monkeypatch):
    x = Value(2.0, "x")
    told = explain(x * x + x, x)
    assert "<math" in told._repr_html_()
    assert "<math" in formula(x * x)._repr_html_()
    with monkeypatch.context() as patch:
        patch.setattr(mathml, "LONGEST", 3)
        assert told._repr_html_() is formula(x * x)._repr_html_() is None
    monkeypatch.setitem(sys.modules, "latex2mathml.converter", None)
    assert told._repr_html_() is formula(x * x)._repr_html_() is None
    assert formula(x * x)._repr_latex_() == r"$\displaystyle x^{2}$"
    assert told._repr_markdown_() == told.markdown()


def test_labels_are_only_text():
    hostile = "</span><script>alert(1)</script>&"
    page = formula(Value(0.5, hostile) * 2.0)._repr_html_()
    assert "<script" not in page
    assert page.count("</span>") == 2
    x = Value(0.5, hostile)
    assert "<script" not in explain(x * x + x, x)._repr_html_()


CHECK = """
<pre id="found"></pre>
<script>
onload = () => {
  const seen = kind => [...document.querySelectorAll(kind)].filter(e => e.getClientRects().length).length;
  const outputs = [...document.querySelectorAll(".jp-OutputArea-output")].map(output => output.innerText);
  const heights = [...document.querySelectorAll("mfrac")].map(e => e.getBoundingClientRect().height);
  document.getElementById("found").textContent =
    JSON.stringify({ mathml: seen("math"), latex: seen(".autograd-latex"), outputs, heights });
};
</script>
"""


def in_browser(browser, page, html):
    page.write_text(html.replace("</body>", f"{CHECK}</body>"), encoding="utf-8")
    shown = browser(page, "--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom")
    return json.loads(re.search(r'<pre id="found">(.*?)</pre>', shown, re.DOTALL)[1])


def test_a_page_made_of_a_notebook_shows_each_formula_once_without_a_network(browser, tmp_path):
    """As MathML; and as LaTeX where a viewer has removed styles, unknown tags and nothing else."""
    nbformat, nbconvert = pytest.importorskip("nbformat"), pytest.importorskip("nbconvert")
    formatters = pytest.importorskip("IPython.core.formatters")
    w, x = Value(0.5, "w"), Value(2.0, "x")
    y = ag.tanh(w * x)
    y.label = "y"
    loss = (y - 1.0) ** 2 + w * w
    cells = []
    for shown in (explain(loss, w, lr=0.5), formula(loss), derivative(loss, w)):
        data, _ = formatters.DisplayFormatter().format(shown)
        assert {"text/plain", "text/html"} < set(data)
        cells.append(nbformat.v4.new_code_cell("1"))
        cells[-1].outputs = [nbformat.v4.new_output("execute_result", data)]
    html, _ = nbconvert.HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    count = html.count("<math ")
    assert count > 10
    found = in_browser(browser, tmp_path / "page.html", html)
    assert (found["mathml"], found["latex"]) == (count, 0)
    assert len(found["heights"]) > 5
    assert min(found["heights"]) > 25  # fractions are drawn as fractions
    assert not any("$" in text or "\\" in text for text in found["outputs"])
    assert "feeds" in found["outputs"][0]

    sanitised = re.sub(r"</?(math|m[a-z]+)\b[^>]*>", "", html.replace(mathml.STYLE, ""))
    found = in_browser(browser, tmp_path / "sanitised.html", sanitised)
    assert (found["mathml"], found["latex"]) == (0, count)
    assert found["outputs"][1] == rf"$\displaystyle {formula(loss).latex()}$"
