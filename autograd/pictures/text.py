"""A scene as text: an indented tree, or Mermaid, for places that cannot show a picture."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd.pictures.scene import Box, Scene


DEEPEST = 50  # levels of indentation; without a limit the text grows with the square of the depth


def tree_text(scene: Scene, number_format: str = ".4g") -> str:
    """The scene as an indented tree, users above operands; a repeated box is named without its operands."""
    boxes = {box.name: box for box in scene.boxes}
    operands: dict[str, list[str]] = {name: [] for name in boxes}
    used = set()
    for arrow in scene.arrows:
        operands[arrow.head].append(arrow.tail)
        used.add(arrow.tail)
    roots = [name for name in boxes if name in scene.results or name not in used]
    lines: list[str] = []
    shown: set[str] = set()
    stack = [(name, 0) for name in reversed(roots)]
    while stack:
        name, depth = stack.pop()
        indent = "  " * min(depth, DEEPEST)
        box = boxes[name]
        if box.kind == "constant":
            lines.append(f"{indent}{format_range(box.data, number_format)}")
        elif name in shown:
            lines.append(f"{indent}{box.title or 'leaf'}, as above")
        else:
            shown.add(name)
            lines.append(indent + _line(box, number_format))
            stack += [(x, depth + 1) for x in reversed(operands[name])]
    return "\n".join("".join(c for c in line if c.isprintable()) for line in [*lines, *scene.notes])


def _line(box: Box, number_format: str) -> str:
    return ": ".join(filter(None, (box.title or "leaf", ", ".join(_facts(box, number_format, "data ")))))


def _facts(box: Box, number_format: str, data: str = "") -> list[str]:
    """The further lines of a box, its number after the word `data`, and its gradient."""
    numbers = ((data, box.data), ("grad ", box.grad))
    return box.lines + [f"{word}{format_range(x, number_format)}" for word, x in numbers if x is not None]


def mermaid_text(scene: Scene, number_format: str = ".4g") -> str:
    """The scene as Mermaid text, which code hosts and notebooks draw."""
    lines = ["flowchart LR"]
    for box in scene.boxes:
        text = "<br/>".join(_escaped(word) for word in (box.title, *_facts(box, number_format)) if word)
        opening, closing = SHAPES.get(box.kind, ("([", "])"))
        lines.append(f'  {box.name}{opening}"{text}"{closing}')
    lines += [f"  {arrow.tail} --> {arrow.head}" for arrow in scene.arrows]
    return "\n".join(lines) + "\n"


SHAPES = {"op": ("[", "]"), "group": ("[[", "]]"), "constant": ("((", "))")}


def format_range(data: tuple[float, float] | None, number_format: str) -> str:
    """A range of numbers as text: the lowest and the highest, or the number if both are equal."""
    low, high = (format(x, number_format) for x in data or (0.0, 0.0))
    return low if low == high else f"{low} \u2026 {high}"


def _escaped(text: str) -> str:
    """Text escaped for Mermaid: all but letters, digits and a few signs as character codes."""
    return "".join(c if c.isalnum() or c in " .,_+-" else f"#{ord(c)};" for c in text if c.isprintable())
