"""The rooms of nn: folders in the order of layers, files without circles, and paths of version 0.1."""

import ast
import importlib
import pickle
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from imports import imported_names

import nn

ROOT = Path(nn.__file__).parent
# A file imports from its own room, and from rooms above it in this list.
ROOMS = [
    "arguments",
    "init",
    "data",
    "models",
    "datasets",
    "evaluation",
    "optim",
    "files",
    "pictures",
    "training",
    "__init__",
]


def imported(path, root):
    """Paths of the files of nn that a file imports, for types only and inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for name in imported_names(node, path):
            first, *parts = name.split(".")
            if first == "nn":
                yield found(root, parts)


def found(root, parts):
    """The file of the longest prefix of a dotted name."""
    for count in range(len(parts), 0, -1):
        place = root.joinpath(*parts[:count])
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.is_file():
                return file
    return root / "__init__.py"


def room(path, root):
    return path.relative_to(root).with_suffix("").parts[0]


def breaches(root):
    """Each import from a lower room: "data/tables.py imports training/fitting.py"."""
    for path in sorted(root.rglob("*.py")):
        for other in imported(path, root):
            if ROOMS.index(room(other, root)) > ROOMS.index(room(path, root)):
                yield f"{path.relative_to(root).as_posix()} imports {other.relative_to(root).as_posix()}"


def test_files_import_from_rooms_above():
    """In all folders, inside functions and for types too; each folder and file on disk has its room."""
    on_disk = {p.stem for p in ROOT.glob("*.py")} | {p.name for p in ROOT.iterdir() if any(p.rglob("*.py"))}
    assert on_disk == set(ROOMS)
    assert list(breaches(ROOT)) == []


def test_files_import_without_circles():
    graph = {path: set(imported(path, ROOT)) for path in ROOT.rglob("*.py")}
    assert len(list(TopologicalSorter(graph).static_order())) == len(graph)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("data/tables.py", "from nn.training import fitting"),
        ("data/tables.py", "def f():\n    from nn.training.fitting import fit"),
        ("data/tables.py", "if TYPE_CHECKING:\n    import nn.training.fitting"),
    ],
)
def test_an_import_from_a_lower_room_is_found(tmp_path, file, code):
    for name, text in {file: code, "training/fitting.py": "", "training/__init__.py": ""}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert list(breaches(tmp_path)) == ["data/tables.py imports training/fitting.py"]


def test_a_circle_is_found(tmp_path):
    (tmp_path / "data").mkdir()
    for one, other in ("ab", "ba"):
        (tmp_path / f"data/{one}.py").write_text(f"from nn.data import {other}")
    graph = {path: set(imported(path, tmp_path)) for path in tmp_path.rglob("*.py")}
    with pytest.raises(CycleError):
        TopologicalSorter(graph).prepare()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("nn.init", "kaiming_normal"),
        ("nn.optim", "Adam"),
        ("nn.datasets", "moons"),
        ("nn.activations", "ACTIVATIONS"),
        ("nn.callbacks", "EarlyStopping"),
        ("nn.data", "DataLoader"),
        ("nn.history", "History"),
        ("nn.layers", "MLP"),
        ("nn.losses", "LOSSES"),
        ("nn.metrics", "METRICS"),
        ("nn.module", "Module"),
        ("nn.outputs", "Predictions"),
        ("nn.schedules", "StepLR"),
        ("nn.training", "fit"),
    ],
)
def test_paths_that_programs_and_pickles_name(path, name):
    """Each can be imported first, and the documented paths are attributes of nn too."""
    code = f"from {path} import {name}; import nn; print(getattr(nn, {name!r}, {name}) is {name})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "True\n"
    assert hasattr(importlib.import_module(path), name)


def test_pickles_of_version_0_1_load():
    """A model, its training and its data, pickled before nn had rooms."""
    saved = pickle.loads((Path(__file__).parents[1] / "files" / "nn-0.1.pickle").read_bytes())
    X, y = saved["data"].X, saved["data"].y
    model = saved["model"]
    assert repr(model).splitlines()[1:5] == [
        "  0: Layer(2, 3, activation='tanh')  # 9 parameters",
        "  1: Dropout(0.25)",
        "  2: LayerNorm(3)  # 6 parameters",
        "  3: MLP(3, [2, 2], activation=['relu'])  # 14 parameters",
    ]
    assert nn.predict(model, [[0, 0]])[0] == pytest.approx(saved["predictions"][0], rel=1e-14)
    assert saved["predictions"].outputs == "probabilities"
    assert saved["mlp"].config() == nn.MLP(2, [3, 1]).config()
    history = nn.fit(
        model,
        saved["loader"],
        loss=lambda rows, labels: nn.mse_loss(rows, nn.one_hot(labels, 2)),
        optimizer=saved["optimizer"],
        schedule=saved["schedule"],
        epochs=2,
        validation=(X, y),
        callbacks=saved["stopping"],
    )
    assert history["lr"] == [0.0125, 0.00625]
    assert len(saved["history"]) == 2
    assert saved["optimizer"].state_dict()["steps"] == [8] * 29
