"""What every lift asks of the back beside its rounding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from formcheck.exercises.deadlift import EXERCISE
from formcheck.exercises.shared.back import (
    BACK_CHECKS,
    HEAD_DOWN,
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
    # Whoever hangs the head all the time is compared with the edge of what is usual.
    always = HEAD_USUAL_DEG + 40.0
    assert _head(always, always)["head_down_deg"] == pytest.approx(40.0 - HEAD_USUAL_WITHIN_DEG)
    assert HEAD_DOWN.watch < HEAD_UP.watch


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
