"""Random graphs over the whole table: explanations, steps, formulas, derivatives and copies are checked.

`test_fuzz.py` checks 400 graphs in each run of the suite; ``python tests/fuzz.py 100000`` checks 100,000. The
seed determines the graph: ``python tests/fuzz.py 1 4711`` checks the graph of the seed 4711 again.
"""

import copy
import math
import pickle
import random
import sys

import autograd as ag
from autograd import Value, derivative, explain, formula, steps
from autograd.command_line.expressions import evaluate
from autograd.graph import engine, sweeps
from autograd.graph.lines import call, flatten, replay
from autograd.table.op import TABLE
from autograd.table.slopes import IeeeFloat

NUMBERS = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -3.0, 1e-300, 1e300, 1e-9, math.inf, -math.inf, math.nan)
# Operators and functions that are composed of several ops.
COMPOSED = {
    "%": lambda x, y: x % y,
    "//": lambda x, y: x // y,
    "trunc": lambda x: ag.trunc(x),
    "leaky_relu": lambda x: ag.leaky_relu(x),
    "clip": lambda x: ag.clip(x, -1.0, 1.0),
}
ARITHMETIC = ("add", "sub", "mul", "div", "pow")


def graph(seed, *, generic=False):
    """The leaves of a random graph, all its Values, and the result.

    Args:
        seed: the seed of the random generator.
        generic: whether leaves and constants are of moderate size and not exactly 0, so that algebra holds;
            results may be 0, infinite or nan all the same.
    """
    draw = random.Random(seed)

    def number():
        if generic or draw.random() < 0.7:
            return draw.gauss(0.0, 2.0)
        return draw.choice(NUMBERS)

    leaves = [
        Value(number(), name, requires_grad=draw.random() < 0.9) for name in "xyzw"[: draw.randint(1, 4)]
    ]
    leaves[0].requires_grad = True
    values = list(leaves)

    def operand(share_of_constants=0.2):
        if draw.random() < share_of_constants:
            return number()
        # The latest most often, so that graphs are deep as well as wide.
        return values[-1] if draw.random() < 0.4 else draw.choice(values)

    for _ in range(draw.randint(1, 9)):
        name = draw.choice([*TABLE, *COMPOSED, *ARITHMETIC])
        if name in COMPOSED:
            arity = COMPOSED[name].__code__.co_argcount
            new = COMPOSED[name](*[operand(0.0), operand()][:arity])
        else:
            op = TABLE[name]
            if op.variadic:
                count = draw.randint(1, 4)
                rows = [[operand() for _ in range(count)] for _ in range(op.arity)]
                new = op(*rows)
            else:
                new = op(*[operand() for _ in range(op.arity)])
        if type(new) is Value:
            if draw.random() < 0.2:
                new.label = f"h{len(values)}"
            values.append(new)
    return leaves, values, values[-1]


def same(x, y, relative, absolute):
    return x == y or (x != x and y != y) or abs(x - y) <= max(relative * max(abs(x), abs(y)), absolute)


def backward(values, out):
    """The derivatives of `out` by all Values below it, from `backward`; None if no leaf wants a gradient."""
    for v in values:
        v.grad = 0.0
    try:
        out.backward()
    except RuntimeError:  # no leaf wants a gradient
        return None
    return {v: v.grad for v in ag.graph.walks.topological_order(out)}


def check_explanations(seed):
    """`explain` and `steps` agree with `backward`, and reasons are true."""
    leaves, values, out = graph(seed)
    grads = backward(values, out)
    if grads is None:
        return
    for leaf in leaves:
        if leaf.requires_grad and leaf in grads:
            for by in ("node", "path"):
                told = explain(out, leaf, by)
                assert same(told.value, grads[leaf], 1e-12, 0.0), f"{told.value} is not {grads[leaf]}\n{told}"
                if told.value == 0.0 or not math.isfinite(told.value):
                    assert told.reasons
                else:
                    assert not told.reasons or any("nearly saturated" in reason for reason in told.reasons)
                for reason in told.reasons:
                    assert true(reason), reason
                for form in (str, repr, type(told).latex, type(told).markdown, type(told).json):
                    assert form(told)
    adjoints = {step.node: step.after for step in steps(out) if not step.forward}
    for leaf in leaves:
        if leaf.requires_grad and leaf in grads:
            found = adjoints.get(leaf, 0.0)
            assert same(found, grads[leaf], 1e-12, 0.0), f"steps: {found} is not {grads[leaf]}"


def true(reason):
    """Whether the numbers in a reason support it."""
    words = reason.replace("(", " ").replace(")", " ").replace(",", " ").replace(":", " ").split()
    found = [float(word) for word in words if _is_number(word)]
    if "dead relu" in reason:
        return any(x <= 0.0 for x in found)
    if "factor 0" in reason:
        return 0.0 in found
    if "is flat to all digits" in reason:
        return any(abs(x) > 5.0 for x in found)
    if "it was given so" in reason or "has the constant" in reason:
        return any(not math.isfinite(x) for x in found)
    if "locally constant" in reason:
        return any(f"{op.infix or name}" in reason for name, op in TABLE.items() if not any(op.partials))
    if "has the slope" in reason:
        slope = float(reason.partition("has the slope ")[2].split()[0].rstrip(":"))
        return slope == 0.0 or not math.isfinite(slope)
    return True


def _is_number(word):
    try:
        float(word)
    except ValueError:
        return False
    return True


def check_formulas(seed):
    """`formula` and `derivative` agree with the graph, and their texts, evaluated, agree with them."""
    leaves, values, out = graph(seed, generic=True)
    for leaf in leaves:
        leaf.requires_grad = True
    grads = backward(values, out)
    if grads is None:
        return
    at = {leaf.label: leaf.data for leaf in leaves}
    nodes = ag.graph.walks.topological_order(out)
    # Algebra keeps neither the sign of a zero, which a few ops tell, nor an overflow.
    if any(tells_signs_of_zero(v) or overflows(v) for v in nodes):
        return
    # Numbers that follow IEEE, where Python's own raise and turn complex.
    names = vars(math) | vars(ag) | {name: IeeeFloat(x) for name, x in at.items()}
    steep = max(map(abs, grads.values()))

    def check(write, expected, what):
        try:
            found = write()
        except ValueError as error:
            if "take that of a part of it" in str(error):
                return  # it is too long
            raise
        number = found if isinstance(found, float) else found.evaluate(**at)
        try:
            text = float(eval(str(found), names))
        except (ZeroDivisionError, TypeError):  # relations are Python's True and False, whose powers raise
            text = evaluate(str(found), at)[0].data
        assert same(text, number, 1e-13, 0.0), f"{what}: the text {found} gives {text}, evaluate {number}"
        if math.isfinite(out.data) and math.isfinite(expected) and steep < 1e6:
            assert same(number, expected, 1e-6, 1e-7), f"{what}: {found} gives {number}, not {expected}"

    if all(math.isfinite(v.data) and abs(v.data) < 1e6 for v in nodes):
        check(lambda: formula(out), out.data, "formula")
    for leaf in leaves:
        if leaf in grads:
            check(lambda leaf=leaf: derivative(out, leaf), grads[leaf], f"derivative by {leaf.label}")


def tells_signs_of_zero(v):
    """Whether a number is made from 0.0 by an op to which -0.0 would not be the same."""
    if v.op is None or v.op.name not in ("div", "pow", "atan2"):
        return False
    zeros = [x for x in ag.table.slopes.numbers(v.op, v.args) if x == 0.0]
    return bool(zeros) and (v.op.name == "atan2" or any(math.copysign(1.0, x) < 0.0 for x in zeros))


def overflows(v):
    """Whether a number is infinite although the exact one is not."""
    if v.op is None or not math.isinf(v.data) or v.op.name in ("log", "log1p", "log2", "log10", "atanh"):
        return False
    numbers = [x if type(x) is float else x.data for x in ag.graph.walks.flat_args(v)]
    pole = v.op.name in ("div", "pow") and 0.0 in numbers
    return not pole and all(map(math.isfinite, numbers))


def check_copies(seed):
    """Copies of several Values together have the numbers, the links and the gradients of the originals."""
    _, values, out = graph(seed)
    grads = backward(values, out)
    if grads is None:
        return
    for copies in (copy.deepcopy(values), pickle.loads(pickle.dumps(values))):
        again = backward(copies, copies[-1])
        for old, new in zip(values, copies, strict=True):
            assert same(old.data, new.data, 0.0, 0.0)
            assert (old in grads) == (new in again)
            assert old not in grads or same(grads[old], again[new], 1e-12, 0.0)


def check_sweeps(seed):
    """Every sweep of the engine gives the bits, and the graphs, of the sweeps in Python."""
    leaves, values, out = graph(seed)
    outs = [v for v in values if v.op is not None] or [out]
    reached, ends = engine.walk(*outs)
    order = engine.between(reached, leaves)
    known = [*reached, *ends]
    rows = {mode: engine.jacobian(order, leaves, outs, mode) for mode in ("auto", "reverse", "forward")}
    for mode, found in rows.items():
        assert bits(found) == bits(sweeps.jacobian(order, leaves, outs, mode)), mode
    for row, v in zip(rows["reverse"], outs, strict=True):
        assert bits(row) == bits(engine.pull(order, known, leaves, [(v, 1.0)]))
    for i, x in enumerate(leaves):
        unit = [float(leaf is x) for leaf in leaves]
        column = engine.push(order, outs, leaves, unit)
        assert bits(column) == bits(sweeps.push(order, outs, leaves, unit))
        assert bits(column) == bits([row[i] for row in rows["forward"]])
    along = [Value(0.5) for _ in leaves]
    for found, expected in (
        (engine.pull_graph(order, leaves, [(out, 1.0)]), sweeps.pull_graph(order, leaves, [(out, 1.0)])),
        (engine.push_graph(order, outs, leaves, along), sweeps.push_graph(order, outs, leaves, along)),
    ):
        assert bits(found) == bits(expected)
        assert drawn(found, known) == drawn(expected, known)


def bits(numbers):
    """Numbers as text, so that nan is nan; a derivative of 0 has no sign."""
    return str([bits(x) if type(x) is list else (x.data if type(x) is Value else x) + 0.0 for x in numbers])


def drawn(results, known):
    """The nodes that results were made from, as text; those in `known` by their places."""
    names = {v: str(i) for i, v in enumerate(known)}
    for node in ag.graph.walks.topological_order(*[x for x in results if type(x) is Value], stop=names):
        if node not in names and node.op is not None:
            operands = [names[x] if type(x) is Value else repr(x) for x in ag.graph.walks.flat_args(node)]
            names[node] = f"{node.op.name}({', '.join(operands)})" if len(names) < 400 else f"n{len(names)}"
        names.setdefault(node, "leaf")
    return [names[x] if type(x) is Value else repr(x) for x in results]


def check_programs(seed):
    """The graph as a function, traced: value and gradient by every way that programs offer."""
    leaves, _, out = graph(seed)
    flat = flatten(out)
    if out.op is None or not any(leaf in leaves for leaf in flat.inputs):
        return
    numbers = [leaf.data for leaf in flat.inputs]

    def f(*xs):
        return replay(flat.lines, xs, call)[-1]

    everywhere = tuple(range(len(numbers)))
    value, slopes = ag.value_and_grad(f, everywhere)(*numbers)
    ways = {"jit": ag.jit(ag.value_and_grad(f, everywhere))(*numbers)}
    ways["program"] = ag.trace(f, *numbers).value_and_grad(*numbers, argnums=everywhere)
    ways["unsimplified"] = ag.trace(f, *numbers, simplify=False).value_and_grad(*numbers, argnums=everywhere)
    fresh = [Value(x) for x in numbers]
    found = ag.jit(f)(*fresh)
    if type(found) is Value:
        found.backward()
        ways["backward"] = found.data, tuple([leaf.grad for leaf in fresh])
    lanes = ag.jit(ag.vmap(ag.value_and_grad(f, everywhere)), backend="python")
    ways["lanes"] = lanes(*[[x] * 3 for x in numbers])[1]
    for way, (got, gradient) in ways.items():
        assert same(got, value, 1e-12, 0.0), f"{way}: {got}, not {value}"
        for i, (x, y) in enumerate(zip(gradient, slopes, strict=True)):
            assert same(x, y, 1e-9, 1e-290), f"{way}, slope {i}: {x}, not {y}"


CHECKS = (check_explanations, check_formulas, check_copies, check_sweeps, check_programs)


def misses_of(checks, count, first=0):
    """How many of the checks fail, of those of so many seeds; each is printed."""
    misses = 0
    for seed in range(first, first + count):
        for check in checks:
            try:
                check(seed)
            except Exception as error:
                misses += 1
                print(f"{check.__name__}({seed}): {type(error).__name__}: {error}", flush=True)
    return misses


def main(count, first=0):
    misses = misses_of(CHECKS, count, first)
    print(f"{count} graphs on the {ag.backend_info()['engine']} engine, {misses} misses")
    return misses


if __name__ == "__main__":
    sys.exit(bool(main(*map(int, sys.argv[1:]))))
