"""Epochs in which one program trains on batch after batch, without Python in between.

The program makes a step: it computes the loss of a batch and its gradients, and moves the parameters by the
optimiser's rule. Parameters, the optimiser's state and its counts of steps are outputs of the program that
become inputs of its next run; the samples of a batch are rows of tables. At the end of an epoch, on Ctrl-C
and on errors these numbers are stored in the Values and the optimiser.

Some batches are trained in Python, as `Epochs` does, after the numbers are stored: batches for which there is
no program yet, batches that take another way through a condition, and batches whose loss or gradients are not
finite.
"""

from __future__ import annotations

import time
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from nn import init
from nn.data.loader import DataLoader
from nn.optim.optimizer import Optimizer
from nn.training.callbacks import Checkpoint, EarlyStopping
from nn.training.epochs import Epochs
from nn.training.film import Film
from nn.training.step_program import Carry, step_program
from nn.training.steps import CompiledStep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nn.training.callbacks import Training
    from nn.training.step_program import StepProgram

LONGEST = 0.05  # seconds that a repetition may take, because Ctrl-C waits for its end
FIRST_RUNS = 8  # of a repetition, while the time of a run is not known
MOST_STOPS = 8  # repetitions that may end early, and one more for every eight batches
MOST_TRACES = 16  # programs of a training


def may_repeat(training: Training, step: Any, accumulate: int, max_norm: float | None) -> bool:
    """Whether the epochs of a training may be repetitions of a program."""
    optimizer, schedule, loader = training.optimizer, training.schedule, training.loader
    return (
        isinstance(step, CompiledStep)
        and step.is_native
        and accumulate == 1
        and max_norm is None
        and (schedule is None or schedule.steps_by == "epoch")
        and _is_inherited(optimizer, Optimizer, "step", "zero_grad")
        and optimizer.takes_arrays
        and not hasattr(optimizer.rule, "__self__")  # its attributes would be constants
        and _is_inherited(loader, DataLoader, "__iter__", "__len__", "draw")
    )


def _is_inherited(owner: Any, base: type, *names: str) -> bool:
    """Whether an object has the methods of these names from a class, and no others in their place."""
    return all(getattr(getattr(owner, name), "__func__", None) is vars(base)[name] for name in names)


class RepeatedEpochs(Epochs):
    """Epochs of a training by `Program.repeat`; see `may_repeat`.

    Args:
        callbacks: those of the training. Callbacks that are not of this package may change samples in place.
        arguments: those of `Epochs`.
    """

    step: CompiledStep

    def __init__(self, callbacks: Sequence[Any], *arguments: Any) -> None:
        super().__init__(*arguments)
        self.samples_stay = all(type(x) in (Checkpoint, EarlyStopping, Film) for x in callbacks)
        self.samples: tuple[Any, Any] = (None, None)  # of which the tables are made
        self.tables: tuple[Any, Any] = (None, None)
        self.programs: dict[Any, StepProgram] = {}  # by batch size, modes of the modules, and clusters
        # By the program of the gradients, which is kept alive, and clusters:
        self.traced: dict[Any, tuple[Any, StepProgram | None]] = {}
        self.traces = 0
        self.row_size = 0  # of the outputs of the model, see _row_size
        self.seconds = 0.0  # of a run
        self.batches = self.stops = 0  # batches so far, and repetitions that ended early

    def run_batches(self) -> None:
        loader = self.training.loader
        batches = loader.draw()
        if not self.samples_stay or self.samples[0] is not loader.X or self.samples[1] is not loader.y:
            self.samples = loader.X, loader.y
            self.tables = _table(loader.X), _table(loader.y)
        carry: Carry | None = None  # numbers that the Values do not have yet
        i = 0
        try:
            while i < len(batches):
                carry = carry or Carry(self.training.optimizer)
                program = self.programs.get(self._key(batches[i], carry))
                if program is not None and program.is_fresh():
                    runs, is_stopped = self._repeat(program, carry, batches[i:])
                    i += runs
                    if not is_stopped:
                        continue
                    self.stops += 1
                carry.store()
                carry = None
                X, y = [list(loader.X[k]) for k in batches[i]], [loader.y[k] for k in batches[i]]
                i += 1
                self.run_batch(i, X, y)
                self._find_program(batches[i - 1], X, y, program)
        finally:
            if carry is not None:
                carry.store()
            self.batches += i

    def _key(self, batch: list[int], carry: Carry) -> Any:
        return len(batch), self.step.modes(), carry.key

    def _repeat(self, program: StepProgram, carry: Carry, batches: list[list[int]]) -> tuple[int, bool]:
        """Train on the first batches, as many as are of one size and LONGEST allows.

        Returns:
            The number of batches that were trained on, and whether the program did not hold for the next.
        """
        import numpy

        size = len(batches[0])
        most = max(int(LONGEST / self.seconds) if self.seconds else FIRST_RUNS, 1)
        batches = list(takewhile(lambda batch: len(batch) == size, batches[:most]))
        rows = numpy.array(batches, dtype=numpy.int64)
        tables = [(table, rows) for table in self.tables]
        generator = init.generator.getstate() if self.step.plan else None
        if generator is not None:
            masks = numpy.array([self.step.mask() for _ in range(rows.size)])
            tables.append((masks, numpy.arange(rows.size, dtype=numpy.int64).reshape(rows.shape)))
        start = time.perf_counter()
        runs, results = program.repeat(carry, tables, program.results if self.metrics else 1)
        self.seconds = (time.perf_counter() - start) / max(runs, 1)
        is_stopped = runs < len(batches)
        if generator is not None and is_stopped:  # draw only the masks that were used
            init.generator.setstate(generator)
            for _ in range(runs * size):
                self.step.mask()
        for batch, (loss, *outputs) in zip(batches[:runs], results, strict=True):
            y = [self.training.loader.y[k] for k in batch] if self.metrics else []
            self.count(loss, size, self._outputs(outputs), y)
        return runs, is_stopped

    def _outputs(self, numbers: list[float]) -> list[Any]:
        """The outputs of the model for a batch, from their numbers."""
        size = self.row_size
        return [numbers[i : i + size] for i in range(0, len(numbers), size)] if size else numbers

    def count(self, loss: float, size: int, outputs: list[Any], y: list[Any]) -> None:
        super().count(loss, size, outputs, y)
        self.row_size = _row_size(outputs) if outputs else self.row_size

    def _find_program(
        self, batch: list[int], X: list[Any], y: list[Any], stopped: StepProgram | None
    ) -> None:
        """Find or trace the program for batches like one that was just trained on in Python.

        It is not the program that has stopped, whose rule takes another way now.
        """
        if self.step.reason or self.stops > MOST_STOPS + self.batches // 8 or self.traces > MOST_TRACES:
            self.programs.clear()
            return
        if any(table is None for table in self.tables) or self.row_size < 0:
            return
        found = self.step.gradient_program(X, y)
        carry = Carry(self.training.optimizer)
        if found is None or not carry.clusters:
            return
        key = id(found[0]), carry.key
        if key not in self.traced or (stopped is not None and self.traced[key][1] is stopped):
            self.traced[key] = found[0], step_program(*found, carry)
            self.traces += 1
        program = self.traced[key][1]
        if program is not None:
            self.programs[self._key(batch, carry)] = program


def _table(samples: list[Any]) -> Any:
    """Samples or targets as an array with a row for each; None if they are no rows of one length."""
    import numpy

    rows = samples if samples and isinstance(samples[0], list) else [[x] for x in samples]
    for row in rows:
        if type(row) is not list or len(row) != len(rows[0]) or not {float, int}.issuperset(map(type, row)):
            return None
    return numpy.array(rows, dtype=float)


def _row_size(outputs: list[Any]) -> int:
    """The length of the rows if the outputs are rows of numbers, 0 if they are numbers, else -1."""
    if all(type(x) is float for x in outputs):
        return 0
    sizes = {len(x) if type(x) is list and set(map(type, x)) == {float} else -1 for x in outputs}
    return sizes.pop() if len(sizes) == 1 else -1
