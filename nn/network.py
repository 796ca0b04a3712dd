"""The picture of a network that textbooks have: neurons in columns, and a line for every weight."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from autograd import no_grad
from autograd.pictures import escaped, on_scale, plain, theme
from nn.activations import Activation, Softmax
from nn.data import as_rows
from nn.layers import Layer, Neuron
from nn.prediction import in_use, numbers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd import Value
    from autograd.pictures import Graph, Theme
    from nn.module import Module

PLAIN, LABELLED = (2.5, 0.95), (3.6, 1.25)  # inches between columns, and between neurons
MOST_LABELLED = 40  # lines that have room for their numbers


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
    """The neurons of a model in columns, and its weights as lines: orange above 0, blue below, wide if large.

    A network of a few weights has their numbers beside the lines, and below those their gradients once
    `backward` has run; below a neuron stands its bias. Gives a `graphviz.Digraph`, see `autograd.draw`.

    Args:
        model: a Neuron, Layer or MLP, or a module that consists of layers one after the other.
        x: an example: a number for each input. The neurons then show what they make of it.
        color: what the lines show: "weight", or "grad" for the gradients of the weights.
        most: how many neurons a column shows; of wider ones the first and the last.
        number_format: how numbers are written, as in ``format(x, ".3g")``.
        inputs, outputs: names for the first and the last column.
        dark: whether it is for a dark page.

    Raises:
        ValueError: if the layers do not follow each other, or x is of another length.
    """
    if color not in ("weight", "grad"):
        raise ValueError(f"color is 'weight' or 'grad', not {color!r}")
    if isinstance(most, bool) or not isinstance(most, int) or most < 3:
        raise ValueError(f"most is how many neurons a column shows, 3 or more, not {most!r}")
    columns = _columns(model)
    width = len(columns[0].neurons[0].w)
    for names, name, count in ((inputs, "inputs", width), (outputs, "outputs", len(columns[-1].neurons))):
        if names and len(names) != count:
            raise ValueError(f"{name} are names for {count} of them, not {len(names)}")
    values = None if x is None else _values(model, columns, x, width)
    return _Painter(columns, values, color, most, number_format, inputs, outputs, theme(dark)).graph()


@dataclass
class _Column:
    """A layer, and the module after it that is only its activation."""

    layer: Module
    neurons: list[Neuron]
    last: Module  # whose outputs are those of the column
    activation: str


def _columns(model: Module) -> list[_Column]:
    columns: list[_Column] = []
    inside: set[int] = set()
    for module in model.modules():
        if isinstance(module, Layer):
            columns.append(_Column(module, module.neurons, module, module.neurons[0].activation))
            inside |= set(map(id, module.neurons))
        elif isinstance(module, Neuron) and id(module) not in inside:
            columns.append(_Column(module, [module], module, module.activation))
        elif isinstance(module, (Activation, Softmax)) and columns and columns[-1].activation == "linear":
            name = module.activation if isinstance(module, Activation) else "softmax"
            columns[-1].last, columns[-1].activation = module, name
    if not columns:
        raise ValueError(f"{type(model).__name__} has no layers of neurons: draw(model, x) shows its graph")
    for before, after in pairwise(columns):
        wanted = len(after.neurons[0].w)
        if len(before.neurons) != wanted:
            raise ValueError(
                f"the layers of {type(model).__name__} do not follow each other: {len(before.neurons)} "
                f"neurons come before a layer of {wanted} inputs; draw(model, x) shows its graph"
            )
    return columns


@no_grad()
def _values(model: Module, columns: list[_Column], x: Sequence[float], width: int) -> list[list[float]]:
    """The numbers in each column, the inputs first."""
    (row,) = as_rows([list(x)])
    if len(row) != width:
        raise ValueError(f"x is an example of {width} inputs, not of {len(row)}")
    seen: dict[int, Any] = {}

    def watched(module: Module) -> Callable[..., Any]:
        forward = module.forward

        def watching(*args: Any) -> Any:
            seen[id(module)] = out = forward(*args)
            return out

        return watching

    modules = [column.last for column in columns]
    try:
        for module in modules:
            vars(module)["forward"] = watched(module)  # found before the method of the class
        with in_use(model):
            model(row)
    finally:
        for module in modules:
            vars(module).pop("forward", None)
    found = [numbers_of(seen[id(module)]) for module in modules]
    return [row, *(numbers if isinstance(numbers, list) else [numbers] for numbers in found)]


class _Painter:
    def __init__(
        self,
        columns: list[_Column],
        values: list[list[float]] | None,
        color: str,
        most: int,
        number_format: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        colours: Theme,
    ) -> None:
        self.columns, self.values, self.number_format, self.colours = columns, values, number_format, colours
        self.inputs, self.outputs, self.by_grad, self.most = inputs, outputs, color == "grad", most
        self.sizes = [len(columns[0].neurons[0].w), *(len(column.neurons) for column in columns)]
        self.shown = [_abridged(size, most) for size in self.sizes]
        weights = [w for column in columns for neuron in column.neurons for w in neuron.w]
        self.largest = max(abs(self._strength(w)) for w in weights)
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
            node_attr={
                "shape": "circle",
                "style": "filled",
                "fixedsize": "true",
                "width": "0.6",
                "fontname": "Helvetica",
                "fontsize": "10",
                "fontcolor": colours.ink,
                "color": colours.faint,
                "fillcolor": colours.fills["op"],
            },
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
        """Where the i-th circle that is shown in a column stands."""
        count = len(self.shown[column])
        return column * self.across, ((count - 1) / 2.0 - i) * self.up

    def _title(self, column: int) -> str:
        if column == 0:
            return f"{self.sizes[0]} input{'s' * (self.sizes[0] != 1)}"
        name = "hidden"
        if column == len(self.columns):
            name = f"output{'s' * (self.sizes[column] != 1)}"
        return f"{self.sizes[column]} {name}, {self.columns[column - 1].activation}"

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
            names = self.inputs if column == 0 else self.outputs if column == len(self.columns) else ()
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
                strength = self._strength(w)
                ends = self.colours.negative, self.colours.positive
                width = 0.4 + 3.0 * abs(strength) / self.largest if self.largest > 0.0 else 0.4
                graph.edge(
                    f"c{column - 1}n{m}",
                    f"c{column}n{k}",
                    color=ends[strength > 0.0] if strength else self.colours.pale,
                    penwidth=f"{width:.2f}",
                )
                if self.labelled:
                    self._number(graph, column, (i, k), (j, m), w)

    def _number(
        self, graph: Graph, column: int, head: tuple[int, int], tail: tuple[int, int], w: Value
    ) -> None:
        """The weight on its line, nearer to where it comes from: further on, lines cross."""
        (x0, y0), (x1, y1) = self._place(column - 1, tail[0]), self._place(column, head[0])
        words = escaped(format(w.data, self.number_format))
        if self.with_grad:
            words += f"<br/>grad {escaped(format(w.grad, self.number_format))}"
        share = 0.33
        x, y = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
        name = f"w{column}n{head[1]}n{tail[1]}"
        self._text(graph, name, x, y, words, small=True)

    def _text(self, graph: Graph, name: str, x: float, y: float, words: str, small: bool = False) -> None:
        """A text on its own ground, in HTML-like notation."""
        size = "8" if small else "10"
        table = (
            f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="1" '
            f'bgcolor="{self.colours.paper}"><tr><td>{words}</td></tr></table>>'
        )
        graph.node(
            name,
            table,
            shape="plaintext",
            style="",
            fixedsize="false",
            width="0",
            height="0",
            margin="0",
            fontsize=size,
            fontcolor=self.colours.ink,
            pos=f"{x:.3f},{y:.3f}!",
        )

    def _legend(self) -> str:
        what = "gradients of the weights" if self.by_grad else "weights"
        largest = format(self.largest, self.number_format)
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
                lines[-1] += (
                    ": " + ", ".join(numbers[: self.most]) + (" ..." if len(numbers) > self.most else "")
                )
        return " \u2192 ".join(lines) if self.values is None else "\n".join(lines)

    def _mermaid(self) -> str:
        lines = [f'  c{i}["{self._title(i)}"]' for i in range(len(self.sizes))]
        lines += [f"  c{i} --> c{i + 1}" for i in range(len(self.sizes) - 1)]
        return "\n".join(["flowchart LR", *lines]) + "\n"


def _abridged(size: int, most: int) -> list[int | None]:
    """The numbers of the neurons that are shown; None stands for those left out."""
    if size <= most:
        return list(range(size))
    return [*range(most - 2), None, size - 1]
