"""What all tests share: Hypothesis profiles, and a fresh generator of weights."""

import os
import shutil
import subprocess
import sys

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


@pytest.fixture
def browser(tmp_path):
    """A function that opens a page in a headless browser and gives what the browser says."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("no browser is installed")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
    options += ["--disable-background-networking", f"--user-data-dir={tmp_path / 'browser'}"]

    def opened(page, *flags):
        command = [program, *options, *flags, page.as_uri()]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout

    return opened


@pytest.fixture
def printed_in_runs():
    """A function that runs a program with several seeds of Python's hashes, and gives what it printed."""

    def run(code):
        command = [sys.executable, "-c", code]
        runs = [{**os.environ, "PYTHONHASHSEED": seed} for seed in "123"]
        return [
            subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
            for env in runs
        ]

    return run
