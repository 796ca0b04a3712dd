"""Explanation: a derivation that prints as text, shows as LaTeX in a notebook, and converts to JSON."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace

from autograd.explaining.derivation import Factor, Part, Path, by_node, by_path
from autograd.explaining.named_graph import Links, same
from autograd.explaining.reasons import reasons
from autograd.formulas.notation import latex, latex_name, latex_text, plain, python_name, signed
from autograd.formulas.symbol import Symbol
from autograd.graph.sweeps import times

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from autograd.graph.engine import Value

MOST_LISTED = 4  # paths that a derivation by nodes ends with
LONGEST = 150  # letters of a formula that is shown


@dataclass
class Piece:
    """One side of an equation, in text and in LaTeX."""

    text: str
    latex: str


@dataclass
class Line:
    """A line of a derivation: sides of an equation, or a sentence.

    Attributes:
        depth: how far it is moved in.
        sides: what equals what; empty for a sentence.
        words: the sentence, in text; names of Values stand in backquotes.
    """

    depth: int
    sides: list[Piece]
    words: str = ""


class Explanation:
    """How a derivative comes about, by the chain rule; made by `explain`.

    ``print(explanation)`` gives text; in a notebook it shows as formulas; `markdown`, `latex` and `json`
    give it for other places.

    Attributes:
        value: the derivative.
        lines: the derivation, line by line.
    """

    def __init__(
        self,
        out: Value,
        wrt: Value,
        by: str,
        *,
        lr: float | None,
        names: Mapping[Any, Any] | None,
        digits: int,
        most: int,
    ) -> None:
        links = Links(out, wrt, names, apart=by == "path")
        self._links, self._digits, self._lr = links, digits, lr
        self._value = {name: value for value, name in links.name.items()}
        self.value = links.value()
        self.reasons = reasons(links)
        self.part: Part | None = None
        self.paths: list[Path] = []
        self.path_count = 0
        self.lines: list[Line] = []
        self._defined: set[tuple[str, str]] = set()  # what was told: (top, bottom), and formulas as (top, "")
        self._out = links.name.get(out, "out")
        self._wrt = links.name.get(wrt) or wrt.label or "x"
        if wrt in links.relevant:
            self.paths, self.path_count = by_path(links, most)
            if by == "node":
                self.part, left_out = by_node(links, most)
                self._tell(self.part, 0)
                if left_out:
                    self._say(
                        0,
                        f"{left_out:,} derivatives are used here without being derived in turn: "
                        f"explain(out, that Value) does it.",
                    )
                if 1 < self.path_count <= min(MOST_LISTED, most):
                    self._say(0, "The same by paths:")
                    self._sum_of_paths(0)
            else:
                self._tell_paths()
        if not math.isfinite(out.data):
            self._say(0, f"The result itself is {out.data!r}.")
        for reason in self.reasons:
            self._say(0, f"It is {number(self.value, digits)} because {reason}.")
        if lr is not None:
            self._update(wrt, lr)

    # Making the lines

    def _say(self, depth: int, words: str) -> None:
        self.lines.append(Line(depth, [], words))

    def _equate(self, depth: int, *sides: Piece) -> None:
        self.lines.append(Line(depth, list(sides)))

    def _number(self, x: float, *, enclosed: bool = False) -> Piece:
        text = number(x, self._digits)
        shown = f"({text})" if enclosed and text.startswith("-") else text
        return Piece(shown, _number_latex(shown))

    def _of(self, name: str) -> Piece:
        """The derivative of the result by what has this name."""
        return _quotient(self._out, name)

    def _tell(self, part: Part, depth: int) -> None:
        if part.terms:
            self._tell_sum(part, depth)
        elif part.factors:
            self._tell_product(part, depth)
        else:  # the result itself, or what no slope leads from
            self._equate(depth, self._of(part.name), self._number(part.value))

    def _tell_product(self, part: Part, depth: int) -> None:
        quotients = [self._direct(factor.top, factor.bottom) for factor in part.factors]
        numbers = [self._number(factor.value, enclosed=True) for factor in part.factors]
        if part.fork:
            quotients.insert(0, self._of(part.fork))
            head = self._links.adjoint[self._value[part.fork]]
            numbers.insert(0, self._number(head, enclosed=True))
        if len(quotients) == 1:
            self._tell_factor(part.factors[0], depth)
            return
        self._equate(depth, self._of(part.name), _joined(quotients, " * ", r" \cdot "))
        for inner in part.parts:
            self._tell(inner, depth + 1)
        for factor in part.factors:
            self._tell_factor(factor, depth + 1)
        product = _joined(numbers, " * ", r" \cdot ")
        self._equate(depth, self._of(part.name), product, self._number(part.value))

    def _tell_sum(self, part: Part, depth: int) -> None:
        users = [factor.top for _, factor in part.terms]
        count, rest = part.rest
        shown = [_quoted(name) for name in users] + ([f"{count:,} more"] if count else [])
        listed = f"{', '.join(shown[:-1])} and {shown[-1]}"
        self._say(depth, f"{_quoted(part.name)} feeds {listed}, so what comes back from them is added:")
        products = []
        for _, factor in part.terms:
            carried = [self._of(factor.top)] if factor.top != self._out else []
            products.append(_joined([*carried, self._direct(factor.top, factor.bottom)], " * ", r" \cdot "))
        more = [Piece("...", r"\dots")] if count else []
        self._equate(depth, self._of(part.name), _joined(products + more, " + ", " + "))
        for inner in part.parts:
            self._tell(inner, depth + 1)
        for _, factor in part.terms:
            self._tell_factor(factor, depth + 1)
        numbers = [self._number(times(head, f.value), enclosed=True) for head, f in part.terms]
        if count:
            numbers.append(self._number(rest, enclosed=True))
        self._equate(depth, self._of(part.name), _joined(numbers, " + ", " + "), self._number(part.value))

    def _tell_factor(self, factor: Factor, depth: int) -> None:
        """The derivative of one formula: as a formula, with the numbers in it, and the number; told once."""
        if (factor.top, factor.bottom) in self._defined:
            return
        self._defined.add((factor.top, factor.bottom))
        sides = [self._direct(factor.top, factor.bottom)]
        if isinstance(factor.formula, Symbol):
            sides.append(self._formula(factor.formula))
            if factor.formula.op is not None:
                sides.append(self._formula(factor.formula, filled_in=True))
        sides.append(self._number(factor.value))
        if isinstance(factor.definition, Symbol) and (factor.top, "") not in self._defined:
            self._defined.add((factor.top, ""))
            definition = self._formula(factor.definition)
            if len(definition.text) <= LONGEST:
                self._equate(depth, _named(factor.top), definition)
        self._equate(depth, *(side for side in sides if len(side.text) <= LONGEST))

    def _direct(self, top: str, bottom: str) -> Piece:
        """The derivative of one formula by what stands in it.

        That of the result may go by other ways as well; then it is told apart from the derivative by all.
        """
        piece = _quotient(top, bottom)
        if top == self._out and len(self._links.users[self._value[bottom]]) > 1:
            return Piece(f"[{piece.text}]", rf"\left[{piece.latex}\right]_{{\mathrm{{directly}}}}")
        return piece

    def _formula(self, formula: Symbol, *, filled_in: bool = False) -> Piece:
        """A formula, as it is or with the numbers of its variables; all numbers to the digits asked for."""

        def text(name: str) -> tuple[str, int]:
            return signed(number(self._value[name].data, self._digits))

        def tex(name: str) -> tuple[str, int]:
            shown, tightness = text(name)
            return _number_latex(shown), tightness

        def constant(x: float) -> str:
            return number(x, self._digits)

        return Piece(
            plain(formula, text if filled_in else None, constant),
            latex(formula, tex if filled_in else None, lambda x: _number_latex(constant(x))),
        )

    def _tell_paths(self) -> None:
        of = self._of(self._wrt)
        if self.path_count > len(self.paths):
            self._say(
                0,
                f"{self.path_count:,} paths lead from {_quoted(self._wrt)} to {_quoted(self._out)}; these "
                f"{len(self.paths)} contribute most:",
            )
        for i, path in enumerate(self.paths, 1):
            way = " \u2192 ".join(_quoted(name) for name in reversed(path.names))
            self._say(0, f"Path {i}: {way}")
            pairs = zip(path.names, path.names[1:], strict=False)
            sides = [_joined([self._direct(*pair) for pair in pairs], " * ", r" \cdot ")]
            if len(path.slopes) > 1:
                numbers = [self._number(slope, enclosed=True) for slope in path.slopes]
                sides.append(_joined(numbers, " * ", r" \cdot "))
            self._equate(1, *sides, self._number(path.value))
        if self.path_count == 1:
            self._equate(0, of, self._number(self.value))
        else:
            self._sum_of_paths(0)

    def _sum_of_paths(self, depth: int) -> None:
        numbers = [self._number(path.value, enclosed=True) for path in self.paths]
        if self.path_count > len(self.paths):
            rest = self.value - sum(path.value for path in self.paths)
            others = self._number(rest, enclosed=True)
            count = self.path_count - len(self.paths)
            numbers.append(Piece(f"{others.text} [{count:,} others]", rf"{others.latex}\;[{count}]"))
        values = [path.value for path in self.paths]
        if self.path_count > len(self.paths) or same(sum(values), self.value, 1e-9 * sum(map(abs, values))):
            self._equate(depth, self._of(self._wrt), _joined(numbers, " + ", " + "), self._number(self.value))
        else:
            self._equate(depth, self._of(self._wrt), self._number(self.value))
            self._say(
                depth,
                f"The products of the paths add up to {number(sum(values), self._digits)}: the derivative "
                f"by a Value is summed before it goes on, and a sum of 0 carries nothing further, not even "
                f"where a later slope is infinite.",
            )

    def _update(self, wrt: Value, lr: float) -> None:
        self._say(0, f"A step of gradient descent with the rate {number(lr, self._digits)}:")
        name = _named(self._wrt)
        slope = self._of(self._wrt)
        rate, data = self._number(lr), self._number(wrt.data)
        filled = self._number(self.value, enclosed=True)
        self._equate(
            0,
            Piece(f"{name.text}+", f"{{{name.latex}}}^{{+}}"),
            Piece(
                f"{name.text} - {rate.text} * {slope.text}",
                rf"{name.latex} - {rate.latex} \cdot {slope.latex}",
            ),
            Piece(
                f"{data.text} - {rate.text} * {filled.text}",
                rf"{data.latex} - {rate.latex} \cdot {filled.latex}",
            ),
            self._number(wrt.data - lr * self.value),
        )

    # Giving it away

    def __str__(self) -> str:
        return "\n".join(self._texts())

    def _texts(self) -> list[str]:
        return [
            "  " * line.depth + (" = ".join(side.text for side in line.sides) or _words_in_text(line.words))
            for line in self.lines
        ]

    def __repr__(self) -> str:
        return f"<Explanation of d{self._out}/d{self._wrt} = {number(self.value, self._digits)}>"

    def latex(self) -> str:
        """The derivation as LaTeX source: one ``aligned`` environment (needs amsmath)."""
        rows = []
        for line in self.lines:
            if line.sides:
                first, *others = (side.latex for side in line.sides)
                shift = rf"\hspace{{{line.depth}em}} " if line.depth else ""
                rows.append(f"&{shift}{first} = {' = '.join(others)}")
            else:
                rows.append(rf"&\text{{{latex_text(_words_in_text(line.words))}}}")
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    def markdown(self) -> str:
        """The derivation in Markdown, its equations in LaTeX between dollars."""
        lines = []
        for line in self.lines:
            if line.sides:
                equation = " = ".join(side.latex for side in line.sides)
                lines.append("  " * line.depth + f"- $\\displaystyle {equation}$")
            else:
                lines.append("  " * line.depth + f"- {_words_in_markdown(line.words)}")
        return "\n".join(lines) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """The derivation as dicts, lists, texts and numbers.

        "out" and "wrt" are names, "value" is the derivative, "reasons" say why it is 0 or no number,
        "derivation" has the factors, terms and parts of it (None by paths), "paths" are those that
        contribute most of all "path_count", "lr" is the learning rate or None, and "text" the lines.
        """
        return {
            "out": self._out,
            "wrt": self._wrt,
            "value": self.value,
            "reasons": self.reasons,
            "derivation": None if self.part is None else asdict(_plain_part(self.part)),
            "paths": [asdict(path) for path in self.paths],
            "path_count": self.path_count,
            "lr": self._lr,
            "text": self._texts(),
        }

    def json(self) -> str:
        """`to_dict` as JSON; nan and infinities are the strings "nan", "inf" and "-inf"."""
        return json.dumps(_finite(self.to_dict()), indent=2, ensure_ascii=False, allow_nan=False)

    def _repr_markdown_(self) -> str:
        return self.markdown()


def number(x: float, digits: int) -> str:
    """A number with so many decimals, less zeros at the end; a small one by its first digits."""
    if not math.isfinite(x):
        return repr(x)
    text = f"{x:.{digits}f}"
    few = len(text.strip("-0.").replace(".", "")) < 3
    if (few and float(text) != x) or abs(x) >= 1e16:
        return f"{x:.{max(digits - 1, 2)}g}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number_latex(text: str) -> str:
    opening, closing = ("(", ")") if text.startswith("(") else ("", "")
    mantissa, e, exponent = text.strip("()").partition("e")
    if mantissa in ("inf", "-inf", "nan"):
        mantissa = {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\mathrm{NaN}"}[mantissa]
    shown = rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if e else mantissa
    return f"{opening}{shown}{closing}"


def _named(name: str) -> Piece:
    return Piece(python_name(name), latex_name(name))


def _quotient(top: str, bottom: str) -> Piece:
    above, below = _named(top), _named(bottom)
    return Piece(
        f"d{above.text}/d{below.text}", rf"\frac{{\partial {above.latex}}}{{\partial {below.latex}}}"
    )


def _joined(pieces: list[Piece], text: str, latex: str) -> Piece:
    return Piece(text.join(p.text for p in pieces), latex.join(p.latex for p in pieces))


def _quoted(name: str) -> str:
    """A name in a sentence."""
    return f"`{name.replace('`', chr(39))}`"


def _words_in_text(words: str) -> str:
    """A sentence, with the names in it as formulas have them."""
    return "".join(python_name(part) if i % 2 else part for i, part in enumerate(words.split("`")))


def _words_in_markdown(words: str) -> str:
    """A sentence, with the names in it as formulas, and nothing of it as markup."""
    parts = words.split("`")
    signs = {ord(c): f"\\{c}" for c in "*_<>[]$#|~"}
    return "".join(
        f"${latex_name(part)}$" if i % 2 else part.translate(signs) for i, part in enumerate(parts)
    )


def _plain_part(part: Part) -> Part:
    """The part with its formulas as text."""

    def told(factor: Factor) -> Factor:
        return replace(factor, definition=str(factor.definition), formula=str(factor.formula))

    return replace(
        part,
        factors=[told(factor) for factor in part.factors],
        terms=[(head, told(factor)) for head, factor in part.terms],
        parts=[_plain_part(inner) for inner in part.parts],
    )


def _finite(thing: Any) -> Any:
    """The same with numbers that JSON lacks as strings."""
    if isinstance(thing, dict):
        return {key: _finite(x) for key, x in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [_finite(x) for x in thing]
    return repr(thing) if isinstance(thing, float) and not math.isfinite(thing) else thing
