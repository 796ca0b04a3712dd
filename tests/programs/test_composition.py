"""Composition: transforms, jit and vmap in any order give what the plain functions give."""

import copy
import dataclasses
import itertools
import math
import pickle
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import (
    Value,
    check_grads,
    draw,
    elementwise_grad,
    exp,
    explain,
    formula,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jit,
    jvp,
    no_grad,
    relu,
    sin,
    sqrt,
    tanh,
    to_text,
    value_and_grad,
    vjp,
    vmap,
)

UNITS = [[float(i == j) for j in range(3)] for i in range(3)]
POINTS = ([0.5, 1.5, -0.7], [1.25, 0.3, 2.0], [-1.0, 2.5, 0.125])


def smooth(x):
    return x[0] * exp(x[1]) + sin(x[2] * x[0]) / x[1] + x[0] ** 2 * x[2] ** 3


def network(x):
    hidden = [tanh(w * x[0] + v * x[1] - x[2]) for w, v in ((0.3, -0.5), (1.1, 0.4), (-0.7, 0.2))]
    return sum(h * h * x[i] for i, h in enumerate(hidden))


def branching(x):
    total = x[0]
    for a, b in itertools.pairwise(x):
        total = total * b if a > b else total + a * a * b
    return max(total, x[2]) * x[1] + relu(x[0]) * x[2]


def looping(x):
    y = x[0] * x[0]
    while y < 3.0:
        y = y * 1.5 + x[1] * x[1]
    return y * x[2] + y


FUNCTIONS = (smooth, network, branching, looping)

GRADIENTS = {
    "grad": grad,
    "value_and_grad": lambda f: lambda x: value_and_grad(f)(x)[1],
    "jacobian": jacobian,
    "vjp": lambda f: lambda x: vjp(f, x)[1](1.0)[0],
    "jvp": lambda f: lambda x: [jvp(f, (x,), (unit,))[1] for unit in UNITS],
}

HESSIANS = {
    "hessian": hessian,
    "jacobian of grad": lambda f: jacobian(grad(f)),
    "jacobian of jacobian, forward": lambda f: jacobian(jacobian(f, mode="forward"), mode="forward"),
    "jvp of grad": lambda f: lambda x: [jvp(grad(f), (x,), (unit,))[1] for unit in UNITS],
    "grad of jvp": lambda f: (
        lambda x: [grad(lambda y, unit=unit: jvp(f, (y,), (unit,))[1])(x) for unit in UNITS]
    ),
    "grad of grad": lambda f: lambda x: [grad(lambda y, i=i: grad(f)(y)[i])(x) for i in range(3)],
    "hvp": lambda f: lambda x: [hvp(f, (x,), (unit,))[0] for unit in UNITS],
    "vmap of hvp": lambda f: lambda x: vmap(lambda unit: hvp(f, (x,), (unit,))[0])(UNITS),
    "vmap of jvp of grad": lambda f: (
        lambda x: vmap(lambda y, unit: jvp(grad(f), (y,), (unit,))[1], in_axes=(None, 0))(x, UNITS)
    ),
    "jvp of jvp": lambda f: (
        lambda x: [[jvp(lambda y, u=u: jvp(f, (y,), (u,))[1], (x,), (v,))[1] for v in UNITS] for u in UNITS]
    ),
    "vjp of vjp": lambda f: lambda x: [vjp(lambda y: vjp(f, y)[1](1.0)[0], x)[1](unit)[0] for unit in UNITS],
}


def flat(tree):
    return [x for part in tree for x in flat(part)] if isinstance(tree, (list, tuple, np.ndarray)) else [tree]


def agree(got, expected, relative=1e-12):
    """Whether two nested results have the same shape and the same numbers."""
    assert type(got) is type(expected)
    if isinstance(expected, dict):
        assert list(got) == list(expected)
        return all(agree(got[key], expected[key], relative) for key in expected)
    if dataclasses.is_dataclass(expected):
        return all(agree(x, getattr(expected, name), relative) for name, x in vars(got).items())
    if isinstance(expected, (list, tuple)):
        assert len(got) == len(expected)
        return all(agree(x, y, relative) for x, y in zip(got, expected, strict=True))
    if isinstance(expected, np.ndarray):
        assert got.shape == expected.shape
        assert got.dtype == expected.dtype
        return agree(got.tolist(), expected.tolist(), relative)
    if isinstance(expected, (str, bool)) or expected is None:
        assert got == expected
        return True
    assert got == pytest.approx(expected, rel=relative, abs=relative)
    return True


def placed(way, f):
    """A way of differentiating without jit, outside, inside and on both sides of it."""
    return {
        "outside": jit(way(f)),
        "inside": way(jit(f)),
        "both": jit(way(jit(f))),
        "twice": jit(jit(way(jit(jit(f))))),
    }


class TestMatrix:
    @pytest.mark.parametrize("f", FUNCTIONS)
    @pytest.mark.parametrize("way", GRADIENTS)
    def test_gradients(self, f, way):
        for x in POINTS:
            expected = grad(f)(x)
            assert agree(GRADIENTS[way](f)(x), expected)
            for place, function in placed(GRADIENTS[way], f).items():
                assert agree(function(x), expected), place

    @pytest.mark.parametrize("f", FUNCTIONS)
    @pytest.mark.parametrize("way", HESSIANS)
    def test_hessians(self, f, way):
        for x in POINTS:
            expected = hessian(f)(x)
            assert agree(HESSIANS[way](f)(x), expected)
            for place, function in placed(HESSIANS[way], f).items():
                assert agree(function(x), expected), place

    @pytest.mark.parametrize("backend", ["python", "numpy", "auto"])
    @pytest.mark.parametrize("f", FUNCTIONS)
    @pytest.mark.parametrize("way", [*GRADIENTS, *HESSIANS])
    def test_in_lanes(self, f, way, backend):
        transform = {**GRADIENTS, **HESSIANS}[way]
        plain = grad(f) if way in GRADIENTS else hessian(f)
        X = [list(x) for x in (POINTS * 3)[:7]]
        expected = [plain(x) for x in X]
        if backend == "auto":
            assert agree(vmap(transform(f))(X), expected)
            assert agree(vmap(transform(jit(f)))(X), expected)
            assert agree(vmap(jit(transform(f)))(X), expected)
        assert agree(jit(vmap(transform(f)), backend=backend)(X), expected)
        assert agree(jit(vmap(jit(transform(f))), backend=backend)(X), expected)

    @pytest.mark.parametrize("f", FUNCTIONS)
    def test_backward_and_gradients_of_values(self, f):
        for x in POINTS:
            leaves = [Value(number) for number in x]
            out = jit(f)(leaves)
            first = gradients(out, leaves)
            assert agree([g.data for g in first], grad(f)(x))
            rows = [[h.data for h in gradients(g, leaves)] for g in first]
            assert agree(rows, hessian(f)(x))
            out.backward()
            assert agree([leaf.grad for leaf in leaves], grad(f)(x))
            assert agree(jit(lambda x: gradients(f(x), x))(x), grad(f)(x))

    def test_third_derivatives(self):
        third = grad(grad(grad(lambda x: x**5 + exp(x) * sin(x))))
        for way in (
            lambda f: grad(grad(grad(jit(f)))),
            lambda f: jit(grad(grad(grad(f)))),
            lambda f: grad(jit(grad(jit(grad(f))))),
            lambda f: jit(lambda x: jvp(grad(jit(grad(f))), (x,), (1.0,))[1]),
        ):
            assert way(lambda x: x**5 + exp(x) * sin(x))(0.75) == pytest.approx(third(0.75), rel=1e-12)

    @settings(max_examples=30)
    @given(
        layers=st.lists(st.sampled_from(["jit", "grad", "vmap"]), min_size=1, max_size=5),
        x=st.floats(0.1, 2.0),
    )
    def test_any_order_of_jit_grad_and_vmap(self, layers, x):
        """vmap over equal samples, whose first result is taken, is the function itself."""
        orders = sum(layer == "grad" for layer in layers)
        f = plain = lambda x: exp(x * 0.5) * x**3
        for _ in range(orders):
            plain = grad(plain)
        for layer in layers:
            if layer == "jit":
                f = jit(f)
            elif layer == "grad":
                f = grad(f)
            else:
                f = first_of_two(f)
        assert f(x) == pytest.approx(plain(x), rel=1e-12)
        assert jit(f)(x) == pytest.approx(plain(x), rel=1e-12)


def first_of_two(f):
    return lambda x: vmap(lambda a, x: f(a * x), in_axes=(0, None))([1.0, 2.0], x)[0]


def derivative_along_one(f):
    return lambda x: jvp(f, (x,), (1.0,))[1]


@dataclasses.dataclass(frozen=True)
class Line:
    w: list
    b: float
    name: str = "line"
    power: int = dataclasses.field(default=2, metadata={"static": True})


class Pair(NamedTuple):
    w: tuple
    b: float


def score(p, x):
    """A function of parameters in any structure."""
    if isinstance(p, dict):
        w, b = p["w"], p["b"]
    elif isinstance(p, (list, np.ndarray)):
        w, b = p[:2], p[2]
    else:
        w, b = p.w, p.b
    return w[0] * x[0] + w[1] * x[1] * w[1] + b


def loss(p, x, y):
    return (score(p, x) - y) ** 2


def batch(p, X, Y):
    return vmap(loss, in_axes=(None, 0, 0), reduce="mean")(p, X, Y)


STRUCTURES = {
    "list": [1.0, 2.0, 0.5],
    "dict": {"w": [1.0, 2.0], "b": 0.5, "name": "line"},
    "dict of arrays": {"w": np.array([1.0, 2.0]), "b": np.array(0.5).item()},
    "dataclass": Line([1.0, 2.0], 0.5),
    "named tuple": Pair((1.0, 2.0), 0.5),
    "array": np.array([1.0, 2.0, 0.5]),
}
X = [[1.0, 2.0], [3.0, -4.0], [-0.5, 0.25]]
Y = [1.0, 2.0, 3.0]


@pytest.mark.parametrize("arrays", [False, True], ids=["lists of samples", "arrays of samples"])
@pytest.mark.parametrize("kind", STRUCTURES)
class TestStructures:
    """A gradient has the structure and the array type of its argument."""

    def data(self, arrays):
        return (np.array(X), np.array(Y)) if arrays else (X, Y)

    def named(self, kind):
        p = STRUCTURES[kind]
        return {key: x for key, x in p.items() if key != "name"} if isinstance(p, dict) else p

    def test_value_and_grad_of_a_batch(self, kind, arrays):
        p, data = self.named(kind), self.data(arrays)
        expected = value_and_grad(batch)(p, *data)
        assert agree(jit(value_and_grad(batch))(p, *data), expected)
        assert agree(value_and_grad(jit(batch))(p, *data), expected)
        assert agree(jit(lambda p, X, Y: value_and_grad(batch)(p, X, Y))(p, *data), expected)
        assert agree(ag.trace(batch, p, *data).value_and_grad(p, *data), expected)

    def test_several_arguments(self, kind, arrays):
        p, data = self.named(kind), self.data(arrays)
        expected = grad(batch, (0, 1))(p, *data)
        assert agree(jit(grad(batch, (0, 1)))(p, *data), expected)
        assert agree(grad(jit(batch), (0, 1))(p, *data), expected)
        assert agree(ag.trace(batch, p, *data).value_and_grad(p, *data, argnums=(0, 1))[1], expected)

    def test_hessian(self, kind, arrays):
        p, data = self.named(kind), self.data(arrays)
        expected = hessian(batch)(p, *data)
        assert agree(jit(hessian(batch))(p, *data), expected)
        assert agree(hessian(jit(batch))(p, *data), expected)

    def test_jvp_hvp_and_vjp(self, kind, arrays):
        p, data = self.named(kind), self.data(arrays)
        direction = grad(batch)(p, *data)
        f = lambda p: batch(p, *data)  # noqa: E731
        for way in (
            lambda f: lambda p, v: jvp(f, (p,), (v,)),
            lambda f: lambda p, v: hvp(f, (p,), (v,)),
            lambda f: lambda p, v: vjp(f, p)[1](2.0),
        ):
            expected = way(f)(p, direction)
            assert agree(jit(way(f))(p, direction), expected)
            assert agree(way(jit(f))(p, direction), expected)

    def test_gradients_of_each_sample(self, kind, arrays):
        p, data = self.named(kind), self.data(arrays)
        each = vmap(grad(loss), in_axes=(None, 0, 0))
        expected = each(p, *data)
        assert agree(jit(each)(p, *data), expected)
        assert agree(jit(each, backend="numpy")(p, *data), expected)
        assert agree(jit(each, backend="python")(p, *data), expected)

    def test_the_result_itself_and_a_changed_copy(self, kind, arrays):
        p = self.named(kind)
        back = jit(lambda p, k: p)(p, 2.0)
        assert agree(back, p)


class TestTransformsUnderJit:
    def test_several_results(self):
        f = lambda x: [x[0] * x[1], exp(x[0]), x[1] / x[0]]  # noqa: E731
        x = [0.5, 2.0]
        for way in (
            jacobian,
            lambda f: jacobian(f, mode="forward"),
            lambda f: jacobian(f, mode="reverse"),
            lambda f: lambda x: jvp(f, (x,), ([1.0, -2.0],)),
            lambda f: lambda x: vjp(f, x)[1]([1.0, 2.0, 3.0]),
        ):
            expected = way(f)(x)
            for function in placed(way, f).values():
                assert agree(function(x), expected)

    def test_elementwise_grad_and_has_aux(self):
        cubes = lambda xs: [x**3 for x in xs]  # noqa: E731
        assert jit(elementwise_grad(cubes))([1.0, 2.0]) == elementwise_grad(cubes)([1.0, 2.0])
        with_aux = lambda x: (x * x, {"twice": 2.0 * x})  # noqa: E731
        assert agree(jit(grad(with_aux, has_aux=True))(3.0), grad(with_aux, has_aux=True)(3.0))
        assert agree(jit(value_and_grad(with_aux, has_aux=True))(3.0), ((9.0, {"twice": 6.0}), 6.0))

    def test_argnums_by_name_and_keyword_arguments(self):
        f = lambda x, y=2.0, *, k=1.0: x * y**2 * k**3  # noqa: E731
        for argnums in (0, 1, "y", "k", ("x", "k"), (0, 1)):
            expected = grad(f, argnums)(3.0, y=4.0, k=5.0) if argnums not in (1, (0, 1)) else None
            if expected is not None:
                assert agree(jit(grad(f, argnums))(3.0, y=4.0, k=5.0), expected)
                assert agree(grad(jit(f), argnums)(3.0, y=4.0, k=5.0), expected)
            else:
                assert agree(jit(grad(f, argnums))(3.0, 4.0), grad(f, argnums)(3.0, 4.0))

    def test_nested_perturbations_stay_apart(self):
        f = lambda x: x * grad(lambda y: x * y)(1.0)  # noqa: E731
        for function in (grad(f), jit(grad(f)), grad(jit(f)), jit(lambda x: jvp(f, (x,), (1.0,))[1])):
            assert function(3.0) == 6.0
        g = lambda x: x * grad(jit(lambda y: x + y))(1.0)  # noqa: E731
        assert grad(g)(2.0) == jit(grad(g))(2.0) == 1.0

    def test_slopes_at_kinks_and_edges_are_eagers(self):
        cases = [
            (lambda x: relu(x) + abs(x), 0.0),
            (lambda x: ag.maximum(x, 0.0) * ag.minimum(x, 0.0), 0.0),
            (lambda x: sqrt(x) * 0.0 + x, 0.0),
            (lambda x: ag.where(x > 0.0, ag.log(x), x), -1.0),
            (lambda x: x**2.0 + x**0.0, 0.0),
            (lambda x: ag.hypot(x, 0.0), 0.0),
        ]
        for f, x in cases:
            for way in (grad, jacobian, derivative_along_one, hessian):
                expected = way(f)(x)
                for function in placed(way, f).values():
                    assert function(x) == pytest.approx(expected, nan_ok=True)

    @pytest.mark.parametrize("name", ["pow", "hypot", "atan2", "maximum", "minimum", "fmod"])
    def test_mixed_second_derivatives_at_edges(self, name):
        op = getattr(ag.table.ops, name)
        for x, y in itertools.product((0.0, 1.0, -1.0, 2.0), repeat=2):
            expected = flat(hessian(op, (0, 1))(x, y))
            assert flat(jit(hessian(op, (0, 1)))(x, y)) == pytest.approx(expected, nan_ok=True)
            assert flat(hessian(jit(lambda x, y: op(x, y)), (0, 1))(x, y)) == pytest.approx(
                expected, nan_ok=True
            )


class TestDecorators:
    def test_jit_and_vmap_are_decorators(self):
        @jit
        def f(x):
            """Twice x."""
            return 2.0 * x

        @jit(backend="python", static_argnums=1)
        def g(x, k):
            return [x] * k

        @vmap
        def h(x):
            return x * x

        assert (f(3.0), g(1.0, 2), h([1.0, 2.0])) == (6.0, [1.0, 1.0], [1.0, 4.0])
        assert (f.__name__, f.__doc__, h.__name__) == ("f", "Twice x.", "h")

    def test_they_show_what_they_hold(self):
        @jit
        def f(x):
            return 2.0 * x

        assert repr(f) == "<jit of f, backend auto: 0 programs>"
        f(1.0)
        assert repr(f) == "<jit of f, backend auto: 1 programs>\n  <program f: 1 input, 1 line, 1 result>"
        mapped = vmap(f, in_axes=(0,), reduce="sum")
        assert repr(mapped) == "<vmap of f, in_axes=(0,), reduce='sum'>"

    def test_what_is_no_function_is_refused(self):
        with pytest.raises(
            TypeError, match=r"jit is given a function, not the float 3.0: write jit\(f\)\(x\)"
        ):
            jit(3.0)
        with pytest.raises(ValueError, match="reduce is None, 'sum' or 'mean', not 'max'"):
            vmap(lambda x: x, reduce="max")
        with pytest.raises(TypeError, match="in_axes is 0 for an argument that is mapped over and None"):
            vmap(lambda x: x, in_axes="0")

    def test_keyword_arguments_and_defaults(self):
        f = jit(lambda x, y=10.0, *, k, mode="add": x + y * k if mode == "add" else x * y * k)
        assert f(1.0, k=2.0) == 21.0
        assert f(1.0, 3.0, k=2.0) == f(1.0, y=3.0, k=2.0) == 7.0
        assert f(2.0, k=2.0, mode="mul") == 40.0
        assert f(3.0, k=4.0) == 43.0
        assert len(f.programs) == 4

    def test_methods(self):
        class Model:
            def __init__(self, w):
                self.w = Value(w, "w")

            @jit(static_argnums=0)
            def scaled(self, x):
                return self.w * x

            def shifted(self, x):
                return self.w + x

            @vmap
            def each(self, x):
                return self.w * x

            @jit
            def unsaid(self, x):
                return self.w * x

        first, second = Model(2.0), Model(5.0)
        assert [first.scaled(3.0).data, second.scaled(3.0).data, first.scaled(4.0).data] == [6.0, 15.0, 8.0]
        assert len(Model.scaled.programs) == 2
        assert jit(first.shifted)(1.0).data == 3.0
        assert [v.data for v in first.each([1.0, 2.0])] == [2.0, 4.0]
        assert [v.data for v in jit(first.each)([1.0, 2.0])] == [2.0, 4.0]
        first.scaled(3.0).backward()
        assert first.w.grad == 3.0
        with pytest.raises(TypeError, match=r"argument 0 of unsaid is a Model.*name it in static_argnums"):
            first.unsaid(1.0)


def sum_of_squares(xs):
    return vmap(lambda x: x * x, reduce="sum")(xs)


class TestVmap:
    def test_in_axes_and_reductions(self):
        f = lambda a, b: a * b + 1.0  # noqa: E731
        A, B = [1.0, 2.0, 4.0], [3.0, 5.0, 7.0]
        cases = [
            ((0, 0), (A, B)),
            (0, (A, B)),
            ((0, None), (A, 3.0)),
            ((None, 0), (3.0, B)),
        ]
        for (in_axes, args), reduce in itertools.product(cases, (None, "sum", "mean")):
            mapped = vmap(f, in_axes, reduce)
            expected = mapped(*args)
            for backend in ("python", "numpy", "auto"):
                assert agree(jit(mapped, backend=backend)(*args), expected)
            a, b = [x if isinstance(x, list) else [x] * 3 for x in args]
            each = [f(x, y) for x, y in zip(a, b, strict=True)]
            total = each[0] + each[1] + each[2]
            assert expected == {None: each, "sum": total, "mean": total / 3.0}[reduce]

    def test_axes_of_arrays(self):
        table = np.arange(24.0).reshape(2, 3, 4)
        for axis in (0, 1, 2, -1, -2):
            mapped = vmap(lambda part: (part * part).sum(), in_axes=axis)
            expected = [(part * part).sum() for part in np.moveaxis(table, axis, 0)]
            assert mapped(table) == pytest.approx(expected)
            assert jit(mapped)(table) == pytest.approx(expected)
            assert type(jit(mapped)(table)) is type(mapped(table)) is np.ndarray
            assert jit(mapped)(table).dtype == mapped(table).dtype == float
            whole = vmap(lambda part: part * 2.0, in_axes=axis)
            assert agree(jit(whole)(table), whole(table))

    def test_nested_maps(self):
        def outer(row, k):
            return vmap(lambda a, b: a * b * k, in_axes=(0, None))(row, row[0])

        for n in (2, 9):
            table = [[float(i + j) for j in range(3)] for i in range(n)]
            expected = vmap(outer, in_axes=(0, None))(table, 2.0)
            assert expected == [[a * row[0] * 2.0 for a in row] for row in table]
            for backend in ("python", "numpy", "auto"):
                assert jit(vmap(outer, in_axes=(0, None)), backend=backend)(table, 2.0) == expected
                total = jit(vmap(sum_of_squares, reduce="mean"), backend=backend)
                assert total(table) == pytest.approx(sum(a * a for row in table for a in row) / n, rel=1e-14)

    def test_three_levels_and_their_gradient(self):
        f = lambda T: vmap(lambda M: vmap(lambda r: vmap(lambda a: a**3, reduce="sum")(r))(M))(T)  # noqa: E731
        total = lambda T: sum(x for row in f(T) for x in row)  # noqa: E731
        cube = [[[float(i + j - k) for k in range(2)] for j in range(3)] for i in range(2)]
        expected = [[[3.0 * a * a for a in row] for row in part] for part in cube]
        assert grad(total)(cube) == expected
        for backend in ("python", "numpy", "auto"):
            assert jit(grad(total), backend=backend)(cube) == expected
        assert grad(jit(total))(cube) == expected

    @pytest.mark.parametrize("backend", ["python", "numpy", "auto"])
    @pytest.mark.parametrize("n", [1, 3, 9, 40])
    def test_lanes_that_disagree_on_a_branch(self, n, backend):
        def f(x, w):
            if x > w:
                return x * x * w
            return -3.0 * x if x > -w else x + w * w

        xs = [math.sin(1.0 + 2.0 * i) * 3.0 for i in range(n)]
        mapped = vmap(f, in_axes=(0, None))
        assert jit(mapped, backend=backend)(xs, 1.0) == mapped(xs, 1.0)
        total = vmap(f, in_axes=(0, None), reduce="sum")
        assert jit(total, backend=backend)(xs, 1.0) == pytest.approx(total(xs, 1.0), rel=1e-14)
        expected = grad(total, (0, 1))(xs, 1.0)
        for function in (
            jit(grad(total, (0, 1)), backend=backend),
            grad(jit(total, backend=backend), (0, 1)),
            jit(grad(jit(total), (0, 1)), backend=backend),
        ):
            assert flat(function(xs, 1.0)) == pytest.approx(flat(expected), rel=1e-13)
            more = [-x for x in xs]
            assert flat(function(more, 1.0)) == pytest.approx(flat(grad(total, (0, 1))(more, 1.0)), rel=1e-13)
        second = jit(hessian(lambda xs: total(xs, 1.0)), backend=backend)(xs)
        assert flat(second) == pytest.approx(flat(hessian(lambda xs: total(xs, 1.0))(xs)), rel=1e-13)

    def test_dicts_dataclasses_and_keyword_arguments_are_mapped_over(self):
        f = lambda s, k=1.0: s["a"] * s["b"] * k  # noqa: E731
        s = {"a": [1.0, 2.0], "b": [3.0, 4.0]}
        assert vmap(f)(s) == jit(vmap(f))(s) == [3.0, 8.0]
        assert vmap(f)(s, k=[2.0, 3.0]) == jit(vmap(f))(s, k=[2.0, 3.0]) == [6.0, 24.0]
        assert vmap(grad(f))(s) == jit(vmap(grad(f)))(s) == [{"a": 3.0, "b": 1.0}, {"a": 4.0, "b": 2.0}]
        arrays = {"a": np.array([1.0, 2.0]), "b": np.array([3.0, 4.0])}
        assert agree(jit(vmap(f))(arrays), vmap(f)(arrays))
        assert agree(jit(vmap(grad(f)))(arrays), vmap(grad(f))(arrays))
        lines = Line([1.0, 2.0], [3.0, 4.0])
        assert vmap(lambda p: p.w * p.b)(lines) == jit(vmap(lambda p: p.w * p.b))(lines) == [3.0, 8.0]

    def test_results_of_any_structure(self):
        f = lambda x: {"square": x * x, "parts": (x, [x + 1.0, 2.0])}  # noqa: E731
        xs = [1.0, 2.0, 3.0]
        for samples, reduce in itertools.product((xs, np.array(xs)), (None, "sum", "mean")):
            expected = vmap(f, reduce=reduce)(samples)
            for backend in ("python", "numpy", "auto"):
                assert agree(jit(vmap(f, reduce=reduce), backend=backend)(samples), expected)
        named = lambda x: {"square": x * x, "name": "f"}  # noqa: E731
        assert jit(vmap(named))(xs) == vmap(named)(xs)

    def test_constants_and_functions_of_shared_arguments_alone(self):
        for n in (1, 9):
            xs = [float(i) for i in range(n)]
            assert jit(vmap(lambda x: 3.0))(xs) == [3.0] * n
            assert jit(vmap(lambda x, w: w * w, in_axes=(0, None)))(xs, 2.0) == [4.0] * n
            assert jit(vmap(lambda x, w: w * w, in_axes=(0, None), reduce="sum"))(xs, 2.0) == 4.0 * n
            shared = lambda w, xs: vmap(lambda x: w * w, reduce="sum")(xs)  # noqa: E731
            assert jit(grad(shared))(3.0, xs) == 6.0 * n
            assert jit(vmap(lambda x: x, reduce="sum"))(xs) == sum(xs)

    def test_a_captured_value_gets_its_gradient_through_all_lanes(self):
        w = Value(2.0, "w")
        for n in (1, 2, 9):
            w.grad = 0.0
            xs = [float(i) for i in range(n)]
            out = jit(vmap(lambda x: w * x * w, reduce="mean"))(xs)
            out.backward()
            assert out.data == pytest.approx(4.0 * sum(xs) / n)
            assert w.grad == pytest.approx(4.0 * sum(xs) / n)

    def test_errors(self):
        f = lambda a, b: a * b  # noqa: E731
        for function in (vmap(f), jit(vmap(f))):
            with pytest.raises(ValueError, match=r"2 in argument 0 of .* and 3 in argument 1 of"):
                function([1.0, 2.0], [1.0, 2.0, 3.0])
            with pytest.raises(ValueError, match="no samples"):
                function([], [])
        with pytest.raises(TypeError, match="no samples to map over: give None for it in in_axes"):
            vmap(f)([1.0], 2.0)
        with pytest.raises(ValueError, match="in_axes has 1 entries"):
            vmap(f, in_axes=(0,))([1.0], [2.0])
        with pytest.raises(ValueError, match=r"no argument of .* to map over"):
            vmap(f, in_axes=None)(1.0, 2.0)
        with pytest.raises(TypeError, match="axis 0, not 1"):
            vmap(f, in_axes=1)([1.0], [2.0])
        with pytest.raises(TypeError, match="different structures on different ways"):
            jit(vmap(lambda x: x if x > 0.0 else [x]))([1.0, -1.0])
        with pytest.raises(ValueError, match="different structures"):
            jit(vmap(lambda xs: xs[0]))([[1.0], [1.0, 2.0]])


class TestGraphsOfValues:
    """Calls of jitted functions are nodes in graphs of Values."""

    def test_values_as_arguments(self):
        f = lambda x, y: [x * y, exp(x) - y]  # noqa: E731
        x, y = Value(0.5, "x"), Value(2.0, "y")
        first, second = jit(f)(x, y)
        (first * second).backward()
        expected = grad(lambda x, y: f(x, y)[0] * f(x, y)[1], (0, 1))(0.5, 2.0)
        assert (x.grad, y.grad) == pytest.approx(expected, rel=1e-14)
        assert first.args[0] is second.args[0]

    def test_one_result_of_several_and_one_argument_of_several(self):
        x = Value(0.5)
        out = jit(lambda a, b: [a * b, a + b, b])(x, 3.0)
        assert [type(v) for v in out][:2] == [Value, Value]
        out[1].backward()
        assert x.grad == 1.0
        out[0].backward()
        assert x.grad == 4.0

    def test_calls_that_share_inputs_and_feed_each_other(self):
        f = jit(lambda a, b: [a * b + a, exp(a * 0.1)])
        plain = lambda a, b: [a * b + a, exp(a * 0.1)]  # noqa: E731

        def chained(f, x, y):
            p, q = f(x, y)
            r, s = f(p, x)
            t, u = f(q, r)
            return p * t + u * s + r

        x, y = Value(0.5), Value(1.25)
        chained(f, x, y).backward()
        expected = grad(lambda x, y: chained(plain, x, y), (0, 1))(0.5, 1.25)
        assert (x.grad, y.grad) == pytest.approx(expected, rel=1e-13)
        assert len(f.programs) == 1

    def test_a_hundred_calls_in_one_loss(self):
        w, b = Value(0.5, "w"), Value(-0.25, "b")
        model = jit(lambda x: tanh(w * x + b))
        xs = [0.1 * i for i in range(100)]
        loss = sum((model(x) - 0.5) ** 2 for x in xs)
        loss.backward()
        plain = lambda p: sum((tanh(p[0] * x + p[1]) - 0.5) ** 2 for x in xs)  # noqa: E731
        assert [w.grad, b.grad] == pytest.approx(grad(plain)([0.5, -0.25]), rel=1e-12)

    def test_parameters_are_read_at_each_call(self):
        w = Value(2.0, "w")
        f = jit(lambda x: w * x)
        assert f(3.0).data == 6.0
        w.data = 10.0
        assert f(3.0).data == 30.0
        f(4.0).backward()
        assert w.grad == 4.0
        assert len(f.programs) == 1

    def test_values_that_want_no_gradients_are_numbers(self):
        w, frozen = Value(2.0, "w"), Value(3.0, "frozen", requires_grad=False)
        f = jit(lambda x: w * frozen * x)
        f(5.0).backward()
        assert (w.grad, frozen.grad) == (15.0, 0.0)
        w.requires_grad = False
        assert f(5.0) == 30.0
        frozen.requires_grad = True
        f(5.0).backward()
        assert (w.grad, frozen.grad) == (15.0, 10.0)

    def test_under_no_grad_nothing_is_recorded(self):
        w = Value(2.0, "w")
        f = jit(lambda x: w * x)
        with no_grad():
            assert f(3.0) == 6.0
            assert f(Value(3.0)) == 6.0
        assert f(3.0).data == 6.0

    def test_derivatives_of_captured_parameters(self):
        w = Value(2.0, "w")
        f = jit(lambda x: w * w * x**2)
        slope = grad(f)(3.0)
        assert slope.data == 24.0
        slope.backward()
        assert w.grad == 24.0
        inside = jit(grad(lambda x: w * w * x**2))(3.0)
        w.grad = 0.0
        inside.backward()
        assert (inside.data, w.grad) == (24.0, 24.0)

    def test_transforms_of_functions_with_jitted_calls(self):
        g = jit(lambda a, b: [a * b, a / b, sin(a)])

        def f(x):
            p, q, r = g(x[0], x[1])
            return p * q + r * g(r, p)[0]

        def plain(x):
            h = lambda a, b: [a * b, a / b, sin(a)]  # noqa: E731
            p, q, r = h(x[0], x[1])
            return p * q + r * h(r, p)[0]

        x = [0.5, 1.5]
        assert grad(f)(x) == pytest.approx(grad(plain)(x), rel=1e-13)
        assert flat(hessian(f)(x)) == pytest.approx(flat(hessian(plain)(x)), rel=1e-12)
        assert jvp(f, (x,), ([1.0, 2.0],)) == pytest.approx(jvp(plain, (x,), ([1.0, 2.0],)), rel=1e-13)
        assert flat(hvp(f, (x,), ([1.0, 2.0],))) == pytest.approx(
            flat(hvp(plain, (x,), ([1.0, 2.0],))), rel=1e-12
        )
        for mode in ("auto", "reverse", "forward"):
            assert flat(jacobian(lambda x: g(x[0], x[1]), mode=mode)(x)) == pytest.approx(
                flat(jacobian(lambda x: [x[0] * x[1], x[0] / x[1], sin(x[0])])(x)), rel=1e-13
            )
        check_grads(f, x, order=2)
        check_grads(lambda x: g(x[0], x[1]), x, order=2)

    def test_a_backward_twice_and_a_seed(self):
        x = Value(3.0)
        out = jit(lambda x: x * x)(x)
        out.backward()
        out.backward(2.0)
        assert x.grad == 18.0

    def test_strong_zero_through_a_call(self):
        """An adjoint of 0 carries nothing, whatever the slopes inside the call."""
        x = Value(0.0)
        root, same = jit(lambda x: [sqrt(x), x])(x)
        (root * 0.0 + same).backward()
        assert x.grad == 1.0
        x.grad = 0.0
        (relu(root) + 5.0 * same).backward()
        assert x.grad == 5.0

    def test_a_leaf_set_after_the_call_is_stale(self):
        x = Value(3.0)
        out = jit(lambda x: x * x)(x)
        x.data = 4.0
        with pytest.raises(ag.StaleGraphError):
            out.backward()

    def test_copies_and_pickles(self):
        w, b = Value(2.0, "w"), Value(1.0, "b")
        outs = jit(lambda x: [w * x + b, w * b])(3.0)
        loss = outs[0] * outs[1] + outs[0]
        expected = [g.data for g in gradients(loss, [w, b])]
        for copies in (copy.deepcopy([loss, w, b]), pickle.loads(pickle.dumps([loss, w, b]))):
            assert copies[0].data == loss.data
            copies[0].backward()
            assert [leaf.grad for leaf in copies[1:]] == expected
        assert copy.copy(loss).data == loss.data

    def test_pictures_formulas_and_explanations(self):
        w, b = Value(2.0, "w"), Value(1.0, "b")
        model = lambda x: [w * x + b, w * b]  # noqa: E731
        outs = jit(model)(3.0)
        loss = outs[0] * outs[1] + outs[0]
        loss.backward()
        assert "w: data 2, grad 16" in to_text(loss)
        assert draw(loss).source
        assert ag.to_mermaid(loss)
        assert explain(loss, w).value == 16.0
        assert formula(loss).evaluate(w=2.0, b=1.0) == loss.data
        assert ag.derivative(loss, w).evaluate(w=2.0, b=1.0) == 16.0

    def test_pictures_and_formulas_of_maps_over_lanes(self):
        w = Value(2.0, "w")
        out = jit(lambda xs: vmap(lambda x: w * x, reduce="sum")(xs))([1.0, 2.0])
        out.backward()
        assert w.grad == 3.0
        assert draw(out).source
        assert formula(out).evaluate(w=2.0) == 6.0
        (copied,) = copy.deepcopy([out])
        assert copied.data == 6.0
