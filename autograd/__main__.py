"""The command line: ``python -m autograd demo | explain | draw | compile | ops``."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn

    from autograd import Value

PROGRAM = "python -m autograd"
EXAMPLE = 'python -m autograd explain "tanh(w*x + b)" w=0.5 x=2 b=-1 --wrt w'
DEMO_FOLDER = "the folder for the pictures, created if missing (default: demo)"
EXPRESSION = (
    'an expression such as "tanh(w*x + b)", and a number for each variable, such as w=0.5; options may stand '
    "anywhere; write -- before an expression that begins with -"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; each imports its modules when it runs.

    Returns:
        0 on success, 1 if the command failed. Wrong arguments exit with 2.
    """
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Scalar automatic differentiation: explain, draw and check gradients.",
        epilog=f"example: {EXAMPLE}",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and the engine")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(
        run: Any, purpose: str, usage: str | None = None, epilog: str | None = None
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(run.__name__.strip("_"), help=purpose, usage=usage, epilog=epilog)
        added.set_defaults(run=run, parser=added)
        if run in (_explain, _draw):
            added.add_argument("words", nargs="*", metavar="EXPRESSION NAME=NUMBER", help=EXPRESSION)
        return added

    demo = command(_demo, "train a network on handwritten digits, draw and check it")
    demo.add_argument("--out", type=Path, default=Path("demo"), help=DEMO_FOLDER)
    demo.add_argument("--seed", type=int, default=0, help="of split, weights and batches (default: 0)")

    explain = command(
        _explain,
        "derive the gradient of an expression, step by step",
        usage=f"{PROGRAM} explain EXPRESSION [NAME=NUMBER ...] [--wrt NAME] [--by node|path] [--lr LR]\n"
        "       [--digits N] [--latex | --markdown | --json | --html FILE]",
        epilog=f"example: {EXAMPLE}",
    )
    explain.add_argument("--wrt", action="append", metavar="NAME", help="the variable (default: all)")
    explain.add_argument("--by", choices=("node", "path"), default="node", help="order (default: node)")
    explain.add_argument("--lr", type=float, help="a learning rate: show the step of gradient descent too")
    explain.add_argument("--digits", type=int, choices=range(18), metavar="N", default=9, help="decimals (9)")
    form = explain.add_mutually_exclusive_group()
    for name, shown in (("latex", "LaTeX source"), ("markdown", "Markdown"), ("json", "JSON")):
        form.add_argument(f"--{name}", action="store_const", dest="form", const=name, help=f"as {shown}")
    form.add_argument("--html", type=Path, metavar="FILE", help="as an HTML page that plays all steps")

    draw = command(
        _draw,
        "draw the graph of an expression with its gradients",
        usage=f"{PROGRAM} draw EXPRESSION [NAME=NUMBER ...] [-o FILE] [--dark] [--color kind|grad]",
        epilog='example: python -m autograd draw "tanh(w*x + b)" w=0.5 x=2 b=-1 -o neuron.svg',
    )
    draw.add_argument(
        "-o", "--out", type=Path, metavar="FILE", help="the picture, .svg, .png ... (default: print text)"
    )
    draw.add_argument("--dark", action="store_true", help="for a dark page")
    draw.add_argument("--color", choices=("kind", "grad"), default="kind", help="of boxes (default: kind)")
    compiled = command(
        _compile,
        "write an expression as C, JavaScript or Python",
        usage=f"{PROGRAM} compile EXPRESSION NAME [NAME ...] -o FILE.c|FILE.js|FILE.py [--gradient]",
        epilog='example: python -m autograd compile "tanh(w*x + b)" w x b -o neuron.c --gradient',
    )
    compiled.add_argument("expression", metavar="EXPRESSION", help='such as "tanh(w*x + b)"')
    compiled.add_argument(
        "names", nargs="+", metavar="NAME", help="the variables, in the order of the inputs"
    )
    compiled.add_argument(
        "-o", "--out", type=Path, metavar="FILE", required=True, help="the file; for C also its header"
    )
    compiled.add_argument("--gradient", action="store_true", help="write the gradient, too (C, JavaScript)")
    command(_ops, "list the ops with their slopes, also at kinks")

    options, rest = parser.parse_known_args(argv)
    _check_files(options)
    if hasattr(options, "words"):
        _evaluate(options, rest)
    elif rest:
        options.parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        options.run(options)
    except (OSError, RuntimeError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    return 0


class _Version(argparse.Action):
    """Print the version, looked up only now since that takes time, and exit."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from importlib import metadata

        from autograd import backend_info

        print(f"scalar-autograd {metadata.version('scalar-autograd')}, {backend_info()['engine']} engine")
        parser.exit()


def _check_files(options: argparse.Namespace) -> None:
    """Exit before any work if an output file cannot be written."""
    parser: argparse.ArgumentParser = options.parser
    if getattr(options, "html", None) and (options.wrt or options.lr is not None or options.by != "node"):
        parser.error("--html plays all steps: leave out --wrt, --by and --lr")
    if options.run is _demo:
        if options.out.is_file():
            parser.error(f"--out is a folder for the pictures, and {options.out} is a file")
        return
    for option, attribute, example in (("-o", "out", "graph.svg"), ("--html", "html", "steps.html")):
        file: Path | None = getattr(options, attribute, None)
        if file is None:
            continue
        if file.is_dir():
            parser.error(f"{option} {file} is a folder: add the name of a file, such as {file / example}")
        if not file.parent.is_dir():
            parser.error(f"there is no folder {file.parent} for {option} {file}: make it first")
        if option == "-o" and not file.suffix[1:]:
            parser.error(
                f"-o {file} has no extension that names the format: write {file}.svg, {file}.png or another"
            )


def _words(parser: argparse.ArgumentParser, words: list[str]) -> tuple[str, dict[str, float]]:
    """The expression, and the numbers of its variables, from the words of a command."""
    from autograd.command_line.expressions import normalised

    expressions: list[str] = []
    numbers: dict[str, float] = {}
    for word in words:
        if not re.match(r"[^=<>!()\[\]]*=(?!=)", word):  # not NAME=NUMBER, though it may contain ==
            expressions.append(word)
            continue
        name, _, number = word.partition("=")
        name = normalised(name)
        if not name.isidentifier():
            parser.error(f"{name!r} is no name of a variable")
        if name in numbers:
            parser.error(f"{name} is given twice: leave out one of its two numbers")
        try:
            numbers[name] = float(number)
        except ValueError:
            parser.error(f"a variable is given as NAME=NUMBER, such as w=0.5, not as {word!r}")
    if not expressions:
        parser.error(f'an expression is missing, such as "tanh(w*x + b)"; example: {EXAMPLE}')
    if len(expressions) > 1:
        shown = ", ".join(map(repr, expressions))
        parser.error(f"one expression is explained or drawn, not {shown}: put one with spaces in quotes")
    return expressions[0], numbers


def _evaluate(options: argparse.Namespace, rest: list[str]) -> None:
    """Evaluate the expression, and store its result and variables in `options`; an error exits.

    Args:
        options: the parsed options.
        rest: the words that argparse did not parse, since they follow an option.
    """
    from autograd import Value
    from autograd.command_line.expressions import ExpressionError, evaluate, normalised

    parser: argparse.ArgumentParser = options.parser
    end = rest.index("--") if "--" in rest else len(rest)
    if unknown := [word for word in rest[:end] if word.startswith("-")]:
        parser.error(
            f"unrecognized arguments: {' '.join(unknown)} (-- goes before an expression that begins with -)"
        )
    options.expression, numbers = _words(parser, options.words + rest[:end] + rest[end + 1 :])
    try:
        out, variables = evaluate(options.expression, numbers)
    except ExpressionError as error:
        parser.error(str(error))
    if unused := [name for name in numbers if name not in variables]:
        parser.error(f"{', '.join(unused)} does not occur in {options.expression}")
    if type(out) is not Value or out.op is None:
        parser.error("there is nothing to differentiate: the expression has no operation on a variable")
    if options.run is _explain:
        options.wrt = list(map(normalised, options.wrt or variables))
        if unknown := [name for name in options.wrt if name not in variables]:
            parser.error(f"--wrt {unknown[0]}: the variables are {', '.join(variables)}")
    options.value, options.variables = out, variables


def _demo(options: argparse.Namespace) -> None:
    from autograd.command_line.demo import demo

    demo(options.out, options.seed)


def _explain(options: argparse.Namespace) -> None:
    from autograd import explain, play

    if options.html is not None:
        page = play(options.value, digits=min(options.digits, 9), title=options.expression)
        print(f"wrote {page.save(options.html)}")
        return
    explanations = [
        explain(options.value, options.variables[name], options.by, lr=options.lr, digits=options.digits)
        for name in options.wrt
    ]
    texts = [getattr(explanation, options.form or "__str__")() for explanation in explanations]
    several = options.form == "json" and len(texts) > 1
    print(f"[{', '.join(texts)}]" if several else "\n\n".join(texts))


def _draw(options: argparse.Namespace) -> None:
    from autograd import draw, to_text

    value: Value = options.value
    value.backward()
    if options.out is None:
        print(to_text(value))
        return
    picture = draw(value, dark=options.dark, color=options.color)
    options.out.write_bytes(picture.pipe(options.out.suffix[1:].lower()))
    print(f"wrote {options.out}")


def _compile(options: argparse.Namespace) -> None:
    from autograd import trace
    from autograd.command_line.expressions import ExpressionError, traced

    parser: argparse.ArgumentParser = options.parser
    out: Path = options.out
    kind = out.suffix
    if kind not in (".c", ".js", ".mjs", ".py"):
        parser.error(f"-o {out} names no language: write {out.stem}.c, {out.stem}.js or {out.stem}.py")
    if kind == ".py" and options.gradient:
        parser.error("--gradient is for C and JavaScript: in Python write autograd.value_and_grad")
    if repeated := [name for i, name in enumerate(options.names) if name in options.names[:i]]:
        parser.error(f"{repeated[0]} is given twice: each variable is one input")
    try:
        example: dict[str, Any] = dict.fromkeys(options.names, 0.5)
        program = trace(traced(options.expression, options.names), **example)
        program.name = out.stem
        if kind == ".c":
            paths = program.to_c(out.stem, gradient=options.gradient).write(out.parent)
        else:
            js = kind != ".py"
            text = program.to_js(out.stem, gradient=options.gradient) if js else program.to_python()
            out.write_text(text, encoding="utf-8")
            paths = [out]
    except (ExpressionError, ValueError, TypeError) as error:
        parser.error(str(error))
    print(f"wrote {' and '.join(map(str, paths))}")


def _ops(_: argparse.Namespace) -> None:
    from autograd.command_line.reference import describe
    from autograd.table.op import TABLE

    print("\n".join(describe(op) for op in TABLE.values()))


if __name__ == "__main__":
    sys.exit(main())
