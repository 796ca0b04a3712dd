"""The exercises of the notebooks: `check("E2", answer)` accepts an answer, or names its mistake."""

from __future__ import annotations

from autograd.exercises import build_it_yourself, depth, mazur, programs, tour, trained, worked_examples
from autograd.exercises.exercise import Exercise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["check"]

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for notebook in (tour, mazur, worked_examples, trained, build_it_yourself, depth, programs)
    for exercise in notebook.EXERCISES
}


def check(name: str, answer: Any) -> None:
    """Print whether `answer` solves the exercise `name`, and what a wrong answer has missed.

    An answer that is still `...` is "not answered yet". Nothing is raised, whatever the answer is or does,
    and the right answer is never printed.
    """
    exercise = EXERCISES.get(name) if isinstance(name, str) else None
    if exercise is None:
        print(
            f"{name}: no exercise has this name; the exercises are {', '.join(sorted(EXERCISES, key=_place))}"
        )
    else:
        print(f"{name}: {exercise.verdict(answer)}")


def _place(name: str) -> int:
    return int(name[1:])
