"""C that is compiled in the run of a benchmark: the workloads by hand, and exported programs."""

import ctypes
import importlib.util
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy

HERE = Path(__file__).parent
BITS = ["-ffp-contract=off", "-fno-math-errno"]  # the arithmetic of programs: no product is fused into a sum


def flags_by_hand():
    """The flags for C by hand, with which gcc makes vector instructions of its loops."""
    try:
        has_avx2 = " avx2 " in Path("/proc/cpuinfo").read_text()
    except OSError:
        has_avx2 = False
    return ["-O3", *BITS, "-fno-trapping-math", *["-mavx2"] * has_avx2]


def compile_c(sources, target, *flags):
    shared = ["-shared", "-fPIC", *["-undefined", "dynamic_lookup"] * (sys.platform == "darwin")]
    command = ["gcc", *flags, *shared, *map(str, sources), "-o", str(target), "-lm"]
    subprocess.run(command, check=True)


def by_hand(folder):
    """The module of by_hand.c: value and gradient of the workloads, called as the functions of `jit` are."""
    target = Path(folder) / f"by_hand{sysconfig.get_config_var('EXT_SUFFIX')}"
    includes = [f"-I{sysconfig.get_path('include')}", f"-I{numpy.get_include()}"]
    compile_c([HERE / "by_hand.c"], target, *flags_by_hand(), *includes)
    spec = importlib.util.spec_from_file_location("by_hand", target)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def exported(program, folder, name):
    """A program of one result as C by gcc -O2: a function that runs it once, and the array of its result."""
    program.to_c(name).write(folder)
    target = Path(folder) / f"{name}.so"
    compile_c([Path(folder) / f"{name}.c"], target, "-O2", *BITS)
    inputs, outputs = numpy.array(program.numbers), numpy.zeros(1)
    f = getattr(ctypes.CDLL(str(target)), name)
    read, written = [ctypes.c_void_p(x.ctypes.data) for x in (inputs, outputs)]

    def run(inputs=inputs):  # kept alive here
        f(read, written)

    return run, outputs
