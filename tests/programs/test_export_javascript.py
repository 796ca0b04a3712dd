"""JavaScript of programs: the module, names, and how C is rewritten."""

import math

import pytest
from exported import run_modules
from test_export import OF_LANES
from test_export_c import NAMES

from autograd import Op, Program, trace
from autograd.formulas.javascript import JS_WORDS, js_form
from autograd.table.op import TABLE


class TestModule:
    def test_inputs_are_arrays_of_any_kind(self, tmp_path):
        """A typed array, an array of numbers, and an array of texts, as a form has them."""
        text = trace(lambda x, y: x + y, 1.0, 2.0).to_js("f")
        text += "export const calls = () => Float64Array.of(f([1, 2])[0], f(new Float64Array([1, 2]))[0], "
        text += 'f(["1", "2"])[0], f(new Float32Array([1, 2]), new Float64Array(1))[0]);\n'
        assert run_modules({"f": text}, [("f", "calls", [[]])], tmp_path) == [[[3.0] * 4]]

    def test_another_number_of_inputs_is_an_error(self, tmp_path):
        text = trace(lambda x, y: x + y, 1.0, 2.0).to_js("f")
        text += "export function error() {\n    try {\n        f([1]);\n    } catch (error) {\n"
        text += '        return error.message === "f takes 2 numbers, not 1" ? 1 : 0;\n    }\n}\n'
        assert run_modules({"f": text}, [("f", "error", [[]])], tmp_path) == [[1.0]]

    def test_empty_programs(self, tmp_path):
        texts = {
            "f": Program("f", [], [], [], []).to_js("f"),
            "g": Program("f", [], [], [], [2.0, math.inf, -0.0]).to_js("g"),
            "h": Program("f", ["x", "y"], [1.0, 1.0], [], [1, 0, 0]).to_js("h"),
        }
        calls = [("f", "f", [[]]), ("g", "g", [[]]), ("h", "h", [[3.0, 4.0]])]
        found = run_modules(texts, calls, tmp_path)
        assert found == [[[]], [[2.0, math.inf, 0.0]], [[4.0, 3.0, 3.0]]]
        assert math.copysign(1.0, found[1][0][2]) == -1.0

    def test_inputs_of_any_name(self, tmp_path):
        program = Program("*/", NAMES, [1.0] * len(NAMES), [], list(range(len(NAMES))))
        numbers = [float(i) for i in range(len(NAMES))]
        assert run_modules({"f": program.to_js("f")}, [("f", "f", [numbers])], tmp_path) == [[numbers]]

    @pytest.mark.parametrize(
        "name", ["x", "y", "w", "a", "s0", "v3", "failed", "inputs", "lane", "i", "printf"]
    )
    def test_names_that_the_text_uses_inside(self, name, tmp_path):
        f, args = OF_LANES["a sum"]
        program = trace(f, *args)
        found = run_modules(
            {"f": program.to_js(name, gradient=True)}, [("f", name, [list(program.numbers)])], tmp_path
        )
        assert found[0][0] == pytest.approx(program.run(program.numbers), rel=1e-14)

    @pytest.mark.parametrize("name", ["", "1x", "x y", "é", "a$", "autograd_dot", *sorted(JS_WORDS)])
    def test_names_that_mean_something_else_are_refused(self, name):
        with pytest.raises(ValueError, match="is no name that JavaScript leaves free: choose another"):
            trace(lambda x: x * x, 3.0).to_js(name)


class TestForms:
    @pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
    def test_every_row_is_rewritten_from_its_c(self, op):
        """No word of C is left."""
        form, functions = js_form(op)
        text = "\n".join([form, *functions])
        for word in ("double", "int ", "static", "NAN", "INFINITY", "*xs"):
            assert word not in text

    def test_comments_and_whole_numbers(self):
        helper = "/* of whole numbers: double */\nstatic int half(int n)\n{\n    return (int)(n * 0.5);\n}\n"
        op = Op("half", lambda x: x, (None,), c="half((int)#1)", c_helper=helper, register=False)
        with pytest.raises(ValueError, match="cannot be rewritten"):  # a cast of an expression
            js_form(op)

    def test_nested_calls_and_names_of_variables(self):
        helper = "static double g(double x)\n{\n    const double exp1 = exp(fabs(x)), log = 1.0;\n"
        helper += "    return exp1 + log;\n}\n"
        op = Op("g", lambda x: x, (None,), c="g(#1)", c_helper=helper, register=False)
        _, (function,) = js_form(op)
        assert function == (
            "function g(x) {\n    const exp1 = Math.exp(Math.abs(x)), log = 1.0;\n    return exp1 + log;\n}\n"
        )
