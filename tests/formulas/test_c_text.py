"""The C form of every row and of each of its partials: it compiles without a warning and agrees."""

import ctypes
import itertools
import math
import random
import shutil
import subprocess

import pytest
from oracles import random_point

from autograd import Op, Symbol, exp, logsumexp
from autograd.command_line.reference import operands
from autograd.formulas import notation
from autograd.table.op import TABLE
from autograd.table.slopes import slopes

FLAGS = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off"]
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 1e300, -1e300, math.inf, -math.inf, math.nan]


def flat(args):
    return [x for arg in args for x in (arg if isinstance(arg, tuple) else (arg,))]


def functions_of(op):
    """(name, parameters, result) for the result and for every slope of a row."""
    args = operands(op)
    parameters = flat(args)
    yield f"op_{op.name}", parameters, op(*args)
    out = Symbol("out")
    for i, partial in enumerate(op.partials):
        for k, slope in enumerate(flat([partial(*args, out) if partial else 0.0])):
            yield f"op_{op.name}_{i}_{k}", [*parameters, out], slope


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """All rows in one C file, compiled with warnings as errors."""
    if not shutil.which("gcc"):
        pytest.skip("there is no gcc here")
    folder = tmp_path_factory.mktemp("c")
    parts = ["#include <math.h>\n"]
    triples = [triple for op in TABLE.values() for triple in functions_of(op)]
    parts.append(notation.c_helpers(*[result for _, _, result in triples]))
    for name, parameters, result in triples:
        text = notation.c_function(name, parameters, result)
        parts += [text[: text.index("\n")] + ";\n", text]
    source = folder / "ops.c"
    source.write_text("\n".join(parts))
    binary = folder / "ops.so"
    subprocess.run(["gcc", *FLAGS, "-shared", "-fPIC", source, "-o", binary, "-lm"], check=True)
    return ctypes.CDLL(str(binary))


def call(library, name, numbers):
    function = getattr(library, name)
    function.restype = ctypes.c_double
    function.argtypes = [ctypes.c_double] * len(numbers)
    return function(*numbers)


def agree(c, python, ulp, absolute=0.0):
    if math.isnan(c) or math.isnan(python) or math.isinf(c) or math.isinf(python):
        return c == python or (math.isnan(c) and math.isnan(python))
    return abs(c - python) <= max(2 * ulp * math.ulp(python), absolute)


@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
def test_c_agrees_with_python(library, op):
    """At random points of the domain and at every combination of edges; bit-equal for arithmetic."""
    generator = random.Random(op.name)
    exact = op.name in ("neg", "add", "sub", "mul", "div", "sqrt", "dot", "sum_of", "chain") or op.ulp == 0.0
    count = len(flat(operands(op)))
    if op.variadic:
        rows = [[generator.uniform(-9, 9) for _ in range(count)] for _ in range(100)]
        rows += [[generator.choice(EDGES) for _ in range(count)] for _ in range(200)]
        points = [tuple(tuple(row[i : i + 2]) for i in range(0, count, 2)) for row in rows]
    else:
        points = [random_point(op, generator) for _ in range(100)]
        points += itertools.product(EDGES, repeat=op.arity)
    for point in points:
        numbers = flat(point)
        out = op(*point)
        c = call(library, f"op_{op.name}", numbers)
        assert agree(c, out, 0.0 if exact else op.ulp), (point, c, out)
        if math.isnan(c):
            continue
        if exact:
            assert math.copysign(1.0, c) == math.copysign(1.0, out), point
        for i, slope in enumerate(slopes(op, point, out)):
            for k, python in enumerate(flat([slope])):
                c = call(library, f"op_{op.name}_{i}_{k}", [*numbers, out])
                assert agree(c, python, max(op.slope_ulp, 2.0), op.slope_abs), (point, i, c, python)


def test_an_op_without_a_c_form_is_refused_by_name():
    op = Op("no_c", lambda x: x, (lambda x, out: 1.0,), register=False)
    x = Symbol("x")
    with pytest.raises(ValueError, match="the op no_c has no C form"):
        notation.c_function("f", [x], op(x))


def test_a_missing_parameter_is_named():
    with pytest.raises(ValueError, match="y is a variable of the formula but no parameter of the function f"):
        notation.c_function("f", [Symbol("x")], Symbol("x") * Symbol("y"))


@pytest.mark.parametrize("name", ["exp", "double", "x y", "é", "NAN", "1x"])
def test_functions_of_names_that_mean_something_else_in_c_are_refused(name):
    with pytest.raises(ValueError, match="is no name that C leaves free"):
        (Symbol("x") + 1.0).c(name)


def test_parameters_of_such_names_are_renamed_and_a_comment_says_so(tmp_path):
    """Different names become different parameters, and the file compiles without a warning."""
    names = [
        "x1*w1 + x2*w2",
        "x1_w1_x2_w2",
        "exp",
        "double",
        "x y",
        "é",
        "NAN",
        "1x",
        "*/ x",
        "w[0]",
        "a\\\n",
    ]
    f = sum(Symbol(name) * float(10**i) for i, name in enumerate(names)) + 0.5
    text = f.c()
    assert "double f(double x1_w1_x2_w2_1, double x1_w1_x2_w2, double exp_1, " in text
    assert "    /* x1_w1_x2_w2_1 is 'x1*w1 + x2*w2' */\n    /* exp_1 is 'exp' */\n" in text
    if not shutil.which("gcc"):
        pytest.skip("there is no gcc here")
    source, binary = tmp_path / "f.c", tmp_path / "f.so"
    head = f"double f({', '.join(['double'] * len(names))});\n"
    source.write_text("#include <math.h>\n" + head + text)
    subprocess.run(["gcc", *FLAGS, "-shared", "-fPIC", source, "-o", binary, "-lm"], check=True)
    numbers = [float(i + 1) for i in range(len(names))]
    expected = f.evaluate(**dict(zip(names, numbers, strict=True)))
    assert call(ctypes.CDLL(str(binary)), "f", numbers) == expected


def test_a_symbols_c_text_is_whole(library, tmp_path):
    x, y = Symbol("x"), Symbol("y")
    f = logsumexp([y, x * 2.0]) / exp(x)
    source = tmp_path / "f.c"
    source.write_text("#include <math.h>\ndouble f(double y, double x);\n" + f.c())
    binary = tmp_path / "f.so"
    subprocess.run(["gcc", *FLAGS, "-shared", "-fPIC", source, "-o", binary, "-lm"], check=True)
    assert call(ctypes.CDLL(str(binary)), "f", [0.5, 2.0]) == pytest.approx(
        f.evaluate(x=2.0, y=0.5), rel=1e-15
    )


def test_numbers_and_names_survive_in_c(library, tmp_path):
    """Every double reads back as itself; names of lines and of parameters differ."""
    v1, v2 = Symbol("v1"), Symbol("v2")
    f = logsumexp([exp(v1) * 0.1, v2 * -1e-300, v1 - math.inf]) + 1e22
    text = notation.c_function("f", [v1, v2], f)
    source = tmp_path / "f.c"
    source.write_text("#include <math.h>\ndouble f(double v1, double v2);\n" + notation.c_helpers(f) + text)
    binary = tmp_path / "f.so"
    subprocess.run(["gcc", *FLAGS, "-shared", "-fPIC", source, "-o", binary, "-lm"], check=True)
    assert call(ctypes.CDLL(str(binary)), "f", [0.5, 2.0]) == f.evaluate(v1=0.5, v2=2.0)
