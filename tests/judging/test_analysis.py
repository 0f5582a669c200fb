from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formcheck.core.errors import UsageError
from formcheck.core.poses import ARRAY_FIELDS, FloatArray, PoseSequence
from formcheck.exercises import EXERCISES
from formcheck.judging.analysis import analyze
from formcheck.judging.coaching import ADVICE_MAX
from formcheck.judging.report import SCHEMA
from tests.helpers.synthetic_lifter import (
    LIFTS,
    Camera,
    deadlift,
    empty_poses,
    film,
    frame_times,
    joined,
    kettlebell_swing,
    mirrored,
    squat,
    standing_still,
)

NUMBER = (int, float)
NUMBER_OR_NONE = (int, float, type(None))

FINDING = {
    "check": str,
    "verdict": str,
    "value": NUMBER_OR_NONE,
    "limit": NUMBER,
    "unit": str,
    "at_s": NUMBER_OR_NONE,
    "reason": str,
    "cue": str,
}
CONTRACT: dict[str, Any] = {
    "schema": int,
    "video": {
        "file": str,
        "duration_s": NUMBER,
        "width": int,
        "height": int,
        "frames": int,
        "rotation_deg": int,
    },
    "exercise": {"name": str, "chosen_by": str, "confidence": NUMBER},
    "view": {"name": str, "yaw_deg": NUMBER_OR_NONE, "sagittal_ok": bool},
    "tracking": {"frames_with_pose": int, "quality": NUMBER, "notes": [str]},
    "reps": [
        {
            "index": int,
            "start_s": NUMBER,
            "bottom_s": NUMBER,
            "top_s": NUMBER,
            "end_s": NUMBER,
            "measures": {
                "back_rounding_deg": NUMBER_OR_NONE,
                "hip_flexion_bottom_deg": NUMBER_OR_NONE,
                "knee_flexion_bottom_deg": NUMBER_OR_NONE,
                "trunk_lean_bottom_deg": NUMBER_OR_NONE,
                "elbow_flexion_max_deg": NUMBER_OR_NONE,
            },
            "findings": [FINDING],
        }
    ],
    "findings": [FINDING],
    "verdict": str,
    "advice": [str],
}
WORDS = {
    "exercise.name": {"none", *(lift.name for lift in EXERCISES)},
    "exercise.chosen_by": {"user", "auto"},
    "view.name": {"side-left", "side-right", "front", "rear", "oblique", "unknown"},
    "verdict": {"good", "watch", "fault", "not-judged"},
    "findings.verdict": {"ok", "watch", "fault", "not-measured"},
    "reps.findings.verdict": {"ok", "watch", "fault", "not-measured"},
}


def _assert_contract(data: Any, contract: Any, where: str = "") -> None:
    """The names of the contract are there with the right types; other names may be there as well."""
    if isinstance(contract, dict):
        assert isinstance(data, dict), where
        for key, inner in contract.items():
            assert key in data, f"{where}.{key}"
            _assert_contract(data[key], inner, f"{where}.{key}".lstrip("."))
    elif isinstance(contract, list):
        assert isinstance(data, list), where
        for item in data:
            _assert_contract(item, contract[0], where)
    else:
        # bool is an int in Python but not in JSON.
        assert isinstance(data, contract), where
        assert isinstance(data, bool) == (contract is bool), where
        if isinstance(data, float):
            assert math.isfinite(data), where
        if where in WORDS:
            assert data in WORDS[where], where


BAD = {
    "no frame": empty_poses(0),
    "one frame": film(squat(1), time_s=np.zeros(1)),
    "two frames": film(squat(1), time_s=np.array([0.0, 0.04])),
    "one empty frame": empty_poses(1),
    "nobody": empty_poses(90),
    "nothing known": replace(
        film(squat(1)), **{name: np.full_like(getattr(film(squat(1)), name), np.nan) for name in ARRAY_FIELDS[1:]}
    ),
    "standing": film(standing_still()),
    "leaves at once": film(squat(2), lost_s=[(0.5, 99.0)]),
    "one frame a second": film(squat(2), fps=1.0),
}


# ----------------------------------------------------------------------------------------------------- the contract


@pytest.mark.parametrize("name", LIFTS)
@pytest.mark.parametrize("yaw_deg", [0, 45, 90])
def test_report_json_keeps_its_contract(name: str, yaw_deg: float) -> None:
    data = analyze(film(LIFTS[name](2), Camera(yaw_deg), noise_px=1.0), name).to_dict()
    assert data["schema"] == SCHEMA == 1
    assert data["reps"]
    _assert_contract(json.loads(json.dumps(data, allow_nan=False)), CONTRACT)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("exercise", ["auto", *LIFTS])
@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_a_report_without_a_verdict(name: str, exercise: str) -> None:
    report = analyze(BAD[name], exercise)
    assert report.verdict == "not-judged"
    assert report.reps == ()
    assert report.summary.endswith(".")
    assert report.exercise.name == ("none" if exercise == "auto" else exercise)
    assert report.exercise.chosen_by == ("auto" if exercise == "auto" else "user")
    data = report.to_dict()
    _assert_contract(json.loads(json.dumps(data, allow_nan=False)), CONTRACT)
    assert {finding["verdict"] for finding in data["findings"]} <= {"not-measured"}


def test_without_known_directions_the_view_is_unknown_and_nothing_is_judged() -> None:
    poses = film(squat(2))
    report = analyze(replace(poses, world_m=np.full_like(poses.world_m, np.inf)), "squat")
    assert (report.view.name, report.sagittal_ok, report.verdict) == ("unknown", False, "not-judged")
    _assert_contract(json.loads(json.dumps(report.to_dict(), allow_nan=False)), CONTRACT)


@pytest.mark.parametrize("name", LIFTS)
def test_the_same_poses_give_the_same_report(name: str) -> None:
    motion = LIFTS[name](2)
    one, other = (analyze(film(motion, noise_px=2.0, seed=5)) for _ in range(2))
    assert json.dumps(one.to_dict()) == json.dumps(other.to_dict())


def test_analysing_does_not_change_the_poses() -> None:
    poses = film(deadlift(1), noise_px=1.0)
    before = {name: getattr(poses, name).copy() for name in ARRAY_FIELDS}
    analyze(poses)
    for name, array in before.items():
        np.testing.assert_array_equal(getattr(poses, name), array)


@pytest.mark.parametrize("name", LIFTS)
def test_reps_are_numbered_in_order_and_do_not_overlap(name: str) -> None:
    report = analyze(film(LIFTS[name](4), noise_px=1.0))
    assert [rep.index for rep in report.reps] == [1, 2, 3, 4]
    for rep in report.reps:
        assert rep.start_s <= rep.bottom_s <= rep.top_s <= rep.end_s
        assert {finding.rep for finding in rep.findings} == {rep.index}
        for finding in rep.findings:
            assert math.isnan(finding.at_s) or rep.start_s - 0.2 <= finding.at_s <= rep.end_s + 0.2
    for one, following in itertools.pairwise(report.reps):
        assert one.bottom_s < one.top_s < following.bottom_s


# ------------------------------------------------------------------------------------------------- choosing the lift


@pytest.mark.parametrize("exercise", ["bench-press", "", "Deadlift", "none"])
def test_an_unknown_exercise_is_a_usage_error_that_names_the_known_ones(exercise: str) -> None:
    with pytest.raises(UsageError) as caught:
        analyze(film(standing_still(1.0)), exercise)
    for name in ("auto", *LIFTS):
        assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_auto_and_user_are_told_apart() -> None:
    poses = film(squat(2))
    auto, user = analyze(poses), analyze(poses, "squat")
    assert (auto.exercise.name, auto.exercise.chosen_by) == ("squat", "auto")
    assert (user.exercise.name, user.exercise.chosen_by, user.exercise.confidence) == ("squat", "user", 1.0)
    assert auto.reps == user.reps


@pytest.mark.parametrize(
    ("shown", "told"),
    [("squat", "deadlift"), ("squat", "kettlebell-swing"), ("kettlebell-swing", "squat"), ("deadlift", "squat")],
)
def test_a_lift_that_is_named_is_judged_and_the_report_says_what_it_looks_like(shown: str, told: str) -> None:
    report = analyze(film(LIFTS[shown](3)), told)
    assert report.exercise.name == told
    assert len(report.reps) == 3
    assert any(f"looks more like a {shown.replace('-', ' ')}" in note for note in report.tracking.notes)


@pytest.mark.parametrize("noise_px", [0.0, 2.0])
def test_ten_deadlifts_done_like_squats_are_ten_flagged_repetitions(noise_px: float) -> None:
    report = analyze(film(deadlift(10, low_hips_deg=40.0), noise_px=noise_px), "deadlift")
    assert len(report.reps) == 10
    assert not any(rep.partial for rep in report.reps)
    assert report.verdict == "fault"
    assert next(finding for finding in report.findings if finding.check == "squatted-start").verdict == "fault"


@pytest.mark.parametrize("shallow_deg", [0.0, 20.0, 40.0, 50.0])
def test_shallow_squats_count_when_named_and_their_depth_is_judged(shallow_deg: float) -> None:
    report = analyze(film(squat(5, shallow_deg=shallow_deg), noise_px=1.0), "squat")
    assert len(report.reps) == 5
    depth = next(finding for finding in report.findings if finding.check == "depth").verdict
    assert depth == ("fault" if shallow_deg >= 20.0 else "ok")


# ------------------------------------------------------------------------------------------------------ cuts and gaps


def test_a_cut_between_two_sets_keeps_the_reps_of_both() -> None:
    report = analyze(joined(film(squat(2)), film(squat(3), Camera(forward=-1))))
    assert len(report.reps) == 5
    assert any("cut" in note for note in report.tracking.notes)


def test_a_cut_inside_a_rep_loses_no_more_than_that_rep() -> None:
    poses = film(squat(3))
    report = analyze(replace(poses, picture_change=film(squat(3), cuts_s=[5.5]).picture_change))
    assert len(report.reps) in (2, 3)
    assert report.verdict == "good"


def test_a_walk_in_and_a_short_loss_cost_no_rep() -> None:
    report = analyze(film(deadlift(3), walk_in_s=3.0, lost_s=[(6.5, 6.6)], noise_px=1.0))
    assert report.exercise.name == "deadlift"
    assert len(report.reps) == 3


def nearer(poses: PoseSequence, scale: FloatArray) -> PoseSequence:
    """The lifter grows in the picture, by this much in each frame."""
    middle_px = np.array([540.0, 1140.0])
    image_px = poses.image_px.copy()
    image_px[..., :2] = middle_px + (image_px[..., :2] - middle_px) * scale[:, None, None]
    contour_px = middle_px + (poses.contour_px - middle_px) * scale[:, None, None, None]
    return replace(poses, image_px=image_px, contour_px=contour_px)


@pytest.mark.parametrize("scale", [1.1, 1.3, 1.5])
@pytest.mark.parametrize("name", LIFTS)
def test_walking_to_the_camera_after_the_set_and_from_it_before_changes_nothing(name: str, scale: float) -> None:
    motion = LIFTS[name]()
    plain = film(motion, time_s=frame_times(motion.duration_s + 3.0), walk_in_s=2.0)
    time_s = plain.time_s
    before, after = np.clip(1.0 - time_s / 1.5, 0.0, 1.0), np.clip((time_s - time_s[-1]) / 2.0 + 1.0, 0.0, 1.0)
    walked = analyze(nearer(plain, 1.0 + (scale - 1.0) * (before + after)))
    stood = analyze(plain)
    assert walked.verdict == stood.verdict == "good"
    assert [rep.partial for rep in walked.reps] == [False] * len(stood.reps)
    for one, other in zip(walked.reps, stood.reps, strict=True):
        assert one.lockout_s == pytest.approx(other.lockout_s, abs=0.25)
        assert one.bottom_s == pytest.approx(other.bottom_s, abs=0.05)


def test_two_places_to_lift_at_cost_no_rep() -> None:
    poses = film(squat(4))
    half = squat(4).tops_s[1]
    image_px, contour_px = poses.image_px.copy(), poses.contour_px.copy()
    away_px = 300.0 * np.clip((poses.time_s - half) / 0.3, 0.0, 1.0)
    image_px[..., 0] += away_px[:, None]
    contour_px[..., 0] += away_px[:, None, None]
    report = analyze(replace(poses, image_px=image_px, contour_px=contour_px))
    assert (len(report.reps), report.verdict) == (4, "good")


@pytest.mark.parametrize("gone", [(5.0, 5.15), (3.0, 3.4), (6.2, 6.9), (7.75, 7.9)])
def test_a_bottom_that_was_lost_leaves_its_neighbours_as_they_were(gone: tuple[float, float]) -> None:
    poses = film(kettlebell_swing(6), lost_s=[gone])
    report, whole = analyze(poses), analyze(film(kettlebell_swing(6)))
    assert report.verdict == "good"
    assert len(report.reps) >= (6 if gone[1] - gone[0] < 0.2 else 5)
    lockouts = np.array([rep.lockout_s for rep in whole.reps])
    for rep in report.reps:
        assert np.abs(lockouts - rep.lockout_s).min() <= 0.15


@pytest.mark.parametrize("name", LIFTS)
def test_a_set_that_faces_first_one_way_then_the_other_is_judged(name: str) -> None:
    poses = film(LIFTS[name]())
    report, half = analyze(joined(poses, mirrored(poses))), analyze(poses)
    assert len(report.reps) == 2 * len(half.reps)
    assert {finding.check: finding.verdict for finding in report.findings} == {
        finding.check: finding.verdict for finding in half.findings
    }


def test_what_was_seen_is_counted_and_told() -> None:
    poses = film(squat(3), lost_s=[(0.0, 8.0)])
    report = analyze(poses)
    assert report.tracking.frames_with_pose == int(poses.seen.sum())
    # Quality leaves out what was seen but is not trusted, such as landmarks just after a gap.
    assert poses.seen.mean() - 0.05 <= report.tracking.quality <= poses.seen.mean()
    assert any("only" in note for note in report.tracking.notes)
    assert analyze(film(squat(1))).tracking.notes == ()
    assert any("Nobody" in note for note in analyze(empty_poses(30)).tracking.notes)


def test_notes_of_the_tracking_are_repeated_and_a_damaged_file_is_told() -> None:
    poses = film(squat(1))
    assert "Several people." in analyze(replace(poses, notes=("Several people.",))).tracking.notes
    damaged = replace(poses, video=replace(poses.video, complete=False))
    assert any("damaged" in note for note in analyze(damaged).tracking.notes)


def test_a_damaged_file_is_told_beside_other_remarks() -> None:
    poses = film(squat(1))
    video = replace(poses.video, complete=False)
    report = analyze(replace(poses, video=video, notes=("Several people are in the picture.",)))
    assert any("damaged" in note for note in report.tracking.notes)


def test_signals_cover_every_frame() -> None:
    poses = joined(film(squat(1)), film(squat(1)))
    signals = analyze(poses).signals
    assert signals is not None
    np.testing.assert_array_equal(signals.time_s, poses.time_s)
    assert np.isfinite(signals.knee_flexion_deg).all()
    assert analyze(empty_poses(30)).signals is None


# ------------------------------------------------------------------------------------------------- verdict and advice


def test_verdict_summary_and_advice_agree() -> None:
    good = analyze(film(deadlift(2)))
    assert (good.verdict, good.advice) == ("good", ())
    watch = analyze(film(deadlift(2, soft_hips_deg=35.0)))
    assert watch.verdict == "watch"
    assert len(watch.advice) == 1
    fault = analyze(film(deadlift(2, rounding_deg=50.0)))
    assert fault.verdict == "fault"
    assert "every rep" in fault.summary
    assert "2 deadlift reps" in fault.summary
    assert "1 deadlift rep:" in analyze(film(deadlift(1))).summary


def test_many_faults_give_no_more_advice_than_can_be_followed_worst_first() -> None:
    report = analyze(film(squat(2, rounding_deg=60.0, shallow_deg=25.0, soft_hips_deg=38.0, lean_deg=15.0)), "squat")
    assert report.verdict == "fault"
    assert 1 < len(report.advice) <= ADVICE_MAX
    faults = [finding.cue for finding in report.findings if finding.verdict == "fault"]
    assert list(report.advice[: len(faults)]) == faults[:ADVICE_MAX]


@pytest.mark.parametrize("yaw_deg", [45, 90, -90])
def test_a_view_that_hides_the_back_is_never_good_and_says_how_to_film(yaw_deg: float) -> None:
    report = analyze(film(squat(2), Camera(yaw_deg)), "squat")
    assert report.verdict == "not-judged"
    assert not report.sagittal_ok
    assert any("side" in advice for advice in report.advice)


def test_the_load_is_repeated() -> None:
    assert analyze(film(squat(1)), load_kg=82.5).to_dict()["load_kg"] == 82.5
    assert analyze(film(squat(1))).to_dict()["load_kg"] is None


# --------------------------------------------------------------------------------------------------------- anything


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), frames=st.integers(1, 80), gone=st.floats(0, 1), size=st.floats(0.01, 5.0))
def test_whatever_the_poses_there_is_a_report(seed: int, frames: int, gone: float, size: float) -> None:
    rng = np.random.default_rng(seed)
    base = film(kettlebell_swing(2), time_s=np.cumsum(rng.uniform(0.005, 0.2, frames)))
    arrays = {}
    for name in ARRAY_FIELDS[1:]:
        array = getattr(base, name)
        arrays[name] = array + rng.normal(0, size, array.shape) * (np.nanstd(array) + 0.01)
        arrays[name][rng.uniform(size=frames) < gone * rng.uniform()] = np.nan
    poses: PoseSequence = replace(base, **arrays)
    for exercise in ("auto", *LIFTS):
        data = analyze(poses, exercise).to_dict()
        _assert_contract(json.loads(json.dumps(data, allow_nan=False)), CONTRACT)


def test_frame_times_of_the_tests_rise() -> None:
    assert (np.diff(frame_times(5.0, 30.0, uneven=0.45)) > 0).all()
