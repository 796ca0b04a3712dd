"""Compiled programs beside hand-written C, JAX and CasADi: each row of the table is a ratio within one run.

Ours is ``jit(f)`` or ``jit(value_and_grad(f))`` with the default backend, called as a user calls it. All
contestants run on one core, in one thread, with doubles. They take turns, the fastest call of each
counts, and their numbers are compared. C by hand (by_hand.h) is compiled in the run by gcc.

    python benchmarks/machine.py [ROW ...]
    python benchmarks/machine.py --peers    # with JAX and CasADi, installed into build/peers
    python benchmarks/machine.py --large    # with a million lines in row f
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile

import compiled
import machine_workloads as workloads
import numpy
from peers import Peers
from table import cpu, print_table
from turns import Contestant, in_turns

from autograd import Value, backend_info, jit, relu, tanh, trace, value_and_grad

TURNS, SECONDS = 12, 0.05  # of a contestant in a row: how often, and how long each time
LINES, C_LINES = 100_000, 10_000  # of the irregular programs of rows f and g, and of their C
REACH = {  # what a row must reach, and its stretch target
    "a, over C": (1.6, 1.4),
    "a, over JAX": (0.5, None),
    "b, over C": (1.8, 1.6),
    "b, over JAX": (0.5, None),
    "c, over C": (1.5, 1.3),
    "c, over JAX": (None, None),
    "d, over C": (2.0, 1.5),
    "e, over C": (3.0, 2.0),
    "e, over CasADi": (1.0, None),
    "f": (3.0, 2.0),
    "g": (20.0, 8.0),
    "h": (3.0, 2.0),
}


def flat(result):
    """The numbers of a result: of floats, arrays, and lists and tuples of them."""
    if isinstance(result, list | tuple):
        return [number for part in result for number in flat(part)]
    return numpy.ravel(result).tolist()


def check_equal(name, found, expected):
    """Make sure that two results agree to 1e-9 of their largest number."""
    found, expected = numpy.array(flat(found)), numpy.array(flat(expected))
    worst = numpy.abs(found - expected).max() / numpy.abs(expected).max()
    if not worst < 1e-9:
        raise AssertionError(f"{name} differs by {worst:.2g}, relative to the largest number")


def nothing(*args):
    """The first number of the arguments: a call that computes nothing, but takes and returns as much."""
    while isinstance(args, list | tuple | numpy.ndarray):
        args = args[0]
    return 1.0 * args


class Run:
    """A run of the benchmark, with a method for each row.

    Attributes:
        ratios: for each row its workload and ratio.
        times: the times that the ratios are made of, lines of text.
    """

    def __init__(self, folder, peers=None, turns=TURNS, seconds=SECONDS, lines=(LINES,), c_lines=C_LINES):
        self.folder = folder
        self.peers = peers
        self.turns, self.seconds = turns, seconds
        self.lines, self.c_lines = lines, c_lines
        self.hand = compiled.by_hand(folder)
        self.ratios = {}
        self.times = []

    def in_turns(self, what, contestants, turns=None):
        """The seconds of a call of each contestant, which are noted as microseconds."""
        times = in_turns(contestants, turns or self.turns, self.seconds)
        shown = ", ".join(f"{who} {seconds * 1e6:.4g}" for who, seconds in times.items())
        self.times.append(f"{what}: {shown} us")
        return times

    def over_c(self, row, what, f, arguments, by_hand, gradient=None, peer="JAX"):
        """Value and gradient of f: ours over C by hand, and over a peer."""
        step = jit(gradient or value_and_grad(f))
        empty = jit(value_and_grad(nothing, argnums=tuple(range(len(arguments))) if gradient else 0))
        contestants = {
            "ours": Contestant(step, *arguments),
            "C": Contestant(by_hand, *arguments),
            "ours, nothing computed": Contestant(empty, *arguments),
        }
        check_equal(f"row {row}, ours from C,", contestants["ours"].result, contestants["C"].result)
        if self.peers and row in self.peers.results:
            check_equal(f"row {row}, {peer} from C,", self.peers.results[row], contestants["C"].result)
            contestants[peer] = self.peers.contestant(row)
        times = self.in_turns(f"{row}: {what}", contestants)
        for other in ("C", peer):
            if other in times:
                self.ratios[f"{row}, over {other}"] = f"{what}, over {other}", times["ours"] / times[other]

    def a(self):
        what = "MLP 2-16-16-1, tanh, 100 samples, value and gradient"
        arguments = workloads.moons_arguments()
        self.over_c("a", what, workloads.moons_loss(tanh), arguments, self.hand.moons_tanh)

    def b(self):
        what = "the same with relu"
        arguments = workloads.moons_arguments()
        self.over_c("b", what, workloads.moons_loss(relu), arguments, self.hand.moons_relu)

    def c(self):
        what = "MLP 64-32-10, tanh, 32 samples, value and gradient"
        self.over_c("c", what, workloads.digits_loss(), workloads.digits_arguments(), self.hand.digits)

    def d(self):
        f = workloads.formula
        gradient = value_and_grad(f, argnums=(0, 1, 2))
        what = "some 20 operations of 3 floats, value and gradient"
        self.over_c("d", what, f, workloads.FORMULA_ARGUMENTS, self.hand.formula, gradient)

    def e(self):
        what = "Rosenbrock of an array of 100, value and gradient"
        arguments = workloads.rosenbrock_arguments()
        self.over_c("e", what, workloads.rosenbrock, arguments, self.hand.rosenbrock, peer="CasADi")

    def f(self):
        """Irregular programs, a line, over a line of exported C of fewer lines."""
        for near in (20, 1000):
            small = workloads.Irregular(self.c_lines, near)
            program = trace(small, *small.arguments)
            call, outputs = compiled.exported(program, self.folder, f"near_{near}")
            c = Contestant(call)
            check_equal("row f, exported C,", outputs, small.expected)
            for lines in self.lines:
                f = workloads.Irregular(lines, near)
                ours = Contestant(jit(f), *f.arguments)
                check_equal("row f, ours,", ours.result, f.expected)
                what = f"an irregular program of {lines:,} lines, operands among the last {near}"
                times = in_turns({"ours": ours, "C": c}, self.turns, self.seconds)
                line, c_line = times["ours"] / lines, times["C"] / self.c_lines
                self.times.append(f"f: {what}: a line {line * 1e9:.3g} ns, of C {c_line * 1e9:.3g} ns")
                self.ratios[f"f, {near}, {lines}"] = f"{what}, a line over gcc -O2's", line / c_line

    def g(self):
        """The first call, which traces and differentiates, over eager build and backward."""
        for lines in (self.lines[0] // 10, self.lines[0]):
            f = workloads.Irregular(lines, 1000)
            (x,) = f.arguments
            numbers = x.tolist()

            def eager(f=f, numbers=numbers):
                leaves = [Value(number) for number in numbers]
                f(leaves).backward()
                return [leaf.grad for leaf in leaves]

            def first(f=f, x=x):
                return jit(value_and_grad(f))(x)

            contestants = {"first call": Contestant(first), "eager": Contestant(eager)}
            check_equal("row g, ours,", contestants["first call"].result[1], contestants["eager"].result)
            what = f"first call, {lines:,} lines, over eager build and backward"
            times = self.in_turns(f"g: {what}", contestants, min(self.turns, 3))
            self.ratios[f"g, {lines}"] = what, times["first call"] / times["eager"]

    def h(self):
        """Gradient over value, the median of several random programs."""
        found = []
        for seed, near in enumerate((20, 1000) * 3):
            f = workloads.Irregular(1000, near, seed)
            gradient, value = (
                Contestant(jit(value_and_grad(f)), *f.arguments),
                Contestant(jit(f), *f.arguments),
            )
            check_equal("row h", [gradient.result[0], value.result], [f.expected] * 2)
            what = f"h: 1,000 lines, operands among the last {near}, seed {seed}"
            times = self.in_turns(what, {"value and gradient": gradient, "value": value}, self.turns // 2)
            found.append(times["value and gradient"] / times["value"])
        what = "value and gradient over value, random programs of 1,000 lines, the median of 6"
        self.ratios["h"] = what, statistics.median(found)

    def table(self):
        """The rows of the table: row, workload, measured, reach, stretch."""
        found = []
        for key, (what, ratio) in self.ratios.items():
            targets = REACH.get(key) or REACH[key[0]]
            found.append([key[0], what, f"{ratio:.3g}", *["" if x is None else f"{x:g}" for x in targets]])
        return found


def arguments_of_peers():
    """The arguments of the workloads that peers run, as JSON takes them."""
    networks = workloads.moons_arguments(), workloads.digits_arguments()
    return {
        "networks": [
            [[p.tolist() for p in params], *[x.tolist() for x in rest]] for params, *rest in networks
        ],
        "rosenbrock": workloads.rosenbrock_arguments()[0].tolist(),
    }


def keep_to_one_core():
    """Bind this process, and those that it starts, to one core; not on systems that cannot."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def main(rows, with_peers, large):
    keep_to_one_core()
    peers = Peers("machine_peers.py", arguments_of_peers()) if with_peers else None
    with tempfile.TemporaryDirectory() as folder:
        run = Run(folder, peers, lines=(LINES, 10 * LINES) if large else (LINES,))
        for row in rows:
            getattr(run, row)()
    if peers:
        peers.close()
    gcc = subprocess.run(["gcc", "--version"], capture_output=True, text=True, check=True).stdout
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} on {cpu()}, "
        f"engine {backend_info()['engine']}, NumPy {numpy.__version__}{', ' + peers.about if peers else ''}; "
        f"{gcc.splitlines()[0]}, by hand with {' '.join(compiled.flags_by_hand())}\n"
    )
    print_table(["row", "workload", "measured", "reach", "stretch"], run.table())
    print("\n".join(run.times))


if __name__ == "__main__":
    names = [name for name in sys.argv[1:] if not name.startswith("-")]
    main(names or "abcdefgh", "--peers" in sys.argv, "--large" in sys.argv)
