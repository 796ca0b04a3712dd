"""The errors that only this package raises."""


class StaleGraphError(RuntimeError):
    """A leaf was given a new number after it was used, so the recorded graph is no longer true."""
