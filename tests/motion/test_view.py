from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from formcheck.core.landmarks import left_right
from formcheck.core.poses import PoseSequence
from formcheck.judging.analysis import analyze
from formcheck.motion.calibration import BLAZEPOSE
from formcheck.motion.view import (
    FRONT_MIN_DEG,
    SIDE_MAX_DEG,
    UNKNOWN_VIEW,
    body_axis,
    smoothed_axis,
    view_of,
)
from tests.helpers.synthetic_lifter import (
    LIFTS,
    Camera,
    deadlift,
    empty_poses,
    film,
    joined,
    mirrored,
    squat,
    standing_still,
    without,
)

STILL = standing_still(2.0)


def unbiased(yaw_deg: float) -> float:
    """Yaw that is reported for a model's body at ``yaw_deg``: the synthetic lifter has no bias, the model has."""
    return yaw_deg - BLAZEPOSE.yaw_bias_deg * math.cos(math.radians(yaw_deg))


def biased(yaw_deg: float) -> float:
    """Yaw of a model's body for which ``yaw_deg`` is reported."""
    found = yaw_deg
    for _ in range(50):
        found = yaw_deg + BLAZEPOSE.yaw_bias_deg * np.cos(np.radians(found))
    return float(found)


@pytest.mark.parametrize("yaw_deg", [-90, -60, -30, -10, 0, 10, 30, 60, 90])
@pytest.mark.parametrize("forward", [1, -1])
def test_yaw_and_facing_are_those_of_the_camera(yaw_deg: float, forward: int) -> None:
    view = view_of(film(STILL, Camera(yaw_deg, forward)))
    assert view.yaw_deg == pytest.approx(unbiased(yaw_deg), abs=1e-6)
    if abs(yaw_deg) < 90:
        assert view.forward == forward


@pytest.mark.parametrize(
    ("yaw_deg", "forward", "name"),
    [
        (0, 1, "side-right"),
        (0, -1, "side-left"),
        (SIDE_MAX_DEG - 1, 1, "side-right"),
        (-SIDE_MAX_DEG + 1, -1, "side-left"),
        (SIDE_MAX_DEG + 1, 1, "oblique"),
        (-SIDE_MAX_DEG - 1, -1, "oblique"),
        (FRONT_MIN_DEG - 1, 1, "oblique"),
        (FRONT_MIN_DEG + 1, 1, "front"),
        (-FRONT_MIN_DEG - 1, -1, "rear"),
    ],
)
def test_names_on_both_sides_of_their_limits(yaw_deg: float, forward: int, name: str) -> None:
    assert view_of(film(STILL, Camera(biased(yaw_deg), forward))).name == name


def test_the_axis_is_a_unit_vector_and_missing_where_nobody_was_seen() -> None:
    gone = np.zeros(61, dtype=bool)
    gone[10:20] = True
    axis = body_axis(without(film(STILL, Camera(30.0), noise_px=2.0), gone))
    assert (np.isnan(axis).all(axis=1) == gone).all()
    assert np.linalg.norm(axis[~gone], axis=1) == pytest.approx(1.0)


def test_the_smoothed_axis_is_carried_over_gaps() -> None:
    gone = np.zeros(61, dtype=bool)
    gone[:15] = gone[30:45] = True
    axis = smoothed_axis(without(film(STILL, Camera(20.0)), gone))
    expected = [np.sin(np.radians(20.0)), np.cos(np.radians(20.0))]
    np.testing.assert_allclose(axis, np.broadcast_to(expected, axis.shape), atol=1e-9)


def test_mirroring_swaps_left_and_right_only() -> None:
    poses = film(deadlift(1), Camera(12.0, 1), noise_px=1.0)
    view, twin = view_of(poses), view_of(mirrored(poses))
    assert (view.name, twin.name) == ("side-right", "side-left")
    assert twin.yaw_deg == pytest.approx(view.yaw_deg)


def test_noise_moves_the_yaw_little() -> None:
    view = view_of(film(STILL, Camera(15.0), noise_px=10.0))
    assert view.yaw_deg == pytest.approx(unbiased(15.0), abs=2.0)


def test_only_the_stretch_asked_for_counts() -> None:
    poses = joined(film(STILL, Camera(0.0)), film(STILL, Camera(90.0)))
    assert view_of(poses, slice(0, 61)).name == "side-right"
    assert view_of(poses, slice(61, None)).name == "front"


def test_turning_round_and_round_is_no_view() -> None:
    parts = [film(standing_still(0.5), Camera(yaw, forward)) for yaw, forward in ((0, 1), (90, 1), (0, -1), (-90, 1))]
    poses = parts[0]
    for part in parts[1:]:
        poses = joined(poses, part)
    assert view_of(poses).name == "unknown"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("frames", [0, 1, 5])
def test_nobody_is_seen_from_nowhere(frames: int) -> None:
    assert view_of(empty_poses(frames)) is UNKNOWN_VIEW
    assert np.isnan(smoothed_axis(empty_poses(frames))).all()


# ------------------------------------------------------------------------------------------- plates, posts, rack arms


def _twisted(poses: PoseSequence, by_deg: float, from_s: float, to_s: float, joints: tuple[str, ...]) -> PoseSequence:
    """These joints turned about the upright for a while, as behind a plate or the post of a rack."""
    turn = np.radians(by_deg)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    world = poses.world_m.copy()
    part = (poses.time_s >= from_s) & (poses.time_s <= to_s)
    for joint in joints:
        pair = list(left_right(joint))
        flat = world[:, pair][..., [0, 2]]
        middle = flat.mean(axis=1, keepdims=True)
        turned = np.where(part[:, None, None], (flat - middle) @ rotation + middle, flat)
        for place, landmark in enumerate(pair):
            world[:, landmark, [0, 2]] = turned[:, place]
    return replace(poses, world_m=world)


@pytest.mark.parametrize("joints", [("HIP", "SHOULDER", "EAR"), ("SHOULDER", "EAR"), ("KNEE", "ANKLE")])
@pytest.mark.parametrize("by_deg", [-45.0, 45.0])
def test_a_part_of_the_body_that_seems_to_turn_behind_something_turns_nobody(
    joints: tuple[str, ...], by_deg: float
) -> None:
    motion = squat(2)
    poses = _twisted(film(motion), by_deg, motion.bottoms_s[0] - 0.8, motion.bottoms_s[0] + 0.8, joints)
    report = analyze(poses)
    assert report.view.name == "side-right"
    assert report.view.yaw_deg == pytest.approx(analyze(film(motion)).view.yaw_deg, abs=3.0)
    assert [rep.measures["depth_thighs"] for rep in report.reps] == pytest.approx([0.0, 0.0], abs=0.1)


@pytest.mark.parametrize("yaw_deg", [-40.0, -12.0, 0.0, 14.0, 40.0, 85.0])
@pytest.mark.parametrize("name", LIFTS)
def test_trims_of_one_set_agree_on_the_view(name: str, yaw_deg: float) -> None:
    poses = film(LIFTS[name](4), Camera(biased(yaw_deg)), noise_px=3.0)
    whole = analyze(poses, name).view
    for start_s, stop_s in ((0.0, 6.0), (2.5, 8.0), (4.0, 99.0)):
        trim = poses.part((poses.time_s >= start_s) & (poses.time_s <= stop_s))
        view = analyze(trim, name).view
        assert view.name == whole.name
        assert view.yaw_deg == pytest.approx(whole.yaw_deg, abs=2.0)
