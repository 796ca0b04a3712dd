"""Programs as C and JavaScript: both give the numbers of the program, line by line."""

import itertools
import math
import random

import numpy as np
import pytest
from exported import Library, check_lines, run_modules
from oracles import random_point, reference, ulps
from random_programs import ARITHMETIC, EDGES, TESTED, bits, computed, random_lines, random_number

import autograd as ag
from autograd import Op, Program, Value, cos, dot, exp, sigmoid, sin, tanh, trace, vmap, where
from autograd._native import engine
from autograd.backends import numpy_source, running
from autograd.exports.exported_lines import LINES

LANGUAGES = ("c", "js")


def program_of(lines, inputs=3, outputs=None):
    """The program of some lines, all of whose numbers are results."""
    outputs = range(inputs, inputs + len(lines)) if outputs is None else outputs
    return Program("f", [f"x{i}" for i in range(inputs)], [1.0] * inputs, lines, list(outputs))


def run_all(language, programs, rows, folder, **options):
    """For each program the outputs for each of its rows of inputs; None where a guard failed."""
    if language == "c":
        library = Library([p.to_c(f"f{i}", **options) for i, p in enumerate(programs)], folder)
        found = []
        for i, (program, rows_i) in enumerate(zip(programs, rows, strict=True)):
            results = [library(f"f{i}", row, len(program.outputs)) for row in rows_i]
            found.append([None if failed else outputs for failed, outputs in results])
        return found
    texts = {f"f{i}": p.to_js(f"f{i}", **options) for i, p in enumerate(programs)}
    calls = [(name, name, rows_i) for name, rows_i in zip(texts, rows, strict=True)]
    return run_modules(texts, calls, folder)


def run_one(language, program, rows, folder, **options):
    return run_all(language, [program], [rows], folder, **options)[0]


@pytest.fixture(scope="module")
def two_hundred():
    """Random programs over the whole table, and rows of inputs, edges among them."""
    programs = [program_of(random_lines(seed, count=20)) for seed in range(200)]
    draw = random.Random(0)
    return programs, [[[random_number(draw) for _ in range(3)] for _ in range(12)] for _ in programs]


class TestRandomPrograms:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_exported(self, language, two_hundred, tmp_path):
        programs, rows = two_hundred
        found = run_all(language, programs, rows, tmp_path)
        for program, rows_i, found_i in zip(programs, rows, found, strict=True):
            for numbers, outputs in zip(rows_i, found_i, strict=True):
                check_lines(program, numbers, outputs, in_c=language == "c")

    def test_here(self, two_hundred):
        """The same check for the eager engine, generated Python and NumPy."""
        for program, rows in zip(*two_hundred, strict=True):
            with np.errstate(all="ignore"):
                outputs = numpy_source.tables(program, [True] * 3, "numpy", True)(
                    [], np.array(rows), len(rows)
                )[0]
            outputs = np.broadcast_to(outputs, (len(rows), len(program.lines))).tolist()
            for numbers, in_tables in zip(rows, outputs, strict=True):
                check_lines(program, numbers, in_tables)
                check_lines(program, numbers, running.runner(program, "python", True)(numbers))
                eager = program._replayed(map(Value, numbers))[3:]
                check_lines(program, numbers, [getattr(x, "data", x) for x in eager])

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_arithmetic_has_the_same_bits(self, language, tmp_path):
        programs = [program_of(random_lines(seed, ARITHMETIC, count=40)) for seed in range(50)]
        draw = random.Random(1)
        rows = [[[random_number(draw) for _ in range(3)] for _ in range(20)] for _ in programs]
        found = run_all(language, programs, rows, tmp_path)
        for program, rows_i, found_i in zip(programs, rows, found, strict=True):
            for numbers, outputs in zip(rows_i, found_i, strict=True):
                expected = computed(program.lines, numbers)[3:]
                assert list(map(bits, outputs)) == list(map(bits, expected))


def program_of_row(op):
    """The program of one line, and rows of inputs: from the domain, and edges."""
    draw = random.Random(op.name)
    if op.variadic:
        size = 4
        places = tuple([tuple(range(size * k, size * (k + 1))) for k in range(op.arity)])
        count = size * op.arity
        rows = [[draw.gauss(0.0, 3.0) for _ in range(count)] for _ in range(50)]
    else:
        places, count = tuple(range(op.arity)), op.arity
        rows = [list(random_point(op, draw)) for _ in range(200)]
        rows += [list(row) for row in itertools.product(EDGES, repeat=op.arity)][:400]
    rows += [[random_number(draw) for _ in range(count)] for _ in range(100)]
    return program_of([(op, places)], count), rows


class TestRows:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_each_row(self, language, tmp_path):
        programs, rows = zip(*map(program_of_row, TESTED), strict=True)
        found = run_all(language, programs, rows, tmp_path)
        for program, rows_i, found_i in zip(programs, rows, found, strict=True):
            for numbers, outputs in zip(rows_i, found_i, strict=True):
                check_lines(program, numbers, outputs, in_c=language == "c")

    def test_what_javascript_lacks_keeps_the_bounds_of_the_rows(self, tmp_path):
        """erf and erfc are written in JavaScript here: they are compared with mpmath."""
        draw = random.Random(2)
        for op in (ag.erf, ag.erfc):
            rows = [[draw.uniform(-6.0, 26.0 if op is ag.erfc else 6.0)] for _ in range(500)]
            rows += [[draw.uniform(0.3, 1.1)] for _ in range(500)]
            rows += [[draw.uniform(-1e-3, 1e-3)] for _ in range(100)]
            found = run_one("js", program_of([(op, (0,))], 1), rows, tmp_path)
            for (x,), (got,) in zip(rows, found, strict=True):
                assert ulps(got, reference(op.name)(x)) <= op.ulp, (op.name, x)


# Guards


def two_ways(x, y):
    if x > 0.0:
        x = x * y
    if not (x < y):
        return x - y, y
    return x + y, x


class TestGuards:
    ROWS = ([1.0, -2.0], [0.5, 3.0], [-1.0, -3.0], [math.nan, 1.0], [1.0, 3.0])

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_outputs_are_nan_where_a_guard_fails(self, language, tmp_path):
        """And are those of the function where none does."""
        program = trace(two_ways, 1.0, -2.0)
        assert len(program.guards) == 2
        for numbers, got in zip(self.ROWS, run_one(language, program, self.ROWS, tmp_path), strict=True):
            failed = running.run(program, numbers, "python")
            if type(failed) is int:
                assert got is None or all(map(math.isnan, got))
            else:
                assert got == failed

    def test_c_returns_the_number_of_the_guard(self, tmp_path):
        program = trace(two_ways, 1.0, -2.0)
        library = Library([program.to_c("f")], tmp_path)
        assert library("f", [1.0, -2.0], 2) == (0, [0.0, -2.0])
        for numbers, which in (([0.5, 3.0], 2), ([-1.0, -3.0], 1), ([math.nan, 1.0], 1)):
            failed, outputs = library("f", numbers, 2)
            assert failed == which == running.run(program, numbers, "python") + 1
            assert all(map(math.isnan, outputs))

    def test_javascript_has_a_function_for_the_number(self, tmp_path):
        program = trace(two_ways, 1.0, -2.0)
        found = run_modules({"f": program.to_js("f")}, [("f", "f_condition", self.ROWS)], tmp_path)
        assert found == [[0.0, 2.0, 1.0, 1.0, 0.0]]
        assert "_condition" not in trace(lambda x: x * 2.0, 1.0).to_js("f")

    def test_comments_tell_the_conditions(self):
        program = trace(two_ways, 1.0, -2.0)
        for text in (program.to_c("f").header, program.to_js("f")):
            assert "1: 0.0 < x at test_export.py:" in text
            assert " is True" in text

    def test_gradients_are_nan_too(self, tmp_path):
        program = trace(lambda x, y: two_ways(x, y)[0], 1.0, -2.0)
        library = Library([program.to_c("f", gradient=True)], tmp_path)
        assert library("f_value_and_gradient", [1.0, -2.0], 1, 2) == (0, [0.0], [-2.0, 0.0])
        failed, outputs, slopes = library("f_value_and_gradient", [-1.0, -3.0], 1, 2)
        assert failed == 1
        assert all(map(math.isnan, [*outputs, *slopes]))


# Lanes


def network(weights, x):
    hidden = [tanh(dot(row, x)) for row in weights]
    return dot(hidden, hidden) + sin(x[0])


def nested(xs):
    def row(x):
        return vmap(lambda y: cos(x * y) + y, reduce="sum")(xs)

    return vmap(row)(xs)


def branching(xs):
    def one(x):
        if x > 0.5:
            return x * x
        return 3.0 if x < 0.0 else exp(x)

    return vmap(one, reduce="sum")(xs)


WEIGHTS = [[0.1 * i - 0.2 * j + 0.05 for i in range(3)] for j in range(4)]
SAMPLES = [[math.sin(i + j) for j in range(3)] for i in range(10)]
OF_LANES = {
    "a sum": (vmap(network, in_axes=(None, 0), reduce="sum"), (WEIGHTS, SAMPLES)),
    "columns": (vmap(network, in_axes=(None, 0)), (WEIGHTS, SAMPLES)),
    "a mean of fields": (
        lambda xs: vmap(lambda x: (x * x, exp(x)), reduce="mean")(xs),
        ([0.3, 0.1, 0.2] * 4,),
    ),
    "nested": (nested, ([0.1, 0.7, -0.4, 0.2, 0.9, 1.1, 1.2, 1.3, 1.4],)),
    "ways": (branching, ([0.7, -0.3, 0.2, 0.9, -1.0, 0.1, 0.6, 0.8, 0.55],)),
}


class TestLanes:
    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("case", OF_LANES)
    def test_values(self, language, case, tmp_path):
        f, args = OF_LANES[case]
        program = trace(f, *args)
        assert any(hasattr(op, "paths") for op, _ in program.lines)
        rows = [list(program.numbers), [x * 0.9 for x in program.numbers]]
        for numbers, got in zip(rows, run_one(language, program, rows, tmp_path), strict=True):
            assert got == pytest.approx(program.run(numbers, "python"), rel=1e-14)

    def test_c_loops_have_the_bits_of_the_loop_in_python(self, tmp_path):
        """Sums are added in the order of the samples; math.h is the library that Python uses."""
        program = trace(
            vmap(lambda x, y: x * y / (1.0 + x * x), reduce="sum"), [0.1 * i for i in range(30)], [0.3] * 30
        )
        (got,) = run_one("c", program, [list(program.numbers)], tmp_path)
        assert list(map(bits, got)) == list(map(bits, program.run(program.numbers, "python")))

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_text_grows_with_the_lines_and_not_with_the_samples(self, language):
        sizes = []
        for n in (100, 1000):
            program = trace(
                vmap(network, in_axes=(None, 0), reduce="sum"), WEIGHTS, [SAMPLES[i % 10] for i in range(n)]
            )
            text = program.to_c("f").source if language == "c" else program.to_js("f")
            sizes.append(len(text))
        assert sizes[1] < sizes[0] * 1.1

    def test_a_sample_of_an_unknown_way_fails(self, tmp_path):
        program = trace(branching, [0.7, 0.8, 0.2, 0.9, 0.1, 0.1, 0.6, 0.8, 0.55])  # none is negative
        library = Library([program.to_c("f")], tmp_path)
        numbers = list(program.numbers)
        assert library("f", numbers, 1)[0] == 0
        failed, outputs = library("f", [*numbers[:-1], -1.0], 1)
        assert failed == len(program.guards) + 1
        assert math.isnan(outputs[0])
        assert f"{failed}: a sample takes a way that no traced sample took" in program.to_c("f").header
        found = run_modules(
            {"f": program.to_js("f")}, [("f", "f_condition", [numbers, [*numbers[:-1], -1.0]])], tmp_path
        )
        assert found == [[0.0, float(failed)]]


# Gradients, and Values from outside


def loss(w, x):
    return sigmoid(dot(w, x)) ** 2.0 + where(w[0] < x[0], w[0] * x[1], exp(w[1])) + abs(x[1])


class TestGradient:
    def functions(self):
        yield loss, ([0.3, -0.2], [0.5, 1.5])
        yield lambda x: 3.0, (1.0,)
        yield lambda x, y: x, (1.0, 2.0)
        for case in ("a sum", "ways"):
            yield OF_LANES[case]
        yield lambda ws, xs: sum(loss(ws, [x, y]) for x, y in itertools.pairwise(xs)), ([0.1, 0.2], [0.3] * 9)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_value_and_gradient_agree(self, language, tmp_path):
        programs = [trace(f, *args) for f, args in self.functions()]
        if language == "c":
            library = Library([p.to_c(f"f{i}", gradient=True) for i, p in enumerate(programs)], tmp_path)
        else:
            texts = {f"f{i}": p.to_js(f"f{i}", gradient=True) for i, p in enumerate(programs)}
            calls = [
                (k, f"{k}_value_and_gradient", [list(p.numbers)])
                for k, p in zip(texts, programs, strict=True)
            ]
            found = run_modules(texts, calls, tmp_path)
        for i, (program, (_, args)) in enumerate(zip(programs, self.functions(), strict=True)):
            value, gradient = program.value_and_grad(*args, argnums=tuple(range(len(args))))
            expected = [value, *np.concatenate([np.ravel(part) for part in gradient]).tolist()]
            if language == "c":
                failed, outputs, slopes = library(
                    f"f{i}_value_and_gradient", program.numbers, 1, len(program.inputs)
                )
                assert failed == 0
                got = [*outputs, *slopes]
            else:
                got = [found[i][0]["value"], *found[i][0]["gradient"]]
            assert got == pytest.approx(expected, rel=1e-13, abs=1e-300)

    def test_strong_zero(self, tmp_path):
        """An operand that is not chosen brings no nan, as in `grad`."""
        program = trace(lambda x: where(x > 0.0, ag.sqrt(x), 2.0 * x), 1.0)
        library = Library([program.to_c("f", gradient=True)], tmp_path)
        assert library("f_value_and_gradient", [-0.0], 1, 1) == (0, [-0.0], [2.0])
        found = run_modules(
            {"f": program.to_js("f", gradient=True)}, [("f", "f_value_and_gradient", [[0.0]])], tmp_path
        )
        assert found == [[{"value": 0.0, "gradient": [2.0]}]]

    def test_several_results_have_no_gradient(self):
        program = trace(lambda x: (x, x * x), 1.0)
        for export in (program.to_c, program.to_js):
            with pytest.raises(TypeError, match="a gradient is of one number, and <lambda> has 2 results"):
                export("f", gradient=True)


class TestCaptured:
    def program(self):
        weight, bias = Value(0.7, label="weight"), Value(-0.1, label="bias")
        return trace(lambda x, y: tanh(weight * x + bias) * y, 2.0, 3.0)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_values_from_outside_are_inputs_or_constants(self, language, tmp_path):
        program = self.program()
        allowed = 0.0 if language == "c" and engine else 1e-15  # others have another tanh
        expected = pytest.approx([program(0.4, 0.5)], rel=allowed, abs=0.0)
        (found,) = run_one(language, program, [[0.4, 0.5, 0.7, -0.1]], tmp_path)
        assert found == expected
        (found,) = run_one(language, program, [[0.4, 0.5]], tmp_path, captured="constants")
        assert found == expected

    @pytest.mark.parametrize("captured", ["inputs", "constants"])
    def test_the_gradient_is_by_arguments(self, captured, tmp_path):
        program = self.program()
        text = program.to_c("f", gradient=True, captured=captured)
        assert "F_GRADIENT = 2" in text.header
        inputs = [0.4, 0.5] if captured == "constants" else [0.4, 0.5, 0.7, -0.1]
        _, value, gradient = Library([text], tmp_path)("f_value_and_gradient", inputs, 1, 2)
        expected = program.value_and_grad(0.4, 0.5, argnums=(0, 1))
        assert [*value, *gradient] == pytest.approx([expected[0], *expected[1]], rel=1e-15)

    def test_a_guard_of_constants_alone_is_dropped(self):
        weight = Value(0.7)
        program = trace(lambda x: x * weight if weight > 0.0 else x, 2.0)
        assert "F_INPUTS = 1" in program.to_c("f", captured="constants").header
        assert "if (" not in program.to_c("f", captured="constants").source
        assert "if (" in program.to_c("f").source

    def test_another_word_is_refused(self):
        with pytest.raises(ValueError, match="captured is 'inputs' or 'constants', not 'frozen'"):
            self.program().to_c("f", captured="frozen")


# Long programs


def long_program(count):
    """A chain of lines that use near and far lines, so that numbers pass from part to part."""
    draw = random.Random(3)
    ops = [op for op in ARITHMETIC if not op.variadic and op.name != "div"]
    lines = []
    for i in range(count):
        near, far = 3 + i - 1, draw.randrange(3 + i)
        op = draw.choice(ops)
        lines.append((op, tuple([near, far, 0.5][: op.arity])))
        if i % 50 == 49:
            lines[-1] = (ag.tanh, (near,))
        if i % 90 == 89:
            lines[-1] = (dot, (tuple(range(i - 20, i)), tuple(range(20))))
    return program_of(lines)


class TestParts:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_numbers_pass_from_part_to_part(self, language, tmp_path):
        program = long_program(3000)
        few = program_of(program.lines, outputs=[7, 3 + 1499, 3 + 2999])
        (every, some) = run_all(language, [program, few], [[[0.3, -0.7, 1.2]]] * 2, tmp_path)
        check_lines(program, [0.3, -0.7, 1.2], every[0])
        assert some[0] == [every[0][4], every[0][1499], every[0][2999]]

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_no_function_is_long(self, language):
        program = long_program(5000)
        text = program.to_c("f").source if language == "c" else program.to_js("f")
        assert max(len(function.splitlines()) for function in text.split("\n\n")) < 3 * LINES
        assert "f_body_part10(" in text

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_guards_in_parts(self, language, tmp_path):
        def f(x):
            y = x
            for _ in range(700):
                y = sin(y) + x
            if y > 0.0:
                for _ in range(700):
                    y = cos(y) * x
            return y

        program = trace(f, 1.0)
        found = run_one(language, program, [[1.0], [-1.0]], tmp_path)
        assert found[0] == pytest.approx([program(1.0)], rel=1e-12)
        assert found[1] is None or math.isnan(found[1][0])


# Ops of users


class TestOpsOfUsers:
    def test_an_op_without_a_form_is_refused_by_name(self):
        op = Op("no_form", lambda x: x, (lambda x, out: 1.0,), register=False)
        program = trace(lambda x: op(x) * 2.0, 1.0)
        with pytest.raises(
            ValueError, match=r"cannot be exported: the op no_form has no C form: .* Op\(..., c="
        ):
            program.to_c("f")
        with pytest.raises(ValueError, match=r"the op no_form has no JavaScript form: .* Op\(..., js="):
            program.to_js("f")

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_forms(self, language, tmp_path):
        """A C form is rewritten for JavaScript; a JavaScript form of its own goes first."""
        helper = "static double cubed(double x)\n{\n    double y = x;\n    for (int i = 0; i < 2; i++)\n"
        helper += "        y *= x;\n    return y;\n}\n"
        cube = Op(
            "cube",
            lambda x: x**3,
            (lambda x, out: 3.0 * x * x,),
            c="cubed(#1)",
            c_helper=helper,
            register=False,
        )
        other = Op(
            "other",
            lambda x: x + 1.0,
            (lambda x, out: 1.0,),
            c="(#1 + 1.0)",
            js="plus_one(#1)",
            js_helper="function plus_one(x) {\n    return x + 1.0;\n}\n",
            register=False,
        )
        program = trace(lambda x: other(cube(x)), 2.0)
        assert run_one(language, program, [[2.0], [-3.0]], tmp_path) == [[9.0], [-26.0]]

    def test_c_that_cannot_be_rewritten_is_refused(self):
        unknown = Op("unknown", math.gamma, (lambda x, out: 1.0,), c="tgamma(#1)", register=False)
        with pytest.raises(ValueError, match=r"the C form of the op unknown calls tgamma, .* js='...'"):
            trace(lambda x: unknown(x) + 1.0, 2.0).to_js("f")
        pointers = Op(
            "pointers",
            lambda x: x,
            (lambda x, out: 1.0,),
            c="same(#1)",
            c_helper="static double same(double x)\n{\n    long y = 3;\n    return x + 0.0 * y;\n}\n",
            register=False,
        )
        with pytest.raises(
            ValueError, match="the C helper of the op pointers cannot be rewritten in JavaScript"
        ):
            trace(lambda x: pointers(x) + 1.0, 2.0).to_js("f")
