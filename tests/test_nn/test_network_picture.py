"""Pictures of networks: columns of neurons, a line for every weight."""

import math
from xml.etree import ElementTree

import pytest

import nn
from autograd import Value, tanh
from autograd.pictures import dot as dot_program
from autograd.pictures import theme

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def pure(monkeypatch):
    monkeypatch.delenv("AUTOGRAD_DOT", raising=False)
    if not dot_program._graphviz_pure():
        pytest.skip("there is no graphviz-pure wheel for this platform")


def parts(picture):
    """Texts by node, and (colour, width) of each line, read back from the SVG."""
    root = ElementTree.fromstring(picture.svg())
    texts, lines = {}, {}
    for group in root.iter(f"{SVG}g"):
        title = group.findtext(f"{SVG}title")
        if group.get("class") == "node":
            texts[title] = [text.text for text in group.iter(f"{SVG}text")]
        elif group.get("class") == "edge":
            path = next(group.iter(f"{SVG}path"))
            lines[title] = (path.get("stroke"), float(path.get("stroke-width", 1.0)))
    return texts, lines


def mazur():
    model = nn.MLP(2, [2, 2], "sigmoid", output_activation="sigmoid")
    numbers = [0.15, 0.20, 0.35, 0.25, 0.30, 0.35, 0.40, 0.45, 0.60, 0.50, 0.55, 0.60]
    for parameter, number in zip(model.parameters(), numbers, strict=True):
        parameter.data = number
    return model


def test_every_neuron_and_weight_is_there_with_its_number():
    """Mazur's network and his numbers, https://mattmazur.com/2015/03/17/."""
    model = mazur()
    texts, lines = parts(nn.draw_network(model, [0.05, 0.10], inputs=["i1", "i2"], number_format=".9g"))
    assert [texts[f"c2n{k}"] for k in (0, 1)] == [["0.75136507"], ["0.772928465"]]
    assert texts["c1n0"] == ["0.593269992"]
    assert texts["w2n1n0"] == ["0.5"]
    assert texts["b2n0"] == ["b 0.6"]
    assert texts["l0n1"] == ["i2"]
    assert texts["t2"] == ["2 outputs, sigmoid"]
    assert len(lines) == 8
    nn.mse_loss(model([0.05, 0.10]), [0.01, 0.99], reduction="half_sum").backward()
    texts, _ = parts(nn.draw_network(model, number_format=".9f"))
    assert texts["w2n0n0"] == ["0.400000000", "grad 0.082167041"]
    assert texts["w1n0n0"] == ["0.150000000", "grad 0.000438568"]
    assert texts["c0n0"] == ["x1"]


def test_lines_show_sign_and_size():
    neuron = nn.Neuron(3)
    for w, number in zip(neuron.w, (2.0, -1.0, 0.0), strict=True):
        w.data, w.grad = number, -number / 2
    colours = theme(False)
    _, lines = parts(nn.draw_network(neuron))
    assert lines["c0n0->c1n0"] == (colours.positive, 3.4)
    assert lines["c0n1->c1n0"] == (colours.negative, 1.9)
    assert lines["c0n2->c1n0"] == (colours.pale, 0.4)
    _, lines = parts(nn.draw_network(neuron, color="grad"))
    assert lines["c0n0->c1n0"] == (colours.negative, 3.4)


def test_wide_layers_are_abridged():
    picture = nn.draw_network(nn.MLP(64, [32, 10], seed=1), [0.5] * 64)
    texts, lines = parts(picture)
    assert texts["m0"] == ["55 more"]
    assert texts["m1"] == ["23 more"]
    assert len(lines) == 9 * 9 + 9 * 10
    assert "c0n63" in texts and "c0n8" not in texts  # noqa: PT018
    assert picture.text.startswith("64 inputs: 0.5, 0.5")
    assert len(parts(nn.draw_network(nn.MLP(64, [32, 10]), most=100))[1]) == 64 * 32 + 32 * 10


def test_layers_with_other_modules_between():
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Dropout(), nn.LayerNorm(3), nn.Linear(3, 1))
    texts, _ = parts(nn.draw_network(model, [1.0, -1.0], number_format=".17g"))
    hidden = model.eval()[3]([tanh(h) for h in model[0]([1.0, -1.0])])
    model.train()
    assert texts["t1"] == ["3 hidden"]  # what the next layer is given
    assert [float(texts[f"c1n{k}"][0]) for k in range(3)] == [h.data for h in hidden]
    assert float(texts["c2n0"][0]) == nn.predict(model, [[1.0, -1.0]])[0]
    assert all("_hooks" not in vars(module) for module in model.modules())
    assert model.training


class Reversed(nn.Module):
    """Its layers stand in another order than they are called."""

    def __init__(self):
        self.out, self.hidden = nn.Linear(3, 1), nn.Linear(2, 3)

    def forward(self, x):
        return self.out([tanh(h) for h in self.hidden(x)])


class Unfit(nn.Module):
    def __init__(self):
        self.layers = nn.Sequential(nn.Linear(2, 3), nn.Linear(2, 1))

    def forward(self, x):
        return self.layers(x)


class Twice(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(2, 2)

    def forward(self, x):
        return self.layer(self.layer(x))


class Beside(nn.Module):
    def __init__(self):
        self.a, self.b = nn.Linear(2, 2), nn.Linear(2, 2)

    def forward(self, x):
        return [a + b for a, b in zip(self.a(x), self.b(x), strict=True)]


def test_the_order_is_that_of_the_calls():
    model = Reversed()
    texts, _ = parts(nn.draw_network(model, [1.0, -1.0], number_format=".17g"))
    assert [texts[f"t{i}"] for i in range(3)] == [["2 inputs"], ["3 hidden"], ["1 output, linear"]]
    hidden = [tanh(h).data for h in model.hidden([1.0, -1.0])]
    assert [float(texts[f"c1n{k}"][0]) for k in range(3)] == hidden


class Generating(Reversed):
    def forward(self, x):
        return self.out(tanh(h) for h in self.hidden(x))


def test_inputs_may_come_from_a_generator():
    assert parts(nn.draw_network(model := Generating(), [1.0, -1.0]))[0]["t1"] == ["3 hidden"]
    assert all("_hooks" not in vars(module) for module in model.modules())


def test_one_activation_may_serve_several_layers():
    act = nn.Tanh()
    model = nn.Sequential(nn.Linear(2, 3), act, nn.Linear(3, 3), act)
    texts, _ = parts(nn.draw_network(model, [1.0, 2.0], number_format=".17g"))
    assert texts["t1"] == ["3 hidden, tanh"]
    assert texts["t2"] == ["3 outputs, tanh"]
    assert [float(texts[f"c1n{k}"][0]) for k in range(3)] == [tanh(h).data for h in model[0]([1.0, 2.0])]
    assert [float(texts[f"c2n{k}"][0]) for k in range(3)] == nn.predict(model, [[1.0, 2.0]])[0]


def test_labels_of_weights_do_not_cover_each_other():
    picture = nn.draw_network(nn.MLP(3, [5, 4, 1], seed=1), [1.0, 2.0, 3.0])
    root = ElementTree.fromstring(picture.svg())
    places = []
    for group in root.iter(f"{SVG}g"):
        if (group.findtext(f"{SVG}title") or "").startswith("w"):
            places += [(float(t.get("x")), float(t.get("y")), len(t.text)) for t in group.iter(f"{SVG}text")]
    assert len(places) > 30
    for i, (x, y, size) in enumerate(places):
        for a, b, other in places[:i]:
            assert abs(y - b) > 8.0 or abs(x - a) > 1.8 * (size + other)


def test_weights_that_are_no_numbers():
    neuron = nn.Neuron(2)
    neuron.w[0].data, neuron.w[1].data = math.nan, 2.0
    _, lines = parts(nn.draw_network(neuron))
    assert lines["c0n0->c1n0"] == (theme(False).undefined, 3.4)
    assert lines["c0n1->c1n0"] == (theme(False).positive, 3.4)


def test_inputs_and_names_of_other_types():
    texts, _ = parts(nn.draw_network(nn.Linear(1, 2), [Value(2.0)], outputs=[0, 1]))
    assert texts["c0n0"] == ["2"]
    assert texts["l1n1"] == ["1"]
    for wrong, message in (("x", "draw_network draws a Module, not 'x'"), (Value(1.0), "not Value")):
        with pytest.raises(TypeError, match=message):
            nn.draw_network(wrong)
    with pytest.raises(TypeError, match=r"write \[2\.0\] for a single one"):
        nn.draw_network(nn.Neuron(1), 2.0)
    assert "no gradients yet" in nn.draw_network(nn.Neuron(1), color="grad").source


def test_a_notebook_shows_it():
    bundle = nn.draw_network(nn.Layer(2, 2), [1.0, 2.0])._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/svg+xml", "image/png"}


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: nn.draw_network(nn.Dropout()), "Dropout has no layers of neurons, and a picture of a netw"),
        (
            lambda: nn.draw_network(nn.Sequential(nn.Linear(2, 3), nn.Linear(2, 1))),
            "does not take a row of 2",
        ),
        (lambda: nn.draw_network(Twice()), "Twice must call each layer exactly once, .* shows its graph"),
        (lambda: nn.draw_network(Beside()), "Beside has a layer whose inputs do not come from the layer bef"),
        (
            lambda: nn.draw_network(nn.Linear(2, 1), number_format="x"),
            r"number_format is for numbers, as '\.3g'",
        ),
        (lambda: nn.draw_network(nn.Linear(2, 1), [1.0]), "an example of 2 inputs, not of 1"),
        (lambda: nn.draw_network(nn.Linear(2, 1), [1.0, math.nan]), "is nan"),
        (lambda: nn.draw_network(nn.Linear(2, 1), color="red"), "color is 'weight' or 'grad'"),
        (lambda: nn.draw_network(nn.Linear(2, 1), most=1), "3 or more, not 1"),
        (
            lambda: nn.draw_network(nn.Linear(2, 1), inputs=["a"]),
            "inputs needs 2 names, one for each neuron, not 1",
        ),
    ],
)
def test_what_cannot_be_drawn_says_why(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()


def test_labels_cannot_inject_markup():
    hostile = '<b>&"</td>\\N'
    texts, _ = parts(nn.draw_network(nn.Linear(1, 1), inputs=[hostile]))
    assert texts["l0n0"] == [hostile]


def test_the_same_network_is_the_same_bytes():
    def picture():
        return nn.draw_network(nn.MLP(3, [4, 2], seed=1), [1.0, 2.0, 3.0])

    assert picture().svg() == picture().svg()
    assert picture().png() == picture().png()
