"""Trees: numbers nested in lists, tuples, dicts and NumPy arrays, taken apart and put together again."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    Rebuild = Callable[[Iterable[Any]], Any]


def flatten(tree: Any) -> tuple[list[Any], Rebuild]:
    """The leaves of a tree from left to right, and a function that puts new ones in their places."""
    leaves: list[Any] = []
    rebuild = _visit(tree, leaves)
    return leaves, lambda new: rebuild(iter(new))


def _visit(tree: Any, leaves: list[Any]) -> Callable[[Iterator[Any]], Any]:
    if isinstance(tree, dict):
        rebuilders = {key: _visit(branch, leaves) for key, branch in tree.items()}
        return lambda new: {key: rebuild(new) for key, rebuild in rebuilders.items()}
    if isinstance(tree, (list, tuple)):
        parts = [_visit(branch, leaves) for branch in tree]
        if hasattr(tree, "_fields"):  # a named tuple takes its items one by one
            return lambda new: type(tree)(*[rebuild(new) for rebuild in parts])
        kind = list if isinstance(tree, list) else tuple
        return lambda new: kind([rebuild(new) for rebuild in parts])
    if _is_array(tree):
        leaves.extend(tree.ravel().tolist())
        return lambda new: _array([next(new) for _ in range(tree.size)], tree.shape)
    leaves.append(tree)
    return lambda new: next(new)


def paths(tree: Any, name: str = "") -> list[str]:
    """The place of each leaf, in Python's notation: ``[0]['w'][2]``."""
    if isinstance(tree, dict):
        return [path for key, branch in tree.items() for path in paths(branch, f"{name}[{key!r}]")]
    if isinstance(tree, (list, tuple)):
        return [path for i, branch in enumerate(tree) for path in paths(branch, f"{name}[{i}]")]
    if _is_array(tree):
        import numpy

        return [f"{name}[{', '.join(map(str, place))}]" for place in numpy.ndindex(tree.shape)]
    return [name]


def _is_array(x: Any) -> bool:
    numpy = sys.modules.get("numpy")  # whoever has an array has imported numpy
    return numpy is not None and isinstance(x, numpy.ndarray)


def _array(items: list[Any], shape: tuple[int, ...]) -> Any:
    """An array of floats, of arrays of one shape (which adds their axes), or of objects."""
    import numpy

    if all(type(x) is float for x in items):
        return numpy.array(items, dtype=float).reshape(shape)
    if all(_is_array(x) and x.shape == items[0].shape for x in items):
        return numpy.stack(items).reshape(shape + items[0].shape)
    result = numpy.empty(len(items), dtype=object)
    for i, x in enumerate(items):
        result[i] = x
    return result.reshape(shape)
