"""Data sets from CSV files: a row of numbers for each line, and a column to predict."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nn.data.preparation import ColumnEncoder, is_gap, is_number

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Samples(NamedTuple):
    X: list[list[float]]  # one row for each sample
    y: list[Any]  # for each sample the number of its class, or a number to predict
    columns: list[str]  # names of the columns of X, with units
    classes: list[str]  # names of the classes; empty if y holds numbers to predict


class Dataset(_Samples):
    """Samples to learn from: ``X, y = iris()[:2]``.

    Attributes:
        X: one row for each sample.
        y: for each sample the number of its class, or a number to predict.
        columns: names of the columns of X, with units.
        classes: names of the classes; empty if y holds numbers to predict.
        encoder: what made X of the rows of a CSV file; a model that keeps it takes rows like those.
    """

    encoder: ColumnEncoder | None = None


def from_csv(
    path: str | Path,
    target: str | int = -1,
    *,
    features: Sequence[str | int] | None = None,
    categorical: Sequence[str | int] = (),
    missing: str = "refuse",
    header: bool = True,
    delimiter: str = ",",
    encoding: str = "utf-8-sig",
) -> Dataset:
    """The samples of a CSV file: one for each line, and a column to predict.

    A column of names instead of numbers becomes a column of 0 and 1 for each of its categories ("one-hot"),
    named as in "island=Biscoe". The dataset's `encoder` does the same to raw rows later.

    Args:
        path: the file.
        target: the column to predict, by name or place. A column of numbers is predicted as numbers; other
            entries are names of classes, numbered in the order of their first occurrence.
        features: the columns to predict from, by name or place; by default all others.
        categorical: columns of categories that are written as numbers, such as years.
        missing: what to do with gaps, which are empty entries, NA, N/A, nan, null and ?: "refuse" them,
            "drop" their lines, or fill in the column's "mean" (for a column of names its most frequent one).
        header: whether the first line names the columns.
        delimiter: the character between columns.
        encoding: the encoding of the file; by default UTF-8, with or without a byte order mark.

    Raises:
        ValueError: naming the line and column of an entry that is a gap or no number; for a line with too
            many or too few entries; for a column that is not there.
    """
    path = Path(path)
    data = path.read_bytes()
    try:
        lines = data.decode(encoding).splitlines()
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path.name}, line {number}: this is not {encoding}: write encoding='latin-1', or the file's own"
        ) from None
    name, columns, table = _table(lines, path.name, header, delimiter)
    return _dataset(name, columns, table, target, features, categorical, missing)


def dataset_from_lines(lines: list[str], name: str, target: str | int, *, header: bool) -> Dataset:
    """The samples in the lines of a CSV file of this name."""
    return _dataset(*_table(lines, name, header, ","), target, None, (), "refuse")


def _table(
    lines: list[str], name: str, header: bool, delimiter: str
) -> tuple[str, list[str], list[tuple[int, list[str]]]]:
    """The name of the file, the names of its columns, and the number and the entries of each line."""
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
            f"{name} has one column, {columns[0]!r}: write delimiter=';', or the character between columns"
        )
    if header and all(map(is_number, columns)):
        raise ValueError(
            f"{name} begins with numbers, where names of columns are expected: write header=False"
        )
    for number, fields in table:
        if len(fields) != len(columns):
            raise ValueError(
                f"{name}, line {number}: {len(fields)} columns, where {len(columns)} are expected"
            )
    return name, columns, table


def _dataset(
    name: str,
    columns: list[str],
    table: list[tuple[int, list[str]]],
    target: str | int,
    features: Sequence[str | int] | None,
    categorical: Sequence[str | int],
    missing: str,
) -> Dataset:
    if missing not in ("refuse", "drop", "mean"):
        raise ValueError(f"missing is 'refuse', 'drop' or 'mean', not {missing!r}")
    place = _place(name, columns, target)
    places = [_place(name, columns, c) for c in (range(len(columns)) if features is None else features)]
    if features is not None and place in places:
        raise ValueError(f"the column {columns[place]!r} is to be predicted: leave it out of the features")
    places = [i for i in places if i != place]
    named = [c if columns.index(c) == i else f"{c} ({i + 1})" for i, c in enumerate(columns)]
    named = [named[i] for i in places]  # of two columns of one name the second has its place
    kept = []
    for number, fields in table:
        gaps = [i for i in (place, *places) if is_gap(fields[i])]
        if gaps and (missing == "refuse" or (missing == "mean" and gaps[0] == place)):
            column, entry = columns[gaps[0]], fields[gaps[0]]
            what = f"the column {column!r}{', which is to be predicted,' if gaps[0] == place else ''}"
            raise ValueError(
                f"{name}, line {number}: {what} {f'has the gap {entry!r}' if entry else 'is empty'}: write "
                f"missing='drop' to leave out such lines"
                + ("" if gaps[0] == place else ", missing='mean' to fill in the column's mean")
            )
        if not gaps or missing == "mean":
            kept.append((number, fields[place], [fields[i] for i in places]))
    if not kept:
        raise ValueError(f"{name} has no sample without a gap: write missing='mean'")
    forced = {columns[_place(name, columns, c)] for c in categorical}
    encoder = ColumnEncoder.learn(named, [row for _, _, row in kept], forced, missing == "mean")
    for i, column in enumerate(named):
        for number, _, row in kept:
            if column not in encoder.categories and not is_gap(row[i]):
                _number(
                    row[i], f"{name}, line {number}, column {column!r}", "leave out the line, or the column"
                )
    X = encoder.transform([row for _, _, row in kept])
    answers = [answer for _, answer, _ in kept]
    if columns[place] not in forced and any(map(is_number, answers)):
        numbers = [
            _number(a, f"{name}, line {n}, column {columns[place]!r}", "correct it") for n, a, _ in kept
        ]
        data = Dataset(X, [int(x) if x.is_integer() else x for x in numbers], encoder.columns, [])
    else:
        encoder.classes = list(dict.fromkeys(answers))
        places_of = {answer: i for i, answer in enumerate(encoder.classes)}
        data = Dataset(X, [places_of[a] for a in answers], encoder.columns, encoder.classes)
    data.encoder = encoder
    return data


def _place(name: str, columns: list[str], column: str | int) -> int:
    if isinstance(column, str):
        if column not in columns:
            raise ValueError(f"{name} has no column {column!r}, but {', '.join(columns)}")
        return columns.index(column)
    if not -len(columns) <= column < len(columns):
        raise ValueError(f"{name} has {len(columns)} columns, so there is no column {column}")
    return column % len(columns)


def _number(field: str, where: str, cure: str) -> float:
    if not is_number(field):
        raise ValueError(f"{where}: {field!r} is no number: {cure}")
    return float(field)
