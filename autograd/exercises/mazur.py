"""The exercises of the notebook 01_step_by_step, on Matt Mazur's network: E2 to E4."""

from __future__ import annotations

from autograd.exercises.exercise import Exercise, near

ROUNDED = "nearly: the way is right, but a factor was rounded too early; keep five digits of each"

EXERCISES = [
    Exercise(  # dE/dw5 = (out_o1 - t1) * out_o1 * (1 - out_o1) * out_h1
        "E2",
        accept=near(0.082167041, 5e-5),
        praise="A gradient is the product of the slopes on the way from the error to the weight: of the "
        "error, of the sigmoid, and of the weighted sum.",
        refusals=[
            (
                near(0.439829588, 1e-4),
                "two factors are there; the slope of the sigmoid, dout_o1/dnet_o1, is missing",
            ),
            (
                near(-0.082167041, 5e-5),
                "the sign is turned: E has (t1 - out_o1)**2, and its slope by out_o1 is -(t1 - out_o1)",
            ),
            (
                near(0.138498562, 1e-4),
                "this is dE/dnet_o1; the last factor, the slope of net_o1 by w5, is missing",
            ),
            (near(0.741365070, 1e-4), "this is the first factor, dE/dout_o1; two more are to be multiplied"),
            (near(0.186815602, 1e-4), "this is the second factor alone, the slope of the sigmoid"),
            (near(0.110832091, 5e-5), "the first factor, the slope of E by out_o1, is missing"),
            (
                near(0.030457887, 5e-5),
                "the first factor is the slope of E by out_o1, not the error E_o1 itself",
            ),
            (
                near(-0.051513746, 5e-5),
                "the slope of the sigmoid is y * (1 - y) with the output, y = out_o1, not with net_o1",
            ),
            (
                near(0.055399425, 5e-5),
                "the last factor is the slope of net_o1 by w5: not w5 itself, but the number that w5 is "
                "multiplied by",
            ),
            (near(0.082667628, 5e-5), "the last factor belongs to w6: which hidden output does w5 multiply?"),
            (
                near(0.164334081, 1e-4),
                "twice too large: the slope of 0.5 * u**2 is u, since the 2 of the square and 0.5 cancel",
            ),
            (
                near(0.041083520, 5e-5),
                "half of the right size: the slope of 0.5 * u**2 is u, since the 2 of the square and 0.5 "
                "cancel",
            ),
            (near(0.358916480, 1e-4), "this is the new weight after a step; its gradient is asked for"),
            (
                near(0.0, 1e-12),
                "0 is what w5.grad holds before E.backward() was called: work the slope out by hand here",
            ),
            (near(0.082167041, 4e-4), ROUNDED),
        ],
        otherwise="the product has three factors: dE/dout_o1, dout_o1/dnet_o1 and dnet_o1/dw5",
    ),
    Exercise(  # the slopes along w1 -> net_h1 -> out_h1 -> net_o2 -> out_o2 -> E, multiplied
        "E3",
        accept=near(-0.000229828, 3e-7),
        praise="Each path has its own product, and the shares of all paths are added. This one is negative: "
        "for the second output w1 is too small, for the first it is too large, and the first has the "
        "greater say.",
        refusals=[
            (near(0.000668396, 1e-6), "this is the share of the other path, through o1"),
            (near(0.000438568, 1e-6), "this is the sum of both paths; one path alone is asked for"),
            (
                near(0.000229828, 3e-7),
                "the sign is turned: out_o2 is below its target, so E falls when out_o2 rises",
            ),
            (
                near(-0.000952454, 1e-6),
                "the slope of the hidden sigmoid, dout_h1/dnet_h1, is missing",
            ),
            (near(-0.004596565, 1e-5), "the last factor, the slope of net_h1 by w1, is missing"),
            (near(-0.001309488, 1e-6), "the slope of the output's sigmoid, dout_o2/dnet_o2, is missing"),
            (near(-0.038098237, 1e-5), "this is dE/dnet_o2, the first two factors; three more follow"),
            (
                near(-0.000459657, 5e-7),
                "twice too large: either the third factor, a weight, is missing, or the fifth is the input "
                "of another weight",
            ),
            (
                lambda share: any(near(x, 3e-7)(share) for x in (-0.000252811, -0.000206845, -0.000183863)),
                "the third factor is another weight: out_h1 enters net_o2 by one weight only",
            ),
            (
                near(-0.000689485, 1e-6),
                "the last factor is the slope of net_h1 by w1: not w1 itself, but the number that w1 is "
                "multiplied by",
            ),
            (
                near(-0.000565064, 1e-6),
                "the fourth factor is the slope of the hidden sigmoid, y * (1 - y), not its output y",
            ),
            (near(-0.000229828, 2e-6), ROUNDED),
        ],
        otherwise="the path has five factors: dE/dout_o2, dout_o2/dnet_o2, dnet_o2/dout_h1, "
        "dout_h1/dnet_h1 and dnet_h1/dw1",
    ),
    Exercise(  # b1 and b2 move by -0.5 * dE/db1 and -0.5 * dE/db2 in the same step
        "E4",
        accept=near(0.285750887, 1e-6),
        praise="Two more numbers that learn, and the step is worth nearly twice as much: the error falls by "
        "0.0126 instead of 0.0073. A bias is a weight whose input is always 1.",
        refusals=[
            (near(0.291027774, 1e-6), "the biases have not moved: new b1 and b2 go into the network too"),
            (near(0.293182491, 1e-6), "the weights have not moved: only the biases are new"),
            (near(0.290875642, 1e-6), "b1 has moved, b2 has not"),
            (near(0.285899213, 1e-6), "b2 has moved, b1 has not"),
            (
                near(0.285653372, 1e-6),
                "the biases stepped with the gradients of the new network; weights and biases take one "
                "step together, from the gradients of the old one",
            ),
            (
                near(0.280548442, 1e-6),
                "the biases moved twice as far as they should: is the rate 0.5, and was E.backward() run "
                "once only? A second run adds the same gradients again",
            ),
            (
                near(0.296361342, 1e-6),
                "the biases went up the slope: a step goes against the gradient, b - rate * b.grad",
            ),
            (
                lambda error: any(near(x, 1e-6)(error) for x in (0.289915537, 0.285103741)),
                "both biases moved by the same amount: each has a gradient of its own",
            ),
            (near(0.268116436, 1e-6), "b1 and b2 have changed places: b=(new b1, new b2)"),
            (
                lambda error: any(near(x, 1e-6)(error) for x in (0.238729389, 0.232792984)),
                "the changes alone went in as biases: a new bias is the old one less the change",
            ),
            (
                near(0.298371109, 1e-6),
                "this is the error before the step: E does not change by itself, the network has to be built "
                "again with the new numbers",
            ),
            (near(0.285750887, 6e-5), ROUNDED),
            (
                lambda error: error > 0.298371109,
                "the error has grown: a step goes against the gradient, b - rate * b.grad",
            ),
        ],
        otherwise="each new bias is the old one less 0.5 times its gradient, from E.backward() of the old "
        "network; both go with the new weights into one forward pass",
    ),
]
