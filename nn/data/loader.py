"""DataLoader: batches of samples and targets in random order, and the state of the order's generator."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from nn.arguments import whole_number
from nn.data.tables import as_rows, as_targets, check_lengths, shuffled

if TYPE_CHECKING:
    from collections.abc import Iterator


class DataLoader:
    """Batches of samples and their targets, in a new order for each loop over the loader.

    ``for X_batch, y_batch in DataLoader(X, y, 32): ...``; ``len(loader)`` is the number of batches.

    Args:
        X: a row of numbers for each sample: lists, a NumPy array, a pandas frame.
        y: a target for each sample.
        batch_size: how many samples a batch has; the last batch may have fewer.
        shuffle: whether to draw a new order for each loop.
        seed: seed of the random order.

    Raises:
        ValueError: if X and y differ in length or are empty, or an entry is no finite number.
    """

    def __init__(self, X: Any, y: Any, batch_size: int = 32, shuffle: bool = True, seed: int = 0) -> None:
        self.X, self.y = as_rows(X), as_targets(y)
        check_lengths(self.X, self.y)
        if not self.X:
            raise ValueError("there are no samples: X is empty")
        self.batch_size, self.shuffle = whole_number("batch_size", batch_size), shuffle
        self._generator = random.Random(seed)

    def __len__(self) -> int:
        return -(-len(self.X) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[list[list[float]], list[Any]]]:
        for batch in self.draw():
            yield [list(self.X[i]) for i in batch], [self.y[i] for i in batch]

    def draw(self) -> list[list[int]]:
        """The batches of a loop over the loader, each as the indices of its samples in X and y."""
        count = len(self.X)
        order = shuffled(count, self._generator) if self.shuffle else list(range(count))
        return [order[start : start + self.batch_size] for start in range(0, count, self.batch_size)]

    def state_dict(self) -> dict[str, Any]:
        """The state of the random order, as plain lists and numbers."""
        return {"generator": generator_state(self._generator)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue the random orders from where `state_dict` was called."""
        set_generator_state(self._generator, state_dict["generator"])


def generator_state(generator: random.Random) -> list[Any]:
    """The state of a generator as plain lists and numbers."""
    version, numbers, gauss = generator.getstate()
    return [version, list(numbers), gauss]


def set_generator_state(generator: random.Random, state: list[Any]) -> None:
    """Put a generator into a state from `generator_state`.

    Raises:
        ValueError: if the state is not one of a generator.
    """
    try:
        version, numbers, gauss = state
        generator.setstate((version, tuple(numbers), gauss))
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"this is no state of a generator: {error}") from None
