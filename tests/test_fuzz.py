"""Some graphs of `fuzz.py` in each run of the suite; the seeds of past misses among them."""

import pytest
from fuzz import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_random_graphs(check):
    """Each check raises where it finds a miss."""
    for seed in range(400):
        check(seed)
