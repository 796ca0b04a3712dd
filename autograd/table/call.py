"""Ops with several results: a Call is a node of all its operands, and an Output of it picks one result.

An adjoint is one number, while a call has an adjoint for each result. A reverse sweep meets all Outputs
before their call: it collects their adjoints, and when it comes to the call, pulls them back at once.
"""

from __future__ import annotations

from math import nan

from autograd.table.op import Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence
    from typing import Any, ClassVar


class Call(Op):
    """An op of one sequence of numbers whose node stands for several results.

    A subclass says how results and derivatives are computed.
    """

    def __init__(self, name: str, **row: Any) -> None:
        partial = lambda xs, out: (nan,) * len(xs)  # noqa: E731 - never called: `slopes` has the derivatives
        super().__init__(name, _no_number, (partial,), variadic=True, method="", register=False, **row)
        self.collects = True

    def pull(self, node: Any, adjoints: dict[int, Any], graph: bool) -> list[tuple[Any, Any]]:
        """The operands that are Values, each with its adjoint, given those of the results by their places.

        `graph` says whether they shall be Values, to be differentiated again.
        """
        raise NotImplementedError

    def push(self, node: Any, tangents: dict[Any, Any]) -> Sequence[Any] | None:
        """The tangents of all results, given those of operands; None where `row` shall be asked instead."""
        return None

    def read_by(self, place: int, count: int) -> Iterable[int]:
        """Which of the `count` operands the result at this place may depend on, by their positions."""
        return range(count)

    def written_out(self, operands: Sequence[Any]) -> list[Any]:
        """The results for Values and floats as operands, as a graph of plain ops, or of other calls."""
        raise NotImplementedError

    def row(self, node: Any, place: int, graph: bool) -> list[tuple[Any, Any]]:
        """The operands that are Values, each with the derivative by it of the result at this place."""
        return self.pull(node, {place: 1.0}, graph)

    def slopes(self, node: Any, wanted: Container[Any] | None, graph: bool) -> list[tuple[Any, Any]]:
        """Of a call itself nothing is a function: its Outputs are."""
        return []


class Output(Op):
    """The result of a Call at a place, counted from 0.

    A long program has thousands, so each has its place only. What all have in common are attributes of the
    class, set below it.
    """

    __slots__ = ("place",)
    _made: ClassVar[dict[int, Output]] = {}

    def __init__(self, place: int) -> None:
        self.place = place
        self.collects = True

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"result {self.place}"

    @property
    def latex(self) -> str:  # type: ignore[override]
        return rf"\left(#1\right)_{{{self.place + 1}}}"

    @classmethod
    def at(cls, place: int) -> Output:
        """The op of this place: there is one for each."""
        made = cls._made.get(place)
        return made if made is not None else cls._made.setdefault(place, cls(place))

    def _call(self, *args: Any) -> Any:
        """Pick from the results of a call, which `replay` passes on as a sequence."""
        return args[0][self.place]

    def slopes(self, node: Any, wanted: Container[Any] | None, graph: bool) -> list[tuple[Any, Any]]:
        """The operands of the call, with the derivatives of this result."""
        (call,) = node.args
        pairs = call.op.row(call, self.place, graph)
        return pairs if wanted is None else [pair for pair in pairs if pair[0] in wanted]

    def __reduce__(self) -> Any:
        return Output.at, (self.place,)


def _no_number(*xs: Any) -> float:
    raise TypeError("a call has several results: take its Outputs")


def _share_attributes() -> None:
    row = Op("result", _no_number, (lambda x, out: nan,), method="", register=False)
    for name, attribute in vars(row).items():
        if name not in ("name", "latex") and not name.startswith("__"):
            setattr(Output, name, staticmethod(attribute) if callable(attribute) else attribute)


_share_attributes()


def carried_back(
    node: Any, carried: Any, collected: dict[Any, Any], graph: bool
) -> Sequence[tuple[Any, Any]]:
    """What a node of a Call or Output adds to the adjoints of its operands in a reverse sweep.

    An Output leaves its adjoint in `collected`, and gives its call the adjoint 1.0, so that the sweep stops
    there.
    """
    op = node.op
    if isinstance(op, Output):
        (call,) = node.args
        known = call in collected
        collected.setdefault(call, {})[op.place] = carried
        return [] if known else [(call, 1.0)]
    pulled: list[tuple[Any, Any]] = op.pull(node, collected.pop(node), graph)
    return pulled
