"""The command line: ``python -m autograd demo | explain | draw | ops``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from autograd import Value

EXAMPLE = 'python -m autograd explain "tanh(w*x + b)" w=0.5 x=2 b=-1 --wrt w'


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; each imports what it needs when it is called.

    Returns:
        0; 1 where a command could not do its work. What is wrong with its arguments exits with 2.
    """
    parser = argparse.ArgumentParser(
        prog="python -m autograd",
        description="Scalar automatic differentiation: learn, look, check.",
        epilog=f"example: {EXAMPLE}",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="train a small network on Fisher's iris, draw and check it")
    demo.add_argument("--out", type=Path, default=Path("demo"), help="where pictures go (default: demo)")
    demo.add_argument("--seed", type=int, default=0, help="of the split and the weights (default: 0)")
    demo.set_defaults(run=_demo)

    explain = commands.add_parser(
        "explain", help="derive the gradient of an expression, step by step", epilog=f"example: {EXAMPLE}"
    )
    _takes_expression(explain)
    explain.add_argument("--wrt", action="append", metavar="NAME", help="the variable; all if left out")
    explain.add_argument("--by", choices=("node", "path"), default="node", help="how (default: node)")
    explain.add_argument("--lr", type=float, help="a learning rate: work out the step of descent, too")
    explain.add_argument("--digits", type=int, choices=range(18), metavar="N", default=9, help="decimals (9)")
    form = explain.add_mutually_exclusive_group()
    form.add_argument("--latex", action="store_true", help="as LaTeX source")
    form.add_argument("--markdown", action="store_true", help="as Markdown")
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--html", type=Path, metavar="FILE", help="as a page that plays it step by step")
    explain.set_defaults(run=_explain)

    draw = commands.add_parser(
        "draw",
        help="draw the graph of an expression with its gradients",
        epilog='example: python -m autograd draw "tanh(w*x + b)" w=0.5 x=2 b=-1 -o neuron.svg',
    )
    _takes_expression(draw)
    draw.add_argument("-o", "--out", type=Path, metavar="FILE", help="the picture: .svg, .png ...; else text")
    draw.add_argument("--dark", action="store_true", help="for a dark page")
    draw.add_argument("--color", choices=("kind", "grad"), default="kind", help="what colours show")
    draw.set_defaults(run=_draw)

    ops = commands.add_parser("ops", help="list the ops with their slopes and what holds at their kinks")
    ops.set_defaults(run=_ops)

    options = parser.parse_args(argv)
    if options.run is _demo and options.out.is_file():
        parser.error(f"--out is a folder for the pictures, and {options.out} is a file")
    if hasattr(options, "expression"):
        _work_out(parser, options)
    try:
        options.run(options)
    except (OSError, RuntimeError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    return 0


def _takes_expression(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("expression", help='such as "tanh(w*x + b)"; -- goes before one that begins with -')
    parser.add_argument("numbers", nargs="*", metavar="NAME=NUMBER", help="its variables, such as w=0.5")


def _work_out(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Read the expression and its numbers; what is wrong with them ends the program."""
    from autograd import Value
    from autograd.expressions import ExpressionError, evaluated

    numbers: dict[str, float] = {}
    for given in options.numbers:
        name, _, number = given.partition("=")
        try:
            numbers[name] = float(number)
        except ValueError:
            parser.error(f"a variable is given as NAME=NUMBER, such as w=0.5, not as {given!r}")
        if not name.isidentifier():
            parser.error(f"{name!r} is no name of a variable")
    try:
        out, variables = evaluated(options.expression, numbers)
    except ExpressionError as error:
        parser.error(str(error))
    if unused := [name for name in numbers if name not in variables]:
        parser.error(f"{', '.join(unused)} does not occur in {options.expression}")
    if type(out) is not Value or out.op is None:
        parser.error("there is nothing to differentiate: the expression computes nothing from a variable")
    unknown = [name for name in getattr(options, "wrt", None) or () if name not in variables]
    if unknown:
        parser.error(f"--wrt {unknown[0]}: the variables are {', '.join(variables)}")
    if getattr(options, "html", None) and (options.wrt or options.lr is not None or options.by != "node"):
        parser.error("--html plays all steps: leave out --wrt, --by and --lr")
    options.value, options.variables = out, variables


def _demo(options: argparse.Namespace) -> None:
    from autograd.demo import demo

    demo(options.out, options.seed)


def _explain(options: argparse.Namespace) -> None:
    from autograd import explain, play

    if options.html is not None:
        page = play(options.value, digits=min(options.digits, 9), title=options.expression)
        print(f"wrote {page.save(options.html)}")
        return
    told = [
        explain(options.value, options.variables[name], options.by, lr=options.lr, digits=options.digits)
        for name in options.wrt or options.variables
    ]
    if options.json:
        print(told[0].json() if len(told) == 1 else f"[{', '.join(one.json() for one in told)}]")
    else:
        form: Any = "latex" if options.latex else "markdown" if options.markdown else "__str__"
        print("\n\n".join(getattr(one, form)() for one in told))


def _draw(options: argparse.Namespace) -> None:
    from autograd import draw, to_text

    value: Value = options.value
    value.backward()
    if options.out is None:
        print(to_text(value))
        return
    picture = draw(value, dark=options.dark, color=options.color)
    print(f"wrote {picture.render(outfile=options.out, cleanup=True)}")


def _ops(_: argparse.Namespace) -> None:
    from autograd.op import TABLE
    from autograd.reference import describe

    print("\n".join(describe(op) for op in TABLE.values()))


if __name__ == "__main__":
    sys.exit(main())
