"""Arguments by name, extra results with has_aux, dataclasses as arguments and results, elementwise_grad."""

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import (
    Value,
    check_grads,
    elementwise_grad,
    exp,
    grad,
    gradients,
    hessian,
    jacobian,
    jvp,
    sin,
    softmax,
    value_and_grad,
    vjp,
    where,
)


class TestNames:
    def test_a_name_chooses_its_argument_however_it_is_passed(self):
        def f(w, b, *, x):
            return w * w * x + b * x

        assert grad(f, "w")(3.0, 4.0, x=5.0) == 30.0
        assert grad(f, "w")(w=3.0, b=4.0, x=5.0) == 30.0
        assert grad(f, "b")(3.0, b=4.0, x=5.0) == 5.0
        assert grad(f, "x")(3.0, 4.0, x=5.0) == 13.0
        assert grad(f, ("w", "b"))(3.0, 4.0, x=5.0) == (30.0, 5.0)
        assert grad(f, ("x", 0, "b"))(3.0, 4.0, x=5.0) == (13.0, 30.0, 5.0)
        assert value_and_grad(f, "x")(3.0, 4.0, x=5.0) == (65.0, 13.0)
        assert jacobian(lambda p, q: [p * q, p], "q")(2.0, q=3.0) == [2.0, 0.0]
        assert hessian(f, ("w", "x"))(3.0, 4.0, x=5.0) == ((10.0, 6.0), (6.0, 0.0))

    def test_an_argument_left_to_its_default_is_differentiated_there(self):
        assert grad(lambda x, rate=3.0: x * rate**2, "rate")(2.0) == 12.0

    def test_names_of_a_function_that_takes_any(self):
        def f(x, **others):
            return x * others["scale"] ** 2

        assert grad(f, "scale")(2.0, scale=3.0) == 12.0
        with pytest.raises(TypeError, match=r"f was called without the argument 'rate' .* as in rate=\.\.\."):
            grad(f, "rate")(2.0, scale=3.0)

    def test_a_callers_dict_stays_as_it_is(self):
        given = {"x": 2.0}
        assert grad(lambda x, y=1.0: x * y, ("x", "y"))(**given) == (1.0, 2.0)
        assert given == {"x": 2.0}

    def test_one_argument_chosen_twice(self):
        with pytest.raises(ValueError, match="names an argument twice: name each once"):
            grad(lambda x, y: x * y, ("x", 0))(1.0, 2.0)

    def test_an_argument_that_was_not_passed(self):
        def f(x, /, y):
            return x * y

        with pytest.raises(TypeError, match=r"f was called without the argument 'y'"):
            grad(f, "y")(1.0)
        with pytest.raises(TypeError, match=r"no argument 1 .* by its name if it has one"):
            grad(f, 1)(1.0, y=2.0)
        assert grad(f, "x")(3.0, 4.0) == 4.0


class TestAux:
    def test_the_results_are_those_of_jax(self):
        def f(x):
            return x**2, {"twice": 2 * x, "name": "square"}

        assert grad(f, has_aux=True)(3.0) == (6.0, {"twice": 6.0, "name": "square"})
        (value, aux), gradient = value_and_grad(f, has_aux=True)(3.0)
        assert (value, aux["twice"], gradient) == (9.0, 6.0, 6.0)
        assert type(aux["twice"]) is float

    def test_aux_is_handed_through(self):
        for aux in (None, "text", [1, 2], object(), np.arange(3), Value(1.0)):
            gradient, got = grad(lambda x: (x * x, aux), has_aux=True)(2.0)  # noqa: B023
            assert gradient == 4.0
            assert got is aux

    def test_a_value_of_the_callers_keeps_its_graph(self):
        w = Value(3.0)
        gradient, aux = grad(lambda x: (w * x * x, [w * x]), has_aux=True)(2.0)
        assert gradients(gradient, w).data == 4.0
        assert gradients(aux[0], w).data == 2.0

    def test_nested_gradients_pass_through_aux(self):
        def outer(y):
            gradient, aux = grad(lambda x: (x**3, x * x), has_aux=True)(y)
            return gradient * aux

        assert outer(2.0) == 48.0
        assert grad(outer)(2.0) == 12.0 * 8.0

    def test_another_result_is_refused(self):
        for result, told in ((1.0, "a float"), ((1.0, 2.0, 3.0), "a tuple of 3"), ([1.0, 2.0], "a list")):
            with pytest.raises(TypeError, match=f"it returned {told}: end it with return value, aux"):
                grad(lambda x: result, has_aux=True)(1.0)  # noqa: B023
        with pytest.raises(TypeError, match="a gradient is of one number"):
            grad(lambda x: ([x, x], None), has_aux=True)(1.0)

    def test_independence_is_still_found(self):
        with pytest.raises(ValueError, match="does not depend"):
            grad(lambda x: (1.0, x), has_aux=True, independent="raise")(2.0)


@dataclass(frozen=True, slots=True)
class Layer:
    w: Any
    b: float
    name: str = "layer"
    active: bool = True
    parent: Any = None


@dataclass
class Model:
    layers: list[Layer]
    rate: float = 0.5
    size: int = field(default=2, metadata={"static": True})
    total: float = field(init=False, default=0.0)
    unset: float = field(init=False)

    def __post_init__(self):
        if not all(isinstance(layer.b, float) for layer in self.layers):
            raise TypeError("not called again with Values or derivatives")
        self.total = 7.0


def loss(model: Model) -> Any:
    first, second = model.layers
    hidden = [sum(first.w) + first.b for _ in range(model.size)]
    return second.w["x"] * hidden[0] * hidden[1] * model.rate + model.total * second.b


def example() -> Model:
    return Model([Layer([1.0, 2.0], 3.0, "first"), Layer({"x": 4.0}, 5.0, active=False)])


class TestDataclasses:
    def test_a_gradient_is_a_dataclass_of_the_same_type(self):
        """Numbers are differentiated; strings, bools, None and static fields are kept."""
        value, g = value_and_grad(loss)(example())
        assert value == 4.0 * 36.0 * 0.5 + 35.0
        first, second = g.layers
        assert type(g) is Model
        assert (first.w, first.b, first.name, first.parent) == ([24.0, 24.0], 24.0, "first", None)
        assert (second.w, second.b, second.active) == ({"x": 18.0}, 7.0, False)
        assert (g.rate, g.size, g.total) == (72.0 * 2, 2, 5.0)
        assert not hasattr(g, "unset")
        with pytest.raises(dataclasses.FrozenInstanceError):
            first.b = 1.0

    def test_a_dataclass_is_checked(self):
        check_grads(loss, example())

        def wrong(model: Model) -> Any:
            x = model.layers[1].w["x"]
            return x * x.data

        with pytest.raises(AssertionError, match=r"argument \[0\]\.layers\[1\]\.w\['x'\] at 4\.0"):
            check_grads(wrong, example(), order=1)

    def test_a_dataclass_is_a_result(self):
        def f(x):
            return Layer([x, x * x], 3.0 * x, name="of x")

        assert jacobian(f)(2.0) == Layer([1.0, 4.0], 3.0, name="of x")
        assert jvp(f, (2.0,), (10.0,)) == (Layer([2.0, 4.0], 6.0, "of x"), Layer([10.0, 40.0], 30.0, "of x"))
        out, pull = vjp(f, 2.0)
        assert out == Layer([2.0, 4.0], 6.0, "of x")
        assert pull(Layer([1.0, 1.0], 1.0, name="any name")) == (8.0,)
        with pytest.raises(ValueError, match="cotangent must be a Layer"):
            pull([1.0, 1.0, 1.0])
        with pytest.raises(TypeError, match="a gradient is of one number, and f returned a Layer"):
            grad(f)(2.0)

    def test_tangents_are_dataclasses_too(self):
        def f(layer: Layer) -> Any:
            return layer.w * layer.b

        assert jvp(f, (Layer(2.0, 3.0),), (Layer(1.0, 10.0, "direction"),))[1] == 23.0
        assert hessian(f)(Layer(2.0, 3.0, "l")).w == Layer(0.0, 1.0, "l")

    def test_arrays_and_texts_in_fields(self):
        layer = Layer(np.array([1.0, 2.0]), 2.0, parent=np.array(["a", "b"]))
        g = grad(lambda l: (l.w * l.w).sum() * l.b)(layer)  # noqa: E741
        np.testing.assert_array_equal(g.w, [4.0, 8.0])
        assert g.b == 5.0
        assert g.parent is layer.parent
        named = Layer(["x", 3.0], 1.0)
        assert grad(lambda l: l.w[1] * l.b)(named).w == ["x", 1.0]  # noqa: E741

    def test_the_jacobian_of_an_array_by_a_dataclass_has_arrays_in_its_fields(self):
        J = jacobian(lambda l: np.array([l.w, l.w * l.b, l.b * l.b]))(Layer(2.0, 3.0, "l"))  # noqa: E741
        assert (J.w.tolist(), J.b.tolist(), J.name) == ([1.0, 3.0, 0.0], [0.0, 2.0, 6.0], "l")

    def test_a_complex_number_is_refused(self):
        with pytest.raises(TypeError, match="complex number"):
            grad(lambda l: l.b)(Layer(1.0 + 2.0j, 3.0))  # noqa: E741

    def test_the_class_itself_is_no_tree(self):
        with pytest.raises(TypeError, match="not a type"):
            grad(lambda kind: 1.0)(Layer)


class TestElementwise:
    def test_arrays_and_lists(self):
        xs = np.linspace(-2.0, 2.0, 6).reshape(2, 3)
        np.testing.assert_allclose(
            elementwise_grad(lambda x: np.sin(x) * x)(xs), np.cos(xs) * xs + np.sin(xs)
        )
        assert elementwise_grad(lambda xs: [x * x for x in xs])([1.0, 2.0]) == [2.0, 4.0]
        assert elementwise_grad(sin)(0.0) == 1.0
        assert elementwise_grad(elementwise_grad(lambda x: x**3))(np.array([1.0, 2.0])).tolist() == [
            6.0,
            12.0,
        ]

    @given(st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=8))
    def test_it_is_the_gradient_of_each_element(self, xs):
        def f(x):
            return exp(sin(x)) * x

        assert elementwise_grad(lambda xs: [f(x) for x in xs])(xs) == pytest.approx([grad(f)(x) for x in xs])

    def test_other_arguments_and_names(self):
        def f(a, xs):
            return [a * x * x for x in xs]

        assert elementwise_grad(f, "xs")(3.0, xs=[1.0, 2.0]) == [6.0, 12.0]
        with pytest.raises(TypeError, match="differentiates by one argument"):
            elementwise_grad(f, (0, 1))

    def test_an_element_that_depends_on_others_is_refused(self):
        for f in (softmax, lambda xs: xs[::-1], lambda xs: [x * xs[0] for x in xs]):
            with pytest.raises(ValueError, match="depends on other elements of the argument"):
                elementwise_grad(f)([1.0, 2.0, 3.0])
        with pytest.raises(ValueError, match="was given 2 numbers and returned 1"):
            elementwise_grad(sum)([1.0, 2.0])

    def test_a_condition_on_others_has_no_slope(self):
        assert elementwise_grad(lambda xs: [where(xs[0] > 0, x * x, x) for x in xs])([1.0, 3.0]) == [2.0, 6.0]
        assert elementwise_grad(lambda xs: [x * 0.0 + math.pi for x in xs])([1.0, 2.0]) == [0.0, 0.0]
