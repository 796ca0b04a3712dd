"""Formulas: Symbols, rewriting and simplification, text in Python, LaTeX and C, derivatives."""
