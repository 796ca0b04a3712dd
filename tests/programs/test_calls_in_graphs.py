"""Jitted calls in graphs of Values: all results share a node, and a backward runs one gradient program."""

import random

import pytest

import nn
from autograd import jit, vmap
from autograd.backends import running

draw = random.Random(0)
X = [[draw.gauss(0.0, 1.0) for _ in range(4)] for _ in range(100)]
Y = [draw.randrange(3) for _ in X]


@pytest.fixture
def runs(monkeypatch):
    """The names of the programs that run."""
    found = []
    for name in ("run", "run_vector"):
        original = getattr(running, name)

        def counted(program, *args, original=original):
            found.append(program.name)
            return original(program, *args)

        monkeypatch.setattr(running, name, counted)
    return found


def test_a_backward_through_100_samples_runs_one_gradient_program(runs):
    """The loss needs 300 outputs of the call; their adjoints are pulled back at once."""
    nn.seed(0)
    model = nn.MLP(4, [8, 3], activation="tanh")
    called = jit(vmap(lambda x: model(x)))
    nn.cross_entropy([model(x) for x in X], Y).backward()
    expected = [p.grad for p in model.parameters()]
    for _ in range(2):
        model.zero_grad()
        loss = nn.cross_entropy(called(X), Y)
        runs.clear()
        loss.backward()
        assert runs == [f"the gradient of {called.programs[0].name}"]
    assert [p.grad for p in model.parameters()] == pytest.approx(expected, rel=1e-12)


def test_a_hundred_calls_run_a_hundred_small_programs(runs):
    """A call in a loop has a node of its own; no call sweeps over the others."""
    nn.seed(0)
    model = nn.MLP(4, [8, 3], activation="tanh")
    called = jit(lambda x: model(x))
    loss = nn.cross_entropy([called(x) for x in X], Y)
    runs.clear()
    loss.backward()
    assert len(runs) == len(X)
    assert len(called.programs) == 1


def test_outputs_that_the_loss_does_not_need_cost_nothing(runs):
    model = nn.MLP(4, [8, 3])
    outputs = jit(vmap(lambda x: model(x)))(X)
    runs.clear()
    outputs[3][1].backward()
    assert len(runs) == 1
    assert outputs[3][0].grad == 0.0
