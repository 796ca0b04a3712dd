"""Backends: each gives the numbers of the eager engine, line by line, plain and strict, in all lanes."""

import itertools
import math
import random
import sys
from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import random_point
from random_programs import ARITHMETIC, EDGES, TESTED, bits, random_lines, random_number

import autograd as ag
from autograd import GuardError, Op, Program, Value, grad, jit, relu, sqrt, trace, value_and_grad, vmap, where
from autograd.backends import numpy_source, python_source, running, strong_zero
from autograd.graph.lines import picked
from autograd.table import ops
from autograd.table.slopes import number_slopes

NATIVE = ag.backend_info()["engine"] == "native"
NUMPY_ULPS = 4  # by which a function of NumPy may be off, by NumPy's own tests
seeds = st.integers(0, 2**32)
LANES = (1, 2, 7, 8, 9, 100)
CHAINED = [*ARITHMETIC, *[op for op in TESTED if op.name in "chain chain_dot sqrt div lt pow atan2".split()]]


def program_of(lines, inputs=3, roots=None):
    """The program of some lines, all of whose numbers are results."""
    roots = range(inputs + len(lines)) if roots is None else roots
    return Program("f", [f"x{i}" for i in range(inputs)], [1.0] * inputs, lines, list(roots))


def close(got, expected, ulps):
    """Whether two numbers are the same to the bit or, if both are finite, to some units in the last place."""
    if bits(got) == bits(expected):
        return True
    both = math.isfinite(got) and math.isfinite(expected)
    return ulps > 0.0 and both and abs(got - expected) <= ulps * math.ulp(max(abs(got), abs(expected)))


def points(op, count=40):
    """Operands of the op from its domain, and all pairs of edges."""
    generator = random.Random(op.name)
    if op.variadic:
        for size in (0, 1, 2, 5):
            for _ in range(count // 2):
                edges = generator.random() < 0.5
                yield [
                    tuple([random_number(generator) if edges else generator.gauss(0, 3) for _ in range(size)])
                    for _ in range(op.arity)
                ]
        return
    for _ in range(count):
        yield random_point(op, generator)
    yield from itertools.product(EDGES, repeat=op.arity)


class TestRows:
    """The forms of a row for Python give what its kernel gives, those for NumPy what `forward` gives."""

    @pytest.mark.parametrize("op", TESTED, ids=lambda op: op.name)
    def test_python(self, op):
        for args in points(op):
            if op.variadic:
                flat = [x for xs in args for x in xs]
                size = len(args[0])
                places = tuple([tuple(range(k * size, (k + 1) * size)) for k in range(op.arity)])
            else:
                flat, places = list(args), tuple(range(op.arity))
            program = program_of([(op, places)], len(flat))
            expected = op.compute(*args)
            for strict in (False, True):
                got = running.run(program, flat, "python", strict)[-1]
                assert bits(got) == bits(expected), f"{op.name}{args}: {got}, not {expected}"

    @pytest.mark.parametrize("op", [op for op in TESTED if not op.variadic], ids=lambda op: op.name)
    def test_numpy(self, op):
        rows = list(points(op))
        program = program_of([(op, tuple(range(op.arity)))], op.arity)
        run = columns(program, [True] * op.arity, "numpy", True)
        with np.errstate(all="ignore"):
            found = run(list(np.array(rows).T.copy()), len(rows))[0][-1]
        exact = op in ARITHMETIC or op.ulp == 0.0 or op.kind in ("relation", "choice")
        for args, got in zip(rows, found.tolist(), strict=True):
            expected = op.forward(*args)
            ulps = 0.0 if exact else op.ulp + NUMPY_ULPS
            assert close(got, expected, ulps), f"{op.name}{args}: {got}, not {expected}"

    @pytest.mark.parametrize("op", [op for op in TESTED if op.variadic], ids=lambda op: op.name)
    def test_numpy_of_sequences(self, op):
        by_size = itertools.groupby(points(op), key=lambda args: len(args[0]))
        for size, rows in by_size:
            if size == 0:
                continue
            rows = list(rows)
            places = tuple([tuple(range(k * size, (k + 1) * size)) for k in range(op.arity)])
            program = program_of([(op, places)], size * op.arity)
            run = columns(program, [True] * size * op.arity, "numpy", True)
            table = np.array([[x for xs in args for x in xs] for args in rows])
            with np.errstate(all="ignore"):
                found = run(list(table.T.copy()), len(rows))[0][-1]
            for args, got in zip(rows, found.tolist(), strict=True):
                assert bits(got) == bits(op.forward(*args)), f"{op.name}{args}"

    @pytest.mark.parametrize("op", [op for op in TESTED if not op.masks], ids=lambda op: op.name)
    def test_a_nan_among_the_operands_gives_a_nan_unless_the_row_masks(self, op):
        """A plain run relies on it: the nan that it makes comes out."""
        for args in points(op):
            for i in range(op.arity):
                if op.variadic:
                    if not args[0]:
                        continue
                    spoilt = [(math.nan, *xs[1:]) if k == i else xs for k, xs in enumerate(args)]
                else:
                    spoilt = [math.nan if k == i else x for k, x in enumerate(args)]
                if op in strong_zero.CHAINS and any(0.0 in np.atleast_1d(x) for x in spoilt):
                    continue
                assert math.isnan(op.forward(*spoilt)), f"{op.name}{spoilt}"


def columns(program, lanes, backend, strict):
    """The function of `tables` with an array or number for each input, and an array for each output."""
    run = numpy_source.tables(program, lanes, backend, strict)

    def call(inputs, n):
        uniform = [x for x, varies in zip(inputs, lanes, strict=True) if not varies]
        table = np.stack([x for x, varies in zip(inputs, lanes, strict=True) if varies], axis=1)
        found, guards = run(uniform, table, n)
        return list(np.broadcast_to(found, (n, len(program.outputs))).T), guards

    return call


def all_backends(program, numbers):
    """The numbers of all lines, by each way of computing them strictly, for one lane."""
    with np.errstate(all="ignore"):
        run = columns(program, [True] * len(numbers), "numpy", True)
        tables = run([np.array([x, x]) for x in numbers], 2)[0]
    return {
        "straight": running.runner(program, "python", True)(list(numbers)),
        "line by line": running._line_by_line(program, numbers, "python", True),
        "numpy": [float(np.broadcast_to(x, 2)[0]) for x in tables],
    }


def eager(op, args):
    """The number of an op of Values, by the engine in use."""
    args = [tuple(map(Value, x)) if type(x) is tuple else Value(x) for x in args]
    out = op(*args)
    return out.data if type(out) is Value else out


class TestLineByLine:
    @settings(max_examples=1000)
    @given(seed=seeds)
    def test_a_thousand_random_expressions(self, seed):
        """Each line has the number that the engine gives for the operands that the backend found."""
        lines = random_lines(seed)
        draw = random.Random(seed)
        numbers = [random_number(draw) for _ in range(3)]
        program = program_of(lines)
        for backend, found in all_backends(program, numbers).items():
            for i, (op, args) in enumerate(lines, 3):
                expected = eager(op, picked(found, args))
                exact = op.ulp <= 0.5 or op in ARITHMETIC or (backend != "numpy" and not NATIVE)
                ulps = 0.0 if exact else 2.0 * op.ulp + NUMPY_ULPS
                assert close(found[i], expected, ulps) or off_the_domain(op, args, found), (
                    f"{backend}, {op.name}{picked(found, args)}: {found[i]}, not {expected}"
                )

    @given(seed=seeds)
    def test_a_program_as_written_has_the_bits_of_the_engine_of_its_kind(self, seed):
        """With the native engine, whose functions are C's, of arithmetic; with the other, of everything."""
        lines = random_lines(seed, ARITHMETIC if NATIVE else None, count=20)
        draw = random.Random(seed)
        numbers = [random_number(draw) for _ in range(3)]

        def f(*xs):
            found = list(xs)
            for op, args in lines:
                found.append(op(*[picked(found, x) for x in args]))
            return found

        values = [x.data if type(x) is Value else x for x in f(*map(Value, numbers))]
        program = trace(f, *numbers, simplify=False)
        assert list(map(bits, program(*numbers))) == list(map(bits, values))
        assert list(map(bits, running._line_by_line(program, numbers, "python", False))) == list(
            map(bits, values)
        )

    @settings(max_examples=100)
    @given(seed=seeds)
    def test_numpy_gives_the_bits_of_python_for_arithmetic_in_every_lane(self, seed):
        lines = random_lines(seed, ARITHMETIC, count=20)
        draw = random.Random(seed)
        program = program_of(lines)
        for n in LANES:
            rows = [[random_number(draw) for _ in range(3)] for _ in range(n)]
            uniform = draw.random() < 0.5
            lanes = [True, not uniform, True]
            inputs = [np.array([row[i] for row in rows]) if lanes[i] else rows[0][i] for i in range(3)]
            with np.errstate(all="ignore"):
                found = columns(program, lanes, "numpy", True)(inputs, n)[0]
            for b, row in enumerate(rows):
                given_row = [row[i] if lanes[i] else rows[0][i] for i in range(3)]
                expected = running.runner(program, "python", True)(given_row)
                got = [float(np.broadcast_to(x, n)[b]) for x in found]
                assert list(map(bits, got)) == list(map(bits, expected))

    @given(seed=seeds)
    def test_long_programs_run_line_by_line_with_the_same_results(self, seed):
        lines = random_lines(seed, count=20)
        draw = random.Random(seed)
        numbers = [random_number(draw) for _ in range(3)]
        short, long = program_of(lines), program_of(lines)
        most = running.MOST_LINES
        try:
            running.MOST_LINES = 0
            found = running.run(long, numbers, "python")
        finally:
            running.MOST_LINES = most
        assert list(map(bits, found)) == list(map(bits, running.run(short, numbers, "python")))


def off_the_domain(op, args, found):
    """Whether the row states its bound in other units there: see its `kinks`."""
    if op.name not in ("gamma", "lgamma", "polygamma", "sinc_derivative", "sinc"):
        return False
    operands = picked(found, args)
    return not all(low < x < high for x, (low, high) in zip(operands, op.domain, strict=True))


class TestStrongZero:
    def test_the_counterexample_to_plain_products(self):
        """With plain products the slope 0 of relu meets the slope inf of sqrt, and the nan stays hidden."""

        def h(x):
            return 5.0 * x + relu(sqrt(x))

        def f(x):
            return where(ops.lt(0.0, grad(h)(x)), 1.0, 2.0)

        assert f(0.0) == 1.0
        for backend in ("python", "numpy", "auto"):
            assert jit(f, backend=backend)(0.0) == 1.0
            for n in LANES:
                assert jit(vmap(f), backend=backend)([0.0] * n) == [1.0] * n
        program = trace(f, 0.0)
        assert program(0.0) == 1.0
        assert running._line_by_line(program, [0.0], "python", False) == [1.0]
        plain = python_source.straight(program, "python", False)
        assert strong_zero.has_chains(program)
        with pytest.raises(ZeroDivisionError):
            plain([0.0])

    def test_a_comparison_inside_the_lanes_hides_the_nan_of_a_product_outside(self):
        def h(x):
            return 5.0 * x + relu(sqrt(x))

        def f(x, ys):
            slope = grad(h)(x)
            return vmap(lambda y: where(ops.lt(0.0, slope), y, 2.0 * y))(ys)

        def g(x, ys):
            slope = grad(h)(x)
            return vmap(lambda y: y if slope > 0.0 else 2.0 * y)(ys)

        for function, backend, n in itertools.product((f, g), ("python", "numpy"), LANES):
            nested = jit(vmap(lambda x, function=function: function(x, [1.0, 2.0])), backend=backend)
            assert nested([0.0] * n) == [[1.0, 2.0]] * n

    @settings(max_examples=1000)
    @given(seed=seeds)
    def test_plain_and_strict_runs_agree(self, seed):
        """Of a result alone, so that what reaches it decides which products are strict."""
        lines = random_lines(seed, CHAINED, count=20)
        draw = random.Random(seed)
        numbers = [random_number(draw) for _ in range(3)]
        program = program_of(lines, roots=[2 + len(lines)])
        expected = running._line_by_line(program, numbers, "python", True)
        assert list(map(bits, running.run(program, numbers, "python"))) == list(map(bits, expected))

    @given(seed=seeds)
    def test_plain_and_strict_runs_agree_in_lanes(self, seed):
        lines = random_lines(seed, CHAINED, count=15)
        draw = random.Random(seed)
        rows = [[random_number(draw) for _ in range(3)] for _ in range(9)]

        def f(*xs):
            found = list(xs)
            for op, args in lines:
                found.append(op(*[picked(found, x) for x in args]))
            return found[-1]

        program = program_of(lines, roots=[2 + len(lines)])
        expected = [running._line_by_line(program, row, "python", True)[0] for row in rows]
        exact = all(op.name not in ("pow", "atan2") for op, _ in lines)
        chains = any(op is ops.chain for op, _ in lines)  # whose zero has no sign, once it is simplified
        for backend in ("python", "numpy"):
            got = jit(vmap(f), backend=backend)(*map(list, zip(*rows, strict=True)))
            for x, y in zip(got, expected, strict=True):
                if exact and not chains and bits(y) != bits(-0.0):
                    assert x == y or (x != x and y != y)


def branching(seed):
    """A random function of three numbers that decides by them: if, while, max, min, sorted, recursion."""

    def expression(draw, found):
        op = draw.choice([ops.add, ops.sub, ops.mul, ops.neg, ops.relu, ops.abs])
        return op(*[draw.choice(found) for _ in range(op.arity)])

    def descend(x, depth):
        return x if depth == 0 or x < 0.1 else descend(x * 0.5 - 0.1, depth - 1) + 0.25

    def f(a, b, c):
        draw = random.Random(seed)
        found = [a, b, c]
        for _ in range(draw.randint(2, 6)):
            kind = draw.choice(["if", "while", "max", "min", "sorted", "recursion", "and"])
            x, y = draw.choice(found), draw.choice(found)
            bound = draw.gauss(0.0, 1.0)
            inner = draw.random()  # so that both ways draw the same
            ways = random.Random(inner), random.Random(inner + 1.0)
            if kind == "if":
                found.append(expression(ways[0], found) if x > bound else expression(ways[1], found))
            elif kind == "while":
                steps = 0
                while x < bound + 1.0 and steps < 5:
                    x = x * 0.5 + 0.75
                    steps += 1
                found.append(x)
            elif kind == "and":
                found.append(x - y if x > bound and not y > bound else x + y)
            elif kind == "recursion":
                found.append(descend(x, 3))
            elif kind == "sorted":
                found += sorted(found[-3:])[:2]
            else:
                found.append((max if kind == "max" else min)(found[-3:]))
        return found

    return f


class TestBranches:
    @settings(max_examples=200)
    @given(seed=seeds)
    def test_random_programs_with_branches(self, seed):
        f = branching(seed)
        draw = random.Random(seed)
        jitted = jit(f)
        written = {}
        for _ in range(6):
            numbers = [draw.gauss(0.0, 1.0) for _ in range(3)]
            values = [v.data for v in f(*map(Value, numbers))]
            assert jitted(*numbers) == values == f(*numbers)
            program = trace(f, *numbers, simplify=False)
            assert program(*numbers) == values
            assert running._line_by_line(program, numbers, "python", False) == values
            written.setdefault(program.guards and str(program.guards), []).append(numbers)
        assert len(jitted.programs) <= 6

    @settings(max_examples=30)
    @given(seed=seeds)
    def test_lanes_that_decide_differently(self, seed):
        f = branching(seed)
        draw = random.Random(seed)
        for n in (1, 3, 9):
            columns = [[draw.gauss(0.0, 1.0) for _ in range(n)] for _ in range(3)]
            expected = [f(*row) for row in zip(*columns, strict=True)]
            size = len(expected[0])
            for backend in ("python", "numpy", "auto"):
                jitted = jit(vmap(f), backend=backend)
                assert jitted(*columns) == expected
                other = [[-x for x in column] for column in columns]
                assert jitted(*other) == [f(*row) for row in zip(*other, strict=True)]
                totals = jit(vmap(f, reduce="sum"), backend=backend)(*columns)
                assert totals == [sum([row[j] for row in expected], 0.0) for j in range(size)]

    @settings(max_examples=100)
    @given(seed=seeds)
    def test_gradients_of_random_programs_with_branches(self, seed):
        f = branching(seed)
        draw = random.Random(seed)
        last = lambda *xs: f(*xs)[-1]  # noqa: E731
        rows = [[draw.gauss(0.0, 1.0) for _ in range(3)] for _ in range(9)]
        jitted = jit(grad(last, (0, 1, 2)))
        expected = [grad(last, (0, 1, 2))(*row) for row in rows]
        for row, wanted in zip(rows, expected, strict=True):
            assert jitted(*row) == pytest.approx(wanted, rel=1e-12, abs=1e-12)
        columns = list(map(list, zip(*rows, strict=True)))
        for backend in ("python", "numpy"):
            found = jit(vmap(grad(last, (0, 1, 2))), backend=backend)(*columns)
            for got, wanted in zip(found, expected, strict=True):
                assert got == pytest.approx(wanted, rel=1e-12, abs=1e-12)

    def test_an_op_of_a_user_is_called_only_where_python_would_call_it(self):
        def logarithm(x):
            if x <= 0.0:
                raise ValueError(f"no logarithm of {x}")
            return math.log(x)

        log = Op("log_of_mine", logarithm, (lambda x, out: 1.0 / x,), register=False)
        f = jit(lambda x: log(x) if x > 0.0 else x)
        assert [f(1.0), f(-2.0), f(math.e)] == [0.0, -2.0, 1.0]
        program = f.programs[-1] if f.programs[-1].guards[0][1] else f.programs[0]
        with pytest.raises(ag.GuardError):
            program(-1.0)
        with pytest.raises(ValueError, match="no logarithm"):
            jit(log)(-1.0)
        guarded = lambda x: log(x) if x > 0.0 else x  # noqa: E731
        for n, backend in itertools.product((1, 2, 9, 100), ("python", "numpy", "auto")):
            xs = [1.0 + i if i % 3 else -1.0 - i for i in range(n)]
            mapped = jit(vmap(guarded), backend=backend)
            assert mapped(xs) == [guarded(x) for x in xs]
            assert mapped([-x for x in xs]) == [guarded(-x) for x in xs]
            nested = jit(vmap(vmap(guarded)), backend=backend)
            assert nested([xs] * 9) == [[guarded(x) for x in xs]] * 9
            with pytest.raises(ValueError, match="no logarithm"):
                jit(vmap(log), backend=backend)([-1.0] * n)


class TestGradients:
    @given(seed=seeds)
    def test_they_are_eagers_within_the_rounding_of_their_sums(self, seed):
        """n * eps * sum(|terms|): what any order of the same additions may differ by."""
        names = "neg add sub mul dot sum_of".split()
        lines = random_lines(seed, [op for op in TESTED if op.name in names], count=20)
        draw = random.Random(seed)
        numbers = [draw.gauss(0.0, 2.0) for _ in range(3)]

        def f(xs):
            found = list(xs)
            for op, args in lines:
                found.append(op(*[picked(found, x) for x in args]))
            return sum(x for x in found if type(x) is Value or type(x) is float)

        leaves = [Value(x) for x in numbers]
        out = f(leaves)
        size, terms = absolute_terms(out, leaves)
        expected = grad(f)(numbers)
        for got in (
            jit(grad(f))(numbers),
            grad(jit(f))(numbers),
            trace(f, numbers).value_and_grad(numbers)[1],
        ):
            for x, y, scale in zip(got, expected, terms, strict=True):
                if math.isfinite(scale):
                    assert abs(x - y) <= size * sys.float_info.epsilon * scale

    @settings(max_examples=100)
    @given(seed=seeds)
    def test_python_and_numpy_give_the_same_bits_for_every_number_of_lanes(self, seed):
        lines = random_lines(seed, ARITHMETIC, count=12)
        draw = random.Random(seed)

        def loss(p, x):
            found = [*p, x]
            for op, args in lines:
                found.append(op(*[picked(found, a) for a in args]))
            return found[-1]

        p = [draw.gauss(0.0, 1.0) for _ in range(2)]
        for n in (draw.choice(LANES[:3]), draw.choice(LANES[3:])):
            X = [draw.gauss(0.0, 1.0) for _ in range(n)]
            for reduce in ("sum", "mean"):
                batch = value_and_grad(
                    lambda p, X, reduce=reduce: vmap(loss, in_axes=(None, 0), reduce=reduce)(p, X), (0, 1)
                )
                by = [str(jit(batch, backend=backend)(p, X)) for backend in ("python", "numpy", "auto")]
                assert by[0] == by[1] == by[2]
            each = vmap(value_and_grad(loss, (0, 1)), in_axes=(None, 0))
            by = [str(jit(each, backend=backend)(p, X)) for backend in ("python", "numpy", "auto")]
            assert by[0] == by[1] == by[2]

    def test_sums_over_lanes_are_added_from_the_first_to_the_last(self):
        draw = random.Random(0)
        for n in (*LANES, 1000, 9000):
            for rows in (1, 2, 3, 17):
                table = [
                    [draw.gauss(0.0, 1.0) * 10.0 ** draw.randint(-8, 8) for _ in range(n)]
                    for _ in range(rows)
                ]
                expected = []
                for row in table:
                    total = 0.0
                    for x in row:
                        total += x
                    expected.append(total)
                assert numpy_source.sums(np.array(table).T).tolist() == expected
        assert numpy_source.sums(np.array([[0.1]] * 3)).tolist() == [0.0 + 0.1 + 0.1 + 0.1]
        assert numpy_source.sums(np.empty((3, 0))).tolist() == []


def absolute_terms(out, leaves):
    """How many additions reach the leaves' gradients, and for each leaf the sum of the sizes of all terms."""
    order = ag.graph.walks.topological_order(out)
    terms = dict.fromkeys([*order, *leaves], 0.0)
    terms[out] = 1.0
    size = 8
    for node in reversed(order):
        if node.op is not None:
            for x, slope in number_slopes(node):
                terms[x] += terms[node] * abs(slope)
                size += 4
    return size, [terms[leaf] for leaf in leaves]


class TestChoice:
    def test_unknown_backends_are_refused_by_name(self):
        with pytest.raises(
            ValueError, match="backend is one of 'auto', 'native', 'numpy', 'python', not 'gpu'"
        ):
            jit(lambda x: x, backend="gpu")

    def test_a_division_by_zero_is_an_infinity_in_every_backend(self):
        f = lambda x, y: [x / y, -x / y, y / y]  # noqa: E731
        for backend in ("python", "numpy", "auto"):
            assert str(jit(f, backend=backend)(1.0, 0.0)) == "[inf, -inf, nan]"
            found = jit(vmap(f), backend=backend)([1.0] * 9, [0.0] * 9)
            assert str(found) == str([[math.inf, -math.inf, math.nan]] * 9)

    def test_a_users_op_runs_in_lanes(self):
        cube = Op("cube_in_lanes", lambda x: x * x * x, (lambda x, out: 3.0 * x * x,), register=False)
        for backend in ("python", "numpy", "auto"):
            assert jit(vmap(cube), backend=backend)([float(i) for i in range(10)]) == [
                float(i) ** 3 for i in range(10)
            ]
            assert jit(vmap(grad(cube)), backend=backend)([2.0] * 10) == [12.0] * 10

    def test_results_of_a_users_op_are_floats(self):
        whole = Op("whole_number", lambda x: int(x), (lambda x, out: 1.0,), register=False)
        for f in (jit(lambda x: whole(x)), jit(lambda x: vmap(whole)([x])[0], backend="python")):
            assert type(f(1.75)) is float
            assert f(1.75) == 1.0
        text = Op("a_text", lambda x: "1.75", (lambda x, out: 1.0,), register=False)
        program = program_of([(text, (0,))], 1)
        for run in (running.run, running._line_by_line):
            with pytest.raises((TypeError, ValueError)):
                run(program, [1.0], "python", True)
        with pytest.raises(TypeError, match=r"the result of a_text is one real number, not the str '1.75'"):
            running.run(program, [1.0], "python")

    def test_a_row_without_a_form_for_arrays_runs_element_by_element(self):
        xs = [0.5 + 0.25 * i for i in range(10)]
        for function in (ag.gamma, ag.lgamma, ag.norm_cdf, ag.erf):
            expected = [getattr(ops, function.name).forward(x) for x in xs]
            assert jit(vmap(function), backend="numpy")(xs) == expected


class TestBuffers:
    """`program.run(numbers, out=...)`: buffers of doubles go in and out, on each backend."""

    @pytest.mark.parametrize("backend", ["python", "numpy", "auto"])
    def test_outputs_go_into_a_buffer(self, backend):
        program = trace(lambda x, y: [x + y, x * y], 1.0, 2.0)
        out = array("d", [0.0, 0.0])
        assert program.run(array("d", [3.0, 4.0]), backend, out=out) is out
        assert list(out) == program.run([3.0, 4.0], backend) == [7.0, 12.0]
        table = np.zeros((1, 2))
        program.run(np.array([[3.0], [5.0]]), backend, out=table)
        assert table.tolist() == [[8.0, 15.0]]

    @pytest.mark.parametrize("backend", ["python", "numpy", "auto"])
    def test_strong_zero(self, backend):
        program = trace(value_and_grad(lambda x: where(x > 0.0, sqrt(x), 0.0)), 4.0)
        assert program.run(array("d", [0.0]), backend, out=array("d", [9.0, 9.0])).tolist() == [0.0, 0.0]

    @pytest.mark.parametrize("backend", ["python", "auto"])
    def test_a_guard_that_fails(self, backend):
        program = trace(lambda x: x if x > 0.0 else -x, 1.0)
        with pytest.raises(GuardError, match="was True when"):
            program.run(array("d", [-1.0]), backend, out=array("d", [0.0]))

    @pytest.mark.parametrize("backend", ["python", "auto"])
    @pytest.mark.parametrize("out", [array("d"), array("f", [0.0]), [0.0], np.zeros(4)[::2]])
    def test_other_buffers_are_refused(self, backend, out):
        with pytest.raises((TypeError, ValueError, BufferError)):
            trace(lambda x: x + 1.0, 1.0).run(array("d", [1.0]), backend, out=out)
