"""The program of a training step: from parameters and a batch to the loss and the parameters after it."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from autograd import gather, scatter, trace, vmap

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd import Program, Value
    from nn.optim.optimizer import Cluster, Optimizer


class Carry:
    """The numbers that a step changes, in one array, as the Values and the optimiser have them now.

    Attributes:
        parameters: those that are not frozen, cluster by cluster.
        numbers: their numbers, then their state, an array for each of its numbers, then for each cluster the
            steps that it has made.
        key: what a program of a step depends on.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        import numpy

        self.optimizer = optimizer
        self.clusters = optimizer.clusters()
        self.parameters = list(chain.from_iterable([cluster.parameters for cluster in self.clusters]))
        states = [optimizer.state_of(cluster) for cluster in self.clusters]
        columns = [column for state in zip(*states, strict=True) for column in state]
        steps = [float(cluster.steps) for cluster in self.clusters]
        self.numbers = numpy.concatenate([numbers_of(self.parameters), *columns, steps])
        self.key = tuple([(_hashable(cluster.places), repr(constants(cluster))) for cluster in self.clusters])

    def rates(self) -> list[float]:
        """The learning rate of each cluster."""
        return [cluster.group.get("lr", 0.0) for cluster in self.clusters]

    def store(self) -> None:
        """Store the numbers in the Values and the optimiser."""
        if not self.clusters:
            return
        count, end = len(self.parameters), len(self.numbers) - len(self.clusters)
        scatter(self.parameters, "data", self.numbers[:count])
        columns = self.numbers[count:end].reshape(-1, count)
        start = 0
        for cluster, steps in zip(self.clusters, self.numbers[end:], strict=True):
            stop = start + len(cluster.parameters)
            self.optimizer.set_state(cluster, list(columns[:, start:stop]), int(steps))
            start = stop


def numbers_of(values: list[Value]) -> Any:
    """The numbers of Values, as an array."""
    import numpy

    return numpy.frombuffer(gather(values, "data"))


def constants(cluster: Cluster) -> dict[str, Any]:
    """The options of a cluster that are constants in a program: all but the learning rate."""
    return {name: option for name, option in cluster.options.items() if name != "lr"}


def _hashable(places: Sequence[int]) -> Any:
    return places if isinstance(places, range) else tuple(places)


class StepProgram:
    """A step for batches of one size, which `repeat` runs batch after batch.

    Args:
        gradients: the program of the loss of a batch, the outputs of the model and the gradients; its inputs
            are the numbers of a batch, and then Values.
        captured: the Values that are its other inputs.
        wanted: the Values to differentiate by.
        carry: the numbers that the step changes.

    Raises:
        Exception: whatever the rule of the optimiser raises in a trace.
    """

    def __init__(self, gradients: Program, captured: list[Value], wanted: list[Value], carry: Carry) -> None:
        self.gradients = gradients
        moving = set(map(id, carry.parameters))
        self.captured = captured
        self.flags = bytes(gather(captured, "requires_grad"))
        self.others = [x for x in captured if id(x) not in moving]
        self.results = len(gradients.outputs) - len(wanted)
        self.size = len(carry.numbers)
        rule = carry.optimizer.rule
        count = len(carry.parameters)

        def step(numbers: list[Any], rates: list[Any], others: list[Any], batch: list[Any]) -> Any:
            parameters, steps = numbers[:count], numbers[self.size - len(carry.clusters) :]
            state = [numbers[i : i + count] for i in range(count, self.size - len(steps), count)]
            given = dict(zip(map(id, carry.parameters), parameters, strict=True))
            given |= zip(map(id, self.others), others, strict=True)
            found = gradients.run([*batch, *[given[id(x)] for x in captured]])
            slopes = dict(zip(map(id, wanted), found[self.results :], strict=True))
            columns = [parameters, [slopes.get(id(p), 0.0) for p in carry.parameters], *state]
            moved: list[Any] = []
            for cluster, made, rate in zip(carry.clusters, steps, rates, strict=True):
                at = slice(len(moved), len(moved) + len(cluster.parameters))
                moved += vmap(_on_one(rule, cluster, made + 1.0, rate))(*[column[at] for column in columns])
            return found[: self.results], list(zip(*moved, strict=True)), [made + 1.0 for made in steps]

        others = numbers_of(self.others).tolist()
        batch = gradients.numbers[: len(gradients.inputs) - len(captured)]
        self.program = trace(step, carry.numbers.tolist(), carry.rates(), others, list(batch))

    def is_fresh(self) -> bool:
        """Whether the same Values want gradients as when the program was made."""
        return self.flags == bytes(gather(self.captured, "requires_grad"))

    def repeat(self, carry: Carry, tables: Sequence[tuple[Any, Any]], kept: int) -> tuple[int, Any]:
        """Make a step for each batch, in turn.

        Args:
            carry: the numbers, which are those after the last step at the end.
            tables: arrays of numbers for a batch, and for each batch the rows that it takes.
            kept: how many of the results, the loss and then the outputs of the model, are returned.

        Returns:
            The number of steps that were made, and for each its first results.
        """
        import numpy

        others = numbers_of(self.others)
        first = self.size + len(carry.clusters) + len(others)
        samples = numpy.zeros(len(self.program.inputs) - first)
        numbers = numpy.concatenate([carry.numbers, carry.rates(), others, samples])
        runs = len(tables[0][1])
        given = []
        for table, rows in tables:
            given.append((first, table, rows))
            first += rows.shape[1] * table.shape[1]
        found = numpy.empty((runs, kept))
        made = self.program.repeat(numbers, runs, [(self.results, 0, self.size)], given, found)
        carry.numbers = numbers[: self.size]
        return made, found[:made].tolist()


def step_program(
    gradients: Program, captured: list[Value], wanted: list[Value], carry: Carry
) -> StepProgram | None:
    """The program of a step, or None where there is none.

    A step has no program if gradients are added up in Values that the optimiser does not move, if the loss
    depends on computed Values from outside, or if the rule cannot be traced.
    """
    moving = set(map(id, carry.parameters))
    if not all(id(x) in moving for x in wanted) or any(x.op is not None for x in captured):
        return None
    try:
        return StepProgram(gradients, captured, wanted, carry)
    except Exception:  # of a rule by somebody else; in Python it works, or raises the same
        return None


def _on_one(rule: Callable[..., Any], cluster: Cluster, step: Any, rate: Any) -> Callable[..., Any]:
    """The rule as a function of a parameter, its gradient, and its state."""
    options = constants(cluster)
    if "lr" in cluster.group:
        options["lr"] = rate

    def moved(p: Any, g: Any, *state: Any) -> list[Any]:
        new, later = rule(p, g, state, step, **options)
        return [new, *later]

    return moved
