"""ARCHITECTURE.md: every folder, file and name that it mentions exists."""

import ast
import re
from pathlib import Path

import pytest
from test_package import LAYERS

import autograd

PACKAGE = Path(autograd.__file__).parent
ROOT = PACKAGE.parent
PAGE = (PACKAGE / "ARCHITECTURE.md").read_text(encoding="utf-8")
QUOTED = sorted({" ".join(text.split()) for text in re.findall(r"`([^`]+)`", PAGE)})
PATHS = [text for text in QUOTED if "/" in text or re.fullmatch(r"\w+\.(py|c|md|txt)", text)]
NAMES = sorted({name for text in QUOTED if text not in PATHS for name in re.findall(r"[A-Za-z_]\w+", text)})
OTHERS = {"autograd", "import", "make", "native"}  # words of commands


def defined(folder):
    """The names of functions, classes, parameters, attributes and variables in a folder's Python files."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                yield node.name
            elif isinstance(node, ast.arg):
                yield node.arg
            elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
                yield node.id if isinstance(node, ast.Name) else node.attr


@pytest.mark.parametrize("path", PATHS)
def test_a_path_on_the_page_exists(path):
    assert (PACKAGE / path).exists() or (ROOT / path).exists()


def test_a_name_on_the_page_exists():
    known = {*defined(PACKAGE), *defined(ROOT / "nn"), *LAYERS, *OTHERS}
    assert len(NAMES) > 20
    assert [name for name in NAMES if name not in known] == []


def test_every_folder_is_on_the_page_in_the_order_of_the_layers():
    units = re.findall(r"^- `(\w+?)(?:/|\.py)`:", PAGE, re.MULTILINE)
    folders = {path.parent.name for path in PACKAGE.glob("*/*.py")}
    assert folders <= set(units)
    assert units == [name for name in LAYERS if name != "__main__"]


def test_the_readme_links_the_page():
    assert "](autograd/ARCHITECTURE.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
