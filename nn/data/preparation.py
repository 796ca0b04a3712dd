"""Preparation of samples that is kept with a model: columns encoded as numbers, and standardised."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, overload

from nn.arguments import finite_number
from nn.data.tables import as_list, as_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Self

GAPS = ("", "na", "n/a", "nan", "null", "?")  # entries that stand for a missing one, in small letters


class StandardScaler:
    """Each column scaled to mean 0 and standard deviation 1, as in scikit-learn.

    ``fit(model, X, y, standardise=True)`` makes a scaler from the samples and keeps it with the model.

    Attributes:
        mean, scale: for each column the mean and the standard deviation of the samples given to `fit`; the
            scale of a column of equal numbers is 1.
    """

    def __init__(self) -> None:
        self.mean: list[float] = []
        self.scale: list[float] = []

    def fit(self, X: Any) -> Self:
        """Learn the mean and the standard deviation of each column."""
        columns = list(map(list, zip(*as_rows(X), strict=True)))
        if not columns:
            raise ValueError("there are no samples to learn a scale from: X is empty")
        self.mean = [_centre(column) for column in columns]
        self.scale = [_spread(column, m) or 1.0 for column, m in zip(columns, self.mean, strict=True)]
        return self

    def transform(self, X: Any) -> list[list[float]]:
        """The rows, scaled.

        Raises:
            ValueError: before `fit`, and for rows of another width.
        """
        if not self.mean:
            raise ValueError("this StandardScaler has no scale yet: call fit(X) first")
        rows = as_rows(X)
        if rows and len(rows[0]) != len(self.mean):
            raise ValueError(f"the scale is for {len(self.mean)} columns, and a row has {len(rows[0])}")
        return [[(x - m) / s for x, m, s in zip(row, self.mean, self.scale, strict=True)] for row in rows]

    def to_dict(self) -> dict[str, Any]:
        """The scaler as plain lists, for a file."""
        return {"mean": self.mean, "scale": self.scale}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Self:
        """The scaler that `to_dict` gave; a ValueError if the file is damaged."""
        scaler = cls()
        scaler.mean = [finite_number("mean", x) for x in saved["mean"]]
        scaler.scale = [finite_number("scale", x) for x in saved["scale"]]
        if not scaler.mean or len(scaler.mean) != len(scaler.scale) or min(scaler.scale) <= 0.0:
            raise ValueError("its scaler needs a mean and a scale above 0 for each column")
        return scaler

    def __repr__(self) -> str:
        return f"StandardScaler(mean={self.mean}, scale={self.scale})"


@overload
def standardise(X: Any) -> list[list[float]]: ...
@overload
def standardise(X: Any, *others: Any) -> tuple[list[list[float]], ...]: ...
def standardise(X: Any, *others: Any) -> Any:
    """X scaled to mean 0 and standard deviation 1 in each column; other tables are scaled like X.

    ``X = standardise(X)``, or ``X_train, X_test = standardise(X_train, X_test)``. A column of equal numbers
    becomes 0.
    """
    scaler = StandardScaler().fit(X)
    scaled = tuple(scaler.transform(table) for table in (X, *others))
    return scaled if others else scaled[0]


def _centre(column: list[float]) -> float:
    """The mean; for equal numbers exactly their number, which a rounded sum might miss."""
    return column[0] if min(column) == max(column) else math.fsum(column) / len(column)


def _spread(column: list[float], centre: float) -> float:
    """The standard deviation; scaling by a power of 2 keeps squares from overflow and underflow."""
    scale = math.ldexp(1.0, math.frexp(max(abs(x - centre) for x in column))[1] - 1)
    return scale * math.sqrt(math.fsum(((x - centre) / scale) ** 2 for x in column) / len(column))


class ColumnEncoder:
    """Raw rows of a table as rows of numbers: categories become one-hot rows, gaps are filled.

    A data set of `nn.datasets.from_csv` has one: ``fit(model, data.X, data.y, encoder=data.encoder)`` keeps
    it with the model, which then takes raw rows: lists with an entry for each of `names`, or dicts by name.

    Args:
        names: the columns of raw rows.
        categories: the categories of each column that is not numeric.
        fill: what stands for a gap in each column; without it gaps are refused.
        classes: the names of the classes to predict, if they are names.
    """

    def __init__(
        self,
        names: Sequence[str],
        categories: Mapping[str, Sequence[str]],
        fill: Mapping[str, float | str],
        classes: Sequence[str] = (),
    ) -> None:
        self.names, self.classes, self.fill = list(names), list(classes), dict(fill)
        self.categories = {name: list(values) for name, values in categories.items()}

    @classmethod
    def learn(
        cls, names: Sequence[str], rows: Sequence[Sequence[str]], categorical: Collection[str], fill: bool
    ) -> Self:
        """The encoder for rows of texts: a column without any number is categorical, like the named ones.

        A numeric column is filled with its mean, a categorical one with its most frequent category.
        """
        categories: dict[str, list[str]] = {}
        filled: dict[str, float | str] = {}
        for i, name in enumerate(names):
            entries = [row[i] for row in rows if not is_gap(row[i])]
            if not entries:
                raise ValueError(f"the column {name!r} has no entry: leave it out of the features")
            numbers = [float(entry) for entry in entries if is_number(entry)]
            if name in categorical or not numbers:
                categories[name] = sorted(set(entries))
                filled[name] = max(categories[name], key=Counter(entries).__getitem__)
            else:
                filled[name] = math.fsum(numbers) / len(numbers)
        return cls(names, categories, filled if fill else {})

    @property
    def columns(self) -> list[str]:
        """The names of the columns of encoded rows, such as "island=Torgersen"."""
        return [
            column
            for name in self.names
            for column in (
                [f"{name}={c}" for c in self.categories[name]] if name in self.categories else [name]
            )
        ]

    def transform(self, X: Any) -> list[list[float]]:
        """The encoded rows. A row of numbers that is as wide as encoded rows stays as it is.

        Raises:
            ValueError: for a missing column, an unknown category, a gap that nothing fills, or no number.
        """
        if hasattr(X, "columns") and set(self.names) <= set(X.columns):
            X = X[self.names]  # a pandas frame, its columns in any order
        if isinstance(X, dict):
            raise ValueError("samples are rows, and X is a single dict: write [row]")
        width = len(self.columns)
        dicts = isinstance(X, (list, tuple)) and any(isinstance(row, dict) for row in X)
        rows = [row if isinstance(row, dict) else as_list([row])[0] for row in X] if dicts else as_list(X)
        encoded = []
        for i, row in enumerate(rows):
            if (
                isinstance(row, list)
                and len(row) == width
                and all(isinstance(x, (int, float)) and not is_gap(x) for x in row)
            ):
                encoded.append(row)
                continue
            if isinstance(row, list) and len(row) == len(self.names):
                row = dict(zip(self.names, row, strict=True))
            if not isinstance(row, dict) or not set(self.names) <= set(row):
                raise ValueError(f"X[{i}] is {row!r}, and a row has the columns {', '.join(self.names)}")
            encoded.append([x for name in self.names for x in self._encoded(row[name], name, i)])
        return as_rows(encoded)

    def _encoded(self, entry: Any, name: str, i: int) -> list[float]:
        """The numbers of an entry of the row X[i]."""
        if is_gap(entry):
            if name not in self.fill:
                raise ValueError(
                    f"X[{i}] has a gap in the column {name!r}: fill it in, or read the table with "
                    f"missing='mean'"
                )
            entry = self.fill[name]
        if name not in self.categories:
            if not is_number(entry):
                raise ValueError(f"X[{i}] has {entry!r} in the column {name!r}, which is no number")
            return [float(entry)]
        if str(entry) not in self.categories[name]:
            raise ValueError(
                f"X[{i}] has {entry!r} in the column {name!r}, which is none of its categories "
                f"{', '.join(self.categories[name])}"
            )
        return [float(category == str(entry)) for category in self.categories[name]]

    def to_dict(self) -> dict[str, Any]:
        """The encoder as plain lists and dicts, for a file."""
        return dict(vars(self))

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Self:
        """The encoder that `to_dict` gave; a ValueError if the file is damaged."""
        made = cls(**{name: saved[name] for name in ("names", "categories", "fill", "classes")})
        texts = [made.names, made.classes, *made.categories.values()]
        known = {*made.categories, *made.fill} <= set(made.names)
        if not known or not all(isinstance(x, str) for group in texts for x in group):
            raise ValueError("its encoder has no list of names, or unknown columns")
        for name, value in made.fill.items():
            if value not in made.categories.get(name, [value]):
                raise ValueError(f"its encoder fills {name!r} with an unknown category")
            if name not in made.categories:
                finite_number(name, value)
        return made

    def __repr__(self) -> str:
        return f"ColumnEncoder({', '.join(self.columns)})"


def is_gap(entry: Any) -> bool:
    """Whether an entry is missing: None, nan, or one of `GAPS`."""
    if isinstance(entry, str):
        return entry.strip().lower() in GAPS
    return entry is None or (isinstance(entry, float) and math.isnan(entry))


def is_number(entry: Any) -> bool:
    """Whether an entry is a finite number, or the text of one."""
    try:
        return math.isfinite(float(entry))
    except (TypeError, ValueError, OverflowError):
        return False
