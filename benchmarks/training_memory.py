"""Row e of training.py: the memory that training on the digits takes beyond its data.

It prints the bytes by which the peak of the resident memory of this process grows while `fit` trains for
three epochs on the digits as NumPy arrays. A small model is trained before, which loads all that is needed.

    python benchmarks/training_memory.py compiled
    python benchmarks/training_memory.py eager
"""

import contextlib
import gc
import resource
import sys
from pathlib import Path

from training_workloads import digits, digits_model

import nn

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak():
    """The peak of the resident memory in bytes."""
    try:  # on Linux ru_maxrss is at first that of the process from which this one was started
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS gives bytes


def reset_peak():
    """Make the peak the memory of now, on Linux; elsewhere it stays."""
    with contextlib.suppress(OSError):
        RESET.write_text("5")


def growth(compiled):
    """The bytes by which training grows the peak."""
    options = {"loss": "cross_entropy", "epochs": 3, "compiled": compiled, "progress": False}
    X, y = digits()
    nn.fit(nn.MLP(2, [2, 2], "tanh"), X[:20, :2], y[:20] % 2, batch_size=16, **options)
    model = digits_model()
    gc.collect()
    reset_peak()
    before = peak()
    history = nn.fit(model, X, y, batch_size=32, **options)
    if compiled and history.eager:
        raise RuntimeError(f"the training was not compiled: {history.eager}")
    return peak() - before


if __name__ == "__main__":
    print(growth(sys.argv[1] == "compiled"))
