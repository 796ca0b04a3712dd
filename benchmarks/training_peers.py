"""The peers of training.py: PyTorch and JAX, in a process and an environment of their own.

`peers.Peers` starts it, with the states from which the rows start. The peers of a row have a file of their
own; their results are the losses of their first steps or epochs.
"""

import importlib

import jax
import numpy
import torch
from peers import arguments_given, serve
from turns import Steps, in_rounds


def micrograd(peers, given):
    return {
        "JAX jit": in_rounds(peers.jitted(*given), peers.STEPS),
        "JAX scan": Steps(peers.scanned(*given), peers.STEPS),
    }


def digits(peers, given):
    return peers.contestants(given)


def character(peers, given):
    _, names = given
    return {
        "torch vectorised": in_rounds(peers.torch_step(*given), len(names)),
        "JAX jit": in_rounds(peers.jax_step(*given), len(names)),
    }


ROWS = {  # their files, and functions that make contestants of these
    "a": ("peers_micrograd", micrograd),
    "b": ("peers_digits", digits),
    "c": ("peers_character", character),
}


def main():
    contestants = {}
    for row, given in arguments_given().items():
        file, made = ROWS[row]
        found = made(importlib.import_module(file), given)
        contestants |= {f"{row}, {name}": contestant for name, contestant in found.items()}
    results = {name: numpy.ravel(contestant.result).tolist() for name, contestant in contestants.items()}
    serve(f"JAX {jax.__version__}, PyTorch {torch.__version__}", contestants, results)


if __name__ == "__main__":
    main()
