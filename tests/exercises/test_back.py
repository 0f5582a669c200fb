"""What every lift asks of the back beside its rounding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from formcheck.core.verdicts import FAULT, OK, WATCH, Verdict, ViewName
from formcheck.exercises import EXERCISES
from formcheck.exercises.deadlift import EXERCISE
from formcheck.exercises.framework.check import WATCH_MARGIN, Check, Measurement, judge
from formcheck.exercises.framework.exercise import Exercise
from formcheck.exercises.shared.back import (
    BACK_CHECKS,
    HEAD_DOWN,
    HEAD_UNCERTAINTY_DEG,
    HEAD_UP,
    HEAD_USUAL_DEG,
    HEAD_USUAL_WITHIN_DEG,
    OVER_EXTENSION,
    STRAIGHT_KNEE_MAX_DEG,
    back_measures,
)
from formcheck.judging.analysis import analyze
from formcheck.motion.neutral import find_neutral, with_back_rounding
from formcheck.motion.reps import find_cycles
from formcheck.motion.signals import Signals, compute_signals
from formcheck.motion.spine import BLURRED, MEASURED, REASONS
from tests.helpers.synthetic_lifter import LUMBAR_SHARE, Motion, deadlift, film, kettlebell_swing, squat, verdicts

MOTIONS: dict[str, Callable[..., Motion]] = {"deadlift": deadlift, "kettlebell-swing": kettlebell_swing, "squat": squat}


def _signals(**faults: Any) -> Signals:
    signals = compute_signals(film(deadlift(2, **faults)))
    cycles = find_cycles(signals.time_s, signals.shoulder_height)
    return with_back_rounding(signals, find_neutral(signals, cycles))


def _measured(signals: Signals) -> dict[str, float]:
    """Measures of the first repetition over the time before its lift-off."""
    rep = EXERCISE.rep(signals, find_cycles(signals.time_s, signals.shoulder_height)[0])
    found = back_measures(signals, rep, max(0, rep.lift_off - 15), rep.lift_off)
    return {name: one.value for name, one in found.items()}


@pytest.mark.parametrize("lift", MOTIONS)
def test_every_lift_is_asked_the_same_of_the_back(lift: str) -> None:
    report = analyze(film(MOTIONS[lift](3)), lift)
    found = verdicts(report)
    assert {check.id for check in BACK_CHECKS} <= found.keys()
    assert all(found[check.id] == "ok" for check in BACK_CHECKS), found


@pytest.mark.parametrize("rounding_deg", [0.0, 20.0, 40.0])
def test_lumbar_and_thoracic_parts_are_shares_of_the_whole(rounding_deg: float) -> None:
    found = _measured(_signals(rounding_deg=rounding_deg))
    assert found["back_rounding_deg"] == pytest.approx(rounding_deg, abs=3.0)
    assert found["lower_rounding_deg"] + found["upper_rounding_deg"] == pytest.approx(
        found["back_rounding_deg"], abs=0.5
    )
    assert found["lower_rounding_deg"] == pytest.approx(LUMBAR_SHARE * rounding_deg, abs=3.0)
    flat = _measured(_signals())["spine_flexion_deg"]
    assert found["spine_flexion_deg"] - flat == pytest.approx(rounding_deg, abs=3.0)


def test_flexion_since_standing_is_missing_where_nobody_stands_with_empty_hands() -> None:
    signals = _signals()
    unknown = replace(signals, spine_flexion_deg=np.full(len(signals), np.nan))
    assert np.isnan(_measured(unknown)["spine_flexion_deg"])
    assert np.isfinite(_measured(unknown)["back_rounding_deg"])


@pytest.mark.parametrize("rounding_deg", [0.0, 35.0])
def test_a_hold_gives_the_same_value_as_a_quick_repetition(rounding_deg: float) -> None:
    quick, held = (
        [rep.measures["back_rounding_deg"] for rep in analyze(film(motion), "squat").reps]
        for motion in (squat(2, rounding_deg=rounding_deg, bottom_rest_s=rest_s) for rest_s in (0.2, 5.0))
    )
    assert held == pytest.approx(quick, abs=0.5)


def test_a_hold_does_not_make_a_back_judged_that_was_hidden_on_the_way() -> None:
    for rest_s in (0.2, 5.0):
        poses = film(squat(2, bottom_rest_s=rest_s))
        upright = compute_signals(poses).trunk_lean_deg < 34.0
        contour = np.where(upright[:, None, None, None], np.nan, poses.contour_px)
        assert verdicts(analyze(replace(poses, contour_px=contour), "squat"))["back-rounding"] == "not-measured"


def test_the_back_is_judged_in_its_phase_and_nowhere_else() -> None:
    for name, motion in MOTIONS.items():
        report = analyze(film(motion(2)), name)
        signals = report.signals
        assert signals is not None
        for rep in report.reps:
            (found,) = (finding for finding in rep.findings if finding.check == "back-rounding")
            assert signals.back_judged[np.argmin(np.abs(signals.time_s - found.at_s))] == 1.0
            assert signals.back_judged[np.argmin(np.abs(signals.time_s - rep.top_s))] == 0.0
        assert 0.0 < signals.back_judged.mean() < 0.5


def test_a_back_that_was_not_judged_is_marked_nowhere() -> None:
    poses = film(squat(2))
    hidden = replace(poses, contour_px=np.full_like(poses.contour_px, np.nan))
    signals = analyze(hidden, "squat").signals
    assert signals is not None
    assert not signals.back_judged.any()


def test_the_reason_is_the_one_that_hid_most_frames() -> None:
    signals = _signals()
    gate = np.full(len(signals), float(BLURRED))
    gate[::3] = MEASURED
    hidden = replace(signals, back_gate=gate, back_rounding_deg=np.full(len(signals), np.nan))
    rep = EXERCISE.rep(hidden, find_cycles(hidden.time_s, hidden.shoulder_height)[0])
    found = back_measures(hidden, rep, 0, rep.lift_off)
    assert found["back_rounding_deg"].reason == REASONS[BLURRED]
    assert found["upper_rounding_deg"].reason == REASONS[BLURRED]


def _head(at_bottom_deg: float, standing_deg: float) -> dict[str, float]:
    signals = _signals()
    standing = np.abs(signals.trunk_lean_deg) < 15.0
    return _measured(replace(signals, neck_flexion_deg=np.where(standing, standing_deg, at_bottom_deg)))


def test_the_head_is_compared_with_the_lifters_own_standing_if_that_is_believable() -> None:
    for standing_deg in (
        HEAD_USUAL_DEG - HEAD_USUAL_WITHIN_DEG,
        HEAD_USUAL_DEG,
        HEAD_USUAL_DEG + HEAD_USUAL_WITHIN_DEG,
    ):
        found = _head(standing_deg + 25.0, standing_deg)
        assert found["head_down_deg"] == pytest.approx(25.0)
        assert found["head_up_deg"] == pytest.approx(-25.0)
    # A lifter who hangs the head all the time is compared with the edge of what is usual.
    always = HEAD_USUAL_DEG + 40.0
    assert _head(always, always)["head_down_deg"] == pytest.approx(40.0 - HEAD_USUAL_WITHIN_DEG)
    assert HEAD_DOWN.watch < HEAD_UP.watch


@pytest.mark.parametrize("check", [HEAD_DOWN, HEAD_UP], ids=lambda check: check.id)
@pytest.mark.parametrize(("beyond_deg", "verdict"), [(1.0, WATCH), (-1.0, OK)])
def test_a_head_is_told_of_beyond_its_limit_and_half_its_uncertainty(
    check: Check, beyond_deg: float, verdict: Verdict
) -> None:
    forward_deg = check.watch + WATCH_MARGIN * HEAD_UNCERTAINTY_DEG + beyond_deg
    at_bottom_deg = HEAD_USUAL_DEG + (forward_deg if check is HEAD_DOWN else -forward_deg)
    signals = _signals()
    standing = np.abs(signals.trunk_lean_deg) < 15.0
    signals = replace(signals, neck_flexion_deg=np.where(standing, HEAD_USUAL_DEG, at_bottom_deg))
    rep = EXERCISE.rep(signals, find_cycles(signals.time_s, signals.shoulder_height)[0])
    found = back_measures(signals, rep, max(0, rep.lift_off - 15), rep.lift_off)[check.measure.name]
    assert judge(check, found, ViewName.SIDE_LEFT).verdict == verdict


@pytest.mark.parametrize("knee_deg", [STRAIGHT_KNEE_MAX_DEG - 1, STRAIGHT_KNEE_MAX_DEG + 1])
def test_leaning_back_is_measured_over_straight_knees_only(knee_deg: float) -> None:
    signals = _signals()
    high = signals.shoulder_height > 0.97
    leaning = replace(
        signals,
        trunk_lean_deg=np.where(high, -(OVER_EXTENSION.fault + 10.0), signals.trunk_lean_deg),
        knee_flexion_deg=np.where(high, knee_deg, signals.knee_flexion_deg),
    )
    rep = EXERCISE.rep(signals, find_cycles(signals.time_s, signals.shoulder_height)[0])
    found = back_measures(leaning, rep, 0, rep.lift_off)["lean_back_deg"]
    if knee_deg <= STRAIGHT_KNEE_MAX_DEG:
        assert found.value == pytest.approx(OVER_EXTENSION.fault + 10.0)
    else:
        assert found.reason


@pytest.mark.parametrize("lift", EXERCISES, ids=lambda lift: lift.name)
@pytest.mark.parametrize(("beyond", "verdict"), [(1.95, WATCH), (2.05, FAULT)])
def test_a_back_is_at_fault_only_beyond_twice_the_doubt(lift: Exercise, beyond: float, verdict: Verdict) -> None:
    check = next(each for each in lift.checks if each.id == "back-rounding")
    measured = Measurement(check.fault + beyond * 7.0, 1.0, 7.0, seen=1.0)
    assert judge(check, measured, ViewName.SIDE_LEFT).verdict == verdict
