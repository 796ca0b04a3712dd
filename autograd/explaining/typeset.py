"""Numbers, names and equations typeset as text, LaTeX and Markdown."""

from __future__ import annotations

import math
from typing import NamedTuple

from autograd.formulas.notation import latex_name, python_name


class Piece(NamedTuple):
    """A piece of an equation, as text and as LaTeX."""

    text: str
    latex: str


def number(x: float, digits: int) -> str:
    """A number with `digits` decimals, trailing zeros dropped; tiny and huge ones in scientific notation."""
    if not math.isfinite(x):
        return repr(x)
    text = f"{x:.{digits}f}"
    few = len(text.strip("-0.").replace(".", "")) < 3
    if (few and float(text) != x) or abs(x) >= 1e16:
        return f"{x:.{max(digits - 1, 2)}g}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def number_latex(text: str) -> str:
    """The LaTeX form of a number's text, with or without brackets."""
    opening, closing = ("(", ")") if text.startswith("(") else ("", "")
    mantissa, e, exponent = text.strip("()").partition("e")
    if mantissa in ("inf", "-inf", "nan"):
        mantissa = {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\mathrm{NaN}"}[mantissa]
    shown = rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if e else mantissa
    return f"{opening}{shown}{closing}"


def name_piece(name: str) -> Piece:
    return Piece(python_name(name), latex_name(name))


def quotient(top: str, bottom: str) -> Piece:
    """The derivative of one name by another, such as dy/dx."""
    above, below = name_piece(top), name_piece(bottom)
    return Piece(
        f"d{above.text}/d{below.text}", rf"\frac{{\partial {above.latex}}}{{\partial {below.latex}}}"
    )


def product(pieces: list[Piece]) -> Piece:
    return Piece(" * ".join(p.text for p in pieces), r" \cdot ".join(p.latex for p in pieces))


def total(pieces: list[Piece]) -> Piece:
    return Piece(" + ".join(p.text for p in pieces), " + ".join(p.latex for p in pieces))


def quoted(name: str) -> str:
    """A name inside a sentence, in backquotes."""
    return f"`{name.replace('`', chr(39))}`"


def sentence_text(sentence: str) -> str:
    """A sentence as text, its names spelt as in formulas."""
    return "".join(python_name(part) if i % 2 else part for i, part in enumerate(sentence.split("`")))


def sentence_pieces(sentence: str) -> list[tuple[str, bool]]:
    """The pieces of a sentence: each a text, or the LaTeX of a name, and whether it is LaTeX."""
    return [
        (latex_name(part), True) if i % 2 else (part, False) for i, part in enumerate(sentence.split("`"))
    ]


def sentence_markdown(sentence: str) -> str:
    """A sentence as Markdown, its names as formulas and its other characters escaped."""
    signs = {ord(c): f"\\{c}" for c in "*_<>[]$#|~"}
    pieces = sentence_pieces(sentence)
    return "".join(f"${text}$" if is_latex else text.translate(signs) for text, is_latex in pieces)
