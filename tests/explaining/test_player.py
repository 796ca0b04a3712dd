"""The steps of a gradient, and the page that plays them: run in a browser, by its buttons and keys."""

import json
import math
import re

import pytest
from test_explain import mazur

import nn
from autograd import Value, floor, gradients, log, play, relu, sqrt, steps, sum_of, tanh
from autograd.exercises.networks import three_two_one
from autograd.graph.walks import topological_order
from autograd.pictures import dot
from autograd.table.slopes import number_slopes


class TestSteps:
    def test_forward_every_value_and_backward_every_contribution(self):
        E, _, names = mazur()
        found = list(steps(E, names=names))
        order = topological_order(E)
        assert [step.node for step in found if step.forward] == order
        adjoints = {}
        for step in found:
            if not step.forward:
                assert step.before == adjoints.get(step.node, 0.0)
                if step.user is not None:
                    assert step.after == pytest.approx(step.before + step.slope * adjoints[step.user])
                adjoints[step.node] = step.after
        for value, slope in zip(order, gradients(E, order), strict=True):
            assert adjoints[value] == pytest.approx(slope.data, rel=1e-13)
        assert all(node.grad == 0.0 for node in order)

    def test_their_texts(self):
        E, _, names = mazur()
        lines = [str(step) for step in steps(E, names=names)]
        assert "out_h1 = sigmoid(net_h1) = sigmoid(0.3775) = 0.59327" in lines
        assert "dE/dE = 1" in lines
        assert "dE/dnet_o1 += dE/dout_o1 * out_o1 * (1 - out_o1) = 0.741365 * 0.186816 = 0.138499" in lines
        assert lines[-2] == "dE/dw1 += dE/d(w1 * i1) * i1 = 0.008771 * 0.05 = 0.000439"

    def test_a_value_used_twice(self):
        x = Value(3.0, "x")
        assert [str(step) for step in steps(x * x)] == [
            "x = 3",
            "out = x * x = 3 * 3 = 9",
            "dout/dout = 1",
            "dout/dx += dout/dout * x = 1 * 3 = 3",
            "dout/dx += dout/dout * x = 1 * 3 = 3, together 6",
        ]

    def test_a_share_of_0_is_carried_on(self):
        """Also past an infinite slope; a Value that no slope leads to gets no share."""
        x = Value(0.0, "x")
        told = [str(step) for step in steps(relu(sqrt(x)) + floor(x)) if not step.forward]
        assert told == [
            "dout/dout = 1",
            "dout/d(relu(sqrt(x))) += dout/dout = 1",
            "dout/d(floor(x)) += dout/dout = 1",
            "dout/d(sqrt(x)) += dout/d(relu(sqrt(x))) * sign(relu(sqrt(x))) = 1 * 0 = 0",
            "dout/dx += dout/d(sqrt(x)) * 0.5 / sqrt(x) = 0 * inf = 0",
        ]

    def test_a_formula_too_long_for_a_name_is_numbered(self):
        """Its own users are called by short formulas of that number; two equal formulas get two names."""
        a, b = Value(0.5, "weight"), Value(2.0, "measurement")
        inside = a * b + b * a + tanh(a * b)
        names = [text.partition(" = ")[0] for text in map(str, steps(inside * 3.0)) if "d(" not in text]
        assert names[2:7] == [
            "weight * measurement",
            "measurement * weight",
            "v3",
            "v4",
            "tanh(v4)",
        ]
        assert len(set(names)) == len(names)

    def test_operations_with_many_operands_are_numbered(self):
        xs = [Value(float(i), f"x{i}") for i in range(9)]
        assert "v1 = sum_of([x0, x1, " in str(list(steps(tanh(sum_of(xs))))[9])

    def test_other_types_are_refused(self):
        with pytest.raises(TypeError, match="out is a Value, not the float"):
            steps(3.0)


def test_a_page_with_a_lone_surrogate_is_saved(tmp_path):
    """In a title or a label, as Python decodes bytes that are not UTF-8: U+FFFD replaces it."""
    x = Value(2.0, "x\udcb5")
    path = play(x * x, title="caf\udce9 \U0001f600").save(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert path == str(tmp_path / "page.html")
    assert "<title>caf\ufffd \U0001f600</title>" in page
    assert '"name":"x\ufffd"' in page


@pytest.fixture
def pure(monkeypatch):
    monkeypatch.delenv("AUTOGRAD_DOT", raising=False)
    if not dot._graphviz_pure():
        pytest.skip("there is no graphviz-pure wheel for this platform")


def data_of(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])


class TestPage:
    def test_it_is_one_small_file_that_loads_nothing(self, pure, tmp_path):
        E, _, names = mazur()
        path = play(E, names=names).save(tmp_path / "player.html")
        page = (tmp_path / "player.html").read_text(encoding="utf-8")
        assert path == str(tmp_path / "player.html")
        assert len(page.encode()) < 100_000
        assert set(re.findall(r"https?://[^\s\"'<]+", page)) <= {
            "http://www.w3.org/2000/svg",
            "http://www.w3.org/1999/xlink",
        }
        assert "default-src 'none'" in page
        assert not re.search(r"%%[A-Z]+%%", page)

    def test_the_data_are_the_steps(self, pure):
        """Those of operations and contributions; the leaves have their numbers from the start."""
        E, _, names = mazur()
        data = data_of(play(E, names=names).html())
        told = [str(step) for step in steps(E, names=names) if step.node.op is not None or not step.forward]
        assert [step["text"] for step in data["steps"]] == told
        known = {box["name"]: float(box["known"]) for box in data["boxes"] if "known" in box}
        assert known == {x.label or names[x]: x.data for x in topological_order(E) if x.op is None}
        assert data["boxes"][data["result"]]["name"] == "E"
        assert all(slope is not None for tail, _, slope in data["arrows"] if not is_constant(data, tail))

    def test_the_slopes_of_a_node_are_taken_once(self, pure, monkeypatch):
        taken = []

        def counted(node):
            taken.append(node)
            return number_slopes(node)

        monkeypatch.setattr("autograd.explaining.player.number_slopes", counted)
        E = mazur()[0]
        play(E)
        assert sorted(map(id, taken)) == sorted(id(x) for x in topological_order(E) if x.op is not None)

    def test_labels_are_only_text(self, pure):
        hostile = "</script><script>alert(1)</script>\"'<b>&"
        page = play(tanh(Value(0.5, hostile) * 2.0), title=hostile).html()
        assert page.count("<script") == 2
        assert "<b>" not in page
        assert data_of(page)["boxes"][0]["name"] == hostile

    def test_a_large_graph_is_played_by_its_boxes(self, pure):
        model = nn.MLP(2, [16, 16, 1], seed=1)
        X, y = nn.datasets.moons(50)[:2]
        loss = nn.mse_loss([model(x) for x in X], y)
        data = data_of(play(loss).html())
        assert [box["name"] for box in data["boxes"][:3]] == ["layers.0", "layers.1", "layers.2"]
        assert len(data["steps"]) == 2 * len(data["boxes"])
        layers = ["layers.0", "layers.1", "layers.2", "", "", "", ""]
        assert [step["unit"] for step in data["steps"]] == layers + layers[::-1]
        assert all(p.grad == 0.0 for p in model.parameters())

    def test_slopes_that_are_nan_or_infinite(self, pure):
        x = Value(0.0, "x")
        data = data_of(play(log(x)).html())
        assert data["arrows"] == [[0, 1, "inf"]]

    def test_a_notebook_shows_a_frame_over_the_picture(self, pure):
        bundle = play(relu(Value(2.0, "x")))._repr_mimebundle_()
        assert bundle["text/html"].index('<img alt="the graph"') < bundle["text/html"].index("<iframe")
        assert 'sandbox="allow-scripts"' in bundle["text/html"]
        assert bundle["text/plain"].startswith("<Player of 3 steps")

    def test_without_a_dot_program_a_notebook_gets_text(self, monkeypatch):
        monkeypatch.delenv("AUTOGRAD_DOT", raising=False)
        monkeypatch.setenv("PATH", "")
        monkeypatch.setattr(dot, "_graphviz_pure", lambda: None)
        bundle = play(relu(Value(2.0, "x")))._repr_mimebundle_()
        assert set(bundle) == {"text/plain"}
        assert "no picture" in bundle["text/plain"]


def is_constant(data, box):
    return data["boxes"][box]["kind"] == "constant"


ACT = """
<script>
const errors = [];
addEventListener("error", event => errors.push(event.message));
addEventListener("securitypolicyviolation", event => errors.push("asked for " + event.blockedURI));
</script>
"""

CHECK = """
<pre id="found"></pre>
<script>
const key = (key, target = document.body) =>
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
const text = i => [...boxes[i].querySelectorAll("text")].map(t => t.textContent);
const found = { start: text(1), count: $("count").textContent };
$("next").click(); found.next = $("say").textContent;
$("back").click(); found.back = at;
key("ArrowRight"); key("ArrowRight"); found.keys = at;
key("ArrowLeft"); found.left = at;
key("End"); found.end = [at, text(1)];
slider.value = 3; slider.oninput(); found.slider = at;
key("Home"); found.home = at;
key(" "); found.playing = $("play").textContent; key(" "); found.paused = $("play").textContent;
$("last").click();
boxes[1].dispatchEvent(new PointerEvent("pointerenter"));
found.about = $("about").textContent.split("\\n");
found.lit = DATA.boxes.filter((_, i) => boxes[i].classList.contains("way")).map(box => box.name);
boxes[1].dispatchEvent(new PointerEvent("pointerleave"));
found.unlit = document.querySelectorAll(".way").length;
boxes[0].focus(); found.focus = [document.activeElement.id, $("about").textContent];
found.label = boxes[0].getAttribute("aria-label");
found.roles = [...new Set(boxes.map(box => box.getAttribute("role")))];
found.live = $("say").getAttribute("aria-live");
const unnamed = element => !element.getAttribute("aria-label");
found.unnamed = [...document.querySelectorAll("button, input")].filter(unnamed).length;
found.wide = document.documentElement.scrollWidth <= innerWidth;
found.dark = getComputedStyle(document.body).backgroundColor;
found.errors = errors;
$("found").textContent = JSON.stringify(found);
</script>
"""


def in_browser(browser, tmp_path, page, *flags, width=1200, check=CHECK):
    path = tmp_path / "page.html"
    page = page.replace("<body>", f"<body>{ACT}", 1).replace("</body>", f"{check}</body>")
    path.write_text(page, encoding="utf-8")
    shown = browser(path, *flags, f"--window-size={width},700", "--dump-dom")
    text = re.search(r'<pre id="found">(.*?)</pre>', shown, re.DOTALL)[1]
    assert text, "the page's program stopped"
    return json.loads(text.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&"))


def test_the_page_in_a_browser(pure, browser, tmp_path):
    """Buttons, slider, keys, pointing and focus, with Mazur's numbers; no error, no request."""
    E, _, names = mazur()
    found = in_browser(browser, tmp_path, play(E, names=names, digits=9).html())
    assert found["start"] == ["w1", "0.15", ""]
    assert found["count"] == "0 / 72"
    assert found["next"].startswith("forwardw")
    assert (found["back"], found["keys"], found["left"], found["slider"], found["home"]) == (0, 2, 1, 3, 0)
    assert found["end"] == [72, ["w1", "0.15", "grad 0.000438568"]]
    assert (found["playing"], found["paused"]) == ("Pause", "Play")
    assert found["about"][0].endswith("= 0.000668396")
    assert found["about"][1].endswith("= -0.000229828")
    assert found["about"][2] == "dE/dw1 = the sum of the 2 paths = 0.000438568"
    assert set(found["lit"]) >= {"w1", "net_h1", "out_h1", "net_o1", "net_o2", "E"}
    assert not set(found["lit"]) & {"w2", "w5", "net_h2"}
    assert found["unlit"] == 0
    assert found["focus"][0] == "n0"
    assert "dE/dw5 = 0.082167041" in found["focus"][1]
    assert found["label"] == "w5, 0.4, gradient 0.082167041"
    assert found["roles"] == ["img", None] or set(found["roles"]) == {"img", None}
    assert found["live"] == "polite"
    assert found["unnamed"] == 0
    assert found["wide"]
    assert found["errors"] == []


LAYERS = """
<style>#found { display: none }</style>
<pre id="found"></pre>
<script>
const key = key => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
const said = () => [at, $("say").querySelector("b").textContent];
const found = { layers: [], back: [] };
$("turn").click(); found.turn = said();
key("Home"); key("b"); found.key = at;
key("Home");
while (at < DATA.steps.length) { $("layerNext").click(); found.layers.push(said()); }
while (at > 0) { $("layerBack").click(); found.back.push(at); }
key("PageDown"); found.down = said(); key("PageDown"); key("ArrowRight"); key("PageUp"); found.up = said();
found.hidden = $("layerNext").hidden;
found.filled = [stage.getBoundingClientRect().bottom, innerHeight];
const a = graph.getBoundingClientRect(), b = stage.getBoundingClientRect();
found.centred = [a.left - b.left - (b.right - a.right), a.top - b.top - (b.bottom - a.bottom)];
found.high = a.height / b.height;
found.errors = errors;
$("found").textContent = JSON.stringify(found);
</script>
"""


def test_from_layer_to_layer_and_to_the_backward_pass(pure, browser, tmp_path):
    """By buttons and keys: to the first step of each layer, of what follows the layers, and of each pass."""
    loss = nn.MLP(2, [3, 2, 1], seed=1)([1.0, -0.5]) ** 2
    page = play(loss).html()
    starts, before = [], None
    for i, step in enumerate(data_of(page)["steps"], 1):
        now = ("forward" if step["forward"] else "backward") + (", " + step["unit"] if step["unit"] else "")
        starts += [[i, now]] if now != before else []
        before = now
    assert [now for _, now in starts] == [
        *(f"forward, layers.{i}" for i in range(3)),
        *("forward", "backward"),
        *(f"backward, layers.{i}" for i in (2, 1, 0)),
    ]
    found = in_browser(browser, tmp_path, page, check=LAYERS)
    total = len(data_of(page)["steps"])
    assert found["turn"] == starts[4]
    assert found["key"] == starts[4][0]
    assert found["layers"] == [*starts, [total, starts[-1][1]]]
    assert found["back"] == [i for i, _ in reversed(starts)] + [0]
    assert (found["down"], found["up"]) == (starts[0], starts[1])
    assert not found["hidden"]
    assert found["errors"] == []


def test_the_picture_fills_the_page_and_stands_in_its_middle(pure, browser, tmp_path):
    x = Value(0.5, "x")
    page = play(tanh(x * 2.0 + 1.0) * x, direction="TB").html()
    found = in_browser(browser, tmp_path, page, check=LAYERS)
    bottom, height = found["filled"]
    assert abs(bottom - height) <= 1
    assert max(map(abs, found["centred"])) <= 2
    assert found["high"] > 0.9
    assert found["hidden"]  # there are no layers
    assert found["errors"] == []


QUIZ = """
<style>#found { display: none }</style>
<pre id="found"></pre>
<script>
const type = text => {
  $("prediction").value = text;
  $("check").click();
  return [at, $("verdict").textContent];
};
const box = () => [...boxes[DATA.steps[at].box].querySelectorAll("text")].map(t => t.textContent);
const enter = new KeyboardEvent("keydown", { key: "Enter", bubbles: true });
const found = { question: $("question").textContent, box: box(), result: $("result").textContent };
found.lit = [...document.querySelectorAll(".ask")].map(element => element.id);
$("next").click(); found.next = [at, $("verdict").textContent];
found.said = $("say").textContent;
boxes[0].dispatchEvent(new PointerEvent("pointerenter")); found.about = $("about").textContent;
found.word = type("much"); found.empty = type(""); found.sign = type("-6"); found.small = type("5");
found.large = type("7"); found.right = type("6,0");
found.second = $("question").textContent; $("skip").click(); found.skipped = at;
found.sum = $("result").textContent;
$("prediction").value = "1"; $("prediction").dispatchEvent(enter); found.entered = at;
found.grad = [$("question").textContent, box()];
$("last").click(); found.hidden = $("quiz").hidden; found.end = document.querySelectorAll(".ask").length;
boxes[0].dispatchEvent(new PointerEvent("pointerenter")); found.after = $("about").textContent;
found.errors = errors;
$("found").textContent = JSON.stringify(found);
</script>
"""


def test_a_quiz_asks_for_the_next_number(pure, browser, tmp_path):
    """It is hidden until typed or skipped; a wrong number is refused by what is wrong with it."""
    x = Value(2.0, "x")
    y = x * 3.0 - 1.0
    y.label = "y"
    found = in_browser(browser, tmp_path, play(y, quiz=True).html(), check=QUIZ)
    assert found["errors"] == []
    assert found["question"] == "x * 3 = 2 * 3 = ?"
    assert found["box"] == ["x * 3", "?", ""]
    assert found["lit"] == ["n1"]
    assert found["result"] == "y = ?"
    assert found["next"] == [0, "Type the number, or skip."]
    assert "6" not in found["said"]
    assert found["about"] == "x \u2192 (x * 3) \u2192 y"
    assert found["word"] == found["empty"] == [0, "Write a number, such as 0.25, or skip."]
    assert found["sign"] == [0, "The size is right, the sign is not."]
    assert found["small"] == [0, "Not yet: its size is larger."]
    assert found["large"] == [0, "Not yet: its size is smaller."]
    assert found["right"] == [1, "Right."]
    assert found["second"] == "y = x * 3 - 1 = 6 - 1 = ?"
    assert found["skipped"] == 2
    assert found["sum"] == "y = 5"
    assert found["entered"] == 3
    assert found["grad"] == ["dy/d(x * 3) += dy/dy = ?", ["x * 3", "6", "grad ?"]]
    assert (found["hidden"], found["end"]) == (True, 0)
    assert found["after"].endswith("1 * 3 = 3\ndy/dx = 3")


NARROW = """
<style>#found { display: none }</style>
<pre id="found"></pre>
<script>
const inside = () => {
  const a = graph.querySelector(".ask").getBoundingClientRect(), b = stage.getBoundingClientRect();
  return a.left >= b.left && a.right <= b.right && a.top >= b.top && a.bottom <= b.bottom;
};
const found = { wide: inside() };
document.body.style.cssText = "width: 380px; height: 480px";
found.narrow = inside();
resized(); found.brought = inside();
stage.dispatchEvent(new PointerEvent("pointerdown"));
stage.scrollTop = stage.scrollLeft = 0;
resized(); found.moved = inside();
found.errors = errors;
$("found").textContent = JSON.stringify(found);
</script>
"""


def test_a_page_that_becomes_narrow_shows_the_box_that_is_asked_for(pure, browser, tmp_path):
    """As in a notebook, whose frame gets its size late; but not if the reader has moved the picture."""
    page = play(three_two_one().E, quiz=True).html()
    found = in_browser(browser, tmp_path, page, check=NARROW)
    assert found == {"wide": True, "narrow": False, "brought": True, "moved": False, "errors": []}


def test_without_quiz_nothing_is_asked(pure, browser, tmp_path):
    x = Value(2.0, "x")
    page = play(x * 3.0).html()
    assert "question" not in data_of(page)["steps"][0]
    check = CHECK.replace("found.errors", 'found.quiz = $("quiz").hidden; found.errors')
    assert in_browser(browser, tmp_path, page, check=check)["quiz"]


RESIZED = """
<style>#found { display: none }</style>
<pre id="found"></pre>
<script>
const found = {}, high = () => graph.getBoundingClientRect().height;
const words = () => 11 * graph.getBoundingClientRect().width / full.width;
found.at_first = words(); found.result = $("result").textContent;
const shown = $("result").getBoundingClientRect();
found.seen = shown.left >= 0 && shown.right <= innerWidth && shown.bottom <= innerHeight;
$("last").click(); found.last = $("result").textContent;
$("result").click();
const inside = box => { const a = box.getBoundingClientRect(), b = stage.getBoundingClientRect();
  return a.left >= b.left && a.right <= b.right + 1; };
found.brought = inside(boxes[DATA.result]);
$("first").click();
found.faint = boxes.filter(box => box && getComputedStyle(box.querySelector("text")).opacity < 1).length;
found.before = high();
document.body.style.height = "2400px";
document.body.style.width = "4000px";
const wait = setInterval(() => {
  found.after = high(); found.errors = errors;
  $("found").textContent = JSON.stringify(found);
  if (found.after > found.before) clearInterval(wait);
}, 50);
</script>
"""


@pytest.mark.parametrize("width", [500, 1200])
def test_it_fits_when_its_window_changes_and_shows_its_result(pure, browser, tmp_path, width):
    """In a window of 500 pixels too: texts of 9 pixels at least, none faint, the result always in sight."""
    E, _, names = mazur()
    page = play(E, names=names).html()
    found = in_browser(browser, tmp_path, page, "--virtual-time-budget=60000", width=width, check=RESIZED)
    assert found["errors"] == []
    assert found["at_first"] >= 9
    assert (found["result"], found["seen"], found["last"]) == ("E = ?", True, "E = 0.298371")
    assert found["brought"]
    assert found["faint"] == 0
    assert found["after"] > 1.2 * found["before"]


def test_the_page_on_a_small_screen_in_the_dark_and_with_strange_labels(pure, browser, tmp_path):
    x = Value(0.5, '</script><img src=x onerror="errors.push(1)">')
    y = tanh(Value(2.0, "w") * x)
    page = play(y, title="<script>errors.push(2)</script>").html()
    found = in_browser(browser, tmp_path, page, "--blink-settings=preferredColorScheme=0", width=320)
    assert found["errors"] == []
    assert found["wide"]
    dark = found["dark"]
    light = in_browser(browser, tmp_path, page, "--blink-settings=preferredColorScheme=1")["dark"]
    assert {dark, light} == {"rgb(18, 24, 31)", "rgb(255, 255, 255)"}


def test_numbers_of_the_largest_graph_in_full(pure):
    x = Value(1.0, "x")
    for _ in range(100):
        x = x * 0.99 + 0.01
    page = play(x).html()
    assert len(data_of(page)["steps"]) == 200 + 201
    assert math.isfinite(len(page))


HIDDEN = """<!doctype html><title>a notebook</title>
<div id="folded" style="display:none"><iframe id="frame"></iframe></div>
<pre id="found"></pre>
<script>
const frame = document.getElementById("frame");
frame.onload = () => {
  const box = frame.contentDocument.getElementById("n0");
  document.getElementById("folded").style.display = "block";
  const { x, width } = box.querySelector("path, polygon, ellipse").getBBox();
  const across = [...box.querySelectorAll("text")].map(text => text.getBBox()).map(b => b.x + b.width / 2);
  document.getElementById("found").textContent = JSON.stringify([x + width / 2, ...across.slice(0, 2)]);
};
frame.srcdoc = %s;
</script>"""


def test_numbers_stand_in_their_boxes_although_the_page_opens_unseen(browser, tmp_path):
    """As in a notebook whose output is folded, or far below, when the page opens in its frame."""
    page = json.dumps(play(Value(2.0, "a") * Value(-3.0, "b")).html()).replace("</", "<\\/")
    path = tmp_path / "notebook.html"
    path.write_text(HIDDEN % page, encoding="utf-8")
    shown = browser(path, "--window-size=900,700", "--virtual-time-budget=5000", "--dump-dom")
    middle, name, number = json.loads(re.search(r'<pre id="found">(.*?)</pre>', shown)[1])
    assert middle > 10
    assert abs(name - middle) < 2
    assert abs(number - middle) < 2
