"""The command line: demo, explain, draw and ops, and the errors for wrong arguments."""

import json
import math
import os
import re
import statistics
import subprocess
import sys
from importlib.metadata import version
from itertools import permutations

import pytest

from autograd import Symbol, Value, backend_info
from autograd.__main__ import main
from autograd._machine import machine
from autograd.command_line import demo as demo_module
from autograd.command_line.demo import demo
from autograd.command_line.expressions import evaluate
from autograd.table.op import TABLE

PICTURES = ("network_before.svg", "network_after.svg", "loss_of_one.svg", "loss.png", "confusion.png")
WANTS_DIGITS = pytest.mark.skipif(machine is None, reason="the machine trains on the digits")


def check_report(out, folder, accuracy):
    """The demo reaches the accuracy, its gradient is right, and it writes each picture that it names."""
    assert float(out.split("test accuracy")[1].split("%")[0]) >= accuracy
    assert float(out.split("central differences, ")[1].split(" apart")[0]) < 1e-9
    for name in PICTURES:
        assert f"wrote          {folder / name} (" in out
        start = (folder / name).read_bytes()[:300]
        assert start.startswith(b"\x89PNG") if name.endswith("png") else b"<svg" in start
    assert {path.name for path in folder.iterdir()} == set(PICTURES)
    assert (folder / PICTURES[0]).read_text() != (folder / PICTURES[1]).read_text()


def run_demo(folder, **environment):
    """As a user runs it, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "autograd", "demo", "--out", str(folder)],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder.parent,
        env={**os.environ, **environment},
    )
    assert "epoch" in done.stderr  # the progress bar
    return done.stdout


@WANTS_DIGITS
def test_the_demo_learns_digits_draws_and_checks(tmp_path):
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    out = run_demo(tmp_path / "pictures")
    assert "1,797 digits of 10 classes; 1,258 to learn from, 539 to be tested on; seed 0" in out
    assert "iris" not in out
    check_report(out, tmp_path / "pictures", 96.0)
    rows = re.findall(r"^ {15}\|([ .:=+*#%@-]{16})\|$", out, re.MULTILINE)
    assert len(rows) == 8
    assert "".join(rows).strip()


def test_the_demo_without_the_extension_takes_iris_and_says_so(tmp_path):
    pytest.importorskip("matplotlib")
    out = run_demo(tmp_path / "pictures", AUTOGRAD_PURE="1")
    first, second, *_ = out.splitlines()
    assert first.startswith("Fisher's iris in place of handwritten digits: the extension")
    assert "150 flowers of 3 species; 105 to learn from, 45 to be tested on; seed 0" in second
    check_report(out, tmp_path / "pictures", 93.0)


@WANTS_DIGITS
def test_the_demo_without_scikit_learn_takes_iris_and_says_so(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    for name in [name for name in sys.modules if name.partition(".")[0] == "sklearn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    demo(tmp_path)
    out = capsys.readouterr().out
    assert out.startswith("Fisher's iris in place of handwritten digits: they come with scikit-learn: pip")
    check_report(out, tmp_path, 93.0)


def test_without_matplotlib_the_demo_says_how_to_install_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    demo(tmp_path)
    assert "pip install matplotlib" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == set(PICTURES[:3])


@WANTS_DIGITS
def test_the_accuracy_on_digits_over_ten_seeds(tmp_path):
    """At least 96 % for each seed; a seed repeats exactly."""
    pytest.importorskip("sklearn")
    accuracies = [demo(tmp_path, seed, quiet=True) for seed in range(10)]
    assert min(accuracies) >= 0.96
    assert f"{statistics.median(accuracies):.1%} {min(accuracies):.1%}" == "97.9% 96.3%"
    assert demo(tmp_path, 0, quiet=True) == accuracies[0]


def test_the_accuracy_on_iris_over_ten_seeds(tmp_path, monkeypatch):
    """The median is at least 93 %, the worst at least 88 %, and a seed repeats exactly."""
    if backend_info()["engine"] != "native":
        pytest.skip("takes a minute in pure Python, whose numbers are the same")
    monkeypatch.setattr(demo_module, "machine", None)
    accuracies = [demo(tmp_path, seed, quiet=True) for seed in range(10)]
    assert statistics.median(accuracies) >= 0.93
    assert min(accuracies) >= 0.88
    assert demo(tmp_path, 0, quiet=True) == accuracies[0]


def test_the_list_of_ops(capsys):
    assert main(["ops"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(TABLE)
    assert "sqrt       sqrt(x): 0.5 / out; slope inf at 0" in lines


def test_a_file_where_the_folder_should_be_is_refused_before_training(tmp_path, capsys):
    (tmp_path / "taken").write_text("")
    with pytest.raises(SystemExit):
        main(["demo", "--out", str(tmp_path / "taken")])
    assert "--out is a folder for the pictures" in capsys.readouterr().err


def test_a_missing_or_unknown_command_is_refused(capsys):
    for argv in ([], ["dance"]):
        with pytest.raises(SystemExit) as stop:
            main(argv)
        assert stop.value.code == 2
    assert "demo" in capsys.readouterr().err


def test_the_version_and_the_engine(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    engine = backend_info()["engine"]
    assert capsys.readouterr().out == f"scalar-autograd {version('scalar-autograd')}, {engine} engine\n"


NEURON = ["tanh(w*x + b)", "w=0.5", "x=2", "b=-0.5"]


class TestExplain:
    def test_the_derivation_in_text(self, capsys):
        assert main(["explain", *NEURON, "--wrt", "w", "--lr", "0.1"]) == 0
        assert capsys.readouterr().out.splitlines() == [
            "out = tanh(w * x + b)",
            "dout/dw = (1 - out**2) * x = (1 - 0.462117157**2) * 2 = 1.572895466",
            "A step of gradient descent with the rate 0.1:",
            "w+ = w - 0.1 * dout/dw = 0.5 - 0.1 * 1.572895466 = 0.342710453",
        ]

    def test_other_forms(self, capsys, tmp_path):
        main(["explain", *NEURON, "--wrt", "w", "--latex"])
        assert capsys.readouterr().out.startswith("\\begin{aligned}")
        main(["explain", *NEURON, "--wrt", "w", "--markdown"])
        assert capsys.readouterr().out.startswith("- $")
        main(["explain", *NEURON, "--json"])
        assert [explanation["wrt"] for explanation in json.loads(capsys.readouterr().out)] == ["w", "x", "b"]
        main(["explain", *NEURON, "--by", "path", "--wrt", "x"])
        assert "Path 1: x" in capsys.readouterr().out
        page = tmp_path / "page.html"
        main(["explain", *NEURON, "--html", str(page)])
        assert "<!doctype html>" in page.read_text(encoding="utf-8")
        assert str(page) in capsys.readouterr().out

    def test_in_a_process_of_its_own(self):
        command = [sys.executable, "-m", "autograd", "explain", "x*(x", "x=1"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.splitlines()[-2:] == ["  x*(x", "    ^ column 3"]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (
                ["x + yy", "x=1"],
                "write yy=2 after the expression\n  x + yy\n      ^ column 5",
            ),
            (["tanhh(x)", "x=1"], "there is no function tanhh: did you mean tanh?\n  tanhh(x)\n  ^ column 1"),
            (["__import__('os')", "x=1"], "there is no function __import__"),
            (["x.real", "x=1"], "and no attribute"),
            (["(lambda: x)()", "x=1"], "there is no function lambda: x"),
            (["[x for x in y]", "x=1"], "and no ListComp"),
            (["x if x else 1", "x=1"], "if: write where(condition, x, y)"),
            (["x^2", "x=1"], "a power is written with **, not ^\n  x^2\n    ^ column 3"),
            (["x < 1 < 2", "x=1"], "chain of comparisons"),
            (["sin(x, 2)", "x=1"], "sin takes 1 operand, not 2"),
            (["dot([x], [1, 2])", "x=1"], "dot takes sequences of one length"),
            (["dot(x, 1)", "x=1"], "dot takes sequences, as dot([x, y], [1, 2])"),
            (["sin(x=1)", "x=1"], "one by one, without names"),
            (["sin", "x=1"], "sin is a function: write sin(...)"),
            (["x*'a'", "x=1"], "'a' is no number"),
            (["x*True", "x=1"], "True is no number"),
            (["1" * 5000, "x=1"], "not an expression"),
            (["1" * 400 + "*x", "x=1"], "too large for a double"),
            (["x" + "+x" * 5000, "x=1"], "too many operators or brackets inside each other"),
            (["", "x=1"], "the expression is empty"),
            (["x*x", "x=1", "--digits", "-1"], "invalid choice: -1"),
            (["x*x", "x=1", "--html", "a.html", "--lr", "1"], "leave out --wrt, --by and --lr"),
            (["x*x", "x=1", "--html", "none/a.html"], "there is no folder none for --html none/a.html: make"),
            (
                ["x*x", "x=1", "--html", "."],
                "--html . is a folder: add the name of a file, such as steps.html",
            ),
            (["x*x", "x=1", "--foo"], "unrecognized arguments: --foo"),
            (["-x*x", "x=1"], "-- goes before an expression that begins with -"),
            (["x*x", "x=1", "x=2"], "x is given twice: leave out one of its two numbers"),
            (["\u03bc*2", "\u00b5=1", "\u03bc=2"], "is given twice"),
            (["x=1"], 'an expression is missing, such as "tanh(w*x + b)"'),
            (["w", "*", "x", "w=1"], "not 'w', '*', 'x': put one with spaces in quotes"),
            (["x*x", "2x=1"], "'2x' is no name of a variable"),
            (
                ["math.exp(x)", "x=1"],
                "without the module or object of math.exp: write exp(...)\n  math.exp(x)",
            ),
            (["x*math.pi", "x=1"], "without the module or object of math.pi: write pi"),
            (["x.max(2)", "x=1"], "without the module or object of x.max: write maximum(...)"),
            (["math.comb(x)", "x=1"], "math.comb: `python -m autograd ops` lists all functions"),
            (["2 + 3"], "there is nothing to differentiate"),
            (["x*x", "x=1", "y=2"], "y does not occur in x*x"),
            (["x*x", "x=one"], "given as NAME=NUMBER, such as w=0.5, not as 'x=one'"),
            (["x*x", "x=1", "--wrt", "z"], "--wrt z: the variables are x"),
        ],
    )
    def test_wrong_arguments_are_refused(self, arguments, message, capsys):
        with pytest.raises(SystemExit) as stopped:
            main(["explain", *arguments])
        assert stopped.value.code == 2
        assert message in capsys.readouterr().err

    def test_options_and_variables_come_in_any_order(self, capsys):
        """Also before the expression; after -- an expression may begin with a minus."""
        expected = "out = -x * w\ndout/dw = -x = -2 = -2\n"
        for order in permutations((["--wrt", "w"], ["w=1"], ["x=2"], ["(-x) * w"])):
            assert main(["explain", *(word for part in order for word in part)]) == 0
            assert capsys.readouterr().out == expected
        main(["explain", "x=2", "--wrt", "w", "w=1", "--", "-x * w"])
        assert capsys.readouterr().out == expected

    def test_the_usage_shows_the_expression_first(self, capsys):
        for command in ("explain", "draw"):
            with pytest.raises(SystemExit):
                main([command, "--help"])
            usage = f"usage: python -m autograd {command} EXPRESSION [NAME=NUMBER ...] [-"
            assert capsys.readouterr().out.startswith(usage)

    @pytest.mark.parametrize("text", ["1//0", "0//0", "-1//0", "1%0", "1/0", "0**-1", "log(0)", "10**400"])
    def test_arithmetic_of_numbers_never_raises(self, text):
        assert main(["draw", f"x + ({text})", "x=1"]) == 0

    def test_division_by_zero_is_that_of_ieee(self):
        numbers = {text: evaluate(f"x + {text}", {"x": 1.0})[0].data for text in ("1//0", "-1//0", "1 % 0")}
        assert repr(numbers) == "{'1//0': inf, '-1//0': -inf, '1 % 0': nan}"

    @pytest.mark.parametrize(("x", "y"), [(-7.0, 3.0), (7.0, -3.0), (7.5, 2.0), (-0.1, 3.0), (5.0, math.inf)])
    def test_remainders_and_whole_quotients_are_pythons(self, x, y):
        """On the command line, of Values and of Symbols."""
        for text, python in (("x % y", x % y), ("x // y", x // y)):
            assert evaluate(text, {"x": x, "y": y})[0].data == python
            assert eval(text, {"x": Value(x), "y": Value(y)}).data == python
            assert eval(text, {"x": Symbol("x"), "y": Symbol("y")}).evaluate(x=x, y=y) == python
            assert (
                evaluate(f"z + {text}".replace("x", str(x)).replace("y", f"({y})"), {"z": 0.0})[0].data
                == python
            )

    def test_names_are_normalised_as_in_python(self, capsys):
        """The micro sign and the Greek letter mu are one name."""
        for sign in "\u00b5\u03bc":
            for given in "\u00b5\u03bc":
                assert main(["explain", f"{sign}*2", f"{given}=3", "--wrt", given]) == 0
                assert capsys.readouterr().out == "out = 2 * \u03bc\ndout/d\u03bc = 2\n"

    def test_every_operator_and_function_is_read(self):
        """The same numbers as Python's own arithmetic."""
        out, variables = evaluate(
            "-x**2 + 3*y/x - (x > y) + (x <= y) + max(x, y) % 2 + pi", {"x": 2.0, "y": 5.0}
        )
        assert out.data == -(2.0**2) + 3 * 5.0 / 2.0 - 0 + 1 + 5.0 % 2 + math.pi
        assert list(variables) == ["x", "y"]
        assert (
            evaluate("max(x, y, 3) + sum([x, y]) + y // x", {"x": 2.0, "y": 5.0})[0].data == 5.0 + 7.0 + 2.0
        )
        for op in TABLE.values():
            operands = "[x, y]" if op.variadic else "x"
            text = f"{op.name}({', '.join([operands] * op.arity)})"
            x, y = Value(0.5), Value(0.25)
            given = [[x, y]] * op.arity if op.variadic else [x] * op.arity
            expected, got = op(*given), evaluate(text, {"x": 0.5, "y": 0.25})[0]
            numbers = [getattr(result, "data", result) for result in (got, expected)]
            assert repr(numbers[0]) == repr(numbers[1]), op.name


class TestDraw:
    def test_as_text_and_as_files(self, capsys, tmp_path):
        assert main(["draw", *NEURON]) == 0
        assert capsys.readouterr().out.splitlines()[0] == "tanh: data 0.4621, grad 1"
        for name, start in (("a.svg", b"<?xml"), ("a.png", b"\x89PNG")):
            main(["draw", *NEURON, "-o", str(tmp_path / name), "--dark", "--color", "grad"])
            assert (tmp_path / name).read_bytes().startswith(start)
            assert str(tmp_path / name) in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("file", "message"),
        [
            ("zz", "-o zz has no extension that names the format: write zz.svg, zz.png or another"),
            ("none/a.svg", "there is no folder none for -o none/a.svg: make it first"),
            (".", "-o . is a folder: add the name of a file, such as graph.svg"),
        ],
    )
    def test_a_file_that_cannot_be_written_is_refused_before_any_work(
        self, file, message, capsys, tmp_path, monkeypatch
    ):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SystemExit) as stopped:
            main(["draw", *NEURON, "-o", file])
        assert stopped.value.code == 2
        assert message in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []

    def test_only_the_picture_is_written(self, tmp_path):
        """A file beside the picture, with the name of its DOT source, stays."""
        (tmp_path / "a.gv").write_text("mine")
        main(["draw", *NEURON, "-o", str(tmp_path / "a.SVG")])
        assert (tmp_path / "a.SVG").read_bytes().startswith(b"<?xml")
        assert (tmp_path / "a.gv").read_text() == "mine"

    def test_a_failure_to_draw_is_reported(self, capsys, tmp_path, monkeypatch):
        monkeypatch.delenv("AUTOGRAD_DOT", raising=False)
        monkeypatch.setenv("PATH", "")
        assert main(["draw", *NEURON, "-o", str(tmp_path / "a.pdf")]) == 1
        assert "no program was found that draws a graph as pdf" in capsys.readouterr().err


class TestCompile:
    def test_each_language(self, tmp_path, capsys):
        command = ["compile", "tanh(w*x) + b", "b", "x", "w", "-o"]
        assert main([*command, str(tmp_path / "neuron.c"), "--gradient"]) == 0
        assert capsys.readouterr().out == f"wrote {tmp_path / 'neuron.c'} and {tmp_path / 'neuron.h'}\n"
        header = (tmp_path / "neuron.h").read_text()
        assert "inputs[0] is b\n *   inputs[1] is x\n" in header
        assert "int neuron_value_and_gradient(" in header
        assert main([*command, str(tmp_path / "neuron.js")]) == 0
        assert "export function neuron(inputs" in (tmp_path / "neuron.js").read_text()
        assert main([*command, str(tmp_path / "neuron.py")]) == 0
        space = {}
        exec((tmp_path / "neuron.py").read_text(), space)
        assert space["neuron"](0.25, 2.0, 0.5) == (math.tanh(1.0) + 0.25,)

    @pytest.mark.parametrize(
        ("words", "problem"),
        [
            (["x*y", "x", "-o", "f.c"], "y has no number"),
            (["x*x", "x", "y", "-o", "f.c"], "y does not occur in the expression"),
            (["x*x", "x", "x", "-o", "f.c"], "x is given twice"),
            (["x*x", "x", "-o", "f.rs"], "names no language: write f.c, f.js or f.py"),
            (["x*x", "x", "-o", "f.py", "--gradient"], "--gradient is for C and JavaScript"),
            (["x*x", "x", "-o", "exp.c"], "'exp' is no name that C leaves free"),
            (["x*(x", "x", "-o", "f.c"], "not an expression"),
        ],
    )
    def test_wrong_arguments_are_refused(self, words, problem, capsys):
        with pytest.raises(SystemExit) as stop:
            main(["compile", *words])
        assert stop.value.code == 2
        assert problem in capsys.readouterr().err
