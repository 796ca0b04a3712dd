"""Data before training: tables of samples, and batches of them."""

from nn.data.loader import DataLoader
from nn.data.preparation import ColumnEncoder, StandardScaler, standardise
from nn.data.tables import as_rows, as_targets, one_hot, train_test_split

__all__ = [
    "ColumnEncoder",
    "DataLoader",
    "StandardScaler",
    "as_rows",
    "as_targets",
    "one_hot",
    "standardise",
    "train_test_split",
]
