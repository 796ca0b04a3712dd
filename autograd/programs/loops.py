"""Loops that a user wrote out: the same lines for many samples become lanes of one `Lanes`.

Lines are hashed bottom up by their op and by the hashes of their operands, where all inputs count as equal,
and all constants. Roots of one hash, such as the losses of all samples, have the same lines below. A walk
through the lines of all roots side by side tells the operands that all of them share, which are uniform, from
those that differ, which are columns. Each line is visited once, so the search is linear.
"""

from __future__ import annotations

from itertools import chain

from autograd.graph.engine import Value, walk
from autograd.graph.lines import call, flattened, listed, picked, replay
from autograd.graph.recording import Recorder, enable_grad
from autograd.programs.lanes import Lanes
from autograd.programs.rebuilding import CircleError, NewCall, flat, rebuilt
from autograd.programs.simplify import simplified
from autograd.programs.tracing import lines_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from autograd.programs.program import Program

FEWEST_LANES = 8
FEWEST_LINES = 1000  # that lanes save: shorter programs run as quickly without lanes
MOST_VISITS = 8  # of each line, on average, before the search ends: loops that need each other cost the most
LEAST_PART = 0.1  # of all lines that lanes save: the others are made anew, which takes time


def with_lanes(
    kind: type[Program], inputs: int, lines: Any, roots: Sequence[Any], name: str
) -> tuple[Any, list[Any]]:
    """The lines with a `Lanes` in the place of each loop that is found, and the roots at their new places."""
    if len(lines) < FEWEST_LINES:
        return lines, list(roots)
    enough = LEAST_PART * len(lines)
    groups = _alike(inputs, lines)
    if sum([len(places) * (size - 1) for size, places in groups]) < enough:
        return lines, list(roots)
    written = listed(lines)
    found = _Search(inputs, written).loops(groups)
    outputs = _outputs(inputs, written, roots, found)
    pairs = zip(found, outputs, strict=True)
    loops = [(loop, used) for loop, used in pairs if loop.saved(len(used)) >= FEWEST_LINES]
    while sum([loop.saved(len(used)) for loop, used in loops]) >= enough:
        try:
            return _rewritten(kind, inputs, written, roots, loops, name)
        except CircleError:
            loops.pop()
    return lines, list(roots)


class _Loop:
    """Lanes that were found.

    Attributes:
        lanes: for each line of a lane, in the order of computation, its places in all lanes.
        uniform: the places of operands that all lanes share.
        columns: for each operand that differs, the operands of all lanes.
    """

    def __init__(self) -> None:
        self.lanes: list[tuple[int, ...]] = []
        self.uniform: list[int] = []
        self.columns: list[tuple[Any, ...]] = []

    def saved(self, outputs: int) -> int:
        """How many lines lanes save, if so many lines of a lane are used outside."""
        return (len(self.lanes) - outputs) * len(self.lanes[0])

    def operands(self) -> list[Any]:
        """The operands of the `Lanes`."""
        return [*self.uniform, *chain.from_iterable(self.columns)]


def _alike(inputs: int, lines: Any) -> list[tuple[int, list[int]]]:
    """Places of lines of one form, of which there are enough for a loop, and how many lines are below each.

    A line that several lines use is counted as often, a call and what is below it not at all.
    """
    flat = flattened(inputs, lines)
    if flat is not None:
        return flat.alike(FEWEST_LANES, FEWEST_LINES)  # type: ignore[no-any-return]
    numbers: dict[Any, int] = {"input": 0, "constant": 1}
    hashes, sizes = [0] * inputs, [0] * inputs
    members: dict[int, list[int]] = {}
    known: dict[int, tuple[Any, int]] = {}
    for op, args in lines:
        key: list[Any] = [op]
        size = 1
        for x in args:
            if type(x) is int:
                key.append(hashes[x])
                size += sizes[x]
            elif type(x) is float:
                key.append(1)
            else:
                if id(x) not in known:
                    part = tuple([hashes[x_i] if type(x_i) is int else 1 for x_i in x])
                    known[id(x)] = part, sum([sizes[x_i] for x_i in x if type(x_i) is int])
                key.append(known[id(x)][0])
                size += known[id(x)][1]
        found = numbers.setdefault(tuple(key), len(numbers))
        if not op.collects:
            members.setdefault(found, []).append(len(hashes))
        hashes.append(found)
        sizes.append(0 if op.collects else min(size, 1 << 40))  # lanes end at calls
    groups = [(sizes[places[0]], places) for places in members.values()]
    return [(k, places) for k, places in groups if _enough(len(places), k)]


def _enough(lanes: int, size: int) -> bool:
    return lanes >= FEWEST_LANES and lanes * size >= FEWEST_LINES


class _Search:
    def __init__(self, inputs: int, lines: list[Any]) -> None:
        self.inputs, self.lines = inputs, lines
        self.args = [*[()] * inputs, *[args for _, args in lines]]  # the operands of each place
        self.taken: set[int] = set()  # the lines of loops that were found
        self.visits = MOST_VISITS * len(lines)  # that are left

    def loops(self, groups: list[tuple[int, list[int]]]) -> list[_Loop]:
        """The loops, those of the largest bodies first."""
        found = []
        for _, places in sorted(groups, key=lambda group: -group[0]):
            if self.visits < 0:
                break
            free = [place for place in places if place not in self.taken]
            if len(free) >= FEWEST_LANES:
                loop = self._side_by_side(free, set())
                own = self._needed(loop)
                if own:  # lines whose results come back into the loop are left to another
                    loop = self._side_by_side(free, own)
                    if self._needed(loop):
                        continue
                if len(loop.lanes) * len(free) >= FEWEST_LINES:
                    self.taken.update(*loop.lanes)
                    found.append(loop)
        return found

    def _needed(self, loop: _Loop) -> set[int]:
        """The lines of the loop that its own operands depend on."""
        inside = set().union(*loop.lanes)
        stack = [x for x in loop.operands() if type(x) is int and x >= self.inputs]
        seen = set(stack)
        while stack:
            self.visits -= 1
            for x in flat(self.args[stack.pop()]):
                if type(x) is int and x >= self.inputs and x not in seen:
                    seen.add(x)
                    stack.append(x)
        return seen & inside

    def _side_by_side(self, roots: list[int], without: set[int]) -> _Loop:
        """The loop whose lanes end in these roots, without the lines of some places."""
        loop = _Loop()
        done: set[Any] = set()
        stack: list[tuple[Any, bool]] = [(tuple(roots), False)]
        while stack:
            places, is_ready = stack.pop()
            if is_ready:
                loop.lanes.append(places)
                continue
            key = type(places[0]), places  # a place may equal a number
            if key in done:
                continue
            done.add(key)
            if not self._is_line_of_lanes(places) or not without.isdisjoint(places):
                self._note_operand(loop, places)
                continue
            stack.append((places, True))
            self.visits -= len(places)
            rows = map(self.args.__getitem__, places)
            for operands in zip(*rows, strict=True):
                if type(operands[0]) is tuple:
                    if len(set(map(id, operands))) > 1:
                        stack += [(column, False) for column in zip(*operands, strict=True)]
                    else:
                        stack += [((x,) * len(places), False) for x in operands[0]]
                else:
                    stack.append((operands, False))
        return loop

    def _is_line_of_lanes(self, places: tuple[Any, ...]) -> bool:
        first = places[0]
        return (
            type(first) is int
            and first >= self.inputs
            and len(set(places)) == len(places)
            and self.taken.isdisjoint(places)
            and not self.lines[first - self.inputs][0].collects
        )

    def _note_operand(self, loop: _Loop, places: tuple[Any, ...]) -> None:
        first = places[0]
        if places.count(first) < len(places) or _has_minus_zero(places):
            loop.columns.append(places)
        elif type(first) is int:
            loop.uniform.append(first)


def _has_minus_zero(places: tuple[Any, ...]) -> bool:
    """Whether some of several zeros are negative, so that equal numbers are not the same."""
    return type(places[0]) is float and places[0] == 0.0 and len({str(x) for x in places}) > 1


def _rewritten(
    kind: type[Program],
    inputs: int,
    lines: list[Any],
    roots: Sequence[Any],
    loops: list[tuple[_Loop, list[int]]],
    name: str,
) -> tuple[list[Any], list[Any]]:
    """The lines in a new order, with a `Lanes` and its Outputs for the lines of each loop."""
    results = {}
    for loop, outputs in loops:
        op = _lanes_op(kind, inputs, lines, loop, outputs, name)
        new = NewCall(op, loop.operands())
        for k, i in enumerate(outputs):
            for b, place in enumerate(loop.lanes[i]):
                results[place] = new, k * op.size + b
    return rebuilt(inputs, lines, roots, results)


def _outputs(inputs: int, lines: list[Any], roots: Sequence[Any], loops: list[_Loop]) -> list[list[int]]:
    """For each loop which lines of a lane are used outside of the lane."""
    owners = [-1] * (inputs + len(lines))  # at the place of each line of a loop a number for its lane
    row = [0] * len(owners)  # which line of its lane it is
    loop_of: list[int] = []  # by the numbers of lanes
    for which, loop in enumerate(loops):
        for i, lane in enumerate(loop.lanes):
            for owner, place in enumerate(lane, len(loop_of)):
                owners[place] = owner
                row[place] = i
        loop_of += [which] * len(loop.lanes[0])
    used: list[set[int]] = [set() for _ in loops]
    for place in [*_used_by_others(inputs, lines, owners), *[x for x in roots if type(x) is int]]:
        if owners[place] >= 0:
            used[loop_of[owners[place]]].add(row[place])
    return list(map(sorted, used))


def _used_by_others(inputs: int, lines: list[Any], owners: list[int]) -> list[int]:
    """The places that have an owner of 0 or more, and that a line of another owner uses."""
    flat_lines = flattened(inputs, lines)
    if flat_lines is not None:
        return flat_lines.used_by_others(owners)  # type: ignore[no-any-return]
    found = set()
    for user, (_, args) in enumerate(lines, inputs):
        own = owners[user]
        found.update([x for x in flat(args) if type(x) is int and owners[x] >= 0 and owners[x] != own])
    return sorted(found)


def _lanes_op(
    kind: type[Program], inputs: int, lines: list[Any], loop: _Loop, outputs: list[int], name: str
) -> Lanes:
    """The op of a loop, from the lines of its first lane."""
    sources = [*loop.uniform, *range(len(loop.columns))]
    places: dict[Any, Any] = {place: i for i, place in enumerate(loop.uniform)}
    own: dict[tuple[int, ...], int] = {}  # lanes may share places: the outputs that labels select, say
    for i, column in enumerate(loop.columns, len(loop.uniform)):
        places[type(column[0]), column] = i
    for i, lane in enumerate(loop.lanes, len(sources)):
        own[lane] = i
    made = []
    for lane in loop.lanes:
        op = lines[lane[0] - inputs][0]
        rows = [lines[place - inputs][1] for place in lane]
        made.append((op, tuple([_of_lanes(operands, places, own) for operands in zip(*rows, strict=True)])))
    made, results = simplified(len(sources), made, [len(sources) + i for i in outputs])
    body = kind(
        f"the loop of {name}",
        [f"shared[{i}]" for i in range(len(loop.uniform))]
        + [f"sample[{i}]" for i in range(len(loop.columns))],
        [0.0] * len(sources),
        made,
        results,
    )
    return Lanes([body], len(loop.lanes[0]), len(loop.uniform), [False] * len(outputs))


def _of_lanes(operands: tuple[Any, ...], places: dict[Any, Any], own: dict[tuple[int, ...], int]) -> Any:
    """The operand in the body that stands for those of all lanes."""
    first = operands[0]
    if type(first) is tuple:
        return tuple([_of_lanes(column, places, own) for column in zip(*operands, strict=True)])
    if (type(first), operands) in places:
        return places[type(first), operands]
    if type(first) is float:
        return first
    return own[operands] if operands in own else places[first]


class LoopRecorder(Recorder):
    """A recorder that finds loops in the function of a transform, so that its sweep runs in lanes, too."""

    __slots__ = ("seeks_loops",)
    program: Any  # the class, which program.py sets

    def __init__(self, name: str, seeks_loops: bool) -> None:
        super().__init__(name)
        self.seeks_loops = seeks_loops  # not in the body of lanes

    def with_lanes(self, recording: Any) -> None:
        if not self.seeks_loops or len(recording.nodes) < FEWEST_LINES:
            return
        sources = [*recording.inputs, *recording.captured]
        own = {*sources, *recording.nodes} if self.guards else ()
        outs = [x for x in recording.outs if type(x) is Value]
        guards = [i for i, (node, _, _) in enumerate(self.guards) if node in own]
        nodes = [*outs, *[self.guards[i][0] for i in guards]]
        lines, roots = lines_of(sources, recording.nodes, nodes)
        found, moved = with_lanes(type(self).program, len(sources), lines, roots, recording.name)
        if found is lines:
            return
        with enable_grad():
            values = replay(found, sources, call)
        new = [picked(values, root) for root in moved]
        for i, node in zip(guards, new[len(outs) :], strict=True):
            self.guards[i] = node, *self.guards[i][1:]
        results = iter(new)
        recording.outs = [next(results) if type(x) is Value else x for x in recording.outs]
        recording.nodes = walk(*reversed(recording.roots()), stop=recording.inputs, since=recording.start)[0]
