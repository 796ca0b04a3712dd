"""The C of the machine, compiled without Python: all widths and levels of optimisation give the same bits."""

import pytest
from other_processors import COMPILERS, PLAIN, build, exact_ops, hashes, missing, write_kernels

from autograd._machine import machine

pytestmark = pytest.mark.skipif(machine is None, reason="the machine is not in use")
GCC = COMPILERS[0]
needs_gcc = pytest.mark.skipif(bool(missing(GCC)), reason="there is no gcc")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("kernels")
    write_kernels(found)
    return found


@pytest.fixture(scope="module")
def plain(folder):
    """The bits of the text that other compilers get, which has no vectors, barely optimised."""
    return hashes(build(folder, GCC.command, ["-O1", PLAIN]))["base"]


@pytest.fixture(scope="module")
def widths(folder):
    """The bits of each width, compiled as setup.py compiles it."""
    return hashes(build(folder, GCC.command, ["-O3"]))


def test_kernels_of_our_own_take_part_and_functions_of_libm_do_not():
    assert {"add", "where", "exp", "log1p", "pow", "sin", "tanh", "erf"} <= set(exact_ops())
    assert {"atan", "hypot", "gamma", "norm_cdf", "logsumexp"}.isdisjoint(exact_ops())


@needs_gcc
@pytest.mark.long
def test_every_width_gives_the_bits_of_plain_c(plain, widths):
    assert "base" in widths
    assert set(widths.values()) == {plain}


@needs_gcc
@pytest.mark.long
def test_products_that_are_not_rounded_change_the_hash(folder, plain, widths):
    """A planted error: a*b + c rounded once, which the flags of setup.py forbid."""
    if "avx2" not in widths:
        pytest.skip("this processor cannot round a*b + c once")
    program = build(folder, GCC.command, ["-O2", PLAIN, "-mfma", "-ffp-contract=fast"])
    try:
        found = hashes(program)["base"]
    except RuntimeError as error:
        found = str(error)
    assert found != plain
    assert "differs in blocks of" in found or len(found) == len(plain)
