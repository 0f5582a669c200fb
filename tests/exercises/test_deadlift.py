from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from formcheck.core.landmarks import Landmark
from formcheck.core.verdicts import FAULT, NOT_MEASURED, OK, WATCH, Verdict, ViewName
from formcheck.exercises.deadlift import CHECKS
from formcheck.exercises.framework.check import judge
from formcheck.exercises.framework.exercise import Rep
from formcheck.exercises.shared.back import ROUNDING_GROWTH_UNCERTAINTY_DEG
from formcheck.exercises.shared.deadlift_pull import bar_ahead, bar_drop
from formcheck.exercises.shared.feet import FOOT_LENGTH
from formcheck.exercises.shared.hip_rise import hands_leave, trunk_lean_gain
from formcheck.judging.analysis import analyze
from formcheck.motion.calibration import BLAZEPOSE
from formcheck.motion.reps import Cycle
from formcheck.motion.signals import Signals, no_signals
from tests.helpers.synthetic_lifter import (
    Camera,
    Motion,
    deadlift,
    film,
    measured,
    noticed,
    romanian_deadlift,
    verdicts,
)

LIMITS = {check.id: check for check in CHECKS}


def _with(dial: str, size: float) -> Motion:
    faults: dict[str, Any] = {dial: size}
    return deadlift(3, **faults)


@pytest.mark.parametrize("forward", [1, -1])
@pytest.mark.parametrize("exercise", ["auto", "deadlift"])
def test_a_faultless_deadlift_is_good(forward: int, exercise: str) -> None:
    report = analyze(film(deadlift(3), Camera(forward=forward), noise_px=1.0), exercise)
    assert report.exercise.name == "deadlift"
    assert len(report.reps) == 3
    assert noticed(report) == {}
    assert (report.verdict, report.advice) == ("good", ())


NEUTRAL_UNCERTAINTY_DEG = 7.1
"""Standard error of the neutral of somebody who was seen standing."""


@pytest.mark.parametrize("times_limit", [1.5, 2.0])
@pytest.mark.parametrize(
    ("check", "dial"),
    [
        ("back-rounding", "rounding_deg"),
        ("back-rounding-growth", "growth_deg"),
        ("arm-pull", "arm_bend_deg"),
        ("soft-lockout-hips", "soft_hips_deg"),
    ],
)
def test_a_fault_beyond_its_limit_is_found_and_only_that(check: str, dial: str, times_limit: float) -> None:
    size = times_limit * LIMITS[check].fault
    if check == "soft-lockout-hips":
        size = min(size, 1.3 * LIMITS[check].fault)
    if check == "back-rounding-growth":
        size += ROUNDING_GROWTH_UNCERTAINTY_DEG
    if check == "back-rounding":
        size += NEUTRAL_UNCERTAINTY_DEG  # it must exceed its limit by twice that
    report = analyze(film(_with(dial, size), noise_px=1.0))
    assert report.exercise.name == "deadlift"
    assert len(report.reps) == 3
    found = noticed(report)
    if check == "back-rounding-growth":
        # A back that gives way that far is a rounded one as well by the time the hands pass the knees.
        assert found.pop("back-rounding", Verdict.WATCH) == Verdict.WATCH
    assert found == {check: LIMITS[check].worst}
    assert LIMITS[check].cue in report.advice
    assert LIMITS[check].title.lower() in report.summary


@pytest.mark.parametrize(
    ("check", "dial"),
    [
        ("back-rounding", "rounding_deg"),
        ("back-rounding-growth", "growth_deg"),
        ("arm-pull", "arm_bend_deg"),
        ("soft-lockout-hips", "soft_hips_deg"),
        ("soft-lockout-knees", "soft_knees_deg"),
    ],
)
def test_a_flaw_well_within_its_limit_is_fine(check: str, dial: str) -> None:
    report = analyze(film(_with(dial, 0.4 * LIMITS[check].watch), noise_px=1.0))
    assert report.verdict == "good"


@pytest.mark.parametrize("leans_back_deg", [30.0, 35.0])
def test_the_top_lasts_while_the_lifter_leans_back(leans_back_deg: float) -> None:
    # The shoulders sink meanwhile; taken for the way down, it hid most of the lean.
    motion = deadlift(2, soft_hips_deg=-leans_back_deg)
    report = analyze(film(motion), "deadlift")
    assert [rep.top_s for rep in report.reps] == pytest.approx(motion.tops_s, abs=0.2)
    (found,) = (each for each in report.findings if each.check == "over-extension")
    assert (found.verdict, found.value) == (FAULT, pytest.approx(leans_back_deg, abs=1.0))


def test_knees_that_stay_bent_at_the_top_are_seen() -> None:
    report = analyze(film(deadlift(3, soft_knees_deg=1.5 * LIMITS["soft-lockout-knees"].fault), noise_px=1.0))
    # Bent knees under an upright trunk bend the hips as well.
    # Leaning back cannot be told over bent knees.
    assert noticed(report).keys() <= {"soft-lockout-knees", "soft-lockout-hips", "over-extension"}
    assert noticed(report)["soft-lockout-knees"] == LIMITS["soft-lockout-knees"].worst


@pytest.mark.parametrize("rounding_deg", [0.0, 20.0, 40.0])
def test_measures_are_those_of_the_body(rounding_deg: float) -> None:
    report = analyze(film(deadlift(3, rounding_deg=rounding_deg)))
    for name, expected, slack in (
        ("hip_flexion_bottom_deg", BLAZEPOSE.hip_flexion_gain * 119.0, 1.0),
        ("knee_flexion_bottom_deg", BLAZEPOSE.knee_flexion_gain * 65.0, 1.0),
        ("trunk_lean_bottom_deg", 66.0, 1.0),
        ("hip_flexion_top_deg", 2.0, 1.0),
        ("knee_flexion_top_deg", 2.0, 1.0),
        ("elbow_flexion_max_deg", 4.0, 1.0),
        ("back_rounding_deg", rounding_deg, 4.0 + 0.2 * rounding_deg),
    ):
        assert measured(report, name) == pytest.approx(expected, abs=slack), name


@pytest.mark.parametrize("stands_first", [True, False])
def test_standing_up_from_the_bar_at_the_end_is_no_rep(stands_first: bool) -> None:
    report = analyze(film(deadlift(3, stands_first=stands_first, stands_last=stands_first)))
    assert len(report.reps) == 3


def test_a_long_rest_on_the_floor_or_at_the_top_is_one_rep() -> None:
    report = analyze(film(deadlift(3, floor_rest_s=5.0, top_rest_s=4.0)))
    assert len(report.reps) == 3
    assert noticed(report) == {}
    assert all(rep.top_s - rep.bottom_s < 5.0 for rep in report.reps)


def test_a_back_without_an_edge_is_not_judged_and_the_rest_is() -> None:
    poses = film(deadlift(2, arm_bend_deg=1.5 * LIMITS["arm-pull"].fault))
    poses.contour_px[:] = float("nan")
    report = analyze(poses)
    assert noticed(report)["back-rounding"] == NOT_MEASURED
    assert noticed(report)["arm-pull"] == "fault"
    assert report.verdict == "fault"
    poses = film(deadlift(2))
    poses.contour_px[:] = float("nan")
    assert analyze(poses).verdict == "not-judged"


def test_losing_the_lifter_for_a_moment_at_the_top_loses_no_rep() -> None:
    assert len(analyze(film(deadlift(3), lost_s=[(8.0, 9.5)])).reps) == 3


@pytest.mark.xfail(strict=True, reason="against the line drawn across the gap the bottom behind it hardly stands out")
@pytest.mark.parametrize("back_s", [9.9, 10.4], ids=["during the descent", "at the bottom"])
def test_losing_the_lifter_in_one_rep_does_not_lose_the_next(back_s: float) -> None:
    # With lower hips the bottom is deeper, and stands out.
    report = analyze(film(deadlift(3, low_hips_deg=-13.0), lost_s=[(7.5, back_s)]))
    assert [round(rep.top_s) for rep in report.reps] == [5, 13]


# ------------------------------------------------------------------------------------------------- the way of the bar


@pytest.mark.parametrize(
    ("check", "dial", "within", "watched", "beyond"),
    [
        ("hips-shoot-up", "hips_first_deg", 0.0, 8.5, 14.0),
        ("squatted-start", "low_hips_deg", 20.0, 35.0, 43.0),
        ("bar-drift", "bar_ahead_deg", 2.0, 6.5, 16.0),
        ("heel-rise", "heel_m", 0.05, 0.13, 0.2),
        ("hitching", "rebend_deg", 5.0, 25.0, 40.0),
    ],
)
def test_both_sides_of_the_limits_of_the_pull(
    check: str, dial: str, within: float, watched: float, beyond: float
) -> None:
    for size, verdict in ((within, OK), (watched, WATCH), (beyond, LIMITS[check].worst)):
        report = analyze(film(_with(dial, size), noise_px=1.0))
        assert len(report.reps) == 3
        assert verdicts(report)[check] == verdict, size
    assert LIMITS[check].cue in report.advice


@pytest.mark.parametrize(
    ("name", "dial", "size", "expected", "slack"),
    [
        ("heel_rise_foot_lengths", "heel_m", 0.1, 0.1 / (0.195 * 1.363), 0.03),
        ("trunk_lean_gain_deg", "hips_first_deg", 12.0, 12.0, 2.5),
        ("knee_rebend_deg", "rebend_deg", 30.0, 30.0, 5.0),
        ("set_up_hips_thighs", "low_hips_deg", 37.0, 0.0, 0.05),
    ],
)
def test_measures_of_the_pull_are_those_of_the_body(
    name: str, dial: str, size: float, expected: float, slack: float
) -> None:
    assert measured(analyze(film(_with(dial, size))), name) == pytest.approx(expected, abs=slack)


def _pull(hands: np.ndarray, lean_deg: np.ndarray | None = None) -> Signals:
    """A second and a half in which only this is known."""
    still = no_signals(np.arange(46) / 30.0)
    return replace(
        still,
        hand_height=hands,
        elbow_flexion_deg=np.zeros(46),
        trunk_lean_deg=np.full(46, 50.0) if lean_deg is None else lean_deg,
        hip_flexion_deg=np.full(46, 90.0),
        shoulder_shown=np.ones(46),
        yaw_deg=np.zeros(46),
    )


@pytest.mark.parametrize(("lifted_from", "gain_deg"), [(15, 15.0), (30, 0.0)])
def test_lean_that_is_gained_before_the_bar_leaves_is_set_up(lifted_from: int, gain_deg: float) -> None:
    # The trunk tips from 50 to 65 degrees over half a second; the bar leaves the floor at its start, or at its end.
    lean = np.interp(np.arange(46), [15, 30], [50.0, 65.0])
    hands = np.interp(np.arange(46), [lifted_from, 45], [0.1, 0.4])
    signals = _pull(hands, lean)
    start = hands_leave(signals, 15, 44)
    assert trunk_lean_gain(signals, start, 44).value == pytest.approx(gain_deg, abs=3.5)


@pytest.mark.parametrize(("yaw_deg", "uncertainty"), [(0.0, 2.0), (60.0, 4.0)])
def test_a_lean_is_the_more_doubtful_the_less_of_it_is_shown(yaw_deg: float, uncertainty: float) -> None:
    signals = replace(_pull(np.full(46, 0.1), np.linspace(50.0, 65.0, 46)), yaw_deg=np.full(46, yaw_deg))
    assert trunk_lean_gain(signals, 0, 45).uncertainty == pytest.approx(uncertainty)


@pytest.mark.parametrize(("lift", "gain_deg", "verdict"), [(0.07, 12.0, FAULT), (0.09, 12.0, WATCH), (0.09, 9.0, OK)])
def test_a_trunk_over_hidden_legs_is_doubted(lift: float, gain_deg: float, verdict: str) -> None:
    lean = np.interp(np.arange(46), [5, 15], [50.0, 50.0 + gain_deg])
    signals = replace(_pull(np.full(46, 0.1), lean), foot_lift=np.full(46, lift))
    found = trunk_lean_gain(signals, 0, 45)
    assert judge(LIMITS["hips-shoot-up"], found, ViewName.SIDE_LEFT).verdict == verdict


@pytest.mark.parametrize("hidden", ["shoulder_shown", "hip_flexion_deg"])
def test_a_trunk_of_which_one_end_is_hidden_gains_no_lean(hidden: str) -> None:
    signals = _pull(np.full(46, 0.1), np.interp(np.arange(46), [15, 30], [50.0, 65.0]))
    assert trunk_lean_gain(signals, 0, 45).value == pytest.approx(15.0, abs=0.5)
    getattr(signals, hidden)[12:] = 0.0 if hidden == "shoulder_shown" else np.nan
    assert trunk_lean_gain(signals, 0, 45).reason


@pytest.mark.parametrize(("shown", "flagged"), [(True, True), (False, False)])
def test_only_hands_that_are_seen_carry_the_bar_away(shown: bool, flagged: bool) -> None:
    # Half-way up the hands seem to be half a foot further ahead, and come back.
    ahead = np.zeros(46)
    ahead[20:30] = 0.5 * FOOT_LENGTH
    signals = replace(_pull(np.full(46, 0.3)), hand_forward=ahead, mid_foot_forward=np.zeros(46))
    if not shown:
        signals.elbow_flexion_deg[18:32] = np.nan
    rep = Rep(Cycle(0, 0, 0, 0, 45, 45, 45, 45, 0.5, 0.5), 0, 0, 0, 45, 45, 45)
    found = bar_ahead(signals, rep, 0, 45)
    assert judge(LIMITS["bar-drift"], found, ViewName.SIDE_LEFT).verdict.is_flagged is flagged
    assert found.seen == pytest.approx(1.0 if shown else 32 / 46)


@pytest.mark.parametrize("visibility", [0.98, 0.7])
def test_feet_behind_a_plate_are_not_judged(visibility: float) -> None:
    poses = film(_with("heel_m", 0.2))
    poses.visibility[:, [Landmark.LEFT_HEEL, Landmark.RIGHT_HEEL]] = visibility
    found = noticed(analyze(poses))
    assert found["heel-rise"] == (LIMITS["heel-rise"].worst if visibility > 0.9 else NOT_MEASURED)
    if visibility < 0.9:
        assert found["bar-drift"] == found["hitching"] == NOT_MEASURED


def test_feet_that_slide_away_have_no_heels_to_judge() -> None:
    poses = film(_with("heel_m", 0.2))
    low = poses.image_px[:, Landmark.LEFT_SHOULDER, 1] > 1050.0
    feet = [Landmark[f"{side}_{joint}"] for side in ("LEFT", "RIGHT") for joint in ("HEEL", "FOOT_INDEX")]
    for foot in feet:
        poses.image_px[low, foot, 0] += 0.4 * 0.266 * 400
    assert noticed(analyze(poses))["heel-rise"] == NOT_MEASURED


@pytest.mark.parametrize(
    ("sinks", "verdict"), [(0.0, OK), (0.02, OK), (0.045, WATCH), (0.09, WATCH), (0.2, NOT_MEASURED)]
)
def test_a_bar_that_sinks_above_the_knees_is_seen(sinks: float, verdict: str) -> None:
    hands = np.interp(np.arange(46), [0, 20, 28, 33, 45], [0.3, 0.45, 0.45 - sinks, 0.45 - sinks, 0.6])
    found = judge(LIMITS["bar-drop"], bar_drop(_pull(hands), 0, 45), ViewName.SIDE_LEFT)
    assert found.verdict == verdict
    if verdict == WATCH:
        assert found.value == pytest.approx(sinks, abs=0.01)


def test_a_hand_behind_a_plate_sinks_nowhere() -> None:
    signals = _pull(np.interp(np.arange(46), [0, 20, 30, 45], [0.3, 0.45, 0.40, 0.6]))
    signals.elbow_flexion_deg[:25] = np.nan
    assert "hidden" in bar_drop(signals, 0, 45).reason


# -------------------------------------------------------------------------------------------------------- variants


def test_a_romanian_deadlift_is_judged_as_one() -> None:
    report = analyze(film(romanian_deadlift(3), noise_px=1.0))
    assert (report.exercise.name, report.variant, report.variant_source) == ("deadlift", "romanian", "recognised")
    judged = {finding.check for finding in report.findings}
    assert "knees-take-over" in judged
    assert not judged & {"squatted-start", "hips-shoot-up"}
    assert noticed(report) == {}


@pytest.mark.parametrize(("knees_deg", "verdict"), [(5.0, OK), (25.0, WATCH), (45.0, FAULT)])
def test_knees_that_take_over_a_romanian_deadlift(knees_deg: float, verdict: str) -> None:
    report = analyze(film(romanian_deadlift(3, knees_deg=knees_deg), noise_px=1.0), variant="romanian")
    assert verdicts(report)["knees-take-over"] == verdict
    assert report.variant_source == "chosen"


def test_a_conventional_deadlift_may_bend_its_knees() -> None:
    report = analyze(film(deadlift(2)))
    assert (report.variant, report.variant_source) == ("conventional", "recognised")
    assert "knees-take-over" not in {finding.check for finding in report.findings}


@pytest.mark.parametrize("variant", ["sumo", "kettlebell"])
def test_low_hips_are_fine_where_the_variant_asks_for_them(variant: str) -> None:
    report = analyze(film(deadlift(2, low_hips_deg=43.0)), variant=variant)
    assert report.variant == variant
    assert "squatted-start" not in {finding.check for finding in report.findings}


def test_what_depends_on_an_unknown_variant_is_not_judged() -> None:
    poses = film(deadlift(2, low_hips_deg=43.0, hips_first_deg=14.0))
    for side, sign in (("LEFT", 1.0), ("RIGHT", -1.0)):
        poses.world_m[:, Landmark[f"{side}_ANKLE"], 2] += sign * 0.1  # from the side the model sees wide feet
    report = analyze(poses)
    assert (report.variant, report.variant_source) == ("unknown", "unknown")
    found = {finding.check: finding for finding in report.findings}
    assert found["squatted-start"].verdict == NOT_MEASURED
    assert "sumo" in found["squatted-start"].reason
    assert found["hips-shoot-up"].verdict != NOT_MEASURED  # a load on the floor is not a Romanian deadlift


def test_a_wide_stance_seen_from_the_front_is_sumo() -> None:
    poses = film(deadlift(2), Camera(90.0))
    for side, sign in (("LEFT", 1.0), ("RIGHT", -1.0)):
        poses.world_m[:, Landmark[f"{side}_ANKLE"], 0] += sign * 0.16
    assert analyze(poses).variant == "sumo"
    assert analyze(film(deadlift(2), Camera(90.0))).variant == "conventional"
