"""Folding a graph of thousands of Values into a few boxes, by module and by repetition.

All operations of a module share a box, down to some depth of nested modules. Outside of modules, the same
operation on operands of the same boxes shares a box (the losses of a hundred samples), and so does a chain
of one operation (the sum of the losses). Leaves share a box if their users do.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import lru_cache

from autograd.graph.engine import Value
from autograd.graph.walks import flat_args
from autograd.pictures.scene import Arrow, Box, Scene, Selection, kind_of, op_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    Key = Hashable

MOST_BOXES, MOST_ARROWS = 60, 120  # in a folded picture that is still readable
# What separates operations outside of modules: all their operands, their leaves only, or the op alone.
CRITERIA = ("operands", "leaves", "ops")


def module_depth(order: Sequence[Value]) -> int:
    """The depth of the most deeply nested module."""
    return max((len(split_path(path)) for path in {node.path for node in order}), default=0)


@lru_cache(maxsize=10_000)
def split_path(path: str) -> tuple[str, ...]:
    """The modules of a path: "MLP.layers.0.neurons.3" is ("MLP", "layers.0", "neurons.3")."""
    parts: list[str] = []
    for part in path.split(".") if path else ():
        if part.isdigit() and len(parts) > 1 and not parts[-1][-1].isdigit():
            parts[-1] += f".{part}"
        else:
            parts.append(part)
    return tuple(parts)


def fold(selection: Selection, depth: int | None) -> Scene:
    """The Values folded into few enough boxes to read, or folded at the given depth.

    Args:
        selection: the Values; highlighted Values do not share a box with others.
        depth: how many nested modules to keep apart, 1 for the outermost only; None for as many as are
            readable.
    """
    most = module_depth(selection.order)
    levels = [depth] if depth is not None else list(range(most, 0, -1)) or [0]
    for level in levels:
        for criterion in CRITERIA if level == levels[-1] else CRITERIA[:1]:
            keys = _BoxKeys(selection, level, criterion)
            if keys.too_many:
                continue
            scene = _scene(selection, keys.of, level)
            few = len(scene.boxes) <= MOST_BOXES and len(scene.arrows) <= MOST_ARROWS
            if few or criterion == CRITERIA[-1] or depth is not None:
                return scene
    raise AssertionError("folding by ops alone always returns")


class _BoxKeys:
    """The key of each Value's box; Values with the same key share a box."""

    def __init__(self, selection: Selection, depth: int, criterion: str) -> None:
        self.selection, self.depth, self.criterion = selection, depth, criterion
        order = selection.order
        self.key_numbers: dict[Key, int] = {}  # keys are numbered, since keys nest to any depth
        self.most = len(order) if criterion == "ops" else 20 * MOST_BOXES
        self.too_many = False
        self.of: dict[Value, int] = {}
        self._assign(order, {})
        if not self.too_many:
            self._assign(order, self._leaves(order))

    def _leaves(self, order: Sequence[Value]) -> dict[Value, Key]:
        """The keys of leaves, by their users; a parameter of a module goes into the module's box."""
        users: dict[Value, set[tuple[int, int]]] = defaultdict(set)
        homes: dict[Value, int] = {}
        for node in order:
            in_module = self._module(node)
            for i, operand in enumerate(node.args):
                for x in operand if type(operand) is tuple else (operand,):
                    if type(x) is not float and x.op is None:
                        users[x].add((self.of[node], i))
                        if in_module and x.is_parameter:
                            homes.setdefault(x, self.of[node])
        by_users = self.criterion == "operands"
        return {
            node: homes[node]
            if node in homes
            else (*self._leaf_key(node), frozenset(users[node] if by_users else ()))
            for node in order
            if node.op is None
        }

    def _assign(self, order: Sequence[Value], leaves: Mapping[Value, Key]) -> None:
        for node in order:
            if node.op is None:
                key = leaves.get(node) or self._leaf_key(node)
                self.of[node] = key if type(key) is int else self._key_number(key)
            else:
                self.of[node] = self._of_op(node)
        self.too_many = len(self.key_numbers) > self.most

    def _of_op(self, node: Value) -> int:
        assert node.op is not None
        module, highlighted = self._module(node), self._is_highlighted(node)
        key: Key
        if module:
            key = ("module", module, highlighted)
        elif self.criterion == "ops":
            key = (node.path, op_text(node), highlighted)
        elif len(self.key_numbers) > self.most:
            return 0  # there are too many keys already
        else:
            args = flat_args(node)
            inside = [x for x in args if type(x) is not float and x in self.of]
            if self.criterion == "leaves":
                inside = [x for x in inside if x.op is None]
            else:
                for x in inside:  # a chain of one operation shares a box
                    alike = x.op is node.op and x.path == node.path
                    if alike and self._is_highlighted(x) == highlighted:
                        return self.of[x]
            same = len(args) == 2 and args[0] is args[1]
            operands = tuple(dict.fromkeys(self.of[x] for x in inside))
            key = (node.path, op_text(node), self._label_pattern(node), operands, same, highlighted)
        return self._key_number(key)

    def _leaf_key(self, node: Value) -> tuple[Key, ...]:
        return (kind_of(node), self._label_pattern(node), self._is_highlighted(node))

    def _key_number(self, key: Key) -> int:
        return self.key_numbers.setdefault(key, len(self.key_numbers))

    def _module(self, node: Value) -> tuple[str, ...]:
        """The first `depth` modules that a node was made in; () if it was made in fewer."""
        inside = split_path(node.path)[: self.depth]
        return inside if len(inside) == self.depth else ()

    def _is_highlighted(self, node: Value) -> bool:
        return self.selection.highlighted is not None and node in self.selection.highlighted

    def _label_pattern(self, node: Value) -> str:
        """The label with digits replaced, so that w1 and w2 share a box."""
        if self.criterion == "ops":
            return ""
        return re.sub(r"\d+", "#", node.label or self.selection.labels.get(node, ""))


def _scene(selection: Selection, of: Mapping[Value, int], depth: int) -> Scene:
    order = selection.order
    last = {of[node]: i for i, node in enumerate(order)}
    # Operands before users, unless boxes form a cycle.
    groups: dict[int, list[Value]] = {key: [] for key in sorted(last, key=last.__getitem__)}
    for node in order:
        groups[of[node]].append(node)
    counts: Counter[tuple[int, int]] = Counter()
    for node in order:
        user = of[node]
        for x in flat_args(node):
            if type(x) is not float and x in of and of[x] != user:
                counts[of[x], user] += 1
    name = {key: f"g{i}" for i, key in enumerate(groups)}
    boxes = [_box(name[key], members, selection, depth) for key, members in groups.items()]
    _shorten(boxes)
    faded = {box.name: box.faded for box in boxes}
    arrows = [
        Arrow(name[tail], name[head], count, faded[name[tail]] or faded[name[head]])
        for (tail, head), count in counts.items()
    ]
    return Scene(boxes, arrows, {name[of[root]] for root in selection.roots if root in of})


def _box(name: str, members: list[Value], selection: Selection, depth: int) -> Box:
    ops = Counter(op_text(node) for node in members if node.op is not None)
    paths = list(dict.fromkeys(split_path(x.path) for x in members if x.path and x.op is not None))
    kinds = {kind_of(node) for node in members}
    first = members[0]
    slopes = [selection.grads[node] for node in members if node in selection.grads]
    box = Box(
        name,
        kind_of(first) if len(members) == 1 or kinds == {kind_of(first)} != {"op"} else "group",
        len(members),
        data=_range([node.data for node in members]),
        grad=_range(slopes) if slopes else None,
        faded=selection.faded(*members),
        stale=not selection.stale.isdisjoint(members),
    )
    if len(ops) > 1 or paths:
        inside = min(paths, key=len)[:depth] if paths else ()
        box.label = box.hint = ".".join(inside)
        box.details = _contents(paths, len(inside), members)
        if box.label:
            box.details.append(_count_ops(ops))
        else:
            box.op = _count_ops(ops)
    else:
        named = [selection.names[node] for node in members if node in selection.names]
        named = named or ([] if ops else [kind_of(first)])
        box.label = ", ".join(named) if len(named) <= 3 else f"{named[0]} ... {named[-1]}"
        box.op = op_text(first)
        if len(members) > 1:
            box.details = [f"\u00d7 {len(members):,}"]
    return box


def _shorten(boxes: list[Box]) -> None:
    """Shorten module paths to their last parts, as long as they stay distinct."""
    paths = {box.hint: split_path(box.hint) for box in boxes if box.hint and box.label == box.hint}

    def short(path: tuple[str, ...]) -> str:
        for size in range(1, len(path)):
            end = path[-size:]
            alone = sum(other[-size:] == end for other in paths.values()) == 1
            if alone and not end[0][0].isdigit():
                return ".".join(end)
        return ".".join(path)

    for box in boxes:
        if box.label == box.hint and box.hint:
            box.label = short(paths[box.hint])


def _count_ops(ops: Counter[str]) -> str:
    """The operations of a box with their counts: "dot, +, relu \u00d7 1,600"."""
    by_count: dict[int, list[str]] = {}
    for op, count in ops.items():
        by_count.setdefault(count, []).append(op)
    parts = [", ".join(names) + (f" \u00d7 {n:,}" if n > 1 else "") for n, names in by_count.items()]
    return "; ".join(parts[:3]) + ("; ..." if len(parts) > 3 else "")


def _contents(paths: Sequence[tuple[str, ...]], depth: int, members: list[Value]) -> list[str]:
    """The modules and parameters inside a box: "16 neurons, 48 parameters"."""
    kinds: dict[str, list[str]] = {}
    for name in sorted({path[depth] for path in paths if len(path) > depth}):
        kinds.setdefault(name.rpartition(".")[0] or name, []).append(name)
    parameters = sum(node.is_parameter for node in members)
    found = [f"{len(names)} {kind}" if len(names) > 1 else names[0] for kind, names in kinds.items()][:3]
    found += [f"{parameters:,} parameters"] if parameters > 1 else []
    return [", ".join(found)] if found else []


def _range(numbers: list[float]) -> tuple[float, float]:
    """The lowest and the highest number; both nan if any is nan."""
    if any(x != x for x in numbers):
        return (float("nan"), float("nan"))
    return min(numbers), max(numbers)
