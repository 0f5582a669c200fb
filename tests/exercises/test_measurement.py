"""Values read off signals: peaks that last, how certain they are, and how much of what they need was seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from formcheck.core.poses import PoseSequence
from formcheck.core.verdicts import NOT_MEASURED, ViewName
from formcheck.exercises import exercise_named
from formcheck.exercises.framework.check import judge
from formcheck.exercises.framework.measurement import (
    ANGLE_UNCERTAINTY_DEG,
    AT_INSTANT_S,
    ELBOW_UNCERTAINTY_DEG,
    SUSTAINED_S,
    TURNED_ANGLE_UNCERTAINTY_DEG,
    TURNED_ELBOW_UNCERTAINTY_DEG,
    angle_uncertainty_deg,
    at_instant,
    doubted,
    elbow_uncertainty_deg,
    sustained_low,
    sustained_peak,
)
from formcheck.exercises.shared.back import with_change_over_set
from formcheck.motion.neutral import find_neutral, with_back_rounding
from formcheck.motion.reps import find_cycles
from formcheck.motion.signals import Signals, compute_signals, no_signals
from tests.helpers.synthetic_lifter import Camera, deadlift, film, kettlebell_swing, squat


def peak_of(time_s: np.ndarray, lasts_s: float) -> float:
    """What is measured of a plateau of 30 among zeros that lasts for ``lasts_s``."""
    signals = replace(no_signals(time_s), elbow_flexion_deg=np.where(np.abs(time_s - 2.0) <= lasts_s / 2, 30.0, 0.0))
    measured = sustained_peak(signals, signals.elbow_flexion_deg, 0, len(time_s) - 1)
    low = sustained_low(signals, -signals.elbow_flexion_deg, 0, len(time_s) - 1)
    assert low.value == -measured.value
    return measured.value


@pytest.mark.parametrize("fps", [20, 24, 25, 29.97, 30, 50, 60, 120, 240])
def test_a_peak_counts_when_it_lasts_at_every_frame_rate(fps: float) -> None:
    time_s = np.arange(0.0, 4.0, 1.0 / fps)
    assert peak_of(time_s, SUSTAINED_S + 2.0 / fps) == 30.0
    assert peak_of(time_s, SUSTAINED_S - 1.0 / fps) == 0.0


def test_a_peak_is_as_long_where_the_frame_rate_changes() -> None:
    slow, fast = 1.0 / 20, 1.0 / 240
    for first, second in ((slow, fast), (fast, slow)):
        time_s = np.concatenate([np.arange(0.0, 1.0, first), np.arange(1.0, 4.0, second)])
        assert peak_of(time_s, SUSTAINED_S + 2.0 * second) == 30.0
        assert peak_of(time_s, SUSTAINED_S - 1.2 * second) == 0.0


def test_a_stretch_shorter_than_a_peak_is_taken_as_it_is() -> None:
    time_s = np.arange(0.0, 1.0, 1 / 30)
    signals = no_signals(time_s)
    measured = sustained_peak(signals, np.full(len(time_s), 7.0), 10, 11)
    assert (measured.value, measured.at_s) == (7.0, pytest.approx(time_s[11]))
    assert sustained_peak(signals, np.full(len(time_s), 7.0), 10, 10).value == 7.0
    assert sustained_peak(signals, np.full(len(time_s), np.nan), 0, 9).reason


def test_a_gap_ends_a_peak() -> None:
    time_s = np.arange(0.0, 1.0, 1 / 30)
    values = np.full(len(time_s), 7.0)
    values[::3] = np.nan
    assert sustained_peak(no_signals(time_s), values, 0, len(time_s) - 1).reason


@pytest.mark.parametrize(("yaw_deg", "turned"), [(0.0, False), (-24.0, False), (26.0, True), (-60.0, True)])
def test_angles_are_less_certain_where_they_are_the_models_guess(yaw_deg: float, turned: bool) -> None:
    signals = replace(no_signals(np.arange(10) / 30), yaw_deg=np.full(10, yaw_deg))
    joint, elbow = angle_uncertainty_deg(signals, 0, 9), elbow_uncertainty_deg(signals, 0, 9)
    assert joint == (TURNED_ANGLE_UNCERTAINTY_DEG if turned else ANGLE_UNCERTAINTY_DEG)
    assert elbow == (TURNED_ELBOW_UNCERTAINTY_DEG if turned else ELBOW_UNCERTAINTY_DEG)


def test_a_contradiction_is_doubt_and_agreement_is_not() -> None:
    assert doubted(3.0, 8.0) == 5.0
    assert doubted(3.0, 0.0) == doubted(3.0, -8.0) == 3.0


# ------------------------------------------------------------------------------------------- how much of it was seen


SETS = {
    "deadlift": film(deadlift(2)),
    "kettlebell-swing": film(kettlebell_swing(3)),
    "squat": film(squat(2)),
    "front": film(squat(2), Camera(yaw_deg=90.0)),
}


@pytest.mark.parametrize("name", SETS)
def test_every_measure_says_that_all_of_it_was_seen_where_it_was(name: str) -> None:
    lift = exercise_named("squat" if name == "front" else name)
    assert lift is not None
    signals = _with_a_back(SETS[name])
    rep = lift.rep(signals, find_cycles(signals.time_s, signals.shoulder_height)[1])
    for measure, found in lift.measure(signals, rep).items():
        # Leaning back is read off straight knees, which come a frame or two after the lockout.
        assert found.seen == (0.0 if found.reason else pytest.approx(1.0, abs=0.1)), measure


@pytest.mark.parametrize("name", SETS)
def test_no_check_judges_what_was_hardly_seen(name: str) -> None:
    lift = exercise_named("squat" if name == "front" else name)
    assert lift is not None
    signals = _with_a_back(SETS[name])
    rep = lift.rep(signals, find_cycles(signals.time_s, signals.shoulder_height)[1])
    # Every fourth frame shows something: less than is needed, and enough for a value.
    hardly = np.arange(len(signals)) % 4 == 0
    kept = {"time_s", "forward", "yaw_deg"}
    seen = {
        column: values if column in kept else np.where(hardly, values, np.nan)
        for column, values in signals.columns().items()
    }
    # Of one repetition the change over the set is not measured either.
    (found,) = with_change_over_set([lift.measure(Signals(**seen), rep)])
    view = ViewName.FRONT if name == "front" else ViewName.SIDE_RIGHT
    for check in lift.checks:
        assert judge(check, found[check.measure.name], view).verdict == NOT_MEASURED, check.id


def _with_a_back(poses: PoseSequence) -> Signals:
    signals = compute_signals(poses)
    cycles = find_cycles(signals.time_s, signals.shoulder_height)
    return with_back_rounding(signals, find_neutral(signals, cycles))


@pytest.mark.parametrize("fps", [24, 29.97, 60])
def test_what_is_near_an_instant_is_that_at_any_place_of_the_video(fps: float) -> None:
    time_s = np.arange(0.0, 8.0, 1.0 / fps)
    signals, values = no_signals(time_s), np.random.default_rng(3).normal(size=len(time_s))
    for sample in (0, 1, len(time_s) // 2, len(time_s) - 1):
        near = values[np.abs(time_s - time_s[sample]) <= AT_INSTANT_S + 1e-3]
        assert at_instant(signals, values, sample).value == np.median(near)
