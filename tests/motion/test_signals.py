from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from formcheck.core.landmarks import Landmark
from formcheck.core.poses import PoseSequence
from formcheck.motion.calibration import BLAZEPOSE
from formcheck.motion.neutral import find_neutral, with_back_rounding
from formcheck.motion.reps import find_cycles
from formcheck.motion.signals import (
    PICTURE_ANGLES_MAX_YAW_DEG,
    Signals,
    compute_signals,
    no_signals,
    signals_but_spine,
    with_spine,
)
from formcheck.motion.spine import FRONT_YAW_MAX_DEG, NOT_SEEN, REAR_YAW_MAX_DEG, dorsal_bend, lower_half_bend
from tests.helpers.synthetic_lifter import (
    ANKLE_HEIGHT_M,
    LUMBAR_SHARE,
    STANDING_SHOULDER_M,
    Camera,
    Motion,
    deadlift,
    dorsal_bend_deg,
    empty_poses,
    film,
    kettlebell_swing,
    sagittal_joints,
    squat,
    standing_still,
)

MOTIONS = {"deadlift": deadlift(1), "swing": kettlebell_swing(2), "squat": squat(1)}
ANGLES = {
    "hip_flexion_deg": "hip_deg",
    "knee_flexion_deg": "knee_deg",
    "elbow_flexion_deg": "elbow_deg",
    "trunk_lean_deg": "trunk_deg",
}
GAINS = {"hip_flexion_deg": BLAZEPOSE.hip_flexion_gain, "knee_flexion_deg": BLAZEPOSE.knee_flexion_gain}
"""Correction of what the pose model shows too straight; this lifter's landmarks need none."""


def _turned(degrees: np.ndarray) -> np.ndarray:
    return (degrees + 180.0) % 360.0 - 180.0


@pytest.mark.parametrize("name", MOTIONS)
@pytest.mark.parametrize("yaw_deg", [0, 35, -35, 60, -60, 90, -90])
@pytest.mark.parametrize("forward", [1, -1])
def test_angles_are_those_of_the_body_from_everywhere(name: str, yaw_deg: float, forward: int) -> None:
    motion = MOTIONS[name]
    poses = film(motion, Camera(yaw_deg, forward))
    signals, truth = compute_signals(poses), motion.at(poses.time_s)
    for signal, channel in ANGLES.items():
        gain = GAINS.get(signal, 1.0) if abs(yaw_deg) <= PICTURE_ANGLES_MAX_YAW_DEG else 1.0
        np.testing.assert_allclose(getattr(signals, signal), gain * truth[channel], atol=1e-4, err_msg=signal)
    shank = truth["trunk_deg"] - truth["hip_deg"] + truth["knee_deg"]
    np.testing.assert_allclose(signals.shank_lean_deg, shank, atol=1e-4)
    arm = truth["arm_deg"] + truth["trunk_deg"]
    np.testing.assert_allclose(_turned(signals.arm_angle_deg - arm), 0.0, atol=1e-4)


@pytest.mark.parametrize("yaw_deg", [-20, -10, 10, 20])
@pytest.mark.parametrize("name", MOTIONS)
def test_a_camera_a_little_off_the_side_costs_a_few_degrees(name: str, yaw_deg: float) -> None:
    poses = film(MOTIONS[name], Camera(yaw_deg))
    signals, truth = compute_signals(poses), MOTIONS[name].at(poses.time_s)
    for signal, channel in ANGLES.items():
        assert np.nanmax(np.abs(getattr(signals, signal) - truth[channel])) < 20.0, signal
        assert np.nanmean(np.abs(getattr(signals, signal) - truth[channel])) < 7.0, signal


@pytest.mark.parametrize("name", MOTIONS)
@pytest.mark.parametrize("forward", [1, -1])
def test_heights_and_distances_are_in_standing_heights(name: str, forward: int) -> None:
    motion = MOTIONS[name]
    poses = film(motion, Camera(forward=forward))
    signals, joints = compute_signals(poses), sagittal_joints(motion.at(poses.time_s))
    for signal, joint in (("hip", "HIP"), ("knee", "KNEE"), ("shoulder", "SHOULDER"), ("hand", "WRIST")):
        height = (joints[joint][:, 1] - ANKLE_HEIGHT_M) / STANDING_SHOULDER_M
        np.testing.assert_allclose(getattr(signals, f"{signal}_height"), height, atol=0.005, err_msg=signal)
    mid_foot = (joints["HEEL"][:, 0] + joints["FOOT_INDEX"][:, 0]) / 2
    for signal, joint in (("hand", "WRIST"), ("shoulder", "SHOULDER")):
        ahead = (joints[joint][:, 0] - mid_foot) / STANDING_SHOULDER_M
        np.testing.assert_allclose(getattr(signals, f"{signal}_forward"), ahead, atol=0.005, err_msg=signal)


def test_facing_and_yaw_per_frame() -> None:
    for forward in (1, -1):
        signals = compute_signals(film(standing_still(1.0), Camera(17.0, forward)))
        assert (signals.forward == forward).all()
        assert signals.yaw_deg == pytest.approx(17.0 - BLAZEPOSE.yaw_bias_deg * np.cos(np.radians(17.0)))


def test_a_standing_body_measures_nothing_but_its_height() -> None:
    signals = compute_signals(film(standing_still(1.0)))
    assert signals.shoulder_height == pytest.approx(1.0)
    assert signals.foot_lift == pytest.approx(0.0)
    assert signals.heel_height == pytest.approx(0.0)
    assert signals.neck_flexion_deg == pytest.approx(0.0, abs=1e-6)


def test_a_head_that_looks_down_is_neck_flexion() -> None:
    poses = film(standing_still(1.0))
    for forward, camera in ((1, Camera()), (-1, Camera(forward=-1))):
        poses = film(standing_still(1.0), camera)
        image = poses.image_px.copy()
        for ear in (Landmark.LEFT_EAR, Landmark.RIGHT_EAR):
            image[:, ear, 0] += forward * 40.0
        assert (compute_signals(replace(poses, image_px=image)).neck_flexion_deg > 10.0).all()


def test_a_lifted_heel_and_lifted_feet_show() -> None:
    poses = film(standing_still(3.0))
    image = poses.image_px.copy()
    image[70:, [Landmark.LEFT_HEEL, Landmark.RIGHT_HEEL], 1] -= 0.1 * STANDING_SHOULDER_M * 400
    image[:10, [Landmark.LEFT_ANKLE, Landmark.RIGHT_ANKLE], 1] -= 0.2 * STANDING_SHOULDER_M * 400
    signals = compute_signals(replace(poses, image_px=image))
    assert signals.heel_height[80] == pytest.approx(0.1, abs=1e-3)
    assert signals.heel_height[30] == pytest.approx(0.0, abs=1e-3)
    assert signals.foot_lift[5] == pytest.approx(0.2, abs=1e-3)


@pytest.mark.parametrize("yaw_deg", [90, -90])
def test_knees_that_come_together_are_seen_from_front_and_rear(yaw_deg: float) -> None:
    poses = film(standing_still(1.0), Camera(yaw_deg), knees_in=0.3)
    assert compute_signals(poses).knee_ankle_ratio == pytest.approx(0.7)


@pytest.mark.parametrize("yaw_deg", [90, -90])
def test_the_higher_left_side_is_a_positive_tilt(yaw_deg: float) -> None:
    poses = film(standing_still(1.0), Camera(yaw_deg))
    image = poses.image_px.copy()
    image[:, Landmark.LEFT_SHOULDER, 1] -= 0.36 * 400 * np.tan(np.radians(10.0))
    signals = compute_signals(replace(poses, image_px=image))
    assert signals.shoulder_tilt_deg == pytest.approx(10.0)
    assert signals.hip_tilt_deg == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("joint", "by_px", "missing", "kept"),
    [
        ("KNEE", (0.0, -130.0), ["hip_flexion_deg", "knee_flexion_deg"], ["elbow_flexion_deg", "trunk_lean_deg"]),
        ("ANKLE", (0.0, 250.0), ["knee_flexion_deg", "shank_lean_deg"], ["hip_flexion_deg", "elbow_flexion_deg"]),
        ("WRIST", (0.0, 300.0), ["elbow_flexion_deg"], ["hip_flexion_deg", "knee_flexion_deg"]),
    ],
)
def test_impossible_limbs_are_not_measured(
    joint: str, by_px: tuple[float, float], missing: list[str], kept: list[str]
) -> None:
    poses = film(standing_still(2.0))
    image = poses.image_px.copy()
    image[20:25, Landmark[f"RIGHT_{joint}"], :2] += by_px
    signals = compute_signals(replace(poses, image_px=image))
    for name in missing:
        assert np.flatnonzero(np.isnan(getattr(signals, name))).tolist() == [20, 21, 22, 23, 24], name
    for name in kept:
        assert np.isfinite(getattr(signals, name)).all(), name


def test_only_the_near_side_counts_in_a_side_view() -> None:
    poses = film(squat(1))
    image = poses.image_px.copy()
    image[:, Landmark.LEFT_KNEE, :2] += 100.0
    image[:, Landmark.LEFT_ELBOW, :2] += 100.0
    one, other = compute_signals(poses), compute_signals(replace(poses, image_px=image))
    for name in ("hip_flexion_deg", "knee_flexion_deg", "elbow_flexion_deg", "shank_lean_deg"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name))


def _against_neutral(poses: PoseSequence) -> Signals:
    """The signals of one stretch with back rounding, as the analysis makes them."""
    signals = compute_signals(poses)
    return with_back_rounding(signals, find_neutral(signals, find_cycles(signals.time_s, signals.shoulder_height)))


def _biased(yaw_deg: float) -> float:
    """Yaw of a model's body for which ``yaw_deg`` is reported."""
    found = yaw_deg
    for _ in range(50):
        found = yaw_deg + BLAZEPOSE.yaw_bias_deg * np.cos(np.radians(found))
    return float(found)


@pytest.mark.parametrize(
    ("yaw_deg", "seen"),
    [
        (0.0, True),
        (FRONT_YAW_MAX_DEG - 1, True),
        (FRONT_YAW_MAX_DEG + 1, False),
        (REAR_YAW_MAX_DEG + 1, True),
        (REAR_YAW_MAX_DEG - 1, False),
        (90.0, False),
        (-90.0, False),
    ],
)
def test_the_back_is_measured_from_the_side_only(yaw_deg: float, seen: bool) -> None:
    rounding = _against_neutral(film(deadlift(1), Camera(_biased(yaw_deg)))).back_rounding_deg
    assert np.isfinite(rounding).any() == seen


@pytest.mark.parametrize("forward", [1, -1])
@pytest.mark.parametrize("rounding_deg", [0.0, 15.0, 30.0, 45.0])
def test_rounding_is_the_bend_beyond_the_neutral(rounding_deg: float, forward: int) -> None:
    motion = deadlift(1, rounding_deg=rounding_deg)
    poses = film(motion, Camera(forward=forward))
    signals, truth = _against_neutral(poses), dorsal_bend_deg(motion.at(poses.time_s))
    at_bottom = np.searchsorted(poses.time_s, motion.bottoms_s[0])
    assert signals.lower_bend_deg[at_bottom] == pytest.approx(truth[at_bottom, 0], abs=1.0)
    assert signals.upper_bend_deg[at_bottom] == pytest.approx(truth[at_bottom, 1], abs=1.0)
    assert signals.back_rounding_deg[at_bottom] == pytest.approx(rounding_deg, abs=4.0)
    assert signals.lower_rounding_deg[at_bottom] == pytest.approx(LUMBAR_SHARE * rounding_deg, abs=4.0)
    assert signals.back_rounding_uncertainty_deg[at_bottom] > 0


def test_standing_and_a_neutral_hinge_are_no_rounding() -> None:
    for motion in MOTIONS.values():
        rounding = _against_neutral(film(motion)).back_rounding_deg
        assert np.nanmax(np.abs(rounding)) < 12.0


def test_parts_and_columns() -> None:
    signals = compute_signals(film(squat(1)))
    part = signals.part(slice(10, 20))
    assert isinstance(part, Signals)
    assert len(part) == 10
    assert next(iter(part.columns())) == "time_s"
    for name, values in part.columns().items():
        np.testing.assert_array_equal(values, signals.columns()[name][10:20])


def test_no_signals_are_all_missing() -> None:
    signals = no_signals(np.arange(5.0))
    assert signals.time_s.tolist() == [0, 1, 2, 3, 4]
    assert all(np.isnan(values).all() for name, values in signals.columns().items() if name != "time_s")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("frames", [1, 2, 40])
def test_frames_without_a_lifter_measure_nothing(frames: int) -> None:
    columns = compute_signals(empty_poses(frames)).columns()
    known = {name for name, values in columns.items() if np.isfinite(values).any()}
    assert known <= {"time_s", "forward", "back_quality", "back_gate", "back_judged"}
    assert not columns["back_judged"].any()
    assert (columns["back_quality"] == 0).all()
    assert (columns["back_gate"] == NOT_SEEN).all()


def test_a_motion_is_smooth_and_holds_its_keys() -> None:
    motion: Motion = squat(1)
    times, values = motion.keys["knee_deg"]
    np.testing.assert_allclose(motion.at(np.array(times))["knee_deg"], values)
    assert motion.at(np.array([-1.0, 99.0]))["knee_deg"].tolist() == [values[0], values[-1]]


def test_another_reading_of_the_spine_changes_the_back_and_nothing_else() -> None:
    poses = film(deadlift(1, rounding_deg=20.0))
    signals, hip_ok = signals_but_spine(poses)
    assert np.isnan(signals.dorsal_bend_deg).all()
    assert np.isnan(signals.back_gate).all()
    read = with_spine(signals, hip_ok, poses, dorsal_bend).columns()
    again = with_spine(Signals(**read), hip_ok, poses, lower_half_bend).columns()
    for name, values in compute_signals(poses, lower_half_bend).columns().items():
        np.testing.assert_array_equal(again[name], values, err_msg=name)
    changed = {name for name, values in read.items() if not np.array_equal(values, again[name], equal_nan=True)}
    assert {"dorsal_bend_deg", "lower_bend_deg"} <= changed
    assert changed <= {
        "dorsal_bend_deg",
        "lower_bend_deg",
        "upper_bend_deg",
        "bend_uncertainty_deg",
        "back_quality",
        "back_gate",
    }
