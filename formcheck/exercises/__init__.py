"""The lifts that FormCheck knows; a new one is one file and one line here."""

from collections.abc import Iterable

from formcheck.core.errors import UsageError
from formcheck.exercises import deadlift, kettlebell_swing, squat
from formcheck.exercises.framework.exercise import Exercise

EXERCISES: tuple[Exercise, ...] = (deadlift.EXERCISE, kettlebell_swing.EXERCISE, squat.EXERCISE)


def listed(names: Iterable[str], last: str = "or") -> str:
    """Names in a sentence: "deadlift, kettlebell swing or squat"."""
    *first, final = names
    return f"{', '.join(first)} {last} {final}" if first else final


def exercise_named(name: str) -> Exercise | None:
    """The exercise with that name, None when there is none."""
    return next((exercise for exercise in EXERCISES if exercise.name == name), None)


def known_exercise(name: str) -> Exercise:
    """The exercise with that name; `UsageError` when there is none."""
    found = exercise_named(name)
    if found is None:
        raise UsageError(f"There is no exercise {name!r}: choose one of {', '.join(each.name for each in EXERCISES)}.")
    return found
