"""The C kernels of the table: the header kernels.h, written from the rows when the extension is built.

It has a C function for the result of each row and one for each slope, and macros that list the rows by the
shape of their operands, with which the hand-written C makes its tables.

Slopes by the operands of a sequence have one of two forms. If a slope depends only on its own operand (and
its partner, if there are two sequences) and the result, it is a function of these. If it depends on sums over
the whole sequence, too, one function computes each sum once and writes the slopes by all operands.

For loops over many numbers each row of numbers has `quick_op`, which compilers vectorise, and `rare_op`,
which tells where it must be replaced by `forward_op` (see `_loop_kernels`). A file of loops defines
AUTOGRAD_INLINE as a forced inline before it includes the header.

For sweeps that build graphs each slope is also written as a template: the ops of its formula, step by step.
"""

from __future__ import annotations

import json
from itertools import chain
from typing import Any

from autograd._native import fingerprint
from autograd.formulas import notation
from autograd.formulas.symbol import Symbol
from autograd.graph.lines import call, flatten, replay
from autograd.graph.walks import replaced, topological_order
from autograd.table.op import BINARY, OTHER, SEQUENCE, SHAPES, TABLE, Op
from autograd.table.operand import Operand


def kernels() -> str:
    """The text of kernels.h."""
    rows = [op for op in TABLE.values() if op.shape != OTHER]  # an OTHER row runs by its rules in Python
    texts = list(dict.fromkeys(chain.from_iterable(op.c_helper for op in rows)))
    texts = [text.replace("static double", "static inline double") for text in texts]
    texts += [_forward(op) for op in rows]
    texts += [text for op in rows if not op.variadic for text in _loop_kernels(op)]
    joint = [op.name for op in rows if op.variadic and _sequence_slope(op, 0)[1]]
    texts += [_joint_slopes(op) for op in rows if op.name in joint]
    texts += [_slope(op, i) for op in rows if op.name not in joint for i in range(op.arity)]
    parts = ["/* Made from the table of ops by kernels.py. */\n", "#pragma once\n"]
    # Before Visual Studio 2022, /fp:precise allowed a*b + c to be rounded once.
    parts.append("#if defined(_MSC_VER)\n#pragma fp_contract (off)\n#endif\n")
    parts.append(f"#define TABLE_FINGERPRINT {fingerprint()}\n")
    parts.append(f"#define TABLE_SIZE {len(rows)}\n")
    parts.append(f"typedef enum {{ {', '.join([*SHAPES.values(), OTHER])} }} Shape;\n")
    for shape in SHAPES.values():
        names = [op.name for op in rows if op.shape == shape]
        parts.append(f"#define {shape}_OPS(X) {_listed(names)}\n")
        if shape == SEQUENCE:
            separate = [name for name in names if name not in joint]
            parts.append(f"#define {shape}_OPS_SLOPE_BY_SLOPE(X) {_listed(separate)}\n")
            parts.append(f"#define {shape}_OPS_ALL_SLOPES_AT_ONCE(X) {_listed(joint)}\n")
    parts.append(f"#define RARE_OPS(X) {_listed([op.name for op in rows if op.c_rare])}\n")
    all_rows = [f"X({op.name}, {op.shape}, {_has_slopes(op)})" for op in rows]
    parts.append(f"#define ALL_OPS(X) {' '.join(all_rows)}\n")
    parts.append(f"#define MASKING_OPS(X) {_listed([op.name for op in rows if op.masks])}\n")
    for shape, arity in (("UNARY", 1), ("BINARY", 2)):
        methods = [
            f"X({op.name}, {op.method}, {json.dumps(op.__doc__)})"
            for op in rows
            if op.method and op.arity == arity and not op.variadic
        ]
        parts.append(f"#define {shape}_METHODS(X) {' '.join(methods)}\n")
    return "\n".join([*parts, _templates(rows, joint), *texts])


def _has_slopes(op: Op) -> int:
    """Bit i is set if the row has a partial for operand i."""
    return sum((partial is not None) << i for i, partial in enumerate(op.partials))


def _operands(op: Op) -> list[Symbol]:
    return [Symbol(name) for name in "xyz"[: op.arity]]


def _forward(op: Op) -> str:
    """The C function of the result; for a variadic op it takes (n, xs, ys ...)."""
    if op.variadic:
        return f"#define forward_{op.name} {op.c}\n"
    args = _operands(op)
    return _function(f"forward_{op.name}", args, op(*args))


def _loop_kernels(op: Op) -> list[str]:
    """Functions for loops that a compiler shall vectorise: ``quick_op``, and ``rare_op`` for its exceptions.

    ``quick_op(x)`` has the bits of ``forward_op(x)`` wherever ``rare_op(x)`` is 0. For the rows in RARE_OPS,
    a loop to places ``o`` that are not those of the operands goes on with a pass that is vectorised, too, and
    one that seldom runs; for all other rows `rare_op` is the constant 0::

        double any = 0.0;
        for (int k = 0; k < n; k++) o[k] = quick_op(a[k]);
        for (int k = 0; k < n; k++) any = rare_op(a[k]) ? 1.0 : any;
        if (any != 0.0)
            for (int k = 0; k < n; k++) if (rare_op(a[k])) o[k] = forward_op(a[k]);
    """
    parameters = ", ".join(f"double {x}" for x in "xyz"[: op.arity])
    texts = [f"#define quick_{op.name} forward_{op.name}\n"]
    if op.c_quick != op.c:
        quick = notation.fill(op.c_quick, "xyz")
        texts = [f"AUTOGRAD_INLINE double quick_{op.name}({parameters})\n{{\n    return {quick};\n}}\n"]
    rare = notation.fill(op.c_rare, "xyz")
    if not rare:
        return [*texts, f"#define rare_{op.name}({', '.join('xyz'[: op.arity])}) 0\n"]
    return [*texts, f"AUTOGRAD_INLINE int rare_{op.name}({parameters})\n{{\n    return {rare};\n}}\n"]


def _slope(op: Op, i: int) -> str:
    """The C function of the slope by operand i; for a variadic op, by one number of sequence i."""
    args, out = _operands(op), Symbol("out")
    partial = op.partials[i]
    if partial is None:
        slope = 0.0
    elif op.variadic:
        slope, _ = _sequence_slope(op, i)
    else:
        slope = partial(*args, out)
    return _function(f"slope_{op.name}_{i}", [*args, out], slope)


def _joint_slopes(op: Op) -> str:
    """A C function that writes the slopes by all numbers of a sequence: ``slopes_op(n, xs, out, slopes)``.

    Raises:
        ValueError: for an op of two sequences, which no row needs.
    """
    if op.arity != 1:
        raise ValueError(f"the slopes of {op.name} depend on sums over its sequences, of which it has two")
    slope, sums = _sequence_slope(op, 0)
    known = [*_operands(op), Symbol("out")]
    functions: list[str] = []
    body: list[str] = []

    def write(name: str, result: Any, parameters: list[Symbol]) -> None:
        functions.append(_function(name, parameters, result))
        numbers = ", ".join({"x": "xs[i]", "term": "slopes[i]"}.get(p.name, p.name) for p in parameters)
        body.append(f"    for (int i = 0; i < n; i++)\n        slopes[i] = {name}({numbers});")

    term: Any = None
    for total, (reduction, term) in sums.items():
        write(f"term_{total.name}_{op.name}", term, known)
        body.append(f"    const double {total.name} = forward_{reduction.name}(n, slopes);")
        known = [*known, total]
    if isinstance(term, Symbol):  # the array `slopes` still holds the terms of the last sum
        slope = _with(slope, {term: Symbol("term")})
        known = [*known, Symbol("term")]
    write(f"slope_{op.name}_0", slope, known)
    signature = f"static inline void slopes_{op.name}(int n, const double *xs, double out, double *slopes)"
    return "\n".join([*functions, signature, "{", *body, "}\n"])


def _sequence_slope(op: Op, i: int) -> tuple[Any, dict[Symbol, tuple[Op, Any]]]:
    """The slope by one number of sequence i, and the sums over the whole sequence that it depends on.

    The slope is a formula of Symbols for the number (and its partner in the other sequence), the result and
    each sum. A sum is an op such as `sum_of` with the formula of the term for one number.

    Raises:
        ValueError: if the slope depends on other numbers of the sequence in another way.
    """
    partial = op.partials[i]
    if partial is None:
        return 0.0, {}
    found = _traced(op, partial, 2)
    if found is None or found != _traced(op, partial, 3):
        raise ValueError(
            f"the slopes of {op.name} depend on several operands of a sequence at a time, other than through "
            f"a sum over all of them, term by term"
        )
    return found


def _traced(op: Op, partial: Any, count: int) -> tuple[Any, dict[Symbol, tuple[Op, Any]]] | None:
    """`_sequence_slope` from sequences of `count` numbers; None if the slopes have different formulas."""
    first = _operands(op)
    places = [first, *[[Symbol(f"{x.name}_{k}") for x in first] for k in range(1, count)]]

    def common(formulas: Any) -> Any:
        """The first formula, if all are the same function of the numbers at their own place; else None."""
        for formula, at in zip(formulas, places, strict=True):
            there = _with(formulas[0], dict(zip(first, at, strict=True)))
            back = _with(formula, dict(zip(at, first, strict=True)))
            if formula != there or back != formulas[0]:
                return None
        return formulas[0]

    slopes = partial(*zip(*places, strict=True), Symbol("out"))
    sums: dict[Symbol, tuple[Op, Any]] = {}
    new: dict[Any, Any] = {}
    for node in topological_order(*[slope for slope in slopes if type(slope) is Symbol]):
        operands = replaced(node.args, new.__getitem__, {})
        if node.op is None or not node.op.variadic:
            new[node] = node.op(*operands) if node.op else node
            continue
        term = common(operands[0]) if node.op.arity == 1 and len(operands[0]) == count else None
        if term is None:
            return None
        total = Symbol(f"sum_{len(sums) + 1}")
        sums[total] = (node.op, term)
        new[node] = total
    slope = common([new[slope] if type(slope) is Symbol else slope for slope in slopes])
    return None if slope is None else (slope, sums)


def _with(formula: Any, replacements: dict[Any, Any]) -> Any:
    """The formula with some of its parts replaced by other formulas."""
    if type(formula) is float or formula in replacements:
        return replacements.get(formula, formula)
    flat = flatten(formula, stop=replacements)
    return replay(flat.lines, [replacements.get(x, x) for x in flat.inputs], call)[-1]


def _listed(names: list[str]) -> str:
    return " ".join(f"X({name})" for name in names)


def _function(name: str, parameters: list[Symbol], result: Any) -> str:
    return f"AUTOGRAD_INLINE {notation.c_function(name, parameters, result)}"


# Templates of slopes


class _Placeholder(Operand):
    """An operand of a template, or a step; ops on placeholders are kept as they stand."""

    def __init__(self, op: Op | None = None, args: tuple[Any, ...] = (), *, is_number: bool = False) -> None:
        self.op, self.args = op, args
        self.is_number = is_number  # whether it stands for a plain number in the graph

    @classmethod
    def apply_op(cls, op: Op, args: tuple[Any, ...]) -> Any:
        return cls(op, args, is_number=not op.variadic and all(type(x) is float or x.is_number for x in args))


def _templates(rows: list[Op], joint: list[str]) -> str:
    """The arrays `template_numbers` and `template_steps`, and the table `templates`.

    A step refers to operands by place: 0 to 2 are x, y and z, 3 is the result, then come the earlier steps of
    the template; below 0 stand the numbers -1, -2 ... of `template_numbers`. `templates` has, for each row,
    each operand, and which operand of a binary op is a plain number (none, x or y), the first step, the count
    of steps, and the place of the slope. The count is -1 where the rule in Python has to be called.
    """
    codes = {op: code for code, op in enumerate(rows)}
    numbers: list[str] = []
    steps: list[str] = []
    starts: dict[str, int] = {}

    longest = 1

    def template(op: Op, i: int, constant: int | None) -> str:
        nonlocal longest
        if op.name in joint:
            return "{0, -1, 0}"
        operands = [_Placeholder(is_number=k == constant) for k in range(op.arity)]
        out = _Placeholder()
        partial: Any = op.partials[i]
        slope: Any = 0.0
        if partial is not None:
            slope = partial(*[(x,) for x in operands], out)[0] if op.variadic else partial(*operands, out)
        inner: list[Any] = []
        if isinstance(slope, _Placeholder):
            inner = [x for x in topological_order(slope) if x.op]
        if any(x.op not in codes or x.op.variadic for x in inner):
            return "{0, -1, 0}"
        places: dict[Any, int] = {x: k for k, x in enumerate(operands)} | {
            x: k for k, x in enumerate([out, *inner], 3)
        }

        def place(x: Any) -> int:
            if type(x) is not float:
                return places[x]
            text = "NAN" if x != x else repr(x)
            if text not in numbers:
                numbers.append(text)
            return -1 - numbers.index(text)

        lines = [f"{{{codes[x.op]}, {{{', '.join(str(place(arg)) for arg in x.args)}}}}}" for x in inner]
        longest = max(longest, len(lines))
        start = starts.setdefault(str(lines), len(steps))
        if start == len(steps):
            steps.extend(lines)
        return f"{{{start}, {len(lines)}, {place(slope)}}}"

    table = []
    for op in rows:
        constants = (None, 0, 1) if op.shape == BINARY else (None,)
        operands = [", ".join(template(op, i, constant) for constant in constants) for i in range(op.arity)]
        table.append(f"{{{', '.join(f'{{{operand}}}' for operand in operands)}}}, /* {op.name} */")
    return f"""\
typedef struct {{ unsigned char op; short operands[3]; }} Step;
typedef struct {{ short first, count, slope; }} Template;
enum {{ MOST_STEPS = {longest} }};
static const double template_numbers[] = {{{", ".join(numbers)}}};
static const Step template_steps[] = {{{", ".join(steps)}}};
static const Template templates[][3][3] = {{
{chr(10).join(table)}
}};
"""
