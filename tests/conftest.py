"""What all tests share: Hypothesis profiles, and a fresh generator of weights."""

import os

import pytest
from hypothesis import HealthCheck, settings

import nn

# Shared machines are slow at times: a property fails for what it finds, never for its time.
settings.register_profile(
    "ci", deadline=None, derandomize=True, max_examples=300, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("dev", deadline=None)
settings.register_profile("intense", deadline=None, max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True)
def _seeded_weights():
    nn.seed(0)
