"""Formulas of Values and their derivatives agree with the engine, and read well."""

import random
import time

import pytest

import autograd as ag
from autograd import Symbol, Value, derivative, formula, gradients
from autograd.formulas.simplify import simplified
from autograd.table.op import TABLE


def number(result, values):
    return result if isinstance(result, float) else result.evaluate(**{v.label: v.data for v in values})


def plain(x):
    return x.data if isinstance(x, Value) else x


@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
def test_every_op_agrees_with_its_gradients(op):
    generator = random.Random(op.name)
    for _ in range(10):
        domains = [(max(low, -20.0), min(high, 20.0)) for low, high in op.domain]
        points = [[generator.uniform(*d) for _ in range(3 if op.variadic else 1)] for d in domains]
        rows = [[Value(x, f"{'abc'[i]}{j}") for j, x in enumerate(xs)] for i, xs in enumerate(points)]
        values = [v for row in rows for v in row]
        out = op(*rows) if op.variadic else op(*values)
        assert number(formula(out), values) == pytest.approx(out.data, rel=1e-12)
        for value, slope in zip(values, gradients(out, values), strict=True):
            assert number(derivative(out, value), values) == pytest.approx(plain(slope), rel=1e-9, abs=1e-12)


UNARY = (
    "sin",
    "cos",
    "tanh",
    "exp",
    "sigmoid",
    "softplus",
    "neg",
    "atan",
    "relu",
    "abs",
    "cbrt",
    "erf",
    "asinh",
)
BINARY = ("add", "sub", "mul", "div", "hypot", "maximum", "minimum", "atan2")


@pytest.mark.parametrize("seed", range(500))
def test_random_expressions_agree_with_their_gradients(seed):
    """To second order; where a slope is ill-conditioned (a quotient by nearly 0) another is drawn."""
    generator = random.Random(seed)
    leaves = [Value(generator.uniform(-2.0, 2.0), name) for name in ("x", "y", "z")]
    values = list(leaves)
    for _ in range(generator.randint(2, 7)):
        if generator.random() < 0.5:
            new = TABLE[generator.choice(UNARY)](generator.choice(values))
        else:
            new = TABLE[generator.choice(BINARY)](generator.choice(values), generator.choice(values))
        if abs(new.data) < 20.0 and new.op is not None:
            values.append(new)
    out = values[-1]
    if out.op is None:
        out = out * out
    assert number(formula(out), leaves) == pytest.approx(out.data, rel=1e-9, abs=1e-12)
    firsts = gradients(out, leaves)
    for leaf, slope in zip(leaves, firsts, strict=True):
        if not any(leaf is node for node in ag.graph.walks.topological_order(out)):
            continue
        first = derivative(out, leaf)
        assert number(first, leaves) == pytest.approx(plain(slope), rel=1e-7, abs=1e-9)
        if isinstance(slope, Value):
            for other, second in zip(leaves, gradients(slope, leaves), strict=True):
                if abs(plain(second)) < 1e6:
                    got = number(derivative(first, other.label), leaves)
                    assert got == pytest.approx(plain(second), rel=1e-6, abs=1e-7)


x, y, w = Symbol("x"), Symbol("y"), Symbol("w")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (x + x, "2 * x"),
        (x * x * x, "x**3"),
        (x - x, "0.0"),
        (x / x, "1.0"),
        (2.0 * x * 3.0, "6 * x"),
        (x * y + y * x, "2 * x * y"),
        (-(0.01 - x), "-(0.01 - x)"),
        (x * y / (y * y), "x / y"),
        ((x + 1.0) * (x + 1.0), "(x + 1)**2"),
        (ag.dot((x, y), (w, 2.0)), "x * w + 2 * y"),
        (ag.sum_of((x, y, x)), "2 * x + y"),
        (ag.ne(x, x) + 1.0, "1.0"),
        (x + 2.0 * (x + y), "3 * x + 2 * y"),
        (x - (y - w), "x - y + w"),
        ((x**2.0) ** 0.5, "(x**2)**0.5"),
        ((x**0.5) ** 2.0, "x"),
    ],
)
def test_simplifying(given, expected):
    assert str(simplified(given)) == expected


def test_derivatives_read_like_a_textbook():
    assert str(derivative(x**3, "x")) == "3 * x**2"
    assert str(derivative(derivative(x**3, x), x)) == "6 * x"
    assert str(derivative(ag.sigmoid(x), x)) == "sigmoid(x) * (1 - sigmoid(x))"
    assert str(derivative(ag.tanh(w * x), w)) == "(1 - tanh(w * x)**2) * x"
    assert derivative(ag.tanh(w * x), w).latex() == (
        r"\left(1 - \tanh\left(w \cdot x\right)^{2}\right) \cdot x"
    )
    assert derivative(3.0, x) == 0.0
    assert derivative(y, x) == 0.0


def test_long_sums_take_time_in_proportion_and_no_recursion():
    leaves = [Value(float(i), f"x{i}") for i in range(2000)]
    out = sum(v * v for v in leaves)
    assert derivative(out, leaves[7]).evaluate(x7=7.0) == 14.0
    assert str(formula(out)).count("**2") == 2000


def test_names_of_leaves():
    a, b = Value(2.0), Value(3.0)
    assert str(formula(a * b + a)) == "x1 * x2 + x1"
    assert str(formula(a * b, names={"a": a, "b": b})) == "a * b"
    assert str(formula(Value(1.0, "w") * Value(2.0, "w"))) == "w * w_2"
    inner = a * b
    assert str(derivative(inner * inner, inner, names=locals())) == "2 * inner"


def test_an_operand_that_is_not_chosen_adds_nothing():
    """Strong zero: the infinite slope of a logarithm that is not chosen adds nothing."""
    v = Value(0.0, "v")
    out = ag.where(ag.lt(0.0, v), ag.log(v), v)
    assert number(derivative(out, v), [v]) == gradients(out, [v])[0].data == 1.0


def test_a_choice_that_may_be_nan_is_no_mere_mask():
    """A factor `where` may be 0, and may be nan where another condition does not choose it."""
    values = [Value(-2.0, "x"), Value(1.0, "z")]
    v, c = values
    out = ag.where(ag.lt(c, 0.0), v**v / c, v)
    assert number(derivative(out, v), values) == gradients(out, v).data == 1.0


def test_a_factor_that_is_0_on_a_region_cancels_an_infinite_factor():
    """Strong zero as in backward; a plain product where no factor can be infinite."""
    assert str(derivative(ag.relu(w * x), w)) == "sign(relu(w * x)) * x"
    assert str(derivative(ag.log(ag.relu(x)), x)) == "chain(sign(relu(x)), 1 / relu(x))"
    assert str(derivative(ag.where(ag.lt(x, y), x * x, ag.log(x)), x)) == (
        "where((x < y) == 0, 1 / x, 0) + where(x < y, 2 * x, 0)"
    )
    assert derivative(ag.log(ag.relu(x)), x).evaluate(x=-1.0) == 0.0
    assert r"\operatorname{chain}" in derivative(ag.log(ag.relu(x)), x).latex()
    assert str(simplified(x * ag.lt(x, y) * 2.0)) == "2 * x * (x < y)"  # nobody asked for strong zero


def test_the_text_of_a_formula_is_the_formula():
    """The printed formula keeps strong zero, too: at log(-1) a plain product would be nan."""
    v = Value(-1.0, "v")
    out = ag.where(ag.lt(0.0, v), ag.log(ag.log(v)), v)
    d = derivative(out, v)
    assert eval(str(d), vars(ag) | {"v": Value(-1.0)}) == d.evaluate(v=-1.0) == gradients(out, v).data == 1.0


def test_only_what_is_defined_cancels():
    """At x < 0 the root is nan, and so is its difference from itself; a quotient by 0 is no root."""
    assert str(simplified(ag.sqrt(x) - ag.sqrt(x))) == "0 * sqrt(x)"
    assert str(simplified(x / y - x / y)) == "0.0"
    assert str(simplified(ag.sqrt(x) / ag.sqrt(x))) == "sqrt(x) / sqrt(x)"
    assert str(simplified(x / x)) == "1.0"
    step = ag.sign(ag.relu(x))
    assert str(simplified(step / step)) == "sign(relu(x)) / sign(relu(x))"  # 0 / 0 at x < 0
    assert str(simplified(ag.relu(x) * y / ag.relu(x))) == "y * relu(x) / relu(x)"
    assert str(derivative(ag.atan(x / y), x)) == "1 / ((1 + x**2 / y**2) * y)"
    steep = ag.atan(y / ag.lt(y, x))
    assert derivative(y - steep, y).evaluate(x=0.0, y=1.0) == 1.0


def test_nan_equals_nothing_also_in_a_formula():
    assert str(simplified(ag.eq(ag.sin(x), ag.sin(x)))) == "1.0"
    assert simplified(ag.eq(ag.log(x), ag.log(x))).evaluate(x=-1.0) == 0.0


def test_a_formula_too_long_to_be_written_is_refused_before_it_is_made():
    """The refusal takes time in proportion to the graph, not to the text."""
    for length in (400, 20_000):
        v = Value(0.3, "v")
        out = v
        for _ in range(length):
            out = ag.tanh(out) + v * 1e-5
        for write in (lambda v=v, out=out: derivative(out, v), lambda out=out: derivative(out, "v")):
            with pytest.raises(ValueError, match=r"written out, the formula has [\d,]+ operations"):
                write()
    leaves = [Value(1.0, f"v{i}") for i in range(20_000)]
    out = ag.sum_of([leaf * leaf for leaf in leaves])
    assert str(derivative(out, leaves[7])) == "2 * v7"


def test_the_time_of_a_derivative_grows_with_its_length():
    """Ten times as many factors take less than thirty times as long: a quadratic would take a hundred."""

    def seconds(count):
        leaves = [Value(1.5, f"v{i}") for i in range(count)]
        out = leaves[0]
        for leaf in leaves[1:]:
            out = out * ag.sin(leaf)
        start = time.process_time()
        derivative(out, leaves[0])
        return time.process_time() - start

    assert seconds(2000) < 30.0 * min(seconds(200) for _ in range(5))


def test_arguments_that_are_no_formula_are_refused():
    v = Value(1.0, "v")
    with pytest.raises(TypeError, match="a formula is that of a Value, not of the str"):
        formula("x")
    with pytest.raises(ValueError, match="was not made from"):
        derivative(v * 2.0, Value(1.0, "w"))
    with pytest.raises(TypeError, match="differentiated by a variable, a Symbol or its name"):
        derivative(x * y, x * y)
    deep = v
    for _ in range(40):
        deep = ag.sin(deep) * deep
    with pytest.raises(ValueError, match=r"explain\(out, wrt\), which goes step by step"):
        formula(deep)


def test_equal_formulas_have_equal_texts_in_every_run(printed_in_runs):
    code = (
        "from autograd import *; a, b, c = map(Symbol, 'abc'); "
        "print(derivative(tanh(a*b + c*a)*sin(b*a*c)/(a + b + c), 'a'))"
    )
    texts = set(printed_in_runs(code))
    assert len(texts) == 1


@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
def test_the_latex_of_every_op_and_its_derivatives_renders(op):
    """By matplotlib's mathtext, except `cases`, which it does not know."""
    mathtext = pytest.importorskip("matplotlib.mathtext")
    args = [(Symbol(f"{n}1"), Symbol(f"{n}2")) if op.variadic else Symbol(n) for n in "xyz"[: op.arity]]
    out = op(*args)
    flat = [x for arg in args for x in (arg if op.variadic else (arg,))]
    for result in (out, *(derivative(out, x) for x in flat)):
        text = result.latex() if isinstance(result, Symbol) else str(result)
        if r"\begin{cases}" not in text:
            known = (
                text.replace(r"\le ", r"\leq ")
                .replace(r"\ne ", r"\neq ")
                .replace(r"\operatorname", r"\mathrm")
            )
            mathtext.MathTextParser("path").parse(f"${known}$")
        assert text.count("{") == text.count("}")
        assert text.count(r"\left") == text.count(r"\right")
