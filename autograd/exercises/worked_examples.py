"""The exercises of the notebooks 01 to 05 and 11, on worked examples of back-propagation: E2."""

from __future__ import annotations

from autograd.exercises.exercise import Exercise, near

EXERCISES = [
    Exercise(  # Mazur's network: dE/dw5 = (out_o1 - t1) * out_o1 * (1 - out_o1) * out_h1
        "E2",
        accept=near(0.082167041, 1e-6),
        praise="A gradient is the product of the slopes on the way from the error to the weight: of the "
        "error, of the sigmoid, and of the weighted sum.",
        refusals=[
            (
                near(0.439829588, 1e-5),
                "two factors are there; the slope of the sigmoid, dout_o1/dnet_o1, is missing",
            ),
            (
                near(-0.082167041, 1e-6),
                "the sign is turned: E has (t1 - out_o1)**2, and its slope by out_o1 is -(t1 - out_o1)",
            ),
            (
                near(0.138498562, 1e-6),
                "this is dE/dnet_o1; the last factor, the slope of net_o1 by w5, is missing",
            ),
        ],
        otherwise="the product has three factors: dE/dout_o1, dout_o1/dnet_o1 and dnet_o1/dw5",
    )
]
