"""Module: what has parameters, its own or those of the modules it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd import Value, module_path

if TYPE_CHECKING:
    from collections.abc import Iterator


def parameter(data: float, label: str = "") -> Value:
    """A leaf that training adjusts; pictures show it as a parameter."""
    return Value(data, label, parameter=True)


class Module:
    """The base of models and their parts: write `forward`, and call the object.

    Parameters are found by themselves: every leaf that wants gradients and every Module among the
    attributes, and in lists, tuples, dicts and NumPy's object arrays of them. One that is found in two
    places is one.
    """

    _name = ""  # in the module that holds it
    _named = False  # whether its own members know their names

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} needs a method forward(self, ...)")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What `forward` gives; the Values made on the way remember the path of this module."""
        if not self._named:
            self._name_members()
        with module_path(self._name or type(self).__name__):
            return self.forward(*args, **kwargs)

    def _name_members(self) -> None:
        """Tell the modules in the attributes their names, at the first call: lists are filled by then."""
        for name, attribute in list(vars(self).items()):
            for path, member in _members(name, attribute):
                if isinstance(member, Module):
                    member._name = path
        self._named = True

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Each parameter once, with its path, as ``("layers.0.neurons.1.w.2", value)``."""
        seen: set[int] = set()
        stack: list[tuple[str, Any]] = [("", self)]
        while stack:
            path, member = stack.pop()
            if id(member) in seen:
                continue
            seen.add(id(member))
            if isinstance(member, Value):
                yield path, member
            else:
                prefix = f"{path}." if path else ""
                stack += reversed([m for n, a in vars(member).items() for m in _members(prefix + n, a)])

    def parameters(self) -> list[Value]:
        """All parameters, in the order of the attributes that hold them."""
        return [value for _, value in self.named_parameters()]

    def zero_grad(self) -> None:
        """Clear the gradient of every parameter."""
        for value in self.parameters():
            value.grad = 0.0


def _members(path: str, attribute: Any) -> Iterator[tuple[str, Any]]:
    """The modules and parameters in an attribute, and in lists, tuples and dicts of them."""
    if isinstance(attribute, Module):
        yield path, attribute
    elif isinstance(attribute, Value):
        if attribute.op is None and attribute.requires_grad:
            yield path, attribute
    elif isinstance(attribute, (list, tuple)) or _is_object_array(attribute):
        for i, item in enumerate(attribute):
            yield from _members(f"{path}.{i}", item)
    elif isinstance(attribute, (set, frozenset)) and any(isinstance(x, (Module, Value)) for x in attribute):
        raise TypeError(f"{path} is a set of modules or parameters, which has no order: make it a list")
    elif isinstance(attribute, dict):
        for key, item in attribute.items():
            yield from _members(f"{path}.{key}", item)


def _is_object_array(attribute: Any) -> bool:
    return getattr(getattr(attribute, "dtype", None), "kind", "") == "O" and getattr(attribute, "ndim", 0) > 0
