"""Data sets from CSV files: a row of numbers for each line, and a column to predict."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any, NamedTuple


class Dataset(NamedTuple):
    """Samples to learn from: ``X, y = iris()[:2]``."""

    X: list[list[float]]  # one row for each sample
    y: list[Any]  # for each sample the number of its class, or a number to predict
    columns: list[str]  # names of the columns of X, with units
    classes: list[str]  # names of the classes; empty if y holds numbers to predict


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
        target: the column to predict, by name or place. A column of numbers is predicted as numbers; other
            entries are names of classes, numbered in the order of their first occurrence.
        header: whether the first line names the columns.
        delimiter: the character between columns.
        encoding: the encoding of the file; by default UTF-8, with or without a byte order mark.

    Raises:
        ValueError: naming the line with an entry that is no number, or with too many or too few entries.
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
    return dataset_from_lines(lines, path.name, target, header=header, delimiter=delimiter)


def dataset_from_lines(
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
            f"{name} has one column, {columns[0]!r}: write delimiter=';', or the character between columns"
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
        raise ValueError(f"{name} has {len(columns)} columns, so there is no column {target}")
    return target % len(columns)


def _number(field: str, where: str) -> float:
    if not _is_number(field):
        raise ValueError(f"{where}: {field!r} is no number: leave out the line, or the column")
    return float(field)
