"""The C kernels of elementary functions beside mpmath: compiled in loops, at many points, by many compilers.

``python tests/table/check_kernels.py 100000`` checks each kernel at 100,000 points and prints the largest
errors; a second argument, any text, draws other points. `test_kernels` runs the same with fewer.
"""

import ctypes
import math
import platform
import random
import shutil
import subprocess
import sys
import tempfile
from array import array
from pathlib import Path

import mpmath
from mpmath import mpf

sys.path.insert(0, str(Path(__file__).parents[1]))
from oracles import reference, ulps

from autograd.formulas.notation import fill
from autograd.table.op import TABLE

KERNELS = [op for op in TABLE.values() if op.libm]
MOST = 2.5  # ulps that every kernel keeps, besides the bound of its row
FLAGS = "-std=c11 -Wall -Wextra -Werror -ffp-contract=off -fno-math-errno -fno-trapping-math -shared -fPIC"
# Compilers and flags by name; those for x86 need its processor, the last its AVX-512.
BUILDS = {
    "gcc": ("gcc", "-O3"),
    "gcc, not optimised": ("gcc", "-O0"),
    "gcc, AVX2": ("gcc", "-O3 -mavx2 -mfma"),
    "gcc, AVX-512": ("gcc", "-O3 -mavx512f -mavx512dq -mavx512vl -mprefer-vector-width=512"),
    "clang": ("clang", "-O3"),
    "clang, AVX2": ("clang", "-O3 -mavx2 -mfma"),
}
FORCED = "#define AUTOGRAD_INLINE static inline __attribute__((always_inline, unused))\n"


def source():
    """C text with loops over each kernel: op_NAME of `c`; quick_NAME and rare_NAME where a row has them."""
    helpers = dict.fromkeys(text for op in KERNELS for text in op.c_helper)
    parts = [FORCED, "#include <math.h>\n", *helpers]
    for op in KERNELS:
        arrays = ["xs", "ys"][: op.arity]
        given = ", ".join(f"const double *restrict {array}" for array in arrays)
        quick = op.c_quick if op.c_quick != op.c else ""
        for kind, text in (("op", op.c), ("quick", quick), ("rare", op.c_rare)):
            value = fill(text, [f"{array}[i]" for array in arrays])
            head = f"void {kind}_{op.name}(int n, double *restrict out, {given})"
            if text:
                parts.append(f"{head}\n{{\n    for (int i = 0; i < n; i++)\n        out[i] = {value};\n}}\n")
    return "\n".join(parts)


def loop(op):
    """The function whose loop compilers shall vectorise."""
    return f"quick_{op.name}" if op.c_quick != op.c else f"op_{op.name}"


def can_run(name):
    compiler, flags = BUILDS[name]
    if not shutil.which(compiler):
        return False
    if "-m" not in flags:
        return True
    facts = Path("/proc/cpuinfo")
    wanted = "avx512vl" if "avx512" in flags else "avx2"
    return platform.machine() == "x86_64" and facts.exists() and f" {wanted} " in facts.read_text()


class Build:
    """The kernels as one compiler makes them: `call("op_exp", numbers)`."""

    def __init__(self, name, folder):
        compiler, flags = BUILDS[name]
        self.report = "-fopt-info-vec-optimized" if compiler == "gcc" else "-Rpass=loop-vectorize"
        path = Path(folder) / "kernels.c"
        self.lines = source().split("\n")
        path.write_text("\n".join(self.lines))
        binary = Path(folder) / f"{name.replace(', ', '_').replace(' ', '_')}.so"
        command = [compiler, *FLAGS.split(), *flags.split(), self.report, path, "-o", binary, "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:4000]
        self.messages = done.stderr
        self.library = ctypes.CDLL(str(binary))

    def __call__(self, function, *columns):
        out = array("d", bytes(8 * len(columns[0])))
        pointers = [(ctypes.c_double * len(out)).from_buffer(array("d", x)) for x in (out, *columns)]
        getattr(self.library, function)(len(out), *pointers)
        return list(pointers[0])

    def vectorised(self):
        """The functions whose loops became vector instructions."""
        found = set()
        for message in self.messages.split("\n"):
            place = message.split(":")
            if "vectorized" in message and len(place) > 2 and place[1].isdigit():
                head = next(line for line in self.lines[int(place[1]) - 1 :: -1] if line.startswith("void"))
                found.add(head.split("(")[0].split()[-1])
        return found


def _near(centers, draw):
    return draw.choice(centers) * (1.0 + draw.choice((0.0, draw.gauss(0.0, 1e-15), draw.gauss(0.0, 1e-3))))


def _number(op, draw):
    """An operand of a function of one number."""
    way = draw.random()
    if way < 0.2:
        return draw.uniform(*op.domain[0])
    if way < 0.4:
        size = 2.0 ** draw.uniform(-1074.0, 1024.0 if op.name in ("log", "log1p", "sin", "cos") else 10.0)
        return draw.choice((1.0, -1.0)) * size
    if way < 0.7:
        return draw.gauss(0.0, 1.5)
    whole = draw.choice((1.0, float(draw.randint(-60, 60)), float(draw.randint(-700000, 700000))))
    if op.name in ("sin", "cos"):  # multiples of pi/4, between which arguments are reduced
        return _near((whole * math.pi / 4.0, 1e6), draw)
    if op.name in ("log", "log1p"):  # where the exponent changes
        size = 2.0 ** draw.randint(-3, 3) * draw.choice((1.0, math.sqrt(0.5)))
        return _near((size,), draw) - (op.name == "log1p")
    return _near((whole * math.log(2.0) / 4.0, 0.75, 1.0, 6.0, 20.0), draw)


def _pair(draw):
    """The operands of pow: ordinary ones, results near the ends of the doubles, exact powers, signs."""
    way = draw.random()
    if way < 0.2:
        return 2.0 ** draw.uniform(-10.0, 10.0), draw.uniform(-20.0, 20.0)
    if way < 0.4:
        return 2.0 ** draw.uniform(-1074.0, 1024.0), draw.gauss(0.0, 1.0)
    if way < 0.6:
        x = draw.choice(
            (2.0 ** draw.uniform(-30.0, 30.0), 1.0 + draw.gauss(0.0, 1.0) * 10.0 ** -draw.uniform(1, 15))
        )
        end = draw.choice((1024.0, -1022.0, -1074.0)) * (1.0 - draw.random() ** 3 * 0.05)
        return abs(x), end / math.log2(abs(x)) if x not in (0.0, 1.0) else end
    if way < 0.8:
        return float(draw.randint(-60, 60)), float(draw.randint(-12, 25))
    return draw.choice((-1.0, 1.0)) * 2.0 ** draw.uniform(-12.0, 12.0), float(draw.randint(-80, 80))


def points(op, count, seed=""):
    """Columns of operands inside the domain of mathematics, where the exact result is no overflow."""
    draw = random.Random(op.name + seed)
    rows = []
    while len(rows) < count:
        row = _pair(draw) if op.arity == 2 else (_number(op, draw),)
        if op.name == "log" and row[0] <= 0.0:
            row = (abs(row[0]) or 1.0,)
        if op.name == "log1p" and row[0] <= -1.0:
            row = (abs(row[0]),)
        if op.name == "pow" and (row[0] == 0.0 or row[0] != row[0]):
            continue
        size = op.forward(*row)
        if math.isfinite(size):
            rows.append(row)
    return [list(column) for column in zip(*rows, strict=True)]


def exact_value(op, row):
    """The exact result in so many digits that none cancels."""
    if op.name in ("sin", "cos") and abs(row[0]) > 1e5:
        with mpmath.workprec(1400):
            return reference(op.name)(mpf(row[0]))
    if op.name == "pow" and row[0] < 0.0:
        return mpmath.power(mpf(-row[0]), mpf(row[1])) * (-1 if row[1] % 2.0 else 1)
    return reference(op.name)(*map(mpf, row))


def worst(op, columns, results):
    """The largest error in ulps, and the operands with it."""
    found, place = 0.0, None
    for *row, got in zip(*columns, results, strict=True):
        exact = exact_value(op, row)
        rounded = float(exact)
        if got == rounded:  # rounded right, or both overflow
            continue
        error = ulps(got, exact) if math.isfinite(got) else math.inf
        if math.isinf(rounded) and math.isfinite(got):
            error = 0.5 if got == math.copysign(sys.float_info.max, rounded) else math.inf
        if error > found:
            found, place = error, row
    return found, place


def main(count=2000, seed=""):
    with tempfile.TemporaryDirectory() as folder:
        names = [name for name in BUILDS if can_run(name)]
        builds = {name: Build(name, folder) for name in names}
        for op in KERNELS:
            columns = points(op, count, seed)
            results = builds["gcc"](f"op_{op.name}", *columns)
            error, place = worst(op, columns, results)
            same = all(
                array("d", build(f"op_{op.name}", *columns)).tobytes() == array("d", results).tobytes()
                for build in builds.values()
            )
            bits = "same bits" if same else "DIFFERENT BITS"
            print(f"{op.name:10} {error:6.3f} ulp of {min(MOST, op.ulp)} at {place}; {bits}", flush=True)
        for name, build in builds.items():
            missing = sorted({loop(op) for op in KERNELS} - build.vectorised())
            print(f"{name}: loops that are not vectorised: {', '.join(missing) or 'none'}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *sys.argv[2:])
