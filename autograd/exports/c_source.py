"""Programs as C99: a source file and a header that need nothing but math.h, and allocate nothing."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from pathlib import Path
from struct import pack, unpack

from autograd.backends import listing
from autograd.exports.exported import Exported
from autograd.exports.exported_lines import can_fail
from autograd.exports.language import Language
from autograd.formulas.javascript_math import LIBRARY, MATH
from autograd.formulas.notation import c_number, is_free_in_c

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from autograd.table.op import Op

LARGEST_FLOAT = (2.0 - 2.0**-24) * 2.0**127  # from here on a double rounds to an infinite float
TEXTS_IN_ROW = 8
MOST_NAMES = 100  # of inputs and outputs in a comment
TAKEN = frozenset(  # functions that C compilers know without a header, besides those that ops call
    (
        "abort abs alloca bcmp bcopy bzero calloc ceil creal drem exit exp10 fdim ffs finite fma fmax "
        "fmin fprintf free frexp gamma ilogb imaxabs index isalnum isalpha isascii isblank iscntrl "
        "isdigit isgraph islower isprint ispunct isspace isupper isxdigit j0 j1 jn labs ldexp lgamma "
        "llabs llrint llround logb lrint lround malloc memcmp memcpy memmove memset modf nan nearbyint "
        "nextafter nexttoward pow10 printf putchar puts realloc remainder remquo rindex round scalb "
        "scalbln scalbn scanf signbit significand sincos snprintf sprintf sscanf strcat strchr strcmp "
        "strcpy strcspn strdup strlen strncat strncmp strncpy strpbrk strrchr strspn strstr tgamma "
        "tolower toupper trunc y0 y1 yn"
    ).split()
)
IN_LIBM = frozenset({*MATH, *LIBRARY} - {"isnan", "isinf", "exponent"})
_LITERAL = re.compile(r"(?<![\w#.])(?:\d+\.\d*(?:e[+-]?\d+)?|\d+e[+-]?\d+)(?![\w.])")


class CText:
    """A program as C: the texts of ``NAME.c`` and ``NAME.h``.

    Attributes:
        name: the name of the function.
        source: the text of the source file, which includes ``NAME.h``.
        header: the text of the header.
    """

    __slots__ = ("header", "name", "source")

    def __init__(self, name: str, source: str, header: str) -> None:
        self.name, self.source, self.header = name, source, header

    def __repr__(self) -> str:
        return f"<C text of {self.name}: {self.source.count(chr(10))} lines>"

    def write(self, folder: str | Path) -> list[Path]:
        """Write ``NAME.c`` and ``NAME.h`` into a folder, and return their paths."""
        paths = [Path(folder) / f"{self.name}.c", Path(folder) / f"{self.name}.h"]
        for path, text in zip(paths, (self.source, self.header), strict=True):
            path.write_text(text, encoding="utf-8")
        return paths


class C(Language):
    """C99 with numbers of type double or float."""

    def __init__(self, precision: str = "double") -> None:
        if precision not in ("double", "float"):
            raise ValueError(f"precision is 'double' or 'float', not {precision!r}")
        self.type = precision

    def number(self, x: float) -> str:
        return c_number(x) if self.type == "double" else _float_number(x)

    def form(self, op: Op) -> tuple[str, Sequence[str]]:
        if not op.c:
            raise ValueError(
                f"the op {op.name} has no C form: give it one with Op(..., c='...'), with #1, #2 for the "
                f"operands"
            )
        helpers = op.c_helper
        if self.type == "double":
            return op.c, helpers
        if op.variadic:  # its function is of arrays of floats
            return op.c, [*helpers[:-1], *map(in_floats, helpers[-1:])]  # texts before are of several ops
        return (f"(float){op.c}", helpers) if helpers else (in_floats(op.c), [])

    def constant(self, name: str, text: str) -> str:
        return f"const {self.type} {name} = {text};"

    def sequence(self, name: str, texts: Sequence[str]) -> str:
        return f"const {self.type} {name}[] = {{{_wrapped(texts)}}};"

    def array(self, name: str, size: int) -> str:
        return f"{self.type} {name}[{size}];"

    def table(self, name: str, numbers: Sequence[float]) -> str:
        return f"static {self.sequence(name, list(map(self.number, numbers)))}\n"

    def tail(self, array: str, start: int) -> str:
        return f"{array} + {start}" if start else array

    def loop(self, counter: str, count: int, statements: Sequence[str]) -> str:
        head = f"for (int {counter} = 0; {counter} < {count}; {counter}++)"
        if len(statements) == 1 and "\n" not in statements[0]:
            return f"{head}\n    {statements[0]}"
        return "\n".join([f"{head} {{", *indented(statements), "}"])

    def checked(self, call: str, failed: str) -> list[str]:
        if failed == "failed":
            return [f"if ((failed = {call}))", "    return failed;"]
        return [f"if ({call})", f"    return {failed};"]

    def function(self, name: str, inputs: Sequence[str], results: Sequence[str], body: Sequence[str]) -> str:
        arrays = [f"const {self.type} *{x}" for x in inputs] + [f"{self.type} *{x}" for x in results]
        words = set(re.findall(r"\b[a-z]\b|\bfailed\b", "\n".join(body)))
        lines = [f"(void){x};" for x in (*inputs, *results) if x not in words]
        lines += ["int failed;"] * ("failed" in words)
        head = f"static int {name}({', '.join(arrays)})"
        return "\n".join([head, "{", *indented([*lines, *body, "return 0;"]), "}\n"])


def indented(statements: Sequence[str]) -> list[str]:
    """The lines of statements, one level deeper."""
    return [f"    {line}" for statement in statements for line in statement.split("\n")]


def _wrapped(texts: Sequence[str]) -> str:
    """Numbers with commas, in rows if there are many."""
    if len(texts) <= TEXTS_IN_ROW:
        return ", ".join(texts)
    rows = [", ".join(texts[i : i + TEXTS_IN_ROW]) for i in range(0, len(texts), TEXTS_IN_ROW)]
    return "\n    " + ",\n    ".join(rows) + "\n"


def _float_number(x: float) -> str:
    """The nearest float: nine digits tell it from its neighbours."""
    if x - x == 0.0:
        x = math.copysign(math.inf, x) if abs(x) >= LARGEST_FLOAT else unpack("f", pack("f", x))[0]
    if x - x != 0.0:
        return c_number(x)
    text = f"{x:.9g}"
    text = f"{text}f" if "." in text or "e" in text else f"{text}.0f"
    return f"({text})" if text.startswith("-") else text


@lru_cache(maxsize=1000)
def in_floats(text: str) -> str:
    """C text of doubles as one of floats."""
    text = re.sub(r"\bdouble\b", "float", _LITERAL.sub(lambda found: f"{found[0]}f", text))
    return re.sub(r"\b([a-z]\w*)\(", lambda f: f"{f[1]}f(" if f[1] in IN_LIBM else f[0], text)


def text(program: Any, gradient: Any, name: str, precision: str) -> CText:
    """See `Program.to_c`; `gradient` is the program of the value and the gradient, or None."""
    language = C(precision)
    if not is_free_in_c(name) or name in TAKEN or name.startswith("autograd_") or name[:-1] in IN_LIBM:
        raise ValueError(f"{name!r} is no name that C leaves free: choose another, of letters and digits")
    file = Exported(language, name)
    number = language.type
    places = [("y", k) for k in range(len(program.outputs))]
    file.program(program, f"{name}_body", ["y"], places)
    given = f"const {number} *inputs, {number} *outputs"
    functions = [
        _public(
            f"int {name}({given})",
            f"{name}_body(inputs, outputs)",
            [("outputs", len(program.outputs))],
            can_fail(program),
        )
    ]
    if gradient is not None:
        places = [("y", 0), *[("g", k) for k in range(len(gradient.outputs) - 1)]]
        file.program(gradient, f"{name}_gradient_body", ["y", "g"], places)
        functions.append(
            _public(
                f"int {name}_value_and_gradient({given}, {number} *gradient)",
                f"{name}_gradient_body(inputs, outputs, gradient)",
                [("outputs", 1), ("gradient", len(gradient.outputs) - 1)],
                can_fail(gradient),
            )
        )
    title = f"/* {name}: {listing.counted(program)}. Written by scalar-autograd. */\n"
    contraction = "#ifdef __clang__\n#pragma STDC FP_CONTRACT OFF\n#endif\n"
    start = f'{title}\n#include "{name}.h"\n\n#include <math.h>\n\n{contraction}'
    source = "\n".join([start, *file.text(), *functions])
    return CText(name, source, _header(program, gradient, name, title, functions))


def _public(head: str, call: str, results: Sequence[tuple[str, int]], fails: bool) -> str:
    if not fails:
        return f"{head}\n{{\n    return {call};\n}}\n"
    body = [f"const int failed = {call};"]
    for array, size in results:
        body += [f"for (int i = 0; failed && i < {size}; i++)", f"    {array}[i] = NAN;"]
    return "\n".join([head, "{", *indented([*body, "return failed;"]), "}\n"])


def _header(program: Any, gradient: Any, name: str, title: str, functions: Sequence[str]) -> str:
    big = name.upper()
    sizes = [f"{big}_INPUTS = {len(program.inputs)}", f"{big}_OUTPUTS = {len(program.outputs)}"]
    if gradient is not None:
        sizes.append(f"{big}_GRADIENT = {len(gradient.outputs) - 1}")
    declared = [f"{function.split(chr(10), 1)[0]};" for function in functions]
    return "\n".join(
        [
            title,
            f"#ifndef {big}_H",
            f"#define {big}_H",
            "",
            "/*",
            *[f" * {line}".rstrip() for line in description(program, gradient, name)],
            " */",
            "",
            "#ifdef __cplusplus",
            'extern "C" {',
            "#endif",
            "",
            f"enum {{ {', '.join(sizes)} }};",
            "",
            *declared,
            "",
            "#ifdef __cplusplus",
            "}",
            "#endif",
            "",
            "#endif",
            "",
        ]
    )


def description(program: Any, gradient: Any, name: str) -> list[str]:
    """The lines of a comment: what the inputs are, what is returned, which conditions there are."""
    lines = [f"The inputs of {name}:", *inputs(program)]
    lines += ["Arrays of results must not overlap those of inputs."]
    if gradient is not None:
        lines.append(
            f"{name}_value_and_gradient also writes the derivatives by the inputs that are arguments."
        )
    if not can_fail(program):
        return [*lines, "The result is 0: there is no condition that inputs could fail."]
    lines += ["The result is 0, or the number of the condition that the inputs fail: outputs are NAN then."]
    return lines + conditions(program)


def inputs(program: Any) -> list[str]:
    """A line for each of the inputs, up to a number of them."""
    lines = [f"  inputs[{i}] is {in_comment(x)}" for i, x in enumerate(program.inputs[:MOST_NAMES])]
    rest = len(program.inputs) - MOST_NAMES
    return lines + [f"  and {rest} more, in the order of program.inputs"] * (rest > 0)


def conditions(program: Any) -> list[str]:
    """A line for each condition, with the number that a function returns where it fails."""
    lines = []
    for i, (place, truth, source) in enumerate(program.guards, 1):
        where = f" at {in_comment(source)}" if source else ""
        lines.append(f"  {i}: {in_comment(listing.condition(program, place))}{where} is {truth}")
    if any(hasattr(op, "paths") and can_fail(op) for op, _ in program.lines):
        lines.append(f"  {len(program.guards) + 1}: a sample takes a way that no traced sample took")
    return lines


def in_comment(text: str) -> str:
    """Text that neither ends a comment nor its line."""
    return ascii(text)[1:-1].replace("*/", "*_/").replace("\\'", "'").replace("/*", "/_*")
