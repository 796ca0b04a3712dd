"""Programs as C and JavaScript, compiled and called: what the tests of exports share."""

import ctypes
import itertools
import json
import math
import shutil
import struct
import subprocess

import pytest
from random_programs import ARITHMETIC, bits

from autograd._native import engine

FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off"]
EXACT = {*ARITHMETIC} | {"chain", "chain_dot", "sqrt", "fmod"}

_numbered = itertools.count(1)


class Library:
    """The functions of C texts, compiled into one shared library with warnings as errors.

    One compilation serves all texts: a definition that several have, of a helper, stands there once.
    """

    def __init__(self, texts, folder, *, optimise="-O1"):
        if not shutil.which("gcc"):
            pytest.skip("there is no gcc here")
        for text in texts:
            text.write(folder)
        blocks = dict.fromkeys(block for text in texts for block in text.source.split("\n\n"))
        (folder / "library.c").write_text("\n\n".join(blocks), encoding="utf-8")
        binary = f"library{next(_numbered)}.so"  # a library that is in use must not be written again
        command = ["gcc", *FLAGS, optimise, "-shared", "-fPIC", "library.c", "-o", binary, "-lm"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:4000]
        self.library = ctypes.CDLL(str(folder / binary))

    def __call__(self, name, numbers, *sizes, number=ctypes.c_double):
        """What the function returns, and its arrays of results, which are filled before."""
        given = (number * max(len(numbers), 1))(*numbers)
        results = [(number * max(size, 1))(*[123.5] * size) for size in sizes]
        failed = getattr(self.library, name)(given, *results)
        return failed, *[list(result)[:size] for result, size in zip(results, sizes, strict=True)]


DRIVER = """\
import { readFileSync } from "node:fs";
const buffer = new DataView(new ArrayBuffer(8));
const number = (text) => {
    buffer.setBigUint64(0, BigInt("0x" + text));
    return buffer.getFloat64(0);
};
const hex = (x) => {
    buffer.setFloat64(0, x);
    return buffer.getBigUint64(0).toString(16).padStart(16, "0");
};
const flat = (result) => {
    if (typeof result === "number") return hex(result);
    if (result instanceof Float64Array) return Array.from(result, hex);
    return { value: hex(result.value), gradient: Array.from(result.gradient, hex) };
};
const found = [];
for (const [file, name, rows] of JSON.parse(readFileSync("calls.json", "utf-8"))) {
    const module = await import(file);
    found.push(rows.map((row) => flat(module[name](row.map(number)))));
}
console.log(JSON.stringify(found));
"""


def run_modules(texts, calls, folder):
    """The results of functions of modules under node.

    Args:
        texts: the modules, by their names.
        calls: for each (module, function, rows of inputs).
    """
    if not shutil.which("node"):
        pytest.skip("there is no node here")
    for name, text in texts.items():
        (folder / f"{name}.mjs").write_text(text, encoding="utf-8")
    (folder / "driver.mjs").write_text(DRIVER)
    listed = [(f"./{file}.mjs", name, [list(map(_hex, row)) for row in rows]) for file, name, rows in calls]
    (folder / "calls.json").write_text(json.dumps(listed))
    done = subprocess.run(
        ["node", "driver.mjs"], cwd=folder, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr[:4000]
    return json.loads(done.stdout, object_hook=lambda part: part, parse_float=float, cls=_Numbers)


class _Numbers(json.JSONDecoder):
    """Doubles written as 16 hexadecimal digits."""

    def decode(self, text):
        return _numbers(super().decode(text))


def _numbers(part):
    if isinstance(part, str):
        return struct.unpack(">d", bytes.fromhex(part))[0]
    if isinstance(part, dict):
        return {key: _numbers(x) for key, x in part.items()}
    return [_numbers(x) for x in part]


def _hex(x):
    return struct.pack(">d", x).hex()


def is_exact(op):
    """Whether every language must give the same bits."""
    return op in EXACT or op.name in EXACT or op.ulp == 0.0 or op.kind in ("relation", "choice")


def allowed(op, args, out):
    """How far two computations of a row may be apart: twice its bound."""
    if is_exact(op):
        return 0.0
    ulps, size = op.ulp, abs(out)
    if op.name == "gamma" and args[0] < 0.0:
        ulps = 7.0
    if op.name == "lgamma" and args[0] < 0.0:
        size = 1.0 + abs(args[0]) + abs(out)
    if op.name == "logsumexp":
        size = max([abs(out), *[abs(x) for x in args[0] if math.isfinite(x)]])
    if op.name == "polygamma":
        ulps = 16.0
        if args[1] < 0.0:
            distance = abs(args[1] - round(args[1]))
            size = max(size, math.factorial(int(args[0])) / distance ** (args[0] + 1.0))
    if op.name == "sinc_derivative":
        ulps, size = 16.0, max(size, math.pi ** math.floor(args[0]) / (math.floor(args[0]) + 1.0))
    if op.name == "sinc":
        size = max(size, 2.0**-52)
    return 2.0 * ulps * math.ulp(size)


def check_lines(program, numbers, found, *, in_c=False):
    """Each line, computed from the numbers found for its operands, gives the number found for it.

    In C the functions of the table's own kernels have the bits of the native engine.
    """
    values = [*numbers, *found]
    assert len(found) == len(program.lines)

    def number(x):
        return tuple(map(number, x)) if isinstance(x, tuple) else values[x] if type(x) is int else x

    for place, (op, args) in enumerate(program.lines, len(numbers)):
        operands = tuple(map(number, args))
        expected, got = op.compute(*operands), values[place]
        if bits(expected) == bits(got):
            continue
        assert not (in_c and engine and op.libm), f"{op.name}{operands}: {got}, natively {expected}"
        message = f"{op.name}{operands}: {got}, not {expected}, line {place}"
        assert math.isfinite(expected), message
        assert math.isfinite(got), message
        assert abs(expected - got) <= allowed(op, operands, expected), message
