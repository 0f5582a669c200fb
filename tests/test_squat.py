from __future__ import annotations

import numpy as np
import pytest
from synthetic_lifter import Camera, film, measured, noticed, squat

from formcheck.analysis import analyze
from formcheck.exercises.squat import CHECKS
from formcheck.motion.signals import HIP_FLEXION_GAIN, KNEE_FLEXION_GAIN

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
        ("back-rounding", {"rounding_deg": 1.5 * LIMITS["back-rounding"].fault}),
        ("depth", {"shallow_deg": _thigh_deg(1.5 * LIMITS["depth"].fault)}),
        # The faultless squat leans 8 degrees over its shanks.
        ("forward-lean", {"lean_deg": 0.5 * (LIMITS["forward-lean"].watch + LIMITS["forward-lean"].fault) - 8.0}),
        ("soft-lockout-hips", {"soft_hips_deg": 1.3 * LIMITS["soft-lockout-hips"].fault}),
    ],
)
def test_a_fault_beyond_its_limit_is_found_and_only_that(check: str, fault: dict[str, float]) -> None:
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
def test_a_flaw_well_within_its_limit_is_fine(flaw: dict[str, float]) -> None:
    assert analyze(film(squat(3, **flaw), noise_px=1.0)).verdict == "good"


def test_measures_are_those_of_the_body() -> None:
    report = analyze(film(squat(3)))
    for name, expected, slack in (
        ("hip_flexion_bottom_deg", HIP_FLEXION_GAIN * 126.0, 1.0),
        ("knee_flexion_bottom_deg", KNEE_FLEXION_GAIN * 118.0, 1.0),
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


def test_the_bottom_of_a_pause_is_its_middle() -> None:
    motion = squat(2, bottom_rest_s=1.0)
    report = analyze(film(motion))
    assert [rep.bottom_s for rep in report.reps] == pytest.approx(motion.bottoms_s, abs=0.1)


def test_a_pause_at_the_bottom_is_one_rep() -> None:
    report = analyze(film(squat(2, bottom_rest_s=3.0)))
    assert len(report.reps) == 2
    assert noticed(report) == {}
