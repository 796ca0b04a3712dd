"""Explanation: a derivation that prints as text, shows as LaTeX in a notebook, and converts to JSON."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace

from autograd.explaining import typeset
from autograd.explaining.derivation import Derivation, Factor, Path, derive_by_node, derive_by_path
from autograd.explaining.named_graph import NamedGraph, same
from autograd.explaining.reasons import reasons
from autograd.explaining.typeset import Piece, name_piece, number, product, quoted, quotient, total
from autograd.formulas import mathml
from autograd.formulas.notation import latex, latex_text, plain, signed
from autograd.formulas.symbol import Symbol
from autograd.graph.sweeps import times

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from autograd.graph.engine import Value

MOST_LISTED = 4  # paths listed after a derivation by nodes
LONGEST = 150  # characters of the longest formula that is shown


@dataclass
class Line:
    """A line of a derivation: an equation or a sentence.

    Attributes:
        depth: the indentation.
        sides: the sides of the equation; [] for a sentence.
        sentence: the sentence, in which names of Values stand in backquotes.
    """

    depth: int
    sides: list[Piece]
    sentence: str = ""


class Explanation:
    """The derivation of a derivative by the chain rule; made by `explain`.

    ``print(explanation)`` gives text; a notebook shows formulas; `markdown`, `latex` and `json` convert it.

    Attributes:
        value: the derivative.
        reasons: sentences that say why it is 0, nan or infinite, or where it is nearly cut off because every
            path meets a function that is nearly saturated; [] for any other number.
        paths: the paths that contribute most, each with its names, slopes and product.
        path_count: the number of all paths.
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
        graph = NamedGraph(out, wrt, names, separate_paths=by == "path")
        self._graph, self._digits, self._lr = graph, digits, lr
        self._node = {name: node for node, name in graph.names.items()}
        self.value = graph.derivative()
        self.reasons = reasons(graph)
        self.derivation: Derivation | None = None
        self.paths: list[Path] = []
        self.path_count = 0
        self.lines: list[Line] = []
        self._written: set[tuple[str, str]] = set()  # (top, bottom) of slopes, (top, "") of definitions
        self._out = graph.names.get(out, "out")
        self._wrt = graph.names.get(wrt) or wrt.label or "x"
        if wrt in graph.relevant:
            self.paths, self.path_count = derive_by_path(graph, most)
            if by == "node":
                self.derivation, left_out = derive_by_node(graph, most)
                self._write(self.derivation, 0)
                if left_out:
                    are = f"{left_out:,} derivatives are used here without being derived in turn"
                    self._say(0, f"{are}: explain(out, that Value) derives one.")
                if 1 < self.path_count <= min(MOST_LISTED, most):
                    self._say(0, "The same by paths:")
                    self._write_sum_of_paths()
            else:
                self._write_paths()
        if not math.isfinite(out.data):
            self._say(0, f"The result itself is {out.data!r}.")
        cut = self.value == 0.0 or not math.isfinite(self.value)
        because = f"It is {number(self.value, digits)} because" if cut else "Every path meets a flat place:"
        for reason in self.reasons:
            self._say(0, f"{because} {reason}.")
        if lr is not None:
            self._write_step_of_descent(wrt, lr)

    # Writing the lines

    def _say(self, depth: int, sentence: str) -> None:
        self.lines.append(Line(depth, [], sentence))

    def _equate(self, depth: int, *sides: Piece) -> None:
        self.lines.append(Line(depth, list(sides)))

    def _number(self, x: float, *, bracketed: bool = False) -> Piece:
        text = number(x, self._digits)
        shown = f"({text})" if bracketed and text.startswith("-") else text
        return Piece(shown, typeset.number_latex(shown))

    def _numbers(self, numbers: Iterable[float]) -> list[Piece]:
        """Factors of a product or terms of a sum: negative numbers in brackets."""
        return [self._number(x, bracketed=True) for x in numbers]

    def _derivative_by(self, name: str) -> Piece:
        return quotient(self._out, name)

    def _write(self, derivation: Derivation, depth: int) -> None:
        if derivation.terms:
            self._write_sum(derivation, depth)
        elif derivation.factors:
            self._write_product(derivation, depth)
        else:  # the result itself, or a Value that no slope leads from
            self._equate(depth, self._derivative_by(derivation.name), self._number(derivation.value))

    def _write_product(self, derivation: Derivation, depth: int) -> None:
        quotients = [self._slope(factor.top, factor.bottom) for factor in derivation.factors]
        values = [factor.value for factor in derivation.factors]
        if derivation.fork:
            quotients.insert(0, self._derivative_by(derivation.fork))
            values.insert(0, self._graph.adjoints[self._node[derivation.fork]])
        if len(quotients) == 1:
            self._write_factor(derivation.factors[0], depth)
        else:
            self._write_whole(derivation, depth, product(quotients), product(self._numbers(values)))

    def _write_whole(self, derivation: Derivation, depth: int, formula: Piece, numbers: Piece) -> None:
        """The derivative as a product or sum, the derivatives and slopes in it, and its number."""
        left = self._derivative_by(derivation.name)
        self._equate(depth, left, formula)
        for part in derivation.parts:
            self._write(part, depth + 1)
        for factor in derivation.factors or [factor for _, factor in derivation.terms]:
            self._write_factor(factor, depth + 1)
        self._equate(depth, left, numbers, self._number(derivation.value))

    def _write_sum(self, derivation: Derivation, depth: int) -> None:
        count, rest = derivation.rest
        users = [quoted(factor.top) for _, factor in derivation.terms]
        users += [f"{count:,} more"] if count else []
        listed = f"{', '.join(users[:-1])} and {users[-1]}"
        self._say(depth, f"{quoted(derivation.name)} feeds {listed}, so their contributions are added:")
        products = []
        for _, factor in derivation.terms:
            carried = [self._derivative_by(factor.top)] if factor.top != self._out else []
            products.append(product([*carried, self._slope(factor.top, factor.bottom)]))
        products += [Piece("...", r"\dots")] if count else []
        shares = [times(adjoint, factor.value) for adjoint, factor in derivation.terms]
        shares += [rest] if count else []
        self._write_whole(derivation, depth, total(products), total(self._numbers(shares)))

    def _write_factor(self, factor: Factor, depth: int) -> None:
        """The slope as a formula, with numbers filled in, and as a number; each factor is written once."""
        if (factor.top, factor.bottom) in self._written:
            return
        self._written.add((factor.top, factor.bottom))
        sides = [self._slope(factor.top, factor.bottom)]
        if isinstance(factor.formula, Symbol):
            sides.append(self._formula(factor.formula))
            if factor.formula.op is not None:
                sides.append(self._formula(factor.formula, filled_in=True))
        sides.append(self._number(factor.value))
        if isinstance(factor.definition, Symbol) and (factor.top, "") not in self._written:
            self._written.add((factor.top, ""))
            definition = self._formula(factor.definition)
            if len(definition.text) <= LONGEST:
                self._equate(depth, name_piece(factor.top), definition)
        self._equate(depth, *(side for side in sides if len(side.text) <= LONGEST))

    def _slope(self, top: str, bottom: str) -> Piece:
        """The derivative of one formula by a name in it.

        Where `bottom` also reaches the result through other users, this direct derivative of the result
        differs from its whole derivative, and stands in square brackets.
        """
        piece = quotient(top, bottom)
        if top == self._out and len(self._graph.users[self._node[bottom]]) > 1:
            return Piece(f"[{piece.text}]", rf"\left[{piece.latex}\right]_{{\mathrm{{directly}}}}")
        return piece

    def _formula(self, formula: Symbol, *, filled_in: bool = False) -> Piece:
        """A formula; if `filled_in`, with the numbers of its variables."""

        def text(name: str) -> tuple[str, int]:
            return signed(number(self._node[name].data, self._digits))

        def tex(name: str) -> tuple[str, int]:
            shown, tightness = text(name)
            return typeset.number_latex(shown), tightness

        return Piece(
            plain(formula, text if filled_in else None, lambda x: self._number(x).text),
            latex(formula, tex if filled_in else None, lambda x: self._number(x).latex),
        )

    def _write_paths(self) -> None:
        if self.path_count > len(self.paths):
            ends = f"from {quoted(self._wrt)} to {quoted(self._out)}"
            most = f"these {len(self.paths)} contribute most"
            self._say(0, f"{self.path_count:,} paths lead {ends}; {most}:")
        for i, path in enumerate(self.paths, 1):
            arrows = " \u2192 ".join(quoted(name) for name in reversed(path.names))
            self._say(0, f"Path {i}: {arrows}")
            pairs = zip(path.names, path.names[1:], strict=False)
            sides = [product([self._slope(*pair) for pair in pairs])]
            if len(path.slopes) > 1:
                sides.append(product(self._numbers(path.slopes)))
            self._equate(1, *sides, self._number(path.value))
        if self.path_count == 1:
            self._equate(0, self._derivative_by(self._wrt), self._number(self.value))
        else:
            self._write_sum_of_paths()

    def _write_sum_of_paths(self) -> None:
        values = [path.value for path in self.paths]
        numbers = self._numbers(values)
        count = self.path_count - len(self.paths)
        if count:
            others = self._number(self.value - sum(values), bracketed=True)
            numbers.append(Piece(f"{others.text} [{count:,} others]", rf"{others.latex}\;[{count}]"))
        left, right = self._derivative_by(self._wrt), self._number(self.value)
        if count or same(sum(values), self.value, 1e-9 * sum(map(abs, values))):
            self._equate(0, left, total(numbers), right)
        else:
            self._equate(0, left, right)
            added = f"The products of the paths add up to {self._number(sum(values)).text}"
            reason = (
                "the derivative by a Value is summed before it goes on, and a sum of 0 carries nothing "
                "further, not even where a later slope is infinite."
            )
            self._say(0, f"{added}: {reason}")

    def _write_step_of_descent(self, wrt: Value, lr: float) -> None:
        self._say(0, f"A step of gradient descent with the rate {number(lr, self._digits)}:")
        name, rate = name_piece(self._wrt), self._number(lr)
        steps = [
            Piece(f"{start.text} - {change.text}", f"{start.latex} - {change.latex}")
            for start, change in (
                (name, product([rate, self._derivative_by(self._wrt)])),
                (self._number(wrt.data), product([rate, *self._numbers([self.value])])),
            )
        ]
        stepped = Piece(f"{name.text}+", f"{{{name.latex}}}^{{+}}")
        self._equate(0, stepped, *steps, self._number(wrt.data - lr * self.value))

    # Converting them

    def __str__(self) -> str:
        return "\n".join(self._texts())

    def _texts(self) -> list[str]:
        return [
            "  " * line.depth
            + (" = ".join(side.text for side in line.sides) or typeset.sentence_text(line.sentence))
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
                rows.append(rf"&\text{{{latex_text(typeset.sentence_text(line.sentence))}}}")
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    def markdown(self) -> str:
        """The derivation in Markdown, its equations in LaTeX between dollar signs."""
        lines = []
        for line in self.lines:
            equation = " = ".join(side.latex for side in line.sides)
            sentence = typeset.sentence_markdown(line.sentence)
            shown = f"$\\displaystyle {equation}$" if line.sides else sentence
            lines.append("  " * line.depth + f"- {shown}")
        return "\n".join(lines) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """The derivation as dicts, lists, texts and numbers.

        "out" and "wrt" are names, "value" is the derivative, "reasons" say why it is 0, nan, infinite or
        nearly cut off, "derivation" holds its factors, terms and parts (None by paths), "paths" are the
        paths that contribute most, "path_count" counts all of them, "lr" is the learning rate or None, and
        "text" is the list of lines.
        """
        return {
            "out": self._out,
            "wrt": self._wrt,
            "value": self.value,
            "reasons": self.reasons,
            "derivation": None if self.derivation is None else asdict(_with_text(self.derivation)),
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

    def _repr_html_(self) -> str | None:
        return mathml.output(
            (line.depth, _breakable(line.sides) if line.sides else typeset.sentence_pieces(line.sentence))
            for line in self.lines
        )


def _breakable(sides: list[Piece]) -> list[tuple[str, bool]]:
    """An equation as several formulas, so that a narrow page breaks it before its later equals signs."""
    first = " = ".join(side.latex for side in sides[:2])
    pieces = [(first, True)]
    for side in sides[2:]:
        pieces += [(" ", False), (f"= {side.latex}", True)]
    return pieces


def _with_text(derivation: Derivation) -> Derivation:
    """The derivation with its formulas as text."""

    def in_text(factor: Factor) -> Factor:
        return replace(factor, definition=str(factor.definition), formula=str(factor.formula))

    return replace(
        derivation,
        factors=[in_text(factor) for factor in derivation.factors],
        terms=[(adjoint, in_text(factor)) for adjoint, factor in derivation.terms],
        parts=[_with_text(part) for part in derivation.parts],
    )


def _finite(thing: Any) -> Any:
    """The same data with nan and infinities, which JSON lacks, as strings."""
    if isinstance(thing, dict):
        return {key: _finite(x) for key, x in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [_finite(x) for x in thing]
    return repr(thing) if isinstance(thing, float) and not math.isfinite(thing) else thing
