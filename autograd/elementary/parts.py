"""What the kernels share: the bits of doubles, and polynomials."""

from __future__ import annotations

# Adding 1.5 * 2**52 rounds a number to the nearest whole one, and leaves it in the low bits of the sum.
ROUND = "6755399441055744.0"
LN2_UPPER = "0.6931471803691238"  # 32 bits, so that its product with an exponent is exact
LN2_LOWER = "1.9082149292705877e-10"


def polynomial(name: str, x: str, coefficients: tuple[float, ...]) -> str:
    """Statements that define the polynomial of `x` by Estrin's scheme, which has short chains of operations.

    They define x2, x4 ... too, the powers of `x`.
    """
    powers = {1: x}
    lines = []
    size = 2
    while size < len(coefficients):
        powers[size] = f"{x}{size}"
        lines.append(f"    const double {x}{size} = {powers[size // 2]} * {powers[size // 2]};\n")
        size *= 2

    def write(terms: tuple[float, ...]) -> str:
        if len(terms) == 1:
            return repr(terms[0])
        half = 1
        while 2 * half < len(terms):
            half *= 2
        return f"({write(terms[:half])} + {powers[half]} * {write(terms[half:])})"

    return "".join(lines) + f"    const double {name} = {write(coefficients)[1:-1]};\n"


BITS_C = """\
#ifndef AUTOGRAD_INLINE
#define AUTOGRAD_INLINE static inline
#endif
typedef unsigned long long autograd_word; /* of 64 bits, with arithmetic modulo 2**64 */
typedef union { double number; autograd_word bits; } autograd_view;
AUTOGRAD_INLINE autograd_word autograd_bits(double x)
{
    const autograd_view view = { .number = x };
    return view.bits;
}
AUTOGRAD_INLINE double autograd_double(autograd_word bits)
{
    const autograd_view view = { .bits = bits };
    return view.number;
}
"""
SIGN_C = """\
/* The size of one number with the sign of another. */
AUTOGRAD_INLINE double autograd_signed(double size, double sign)
{
    return autograd_double(autograd_bits(size) | (autograd_bits(sign) & 0x8000000000000000u));
}
"""
