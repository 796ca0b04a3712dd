"""JavaScript from the C text of rows: expressions and helper functions, rewritten word by word.

The C texts use a part of C that JavaScript nearly shares: doubles, ints that count, arrays, loops, choices. A
row of another kind says its JavaScript itself.
"""

from __future__ import annotations

import re
from functools import lru_cache

from autograd.formulas.javascript_math import LIBRARY, MATH
from autograd.table.op import Op

JS_WORDS = frozenset(
    "arguments await break case catch class const continue debugger default delete do else enum eval export "
    "extends false finally for function if implements import in instanceof interface let new null package "
    "private protected public return static super switch this throw true try typeof var void while with "
    "yield Float64Array Infinity Math NaN Number Object RangeError undefined".split()
)
CURE = "give the op its JavaScript with Op(..., js='...', js_helper='...')"
_STATEMENTS = frozenset("if for while switch return function".split())  # words before brackets, but no calls
_FOREIGN = re.compile(r"->|\b(?:static|struct|unsigned|long|float|char|void|goto|sizeof)\b|[(,]\s*[&*]\w")


def js_form(op: Op) -> tuple[str, tuple[str, ...]]:
    """The JavaScript expression of an op with #1, #2 for the operands, and the functions that it calls.

    For a variadic op the name of a function of (n, xs, ys ...).

    Raises:
        ValueError: if the op has neither a JavaScript form nor a C form that can be rewritten.
    """
    if op.js:
        return op.js, (op.js_helper,) if op.js_helper else ()
    if not op.c:
        raise ValueError(
            f"the op {op.name} has no JavaScript form: give it one with Op(..., js='...'), with #1, #2 for "
            f"the operands"
        )
    helper = "" if op.libm else _with_math("".join(op.c_helper[-1:])) if op.variadic else "".join(op.c_helper)
    return _rewritten(op.name, op.libm or op.c, helper, op.variadic)


def _with_math(helper: str) -> str:
    """The C text of a variadic op that calls elementary functions, with those of libm in their place."""
    return re.sub(r"\bautograd_(exp|log1p)\(", r"\1(", helper)


@lru_cache(maxsize=1000)
def _rewritten(name: str, c: str, helper: str, variadic: bool) -> tuple[str, tuple[str, ...]]:
    own = set(re.findall(r"\b(\w+)\s*\([^()]*\)\s*\{", helper)) - _STATEMENTS
    library: dict[str, str] = {}
    expression = c if variadic else _words(name, c, own, library)
    functions = _words(name, _declarations(name, helper), own, library)
    return expression, (*library.values(), *filter(None, [functions]))


def _declarations(name: str, text: str) -> str:
    """The text with JavaScript's words for declarations of functions, arrays and numbers."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\bfrexp\((\w+), &(\w+)\)", r"\2 = exponent(\1)", text)
    text = re.sub(r"\(int\)(\w+(?:\([^()]*\))?)", r"trunc(\1)", text)

    def function(found: re.Match[str]) -> str:
        parameters = [p.split()[-1].lstrip("*") for p in found[2].split(",") if p.strip() != "void"]
        return f"function {found[1]}({', '.join(parameters)}) {{"

    text = re.sub(r"\bstatic (?:inline )?(?:double|int) (\w+)\(([^()]*)\)\s*\{", function, text)
    text = re.sub(r"(\w+)\[\d*\] = \{([^{}]*)\}", r"\1 = [\2]", text)
    text = re.sub(r"\b(?:static )?const (?:double|int) (?=\w)", "const ", text)
    text = re.sub(r"\b(?:double|int) (?=\w)", "let ", text)
    if _FOREIGN.search(text) or re.search(r"\b(?:double|int)\b", text):
        raise ValueError(
            f"the C helper of the op {name} cannot be rewritten in JavaScript, as it has other things than "
            f"functions of doubles and ints: {CURE}"
        )
    return text


def _words(name: str, text: str, own: set[str], library: dict[str, str]) -> str:
    """The text with JavaScript's names of functions; those that Math lacks go to `library`."""

    def call(found: re.Match[str]) -> str:
        word = found[1]
        if word in _STATEMENTS or word in own:
            return found[0]
        if word in MATH:
            return f"{MATH[word]}("
        if word not in LIBRARY:
            raise ValueError(
                f"the C form of the op {name} calls {word}, which JavaScript does not have: {CURE}"
            )
        _add(word, library)
        return f"autograd_{word}("

    text = re.sub(r"(?<![\w.])([A-Za-z_]\w*)\s*\(", call, text)
    return re.sub(r"\bNAN\b", "NaN", re.sub(r"\bINFINITY\b", "Infinity", text))


def _add(word: str, library: dict[str, str]) -> None:
    """Add a function to the library, and those that it calls."""
    if word not in library:
        library[word] = LIBRARY[word]
        for other in re.findall(r"\bautograd_(\w+)\(", LIBRARY[word]):
            if other in LIBRARY:
                _add(other, library)
