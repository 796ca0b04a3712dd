"""Module: what has parameters, its own or those of the modules it is made of."""

from __future__ import annotations

from contextlib import contextmanager
from reprlib import recursive_repr
from threading import local
from types import BuiltinFunctionType, FunctionType, NoneType
from typing import TYPE_CHECKING, Any

from autograd import Op, Value, module_path
from nn.checks import finite_number
from nn.outputs import checked_outputs, outputs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Self


class _Limit(local):
    left: int | None = None  # how many parameters may still be made; None for any number


_limit = _Limit()


@contextmanager
def at_most(count: int) -> Iterator[None]:
    """A block in which no more parameters are made: a file that asks for a billion is refused at once.

    Raises:
        ValueError: when one more is to be made.
    """
    _limit.left = count
    try:
        yield
    finally:
        _limit.left = None


def parameter(data: float, label: str = "") -> Value:
    """A leaf that training adjusts; pictures show it as a parameter."""
    if _limit.left is not None:
        if _limit.left == 0:
            raise ValueError("the model has more parameters than there are numbers for them")
        _limit.left -= 1
    return Value(data, label, parameter=True)


class Module:
    """The base of models and their parts: write `forward`, and call the object.

    Parameters are found by themselves: every leaf that wants gradients or was made by `parameter`, and
    every Module, among the attributes, and in lists, tuples, dicts and NumPy's object arrays of them. One
    that is found in two places is one.
    """

    training = True  # whether it is being trained, which Dropout asks
    _name = ""  # in the module that holds it
    _named = False  # whether its own members know their names
    _fitted_outputs: str | None = None  # what the loss of the last `fit` takes

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

    # What it gives

    @property
    def outputs(self) -> Any:
        """What the numbers of its output are, which metrics, predictions and `fit` go by.

        "probabilities": class 1 is above 0.5. "logits", scores of any size: class 1 is above 0. "values":
        numbers to be compared as they are, of which no threshold makes classes. None: not known.

        It is what was said, as by ``MLP(..., outputs="logits")``, by ``model.outputs = "logits"``, or by
        ``outputs = "logits"`` in a class of your own. Else a last sigmoid or softmax gives probabilities;
        else the loss of `fit` tells: "mse", "l1" and "huber" take values, "binary_cross_entropy"
        probabilities, the others logits; else a last layer that is linear, or a tanh or softsign, gives
        logits.
        """
        own = vars(self).get("outputs")
        return outputs_of(self) if own is None or isinstance(own, str) else own

    @outputs.setter
    def outputs(self, outputs: Any) -> None:
        if outputs is None:
            vars(self).pop("outputs", None)
        else:  # a list or module of that name is a member like any other
            vars(self)["outputs"] = checked_outputs(outputs) if isinstance(outputs, str) else outputs

    def _found_outputs(self) -> str | None:
        """What its outputs are by its last activation; None where that does not tell."""
        return None

    # What it is made of

    def _named_members(self) -> Iterator[tuple[str, Any]]:
        """Itself, its modules and parameters, each once, with its path."""
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

        A Value that has been found is a parameter from then on, also when it is frozen.
        """
        for path, member in self._named_members():
            if isinstance(member, Value):
                member.is_parameter = True
                yield path, member

    def parameters(self) -> list[Value]:
        """All parameters, in the order of the attributes that hold them."""
        return [value for _, value in self.named_parameters()]

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """Itself, with the path "", and each module it is made of, once, with its path."""
        return ((path, member) for path, member in self._named_members() if isinstance(member, Module))

    def modules(self) -> list[Module]:
        """Itself and the modules it is made of."""
        return [module for _, module in self.named_modules()]

    # What is done to all of it

    def zero_grad(self) -> None:
        """Clear the gradient of every parameter."""
        for value in self.parameters():
            value.grad = 0.0

    def requires_grad_(self, flag: bool = True) -> Self:
        """Let gradients reach the parameters, or freeze them: an optimiser passes them by."""
        for value in self.parameters():
            value.requires_grad = flag
        return self

    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call the function with each module, the parts before what is made of them."""
        for module in reversed(self.modules()):
            function(module)
        return self

    def train(self, mode: bool = True) -> Self:
        """Tell every module that it is being trained, or with False that it is not."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Tell every module that it is used, not trained."""
        return self.train(False)

    # Keeping and loading

    def state_dict(self) -> dict[str, float]:
        """The number of each parameter by its path."""
        state: dict[str, float] = {}
        for name, value in self.named_parameters():
            if name in state:
                raise ValueError(f"two parameters have the path {name}: give the keys of dicts other names")
            state[name] = value.data
        return state

    def load_state_dict(self, state_dict: Mapping[str, float]) -> None:
        """Give every parameter the number of its path.

        Raises:
            ValueError: if a path is missing, is unknown, or has something else than a finite number;
                nothing has changed then.
        """
        parameters = dict(self.named_parameters())
        missing = [name for name in parameters if name not in state_dict]
        unknown = [name for name in state_dict if name not in parameters]
        if missing or unknown:
            found = [f"{name} is missing" for name in missing[:3]] + [f"{n} is unknown" for n in unknown[:3]]
            raise ValueError(
                f"the state is not that of this {type(self).__name__} of {len(parameters)} parameters "
                f"({', '.join(found)}{' ...' if len(missing) + len(unknown) > len(found) else ''}): make the "
                f"model with the same sizes"
            )
        for name, number in state_dict.items():
            finite_number(name, number)
        for name, number in state_dict.items():
            parameters[name].data = float(number)

    def config(self) -> dict[str, Any] | None:
        """The arguments that make a module like it, as plain numbers, texts, lists and dicts.

        None, as for classes that do not say, where a file cannot hold them: such a model is made first,
        and then loaded.
        """
        return None

    @recursive_repr()
    def __repr__(self) -> str:
        """Its modules, one to a line, with their own texts, and the number of parameters."""
        lines = [f"{type(self).__name__}(  # {counted(self)}"]
        for name, attribute in vars(self).items():
            for path, member in _members(name, attribute):
                if isinstance(member, Module):
                    lines.append(f"  {path}: " + repr(member).replace("\n", "\n  "))
        return "\n".join([*lines, ")"]) if len(lines) > 1 else f"{type(self).__name__}()  # {counted(self)}"


def described(module: Module) -> dict[str, Any]:
    """What makes a module like it: its class and arguments, and what its outputs are if it was told."""
    found: dict[str, Any] = {"class": type(module).__name__, "arguments": module.config()}
    if isinstance(told := vars(module).get("outputs"), str):
        found["outputs"] = told
    if module._fitted_outputs is not None:
        found["fitted_outputs"] = module._fitted_outputs
    return found


def counted(module: Module) -> str:
    """The number of its parameters, in words."""
    count = len(module.parameters())
    return f"{count} parameter{'s' * (count != 1)}"


# Types of most attributes that are no members, so that a search of large models skips them at once.
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
