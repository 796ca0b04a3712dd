"""Evaluation of models: predictions, losses and metrics."""
