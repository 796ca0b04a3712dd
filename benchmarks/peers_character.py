"""JAX and torch on row c of training.py: a step of the character model with Adam, in float64, on one thread.

`torch_step` computes all positions of a name at once, for each length in its own shapes. `jax_step` pads
names to `BLOCK` positions, with a mask, so that one compiled program serves all lengths. Imported where the
peer is installed: `peers.interpreter()` is a Python with JAX.
"""

import math

import numpy

WIDTH, HEADS, BLOCK = 16, 4, 16
HEAD = WIDTH // HEADS
LR, BETAS, EPS = 0.01, (0.85, 0.99), 1e-8


def torch_step(weights, names):
    """A function that makes one step, for one name after the other, and returns the loss.

    Args:
        weights: lists of rows by their names.
        names: a list of tokens for each name, with those of the ends.
    """
    import torch

    torch.set_num_threads(1)
    w = {k: torch.tensor(rows, dtype=torch.float64, requires_grad=True) for k, rows in weights.items()}
    optimizer = torch.optim.Adam(w.values(), lr=LR, betas=BETAS, eps=EPS, fused=True)
    data = [torch.tensor(tokens) for tokens in names]
    masks = {n: torch.full((n, n), -math.inf, dtype=torch.float64).triu(1) for n in range(1, BLOCK + 1)}
    steps = 0

    def normalise(x):
        return x * (x.square().mean(1, keepdim=True) + 1e-5).rsqrt()

    def loss_of(tokens):
        n = len(tokens) - 1
        x = before = normalise(w["token"][tokens[:-1]] + w["position"][:n])
        x = normalise(x)
        query, key, value = (
            (x @ w[k].T).view(n, HEADS, HEAD).transpose(0, 1) for k in ("query", "key", "value")
        )
        attention = torch.softmax(query @ key.transpose(1, 2) / HEAD**0.5 + masks[n], -1)
        x = (attention @ value).transpose(0, 1).reshape(n, WIDTH)
        x = before = x @ w["out"].T + before
        x = torch.relu(normalise(x) @ w["widen"].T) @ w["narrow"].T + before
        return torch.nn.functional.cross_entropy(x @ w["logits"].T, tokens[1:])

    def step():
        nonlocal steps
        loss = loss_of(data[steps % len(data)])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        steps += 1
        return float(loss.detach())

    return step


def jax_step(weights, names):
    """The same by `jax.jit`, padded."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    causal = jnp.where(jnp.tril(jnp.ones((BLOCK, BLOCK))) > 0.0, 0.0, -jnp.inf)

    def normalise(x):
        return x * ((x * x).mean(1, keepdims=True) + 1e-5) ** -0.5

    def loss_of(w, tokens, targets, counts):
        x = before = normalise(w["token"][tokens] + w["position"])
        x = normalise(x)
        query, key, value = ((x @ w[k].T).reshape(BLOCK, HEADS, HEAD) for k in ("query", "key", "value"))
        scores = jnp.einsum("ihd,jhd->hij", query, key) / HEAD**0.5 + causal
        x = jnp.einsum("hij,jhd->ihd", jax.nn.softmax(scores), value).reshape(BLOCK, WIDTH)
        x = before = x @ w["out"].T + before
        x = jax.nn.relu(normalise(x) @ w["widen"].T) @ w["narrow"].T + before
        logits = jax.nn.log_softmax(x @ w["logits"].T)
        return -(jnp.take_along_axis(logits, targets[:, None], 1)[:, 0] * counts).sum() / counts.sum()

    @jax.jit
    def update(w, first, second, t, tokens, targets, counts):
        value, g = jax.value_and_grad(loss_of)(w, tokens, targets, counts)
        first = jax.tree.map(lambda m, g: BETAS[0] * m + (1 - BETAS[0]) * g, first, g)
        second = jax.tree.map(lambda v, g: BETAS[1] * v + (1 - BETAS[1]) * g * g, second, g)
        a, b = 1 - BETAS[0] ** t, 1 - BETAS[1] ** t
        w = jax.tree.map(lambda p, m, v: p - LR * (m / a) / (jnp.sqrt(v / b) + EPS), w, first, second)
        return value, (w, first, second)

    w = {k: jnp.array(numpy.array(rows)) for k, rows in weights.items()}
    state = w, {k: jnp.zeros_like(m) for k, m in w.items()}, {k: jnp.zeros_like(m) for k, m in w.items()}
    padded = []
    for tokens in names:
        n = len(tokens) - 1
        fill = [0] * (BLOCK - n)
        padded.append(
            (
                jnp.array([*tokens[:-1], *fill]),
                jnp.array([*tokens[1:], *fill]),
                jnp.array([1.0] * n + [0.0] * len(fill)),
            )
        )
    steps = 0

    def step():
        nonlocal state, steps
        value, state = update(*state, steps + 1.0, *padded[steps % len(padded)])
        steps += 1
        return float(value)

    return step
