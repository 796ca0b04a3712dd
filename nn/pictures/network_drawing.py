"""Drawing a network as in textbooks: neurons in columns, and a line for every weight."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograd.pictures import escaped, on_scale, plain, theme
from nn.pictures.network_reading import columns_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd import Value
    from autograd.pictures import Graph, Theme
    from nn.models.module import Module
    from nn.pictures.network_reading import Column

PLAIN, LABELLED = (2.5, 0.95), (3.6, 1.25)  # inches between columns, and between neurons
MOST_LABELLED = 40  # lines that have room for their numbers
FONT = {"fontname": "Helvetica", "fontsize": "10"}
CIRCLE = {"shape": "circle", "style": "filled", "fixedsize": "true", "width": "0.6", **FONT}
TEXT = {"shape": "plaintext", "style": "", "fixedsize": "false", "width": "0", "height": "0", "margin": "0"}


def draw_network(
    model: Module,
    x: Sequence[float] | None = None,
    *,
    color: str = "weight",
    most: int = 10,
    number_format: str = ".3g",
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    dark: bool = False,
) -> Graph:
    """Draw the neurons of a model in columns, with a line for each weight: orange above 0, blue below 0.

    Large weights have wide lines. In a small network each line shows its weight and, after `backward`, the
    gradient; below each neuron stands its bias. Gives a `graphviz.Digraph`, see `autograd.draw`.

    Args:
        model: a Neuron, Layer or MLP, or a module that consists of layers one after the other.
        x: an example, a number for each input, which an encoder and a scaler kept with the model prepare;
            each neuron then shows its output for the example.
        color: "weight" to color lines by weight, "grad" to color them by the gradient of the weight.
        most: the largest number of neurons in a column; a wider layer shows its first and last neurons.
        number_format: the format of numbers, as in ``format(x, ".3g")``.
        inputs, outputs: names for the neurons of the first and the last column.
        dark: whether the picture is for a dark page.

    Raises:
        TypeError: if the model is no module, or x is no row of numbers.
        ValueError: if the layers do not follow each other, each once, or x is of another length.
    """
    if color not in ("weight", "grad"):
        raise ValueError(f"color is 'weight' or 'grad', not {color!r}")
    if isinstance(most, bool) or not isinstance(most, int) or most < 3:
        raise ValueError(f"most is how many neurons a column shows, 3 or more, not {most!r}")
    try:
        format(1.0, number_format)
    except (TypeError, ValueError):
        raise ValueError(f"number_format is for numbers, as '.3g', not {number_format!r}") from None
    columns = columns_of(model, x)
    first, last = columns[0], columns[-1]
    sizes = {"inputs": len(first.neurons[0].w), "outputs": len(last.neurons)}
    for (name, count), names in zip(sizes.items(), (inputs, outputs), strict=True):
        if names and len(names) != count:
            raise ValueError(f"{name} needs {count} names, one for each neuron, not {len(names)}")
    values = None if x is None else [first.inputs, *(c.inputs for c in columns[1:]), last.outputs]
    ends = list(map(str, inputs)), list(map(str, outputs))
    return _Painter(columns, values, color == "grad", most, number_format, ends, theme(dark)).graph()


@dataclass
class _Painter:
    columns: list[Column]
    values: list[list[float]] | None
    by_grad: bool
    most: int
    number_format: str
    ends: tuple[list[str], list[str]]  # names for the neurons of the first and the last column
    colours: Theme

    def __post_init__(self) -> None:
        self.sizes = [len(self.columns[0].neurons[0].w), *(len(column.neurons) for column in self.columns)]
        self.shown = [_abridged(size, self.most) for size in self.sizes]
        weights = [w for column in self.columns for neuron in column.neurons for w in neuron.w]
        sizes = [abs(self._strength(w)) for w in weights]
        self.largest = max((size for size in sizes if math.isfinite(size)), default=0.0)
        self.labels: list[tuple[float, float, float, float]] = []  # placed so far: x, y, and half sizes
        self.with_grad = any(w.grad != 0.0 for w in weights)
        self.labelled = len(weights) <= MOST_LABELLED
        self.across, self.up = LABELLED if self.labelled else PLAIN
        self.top = (max(map(len, self.shown)) - 1) / 2.0 * self.up + 0.62

    def graph(self) -> Graph:
        from autograd.pictures import Graph

        colours = self.colours
        graph = Graph(
            engine="neato",
            graph_attr={
                "splines": "line",
                "bgcolor": colours.paper,
                "outputorder": "edgesfirst",
                "label": self._legend(),
                "labelloc": "b",
                "fontname": "Helvetica",
                "fontcolor": colours.faint,
            },
            node_attr=CIRCLE
            | {"fontcolor": colours.ink, "color": colours.faint, "fillcolor": colours.fills["op"]},
            edge_attr={"arrowhead": "none"},
        )
        for column in range(len(self.sizes)):
            self._neurons(graph, column)
        for column in range(1, len(self.sizes)):
            self._weights(graph, column)
        graph.boxes = sum(map(len, self.shown))
        graph.text = self._in_words()
        graph.mermaid = self._mermaid()
        return graph

    def _strength(self, w: Value) -> float:
        return w.grad if self.by_grad else w.data

    def _place(self, column: int, i: int) -> tuple[float, float]:
        """Position of the i-th visible circle of a column."""
        count = len(self.shown[column])
        return column * self.across, ((count - 1) / 2.0 - i) * self.up

    def _title(self, column: int) -> str:
        if column == 0:
            return f"{self.sizes[0]} input{'s' * (self.sizes[0] != 1)}"
        name = "hidden"
        if column == len(self.columns):
            name = f"output{'s' * (self.sizes[column] != 1)}"
        return ", ".join(filter(None, (f"{self.sizes[column]} {name}", self.columns[column - 1].activation)))

    def _neurons(self, graph: Graph, column: int) -> None:
        title = f"<b>{escaped(self._title(column))}</b>"
        self._text(graph, f"t{column}", self._place(column, 0)[0], self.top, title)
        values = self.values[column] if self.values is not None else None
        largest = max(map(abs, values), default=0.0) if values is not None else 0.0
        for i, k in enumerate(self.shown[column]):
            x, y = self._place(column, i)
            if k is None:
                left_out = self.sizes[column] - len(self.shown[column]) + 1
                self._text(graph, f"m{column}", x, y, f"{left_out} more")
                continue
            attributes = {"fillcolor": self.colours.fills["leaf"]} if column == 0 else {}
            label = plain(self._name(column, k))
            if values is not None:
                label = plain(format(values[k], self.number_format))
                attributes["fillcolor"] = on_scale(values[k], largest, self.colours)
            graph.node(f"c{column}n{k}", label, pos=f"{x:.3f},{y:.3f}!", **attributes)
            names = self.ends[0] if column == 0 else self.ends[1] if column == len(self.columns) else ()
            if names:
                shift = 0.07 * len(names[k]) / 2 + 0.4
                words = escaped(names[k])
                self._text(graph, f"l{column}n{k}", x - shift if column == 0 else x + shift, y, words)
            if column:
                self._bias(graph, column, k, x, y)

    def _name(self, column: int, k: int) -> str:
        if column == 0:
            return f"x{k + 1}"
        return f"o{k + 1}" if column == len(self.columns) else f"h{k + 1}"

    def _bias(self, graph: Graph, column: int, k: int, x: float, y: float) -> None:
        b = self.columns[column - 1].neurons[k].b
        if b is not None and (self.labelled or len(self.shown[column]) <= self.most):
            words = f"b {format(b.data, self.number_format)}"
            if self.with_grad and self.labelled:
                words += f", grad {format(b.grad, self.number_format)}"
            self._text(graph, f"b{column}n{k}", x, y - 0.4, escaped(words), small=True)

    def _weights(self, graph: Graph, column: int) -> None:
        for i, k in enumerate(self.shown[column]):
            for j, m in enumerate(self.shown[column - 1]):
                if k is None or m is None:
                    continue
                w = self.columns[column - 1].neurons[k].w[m]
                colour, width = self._line(self._strength(w))
                graph.edge(f"c{column - 1}n{m}", f"c{column}n{k}", color=colour, penwidth=f"{width:.2f}")
                if self.labelled:
                    self._number(graph, column, (i, k), (j, m), w)

    def _line(self, strength: float) -> tuple[str, float]:
        """Colour and width of the line of a weight."""
        if not math.isfinite(strength):
            return self.colours.undefined, 3.4
        width = 0.4 + 3.0 * abs(strength) / self.largest if self.largest > 0.0 else 0.4
        if strength == 0.0:
            return self.colours.pale, width
        return self.colours.positive if strength > 0.0 else self.colours.negative, width

    def _number(
        self, graph: Graph, column: int, head: tuple[int, int], tail: tuple[int, int], w: Value
    ) -> None:
        """Write the weight on its line, near the tail, in the first place that no other number covers."""
        (x0, y0), (x1, y1) = self._place(column - 1, tail[0]), self._place(column, head[0])
        shown = [format(w.data, self.number_format)]
        if self.with_grad:
            shown.append(f"grad {format(w.grad, self.number_format)}")
        wide, high = 0.03 * max(map(len, shown)), 0.07 * len(shown)
        for share in (0.33, 0.26, 0.4, 0.2, 0.47, 0.54):
            x, y = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
            if all(abs(x - a) > wide + b or abs(y - c) > high + d for a, c, b, d in self.labels):
                self.labels.append((x, y, wide, high))
                words = "<br/>".join(map(escaped, shown))
                self._text(graph, f"w{column}n{head[1]}n{tail[1]}", x, y, words, small=True)
                return

    def _text(self, graph: Graph, name: str, x: float, y: float, words: str, small: bool = False) -> None:
        """A text with a background of the page's colour, as an HTML-like label."""
        table = (
            f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="1" '
            f'bgcolor="{self.colours.paper}"><tr><td>{words}</td></tr></table>>'
        )
        look = {**TEXT, "fontsize": "8" if small else "10", "fontcolor": self.colours.ink}
        graph.node(name, table, **look, pos=f"{x:.3f},{y:.3f}!")

    def _legend(self) -> str:
        what = "gradients of the weights" if self.by_grad else "weights"
        largest = format(self.largest, self.number_format)
        if self.by_grad and not self.with_grad:
            return '<<font point-size="10">no gradients yet: call backward() first</font>>'
        return (
            f'<<font point-size="10">{what}: <font color="{self.colours.negative}"><b>negative</b></font>, '
            f'<font color="{self.colours.positive}"><b>positive</b></font>; the widest line {largest}</font>>'
        )

    def _in_words(self) -> str:
        lines = []
        for column in range(len(self.sizes)):
            lines.append(self._title(column))
            if self.values is not None:
                numbers = [format(x, self.number_format) for x in self.values[column]]
                shown = ", ".join(numbers[: self.most])
                lines[-1] += f": {shown}{' ...' if len(numbers) > self.most else ''}"
        return " \u2192 ".join(lines) if self.values is None else "\n".join(lines)

    def _mermaid(self) -> str:
        lines = [f'  c{i}["{self._title(i)}"]' for i in range(len(self.sizes))]
        lines += [f"  c{i} --> c{i + 1}" for i in range(len(self.sizes) - 1)]
        return "\n".join(["flowchart LR", *lines]) + "\n"


def _abridged(size: int, most: int) -> list[int | None]:
    """The numbers of the visible neurons; None stands for the omitted neurons."""
    if size <= most:
        return list(range(size))
    return [*range(most - 2), None, size - 1]
