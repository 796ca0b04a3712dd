"""Transforms of functions: gradients, Jacobians, Hessians, and the check of a derivative."""
