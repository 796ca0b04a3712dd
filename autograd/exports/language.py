"""Language: how C and JavaScript write numbers, arrays, loops and functions of a program."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd.table.op import Op


class Language:
    """How a language writes the parts of a program; the base of C and JavaScript."""

    def number(self, x: float) -> str:
        """A number that reads back as the same."""
        raise NotImplementedError

    def form(self, op: Op) -> tuple[str, Sequence[str]]:
        """The expression of an op, or the name of its function of sequences, and the functions it calls."""
        raise NotImplementedError

    def constant(self, name: str, text: str) -> str:
        """A statement that names a number."""
        raise NotImplementedError

    def sequence(self, name: str, texts: Sequence[str]) -> str:
        """A statement that names an array of numbers."""
        raise NotImplementedError

    def array(self, name: str, size: int) -> str:
        """A statement that names an array to be filled."""
        raise NotImplementedError

    def table(self, name: str, numbers: Sequence[float]) -> str:
        """The definition of an array of constants, outside of functions."""
        raise NotImplementedError

    def tail(self, array: str, start: int) -> str:
        """The array from a place on."""
        raise NotImplementedError

    def loop(self, counter: str, count: int, statements: Sequence[str]) -> str:
        """A loop whose counter counts from 0."""
        raise NotImplementedError

    def checked(self, call: str, failed: str) -> list[str]:
        """Statements that call a function, and return `failed` if it does not return 0."""
        raise NotImplementedError

    def function(self, name: str, inputs: Sequence[str], results: Sequence[str], body: Sequence[str]) -> str:
        """A function of arrays that returns 0 at its end: `inputs` are only read, `results` written."""
        raise NotImplementedError
