"""One name for each Value, in formulas, derivations, steps and pictures alike.

The name of a Value is the first of these that it has:

1. its label, unless other Values have the same label;
2. its name in the mapping `names` that the user passed, such as ``locals()``;
3. its role in a neuron: net_h1, out_h1, and the weights w1_h1, b_h1;
4. a label that others have too, with a number: the second is w_2.

`all_names` names the rest: leaves x1, x2 ..., the result out, and the other nodes v1, v2 ... in the order of
computation. `notation` turns names into identifiers for formulas.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import count

from autograd.graph.engine import Value
from autograd.graph.recording import UnitPath
from autograd.graph.walks import flat_args
from autograd.table import ops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

LINEAR = (ops.add, ops.dot)  # the last op of a neuron without activation
DEEPEST = 3  # levels of lists and dicts to search


def given_names(order: Sequence[Value], names: Mapping[Any, Any] | None) -> dict[Value, str]:
    """The name of each Value that has one; no two Values share a name.

    Args:
        order: the Values of a graph, operands before users.
        names: the user's names for Values.
    """
    mapped = labels_of(names)
    parameters, results = _neuron_names(order)
    labels = Counter(node.label for node in order)
    wanted: dict[Value, str] = {}
    for node in order:
        label = node.label
        if label and labels[label] == 1 and node not in parameters:
            wanted[node] = label
        elif name := mapped.get(node) or parameters.get(node) or results.get(node) or label:
            wanted[node] = name
    taken = set(wanted.values())
    unique: dict[Value, str] = {}
    used: set[str] = set()
    following: dict[str, Iterator[str]] = {}
    for node in sorted(wanted, key=_is_inner):  # leaves first: they keep their names in formulas
        name = wanted[node]
        if name in used:
            if name not in following:
                following[name] = _numbered(f"{name}_", 2, taken)
            name = next(following[name])
        used.add(name)
        unique[node] = name
    return unique


def all_names(order: Sequence[Value], out: Value, given: Mapping[Value, str]) -> dict[Value, str]:
    """A name for every Value of the graph of `out`: the given one, or x1, v1 or out."""
    taken = set(given.values())
    leaves, inner = _numbered("x", 1, taken), _numbered("v", 1, taken)
    result = "out" if "out" not in taken else next(_numbered("out_", 2, taken))
    return {
        node: given.get(node) or (next(leaves) if node.op is None else result if node is out else next(inner))
        for node in order
    }


def _is_inner(node: Value) -> bool:
    return node.op is not None


def _numbered(beginning: str, first: int, taken: set[str]) -> Iterator[str]:
    """The names of this beginning and a number, counted from `first`, except the taken ones."""
    for i in count(first):
        if (name := f"{beginning}{i}") not in taken:
            taken.add(name)
            yield name


def labels_of(names: Mapping[Any, Any] | None) -> dict[Value, str]:
    """The name of each Value in a mapping such as ``locals()``, or {"w": w}, or {w: "w"}.

    Lists, tuples and dicts are searched too: ``w[0]``, ``p['w']``. A variable's name beats a list position;
    otherwise the first wins. Names that begin with an underscore are skipped.

    Raises:
        TypeError: if `names` is no mapping.
    """
    if names is None:
        return {}
    if not hasattr(names, "items"):
        raise TypeError(f"names is a dict of names and Values, as locals(), not {names!r}")
    labels = {key: str(name) for key, name in names.items() if type(key) is Value}
    kept = [(str(key), x) for key, x in names.items() if type(key) is not Value]
    kept = [(key, x) for key, x in kept if not key.startswith("_") and key not in ("In", "Out")]  # IPython's
    for depth in (0, DEEPEST):  # a variable's name beats a list position
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


def _neuron_names(order: Sequence[Value]) -> tuple[dict[Value, str], dict[Value, str]]:
    """Names of the parameters of neurons, and of the nodes that neurons compute.

    net_h1 and out_h1 belong to the first hidden neuron, net_o1 and out_o1 to the output; with several hidden
    layers, h2_3 is the third neuron of the second. The name of a parameter is its label and its neuron, as
    in w1_h2. Parameters of a neuron whose labels differ only in digits form a group, which is renamed if
    another Value has a label of the group. Neurons are the units that `module_path` was told of.
    """
    members: dict[tuple[str, int], list[Value]] = {}
    for node in order:
        if node.op is not None and type(path := node.path) is UnitPath:
            members.setdefault((path.layer, path.number), []).append(node)
    layers = list(dict.fromkeys(layer for layer, _ in members))
    labels = Counter(node.label for node in order) if members else Counter()
    parameters: dict[Value, str] = {}
    results: dict[Value, str] = {}
    for (layer, number), nodes in members.items():
        depth = layers.index(layer)
        last = depth == len(layers) - 1
        kind = "o" if last else "h" if len(layers) <= 2 else f"h{depth + 1}_"
        unit = f"{kind}{number + 1}"
        inside = set(nodes)
        operands = dict.fromkeys([x for node in nodes for x in flat_args(node) if type(x) is not float])
        used = {x for x in operands if x in inside}
        alike: dict[str, dict[Value, None]] = defaultdict(dict)
        for x in operands:
            if x.is_parameter:
                alike[x.label.rstrip("0123456789")][x] = None
        for node in nodes:
            if node not in used:
                results[node] = f"out_{unit}"
                activated = node.op is not None and node.op not in LINEAR
                for x in flat_args(node):
                    if activated and type(x) is not float and x in inside:
                        results[x] = f"net_{unit}"
        for group in alike.values():
            if any(not x.label or labels[x.label] > 1 for x in group):
                for x in group:
                    parameters.setdefault(x, f"{x.label or 'w'}_{unit}")
    return _told_apart(parameters), _told_apart(results)


def _told_apart(names: dict[Value, str]) -> dict[Value, str]:
    """The names, with a number appended to names that repeat."""
    repeated = Counter(names.values())
    seen: Counter[str] = Counter()
    for node, name in names.items():
        if repeated[name] > 1:
            seen[name] += 1
            names[node] = f"{name}_{seen[name]}"
    return names
