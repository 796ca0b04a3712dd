"""Behaviour of Values that both engines share: text, comparisons, conversions, NumPy.

Attributes and `backward` are documented here; value.py and the native engine implement them.
"""

from __future__ import annotations

from autograd.graph.recording import current
from autograd.graph.sweeps import times
from autograd.graph.walks import flat_args
from autograd.table import ops
from autograd.table.op import number
from autograd.table.operand import Operand
from autograd.table.slopes import number_slopes
from autograd.table.ufuncs import ufunc_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, KeysView
    from typing import Any, Self

    from autograd.table.op import Op


class Behaviour(Operand):
    """A number that records what is computed from it.

    Args:
        data: the number: a float, an int, a NumPy scalar.
        label: a name for pictures and messages.
        requires_grad: whether gradients shall reach it; False makes it a constant of the graph.
        parameter: whether it is a parameter of a module, for pictures.

    Raises:
        TypeError: if data is not one real number.

    `==` compares numbers, as PyTorch's does, while `hash` is by identity: ``v in [a, b]`` asks for an
    equal number, ``v in {a, b}`` for this very Value.

    NumPy computes with Values: ``np.float64(2) * v``, ``v * array``, ``np.logaddexp(v, array)``, and SciPy's
    ufuncs of functions that autograd has. An array that holds Values has ``dtype=object``, and sums, ``@``
    and arithmetic work on it. NumPy does not ask the elements of an array, and so cannot

    - apply a ufunc such as np.exp to an object array in which plain numbers stand beside Values, or a ufunc
      that it has for floats alone, such as np.logaddexp and scipy.special.erf, to any object array: write
      ``np.frompyfunc(autograd.exp, 1, 1)(array)``, ``np.frompyfunc(autograd.logaddexp, 2, 1)(a, b)``;
    - compute np.linalg.solve, inv or det of Values, since LAPACK computes with floats: write the elimination
      in arithmetic, as in ``A[i] -= A[i, k] / A[k, k] * A[k]`` on an object array.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        _number: float  # the number, also inside the trace of a program
        _check_operands: Callable[[list[Any], list[Any]], None]  # the engine's `check_fresh`

        def __init__(self, data: float, label: str = "", *, requires_grad: bool = True) -> None: ...

    @property
    def data(self) -> float:
        """The number. It can be set on leaves only: other numbers are computed."""
        raise NotImplementedError

    @property
    def grad(self) -> float:
        """Of a leaf, the sum over all calls of `backward`; of an inner node, that of the last call."""
        raise NotImplementedError

    @property
    def op(self) -> Op | None:
        """The op that made it; None for a leaf."""
        raise NotImplementedError

    @property
    def args(self) -> tuple[Any, ...]:
        """The operands in order: Values, and plain floats for constants; tuples of them for n-ary ops."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """A name for pictures and messages; "" for none."""
        raise NotImplementedError

    @property
    def path(self) -> str:
        """The path of the module that made it, as "layers.0.neurons.1"; "" outside of modules."""
        raise NotImplementedError

    @property
    def source(self) -> str:
        """The line of the program that made it, as "train.py:12"; "" outside of `source_lines` blocks."""
        raise NotImplementedError

    @property
    def is_parameter(self) -> bool:
        """Whether it is a parameter of a module, be it frozen or not."""
        raise NotImplementedError

    @is_parameter.setter
    def is_parameter(self, flag: bool) -> None:
        raise NotImplementedError

    @property
    def requires_grad(self) -> bool:
        """Whether gradients reach it. Set on a leaf; of an inner node: whether it depends on such a leaf."""
        raise NotImplementedError

    def backward(self, seed: float = 1.0) -> None:
        """Add the derivative of this Value by each leaf to that leaf's `grad`.

        The `grad` of inner nodes is set to the derivative by them, for pictures and study. A call
        sums its own contributions before it adds them, and if it raises, no leaf has changed. The
        errors below leave the `grad` of inner nodes as it was, too.

        Args:
            seed: the derivative of some final result by this Value: what the sweep starts from.

        Raises:
            StaleGraphError: if a leaf was given a new number after it was used here, or is given one by
                a rule or another thread before the call has ended.
            RuntimeError: if it depends on no leaf that wants gradients, or a rule calls it in turn.
        """
        raise NotImplementedError

    # micrograd's names, with which its programs read a graph

    @property
    def _prev(self) -> KeysView[Self]:
        """The operands that are Values, each once, in order; a read-only set that tells Values by identity.

        Constants are no nodes, so they are missing here; `args` has them, and an operand used twice twice.
        """
        return dict.fromkeys([x for x in flat_args(self) if type(x) is not float]).keys()

    @property
    def _op(self) -> str:
        """The op as micrograd writes it: "+", "**2", "ReLU"; the op's name for a function; "" for a leaf."""
        op = self.op
        if op is None:
            return ""
        if op is ops.pow and type(self.args[1]) is float:
            return f"**{self.args[1]:.17g}"
        return "ReLU" if op is ops.relu else op.infix or op.name

    def _backward(self) -> None:
        """One step of the chain rule: add `grad` times the slope to the `grad` of each operand.

        `backward` takes these steps for all nodes, users before operands, once inner gradients are 0.

        Raises:
            StaleGraphError: if an operand was given a new number after it was used here.
        """
        if self.op is None:
            return
        self._check_operands([self], [x for x in self._prev if x.op is None])
        for x, slope in number_slopes(self):
            if x.op is not None or x.requires_grad:
                x.grad += times(self.grad, slope)

    def item(self) -> float:
        """The number, a float; the same as `data`."""
        return self.data

    def detach(self) -> Self:
        """A new leaf with the same number, without gradients; in a traced program a node without slopes."""
        if current().program is not None:
            node: Self = ops.stop_gradient(self)
            return node
        return type(self)(self.data, self.label, requires_grad=False)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        if current().program is not None:
            return f"Value(data={self._number!r}{label})"
        return f"Value(data={self.data!r}, grad={self.grad!r}{label})"

    def __format__(self, spec: str) -> str:
        return format(self._number, spec) if spec else repr(self)

    def __bool__(self) -> bool:
        program = current().program
        return self.data != 0.0 if program is None else program.guard(self)

    def __float__(self) -> float:
        return self._lone("float")

    def __int__(self) -> int:
        return int(self._lone("int"))

    def _lone(self, name: str) -> float:
        """The number, if no gradient is lost by taking it out of the graph."""
        if current().program is not None:
            raise current().program.refusal(self, f"{name}()")
        if current().recording and self.requires_grad:
            raise TypeError(
                f"{name}() of {self!r} would silently drop its gradient: write v.data or v.item() for the "
                f"number, or a function of autograd (autograd.exp, not math.exp) to differentiate; an array "
                f"that is to hold it needs dtype=object, as np.zeros(3, dtype=object) or array.astype(object)"
            )
        return self.data

    def __index__(self) -> int:
        if current().program is not None:
            raise current().program.refusal(self, "an index")
        raise TypeError(
            f"an index is a whole number, and {self!r} is a Value: write int(v.data), or keep indices as ints"
        )

    def _logic(self, op: Op, other: Any) -> Any:
        """``&``, ``|`` and ``^`` of conditions, which only a traced program has."""
        if current().program is None or not (is_condition(self) and is_condition(other)):
            return NotImplemented
        return op(self, other)

    def __and__(self, other: Any) -> Any:
        return self._logic(ops.minimum, other)

    def __or__(self, other: Any) -> Any:
        return self._logic(ops.maximum, other)

    def __xor__(self, other: Any) -> Any:
        return self._logic(ops.ne, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Called by NumPy for a ufunc with a Value among its operands."""
        return ufunc_result(ufunc, method, inputs, options, Behaviour)

    def __eq__(self, other: object) -> Any:
        if current().program is not None:
            return condition(self, other, 2)
        other = compared(other)
        return other if other is NotImplemented else self.data == other

    def __ne__(self, other: object) -> Any:
        if current().program is not None:
            return condition(self, other, 3)
        other = compared(other)
        return other if other is NotImplemented else self.data != other

    def __lt__(self, other: Any) -> Any:
        if current().program is not None:
            return condition(self, other, 0)
        other = compared(other)
        return other if other is NotImplemented else self.data < other

    def __le__(self, other: Any) -> Any:
        if current().program is not None:
            return condition(self, other, 1)
        other = compared(other)
        return other if other is NotImplemented else self.data <= other

    def __gt__(self, other: Any) -> Any:
        if current().program is not None:
            return condition(self, other, 4)
        other = compared(other)
        return other if other is NotImplemented else self.data > other

    def __ge__(self, other: Any) -> Any:
        if current().program is not None:
            return condition(self, other, 5)
        other = compared(other)
        return other if other is NotImplemented else self.data >= other

    __hash__ = object.__hash__


RELATIONS = (ops.lt, ops.le, ops.eq, ops.ne)  # in the order of Python's rich comparisons


def condition(left: Any, right: Any, comparison: int) -> Any:
    """A comparison in the trace of a program: a node that is 1 where it holds, else 0.

    ``if`` asks a condition for its truth, which makes a guard; ``&``, ``|`` and ``^`` combine conditions, and
    in arithmetic a condition counts as 1 or 0, as a bool does.
    """
    if not isinstance(right, Behaviour):
        try:
            right = number(right)
        except TypeError:
            return NotImplemented
    if comparison > 3:
        return RELATIONS[comparison - 4](right, left)
    return RELATIONS[comparison](left, right)


def is_condition(x: Any) -> bool:
    """Whether a Value or number is 1 or 0 by what it is: a relation, a combination of those, a bool."""
    if isinstance(x, bool):
        return True
    op = x.op if isinstance(x, Behaviour) else None
    if op in (ops.minimum, ops.maximum, ops.stop_gradient):
        return all(map(is_condition, flat_args(x)))
    return op is not None and op.kind == "relation"


def compared(other: Any) -> Any:
    """The number to compare with, or NotImplemented."""
    if isinstance(other, Behaviour):
        return other.data
    try:
        return number(other)
    except TypeError:
        return NotImplemented
