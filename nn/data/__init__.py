"""Data before training: tables of samples, and batches of them."""

from nn.data.loader import DataLoader
from nn.data.tables import as_rows, as_targets, one_hot, standardise, train_test_split

__all__ = ["DataLoader", "as_rows", "as_targets", "one_hot", "standardise", "train_test_split"]
