"""Tracing: guards, keys, captured Values, and numbers that would be frozen, which raise."""

import array
import copy
import dataclasses
import gc
import math
import pickle
import random
import threading
import time
import warnings
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_programs import TESTED, bits, random_lines, random_number

import autograd as ag
import nn
from autograd import (
    GuardError,
    Op,
    StaleGraphError,
    TraceError,
    Value,
    dot,
    exp,
    gather,
    grad,
    gradients,
    hessian,
    jit,
    jvp,
    no_grad,
    relu,
    scatter,
    sin,
    trace,
    value_and_grad,
    vjp,
    vmap,
    where,
)
from autograd._native import engine
from autograd.backends import running
from autograd.graph.lines import picked


def line_of(thing):
    """The number of the line in which a function begins."""
    return thing.__code__.co_firstlineno


def tree_of_floats(x):
    return [tree_of_floats(part) for part in x] if isinstance(x, list) else float(x)


class TestGuards:
    def test_a_condition_makes_a_guard_with_its_line(self):
        def f(x):
            if x > 1.0:
                return x * 2.0
            return x

        program = trace(f, 2.0)
        assert program(3.0) == 6.0
        ((place, truth, source),) = program.guards
        assert (place, truth, source) == (1, True, f"test_program_tracing.py:{line_of(f) + 1}")
        with pytest.raises(GuardError) as error:
            program(0.5)
        assert str(error.value) == (
            f"the condition 1.0 < x at {source} was True when f was traced, and is False now, so the program "
            f"does not hold: use jit, which traces each way and keeps it, or write where(condition, x, y) in "
            f"the place of the if"
        )
        for call in (lambda: program.value_and_grad(0.5), lambda: program(Value(0.5))):
            with pytest.raises(GuardError, match=r"the condition 1.0 < x at test_program_tracing.py:"):
                call()
        assert f"guard   %1 is True    # {source}" in str(program)

    def test_jit_traces_each_way_once(self):
        calls = []

        @jit
        def f(x, y):
            calls.append(1)
            if x > y:
                return x - y
            return y * y if y > 0.0 else x

        numbers = [(1.0, 0.0), (2.0, 1.0), (0.0, 3.0), (0.0, 2.0), (-2.0, -1.0), (5.0, 1.0), (-3.0, -0.5)]
        assert [f(*pair) for pair in numbers] == [1.0, 1.0, 9.0, 4.0, -2.0, 4.0, -3.0]
        assert len(calls) == len(f.programs) == 3
        assert sorted(len(program.guards) for program in f.programs) == [1, 2, 2]

    @pytest.mark.parametrize(
        "f",
        [
            lambda x: x if x > 1.0 else -x,
            lambda x: x if x >= 1.0 else -x,
            lambda x: x if x < 1.0 else -x,
            lambda x: x if x <= 1.0 else -x,
            lambda x: x if x == 1.0 else -x,
            lambda x: x if x != 1.0 else -x,
            lambda x: x if x else 5.0,
            lambda x: x if not x > 1.0 else -x,
            lambda x: 1.0 if 0.0 < x < 2.0 else 0.0,
            lambda x: 1.0 if x in (0.0, 2.0) else x,
            lambda x: x if x > 1.0 or x < -1.0 else 0.0,
            lambda x: x if (x > 0.0) & (x < 2.0) else -x,
            lambda x: x if (x < 0.0) | (x > 1.0) else -x,
            lambda x: x if (x > 0.0) ^ (x > 1.0) else -x,
            lambda x: (x > 0.0) * 3.0 + (x < 1.0),
            lambda x: max(x, 1.0) * min(x, 1.0, -x),
            lambda x: sorted([x, 1.0, -x, 0.5])[1] * x,
            lambda x: sum(1.0 for k in range(5) if x > k),
            lambda x: [v for v in (x, -x, 2.0 * x) if v > 0.5],
            lambda x: abs(x) // 2.0 + x % 2.0,
            lambda x: all(v > 0.0 for v in (x, x - 1.0)) * 1.0,
            lambda x: any(v > 0.0 for v in (x, x - 1.0)) * x,
        ],
    )
    def test_conditions_of_every_kind_are_pythons(self, f):
        numbers = [-3.0, -1.0, -0.5, 0.0, 0.25, 1.0, 1.5, 2.0, 7.0, math.inf, math.nan]
        jitted, lanes = jit(f), jit(vmap(f))
        for x in numbers * 2:
            assert str(tree_of_floats(jitted(x))) == str(tree_of_floats(f(x)))
        expected = [tree_of_floats(f(x)) for x in numbers]
        if not isinstance(expected[0], list):
            assert str(lanes(numbers)) == str(expected)

    def test_while_for_and_recursion(self):
        def collatz(n):
            steps = 0
            while n != 1.0:
                n = where(n % 2.0 == 0.0, n / 2.0, 3.0 * n + 1.0)
                steps += 1
            return n * steps

        def power(x, n):
            return x if n <= 1.0 else x * power(x, n - 1.0)

        def newton(a):
            x = a
            for _ in range(60):
                new = 0.5 * (x + a / x)
                if abs(new - x) < 1e-12 * x:
                    return new
                x = new
            return x

        assert [jit(collatz)(n) for n in (1.0, 2.0, 6.0)] == [0.0, 1.0, 8.0]
        f, g = jit(power), jit(newton)
        assert [f(2.0, n) for n in (1.0, 3.0, 5.0)] == [2.0, 8.0, 32.0]
        assert len(f.programs) == 3
        for a in (0.5, 2.0, 9.0, 1e6):
            assert g(a) == newton(a)
            assert grad(g)(a) == pytest.approx(0.5 / math.sqrt(a), rel=1e-12)

    def test_after_64_ways_the_function_itself_is_called_with_one_warning(self):
        f = jit(lambda x: sum(x.exp() * 0.0 + 1.0 for k in range(100) if x > k) * 1.0)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert [f(k + 0.5) for k in range(100)] == [k + 1.0 for k in range(100)]
            assert [f(k + 0.5) for k in range(100)] == [k + 1.0 for k in range(100)]
        assert len(f.programs) == 64
        (warning,) = caught
        assert str(warning.message).startswith(
            "<lambda> has taken 64 ways through its conditions, so jit traces no"
        )
        assert warning.category is RuntimeWarning
        assert warning.filename == __file__
        w = Value(3.0)
        g = jit(lambda x: sum(w * x for k in range(100) if x > k) * 1.0)
        with pytest.warns(RuntimeWarning, match="64 ways"):
            results = [g(k + 0.5) for k in range(70)]
        results[-1].backward()
        assert w.grad == 70 * 69.5

    def test_lanes_that_take_more_than_64_ways_raise(self):
        f = lambda x: sum(1.0 for k in range(100) if x > k) * x  # noqa: E731
        with pytest.raises(TraceError, match="more than 64 ways through the conditions of <lambda>"):
            jit(vmap(f))([k + 0.5 for k in range(100)])

    def test_a_guard_on_the_sign_of_a_zero_falls_back_to_the_function(self):
        """The one number that simplification changes is a sum of negative zeros."""
        f = lambda x, y: x - x + 1.0 if 1.0 / (x + y + x) > 0.0 else x + 2.0  # noqa: E731
        assert jit(f)(-0.0, -0.0) == 2.0

    def test_a_sample_that_takes_an_unknown_way_is_named(self):
        program = trace(lambda xs: vmap(lambda x: x if x > 0.0 else -2.0 * x)(xs), [1.0, 2.0])
        assert program([3.0, 4.0]) == [3.0, 4.0]
        with pytest.raises(GuardError, match="a sample in <lambda> takes another way"):
            program([3.0, -4.0])
        f = jit(lambda xs: vmap(lambda x: x if x > 0.0 else -2.0 * x)(xs))
        assert [f([1.0, 2.0]), f([1.0, -2.0]), f([-1.0, 2.0])] == [[1.0, 2.0], [1.0, 4.0], [2.0, 2.0]]

    def test_a_condition_that_turns_out_to_be_constant(self):
        """x**0 is 1, so the lanes run on constants, and so does the condition."""

        def f(x):
            doubled = vmap(lambda k: k + 1.0)([x**0.0, 1.0])
            return x * x if doubled[0] > 1.0 else x

        for function in (grad(jit(f)), jit(grad(f)), trace(f, 2.0).value_and_grad):
            assert function(3.0) in (6.0, (9.0, 6.0))
        x = Value(3.0)
        jit(f)(x).backward()
        assert x.grad == 6.0

    def test_conditions_on_captured_values_are_guards_too(self):
        w = Value(1.0, "w")
        f = jit(lambda x: x * w if w > 0.0 else -x)
        assert f(3.0).data == 3.0
        w.data = -1.0
        assert f(3.0) == -3.0
        w.data = 2.0
        assert f(3.0).data == 6.0
        assert len(f.programs) == 2


class TestKeys:
    def test_numbers_are_traced_and_strings_bools_and_none_are_keys(self):
        calls = []

        @jit
        def f(x, mode=None):
            calls.append(1)
            return x * 2.0 if mode == "double" or mode is True else x

        for x in (1, 2.0, np.float64(3.0), np.int64(4), np.float32(5.0), Value(6.0).detach()):
            assert f(x) == x
        assert len(calls) == 1
        assert [f(1.0, "double"), f(1.0, "plain"), f(1.0, True), f(1.0, False), f(1.0, None)] == [
            2,
            1,
            2,
            1,
            1,
        ]
        assert len(calls) == 6
        assert [f(5.0, "double"), f(5.0, True), f(5.0, None)] == [10.0, 10.0, 5.0]
        assert len(calls) == 6

    def test_a_program_for_each_structure(self):
        f = jit(lambda t: sum(t.values()) if isinstance(t, dict) else sum(t))
        assert [f([1.0, 2.0]), f((1.0, 2.0)), f([1.0, 2.0, 3.0]), f({"a": 1.0, "b": 4.0})] == [3, 3, 6, 5]
        assert f(np.array([1.0, 2.0])) == 3.0
        assert len(f.programs) == 5
        assert [f([3.0, 4.0]), f(np.array([5.0, 6.0]))] == [7.0, 11.0]
        assert len(f.programs) == 5

    def test_static_arguments_have_a_program_for_each_value(self):
        @jit(static_argnums=(1, -1))
        def f(x, n, names):
            return [x * i for i in range(n)] + [x] * len(names)

        assert f(2.0, 2, ("a",)) == [0.0, 2.0, 2.0]
        assert f(3.0, 3, ()) == [0.0, 3.0, 6.0]
        assert f(4.0, 2, ("a",)) == [0.0, 4.0, 4.0]
        assert len(f.programs) == 2
        with pytest.raises(
            TypeError, match=r"argument 2 is in static_argnums.*has to be hashable.*pass a tuple"
        ):
            f(1.0, 2, ["a"])

    def test_static_numbers_are_told_apart_by_type_and_by_sign(self):
        f = jit(lambda s, x: x * s, static_argnums=0)
        assert list(map(bits, [f(0.0, 1.0), f(-0.0, 1.0), f(0.0, 2.0)])) == list(map(bits, [0.0, -0.0, 0.0]))
        g = jit(lambda s, x: [x, x] if s is True else [x * s], static_argnums=0)
        assert [g(True, 3.0), g(1, 3.0), g(1.0, 3.0)] == [[3.0, 3.0], [3.0], [3.0]]
        h = jit(lambda s, x: x * s, static_argnums=0)
        assert [math.isnan(h(math.nan, 1.0)), math.isnan(h(float("nan"), 1.0))] == [True, True]
        assert len(h.programs) == 1

    @pytest.mark.parametrize(
        "use",
        [
            lambda n: [1.0, 2.0, 3.0][n],
            lambda n: [0.0 for _ in range(n)],
            lambda n: "abc"[n],
            lambda n: np.arange(3.0)[n],
            lambda n: np.zeros(n),
        ],
    )
    def test_indices_and_sizes_raise_and_name_static_argnums(self, use):
        with pytest.raises((TraceError, IndexError, TypeError)) as error:
            jit(use)(2)
        assert "static_argnums" in str(error.value) + "".join(getattr(error.value, "__notes__", []))
        assert len(jit(lambda x, n: [x] * n, static_argnums=1)(2.0, 3)) == 3

    def test_an_index_names_static_argnums(self):
        with pytest.raises(
            TraceError, match=r"an index of Value\(data=2.0\) at test_program_tracing.py:\d+.*static_argnums"
        ):
            jit(lambda n: [1.0, 2.0, 3.0][n])(2)
        with pytest.raises(TraceError, match=r"an index of .*static_argnums"):
            jit(lambda n: [n for _ in range(n)])(2)
        with pytest.raises(TraceError, match=r"int\(\) of .*static_argnums"):
            jit(lambda n: n * int(n))(2)

    def test_other_objects_are_refused_by_name(self):
        for thing in (object(), {1, 2}, print, b"x"):
            with pytest.raises(TypeError, match=r"argument 1 of f is a .*: name it in static_argnums"):
                jit(lambda_named_f())(1.0, thing)
        with pytest.raises(
            TypeError, match=r"argument 0\['a'\]\[1\] of f|argument 0 of f\['a'\]\[1\] is a set"
        ):
            jit(lambda_named_f())({"a": [1.0, {2.0}]}, 1.0)
        with pytest.raises(TypeError, match="the argument y of f is a set"):
            jit(lambda_named_f())(1.0, y={2.0})
        with pytest.raises(TypeError, match="one real number"):
            jit(lambda_named_f())(1j, 1.0)
        with pytest.raises(TypeError, match="too large"):
            jit(lambda_named_f())(10**400, 1.0)
        with pytest.raises(TypeError, match="the result of g is a set"):
            jit(named("g", lambda x: {1.0}))(1.0)

    def test_static_fields_of_dataclasses_are_keys(self):
        f = jit(named("f", lambda d: d.w * len(d.sizes)))
        assert [f(Sized(2.0, (1, 2))), f(Sized(3.0, (1, 2))), f(Sized(3.0, (1,)))] == [4.0, 6.0, 3.0]
        assert len(f.programs) == 2
        with pytest.raises(
            TypeError, match=r"argument 0 of f.sizes is a static field.*hashable.*keep a tuple"
        ):
            f(Sized(2.0, [1, 2]))

    def test_a_program_refuses_arguments_of_another_structure(self):
        program = trace(named("f", lambda x, y=1.0, *, k: x), [1.0, 2.0], k="a")
        assert program([3.0, 4.0], k="a") == [3.0, 4.0]
        for args, kwargs in (
            (([1.0],), {"k": "a"}),
            (((1.0, 2.0),), {"k": "a"}),
            (([1.0, 2.0],), {"k": "b"}),
            (([1.0, 2.0],), {}),
            (([1.0, 2.0], 1.0), {"k": "a"}),
        ):
            with pytest.raises(
                ValueError, match=r"f was traced for arguments of another structure: \(\[1.0, 2.0\], k='a'\)"
            ):
                program(*args, **kwargs)


@dataclasses.dataclass
class Sized:
    w: float
    sizes: tuple = dataclasses.field(default=(), metadata={"static": True})


def named(name, f):
    f.__name__ = name
    return f


def lambda_named_f():
    return named("f", lambda x, y: x)


WAYS = {
    "itself": lambda x, w: w * x,
    "detach": lambda x, w: w.detach() * x,
    "grad": lambda x, w: grad(lambda y: y * w * w)(x) * x,
    "grad by it": lambda x, w: grad(lambda v: v * v * x)(w),
    "gradients": lambda x, w: gradients(w * w * x, w),
    "vjp": lambda x, w: vjp(lambda v: v * v * x, w)[1](1.0)[0],
    "jvp": lambda x, w: jvp(lambda v: v * v * x, (w,), (1.0,))[1],
    "hessian": lambda x, w: hessian(lambda v: v[0] ** 3 * x)([w])[0][0],
    "a condition": lambda x, w: x if w > 3.0 else -x,
    "a condition as a number": lambda x, w: (w > 3.0) * x,
    "where": lambda x, w: where(w > 3.0, x * w, -x),
    "max": lambda x, w: max(w, x) * w,
    "NumPy": lambda x, w: np.array([w, w]) @ np.array([x, 2.0]),
    "a dot": lambda x, w: dot([w, w], [x, 1.0]),
    "jit": lambda x, w: jit(lambda y: y * w)(x),
    "vmap": lambda x, w: vmap(lambda y: y * w, reduce="sum")([x, x + 1.0]),
    "a leaf made inside": lambda x, w: Value(3.0) * x * w,
    "a program with it as an argument": lambda x, w: trace(lambda y, v: y * v, 1.0, 2.0)(x, w),
    "a default argument": lambda x, w: (lambda y, v=w: y * v)(x),
    "a list": lambda x, w: sum([w, x, w]),
}


class TestCapture:
    """Values from outside are live: their numbers are read at each call."""

    @pytest.mark.parametrize("way", WAYS)
    def test_each_way_of_using_one_is_live(self, way):
        w = Value(2.0, "w")
        f = jit(lambda x: WAYS[way](x, w))
        for number in (2.0, 5.0, -1.5, 3.5):
            w.data = number
            for x in (3.0, 0.5):
                got = f(x)
                expected = WAYS[way](Value(x), Value(number))
                numbers = [v.data if type(v) is Value else v for v in (got, expected)]
                assert numbers[0] == pytest.approx(numbers[1], rel=1e-14)

    def test_slopes_are_cut_by_detach_and_no_grad_and_numbers_stay_live(self):
        w = Value(2.0, "w")

        def cut(x):
            with no_grad():
                y = w * w
            return y * x + w

        for f, expected in ((lambda x: w.detach() * w * x, lambda w, x: w * x), (cut, lambda w, x: 1.0)):
            jitted = jit(f)
            for number in (2.0, 7.0):
                w.data, w.grad = number, 0.0
                out = jitted(3.0)
                assert out.data == f(3.0).data
                out.backward()
                assert w.grad == expected(number, 3.0)
                w.grad = 0.0
                f(3.0).backward()
                assert w.grad == expected(number, 3.0)
        inside = jit(grad(lambda x: x * x.detach()))
        assert [inside(3.0), inside(5.0)] == [3.0, 5.0]
        assert grad(jit(lambda x: x * x.detach()))(3.0) == 3.0

    def test_a_program_that_is_traced_under_no_grad_differentiates_all_the_same(self):
        f = jit(lambda x: x * x)
        with no_grad():
            assert f(3.0) == 9.0
        assert grad(f)(3.0) == 6.0
        assert len(f.programs) == 1

    def test_a_copy_of_a_jitted_function_reads_the_values_that_its_function_reads(self):
        w = Value(2.0, "w")
        f = jit(lambda x: w * x, backend="python")
        f(1.0)
        for other in (copy.copy(f), copy.deepcopy(f)):
            w.data = 5.0
            assert other(1.0).data == f(1.0).data == 5.0
            assert (other.backend, other.__name__) == ("python", "<lambda>")
            w.data = 2.0

        class Model:
            def __init__(self):
                self.w = Value(3.0)
                self.scaled = jit(self.scale)

            def scale(self, x):
                return self.w * x

        model = Model()
        model.scaled(1.0)
        copied = copy.deepcopy(model)
        copied.w.data = 7.0
        assert (copied.scaled(1.0).data, model.scaled(1.0).data) == (7.0, 3.0)

    def test_inner_nodes_are_captured_without_their_history(self):
        w = Value(2.0, "w")
        h = w
        for _ in range(100):
            h = h * 1.0
        f = jit(lambda x: h * x)
        f(3.0).backward()
        assert w.grad == 3.0
        assert len(f.programs[0]) == 1
        w.data = 5.0
        with pytest.raises(
            StaleGraphError, match=r"the leaf 'w' was given the number 5.0 after mul had used it"
        ):
            f(3.0)

    def test_a_stale_node_raises_when_it_is_captured(self):
        w = Value(2.0, "w")
        h = w * w
        w.data = 3.0
        with pytest.raises(StaleGraphError):
            jit(lambda x: h * x)(1.0)
        with pytest.raises(StaleGraphError):
            trace(lambda x: h * x, 1.0)

    def test_a_bare_program_keeps_the_numbers_of_its_trace(self):
        w = Value(2.0, "w")
        program = trace(lambda x: w * x, 1.0)
        assert program.inputs == ("x", "w")
        w.data = 5.0
        assert program(3.0) == 6.0
        assert w.grad == 0.0

    def test_trace_inside_a_trace_may_not_freeze_a_value(self):
        w = Value(2.0, "w")
        with pytest.raises(TraceError, match=r"uses the Value Value\(data=2.0, label='w'\) from outside"):
            jit(lambda x: trace(lambda y: y * w, 1.0)(x))(3.0)
        with pytest.raises(TraceError, match="from outside"):
            jit(lambda x: trace(lambda y: y * x, 1.0)(x))(3.0)
        assert jit(lambda x: trace(lambda y: y * y, 1.0)(x))(3.0) == 9.0

    def test_a_program_holds_no_value(self):
        w = Value(2.0, "w")
        seen = weakref.ref(w)
        program = trace(lambda x: w * x if x > 0.0 else x, 1.0)
        program(2.0)
        program.value_and_grad(2.0)
        w = None
        gc.collect()
        assert seen() is None
        assert program(3.0) == 6.0

    def test_constants_are_those_of_the_trace_as_documented(self):
        k = [2.0]
        f = jit(lambda x: x * k[0])
        assert f(3.0) == 6.0
        k[0] = 10.0
        assert f(3.0) == 6.0
        g = jit(lambda x: x + random.random())
        assert g(0.0) == g(0.0)
        assert "is constant" in jit.__doc__


W = Value(2.0, "w")
READS = {
    "data": (lambda v: v.data, r"\.data of "),
    "item": (lambda v: v.item(), r"\.data of "),
    "float": (lambda v: float(v), r"float\(\) of .*autograd.exp, not math.exp"),
    "int": (lambda v: int(v), r"int\(\) of .*static_argnums"),
    "grad": (lambda v: v.grad, r"\.grad of .*take gradients by transforms"),
    "math.exp": (lambda v: math.exp(v), r"float\(\) of .*autograd.exp, not math.exp"),
    "math.fsum": (lambda v: math.fsum([v]), r"float\(\) of "),
    "math.isnan": (lambda v: math.isnan(v), r"float\(\) of "),
    "complex": (lambda v: complex(v).real, r"float\(\) of "),
    "index": (lambda v: [1.0, 2.0, 3.0, 4.0][v], "an index of .*static_argnums"),
    "gather": (lambda v: gather([v], "data")[0], r"\.data of "),
    "gather of grads": (lambda v: gather([v], "grad")[0], r"\.grad of "),
    "np.float64": (lambda v: np.float64(v), r"float\(\) of "),
    "an array of floats": (lambda v: np.array([v, 1.0], dtype=float)[0], r"float\(\) of "),
    "array.array": (lambda v: array.array("d", [v])[0], r"float\(\) of "),
    "np.isfinite": (lambda v: 1.0 if np.isfinite(v) else 0.0, r"\.data of "),
    "percent": (lambda v: len("%f" % v) * 1.0, r"float\(\) of "),  # noqa: UP031
    "explain": (lambda v: ag.explain(v * v, v).value, r"\.data of "),
    "steps": (lambda v: [step.after for step in ag.steps(v * v)], r"\.data of |\.grad of "),
}


class TestNothingIsFrozenSilently:
    def refused(self, f, *args, match):
        """Tracing f raises and nothing has changed."""
        for make in (
            lambda: jit(f)(*args),
            lambda: trace(f, *args),
            lambda: jit(vmap(f))(*[[x] for x in args]),
        ):
            with pytest.raises(TraceError, match=match) as error:
                make()
            assert "would keep this number in every later call. Instead, " in str(error.value)
            assert "test_program_tracing.py:" in str(error.value) or ".py:" in str(error.value)

    @pytest.mark.parametrize("read", READS)
    def test_reading_the_number_of_an_argument(self, read):
        use, match = READS[read]
        self.refused(lambda x: x * use(x), 2.0, match=match)
        self.refused(lambda x: x * use(x + 1.0), 2.0, match=match)

    @pytest.mark.parametrize("read", READS)
    def test_reading_the_number_of_a_captured_value(self, read):
        use, match = READS[read]
        self.refused(lambda x: x * use(W), 2.0, match=match)
        h = W * 1.0
        self.refused(lambda x: x * use(h), 2.0, match=match)

    def test_under_no_grad_as_well(self):
        def f(x):
            with no_grad():
                return x * W.data

        self.refused(f, 1.0, match=r"\.data of ")

    @pytest.mark.parametrize("name", ["data", "grad"])
    def test_setting(self, name):
        w = Value(2.0, "w")
        w.grad = 0.5

        def assign(x):
            setattr(w, name, 3.0)
            return x * w

        self.refused(assign, 1.0, match=rf"\.{name} = of ")
        self.refused(lambda x: scatter([w], name, [3.0]) or x, 1.0, match=rf"\.{name} = of ")
        assert (w.data, w.grad) == (2.0, 0.5)

    def test_backward_inside(self):
        w = Value(2.0, "w")

        def step(x, y):
            loss = (w * x - y) ** 2
            loss.backward()
            return loss

        self.refused(
            step, 1.0, 2.0, match=r"backward\(\) of .*return the loss, and call backward\(\) on the result"
        )
        self.refused(lambda x: ag.backward(w * x) or x, 1.0, match=r"backward\(\) of ")
        assert w.grad == 0.0

    def test_a_whole_training_step(self):
        model = nn.MLP(2, [3, 1])

        def step(x, y):
            loss = (model(x) - y) ** 2
            for p in model.parameters():
                p.grad = 0.0
            loss.backward()
            for p in model.parameters():
                p.data -= 0.1 * p.grad
            return loss

        before = [p.data for p in model.parameters()]
        with pytest.raises(TraceError, match=r"\.grad = of "):
            jit(step)([1.0, 2.0], 1.0)
        assert [p.data for p in model.parameters()] == before

    def test_optimisers_inside(self):
        model = nn.MLP(2, [3, 1])
        optimiser = nn.SGD(model.parameters(), 0.1)

        def step(x):
            optimiser.step()
            return model(x)

        with pytest.raises(TraceError):
            jit(step)([1.0, 2.0])

    def test_micrograds_own_loss(self):
        """Its accuracy reads `.data`; counted by `>` instead, it is traced."""
        model = nn.MLP(2, [4, 1])
        X, y = [[1.0, 2.0], [-1.0, 0.5], [0.3, -2.0]], [1.0, -1.0, 1.0]

        def loss(X, y, by_data):
            scores = list(map(model, X))
            losses = [relu(1.0 + -yi * score) for yi, score in zip(y, scores, strict=True)]
            data_loss = sum(losses) * (1.0 / len(losses))
            reg_loss = 1e-4 * sum(p * p for p in model.parameters())
            right = [
                (yi > 0.0) == ((score.data if by_data else score) > 0.0)
                for yi, score in zip(y, scores, strict=True)
            ]
            return data_loss + reg_loss, sum(right) / len(right)

        with pytest.raises(TraceError, match=r"\.data of .*compare Values"):
            jit(lambda X, y: loss(X, y, True))(X, y)
        f = jit(lambda X, y: loss(X, y, False))
        for _ in range(5):
            for p in model.parameters():
                p.grad = 0.0
            expected, accuracy = loss(X, y, True)
            expected.backward()
            grads = [p.grad for p in model.parameters()]
            for p in model.parameters():
                p.grad = 0.0
            got, found = f(X, y)
            got.backward()
            assert got.data == pytest.approx(expected.data, rel=1e-13)
            assert found.data == accuracy
            assert [p.grad for p in model.parameters()] == pytest.approx(grads, rel=1e-12, abs=1e-15)
            for p in model.parameters():
                p.data -= 0.1 * p.grad

    def test_dropout_in_training(self):
        dropout = nn.Dropout(0.5)
        with pytest.raises(TraceError, match="dropout draws random numbers"):
            jit(dropout)([1.0, 2.0])
        dropout.eval()
        assert jit(dropout)([1.0, 2.0]) == [1.0, 2.0]

    def test_values_that_the_function_keeps(self):
        kept, holder = [], type("Holder", (), {})()
        message = "kept a Value of its trace, in a list, an attribute or a global variable"

        def attribute(x):
            holder.last = x * 2.0
            return x

        for f in (lambda x: kept.append(x) or x, lambda x: kept.append(exp(x) * 2.0) or x, attribute):
            with pytest.raises(TraceError, match=message):
                jit(f)(1.0)
            kept.clear()
            holder.last = None
        cache = {}
        with pytest.raises(TraceError, match=message):
            jit(lambda x: cache.setdefault("x", x * 2.0) * x)(1.0)
        assert jit(lambda x: [x, [x * 2.0]])(1.0) == [1.0, [2.0]]

    def test_copies_and_pickles_of_captured_values(self):
        w = Value(2.0, "w")
        for copied in (copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))):
            with pytest.raises((TraceError, TypeError)):
                jit(lambda x, copied=copied: copied(w) * x)(1.0)
        assert jit(lambda x: copy.copy(x) * copy.deepcopy(x))(3.0) == 9.0

    def test_texts_are_allowed(self):
        w = Value(2.0, "w")
        texts = []

        def f(x):
            texts.append(f"{x} {w!r} {x:.2f} {w!s}")
            return x * w

        assert jit(f)(1.5).data == 3.0
        assert texts == ["Value(data=1.5) Value(data=2.0, label='w') 1.50 Value(data=2.0, label='w')"]

    def test_after_an_error_everything_is_as_before(self):
        w = Value(2.0, "w")
        with pytest.raises(TraceError):
            jit(lambda x: x * w.data)(1.0)
        assert w.data == 2.0
        assert (w > 1.0) is True
        assert float(w.detach()) == 2.0
        (w * w).backward()
        assert w.grad == 4.0
        f = jit(lambda x: 1.0 / 0.0 if x > 0.0 else x)
        with pytest.raises(ZeroDivisionError):
            f(1.0)
        assert f(-1.0) == -1.0


class TestThreads:
    def run(self, *jobs):
        """Run the jobs at once; the first exception of any is raised."""
        barrier, errors = threading.Barrier(len(jobs)), []

        def job(f):
            try:
                barrier.wait()
                f()
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=job, args=(f,)) for f in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for error in errors:
            raise error

    def test_a_program_is_called_from_several_threads(self):
        f = lambda x, ys: vmap(lambda y: exp(x * y) * sin(y), reduce="sum")(ys) * x  # noqa: E731
        ys = [0.1 * i for i in range(10)]
        program = trace(f, 1.0, ys)
        expected = {k: value_and_grad(f)(k * 0.01, ys) for k in range(20)}

        def job():
            for k in range(20):
                assert program.value_and_grad(k * 0.01, ys) == pytest.approx(expected[k], rel=1e-12)
                assert program(k * 0.01, ys) == pytest.approx(expected[k][0], rel=1e-12)

        self.run(*[job] * 4)

    def test_a_jitted_function_with_branches_is_called_from_several_threads(self):
        def f(x):
            total = x
            for k in range(5):
                total = total + (x if x > k else -x) * k
            return total

        for _ in range(5):
            jitted = jit(f)

            def job(jitted=jitted):
                for _ in range(20):
                    for k in range(7):
                        assert jitted(k - 0.5) == f(k - 0.5)

            self.run(*[job] * 4)
            assert len({str(program.guards) for program in jitted.programs}) <= 6

    def test_two_threads_trace_at_once(self):
        w, v = Value(2.0, "w"), Value(3.0, "v")

        def job(leaf, scale):
            def f(x):
                y = x
                for _ in range(50):
                    y = y * 0.5 + leaf * scale
                return y if y > -1e9 else x

            def check():
                for _ in range(10):
                    program = trace(f, 1.0)
                    assert program(4.0) == f(4.0).data
                    assert program.inputs == ("x", leaf.label)
                    assert len(program.guards) == 1

            return check

        self.run(job(w, 1.5), job(v, -0.25), job(w, 3.0))

    def test_one_thread_traces_while_another_reads_numbers(self):
        w = Value(2.0, "w")
        stop = threading.Event()

        def tracing():
            try:
                for _ in range(50):
                    trace(lambda x: x * w if x > 0.0 else x, 1.0)
            finally:
                stop.set()

        def reading():
            while not stop.is_set():
                assert w.data == 2.0
                assert (w > 1.0) is True
                assert float(w.detach()) == 2.0

        self.run(tracing, reading)


def cube(x):
    return x**3 + 2.0 * x if x > 0.0 else x


class TestPrograms:
    """What a Program is beside a function: text, equality, pickles."""

    def test_the_text(self):
        program = trace(named("f", lambda x, ys: [exp(x * ys[0]) - ys[1], x]), 1.0, [2.0, 3.0])
        assert str(program) == (
            "f(x, ys[0], ys[1]): 3 inputs, 3 lines, 2 results\n"
            "  %3 = x * ys[0]\n  %4 = exp(%3)\n  %5 = %4 - ys[1]\n  return %5, x"
        )
        assert repr(program) == "<program f: 3 inputs, 3 lines, 2 results>"
        assert len(program) == 3

    def test_names_of_inputs(self):
        w = Value(1.0, "w")
        program = trace(
            lambda a, b, *rest, k: a["x"][0] + b + rest[0] + rest[1] + k + w * Value(2.0),
            {"x": [1.0]},
            2.0,
            3.0,
            4.0,
            k=5.0,
        )
        assert program.inputs == ("a['x'][0]", "b", "rest[0]", "rest[1]", "k", "w")
        assert trace(lambda a: a.sum(), np.ones((1, 2))).inputs == ("a[0, 0]", "a[0, 1]")

    def test_equality_and_hash_are_of_the_lines(self):
        first, second = trace(lambda x: x * 2.0, 1.0), trace(lambda y: y * 2.0, 3.0)
        assert first == second
        assert hash(first) == hash(second)
        for other in (
            trace(lambda x: x * 3.0, 1.0),
            trace(lambda x: x * -2.0, 1.0),
            trace(lambda x: [x * 2.0, x], 1.0),
            trace(lambda x, y: x * 2.0, 1.0, 2.0),
            trace(lambda x: x * 2.0 if x > 0.0 else x, 1.0),
            trace(lambda x: x * 0.0, 1.0),
            "x * 2.0",
        ):
            assert first != other
        assert trace(lambda x: x * 0.0, 1.0) != trace(lambda x: x * -0.0, 1.0)

    def test_pickles_compute_the_same(self):
        w = Value(0.5, "w")
        programs = [
            (trace(cube, 2.0), (3.0,)),
            (trace(lambda x: w * x, 2.0), (3.0,)),
            (trace(lambda xs: vmap(lambda x: x * w if x > 0.0 else x)(xs), [1.0, -1.0]), ([2.0, -3.0],)),
            (trace(value_and_grad(cube), 2.0), (1.5,)),
            (trace(lambda a: {"a": a @ a, "b": [a.sum()]}, np.array([1.0, 2.0])), (np.array([3.0, 4.0]),)),
        ]
        for program, args in programs:
            again = pickle.loads(pickle.dumps(program))
            assert again == program
            assert hash(again) == hash(program)
            assert str(again) == str(program)
            assert str(again(*args)) == str(program(*args))

    def test_formulas(self):
        assert str(trace(lambda x, y: x * exp(y), 1.0, 2.0).formula()) == "x * exp(y)"
        found = trace(lambda t: {"a": t[0] + 1.0, "b": [t[1], 2.0]}, [1.0, 2.0]).formula()
        assert str(found["a"]) == "t[0] + 1"
        assert str(found["b"][0]) == "t[1]"
        assert found["b"][1] == 2.0

    @given(seed=st.integers(0, 2**32))
    def test_the_python_text_computes_the_same(self, seed):
        """To the last bit; beside the native engine, whose kernels are its own, for rows rounded once."""
        lines = random_lines(seed, [op for op in TESTED if engine is None or op.ulp <= 0.5])
        draw = random.Random(seed)
        numbers = [random_number(draw) for _ in range(3)]

        def f(*xs):
            found = list(xs)
            for op, args in lines:
                found.append(op(*[picked(found, x) for x in args]))
            return found[3:]

        program = trace(f, *numbers)
        text = program.to_python()
        scope = {}
        exec(text, scope)
        try:
            got = scope["f"](*numbers)
        except ZeroDivisionError:
            return  # as Python's own division
        expected = running.run(program, numbers, "python", True)
        assert list(map(bits, got)) == list(map(bits, expected))

    def test_the_python_text_checks_the_conditions(self):
        text = trace(cube, 2.0).to_python()
        scope = {}
        exec(text, scope)
        assert scope["cube"](3.0) == (33.0,)
        with pytest.raises(
            ValueError, match=r"the condition at test_program_tracing.py:\d+ has another outcome"
        ):
            scope["cube"](-1.0)

    def test_the_python_text_with_names_that_python_or_the_text_uses(self):
        def f(v3, inf, exp_, lambda_, x):
            return [exp(v3 * inf) + exp_ - lambda_, x["class"], x["exp"] * math.inf, x["v4"] * -1e300]

        args = (1.0, 2.0, 3.0, 4.0, {"class": 5.0, "exp": 6.0, "v4": 7.0})
        text = trace(f, *args).to_python()
        scope = {}
        exec(text, scope)
        assert scope["f"](1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0) == (
            math.exp(2.0) + 3.0 - 4.0,
            5.0,
            math.inf,
            -7e300,
        )

    def test_the_python_text_of_a_users_op_is_refused(self):
        mine = Op("mine", lambda x: x, (lambda x, out: 1.0,), register=False)
        with pytest.raises(ValueError, match="calls mine, which has no Python text of its own"):
            trace(mine, 1.0).to_python()
        with pytest.raises(ValueError, match=r"calls lanes\[1\] of mine, which has no Python text"):
            trace(vmap(mine), [1.0]).to_python()

    def test_the_python_text_of_a_program_without_results(self):
        scope = {}
        exec(trace(named("nothing", lambda x: None), 1.0).to_python(), scope)
        assert scope["nothing"](1.0) == ()

    def test_value_and_grad(self):
        f = lambda p, x: p["w"] * x + p["b"] ** 2  # noqa: E731
        program = trace(f, {"w": 1.0, "b": 2.0}, 3.0)
        assert program.value_and_grad({"w": 5.0, "b": 4.0}, 2.0) == (26.0, {"w": 2.0, "b": 8.0})
        assert program.value_and_grad({"w": 5.0, "b": 4.0}, 2.0, argnums=1) == (26.0, 5.0)
        assert program.value_and_grad({"w": 5.0, "b": 4.0}, 2.0, argnums=(1, 0)) == (
            26.0,
            (5.0, {"w": 2.0, "b": 8.0}),
        )
        assert program.value_and_grad({"w": 5.0, "b": 4.0}, 2.0, argnums=-1)[1] == 5.0
        with pytest.raises(TypeError, match="traced with 2 positional arguments, so there is no argument 2"):
            program.value_and_grad({"w": 5.0, "b": 4.0}, 2.0, argnums=2)
        with pytest.raises(TypeError, match="a gradient is of one number, and <lambda> has 2 results"):
            trace(lambda x: [x, x], 1.0).value_and_grad(1.0)

    def test_value_and_grad_of_values_is_differentiable(self):
        program = trace(lambda x: x**3, 2.0)
        x = Value(3.0)
        value, slope = program.value_and_grad(x)
        assert (value.data, slope.data) == (27.0, 27.0)
        slope.backward()
        assert x.grad == 18.0

    @pytest.mark.long
    def test_long_programs_are_traced_and_run_in_linear_time(self):
        def f(x, n):
            for _ in range(n):
                x = x * 0.5 + 0.25
            return x

        def seconds(n):
            start = time.process_time()
            program = trace(lambda x: f(x, n), 1.0)
            assert program(1.0) == f(1.0, n)
            assert grad(jit(lambda x: f(x, n)))(1.0) == pytest.approx(0.5**n)
            return time.process_time() - start

        short = min(seconds(500) for _ in range(3))
        assert seconds(10_000) < 20 * 5 * short  # steps for each pair of lines would take 400 times as long
