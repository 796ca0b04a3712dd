"""Data sets that come with the package."""

from __future__ import annotations

import csv
from importlib import resources
from typing import NamedTuple


class Dataset(NamedTuple):
    """Samples to learn from: ``X, y = load_iris()[:2]``."""

    X: list[list[float]]  # one row for each sample
    y: list[int]  # the number of its class
    columns: list[str]  # what the numbers of a row are, with their units
    classes: list[str]  # what the numbers in y mean


def load_iris() -> Dataset:
    """Fisher's iris: 150 flowers of three species, four measurements in centimetres each.

    R. A. Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7 (1936)
    179-188; the measurements are E. Anderson's. The figures are those of Fisher's table (as in
    scikit-learn's copy; UCI's differs in two samples).
    """
    text = resources.files(__name__).joinpath("iris.csv").read_text(encoding="utf-8")
    header, *rows = csv.reader(text.splitlines())
    classes = list(dict.fromkeys(row[-1] for row in rows))
    X = [[float(x) for x in row[:-1]] for row in rows]
    return Dataset(X, [classes.index(row[-1]) for row in rows], header[:-1], classes)
