"""Finding and running a ``dot`` program, which turns DOT text into a picture.

Tried in this order: the environment variable AUTOGRAD_DOT, graphviz-pure (which pip installs with this
package), the system's ``dot``. The first program that knows the format draws the picture.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

PURE_FORMATS = ("svg", "png", "jpeg", "jpg", "dot", "xdot", "canon", "json", "plain")  # not pdf
PIXELS = ("png", "jpeg", "jpg", "gif", "bmp")
WIDEST = 100  # inches; a larger picture in pixels is shrunk, or it would take gigabytes
TIMEOUT = 120.0  # seconds


class DotNotFoundError(RuntimeError):
    """No program was found that draws a graph in the requested format."""


def find_programs() -> list[tuple[str, str]]:
    """The programs found: the origin ("environment", "graphviz-pure" or "system") and path of each."""
    found = []
    if chosen := os.environ.get("AUTOGRAD_DOT"):
        found.append(("environment", chosen))
    if pure := _graphviz_pure():
        found.append(("graphviz-pure", pure))
    if system := shutil.which("dot"):
        found.append(("system", system))
    return found


def _graphviz_pure() -> str | None:
    """The executable of the graphviz-pure wheel, wherever pip put it; it need not be on the PATH."""
    try:
        files = metadata.distribution("graphviz-pure").files or []
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.stem == "graphviz-pure" and file.suffix in ("", ".exe"):
            path = Path(str(file.locate()))
            if path.exists():
                return str(path.resolve())
    return shutil.which("graphviz-pure")


def run(
    source: str, format: str, engine: str = "dot", neato_no_op: bool | int | None = None, quiet: bool = True
) -> bytes:
    """The picture of DOT text in a format such as "svg" or "png"; unless `quiet`, warnings are printed.

    Raises:
        DotNotFoundError: if no program draws the format; the text says how to get one.
        RuntimeError: if the program fails, with its error message, or takes longer than TIMEOUT.
    """
    found, kind = find_programs(), format.partition(":")[0]
    if kind not in PURE_FORMATS:
        found = [(origin, path) for origin, path in found if origin != "graphviz-pure"]
    if not found:
        raise DotNotFoundError(
            f"no program was found that draws a graph as {format}: `pip install graphviz-pure` brings one "
            f"for {', '.join(PURE_FORMATS)}; others, PDF among them, need Graphviz itself (apt install "
            f"graphviz, brew install graphviz); or set AUTOGRAD_DOT to a dot program"
        )
    path = found[0][1]
    command = [path, f"-K{engine}", f"-T{format}"]
    command += [f"-n{neato_no_op:d}"] if neato_no_op else []
    command += [f"-Gsize={WIDEST},{WIDEST}"] if kind in PIXELS else []
    try:
        # No shell, and the source on standard input: no label can become a command or a file name.
        done = subprocess.run(
            command, input=source.encode(), capture_output=True, timeout=TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(
            f"{path} was stopped after {TIMEOUT:.0f} seconds: draw a part of the graph, or raise "
            f"autograd.pictures.dot.TIMEOUT"
        ) from None
    except OSError as error:
        raise DotNotFoundError(
            f"{path} could not be run ({error}); it was chosen as {found[0][0]}"
        ) from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip() or "nothing"
        raise RuntimeError(f"{path} failed with exit code {done.returncode} and said: {said}")
    if not quiet:
        lines = done.stderr.decode(errors="replace").splitlines(keepends=True)
        # graphviz-pure knows the widths of ASCII only, and warns about every other letter.
        sys.stderr.writelines(line for line in lines if "width of non-ASCII character" not in line)
    return done.stdout
