"""Simplification: each rule keeps every bit of every number, and the two exceptions are these."""

import math
import pickle

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from random_programs import ARITHMETIC, EDGES, bits, computed, random_lines

from autograd import Op, Value, dot, exp, hessian, jit, sum_of, trace, where
from autograd.backends import running
from autograd.formulas.rules import RULES
from autograd.graph.lines import picked
from autograd.programs.simplify import Builder, _key, simplified
from autograd.table import ops
from autograd.table.op import TABLE

doubles = st.floats() | st.sampled_from(EDGES)
VARIABLES = ("x", "y", "condition")
CHAINS = (ops.chain, ops.chain_dot)
USED = [rule for rule in RULES if "stop_gradient" not in repr(rule)]


def written(pattern, lines):
    """The operand for a pattern of a rule; its ops become lines."""
    if isinstance(pattern, str):
        return VARIABLES.index(pattern)
    if isinstance(pattern, float):
        return pattern
    args = tuple([written(part, lines) for part in pattern[1:]])
    lines.append((TABLE[pattern[0]], args))
    return len(VARIABLES) + len(lines) - 1


def outputs(inputs, lines, roots, numbers):
    return [bits(x) for x in picked(computed(lines, numbers), tuple(roots))]


def chain_of_zero(lines, numbers):
    """Whether a product of the chain rule is 0: it has no sign, and the line in its place may have one."""
    found = computed(lines, numbers)[len(numbers) :]
    return any(op in CHAINS and x == 0.0 for (op, _), x in zip(lines, found, strict=True))


def sum_of_negative_zeros(lines, numbers):
    found = computed(lines, numbers)[len(numbers) :]
    return any(op is ops.add and bits(x) == bits(-0.0) for (op, _), x in zip(lines, found, strict=True))


class TestRules:
    @pytest.mark.parametrize("rule", USED, ids=lambda rule: str(rule[0]))
    @settings(max_examples=60)
    @given(numbers=st.tuples(doubles, doubles, doubles))
    def test_each_keeps_every_bit(self, rule, numbers):
        lines = []
        root = written(rule[0], lines)
        new, roots = simplified(3, lines, [root])
        if not chain_of_zero(lines, numbers):
            assert outputs(3, new, roots, numbers) == outputs(3, lines, [root], numbers)

    @pytest.mark.parametrize("rule", USED, ids=lambda rule: str(rule[0]))
    def test_each_is_applied(self, rule):
        lines, expected = [], []
        new, roots = simplified(3, lines, [written(rule[0], lines)])
        wanted = written(rule[1], expected)
        assert [op for op, _ in new] == [op for op, _ in expected]
        assert roots == [wanted]

    def test_the_zero_of_a_chain_has_no_sign_and_what_stands_in_its_place_may_have_one(self):
        lines = [(ops.chain, (0, 1.0))]
        new, roots = simplified(1, lines, [1])
        assert (new, roots) == ([], [0])
        assert outputs(1, lines, [1], [-0.0]) == [bits(0.0)]
        assert outputs(1, new, roots, [-0.0]) == [bits(-0.0)]

    def test_a_stop_gradient_stays_since_programs_are_differentiated_again(self):
        lines = [(ops.stop_gradient, (0,)), (ops.where, (1, 2, 0))]
        assert simplified(2, [(op, tuple(args)) for op, args in lines], [3])[0]

        def power(x, y):
            return x**y

        zeros = ((0.0, 0.0), (0.0, 0.0))
        assert hessian(power, (0, 1))(0.0, 1.0) == zeros
        assert jit(hessian(power, (0, 1)))(0.0, 1.0) == zeros
        assert hessian(jit(power), (0, 1))(0.0, 1.0) == zeros

    @given(x=doubles)
    def test_none_takes_a_negative_zero_for_a_zero(self, x):
        for op in (ops.sub, ops.chain, ops.pow, ops.mul, ops.div, ops.add):
            for constant in (0.0, -0.0, 1.0, -1.0):
                lines = [(op, (0, constant))]
                new, roots = simplified(1, lines, [1])
                if not (chain_of_zero(lines, [x]) or sum_of_negative_zeros(lines, [x])):
                    assert outputs(1, new, roots, [x]) == outputs(1, lines, [1], [x])


class TestAllTogether:
    @given(seed=st.integers(0, 2**32), numbers=st.tuples(doubles, doubles, doubles))
    def test_every_line_keeps_every_bit(self, seed, numbers):
        lines = random_lines(seed)
        assume(not chain_of_zero(lines, numbers) and not sum_of_negative_zeros(lines, numbers))
        roots = list(range(3 + len(lines)))
        new, found = simplified(3, lines, roots)
        assert outputs(3, new, found, numbers) == outputs(3, lines, roots, numbers)
        assert len(new) <= len(lines)

    @given(seed=st.integers(0, 2**32), numbers=st.tuples(doubles, doubles, doubles))
    def test_the_last_line_alone_keeps_every_bit(self, seed, numbers):
        """Then most lines have one user, so that sums are gathered and products go into them."""
        lines = random_lines(seed, ARITHMETIC, count=30)
        assume(not sum_of_negative_zeros(lines, numbers))
        root = 2 + len(lines)
        new, found = simplified(3, lines, [root])
        assert outputs(3, new, found, numbers) == outputs(3, lines, [root], numbers)

    @given(seed=st.integers(0, 2**32), numbers=st.tuples(doubles, doubles, doubles))
    def test_chains_of_additions_and_products_keep_every_bit(self, seed, numbers):
        lines = random_lines(seed, [ops.add, ops.mul], count=30)
        assume(not sum_of_negative_zeros(lines, numbers))
        root = 2 + len(lines)
        new, found = simplified(3, lines, [root])
        assert outputs(3, new, found, numbers) == outputs(3, lines, [root], numbers)

    @given(seed=st.integers(0, 2**32))
    def test_once_simplified_nothing_is_left_to_do(self, seed):
        lines = random_lines(seed)
        roots = list(range(3 + len(lines)))
        new, found = simplified(3, lines, roots)
        again, found_again = simplified(3, new, found)
        assert len(again) <= len(new)
        assert len(simplified(3, again, found_again)[0]) == len(again)

    @given(seed=st.integers(0, 2**32))
    def test_operands_come_before_their_users_and_every_line_is_needed(self, seed):
        lines = random_lines(seed)
        new, roots = simplified(3, lines, [2 + len(lines), 3])
        used = {x for x in roots if type(x) is int}
        for i, (_, args) in enumerate(new, 3):
            operands = [y for x in args for y in (x if type(x) is tuple else (x,)) if type(y) is int]
            assert all(0 <= x < i for x in operands)
            used.update(operands)
        assert used >= set(range(3, 3 + len(new)))


class TestConstants:
    @given(seed=st.integers(0, 2**32))
    def test_an_op_of_constants_is_the_constant_that_the_table_computes(self, seed):
        lines = random_lines(seed, inputs=1)
        constants = [(op, tuple(args)) for op, args in lines]
        new, roots = simplified(0, moved_to_constants(constants), [len(constants) - 1])
        assert new == []
        assert bits(roots[0]) == bits(computed(moved_to_constants(constants), [])[-1])

    def test_a_users_op_of_constants_is_called_in_every_run(self):
        calls = []
        counted = Op("counted", lambda x: calls.append(x) or x, (lambda x, out: 1.0,), register=False)
        lines, roots = simplified(0, [(counted, (2.0,))], [0])
        assert lines == [(counted, (2.0,))]
        assert not calls
        assert roots == [0]

    def test_a_division_by_zero_is_folded_to_an_infinity(self):
        assert simplified(0, [(ops.div, (1.0, -0.0))], [0]) == ([], [-math.inf])


def moved_to_constants(lines):
    """Lines whose only input is the constant 0.5."""
    move = lambda x: 0.5 if x == 0 and type(x) is int else x - 1 if type(x) is int else x  # noqa: E731
    return [
        (op, tuple([tuple(map(move, x)) if type(x) is tuple else move(x) for x in args]))
        for op, args in lines
    ]


class TestSharing:
    def test_the_same_op_of_the_same_operands_is_one_line(self):
        program = trace(lambda x, y: exp(x * y) * (x * y) - exp(x * y), 1.0, 2.0)
        assert [op.name for op, _ in program.lines] == ["mul", "exp", "mul", "sub"]

    def test_sequences_are_shared_too(self):
        program = trace(lambda x, y: [dot([x, y], [y, x]), dot([x, y], [y, x])], 1.0, 2.0)
        assert len(program) == 1
        assert program.outputs[0] == program.outputs[1]

    @settings(max_examples=60)
    @given(x=doubles, y=doubles)
    def test_keys_of_operands_are_equal_where_the_operands_are_the_same(self, x, y):
        operands = [x, y, 0, 1, 0.0, -0.0, 1.0, (x,), (0,), (0.0,), (-0.0,), (1,), (1.0,), (0.0, 1.0)]
        operands += [(-0.0, 0.0), (1.0, 0.0), (False + 0, 0.0), (x, y), (x, 0.0), (x, -0.0), (1, 0.0)]
        for p in operands:
            for q in operands:
                same = repr(p) == repr(q)
                assert (_key(p) == _key(q)) == same or "nan" in repr(p)

    def test_a_negative_zero_is_not_a_one(self):
        """-0.0 is equal to 0.0, and True, which tells its sign, to 1.0."""
        program = trace(lambda c, x: [where(c, x, k) for k in (0.0, -0.0, 1.0, -1.0)], 0.0, 5.0)
        assert list(map(bits, program(0.0, 5.0))) == list(map(bits, [0.0, -0.0, 1.0, -1.0]))
        pairs = trace(lambda x: [sum_of((-0.0, 0.0, x)), sum_of((1.0, 0.0, x))], 0.0)
        assert pairs(1.0) == [1.0, 2.0]

    @given(lines=st.lists(st.tuples(st.integers(0, 2), doubles), max_size=20))
    def test_two_lines_are_one_only_where_their_numbers_are_the_same(self, lines):
        builder = Builder(3)
        places = [(builder.add(ops.maximum, (i, c)), (i, bits(c))) for i, c in lines]
        for place, made in places:
            for other, made_other in places:
                assert place != other or made == made_other

    def test_a_users_ops_are_shared_by_identity(self):
        def twice(k):
            return Op("twice", lambda x: k * x, (lambda x, out: k,), register=False)

        two, three = twice(2.0), twice(3.0)
        program = trace(lambda x: [two(x), three(x), two(x)], 1.0)
        assert len(program) == 2
        assert program(1.0) == [2.0, 3.0, 2.0]


class TestDeadLines:
    def test_lines_that_no_result_needs_are_dropped(self):
        def f(x):
            exp(x)
            return [x * 2.0, x]

        assert [op.name for op, _ in trace(f, 1.0).lines] == ["mul"]

    def test_a_guard_keeps_the_lines_that_it_needs(self):
        program = trace(lambda x: x if exp(x) > 1.0 else -x, 1.0)
        assert [op.name for op, _ in program.lines] == ["exp", "lt"]

    def test_a_condition_of_constants_leaves_no_guard(self):
        program = trace(lambda x: x if Value(2.0) > 1.0 else -x, 1.0)
        assert len(program) == 0
        assert program.guards == ()
        assert program(3.0) == 3.0


class TestGathering:
    def one_line(self, f, *args):
        (line,) = trace(f, *args).lines
        return line

    def test_a_sum_of_products_becomes_a_dot(self):
        op, args = self.one_line(lambda a, b, c, d, e: a * b + c * d + e, *[1.0] * 5)
        assert op is ops.dot
        assert args == ((0, 2, 1.0), (1, 3, 4))

    def test_a_chain_of_additions_becomes_a_sum(self):
        op, args = self.one_line(lambda a, b, c: a + b + c, 1.0, 2.0, 3.0)
        assert op is ops.sum_of
        assert args == ((0, 1, 2),)

    def test_two_terms_stay_an_addition_and_a_lone_product_stays_outside(self):
        assert self.one_line(lambda a, b: a + b, 1.0, 2.0)[0] is ops.add
        names = [op.name for op, _ in trace(lambda a, b, c: a * b + c, 1.0, 2.0, 3.0).lines]
        assert names == ["mul", "add"]

    def test_a_product_with_another_user_is_not_taken_apart(self):
        program = trace(lambda a, b, c: [a * b + b * c + c, a * b], 1.0, 2.0, 3.0)
        assert "mul" in [op.name for op, _ in program.lines]

    def test_the_order_of_additions_stays(self):
        big, small = 1e16, 1.0
        f = lambda a, b, c, d: a + b + c + d  # noqa: E731
        program = trace(f, *[1.0] * 4)
        for numbers in ((big, small, -big, small), (small, big, small, -big), (big, -big, small, small)):
            assert program(*numbers) == f(*numbers)

    def test_sums_in_parentheses_on_the_right_are_terms_of_their_own(self):
        f = lambda a, b, c, d: a + (b + (c + d))  # noqa: E731
        numbers = (1e16, 1.0, 1.0, -1e16)
        assert trace(f, *[1.0] * 4)(*numbers) == f(*numbers)

    def test_pythons_sum_is_one_line_however_long(self):
        (line,) = trace(lambda xs: sum(x * x for x in xs), [float(i) for i in range(100)]).lines
        assert line[0] is ops.dot
        assert len(line[1][0]) == 100

    def test_a_sum_of_nothing_but_negative_zeros_becomes_zero(self):
        f = lambda a, b, c: a + b + c  # noqa: E731
        assert bits(f(-0.0, -0.0, -0.0)) == bits(-0.0)
        assert bits(trace(f, 1.0, 2.0, 3.0)(-0.0, -0.0, -0.0)) == bits(0.0)
        assert bits(trace(f, 1.0, 2.0, 3.0, simplify=False)(-0.0, -0.0, -0.0)) == bits(-0.0)

    @given(numbers=st.lists(doubles, min_size=2, max_size=9))
    def test_all_other_sums_keep_every_bit(self, numbers):
        def f(xs):
            total = xs[0]
            for x in xs[1:]:
                total = total + x
            return total

        expected = f(numbers)
        assume(bits(expected) != bits(-0.0))
        assert bits(trace(f, numbers)(numbers)) == bits(expected)


class TestAsWritten:
    def test_without_simplification_the_lines_are_what_was_written(self):
        def f(x):
            return -(x * -1.0) + (x + 0.0) + (x + 0.0)

        names = [op.name for op, _ in trace(f, 1.0, simplify=False).lines]
        assert names == ["mul", "neg", "add", "add", "add", "add"]
        assert len(trace(f, 1.0)) < len(names)

    @given(seed=st.integers(0, 2**32), numbers=st.tuples(doubles, doubles, doubles))
    def test_nothing_is_shared(self, seed, numbers):
        lines = random_lines(seed)

        def f(*xs):
            found = list(xs)
            for op, args in lines:
                found.append(op(*[picked(found, x) for x in args]))
            return found[3:]

        program = trace(f, *numbers, simplify=False)
        constants = sum(type(out) is float for out in program.outputs)
        assert len(program) + constants == len(lines)
        got = running.run(program, numbers, "python", strict=True)
        assert list(map(bits, got)) == list(map(bits, computed(lines, numbers)[3:]))

    def test_a_program_as_written_is_pickled_as_such(self):
        program = trace(lambda x: x * 1.0 + x * 1.0, 2.0, simplify=False)
        again = pickle.loads(pickle.dumps(program))
        assert again == program
        assert len(again) == 3
