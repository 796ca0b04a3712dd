"""Backends: what runs the lines of a program, as Python source, as NumPy source, or line by line."""
