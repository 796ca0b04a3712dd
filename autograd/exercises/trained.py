"""The exercises of the notebooks 07_moons and 08_digits: E13, E18 and E19."""

from __future__ import annotations

from math import log, log2

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
    ),
    Exercise(  # the cross-entropy of ten equal probabilities
        "E18",
        accept=near(log(10), 0.005),
        praise="A network that guesses among n classes has the loss log(n). A training that begins far above "
        "it is sure of wrong answers; one that stays there learns nothing.",
        refusals=[
            (near(0.1, 1e-9), "this is the probability of the right class; the loss is a function of it"),
            (near(-log(10), 0.005), "the sign is turned: the logarithm of a probability is below 0"),
            (near(1, 1e-9), "this is the logarithm to the base 10; `log` is the natural one"),
            (near(log2(10), 0.005), "this is the logarithm to the base 2; `log` is the natural one"),
            (near(0.9, 1e-9), "this is the probability of a wrong answer; the loss is a logarithm"),
            (near(10 * log(10), 0.05), "the loss takes the right class alone, not the sum over all ten"),
            (near(log(10) / 10, 5e-4), "the loss takes the right class alone, not the mean over all ten"),
        ],
        otherwise="write down the probability that the network gives to the right class, then minus the "
        "natural logarithm of this probability",
    ),
    Exercise(  # the slope of log(exp(s0) + ... + exp(s9)) - s_right by s_right, where its probability is 0.02
        "E19",
        accept=near(-0.98, 1e-9),
        praise="The slope is the probability given less the probability wanted: p - 1 for the right class, p "
        "for each other class. So all ten slopes add up to 0.",
        refusals=[
            (
                near(0.98, 1e-9),
                "the sign is turned: a higher score of the right class makes the loss smaller",
            ),
            (near(0.02, 1e-9), "this is the slope of the first term; the score stands in the second one too"),
            (near(-1, 1e-9), "this is the slope of the second term; the score stands in the first one too"),
            (near(1.02, 1e-9), "the two slopes are added as if the second term had a plus"),
            (near(-50, 1e-9), "this is the slope by the probability; the question is the slope by the score"),
            (
                lambda slope: abs(abs(slope) - 0.0196) < 1e-9,
                "this is the size of the slope of the probability by the score; the loss is its logarithm",
            ),
            (near(-log(0.02), 0.005), "this is the loss itself, not its slope"),
        ],
        otherwise="the score of the right class stands twice in the loss: find the slope of each of the two "
        "terms, and add them",
    ),
]
