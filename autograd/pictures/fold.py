"""Folding: a graph of thousands of Values as a few boxes, by module and by repetition.

What was made in a module is one box, down to some depth of modules inside modules. What was made outside
of them is one box where it is the same operation of the same operands, as the losses of a hundred samples
are; and so is a chain of one operation, as their sum is. Leaves are one box where their users are.
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

MOST_BOXES, MOST_ARROWS = 60, 120  # of a folded picture that can be read
# What tells operations outside of modules apart: all they are made from; their leaves; nothing but the sign.
TELLING = ("operands", "leaves", "signs")


def deepest(order: Sequence[Value]) -> int:
    """How many modules inside each other there are at most."""
    return max((len(split(path)) for path in {node.path for node in order}), default=0)


@lru_cache(maxsize=10_000)
def split(path: str) -> tuple[str, ...]:
    """The modules of a path: "MLP.layers.0.neurons.3" is ("MLP", "layers.0", "neurons.3")."""
    parts: list[str] = []
    for part in path.split(".") if path else ():
        if part.isdigit() and len(parts) > 1 and not parts[-1][-1].isdigit():
            parts[-1] += f".{part}"
        else:
            parts.append(part)
    return tuple(parts)


def folded(shown: Selection, depth: int | None) -> Scene:
    """The Values in few enough boxes to be read, or folded at the depth that is asked for.

    Args:
        shown: the Values; those that stand out are in boxes of their own.
        depth: how many modules inside each other are told apart, 1 for the outermost alone; None for as
            many as can be read.
    """
    most = deepest(shown.order)
    asked = [depth] if depth is not None else list(range(most, 0, -1)) or [0]
    coarsest = asked[-1]
    for level in asked:
        for telling in TELLING if level == coarsest else TELLING[:1]:
            keys = _Keys(shown, level, telling)
            if keys.too_many:
                continue
            scene = _scene(shown, keys.of, level)
            few = len(scene.boxes) <= MOST_BOXES and len(scene.arrows) <= MOST_ARROWS
            if few or telling == TELLING[-1] or depth is not None:
                return scene
    raise AssertionError("by signs alone there are few boxes")


class _Keys:
    """For each Value the key of its box: Values of one key share it."""

    def __init__(self, shown: Selection, depth: int, telling: str) -> None:
        self.shown, self.depth, self.telling = shown, depth, telling
        order = shown.order
        self.numbers: dict[Key, int] = {}  # keys are numbered: one may hold others, to any depth
        self.most = len(order) if telling == "signs" else 20 * MOST_BOXES
        self.too_many = False
        self.of: dict[Value, int] = {}
        self._pass(order, {})
        if not self.too_many:
            self._pass(order, self._leaves(order))

    def _leaves(self, order: Sequence[Value]) -> dict[Value, Key]:
        """The keys of leaves, by their users; a parameter of a module is in the module's box."""
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
        return {
            node: homes[node]
            if node in homes
            else (
                kind_of(node),
                self._plain(node),
                self._is_lit(node),
                frozenset(users[node]) if self.telling == "operands" else frozenset(),
            )
            for node in order
            if node.op is None
        }

    def _pass(self, order: Sequence[Value], leaves: Mapping[Value, Key]) -> None:
        for node in order:
            if node.op is None:
                key = leaves.get(node) or (kind_of(node), self._plain(node), self._is_lit(node))
                self.of[node] = key if type(key) is int else self._number(key)
            else:
                self.of[node] = self._of_op(node)
        self.too_many = len(self.numbers) > self.most

    def _of_op(self, node: Value) -> int:
        assert node.op is not None
        module = self._module(node)
        key: Key
        if module:
            key = ("module", module, self._is_lit(node))
        elif self.telling == "signs":
            key = (node.path, op_text(node), self._is_lit(node))
        elif len(self.numbers) > self.most:
            return 0  # given up
        else:
            args = flat_args(node)
            inside = [x for x in args if type(x) is not float and x in self.of]
            if self.telling == "leaves":
                inside = [x for x in inside if x.op is None]
            else:
                for x in inside:  # a chain of one operation is one box
                    alike = x.op is node.op and x.path == node.path
                    if alike and self._is_lit(x) == self._is_lit(node):
                        return self.of[x]
            same = len(args) == 2 and args[0] is args[1]
            operands = tuple(dict.fromkeys(self.of[x] for x in inside))
            key = (node.path, op_text(node), self._plain(node), operands, same, self._is_lit(node))
        return self._number(key)

    def _number(self, key: Key) -> int:
        return self.numbers.setdefault(key, len(self.numbers))

    def _module(self, node: Value) -> tuple[str, ...]:
        """The modules down to the depth of boxes that it was made in; () if in fewer."""
        inside = split(node.path)[: self.depth]
        return inside if len(inside) == self.depth else ()

    def _is_lit(self, node: Value) -> bool:
        return self.shown.lit is not None and node in self.shown.lit

    def _plain(self, node: Value) -> str:
        """The label without its digits: w1 and w2 are of one box."""
        if self.telling == "signs":
            return ""
        return re.sub(r"\d+", "#", node.label or self.shown.labels.get(node, ""))


def _scene(shown: Selection, of: Mapping[Value, int], depth: int) -> Scene:
    order = shown.order
    groups: dict[int, list[Value]] = {}
    last = {of[node]: i for i, node in enumerate(order)}
    for key in sorted(last, key=last.__getitem__):  # operands before users, where there is no circle
        groups[key] = []
    for node in order:
        groups[of[node]].append(node)
    counts: Counter[tuple[int, int]] = Counter()
    for node in order:
        user = of[node]
        for x in flat_args(node):
            if type(x) is not float and x in of and of[x] != user:
                counts[of[x], user] += 1
    name = {key: f"g{i}" for i, key in enumerate(groups)}
    boxes = [_box(name[key], members, shown, depth) for key, members in groups.items()]
    _shorten(boxes)
    faded = {box.name: box.faded for box in boxes}
    arrows = [
        Arrow(name[tail], name[head], count, faded[name[tail]] or faded[name[head]])
        for (tail, head), count in counts.items()
    ]
    return Scene(boxes, arrows, {name[of[root]] for root in shown.roots if root in of})


def _box(name: str, members: list[Value], shown: Selection, depth: int) -> Box:
    ops = Counter(op_text(node) for node in members if node.op is not None)
    paths = list(dict.fromkeys(split(node.path) for node in members if node.path and node.op is not None))
    kinds = {kind_of(node) for node in members}
    first = members[0]
    slopes = [shown.grads[node] for node in members if node in shown.grads]
    box = Box(
        name,
        kind_of(first) if len(members) == 1 or kinds == {kind_of(first)} != {"op"} else "group",
        len(members),
        data=_range([node.data for node in members]),
        grad=_range(slopes) if slopes else None,
        faded=shown.faded(*members),
        stale=not shown.stale.isdisjoint(members),
    )
    if len(ops) > 1 or paths:
        inside = min(paths, key=len)[:depth] if paths else ()
        box.label = box.hint = ".".join(inside)
        box.details = _inside(paths, len(inside), members)
        box.op = "" if box.label else _counted(ops)
        if box.label:
            box.details.append(_counted(ops))
    else:
        named = [shown.names[node] for node in members if node in shown.names]
        box.label = _first_and_last(named or ([] if ops else [kind_of(first)]))
        box.op = op_text(first)
        if len(members) > 1:
            box.details = [f"\u00d7 {len(members):,}"]
    return box


def _shorten(boxes: list[Box]) -> None:
    """Call modules by the end of their path, as long as it takes to tell them apart."""
    paths = {box.hint: split(box.hint) for box in boxes if box.hint and box.label == box.hint}

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


def _counted(ops: Counter[str]) -> str:
    """The operations of a box: "dot, +, relu \u00d7 1,600"."""
    by_count: dict[int, list[str]] = {}
    for op, count in ops.items():
        by_count.setdefault(count, []).append(op)
    parts = [", ".join(names) + (f" \u00d7 {n:,}" if n > 1 else "") for n, names in by_count.items()]
    return "; ".join(parts[:3]) + ("; ..." if len(parts) > 3 else "")


def _inside(paths: Sequence[tuple[str, ...]], depth: int, members: list[Value]) -> list[str]:
    """The modules and parameters inside of a box: "16 neurons, 48 parameters"."""
    kinds: dict[str, list[str]] = {}
    for name in sorted({path[depth] for path in paths if len(path) > depth}):
        kinds.setdefault(name.rpartition(".")[0] or name, []).append(name)
    parameters = sum(node.is_parameter for node in members)
    found = [f"{len(names)} {kind}" if len(names) > 1 else names[0] for kind, names in kinds.items()][:3]
    found += [f"{parameters:,} parameters"] if parameters > 1 else []
    return [", ".join(found)] if found else []


def _first_and_last(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} ... {names[-1]}"


def _range(numbers: list[float]) -> tuple[float, float]:
    """The lowest and the highest; nan for both if one is nan."""
    if any(x != x for x in numbers):
        return (float("nan"), float("nan"))
    return min(numbers), max(numbers)
