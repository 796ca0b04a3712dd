"""PyTorch and JAX on row b of training.py: an MLP 64-32-10 on the digits, with Adam in batches of 32."""

import functools

import jax
import jax.numpy as jnp
import numpy
import torch
from epochs_by_hand import BATCH, BETAS, EPS, LR, Epochs
from jax.flatten_util import ravel_pytree

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_cpu_enable_async_dispatch", False)
torch.set_num_threads(1)


def contestants(given):
    """The trainings by name; `given` are the weights W1, b1, W2, b2, the samples and their classes."""
    weights, X, y = given
    given = [*map(numpy.array, weights)], numpy.array(X), numpy.array(y)
    return {
        "torch eager": by_torch(*given),
        "torch eager, fused Adam": by_torch(*given, fused=True),
        "JAX jit": by_jit(*given),
        "JAX scan": by_scan(*given),
    }


def by_torch(weights, X, y, **options):
    parameters = [torch.tensor(w, requires_grad=True) for w in weights]
    W1, b1, W2, b2 = parameters
    X, y = torch.tensor(X), torch.tensor(y)
    optimizer = torch.optim.Adam(parameters, LR, BETAS, EPS, **options)
    linear = torch.nn.functional.linear

    def step(x, labels):
        z = linear(torch.tanh(linear(x, W1, b1)), W2, b2)
        loss = torch.nn.functional.cross_entropy(z, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item() * len(labels)

    def epoch(order):
        order = torch.from_numpy(order)
        batches = zip(X[order].split(BATCH), y[order].split(BATCH), strict=True)
        return sum([step(x, labels) for x, labels in batches]) / len(order)

    return Epochs(epoch, len(X))


def start(weights):
    """The state before the first step: all parameters in one array, which JAX passes on quicker than several,
    their two means, and the steps so far; and a step, a function of the state and a batch.
    """
    flat, parts = ravel_pytree([jnp.array(w) for w in weights])

    def loss_of(flat, x, labels):
        W1, b1, W2, b2 = parts(flat)
        z = jnp.tanh(x @ W1.T + b1) @ W2.T + b2
        return (jax.nn.logsumexp(z, axis=1) - jnp.take_along_axis(z, labels[:, None], axis=1)[:, 0]).mean()

    def update(state, x, labels):
        flat, means, squares, steps = state
        loss, slopes = jax.value_and_grad(loss_of)(flat, x, labels)
        steps = steps + 1.0
        means = BETAS[0] * means + (1.0 - BETAS[0]) * slopes
        squares = BETAS[1] * squares + (1.0 - BETAS[1]) * (slopes * slopes)
        size = jnp.sqrt(squares) / jnp.sqrt(1.0 - BETAS[1] ** steps) + EPS
        flat = flat - LR / (1.0 - BETAS[0] ** steps) * means / size
        return (flat, means, squares, steps), loss * len(labels)

    return (flat, jnp.zeros_like(flat), jnp.zeros_like(flat), jnp.array(0.0)), update


def by_jit(weights, X, y):
    """A jitted step in a loop; it slices the shuffled samples itself, which is quicker than Python."""
    (state, update), X, y = start(weights), jnp.array(X), jnp.array(y)
    shuffle = jax.jit(lambda order: (X[order], y[order]))

    @functools.partial(jax.jit, static_argnums=4, donate_argnums=0)
    def step(state, X, y, first, count):
        return update(state, *(jax.lax.dynamic_slice_in_dim(part, first, count) for part in (X, y)))

    def epoch(order):
        nonlocal state
        samples, labels = shuffle(order)
        losses = []
        for first in range(0, len(order), BATCH):
            state, loss = step(state, samples, labels, first, min(BATCH, len(order) - first))
            losses.append(loss)
        return sum(map(float, losses)) / len(order)

    return Epochs(epoch, len(X))


def by_scan(weights, X, y):
    """An epoch in one jitted call: a scan over the full batches, and the last, shorter one after it."""
    (state, update), X, y = start(weights), jnp.array(X), jnp.array(y)
    full = len(X) // BATCH * BATCH

    @functools.partial(jax.jit, donate_argnums=0)
    def train(state, order):
        samples, labels = X[order], y[order]
        batches = samples[:full].reshape(-1, BATCH, X.shape[1]), labels[:full].reshape(-1, BATCH)
        state, losses = jax.lax.scan(lambda state, batch: update(state, *batch), state, batches)
        total = losses.sum()
        if full < len(X):
            state, last = update(state, samples[full:], labels[full:])
            total = total + last
        return state, total / len(X)

    def epoch(order):
        nonlocal state
        state, loss = train(state, order)
        return float(loss)

    return Epochs(epoch, len(X))
