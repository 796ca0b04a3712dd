"""Random programs for the machine: right ones, whose results an oracle in Python checks, and broken ones.

`test_machine.py` checks some in each run of the suite; ``python tests/fuzz_machine.py 100000`` checks
100,000. The seed determines the program: ``python tests/fuzz_machine.py 1 4711`` checks that of the seed 4711
again. With the sanitizers' build, see tests/sanitize, the broken ones find what a program may do to memory.
"""

import math
import random
import sys

from fuzz import misses_of
from random_programs import ARITHMETIC, TESTED, bits, random_lines, random_number

from autograd._machine import machine
from autograd.backends.machines import CODES, parts, parts_of_lanes
from autograd.programs.lanes import Lanes
from autograd.programs.program import Program
from autograd.table.call import Output

SIZES = (0, 1, 2, 3, 5, 8, 9, 17, 33, 70)
BLOCKS = (0, 1, 3, 8, 64)
REFUSALS = TypeError, ValueError, NotImplementedError, OverflowError, AttributeError
JUNK = (
    None,
    -1,
    -(2**31),
    3,
    2**20,
    2**31,
    2**40,
    1.5,
    math.nan,
    "x",
    (),
    [],
    (1.0, 2),
    True,
    Output.at(1),
    Output.at(10**6),
)


class FailedError(Exception):
    """A guard fails, or no path holds in a lane."""


def expected(program, numbers):
    """The outputs of a program, line by line, lane by lane."""
    found = list(numbers)

    def of(x):
        return tuple(map(of, x)) if type(x) is tuple else x if type(x) is float else found[x]

    needed = needed_lines(program)
    for place, (op, args) in enumerate(program.lines, len(numbers)):
        if place not in needed:
            found.append(math.nan)
        elif type(op) is Output:
            found.append(found[args[0]][op.place])
        elif op.collects:
            found.append(lanes(op, of(args[0])))
        else:
            found.append(float(op.compute(*of(args))))
    if any((found[place] != 0.0) != truth for place, truth, _ in program.guards):
        raise FailedError
    return [of(out) for out in program.outputs]


def needed_lines(program):
    """The places that outputs and guards need: lanes that nothing needs do not run, and do not fail."""
    needed = {x for x in [*program.outputs, *[guard[0] for guard in program.guards]] if type(x) is int}
    for place in range(len(program.inputs) + len(program.lines) - 1, len(program.inputs) - 1, -1):
        if place in needed:
            args = program.lines[place - len(program.inputs)][1]
            needed.update(
                x for arg in args for x in (arg if type(arg) is tuple else (arg,)) if type(x) is int
            )
    return needed


def lanes(op, numbers):
    """The results of Lanes: sums are added from the first lane to the last."""
    rows = []
    for b in range(op.size):
        lane = [*numbers[: op.uniform], *numbers[op.uniform + b :: op.size]] if op.size else []
        for path in op.paths:
            try:
                rows.append(expected(path, lane))
                break
            except FailedError:
                if any(inner.collects for inner, _ in path.lines):
                    raise
        else:
            raise FailedError
    results = []
    for k, is_sum in enumerate(op.summed):
        column = [row[k] for row in rows]
        total = 0.0
        for x in column:
            total += x
        results += [total] if is_sum else column
    return results


class Case:
    """A random program, and numbers for its inputs."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.ops = TESTED if self.draw.random() < 0.6 else ARITHMETIC
        self.program = self.a_program(self.draw.randint(0, 5), depth=self.draw.choice((0, 1, 1, 1, 2)))
        self.numbers = [random_number(self.draw) for _ in self.program.inputs]

    def a_program(self, inputs, depth, outputs=None, guards=None):
        draw = self.draw
        count = draw.choice((0, 3, 12, 40))
        lines = random_lines(draw.random(), self.ops, inputs, count) if inputs and count else []
        if depth:
            self.add_lanes(inputs, lines, depth)
        places = inputs + len(lines)
        usable = [
            i
            for i in range(places)
            if i < inputs or not lines[i - inputs][0].collects or type(lines[i - inputs][0]) is Output
        ]

        def operand(constants=0.1):
            return random_number(draw) if not usable or draw.random() < constants else draw.choice(usable)

        outputs = draw.randint(0, 12) if outputs is None else outputs
        guards = draw.choice((0, 0, 0, 1, 2)) if guards is None else guards
        guards = [(draw.choice(usable), draw.random() < 0.5, "") for _ in range(guards if usable else 0)]
        names = [f"x{i}" for i in range(inputs)]
        return Program("f", names, [1.0] * inputs, lines, [operand() for _ in range(outputs)], guards)

    def add_lanes(self, inputs, lines, depth):
        draw = self.draw
        size, own, outputs = (
            draw.choice(SIZES[: 6 if depth > 1 else 10]),
            draw.randint(0, 6),
            draw.randint(1, 12),
        )
        uniform = draw.randint(0, own)
        several = depth == 1 and draw.random() < 0.3
        paths = [
            self.a_program(
                own, depth - 1, outputs, draw.randint(0, 2) if several else draw.choice((0, 0, 0, 1))
            )
            for _ in range(draw.randint(2, 3) if several else 1)
        ]
        op = Lanes(paths, size, uniform, [draw.random() < 0.6 for _ in range(outputs)])
        earlier = inputs + len(lines)
        count = uniform + (own - uniform) * size

        def operand():
            return random_number(draw) if not earlier or draw.random() < 0.2 else draw.randrange(earlier)

        first = draw.randrange(earlier - count + 1) if earlier >= count and draw.random() < 0.4 else None
        side_by_side = range(first, first + count) if first is not None else ()
        lines.append((op, (tuple(side_by_side) or tuple([operand() for _ in range(count)]),)))
        results = sum(1 if is_sum else size for is_sum in op.summed)
        call = inputs + len(lines) - 1
        for _ in range(draw.randint(0, min(results, 30))):
            lines.append((Output.at(draw.randrange(results)), (call,)))


def check_results(seed):
    """Strict runs equal the oracle; plain runs do where their results are finite; widths and blocks agree."""
    case = Case(seed)
    try:
        wanted = [bits(x) for x in expected(case.program, case.numbers)]
    except FailedError:
        wanted = None
    for strict in (True, False):
        by_block = []
        for block in BLOCKS:
            machine.use(machine.widths()[-1], block)
            try:
                made = machine.Machine(*parts(case.program), CODES, parts_of_lanes, strict)
            except NotImplementedError:
                assert any(len(op.paths) > 1 for op, _ in case.program.lines if isinstance(op, Lanes)), (
                    "refused"
                )
                return
            finally:
                machine.use(machine.widths()[-1], 0)
            for width in machine.widths():
                machine.use(width, block)
                found = made.run(case.numbers)
                by_block.append(None if type(found) is int else [bits(x) for x in found])
        machine.use(machine.widths()[-1], 0)
        assert all(found == by_block[0] for found in by_block), "widths or blocks differ"
        finite = by_block[0] is not None and all(math.isfinite(float.fromhex(x)) for x in by_block[0])
        if strict or finite or wanted is None:
            assert by_block[0] == wanted, f"strict {strict}: {by_block[0]}, not {wanted}"


def broken(draw, x):
    """The same nested tuples and lists, but for one part, which is lost, doubled or something else."""
    if isinstance(x, (tuple, list)) and x and draw.random() < 0.95:
        i = draw.randrange(len(x))
        way = draw.random()
        new = [] if way < 0.05 else [x[i], x[i]] if way < 0.1 else [broken(draw, x[i])]
        return type(x)([*x[:i], *new, *x[i + 1 :]])
    if type(x) is int and draw.random() < 0.5:
        return x + draw.choice((-2, -1, 1, 2, 100))
    if type(x) is bytes and x and draw.random() < 0.9:
        i = draw.randrange(len(x))
        return x[:i] + bytes([draw.randrange(256)]) + x[i + (draw.random() < 0.9) :]
    return draw.choice(JUNK)


def check_refusals(seed):
    """A broken program is refused, or runs and harms nothing."""
    case = Case(seed)
    draw = case.draw
    given = list(parts(case.program))
    if draw.random() < 0.5:
        given[0] = case.program.lines
    in_lanes = draw.random() < 0.5
    if not in_lanes:
        for _ in range(draw.randint(1, 3)):
            i = draw.randrange(4)
            given[i] = broken(draw, given[i])

    def calls(op):
        found = parts_of_lanes(op)
        return broken(draw, found) if in_lanes and draw.random() < 0.7 else found

    try:
        made = machine.Machine(*given, CODES, calls, draw.random() < 0.5)
        count = given[1] if type(given[1]) is int else 0
        made.run([random_number(draw) for _ in range(count)])
    except REFUSALS:
        pass


CHECKS = check_results, check_refusals


def main(count, first=0):
    misses = misses_of(CHECKS, count, first)
    print(f"{count} programs, {misses} misses")
    return misses


if __name__ == "__main__":
    sys.exit(bool(main(*map(int, sys.argv[1:]))))
