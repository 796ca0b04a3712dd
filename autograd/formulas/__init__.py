"""Formulas: Symbols, simplification, notation in Python, LaTeX and C, and the derivative of a formula."""
