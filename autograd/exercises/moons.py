"""The exercise of the notebook 07_moons: E13."""

from __future__ import annotations

from autograd.exercises.exercise import Exercise, near

EXERCISES = [
    Exercise(  # loss = (w - 3)**2 from w = 0 with the rate 0.1, three steps without zero_grad
        "E13",
        accept=near(3.024, 0.0045),
        praise="Without zero_grad, w.grad is the sum of all gradients so far: w keeps its speed, as a ball "
        "without friction does, and rolls past the minimum.",
        refusals=[
            (near(1.464, 1e-9), "these steps each begin with a gradient of 0; here no call clears w.grad"),
            (near(1.68, 1e-9), "this is w after two steps; the question asks for three"),
            (near(4.1184, 1e-9), "this is w after four steps; the question asks for three"),
            (
                near(1.8, 1e-9),
                "this uses the gradient at w = 0 three times; the gradient changes as w moves: take 2*(w - "
                "3) at each new w",
            ),
            (
                near(3.6, 1e-9),
                "this adds the gradient at w = 0 again and again; the gradient changes as w moves: take "
                "2*(w - 3) at each new w",
            ),
            (
                lambda w: w < 0,
                "w moved away from 3: a step subtracts 0.1 * w.grad, and w.grad is negative at the start",
            ),
        ],
        otherwise="take three lines, one for each step: the gradient 2*(w - 3) at the present w, the sum of "
        "all gradients so far, and w less 0.1 times the sum",
    )
]
