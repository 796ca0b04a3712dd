"""Optimisers: options, steps, and the state from which they go on."""

import inspect
import math

import pytest

import nn
from nn import MLP, SGD


class TestSGD:
    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda p: nn.SGD([{"params": p, "nesterov": True}]), "Nesterov's look ahead needs momentum"),
            (lambda p: nn.Adam(p, betas=0.9), r"betas are two numbers, as \(0\.9, 0\.999\), not 0\.9"),
            (lambda p: nn.Adam([{"params": p, "betas": [0.9, 1.5]}]), "beta is 0 or more and below 1"),
            (lambda p: nn.SGD(p, lr=True), "lr is a number, not the bool True"),
            (lambda p: nn.SGD(p, momentum=0.9, nesterov="yes"), "nesterov is True or False, not 'yes'"),
        ],
    )
    def test_options_of_groups_are_checked_too(self, make, message):
        with pytest.raises((ValueError, TypeError), match=message):
            make([nn.parameter(1.0)])

    def test_a_step(self):
        p = nn.parameter(1.0)
        optimizer = SGD([p], lr=0.1)
        (p * p).backward()
        optimizer.step()
        assert p.data == 1.0 - 0.1 * 2.0
        optimizer.zero_grad()
        assert p.grad == 0.0

    def test_bad_arguments(self):
        with pytest.raises(ValueError, match="no parameters to adjust"):
            SGD([])
        with pytest.raises(ValueError, match="0 or more, not -1"):
            SGD([nn.parameter(1.0)], lr=-1)
        with pytest.raises(TypeError, match=r"write \[p\]"):
            SGD(nn.parameter(1.0))
        with pytest.raises(TypeError, match=r"the str '0\.1'"):
            SGD([nn.parameter(1.0)], lr="0.1")

    @pytest.mark.parametrize(
        "model", [MLP(1, [1]), nn.Sequential(nn.Linear(1, 1))], ids=["MLP", "Sequential"]
    )
    def test_a_model_in_place_of_its_parameters(self, model):
        name = type(model).__name__
        for act in (
            SGD,
            lambda m: nn.Adam([{"params": m, "lr": 0.1}]),
            lambda m: nn.clip_grad_norm_(m, 1.0),
            lambda m: nn.clip_grad_value_(m, 1.0),
        ):
            with pytest.raises(
                TypeError, match=rf"not the {name} that has them: write model\.parameters\(\)"
            ):
                act(model)

    def test_the_learning_rate_may_be_of_numpy(self):
        import numpy as np

        assert type(SGD([nn.parameter(1.0)], lr=np.float32(0.5)).lr) is float


def test_minimize():
    pytest.importorskip("scipy")
    x, y = nn.parameter(-1.0), nn.parameter(1.0)
    result = nn.minimize(lambda: (1 - x) ** 2 + 100 * (y - x * x) ** 2, [x, y], tol=1e-12)
    assert (x.data, y.data) == pytest.approx((1.0, 1.0), abs=1e-5)
    assert result.fun < 1e-9


def test_optimisers_go_on_from_their_state():
    def train(optimizer, p, steps):
        for _ in range(steps):
            p.grad = 2.0 * p.data
            optimizer.step()

    for name, make in nn.optim.OPTIMIZERS.items():
        p = nn.parameter(1.0)
        whole = make([p], lr=0.1)
        train(whole, p, 5)
        state, at = whole.state_dict(), p.data
        train(whole, p, 5)
        q = nn.parameter(at)
        part = make([q], lr=0.5)
        part.load_state_dict(state)
        train(part, q, 5)
        assert q.data == p.data, name
        with pytest.raises(ValueError, match="the state belongs to another optimiser"):
            make([q, p], lr=0.1).load_state_dict(state)


class Sign(nn.Optimizer):
    """An optimiser of one's own: its rule declares its options."""

    @staticmethod
    def rule(p, g, state, step, *, momentum, lr=0.5):
        return p - lr * math.copysign(1.0, g) * momentum**step, state


class Old(nn.Optimizer):
    """An optimiser of one's own as in version 0.1, with a constructor and any options."""

    def __init__(self, params, rate):
        super().__init__(params, rate=rate)

    def rule(self, p, g, state, step, **options):
        return p - options["rate"] * g, state


class TestOptions:
    def test_the_rule_declares_them(self):
        signature = inspect.signature(nn.SGD)
        assert list(signature.parameters) == [
            *("params", "lr", "momentum", "dampening", "weight_decay", "nesterov")
        ]
        assert signature.parameters["lr"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        for name in nn.optim.OPTIMIZERS.values():
            optimizer = name([nn.parameter(1.0)], 0.25)
            group = {n: o for n, o in optimizer.param_groups[0].items() if n != "params"}
            declared = list(inspect.signature(name).parameters.values())[1:]
            assert group == {option.name: option.default for option in declared} | {"lr": 0.25}

    def test_unknown_and_missing_ones(self):
        with pytest.raises(TypeError, match=r"SGD takes the options lr, momentum, .*: 'momentun' is unknown"):
            SGD([nn.parameter(1.0)], momentun=0.9)
        with pytest.raises(TypeError, match="Sign takes the options momentum, lr: 'momentum' is missing"):
            Sign([nn.parameter(1.0)])

    def test_optimisers_of_ones_own(self):
        p = nn.parameter(1.0)
        optimizer = Sign([p], momentum=0.5)
        p.grad = -3.0
        optimizer.step()
        assert (p.data, optimizer.lr) == (1.25, 0.5)
        assert list(inspect.signature(Sign).parameters) == ["params", "lr", "momentum"]
        old = Old([p], 0.25)
        old.step()
        assert p.data == 2.0
        assert list(inspect.signature(Old).parameters) == ["params", "rate"]
