"""The package as a whole: layers of imports, public names, and the modules that importing it loads."""

import ast
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from imports import imported_names

import autograd
import nn

ROOT = Path(autograd.__file__).parent

# Each folder, and each file beside them, may import from those above it, and from its own folder.
LAYERS = "_native _machine elementary table graph formulas derivatives backends exports programs".split()
LAYERS += "pictures explaining exercises __init__ command_line __main__".split()
RANK = {name: i for i, name in enumerate(LAYERS)}
# kernels.py writes C with the notation of formulas; only the build imports it.
EXCEPTIONS = {
    ("_native/kernels.py", "table"),
    ("_native/kernels.py", "graph"),
    ("_native/kernels.py", "formulas"),
}
# Files that import inside functions, so that importing the package stays quick.
LAZY = {"pictures/__init__.py", "explaining/__init__.py", "command_line/demo.py", "__main__.py"}
LAZY |= {"programs/program.py"}


def imports(path, package="autograd"):
    """(module imported, whether inside a function) for each import of the package in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = set(map(id, tree.body))
    unseen = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for part in node.body
        for child in ast.walk(part)
    }
    for node in ast.walk(tree):
        if id(node) in unseen:
            continue
        for module in imported_names(node, path):
            first, *rest = module.split(".")
            if first == package:
                yield (rest[0] if rest and rest[0] in RANK else "__init__"), id(node) not in top


def breaches(root):
    """Each import against the layers: "explaining/reasons.py imports __main__"."""
    for path in sorted(root.rglob("*.py")):
        file = path.relative_to(root)
        unit = file.parts[0] if len(file.parts) > 1 else file.stem
        for name, inside in imports(path):
            own = name == unit and len(file.parts) > 1
            allowed = own or RANK[name] < RANK[unit] or (file.as_posix(), name) in EXCEPTIONS
            if not allowed or (inside and file.as_posix() not in LAZY):
                yield f"{file.as_posix()} imports {name}{' inside a function' * inside}"


def test_folders_import_from_lower_layers_only():
    """Every file and folder on disk has a layer."""
    units = {p.stem for p in ROOT.glob("*.py")} | {p.name for p in ROOT.iterdir() if any(p.rglob("*.py"))}
    assert units == set(LAYERS)
    assert list(breaches(ROOT)) == []


def test_a_folder_has_a_dozen_files_at_most():
    assert len(list(ROOT.glob("*.py"))) <= 8
    for folder in ROOT.iterdir():
        assert len(list(folder.glob("*.py"))) <= 12, folder.name


@pytest.mark.parametrize(
    ("file", "code", "breach"),
    [
        ("explaining/reasons.py", "from autograd.__main__ import main", "imports __main__"),
        ("explaining/reasons.py", "import autograd.__main__", "imports __main__"),
        ("explaining/deep/er.py", "from autograd.command_line import demo", "imports command_line"),
        (
            "explaining/reasons.py",
            "def f():\n    from autograd import explain",
            "imports __init__ inside a function",
        ),
        ("pictures/dot.py", "from autograd.explaining import play", "imports explaining"),
        (
            "graph/names.py",
            "def f():\n    from autograd.graph.walks import x",
            "imports graph inside a function",
        ),
        ("table/ops.py", "import autograd", "imports __init__"),
    ],
)
def test_an_import_against_the_layers_is_found(tmp_path, file, code, breach):
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code)
    assert list(breaches(tmp_path)) == [f"{file} {breach}"]


def test_nn_uses_public_names_only():
    for path in Path(nn.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                used = {alias.name for alias in node.names}
                assert not any(name.startswith("autograd.") for name in used), path.name
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "autograd":
                public = {"autograd": autograd, "autograd.pictures": autograd.pictures}[node.module]
                assert {a.name for a in node.names} <= set(public.__all__), path.name


@pytest.mark.parametrize("package", [autograd, nn])
def test_public_names_are_sorted_and_exist(package):
    def order(name):  # constants, classes, functions: as the linter sorts them
        return (not name.isupper(), not name[0].isupper(), _natural(name))

    # That of autograd is computed; that of nn is in the linter's order.
    assert package.__all__ == sorted(package.__all__, key=order if package is nn else None)
    for name in package.__all__:
        public = getattr(package, name)
        assert public.__doc__, name
    assert not set(autograd.__all__) & {"abs", "pow", "round"}  # which would hide the builtins
    assert autograd.abs(-3) == 3.0


def test_docstrings_send_people_to_public_names():
    """A name in backticks is public, or a parameter or attribute of the documented object."""
    for name in nn.__all__:
        public = getattr(nn, name)
        parts = {name: public}
        if isinstance(public, type):
            parts |= {f"{name}.{n}": part for n, part in vars(public).items() if not n.startswith("_")}
        source = _source(public)
        for path, part in parts.items():
            for word in re.findall(r"(?<!`)`([A-Za-z_][\w.]*)`(?!`)", getattr(part, "__doc__", None) or ""):
                known = _resolves(
                    word, {"nn": nn, "autograd": autograd, "graphviz": None}, nn, autograd, public
                )
                own = word in _parameters(part) | _parameters(public) or f"self.{word}" in source
                assert known or own, f"{path} speaks of {word}"


def _source(part):
    try:
        return inspect.getsource(part)
    except (TypeError, OSError):  # a module, or a class that was made by a call
        return ""


def _resolves(path, packages, *places):
    first, _, rest = path.partition(".")
    if first in packages:
        return packages[first] is None or not rest or _resolves(rest, {}, packages[first])
    for place in places:
        found = place
        for part in path.split("."):
            found = getattr(found, part, None)
        if found is not None:
            return True
    return False


def _parameters(function):
    try:
        return set(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return set()


def _natural(name):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def test_every_op_and_composition_is_public():
    from autograd.table import functions
    from autograd.table.op import TABLE

    for name in set(TABLE) - {"identity"}:
        assert getattr(autograd, name) is TABLE[name]
    for name, function in vars(functions).items():
        if getattr(function, "__module__", "") == "autograd.table.functions" and not name.startswith("_"):
            assert getattr(autograd, name) is function


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    ).stdout


def test_importing_loads_nothing_heavy():
    code = "import sys, autograd; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = run(code).split()
    assert not {"numpy", "graphviz", "tqdm", "matplotlib", "nn", "inspect", "dataclasses"} & set(loaded)
    assert not {"numpy", "graphviz", "tqdm", "matplotlib"} & set(
        run(code.replace("autograd;", "nn;")).split()
    )


def test_importing_is_quick(tmp_path):
    """It takes less than half of NumPy's time, at the best of several: here 15 to 20 ms, a fifth of it."""
    code = "import time; start = time.process_time(); import {}; print(time.process_time() - start)"
    environment = {"PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONDONTWRITEBYTECODE": ""}

    def times():
        return [float(run(code.format(name), **environment)) for name in ("autograd", "numpy")]

    times()  # compiles
    ours, numpys = map(min, zip(*(times() for _ in range(6)), strict=True))
    assert ours < numpys / 2


def test_types_are_shipped():
    assert (ROOT / "py.typed").exists()
    assert (Path(nn.__file__).parent / "py.typed").exists()
