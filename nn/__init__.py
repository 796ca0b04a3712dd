"""Small neural networks at scalar level: modules, losses and optimisers on autograd's Values."""

from nn.data import standardise, train_test_split
from nn.init import seed
from nn.layers import MLP, Layer, Neuron
from nn.losses import cross_entropy, hinge, mean_squared_error
from nn.module import Module, parameter
from nn.optim import SGD

__all__ = [
    "MLP",
    "SGD",
    "Layer",
    "Module",
    "Neuron",
    "cross_entropy",
    "hinge",
    "mean_squared_error",
    "parameter",
    "seed",
    "standardise",
    "train_test_split",
]
