"""Formulas as HTML for notebooks: MathML, which browsers show without a script or a network.

The LaTeX stands beside the MathML, and a style shows one of the two: the MathML in a page that keeps styles,
and the LaTeX where a viewer removes styles and MathML from outputs, as JupyterLab does in a notebook that it
does not trust.
"""

from __future__ import annotations

from html import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

STYLE = (
    "<style>span.autograd-latex{display:none}span.autograd-mathml[hidden]{display:inline!important}</style>"
)
LONGEST = 50_000  # characters of LaTeX that are converted


def formula_html(latex: str) -> str:
    """A formula in both forms, for `output`."""
    from latex2mathml.converter import convert

    mathml = convert(latex).replace(' display="inline"', ' displaystyle="true"', 1)
    return (
        f'<span class="autograd-latex">$\\displaystyle {escape(latex, quote=False)}$</span>'
        f'<span class="autograd-mathml" hidden>{mathml}</span>'
    )


def output(lines: Iterable[tuple[int, list[tuple[str, bool]]]]) -> str | None:
    """The HTML of an output; None if latex2mathml is not installed, or the LaTeX is very long.

    Args:
        lines: the indentation of each line, and its pieces: each a text and whether it is LaTeX.
    """
    lines = list(lines)
    if sum(len(text) for _, pieces in lines for text, _ in pieces) > LONGEST:
        return None
    try:
        rows = [
            f'<div style="margin:.3em 0 .3em {1.5 * depth:g}em">'
            + "".join(formula_html(text) if is_latex else escape(text) for text, is_latex in pieces)
            + "</div>"
            for depth, pieces in lines
        ]
    except ImportError:
        return None
    return STYLE + "\n".join(rows)
