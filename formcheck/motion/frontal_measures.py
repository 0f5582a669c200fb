"""Side-to-side measures and the feet: what the view from the side hides, and what plates hide from every view."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from formcheck.core.landmarks import Landmark, left_right
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.motion.geometry import joint_flexion_deg
from formcheck.motion.standing import FEET_FLAT

BoolArray = NDArray[np.bool_]

FOOT_JOINTS = ("ANKLE", "HEEL", "FOOT_INDEX")

FOOT_SHOWN = (0.10, 0.24)
"""Heel to toe of a foot that really shows, in standing heights; clean side views stay within 0.12-0.20."""

IN_PICTURE_MARGIN = 0.03
"""Joints closer to the picture's lower edge than this share of its height may be cut off."""

STANDING_FRAMES_MIN = 4


def gap(poses: PoseSequence, joint: str) -> FloatArray:
    """(T,) distance in the floor plane between the left and the right joint, in shoulder widths of the clip.

    From the model's 3-D guess, so that it exists in every view; seen from the side it is little more than a guess.
    """
    shoulders = _apart_m(poses, "SHOULDER")
    usual = np.nanmedian(shoulders) if np.isfinite(shoulders).any() else np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(_apart_m(poses, joint) / usual)


def hip_shift(poses: PoseSequence) -> FloatArray:
    """(T,) mid-hip towards the lifter's left of the mid-ankle, in distances between the hip joints, in the picture.

    Means something in front and rear views only.
    """
    left_hip, right_hip = (poses.image_px[:, landmark, 0] for landmark in left_right("HIP"))
    left_ankle, right_ankle = (poses.image_px[:, landmark, 0] for landmark in left_right("ANKLE"))
    across = left_hip - right_hip
    usual = np.nanmedian(across) if np.isfinite(across).any() else np.nan
    offset = (left_hip + right_hip - left_ankle - right_ankle) / 2.0
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(offset / usual)


def knee_difference_deg(poses: PoseSequence) -> FloatArray:
    """(T,) flexion of the left knee less that of the right one, from the model's 3-D guess."""
    flexion = []
    for side in ("LEFT", "RIGHT"):
        hip, knee, ankle = (poses.world_m[:, Landmark[f"{side}_{joint}"]] for joint in ("HIP", "KNEE", "ANKLE"))
        flexion.append(joint_flexion_deg(hip, knee, ankle))
    return np.asarray(flexion[0] - flexion[1])


def ankle_stagger(
    poses: PoseSequence, axis: FloatArray, forward: FloatArray, from_picture: BoolArray, scale_px: float
) -> FloatArray:
    """(T,) left ankle in front of the right one, in standing heights; from the picture where it is a side view.

    Parameters
    ----------
    axis : (T, 2) the lifter's right -> left axis in the floor plane, see `formcheck.motion.view.body_axis`.
    forward : (T,) +1 where the lifter faces image-right, -1 image-left.
    from_picture : (T,) True in side views.
    scale_px : ankle-to-shoulder height of the standing lifter.
    """
    left, right = left_right("ANKLE")
    in_picture = forward * (poses.image_px[:, left, 0] - poses.image_px[:, right, 0]) / scale_px
    with np.errstate(invalid="ignore", divide="ignore"):
        direction = axis / np.linalg.norm(axis, axis=1, keepdims=True)
    ahead = np.stack([direction[:, 1], -direction[:, 0]], axis=1)
    apart_m = (poses.world_m[:, left] - poses.world_m[:, right])[:, [0, 2]]
    shoulders, ankles = (poses.world_m[:, list(left_right(joint)), 1].mean(axis=1) for joint in ("SHOULDER", "ANKLE"))
    tall_m = np.nanpercentile(ankles - shoulders, 97) if np.isfinite(ankles - shoulders).any() else np.nan
    return np.where(from_picture, in_picture, (apart_m * ahead).sum(axis=1) / tall_m)


def height_difference(poses: PoseSequence, joint: str, scale_px: float) -> FloatArray:
    """(T,) the left joint above the right one in the picture, in standing heights."""
    left, right = left_right(joint)
    return np.asarray((poses.image_px[:, right, 1] - poses.image_px[:, left, 1]) / scale_px)


def foot_shown(poses: PoseSequence, near_left: BoolArray, scale_px: float) -> BoolArray:
    """(T,) True where the near foot can be one: not cut off by the picture's edge, neither too short nor too long."""
    frames = np.arange(len(poses))
    shown = np.ones(len(poses), dtype=bool)
    place = {}
    with np.errstate(invalid="ignore", divide="ignore"):
        for joint in FOOT_JOINTS:
            left, right = left_right(joint)
            place[joint] = poses.image_px[frames, np.where(near_left, int(left), int(right)), :2]
            shown &= place[joint][:, 1] <= (1.0 - IN_PICTURE_MARGIN) * poses.video.height
        length = np.linalg.norm(place["FOOT_INDEX"] - place["HEEL"], axis=1) / scale_px
        return np.asarray(shown & (length >= FOOT_SHOWN[0]) & (length <= FOOT_SHOWN[1]))


def above_standing(foot_height: FloatArray, shoulder_height: FloatArray, seen: BoolArray) -> FloatArray:
    """(T,) height of heel or toes against that of the standing lifter; NaN where the foot is not seen.

    Where the standing lifter's foot was never seen, the lowest decile of what was seen counts as flat.
    """
    known = seen & np.isfinite(foot_height)
    if not known.any():
        return np.full(len(foot_height), np.nan)
    standing = known & (shoulder_height >= FEET_FLAT)
    if standing.sum() >= STANDING_FRAMES_MIN:
        flat = float(np.median(foot_height[standing]))
    else:
        flat = float(np.percentile(foot_height[known], 10))
    return np.where(known, foot_height - flat, np.nan)


def _apart_m(poses: PoseSequence, joint: str) -> FloatArray:
    left, right = left_right(joint)
    across = poses.world_m[:, left] - poses.world_m[:, right]
    return np.asarray(np.hypot(across[:, 0], across[:, 2]))
