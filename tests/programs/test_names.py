"""Names of the inputs of a program: each another, so that listings and formulas tell them apart."""

import pickle

import nn
from autograd import Value, trace, vmap
from autograd.programs.program import Program


def test_values_of_one_name_get_numbers():
    a, b, c = Value(2.0, "w"), Value(3.0, "w"), Value(5.0, "w_2")
    program = trace(lambda w: a * w + b * c, 1.0)
    assert program.inputs[0] == "w"
    assert len(set(program.inputs)) == 4
    numbers = dict(zip(program.inputs, program.numbers, strict=True))
    assert program.formula().evaluate(**numbers) == 2.0 * 1.0 + 3.0 * 5.0


def test_a_formula_tells_parameters_of_one_name_apart():
    model = nn.MLP(2, [2, 1], "tanh", seed=1)
    program = trace(model, [0.5, -1.0])
    assert len(set(program.inputs)) == len(program.inputs) == 11
    numbers = dict(zip(program.inputs, program.numbers, strict=True))
    assert program.formula().evaluate(**numbers) == model([0.5, -1.0]).data


def test_distinct_names_are_kept():
    assert Program("f", ["w_2", "w", "w"], [1.0] * 3, [], [0]).inputs == ("w_2", "w", "w_3")
    program = Program("f", ["w"] * 3, [1.0] * 3, [], [0])
    assert program.inputs == ("w", "w_2", "w_3")
    assert pickle.loads(pickle.dumps(program)).inputs == program.inputs


def test_many_equal_names_take_linear_time():
    assert len(set(Program("f", ["w"] * 100_000, [0.0] * 100_000, [], [0]).inputs)) == 100_000


def test_lanes_have_the_names_of_the_function_of_one_sample():
    def error(w, point, y, *, scale):
        return w["slope"] * point[0] / scale + w["offset"] - y

    def loss(w, points, ys):
        return vmap(error, in_axes=(None, 0, 0), reduce="sum")(w, points, ys, scale=ys)

    program = trace(loss, {"slope": 2.0, "offset": 1.0}, [[1.0], [2.0]], [3.0, 4.0])
    shown = str(program).partition("in each lane:")[2]
    assert "error(w['slope'], w['offset'], point[0], y, scale):" in shown
    assert "= w['slope'] * point[0]" in shown
