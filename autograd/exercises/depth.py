"""The exercises of the notebook 11_initialisation_and_activations: E11 and E12."""

from __future__ import annotations

from autograd.exercises.exercise import Exercise, near

EXERCISES = [
    Exercise(  # the slope of sigmoid(sigmoid(...(0.5))), ten times
        "E11",
        accept=near(3.483e-7, 5e-10),
        praise="Ten slopes, each below a quarter, leave a third of a millionth: the first layer hears next "
        "to nothing of the error.",
        refusals=[
            (
                near(0.25**10, 1e-9),
                "this is .25**10, a bound: .25 is the slope of sigmoid at 0, and none of the ten is taken "
                "there",
            ),
            (
                near(5.1374e-7, 1e-9),
                "this takes the slope at 0.5 ten times; each sigmoid gets the output of the one before",
            ),
            (near(1.4822e-6, 1e-9), "nine factors; the first sigmoid, whose input is 0.5, is missing"),
            (near(0.65905, 1e-4), "this is the output of the last sigmoid; its slope by x is asked for"),
            (lambda slope: slope <= 0, "a sigmoid rises everywhere, so the slope is positive"),
        ],
        otherwise="multiply ten slopes y * (1 - y), one for each output y",
    ),
    Exercise(  # x - rate * 6 * x: |1 - 6 * rate| < 1
        "E12",
        accept=near(0.33, 1e-9),
        praise="Each step multiplies the distance by 1 - 6 * rate, and 200 steps multiply 200 times: below 1 "
        "in size it vanishes, above it explodes, as slopes do in depth. 6 is the curvature.",
        refusals=[
            (
                near(0.34, 1e-9),
                "with this rate x is 12,754 in size after 200 steps: each step multiplies it by -1.04",
            ),
            (near(1 / 3, 4e-3), "two decimals; at 1/3 itself x jumps from 5 to -5 and back for ever"),
            (
                near(1 / 6, 5e-3),
                "this rate goes to the minimum in about one step, but larger ones still get there",
            ),
            (
                lambda rate: 0 < rate < 0.33,
                "this rate converges, but so does a larger one: x may jump across the minimum if it lands "
                "nearer",
            ),
            (lambda rate: rate <= 0, "a rate of 0 stands still, a negative one climbs"),
        ],
        otherwise="with this rate each step lands farther from the minimum than it began",
    ),
]
