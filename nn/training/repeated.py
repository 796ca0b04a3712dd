"""Epochs almost without Python: a program makes the step for a batch, and runs batch after batch.

Parameters, the optimiser's state and its counts of steps are outputs of the program that become inputs of its
next run; the samples of a batch are rows of tables. The numbers go back into Values and optimiser when
somebody may look: at the end of an epoch, on Ctrl-C and on errors, and before a batch that is trained in
Python, as `Epochs` does. Such are the batches for which there is no program yet, those that take another way
through a condition, and those whose loss or gradients are not finite.
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

LONGEST = 0.05  # seconds of a repetition, during which Ctrl-C waits
FEW = 8  # runs of a repetition whose time is not known yet
MOST_STOPS = 8  # of repetitions, beside one in eight batches; with more, Python is as quick


def may_repeat(training: Training, step: Any, accumulate: int, max_norm: float | None) -> bool:
    """Whether the epochs of a training may be repetitions of a program."""
    optimizer, schedule = training.optimizer, training.schedule
    return (
        isinstance(step, CompiledStep)
        and step.is_native
        and accumulate == 1
        and max_norm is None
        and (schedule is None or schedule.steps_by == "epoch")
        and type(optimizer).step is Optimizer.step
        and optimizer.takes_arrays
        and type(training.loader).__iter__ is DataLoader.__iter__
    )


class RepeatedEpochs(Epochs):
    """Epochs of a training by `Program.repeat`; see `may_repeat`.

    Args:
        callbacks: those of the training. Others than this package's may change samples in their place.
        arguments: those of `Epochs`.
    """

    step: CompiledStep

    def __init__(self, callbacks: Sequence[Any], *arguments: Any) -> None:
        super().__init__(*arguments)
        self.samples_stay = all(isinstance(x, (Checkpoint, EarlyStopping, Film)) for x in callbacks)
        self.samples: tuple[Any, Any] = (None, None)  # of which the tables are
        self.tables: tuple[Any, Any] = (None, None)
        self.programs: dict[Any, StepProgram] = {}  # by batch size, modes of the modules, and clusters
        self.known: dict[
            Any, tuple[Any, StepProgram | None]
        ] = {}  # by the program of the gradients, and clusters
        self.row_size = 0  # of the outputs of the model, see _row_size
        self.seconds = 0.0  # of a run
        self.made = self.stops = 0  # batches, and repetitions that ended early

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
                    made, is_whole = self._repeat(program, carry, batches[i:])
                    i += made
                    if is_whole:
                        continue
                    self.stops += 1
                carry.store()
                carry = None
                X, y = [list(loader.X[k]) for k in batches[i]], [loader.y[k] for k in batches[i]]
                i += 1
                self.run_batch(i, X, y)
                self._find_program(batches[i - 1], X, y)
        finally:
            if carry is not None:
                carry.store()
            self.made += i

    def _key(self, batch: list[int], carry: Carry) -> Any:
        return len(batch), self.step.modes(), carry.key

    def _repeat(self, program: StepProgram, carry: Carry, batches: list[list[int]]) -> tuple[int, bool]:
        """Train on the first batches, of one size: on how many, and whether that is all that were tried."""
        import numpy

        size = len(batches[0])
        runs = max(int(LONGEST / self.seconds) if self.seconds else FEW, 1)
        batches = list(takewhile(lambda batch: len(batch) == size, batches[:runs]))
        rows = numpy.array(batches)
        tables = [(table, rows) for table in self.tables]
        if self.step.plan:
            before = init.generator.getstate()
            masks = [self.step.mask() for _ in range(rows.size)]
            tables.append((numpy.array(masks), numpy.arange(rows.size).reshape(rows.shape)))
        start = time.perf_counter()
        made, results = program.repeat(carry, tables, program.results if self.metrics else 1)
        self.seconds = (time.perf_counter() - start) / max(made, 1)
        if self.step.plan and made < len(batches):  # masks of the other batches are drawn again
            init.generator.setstate(before)
            for _ in range(made * size):
                self.step.mask()
        for batch, (loss, *outputs) in zip(batches[:made], results, strict=True):
            y = [self.training.loader.y[k] for k in batch] if self.metrics else []
            self.count(loss, size, self._outputs(outputs), y)
        return made, made == len(batches)

    def _outputs(self, numbers: list[float]) -> list[Any]:
        """The outputs of the model for a batch, from their numbers."""
        size = self.row_size
        return [numbers[i : i + size] for i in range(0, len(numbers), size)] if size else numbers

    def count(self, loss: float, size: int, outputs: list[Any], y: list[Any]) -> None:
        super().count(loss, size, outputs, y)
        self.row_size = _row_size(outputs) if outputs else self.row_size

    def _find_program(self, batch: list[int], X: list[Any], y: list[Any]) -> None:
        """Find or make the program for batches like one that was just trained on."""
        if self.step.reason or self.stops > MOST_STOPS + self.made // 8:
            self.programs.clear()
            return
        if any(table is None for table in self.tables) or self.row_size < 0:
            return
        found = self.step.gradient_program(X, y)
        carry = Carry(self.training.optimizer)
        if found is None or not carry.clusters:
            return
        key = id(found[0]), carry.key
        if key not in self.known:
            self.known[key] = found[0], step_program(*found, carry)
        program = self.known[key][1]
        if program is not None:
            self.programs[self._key(batch, carry)] = program


def _table(samples: list[Any]) -> Any:
    """Samples or targets as an array with a row for each; None where they are no rows of numbers."""
    import numpy

    rows = samples if samples and isinstance(samples[0], list) else [[x] for x in samples]
    if any(len(row) != len(rows[0]) or not {float, int}.issuperset(map(type, row)) for row in rows):
        return None
    return numpy.array(rows, dtype=float)


def _row_size(outputs: list[Any]) -> int:
    """The length of the rows of numbers that outputs are; 0 where they are numbers, else -1."""
    if all(type(x) is float for x in outputs):
        return 0
    sizes = {len(x) if type(x) is list and set(map(type, x)) == {float} else -1 for x in outputs}
    return sizes.pop() if len(sizes) == 1 else -1
