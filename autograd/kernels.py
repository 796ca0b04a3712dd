"""The C kernels of the table: what the extension is compiled with, made from the rows when it is built.

For each row a function of its number and one of each slope, and lists of the rows by the shape of
their operands, as macros that the hand-written part of the extension goes through.
"""

from __future__ import annotations

import json
from binascii import crc32
from pathlib import Path
from typing import Any

from autograd import notation, ops
from autograd.dag import topological_order
from autograd.op import TABLE, Op
from autograd.symbol import Symbol

SHAPES = {
    (False, 1): "UNARY",
    (False, 2): "BINARY",
    (False, 3): "TERNARY",
    (True, 1): "SEQUENCE",
    (True, 2): "TWO_SEQUENCES",
}


def kernels() -> str:
    """The text of kernels.h."""
    rows = list(TABLE.values())
    texts = [op.c_helper for op in rows if op.c_helper]
    texts += [_forward(op) for op in rows]
    texts += [_slope(op, i) for op in rows for i in range(op.arity)]
    parts = ["/* Made from the table of ops by kernels.py. */\n"]
    parts.append(f"#define TABLE_FINGERPRINT {fingerprint()}\n")
    parts.append(f"#define TABLE_SIZE {len(rows)}\n")
    for shape in SHAPES.values():
        names = [op.name for op in rows if SHAPES[op.variadic, op.arity] == shape]
        parts.append(f"#define {shape}_OPS(X) {' '.join(f'X({name})' for name in names)}\n")
    all_rows = [f"X({op.name}, {SHAPES[op.variadic, op.arity]}, {_has_slopes(op)})" for op in rows]
    parts.append(f"#define ALL_OPS(X) {' '.join(all_rows)}\n")
    for shape, arity in (("UNARY", 1), ("BINARY", 2)):
        methods = [
            f"X({op.name}, {op.method}, {json.dumps(op.__doc__)})"
            for op in rows
            if op.method and op.arity == arity and not op.variadic
        ]
        parts.append(f"#define {shape}_METHODS(X) {' '.join(methods)}\n")
    return "\n".join(parts + texts)


def fingerprint() -> int:
    """A number that tells one text of the table from another."""
    return crc32(Path(ops.__file__).read_bytes()) & 0x7FFFFFFF  # a long in C, on every machine


def _has_slopes(op: Op) -> int:
    """The operands that have a slope, as bits."""
    return sum((partial is not None) << i for i, partial in enumerate(op.partials))


def _operands(op: Op) -> list[Symbol]:
    return [Symbol(name) for name in "xyz"[: op.arity]]


def _forward(op: Op) -> str:
    """The function of the number; for a variadic op, of (n, xs, ys ...)."""
    if op.variadic:
        return f"#define forward_{op.name} {op.c}\n"
    args = _operands(op)
    return _function(f"forward_{op.name}", args, op(*args))


def _slope(op: Op, i: int) -> str:
    """The function of the slope by the i-th operand; for a variadic op, by one operand of that sequence.

    Raises:
        ValueError: if that slope depends on the other operands of a sequence, which it gets none of.
    """
    args, out = _operands(op), Symbol("out")
    partial = op.partials[i]
    if partial is None:
        slope = 0.0
    elif not op.variadic:
        slope = partial(*args, out)
    else:
        others = [Symbol(f"other_{x}") for x in args]
        slope = partial(*zip(args, others, strict=True), out)[0]
        second = partial(*zip(others, args, strict=True), out)[1]
        mixed = isinstance(slope, Symbol) and set(topological_order(slope)) & set(others)
        if mixed or slope != second:
            raise ValueError(f"the slopes of {op.name} depend on several operands of a sequence at a time")
    return _function(f"slope_{op.name}_{i}", [*args, out], slope)


def _function(name: str, parameters: list[Symbol], result: Any) -> str:
    return f"static inline {notation.c_function(name, parameters, result)}"
