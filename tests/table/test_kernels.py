"""The C kernels of elementary functions: accuracy, edges, the same bits from every compiler and width."""

import itertools
import math
from array import array

import pytest
from check_kernels import BUILDS, KERNELS, MOST, Build, can_run, loop, points, worst
from mpmath import mp

from autograd._native import engine
from autograd.table import ops

POINTS = 3000
EDGES = [
    *(0.0, 5e-324, 2.0**-1074 * 3, 1e-310, 2.0**-1022, 1e-300, 1e-17, 1e-9, 0.5, 1.0 - 2.0**-53, 1.0),
    *(1.0 + 2.0**-52, 1.5, 2.0, 3.0, 20.0, 36.7, 708.0, 709.782712893384, 709.782712893385, 745.13321910194),
    *(
        745.2,
        746.0,
        1023.0,
        1024.0,
        1075.0,
        1e6,
        1000000.0000000001,
        2.0**51 + 0.5,
        2.0**52 + 1.0,
        2.0**53 - 1,
    ),
    *(2.0**53, 2.0**54, 1e22, 1e100, 1e300, 1.7976931348623157e308, math.inf),
]
EDGES = [sign * x for x in EDGES for sign in (1.0, -1.0)] + [math.nan]


def by_name(op):
    return op.name


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    """What each compiler here makes of the kernels."""
    folder = tmp_path_factory.mktemp("kernels")
    found = {name: Build(name, folder) for name in BUILDS if can_run(name)}
    if not found:
        pytest.skip("there is neither gcc nor clang here")
    return found


@pytest.fixture(scope="module")
def build(builds):
    return next(iter(builds.values()))


def edges(op):
    return [list(column) for column in zip(*itertools.product(EDGES, repeat=op.arity), strict=True)]


def the_bits(numbers):
    """The bytes of doubles; every nan has the same."""
    return array("d", [math.nan if x != x else x for x in numbers]).tobytes()


def test_the_rows_with_kernels_of_their_own():
    promised = "exp expm1 log log1p tanh sigmoid softplus sin cos erf pow"
    assert {op.name for op in KERNELS} >= set(promised.split())


@pytest.mark.parametrize("op", KERNELS, ids=by_name)
def test_errors_are_within_the_bound_of_the_row(op, build):
    """Against mpmath: the domain, breakpoints of reductions, subnormal and huge numbers."""
    columns = points(op, POINTS)
    error, place = worst(op, columns, build(f"op_{op.name}", *columns))
    assert error <= min(MOST, op.ulp), place


@pytest.mark.parametrize("op", KERNELS, ids=by_name)
def test_edges_are_those_of_libm(op, build):
    """Infinities, nan, the signs of zeros, subnormal numbers: as `forward`, which is Python's `math`."""
    columns = edges(op)
    for *row, got in zip(*columns, build(f"op_{op.name}", *columns), strict=True):
        expected = op.forward(*row)
        if expected != expected or got != got or math.isinf(expected) or expected == 0.0:
            assert the_bits([got]) == the_bits([expected]), row
        else:
            assert abs(got - expected) <= (MOST + 1.0) * math.ulp(expected), row
            assert math.copysign(1.0, got) == math.copysign(1.0, expected), row


@pytest.mark.parametrize("op", KERNELS, ids=by_name)
def test_every_compiler_and_width_gives_the_same_bits(op, build, builds):
    """In vectors too: `c_quick` has the bits of `c` wherever `c_rare` is false."""
    for columns in (points(op, POINTS), edges(op)):
        expected = build(f"op_{op.name}", *columns)
        rare = build(f"rare_{op.name}", *columns) if op.c_rare else [0.0] * len(expected)
        for name, other in builds.items():
            assert the_bits(other(f"op_{op.name}", *columns)) == the_bits(expected), name
            quick = other(loop(op), *columns)
            merged = [a if is_rare else b for a, b, is_rare in zip(expected, quick, rare, strict=True)]
            assert the_bits(merged) == the_bits(expected), name


@pytest.mark.skipif(engine is None, reason="the pure engine computes by Python's math")
@pytest.mark.parametrize("op", KERNELS, ids=by_name)
def test_the_native_engine_calls_the_kernels(op, build):
    for columns in (points(op, POINTS), edges(op)):
        expected = build(f"op_{op.name}", *columns)
        assert the_bits(op(*row) for row in zip(*columns, strict=True)) == the_bits(expected)


@pytest.mark.parametrize("name", [name for name in BUILDS if "not optimised" not in name])
def test_loops_become_vector_instructions(name, builds):
    if name not in builds:
        pytest.skip(f"not here: {name}")
    assert {loop(op) for op in KERNELS} <= builds[name].vectorised()


def test_powers_that_are_doubles_are_exact(build):
    """Whole and half exponents, to the ends of the doubles."""
    rows = [(float(x), float(n)) for x in range(-40, 41) for n in range(20) if abs(x) ** n <= 2**53]
    rows += [(float(x * x), 0.5) for x in range(1, 3000)]
    rows += [(float(x**4), 0.25) for x in range(1, 3000)] + [(float(x**4), 0.75) for x in range(1, 3000)]
    rows += [(2.0**e, float(n)) for e in range(-40, 41) for n in range(-30, 31) if -1074 <= e * n <= 1023]
    rows += [(2.0, float(n)) for n in range(-1074, 1024)] + [(2.0**-n, -1.0) for n in range(1023)]
    got = build("op_pow", *map(list, zip(*rows, strict=True)))
    for (x, y), power in zip(rows, got, strict=True):
        assert power == (x**y if y == int(y) and y >= 0.0 else math.pow(x, y)), (x, y)
    assert ops.pow(3.0, 2.0) == 9.0


def test_huge_angles_are_reduced(build):
    """Those of the doubles that are nearest to multiples of pi/2 among them."""
    angles = [
        6381956970095103.0 * 2.0**797,
        5.319372648326541e255,
        1e300,
        1.7976931348623157e308,
        1e22,
        710e6,
    ]
    angles += [math.ldexp(math.pi / 2.0, k) for k in range(1024)]
    angles += [-x for x in angles]
    for op in (ops.sin, ops.cos):
        with mp.workprec(1400):
            error, place = worst(op, [angles], build(f"op_{op.name}", angles))
        assert error <= 1.0, place
