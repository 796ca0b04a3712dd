"""The exercise of the notebook 00_tour: E0."""

from __future__ import annotations

from autograd.exercises.exercise import Exercise, near

EXERCISES = [
    Exercise(  # L = (a*b + c) * f with a = 2, b = -3, c = 10, f = -2
        "E0",
        accept=near(1.0, 0.0),
        praise="Slopes along a path multiply, and two negative ones make a positive one: a nudge of a "
        "upwards lowers a*b, and f turns this fall into a rise.",
        refusals=[
            (
                near(-1.0, 0.0),
                "a lowers a*b, since b is negative; but L is not a*b: follow the path on, through f",
            ),
            (near(0.0, 0.0), "0 would mean that L does not depend on a: L is (a*b + c) * f"),
            (
                lambda answer: answer > 0 or answer < 0,
                "this is a size; only the sign is asked for: +1 if L rises with a, -1 if it falls",
            ),
        ],
        otherwise="write +1 if L rises with a, -1 if it falls",
    )
]
