"""Numbers of many Values at once, as an optimiser reads and writes them."""

from __future__ import annotations

from array import array
from operator import attrgetter

from autograd.graph import engine
from autograd.graph.engine import Value
from autograd.table.op import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Literal


def gather(values: Iterable[Value], name: Literal["data", "grad", "requires_grad"]) -> Any:
    """An attribute of each Value, as a buffer of doubles: ``numpy.frombuffer(gather(parameters, "grad"))``.

    Raises:
        TypeError: if an item is no Value.
        ValueError: if the attribute is none of these.
    """
    several = values if type(values) is list else list(values)
    found = engine.gather(several, name)  # None where Python has to look at them
    if found is None:
        _check(several, name, ("data", "grad", "requires_grad"))
        found = array("d", map(attrgetter(name), several))
    return found


def scatter(values: Iterable[Value], name: Literal["data", "grad"], numbers: Iterable[float]) -> None:
    """Set an attribute of each Value to one of the numbers, as ``v.data = x`` does for one.

    Raises:
        TypeError: if an item is no Value, or no number.
        AttributeError: if "data" of a computed Value is to be set.
        ValueError: if there are not as many numbers as Values, or the attribute is neither.
    """
    several = values if type(values) is list else list(values)
    if engine.scatter(several, name, numbers):
        return
    _check(several, name, ("data", "grad"))
    new = [x if type(x) is float else number(x, f".{name}") for x in numbers]
    if len(new) != len(several):
        raise ValueError(f"scatter was given {len(new)} numbers for {len(several)} Values: give one for each")
    for value, x in zip(several, new, strict=True):
        setattr(value, name, x)


def _check(values: list[Any], name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        raise ValueError(f"the attribute is one of {', '.join(names)}, not {name!r}")
    for value in values:
        if type(value) is not Value:
            raise TypeError(f"expected Values, not the {type(value).__name__} {value!r}")
