"""The elementary functions as branch-free C text, whose loops compilers turn into vector instructions.

A kernel uses nothing but + - * /, comparisons, choices and the bits of doubles, all of which give the same
bits on every machine, alone or in a vector of any width, as long as the compiler does not contract a*b + c.
Choices are made at the end: both sides are computed, and garbage on the side that is not chosen does no harm.

Each function is a tuple of the texts that it needs, in order, the last of which defines ``autograd_NAME``; a
text that several functions share is written once in a file. AUTOGRAD_INLINE may be defined before them, to
force a compiler to inline kernels in its loops.

Polynomials were fitted by interpolation at Chebyshev's points in 60 digits, that of erf's tail by Remez'
algorithm.
"""
