"""Formulas as HTML for notebooks: MathML, which browsers show without a script or a network.

The LaTeX stands beside the MathML, and a style shows one of the two: the MathML in a page that keeps styles,
and the LaTeX where a viewer removes styles and MathML from outputs, as JupyterLab does in a notebook that it
does not trust.
"""

from __future__ import annotations

import re
from html import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

STYLE = (
    "<style>span.autograd-latex{display:none}span.autograd-mathml[hidden]{display:inline!important}</style>"
)
LONGEST = 50_000  # characters of LaTeX that are converted

# Corrections of latex2mathml's MathML: a word is one element, and so is a name in typewriter letters, which
# MathML Core leaves to CSS; a minus after another sign is no difference.
LETTER = r'<mi mathvariant="normal">[^<]*</mi>'
WORD = re.compile(rf"{LETTER}(?:{LETTER}|<mn>[^<]*</mn>|<mo>&#x0002E;</mo>)+")
TYPEWRITER = re.compile(r'(?:<(m\w+) mathvariant="monospace">[^<]*</\1>)+')
FUNCTION = re.compile(r"<mo>([A-Za-z]{2,})</mo>")
MINUS = "<mo>&#x02212;</mo>"
UNARY_MINUS = re.compile(rf"(<mo(?![^>]*postfix)[^>]*>(?!&#x00029;|&#x0005D;|[\])])[^<]*</mo>){MINUS}")


def mathml(latex: str) -> str:
    """A formula in LaTeX as a MathML element.

    Raises:
        ImportError: if latex2mathml is not installed.
    """
    from latex2mathml.converter import convert

    def joined(run: re.Match[str]) -> str:
        return re.sub("<[^>]*>", "", run[0])

    text = convert(latex.replace(r"\operatorname{", r"\mathrm{"))
    text = text.replace(' display="inline"', ' displaystyle="true"', 1)
    text = WORD.sub(lambda run: f"<mi>{joined(run)}</mi>", text)
    text = TYPEWRITER.sub(lambda run: f'<mtext style="font-family:monospace">{joined(run)}</mtext>', text)
    text = FUNCTION.sub(r"<mi>\1</mi>", text)
    return UNARY_MINUS.sub(r'\1<mo form="prefix">&#x02212;</mo>', text)


def output(lines: Iterable[tuple[int, list[tuple[str, bool]]]]) -> str | None:
    """The HTML of an output; None if latex2mathml is not installed, or the LaTeX is very long.

    Args:
        lines: the indentation of each line, and its pieces: each a text and whether it is LaTeX.
    """
    lines = list(lines)
    if sum(len(text) for _, pieces in lines for text, _ in pieces) > LONGEST:
        return None
    rows = []
    for depth, pieces in lines:
        try:
            row = "".join(_formula(text) if is_latex else escape(text) for text, is_latex in pieces)
        except ImportError:
            return None
        rows.append(f'<div style="margin:.4em 0 .4em {1.5 * depth:g}em">{row}</div>')
    return STYLE + "\n".join(rows)


def _formula(latex: str) -> str:
    """A formula in both forms, of which a page shows one."""
    return (
        f'<span class="autograd-latex">$\\displaystyle {escape(latex, quote=False)}$</span>'
        f'<span class="autograd-mathml" hidden>{mathml(latex)}</span>'
    )
