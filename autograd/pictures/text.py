"""Graphs as text: an indented tree, and Mermaid, for where no picture can be drawn."""

from __future__ import annotations

from autograd.backend import Value
from autograd.dag import flat_args, topological_order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


DEEPEST = 50  # levels that are indented; more would take space with the square of the depth


def title(node: Value) -> str:
    """What a box is called: its label, its op, or both."""
    op = "" if node.op is None else node.op.infix or node.op.name
    return " = ".join(filter(None, (node.label, op)))


def to_text(*values: Value, number_format: str = ".4g") -> str:
    """The graph as an indented tree, users above their operands; what was shown before is named only."""
    lines: list[str] = []
    names: dict[Value, str] = {}
    stack: list[tuple[Any, int]] = [(value, 0) for value in reversed(values)]
    while stack:
        node, depth = stack.pop()
        indent = "  " * min(depth, DEEPEST)
        if type(node) is float:
            lines.append(f"{indent}{format(node, number_format)}")
        elif node in names:
            lines.append(f"{indent}{names[node]}, as above")
        else:
            names[node] = title(node) or "leaf"
            numbers = f"data {format(node.data, number_format)}, grad {format(node.grad, number_format)}"
            lines.append(f"{indent}{names[node]}: {numbers}")
            stack += [(x, depth + 1) for x in reversed(flat_args(node))]
    return "\n".join(lines)


def to_mermaid(*values: Value, number_format: str = ".4g") -> str:
    """The graph in Mermaid's notation, which code hosts and notebooks draw by themselves."""
    lines = ["flowchart LR"]
    order = topological_order(*values)
    name = {node: f"n{i}" for i, node in enumerate(order)}
    for node in order:
        words = [title(node), format(node.data, number_format), f"grad {format(node.grad, number_format)}"]
        text = "<br/>".join(_escaped(word) for word in words if word)
        opening, closing = ("([", "])") if node.op is None else ("[", "]")
        lines.append(f'  {name[node]}{opening}"{text}"{closing}')
        for i, x in enumerate(flat_args(node)):
            if type(x) is float:
                lines.append(f'  {name[node]}c{i}(("{format(x, number_format)}")) --> {name[node]}')
            else:
                lines.append(f"  {name[x]} --> {name[node]}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Text that means only itself in Mermaid: all but letters, digits and a few signs by number."""
    return "".join(c if c.isalnum() or c in " .,_+-" else f"#{ord(c)};" for c in text if c.isprintable())
