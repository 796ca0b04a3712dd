"""Optimisers and schedules: how parameters move along their gradients, and how fast."""

from nn.optim.methods import OPTIMIZERS, SGD, Adagrad, Adam, AdamW, RMSprop
from nn.optim.optimizer import Optimizer, clip_grad_norm_, clip_grad_value_
from nn.optim.scipy_minimize import minimize

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "clip_grad_norm_",
    "clip_grad_value_",
    "minimize",
]
