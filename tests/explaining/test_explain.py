"""Explanations: derivations of published examples, their numbers against backward, and their formats."""

import json
import math
import random
import re

import pytest

import nn
from autograd import (
    StaleGraphError,
    Value,
    derivative,
    explain,
    floor,
    gradients,
    log,
    lt,
    play,
    relu,
    sigmoid,
    sign,
    sin,
    source_lines,
    steps,
    sum_of,
    tanh,
    where,
)
from autograd.explaining.typeset import number


def mazur():
    """Matt Mazur's network (2015), named as in his text."""
    p = {"w1": 0.15, "w2": 0.20, "w3": 0.25, "w4": 0.30, "w5": 0.40, "w6": 0.45, "w7": 0.50, "w8": 0.55}
    p = {name: Value(x, name) for name, x in (p | {"b1": 0.35, "b2": 0.60, "i1": 0.05, "i2": 0.10}).items()}
    net_h1 = p["w1"] * p["i1"] + p["w2"] * p["i2"] + p["b1"]
    net_h2 = p["w3"] * p["i1"] + p["w4"] * p["i2"] + p["b1"]
    out_h1, out_h2 = sigmoid(net_h1), sigmoid(net_h2)
    net_o1 = p["w5"] * out_h1 + p["w6"] * out_h2 + p["b2"]
    net_o2 = p["w7"] * out_h1 + p["w8"] * out_h2 + p["b2"]
    out_o1, out_o2 = sigmoid(net_o1), sigmoid(net_o2)
    E = 0.5 * (0.01 - out_o1) ** 2 + 0.5 * (0.99 - out_o2) ** 2
    return E, p, locals()


def test_mazurs_derivation_for_w5():
    E, p, names = mazur()
    assert str(explain(E, p["w5"], lr=0.5, names=names)).splitlines() == [
        "dE/dw5 = dE/dout_o1 * dout_o1/dnet_o1 * dnet_o1/dw5",
        "  E = 0.5 * (0.01 - out_o1)**2 + 0.5 * (0.99 - out_o2)**2",
        "  dE/dout_o1 = -(0.01 - out_o1) = -(0.01 - 0.75136507) = 0.74136507",
        "  out_o1 = sigmoid(net_o1)",
        "  dout_o1/dnet_o1 = out_o1 * (1 - out_o1) = 0.75136507 * (1 - 0.75136507) = 0.186815602",
        "  net_o1 = w5 * out_h1 + w6 * out_h2 + b2",
        "  dnet_o1/dw5 = out_h1 = 0.593269992",
        "dE/dw5 = 0.74136507 * 0.186815602 * 0.593269992 = 0.082167041",
        "A step of gradient descent with the rate 0.5:",
        "w5+ = w5 - 0.5 * dE/dw5 = 0.4 - 0.5 * 0.082167041 = 0.35891648",
    ]


def test_mazurs_derivation_for_w1():
    """The last digit of -0.019049119 in his text is off by one."""
    E, p, names = mazur()
    text = str(explain(E, p["w1"], names=names))
    for line in (
        "dE/dw1 = dE/dout_h1 * dout_h1/dnet_h1 * dnet_h1/dw1",
        "  out_h1 feeds net_o1 and net_o2, so their contributions are added:",
        "  dE/dout_h1 = dE/dnet_o1 * dnet_o1/dout_h1 + dE/dnet_o2 * dnet_o2/dout_h1",
        "    dE/dnet_o1 = 0.74136507 * 0.186815602 = 0.138498562",
        "  dE/dout_h1 = 0.055399425 + (-0.019049118) = 0.036350306",
        "dE/dw1 = 0.036350306 * 0.241300709 * 0.05 = 0.000438568",
        "dE/dw1 = 0.000668396 + (-0.000229828) = 0.000438568",
    ):
        assert line in text.splitlines()
    assert text.count("E = 0.5 *") == 1


def test_by_paths():
    E, p, names = mazur()
    explanation = explain(E, p["w1"], by="path", names=names)
    assert str(explanation).splitlines()[0] == (
        "Path 1: w1 \u2192 net_h1 \u2192 out_h1 \u2192 net_o1 \u2192 out_o1 \u2192 E"
    )
    assert "0.74136507 * 0.186815602 * 0.4 * 0.241300709 * 0.05 = 0.000668396" in str(explanation)
    assert explanation.path_count == 2
    assert sum(path.value for path in explanation.paths) == pytest.approx(explanation.value, rel=1e-14)


def test_the_numbers_are_those_of_backward():
    """For every weight of a network, by nodes and by all paths."""
    model = nn.MLP(3, [4, 3, 2], "tanh", seed=3)
    loss = nn.mse_loss(model([0.5, -1.0, 2.0]), [1.0, 0.0])
    slopes = gradients(loss, model.parameters())
    for p, slope in zip(model.parameters(), slopes, strict=True):
        explanation = explain(loss, p, by="path", most=1000)
        assert explanation.value == pytest.approx(slope.data, rel=1e-13)
        assert math.fsum(path.value for path in explanation.paths) == pytest.approx(slope.data, rel=1e-12)
        assert len(explanation.paths) == explanation.path_count in (1, 2, 6)
        assert explain(loss, p).value == explanation.value


def test_the_largest_paths_of_many():
    """Of 3**20 paths the largest are found, as by sorting all paths of a smaller graph."""
    generator = random.Random(1)

    def layered(depth):
        layer = [Value(generator.uniform(-1, 1), "x")]
        x = layer[0]
        for i in range(depth):
            layer = [sum(generator.uniform(-2, 2) * v for v in layer) + 0.0 for _ in range(3)]
            for j, v in enumerate(layer):
                v.label = f"h{i}_{j}"
        return x, sum_of(layer)

    x, out = layered(20)
    explanation = explain(out, x, by="path", most=5)
    assert explanation.path_count == 3**20
    assert "3,486,784,401 paths lead from x to out; these 5 contribute most:" in str(explanation)
    assert "[3,486,784,396 others]" in str(explanation)
    x, out = layered(5)
    every = explain(out, x, by="path", most=1000)
    best = sorted(every.paths, key=lambda path: -abs(path.value))[:4]
    found = explain(out, x, by="path", most=4).paths
    assert [p.value for p in sorted(found, key=lambda p: -abs(p.value))] == pytest.approx(
        [p.value for p in best]
    )


def test_neurons_have_names_and_labels_their_neuron():
    model = nn.MLP(2, [2, 1], "tanh", seed=1)
    out = model([Value(1.0, "x1"), Value(2.0, "x2")])
    weight = model.parameters()[4]
    text = str(explain(out, weight))
    assert text.splitlines()[0] == ("dout_o1/dw2_h2 = dout_o1/dout_h2 * dout_h2/dnet_h2 * dnet_h2/dw2_h2")
    assert "net_h2 = w1_h2 * x1 + w2_h2 * x2 + b_h2" in text
    deeper = nn.MLP(2, [2, 2, 1], "tanh", seed=1)
    assert "out_h2_1 = tanh(net_h2_1)" in str(explain(deeper([1.0, 2.0]), deeper.parameters()[0]))


def test_without_names_the_formula_is_one_and_long_ones_are_cut():
    x = Value(2.0)
    assert str(explain(sin(x) * x + x**2, x)).splitlines() == [
        "out = sin(x1) * x1 + x1**2",
        "dout/dx1 = 2 * x1 + sin(x1) + x1 * cos(x1) = 2 * 2 + sin(2) + 2 * cos(2) = 4.077003754",
    ]
    y = x
    for _ in range(20):
        y = tanh(y * 1.5 + 0.1)
    text = str(explain(y, x))
    assert "  v9 = tanh(" in text  # the ninth operation, as in `steps`
    assert max(map(len, text.splitlines())) < 400
    assert explain(y, x).value == pytest.approx(gradients(y, [x])[0].data, rel=1e-12)


def test_a_direct_derivative_differs_from_the_whole_derivative():
    """x reaches out through h, and directly: two derivatives of out by x."""
    x = Value(2.0, "x")
    h = sin(x)
    h.label = "h"
    assert str(explain(h * x, x, digits=4)).splitlines() == [
        "x feeds h and out, so their contributions are added:",
        "dout/dx = dout/dh * dh/dx + [dout/dx]",
        "  out = h * x",
        "  dout/dh = x = 2",
        "  h = sin(x)",
        "  dh/dx = cos(x) = cos(2) = -0.4161",
        "  [dout/dx] = h = 0.9093",
        "dout/dx = (-0.8323) + 0.9093 = 0.077",
        "The same by paths:",
        "dout/dx = 0.9093 + (-0.8323) = 0.077",
    ]


def test_paths_have_distinct_names_without_labels():
    a, b = Value(2.0), Value(-3.0)
    explanation = explain(a * b + tanh(a), a, by="path", digits=4)
    assert [path.names for path in explanation.paths] == [["out", "v1", "x1"], ["out", "v2", "x1"]]
    assert explanation.path_count == 2


def test_long_sums_show_their_largest_terms():
    """Partial sums get no names; their terms do, and the largest are shown."""
    model = nn.MLP(2, [4, 1], seed=1)
    X, y = nn.datasets.moons(60)[:2]
    losses = [(1 - (2 * label - 1) * model(x)).relu() for x, label in zip(X, y, strict=True)]
    loss = sum(losses) * (1.0 / len(losses))
    p = model.parameters()[0]
    text = str(explain(loss, p, most=3))
    assert explain(loss, p).value == pytest.approx(gradients(loss, [p])[0].data)
    assert max(map(len, text.splitlines())) < 250
    assert " * 1 * 1 * 1" not in text
    w = Value(0.5, "w")
    error = nn.mse_loss([w * t for t in range(30)], [2 * t for t in range(30)])
    text = str(explain(error, w))
    assert "and 20 more" in text
    assert max(map(len, text.splitlines())) < 250


def test_a_derivative_is_derived_once():
    E, p, names = mazur()
    lines = str(explain(E, p["w1"], names=names)).splitlines()
    formulas = [line.strip() for line in lines if line.count("=") > 1 and "(" in line]
    assert len(formulas) == len(set(formulas))
    model = nn.MLP(2, [16, 16, 1], "tanh", seed=1)
    X, y = nn.datasets.moons(20)[:2]
    text = str(explain(nn.mse_loss([model(x) for x in X], y), model.parameters()[0]))
    assert "derivatives are used here without being derived in turn" in text


def test_digits_hold_for_constants_too():
    k, x = Value(1.23456789, "k"), Value(2.0, "x")
    line = str(explain(x * 0.123456789012345 + k * x * x, x, digits=3)).splitlines()[-1]
    assert line == "dout/dx = 2 * k * x + 0.123 = 2 * 1.235 * 2 + 0.123 = 5.062"


def test_a_large_graph_has_a_short_derivation(tmp_path):
    """The loss of a hundred samples: the terms that matter most, and the rest as one number."""
    model = nn.MLP(2, [16, 16, 1], "tanh", seed=1)
    X, y = nn.datasets.moons(100)[:2]
    loss = nn.mse_loss([model(x) for x in X], y)
    p = model.parameters()[0]
    explanation = explain(loss, p, most=3)
    assert explanation.value == pytest.approx(gradients(loss, [p])[0].data, rel=1e-10)
    text = str(explanation)
    assert "and 97 more, so their contributions are added:" in text
    assert len(text.splitlines()) < 400
    assert explain(loss, p, by="path", most=3).path_count == 1600


class TestReasons:
    def test_a_dead_relu(self):
        x = Value(2.0, "x")
        y = relu(-x)
        y.label = "y"
        assert explain(y * 3.0, x).reasons == [
            "y is the relu of -2, and relu is flat at 0 and below: a dead relu"
        ]

    def test_a_saturated_tanh(self):
        x = Value(100.0, "x")
        assert "It is 0 because out is the tanh of 100, where tanh is flat to all digits" in str(
            explain(tanh(x), x)
        )

    def test_a_logarithm_of_zero(self):
        x = Value(0.0, "x")
        y = log(x)
        assert explain(y, x).value == math.inf
        assert explain(y, x).reasons == ["out is -inf: log(0)"]
        assert "inf" in str(explain(y, x))
        assert json.loads(explain(y, x).json())["value"] == "inf"
        z = Value(0.0, "z")
        assert explain(z**0.5, z).reasons == ["out has the slope inf by z: 0 ** 0.5"]

    def test_a_product_with_zero_and_an_unrelated_variable(self):
        x, w = Value(2.0, "x"), Value(3.0, "w")
        y = x * 0.0
        y.label = "y"
        assert explain(y + w, x).reasons == ["y is a product with a factor 0: 2 * 0"]
        assert explain(y + w, Value(1.0, "u")).reasons == ["the result was not made from u"]
        assert str(explain(y + w, Value(1.0, "u"))) == "It is 0 because the result was not made from u."
        assert explain(w - w, w).reasons[0].startswith("the terms cancel each other")

    def test_a_leaf_that_is_no_number(self):
        n, w = Value(math.nan, "n"), Value(1.0, "w")
        assert explain(n * w, w).reasons == ["n is nan: it was given so"]
        assert "It is nan because n is nan" in str(explain(n * w, w))

    def test_a_division_by_a_constant_zero(self):
        w = Value(1.0, "w")
        assert explain(w / 0, w).reasons == ["out is inf: 1 / 0"]
        assert str(derivative(w / 0, w)) == "inf"
        assert "out = w / 0 = 1 / 0 = inf" in [str(step) for step in steps(w / 0)]

    def test_a_finite_derivative_of_a_nan(self):
        x = Value(-1.0, "x")
        assert "The result itself is nan." in str(explain(log(x), x))

    def test_the_line_and_the_module_where_it_happened(self):
        model = nn.MLP(1, [1, 1], "relu", seed=1)
        for p in model.parameters():
            p.data = -1.0
        x = Value(1.0, "x")
        with source_lines():
            out = model([x])
        (reason,) = explain(out, x).reasons
        assert "out_h1 is the relu of -2" in reason
        assert "(in MLP.layers.0.neurons.0, at test_explain.py:" in reason

    def test_ops_without_a_slope_on_the_way(self):
        """A node without a slope ends the path, and the reason names it."""
        x, y = Value(7.5, "x"), Value(2.0, "y")
        assert explain(x % y, x).value == 1.0
        assert explain(x // y + x, x).value == 1.0
        for out, reason in (
            (floor(x) * y, "a floor is locally constant: floor(7.5)"),
            (sign(x) * y, "a sign is locally constant: sign(7.5)"),
            (where(lt(x, y), y, 3.0), "a lt is locally constant: 7.5 < 2"),
            (where(x, y, 3.0), "out depends on it through the condition alone, which has no slope"),
        ):
            explanation = explain(out, x)
            assert explanation.value == 0.0
            assert reason in explanation.reasons[0]
            assert str(explanation).splitlines()[0] == "dout/dx = 0"
            assert explain(out, x, by="path").value == 0.0

    def test_an_infinite_slope_is_traced_to_its_cause(self):
        """The reason names the infinity on the path, not an unrelated one beside it."""
        x, big = Value(0.0, "x"), Value(math.inf, "big")
        root = x**0.5
        root.label = "root"
        out = root * 2.0 + where(1.0, 0.0, big)
        assert explain(out, x).reasons == ["root has the slope inf by x: 0 ** 0.5"]
        both = root - 2.0 * root
        assert math.isnan(explain(x**0.5 - (x + 0.0) ** 0.5 * 2.0, x).value)
        assert explain(both, x).value == -math.inf
        reasons = explain(x**0.5 - (x + 0.0) ** 0.5 * 2.0, x).reasons
        assert "gets both inf and -inf from" in reasons[0]
        assert "has the slope inf" in reasons[1]
        v = Value(1e200, "v")
        assert "an overflow" in explain(v**3.0, v).reasons[0] or "inf" in explain(v**3.0, v).reasons[0]

    def test_the_number_is_that_of_backward_where_zero_meets_infinity(self):
        """The sweep adds before it multiplies, so it meets no 0 times inf, though a path does."""
        x = Value(0.0, "x")
        root = x**0.5
        u, v = root * 2.0, root * 2.0
        root.label, u.label, v.label = "root", "u", "v"
        out = u - v
        out.backward()
        assert x.grad == 0.0
        for by in ("node", "path"):
            assert explain(out, x, by).value == 0.0
        text = str(explain(out, x, "path"))
        assert "The products of the paths add up to nan: the derivative by a Value is summed before" in text

    def test_a_nearly_saturated_function_is_named_below_a_stated_slope(self):
        x = Value(30.0, "x")
        y = sigmoid(x)
        y.label = "y"
        explanation = explain(y * 1e6, x)
        slope = f"{y.data * (1.0 - y.data):.3g}"
        reason = f"y is the sigmoid of 30, where the slope of sigmoid is {slope}, below 0.001: it is nearly "
        reason += "saturated"
        assert slope in ("9.35e-14", "9.36e-14")  # the latter where the sigmoid is rounded right
        assert explanation.reasons == [reason]
        assert str(explanation).splitlines()[-1] == f"Every path meets a flat place: {reason}."

    def test_saturation_is_named_only_if_no_path_passes_it_by(self):
        """From the slope of 0.001 on; a steep path beside the saturated one is enough."""
        x = Value(30.0, "x")
        assert explain(sigmoid(x) + 1e-9 * x, x).reasons == []
        dead = relu(-x)
        assert len(explain(tanh(x * 0.2) + dead * 2.0, x).reasons) == 2
        for net, named in ((6.9, True), (6.8, False)):  # slopes of 1.006e-3 and 1.11e-3
            x = Value(net + 0.01, "x")
            assert bool(explain(sigmoid(x), x).reasons) == named

    def test_any_other_number_has_no_reason(self):
        x = Value(2.0, "x")
        assert explain(x * x, x).reasons == []


class TestForms:
    @pytest.mark.parametrize("by", ["node", "path"])
    def test_the_docstring_names_every_key(self, by):
        E, p, names = mazur()
        explanation = explain(E, p["w5"], by=by, lr=0.5, names=names)
        keys = json.loads(explanation.json())
        assert list(keys) == re.findall(r'"(\w+)"', type(explanation).to_dict.__doc__)
        assert (keys["derivation"] is None) == (by == "path")

    def test_latex_and_markdown(self):
        E, p, names = mazur()
        explanation = explain(E, p["w5"], names=names)
        latex = explanation.latex()
        assert latex.startswith("\\begin{aligned}\n&\\frac{\\partial E}{\\partial w_{5}} = ")
        assert latex.count(r"\frac{") == latex.count(r"}{\partial")
        assert r"\frac{\partial E}{\partial w_{5}} = 0.74136507 \cdot 0.186815602 \cdot 0.593269992" in latex
        assert explanation._repr_markdown_() == explanation.markdown()
        assert "- $\\displaystyle \\frac{\\partial E}{\\partial w_{5}} = " in explanation.markdown()

    def test_json(self):
        E, p, names = mazur()
        explanation = json.loads(explain(E, p["w1"], names=names).json())
        assert explanation["derivation"]["fork"] == "out_h1"
        assert explanation["derivation"]["parts"][0]["terms"][0][1]["formula"] == "w5"
        assert explanation["value"] == pytest.approx(0.000438568, abs=5e-10)
        assert [path["names"][0] for path in explanation["paths"]] == ["E", "E"]

    def test_repr(self):
        E, p, names = mazur()
        assert repr(explain(E, p["w5"], names=names)) == "<Explanation of dE/dw5 = 0.082167041>"

    def test_hostile_labels(self):
        x = Value(-2.0, "a*b_<c>$#%\\`")
        for explanation in (explain(relu(-x), x), explain(relu(x), x), explain(x * sin(x), x, by="path")):
            assert "<c>" not in explanation.markdown()
            assert "<c>" not in explanation.latex()
            assert explanation.latex().count("$") == explanation.latex().count(r"\$") > 0
            dollars = explanation.markdown().count("$") - explanation.markdown().count(r"\$")
            assert dollars % 2 == 0

    @pytest.mark.parametrize(
        ("x", "digits", "text"),
        [
            (0.082167040564, 9, "0.082167041"),
            (0.75, 9, "0.75"),
            (3.0, 9, "3"),
            (-0.00000000123, 9, "-1.23e-09"),
            (1e-12, 3, "1e-12"),
            (0.0, 9, "0"),
            (1e20, 9, "1e+20"),
            (math.nan, 9, "nan"),
            (0.001, 2, "0.001"),
            (120.0, 0, "120"),
        ],
    )
    def test_numbers(self, x, digits, text):
        assert number(x, digits) == text


def test_a_stale_graph_is_not_explained():
    """As in backward: after a step of training the recorded numbers no longer follow from the leaves."""
    a = Value(2.0, "a")
    c = a * a * a
    a.data = 5.0
    for look in (lambda: explain(c, a), lambda: explain(c, a, by="path"), lambda: steps(c), lambda: play(c)):
        with pytest.raises(StaleGraphError, match=r"'a' was given the number 5\.0 after mul had used it"):
            look()


def test_arguments_that_cannot_be_explained_are_refused():
    x = Value(1.0)
    with pytest.raises(TypeError, match=r"out is a Value, not the float 1\.0"):
        explain(1.0, x)
    with pytest.raises(TypeError, match="wrt is a Value, not the str 'x'"):
        explain(x, "x")
    with pytest.raises(ValueError, match="by is 'node' or 'path', not 'edge'"):
        explain(x, x, by="edge")


def test_the_variable_itself_and_a_variable_used_twice():
    x = Value(3.0, "x")
    assert explain(x, x).value == 1.0
    assert str(explain(x, x)) == "dx/dx = 1"
    assert explain(x * x, x).value == 6.0
    y = x * x
    y.label = "y"
    assert explain(y + sin(y), x).value == pytest.approx(gradients(y + sin(y), [x])[0].data)


def test_the_variable_may_be_an_inner_node():
    a, b = Value(2.0, "a"), Value(3.0)
    v = a * b
    out = v * v + sin(v)
    assert str(explain(out, v, digits=4)).splitlines() == [
        "out = v1**2 + sin(v1)",
        "dout/dv1 = cos(v1) + 2 * v1 = cos(6) + 2 * 6 = 12.9602",
    ]
    assert explain(out, v, by="path").path_count == 2
    assert explain(out, v, names=locals()).value == pytest.approx(12.0 + math.cos(6.0))


def test_source_lines():
    x = Value(1.0, "x")
    before = x * 2.0
    with source_lines():
        y = x * 2.0
        z = [sin(v) for v in (x, y)]
    assert before.source == (x + y).source == ""
    assert y.source.startswith("test_explain.py:")
    line = int(y.source.rpartition(":")[2])
    assert [v.source for v in z] == [f"test_explain.py:{line + 1}"] * 2
    assert y.path == ""
    y.label = "y"
    assert y.source == f"test_explain.py:{line}"
    import copy

    assert copy.deepcopy(y).source == y.source


def test_a_line_of_a_notebook_is_named_by_its_cell():
    """The file of a cell is called by a hash of its text, which tells a reader nothing."""
    space = {"Value": Value, "source_lines": source_lines}
    code = "x = Value(1.0)\nwith source_lines():\n    y = x * 2.0\n"
    exec(compile(code, "/tmp/ipykernel_1234/987654321.py", "exec"), space)
    assert space["y"].source == "cell:3"
