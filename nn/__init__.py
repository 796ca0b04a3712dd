"""Small neural networks at scalar level: modules, losses and optimisers on autograd's Values."""

import sys

from autograd import softmax
from nn import datasets, init, optim
from nn.data import ColumnEncoder, DataLoader, StandardScaler, one_hot, standardise, train_test_split
from nn.evaluation import losses, metrics, predictions
from nn.evaluation.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge_loss,
    huber_loss,
    l1_loss,
    mse_loss,
    multi_margin_loss,
    nll_loss,
)
from nn.evaluation.metrics import accuracy, classes_of, confusion_matrix, mean_absolute_error, r2_score
from nn.evaluation.predicting import evaluate, predict, predict_classes, predict_proba
from nn.evaluation.predictions import Predictions
from nn.files.saving import load, save
from nn.init import seed
from nn.models import activations, layers, module
from nn.models.activations import (
    ELU,
    GELU,
    SELU,
    Activation,
    LeakyReLU,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from nn.models.layers import MLP, Dropout, Embedding, Layer, LayerNorm, Linear, Neuron, RMSNorm, Sequential
from nn.models.module import Module, parameter
from nn.optim import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Optimizer,
    RMSprop,
    clip_grad_norm_,
    clip_grad_value_,
    minimize,
    schedules,
)
from nn.optim.schedules import (
    CosineAnnealingLR,
    ExponentialLR,
    LinearLR,
    OneCycleLR,
    ReduceLROnPlateau,
    Schedule,
    StepLR,
)
from nn.pictures.network_drawing import draw_network
from nn.pictures.plots import plot_confusion, plot_decision_boundary
from nn.training import callbacks, history
from nn.training.callbacks import Checkpoint, EarlyStopping, Training
from nn.training.film import Film
from nn.training.fitting import fit
from nn.training.history import History, plot_history

# Modules by their paths of version 0.1, for pickles and programs of that version.
for _module in (activations, callbacks, history, layers, losses, metrics, module, schedules):
    sys.modules[f"nn.{_module.__name__.rpartition('.')[2]}"] = _module
sys.modules["nn.outputs"] = predictions

# fmt: off
__all__ = [
    "ELU", "GELU", "MLP", "SELU", "SGD", "Activation", "Adagrad", "Adam", "AdamW", "Checkpoint",
    "ColumnEncoder", "CosineAnnealingLR", "DataLoader", "Dropout", "EarlyStopping", "Embedding",
    "ExponentialLR", "Film", "History", "Layer", "LayerNorm", "LeakyReLU", "Linear", "LinearLR", "Mish",
    "Module", "Neuron", "OneCycleLR", "Optimizer", "Predictions", "RMSNorm", "RMSprop", "ReLU",
    "ReduceLROnPlateau", "Schedule", "Sequential", "SiLU", "Sigmoid", "Softmax", "Softplus", "Softsign",
    "StandardScaler", "StepLR", "Tanh", "Training", "accuracy", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "classes_of", "clip_grad_norm_", "clip_grad_value_",
    "confusion_matrix", "cross_entropy", "datasets", "draw_network", "evaluate", "fit", "hinge_loss",
    "huber_loss", "init", "l1_loss", "load", "mean_absolute_error", "minimize", "mse_loss",
    "multi_margin_loss", "nll_loss", "one_hot", "optim", "parameter", "plot_confusion",
    "plot_decision_boundary", "plot_history", "predict", "predict_classes", "predict_proba", "r2_score",
    "save", "seed", "softmax", "standardise", "train_test_split",
]
# fmt: on
