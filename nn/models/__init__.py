"""Models and their parts: modules, layers, activations, and the kinds of their outputs."""
