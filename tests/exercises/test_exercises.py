"""Each check accepts its solution, and refuses plausible wrong answers, each in its own words."""

import contextlib
import io
import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solutions import (
    LEAKY,
    ORDERS,
    SOLUTIONS,
    WRONG,
    all_but_the_first_cleared,
    endless,
    operands_of_the_root_cleared,
)

from autograd import Value
from autograd.exercises import EXERCISES, check
from autograd.exercises.exercise import Interval, within
from autograd.exercises.networks import two_two_two


def said(capsys, name, answer):
    assert check(name, answer) is None
    return capsys.readouterr().out


def test_every_exercise_has_a_solution_and_three_wrong_answers():
    assert set(SOLUTIONS) == set(WRONG) == set(EXERCISES)
    assert all(len(answers) >= 3 for answers in WRONG.values())


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_is_praised(name, capsys):
    text = said(capsys, name, SOLUTIONS[name])
    assert text == f"{name}: right. {EXERCISES[name].praise}\n"


@pytest.mark.parametrize("name", EXERCISES)
def test_each_wrong_answer_is_refused_in_its_own_words(name, capsys):
    texts = [said(capsys, name, answer) for answer in WRONG[name].values()]
    for (mistake, _), text in zip(WRONG[name].items(), texts, strict=True):
        assert mistake in text, (mistake, text)
        assert "right." not in text
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("name", EXERCISES)
def test_a_refusal_never_tells_the_answer(name):
    exercise = EXERCISES[name]
    texts = [exercise.otherwise, *(text for _, text in exercise.refusals)]
    if isinstance(SOLUTIONS[name], float):
        digits = f"{abs(SOLUTIONS[name]):.6g}".lstrip("0")
        assert len(digits) < 3 or not any(digits in text for text in texts)
    assert len(set(texts)) == len(texts)
    assert all(texts)


@pytest.mark.parametrize("name", EXERCISES)
def test_no_answer_yet(name, capsys):
    assert said(capsys, name, ...) == f"{name}: not answered yet\n"
    assert said(capsys, name, (..., ...)) == f"{name}: not answered yet\n"
    assert "`return`" in said(capsys, name, None)


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize(
    "answer", ["0.5", math.nan, [], (1, 2, 3), object(), True, 10**400, 1j, "x" * 10_000]
)
def test_nothing_raises(name, answer, capsys):
    text = said(capsys, name, answer)
    assert text.startswith(f"{name}: ")
    assert "right." not in text
    assert len(text) < 400


numbers = st.floats() | st.integers() | st.complex_numbers() | st.fractions() | st.decimals()
things = numbers | st.text() | st.binary() | st.none() | st.booleans() | st.just(...)


@given(st.sampled_from(sorted(EXERCISES)), things | st.lists(things) | st.tuples(things, things))
def test_nothing_raises_for_any_answer(name, answer):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        check(name, answer)
    assert printed.getvalue().startswith(f"{name}: ")


@given(
    st.sampled_from(["E9", "E10"]),
    st.sampled_from([ValueError, KeyError, RecursionError, MemoryError, StopIteration, AssertionError]),
)
def test_nothing_raises_for_a_function_that_fails(name, kind):
    def fails(root):
        raise kind("here")

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        check(name, fails)
    assert kind.__name__ in printed.getvalue() or kind is RecursionError


def test_an_unknown_name_lists_the_exercises(capsys):
    assert said(capsys, "E99", 1).startswith("E99: no exercise has this name; the exercises are E0, E1, E2, ")
    assert said(capsys, 7, 1).startswith("7: no exercise has this name")


def test_a_function_may_use_the_value_of_its_notebook(capsys):
    """The nodes that it is tried on are Values of that class too, with its methods."""
    notebook = {}
    exec(
        "class Value:\n"
        "    def double(self):\n"
        "        return 2 * self.data\n"
        "def again(root):\n"
        "    assert isinstance(root, Value) and root.double() == 2 * root.data\n",
        notebook,
    )
    assert "stays 0" in said(capsys, "E9", notebook["again"])


def test_an_interval(capsys):
    texts = {"praise": "Good.", "otherwise": "Compare the ends."}
    wide = [(lambda ends: ends[1] - ends[0] > 1, "Too wide.")]
    exercise = Interval("E", accept=lambda ends: within(0.1, 0.2)(ends[0]), refusals=wide, **texts)
    assert exercise.verdict((0.15, 0.3)) == "right. Good."
    assert exercise.verdict([0.3, 0.5]) == "not yet. Compare the ends."
    assert exercise.verdict((0.3, 5)) == "not yet. Too wide."
    assert exercise.verdict((0.3, ...)) == "not answered yet"
    assert "above the high end" in exercise.verdict((2, 1))
    assert "write answer = (low, high)" in exercise.verdict(0.15)
    assert "two ends" in exercise.verdict((1, 2, 3))


def test_a_value_is_a_number(capsys):
    assert "right." in said(capsys, "E2", Value(SOLUTIONS["E2"]))


@pytest.mark.parametrize(("name", "answer"), [("E2", 0.0822), ("E3", -0.00023), ("E4", 0.28575)])
def test_an_answer_from_rounded_factors_is_right(name, answer, capsys):
    assert "right." in said(capsys, name, answer)


def test_a_network_is_no_number(capsys):
    assert "its error is n.E.data" in said(capsys, "E4", two_two_two())


def test_quotes(capsys):
    assert "without quotes" in said(capsys, "E1", "1e-5")
    assert "its name in quotes" in said(capsys, "E9", "again")


def test_clearing_is_tried_on_deep_graphs_with_several_leaves(capsys):
    assert "a later one is not" in said(capsys, "E9", operands_of_the_root_cleared)
    assert "a later one is not" in said(capsys, "E9", all_but_the_first_cleared)


def test_a_loop_that_never_ends_is_stopped_and_tracing_goes_on(capsys):
    before = sys.gettrace()
    assert "its loop does not end" in said(capsys, "E10", endless)
    assert sys.gettrace() is before


def test_the_result_of_reverse_is_none(capsys):
    assert "reverse()" in said(capsys, "E10", lambda root: [root].reverse())


@pytest.mark.parametrize("name", ["E9", "E10"])
def test_what_functions_do_wrong(name, capsys):
    def divides(root):
        return 1 / 0

    assert "ZeroDivisionError: division by zero" in said(capsys, name, divides)
    assert "the function itself, not the float" in said(capsys, name, 3.0)
    assert "TypeError" in said(capsys, name, lambda: None)


def test_a_function_that_has_to_return_something(capsys):
    assert "lacks a line `return ...`" in said(capsys, "E10", lambda root: None)
    assert "gives back a int" in said(capsys, "E10", lambda root: 3)
    assert "other things than nodes" in said(capsys, "E10", lambda root: [root, 3])


@pytest.mark.parametrize("order", ORDERS)
def test_other_good_orders_are_right_too(order, capsys):
    assert "right." in said(capsys, "E10", order)


@pytest.mark.parametrize("leaky", LEAKY)
def test_other_functions_without_a_question_are_right_too(leaky, capsys):
    assert "right." in said(capsys, "E17", leaky)
