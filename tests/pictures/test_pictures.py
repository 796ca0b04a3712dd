"""Pictures: boxes and arrows, options, folding, drawing with pip's packages alone, notebook displays."""

import math
import random
import subprocess
import sys
from xml.etree import ElementTree

import pytest

import nn
from autograd import Value, dot, draw, sum_of, tanh, to_mermaid, to_text
from autograd.graph.names import labels_of
from autograd.graph.walks import topological_order
from autograd.pictures import dot as dot_program
from autograd.pictures.select import select_scene
from autograd.pictures.themes import decades_of, on_log_scale, on_scale, theme

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def nothing_installed(monkeypatch):
    """As if there were neither graphviz-pure nor a system dot."""
    monkeypatch.delenv("AUTOGRAD_DOT", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(dot_program, "_graphviz_pure", lambda: None)


@pytest.fixture
def pure(monkeypatch):
    """graphviz-pure alone: no system dot on the PATH."""
    monkeypatch.delenv("AUTOGRAD_DOT", raising=False)
    monkeypatch.setenv("PATH", "")
    if not dot_program._graphviz_pure():
        pytest.skip("there is no graphviz-pure wheel for this platform")


def drawing(*values, **options):
    """The picture as (texts of each box, edges), read back from the SVG."""
    root = ElementTree.fromstring(draw(*values, **options).svg())
    boxes = {}
    edges = []
    for group in root.iter(f"{SVG}g"):
        title = group.findtext(f"{SVG}title")
        if group.get("class") == "node":
            boxes[title] = [text.text for text in group.iter(f"{SVG}text")]
        elif group.get("class") == "edge":
            edges.append(tuple(title.split("->")))
    return boxes, edges


def test_op_and_value_are_one_box_and_x_times_x_has_two_edges(pure):
    x = Value(3.0, "x")
    y = x * x - 2.0
    y.label = "y"
    y.backward()
    boxes, edges = drawing(y)
    assert boxes["n0"] == ["x", "3", "grad 6"]
    assert boxes["n1"] == ["*", "9", "grad 1"]
    assert boxes["n2"] == ["y = -", "7", "grad 1"]
    assert boxes["n2c1"] == ["2"]
    assert edges == [("n0", "n1"), ("n0", "n1"), ("n1", "n2"), ("n2c1", "n2")]


def test_gradients_are_shown_once_there_are_some(pure):
    x = Value(3.0, "x")
    boxes, _ = drawing(x * 2.0)
    assert not any("grad" in text for texts in boxes.values() for text in texts)


def test_n_ary_ops_have_an_edge_for_each_operand(pure):
    x, w = [Value(1.0, "x1"), 2.0], [Value(3.0, "w1"), Value(4.0, "w2")]
    _, edges = drawing(dot(w, x))
    assert len(edges) == 4


def test_leaves_constants_and_parameters_look_different():
    source = draw(
        nn.parameter(1.0, "w") * Value(2.0, "x") * Value(3.0, "k", requires_grad=False) + 4.0
    ).source
    fills = {
        line.split("<b>")[1][0]: line.split("fillcolor=")[1] for line in source.splitlines() if "<b>" in line
    }
    assert len({fills["w"], fills["x"], fills["k"], fills["+"]}) == 4
    assert "shape=plaintext" in source


def test_several_values_and_directions(pure):
    x = Value(1.0, "x")
    boxes, _ = drawing(x * 2.0, x * 3.0, direction="TB", number_format=".2f")
    assert sum(texts[0] == "*" for texts in boxes.values()) == 2
    assert boxes["n0"] == ["x", "1.00"]


def test_labels_cannot_inject_markup(pure):
    hostile = 'a<b>&"x"</table>\\N\\G -> \n; <img src=x>\x00'
    boxes, edges = drawing(Value(1.0, hostile) * 2.0)
    assert boxes["n0"][0] == hostile.replace("\n", "").replace("\x00", "")
    assert len(edges) == 2
    mermaid = to_mermaid(Value(1.0, hostile) * 2.0)
    assert "<img" not in mermaid
    assert mermaid.count("-->") == 2


def test_the_same_graph_is_the_same_bytes(pure):
    def picture():
        x = Value(0.5, "x")
        y = tanh(x * x + sum_of([x, 2.0 * x]))
        y.backward()
        return draw(y)

    assert picture().source == picture().source
    assert picture().svg() == picture().svg()
    assert picture().png() == picture().png()
    script = (
        "from autograd import *; x = Value(0.5, 'x'); y = tanh(x * x + sum_of([x, 2.0 * x])); y.backward(); "
        "print(draw(y).source, end='')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == picture().source


def test_render_writes_to_the_given_path(pure, tmp_path):
    graph = draw(Value(1.0, "x") * 2.0)
    path = graph.render(tmp_path / "graph")
    assert path == str(tmp_path / "graph.svg")
    assert (tmp_path / "graph").read_text().startswith("digraph")
    path = graph.render("other", directory=tmp_path, format="png", cleanup=True)
    assert (tmp_path / "other.png").read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "other").exists()
    path = graph.render(outfile=tmp_path / "third.svg", cleanup=True)
    assert "<svg" in (tmp_path / "third.svg").read_text()
    assert not (tmp_path / "third.gv").exists()
    assert path == str(tmp_path / "third.svg")


def test_a_graph_behaves_like_a_graphviz_digraph(pure, tmp_path):
    graph = draw(Value(1.0, "x") * 2.0)
    assert graph.copy().source == graph.source
    with graph.subgraph(name="cluster_a") as part:
        part.node("more")
    assert "cluster_a" in graph.source
    assert graph.render(outfile=tmp_path / "x.SVG", cleanup=True).endswith("x.SVG")
    graph.render(filename="texts/a.gv", outfile="pictures/a.svg", directory=tmp_path)
    assert (tmp_path / "texts" / "a.gv").exists()
    assert (tmp_path / "pictures" / "a.svg").exists()
    with pytest.raises(ValueError, match="both the DOT text and the picture"):
        graph.render(filename="a.svg", outfile="a.svg", directory=tmp_path)


def test_a_label_of_unprintable_characters_is_left_out(pure):
    boxes, _ = drawing(Value(1.0, "\n") * 2.0)
    assert boxes["n0"] == ["1"]


def test_the_texts_of_a_deep_graph_stay_small():
    x = Value(1.0)
    for _ in range(3000):
        x = x + 1.0
    assert len(draw(x, depth=math.inf, limit=10_000).text) < 1_000_000


def test_a_notebook_gets_svg_png_and_text(pure):
    bundle = draw(Value(1.0, "x") * 2.0)._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/svg+xml", "image/png"}
    assert "max-width:100%" in bundle["image/svg+xml"]
    assert bundle["image/png"].startswith(b"\x89PNG")
    ElementTree.fromstring(bundle["image/svg+xml"])
    only = draw(Value(1.0, "x") * 2.0)._repr_mimebundle_(include=["text/plain"])
    assert set(only) == {"text/plain"}


def test_with_nothing_installed_a_display_shows_text_and_mermaid(nothing_installed):
    bundle = draw(Value(1.0, "x") * 2.0)._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/markdown"}
    assert bundle["text/markdown"].startswith("```mermaid\nflowchart LR\n")
    assert "*: data 2" in bundle["text/plain"]
    assert "pip install graphviz-pure" in bundle["text/plain"]
    with pytest.raises(dot_program.DotNotFoundError, match="pip install graphviz-pure"):
        draw(Value(1.0)).svg()


def test_a_format_that_graphviz_pure_lacks_names_the_way_out(pure, tmp_path):
    with pytest.raises(dot_program.DotNotFoundError, match="PDF among them, need Graphviz itself"):
        draw(Value(1.0)).render(tmp_path / "graph", format="pdf")


def _program(tmp_path, monkeypatch, script):
    if sys.platform == "win32":
        pytest.skip("the stand-in program is a shell script")
    path = tmp_path / "dot"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("AUTOGRAD_DOT", str(path))


def test_the_environment_chooses_the_program_and_its_failure_is_reported(tmp_path, monkeypatch):
    _program(tmp_path, monkeypatch, "echo no such thing >&2; exit 3")
    with pytest.raises(RuntimeError, match="failed with exit code 3 and said: no such thing"):
        draw(Value(1.0)).svg()
    assert "no such thing" in draw(Value(1.0))._repr_mimebundle_()["text/plain"]
    monkeypatch.setenv("AUTOGRAD_DOT", str(tmp_path / "missing"))
    with pytest.raises(dot_program.DotNotFoundError, match="could not be run"):
        draw(Value(1.0)).svg()


def test_a_program_that_hangs_is_stopped(tmp_path, monkeypatch):
    _program(tmp_path, monkeypatch, "exec sleep 60")
    monkeypatch.setattr(dot_program, "TIMEOUT", 0.2)
    with pytest.raises(RuntimeError, match="was stopped after"):
        draw(Value(1.0)).svg()


def test_the_globals_of_graphviz_do_not_change(pure):
    import graphviz

    before = graphviz.backend.dot_command.DOT_BINARY
    draw(Value(1.0)).svg()
    assert graphviz.backend.dot_command.DOT_BINARY is before
    assert isinstance(draw(Value(1.0)), graphviz.Digraph)


def test_a_graph_too_large_to_look_at_is_refused():
    x = Value(1.0)
    for _ in range(3000):
        x = x + 1.0
    with pytest.raises(ValueError, match=r"has 6,001 boxes, too many to be looked at: leave out depth"):
        draw(x, depth=math.inf)
    assert "n3000" in draw(x, depth=math.inf, limit=10_000).source
    with pytest.raises(ValueError, match=r"2 boxes at depth=None, too many .* limit=2"):
        draw(x, limit=1)


def test_arguments_that_cannot_be_drawn_are_refused():
    with pytest.raises(TypeError, match=r"not the float 3.0: make the inputs"):
        draw(3.0)
    with pytest.raises(TypeError, match=r"write draw\(\*values\)"):
        draw([Value(1.0)])
    with pytest.raises(TypeError, match="draw needs a Value"):
        draw()
    with pytest.raises(ValueError, match="direction is 'LR'"):
        draw(Value(1.0), direction="left")


def test_stale_values_are_marked(pure):
    """The leaf shows its new number, Values computed from the old one are marked, and a note says so."""
    a, b = Value(2.0, "a"), Value(3.0, "b")
    c = a * a
    d, beside = c + b, b * 2.0
    out = d * beside
    assert "stale" not in to_text(out)
    a.data = 5.0
    text = to_text(out)
    assert [line.strip() for line in text.splitlines() if "stale, " in line] == [
        "*: stale, data 42",
        "+: stale, data 7",
        "*: stale, data 4",
    ]
    assert "stale: computed before a leaf was given its present number" in text
    boxes, _ = drawing(out)
    assert sum("stale" in box for box in boxes.values()) == 3
    assert 'style="rounded,filled,dashed"' in draw(out).source
    assert to_mermaid(out).count("<br/>stale<br/>") == 3
    assert "stale" in to_text(out, depth=1)
    assert "stale" in to_text(out, around=(out, 0))


def test_the_text_tree():
    x = Value(3.0, "x")
    y = x * x - 2.0
    y.backward()
    assert to_text(y).splitlines() == [
        "-: data 7, grad 1",
        "  *: data 9, grad 1",
        "    x: data 3, grad 6",
        "    x, as above",
        "  2",
    ]
    assert draw(y).text == to_text(y)
    assert draw(y).mermaid == to_mermaid(y)


def test_a_picture_of_many_pixels_is_shrunk(pure):
    x = Value(1.0)
    for _ in range(290):
        x = tanh(x)
    width = int.from_bytes(draw(x).png()[16:20], "big")
    assert width <= 9600


class TestFolding:
    def test_a_small_graph_is_drawn_in_full(self):
        assert "folded" not in draw(sum_of([Value(1.0) for _ in range(250)])).text

    def test_each_module_is_a_box_and_so_are_repeated_operations(self):
        model = nn.MLP(2, [16, 16, 1], seed=1)
        X, y = nn.datasets.moons(20)[:2]
        loss = nn.hinge_loss([model(x) for x in X], [2 * label - 1 for label in y])
        loss = loss + 1e-4 * sum(p * p for p in model.parameters())
        lines = draw(loss).text.splitlines()
        assert "      layers.2: neurons.0, 17 parameters, dot, + \u00d7 20, data" in "\n".join(lines)
        assert sum("layers.0: 16 neurons, 48 parameters, dot, +, relu \u00d7 320" in x for x in lines) == 1
        assert sum(": \u00d7 20, " in line for line in lines) >= 3  # 1 - y*score, of every sample
        assert "folded into" in lines[-1]
        assert "depth=1 to 3 unfolds modules" in lines[-1]

    def test_depth_opens_modules(self):
        model = nn.MLP(2, [3, 1], seed=1)
        out = model([Value(1.0, "x1"), Value(2.0, "x2")])

        def titles(depth):
            return {box.title for box in select_scene([out], depth=depth).boxes}

        assert titles(1) == {"x1, x2", "MLP"}
        assert titles(2) == {"x1, x2", "layers.0", "layers.1"}
        ends = {"neurons.1", "neurons.2"}  # as short as distinct names can be
        assert titles(3) == {"x1, x2", "layers.0.neurons.0", "layers.1.neurons.0", *ends}
        assert len(select_scene([out], depth=math.inf).boxes) == 2 + 13 + 3 * 3 + 2
        with pytest.raises(
            ValueError, match=r"depth is the number of .* not 0: pass math\.inf to show every"
        ):
            draw(out, depth=0)

    def test_without_modules_layers_are_found_by_their_operations(self):
        """A network of Values in lists, as in micrograd, whose nodes have no module path."""
        inputs = [[Value(i * j + 0.5) for j in range(3)] for i in range(40)]
        first = [[Value(0.1 * i + j) for j in range(3)] for i in range(5)]
        second = [Value(0.3 * i) for i in range(5)]
        outs = []
        for x in inputs:
            hidden = [
                tanh(sum((w * x_i for w, x_i in zip(row, x, strict=True)), Value(0.0))) for row in first
            ]
            outs.append(sum(w * h for w, h in zip(second, hidden, strict=True)))
        scene = select_scene([sum_of(outs)])
        found = sorted((box.title, box.count) for box in scene.boxes)
        assert found == sorted(
            [
                ("leaf", 120),
                ("leaf", 15),
                ("leaf", 200),
                ("leaf", 5),
                ("*", 600),
                ("+", 600),
                ("tanh", 200),
                ("*", 200),
                ("+", 200),
                ("sum_of", 1),
            ]
        )

    def test_every_value_is_in_one_box_and_every_arrow_joins_two(self):
        generator = random.Random(2)
        values = [Value(generator.random(), f"v{i}") for i in range(10)]
        for _ in range(3000):
            a, b = (generator.choice(values[-30:]) for _ in range(2))
            values.append(generator.choice([a + b, a * b, tanh(a), a - b]))
        order = topological_order(*values[-5:])
        scene = select_scene(values[-5:])
        assert sum(box.count for box in scene.boxes) == len(order)
        names = {box.name for box in scene.boxes}
        assert {arrow.tail for arrow in scene.arrows} | {arrow.head for arrow in scene.arrows} <= names
        assert len(names) == len(scene.boxes) <= 60

    def test_a_loop_is_folded_by_its_leaves(self):
        """A recurrent network: operations with w and operations with u have separate boxes."""
        w, u, h = Value(0.5, "w"), Value(0.3, "u"), Value(0.0, "h0")
        for i in range(400):
            h = tanh(w * h + u * Value(float(i), f"x{i}"))
        scene = select_scene([h])
        found = {(box.title, box.count) for box in scene.boxes}
        assert found == {
            *(("w", 1), ("u", 1), ("h0", 1), ("x0 ... x399", 400)),
            *(("*", 1), ("*", 399), ("*", 400), ("+", 400), ("tanh", 400)),
        }
        assert sum(box.count for box in select_scene([h], depth=1).boxes) == len(topological_order(h))
        with pytest.raises(ValueError, match="too many to be looked at: leave out depth"):
            draw(h, depth=math.inf)  # laying out its long arrows would take minutes

    def test_modules_are_separated_by_their_paths(self):
        model = nn.Sequential(nn.MLP(2, [16, 16], seed=1), nn.MLP(16, [16, 2], seed=2), nn.Softmax())
        titles = [box.title for box in select_scene([model([1.0, 2.0])[0]], depth=3).boxes]
        assert titles[:4] == [f"Sequential.{i}.layers.{j}" for i in (0, 1) for j in (0, 1)]

    def test_the_text_is_the_same_in_every_run(self, printed_in_runs):
        code = (
            "import nn\nfrom autograd import *\n"
            "class A(nn.Module):\n    def forward(s, x): return tanh(Value(x))\n"
            "class B(A): pass\nclass C(A): pass\n"
            "ms = [A(), B(), C()]\n"
            "print(to_text(sum_of([ms[i % 3](float(i)) * 2.0 for i in range(400)])))"
        )
        texts = set(printed_in_runs(code))
        assert len(texts) == 1
        assert all(f"{name}: tanh" in next(iter(texts)) for name in "ABC")

    def test_long_chains(self, pure):
        x = Value(1.0, "x")
        for _ in range(100_000):
            x = x + 1.0
        assert draw(x).text.splitlines()[:2] == [
            "+: \u00d7 100,000, data 2 \u2026 1e+05",
            "  x: data 1",
        ]
        y = Value(1.0, "y")
        for _ in range(20_000):
            y = tanh(y * 1.5)
        assert "<svg" in draw(y).svg()  # a cycle of two boxes


def neuron():
    x, w = Value(2.0, "x"), Value(-3.0, "w")
    net = x * w + 1.0
    return x, w, net, tanh(net)


def test_a_notebook_gets_one_image_with_an_alternative_text(pure):
    """The root of the SVG is one image; quotes and signs of labels are escaped."""
    x = Value(2.0, 'x"<')
    y = tanh(x * 3.0)
    bundle = draw(y)._repr_mimebundle_()
    root = ElementTree.fromstring(bundle["image/svg+xml"])
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'graph: tanh: data 1; *: data 6; x"<: data 2'


class TestOptions:
    def test_separate_operations_are_circles(self, pure):
        *_, out = neuron()
        boxes, edges = drawing(out, ops="separate")
        assert boxes["n2op"] == ["*"]
        assert boxes["n2"] == ["data -6"]
        assert {("n0", "n2op"), ("n1", "n2op"), ("n2op", "n2"), ("n2", "n3op")} <= set(edges)

    def test_show_selects_the_contents_of_a_box(self, pure):
        x, *_, out = neuron()
        out.backward()
        assert drawing(out, show=("label", "grad"))[0]["n0"] == ["x", f"grad {x.grad:.4g}"]
        assert drawing(out, show=["op"])[0]["n2"] == ["*"]
        assert drawing(out, show=())[0]["n0"] in ([], [" "], ["\xa0"])

    def test_colours_by_gradient_have_a_legend(self, pure):
        *_, out = neuron()
        out.backward()
        root = ElementTree.fromstring(draw(out, color="grad").svg())
        steepest = max(abs(node.grad) for node in topological_order(out))
        assert steepest == 1.0
        legend = ["grad", "-1", "-0.01", "-0.0001", "0", "0.0001", "0.01", "1"]
        assert [text.text.strip() for text in root.iter(f"{SVG}text")][:8] == legend
        assert on_scale(math.nan, 1.0, theme(False)) == theme(False).undefined
        assert on_scale(-1.0, 1.0, theme(False)) == theme(False).negative

    @pytest.mark.parametrize("dark", [False, True])
    def test_small_gradients_have_a_colour_by_their_logarithm(self, dark):
        """From 2e-2 down to 4e-4 of the largest, as in Mazur's network: each is darker than the next."""
        colours = theme(dark)
        assert on_log_scale(0.0, 1.0, 4, colours) == colours.zero
        assert on_log_scale(1.0, 1.0, 4, colours) == colours.positive
        assert on_log_scale(-1.0, 1.0, 4, colours) == colours.negative
        assert on_log_scale(math.nan, 1.0, 4, colours) == colours.undefined
        assert on_log_scale(5e-324, 1e308, 12, colours) != colours.zero

        def away(colour):
            pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(colours.zero[1:]), strict=True)
            return sum(abs(a - b) for a, b in pairs)

        found = [away(on_log_scale(x, 1.0, 4, colours)) for x in (4e-4, 2e-3, 2e-2, 0.14, 1.0)]
        assert found == sorted(set(found))
        assert found[0] > 0.15 * found[-1]

    def test_the_scale_has_as_many_powers_of_ten_as_the_gradients(self):
        assert decades_of([]) == decades_of([0.0, math.inf]) == decades_of([1.0, 0.5]) == 2
        assert decades_of([1.0, 0.0, 4.4e-4]) == 4
        assert decades_of([1.0, -1e-7, math.nan]) == 7
        assert decades_of([1e300, 1e-300]) == 12

    @pytest.mark.parametrize("dark", [False, True])
    def test_texts_can_be_read_on_every_fill(self, dark):
        """A contrast of 4.5 to 1 at least, as WCAG 2.1 asks of texts."""
        colours = theme(dark)
        grounds = [*colours.fills.values(), colours.paper, colours.undefined]
        grounds += [on_scale(x / 10, 1.0, colours) for x in range(-10, 11)]
        assert min(contrast(colours.ink, ground) for ground in grounds) > 4.5
        assert min(contrast(colours.faint, ground) for ground in colours.fills.values()) > 3.0

    def test_blue_and_orange_differ_in_grey_too(self):
        for colours in (theme(False), theme(True)):
            assert contrast(colours.negative, colours.positive) > 1.3

    def test_without_gradients_colours_say_so(self, pure):
        *_, out = neuron()
        assert "no gradients yet: call backward() first" in draw(out, color="grad").text
        x = Value(0.0, "x")
        y = x**0.5
        y.backward()
        assert "nan, inf" in draw(y, color="grad").svg()

    def test_a_copy_has_its_texts(self, pure):
        *_, out = neuron()
        assert draw(out).copy()._repr_mimebundle_() == draw(out)._repr_mimebundle_()

    def test_paths_are_highlighted(self, pure):
        _x, w, _net, out = neuron()
        scene = select_scene([out], paths=(w, out))
        assert {box.title for box in scene.boxes if not box.faded} == {"w", "*", "+", "tanh"}
        assert theme(False).pale in draw(out, paths=(w, out)).source
        with pytest.raises(ValueError, match=r"there is no path from .*'other'"):
            draw(out, paths=(Value(1.0, "other"), out))
        with pytest.raises(TypeError, match=r"paths is \(weight, loss\)"):
            draw(out, paths=w)

    def test_paths_through_a_folded_graph(self):
        model = nn.MLP(2, [16, 16, 1], seed=1)
        out = model([1.0, 2.0])
        scene = select_scene([out], paths=(model.parameters()[0], out))
        found = {(box.title, box.faded, box.details[0]) for box in scene.boxes}
        assert found == {
            ("layers.0", False, "neurons.0, 3 parameters"),
            ("layers.0", True, "15 neurons, 45 parameters"),
            ("layers.1", False, "16 neurons, 272 parameters"),
            ("layers.2", False, "neurons.0, 17 parameters"),
        }

    def test_around_a_node(self):
        _x, _w, net, out = neuron()
        scene = select_scene([out], around=(net, 1))
        assert [box.title for box in scene.boxes if box.kind == "op"] == ["*", "+", "tanh"]
        assert [box.label for box in scene.boxes if box.kind == "more"] == ["2 more"]
        assert scene.notes == ["3 of 5 operations and leaves are shown"]
        with pytest.raises(ValueError, match="is not in the graph"):
            draw(out, around=(Value(1.0), 2))
        with pytest.raises(ValueError, match=r"a radius is 0, 1, 2 \.\.\., not -1"):
            draw(out, around=(net, -1))

    def test_around_a_node_of_a_large_graph(self):
        """A weight that is used 500 times: its surroundings are folded too."""
        w, h = Value(0.5, "w"), Value(0.0, "h0")
        for i in range(500):
            h = tanh(w * h + Value(float(i)))
        scene = select_scene([h], around=(w, 1))
        assert [(box.title, box.count) for box in scene.boxes] == [("w", 1), ("*", 500)]
        assert len(select_scene([tanh(w * h + 1.0)], around=(w, 1), depth=1).boxes) == 2

    def test_in_a_notebook_names_are_those_of_variables(self):
        """IPython keeps every result in its list Out, and comes first in its namespace."""
        y = tanh(Value(2.0))
        space = {"Out": {1: y}, "In": ["y"], "_1": y, "every": [y], "y": y}
        assert labels_of(space) == {y: "y"}

    def test_names_are_taken_from_variables(self, pure):
        a, weights = Value(1.0), [Value(2.0), Value(3.0, "labelled")]
        net = a * weights[0] + weights[1]
        boxes, _ = drawing(net, names=locals())
        assert {texts[0] for texts in boxes.values()} == {"a", "weights[0]", "labelled", "*", "net = +"}
        boxes, _ = drawing(net, names={a: "alpha", "_": net, "w": {"k": weights[0]}})
        assert {texts[0] for texts in boxes.values()} == {"alpha", "w['k']", "labelled", "*", "+"}
        with pytest.raises(TypeError, match=r"names is a dict .* as locals\(\), not 3"):
            draw(net, names=3)

    def test_functions_and_modules_with_examples(self, pure):
        boxes, _ = drawing(lambda a, b: a * b[0] + b[1], 2.0, [3, 4.0])
        assert {texts[0] for texts in boxes.values()} == {"a", "b[0]", "*", "b[1]", "+"}
        boxes, _ = drawing(nn.MLP(2, [1], "tanh"), [1.0, 2.0])
        assert {texts[0] for texts in boxes.values()} == {
            *("x[0]", "x[1]", "w1", "w2", "b"),
            *("dot", "out_o1 = +"),
        }
        with pytest.raises(TypeError, match="returned no Value for its example arguments"):
            draw(lambda: 3.0)
        for args in ((), (1.0, 2.0)):
            message = rf"draw calls a model .*, and MLP\(x\) was given {len(args)}: write draw\(model, \[1\.0"
            with pytest.raises(TypeError, match=message):
                draw(nn.MLP(2, [1]), *args)
        with pytest.raises(
            TypeError, match=r"a function .*<lambda>\(a, b\) was given 1: write draw\(function"
        ):
            draw(lambda a, b: a * b, 3.0)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"ops": "joined"}, "ops is 'fused' or 'separate', not 'joined'"),
            ({"color": "red"}, "color is 'kind' or 'grad', not 'red'"),
            ({"show": "data"}, "show is some of label, data, grad, op, as"),
            ({"number_format": "nonsense"}, r"as '\.4g', not 'nonsense'"),
        ],
    )
    def test_unknown_options_are_refused(self, options, message):
        with pytest.raises(ValueError, match=message):
            draw(Value(1.0), **options)

    def test_non_ascii_labels_bring_no_warning(self, pure, tmp_path, capfd):
        draw(Value(1.0, "\u03b1\u03b2 \u6f22")).render(tmp_path / "greek")
        assert capfd.readouterr().err == ""


def contrast(first, second):
    """The ratio of luminances by WCAG 2.1."""

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
        return sum(a * x for a, x in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)
