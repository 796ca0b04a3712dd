"""The exercises of the notebook 09_build_it_yourself: E1, E9 and E10."""

from __future__ import annotations

import math

from autograd.exercises.exercise import Exercise, Function
from autograd.exercises.trials import (
    POINTS,
    TRIALS,
    any_fault,
    carried,
    first_call_is_right,
    gives_what,
    right_gradients,
)


def step_error(h: float) -> float:
    """How far the central difference of exp at 1 is from e, for the step h; infinite for a step of 0."""
    return abs((math.exp(1 + h) - math.exp(1 - h)) / (2 * h) - math.e) if h else math.inf


EXERCISES = [
    Exercise(
        "E1",
        accept=lambda h: step_error(h) < 1e-9,
        praise="Two errors oppose each other: that of the curve, which shrinks as h**2, and that of "
        "rounding, which grows as 1/h. The best step lies between them, and even there some digits are lost.",
        refusals=[
            (lambda h: h == 0, "a step of 0 divides 0 by 0: the limit is approached, never reached"),
            (
                lambda h: abs(h) >= 1,
                "h is the step to each side, a small number; the slope itself is not asked for",
            ),
            (
                lambda h: abs(h) < 1e-6,
                "rounding: exp(1 + h) and exp(1 - h) agree in most of their 16 digits, and their difference "
                "has only the few digits that are left; a larger step keeps more of them",
            ),
            (
                lambda h: abs(h) > 1e-6,
                "truncation: the curve bends between 1 - h and 1 + h, and a smaller step sees less of it",
            ),
        ],
        otherwise="h is a small positive number, such as 0.01",
    ),
    Function(
        "E9",
        trials=TRIALS,
        returns=False,
        accept=gives_what(lambda node: bool(node.args)),
        praise="The gradients of inner nodes belong to one call of backward, so each call clears them first; "
        "the gradients of leaves add up until you clear them yourself.",
        refusals=[
            (
                lambda found: all(grad == 0 for trial in found for grad in trial),
                "the leaf's gradient stays 0: set the root's gradient to 1 after the clearing, then sweep",
            ),
            (
                gives_what(lambda node: False),
                "a second call is wrong even after the leaf was cleared: inner nodes still have the "
                "gradients of the call before, and pass them on once more",
            ),
            (
                gives_what(lambda node: True),
                "the leaves are cleared as well, so the gradients of two calls no longer add up: leave those "
                "nodes alone that no operation made",
            ),
            (
                gives_what(lambda node: not node.args),
                "leaves are cleared and inner nodes are not: it has to be the other way round",
            ),
            (
                gives_what(lambda node: bool(node.args), adding=False),
                "a node with several users keeps only the gradient that arrived last: paths add",
            ),
            (
                gives_what(lambda node: bool(node.args), turned=True),
                "only the operands of the root get a gradient: the sweep has to go through the whole order, "
                "and from its end, the root",
            ),
            (
                first_call_is_right,
                "the first call is right, and a later one is not: some inner node still has its gradient of "
                "the call before, or some leaf was cleared; every node of the order has to be looked at",
            ),
        ],
        otherwise="already the first call gives a wrong slope, where `backward` is right: compare the two "
        "line by line. The formulas are x*x*x, whose slope at 2 is 12, and two with shared nodes",
    ),
    Function(
        "E10",
        trials=[carried(formula, at) for formula, at, _ in POINTS],
        accept=right_gradients,
        praise="With operands before users, one pass in reverse has the whole gradient of a node before the "
        "node passes it on; and a loop with a list of open nodes does so at any depth.",
        refusals=[
            (any_fault("empty"), "the list is empty: is a node appended once its operands are done?"),
            (
                any_fault("twice"),
                "a node stands in the list twice, so it passes its gradient on twice: a shared node has "
                "several users, and only its first visit counts",
            ),
            (any_fault("missing"), "a node is missing: all nodes are wanted, the root and the leaves too"),
            (
                any_fault("turned"),
                "the order is turned around: operands come before their users, the root last",
            ),
            (
                any_fault("mixed"),
                "a node comes before one of its operands: it may be appended only when all its operands are "
                "in the list",
            ),
        ],
        otherwise="the gradients carried along this order differ from ours",
    ),
]
