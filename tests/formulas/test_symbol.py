"""Symbols: formulas are rewritten by rules when they are made, shared, evaluated, and written as text."""

import copy
import gc
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threads import run_in_threads

from autograd import Op, Symbol, Value, cos, dot, eq, exp, logsumexp, sin, where
from autograd.formulas.notation import latex_name
from autograd.formulas.rules import RULES
from autograd.table import ops
from autograd.table.op import find

x, y, z = Symbol("x"), Symbol("y"), Symbol("z")


def test_equal_formulas_are_one_object():
    assert Symbol("x") is x
    assert x * y + 1 is x * y + 1
    assert x + y is not y + x
    assert x + 0.0 is not x + -0.0
    assert copy.deepcopy(x * y) is x * y
    assert pickle.loads(pickle.dumps(sin(x) * y)) is sin(x) * y


def test_unreferenced_symbols_are_freed():
    from autograd.formulas.symbol import _known

    gc.collect()
    before = len(_known)
    formula = exp(Symbol("only_here") * 3)
    assert len(_known) > before
    del formula
    gc.collect()
    assert len(_known) == before


EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 1e308, float("inf"), float("-inf"), float("nan")]


@pytest.mark.parametrize("rule", RULES, ids=str)
@given(numbers=st.lists(st.sampled_from(EDGES) | st.floats(), min_size=3, max_size=3))
def test_rules_change_no_number(rule, numbers):
    """Both sides of each rule give the same double, bit for bit, except the sign of chain's zero."""
    pattern, result = rule
    names = dict(zip(("x", "y", "condition"), numbers, strict=True))
    left, right = _number(pattern, names), _number(result, names)
    assert left == right or (left != left and right != right)
    if left == left and not (left == 0.0 and pattern[0] == "chain"):
        assert left.hex() == right.hex()


def _number(pattern, names):
    if isinstance(pattern, str):
        return names[pattern]
    if isinstance(pattern, float):
        return pattern
    return find(pattern[0])(*[_number(p, names) for p in pattern[1:]])


def test_simplification():
    assert x * 1 is x
    assert 1 * x is x
    assert x / 1 is x
    assert x - 0 is x
    assert x**1 is x
    assert x**0 == 1.0
    assert -(-x) is x  # noqa: B002
    assert x - (-y) is x + y
    assert (-x) * (-y) is x * y
    assert where(1.0, x, y) is x
    assert where(x > 0, y, y) is y
    assert x * 0 is not x  # not 0.0 for inf
    assert x - (-0.0) is not x  # which is 0.0 at -0.0


PLAIN = [
    (x * y + 2, "x * y + 2"),
    (x * (y + 2), "x * (y + 2)"),
    (x - (y - z), "x - (y - z)"),
    ((x - y) - z, "x - y - z"),
    (x / (y * z), "x / (y * z)"),
    ((x**y) ** z, "(x**y)**z"),
    (x ** (y**z), "x**y**z"),
    ((-x) ** 2, "(-x)**2"),
    (-(x**2), "-x**2"),
    (sin(x) ** 2, "sin(x)**2"),
    (dot([x, y], [1, z]), "dot([x, y], [1, z])"),
    ((x < y) & (y <= 3), "minimum(x < y, y <= 3)"),
    (x * 1.5e-7, "x * 1.5e-07"),
    (~(x < y), "(x < y) == 0"),
    (ops.lt(ops.lt(x, y), z), "(x < y) < z"),
]


@pytest.mark.parametrize(("formula", "text"), PLAIN, ids=[t for _, t in PLAIN])
def test_plain_text_reads_back_as_the_same_formula(formula, text):
    assert str(formula) == text
    if "==" in text:
        text = "eq(x < y, 0)"  # since == asks whether formulas are the same
    names = {"eq": eq, "x": x, "y": y, "z": z, "sin": sin, "dot": dot, "minimum": ops.minimum}
    assert eval(text, names) is formula


LATEX = [
    (x * (y + 2), r"x \cdot \left(y + 2\right)"),
    ((x + 1) / y, r"\frac{x + 1}{y}"),
    ((x / y) ** 2, r"\left(\frac{x}{y}\right)^{2}"),
    (exp(x) ** 2, r"\left(e^{x}\right)^{2}"),
    (x ** (y + 1), "x^{y + 1}"),
    (exp(-(x * x)), r"e^{-x \cdot x}"),
    (Symbol("w12") * Symbol("alpha"), r"w_{12} \cdot \alpha"),
    (Symbol("x") * 2e-9, r"x \cdot \left(2 \cdot 10^{-9}\right)"),
]


@pytest.mark.parametrize(("formula", "text"), LATEX, ids=[t for _, t in LATEX])
def test_latex(formula, text):
    assert formula.latex() == text


def test_latex_names():
    assert latex_name("learning_rate") == r"\mathrm{learning}_{\mathrm{rate}}"
    assert latex_name("net_h1") == r"\mathrm{net}_{h1}"
    assert latex_name("a_b_c") == r"a_{\mathrm{b\_c}}"
    assert latex_name("w_1") == "w_{1}"


def test_a_symbol_has_no_number():
    for ask in (lambda: bool(x > 0), lambda: x and y, lambda: 1 if x < y else 2):
        with pytest.raises(TypeError, match="write where"):
            ask()
    with pytest.raises(TypeError, match="evaluate"):
        float(x)
    with pytest.raises(TypeError, match="a Symbol has a name"):
        Symbol(3)
    with pytest.raises(KeyError):
        (x + y).evaluate(x=1)


def test_conditions():
    f = where((x > 0) & ~(x >= y) | eq(x, 5), 1.0, 2.0)
    for a, b, expected in ((1, 2, 1.0), (-1, 2, 2.0), (3, 2, 2.0), (5, 2, 1.0)):
        assert f.evaluate(x=a, y=b) == expected


def test_threads_make_equal_formulas_one_object():
    for k in range(200):
        found = []

        def build(_, found=found, k=k):
            found.append(sin(Symbol("shared") * float(k) + 1.0))

        run_in_threads(build, range(4), interval=1e-6)
        assert len(set(map(id, found))) == 1


def test_operands_beyond_the_ninth():
    op = Op("ten", lambda *xs: 0.0, (None,) * 10, register=False)
    assert op(*[Symbol(f"a{i}") for i in range(10)]).latex().endswith("a_{8}, a_{9}\\right)")


def test_evaluate_agrees_with_values():
    def f(a, b):
        return logsumexp([sin(a) * b, a / b, 2]) ** 2 - cos(b)

    assert f(x, y).evaluate(x=0.3, y=1.7) == f(Value(0.3), Value(1.7)).data == f(0.3, 1.7)


def test_a_formula_of_any_depth():
    f = x
    for i in range(3_000):
        f = sin(f) + i
    assert pickle.loads(pickle.dumps(f)) is f
    assert Symbol("self").evaluate(self=3) == 3.0
    assert isinstance(f.evaluate(x=1.0), float)
    assert len(str(f)) > 3_000
