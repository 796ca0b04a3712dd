"""The exercises of the notebooks 02 to 05, on worked examples of back-propagation: E5 to E8."""

from __future__ import annotations

from autograd.exercises.exercise import Exercise, Interval, near, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Ends = tuple[float, float]


def ends_near(low: float, high: float, tolerance: float) -> Callable[[Ends], bool]:
    """A test of intervals: whether both ends are as near as `tolerance`."""
    return lambda ends: near(low, tolerance)(ends[0]) and near(high, tolerance)(ends[1])


EXERCISES = [
    Interval(  # w7+ from .5105 to .5115, solved for the target of the second output
        "E5",
        accept=ends_near(0.974609, 0.993817, 6e-4),
        praise="A print of three decimals leaves a narrow interval, and the target that the text states is "
        "far outside of it. A gradient can be read backwards: from the step to the error that caused it.",
        refusals=[
            (
                lambda ends: within(*ends)(0.22),
                "the text's own target lies in this interval: then there would be no slip. With that target "
                "w7 would fall, and in print it rises",
            ),
            (
                ends_near(0.552040, 0.571248, 1e-3),
                "the sign is turned: w7 rises, so the error falls as out_o2 rises, and the target is above "
                "the output",
            ),
            (
                lambda ends: abs(ends[1] - ends[0]) < 1e-3,
                "this is the target for .511 exactly; in print .511 stands for all numbers that round to it",
            ),
            (
                ends_near(0.965006, 1.003421, 2e-3),
                "the ends are a whole unit of the last decimal away from .511; numbers that round to .511 "
                "are within half a unit",
            ),
        ],
        otherwise="solve w7+ = 0.5 - 0.5 * (out_o2 - t) * dout_o2/dnet_o2 * out_h1 for t, once with w7+ = "
        ".5105 and once with .5115",
    ),
    Exercise(  # (y1 - 0.01) * y1 * (1 - y1) with y1 = .894606
        "E6",
        accept=near(0.083406, 2e-6),
        praise="The output alone gives the slope of its sigmoid, since the slope is y * (1 - y); neither "
        "inputs nor weights were needed.",
        refusals=[
            (near(0.094286, 2e-6), "this is the slope of the sigmoid; the slope of the error is missing"),
            (near(0.884606, 2e-6), "this is the slope of the error; the slope of the sigmoid is missing"),
            (
                near(-0.083406, 2e-6),
                "the sign is turned: here delta is the slope of E by net, and E grows as y1 grows above its "
                "target",
            ),
            (near(0.084349, 2e-6), "the target is not 0 but 0.01"),
            (near(0.391264, 2e-6), "this is the error of the output, not its slope"),
        ],
        otherwise="delta has two factors: y1 - t1, and the slope of the sigmoid at y1",
    ),
    Exercise(  # the mean of the three changes -alpha * dE/dW1_12
        "E7",
        accept=near(-0.003711715639, 1e-10),
        praise="The mean of the changes is the change by the mean: one step on the mean loss does the same.",
        refusals=[
            (
                near(-0.011135146917, 1e-9),
                "this is the sum of the three changes; with a sum the step would grow with the batch",
            ),
            (near(0.003711715639, 1e-9), "the sign is turned: a change goes against the gradient"),
            (
                near(0.037117156393, 1e-8),
                "this is the mean of the gradients; a change is -alpha times that",
            ),
            (
                near(-0.008023304635, 1e-9),
                "this is the change by the first sample alone",
            ),
        ],
        otherwise="add the three changes, and divide by their number",
    ),
    Exercise(  # f'_6 * .163647453
        "E8",
        accept=near(0.040898256, 2e-8),
        praise="The error passes through neuron 6 on its way back, so it is multiplied by the slope of that "
        "neuron; the page multiplies by the weight only.",
        refusals=[
            (
                near(0.163647453, 1e-7),
                "this is the page's figure, unchanged: the slope of the neuron that the error passes through "
                "is missing",
            ),
            (
                near(0.039542633, 1e-7),
                "this is multiplied by the slope of neuron 4; on its way from the output to y4 the error "
                "passes through another neuron",
            ),
            (near(0.654807664, 1e-5), "divided, where it is to be multiplied"),
            (near(0.102245640, 1e-7), "the slope is there, but the weight w46 is missing"),
        ],
        otherwise="the slope of a sigmoid neuron is y * (1 - y); which neuron does the error pass through?",
    ),
]
