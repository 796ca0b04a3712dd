"""Quick calls: those that the machine makes without Python have the results of those that Python makes."""

import collections
import copy
import gc
import operator
import pickle
import random
import sys
import threading
import weakref
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest
from threads import run_in_threads

from autograd import (
    Value,
    custom_derivative,
    exp,
    grad,
    is_tracing,
    jit,
    log,
    no_grad,
    sqrt,
    sum_of,
    trace,
    value_and_grad,
    vmap,
    where,
)
from autograd._machine import machine

needs_machine = pytest.mark.skipif(machine is None, reason="the machine makes quick calls")


class Pair(NamedTuple):
    a: object
    b: object


@dataclass
class Point:
    x: float
    y: float
    name: str = "p"


class Rows(list):
    pass


class Matrix(np.ndarray):
    pass


def tree_sum(tree):
    """The sum of the leaves, each times another number; so that an exchange of two leaves is seen."""
    return sum_of([x * (i + 1.0) for i, x in enumerate(leaves(tree))]) + 0.5


def leaves(tree):
    if isinstance(tree, dict):
        return [x for branch in tree.values() for x in leaves(branch)]
    if isinstance(tree, (list, tuple)):
        return [x for branch in tree for x in leaves(branch)]
    if isinstance(tree, np.ndarray):
        return list(tree.ravel())
    if isinstance(tree, Point):
        return leaves([tree.x, tree.y])
    return [] if tree is None or isinstance(tree, (str, bool)) else [tree]


def written(x):
    """A text of types and values, to the last bit, that equal results share."""
    if isinstance(x, np.ndarray):
        return f"{type(x).__name__} {x.dtype} {x.shape} {[float(y).hex() for y in x.ravel()]}"
    if isinstance(x, dict):
        return f"{type(x).__name__} {[(k, written(y)) for k, y in x.items()]}"
    if isinstance(x, (list, tuple)):
        return f"{type(x).__name__} {[written(y) for y in x]}"
    if isinstance(x, Point):
        return f"Point {written(x.x)} {written(x.y)} {x.name}"
    return f"{type(x).__name__} {x.hex() if isinstance(x, float) else x!r}"


def forbidden(*args, **kwargs):
    raise AssertionError("this call is not quick")


def quick(f, *args, **kwargs):
    """The result of a call, which has to be quick where there is the machine."""
    if machine is not None:
        f._call = forbidden
    try:
        return f(*args, **kwargs)
    finally:
        vars(f).pop("_call", None)


def slow(f, *args, **kwargs):
    """The result of a call in Python."""
    f.forget_quick_calls()
    return f(*args, **kwargs)


BASE = np.arange(24.0).reshape(4, 6) / 7.0
ARRAYS = {  # of shape (2, 3), and quick
    "rows": BASE[:2, :3].copy(),
    "columns": np.asfortranarray(BASE[:2, :3]),
    "view": BASE[::2, ::2],
    "reversed": BASE[1::-1, 2::-1],
    "transposed": np.arange(6.0).reshape(3, 2).T,
    "repeated": np.broadcast_to(np.arange(3.0), (2, 3)),
    "read only": np.frombuffer(np.arange(6.0).tobytes()).reshape(2, 3),
    "unusual numbers": np.array([[0.0, -0.0, 5e-324], [1e300, -1.0, 2.0]]),
}
for kind in "f4 i1 u1 i2 u2 i4 u4 i8".split():
    ARRAYS[kind] = (np.arange(6.0) * 41.3 - 0.5 + (kind == "i8") * 2**62).astype(kind).reshape(3, 2).T
OTHER_ARRAYS = {  # of the same key or another, for Python
    "float16": BASE[:2, :3].astype("f2"),
    "bools": np.eye(2, 3) > 0,
    "large": np.arange(2**64 - 6, 2**64, dtype="u8").reshape(2, 3),
    "complex": np.ones((2, 3)) * 1j,
    "texts": np.full((2, 3), "a"),
    "long": np.arange(6, dtype=np.longdouble).reshape(2, 3),
    "big-endian": BASE[:2, :3].astype(">f8"),
    "not aligned": np.frombuffer(b"1" + np.arange(6.0).tobytes(), "f8", offset=1).reshape(2, 3),
    "objects": np.array([[1.0, 2, True], [0.5, 3.0, 4]], dtype=object),
    "subclass": BASE[:2, :3].copy().view(Matrix),
    "wrong shape": BASE[:3, :2],
    "flat": np.arange(6.0),
    "0-d": np.array(2.5),
    "empty": np.zeros((0, 3)),
    "no columns": np.zeros((2, 0)),
}
NUMBERS = [2.5, -0.0, 3, 2**62, -(2**63), np.float64(1.25), float("inf"), float("nan")]
OTHER_NUMBERS = [True, 2**63, 2**70, np.float32(0.1), np.int64(3), np.bool_(True)]


@needs_machine
@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_of_doubles_are_quick_whatever_their_strides(kind):
    f = jit(lambda x: x * 2.0 + x[0, 0])
    f(np.ones((2, 3)))
    x = ARRAYS[kind]
    numbers = x.astype(float)
    assert written(quick(f, x)) == written(numbers * 2.0 + numbers[0, 0]) == written(slow(f, x))


@pytest.mark.parametrize("kind", OTHER_ARRAYS)
def test_other_arrays_have_the_results_that_python_gives(kind):
    f, plain = jit(lambda x: [tree_sum(x), x]), jit(lambda x: [tree_sum(x), x], backend="python")
    f(np.ones((2, 3)))
    x = OTHER_ARRAYS[kind]
    if x.dtype.kind in "cU":
        with pytest.raises(TypeError):
            f(x)
        return
    expected = written(plain(x))
    assert [written(f(x)), written(f(x)), written(slow(f, x))] == [expected] * 3


@pytest.mark.parametrize("x", NUMBERS, ids=repr)
def test_numbers_are_quick(x):
    f, plain = (jit(lambda x, y: (x + y, [y, x]), backend=b) for b in ("auto", "python"))
    f(1.0, 2.0)
    if type(x) is np.float64:
        f(x, x)  # the machine may not have met NumPy before
    assert written(quick(f, x, x)) == written(plain(x, x)) == written(slow(f, x, x))


@pytest.mark.parametrize("x", OTHER_NUMBERS, ids=repr)
def test_other_numbers_have_the_results_that_python_gives(x):
    f, plain = (jit(lambda x: [2.0 * x, "1"], backend=b) for b in ("auto", "python"))
    f(1.0)
    assert [written(f(x)), written(f(x)), written(slow(f, x))] == [written(plain(x))] * 3


STRUCTURES = {
    "number": 2.0,
    "list": [1.0, 2.0, 3.0],
    "tuple": (1.0, 2.0),
    "empty list": [],
    "empty tuple": (),
    "empty dict": {},
    "mixed": [1.0, [2.0, (3.0, None)], "text", True],
    "dict": {"w": [1.0, 2.0], "b": 3.0},
    "keys": {1: 2.0, (1, 2): 3.0, None: 4.0, "é": 5.0},
    "arrays": [np.ones((2, 3)), np.ones(3), np.ones((1, 2, 2)), np.ones((0,)), np.array(2.0)],
    "dict of arrays": {"w": np.eye(2), "deep": {"b": (np.zeros(2), 1.0)}},
    "texts": ["ab", "", False, None, 1.0],
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_a_structure_is_quick(name):
    x = STRUCTURES[name]
    f, plain = (jit(lambda t: (tree_sum(t), t), backend=b) for b in ("auto", "python"))
    f(x)
    if name == "keys":  # of which the tuple is another object, made of the same numbers
        x = {**x}
    assert written(quick(f, copy.copy(x))) == written(plain(x)) == written(slow(f, x))


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_structure_is_told_from_every_other(name):
    f, plain = (jit(lambda t: (tree_sum(t), t), backend=b) for b in ("auto", "python"))
    f(STRUCTURES[name])
    for other in STRUCTURES.values():
        assert written(f(other)) == written(plain(other))
        assert written(f(STRUCTURES[name])) == written(plain(STRUCTURES[name]))


LIKE = [  # structures that are nearly alike
    [1.0, 2.0],
    (1.0, 2.0),
    Pair(1.0, 2.0),
    Rows([1.0, 2.0]),
    [1.0, 2.0, 3.0],
    [[1.0, 2.0]],
    [1.0, [2.0]],
    {"a": 1.0, "b": 2.0},
    {"b": 1.0, "a": 2.0},
    OrderedDict(a=1.0, b=2.0),
    collections.defaultdict(float, a=1.0, b=2.0),
    {"a": 1.0, "c": 2.0},
    {"a": 1.0},
    {1: 1.0, 2: 2.0},
    {True: 1.0, 2: 2.0},
    {1.0: 1.0, 2.0: 2.0},
    Point(1.0, 2.0),
    Point(1.0, 2.0, "q"),
    Point(1, np.ones(2)),
    np.array([1.0, 2.0]),
    np.array([[1.0, 2.0]]),
    [1.0, None],
    [1.0, True],
    [1.0, 1],
    [1.0, "1"],
    [1.0, "2"],
    None,
    True,
    False,
    "1",
]


@pytest.mark.parametrize("seed", range(5))
def test_structures_that_are_alike_in_any_order(seed):
    f, plain = (jit(lambda t: (tree_sum(t), [t, t]), backend=b) for b in ("auto", "python"))
    chosen = random.Random(seed)
    for _ in range(150):
        x = chosen.choice(LIKE)
        assert written(f(x)) == written(plain(x))
    assert list(f._kept) == list(plain._kept)


@needs_machine
@pytest.mark.parametrize(
    "result",
    [
        lambda x: Pair(x, [x * 2.0]),
        lambda x: Point(x, x * 3.0, "r"),
        lambda x: [Point(x, 1), {"a": Pair(x, None)}],
        lambda x: Rows([x, x]),
        lambda x: OrderedDict(b=x, a=x * 2.0),
        lambda x: np.array([[x, x * 2.0]]),
        lambda x: np.array(x * 2.0),
        lambda x: np.zeros((0, 2)),
        lambda x: (x, 1, 2.5, True, None, "text", np.float64(2.0)),
        lambda x: {},
        lambda x: None,
        lambda x: [],
    ],
)
def test_results_are_those_of_python(result):
    f, plain = jit(result), jit(result, backend="python")
    expected = written(plain(1.5))
    assert [written(f(1.5)), written(quick(f, 1.5)), written(quick(f, 1.5)), written(slow(f, 1.5))] == [
        expected
    ] * 4


@needs_machine
def test_arrays_of_a_result_are_new_each_time():
    f = jit(lambda x: [x * 2.0, x])
    x = np.arange(3.0)
    f(x)
    first, second = quick(f, x), quick(f, x)
    first[0][:] = 7.0
    first[1][:] = 8.0
    assert second[0].tolist() == [0.0, 2.0, 4.0]
    assert x.tolist() == [0.0, 1.0, 2.0]
    assert first[0].flags.c_contiguous
    assert first[0].flags.writeable


@needs_machine
def test_keywords_are_quick_in_the_order_in_which_they_were_given():
    def f(x, *, y=2.0, z=3.0):
        return [x * 2.0, y, z]

    f = jit(f)
    for given in [{"y": 5.0}, {"z": 5.0}, {"y": 5.0, "z": 6.0}, {"z": 6.0, "y": 5.0}, {}]:
        assert f(1.0, **given) == quick(f, 1.0, **given) == f.f(1.0, **given)
    with pytest.raises(TypeError):
        f(1.0, w=2.0)
    with pytest.raises(TypeError):
        f(1.0, 5.0)


class Model:
    def __init__(self, weight):
        self.weight = weight

    @jit(static_argnums=0)
    def scaled(self, x):
        return self.weight * x


@needs_machine
def test_methods_whose_object_is_static_are_quick_for_each_object():
    a, b = Model(2.0), Model(3.0)
    assert [a.scaled(1.0), b.scaled(1.0), a.scaled(1.0)] == [2.0, 3.0, 2.0]
    Model.scaled._call = forbidden
    try:
        assert [a.scaled(2.0), b.scaled(2.0), a.scaled(3.0)] == [4.0, 6.0, 6.0]
        with pytest.raises(AssertionError):
            Model(2.0).scaled(2.0)
    finally:
        del Model.scaled._call


@pytest.mark.parametrize(
    "statics",
    [(1, True, 1.0, np.True_), ("a", "b", None), (0.0, -0.0, 0), ((1,), (True,), (1.0,)), (len, abs)],
)
def test_static_arguments_are_told_apart(statics):
    f = jit(lambda x, key: [x, repr(key)], static_argnums=-1)
    for _ in range(3):
        for key in statics:
            assert f(2.0, key) == [2.0, repr(key)]


def test_a_static_object_that_changes_its_hash_has_another_program():
    class Size:
        def __init__(self, n):
            self.n = n

        def __eq__(self, other):
            return self.n == other.n

        def __hash__(self):
            return hash(self.n)

    class Other:
        pass

    f = jit(lambda x, size: x * size.n, static_argnums=1)
    size = Size(2.0)
    assert [f(1.0, size), f(1.0, size)] == [2.0, 2.0]
    size.n = 3.0
    assert f(1.0, size) == 3.0

    g = jit(lambda x, thing: [x, type(thing).__name__], static_argnums=1)
    thing = Other()
    assert g(1.0, thing) == g(1.0, thing) == [1.0, "Other"]
    thing.__class__ = type("Another", (Other,), {})
    assert g(1.0, thing) == [1.0, "Another"]
    assert len(g.programs) == 2
    type(thing).__hash__ = lambda self: 5
    assert g(1.0, thing) == [1.0, "Another"]
    assert len(g.programs) == 3


def test_guards_that_alternate_keep_the_program_used_last_in_front():
    def way(x):
        if x > 2.0:
            return [x, 1.0]
        return x * 2.0 if x > 1.0 else (x, 3.0)

    f, plain = jit(way), jit(way, backend="python")
    for x in [0.5, 1.5, 2.5]:
        f(x)
        plain(x)
    chosen = random.Random(3)
    for _ in range(200):
        x = chosen.uniform(0.0, 3.0)
        assert written(quick(f, x)) == written(plain(x))
        assert [str(p) for p in f.programs] == [str(p) for p in plain.programs]


def test_the_order_of_programs_decides_where_several_hold():
    """f reads a flag, so the program without a guard, traced later, holds for all inputs."""
    flag = True

    def way(x):
        if not flag:
            return x * 100.0
        return x * 2.0 if x > 0.0 else x * 3.0

    results = []
    for backend in ("auto", "python"):
        f = jit(way, backend=backend)
        flag = True
        found = [f(1.0), f(1.0)]
        flag = False
        found += [f(2.0), f(2.0), f(-1.0), f(-1.0), f(2.0), f(2.0)]
        results.append(found)
    assert results[0] == results[1] == [2.0, 2.0, 4.0, 4.0, -100.0, -100.0, 200.0, 200.0]


def test_results_that_are_not_finite_are_those_of_strong_zero():
    for f in [
        lambda x: where(x > 0.0, sqrt(x), 0.0),
        lambda x: x * exp(x) * 0.0,
        lambda x: log(x) * x,
        lambda x: x * x,
    ]:
        fast, plain = (jit(value_and_grad(f), backend=b) for b in ("auto", "python"))
        fast(1.0)
        for x in [0.0, -0.0, -1.0, 1e308, float("inf"), float("-inf"), float("nan"), 1000.0, 2.0]:
            try:
                expected = plain(x)
            except ValueError:
                continue
            for found in [fast(x), fast(x), slow(fast, x)]:
                assert np.isclose(found[0], expected[0], 1e-14, equal_nan=True)
                assert np.isclose(found[1], expected[1], 1e-14, equal_nan=True)


@needs_machine
def test_a_product_of_zero_and_infinity_is_zero():
    """The plain run of the machine gives nan here: it may not be the result of a quick call."""
    f = jit(grad(lambda x: sum_of([where(x > 0.0, sqrt(x), x * 2.0)])))
    f(-1.0)
    assert f(0.0) == f(0.0) == grad(lambda x: where(x > 0.0, sqrt(x), x * 2.0))(0.0) == 2.0


def test_in_a_trace_the_function_itself_is_called():
    traces = []

    @jit
    def inner(x):
        traces.append(is_tracing())
        return x * 2.0

    assert [inner(1.0), inner(1.0)] == [2.0, 2.0]
    count = len(traces)
    outer = jit(lambda x: inner(x) + inner(3.0))
    assert outer(1.0) == outer(1.0) == 8.0
    assert len(traces) == count + 2
    assert trace(lambda x: inner(x), 1.0)(4.0) == 8.0
    assert len(traces) == count + 3
    assert inner(1.0) == 2.0
    assert len(traces) == count + 3


def test_transforms_and_no_grad_see_the_graph():
    f = jit(lambda x: x * x)
    assert f(3.0) == f(3.0) == 9.0
    x = Value(3.0)
    out = f(x)
    assert type(out) is Value
    out.backward()
    assert x.grad == 6.0
    with no_grad():
        assert type(f(3.0)) is float
        assert written(f(x)) == written(slow(f, x))
    assert grad(f)(3.0) == 6.0
    assert grad(grad(f))(3.0) == 2.0
    assert vmap(f)([1.0, 2.0]) == [1.0, 4.0]
    assert jit(grad(f))(3.0) == 6.0
    assert type(f(np.array([1.0, x], dtype=object))[0]) is Value


def test_values_from_outside_are_read_at_each_call():
    w = Value(2.0)
    f = jit(lambda x: x * w)
    for number in [2.0, 3.0]:
        w.data = number
        for _ in range(3):
            out = f(1.5)
            assert type(out) is Value
            assert out.data == 1.5 * number


def test_a_jitted_function_that_calls_itself_in_an_op_of_a_user():
    @custom_derivative(lambda x, out: 1.0)
    def half(x):
        return f(x / 2.0) if x > 1.0 else x

    f = jit(lambda x: half(x) + 1.0)
    assert f(8.0) == f(8.0) == 5.0


def test_a_result_whose_class_calls_the_function_again():
    """The numbers of a call belong to it, also while its result is made."""
    depth = []

    class Odd(namedtuple("Odd", "a b")):  # noqa: PYI024 - the other kind has no __new__ of ours
        def __new__(cls, a, b):
            if type(a) is float and len(depth) < 2:
                depth.append(a)
                f(a * 10.0)
                f.forget_quick_calls()
                gc.collect()
                depth.pop()
            return super().__new__(cls, a, b)

    f = jit(lambda x: [Odd(x, x * 2.0), Odd(x * 3.0, x * 4.0)])
    for _ in range(3):
        assert [tuple(x) for x in f(1.0)] == [(1.0, 2.0), (3.0, 4.0)]


def long_function(x):
    """During a call of it other threads run."""
    return vmap(lambda a: (((a * a + 0.5) * a - 0.25) * a + 0.125) / (a * a + 1.0) + a / (2.0 + a * a))(x)


@pytest.mark.parametrize(("f", "size"), [(lambda x: x * 2.0, 3), (long_function, 3000)])
def test_threads_have_their_own_numbers(f, size):
    f = jit(f)
    given = [np.arange(float(size)) / size + i for i in range(8)]
    expected = [written(f(x)) for x in given]
    assert len(set(expected)) == 8
    wrong = []

    def work(i):
        for turn in range(100 if size == 3000 else 2000):
            if written(f(given[i])) != expected[i]:
                wrong.append(i)
            if turn % 50 == 0 and i == 0:
                f.forget_quick_calls()

    run_in_threads(work, range(8))
    assert not wrong
    assert len(f.programs) == 1


def test_threads_with_other_ways_and_structures():
    f = jit(lambda x: [x[0], 1.0] if x[0] > x[1] else [x[1], 2.0, 3.0])
    given = [
        [1.0, 2.0],
        [2.0, 1.0],
        [3.0, 1.0, 2.0],
        (1.0, 2.0),
        (4.0, 3.0),
        np.ones(2),
        np.array([3.0, 1.0]),
    ]
    expected = [written(f(x)) for x in given]
    wrong = []

    def work(seed):
        chosen = random.Random(seed)
        for _ in range(1500):
            i = chosen.randrange(len(given))
            if written(f(given[i])) != expected[i]:
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(f.programs) == 7


def test_a_function_that_is_deleted_while_it_runs():
    start = threading.Barrier(2)
    holder = [jit(long_function)]
    x = np.arange(3000.0)
    expected = written(holder[0](x))
    found = []

    def work():
        f = holder[0]
        start.wait()
        calls = [lambda f=f: f(x)]
        del f
        found.append(written(calls.pop()()))

    thread = threading.Thread(target=work)
    thread.start()
    gone = weakref.ref(holder[0])
    start.wait()
    holder.clear()
    thread.join()
    assert found == [expected]
    gc.collect()
    assert gone() is None


def test_a_hundred_ways_are_right_beyond_those_that_are_kept():
    def way(x):
        for i in range(100):
            if x < i + 1.0:
                return x * i
        return x

    f = jit(way)
    for i in range(64):
        assert f(i + 0.5) == way(i + 0.5)
    for i in (63, 0, 31):
        assert quick(f, i + 0.25) == way(i + 0.25)
    with pytest.warns(RuntimeWarning, match="64 ways"):
        assert f(70.5) == way(70.5)
    assert [f(x) for x in (99.5, 0.5, 80.5, 200.0)] == [way(x) for x in (99.5, 0.5, 80.5, 200.0)]
    assert len(f.programs) == 64


@needs_machine
def test_the_eight_structures_used_last_are_quick():
    f = jit(lambda xs: sum_of(xs) + 0.5)
    for n in range(1, 21):
        f([1.0] * n)
    for n in range(13, 21):
        assert quick(f, [2.0] * n) == 2.0 * n + 0.5
    with pytest.raises(AssertionError, match="not quick"):
        quick(f, [2.0])
    assert f([2.0]) == 2.5
    assert quick(f, [2.0]) == 2.5
    assert len(f.programs) == 20


@pytest.mark.long
def test_calls_leave_nothing_behind():
    def way(t, mode):
        x = t["w"][0]
        return {"a": [x, (x * 2.0, None)], "b": x.sum() if t["b"] > 0.0 else t["b"]}

    f = jit(way)
    w = np.arange(6.0).reshape(2, 3)
    given = [
        ({"w": (w,), "b": 1}, "on"),
        ({"w": (w,), "b": -1.0}, "on"),
        ({"w": (w[:, :2],), "b": 1.0}, "on"),
    ]
    others = [({"w": (w.astype("f4"),), "b": 1}, "on"), ({"w": (w,), "b": float("nan")}, "on")]
    named = jit(lambda x: Pair(x, x))

    def calls(count):
        for _ in range(count):
            for args in given:
                f(*args)
            named(2.0)
        for _ in range(count // 50):
            for args in others:
                f(*args)

    calls(200)
    gc.collect()
    objects = [w, None, "on", f, given[0][0]["w"], Pair, list, tuple]
    objects += [kept for g in (f, named) for group in g._kept.values() for kept in [group, *group]]
    counts = list(map(sys.getrefcount, objects))
    before = sys.getallocatedblocks()
    calls(25_000)
    gc.collect()
    after = sys.getallocatedblocks()
    assert abs(after - before) < 500
    changes = map(operator.sub, map(sys.getrefcount, objects), counts)
    assert all(abs(change) < 100 for change in changes)


def test_a_cycle_through_the_function_is_collected():
    class Owner:
        pass

    def references():
        owner = Owner()
        owner.f = jit(lambda x, owner: x * 2.0, static_argnums=1)
        assert owner.f(1.0, owner) == owner.f(1.0, owner) == 2.0
        owner.g = jit(lambda x: [x, owner][:1])
        assert owner.g(1.0) == owner.g(1.0) == [1.0]
        return [weakref.ref(x) for x in (owner, owner.f, owner.g, owner.f.programs[0])]

    gone = references()
    gc.collect()
    assert [ref() for ref in gone] == [None] * 4


@jit
def pickled(x):
    return x * 3.0


def test_pickles_copies_and_attributes():
    assert pickled(2.0) == pickled(2.0) == 6.0
    assert pickle.loads(pickle.dumps(pickled)) is pickled
    f = jit(operator.neg)
    assert f(1.0) == f(1.0) == -1.0
    for other in (copy.copy(f), pickle.loads(pickle.dumps(f))):
        assert other.programs == []
        assert other(2.0) == other(2.0) == -2.0
    assert f.__name__ == "neg"
    assert f.__wrapped__ is operator.neg
    f.note = "kept"
    assert f.note == "kept"
    assert weakref.ref(f)() is f
    assert callable(f)
    assert f.__call__(3.0) == -3.0
    assert [*map(f, [1.0, 2.0])] == [-1.0, -2.0]


def test_a_subclass_may_change_what_a_call_does():
    class Counted(type(pickled)):
        calls = 0

        def __call__(self, *args, **kwargs):
            self.calls += 1
            return super().__call__(*args, **kwargs)

    class Plain(type(pickled)):
        pass

    f = Counted(lambda x: x + 1.0, (), "auto")
    assert [f(1.0), f(1.0), f(1.0)] == [2.0, 2.0, 2.0]
    assert f.calls == 3
    g = Plain(lambda x: x + 1.0, (), "auto")
    assert [g(1.0), g(1.0), quick(g, 1.0)] == [2.0, 2.0, 2.0]


@needs_machine
def test_what_the_machine_is_handed_is_checked():
    kept = machine.QuickProgram()
    own = machine.Machine([], 1, (0,), (), {}, None, False)
    number = (machine.NUMBER, None, None)
    with pytest.raises(ValueError, match="another number of leaves"):
        kept.run_quickly(own, False, (machine.LIST, None, (number, number)), None, ())
    for wrong in [
        (99, None, None),
        (machine.NUMBERS, list, -1),
        (machine.NUMBERS, dict, 1),
        (machine.ARRAY, [2], None),
        (machine.DICT, ("a",), ()),
        (machine.LIST, None, [number]),
    ]:
        with pytest.raises(ValueError, match="a pattern of no kind"):
            kept.run_quickly(own, False, wrong, None, ())
    for wrong in [5, (machine.NUMBER,), (machine.NUMBERS, list, "1"), (machine.ARRAY, ("a",), None)]:
        with pytest.raises(TypeError):
            machine.Structure((wrong,), (), [])
    assert not kept.is_quick
    f = machine.QuickCallable()
    with pytest.raises(TypeError, match="takes a Structure"):
        f.call_quickly([])
    for programs in ([], [None], [kept]):
        f.call_quickly(machine.Structure((number,), (), programs))
    with pytest.raises(AttributeError, match="_call"):
        f(1.0)
    for mode in (0, machine.RECORDED, machine.WITH_GRADIENTS, 3):
        with pytest.raises(ValueError, match="does not fit"):
            kept.differentiate_quickly(mode, own, False, b"", None)
    kept.run_quickly(own, False, number, None, ())
    for mode, flags in [(0, b""), (3, b""), (machine.RECORDED, b"12345678")]:
        with pytest.raises(ValueError, match="does not fit"):
            kept.differentiate_quickly(mode, own, False, flags, None)
    assert f(1.0) == 1.0
    f.forget_quick_calls()
    f.call_quickly(machine.Structure((number, number), (), [kept]))
    with pytest.raises(AttributeError, match="_call"):
        f(1.0, 2.0)
