"""The passes over programs in C give what those in Python give, program for program and line for line."""

import gc
import pickle
import random
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_programs import ARITHMETIC, EDGES, random_lines

from autograd import (
    Op,
    Value,
    backend_info,
    grad,
    jacobian,
    jit,
    jvp,
    logsumexp,
    relu,
    tanh,
    trace,
    value_and_grad,
    vmap,
)
from autograd.derivatives import transforms
from autograd.formulas.rules import RULES
from autograd.graph import engine as graph_engine
from autograd.graph import lines as graph_lines
from autograd.graph import sweeps
from autograd.graph.lines import picked
from autograd.programs import gradients, loops, simplify, tracing
from autograd.programs.calls import ProgramCall
from autograd.programs.program import Program
from autograd.table import ops
from autograd.table.call import Output
from autograd.table.op import TABLE

if backend_info()["engine"] == "python":
    pytest.skip("there is no native engine", allow_module_level=True)

from autograd._native import engine

RULED = sorted({TABLE[pattern[0]] for pattern, _ in RULES}, key=lambda op: op.name)
SUMS = [ops.add, ops.mul, ops.neg, ops.dot, ops.sum_of]
GROUPS = st.sampled_from([(None, 12), (ARITHMETIC, 40), (RULED, 60), (SUMS, 60)])


@pytest.fixture
def in_python():
    """A function that calls another with the passes in Python, on the same Values."""

    def call(f, *args):
        with pytest.MonkeyPatch.context() as patch:
            for module in (graph_lines, tracing):
                patch.setattr(module, "engine", None)
            for module in (gradients, transforms):
                patch.setattr(module, "pull_gathered", sweeps.pull_gathered)
            patch.setattr(graph_engine, "push_gathered", sweeps.push_gathered)
            return f(*args)

    return call


class OnlyReplayed:
    """Flat lines without the sweep over lines, so that gradients are traced on Values."""

    def __init__(self, lines):
        self.replayed = lines.replayed

    def pulled(self, *args):
        return None


def traced_on_values(f, *args):
    """The result of f, where programs are differentiated by traces of Values, not by sweeps over lines."""
    flat = Program._flat
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Program, "_flat", property(lambda self: OnlyReplayed(flat.fget(self))))
        return f(*args)


def shown(program):
    """All of a program but the numbers that were traced; it tells 0.0 from -0.0."""
    return repr((program.inputs, program.lines, program.outputs, program.guards))


def replayed(lines, roots):
    """A function that computes lines on Values and returns the roots."""

    def f(*xs):
        found = list(xs)
        for op, args in lines:
            found.append(op(*[picked(found, x) for x in args]))
        return [found[root] for root in roots]

    return f


class TestLines:
    @given(seed=st.integers(0, 2**32), group=GROUPS)
    def test_lists_are_kept_with_every_bit(self, seed, group):
        lines = random_lines(seed, group[0], count=group[1])
        flat = engine.flattened(3, lines)
        assert repr(flat.as_list()) == repr(lines)
        assert len(flat) == len(lines)
        assert flat.inputs == 3
        assert set(flat.used_ops()) == {op for op, _ in lines}

    def test_the_arrays(self):
        twice = Op("twice", lambda x: 2.0 * x, (lambda x, out: 2.0,), register=False)
        lines = [(ops.add, (0, 1.5)), (twice, (1,)), (ops.dot, ((0, 1.5), (2, 1))), (twice, (3,))]
        codes, starts, operands, constants, others = engine.flattened(1, lines).flat()
        assert memoryview(codes).cast("i").tolist() == [ops.add._code, -1, ops.dot._code, -1]
        assert memoryview(starts).cast("i").tolist() == [0, 2, 3, 7, 8]
        assert memoryview(operands).cast("i").tolist() == [0, -1, 1, 0, -1, 2, 1, 3]
        assert memoryview(constants).cast("d").tolist() == [1.5]
        assert others == [twice]

    def test_equal_sequences_are_one_tuple(self):
        lines = [(ops.sum_of, ((0, 1),)), (ops.dot, ((0, 1), (2, 0.0))), (ops.dot, ((2, -0.0), (0, 1)))]
        made = engine.flattened(2, lines).as_list()
        assert made[0][1][0] is made[1][1][0] is made[2][1][1]
        assert made[1][1][1] is not made[2][1][0]

    @pytest.mark.parametrize(
        "args",
        [(1,), (0, -1), (0, 2), (0, 2**40), (0, (0,)), (0, True), (0, "x"), (0, None), (0, 1, 0)],
    )
    def test_other_operands_have_no_flat_form(self, args):
        assert engine.flattened(2, [(ops.add, args if args != (1,) else (0,))]) is None

    def test_sequences_of_other_lengths_have_none_either(self):
        assert engine.flattened(2, [(ops.dot, ((0, 1), (0,)))]) is None
        assert engine.flattened(2, [(ops.dot, (0, 1))]) is None
        assert engine.flattened(2, [ops.add]) is None
        assert engine.flattened(0, []).as_list() == []

    def test_no_one_else_makes_them(self):
        with pytest.raises(TypeError):
            engine.Lines()

    def test_roots_are_places_or_floats(self):
        lines = engine.flattened(1, [(ops.neg, (0,))])
        for wrong in (2, -1, "x", (0,), 2**70):
            with pytest.raises(TypeError, match="a root of lines is the place of one"):
                lines.simplified([wrong])
        made, roots = lines.simplified((1, -0.0))
        assert repr(roots) == "[1, -0.0]"
        assert made.as_list() == [(ops.neg, (0,))]

    def test_replaying_takes_an_operand_for_each_input(self):
        lines = engine.flattened(2, [(ops.add, (0, 1))])
        assert lines.replayed([1.0, 2.0]) == [1.0, 2.0, 3.0]
        with pytest.raises(ValueError, match="these lines have 2 inputs, not 1"):
            lines.replayed([1.0])

    @pytest.mark.parametrize(
        ("args", "error", "text"),
        [
            ((2, [0], [2], [1.0], [0], [], True), ValueError, "these lines have 2 inputs, not 1"),
            ((2, [0, 2], [2], [1.0], [0], [], True), TypeError, "a float, or a place below 2"),
            ((2, [0, 1], [3], [1.0], [0], [], True), TypeError, "a float, or a place below 3"),
            ((2, [0, 1], [2], [1.0, 1.0], [0], [], True), ValueError, "there is a seed for each output"),
            ((2, [0, 1], [2], ["x"], [0], [], True), TypeError, "a float, or a place below 2"),
            ((2, [0, 1], [2], [1.0], [2], [], True), TypeError, "a float, or a place below 2"),
            ((2, [0, 1], [2], [1.0], [0], [2**70], True), TypeError, "a float, or a place below 3"),
            ((-1, [0, 1], [2], [1.0], [0], [], True), ValueError, "the number of inputs is not -1"),
        ],
    )
    def test_a_sweep_refuses_what_is_no_place(self, args, error, text):
        lines = engine.flattened(2, [(ops.mul, (0, 1))])
        with pytest.raises(error, match=text):
            lines.pulled(*args)
        made, roots = lines.pulled(3, [2, 0], [2], [1], [1, 0], [2], False)
        assert made.as_list() == [(ops.mul, (2, 0)), (ops.chain, (1, 2)), (ops.chain, (1, 0))]
        assert roots == [4, 5, 3]

    def test_lines_whose_slopes_only_python_knows_are_not_swept(self):
        twice = Op("twice", lambda x: 2.0 * x, (lambda x, out: 2.0,), register=False)
        for line in ((twice, (0,)), (ops.logsumexp, ((0, 0),))):
            assert engine.flattened(1, [line]).pulled(1, [0], [1], [1.0], [0], [], True) is None

    def test_owners_are_numbers_for_all_places(self):
        lines = engine.flattened(2, [(ops.mul, (0, 1)), (ops.add, (2, 1)), (ops.neg, (3,))])
        assert lines.used_by_others([-1, 0, 1, 1, 1]) == [1]
        assert lines.used_by_others([5, -1, 5, 6, 7]) == [2, 3]
        with pytest.raises(ValueError, match="there are 5 places, not 1"):
            lines.used_by_others([0])
        with pytest.raises(TypeError):
            lines.used_by_others(["x"] * 5)

    def test_an_error_in_an_op_ends_a_replay(self):
        def fail(x):
            raise KeyError("no")

        failing = Op("failing", fail, (lambda x, out: 1.0,), register=False)
        lines = engine.flattened(1, [(failing, (0,)), (ops.neg, (1,))])
        with pytest.raises(KeyError, match="no"):
            lines.replayed([Value(1.0)])

    def test_programs_that_refer_to_each_other_are_freed(self):
        def make():
            program = trace(lambda x: tanh(x) * 2.0, 1.0)
            lines = engine.flattened(1, [(ProgramCall(program, "auto"), ((0,),))])
            program._once("outer", lambda: Program("outer", ["x"], [0.0], lines, [1]))
            return weakref.ref(program)

        gone = make()
        gc.collect()
        assert gone() is None


class TestSimplification:
    @settings(max_examples=300)
    @given(seed=st.integers(0, 2**32), group=GROUPS, all_roots=st.booleans())
    def test_lines_and_their_order_are_the_same(self, seed, group, all_roots):
        lines = random_lines(seed, group[0], count=group[1])
        draw = random.Random(seed)
        places = 3 + len(lines)
        roots = list(range(places)) if all_roots else [places - 1, draw.randrange(places), 1.5]
        expected = simplify.simplified_in_python(3, lines, roots)
        assert repr(simplify.simplified(3, lines, roots)) == repr(expected)

    @given(seed=st.integers(0, 2**32), constants=st.lists(st.sampled_from(EDGES), min_size=4, max_size=4))
    def test_chains_with_constants_at_their_ends(self, seed, constants):
        draw = random.Random(seed)
        lines = []
        for _ in range(20):
            places = 2 + len(lines)
            x = draw.choice([places - 1, draw.randrange(places), draw.choice(constants)])
            y = draw.choice([places - 1, draw.randrange(places), draw.choice(constants)])
            lines.append((draw.choice([ops.add, ops.add, ops.mul, ops.neg]), (x, y)))
            if lines[-1][0] is ops.neg:
                lines[-1] = ops.neg, (x,)
        expected = simplify.simplified_in_python(2, lines, [21])
        assert repr(simplify.simplified(2, lines, [21])) == repr(expected)

    def test_ops_that_only_python_knows_stay_as_they_are(self):
        twice = Op("twice", lambda x: 2.0 * x, (lambda x, out: 2.0,), register=False)
        call = ProgramCall(trace(lambda x, y: [x * y, x], 1.0, 2.0), "auto")
        lines = [
            (twice, (1.0,)),
            (twice, (0,)),
            (twice, (0,)),
            (call, ((0, 2),)),
            (call, ((0, 3),)),
            (Output.at(0), (4,)),
            (Output.at(0), (5,)),
            (Output.at(1), (5,)),
            (ops.add, (6, 7)),
        ]
        expected = simplify.simplified_in_python(1, lines, [9])
        assert len(expected[0]) == 4
        assert repr(simplify.simplified(1, lines, [9])) == repr(expected)

    def test_many_ops_that_only_python_knows_take_linear_time(self):
        call = ProgramCall(trace(lambda xs: xs, [0.0] * 9), "auto")
        lines = [(call, (tuple(range(9)),)), *[(Output.at(i), (9,)) for i in range(20_000)]]
        flat = engine.flattened(9, lines)
        assert len(flat.flat()[-1]) == 20_001
        assert len(flat.simplified([20_000])[0]) == 2


class TestLoops:
    @given(seed=st.integers(0, 2**32), copies=st.integers(1, 20))
    def test_lines_of_one_form_are_found_alike(self, seed, copies):
        body = random_lines(seed, ARITHMETIC, count=8)
        lines = []
        for b in range(copies):
            first = len(lines)
            move = lambda x, b=b, first=first: (  # noqa: E731
                x if type(x) is float else 3 * b + x if x < 3 else x - 3 + first + 3 * copies
            )
            for op, args in body:
                moved = [tuple(map(move, x)) if type(x) is tuple else move(x) for x in args]
                lines.append((op, tuple(moved)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loops, "FEWEST_LANES", 3)
            patch.setattr(loops, "FEWEST_LINES", 10)
            found = loops._alike(3 * copies, lines)
            patch.setattr(graph_lines, "engine", None)
            assert found == loops._alike(3 * copies, lines)

    def test_deep_lines_have_sizes_that_do_not_overflow(self):
        lines = [(ops.mul, (i, i)) for i in range(200)]
        lines += [(ops.neg, (200,)) for _ in range(10)]
        ((size, places),) = engine.flattened(1, lines).alike(8, 1000)
        assert size == 2**40
        assert places == list(range(201, 211))


def mean_of(f):
    return lambda xs, ws: sum([f(x, ws) for x in xs]) / len(xs)


class TestWholePrograms:
    @settings(max_examples=150)
    @given(
        seed=st.integers(0, 2**32),
        group=GROUPS,
        numbers=st.tuples(*[st.floats(-3.0, 3.0) | st.sampled_from(EDGES)] * 3),
        simplify=st.booleans(),
    )
    def test_traces_and_gradients(self, seed, group, numbers, simplify):
        lines = random_lines(seed, group[0], count=group[1])
        f = replayed(lines, [2 + len(lines), 2 + len(lines) // 2])

        def programs():
            value = trace(f, *numbers, simplify=simplify)
            first = gradients.with_gradients(value, (0, 1, 2))
            second = gradients.with_gradients(first, (2, 0, 2))
            return [*map(shown, (value, first, second, gradients.pulled(first, (1, 1))))]

        assert programs() == self.in_python(programs) == traced_on_values(programs)

    @pytest.fixture(autouse=True)
    def _passes(self, in_python):
        type(self).in_python = staticmethod(in_python)

    @pytest.mark.parametrize("simplified", [True, False])
    def test_as_written(self, simplified):
        def f(x, y):
            return [relu(x) * y if x > y else -y, 3.0, x, Value(2.0) * x - logsumexp([x, y, 1.0]).exp()]

        one = lambda: shown(trace(f, 2.0, 1.0, simplify=simplified))  # noqa: E731
        assert one() == self.in_python(one)

    def test_ops_of_users_calls_and_joint_slopes(self):
        cube = Op("cube", lambda x: x * x * x, (lambda x, out: 3.0 * x * x,), register=False)
        inner = jit(lambda x, y: [tanh(x) * y, x - y])
        inner(1.0, 2.0)
        kept = pickle.loads(pickle.dumps(inner.programs[0]))  # which has a list of lines

        def f(x, y):
            a, b = kept(cube(x), y)
            return logsumexp([a, b, x]) * cube(y) + a

        def programs():
            kept._derived.clear()
            value = trace(f, 0.3, 0.7)
            first = gradients.with_gradients(value, (0, 1))
            return shown(value), shown(first), shown(gradients.with_gradients(first, (1,)))

        assert programs() == self.in_python(programs)

    def test_lanes(self):
        samples = [[0.1 * i, 0.3 - 0.05 * i] for i in range(40)]

        def one(x, w):
            h = tanh(x[0] * w[0] + x[1] * w[1] + w[2])
            return (h * w[3] - x[1]) ** 2 + relu(h)

        def programs():
            found = []
            for f in (mean_of(one), lambda xs, w: vmap(one, in_axes=(0, None), reduce="mean")(xs, w)):
                value = trace(f, samples, [0.5, -0.2, 0.1, 0.9])
                found += [value, gradients.with_gradients(value, tuple(range(80, 84)))]
                found.append(trace(value_and_grad(f, argnums=1), samples, [0.5, -0.2, 0.1, 0.9]))
            return list(map(shown, found))

        assert programs() == self.in_python(programs)

    @given(
        seed=st.integers(0, 2**32),
        group=GROUPS,
        numbers=st.tuples(*[st.floats(-3.0, 3.0) | st.sampled_from(EDGES)] * 3),
    )
    def test_forward_mode_in_a_trace(self, seed, group, numbers):
        lines = random_lines(seed, group[0], count=group[1])
        f = replayed(lines, [2 + len(lines), 2 + len(lines) // 2])

        def programs():
            along = trace(lambda x, y, z, u: jvp(f, (x, y, z), (u, 0.0, 1.0))[1], *numbers, 0.5)
            columns = trace(lambda *xs: jacobian(f, (0, 1, 2), mode="forward")(*xs), *numbers)
            return shown(along), shown(columns)

        assert programs() == self.in_python(programs)

    def test_transforms_in_a_trace(self):
        def f(x, y):
            return grad(lambda a, b: grad(lambda c: tanh(c * b) / (c + a))(a) * b, (0, 1))(x, y)

        one = lambda: shown(trace(f, 0.3, 0.7))  # noqa: E731
        assert one() == self.in_python(one)
