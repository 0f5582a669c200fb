"""The lifts that FormCheck knows; a new one is one file and one line here: see docs/adding-an-exercise.md."""

from collections.abc import Callable, Iterable
from importlib import import_module

from formcheck.core.errors import UsageError
from formcheck.core.words import N_, _
from formcheck.exercises.framework.check import Check
from formcheck.exercises.framework.exercise import Exercise
from formcheck.exercises.framework.measure import Measure, unknown_measure

LIFTS = (
    "deadlift",
    "kettlebell_swing",
    "squat",
)
"""The modules of this folder that define a lift, in the order in which lifts are shown."""


def _registered(module: str) -> Exercise:
    lift: Exercise = import_module(f"{__name__}.{module}").EXERCISE
    return lift


EXERCISES: tuple[Exercise, ...] = tuple(map(_registered, LIFTS))


OR, AND = N_("or"), N_("and")
"""What `listed` may put before the last name."""


def check_ids(wanted: Callable[[Check], bool]) -> frozenset[str]:
    """Ids of the checks, over all lifts, for which ``wanted`` is true."""
    return frozenset(check.id for lift in EXERCISES for check in lift.checks if wanted(check))


def listed(names: Iterable[str], last: str = OR) -> str:
    """Names in a sentence: "deadlift, kettlebell swing or squat"; ``last`` is "or" or "and"."""
    *first, final = names
    return f"{', '.join(first)} {_(last)} {final}" if first else final


def exercise_named(name: str) -> Exercise | None:
    """The exercise with that name, None when there is none."""
    return next((exercise for exercise in EXERCISES if exercise.name == name), None)


def known_exercise(name: str) -> Exercise:
    """The exercise with that name; `UsageError` when there is none."""
    found = exercise_named(name)
    if found is None:
        names = ", ".join(each.name for each in EXERCISES)
        raise UsageError(_("There is no exercise {name!r}: choose one of {names}.", name=name, names=names))
    return found


def measure_named(name: str) -> Measure:
    """What is known about a measure; one that no lift declares is shown by its name."""
    return next((each for each in measures() if each.name == name), None) or unknown_measure(name)


def measures() -> tuple[Measure, ...]:
    """The measures of all lifts, each once."""
    return tuple(dict.fromkeys(each for lift in EXERCISES for each in lift.all_measures))


def column_measures() -> tuple[Measure, ...]:
    """The measures that have a column in the short table of repetitions."""
    return tuple(each for each in measures() if each.column)
