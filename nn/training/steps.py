"""Steps of a training: what a batch adds to the gradients, computed eagerly or by a program.

Both do the same: the loss of a batch, the gradients of its parameters, and the outputs for metrics. The
program is traced once for each size of batch; the random masks of dropout are drawn outside, in the order in
which eager code draws them, and passed to it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from autograd import Value, backend_info, backward, gather, jit, no_grad, scatter
from nn import init
from nn.evaluation.losses import LOSSES
from nn.evaluation.predicting import numbers_of, output_for
from nn.models.layers import Dropout, dropout_masks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal

    from nn.models.module import Module

    Loss = Callable[..., Any]

IGNORED = (
    "the loss depends on no parameter that the optimiser adjusts, so nothing would be learnt: use the "
    "outputs in the loss function, and the parameters in the model's forward, without float(), .data, "
    "detach() and no_grad()"
)
WORTH_TRACING = {"native": 1e8, "python": 2e6}  # products of weights and samples in a whole training
MOST_PROGRAMS = 8  # of a training whose loss has conditions


class EagerStep:
    """A step that calls the model and the loss function, and `backward`.

    Attributes:
        reached: whether a loss so far depends on a parameter that the optimiser adjusts.
    """

    def __init__(self, model: Module, loss_of: Loss, parameters: Sequence[Value]) -> None:
        self.model, self.loss_of, self.parameters = model, loss_of, parameters
        self.reached = False

    def __call__(self, X: list[Any], y: list[Any], share: float) -> tuple[float, list[Any]]:
        """The loss of a batch and its outputs, as numbers; `share` times the gradients is added to `grad`."""
        batch = [output_for(self.model, x) for x in X]
        loss = self.loss_of(batch, y)
        check_loss(loss)
        self.reached = self.reached or _reaches(loss, self.parameters)
        backward(loss, share)
        return loss.data, [numbers_of(output) for output in batch]


class CompiledStep:
    """A step that runs a program, or an eager step where the model cannot be traced.

    Attributes:
        reason: why the steps are eager after all, or "".
    """

    def __init__(
        self,
        model: Module,
        loss_of: Loss,
        parameters: Sequence[Value],
        backend: Literal["auto", "native", "numpy", "python"],
    ) -> None:
        self.model, self.loss_of = model, loss_of
        self.eager = EagerStep(model, loss_of, parameters)
        self.adjusted = set(map(id, parameters))
        self.reached = False
        self.reason = ""
        self.modules = model.modules()
        self.plan: list[tuple[Dropout, int]] | None = None  # the dropouts of a sample, and their sizes
        self.run = jit(self._batch, static_argnums=0, backend=backend)
        self.is_native = backend in ("auto", "native") and backend_info()["engine"] == "native"

    def _batch(self, modes: tuple[bool, ...], X: Any, y: Any, masks: Any) -> tuple[Any, list[Any]]:
        """The loss and the outputs of a batch; `modes` tells which modules are in training mode."""
        batch = []
        for x, mask in zip(X, masks, strict=True):
            with dropout_masks(mask):
                batch.append(output_for(self.model, x))
        loss = self.loss_of(batch, y)
        if not isinstance(loss, Value):
            raise TypeError(f"the loss is {loss!r}, not a Value")
        return loss, batch

    def __call__(self, X: list[Any], y: list[Any], share: float) -> tuple[float, list[Any]]:
        """As `EagerStep`."""
        found = None if self.reason else self._run_program(X, y)
        if found is None:
            numbers = self.eager(X, y, share)
            self.reached = self.reached or self.eager.reached
            return numbers
        (loss, outputs), values, slopes = found
        check_number(loss)
        if values:
            import numpy

            grads = numpy.frombuffer(gather(values, "grad")) + share * slopes
            scatter(values, "grad", grads)
        self.reached = self.reached or any(id(value) in self.adjusted for value in values)
        return loss, outputs

    def _run_program(self, X: list[Any], y: list[Any]) -> Any:
        """The loss and outputs, and the gradients; None, with a reason, if eager code has to do it."""
        before = init.generator.getstate()
        try:
            found = self.run.with_gradients(self.modes(), X, y, self._masks(X))
        except Exception as error:  # whatever it is: eager code works, or raises the same with its reason
            init.generator.setstate(before)
            self.reason = str(error) or type(error).__name__
            return None
        if len(self.run.programs) > MOST_PROGRAMS:
            self.reason = f"the loss took more than {MOST_PROGRAMS} ways through its conditions"
        return found

    def modes(self) -> tuple[bool, ...]:
        """Which modules are in training mode."""
        return tuple([module.training for module in self.modules])

    def gradient_program(self, X: list[Any], y: list[Any]) -> tuple[Any, list[Value], list[Value]] | None:
        """What `Jitted.gradient_program` gives for a batch in which no number is dropped; None without one."""
        masks = [[1.0] * sum(size for _, size in self.plan or ()) for _ in X]
        try:
            return self.run.gradient_program(self.modes(), X, y, masks)
        except Exception:  # of a way that this batch has not taken
            return None

    def _masks(self, X: list[Any]) -> list[list[float]]:
        """For each sample the factors of its dropouts: 0, or what keeps the mean."""
        if self.plan is None:
            self.plan = []
            if any(isinstance(module, Dropout) for module in self.modules):
                with dropout_masks([], self.plan), no_grad():
                    output_for(self.model, X[0])
        return [self.mask() for _ in X]

    def mask(self) -> list[float]:
        """The factors of the dropouts of a sample, drawn at random."""
        return [factor for dropout, size in self.plan or () for factor in dropout.draw(size)]


def step_of(
    compiled: bool | Literal["native", "numpy", "python"] | None,
    model: Module,
    loss_of: Loss,
    parameters: Sequence[Value],
    samples: int,
    epochs: int,
) -> EagerStep | CompiledStep:
    """The step of a training: by a program if `compiled`, or if that is None, where it surely helps."""
    if compiled is None:
        work = len(parameters) * samples * epochs
        compiled = work >= WORTH_TRACING[backend_info()["engine"]] and _is_known(model, loss_of)
    if not compiled:
        return EagerStep(model, loss_of, parameters)
    return CompiledStep(model, loss_of, parameters, compiled if isinstance(compiled, str) else "auto")


def _is_known(model: Module, loss_of: Loss) -> bool:
    """Whether the model and the loss are this package's own: others might do what a program does not."""
    ours = all(type(module).__module__.startswith("nn.") for module in model.modules())
    return ours and not any(module._hooks for module in model.modules()) and loss_of in LOSSES.values()


def check_loss(loss: Any) -> None:
    """Refuse a result of a loss function from which nothing can be learnt.

    Raises:
        TypeError: if it is no Value.
        ValueError: if it is not finite, or depends on nothing.
    """
    if loss is None:
        raise TypeError("the loss function gave None: end it with return, followed by the loss")
    if not isinstance(loss, Value):
        raise TypeError(
            f"the loss function gave {loss!r}, not a Value: compute a Value from the outputs with + - * / "
            f"and the functions of autograd, without float() and .data"
        )
    check_number(loss.data)
    if not loss.requires_grad:
        raise ValueError(IGNORED)


def check_number(loss: float) -> None:
    """Refuse a loss that is not finite."""
    if not math.isfinite(loss):
        raise ValueError(
            f"the loss has become {loss!r}: try a smaller learning rate, standardise(X), or max_norm=1.0"
        )


def _reaches(loss: Value, parameters: Sequence[Value]) -> bool:
    """Whether the loss was computed from a parameter that is not frozen."""
    wanted = {id(p) for p in parameters if p.requires_grad}
    seen: set[int] = set()
    stack: list[Any] = [loss]
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack += node
        elif isinstance(node, Value) and id(node) not in seen:
            if id(node) in wanted:
                return True
            seen.add(id(node))
            stack += node.args
    return False
