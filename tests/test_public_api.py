"""The public names of `autograd` and `nn` with their signatures are those listed in public_api.txt.

Ops, and the methods made from their rows, are not in the list: a row says all of it, and adding one is no
change of a signature. That the table has the ops that users were promised is a test of table/test_ops.py.

``python tests/test_public_api.py`` writes the list again, after a change that is meant.
"""

import inspect
import subprocess
import sys
import types
from pathlib import Path

import autograd
import nn
from autograd import exercises
from autograd.table.op import TABLE

LISTING = Path(__file__).parent / "public_api.txt"
COMMAND = "python tests/test_public_api.py"
BUILTINS_SHADOWED = ["abs", "pow", "round"]  # public, but not for import *
INTERNAL = {"apply_op", "quick_op"}  # how an op calls the class of its operands; users call the op


METHODS = {op.method for op in TABLE.values()}


def signature(function):
    """The parameters without their types, and without `self`: "(x, *, lr=0.1)".

    Methods of the native Value take positions only; both engines' are written without the "/".
    """
    kept = []
    for p in inspect.signature(function).parameters.values():
        if p.name != "self":
            kind = p.POSITIONAL_OR_KEYWORD if p.kind is p.POSITIONAL_ONLY else p.kind
            default = p.empty if p.default is p.empty else _Default(p.default)
            kept.append(inspect.Parameter(p.name, kind, default=default))
    return str(inspect.Signature(kept))


class _Default:
    """A default that prints without an address: a function as its name, another object as its class."""

    def __init__(self, default):
        self.text = getattr(default, "__name__", None) or repr(default)
        if " at 0x" in self.text:
            self.text = type(default).__name__

    def __repr__(self):
        return self.text


def lines(name, thing, public):
    """The lines of a public name: a class has one for each member, a module one for each name."""
    if isinstance(thing, autograd.Op):
        return
    if isinstance(thing, types.ModuleType):
        yield f"module {name}"
        for part in sorted(vars(thing)):
            value = getattr(thing, part)
            own = getattr(value, "__module__", "").startswith(thing.__name__)
            if own and not part.startswith("_") and value not in public:
                yield from (f"  {line}" for line in lines(part, value, public))
    elif isinstance(thing, type):
        bases = [base.__name__ for base in thing.__mro__[1:] if base in public]
        made = "" if issubclass(thing, Exception) else signature(thing)
        yield f"class {name}{made}{f' extends {bases[0]}' if bases else ''}"
        for member in sorted(set(dir(thing)) - INTERNAL):
            owner = next((base for base in thing.__mro__ if member in vars(base)), thing)
            inherited = owner is not thing and (owner in public or owner.__module__ == "builtins")
            if not member.startswith("_") and not inherited and member not in METHODS:
                value = getattr(thing, member)
                yield f"  .{member}{signature(value) if callable(value) else ''}"
    else:
        yield f"{name}{signature(thing)}"


def listing():
    names = {
        "autograd": [*autograd.__all__, *BUILTINS_SHADOWED],
        "autograd.exercises": exercises.__all__,
        "nn": nn.__all__,
    }
    packages = {"autograd": autograd, "autograd.exercises": exercises, "nn": nn}
    public = [getattr(packages[package], name) for package in names for name in names[package]]
    text = []
    for package in names:
        text += [f"{package}", ""]
        for name in names[package]:
            text += lines(name, getattr(packages[package], name), public)
        text += [""]
    return "\n".join(text)


def test_public_names_and_signatures_are_those_of_the_listing():
    """In a process of its own, since other tests add ops, and so methods."""
    command = [sys.executable, __file__, "--print"]
    now = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert now == LISTING.read_text(encoding="utf-8"), (
        f"a public name or signature changed: if that is meant, run `{COMMAND}`, and say it in CHANGELOG.md; "
        f"a renamed name keeps its old name for one release (autograd/ARCHITECTURE.md says how)"
    )


if __name__ == "__main__":
    if "--print" in sys.argv:
        sys.stdout.write(listing())
    else:
        LISTING.write_text(listing(), encoding="utf-8", newline="\n")
