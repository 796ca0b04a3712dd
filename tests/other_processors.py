"""The machine on other processors and by other compilers: whether all of them give the same bits.

``python tests/other_processors.py`` compiles machine_bits.c at several levels of optimisation with each
compiler of COMPILERS that is there, runs it, for other processors under qemu, and compares the hashes that it
prints. It takes some minutes. On Debian, all compilers but one come with::

    apt-get install clang qemu-user gcc-aarch64-linux-gnu gcc-riscv64-linux-gnu gcc-s390x-linux-gnu \
        gcc-arm-linux-gnueabihf

and zig with ``pip install ziglang``. It has the headers of Windows and macOS: the machine is compiled for
them, but not run. The ops that take part call no function of libm, but for those that are exact everywhere.
"""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
MACHINE = ROOT / "autograd" / "_machine"
PARTS = ("lanes.c", "scalars.c", "width_base.c", "width_avx2.c", "width_avx512.c")
EXACT = {"sqrt", "fabs", "floor", "ceil", "rint", "fmod", "copysign", "isnan", "isinf"}
WARNINGS = "-Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers -Wno-unused-function"
PLAIN = "-DPLAIN_C"  # the text for compilers that have neither vectors nor addresses of labels, as MSVC


class Compiler(NamedTuple):
    """A command that compiles, what else has to be there, and how programs run (None: they do not)."""

    name: str
    command: list[str]
    needs: tuple[str, ...] = ()
    runner: tuple[str, ...] | None = ()


def cross(processor, prefix, emulator, target=""):
    """gcc, or clang for `target`, for another processor."""
    command = ["clang", f"--target={target}"] if target else [f"{prefix}-gcc"]
    name = f"{'clang' if target else 'gcc'} for {processor}"
    return Compiler(name, [*command, "-static"], (f"{prefix}-gcc", emulator), (emulator,))


def zig(target):
    return Compiler(f"zig for {target}", [sys.executable, "-m", "ziglang", "cc", "-target", target], (), None)


COMPILERS = (
    Compiler("gcc", ["gcc"]),
    Compiler("clang", ["clang"]),
    cross("aarch64", "aarch64-linux-gnu", "qemu-aarch64"),
    cross("aarch64", "aarch64-linux-gnu", "qemu-aarch64", "aarch64-linux-gnu"),
    cross("32-bit arm", "arm-linux-gnueabihf", "qemu-arm"),
    cross("riscv64", "riscv64-linux-gnu", "qemu-riscv64"),
    cross("s390x, big-endian", "s390x-linux-gnu", "qemu-s390x"),
    zig("x86_64-windows-gnu"),
    zig("x86_64-macos"),
    zig("aarch64-macos"),
)
LEVELS = (["-O0"], ["-O2"], ["-O3"], ["-O2", PLAIN])


def missing(compiler):
    """What is not there, or ""."""
    if "ziglang" in compiler.command:
        return "" if importlib.util.find_spec("ziglang") else "ziglang"
    return next((name for name in (compiler.command[0], *compiler.needs) if not shutil.which(name)), "")


def flags():
    """The flags that setup.py gives gcc and clang for the machine, but for the level of optimisation."""
    found = {}
    for node in ast.parse((ROOT / "setup.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("GCC", "LOOPS"):
            found[ast.unparse(node.targets[0])] = ast.literal_eval(node.value)
    return [flag for flag in (*found["GCC"], *found["LOOPS"]) if not flag.startswith("-O")]


def exact_ops():
    """The rows of numbers whose C text has the same bits everywhere."""
    from autograd.table.op import OTHER, TABLE

    names = []
    for op in TABLE.values():
        texts = re.sub(
            r"/\*.*?\*/", "", " ".join([op.c, op.c_quick, op.c_rare, *op.c_helper]), flags=re.DOTALL
        )
        called = set(re.findall(r"\b([a-z]\w*)\s*\(", texts)) - {"return", "if", "for", "while", "sizeof"}
        if not op.variadic and op.shape != OTHER and {x for x in called if "autograd" not in x} <= EXACT:
            names.append(op.name)
    return names


def write_kernels(folder):
    from autograd._native.kernels import kernels

    (folder / "kernels.h").write_text(kernels(), encoding="ascii")


def build(folder, command, options):
    """The path of the compiled machine_bits.c: `folder` has kernels.h.

    Raises:
        RuntimeError: with the compiler's text, warnings too.
    """
    place = Path(tempfile.mkdtemp(dir=folder))
    ops = " ".join(f"X({name})" for name in exact_ops())
    given = [*flags(), *WARNINGS.split(), *options, f"-DTESTED_OPS(X)={ops}", f"-I{MACHINE}", f"-I{folder}"]

    def run(arguments):
        done = subprocess.run([*command, *arguments], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr or done.stdout)

    sources = [ROOT / "tests" / "machine_bits.c", *[MACHINE / part for part in PARTS]]
    objects = [str(place / f"{source.stem}.o") for source in sources]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        each = zip(sources, objects, strict=True)
        list(pool.map(run, [[*given, "-c", str(source), "-o", name] for source, name in each]))
    run([*objects, "-o", str(place / "machine_bits.exe"), "-lm"])
    return place / "machine_bits.exe"


def hashes(program, runner=(), programs=300):
    """The hash of each executor.

    Raises:
        RuntimeError: if they differ, or the program fails.
    """
    done = subprocess.run([*runner, str(program), str(programs)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"status {done.returncode}: {done.stdout[:500]}{done.stderr[:500]}")
    return dict(line.split() for line in done.stdout.splitlines())


def check(folder, compiler, options, programs):
    """A line that tells what ran, and the hashes."""
    title = f"{compiler.name} {' '.join(options)}"
    try:
        program = build(folder, compiler.command, options)
        if compiler.runner is None:
            return f"{title}: compiled, not run", set()
        found = hashes(program, compiler.runner, programs)
    except RuntimeError as error:
        return f"{title}: FAILED\n{str(error)[:3000]}", {"failed"}
    return f"{title}: {', '.join(f'{width} {bits}' for width, bits in found.items())}", set(found.values())


def main(programs=300):
    found = set()
    print(f"{programs} programs of the ops {' '.join(exact_ops())}, and of sums")
    with tempfile.TemporaryDirectory() as name:
        write_kernels(Path(name))
        for compiler in COMPILERS:
            if missing(compiler):
                print(f"{compiler.name}: skipped, since {missing(compiler)} is not there")
                continue
            for level in LEVELS if compiler.runner is not None else LEVELS[-2:]:
                line, bits = check(Path(name), compiler, level, programs)
                print(line, flush=True)
                found |= bits
    equal = len(found) == 1 and "failed" not in found
    print("all have the same bits" if equal else "BITS DIFFER, or a build failed")
    return not equal


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
