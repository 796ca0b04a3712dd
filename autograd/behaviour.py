"""What a Value does besides recording: its text, comparisons, conversions and copies.

Nothing here knows how a node is stored, so that every kind of node can have the same.
"""

from __future__ import annotations

from autograd.op import number
from autograd.operand import Operand
from autograd.recording import thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self


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
    """

    __slots__ = ()

    if TYPE_CHECKING:
        data: float
        grad: float
        label: str
        requires_grad: bool

        def __init__(self, data: float, label: str = "", *, requires_grad: bool = True) -> None: ...

    def item(self) -> float:
        """The number, a float; the same as `data`."""
        return self.data

    def detach(self) -> Self:
        """A new leaf with the same number, which no gradient reaches."""
        return type(self)(self.data, self.label, requires_grad=False)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self.data!r}, grad={self.grad!r}{label})"

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __bool__(self) -> bool:
        return self.data != 0.0

    def __float__(self) -> float:
        return self._lone("float")

    def __int__(self) -> int:
        return int(self._lone("int"))

    def _lone(self, name: str) -> float:
        """The number, where no gradient is lost by taking it alone."""
        if thread.recording and self.requires_grad:
            raise TypeError(
                f"{name}() of {self!r} would silently drop its gradient: write v.data or v.item() for the "
                f"number, or a function of autograd (autograd.exp, not math.exp) to differentiate"
            )
        return self.data

    def __eq__(self, other: object) -> Any:
        other = compared(other)
        return other if other is NotImplemented else self.data == other

    def __ne__(self, other: object) -> Any:
        other = compared(other)
        return other if other is NotImplemented else self.data != other

    def __lt__(self, other: Any) -> Any:
        other = compared(other)
        return other if other is NotImplemented else self.data < other

    def __le__(self, other: Any) -> Any:
        other = compared(other)
        return other if other is NotImplemented else self.data <= other

    def __gt__(self, other: Any) -> Any:
        other = compared(other)
        return other if other is NotImplemented else self.data > other

    def __ge__(self, other: Any) -> Any:
        other = compared(other)
        return other if other is NotImplemented else self.data >= other

    __hash__ = object.__hash__

    def __reduce__(self) -> Any:
        from autograd.pickling import reduce_value

        return reduce_value(self)


def compared(other: Any) -> Any:
    """The number to compare with, or NotImplemented."""
    if isinstance(other, Behaviour):
        return other.data
    try:
        return number(other)
    except TypeError:
        return NotImplemented
