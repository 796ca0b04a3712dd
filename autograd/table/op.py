"""Op: one row of facts about a primitive operation, and a call that goes to the class of its operands."""

from __future__ import annotations

import sys
from itertools import chain

from autograd import _native

TYPE_CHECKING = False  # type checkers take this name as true; importing typing costs 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Literal

    Partial = Callable[..., Any]
    Kind = Literal["", "sum", "product", "relation", "choice"]

ATOM = 9  # the precedence of texts that never need parentheses

# Shapes of the operands of a row of the table, for which engines have fast paths, by `variadic` and arity.
UNARY, BINARY, TERNARY, SEQUENCE, TWO_SEQUENCES = "UNARY", "BINARY", "TERNARY", "SEQUENCE", "TWO_SEQUENCES"
OTHER = "OTHER"  # a row of any other shape, and every op of a user: slower, by the rules in the Op
SHAPES = {
    (False, 1): UNARY,
    (False, 2): BINARY,
    (False, 3): TERNARY,
    (True, 1): SEQUENCE,
    (True, 2): TWO_SEQUENCES,
}

TABLE: dict[str, Op] = {}  # every op that a name finds, in the order of definition
METHODS: dict[str, Op] = {}  # every op that is a method of operands, by the name of the method


class Op(_native.Callable):  # type: ignore[misc]
    """A primitive operation: how it is computed, differentiated and written.

    An Op needs no registration elsewhere:
    ``cube = Op("cube", lambda x: x * x * x, (lambda x, out: 3.0 * x * x,))``
    is differentiated to any order, checked, drawn and printed like the rows of `ops`.

    A Value keeps its op alive. If the op's functions keep such a Value alive in turn (a method of an object
    that stores its last output, say), the native engine never frees either, since the cyclic garbage
    collector does not see its Values: store the output elsewhere, or by a weak reference.

    Args:
        name: the op's name, under which `find` finds a registered op.
        forward: a function of floats that returns the result as a float; a variadic op gets tuples of floats.
        partials: for each operand, the partial derivative as a function of ``(*args, out)``, written
            in ordinary arithmetic and ops, so that it runs on floats, Values and Symbols alike;
            None where the op is locally constant in that operand. For a variadic op the partial returns
            a tuple: one slope for each number of the sequence.
        variadic: whether the operands are sequences of numbers.
        method: the name of the method on Values, "" for none; the default is `name`. If it is the name of a
            NumPy ufunc, that ufunc applies the op to Values.
        infix: the operator between two operands or before one; "" for a function.
        precedence: how tightly the operator binds.
        latex: the LaTeX text, with #1, #2 for the operands.
        c: a C expression with #1, #2 for the operands; for a variadic op the name of a C function of
            (n, xs, ys ...), the length of the sequences and an array of doubles for each.
        c_helper: the C function that `c` calls, unless libm has it; or several texts, of which those that
            other ops have as well are written once.
        c_quick: the same as `c` for loops that a compiler shall vectorise, where `c` itself is no such text;
            right unless `c_rare` holds.
        c_rare: a C condition on the operands, under which `c_quick` is wrong; "" for never.
        libm: the same as `c` in functions of libm, where `c` calls others: JavaScript is made from it.
        js: the same as `c` for JavaScript; "" rewrites `libm` or `c`, which works for functions of doubles
            and ints.
        js_helper: the JavaScript function that `js` calls.
        python: a Python expression with #1, #2 for the operands that gives what `forward` gives for floats
            (a division by 0 may raise); "" calls `forward`. For a sum over sequences, the term that is added.
        numpy: the same for arrays, in terms of ``np``; "" has NumPy's function of the method's name, or
            `forward` for each element where NumPy has none. For any other reduction of one sequence, a
            function of a table with a sequence in each row.
        domain: for each operand the open interval (low, high) that tests draw from.
        kinks: in words, the slope where the derivative does not exist.
        kind: for explanations and simplification, "sum", "product", "relation" (the result is 1.0 or 0.0) or
            "choice" (the result is one of the operands); "" for any other op.
        saturates: whether the slope rounds to 0 far from 0, as that of sigmoid does.
        vanishes: whether the result may be 0 on a whole region, as that of relu is.
        masks: whether the result may be finite although an operand is nan, or differ where a zero changes its
            sign, other than by an infinity; relations and choices do by their kind.
        singular: whether finite operands may give nan or an infinity, other than by overflow.
        ulp: the bound on the error of the result, in units in the last place.
        slope_ulp, slope_abs: the bounds on the error of a slope; one of the two holds.
        register: whether `find` finds the op. Unpickling a graph looks its ops up by name.

    Raises:
        TypeError: if partials is not a sequence of functions and None.
        ValueError: if another module has registered an op of this name, or Value has an attribute of the
            method's name.
    """

    builtin = False  # whether the op is a row of `ops`, which no module may define again
    shape = OTHER

    def __init__(
        self,
        name: str,
        forward: Callable[..., float],
        partials: Sequence[Partial | None],
        *,
        variadic: bool = False,
        method: str | None = None,
        infix: str = "",
        precedence: int = ATOM,
        latex: str = "",
        c: str = "",
        c_helper: str | Sequence[str] = "",
        c_quick: str = "",
        c_rare: str = "",
        libm: str = "",
        js: str = "",
        js_helper: str = "",
        python: str = "",
        numpy: str | Callable[[Any], Any] = "",
        domain: Sequence[tuple[float, float]] = (),
        kinks: str = "",
        kind: Kind = "",
        saturates: bool = False,
        vanishes: bool = False,
        masks: bool = False,
        singular: bool = False,
        ulp: float = 4.0,
        slope_ulp: float = 6.0,
        slope_abs: float = 0.0,
        doc: str = "",
        register: bool = True,
    ) -> None:
        if callable(partials) or not all(p is None or callable(p) for p in partials):
            raise TypeError(
                f"partials of {name} is a tuple with a function or None for each operand, not {partials!r}: "
                f"write (lambda x, out: ...,) for one operand"
            )
        for i, partial in enumerate(partials):
            _check_signature(name, i, partial, len(partials))
        self.name = name
        self.forward = forward
        self.partials = tuple(partials)
        self.arity = len(self.partials)
        self.variadic = variadic
        self.method = name if method is None else method
        self.infix = infix
        self.precedence = precedence
        self.latex = latex
        self.c = c
        self.c_helper = tuple(filter(None, [c_helper] if isinstance(c_helper, str) else c_helper))
        self.c_quick = c_quick or c
        self.c_rare = c_rare
        self.libm = libm
        self.js = js
        self.js_helper = js_helper
        self.python = python
        self.numpy = numpy
        self.domain = tuple(domain) or ((-2.0, 2.0),) * self.arity
        self.kinks = kinks
        self.kind = kind
        self.saturates = saturates
        self.vanishes = vanishes
        self.masks = masks or kind in ("relation", "choice")
        self.singular = singular
        self.ulp = ulp
        self.slope_ulp = slope_ulp
        self.slope_abs = slope_abs
        self.__doc__ = doc
        self.__name__ = self.__qualname__ = name
        self.__module__ = getattr(forward, "__module__", __name__)

        # What computes the number of a node: for a row of the table, the kernel of the engine that runs.
        self.compute = forward
        # By the class of the first operand, a function that does the same as `apply`, but faster; or None.
        self.quick: dict[type, Callable[..., Any] | None] = {}
        if register:
            self._check_names()
            TABLE[name] = self
            if self.method:
                reserved.add(self.method)
            if self.method and not variadic:
                METHODS[self.method] = self
                setattr(Methods, self.method, _method(self))

    def _check_names(self) -> None:
        before = TABLE.get(self.name)
        # A notebook's cell may be run again, and a user's module reloaded.
        again = before is not None and not before.builtin and before.__module__ == self.__module__
        if before is not None and not again:
            raise ValueError(
                f"an op named {self.name!r} exists already, and a pickled graph finds its ops by name: "
                f"choose another name, or pass register=False to keep this one out of the table"
            )
        if self.method in reserved and not (before is not None and before.method == self.method):
            raise ValueError(
                f"the op {self.name!r} would take the place of the attribute {self.method!r} of Value: "
                f"give its method another name with method=..., or none with method=''"
            )

    def _call(self, *args: Any) -> Any:
        """The result: a float for numbers, else the result of `apply_op` of the operands' class.

        The native engine calls rows of the table in C, and comes here for everything else.
        """
        try:
            quick = self.quick[type(args[0])]
        except LookupError:  # the first call with such an operand, or no operand at all
            quick = _ask(self, args)
        if len(args) != self.arity:
            raise TypeError(
                f"{self.name} takes {self.arity} operand{'s' * (self.arity != 1)}, not {len(args)}"
            )
        if quick is not None:
            return quick(*args)
        if not self.variadic:
            return apply(self, args, args)
        args = tuple([sequence(self, arg) for arg in args])
        if self.arity == 1:
            return apply(self, args, args[0])
        if len(set(map(len, args))) > 1:
            raise ValueError(
                f"{self.name} pairs its operands one by one, so they must be equally long, "
                f"not {' and '.join(str(len(xs)) for xs in args)}"
            )
        return apply(self, args, chain.from_iterable(args))

    def make_builtin(self) -> None:
        """Mark a row of the table: its functions give floats for floats, and no module may redefine it."""
        self.builtin = True
        self.shape = SHAPES.get((self.variadic, self.arity), OTHER)
        if self.shape == UNARY:
            self.quick[float] = self.forward
        if _native.engine is not None and self.shape != OTHER:
            self.compute = self

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __reduce__(self) -> Any:
        """Pickle a registered op by its name, any other op as a global of its module."""
        if TABLE.get(self.name) is self:
            return find, (self.name,)
        return self.__qualname__


reserved: set[str] = set()  # the names of Value's attributes, which no method of a new op may take


def _ask(op: Op, args: tuple[Any, ...]) -> Any:
    """The shortcut for this class of first operand, or None: an engine's Value makes one for an op."""
    kind: Any = type(args[0]) if args else None
    quick = getattr(kind, "quick_op", None)
    quick = quick(op) if quick is not None else None
    if kind in (float, list, tuple) or hasattr(kind, "apply_op"):  # others might be classes that come and go
        op.quick[kind] = quick
    return quick


class Methods:
    """The base of all operands: registered ops become its methods."""

    __slots__ = ()


def _method(op: Op) -> Callable[..., Any]:
    def method(*operands: Any) -> Any:
        return op(*operands)

    method.__name__, method.__doc__ = op.method, op.__doc__
    return method


def _check_signature(name: str, i: int, partial: Partial | None, arity: int) -> None:
    """Refuse a partial written in Python whose parameters are not the operands and the result."""
    code = getattr(partial, "__code__", None)
    if code is None or code.co_flags & 0x04:  # written in C, or with *args
        return
    optional = len(getattr(partial, "__defaults__", None) or ())
    if not code.co_argcount - optional <= arity + 1 <= code.co_argcount:
        wanted = ", ".join([*(f"x{k + 1}" for k in range(arity)), "out"]) if arity > 1 else "x, out"
        written = ", ".join(code.co_varnames[: code.co_argcount])
        raise TypeError(
            f"partial {i} of {name} is a function of its {arity} operand{'s' * (arity != 1)} and the result, "
            f"({wanted}), but was written for ({written})"
        )


def find(name: str) -> Op:
    """The registered op of this name.

    Raises:
        LookupError: if there is none, as when a graph is unpickled before its ops are defined.
    """
    try:
        return TABLE[name]
    except KeyError:
        raise LookupError(
            f"no op named {name!r} is defined: import the module that defines it first"
        ) from None


def apply(op: Op, args: tuple[Any, ...], numbers: Iterable[Any]) -> Any:
    """The result by the class of the operands; `numbers` are the operands, those of sequences one by one."""
    kinds = set(map(type, numbers))
    kinds.discard(float)
    if not kinds:
        return _result(op, args)
    operand_kinds = [kind for kind in kinds if hasattr(kind, "apply_op")]
    if len(operand_kinds) > 1 and any(issubclass(kind, float) for kind in operand_kinds):
        operand_kinds = [kind for kind in operand_kinds if not issubclass(kind, float)]
    if len(operand_kinds) < len(kinds):
        args = as_numbers(op, args, operand_kinds)
        if not operand_kinds:
            return _result(op, args)
    if len(operand_kinds) > 1:
        names = " and a ".join(sorted(kind.__name__ for kind in operand_kinds))
        raise TypeError(
            f"{op.name} was given a {names}; one stands for a number, the other does not: "
            f"use the same kind for all operands"
        )
    return operand_kinds[0].apply_op(op, args)


def _result(op: Op, args: tuple[Any, ...]) -> float:
    out = op.forward(*args)
    return out if type(out) is float else number(out, f"the result of {op.name}")


def as_numbers(op: Op, args: tuple[Any, ...], kinds: Sequence[type]) -> tuple[Any, ...]:
    """The operands, with every operand that is not of these kinds converted to a float."""
    where = f"an operand of {op.name}"

    def convert(x: Any) -> Any:
        return x if type(x) in kinds else number(x, where)

    if op.variadic:
        return tuple([tuple(map(convert, xs)) for xs in args])
    return tuple(map(convert, args))


def number(x: Any, where: str = "a Value") -> float:
    """`x`, a real number of any type, as a float.

    Raises:
        TypeError: for anything else; the message says what to write.
    """
    if isinstance(x, float):
        return float(x)
    if isinstance(x, int):
        try:
            return float(x)
        except OverflowError:
            raise TypeError(
                f"{where} is a double, and an int of {x.bit_length()} bits is too large for one"
            ) from None
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(x, numpy.generic) and x.dtype.kind in "biuf":
        return float(x)
    if not hasattr(x, "__len__"):
        from numbers import Real

        if isinstance(x, Real):
            return float(x)
    raise TypeError(f"{where} is one real number, not {_refused(x)}")


def _refused(x: Any) -> str:
    """The type of `x`, and what to write in its place."""
    kind = type(x).__name__
    if kind == "Symbol":
        return f"the Symbol {x}, which has none: give its variables numbers with evaluate(x=...)"
    if hasattr(type(x), "apply_op"):
        return f"a {kind}: pass its number, as in Value(v.data), or v.detach() to leave its graph"
    if isinstance(x, (str, bytes)):
        return f"the {kind} {x!r}: convert it first, as in float({x!r})"
    if isinstance(x, complex):
        return f"the complex number {x!r}: write its real and imaginary parts as two numbers"
    if x is None:
        return "None: is a `return` missing in the function that made it?"
    if hasattr(x, "shape"):
        return (
            f"a {kind} of shape {tuple(x.shape)}: go through its elements, as in "
            f"[Value(x) for x in array.flat], or call NumPy's function on an object array of Values "
            f"(where numbers are among them, np.frompyfunc(autograd.exp, 1, 1)(array))"
        )
    if isinstance(x, (list, tuple, dict, set)):
        return f"a {kind} of {len(x)}: go through its elements, as in [Value(x) for x in xs]"
    return f"a {kind}: convert it first with float(...)"


def sequence(op: Op, xs: Any) -> tuple[Any, ...]:
    """An operand of a variadic op as a tuple; a tuple itself is not copied."""
    if type(xs) is tuple:
        return xs
    if type(xs) is list:
        return tuple(xs)
    if hasattr(type(xs), "apply_op") or isinstance(xs, str) or not hasattr(xs, "__iter__"):
        call = ", ".join(["[x, y, ...]"] * op.arity)
        raise TypeError(
            f"{op.name} takes sequences of numbers, not the {type(xs).__name__} {xs!r}: "
            f"write {op.name}({call})"
        )
    if getattr(xs, "ndim", 1) != 1:
        raise TypeError(
            f"{op.name} takes a sequence of numbers, not an array of shape {tuple(xs.shape)}: "
            f"pass a row of it, or array.ravel()"
        )
    return tuple(xs.tolist()) if hasattr(xs, "tolist") else tuple(xs)


def custom_derivative(*partials: Partial | None, **row: Any) -> Callable[[Callable[..., float]], Op]:
    """Decorate a function of floats with partial derivatives of your own: it becomes an `Op`.

    A straight-through estimator rounds, and passes the gradient on as if it did not round::

        @custom_derivative(lambda x, out: 1.0)
        def straight_through(x):
            return float(round(x))

    Args:
        partials: as in `Op`, one for each argument of the function.
        row: any other argument of `Op`.
    """

    def decorate(function: Callable[..., float]) -> Op:
        if not callable(function):
            raise TypeError(
                f"custom_derivative is given the partials, and then decorates a function, not {function!r}: "
                f"write @custom_derivative(lambda x, out: ...) above it"
            )
        row.setdefault("register", False)
        row.setdefault("method", "")
        op = Op(function.__name__, function, partials, doc=function.__doc__ or "", **row)
        op.__qualname__ = function.__qualname__
        return op

    return decorate
