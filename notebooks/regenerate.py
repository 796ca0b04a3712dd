"""Run the notebooks and keep their outputs; with --check compare, and change nothing.

    python notebooks/regenerate.py [--check] [NAME ...]

Needs ``pip install -e ".[notebooks]"``. What is compared is what cells print and show as text.

Exercises are kept unsolved: ``answer = ...``. With --solve FILE each gets the solution that is
folded below it, or else its answer from ``SOLUTIONS`` in that Python file; nothing is kept, and the run fails
unless every check says "right".
"""

import argparse
import os
import re
import sys
import tempfile
from io import BytesIO
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image
from traitlets.config import Config

HERE = Path(__file__).parent


UNSOLVED = re.compile(r"^answer = \.\.\.$", re.MULTILINE)
FOLDED = re.compile(r"```python\n(.*?\banswer = .*?)```|`(answer = [^`]+)`", re.DOTALL)
CHECKED = re.compile(r"""^check\("(E\d+)", answer\)$""", re.MULTILINE)


def solved(notebook, solutions):
    """The same notebook with answers: those that are folded below an exercise, or else those of the file."""
    folder, module = str(solutions.resolve().parent), solutions.stem
    for cell, below in zip(notebook.cells, notebook.cells[1:], strict=False):
        if cell.cell_type == "code" and (found := CHECKED.search(cell.source)):
            answer = f'answer = SOLUTIONS["{found[1]}"]'
            folded = FOLDED.search(below.source) if "<summary>A solution" in below.source else None
            answer = (folded[1] or folded[2]) if folded else answer
            cell.source = UNSOLVED.sub(lambda _, answer=answer: answer, cell.source)
    first = f"import sys\nsys.path.insert(0, {folder!r})\nfrom {module} import SOLUTIONS"
    notebook.cells.insert(0, nbformat.v4.new_code_cell(first))
    return notebook


def refused(notebook):
    """What the checks say about answers that are not right."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and CHECKED.search(cell.source):
            said = "".join(output.get("text", "") for output in cell.outputs)
            if ": right. " not in said:
                yield said or "a check that prints nothing"


def load_ipython_extension(shell):
    """Called in the kernel of a notebook: graphs are kept as PNG alone, sharp on dense screens too.

    An exported page shrinks a PNG to its width, and gives it the cell's alternative text; with an SVG it
    does neither.
    """

    def picture(graph, include=None, exclude=None):
        dense = graph.copy()
        dense.graph_attr["dpi"] = "192"  # graphviz's own is 96
        drawn = Image.open(BytesIO(dense.png())).convert("RGB")
        kept = BytesIO()
        drawn.quantize(64).save(kept, "png", optimize=True)  # 64 colours: a third of the size
        bundle = {"text/plain": graph.text, "image/png": kept.getvalue()}
        return bundle, {"image/png": {"width": drawn.width // 2}}

    shell.display_formatter.mimebundle_formatter.for_type_by_name("autograd.pictures.graph", "Graph", picture)


def executed(notebook):
    paths = [str(HERE), os.environ.get("PYTHONPATH", "")]
    extension = f"--IPKernelApp.extensions={Path(__file__).stem}"
    with tempfile.TemporaryDirectory() as folder:
        # By TCP, two kernels that start at the same time may choose the same port.
        sockets = {"transport": "ipc", "ip": f"{folder}/kernel"} if os.name == "posix" else {}
        client = NotebookClient(
            notebook,
            timeout=600,
            resources={"metadata": {"path": folder}},
            extra_arguments=[extension],
            config=Config(KernelManager=sockets),
        )
        client.execute(env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))})
    for i, cell in enumerate(notebook.cells):
        join_streams(cell)
        cell.id = f"cell-{i}"
        cell.metadata = alternative_text(cell)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def join_streams(cell):
    """Make one output of what a cell printed in several pieces, which depend on the time it took."""
    joined = []
    for output in cell.get("outputs", []):
        last = joined[-1] if joined else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    if joined:
        cell.outputs = joined


def alternative_text(cell):
    """The metadata of a cell with a picture: the description that exported pages have for the blind.

    A picture of a graph is described by its text form; other pictures need an "alt" in the cell's metadata.
    """
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if "image/png" in data:
            words = data.get("text/plain", "")
            alt = cell.metadata.get("alt") or ("" if words.startswith("<") else f"graph: {words}")
            return {"alt": alt} if alt else {}
    return {}


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
    parser.add_argument("--solve", type=Path, help="run with the answers of a file, and keep nothing")
    parser.add_argument("names", nargs="*", help="which notebooks; all if left out")
    options = parser.parse_args()
    paths = sorted(HERE.glob("*.ipynb"))
    differs = False
    for path in [p for p in paths if not options.names or p.stem in options.names]:
        kept = nbformat.read(path, as_version=4)
        if options.solve:
            for said in refused(executed(solved(kept, options.solve))):
                differs = True
                print(f"{path.name}: {said}", file=sys.stderr)
            print(path.name)
            continue
        notebook = executed(nbformat.read(path, as_version=4))
        if options.check:
            for before, now in zip(texts(kept), texts(notebook), strict=True):
                if before != now:
                    differs = True
                    print(f"{path.name}: kept\n{before}\nbut now it is\n{now}", file=sys.stderr)
        else:
            nbformat.write(notebook, path)
        print(path.name)
    return int(differs)


if __name__ == "__main__":
    sys.exit(main())
