from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from formcheck.core.landmarks import Landmark
from formcheck.core.verdicts import FAULT, NOT_MEASURED, OK, WATCH, ViewName
from formcheck.exercises.framework.check import judge
from formcheck.exercises.framework.exercise import Rep
from formcheck.exercises.kettlebell_swing import CHECKS, ROM_RATIO_UNCERTAINTY, hips_at_arm_lift
from formcheck.exercises.shared.swing_path import PICKED_UP
from formcheck.judging.analysis import analyze
from formcheck.motion.calibration import BLAZEPOSE
from formcheck.motion.reps import Cycle
from formcheck.motion.signals import no_signals
from tests.helpers.synthetic_lifter import Camera, film, kettlebell_swing, measured, noticed, verdicts

LIMITS = {check.id: check for check in CHECKS}
SURELY = 1.2 * ROM_RATIO_UNCERTAINTY
"""This far beyond a limit a value is not within the measure's own uncertainty."""


def _squatted_deg(hip_to_knee_ratio: float) -> float:
    """How far the swing must be squatted for that ratio; the faultless one moves the hips by 93, the knees by 33."""
    ratio = hip_to_knee_ratio * BLAZEPOSE.knee_flexion_gain / BLAZEPOSE.hip_flexion_gain
    return (93.0 - 33.0 * ratio) / (0.5 + ratio)


@pytest.mark.parametrize("forward", [1, -1])
@pytest.mark.parametrize("exercise", ["auto", "kettlebell-swing"])
@pytest.mark.parametrize("period_s", [1.4, 1.9])
def test_a_faultless_swing_is_good(forward: int, exercise: str, period_s: float) -> None:
    report = analyze(film(kettlebell_swing(6, period_s=period_s), Camera(forward=forward), noise_px=1.0), exercise)
    assert report.exercise.name == "kettlebell-swing"
    assert len(report.reps) == 6
    assert noticed(report) == {}
    assert (report.verdict, report.advice) == ("good", ())


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        ("back-rounding", {"rounding_deg": 2.0 * LIMITS["back-rounding"].fault}),
        ("bent-arms", {"arm_bend_deg": 1.5 * LIMITS["bent-arms"].fault}),
        ("arm-lift", {"arm_lead_s": 0.32}),
        ("squatting-the-swing", {"squatted_deg": _squatted_deg(LIMITS["squatting-the-swing"].fault - SURELY)}),
    ],
)
def test_a_fault_beyond_its_limit_is_found_and_only_that(check: str, fault: dict[str, float]) -> None:
    report = analyze(film(kettlebell_swing(6, **fault), noise_px=1.0))
    assert report.exercise.name == "kettlebell-swing"
    assert len(report.reps) == 6
    found = noticed(report)
    if check == "squatting-the-swing":
        # The same fault shows in the depth and the travel of the knees.
        found = {name: verdict for name, verdict in found.items() if name not in ("deep-knees", "knees-forward")}
    assert found == {check: LIMITS[check].worst}
    assert LIMITS[check].cue in report.advice


@pytest.mark.parametrize(
    "flaw",
    [
        {"rounding_deg": 0.4 * LIMITS["back-rounding"].watch},
        {"arm_bend_deg": 0.5 * LIMITS["bent-arms"].watch},
        {"arm_lead_s": 0.05},
        {"squatted_deg": 8.0},
        {"soft_hips_deg": 0.4 * LIMITS["no-plank-hips"].watch},
    ],
    ids=str,
)
def test_a_flaw_well_within_its_limit_is_fine(flaw: dict[str, float]) -> None:
    assert analyze(film(kettlebell_swing(6, **flaw), noise_px=1.0)).verdict == "good"


def test_hips_that_stay_bent_at_the_top_are_seen() -> None:
    check = LIMITS["no-plank-hips"]
    motion = kettlebell_swing(6, soft_hips_deg=(check.watch + check.fault) / 2)
    report = analyze(film(motion, noise_px=1.0), "kettlebell-swing")
    assert len(report.reps) == 6
    # Hips that never open are not open either when the arms leave the body, nor when they come back to it.
    assert noticed(report).keys() <= {"no-plank-hips", "arm-lift", "early-fold"}
    assert noticed(report)["no-plank-hips"] == LIMITS["no-plank-hips"].worst


@pytest.mark.parametrize("exercise", ["auto", "kettlebell-swing"])
@pytest.mark.parametrize(
    "times_limit",
    [
        1.3,
        pytest.param(
            1.5,
            marks=pytest.mark.xfail(
                strict=True, reason="shoulders that come up by less than half of the drop end no cycle"
            ),
        ),
    ],
)
def test_a_swing_with_bent_hips_at_the_top_is_still_a_swing(exercise: str, times_limit: float) -> None:
    motion = kettlebell_swing(6, soft_hips_deg=times_limit * LIMITS["no-plank-hips"].fault)
    assert len(analyze(film(motion, noise_px=1.0), exercise).reps) == 6


def test_measures_are_those_of_the_body() -> None:
    report = analyze(film(kettlebell_swing(6), fps=60.0))
    for name, expected, slack in (
        ("hip_flexion_bottom_deg", BLAZEPOSE.hip_flexion_gain * 95.0, 5.0),
        ("knee_flexion_bottom_deg", BLAZEPOSE.knee_flexion_gain * 35.0, 3.0),
        ("hip_flexion_top_deg", 2.0, 1.0),
        ("elbow_flexion_max_deg", 4.0, 1.0),
        ("back_rounding_deg", 0.0, 5.0),
        (
            "hip_to_knee_rom_ratio",
            BLAZEPOSE.hip_flexion_gain * 93.0 / (BLAZEPOSE.knee_flexion_gain * 33.0),
            0.1,
        ),
    ):
        assert measured(report, name) == pytest.approx(expected, abs=slack), name


def test_the_top_is_where_the_bell_is_highest() -> None:
    motion = kettlebell_swing(6)
    report = analyze(film(motion, fps=60.0))
    tops = np.array([rep.top_s for rep in report.reps])
    np.testing.assert_allclose(tops[:-1], motion.tops_s[:-1], atol=0.05)


def test_the_last_top_is_where_the_bell_is_highest() -> None:
    motion = kettlebell_swing(6)
    assert analyze(film(motion, fps=60.0)).reps[-1].top_s == pytest.approx(motion.tops_s[-1], abs=0.05)


def test_arms_that_start_earlier_measure_worse() -> None:
    hips = [
        measured(analyze(film(kettlebell_swing(4, arm_lead_s=lead)), "kettlebell-swing"), "hip_flexion_at_arm_lift_deg")
        for lead in (0.0, 0.15, 0.3)
    ]
    # The first bell does not come out of a float. Arms that lead by little stay as close to the trunk as good ones.
    assert all(np.isnan(of_set[0]) for of_set in hips)
    assert hips[0][1:].mean() <= hips[1][1:].mean() < hips[2][1:].mean()
    report = analyze(film(kettlebell_swing(4, arm_lead_s=0.3)), "kettlebell-swing")
    assert [next(f for f in rep.findings if f.check == "arm-lift").reason for rep in report.reps] == [
        PICKED_UP,
        "",
        "",
        "",
    ]


@pytest.mark.parametrize(("speed_deg_s", "flagged"), [(0.0, True), (300.0, False)])
def test_hips_that_open_fast_make_the_arms_start_uncertain(speed_deg_s: float, flagged: bool) -> None:
    # The arms come free at frame 15 with the hips bent 50 deg. The arms swing by 100 deg a second, so their mark is
    # passed within a half of a frame and 5 deg of 100 a second: 0.053 s, in which fast hips open by 16 deg.
    time_s = np.arange(46) / 30.0
    since_s = time_s - time_s[15]
    signals = replace(
        no_signals(time_s),
        yaw_deg=np.zeros(46),
        arm_angle_deg=np.maximum(30.0, 50.0 + 100.0 * since_s),
        hip_flexion_deg=50.0 - speed_deg_s * since_s,
        hand_height=np.interp(time_s, [0.0, 0.2, 1.5], [0.8, 0.4, 0.9]),
    )
    rep = Rep(Cycle(0, 6, 6, 6, 40, 45, 45, 45, 0.3, 0.3), 0, 6, 6, 40, 45, 45)
    found = hips_at_arm_lift(signals, rep)
    assert found.value == pytest.approx(50.0, abs=0.5)
    assert found.uncertainty == pytest.approx(np.hypot(4.0, speed_deg_s * np.hypot(1 / 60, 0.05)), rel=0.02)
    assert judge(LIMITS["arm-lift"], found, ViewName.SIDE_LEFT).verdict.is_flagged is flagged


def test_a_bell_that_comes_to_rest_is_not_a_swing() -> None:
    # After the last swing the bell goes back between the legs once more, and the lifter stands up with it hanging.
    motion = kettlebell_swing(4)
    times, arms = motion.keys["arm_deg"]
    last_bottom_s = motion.bottoms_s[-1]
    for top_deg, swings in ((0.0, 3), (60.0, 4)):
        low = [
            value if at <= last_bottom_s else min(value, top_deg if value > 5.0 else value)
            for at, value in zip(times, arms, strict=True)
        ]
        parked = replace(motion, keys={**motion.keys, "arm_deg": (times, tuple(low))})
        for exercise in ("auto", "kettlebell-swing"):
            assert len(analyze(film(parked), exercise).reps) == swings


# ------------------------------------------------------------------------------------------- backswing, float and fall


@pytest.mark.parametrize(
    ("check", "dial", "within", "watched", "beyond"),
    [
        ("early-fold", "fold_lead_s", 0.05, 0.29, 0.4),
        ("shoulders-below-hips", "stoop_deg", 10.0, 33.0, 42.0),
        ("bell-too-low", "stoop_deg", 0.0, 9.0, 24.0),
        ("deep-knees", "squatted_deg", 5.0, 30.0, 50.0),
        ("knees-forward", "squatted_deg", 5.0, 35.0, 62.0),
        ("bell-height", "arm_top_deg", 95.0, 125.0, 135.0),
    ],
)
def test_both_sides_of_the_limits_of_the_bell(
    check: str, dial: str, within: float, watched: float, beyond: float
) -> None:
    for size, verdict in ((within, OK), (watched, WATCH), (beyond, LIMITS[check].worst)):
        faults = {dial: size}
        report = analyze(film(kettlebell_swing(5, **faults), noise_px=1.0), "kettlebell-swing")
        assert len(report.reps) == 5
        assert verdicts(report)[check] == verdict, size
    assert LIMITS[check].cue in report.advice


def test_a_bell_that_is_picked_up_does_not_swing_low() -> None:
    low = [rep.measures["wrists_below_knees_thighs"] for rep in analyze(film(kettlebell_swing(4))).reps]
    assert np.isnan(low[0])
    assert np.isfinite(low[1:]).all()


def test_an_overhead_swing_is_one_when_the_user_says_it_is_a_swing() -> None:
    poses = film(kettlebell_swing(4, arm_top_deg=172.0, period_s=2.0))
    assert analyze(poses).exercise.name == "none"
    for report in (analyze(poses, "kettlebell-swing"), analyze(poses, variant="overhead")):
        assert (report.exercise.name, report.variant, len(report.reps)) == ("kettlebell-swing", "overhead", 4)
        assert "bell-height" not in {finding.check for finding in report.findings}


def test_one_hand_is_chosen_and_not_judged_by_symmetry() -> None:
    report = analyze(film(kettlebell_swing(4), Camera(90.0)), variant="one-hand")
    assert report.variant_source == "chosen"
    assert "uneven-shoulders" not in {finding.check for finding in report.findings}
    assert analyze(film(kettlebell_swing(4))).variant == "russian"


def test_arms_behind_the_trunk_are_not_judged() -> None:
    found = noticed(analyze(film(kettlebell_swing(4, arm_bend_deg=60.0), Camera(-40.0)), "kettlebell-swing"))
    assert found["bent-arms"] == NOT_MEASURED


@pytest.mark.parametrize(("score", "judged"), [(0.95, True), (0.31, True), (0.29, False), (0.1, False)])
def test_a_fold_and_bent_knees_are_read_only_where_the_legs_are_seen(score: float, judged: bool) -> None:
    poses = film(kettlebell_swing(4))
    seen = poses.visibility.copy()
    seen[:, [each for each in Landmark if each.name.endswith(("ANKLE", "HEEL", "FOOT_INDEX"))]] = score
    report = analyze(replace(poses, visibility=seen), "kettlebell-swing")
    for check in ("early-fold", "deep-knees"):
        (found,) = (each for each in report.findings if each.check == check)
        assert (found.verdict != NOT_MEASURED) == judged
        assert ("legs are hidden" in found.reason) == (not judged)


@pytest.mark.parametrize("leans_back_deg", [30.0, 40.0])
def test_a_float_in_which_the_lifter_leans_back_is_where_the_bell_is_highest(leans_back_deg: float) -> None:
    # The shoulders are highest before and after the lean, when the trunk passes upright.
    motion = kettlebell_swing(3, soft_hips_deg=-leans_back_deg)
    report = analyze(film(motion), "kettlebell-swing")
    assert [rep.top_s for rep in report.reps] == pytest.approx(motion.tops_s, abs=0.1)
    (found,) = (each for each in report.findings if each.check == "over-extension")
    assert (found.verdict, found.value) == (FAULT, pytest.approx(leans_back_deg, abs=1.0))
