"""Structures: nested arguments and results of a traced function, taken apart into numbers and a key.

Lists, tuples, dicts, dataclasses and NumPy arrays are structure; numbers and Values are leaves, which a
program traces; a str, a bool and None are part of the key, since Python code decides by them.
"""

from __future__ import annotations

from math import prod

from autograd.derivatives.tree import array_of, dataclass_fields, is_array, is_dataclass, made_dataclass
from autograd.graph.engine import Value
from autograd.table.op import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any


NUMBER = "#"  # the key of a leaf
LARGEST = 2**1023  # of the ints that a double surely holds


def taken_apart(tree: Any, leaves: list[Any], where: str) -> Any:
    """The key of a structure, hashable; its leaves, floats and Values, are appended to `leaves`.

    Raises:
        TypeError: for an object that is neither structure, number nor key; `where` names the argument.
    """
    kind = type(tree)
    if kind is float or kind is Value:
        leaves.append(tree)
        return NUMBER
    if kind is int and -LARGEST <= tree <= LARGEST:
        leaves.append(float(tree))
        return NUMBER
    if kind is bool or kind is str or tree is None:
        return kind, tree
    if isinstance(tree, (list, tuple)):
        if set(map(type, tree)) <= {float, Value}:
            leaves.extend(tree)
            return kind, len(tree)
        keys = tuple([taken_apart(x, leaves, f"{where}[{i}]") for i, x in enumerate(tree)])
        return kind, len(keys) if all(key is NUMBER for key in keys) else keys
    if isinstance(tree, dict):
        return kind, tuple([(k, taken_apart(x, leaves, f"{where}[{k!r}]")) for k, x in tree.items()])
    if is_array(tree):
        _take_array(tree, leaves, where)
        return "array", tree.shape
    if is_dataclass(tree):
        kept, searched = dataclass_fields(tree)
        parts = [(k, taken_apart(x, leaves, f"{where}.{k}")) for k, x in searched.items()]
        for name, x in kept.items():
            _check_hashable(x, f"{where}.{name}")
        return kind, tuple(kept.items()), tuple(parts)
    try:
        leaves.append(number(tree, where))
    except TypeError as error:
        if isinstance(tree, (complex, int)):
            raise
        raise TypeError(
            f"{where} is a {kind.__name__}, which is neither a number nor a list, tuple, dict, dataclass or "
            f"array of numbers: name it in static_argnums if the function may be traced for each such "
            f"object, or let the function find it outside of its arguments ({error})"
        ) from None
    return NUMBER


def _check_hashable(x: Any, where: str) -> None:
    try:
        hash(x)
    except TypeError:
        raise TypeError(
            f"{where} is a static field, and a program is kept for each of its values, so it has to be "
            f"hashable, which the {type(x).__name__} {x!r} is not: keep a tuple there, not a list"
        ) from None


def arguments_apart(args: Any, kwargs: dict[str, Any], leaves: list[Any], name: str) -> Any:
    """`taken_apart` for the arguments of the function of this name."""
    try:
        return taken_apart((args, kwargs), leaves, "")
    except TypeError:
        pass
    keys = [taken_apart(x, leaves, f"argument {i} of {name}") for i, x in enumerate(args)]
    return keys, [taken_apart(x, leaves, f"the argument {key} of {name}") for key, x in kwargs.items()]


def _take_array(array: Any, leaves: list[Any], where: str) -> None:
    items = array.ravel().tolist()
    if array.dtype.kind == "f" and array.itemsize <= 8:
        leaves.extend(items)
    elif array.dtype.kind in "fiub":
        leaves.extend(map(float, items))
    else:
        leaves.extend([x if type(x) is Value else number(x, f"an element of {where}") for x in items])


def put_together(tree: Any, leaves: Iterable[Any]) -> Any:
    """The structure with the next leaves in the places of its own."""
    return rebuilder(tree)(list(leaves))


def rebuilder(tree: Any) -> Callable[[list[Any]], Any]:
    """A function that gives the structure with other leaves in the places of its own."""
    return _rebuilder(tree, [0])


def _rebuilder(tree: Any, count: list[int]) -> Callable[[list[Any]], Any]:
    start = count[0]
    if isinstance(tree, dict):
        branches = {key: _rebuilder(x, count) for key, x in tree.items()}
        return lambda leaves: {key: branch(leaves) for key, branch in branches.items()}
    if isinstance(tree, (list, tuple)):
        named = type(tree) if hasattr(tree, "_fields") else None
        if not named and set(map(type, tree)) <= {float, Value}:
            count[0] = stop = start + len(tree)
            if isinstance(tree, list):
                return lambda leaves: leaves[start:stop]
            return lambda leaves: tuple(leaves[start:stop])
        shape = None if named else shape_of_rows(tree)
        if shape is not None:
            return _rebuilder_of_rows(shape, isinstance(tree, list), count)
        parts = [_rebuilder(x, count) for x in tree]
        if named:
            return lambda leaves: named(*[part(leaves) for part in parts])
        if isinstance(tree, list):
            return lambda leaves: [part(leaves) for part in parts]
        return lambda leaves: tuple([part(leaves) for part in parts])
    if is_array(tree):
        count[0] = stop = start + tree.size
        shape = tree.shape
        return lambda leaves: array_of(leaves[start:stop], shape)
    if is_dataclass(tree):
        kept, searched = dataclass_fields(tree)
        fields = {key: _rebuilder(x, count) for key, x in searched.items()}
        return lambda leaves: made_dataclass(
            type(tree), kept | {key: field(leaves) for key, field in fields.items()}
        )
    if isinstance(tree, (bool, str)) or tree is None:
        return lambda leaves: tree
    count[0] += 1
    return lambda leaves: leaves[start]


def shape_of_rows(items: Any) -> tuple[int, ...] | None:
    """The shape of all items of a sequence in one, if these are arrays of one shape, with an axis at least.

    A result with such items is made as one array, of which they are views.
    """
    shapes = {x.shape if is_array(x) else () for x in items}
    if len(shapes) != 1:
        return None
    (shape,) = shapes
    return (len(items), *shape) if shape else None


def _rebuilder_of_rows(shape: tuple[int, ...], is_list: bool, count: list[int]) -> Callable[[list[Any]], Any]:
    start, size = count[0], prod(shape[1:])
    count[0] = stop = start + shape[0] * size
    kind = list if is_list else tuple

    def rebuilt(leaves: list[Any]) -> Any:
        part = leaves[start:stop]
        if set(map(type, part)) <= {float}:
            return kind(array_of(part, shape))
        return kind([array_of(part[i * size : (i + 1) * size], shape[1:]) for i in range(shape[0])])

    return rebuilt


def named_leaves(tree: Any, name: str) -> list[str]:
    """A name for each leaf: the path to it in Python's notation, as ``w[0]['bias']``."""
    if isinstance(tree, dict):
        return [path for key, x in tree.items() for path in named_leaves(x, f"{name}[{key!r}]")]
    if isinstance(tree, (list, tuple)):
        return [path for i, x in enumerate(tree) for path in named_leaves(x, f"{name}[{i}]")]
    if is_array(tree):
        import numpy

        return [f"{name}[{', '.join(map(str, place))}]" for place in numpy.ndindex(tree.shape)]
    if is_dataclass(tree):
        return [p for key, x in dataclass_fields(tree)[1].items() for p in named_leaves(x, f"{name}.{key}")]
    return [] if isinstance(tree, (bool, str)) or tree is None else [name]


def has_array(tree: Any) -> bool:
    """Whether an array is in the structure."""
    if isinstance(tree, dict):
        return any(map(has_array, tree.values()))
    if isinstance(tree, (list, tuple)):
        return any(map(has_array, tree))
    if is_dataclass(tree):
        return any(map(has_array, dataclass_fields(tree)[1].values()))
    return is_array(tree)


def argument_names(f: Callable[..., Any], count: int) -> list[str]:
    """Names of the positional arguments of a function."""
    import inspect

    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names: list[str] = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}[{i}]" for i in range(count - len(names))]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    return [names[i] if i < len(names) else f"x{i}" for i in range(count)]
