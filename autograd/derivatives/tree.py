"""Trees: numbers nested in lists, tuples, dicts, dataclasses and NumPy arrays, taken apart and put together.

The numbers in the fields of a dataclass are leaves, also in fields with ``init=False``. Anything else in it,
such as a string, a bool or None, is kept as it is, and so is every field made, as in JAX, with
``field(metadata={"static": True})``. Putting a dataclass together again calls neither ``__init__`` nor
``__post_init__``, which might refuse Values and derivatives.
"""

from __future__ import annotations

import sys

from autograd.table.op import number

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
    return leaves, _visit(tree, leaves, False)


def _visit(tree: Any, leaves: list[Any], in_dataclass: bool) -> Rebuild:
    start = len(leaves)
    if isinstance(tree, dict):
        rebuilders = {key: _visit(branch, leaves, in_dataclass) for key, branch in tree.items()}
        return lambda new: {key: rebuild(new) for key, rebuild in rebuilders.items()}
    if isinstance(tree, (list, tuple)):
        kind = list if isinstance(tree, list) else tuple
        if not hasattr(tree, "_fields") and not in_dataclass and _is_flat(tree):
            leaves.extend(tree)
            stop = len(leaves)
            return lambda new: kind(new[start:stop])
        parts = [_visit(branch, leaves, in_dataclass) for branch in tree]
        if hasattr(tree, "_fields"):  # a named tuple takes its items one by one
            return lambda new: type(tree)(*[rebuild(new) for rebuild in parts])
        return lambda new: kind([rebuild(new) for rebuild in parts])
    if is_dataclass(tree):
        return _visit_dataclass(tree, leaves)
    if in_dataclass and _is_kept(tree):
        return lambda new: tree
    if is_array(tree):
        leaves.extend(tree.ravel().tolist())
        stop, shape = len(leaves), tree.shape
        return lambda new: array_of(new[start:stop], shape)
    leaves.append(tree)
    return lambda new: new[start]


def _is_flat(items: Any) -> bool:
    """Whether all items are leaves: they are taken all at once."""
    return not any(
        issubclass(kind, (dict, list, tuple)) or hasattr(kind, "__dataclass_fields__") or _is_array_type(kind)
        for kind in set(map(type, items))
    )


def _visit_dataclass(tree: Any, leaves: list[Any]) -> Rebuild:
    kept, branches = dataclass_fields(tree)
    rebuilders = {name: _visit(branch, leaves, True) for name, branch in branches.items()}
    return lambda new: made_dataclass(
        type(tree), kept | {name: rebuild(new) for name, rebuild in rebuilders.items()}
    )


def made_dataclass(kind: type, fields: dict[str, Any]) -> Any:
    """An object of a dataclass, which may be frozen, with these fields."""
    made: Any = object.__new__(kind)
    for name, field in fields.items():
        object.__setattr__(made, name, field)
    return made


def is_dataclass(x: Any) -> bool:
    """Whether x is an object of a dataclass, not the class itself."""
    return hasattr(type(x), "__dataclass_fields__")


def dataclass_fields(tree: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of a dataclass that have been set: those to keep as they are, and those to search."""
    import dataclasses

    kept: dict[str, Any] = {}
    branches: dict[str, Any] = {}
    for field in dataclasses.fields(tree):
        if hasattr(tree, field.name):
            group = kept if field.metadata.get("static") else branches
            group[field.name] = getattr(tree, field.name)
    return kept, branches


def _is_kept(x: Any) -> bool:
    """Whether an object in a dataclass is no number; a complex number is a leaf, so that it is refused."""
    if hasattr(type(x), "apply_op") or isinstance(x, complex):
        return False
    if is_array(x):
        return x.dtype.kind not in "iufcO"
    if isinstance(x, bool) or x is None:
        return True
    try:
        number(x)
    except TypeError:
        return not isinstance(x, int)  # an int too large for a double is refused later, with the reason
    return False


def flatten_like(tree: Any, pattern: Any, name: str = "", in_dataclass: bool = False) -> list[Any]:
    """The leaves of a tree with the structure of `pattern`, in the order of the pattern's leaves.

    Raises:
        ValueError: where the structures differ; `name` is what the tree is called there.
    """
    if isinstance(pattern, dict):
        if not isinstance(tree, dict) or tree.keys() != pattern.keys():
            raise _differs(name, f"a dict with the keys {list(pattern)}", tree)
        return [
            x
            for key in pattern
            for x in flatten_like(tree[key], pattern[key], f"{name}[{key!r}]", in_dataclass)
        ]
    if isinstance(pattern, (list, tuple)):
        if not isinstance(tree, (list, tuple)) or len(tree) != len(pattern):
            raise _differs(name, f"a {type(pattern).__name__} of {len(pattern)}", tree)
        if not in_dataclass and _is_flat(pattern) and _is_flat(tree):
            return list(tree)
        pairs = enumerate(zip(tree, pattern, strict=True))
        return [x for i, (t, p) in pairs for x in flatten_like(t, p, f"{name}[{i}]", in_dataclass)]
    if is_dataclass(pattern):
        if type(tree) is not type(pattern):
            raise _differs(name, f"a {type(pattern).__name__}", tree)
        mine, theirs = dataclass_fields(tree)[1], dataclass_fields(pattern)[1]
        return [x for key in theirs for x in flatten_like(mine.get(key), theirs[key], f"{name}.{key}", True)]
    if in_dataclass and _is_kept(pattern):
        return []
    if is_array(tree) and tree.ndim == 0:  # interchangeable with a number
        tree = tree.item()
    if is_array(pattern) and pattern.ndim > 0:
        if not is_array(tree) or tree.shape != pattern.shape:
            raise _differs(name, f"an array of shape {pattern.shape}", tree)
        return flatten(tree)[0]
    if isinstance(tree, (dict, list, tuple)) or is_array(tree) or is_dataclass(tree):
        raise _differs(name, "a number", tree)
    return [tree]


def _differs(name: str, wanted: str, tree: Any) -> ValueError:
    return ValueError(f"{name} must be {wanted}, to match what it belongs to, not {tree!r}")


def paths(tree: Any, name: str = "", in_dataclass: bool = False) -> list[str]:
    """The path of each leaf, in Python's notation: ``[0]['w'][2]``, ``[0].w``."""
    if isinstance(tree, dict):
        return [p for key, branch in tree.items() for p in paths(branch, f"{name}[{key!r}]", in_dataclass)]
    if isinstance(tree, (list, tuple)):
        return [p for i, branch in enumerate(tree) for p in paths(branch, f"{name}[{i}]", in_dataclass)]
    if is_dataclass(tree):
        return [
            p
            for key, branch in dataclass_fields(tree)[1].items()
            for p in paths(branch, f"{name}.{key}", True)
        ]
    if in_dataclass and _is_kept(tree):
        return []
    if is_array(tree):
        import numpy

        return [f"{name}[{', '.join(map(str, place))}]" for place in numpy.ndindex(tree.shape)]
    return [name]


def is_array(x: Any) -> bool:
    """Whether x is a NumPy array."""
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
    if set(map(type, items)) <= {float}:
        return numpy.array(items, dtype=float).reshape(shape)
    if isinstance(first, dict):
        return {key: array_of([item[key] for item in items], shape) for key in first}
    if isinstance(first, (list, tuple)):
        branches = [array_of(branch, shape) for branch in zip(*items, strict=True)]
        return type(first)(*branches) if hasattr(first, "_fields") else type(first)(branches)
    if is_dataclass(first):
        fields, searched = dataclass_fields(first)
        for name, field in searched.items():
            fields[name] = field if _is_kept(field) else array_of([getattr(x, name) for x in items], shape)
        return made_dataclass(type(first), fields)
    if all(isinstance(x, (float, int, numpy.floating, numpy.integer, numpy.bool_)) for x in items):
        return numpy.array(items, dtype=float).reshape(shape)
    if all(is_array(x) and x.shape == first.shape for x in items):
        return numpy.stack(items).reshape(shape + first.shape)
    result = numpy.empty(len(items), dtype=object)
    result[:] = items
    return result.reshape(shape)
