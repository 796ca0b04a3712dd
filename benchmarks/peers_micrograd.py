"""JAX on row a of training.py: a step of micrograd's demo with matrices, by `jit` and by a `scan` of steps.

Imported where JAX is installed: `peers.interpreter()` is such a Python. Everything is in float64.
"""

import jax
import jax.numpy as jnp
import numpy

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_cpu_enable_async_dispatch", False)

STEPS = 100  # of a scan


def loss(layers, X, y):
    h = X
    for W, b in layers[:-1]:
        h = jax.nn.relu(h @ W.T + b)
    W, b = layers[-1]
    scores = (h @ W.T + b)[:, 0]
    penalty = sum((W * W).sum() + (b * b).sum() for W, b in layers)
    return jax.nn.relu(1.0 - y * scores).mean() + 1e-4 * penalty


def update(layers, X, y, lr):
    value, slopes = jax.value_and_grad(loss)(layers, X, y)
    return jax.tree.map(lambda w, slope: w - lr * slope, layers, slopes), value


def arrays(layers, X, y):
    """Arrays of JAX of what `micrograd_step.start()` gives."""
    found = [(jnp.array(numpy.array(W)), jnp.array(numpy.array(b))) for W, b in layers]
    return found, jnp.array(numpy.array(X)), jnp.array(numpy.array(y))


def jitted(layers, X, y, lr):
    """A function that makes one step by `jax.jit`, and returns the loss."""
    state, X, y = arrays(layers, X, y)
    step = jax.jit(update)

    def call():
        nonlocal state
        state, value = step(state, X, y, lr)
        return float(value)

    return call


def scanned(layers, X, y, lr):
    """A function that makes `STEPS` steps in one `jax.lax.scan`, and returns the loss before the last."""
    state, X, y = arrays(layers, X, y)

    @jax.jit
    def steps(state):
        return jax.lax.scan(lambda state, _: update(state, X, y, lr), state, None, length=STEPS)

    def call():
        nonlocal state
        state, values = steps(state)
        return float(values[-1])

    return call
