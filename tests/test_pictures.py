"""Pictures: what is drawn, that it works with nothing but pip, and that a display never raises."""

import subprocess
import sys
from xml.etree import ElementTree

import pytest

import nn
from autograd import Value, dot, draw, sum_of, tanh
from autograd.pictures import dot as dot_program
from autograd.pictures.text import to_mermaid, to_text

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


def test_leaves_constants_and_parameters_are_told_apart():
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


def test_render_writes_where_it_is_told(pure, tmp_path):
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


def test_it_is_a_digraph_in_all_it_does(pure, tmp_path):
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
    assert len(draw(x, limit=10_000).text) < 1_000_000


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
    assert "*: data 2, grad 0" in bundle["text/plain"]
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


def test_the_environment_chooses_the_program_and_its_failure_is_told(tmp_path, monkeypatch):
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


def test_graphviz_itself_is_left_as_it_was(pure):
    import graphviz

    before = graphviz.backend.dot_command.DOT_BINARY
    draw(Value(1.0)).svg()
    assert graphviz.backend.dot_command.DOT_BINARY is before
    assert isinstance(draw(Value(1.0)), graphviz.Digraph)


def test_a_graph_too_large_to_look_at_is_refused():
    x = Value(1.0)
    for _ in range(3000):
        x = x + 1.0
    with pytest.raises(ValueError, match=r"has 6001 boxes, too many .* pass limit=6001"):
        draw(x)
    assert "n3000" in draw(x, limit=10_000).source


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(TypeError, match=r"not the float 3.0: make the inputs"):
        draw(3.0)
    with pytest.raises(TypeError, match=r"write draw\(\*values\)"):
        draw([Value(1.0)])
    with pytest.raises(TypeError, match="draw needs a Value"):
        draw()
    with pytest.raises(ValueError, match="direction is 'LR'"):
        draw(Value(1.0), direction="left")


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
