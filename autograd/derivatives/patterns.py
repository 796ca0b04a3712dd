"""Patterns: structures of arguments and results in the form in which the machine compares and builds them.

A pattern is a tuple of a kind, an object and branches: see ``read_pattern`` in ``_machine/calls.c``.
Structures that the machine does not know, such as dataclasses, have none.
"""

from __future__ import annotations

import sys

from autograd._machine import machine
from autograd.derivatives.structure import NUMBER, shape_of_rows
from autograd.derivatives.tree import is_array, is_dataclass
from autograd.graph.engine import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def structure_of(key: Any, static: dict[int, Any], programs: list[Any]) -> Any:
    """The machine's Structure of arguments with this key, see `arguments_apart`; or None where it has none.

    `static` has the arguments, by their places, that are compared as objects.
    """
    try:
        (_, inside), (_, named) = key[1]
        found = [_number()] * inside if type(inside) is int else list(map(_of_key, inside))
        for place, x in static.items():
            found[place] = _of_static(x)
        found += [_of_key(branch) for _, branch in named]
    except NotImplementedError:
        return None
    return machine.Structure(tuple(found), tuple([name for name, _ in named]), programs)


def pattern_of_result(tree: Any) -> Any:
    """The pattern of a result, with the types that `rebuilder` gives; None where the machine knows none."""
    try:
        return _of_result(tree)
    except NotImplementedError:
        return None


def connect_numpy() -> None:
    """Tell the machine about arrays, once NumPy has been imported."""
    numpy: Any = sys.modules.get("numpy")
    if machine is not None and numpy is not None:
        machine.connect_numpy(numpy.ndarray, numpy.float64, numpy.empty)


def _number() -> Any:
    return machine.NUMBER, None, None


def _of_key(key: Any) -> Any:
    if key is NUMBER:
        return _number()
    kind = key[0]
    if kind == "array":
        return machine.ARRAY, key[1], None
    if kind in (bool, str, type(None)):
        return machine.SAME, key[1], None
    if kind in (list, tuple):
        if type(key[1]) is int:
            return machine.NUMBERS, kind, key[1]
        return machine.LIST if kind is list else machine.TUPLE, None, tuple(map(_of_key, key[1]))
    if kind is dict:
        return machine.DICT, tuple([k for k, _ in key[1]]), tuple([_of_key(branch) for _, branch in key[1]])
    raise NotImplementedError


def _of_static(x: Any) -> Any:
    kind = type(x)
    if x is None or kind in (bool, int, str):
        return machine.SAME, x, None
    if kind is tuple:
        return machine.TUPLE, None, tuple(map(_of_static, x))
    if getattr(kind, "__hash__", None) is object.__hash__:
        return machine.IDENTICAL, x, None
    raise NotImplementedError


def _of_result(tree: Any) -> Any:
    if isinstance(tree, dict):
        return machine.DICT, tuple(tree), tuple(map(_of_result, tree.values()))
    if isinstance(tree, (list, tuple)) and not hasattr(tree, "_fields"):
        kind = list if isinstance(tree, list) else tuple
        if set(map(type, tree)) <= {float, Value}:
            return machine.NUMBERS, kind, len(tree)
        shape = shape_of_rows(tree)
        if shape is not None:
            return machine.ROWS, shape, kind
        return machine.LIST if kind is list else machine.TUPLE, None, tuple(map(_of_result, tree))
    if is_array(tree):
        return machine.ARRAY, tree.shape, None
    if isinstance(tree, (list, tuple)) or is_dataclass(tree):
        raise NotImplementedError
    if isinstance(tree, (bool, str)) or tree is None:
        return machine.SAME, tree, None
    return _number()
