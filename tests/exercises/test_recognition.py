from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formcheck.exercises import EXERCISES, exercise_named
from formcheck.exercises.framework.cycle_features import (
    UNKNOWN,
    CycleFeatures,
    at_least,
    at_most,
    between,
    features_of,
    highest,
    median,
)
from formcheck.exercises.framework.recognition import (
    MIN_SIMILARITY,
    PROBABILITY_FLOOR,
    SHARE_NEEDED,
    evidence,
    recognise,
    similarity,
)
from formcheck.exercises.framework.recognition_trees import OTHER, Trees, other_trees, trees
from formcheck.exercises.framework.working_set import BACKWARDS_DEG
from formcheck.judging.analysis import analyze
from formcheck.motion.reps import find_cycles
from formcheck.motion.signals import compute_signals
from tests.helpers.synthetic_lifter import LIFTS, Camera, Motion, curls, film, jumps, standing_still

NUMBERS = [field.name for field in fields(CycleFeatures)]


def _cycle_features(motion: Motion, camera: Camera | None = None) -> list[CycleFeatures]:
    signals = compute_signals(film(motion, camera or Camera()))
    return [features_of(signals, cycle) for cycle in find_cycles(signals.time_s, signals.shoulder_height)]


FEATURES_BY_LIFT = {name: _cycle_features(make(2)) for name, make in LIFTS.items()}


@pytest.mark.parametrize("name", LIFTS)
@pytest.mark.parametrize("yaw_deg", [-60, -20, 0, 20, 60])
@pytest.mark.parametrize("forward", [1, -1])
def test_each_lift_is_recognised_from_around_the_side(name: str, yaw_deg: float, forward: int) -> None:
    found = recognise(_cycle_features(LIFTS[name](2), Camera(yaw_deg, forward)), EXERCISES)
    assert found.exercise is exercise_named(name)
    assert found.confidence > 0.8


@pytest.mark.parametrize("name", LIFTS)
def test_a_lift_looks_like_itself_and_not_like_the_others(name: str) -> None:
    found = similarity(FEATURES_BY_LIFT[name], EXERCISES)
    assert ((found >= 0.0) & (found <= 1.0)).all()
    for column, exercise in enumerate(EXERCISES):
        assert (found[:, column] >= MIN_SIMILARITY).all() == (exercise.name == name), exercise.name
        assert (found[:, column] >= MIN_SIMILARITY).any() == (exercise.name == name), exercise.name


@pytest.mark.parametrize("make", [standing_still, curls, jumps], ids=["standing", "curls", "jumps"])
def test_what_is_no_known_lift_is_none(make: Callable[[], Motion]) -> None:
    report = analyze(film(make(), noise_px=1.0))
    assert report.exercise.name == "none"
    assert report.exercise.chosen_by == "auto"
    assert report.reps == ()
    assert report.verdict == "not-judged"


@pytest.mark.parametrize("name", ["deadlift", "kettlebell-swing"])
def test_a_body_taken_upside_down_does_not_outvote_the_lift(name: str) -> None:
    real = FEATURES_BY_LIFT[name][0]
    headstand = replace(real, trunk_lean_deg=BACKWARDS_DEG - 1.0, rise=2.0 * real.rise)
    assert recognise([real, headstand], EXERCISES) == recognise([real], EXERCISES)
    assert recognise([real, headstand], EXERCISES).exercise is exercise_named(name)
    assert recognise([headstand], EXERCISES).exercise is None


def test_no_cycle_is_no_lift() -> None:
    assert recognise([], EXERCISES).exercise is None
    assert recognise([], EXERCISES).confidence == 0.0
    assert recognise(FEATURES_BY_LIFT["squat"], []).exercise is None


def test_a_set_of_two_lifts_needs_a_clear_majority() -> None:
    squat, swing = FEATURES_BY_LIFT["squat"][0], FEATURES_BY_LIFT["kettlebell-swing"][0]
    equal = replace(swing, rise=squat.rise)
    assert recognise([squat, equal], EXERCISES).exercise is None
    enough = int(np.ceil(SHARE_NEEDED * 10)) + 1
    mostly = recognise([squat] * enough + [equal] * (10 - enough), EXERCISES)
    assert mostly.exercise is exercise_named("squat")
    assert mostly.confidence < recognise([squat] * 10, EXERCISES).confidence


def test_setting_the_bell_down_says_nothing_about_what_the_set_is() -> None:
    swing = FEATURES_BY_LIFT["kettlebell-swing"][0]
    squat = FEATURES_BY_LIFT["squat"][0]
    set_down = replace(squat, rise=3.0, arm_reach_deg=5.0, top_upper_arm_deg=5.0)
    alone = recognise([swing, swing], EXERCISES)
    assert alone.exercise is exercise_named("kettlebell-swing")
    assert recognise([swing, swing, set_down], EXERCISES) == alone
    assert recognise([set_down, swing, swing, set_down], EXERCISES).confidence < alone.confidence, "not a majority"
    lift_it = replace(set_down, arm_reach_deg=swing.arm_reach_deg, top_upper_arm_deg=swing.top_upper_arm_deg)
    assert recognise([swing, swing, lift_it], EXERCISES).confidence < alone.confidence, "arms that come forward count"


def test_fidgeting_does_not_outvote_a_lift() -> None:
    lift = FEATURES_BY_LIFT["deadlift"][0]
    fidget = replace(FEATURES_BY_LIFT["squat"][0], rise=lift.rise / 20)
    assert recognise([lift, *[fidget] * 5], EXERCISES).exercise is exercise_named("deadlift")


def test_other_lifts_need_two_cycles_on_end() -> None:
    lift, other = FEATURES_BY_LIFT["kettlebell-swing"][0], FEATURES_BY_LIFT["deadlift"][0]
    fetched = recognise([other, *[lift] * 6, other], EXERCISES)
    assert (fetched.exercise, fetched.others) == (exercise_named("kettlebell-swing"), ())
    assert recognise([*[lift] * 6, other, other], EXERCISES).others == (exercise_named("deadlift"),)
    neither = recognise([lift, lift, other, other], EXERCISES)
    assert neither.exercise is None
    assert {each.name for each in neither.others} == {"kettlebell-swing", "deadlift"}
    assert recognise(FEATURES_BY_LIFT["deadlift"], EXERCISES).others == ()


@pytest.mark.parametrize("name", LIFTS)
def test_the_order_of_the_exercises_does_not_matter(name: str) -> None:
    assert recognise(FEATURES_BY_LIFT[name], EXERCISES[::-1]).exercise is exercise_named(name)


@pytest.mark.parametrize(
    ("lift", "name"),
    [(lift, name) for lift in LIFTS for name in NUMBERS if name != "rise"],
)
def test_one_missing_number_does_not_rule_a_lift_out(lift: str, name: str) -> None:
    cycle_features = [replace(features, **{name: float("nan")}) for features in FEATURES_BY_LIFT[lift]]
    assert recognise(cycle_features, EXERCISES).exercise is exercise_named(lift)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.floats(-200, 200), st.just(float("nan"))), min_size=len(NUMBERS), max_size=len(NUMBERS)))
def test_similarity_is_a_share_for_any_features(values: list[float]) -> None:
    features = CycleFeatures(*values)
    for exercise in EXERCISES:
        assert 0.0 <= exercise.similarity(features) <= 1.0


@settings(max_examples=50, deadline=None)
@given(st.sets(st.sampled_from([name for name in NUMBERS if name not in ("rise", "descent")]), max_size=6))
def test_evidence_stays_within_bounds_whatever_is_missing(hidden: set[str]) -> None:
    cycle_features = [
        replace(features, **dict.fromkeys(hidden, float("nan"))) for features in FEATURES_BY_LIFT["squat"]
    ]
    found = evidence(cycle_features, EXERCISES)
    assert np.isfinite(found).all()
    assert (np.abs(found) <= -np.log(PROBABILITY_FLOOR) + 1.0).all()


def test_a_cycle_in_which_nothing_was_measured_is_no_evidence_for_a_lift() -> None:
    nothing = CycleFeatures(**(dict.fromkeys(NUMBERS, float("nan")) | {"rise": 0.4, "descent": 0.4}))
    assert recognise([nothing], EXERCISES).exercise is None


def test_what_may_be_a_lift_is_said_to_be_doubtful() -> None:
    real = trees()

    def only(lift: float, other: float) -> Trees:
        """Trees that give every cycle the same shares: of a squat, and of other movements."""
        share = np.array([[0.0, 0.0, lift, other]])
        first = np.zeros(1, dtype=np.int32)
        return Trees(
            real.classes,
            real.features,
            roots=first,
            feature=np.array([-1], dtype=np.int16),
            threshold=np.zeros(1, dtype=np.float32),
            left=first,
            right=first,
            missing_left=np.zeros(1, dtype=bool),
            share=share,
        )

    plain = [replace(features, trunk_lean_deg=80.0) for features in FEATURES_BY_LIFT["squat"]]
    assert all(exercise.similarity(features) < 0.05 for features in plain for exercise in EXERCISES)
    squat = exercise_named("squat")
    for lift, named, doubtful in ((0.8, squat, None), (0.36, None, squat), (0.1, None, None)):
        with other_trees(only(lift, 1.0 - lift)):
            found = recognise(plain, EXERCISES)
        assert (found.exercise, found.doubtful) == (named, doubtful), lift


def test_a_lift_that_the_trees_do_not_know_is_recognised_by_its_rules() -> None:
    curl = replace(EXERCISES[0], name="curl", similarity=lambda features: 1.0)
    assert curl.name not in trees().classes
    assert recognise(FEATURES_BY_LIFT["squat"], [curl]).exercise is curl
    never = replace(curl, similarity=lambda features: 0.0)
    assert recognise(FEATURES_BY_LIFT["squat"], [never]).exercise is None


def test_the_shipped_trees_ask_for_numbers_that_cycles_have() -> None:
    shipped = trees()
    assert OTHER in shipped.classes
    assert set(shipped.classes) - {OTHER} <= {exercise.name for exercise in EXERCISES}
    assert set(shipped.features) <= set(NUMBERS)
    np.testing.assert_allclose(shipped.share[shipped.feature == -1].sum(axis=1), 1.0, atol=0.02)
    np.testing.assert_allclose(shipped.probabilities(FEATURES_BY_LIFT["squat"]).sum(axis=1), 1.0, atol=0.02)
    assert shipped.probabilities([]).shape == (0, len(shipped.classes))


# ------------------------------------------------------------------------------------------------------ memberships


def test_memberships_rise_and_fall_between_their_limits() -> None:
    assert [at_least(value, 10, 20) for value in (-99, 10, 15, 20, 1e9)] == [0, 0, 0.5, 1, 1]
    assert [at_most(value, 10, 20) for value in (-1e9, 10, 15, 20, 99)] == [1, 1, 0.5, 0, 0]
    assert [between(value, 0, 2, 4, 8) for value in (-1, 1, 3, 6, 9)] == [0, 0.5, 1, 0.5, 0]
    nothing = float("nan")
    assert [at_least(nothing, 1, 2), at_most(nothing, 1, 2), between(nothing, 1, 2, 3, 4)] == [UNKNOWN] * 3


def test_summaries_leave_out_what_is_missing() -> None:
    assert median(np.array([np.nan, 1.0, 5.0, 3.0])) == 3.0
    assert highest(np.array([np.nan, *np.arange(101.0)])) == 95.0
    assert np.isnan(median(np.array([np.nan])))
    assert np.isnan(highest(np.array([])))
