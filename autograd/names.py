"""Names for Values that have no label: those of the variables, lists and dicts that hold them."""

from __future__ import annotations

from autograd.backend import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

DEEPEST = 3  # levels of lists and dicts that are searched


def labels_of(names: Mapping[Any, Any] | None) -> dict[Value, str]:
    """The name of each Value in a mapping such as ``locals()``, or {"w": w}, or {w: "w"}.

    Lists, tuples and dicts are searched too: ``w[0]``, ``p['w']``. A label of the Value's own goes first;
    of several names the first counts; those that begin with an underscore do not.

    Raises:
        TypeError: if it is no mapping.
    """
    if names is None:
        return {}
    if not hasattr(names, "items"):
        raise TypeError(f"names is a dict of names and Values, as locals(), not {names!r}")
    labels: dict[Value, str] = {}
    for key, thing in list(names.items()):
        if type(key) is Value:
            labels.setdefault(key, str(thing))
        elif not str(key).startswith("_"):
            for name, value in _values(str(key), thing, DEEPEST):
                labels.setdefault(value, name)
    return labels


def _values(name: str, thing: Any, depth: int) -> Iterator[tuple[str, Value]]:
    if type(thing) is Value:
        yield name, thing
    elif depth and isinstance(thing, (list, tuple)):
        for i, item in enumerate(thing):
            yield from _values(f"{name}[{i}]", item, depth - 1)
    elif depth and isinstance(thing, dict):
        for key, item in list(thing.items()):
            yield from _values(f"{name}[{key!r}]", item, depth - 1)
