"""Which lift is this? Every cycle is compared with every lift, and the set decides together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from formcheck.exercises.framework.cycle_features import CycleShape
from formcheck.exercises.framework.exercise import Exercise
from formcheck.exercises.framework.working_set import BACKWARDS_DEG

LIKE = 0.35
"""A cycle that resembles a lift at least this much is a repetition of it."""

SHARE_NEEDED = 0.6
"""Automatic recognition needs this share of the cycles to be of one lift; otherwise it sees no known lift."""

REPS_OF_ANOTHER = 2
"""So many cycles of another lift in a row are a set of it; a single one is how a bell is fetched or put down."""


@dataclass(frozen=True)
class Recognition:
    """The lift that a set of cycles resembles most, or None, and how sure that is (0..1).

    ``others`` are lifts that were seen besides it; with None, the lifts of which no one was seen most, two at least.
    """

    exercise: Exercise | None
    confidence: float
    others: tuple[Exercise, ...] = ()


def recognise(shapes: Sequence[CycleShape], exercises: Sequence[Exercise]) -> Recognition:
    """Decide which lift a set consists of.

    Cycles count by how far the shoulders travel, so that fidgeting between repetitions does not outvote them.
    """
    shapes = [shape for shape in shapes if not shape.trunk_lean_deg < BACKWARDS_DEG]
    total = sum(shape.rise for shape in shapes)
    if total <= 0:
        return Recognition(None, 0.0)
    best, best_share, best_score = None, 0.0, 0.0
    for exercise in exercises:
        likeness = [exercise.resemblance(shape) for shape in shapes]
        share = sum(shape.rise for shape, like in zip(shapes, likeness, strict=True) if like >= LIKE) / total
        score = sum(shape.rise * like for shape, like in zip(shapes, likeness, strict=True)) / total
        if score > best_score:
            best, best_share, best_score = exercise, share, score
    if best is None or best_share < SHARE_NEEDED:
        others = _in_a_row(shapes, exercises)
        return Recognition(None, 1.0 - best_score, others if len(others) > 1 else ())
    return Recognition(best, best_score, tuple(other for other in _in_a_row(shapes, exercises, best) if other != best))


def _in_a_row(
    shapes: Sequence[CycleShape], exercises: Sequence[Exercise], judged: Exercise | None = None
) -> tuple[Exercise, ...]:
    """Lifts that `REPS_OF_ANOTHER` cycles on end resemble most. What resembles the judged lift counts for that one."""

    def lift_of(shape: CycleShape) -> Exercise | None:
        if judged is not None and judged.resemblance(shape) >= LIKE:
            return judged
        like = [exercise for exercise in exercises if exercise.resemblance(shape) >= LIKE]
        return max(like, key=lambda exercise: exercise.resemblance(shape), default=None)

    runs = [(lift, len(list(run))) for lift, run in groupby(map(lift_of, shapes))]
    return tuple(
        exercise
        for exercise in exercises
        if any(lift is exercise and length >= REPS_OF_ANOTHER for lift, length in runs)
    )
