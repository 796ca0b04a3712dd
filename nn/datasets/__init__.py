"""Data sets: some generated, some that come with the package or with scikit-learn, and any CSV file."""

from __future__ import annotations

import csv
import math
import random
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from nn.checks import whole_number
from nn.data import shuffled
from nn.init import draw_normal


class Dataset(NamedTuple):
    """Samples to learn from: ``X, y = iris()[:2]``."""

    X: list[list[float]]  # one row for each sample
    y: list[Any]  # the number of its class; from_csv: or a number to predict
    columns: list[str]  # what the numbers of a row are, with their units
    classes: list[str]  # what the numbers in y mean; empty if they are to be predicted themselves


# Generated: two numbers for each sample, in the order of a shuffle by the seed


def _made(points: list[tuple[float, float, int]], noise: float, seed: int, classes: list[str]) -> Dataset:
    generator = random.Random(seed)
    X = [
        [draw_normal(x1, noise, generator), draw_normal(x2, noise, generator)] if noise else [x1, x2]
        for x1, x2, _ in points
    ]
    order = shuffled(len(points), generator)
    return Dataset([X[i] for i in order], [points[i][2] for i in order], ["x1", "x2"], classes)


def _share(i: int, count: int) -> float:
    return i / (count - 1) if count > 1 else 0.0


def moons(samples: int = 100, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Two half circles that reach into each other; noise is the standard deviation added to each number."""
    samples = whole_number("samples", samples)
    upper = samples // 2
    points = []
    for i in range(upper):
        angle = math.pi * _share(i, upper)
        points.append((math.cos(angle), math.sin(angle), 0))
    for i in range(samples - upper):
        angle = math.pi * _share(i, samples - upper)
        points.append((1.0 - math.cos(angle), 0.5 - math.sin(angle), 1))
    return _made(points, noise, seed, ["upper", "lower"])


def circles(samples: int = 100, noise: float = 0.05, inner: float = 0.5, seed: int = 0) -> Dataset:
    """A circle of radius 1 around one of radius `inner`."""
    samples = whole_number("samples", samples)
    outside = samples // 2
    points = []
    for i in range(samples):
        radius, count, label = (1.0, outside, 0) if i < outside else (inner, samples - outside, 1)
        angle = 2.0 * math.pi * (i % outside if i < outside else i - outside) / count
        points.append((radius * math.cos(angle), radius * math.sin(angle), label))
    return _made(points, noise, seed, ["outer", "inner"])


def spirals(
    samples: int = 200, noise: float = 0.02, turns: float = 1.0, arms: int = 2, seed: int = 0
) -> Dataset:
    """Arms that wind around each other from the centre out to radius 1."""
    samples, arms = whole_number("samples", samples), whole_number("arms", arms)
    points = []
    for i in range(samples):
        arm, place = i % arms, i // arms
        radius = 0.1 + 0.9 * _share(place, -(-samples // arms))
        angle = 2.0 * math.pi * (turns * radius + arm / arms)
        points.append((radius * math.cos(angle), radius * math.sin(angle), arm))
    return _made(points, noise, seed, [f"arm {i}" for i in range(arms)])


def xor(samples: int = 4, noise: float = 0.0, seed: int = 0) -> Dataset:
    """The corners of the unit square in turn; class 1 where exactly one of the two numbers is 1."""
    corners = [(0.0, 0.0, 0), (0.0, 1.0, 1), (1.0, 0.0, 1), (1.0, 1.0, 0)]
    count = whole_number("samples", samples)
    return _made([corners[i % 4] for i in range(count)], noise, seed, ["equal", "different"])


def blobs(samples: int = 150, classes: int = 3, spread: float = 0.2, seed: int = 0) -> Dataset:
    """Round clouds, one for each class, whose centres lie evenly on the unit circle."""
    samples, classes = whole_number("samples", samples), whole_number("classes", classes)
    points = []
    for i in range(samples):
        angle = 2.0 * math.pi * (i % classes) / classes
        points.append((math.cos(angle), math.sin(angle), i % classes))
    return _made(points, spread, seed, [f"blob {i}" for i in range(classes)])


# Measured


def iris() -> Dataset:
    """Fisher's iris: 150 flowers of three species, four measurements in centimetres each.

    R. A. Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7 (1936)
    179-188; the measurements are E. Anderson's. The figures are those of Fisher's table (as in
    scikit-learn's copy; UCI's differs in two samples).
    """
    text = resources.files(__name__).joinpath("iris.csv").read_text(encoding="utf-8")
    return _from_lines(text.splitlines(), "iris.csv", -1, header=True)


def wine() -> Dataset:
    """178 wines of three growers, 13 measurements each (Forina et al. 1988; from scikit-learn)."""
    return _of_scikit_learn("load_wine")


def breast_cancer() -> Dataset:
    """569 tumours, malignant (0) or benign (1), 30 measurements each (Street et al. 1993; scikit-learn)."""
    return _of_scikit_learn("load_breast_cancer")


def digits() -> Dataset:
    """1,797 handwritten digits, 64 grey values from 0 to 16 each (Alpaydin and Kaynak; scikit-learn)."""
    return _of_scikit_learn("load_digits")


def _of_scikit_learn(name: str) -> Dataset:
    try:
        import sklearn.datasets
    except ImportError:
        raise ImportError(
            "this data set comes with scikit-learn: pip install scikit-learn, or scalar-autograd[data]"
        ) from None
    bunch = getattr(sklearn.datasets, name)()
    columns = [str(column) for column in bunch.feature_names]
    return Dataset(bunch.data.tolist(), bunch.target.tolist(), columns, [str(c) for c in bunch.target_names])


def from_csv(
    path: str | Path,
    target: str | int = -1,
    *,
    header: bool = True,
    delimiter: str = ",",
    encoding: str = "utf-8-sig",
) -> Dataset:
    """The samples of a CSV file: one for each line, and a column to predict.

    Args:
        path: the file.
        target: the column to predict, by name or place. If all it holds are numbers, they are what is to be
            predicted, else names of classes, numbered in the order of their first occurrence.
        header: whether the first line names the columns.
        delimiter: what stands between columns.
        encoding: of the file; UTF-8, with or without a mark at its beginning, if left out.

    Raises:
        ValueError: naming the line that has something else than numbers, or too many or too few.
    """
    path = Path(path)
    data = path.read_bytes()
    try:
        lines = data.decode(encoding).splitlines()
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path.name}, line {number}: this is no {encoding}: write encoding='latin-1', or the one it has"
        ) from None
    return _from_lines(lines, path.name, target, header=header, delimiter=delimiter)


def _from_lines(
    lines: list[str], name: str, target: str | int, *, header: bool, delimiter: str = ","
) -> Dataset:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        table = [
            (reader.line_num, [field.strip() for field in row]) for row in reader if any(map(str.strip, row))
        ]
    except csv.Error as error:
        raise ValueError(f"{name}, line {reader.line_num}: {error}: is a quote not closed?") from None
    if len(table) < 1 + header:
        raise ValueError(f"{name} has no samples")
    columns = table.pop(0)[1] if header else [f"x{i + 1}" for i in range(len(table[0][1]))]
    if len(columns) == 1:
        raise ValueError(
            f"{name} has one column, {columns[0]!r}: write delimiter=';', or what stands between"
        )
    if header and all(map(_is_number, columns)):
        raise ValueError(
            f"{name} begins with numbers, where names of columns are expected: write header=False"
        )
    place = _place(name, columns, target)
    X, answers = [], []
    for number, fields in table:
        where = f"{name}, line {number}"
        if len(fields) != len(columns):
            raise ValueError(f"{where}: {len(fields)} columns, where {len(columns)} are expected")
        answers.append(fields.pop(place))
        if not answers[-1]:
            raise ValueError(f"{where}: the column {columns[place]!r}, which is to be predicted, is empty")
        X.append([_number(field, where) for field in fields])
    rest = [column for i, column in enumerate(columns) if i != place]
    if any(map(_is_number, answers)):
        wheres = [f"{name}, line {number}" for number, _ in table]
        numbers = [_number(answer, where) for answer, where in zip(answers, wheres, strict=True)]
        return Dataset(X, [int(x) if x.is_integer() else x for x in numbers], rest, [])
    classes = list(dict.fromkeys(answers))
    return Dataset(X, [classes.index(answer) for answer in answers], rest, classes)


def _is_number(field: str) -> bool:
    try:
        return math.isfinite(float(field))
    except ValueError:
        return False


def _place(name: str, columns: list[str], target: str | int) -> int:
    if isinstance(target, str):
        if target not in columns:
            raise ValueError(f"{name} has no column {target!r}, but {', '.join(columns)}")
        return columns.index(target)
    if not -len(columns) <= target < len(columns):
        raise ValueError(f"{name} has {len(columns)} columns, and none of the place {target}")
    return target % len(columns)


def _number(field: str, where: str) -> float:
    try:
        number = float(field)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{where}: {field!r} is no number: leave out the line, or the column")
    return number
