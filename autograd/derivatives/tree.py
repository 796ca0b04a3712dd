"""Trees: numbers nested in lists, tuples, dicts and NumPy arrays, taken apart and put together again."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Rebuild = Callable[[Any], Any]  # from a sequence of leaves


def flatten(tree: Any) -> tuple[list[Any], Rebuild]:
    """The leaves of a tree from left to right, and a function that rebuilds it from a list of leaves."""
    if type(tree) in (list, tuple) and _is_flat(tree):
        return list(tree), type(tree)
    leaves: list[Any] = []
    return leaves, _visit(tree, leaves)


def _visit(tree: Any, leaves: list[Any]) -> Rebuild:
    start = len(leaves)
    if isinstance(tree, dict):
        rebuilders = {key: _visit(branch, leaves) for key, branch in tree.items()}
        return lambda new: {key: rebuild(new) for key, rebuild in rebuilders.items()}
    if isinstance(tree, (list, tuple)):
        kind = list if isinstance(tree, list) else tuple
        if not hasattr(tree, "_fields") and _is_flat(tree):
            leaves.extend(tree)
            stop = len(leaves)
            return lambda new: kind(new[start:stop])
        parts = [_visit(branch, leaves) for branch in tree]
        if hasattr(tree, "_fields"):  # a named tuple takes its items one by one
            return lambda new: type(tree)(*[rebuild(new) for rebuild in parts])
        return lambda new: kind([rebuild(new) for rebuild in parts])
    if _is_array(tree):
        leaves.extend(tree.ravel().tolist())
        stop, shape = len(leaves), tree.shape
        return lambda new: array_of(new[start:stop], shape)
    leaves.append(tree)
    return lambda new: new[start]


def _is_flat(items: Any) -> bool:
    """Whether all items are leaves: they are taken all at once."""
    return not any(
        issubclass(kind, (dict, list, tuple)) or _is_array_type(kind) for kind in set(map(type, items))
    )


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
        if _is_flat(pattern) and _is_flat(tree):
            return list(tree)
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
    return _is_array_type(type(x))


def _is_array_type(kind: type) -> bool:
    numpy = sys.modules.get("numpy")  # whoever has an array has imported numpy
    return numpy is not None and issubclass(kind, numpy.ndarray)


def array_of(items: Any, shape: tuple[int, ...]) -> Any:
    """Items as an array of this shape: floats, or arrays of one shape, which adds their axes, or objects.

    Items that are trees of one structure become a tree of arrays.
    """
    import numpy

    first: Any = items[0] if len(items) else 0.0
    if isinstance(first, dict):
        return {key: array_of([item[key] for item in items], shape) for key in first}
    if isinstance(first, (list, tuple)):
        branches = [array_of(branch, shape) for branch in zip(*items, strict=True)]
        return type(first)(*branches) if hasattr(first, "_fields") else type(first)(branches)
    if all(type(x) is float for x in items):
        return numpy.array(items, dtype=float).reshape(shape)
    if all(_is_array(x) and x.shape == first.shape for x in items):
        return numpy.stack(items).reshape(shape + first.shape)
    result = numpy.empty(len(items), dtype=object)
    result[:] = items
    return result.reshape(shape)
