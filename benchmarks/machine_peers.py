"""JAX and CasADi on the workloads of machine.py, in a process and an environment of their own.

`peers.Peers` starts it.
"""

import casadi
import jax
import jax.numpy as jnp
import numpy
from peers import arguments_given, serve
from turns import Contestant

jax.config.update("jax_enable_x64", True)
# Calls then compute in the thread of their caller, which is no slower on one core, and steadier.
jax.config.update("jax_cpu_enable_async_dispatch", False)


def moons_loss(activation):
    def loss(params, X, y):
        W1, b1, W2, b2, W3, b3 = params
        h = activation(X @ W1.T + b1)
        h = activation(h @ W2.T + b2)
        return jnp.maximum(1.0 - y * (h @ W3.T + b3)[:, 0], 0.0).mean()

    return loss


def digits_loss(params, X, targets):
    W1, b1, W2, b2 = params
    z = jnp.tanh(X @ W1.T + b1) @ W2.T + b2
    return (jax.nn.logsumexp(z, axis=1) - (targets * z).sum(axis=1)).mean()


def of_jax(loss, params, *rest):
    """Value and gradient by JAX, called with arrays of JAX, which is faster than with those of NumPy."""
    step = jax.jit(jax.value_and_grad(loss))
    arrays = [jnp.array(x) for x in params], *[jnp.array(x) for x in rest]
    return Contestant(lambda *args: jax.block_until_ready(step(*args)), *arrays)


def of_casadi(x):
    """Rosenbrock's function and its gradient by CasADi, called with buffers, its fastest call."""
    symbols = casadi.SX.sym("x", len(x))
    value = 0.0
    for i in range(len(x) - 1):
        d, e = symbols[i + 1] - symbols[i] * symbols[i], 1.0 - symbols[i]
        value = value + (100.0 * (d * d) + e * e)
    buffer, call = casadi.Function("f", [symbols], [value, casadi.gradient(value, symbols)]).buffer()
    results = numpy.zeros(1), numpy.zeros(len(x))
    buffer.set_arg(0, memoryview(x))
    for i, result in enumerate(results):
        buffer.set_res(i, memoryview(result))

    def step(buffer, x):  # arguments that the contestant keeps alive
        call()
        return results

    return Contestant(step, buffer, x)


def numbers(result):
    return [number for part in jax.tree.leaves(result) for number in numpy.ravel(part).tolist()]


def main():
    given = arguments_given()
    moons, digits = [
        ([*map(numpy.array, params)], *map(numpy.array, rest)) for params, *rest in given["networks"]
    ]
    contestants = {
        "a": of_jax(moons_loss(jnp.tanh), *moons),
        "b": of_jax(moons_loss(jax.nn.relu), *moons),
        "c": of_jax(digits_loss, *digits),
        "e": of_casadi(numpy.array(given["rosenbrock"])),
    }
    about = f"JAX {jax.__version__}, CasADi {casadi.__version__}"
    results = {row: numbers(contestant.result) for row, contestant in contestants.items()}
    serve(about, contestants, results)


if __name__ == "__main__":
    main()
