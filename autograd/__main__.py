"""The command line: ``python -m autograd demo | ops``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; each imports what it needs when it is called."""
    parser = argparse.ArgumentParser(
        prog="python -m autograd", description="Scalar automatic differentiation: learn, look, check."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="train a small network on Fisher's iris, draw and check it")
    demo.add_argument("--out", type=Path, default=Path("demo"), help="where pictures go (default: demo)")
    demo.add_argument("--seed", type=int, default=0, help="of the split and the weights (default: 0)")
    demo.set_defaults(run=_demo)

    ops = commands.add_parser("ops", help="list the ops with their slopes and what holds at their kinks")
    ops.set_defaults(run=_ops)

    options = parser.parse_args(argv)
    if getattr(options, "out", Path()).is_file():
        parser.error(f"--out is a folder for the pictures, and {options.out} is a file")
    options.run(options)
    return 0


def _demo(options: argparse.Namespace) -> None:
    from autograd.demo import demo

    demo(options.out, options.seed)


def _ops(_: argparse.Namespace) -> None:
    from autograd.op import TABLE
    from autograd.reference import describe

    print("\n".join(describe(op) for op in TABLE.values()))


if __name__ == "__main__":
    sys.exit(main())
