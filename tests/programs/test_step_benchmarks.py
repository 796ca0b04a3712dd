"""The jitted steps of the benchmarks train as the same models do eagerly."""

import sys
from pathlib import Path

import pytest

from autograd import Value
from autograd._machine import machine

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import character_model
import character_step
import micrograd_step

pytestmark = pytest.mark.skipif(machine is None, reason="without the machine it takes too long")


def test_the_character_model(monkeypatch):
    monkeypatch.setattr(character_model, "NAMES", ["bo"])
    eager, jitted = character_model.Training(Value).step, character_step.ours(["bo"])
    for _ in range(10):
        assert jitted() == pytest.approx(eager(), abs=1e-9)


def test_every_way_of_micrograds_demo():
    made = (micrograd_step.ours, micrograd_step.ours_with_lists, micrograd_step.ours_with_model)
    steps = [make() for make in made]
    for _ in range(10):
        losses = [step() for step in steps]
        assert losses == pytest.approx([losses[0]] * 3, abs=1e-9)
    layers, X, y, _ = micrograd_step.start()
    first = micrograd_step.ours()()
    assert first == pytest.approx(micrograd_step.loss(layers, X, y), rel=1e-12)
