"""The package as a whole: public names, layers, what importing it loads, its command-line files."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
import nn

ROOT = Path(autograd.__file__).parent

# Each file may import from those above it. Beside it, the functions that import inside.
LAYERS = [
    ["_native"],
    ["errors", "op", "dag", "rules", "tree"],
    ["refusals"],
    ["recording"],
    ["ops"],
    ["functions"],
    ["operand"],
    ["ieee", "notation", "behaviour"],
    ["value", "symbol"],
    ["backend"],
    ["names", "expressions"],
    ["sweeps", "pickling", "reference", "kernels", "simplify"],
    ["algebra", "transforms"],
    ["check"],
    ["pictures", "explaining"],
    ["__init__"],
    ["demo", "__main__"],
]
INSIDE = {
    ("behaviour", "pickling"),
    ("__main__", "demo"),
    ("__main__", "expressions"),
    ("__main__", "__init__"),
    ("__main__", "op"),
    ("__main__", "reference"),
}
RANK = {name: i for i, names in enumerate(LAYERS) for name in names}


def imports(path):
    """(module imported, whether inside a function) for each import of this package in a file."""
    tree = ast.parse(path.read_text())
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in ast.walk(node):
                child.skip = True
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not hasattr(node, "skip") and node.module:
            parts = node.module.split(".")
            if parts[0] == "autograd":
                names = [parts[1]] if len(parts) > 1 else [a.name for a in node.names]
                for name in names:
                    yield (name if name in RANK else "__init__"), id(node) not in top


def test_files_import_from_lower_layers_only():
    files = {p.stem for p in ROOT.glob("*.py")} | {
        p.name for p in ROOT.iterdir() if (p / "__init__.py").exists()
    }
    assert files == set(RANK)
    for path in ROOT.glob("*.py"):
        for name, inside in imports(path):
            if inside:
                assert (path.stem, name) in INSIDE, f"{path.name} imports {name} inside a function"
            else:
                assert RANK[name] < RANK[path.stem], f"{path.name} imports {name}"


def test_pictures_import_from_lower_layers_only():
    for path in (ROOT / "pictures").glob("*.py"):
        for name, _ in imports(path):
            assert RANK[name] <= RANK["pictures"], f"{path.name} imports {name}"


def test_nn_uses_public_names_only():
    for path in Path(nn.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "autograd":
                public = {"autograd": autograd, "autograd.pictures": autograd.pictures}[node.module]
                assert {a.name for a in node.names} <= set(public.__all__), path.name


@pytest.mark.parametrize("package", [autograd, nn])
def test_public_names_are_sorted_and_exist(package):
    def order(name):  # constants, classes, functions: as the linter sorts them
        return (not name.isupper(), not name[0].isupper(), _natural(name))

    assert package.__all__ == sorted(package.__all__, key=order)
    for name in package.__all__:
        public = getattr(package, name)
        assert public.__doc__, name
    assert not set(autograd.__all__) & {"abs", "pow", "round"}  # which would hide the builtins
    assert autograd.abs(-3) == 3.0


def _natural(name):
    import re

    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def test_every_op_and_composition_is_public():
    from autograd import functions
    from autograd.op import TABLE

    internal = {"chain", "identity"}
    for name in set(TABLE) - internal:
        assert getattr(autograd, name) is TABLE[name]
    for name, function in vars(functions).items():
        if getattr(function, "__module__", "") == "autograd.functions" and not name.startswith("_"):
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
    """Less than 30 ms over a bare interpreter, by the interpreter's own clock, at the best of several."""
    code = "import time; start = time.perf_counter(); import autograd; print(time.perf_counter() - start)"
    environment = {"PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONDONTWRITEBYTECODE": ""}
    run(code, **environment)  # compiles
    best = min(float(run(code, **environment)) for _ in range(10))
    assert best < 0.030


def test_types_are_shipped():
    assert (ROOT / "py.typed").exists()
    assert (Path(nn.__file__).parent / "py.typed").exists()
