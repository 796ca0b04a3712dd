"""Pictures of what was computed, by `draw`. Nothing heavy is imported before it is called.

The rest of its names serve those who draw pictures of other kinds, as `nn.draw_network` does.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

    from autograd.graph.engine import Value
    from autograd.pictures.graph import Graph
    from autograd.pictures.labels import escaped, plain
    from autograd.pictures.themes import Theme, on_scale, theme

__all__ = ["Graph", "Theme", "draw", "escaped", "on_scale", "plain", "theme", "to_mermaid", "to_text"]


def draw(
    *what: Any,
    direction: str = "LR",
    show: Collection[str] = ("label", "data", "grad", "op"),
    number_format: str = ".4g",
    ops: str = "fused",
    color: str = "kind",
    dark: bool = False,
    depth: float | None = None,
    around: tuple[Value, int] | None = None,
    paths: tuple[Value, Value] | None = None,
    names: Mapping[Any, Any] | None = None,
    limit: int = 2000,
) -> Graph:
    """The graph of Values, or of what a function makes of example arguments.

    ``draw(loss)``, ``draw(out1, out2)``, ``draw(f, 2.0, [1.0, 3.0])``, ``draw(model, [1.0, -1.0])``. It
    shows itself in a notebook; ``.render("loss", format="svg")`` writes loss.svg, ``.svg()`` and
    ``.png()`` give the picture, ``.source`` its DOT text.

    Each box holds a name, if there is one, an op, its number and, once `backward` has run, its gradient. The
    names are those of `explain`: labels, those in `names`, and of neurons w1_h1, net_h1, out_h1.
    Arrows go from operands to users. A graph of more than 300 boxes is folded: modules, and what is done
    again and again, are one box each, and a line below the picture says so.

    Args:
        what: the results whose graph is drawn; or a function, or module, and arguments for it.
        direction: "LR" draws from left to right, "TB" from top to bottom.
        show: what stands in a box, some of "label", "data", "grad" and "op".
        number_format: how numbers are written, as in ``format(x, ".4g")``.
        ops: "fused" draws an operation and its result as one box, "separate" as two, as micrograd does.
        color: "kind" paints boxes by what they are, "grad" by their gradients, with a legend.
        dark: whether it is for a dark page.
        depth: how many modules inside each other are told apart when folding, 1 for the outermost alone;
            `math.inf` folds nothing.
        around: (node, radius): only what so many arrows, forward or back, lead to from a node.
        paths: (weight, loss): what lies on the paths from one to the other stands out.
        names: names for what has no label: ``locals()``, or a dict.
        limit: how many boxes are too many; arrows that cross more than 6 times as many levels are, too.

    Raises:
        TypeError: for something else than Values, or a function with arguments.
        ValueError: if there would be too many boxes, or an option is none.
    """
    from autograd.pictures.render import painted
    from autograd.pictures.select import scene_of

    scene = scene_of(
        what,
        depth=depth,
        around=around,
        paths=paths,
        names=names,
        limit=limit,
        wants_grad=color == "grad",
    )
    return painted(
        scene, direction=direction, show=show, number_format=number_format, ops=ops, color=color, dark=dark
    )


def to_text(*what: Any, number_format: str = ".4g", **options: Any) -> str:
    """The graph as an indented tree of text, users above their operands.

    Args:
        what: as for `draw`.
        number_format: how numbers are written.
        options: `depth`, `around`, `paths`, `names` and `limit` of `draw`.
    """
    from autograd.pictures.select import scene_of
    from autograd.pictures.text import text_of

    return text_of(scene_of(what, **options), number_format)


def to_mermaid(*what: Any, number_format: str = ".4g", **options: Any) -> str:
    """The graph in Mermaid's notation, which code hosts and many notebooks draw; else as `to_text`."""
    from autograd.pictures.select import scene_of
    from autograd.pictures.text import mermaid_of

    return mermaid_of(scene_of(what, **options), number_format)


def __getattr__(name: str) -> Any:
    """What other pictures are made with; imported when asked for, since graphviz takes its time."""
    from importlib import import_module

    for module in ("themes", "labels", "graph") if name in __all__ else ():
        part = import_module(f"{__name__}.{module}")
        if hasattr(part, name):
            return getattr(part, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
