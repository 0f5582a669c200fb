"""Which lift is this? Every cycle gives evidence for every lift, and the set decides together.

The evidence is a log-odds: how much likelier the lift is than any other movement. Two weak witnesses are added: trees
that have learnt from clips and drawn movements, and the lift's own rules (`Exercise.similarity`). What was not
measured speaks neither for nor against, and no single number can rule a lift out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from itertools import groupby

import numpy as np

from formcheck.core.poses import FloatArray
from formcheck.exercises.framework.cycle_features import CycleFeatures
from formcheck.exercises.framework.exercise import Exercise
from formcheck.exercises.framework.recognition_trees import OTHER, trees
from formcheck.exercises.framework.working_set import BACKWARDS_DEG, arms_stay_down

MIN_SIMILARITY = 0.5
"""A cycle whose similarity is at least this is taken for a repetition of the lift where lifts are told apart."""

RECOGNISED_FROM = -0.4
"""Log-odds from which a set is that lift. Below even odds, as most of what people film to have it judged is a lift."""

DOUBTFUL_FROM = -1.4
"""Log-odds from which a set that is not called a lift may still be one, and the report says which."""

SHARE_NEEDED = 0.6
"""A set is of one lift when, of all lifts, that one is the likeliest in this share of the movement."""

REPS_OF_ANOTHER = 2
"""This many cycles of another lift in a row are a set of it; a single one is how a bell is fetched or put down."""

PROBABILITY_FLOOR = 0.03
"""No cycle is more certain than this, so that one odd cycle cannot outvote a set."""

RULES_FLOOR = 0.02
"""The rules' similarity counts as no less than this, so that they cannot rule a lift out either."""

RULES_EVEN = 2.0
"""Added to the logarithm of the rules' similarity: one of exp(-2) = 0.14 speaks neither for nor against the lift."""

RULES_WEIGHT = 0.25
"""What that log-odds of the rules counts beside that of the trees."""

RULES_ALONE_WEIGHT = 1.0
"""What it counts for a lift that the trees were not trained for."""

RISE_COUNTED = (0.0, 0.6)
"""A cycle counts by its rise, within these limits in standing heights: fidgeting does not outvote repetitions."""


MEASURED_SHARE_MIN = 0.3
"""A cycle of which less than this share of the numbers was measured says nothing about the lift."""


@dataclass(frozen=True)
class Recognition:
    """The lift that a set of cycles is, or None, and how sure that is (0..1).

    ``others`` are lifts that were seen besides it; with None, the two or more lifts none of which was seen most.
    ``doubtful`` is the lift that it may be when it is none for sure.
    """

    exercise: Exercise | None
    confidence: float
    others: tuple[Exercise, ...] = ()
    doubtful: Exercise | None = None


def evidence(cycle_features: Sequence[CycleFeatures], exercises: Sequence[Exercise]) -> FloatArray:
    """(cycles, exercises) log-odds of each lift against any other movement."""
    found = np.zeros((len(cycle_features), len(exercises)))
    if not cycle_features:
        return found
    learnt = trees()
    logs = np.log(np.maximum(learnt.probabilities(cycle_features), PROBABILITY_FLOOR))
    other = logs[:, learnt.classes.index(OTHER)]
    for column, exercise in enumerate(exercises):
        like = np.array([exercise.similarity(features) for features in cycle_features])
        by_rules = np.log(np.maximum(like, RULES_FLOOR)) + RULES_EVEN
        if exercise.name in learnt.classes:
            by_trees = logs[:, learnt.classes.index(exercise.name)] - other
            found[:, column] = by_trees + RULES_WEIGHT * by_rules
        else:
            found[:, column] = RULES_ALONE_WEIGHT * by_rules
    return found


def similarity(cycle_features: Sequence[CycleFeatures], exercises: Sequence[Exercise]) -> FloatArray:
    """(cycles, exercises) the same as a share from 0 to 1; `MIN_SIMILARITY` is where a set is recognised."""
    return np.asarray(1.0 / (1.0 + np.exp(RECOGNISED_FROM - evidence(cycle_features, exercises))))


def recognise(cycle_features: Sequence[CycleFeatures], exercises: Sequence[Exercise]) -> Recognition:
    """Decide which lift a set consists of."""
    cycle_features = [
        features
        for features in cycle_features
        if not features.trunk_lean_deg < BACKWARDS_DEG and _is_measured(features)
    ]
    if not cycle_features or not exercises:
        return Recognition(None, 0.0)
    odds = evidence(cycle_features, exercises)
    likely = [exercises[row.argmax()] if row.max() >= RECOGNISED_FROM else None for row in odds]
    of_set = _without_setting_down(cycle_features, odds, exercises)
    cycle_features, odds = [cycle_features[index] for index in of_set], odds[of_set]
    weights = np.clip([features.rise for features in cycle_features], *RISE_COUNTED)
    pooled = weights @ odds / weights.sum()
    best = int(np.argmax(pooled))
    confidence = float(1.0 / (1.0 + np.exp(RECOGNISED_FROM - pooled[best])))
    share = weights[np.argmax(odds, axis=1) == best].sum() / weights.sum()
    if pooled[best] < RECOGNISED_FROM or share < SHARE_NEEDED:
        others = _in_a_row(likely, exercises)
        doubtful = exercises[best] if pooled[best] >= DOUBTFUL_FROM and share >= SHARE_NEEDED else None
        return Recognition(None, 1.0 - confidence, others if len(others) > 1 else (), doubtful)
    others = tuple(other for other in _in_a_row(likely, exercises) if other is not exercises[best])
    return Recognition(exercises[best], confidence, others)


def _is_measured(features: CycleFeatures) -> bool:
    return float(np.mean(np.isfinite(astuple(features)))) >= MEASURED_SHARE_MIN


def _without_setting_down(
    cycle_features: Sequence[CycleFeatures], odds: FloatArray, exercises: Sequence[Exercise]
) -> list[int]:
    """Places of the cycles that say what the set is.

    Where most cycles look most like a lift whose load is thrown, the first and the last one say nothing if the arms
    stay down in them: whoever picks a bell up or sets it down deadlifts or squats it.
    """
    places = list(range(len(cycle_features)))
    likeliest = np.argmax(odds, axis=1)
    for column, exercise in enumerate(exercises):
        thrown = [cycle_features[index] for index in places if likeliest[index] == column]
        if exercise.path.is_thrown and 2 * len(thrown) > len(places):
            ends = {places[0], places[-1]}
            return [index for index in places if index not in ends or not arms_stay_down(cycle_features[index], thrown)]
    return places


def _in_a_row(likely: Sequence[Exercise | None], exercises: Sequence[Exercise]) -> tuple[Exercise, ...]:
    """Lifts that `REPS_OF_ANOTHER` cycles in a row are likeliest to be."""
    runs = [(lift, len(list(run))) for lift, run in groupby(likely)]
    return tuple(
        exercise
        for exercise in exercises
        if any(lift is exercise and length >= REPS_OF_ANOTHER for lift, length in runs)
    )
