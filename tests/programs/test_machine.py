"""The machine: values to the last bit, at every width and block size; what it is made of; what it refuses."""

import random
import threading

import numpy as np
import pytest
from fuzz_machine import CHECKS
from random_programs import TESTED, bits, computed, random_lines, random_number

from autograd import (
    dot,
    jit,
    logsumexp,
    relu,
    sin,
    sqrt,
    tanh,
    trace,
    value_and_grad,
    vmap,
    where,
)
from autograd._machine import machine
from autograd.backends import running
from autograd.backends.machines import CODES, machine_of, parts, parts_of_lanes
from autograd.programs.lanes import Lanes
from autograd.programs.program import GuardError, Program

if machine is None:
    pytest.skip("the machine is not in use", allow_module_level=True)

WIDTHS = machine.widths()
FUZZED = 1500


@pytest.fixture(autouse=True)
def widest():
    yield
    machine.use(WIDTHS[-1], 0)


def program_of(lines, inputs, outputs):
    return Program("f", [f"x{i}" for i in range(inputs)], [1.0] * inputs, lines, outputs)


def instructions(program):
    """How often each instruction stands in the code."""
    names = [words[0] for words in machine_of(program, False).instructions()]
    return {name: names.count(name) for name in names}


class TestBits:
    @pytest.mark.long
    def test_10_000_random_programs_equal_eager_calls_line_by_line(self):
        """All rows of the table, unsimplified, on numbers of all kinds, infinities and nan among them."""
        for seed in range(10_000):
            draw = random.Random(seed)
            inputs = draw.randint(1, 4)
            lines = random_lines(seed, inputs=inputs, count=20)
            numbers = [random_number(draw) for _ in range(inputs)]
            program = program_of(lines, inputs, range(inputs + len(lines)))
            found = machine_of(program, True).run(numbers)
            assert list(map(bits, found)) == list(map(bits, computed(lines, numbers))), seed

    @pytest.mark.parametrize("seed", range(200))
    def test_traced_functions_with_conditions_equal_eager_calls(self, seed):
        """Python code with ifs, traced with simplify=False, at the numbers that it was traced with."""
        draw = random.Random(seed)
        lines = random_lines(seed, [op for op in TESTED if not op.variadic], inputs=2, count=15)

        def f(x, y):
            found = [x, y]
            for op, args in lines:
                z = op(*[found[a] if type(a) is int else a for a in args])
                found.append(z if abs(z) < 1e6 else where(z > 0.0, z / 2.0, -z))
            return found

        numbers = [random_number(draw), random_number(draw)]
        program = trace(f, *numbers, simplify=False)
        from autograd import Value

        eager = [float(getattr(z, "data", z)) for z in f(*map(Value, numbers))]
        assert list(map(bits, program.run(list(numbers), "native"))) == list(map(bits, eager))

    @pytest.mark.long
    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_fuzz(self, check):
        """Lanes, paths, lanes in lanes against an oracle, at every width and block size; broken programs."""
        for seed in range(FUZZED):
            check(seed)

    @pytest.mark.parametrize("op", [op for op in TESTED if not op.variadic], ids=lambda op: op.name)
    def test_columns_equal_single_lines(self, op):
        """Loops over vectors, their tails, and operands that are one number, give what the row gives."""
        draw = random.Random(op.name)
        rows = [[random_number(draw) for _ in range(op.arity)] for _ in range(67)]
        rows += [[draw.uniform(*domain) for domain in op.domain] for _ in range(66)]
        for fixed in [None, *range(op.arity if op.arity > 1 else 0)]:
            if fixed is not None:
                rows = [[rows[0][i] if i == fixed else x for i, x in enumerate(row)] for row in rows]
            uniform = [] if fixed is None else [rows[0][fixed]]
            others = [i for i in range(op.arity) if i != fixed]
            places = [0 if i == fixed else len(uniform) + others.index(i) for i in range(op.arity)]
            path = program_of([(op, tuple(places))], op.arity, [op.arity])
            lanes = Lanes([path], len(rows), len(uniform), [False])
            numbers = [*uniform, *[row[i] for i in others for row in rows]]
            expected = [bits(op.compute(*row)) for row in rows]
            for width in WIDTHS:
                machine.use(width, 0)
                found = lanes._machine("native", len(numbers), True).run(numbers)
                assert list(map(bits, found)) == expected, (width, fixed)

    def test_sines_of_huge_numbers(self):
        """A lane beyond the range of the quick kernel is computed as it is alone."""
        xs = [0.5, 1e5, 1e22, -3.7e300, 2.0] * 9
        found = jit(vmap(sin))(xs)
        assert found == [sin(x) for x in xs]
        assert found[2] == pytest.approx(-0.8522008497671888, abs=1e-15)  # mpmath.sin(mpf(10)**22)


def network(params, x, target):
    W1, b1, W2, b2 = params
    h = [tanh(dot(w, x) + b) for w, b in zip(W1, b1, strict=True)]
    z = [dot(w, h) + b for w, b in zip(W2, b2, strict=True)]
    return logsumexp(z) - dot(target, z)


def network_arguments(samples=33):
    draw = np.random.default_rng(0)
    params = [draw.normal(size=shape) for shape in ((8, 5), (8,), (3, 8), (3,))]
    return params, draw.normal(size=(samples, 5)), np.eye(3)[draw.integers(0, 3, samples)]


class TestInstructions:
    def test_layers_are_products_of_matrices(self):
        """A layer is one GEMV with its biases; gradients of weights are tables of sums of products."""
        loss = vmap(network, in_axes=(None, 0, 0), reduce="mean")
        f = jit(value_and_grad(loss))
        f(*network_arguments())
        (program,) = f.programs
        found = instructions(program)
        assert found["LANES"] == 1
        assert found["GEMV"] == 3
        assert found["OUTER"] == 2
        assert sum(found.values()) < 60
        assert len(program.lines[0][0].paths[0].lines) > 140

    def test_gradients_agree_with_numpy(self):
        loss = vmap(network, in_axes=(None, 0, 0), reduce="mean")
        params, X, T = network_arguments()
        value, gradient = jit(value_and_grad(loss))(params, X, T)
        W1, b1, W2, b2 = params
        H = np.tanh(X @ W1.T + b1)
        Z = H @ W2.T + b2
        P = np.exp(Z - Z.max(axis=1, keepdims=True))
        P /= P.sum(axis=1, keepdims=True)
        D = (P - T) / len(X)
        expected = -np.mean(np.sum(T * np.log(P), axis=1))
        B = (D @ W2) * (1 - H * H)
        assert value == pytest.approx(expected, rel=1e-13)
        for got, want in zip(gradient, [B.T @ X, B.sum(axis=0), D.T @ H, D.sum(axis=0)], strict=True):
            assert np.abs(got - want).max() < 1e-14

    def test_equal_lines_that_are_ready_together_are_columns(self):
        program = trace(lambda xs: [tanh(x * 2.0) for x in xs], [0.1 * i for i in range(50)])
        assert instructions(program) == {"COLUMN": 2}

    def test_few_lines_go_to_the_interpreter(self):
        program = trace(lambda x, y: x * y + tanh(x), 1.0, 2.0)
        assert instructions(program) == {"SCALARS": 1}

    @pytest.mark.long
    def test_200_000_lines_are_lowered_and_run(self):
        """A chain, whose levels are as many as its lines: steps for each pair of lines would take minutes."""
        from autograd.table import ops

        lines = [(ops.add if i % 3 else ops.mul, (i, 1.0 + i % 2)) for i in range(200_000)]
        made = machine_of(program_of(lines, 1, [len(lines)]), False)
        x = 1e-3
        for i in range(len(lines)):
            x = x + (1.0 + i % 2) if i % 3 else x * (1.0 + i % 2)
        assert made.run([1e-3]) == [x]


class TestStrongZero:
    def test_a_plain_run_that_gives_a_nan_is_repeated_strictly(self):
        f = jit(value_and_grad(lambda x: where(x > 0.0, sqrt(x), 0.0)))
        assert f(4.0) == (2.0, 0.25)
        assert f(0.0) == (0.0, 0.0)

    def test_products_that_reach_a_condition_are_strict_from_the_start(self):
        """Both runs of `h` at 0 are finite, and only the strict one is right."""
        from autograd import grad, lt

        h = lambda x: 5.0 * x + relu(sqrt(x))  # noqa: E731
        f = jit(lambda x: where(lt(0.0, grad(h)(x)), 1.0, 2.0))
        assert [f(x) for x in (1.0, 0.0)] == [1.0, 1.0]


class TestRunning:
    def test_buffers_go_in_and_out(self):
        import array

        made = machine_of(trace(lambda x, y: [x + y, x * y], 1.0, 2.0), False)
        out = array.array("d", [0.0, 0.0])
        assert made.run_into(array.array("d", [3.0, 4.0]), out) == -1
        assert list(out) == [7.0, 12.0]
        assert made.run_into(np.array([3.0, 5.0]), out) == -1
        assert list(out) == [8.0, 15.0]

    @pytest.mark.parametrize(
        "given",
        [np.zeros(3), np.zeros(2, dtype=np.float32), np.zeros(4)[::2], b"12345678", [1.0, 2.0], None],
        ids=lambda given: type(given).__name__,
    )
    def test_other_buffers_are_refused(self, given):
        made = machine_of(trace(lambda x, y: x + y, 1.0, 2.0), False)
        with pytest.raises((TypeError, ValueError, BufferError)):
            made.run_into(given, np.zeros(1))
        with pytest.raises((TypeError, ValueError, BufferError)):
            made.run_into(np.zeros(2), given if given is not None and len(given) != 1 else np.zeros(2))

    def test_a_run_without_numbers_is_refused(self):
        made = machine_of(trace(lambda x: x + 1.0, 1.0), False)
        with pytest.raises(ValueError, match="takes 1 numbers, not 2"):
            made.run([1.0, 2.0])
        with pytest.raises(TypeError):
            made.run(["x"])

    def test_a_list_that_becomes_shorter_while_it_is_read_is_refused(self):
        made = machine_of(trace(sum, [1.0] * 100), False)

        class Clears:
            def __float__(self):
                numbers.clear()
                return 1.0

        numbers = [Clears(), *map(float, range(99))]
        with pytest.raises(ValueError, match="takes 100 numbers, not 0"):
            made.run(numbers)

    def test_lines_that_become_fewer_while_they_are_read_are_refused(self):
        path = program_of([(next(op for op in TESTED if op.name == "sin"), (0,))], 1, [1])
        lines = [(Lanes([path], 2, 1, [False]), ((0,),)) for _ in range(100)]

        def calls(op):
            lines.clear()
            return parts_of_lanes(op)

        with pytest.raises(ValueError, match="became shorter while it was read"):
            machine.Machine(lines, 1, (0,), (), CODES, calls, True)

    def test_a_sample_that_takes_no_path_is_named_whatever_ran_before(self):
        """A guard behind the lanes has the number of the run before, which the error must not tell of."""

        def f(xs):
            total = sum(vmap(lambda x: x * 2.0 if x > 0.0 else -x)(xs))
            return total + 1.0 if total > 3.0 else total

        program = trace(f, [1.0, 2.0])
        with pytest.raises(GuardError, match=r"the condition 3\.0 < "):
            program.run([0.1, 0.1], "native")
        with pytest.raises(GuardError, match="a sample in f takes another way"):
            program.run([-1.0, 9.0], "native")

    def test_threads_run_one_machine_at_once(self):
        """Each call has numbers of its own, also while the interpreter's lock is released."""
        loss = vmap(network, in_axes=(None, 0, 0), reduce="sum")
        params, X, T = network_arguments(2000)
        program = trace(loss, params, X, T)
        made = machine_of(program, False)
        inputs = [np.array(program.numbers) * scale for scale in (1.0, 0.5, 0.25, 2.0)]
        alone = [made.run(list(x)) for x in inputs]
        found = [[] for _ in inputs]

        def work(k):
            for _ in range(20):
                out = np.empty(1)
                assert made.run_into(inputs[k], out) == -1
                found[k].append(out.tolist())

        threads = [threading.Thread(target=work, args=(k,)) for k in range(len(inputs))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(runs == [alone[k]] * 20 for k, runs in enumerate(found))

    def test_a_small_program_needs_little_memory(self):
        made = machine_of(trace(lambda x: x + 1.0, 1.0), False)
        assert made.bytes < 200

    def test_ops_of_users_run_on_another_backend(self):
        from autograd import custom_derivative

        @custom_derivative(lambda x, out: 1.0)
        def straight(x):
            return float(round(x))

        f = jit(lambda x: straight(x) * 2.0, backend="native")
        assert f(1.4) == 2.0
        assert machine_of(f.programs[0], False) is None


class TestChoice:
    def test_native_is_the_default(self):
        program = trace(lambda x: x * 2.0, 1.0)
        assert running.native(program, "auto") is not None
        assert running.native(program, "python") is None

    def test_without_the_extension_native_is_refused_by_name(self, monkeypatch):
        monkeypatch.setattr(running, "machine", None)
        with pytest.raises(ValueError, match=r"needs the extension .* or write backend='auto'"):
            jit(lambda x: x, backend="native")

    def test_unknown_widths_are_refused(self):
        with pytest.raises(ValueError, match="no width mmx"):
            machine.use("mmx", 0)

    def test_the_table_has_the_numbers_of_the_extension(self):
        for op, code in CODES.items():
            if code >= 0 and op.arity == 1 and not op.variadic:
                program = program_of([(op, (0,))], 1, [1])
                made = machine.Machine(*parts(program), CODES, parts_of_lanes, True)
                assert made.instructions()[0][4] == code
                assert bits(made.run([0.3])[0]) == bits(op.compute(0.3))
