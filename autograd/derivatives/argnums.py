"""Which arguments of a function to differentiate by: positions and names."""

from __future__ import annotations

from collections.abc import Iterable
from operator import index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Argnums = int | str | Sequence[int | str]


class Chosen:
    """The arguments of `f` that argnums choose, each by its position or by its name.

    Args:
        f: the function.
        argnums: a position, counted from 0, or from -1 backwards; a name; or a sequence of those.

    Attributes:
        several: whether argnums are a sequence, so that a derivative is a tuple.

    Raises:
        TypeError: if one of argnums is neither, or names no argument of f.
    """

    def __init__(self, f: Callable[..., Any], argnums: Argnums) -> None:
        self.argnums = argnums
        self.name = getattr(f, "__name__", "the function")
        self.several = isinstance(argnums, Iterable) and not isinstance(argnums, str)
        self.chosen: list[Any] = list(argnums) if self.several else [argnums]  # type: ignore[arg-type]
        self.parameters: dict[str, Any] = {}
        if all(type(argnum) is int for argnum in self.chosen):  # the usual case needs no signature
            return
        known = _parameters(f)
        for argnum in self.chosen:
            if isinstance(argnum, str):
                if known is not None and argnum not in known and not _takes_any_name(known):
                    raise TypeError(
                        f"{self.name} has no argument {argnum!r} to differentiate by: {_instead(known)}"
                    )
                continue
            try:
                index(argnum)
            except TypeError:
                raise TypeError(
                    f"argnums are positions of arguments of {self.name}, counted from 0, or their names, and "
                    f"one is the {type(argnum).__name__} {argnum!r}: {_instead(known)}"
                ) from None
        self.parameters = dict(known or {})

    def places(self, args: Sequence[Any], kwargs: dict[str, Any]) -> list[int | str]:
        """For each chosen argument its position in args, or its name in kwargs.

        An argument that is left to its default joins kwargs.

        Raises:
            TypeError: if the call has no such argument.
            ValueError: if an argument is chosen twice.
        """
        places: list[int | str] = []
        for argnum in self.chosen:
            by_name = isinstance(argnum, str)
            places.append(
                self._named(argnum, len(args), kwargs) if by_name else self._counted(argnum, len(args))
            )
        if len(set(places)) < len(places):
            raise ValueError(f"argnums={self.argnums!r} names an argument twice: name each once")
        return places

    def _counted(self, argnum: Any, count: int) -> int:
        if not -count <= argnum < count:
            raise TypeError(
                f"{self.name} was called with {count} positional argument{'s' * (count != 1)}, so there is "
                f"no argument {argnum} to differentiate by: pass it by position, or choose another with "
                f"argnums=, by its name if it has one"
            )
        return index(argnum) % count

    def _named(self, name: str, count: int, kwargs: dict[str, Any]) -> int | str:
        if name in kwargs:
            return name
        parameter = self.parameters.get(name)
        if parameter is not None:
            positional = [
                p.name
                for p in self.parameters.values()
                if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
            ]
            if name in positional[:count]:
                return positional.index(name)
            by_name = parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
            if by_name and parameter.default is not parameter.empty:
                kwargs[name] = parameter.default
                return name
        raise TypeError(
            f"{self.name} was called without the argument {name!r} to differentiate by: pass it, as in "
            f"{name}=..., or choose another with argnums="
        )


def _parameters(f: Callable[..., Any]) -> dict[str, Any] | None:
    """The parameters of f by name; None for a function that does not tell them, as some written in C."""
    import inspect

    try:
        return dict(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        return None


def _takes_any_name(parameters: dict[str, Any]) -> bool:
    return any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _instead(parameters: dict[str, Any] | None) -> str:
    """What to write in place of an argnum that chooses no argument."""
    known = f"; its arguments are {', '.join(map(repr, parameters))}" if parameters else ""
    return f"write 0 or the name of the first argument, (0, 1) for the first two{known}"
