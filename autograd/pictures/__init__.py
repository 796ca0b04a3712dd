"""Pictures of graphs: `draw`, `to_text` and `to_mermaid`, which import graphviz only when called.

The other public names are the tools to draw other pictures, as `nn.draw_network` does.
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

__all__ = [
    "Graph",
    "Theme",
    "draw",
    "draw_dot",
    "escaped",
    "on_scale",
    "plain",
    "theme",
    "to_mermaid",
    "to_text",
]


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
    """A picture of the graph of Values, or of a function called with example arguments.

    ``draw(loss)``, ``draw(out1, out2)``, ``draw(f, 2.0, [1.0, 3.0])``, ``draw(model, [1.0, -1.0])``. A
    notebook shows the picture; ``.render("loss", format="svg")`` writes loss.svg, ``.svg()`` and ``.png()``
    return the picture, ``.source`` is its DOT text.

    Each box is a Value with its name, op, number and, after `backward`, gradient; arrows go from operands to
    users. Values are called by their label or by their name in `names`; neurons are called w1_h1, net_h1,
    out_h1. A graph of more than 300 boxes is folded: each module is one box, and so are operations that
    repeat; a note below the picture says so.

    Args:
        what: the results whose graph is drawn; or a function or module, and its arguments.
        direction: "LR" draws from left to right, "TB" from top to bottom.
        show: the contents of a box, some of "label", "data", "grad" and "op".
        number_format: the format of numbers, as in ``format(x, ".4g")``.
        ops: "fused" draws an operation and its result as one box, "separate" as two, as micrograd does.
        color: "kind" colours boxes by their kind, "grad" by their gradients on a logarithmic
            scale, with a legend: only a gradient of 0 has no colour.
        dark: whether the picture is for a dark page.
        depth: fold modules nested deeper than this; 1 shows the outermost modules only, `math.inf` folds
            nothing.
        around: (node, radius): draw only the Values within `radius` arrows of the node.
        paths: (weight, loss): highlight the paths from the weight to the loss.
        names: names for Values without a label: ``locals()``, or a dict.
        limit: the most boxes to draw; the levels that all arrows cross are limited to 6 times as many.

    Raises:
        TypeError: if `what` is neither Values nor a function with its arguments.
        ValueError: if the graph has more boxes than `limit`, or an option is unknown.
    """
    from autograd.pictures.render import RenderOptions, render
    from autograd.pictures.select import select_scene

    options = RenderOptions(direction, show, number_format, ops, color, dark)
    scene = select_scene(
        what,
        depth=depth,
        around=around,
        paths=paths,
        names=names,
        limit=limit,
        wants_grad=color == "grad",
    )
    return render(scene, options)


def draw_dot(root: Value, format: str = "svg", rankdir: str = "LR") -> Graph:
    """The picture of micrograd's function of this name: an op and its result are two boxes.

    Args:
        root: the result whose graph is drawn.
        format: what `render` writes: "svg", "png" ...
        rankdir: the direction, as in `draw`.
    """
    graph = draw(root, direction=rankdir, ops="separate", number_format=".4f")
    graph.format = format
    return graph


def to_text(*what: Any, number_format: str = ".4g", **options: Any) -> str:
    """The graph as an indented tree of text, users above their operands.

    Args:
        what: as for `draw`.
        number_format: the format of numbers.
        options: `depth`, `around`, `paths`, `names` and `limit` of `draw`.
    """
    from autograd.pictures.select import select_scene
    from autograd.pictures.text import tree_text

    return tree_text(select_scene(what, **options), number_format)


def to_mermaid(*what: Any, number_format: str = ".4g", **options: Any) -> str:
    """The graph as Mermaid text, which code hosts and many notebooks draw; arguments as for `to_text`."""
    from autograd.pictures.select import select_scene
    from autograd.pictures.text import mermaid_text

    return mermaid_text(select_scene(what, **options), number_format)


def __getattr__(name: str) -> Any:
    """Import a public name on first use, since importing graphviz takes time."""
    from importlib import import_module

    for module in ("themes", "labels", "graph") if name in __all__ else ():
        part = import_module(f"{__name__}.{module}")
        if hasattr(part, name):
            return getattr(part, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
