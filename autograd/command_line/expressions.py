"""Evaluating an expression given as text, such as "tanh(w*x + b)", without `eval`."""

from __future__ import annotations

import ast
import math
import unicodedata
from functools import reduce

from autograd.graph.engine import Value
from autograd.table import functions, ops
from autograd.table.op import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: ops.add,
    ast.Sub: ops.sub,
    ast.Mult: ops.mul,
    ast.Div: ops.div,
    ast.Mod: functions.mod,
    ast.FloorDiv: functions.floordiv,
    ast.Pow: ops.pow,
    ast.USub: ops.neg,
    ast.UAdd: ops.identity,
    ast.Lt: ops.lt,
    ast.LtE: ops.le,
    ast.Gt: lambda x, y: ops.lt(y, x),
    ast.GtE: lambda x, y: ops.le(y, x),
    ast.Eq: ops.eq,
    ast.NotEq: ops.ne,
}
SYNONYMS = {"max": "maximum", "min": "minimum", "ln": "log", "sum": "sum_of", "fabs": "abs"}
TOO_DEEP = "too many operators or brackets inside each other"
CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan}


class ExpressionError(ValueError):
    """An expression that cannot be evaluated; the error text points at the column."""

    def __init__(self, text: str, column: int, problem: str) -> None:
        super().__init__(f"{problem}\n  {text}\n  {' ' * column}^ column {column + 1}")
        self.column = column + 1


def evaluate(text: str, numbers: Mapping[str, float]) -> tuple[Any, dict[str, Value]]:
    """The result of an expression (a Value, or a float) and its variables (Values, by name).

    An expression consists of numbers, names, ``pi``, ``e``, ``+ - * / // % **`` with Python's meaning,
    comparisons, brackets, and functions of the table of ops; `dot` and its like take sequences in square
    brackets. Division by 0 gives inf or nan, as in IEEE 754.

    Args:
        text: the expression.
        numbers: the numbers of its variables.

    Raises:
        ExpressionError: if the expression contains anything else.
    """
    text = text.strip()
    if not text:
        raise ExpressionError("", 0, "the expression is empty")
    reader = _Reader(text, numbers)
    try:
        try:
            tree = ast.parse(text, mode="eval")
        except SyntaxError as error:
            column = min(max((error.offset or 1) - 1, 0), len(text))
            raise ExpressionError(text, column, f"not an expression: {error.msg}") from None
        except ValueError as error:
            raise ExpressionError(text[:60], 0, f"not an expression: {error}") from None
        return reader.read(tree.body), reader.variables
    except (RecursionError, MemoryError):
        raise ExpressionError(text[:60], 0, TOO_DEEP) from None


def traced(text: str, names: Sequence[str]) -> Callable[..., Any]:
    """A function of Values, by these names, that evaluates an expression.

    Raises:
        ExpressionError: when it is called, if the expression is none, or has other variables.
    """

    def function(**values: Any) -> Any:
        given = {normalised(name): value for name, value in values.items()}
        out, used = evaluate(text, given)
        if unused := [name for name in given if name not in used]:
            raise ExpressionError(text, 0, f"{', '.join(unused)} does not occur in the expression")
        return out

    return function


def normalised(name: str) -> str:
    """A name as Python normalises it: the micro sign, for example, becomes the Greek letter mu."""
    return unicodedata.normalize("NFKC", name)


class _Reader:
    def __init__(self, text: str, numbers: Mapping[str, float]) -> None:
        self.text, self.numbers = text, {normalised(name): number for name, number in numbers.items()}
        self.variables: dict[str, Value] = {}

    def error(self, node: Any, problem: str) -> ExpressionError:
        lines = self.text.splitlines()
        line = lines[node.lineno - 1] if lines else ""
        column = len(line.encode()[: node.col_offset].decode(errors="replace"))
        return ExpressionError(line, column, problem)

    def read(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            return self.number(node)
        if isinstance(node, ast.Name):
            return self.name(node)
        if isinstance(node, ast.UnaryOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](self.read(node.operand))
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](self.read(node.left), self.read(node.right))
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            if type(node.ops[0]) not in OPERATORS:
                raise self.error(node, "only <, <=, >, >=, == and != compare numbers")
            return OPERATORS[type(node.ops[0])](self.read(node.left), self.read(node.comparators[0]))
        if isinstance(node, ast.Call):
            return self.call(node)
        if isinstance(node, (ast.List, ast.Tuple)):
            raise self.error(
                node, "a sequence is only allowed as the operand of a function, as dot([x, y], [1, 2])"
            )
        if isinstance(node, ast.Attribute) and node.attr in CONSTANTS:
            raise self.error(node, self.qualified_name_problem(node, ""))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):
            raise self.error(node.right, "a power is written with **, not ^")
        raise self.error(
            node, f"an expression has numbers, names, operators and functions, and no {_syntax_name(node)}"
        )

    def number(self, node: ast.Constant) -> float:
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            raise self.error(node, f"{node.value!r} is no number")
        try:
            return float(node.value)
        except OverflowError:
            raise self.error(node, "this number is too large for a double") from None

    def name(self, node: ast.Name) -> Any:
        if node.id in self.numbers:
            if node.id not in self.variables:
                number: Any = self.numbers[node.id]
                self.variables[node.id] = number if type(number) is Value else Value(number, node.id)
            return self.variables[node.id]
        if node.id in CONSTANTS:
            return CONSTANTS[node.id]
        if node.id in TABLE:
            raise self.error(node, f"{node.id} is a function: write {node.id}(...)")
        raise self.error(node, f"{node.id} has no number: write {node.id}=2 after the expression")

    def qualified_name_problem(self, node: ast.Attribute, suffix: str) -> str:
        """Why math.exp or x.exp is refused, and what to write instead; `suffix` is "(...)" for a call."""
        name = SYNONYMS.get(node.attr, node.attr)
        if name in TABLE or (name in CONSTANTS and not suffix):
            cure = f"write {name}{suffix}"
        else:
            cure = "`python -m autograd ops` lists all functions"
        return f"a name stands alone here, without the module or object of {ast.unparse(node)}: {cure}"

    def call(self, node: ast.Call) -> Any:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        op = TABLE.get(SYNONYMS.get(name, name))
        if op is None:
            from difflib import get_close_matches

            if isinstance(node.func, ast.Attribute):
                raise self.error(node.func, self.qualified_name_problem(node.func, "(...)"))
            near = get_close_matches(name, TABLE, 1)
            hint = f"did you mean {near[0]}?" if near else "`python -m autograd ops` lists all functions"
            raise self.error(node.func, f"there is no function {name or ast.unparse(node.func)}: {hint}")
        if node.keywords or any(isinstance(arg, ast.Starred) for arg in node.args):
            raise self.error(node, f"{name} takes its operands one by one, without names")
        if op.name in ("maximum", "minimum") and len(node.args) > 2:
            return reduce(op, map(self.read, node.args))
        if len(node.args) != op.arity:
            operands = "operand" if op.arity == 1 else "operands"
            raise self.error(node, f"{name} takes {op.arity} {operands}, not {len(node.args)}")
        if not op.variadic:
            return op(*map(self.read, node.args))
        rows = []
        for arg in node.args:
            if not isinstance(arg, (ast.List, ast.Tuple)):
                example = f"{name}([x, y]{', [1, 2]' * (op.arity - 1)})"
                raise self.error(arg, f"{name} takes sequences, as {example}")
            rows.append([self.read(item) for item in arg.elts])
        if len(set(map(len, rows))) > 1:
            raise self.error(node, f"{name} takes sequences of one length")
        return op(*rows)


def _syntax_name(node: ast.AST) -> str:
    words = {
        ast.Attribute: "attribute",
        ast.Subscript: "index",
        ast.Lambda: "lambda",
        ast.IfExp: "if: write where(condition, x, y)",
        ast.BoolOp: "and, or: write minimum, maximum",
        ast.JoinedStr: "text",
        ast.Compare: "chain of comparisons: write (a < b) * (b < c)",
        ast.NamedExpr: "assignment",
    }
    return words.get(type(node), type(node).__name__)
