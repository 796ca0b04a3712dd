"""Formulas as HTML for notebooks: MathML, which browsers show without a script or a network.

The LaTeX stands beside the MathML, and a style shows one of the two: the MathML in a page that keeps styles,
and the LaTeX where a viewer removes styles and MathML from outputs, as JupyterLab does in a notebook that it
does not trust.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

STYLE = (
    "<style>span.autograd-latex{display:none}span.autograd-mathml[hidden]{display:inline!important}</style>"
)
LONGEST = 50_000  # characters of LaTeX that are converted

LETTER = r'<mi mathvariant="normal">[^<]*</mi>'
MINUS = "&#x02212;</mo>"
# Corrections of latex2mathml's MathML: patterns, and the element that takes the place of a match. A word is
# one element; so is a name in typewriter letters, which MathML Core leaves to CSS.
CORRECTIONS = {
    rf"({LETTER}(?:{LETTER}|<mn>[^<]*</mn>|<mo>&#x0002E;</mo>)+)": "mi",
    r'((?:<(m\w+) mathvariant="monospace">[^<]*</\2>)+)': 'mtext style="font-family:monospace"',
    r"<mo>([A-Za-z]{2,})</mo>": "mi",
}
# A minus that follows another sign or an opening bracket.
SIGN = rf"(<mo(?![^>]*postfix)[^>]*>(?!&#x00029;|&#x0005D;|[\])])[^<]*</mo>)<mo>{MINUS}"


def mathml(latex: str) -> str:
    """A formula in LaTeX as a MathML element.

    Raises:
        ImportError: if latex2mathml is not installed.
    """
    import re

    from latex2mathml.converter import convert

    text = convert(latex.replace(r"\operatorname{", r"\mathrm{"))
    text = text.replace(' display="inline"', ' displaystyle="true"', 1)
    for pattern, element in CORRECTIONS.items():

        def joined(run: re.Match[str], element: str = element) -> str:
            return f"<{element}>{re.sub('<[^>]*>', '', run[1])}</{element.split()[0]}>"

        text = re.sub(pattern, joined, text)
    return re.sub(SIGN, rf'\1<mo form="prefix">{MINUS}', text)


def output(lines: Iterable[tuple[int, list[tuple[str, bool]]]]) -> str | None:
    """The HTML of an output; None if latex2mathml is not installed, or the LaTeX is very long.

    Args:
        lines: the indentation of each line, and its pieces: each a text and whether it is LaTeX.
    """
    from html import escape

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
    from html import escape

    return (
        f'<span class="autograd-latex">$\\displaystyle {escape(latex, quote=False)}$</span>'
        f'<span class="autograd-mathml" hidden>{mathml(latex)}</span>'
    )
