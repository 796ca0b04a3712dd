"""The table of eager speed: every benchmark, each in a process of its own, as ratios beside their goals.

Needs ``pip install micrograd scikit-learn`` and the native engine; takes about two minutes.

    python benchmarks/table.py
"""

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent


def run(script, pure=False):
    environment = {**os.environ, "AUTOGRAD_PURE": str(int(pure))}
    done = subprocess.run(
        [sys.executable, HERE / script, "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def row_of(rows, engine, gc):
    return next(row for row in rows if row["engine"] == engine and row["gc"] == gc)


def cpu():
    try:
        text = Path("/proc/cpuinfo").read_text()
        return next(line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def print_table(header, rows):
    print(f"| {' | '.join(header)} |")
    print(f"|{'|'.join('---' if i < 2 else '--:' for i in range(len(header)))}|")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    print()


def print_eager(rows):
    print_table(
        ["gc", "engine", "forward", "backward", "both", "free", "bytes", "slower"],
        [
            [
                row["gc"],
                row["engine"],
                *(f"{row[key]:.0f}" for key in ("forward", "backward")),
                f"{row['forward'] + row['backward']:.0f}",
                f"{row['free']:.0f}" if row["engine"] == "autograd.Value" else "",
                f"{row['bytes']:.0f}",
                f"{row['slower']:.2f}",
            ]
            for row in rows
        ],
    )


def main():
    native = run("eager.py")
    pure = run("eager.py", pure=True)
    model = run("character_model.py")
    demo = run("micrograd_demo.py")
    derivatives = run("derivatives.py")
    derivatives_pure = run("derivatives.py", pure=True)

    print(
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} on {cpu()}, "
        f"{os.cpu_count()} cores; micrograd {version('micrograd')}\n"
    )
    lines = [
        (
            "a",
            "chains, times faster than microgpt",
            row_of(native, "microgpt", "on")["slower"],
            20,
            35,
        ),
        ("b", "chains, times faster than micrograd", row_of(native, "micrograd", "on")["slower"], 90, 160),
        ("c", "chains, bytes per node", row_of(native, "autograd.Value", "on")["bytes"], 100, 80),
        ("d", "character model, times faster", model["microgpt"] / model["autograd.Value"], 15, 30),
        ("e", "micrograd's demo, times faster", demo["micrograd, gc off"] / demo["autograd.Value"], 12, 20),
        ("f", "chains in pure Python, times faster", row_of(pure, "microgpt", "on")["slower"], 1, 1.3),
    ]
    print_table(
        ["row", "benchmark", "measured", "target", "stretch target"],
        [[row, name, f"{got:.3g}", f"{target:g}", f"{more:g}"] for row, name, got, target, more in lines],
    )
    for title, rows in (("Chains, native", native), ("Chains, pure Python", pure)):
        print(f"{title}: nanoseconds and bytes per node\n")
        print_eager(rows)
    for title, times in (("Character model", model), ("micrograd's demo", demo)):
        print(f"{title}: milliseconds for a step\n")
        ours = times["autograd.Value"]
        print_table(
            ["engine", "", "ms", "slower"],
            [[name, "", f"{ms:.2f}", f"{ms / ours:.2f}"] for name, ms in times.items()],
        )
    print("A function of 50 variables: milliseconds, native and in pure Python\n")
    print_table(
        ["", "", "native", "pure", "slower"],
        [
            [name, "", f"{ms:.3f}", f"{derivatives_pure[name]:.3f}", f"{derivatives_pure[name] / ms:.2f}"]
            for name, ms in derivatives.items()
        ],
    )


if __name__ == "__main__":
    main()
