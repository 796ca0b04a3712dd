"""Figures of nn that hold without torch: each was torch's, in float64, when it was written down."""

import pytest

import nn
from autograd import Value

# From (-1, 0.5, 2), 20 steps down (1-x)**2 + 5*(y-x*x)**2 + 0.1*(z-y)**2.
OPTIMIZERS = [
    ("SGD", {"lr": 0.02}, [-0.14116487798696226, 0.14481964441810075, 1.8759183432830389]),
    ("SGD", {"lr": 0.005, "momentum": 0.9}, [0.4653213723493593, -0.18538991317758838, 1.8147795014219021]),
    (
        "SGD",
        {"lr": 0.005, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1},
        [0.059435573242942755, 0.03182958511842116, 1.8441125576432411],
    ),
    (
        "SGD",
        {"lr": 0.005, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
        [0.3938760761506167, -0.09762007308436253, 1.7861531814644527],
    ),
    ("Adagrad", {"lr": 0.5}, [0.3430773062915585, 0.0763577351438404, 0.06125417204007346]),
    (
        "Adagrad",
        {"lr": 0.5, "lr_decay": 0.1, "weight_decay": 0.1},
        [-0.10617935675245337, 0.07138105196401767, 0.3120145092301035],
    ),
    ("RMSprop", {"lr": 0.05}, [0.3721857074104659, 0.09571824096433881, 0.0632674658350774]),
    (
        "RMSprop",
        {"lr": 0.05, "alpha": 0.9, "momentum": 0.5, "weight_decay": 0.1, "centered": True},
        [0.4386825938595234, 0.14060939145201173, 0.013587788931948695],
    ),
    ("Adam", {"lr": 0.1}, [-0.21131465836956972, -0.039319276636498215, 0.27552678924197]),
    (
        "Adam",
        {"lr": 0.1, "betas": (0.8, 0.99), "weight_decay": 0.1, "eps": 1e-06},
        [-0.10950720849706125, 0.029776450593436275, 0.3332721495310976],
    ),
    ("AdamW", {"lr": 0.1}, [-0.19643426485175644, -0.049161335662911004, 0.25736234801209634]),
    (
        "AdamW",
        {"lr": 0.1, "weight_decay": 0.3},
        [0.12549371500194417, -0.16813686664716876, -0.08620802207104644],
    ),
]

# The rates of the epochs 0, 1, 5 and 11, from 0.1 on.
SCHEDULES = [
    ("StepLR", {"step_size": 3, "gamma": 0.5}, [0.1, 0.1, 0.05, 0.0125]),
    ("ExponentialLR", {"gamma": 0.9}, [0.1, 0.09000000000000001, 0.05904900000000002, 0.03138105960900001]),
    (
        "LinearLR",
        {"start_factor": 0.1, "total_iters": 6},
        [0.010000000000000002, 0.025000000000000005, 0.085, 0.1],
    ),
    (
        "CosineAnnealingLR",
        {"T_max": 10, "eta_min": 0.001},
        [0.1, 0.09757729755661011, 0.0505, 0.0034227024433899004],
    ),
    ("CosineAnnealingLR", {"T_max": 20}, [0.1, 0.0993844170297569, 0.08535533905932739, 0.04217827674798848]),
]

LOSSES = [
    ("mse_loss", ([0.5, -1.25, 3.0], [1.0, -1.0, -2.0]), 8.4375),
    ("l1_loss", ([0.5, -1.25, 3.0], [1.0, -1.0, -2.0]), 1.9166666666666667),
    ("huber_loss", ([0.5, -1.25, 3.0], [1.0, -1.0, -2.0]), 1.5520833333333333),
    ("binary_cross_entropy_with_logits", ([0.5, -1000.0, 1000.0], [1, 0, 0.25]), 250.15802566139337),
    ("binary_cross_entropy", ([0.25, 0.5, 0.875], [1, 0, 0.25]), 1.2241351820319477),
    ("cross_entropy", ([[0.5, -1.0, 2.0], [300.0, -700.0, 1000.0]], [1, 2]), 1.6206556483285786),
    ("nll_loss", ([[0.5, -1.0, 2.0], [300.0, -700.0, 1000.0]], [1, 2]), -499.5),
    ("multi_margin_loss", ([[0.5, -1.0, 2.0], [300.0, -700.0, 1000.0]], [1, 2]), 1.0833333333333333),
]


def rosenbrock(p):
    x, y, z = p
    return (1 - x) ** 2 + 5 * (y - x * x) ** 2 + 0.1 * (z - y) ** 2


@pytest.mark.parametrize(("name", "options", "expected"), OPTIMIZERS)
def test_optimisers(name, options, expected):
    parameters = [Value(x) for x in (-1.0, 0.5, 2.0)]
    optimizer = getattr(nn, name)(parameters, **options)
    for _ in range(20):
        optimizer.zero_grad()
        rosenbrock(parameters).backward()
        optimizer.step()
    assert [p.data for p in parameters] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("name", "options", "expected"), SCHEDULES)
def test_schedules(name, options, expected):
    optimizer = nn.SGD([Value(1.0)], lr=0.1)
    schedule = getattr(nn, name)(optimizer, **options)
    rates = [optimizer.lr]
    for _ in range(11):
        schedule.step()
        rates.append(optimizer.lr)
    assert [rates[i] for i in (0, 1, 5, 11)] == pytest.approx(expected, rel=1e-12)
    other = getattr(nn, name)(nn.SGD([Value(1.0)], lr=0.1), **options)
    other.load_state_dict(schedule.state_dict())
    other.step()
    schedule.step()
    assert other.optimizer.lr == optimizer.lr


@pytest.mark.parametrize(("name", "args", "expected"), LOSSES)
def test_losses(name, args, expected):
    assert getattr(nn, name)(*args) == pytest.approx(expected, rel=1e-12)


def test_the_textbooks_half_sum():
    """Mazur's total error, 0.298371109, of the outputs 0.75136507 and 0.772928465 for 0.01 and 0.99."""
    error = nn.mse_loss([0.75136507, 0.772928465], [0.01, 0.99], reduction="half_sum")
    assert error == pytest.approx(0.298371109, abs=5e-10)
