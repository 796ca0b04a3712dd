"""Pictures of what was computed, by `draw`. Nothing heavy is imported before it is called."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd.backend import Value
    from autograd.pictures.graph import Graph


def draw(*values: Value, direction: str = "LR", number_format: str = ".4g", limit: int = 2000) -> Graph:
    """The graph of one or more Values, which shows itself in a notebook.

    Each box holds an op (or the label of a leaf), its number and, once `backward` has run, its gradient.
    Edges go from operands to users in the order of the operands.

    ``draw(loss).render("loss", format="svg")`` writes loss.svg; ``.svg()`` and ``.png()`` give the picture,
    ``.source`` its DOT text.

    Args:
        values: the results whose graph is drawn.
        direction: "LR" draws from left to right, "TB" from top to bottom.
        number_format: how numbers are written, as in ``format(x, ".4g")``.
        limit: how many boxes are too many.

    Raises:
        TypeError: if one of them is no Value.
        ValueError: if the graph has too many boxes to be looked at.
    """
    from autograd.pictures.graph import graph_of

    return graph_of(values, direction, number_format, limit)
