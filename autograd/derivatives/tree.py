"""Trees: numbers nested in lists, tuples, dicts and NumPy arrays, taken apart and put together again."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    Rebuild = Callable[[Iterable[Any]], Any]


def flatten(tree: Any) -> tuple[list[Any], Rebuild]:
    """The leaves of a tree from left to right, and a function that rebuilds the tree from new leaves."""
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


def flatten_like(tree: Any, pattern: Any, name: str = "") -> list[Any]:
    """The leaves of a tree with the structure of `pattern`, in the order of the pattern's leaves.

    Raises:
        ValueError: where the structures differ; `name` is what the tree is called there.
    """
    if isinstance(pattern, dict):
        if not isinstance(tree, dict) or tree.keys() != pattern.keys():
            raise _differs(name, f"a dict with the keys {list(pattern)}", tree)
        return [x for key in pattern for x in flatten_like(tree[key], pattern[key], f"{name}[{key!r}]")]
    if isinstance(pattern, (list, tuple)):
        if not isinstance(tree, (list, tuple)) or len(tree) != len(pattern):
            raise _differs(name, f"a {type(pattern).__name__} of {len(pattern)}", tree)
        pairs = enumerate(zip(tree, pattern, strict=True))
        return [x for i, (t, p) in pairs for x in flatten_like(t, p, f"{name}[{i}]")]
    if _is_array(tree) and tree.ndim == 0:  # interchangeable with a number
        tree = tree.item()
    if _is_array(pattern) and pattern.ndim > 0:
        if not _is_array(tree) or tree.shape != pattern.shape:
            raise _differs(name, f"an array of shape {pattern.shape}", tree)
        return flatten(tree)[0]
    if isinstance(tree, (dict, list, tuple)) or _is_array(tree):
        raise _differs(name, "a number", tree)
    return [tree]


def _differs(name: str, wanted: str, tree: Any) -> ValueError:
    return ValueError(f"{name} must be {wanted}, to match what it belongs to, not {tree!r}")


def paths(tree: Any, name: str = "") -> list[str]:
    """The path of each leaf, in Python's notation: ``[0]['w'][2]``."""
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
