"""Training: the loop of `fit`, its history and its callbacks."""

from nn.training.fitting import fit

__all__ = ["fit"]
