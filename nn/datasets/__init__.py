"""Data sets: some generated, some measured, and any CSV file."""

from nn.datasets.csv_files import Dataset as Dataset
from nn.datasets.csv_files import from_csv
from nn.datasets.generated import blobs, circles, moons, spirals, xor
from nn.datasets.measured import breast_cancer, digits, iris, wine

__all__ = [
    "blobs",
    "breast_cancer",
    "circles",
    "digits",
    "from_csv",
    "iris",
    "moons",
    "spirals",
    "wine",
    "xor",
]
