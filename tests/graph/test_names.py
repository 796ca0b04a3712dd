"""One Value, one name: in formulas, derivations, steps, pages and pictures."""

import ast
import json
import pickle
import re

import pytest

import nn
from autograd import (
    Symbol,
    Value,
    derivative,
    draw,
    explain,
    formula,
    module_path,
    play,
    steps,
    tanh,
    to_mermaid,
    to_text,
)
from autograd.formulas.notation import latex_name
from autograd.graph.names import all_names, given_names
from autograd.graph.walks import topological_order

WEIGHTS = [f"{label}_{unit}" for unit in ("h1", "h2", "o1", "o2") for label in ("w1", "w2", "b")]
UNITS = [f"{what}_{unit}" for unit in ("h1", "h2", "o1", "o2") for what in ("net", "out")]
LEAVES = {*WEIGHTS, "i1", "i2"}
WORD = re.compile(r"\b[a-z]\w*\b(?!\()")


def network():
    model = nn.MLP(2, [2, 2], "tanh", output_activation="tanh", seed=3)
    x = [Value(0.5, "i1"), Value(-1.0, "i2")]
    loss = nn.mse_loss(model(x), [1.0, 0.0])
    loss.label = "loss"
    return model, loss


class TestANetwork:
    """Of two inputs, two hidden and two output neurons."""

    def test_formulas_and_derivatives(self):
        model, loss = network()
        assert set(WORD.findall(str(formula(loss)))) == LEAVES
        weights = dict(zip(WEIGHTS, model.parameters(), strict=True))
        for name, weight in weights.items():
            assert set(WORD.findall(str(derivative(loss, weight)))) <= LEAVES
            assert derivative(loss, weight) == derivative(formula(loss), name)

    def test_derivations(self):
        model, loss = network()
        for name, weight in zip(WEIGHTS, model.parameters(), strict=True):
            told = explain(loss, weight)
            assert told.to_dict()["wrt"] == name
            equations = [line for line in str(told).splitlines() if "=" in line]
            assert f"dloss/d{name} = " in equations[0]
            words = {
                re.sub(r"^d(?=loss|w|b|net|out)", "", word) for word in WORD.findall(" ".join(equations))
            }
            assert words <= {*LEAVES, *UNITS, "loss"}

    def test_steps_and_the_page(self):
        _, loss = network()
        told = {str(step).split(" = ")[0] for step in steps(loss) if step.forward}
        named = {name for name in told if not re.fullmatch(r"v\d+", name)}
        formulas = {"out_o1 - 1", "(out_o1 - 1) * (out_o1 - 1)", "v7 * v7"}  # short ones serve as names
        assert named == {*LEAVES, *UNITS, "loss", *formulas}
        page = play(loss).html()
        data = json.loads(re.search(r'<script[^>]* id="data">(.*?)</script>', page, re.DOTALL)[1])
        assert {box["name"] for box in data["boxes"] if box["kind"] != "constant"} == told

    def test_pictures(self):
        _, loss = network()
        loss.backward()
        for found in (
            re.findall(r"<b>(\w+)(?: = [^<]*)?</b>", draw(loss).source),
            re.findall(r"^ *(\w+)(?: = \S+)?[:,]", to_text(loss), re.MULTILINE),
            re.findall(r'[\[(]"(\w+)(?: #61; [^<]*)?<', to_mermaid(loss)),
        ):
            assert {name for name in found if name not in ("dot", "sum_of")} == {*LEAVES, *UNITS, "loss"}


def test_a_module_tells_which_part_is_a_unit_of_a_layer():
    """By `module_path`, whatever the modules' names; without a unit nothing has a neuron's name."""
    x, w = Value(0.5, "x"), [Value(-1.0, "w", parameter=True), Value(2.0, "w", parameter=True)]

    def loss(*units):
        with module_path("cells"):
            outs = []
            for weight, unit in zip(w, units, strict=True):
                with module_path("cell", unit):
                    outs.append(tanh(weight * x))
        return outs[0] * outs[1]

    told = loss(2, 0)
    for graph in (told, pickle.loads(pickle.dumps(told))):
        order = topological_order(graph)
        assert {"net_o1", "out_o1", "out_o3", "w_o1", "w_o3"} <= set(given_names(order, None).values())
        assert {node.path for node in order if node.op is tanh} == {"cells.cell"}
    assert set(given_names(topological_order(loss(None, None)), None).values()) == {"x", "w", "w_2"}


def test_every_weight_of_a_neuron_is_named_alike():
    """Also one whose label no other neuron has: the third of the output, after a hidden layer of three."""
    model = nn.MLP(2, [3, 1], "tanh", seed=1)
    loss = nn.mse_loss([model([1.0, 2.0])], [1.0])
    assert "out_o1 = w1_o1 * out_h1 + w2_o1 * out_h2 + w3_o1 * out_h3 + b_o1" in str(
        explain(loss, model.parameters()[0])
    )
    assert "w3_o1" in to_text(loss)


def test_labels_of_the_users_own_stand():
    """Weights numbered through, as Mazur does, keep their names; biases of one label get their neuron's."""
    model, loss = network()
    for label, weight in zip("w1 w2 b1 w3 w4 b1 w5 w6 b2 w7 w8 b2".split(), model.parameters(), strict=True):
        weight.label = label
    named = given_names(topological_order(loss), None)
    assert [named[p] for p in model.parameters()] == (
        "w1 w2 b1_h1 w3 w4 b1_h2 w5 w6 b2_o1 w7 w8 b2_o2".split()
    )


def test_made_up_names_are_the_same_everywhere():
    """What has no name is called by its place in the computation, also where only some is spoken of."""
    a, b = Value(2.0), Value(3.0)
    h = tanh(a * b)
    out = h * h + h * b
    every = all_names(topological_order(out), out, {})
    assert [every[v] for v in (a, b, h, out)] == ["x1", "x2", "v2", "out"]
    assert str(formula(out)) == "tanh(x1 * x2)**2 + tanh(x1 * x2) * x2"
    assert str(derivative(out, h)) == "x2 + 2 * v2"
    assert "dout/dv2 = x2 + 2 * v2" in str(explain(out, a))
    assert "v3 = tanh(x1 * x2) * tanh(x1 * x2)" in "\n".join(map(str, steps(out)))


def test_repeated_labels_are_numbered_and_leaves_come_first():
    a = Value(2.0, "a")
    s = a * a
    s.label = "a"
    out = s + Value(3.0, "a")
    assert str(formula(out)) == "a**2 + a_2"
    assert to_text(out).splitlines() == [
        "+: data 7",
        "  a_3 = *: data 4",
        "    a: data 2",
        "    a, as above",
    ] + ["  a_2: data 3"]


@pytest.mark.parametrize("label", ["v1?", "out", "x1", "v1"])
def test_no_made_up_name_meets_a_label(label):
    a, b = Value(2.0, label), Value(3.0)
    out = tanh(a * b) + a
    named = all_names(topological_order(out), out, given_names(topological_order(out), None))
    assert named[a] == label
    assert len(set(named.values())) == len(named)


class TestLabelsThatAreExpressions:
    """As in Karpathy's lecture, where a node made by ``x1*w1`` is labelled so."""

    def neuron(self):
        x1, x2, w1, w2 = Value(2.0, "x1"), Value(0.0, "x2"), Value(-3.0, "w1"), Value(1.0, "w2")
        b = Value(6.8813735870195432, "b")
        x1w1, x2w2 = x1 * w1, x2 * w2
        x1w1.label, x2w2.label = "x1*w1", "x2*w2"
        x1w1x2w2 = x1w1 + x2w2
        x1w1x2w2.label = "x1*w1 + x2*w2"
        n = x1w1x2w2 + b
        n.label = "n"
        o = n.tanh()
        o.label = "o"
        return o, w1

    def test_derivations_and_steps(self):
        o, w1 = self.neuron()
        assert str(explain(o, w1, digits=4)).splitlines() == [
            "do/dw1 = do/dn * dn/d'x1*w1 + x2*w2' * d'x1*w1 + x2*w2'/d'x1*w1' * d'x1*w1'/dw1",
            "  o = tanh(n)",
            "  do/dn = 1 - o**2 = 1 - 0.7071**2 = 0.5",
            "  n = 'x1*w1 + x2*w2' + b",
            "  dn/d'x1*w1 + x2*w2' = 1",
            "  'x1*w1 + x2*w2' = 'x1*w1' + 'x2*w2'",
            "  d'x1*w1 + x2*w2'/d'x1*w1' = 1",
            "  'x1*w1' = x1 * w1",
            "  d'x1*w1'/dw1 = x1 = 2",
            "do/dw1 = 0.5 * 1 * 1 * 2 = 1",
        ]
        assert "Path 1: w1 \u2192 'x1*w1' \u2192 'x1*w1 + x2*w2' \u2192 n \u2192 o" in str(
            explain(o, w1, by="path")
        )
        told = [str(step) for step in steps(o, digits=4)]
        assert "'x1*w1 + x2*w2' = 'x1*w1' + 'x2*w2' = -6 + 0 = -6" in told
        assert "do/d'x1*w1' += do/d'x1*w1 + x2*w2' = 0.5" in told

    def test_pages_and_pictures(self):
        """A page quotes names where it tells of derivatives; in a box of its own a name needs no quotes."""
        o, _ = self.neuron()
        data = json.loads(re.search(r'id="data">(.*?)</script>', play(o).html(), re.DOTALL)[1])
        assert "'x1*w1 + x2*w2'" in {box["inFormula"] for box in data["boxes"]}
        assert "x1*w1 + x2*w2" in {box["name"] for box in data["boxes"]}
        assert "x1*w1 + x2*w2 = +: data -6" in to_text(o)

    def test_formulas(self):
        ab, c = Value(3.0, "a+b"), Value(4.0, "c")
        assert str(formula(ab * c)) == "'a+b' * c"
        assert str(derivative(ab * ab * c, ab)) == "2 * c * 'a+b'"
        assert formula(ab * c).latex() == r"{\text{'}\mathtt{a+b}\text{'}} \cdot c"
        assert repr(Symbol("a+b")) == "Symbol('a+b')"

    def test_the_result_of_another_formula_is_never_the_same_text(self):
        a, b, c, ab = map(Symbol, ("a", "b", "c", "(a + b)"))
        assert str((a + b) * c) == "(a + b) * c"
        assert str(ab * c) == "'(a + b)' * c"
        assert str(Symbol("2") * c) == "'2' * c"
        assert str(Symbol("inf") * c) == "'inf' * c"

    @pytest.mark.parametrize(
        "label",
        [
            "w",
            "w[0]",
            "p['w']",
            "model.w",
            "x1*w1",
            "petal width (cm)",
            "lambda",
            "-1",
            "1x",
            "it's",
            "a\nb",
            "\\",
        ],
    )
    def test_python_reads_back_what_is_printed(self, label):
        """The text, read by Python, has the label as one name, or one text in quotes."""
        text = str(formula(Value(3.0, label) * Value(5.0, "c") - 2.0))
        tree = ast.parse(text, mode="eval").body
        found = tree.left.left
        assert ast.unparse(tree.left.right) == "c"
        assert (found.value if isinstance(found, ast.Constant) else ast.unparse(found)) == label

    @pytest.mark.parametrize(
        "label", ["a+b", "petal width (cm)", "x^2", "50 %", "a_b c", "{x}", "a\\b", "$x$"]
    )
    def test_latex_takes_it(self, label):
        mathtext = pytest.importorskip("matplotlib.mathtext")
        mathtext.MathTextParser("path").parse(f"${latex_name(label)} + 1$")
