"""Formulas as text: in Python's notation, in LaTeX, in C.

A name that Python reads as one name, such as w1, w[0] or model.w, is written without quotes. Any other name,
such as the label "x1*w1 + x2*w2", is quoted like a Python string, so that different formulas have different
texts: 'a+b' * c has two variables, and (a + b) * c has three. LaTeX writes such a name in quotes and
typewriter letters. C text replaces it by a name of letters and digits, and a comment tells which.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import chain, count

from autograd.graph.lines import flatten, replay
from autograd.graph.walks import topological_order
from autograd.table.op import ATOM, TABLE, Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeVar

    T = TypeVar("T")
    Text = tuple[str, int]  # and the precedence of its outermost operator

GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi "
    "chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split()
)

C_KEYWORDS = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if inline int "
    "long register restrict return short signed sizeof static struct switch typedef union unsigned void "
    "volatile while main NAN INFINITY".split()
)


def plain(
    symbol: Any,
    variable: Callable[[str], Text] | None = None,
    constant: Callable[[float], str] | None = None,
) -> str:
    """The formula in Python's notation.

    Args:
        symbol: the formula.
        variable: a function of a variable's name that returns its text and precedence; default `python_name`.
        constant: a function that writes a number; by default it writes all digits.
    """

    def write(op: Op, args: list[Any]) -> Text:
        if not op.infix:
            return f"{op.name}({', '.join(_joined(x, '[', ']') for x in args)})", ATOM
        p = op.precedence
        if op.arity == 1:
            return f"{op.infix}{_bound(args[0], p, '(', ')')}", p
        tight, loose = (p + 1, p) if op.infix == "**" else (p, p + 1)
        if p == 0:  # Python reads x < y < z as two relations
            tight = loose = 1
        left, right = _bound(args[0], tight, "(", ")"), _bound(args[1], loose, "(", ")")
        space = "" if op.infix == "**" else " "
        return f"{left}{space}{op.infix}{space}{right}", p

    def name(x: Any) -> Text:
        return variable(x.name) if variable else (python_name(x.name), ATOM)

    return _written(symbol, write, name, _in_words(constant) if constant else _plain_number)[0]


def latex(
    symbol: Any,
    variable: Callable[[str], Text] | None = None,
    constant: Callable[[float], str] | None = None,
) -> str:
    """The formula in LaTeX; the parameters are those of `plain`."""

    def write(op: Op, args: list[Any]) -> Text:
        slots = ", ".join(f"#{i + 1}" for i in range(op.arity))
        template = op.latex or rf"\operatorname{{{op.name}}}\left({slots}\right)"
        p = op.precedence
        texts = []
        open_operands = 0
        for i, x in enumerate(args, 1):
            if op.infix and f"{{#{i}}}" not in template:  # not in braces, as an operand of \frac is
                open_operands += 1
                tight = p + (i > 1 or op.infix == "**")
                texts.append(_bound(x, tight, r"\left(", r"\right)"))
            else:
                texts.append(_joined(x, "", ""))
        if op.infix and not open_operands:
            p += 1
        return fill(template, texts), p

    def name(x: Any) -> Text:
        return variable(x.name) if variable else (latex_name(x.name), ATOM)

    return _written(symbol, write, name, _in_words(constant) if constant else _latex_number)[0]


def c_function(name: str, parameters: Sequence[Any], result: Any) -> str:
    """A C function of doubles that returns the number of a formula, one line for each op.

    The text of `c_helpers` goes before it. A parameter whose name means something else in C gets another
    name, which a comment tells.

    Raises:
        ValueError: if an op has no C form, the function's name means something else in C, or a variable of
            the formula is not among the parameters.
    """
    if not is_free_in_c(name):
        raise ValueError(f"{name!r} is no name that C leaves free: choose another, of letters and digits")
    names = c_names([x.name for x in parameters])
    texts: dict[Any, str] = dict(zip(parameters, names, strict=True))
    taken = set(names)
    fresh = (f"v{i}" for i in count(1) if f"v{i}" not in taken)

    renamed = [(x.name, text) for x, text in texts.items() if x.name != text]
    lines = [f"    /* {text} is {ascii(name).replace('*/', '*_/')} */" for name, text in renamed]
    lines += [f"    (void){text};" for text in names]

    def variable(x: Any) -> str:
        if x not in texts:
            raise ValueError(f"{x} is a variable of the formula but no parameter of the function {name}")
        return texts[x]

    def line(op: Op, args: list[Any]) -> str:
        if not op.c:
            cure = "give it one with Op(..., c='...'), with #1, #2 for the operands"
            raise ValueError(f"the op {op.name} has no C form: {cure}")
        if op.variadic:  # a function of (n, xs, ys ...)
            arrays = [f"(const double[]){{{', '.join(xs) or '0.0'}}}" for xs in args]
            text = f"{op.c}({', '.join([str(len(args[0])), *arrays])})"
        else:
            text = fill(op.c, args)
        new = next(fresh)
        lines.append(f"    const double {new} = {text};")
        return new

    lines.append(f"    return {_written(result, line, variable, c_number)};")
    signature = ", ".join(f"double {text}" for text in names) or "void"
    return f"double {name}({signature})\n{{\n" + "\n".join(lines) + "\n}\n"


def c_names(names: Sequence[str]) -> list[str]:
    """For each name a C identifier: the name itself if it means nothing else in C, else one like it."""
    import re

    taken = {name for name in names if is_free_in_c(name)}
    given = []
    for name in names:
        if name not in taken:
            word = re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_") or "x"
            word = f"x_{word}" if word[0].isdigit() else word
            others = chain((word,), (f"{word}_{i}" for i in count(1)))
            name = next(x for x in others if x not in taken and is_free_in_c(x))
            taken.add(name)
        given.append(name)
    return given


def is_free_in_c(name: str) -> bool:
    return name.isidentifier() and name.isascii() and name not in _c_words()


def _c_words() -> set[str]:
    """The keywords of C99, and the functions that ops and their helpers call."""
    import re

    forms = " ".join(op.c for op in TABLE.values())
    helpers = " ".join(chain.from_iterable(op.c_helper for op in TABLE.values()))
    return {*C_KEYWORDS, *re.findall(r"[a-z]\w*", forms), *re.findall(r"[a-z]\w*(?=\()", helpers)}


def c_helpers(*results: Any) -> str:
    """The C helper functions that the text of these formulas calls, each once."""
    symbols = [x for x in results if type(x) is not float]
    ops = [node.op for node in topological_order(*symbols) if node.op is not None]
    return "\n".join(dict.fromkeys(chain.from_iterable(op.c_helper for op in ops)))


def fill(template: str, texts: Sequence[str]) -> str:
    """The template with #1, #2 ... replaced by the texts."""
    import re

    return re.sub(r"#(\d+)", lambda found: texts[int(found[1]) - 1], template)


def python_name(name: str) -> str:
    """A variable's name in Python's notation: quoted unless Python reads it as one name."""
    return name if _is_one_name(name) else repr(name)


@lru_cache(maxsize=10_000)
def _is_one_name(name: str) -> bool:
    """Whether a name is an identifier, perhaps with attributes or indices: w, model.w, w[0], p['w']."""
    import re
    from keyword import iskeyword

    place = r"\[(?:-?\d+|'[^'\\]*'|\"[^\"\\]*\")\]"
    if name in ("inf", "nan") or not name.isprintable():  # inf and nan are constants
        return False
    if not re.fullmatch(rf"[^\W\d]\w*(?:\.[^\W\d]\w*|{place})*", name):
        return False
    return all(word.isidentifier() and not iskeyword(word) for word in re.sub(place, "", name).split("."))


def latex_name(name: str) -> str:
    """A variable's name in LaTeX: w12 as w_{12}, net_h1 with subscript h1, alpha as the Greek letter.

    Words of several letters are upright. Names that `python_name` quotes are quoted.
    """
    if not _is_one_name(name) and name not in GREEK:
        letters = r"\ ".join(map(latex_text, name.split(" ")))
        return rf"{{\text{{'}}\mathtt{{{letters}}}\text{{'}}}}"
    stem, _, index = name.partition("_")
    if not index:
        stem = name.rstrip("0123456789")
        index = name[len(stem) :]
    if not stem:  # digits alone, or an underscore at the beginning
        stem, index = name, ""
    stem = _letters(stem)
    return f"{stem}_{{{_letters(index)}}}" if index else stem


def _letters(word: str) -> str:
    """A word in a formula: one letter in italics, a Greek letter by its command, longer words upright."""
    if word in GREEK:
        return "\\" + word
    upright = len(word.rstrip("0123456789")) > 1
    return rf"\mathrm{{{latex_text(word)}}}" if upright else latex_text(word)


def latex_text(text: str) -> str:
    """Text with LaTeX's special characters escaped."""
    special = {"\\": r"\backslash ", "~": r"\sim ", "^": r"\hat{}", "<": r"\lt ", ">": r"\gt "}
    return "".join(special.get(c) or (f"\\{c}" if c in "_%&#${}" else c) for c in text if c.isprintable())


def c_number(x: float) -> str:
    """A double as a C expression that reads back as the same number."""
    if math.isnan(x):
        return "NAN"
    if math.isinf(x):
        return "INFINITY" if x > 0 else "(-INFINITY)"
    return repr(x) if math.copysign(1.0, x) > 0 else f"({x!r})"


def _written(
    symbol: Any,
    write: Callable[[Op, list[Any]], T],
    variable: Callable[[Any], T],
    constant: Callable[[float], T],
) -> T:
    """The text of a formula; `write` is given an op and the texts of its operands, lists for sequences."""
    if type(symbol) is float:
        return constant(symbol)

    def text(x: Any) -> Any:
        return constant(x) if type(x) is float else x

    def line(op: Op, args: tuple[Any, ...]) -> T:
        return write(op, [list(map(text, x)) if op.variadic else text(x) for x in args])

    flat = flatten(symbol)
    written: T = replay(flat.lines, map(variable, flat.inputs), line)[-1]
    return written


def signed(text: str) -> Text:
    """A number's text with its precedence: a negative number gets parentheses, except at the beginning."""
    return text, 1 if text.startswith("-") else ATOM


def _in_words(constant: Callable[[float], str]) -> Callable[[float], Text]:
    return lambda x: signed(constant(x))


def _bound(text: Text, tightness: int, opening: str, closing: str) -> str:
    """The text, in parentheses if its precedence is lower."""
    return text[0] if text[1] >= tightness else f"{opening}{text[0]}{closing}"


def _joined(x: Any, opening: str, closing: str) -> str:
    """The text of an operand; for a sequence the texts of all, with commas."""
    return f"{opening}{', '.join(text for text, _ in x)}{closing}" if isinstance(x, list) else str(x[0])


def _plain_number(x: float) -> Text:
    whole = abs(x) < 1e15 and x == int(x)
    text = repr(int(x)) if whole and (x or math.copysign(1.0, x) > 0.0) else repr(x)
    return text, 2 if text.startswith("-") else ATOM


def _latex_number(x: float) -> Text:
    if math.isnan(x):
        return r"\mathrm{NaN}", ATOM
    if math.isinf(x):
        return (r"\infty", ATOM) if x > 0 else (r"-\infty", 2)
    text, precedence = _plain_number(x)
    mantissa, e, exponent = text.partition("e")
    return (rf"{mantissa} \cdot 10^{{{int(exponent)}}}", 2) if e else (text, precedence)
