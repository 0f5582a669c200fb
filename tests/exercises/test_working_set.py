"""Which cycles are the set: repetitions however bad, but not the walk, the fetching and the putting away."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formcheck.exercises.framework.cycle_features import CycleFeatures, features_of
from formcheck.exercises.framework.working_set import AMPLITUDE_SHARE, BACKWARDS_DEG, cycles_of_set
from formcheck.motion.reps import find_cycles
from formcheck.motion.signals import compute_signals
from tests.helpers.synthetic_lifter import deadlift, film, kettlebell_swing, squat

MIN_SIMILARITY = 0.5


def _cycle_features(motion: object) -> list[CycleFeatures]:
    signals = compute_signals(film(motion))  # type: ignore[arg-type]
    return [features_of(signals, cycle) for cycle in find_cycles(signals.time_s, signals.shoulder_height)]


SQUAT = _cycle_features(squat(2))[0]
DEADLIFT = _cycle_features(deadlift(2))[1]
SWING = _cycle_features(kettlebell_swing(3))[1]


def _set(cycle_features: list[CycleFeatures], similarity: list[float] | None = None) -> list[bool]:
    return list(cycles_of_set(cycle_features, similarity or [0.0] * len(cycle_features), MIN_SIMILARITY))


@pytest.mark.parametrize("features", [SQUAT, DEADLIFT, SWING], ids=["squat", "deadlift", "swing"])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_cycle_of_an_even_set_counts_whatever_it_resembles(features: CycleFeatures, count: int) -> None:
    assert _set([features] * count) == [True] * count


def test_fidgeting_does_not_count_and_shallow_repetitions_do() -> None:
    shallow = replace(SQUAT, rise=1.05 * AMPLITUDE_SHARE * SQUAT.rise)
    fidget = replace(SQUAT, rise=0.95 * AMPLITUDE_SHARE * SQUAT.rise)
    assert _set([SQUAT, shallow, SQUAT]) == [True] * 3
    assert _set([SQUAT, fidget, SQUAT]) == [True, False, True]


def test_many_small_wobbles_do_not_make_the_set_the_odd_one_out() -> None:
    wobble = replace(SQUAT, rise=0.1)
    assert _set([wobble] * 4 + [SQUAT] * 3 + [wobble] * 3) == [False] * 4 + [True] * 3 + [False] * 3


@pytest.mark.parametrize("similarity", [0.0, 1.0])
def test_fetching_the_load_and_putting_it_down_are_not_repetitions(similarity: float) -> None:
    cycle_features = [DEADLIFT, *[SQUAT] * 4, DEADLIFT]
    assert _set(cycle_features, [0.0, *[similarity] * 4, 0.0]) == [False, *[True] * 4, False]


def test_of_a_fetch_and_one_repetition_the_one_that_resembles_the_lift_counts() -> None:
    assert _set([DEADLIFT, SQUAT], [0.0, 1.0]) == [False, True]
    assert _set([DEADLIFT, SQUAT], [0.0, 0.0]) == [True, True]


def test_a_cycle_of_another_kind_in_the_middle_counts() -> None:
    assert _set([SQUAT, SQUAT, DEADLIFT, SQUAT, SQUAT]) == [True] * 5


def test_what_resembles_the_lift_counts_at_the_end_too() -> None:
    assert _set([SQUAT, SQUAT, SQUAT, DEADLIFT], [0.9, 0.9, 0.9, 0.9]) == [True] * 4


def test_one_fetch_that_looks_like_the_lift_does_not_throw_out_ten_bad_repetitions() -> None:
    assert _set([DEADLIFT, *[SQUAT] * 10], [1.0, *[0.0] * 10])[1:] == [True] * 10


def test_a_body_taken_upside_down_is_not_a_repetition() -> None:
    assert _set([SQUAT, replace(SQUAT, trunk_lean_deg=BACKWARDS_DEG - 1.0), SQUAT]) == [True, False, True]
    assert _set([replace(SQUAT, trunk_lean_deg=BACKWARDS_DEG - 1.0)]) == [False]


def test_swaying_with_straight_legs_and_hips_is_nothing() -> None:
    assert _set([replace(SQUAT, rise=0.1, hip_flexion_deg=10.0, knee_flexion_deg=10.0)] * 3) == [False] * 3
    assert _set([]) == []


def test_a_set_of_another_lift_beside_it_does_not_count() -> None:
    both = [*[SQUAT] * 3, *[DEADLIFT] * 3]
    assert list(cycles_of_set(both, [1, 1, 1, 0, 0, 0], MIN_SIMILARITY, [0, 0, 0, 1, 1, 1])) == [True] * 3 + [False] * 3
    alone = [*[SQUAT] * 3, DEADLIFT, SQUAT]
    assert list(cycles_of_set(alone, [1, 1, 1, 0, 1], MIN_SIMILARITY, [0, 0, 0, 1, 0])) == [True] * 5, (
        "one alone is a bad one"
    )
    unsure = list(cycles_of_set([SQUAT, *[DEADLIFT] * 9], [1, *[0] * 9], MIN_SIMILARITY, [0, *[1] * 9]))
    assert unsure[1:] == [True] * 9, "a single cycle does not say what the set is"


NUMBERS = list(CycleFeatures.__dataclass_fields__)


@settings(max_examples=50, deadline=None)
@given(st.sets(st.sampled_from([name for name in NUMBERS if name not in ("rise", "descent")])))
def test_numbers_that_were_not_measured_cost_no_repetition(hidden: set[str]) -> None:
    part = replace(SQUAT, **dict.fromkeys(hidden, math.nan))
    assert _set([SQUAT, part, SQUAT, part]) == [True] * 4


@pytest.mark.parametrize(("share", "counts"), [(AMPLITUDE_SHARE - 0.05, False), (AMPLITUDE_SHARE + 0.05, True)])
def test_a_bell_that_is_not_thrown_at_the_end_is_put_down(share: float, counts: bool) -> None:
    arms = {name: share * getattr(SWING, name) for name in ("arm_reach_deg", "top_upper_arm_deg")}
    last = replace(SWING, **arms)
    cycle_features = [SWING, SWING, SWING, SWING, last]
    for similarity in (0.0, 1.0):
        found = cycles_of_set(cycle_features, [similarity] * 5, MIN_SIMILARITY, thrown=True)
        assert list(found) == [True] * 4 + [counts]
    # In between, and in lifts whose load is not thrown, it is a repetition.
    assert all(cycles_of_set(cycle_features, [0.0] * 5, MIN_SIMILARITY))
    assert all(cycles_of_set([SWING, SWING, last, SWING, SWING], [0.0] * 5, MIN_SIMILARITY, thrown=True))
    unknown = [*cycle_features[:4], replace(SWING, **dict.fromkeys(arms, math.nan))]
    assert all(cycles_of_set(unknown, [0.0] * 5, MIN_SIMILARITY, thrown=True))


@pytest.mark.parametrize(
    ("reach", "hanging", "counts"),
    [(0.55, 0.1, False), (0.65, 0.1, True), (0.55, 0.9, True), (0.55, math.nan, True), (0.1, math.nan, False)],
)
def test_a_blurred_hand_does_not_make_setting_the_bell_down_a_swing(reach: float, hanging: float, counts: bool) -> None:
    last = replace(
        SWING, arm_reach_deg=reach * SWING.arm_reach_deg, top_upper_arm_deg=hanging * SWING.top_upper_arm_deg
    )
    found = cycles_of_set([SWING, SWING, SWING, last], [1.0] * 4, MIN_SIMILARITY, thrown=True)
    assert list(found) == [True] * 3 + [counts]
