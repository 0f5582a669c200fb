from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from formcheck.core.landmarks import Landmark, left_right
from formcheck.core.verdicts import FAULT, NOT_MEASURED, OK, WATCH, ViewName
from formcheck.exercises.framework.check import judge
from formcheck.exercises.framework.exercise import Rep
from formcheck.exercises.framework.measurement import THIGH_LENGTH
from formcheck.exercises.shared.feet import FOOT_LENGTH, HEEL_UNCERTAINTY, heel_rise
from formcheck.exercises.shared.hip_rise import SHOULDER_HIDDEN
from formcheck.exercises.squat import CHECKS, DEPTH_UNCERTAINTY, depth, measure, rep_of
from formcheck.judging.analysis import analyze
from formcheck.judging.report import Report
from formcheck.motion.calibration import BLAZEPOSE
from formcheck.motion.reps import Cycle, find_cycles
from formcheck.motion.signals import compute_signals, no_signals
from tests.helpers.synthetic_lifter import (
    SIDE_CAMERA,
    STANDING,
    Camera,
    Motion,
    film,
    frame_times,
    measured,
    noticed,
    squat,
    through,
    verdicts,
)

LIMITS = {check.id: check for check in CHECKS}


@pytest.mark.parametrize("forward", [1, -1])
@pytest.mark.parametrize("exercise", ["auto", "squat"])
def test_a_faultless_squat_is_good(forward: int, exercise: str) -> None:
    report = analyze(film(squat(3), Camera(forward=forward), noise_px=1.0), exercise)
    assert report.exercise.name == "squat"
    assert len(report.reps) == 3
    assert noticed(report) == {}
    assert (report.verdict, report.advice) == ("good", ())


def _thigh_deg(depth_thighs: float) -> float:
    """How far the thighs must stay above the level for that depth; the faultless squat stops 2 degrees above it."""
    return float(np.degrees(np.arcsin(depth_thighs))) - 2.0


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        ("back-rounding", {"rounding_deg": 2.0 * LIMITS["back-rounding"].fault}),
        ("depth", {"shallow_deg": _thigh_deg(1.5 * LIMITS["depth"].fault)}),
        # The faultless squat leans 8 degrees over its shanks.
        ("forward-lean", {"lean_deg": 0.5 * (LIMITS["forward-lean"].watch + LIMITS["forward-lean"].fault) - 8.0}),
        ("soft-lockout-hips", {"soft_hips_deg": 1.3 * LIMITS["soft-lockout-hips"].fault}),
    ],
)
def test_a_fault_beyond_its_limit_is_found_and_only_that(check: str, fault: dict[str, Any]) -> None:
    report = analyze(film(squat(3, **fault), noise_px=1.0))
    assert report.exercise.name == "squat"
    assert len(report.reps) == 3
    assert noticed(report) == {check: LIMITS[check].worst}
    assert LIMITS[check].cue in report.advice


def test_a_lower_back_that_tucks_under_at_the_bottom_is_found() -> None:
    report = analyze(film(squat(3, wink_deg=1.5 * LIMITS["butt-wink"].watch), noise_px=1.0))
    # What is gained at the bottom is rounding at the bottom as well.
    assert noticed(report).keys() <= {"butt-wink", "back-rounding"}
    assert noticed(report)["butt-wink"] == LIMITS["butt-wink"].worst


def test_a_back_that_is_round_all_the_way_is_no_butt_wink() -> None:
    wink = measured(analyze(film(squat(3, rounding_deg=50.0))), "butt_wink_deg")
    assert np.abs(wink).max() < 0.6 * LIMITS["butt-wink"].watch


@pytest.mark.parametrize(
    "flaw",
    [
        {"rounding_deg": 0.4 * LIMITS["back-rounding"].watch},
        {"wink_deg": 0.4 * LIMITS["butt-wink"].watch},
        {"shallow_deg": 2.0},
        {"lean_deg": 5.0},
        {"soft_hips_deg": 0.4 * LIMITS["soft-lockout-hips"].watch},
    ],
    ids=str,
)
def test_a_flaw_well_within_its_limit_is_fine(flaw: dict[str, Any]) -> None:
    assert analyze(film(squat(3, **flaw), noise_px=1.0)).verdict == "good"


def test_measures_are_those_of_the_body() -> None:
    report = analyze(film(squat(3)))
    for name, expected, slack in (
        ("hip_flexion_bottom_deg", BLAZEPOSE.hip_flexion_gain * 126.0, 1.0),
        ("knee_flexion_bottom_deg", BLAZEPOSE.knee_flexion_gain * 118.0, 1.0),
        ("trunk_lean_bottom_deg", 38.0, 1.0),
        ("lean_over_shank_deg", 8.0, 1.0),
        ("depth_thighs", np.sin(np.radians(2.0)), 0.02),
        ("back_rounding_deg", 0.0, 6.0),
    ):
        assert measured(report, name) == pytest.approx(expected, abs=slack), name


@pytest.mark.parametrize("shallow_deg", [-15.0, 0.0, 15.0, 30.0])
def test_depth_is_the_height_of_the_hips_above_the_knees_in_thighs(shallow_deg: float) -> None:
    depth = measured(analyze(film(squat(2, shallow_deg=shallow_deg)), "squat"), "depth_thighs")
    assert depth == pytest.approx(np.sin(np.radians(2.0 + shallow_deg)), abs=0.03)


def test_a_video_that_begins_on_the_way_up_does_not_show_how_deep_it_was() -> None:
    motion = squat(1)
    poses = film(motion)
    middle = int(np.searchsorted(poses.time_s, motion.bottoms_s[0] + 0.5))
    report = analyze(poses.part(slice(middle, None)), "squat")
    (depth,) = [finding for finding in report.findings if finding.check == "depth"]
    assert (depth.verdict, depth.reason) == ("not-measured", "the video begins after the bottom")
    paused = squat(1, bottom_rest_s=1.0)
    at_rest = int(np.searchsorted(film(paused).time_s, paused.bottoms_s[0] + 0.3))
    report = analyze(film(paused).part(slice(at_rest, None)), "squat")
    (depth,) = [finding for finding in report.findings if finding.check == "depth"]
    assert depth.verdict == "ok"


@pytest.mark.parametrize(("score", "judged"), [(0.98, True), (0.51, True), (0.49, False), (0.2, False)])
def test_depth_is_read_only_where_the_near_knee_is_seen(score: float, judged: bool) -> None:
    poses = film(squat(2, shallow_deg=30.0))
    poses.visibility[:, Landmark.RIGHT_KNEE] = score
    assert (noticed(analyze(poses, "squat"))["depth"] == FAULT) == judged


@pytest.mark.parametrize(("share", "judged"), [(0.15, True), (0.25, False), (0.6, False)])
def test_a_squat_whose_feet_walk_away_is_counted_and_not_judged(share: float, judged: bool) -> None:
    # As when somebody walks in front of the lifter, and the pose model follows him for a while.
    motion = squat(2, shallow_deg=30.0)
    poses = film(motion)
    tall = np.ptp(poses.image_px[0, [Landmark.RIGHT_SHOULDER, Landmark.RIGHT_ANKLE], 1])
    away = share * tall * np.exp(-(((poses.time_s - motion.bottoms_s[0]) / 0.4) ** 2))
    poses.image_px[..., 0] += away[:, None]
    report = analyze(poses, "squat")
    assert len(report.reps) == 2
    first, second = ({each.check: each for each in rep.findings} for rep in report.reps)
    assert (first["depth"].verdict == FAULT, second["depth"].verdict) == (judged, FAULT)
    if not judged:
        assert {each.verdict for each in first.values()} == {NOT_MEASURED}
        assert "somebody came in between" in first["depth"].reason


def pulses(thigh_deg: float) -> Motion:
    """Three squats to the same depth, the first two of which end half-way through the ascent."""
    hold = {"arm_deg": 20.0, "elbow_deg": 130.0, "hands_apart": 0.4}
    up = replace(STANDING, **hold)
    deep = replace(up, hip_deg=38.0 + thigh_deg, knee_deg=30.0 + thigh_deg, trunk_deg=38.0)
    half = replace(deep, hip_deg=0.55 * deep.hip_deg, knee_deg=0.55 * deep.knee_deg, trunk_deg=0.55 * deep.trunk_deg)
    stops = [(0.0, up), (1.0, up), (2.3, deep), (2.6, deep), (3.6, half), (4.1, half), (5.1, deep), (5.4, deep)]
    stops += [(6.4, half), (6.9, half), (7.9, deep), (8.2, deep), (9.5, up), (10.5, up)]
    return through(stops)


def test_depth_of_a_partial_repetition_is_told_in_the_same_thighs() -> None:
    report = analyze(film(pulses(76.0)))
    assert [rep.partial for rep in report.reps] == [True, True, False]
    assert measured(report, "depth_thighs") == pytest.approx(np.cos(np.radians(76.0)), abs=0.03)
    assert report.summary.startswith("3 squat reps, 2 of them partial: not deep enough in every rep")


def test_without_standing_frames_the_thigh_is_that_of_most_bodies() -> None:
    signals = compute_signals(film(squat(1)))
    cycle = find_cycles(signals.time_s, signals.shoulder_height)[0]
    crouched = replace(signals, shoulder_height=np.minimum(signals.shoulder_height, 0.94))
    depths = [measure(each, rep_of(each, cycle))["depth_thighs"].value for each in (signals, crouched)]
    assert depths[1] == pytest.approx(depths[0], abs=0.02)


def test_the_bottom_of_a_pause_is_its_middle() -> None:
    motion = squat(2, bottom_rest_s=1.0)
    report = analyze(film(motion))
    assert [rep.bottom_s for rep in report.reps] == pytest.approx(motion.bottoms_s, abs=0.1)


def test_a_pause_at_the_bottom_is_one_rep() -> None:
    report = analyze(film(squat(3, bottom_rest_s=3.0)))
    assert len(report.reps) == 3
    assert noticed(report) == {}


# ------------------------------------------------------------------------------------------------- the ascent, the feet


@pytest.mark.parametrize(
    ("check", "dial", "within", "watched", "beyond"),
    [("hips-shoot-up", "hips_first_deg", 14.0, 20.0, 28.0), ("heel-rise", "heel_m", 0.03, 0.055, 0.09)],
)
def test_both_sides_of_the_limits_of_the_way_up(
    check: str, dial: str, within: float, watched: float, beyond: float
) -> None:
    for size, verdict in ((within, OK), (watched, WATCH), (beyond, LIMITS[check].worst)):
        faults: dict[str, Any] = {dial: size}
        report = analyze(film(squat(3, **faults), noise_px=1.0))
        assert verdicts(report)[check] == verdict, size
    assert LIMITS[check].cue in report.advice


def test_heels_under_trousers_while_standing_are_not_judged() -> None:
    poses = film(squat(2, heel_m=0.09))
    standing = poses.image_px[:, Landmark.RIGHT_SHOULDER, 1] < poses.image_px[:, Landmark.RIGHT_SHOULDER, 1].min() + 20
    for score, verdict in ((0.88, FAULT), (0.8, NOT_MEASURED)):
        poses.visibility[standing, Landmark.RIGHT_HEEL] = score
        assert noticed(analyze(poses))["heel-rise"] == verdict


@pytest.mark.parametrize(
    ("tilt", "heel_m", "expected"),
    # Of heels that rise with the picture less is certain; those that rise while it sinks stay where they were in it.
    [(1.0, 0.0, OK), (-1.0, 0.0, OK), (1.0, 0.09, WATCH), (-1.0, 0.09, NOT_MEASURED)],
)
def test_a_camera_that_tilts_lifts_no_heels(tilt: float, heel_m: float, expected: str) -> None:
    poses = film(squat(3, heel_m=heel_m))
    # At every bottom the whole picture moves by as much as heels that are clearly off the floor.
    shoulders = poses.image_px[:, Landmark.RIGHT_SHOULDER, 1]
    deep = (shoulders - shoulders.min()) / np.ptp(shoulders)
    poses.image_px[..., 1] -= tilt * 0.09 * SIDE_CAMERA.px_per_m * deep[:, None]
    assert verdicts(analyze(poses, "squat"))["heel-rise"] == expected


def test_toes_that_leave_the_floor_at_another_moment_cast_doubt_on_the_heel() -> None:
    rep = Rep(Cycle(0, 10, 15, 20, 40, 45, 45, 45, 0.5, 0.5), 0, 15, 20, 40, 45, 45)
    heel, toes = np.zeros(46), np.zeros(46)
    heel[10:21], toes[24:32] = 0.3, 0.2
    signals = replace(
        no_signals(np.arange(46) / 30.0),
        heel_height=FOOT_LENGTH * heel,
        toe_height=FOOT_LENGTH * toes,
        mid_foot_forward=np.zeros(46),
    )
    found = heel_rise(signals, rep, 0, 40)
    assert (found.value, found.uncertainty) == (pytest.approx(0.3), pytest.approx(np.hypot(HEEL_UNCERTAINTY, 0.1)))


def test_a_rise_that_the_toes_share_is_doubted() -> None:
    rep = Rep(Cycle(0, 10, 15, 20, 40, 45, 45, 45, 0.5, 0.5), 0, 15, 20, 40, 45, 45)
    up = np.zeros(46)
    up[10:21] = 1.0
    for toes, value, uncertainty in ((0.0, 0.3, HEEL_UNCERTAINTY), (0.1, 0.2, np.hypot(HEEL_UNCERTAINTY, 0.05))):
        signals = replace(
            no_signals(np.arange(46) / 30.0),
            heel_height=0.3 * FOOT_LENGTH * up,
            toe_height=toes * FOOT_LENGTH * up,
            mid_foot_forward=np.zeros(46),
        )
        found = heel_rise(signals, rep, 0, 40)
        assert (found.value, found.uncertainty) == (pytest.approx(value), pytest.approx(uncertainty))
        # In a deadlift the model lifts the toes along with a heel that really rises.
        assert heel_rise(signals, rep, 0, 40, 0.5).value == pytest.approx(0.3)


@pytest.mark.parametrize("check", ["hips-shoot-up", "forward-lean", "bar-over-foot", "head-down"])
def test_a_plate_that_hides_the_near_shoulder_hides_the_trunk(check: str) -> None:
    poses = film(squat(2))
    for elbow, wrist, seen in ((0.98, 0.3, True), (0.7, 0.8, True), (0.7, 0.3, False)):
        poses.visibility[:, Landmark.RIGHT_ELBOW], poses.visibility[:, Landmark.RIGHT_WRIST] = elbow, wrist
        report = analyze(poses, "squat", variant="back")
        finding = next(finding for finding in report.findings if finding.check == check)
        assert (finding.verdict != NOT_MEASURED) is seen, (elbow, wrist)
        assert seen or finding.reason == SHOULDER_HIDDEN


@pytest.mark.parametrize(
    ("knee_deg", "elsewhere", "uncertainty"),
    [
        (110.0, 0.0, DEPTH_UNCERTAINTY),
        # Shins that lean 45 deg and knees bent 135 have thighs that are level: the hips read 0.4 too high for that.
        (135.0, 0.0, np.hypot(DEPTH_UNCERTAINTY, 0.2)),
        # The hips were 0.3 lower at another moment.
        (110.0, 0.3, np.hypot(DEPTH_UNCERTAINTY, 0.15)),
    ],
)
def test_depth_is_doubted_as_far_as_knees_or_another_moment_contradict_it(
    knee_deg: float, elsewhere: float, uncertainty: float
) -> None:
    standing = np.r_[np.ones(10), np.zeros(26), np.ones(10)]
    above = np.where(standing > 0, THIGH_LENGTH, 0.4 * THIGH_LENGTH)
    above[12:16] -= elsewhere * THIGH_LENGTH
    signals = replace(
        no_signals(np.arange(46) / 30.0),
        shoulder_height=np.where(standing > 0, 1.0, 0.5),
        knee_height=np.full(46, 0.3),
        hip_height=0.3 + above,
        knee_flexion_deg=np.where(standing > 0, 0.0, knee_deg),
    )
    rep = Rep(Cycle(9, 20, 25, 30, 36, 40, 45, 45, 0.5, 0.5), 9, 25, 30, 36, 40, 45)
    found = depth(signals, rep)
    assert (found.value, found.uncertainty) == (pytest.approx(0.4), pytest.approx(uncertainty))
    fault = uncertainty < 0.4 - LIMITS["depth"].fault
    assert judge(LIMITS["depth"], found, ViewName.SIDE_LEFT).verdict == (FAULT if fault else WATCH)


BAR_ON_BACK = {"arm_deg": -20.0, "elbow_deg": 150.0, "hands_apart": 1.8}


@pytest.mark.parametrize(
    ("variant", "hold"),
    [
        ("back", BAR_ON_BACK),
        ("front", {"arm_deg": 150.0, "elbow_deg": 140.0, "hands_apart": 1.1}),
        ("bodyweight", {"arm_deg": 60.0, "elbow_deg": 5.0, "hands_apart": 1.0}),
    ],
)
def test_the_hands_tell_the_variant(variant: str, hold: dict[str, float]) -> None:
    report = analyze(film(squat(2, hold=hold), noise_px=1.0), "squat")
    assert (report.variant, report.variant_source) == (variant, "recognised")
    judged = {finding.check for finding in report.findings}
    assert ("bar-over-foot" in judged) == (variant == "back")


def test_hands_together_may_be_clasped_and_hold_no_bar_on_the_back() -> None:
    report = analyze(film(squat(2), noise_px=1.0), "squat")
    assert (report.variant, report.variant_source) == ("unknown", "unknown")
    bar = next((finding for finding in report.findings if finding.check == "bar-over-foot"), None)
    assert bar is None or bar.verdict == NOT_MEASURED
    assert "bar-over-foot" not in {finding.check for finding in analyze(film(squat(2)), variant="goblet").findings}


def test_a_bar_that_leaves_the_mid_foot_is_seen() -> None:
    over = [
        measured(analyze(film(squat(2, lean_deg=lean, hold=BAR_ON_BACK)), "squat"), "bar_off_mid_foot_foot_lengths")
        for lean in (0.0, 20.0)
    ]
    assert (over[1] > over[0] + 0.3).all()
    report = analyze(film(squat(2, lean_deg=20.0, hold=BAR_ON_BACK)), "squat")
    assert verdicts(report)["bar-over-foot"] == WATCH


# ----------------------------------------------------------------------------------------------- the front and the rear


def _from_the_front(
    knees_in: float = 0.0, tilt_px: float = 0.0, shift_px: float = 0.0, yaw_deg: float = 90.0
) -> Report:
    """Squats whose fault is there at the bottom only."""
    motion = squat(3)
    time_s = frame_times(motion.duration_s)
    deep = motion.at(time_s)["knee_deg"] / 118.0
    poses = film(motion, Camera(yaw_deg), knees_in=knees_in * deep)
    poses.image_px[:, Landmark.LEFT_SHOULDER, 1] -= tilt_px * deep
    for landmark in left_right("HIP"):
        poses.image_px[:, landmark, 0] += shift_px * deep
    return analyze(poses, "squat")


HIPS_APART_PX = 0.20 * 400
SHOULDERS_APART_PX = 0.36 * 400


@pytest.mark.parametrize(
    ("check", "dial", "unit", "within", "watched", "beyond"),
    [
        ("knees-in", "knees_in", 1.0, 0.05, 0.18, 0.4),
        ("uneven-shoulders", "tilt_px", SHOULDERS_APART_PX * np.tan(np.radians(1.0)), 3.0, 6.5, 10.0),
        ("sideways-shift", "shift_px", HIPS_APART_PX, 0.1, 0.28, 0.5),
    ],
)
def test_both_sides_of_the_limits_seen_from_the_front(
    check: str, dial: str, unit: float, within: float, watched: float, beyond: float
) -> None:
    for size, verdict in ((within, OK), (watched, WATCH), (beyond, LIMITS[check].worst)):
        report = _from_the_front(**{dial: size * unit})
        assert len(report.reps) == 3
        found = {finding.check: finding for finding in report.findings}
        assert found[check].verdict == verdict, size
        assert found[check].value == pytest.approx(size, rel=0.2, abs=0.02)


@pytest.mark.parametrize(("lasts_s", "verdict"), [(0.2, OK), (0.5, FAULT)])
def test_a_pose_that_is_lost_for_a_moment_lowers_no_shoulder(lasts_s: float, verdict: str) -> None:
    motion = squat(3)
    poses = film(motion, Camera(90.0))
    for bottom_s in motion.bottoms_s:
        wrong = np.abs(poses.time_s - bottom_s - 0.4) <= lasts_s / 2
        poses.image_px[wrong, Landmark.LEFT_SHOULDER, 1] -= 20.0 / 180.0 * np.pi * SHOULDERS_APART_PX
    assert verdicts(analyze(poses, "squat"))["uneven-shoulders"] == verdict


@pytest.mark.parametrize("yaw_deg", [69.0, 74.0, -74.0])
def test_hips_that_only_go_back_do_not_seem_to_move_sideways(yaw_deg: float) -> None:
    report = analyze(film(squat(3), Camera(yaw_deg=yaw_deg)), "squat")
    assert report.view.name in ("front", "rear")
    (shift,) = [finding for finding in report.findings if finding.check == "sideways-shift"]
    assert (shift.verdict, shift.reason) == ("not-measured", "this needs a view from straight ahead or behind")


@pytest.mark.parametrize("yaw_deg", [90.0, -90.0])
def test_views_from_front_and_rear_count_and_measure_the_stance(yaw_deg: float) -> None:
    report = _from_the_front(yaw_deg=yaw_deg)
    assert len(report.reps) == 3
    assert measured(report, "stance_shoulder_widths") == pytest.approx(0.14 / 0.18, abs=0.02)
    found = verdicts(report)
    assert found["uneven-shoulders"] == found["sideways-shift"] == OK
    assert found["knees-in"] == (OK if yaw_deg > 0 else NOT_MEASURED)
    assert found["depth"] == found["heel-rise"] == NOT_MEASURED


def test_advice_says_where_to_put_the_phone() -> None:
    found = {finding.check: finding for finding in _from_the_front().findings}
    assert "straight to your side" in found["depth"].reason
    assert "in front of you" in analyze(film(squat(2)), "squat").findings[-1].reason
