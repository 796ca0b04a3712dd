"""Run the notebooks and keep their outputs; with --check compare, and change nothing.

    python notebooks/regenerate.py [--check] [NAME ...]

Needs ``pip install -e ".[notebooks]"``. What is compared is what cells print and show as text.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent


def executed(path):
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(notebook, timeout=600, resources={"metadata": {"path": folder}}).execute()
    for i, cell in enumerate(notebook.cells):
        cell.id = f"cell-{i}"
        cell.metadata = {}
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def texts(notebook):
    """What each code cell prints or shows as text; objects that are known by their address are left out."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            parts = [o.get("text", "") or o.get("data", {}).get("text/plain", "") for o in cell.outputs]
            found.append("".join(part for part in parts if " at 0x" not in part))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with what is kept, and change nothing")
    parser.add_argument("names", nargs="*", help="which notebooks; all if left out")
    options = parser.parse_args()
    paths = sorted(HERE.glob("*.ipynb"))
    differs = False
    for path in [p for p in paths if not options.names or p.stem in options.names]:
        notebook = executed(path)
        if options.check:
            for kept, now in zip(texts(nbformat.read(path, as_version=4)), texts(notebook), strict=True):
                if kept != now:
                    differs = True
                    print(f"{path.name}: kept\n{kept}\nbut now it is\n{now}", file=sys.stderr)
        else:
            nbformat.write(notebook, path)
        print(path.name)
    return int(differs)


if __name__ == "__main__":
    sys.exit(main())
