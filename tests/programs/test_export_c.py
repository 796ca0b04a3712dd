"""C text of programs: files, names, numbers of type float, and the time that compilers take."""

import ctypes
import math
import os
import random
import re
import shutil
import struct
import subprocess

import pytest
from exported import Library, check_lines
from random_programs import TESTED, random_lines
from test_export import OF_LANES, long_program, program_of

import autograd as ag
from autograd import Program, dot, trace
from autograd.exports.c_source import TAKEN, in_floats

NAMES = ["double", "*/ x", "/* x */", "a\\\n", "é", "x y", "w[0]", "NAN", "main"]


def rounded(x):
    """The nearest float."""
    try:
        return struct.unpack("f", struct.pack("f", x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)


class TestFiles:
    def test_write(self, tmp_path):
        text = trace(lambda x: x * x, 3.0).to_c("square_of")
        paths = text.write(tmp_path)
        assert [path.name for path in paths] == ["square_of.c", "square_of.h"]
        assert [path.read_text() for path in paths] == [text.source, text.header]
        assert repr(text) == f"<C text of square_of: {len(text.source.splitlines())} lines>"

    def test_a_main_program_in_c_and_in_cpp(self, tmp_path):
        """The files as a user has them, without a shared library or Python."""
        if not shutil.which("gcc"):
            pytest.skip("there is no gcc here")
        trace(lambda x, y: ag.exp(x) * y, 1.0, 2.0).to_c("f", gradient=True).write(tmp_path)
        (tmp_path / "main.c").write_text(
            '#include <stdio.h>\n#include "f.h"\n'
            "int main(void)\n{\n"
            "    const double inputs[F_INPUTS] = {0.0, 2.0};\n"
            "    double outputs[F_OUTPUTS], gradient[F_GRADIENT];\n"
            "    if (f_value_and_gradient(inputs, outputs, gradient))\n        return 1;\n"
            '    printf("%g %g %g\\n", outputs[0], gradient[0], gradient[1]);\n    return 0;\n}\n'
        )
        shutil.copy(tmp_path / "main.c", tmp_path / "main.cpp")
        flags = ["-Wall", "-Wextra", "-Werror", "-pedantic"]
        commands = [["gcc", "-std=c99", *flags, "main.c", "f.c", "-o", "main", "-lm"]]
        if shutil.which("g++"):
            commands.append(["gcc", "-std=c99", *flags, "-c", "f.c", "-o", "f.o"])
            commands.append(["g++", *flags, "main.cpp", "f.o", "-o", "main", "-lm"])
        for command in commands:
            subprocess.run(command, cwd=tmp_path, check=True)
            if command[-2] == "main":
                done = subprocess.run(["./main"], cwd=tmp_path, capture_output=True, text=True, check=True)
                assert done.stdout == "2 2 1\n"

    def test_nothing_but_math_h_and_no_allocation(self):
        program = trace(*OF_LANES["ways"][:1], *OF_LANES["ways"][1])
        text = program.to_c("f", gradient=True)
        assert re.findall(r"#include (.*)", text.source + text.header) == ['"f.h"', "<math.h>"]
        assert not re.search(r"\b(?:malloc|calloc|alloca|free)\b", text.source)

    def test_an_empty_program(self, tmp_path):
        nothing = Program("f", [], [], [], [])
        constant = Program("f", [], [], [], [2.0, math.inf])
        copied = Program("f", ["x", "y"], [1.0, 1.0], [], [1, 0, 0])
        library = Library([nothing.to_c("f"), constant.to_c("g"), copied.to_c("h")], tmp_path)
        assert library("f", [], 0) == (0, [])
        assert library("g", [], 2) == (0, [2.0, math.inf])
        assert library("h", [3.0, 4.0], 3) == (0, [4.0, 3.0, 3.0])

    def test_dead_lines_are_left_out(self, tmp_path):
        """A variable that nothing uses would be a warning."""
        lines = random_lines(5, count=30)
        Library([program_of(lines, outputs=[3 + len(lines) // 2]).to_c("f")], tmp_path)


class TestNames:
    def test_inputs_of_any_name(self, tmp_path):
        """Names of inputs stand in comments alone."""
        program = Program("/*", NAMES, [1.0] * len(NAMES), [], list(range(len(NAMES))))
        text = program.to_c("f")
        assert "inputs[3] is a\\\\\\n\n" in text.header
        numbers = [float(i) for i in range(len(NAMES))]
        assert Library([text], tmp_path)("f", numbers, len(NAMES)) == (0, numbers)

    def test_many_inputs_are_counted(self):
        program = trace(lambda x: dot(x, x), [0.1] * 250)
        assert (
            "inputs[99] is x[99]\n *   and 150 more, in the order of program.inputs\n"
            in program.to_c("f").header
        )

    @pytest.mark.parametrize(
        "name", ["x", "y", "w", "a", "s0", "v3", "failed", "inputs", "outputs", "lane", "i"]
    )
    def test_names_that_the_text_uses_inside(self, name, tmp_path):
        f, args = OF_LANES["a sum"]
        program = trace(f, *args)
        library = Library([program.to_c(name, gradient=True)], tmp_path)
        assert library(name, program.numbers, 1)[1] == pytest.approx(program.run(program.numbers), rel=1e-14)

    @pytest.mark.parametrize(
        "name", ["exp", "double", "x y", "é", "NAN", "1x", "printf", "y0", "expf", "", "autograd_dot"]
    )
    def test_names_that_mean_something_else_are_refused(self, name):
        with pytest.raises(ValueError, match="is no name that C leaves free: choose another"):
            trace(lambda x: x * x, 3.0).to_c(name)

    def test_what_gcc_knows_is_refused(self, tmp_path):
        """Each name in the list of functions would be a warning, or is no keyword: the list has no other."""
        if not shutil.which("gcc"):
            pytest.skip("there is no gcc here")
        declared = [f"int {name}(const double *inputs, double *outputs);" for name in sorted(TAKEN)]
        (tmp_path / "f.c").write_text("\n".join(declared) + "\n")
        done = subprocess.run(
            ["gcc", "-c", "-Wall", "f.c"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        warned = set(re.findall(r"built-in function \W+(\w+)", done.stderr))
        assert len(warned) > 0.8 * len(TAKEN)


class TestFloat:
    def test_literals_and_functions(self):
        assert in_floats("(#1 > 0.0 ? exp(#1) * 1e-3 : 2.5)") == "(#1 > 0.0f ? expf(#1) * 1e-3f : 2.5f)"
        assert in_floats("const double x = fabs(y) + 1.5e-07;") == "const float x = fabsf(y) + 1.5e-07f;"

    def test_random_programs_line_by_line(self, tmp_path):
        """From the floats found for its operands each line is good to some units of a float."""
        programs = [program_of(random_lines(seed, count=20)) for seed in range(100)]
        library = Library([p.to_c(f"f{i}", precision="float") for i, p in enumerate(programs)], tmp_path)
        draw = random.Random(0)
        for i, program in enumerate(programs):
            for _ in range(10):
                numbers = [rounded(draw.gauss(0.0, 2.0)) for _ in range(3)]
                _, found = library(f"f{i}", numbers, len(program.lines), number=ctypes.c_float)
                self.check(program, numbers, found)

    def check(self, program, numbers, found):
        values = [*numbers, *found]

        def number(x):
            return (
                tuple(map(number, x)) if isinstance(x, tuple) else values[x] if type(x) is int else rounded(x)
            )

        for place, (op, args) in enumerate(program.lines, len(numbers)):
            operands = tuple(map(number, args))
            exact, got = op.forward(*operands), values[place]
            if not math.isfinite(exact) or not math.isfinite(got):
                assert math.isnan(exact) == math.isnan(got) or abs(exact) > 1e37, (op.name, operands, got)
                continue
            flat = [x for xs in operands for x in xs] if op.variadic else list(operands)
            size = abs(exact)
            if op.variadic:  # intermediate sums may be larger than the result
                size = max([size, *[abs(x * y) for x in flat for y in (1.0, *flat)]])
            assert abs(got - exact) <= 8.0 * 2.0**-23 * size + 1e-37, (op.name, operands, got, exact)

    def test_rows(self, tmp_path):
        """Each row at a float of the middle of its domain."""
        programs = []
        for op in TESTED:
            places = ((0, 1),) * op.arity if op.variadic else tuple(range(op.arity))
            programs.append(program_of([(op, places)], max(op.arity, 2)))
        library = Library([p.to_c(f"f{i}", precision="float") for i, p in enumerate(programs)], tmp_path)
        for i, program in enumerate(programs):
            for numbers in ([0.5, 0.25, 0.75], [0.3, 0.9, 0.1]):
                numbers = list(map(rounded, numbers[: len(program.inputs)]))
                _, found = library(f"f{i}", numbers, 1, number=ctypes.c_float)
                self.check(program, numbers, found)

    @pytest.mark.parametrize("case", OF_LANES)
    def test_lanes_and_gradients(self, case, tmp_path):
        f, args = OF_LANES[case]
        program = trace(f, *args)
        gradient = len(program.outputs) == 1
        library = Library([program.to_c("f", precision="float", gradient=gradient)], tmp_path)
        numbers = list(map(rounded, program.numbers))
        _, found = library("f", numbers, len(program.outputs), number=ctypes.c_float)
        assert found == pytest.approx(program.run(numbers), rel=1e-5)

    def test_constants_beyond_floats(self, tmp_path):
        numbers = [
            1e300,
            -1e300,
            1e-300,
            -1e-300,
            0.1,
            16777217.0,
            3.5e38,
            1e-45,
            math.nan,
            -0.0,
            3.4028235e38,
        ]
        program = Program("f", [], [], [], numbers)
        _, found = Library([program.to_c("f", precision="float")], tmp_path)(
            "f", [], len(numbers), number=ctypes.c_float
        )
        assert list(map(str, found)) == list(map(str, map(rounded, numbers)))

    def test_another_type_is_refused(self):
        with pytest.raises(ValueError, match="precision is 'double' or 'float', not 'half'"):
            trace(lambda x: x * x, 3.0).to_c("f", precision="half")


class TestCompilers:
    def test_five_thousand_lines_compile_in_time_linear_in_the_lines(self, tmp_path):
        """Ten times the lines take less than thirty times as long, which one function would not keep."""
        seconds = []
        for count in (500, 5000):
            program = long_program(count)
            text = program.to_c("f")
            folder = tmp_path / str(count)
            folder.mkdir()
            start = os.times()
            library = Library([text], folder, optimise="-O2")
            end = os.times()
            seconds.append(end.children_user - start.children_user)
            _, found = library("f", [0.3, -0.7, 1.2], count)
            check_lines(program, [0.3, -0.7, 1.2], found)
        assert seconds[1] < 30.0 * max(seconds[0], 0.2)

    def test_clang(self, tmp_path):
        """Another compiler finds nothing to warn of, either."""
        if not shutil.which("clang"):
            pytest.skip("there is no clang here")
        f, args = OF_LANES["ways"]
        source, _ = trace(f, *args).to_c("f", gradient=True).write(tmp_path)
        subprocess.run(
            ["clang", "-std=c99", "-Wall", "-Wextra", "-Werror", "-c", source], cwd=tmp_path, check=True
        )
