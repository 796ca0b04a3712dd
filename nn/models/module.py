"""Module: the base of models, which finds, names, saves and restores its parameters and submodules."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from functools import update_wrapper
from reprlib import recursive_repr
from types import BuiltinFunctionType, FunctionType, NoneType
from typing import TYPE_CHECKING, Any

from autograd import Op, Value, module_path, trace
from nn.arguments import finite_number, name_of
from nn.models.outputs import HasOutputs, said_outputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Self

    from autograd import Program
    from nn.data.preparation import ColumnEncoder, StandardScaler


def parameter(data: float, label: str = "") -> Value:
    """A leaf that training adjusts; pictures show it as a parameter."""
    return Value(data, label, parameter=True)


class Module(HasOutputs):
    """The base of models and their parts: write `forward`, and call the object.

    A module finds its own parameters: every leaf that wants gradients or was made by `parameter`, and every
    Module, among its attributes and in lists, tuples, dicts and NumPy object arrays among them. A parameter
    found in two places counts once.
    """

    classes: list[str] | None = None  # the names of the classes that `fit` was given, by their numbers
    training = True  # False while the model is used, not trained; Dropout reads it
    _name = ""  # in the module that holds this one
    _encoder: ColumnEncoder | None = None  # of raw rows, which `fit` was given
    _scaler: StandardScaler | None = None  # of the samples of `fit`
    _unit: int | None = None  # the place of a neuron in its layer
    _block: Any = None  # the block of this module's path; None until its members know their names
    _hooks: tuple[Callable[[Module, tuple[Any, ...], Any], Any], ...] = ()  # called after `forward`

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} needs a method forward(self, ...)")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result of `forward`; Values made in `forward` remember the path of this module."""
        if self._block is None:
            self._name_members()
            if self._hooks:
                return self._call_hooked(args, kwargs)
        with self._block:
            return self.forward(*args, **kwargs)

    def _name_members(self) -> None:
        """Tell the modules in the attributes their names, at the first call: lists are filled by then."""
        for name, attribute in list(vars(self).items()):
            for path, member in _members(name, attribute):
                if isinstance(member, Module):
                    member._name, member._block = path, None
        self._block = module_path(self._name or type(self).__name__, self._unit)

    def program(self, *example: Any) -> Program:
        """The program of a call with arguments like these, see `autograd.trace`; parameters are inputs of it.

        Raises:
            TraceError: if `forward` asks for a number, or draws random numbers: call `eval` before.
        """

        def call(*args: Any) -> Any:
            return self(*args)

        update_wrapper(call, self.forward)
        call.__name__ = type(self).__name__
        return trace(call, *example)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_block"}

    def _call_hooked(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        # An iterator of inputs can be read once only, and hooks read the inputs too.
        args = tuple(list(x) if hasattr(x, "__next__") else x for x in args)
        block, self._block = self._block, None  # so the next call comes here too
        with block:
            out = self.forward(*args, **kwargs)
        for hook in self._hooks:
            hook(self, (*args, *kwargs.values()), out)
        return out

    # Members

    def _named_members(self) -> Iterator[tuple[str, Any]]:
        """This module, its modules and its parameters, each once, with its path."""
        seen: set[int] = set()
        stack: list[tuple[str, Any]] = [("", self)]
        while stack:
            path, member = stack.pop()
            if id(member) in seen:
                continue
            seen.add(id(member))
            yield path, member
            if isinstance(member, Module):
                prefix = f"{path}." if path else ""
                found: list[tuple[str, Any]] = []
                for name, attribute in vars(member).items():
                    if isinstance(attribute, Module):
                        found.append((prefix + name, attribute))
                    elif type(attribute) not in _MEMBERLESS:
                        found += _members(prefix + name, attribute)
                stack += reversed(found)

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Each parameter once, with its path, as ``("layers.0.neurons.1.w.2", value)``.

        A Value found here stays a parameter, even when it is frozen later.
        """
        for path, member in self._named_members():
            if isinstance(member, Value):
                member.is_parameter = True
                yield path, member

    def parameters(self) -> list[Value]:
        """All parameters, in the order of the attributes that hold them."""
        return [value for _, value in self.named_parameters()]

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module, with the path "", and each module inside it, once, with its path."""
        return ((path, member) for path, member in self._named_members() if isinstance(member, Module))

    def modules(self) -> list[Module]:
        """This module and the modules inside it."""
        return [module for _, module in self.named_modules()]

    # Changing all members at once

    def zero_grad(self) -> None:
        """Clear the gradient of every parameter."""
        for value in self.parameters():
            value.grad = 0.0

    def requires_grad_(self, flag: bool = True) -> Self:
        """Let gradients reach the parameters, or freeze them: optimisers skip frozen parameters."""
        for value in self.parameters():
            value.requires_grad = flag
        return self

    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call the function with each module, inner modules first."""
        for module in reversed(self.modules()):
            function(module)
        return self

    def train(self, mode: bool = True) -> Self:
        """Put every module into training mode, or with False into evaluation mode."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Put every module into evaluation mode, for use."""
        return self.train(False)

    # State and arguments

    def state_dict(self) -> dict[str, float]:
        """The number of each parameter by its path."""
        state: dict[str, float] = {}
        for name, value in self.named_parameters():
            if name in state:
                raise ValueError(f"two parameters have the path {name}: give the keys of dicts other names")
            state[name] = value.data
        return state

    def load_state_dict(self, state_dict: Mapping[str, float]) -> None:
        """Set every parameter to the number saved under its path.

        Raises:
            ValueError: if a path is missing or unknown, or a number is not finite; then nothing has changed.
        """
        parameters = dict(self.named_parameters())
        missing = [name for name in parameters if name not in state_dict]
        unknown = [name for name in state_dict if name not in parameters]
        if missing or unknown:
            found = [f"{name} is missing" for name in missing[:3]] + [f"{n} is unknown" for n in unknown[:3]]
            raise ValueError(
                f"the state does not fit this {type(self).__name__} of {len(parameters)} parameters "
                f"({', '.join(found)}{' ...' if len(missing) + len(unknown) > len(found) else ''}): make the "
                f"model with the same sizes"
            )
        for name, number in state_dict.items():
            finite_number(name, number)
        for name, number in state_dict.items():
            parameters[name].data = float(number)

    def _arguments(self) -> dict[str, Any] | None:
        """The constructor's arguments, from which `config` and the text follow; None if the class has none.

        A function that no name stands for is given as the function itself.
        """
        return None

    def config(self) -> dict[str, Any] | None:
        """The arguments that make a module of the same kind, as plain numbers, texts, lists and dicts.

        None if a file cannot hold them, and for classes of your own: make such a model first, then load it.
        """
        arguments = self._arguments()
        if arguments is None:
            return None
        given = [x for value in arguments.values() for x in (value if isinstance(value, list) else [value])]
        return None if any(map(callable, given)) else arguments

    @recursive_repr()
    def __repr__(self) -> str:
        """The call that makes the module; or its modules, one to a line; and the number of parameters."""
        name, count, arguments = type(self).__name__, f"  # {counted(self)}", self._arguments()
        if arguments is not None:
            return f"{name}({', '.join(self._shown(arguments))}){count if self.parameters() else ''}"
        lines = [f"{name}({count}"]
        for name, attribute in vars(self).items():
            for path, member in _members(name, attribute):
                if isinstance(member, Module):
                    lines.append(f"  {path}: " + repr(member).replace("\n", "\n  "))
        return "\n".join([*lines, ")"]) if len(lines) > 1 else f"{name}(){count}"

    def _shown(self, arguments: dict[str, Any]) -> Iterator[str]:
        """The text of each argument that differs from its default; an activation always has a text."""
        owner = next(cls for cls in type(self).__mro__ if "_arguments" in vars(cls))
        parameters = inspect.signature(owner).parameters
        for i, (name, value) in enumerate(arguments.items()):
            default = parameters[name].default
            if i == 0 or default is inspect.Parameter.empty:
                yield _text(value)
            elif name == "activation" or value != default:
                yield f"{name}={_text(value)}"
        if "outputs" in parameters and (said := said_outputs(self)):
            yield f"outputs={said!r}"


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    return repr(name_of(value) if callable(value) else value)


@contextmanager
def forward_hook(
    modules: Iterable[Module], hook: Callable[[Module, tuple[Any, ...], Any], Any]
) -> Iterator[None]:
    """A block in which ``hook(module, args, out)`` is called after each `forward` of the modules."""
    hooked = list(modules)
    for module in hooked:
        module._hooks, module._block = (*module._hooks, hook), None
    try:
        yield
    finally:
        for module in hooked:
            module._hooks = module._hooks[:-1]
            if not module._hooks:
                del module._hooks


def described(module: Module) -> dict[str, Any]:
    """The class and arguments of a module, and the kind of its output if it was told or fitted."""
    found: dict[str, Any] = {"class": type(module).__name__, "arguments": module.config()}
    if isinstance(told := vars(module).get("outputs"), str):
        found["outputs"] = told
    if module._fitted_outputs is not None:
        found["fitted_outputs"] = module._fitted_outputs
    return found


def class_names(module: Module) -> list[str] | None:
    """The names of classes that `fit` left with a module; a class of your own may use `classes` otherwise."""
    names = module.classes
    return names if isinstance(names, list) and names and all(isinstance(n, str) for n in names) else None


def counted(module: Module) -> str:
    """The number of parameters, in words."""
    count = len(module.parameters())
    return f"{count} parameter{'s' * (count != 1)}"


# Types of most attributes that hold no members: a search of large models skips them at once.
_MEMBERLESS = frozenset((bool, int, float, str, NoneType, FunctionType, BuiltinFunctionType, Op))


def _members(path: str, attribute: Any) -> Iterator[tuple[str, Any]]:
    """The modules and parameters in an attribute, and in lists, tuples and dicts of them."""
    if isinstance(attribute, Module):
        yield path, attribute
    elif isinstance(attribute, Value):
        if attribute.op is None and (attribute.requires_grad or attribute.is_parameter):
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
