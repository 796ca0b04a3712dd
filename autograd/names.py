"""Names for Values: their labels, those of the variables that hold them, and those of neurons."""

from __future__ import annotations

from collections import Counter

from autograd.backend import Value
from autograd.dag import flat_args

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

LINEAR = ("add", "dot")  # the last of a neuron without activation
DEEPEST = 3  # levels of lists and dicts that are searched


def labels_of(names: Mapping[Any, Any] | None) -> dict[Value, str]:
    """The name of each Value in a mapping such as ``locals()``, or {"w": w}, or {w: "w"}.

    Lists, tuples and dicts are searched too: ``w[0]``, ``p['w']``. Of several names that of a variable goes
    before a place in a list, and else the first; those that begin with an underscore do not count.

    Raises:
        TypeError: if it is no mapping.
    """
    if names is None:
        return {}
    if not hasattr(names, "items"):
        raise TypeError(f"names is a dict of names and Values, as locals(), not {names!r}")
    labels = {key: str(name) for key, name in names.items() if type(key) is Value}
    kept = [(str(key), x) for key, x in names.items() if type(key) is not Value]
    kept = [(key, x) for key, x in kept if not key.startswith("_") and key not in ("In", "Out")]  # IPython's
    for depth in (0, DEEPEST):  # a variable of its own goes before a place in a list
        for key, thing in kept:
            for name, value in _values(key, thing, depth):
                labels.setdefault(value, name)
    return labels


def _values(name: str, thing: Any, depth: int) -> Iterator[tuple[str, Value]]:
    if type(thing) is Value:
        yield name, thing
    elif depth and isinstance(thing, (list, tuple)):
        for i, item in enumerate(thing):
            yield from _values(f"{name}[{i}]", item, depth - 1)
    elif depth and isinstance(thing, dict):
        for key, item in list(thing.items()):
            yield from _values(f"{name}[{key!r}]", item, depth - 1)


def given_names(order: Sequence[Value], names: Mapping[Any, Any] | None) -> dict[Value, str]:
    """The name of each Value that has one: its label, else that in `names`, else that of a neuron.

    Of a label that several have, as the weights of neurons do, the others go first.
    """
    others = {**neuron_names(order), **labels_of(names)}
    count = Counter(node.label for node in order)
    labels = {node: node.label for node in order if node.label}
    return others | {x: label for x, label in labels.items() if count[label] == 1 or x not in others}


def unique_names(wanted: Mapping[Value, str]) -> dict[Value, str]:
    """A name of its own for each Value: the one that is wanted, or x1, x2 ... where that is "".

    A wanted name that ends in a question mark is numbered likewise: "v?" gives v1, v2 ... Of two with the
    same name the second gets a number behind it, as w_2.
    """
    taken = set(wanted.values())
    last: Counter[str] = Counter()  # of the numbers behind each beginning

    def numbered(beginning: str) -> str:
        while True:
            last[beginning] += 1
            name = f"{beginning}{last[beginning]}"
            if name not in taken:
                taken.add(name)
                return name

    given: dict[Value, str] = {}
    used: set[str] = set()
    for value, name in wanted.items():
        if not name or name.endswith("?"):
            given[value] = numbered(name[:-1] or "x")
        elif name in used:
            last[f"{name}_"] = max(last[f"{name}_"], 1)
            given[value] = numbered(f"{name}_")
        else:
            used.add(name)
            given[value] = name
    return given


def neuron_names(order: Sequence[Value]) -> dict[Value, str]:
    """Names of what neurons compute: net_h1, out_h1 for the first hidden one, net_o1, out_o1 of the output.

    With several hidden layers the third neuron of the second is h2_3. Parameters get the neuron's name
    behind their label: w1_h2. Neurons are modules whose path ends in "neurons" and a number.
    """
    import re

    members: dict[str, list[Value]] = {}
    for node in order:
        if node.op is not None and re.search(r"neurons\.\d+$", node.path):
            members.setdefault(node.path, []).append(node)
    layers = list(dict.fromkeys(path.rpartition(".neurons.")[0] for path in members))
    given: dict[Value, str] = {}
    for path, nodes in members.items():
        layer, _, number = path.rpartition(".neurons.")
        depth = layers.index(layer)
        last = depth == len(layers) - 1
        kind = "o" if last else "h" if len(layers) <= 2 else f"h{depth + 1}_"
        unit = f"{kind}{int(number) + 1}"
        inside = set(nodes)
        used = {x for node in nodes for x in flat_args(node) if type(x) is not float and x in inside}
        for node in nodes:
            for x in flat_args(node):
                if type(x) is not float and x.is_parameter:
                    given.setdefault(x, f"{x.label or 'w'}_{unit}")
            if node not in used:
                given[node] = f"out_{unit}"
                activated = node.op is not None and node.op.name not in LINEAR
                for x in flat_args(node):
                    if activated and type(x) is not float and x in inside:
                        given[x] = f"net_{unit}"
    repeated = Counter(given.values())
    seen: Counter[str] = Counter()
    for node, name in given.items():
        if repeated[name] > 1:
            seen[name] += 1
            given[node] = f"{name}_{seen[name]}"
    return given
