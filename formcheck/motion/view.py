"""From where the camera sees the lifter: the angle of the body's left-right axis to the line of sight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from formcheck.core.landmarks import left_right
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.core.verdicts import ViewName
from formcheck.motion.calibration import Calibration, calibration_of

SIDE_MAX_DEG = 20.0
"""Up to this yaw a view is called a side view; beyond, oblique."""

FRONT_MIN_DEG = 65.0
"""From this yaw on a view is called front or rear."""

AXIS_JOINTS = ("HIP", "SHOULDER", "EAR", "KNEE", "ANKLE")
"""Pairs of joints whose line tells where the body faces. On 64 labelled clips, in degrees before the bias is taken off,
side views read -4 to 18 and oblique ones 28 and more; hips and shoulders alone read -30 to 26 and 31 and more."""

SMOOTHING_S = 4.0
"""The feet stay where they are during a repetition, so the middle of the axis over this long counts: a lifter behind
plates or the post of a rack seems to turn for a second or two."""


@dataclass(frozen=True)
class View:
    """Direction from which a stretch of video shows the lifter.

    Attributes
    ----------
    name : in a word.
    yaw_deg : 0 = exactly from the side, +90 = from the front, -90 = from behind; NaN when unknown.
    forward : +1 when the lifter faces image-right, -1 when image-left.
    """

    name: ViewName
    yaw_deg: float
    forward: int = 1


UNKNOWN_VIEW = View(ViewName.UNKNOWN, float("nan"), 1)


def body_axis(poses: PoseSequence) -> FloatArray:
    """(T, 2) unit vector of the lifter's right -> left axis in the floor plane: image-right and away-from-camera parts.

    (0, 1) = the right side is near, (0, -1) = the left side is near, (1, 0) = facing the camera. NaN where not seen.
    The middle one of what `AXIS_JOINTS` say: plates, posts and the arms of a rack lead the model astray over trunk and
    head at one time and over the legs at another.
    """
    world = poses.world_m
    with np.errstate(invalid="ignore", divide="ignore"):
        lines = []
        for joint in AXIS_JOINTS:
            left, right = left_right(joint)
            across = (world[:, left] - world[:, right])[:, [0, 2]]
            lines.append(across / np.linalg.norm(across, axis=1, keepdims=True))
        axis = np.median(lines, axis=0)
        return np.asarray(axis / np.linalg.norm(axis, axis=1, keepdims=True))


def view_of(poses: PoseSequence, keep: slice = slice(None)) -> View:
    """View over a stretch of a sequence (half-open sample range)."""
    axis = body_axis(poses)[keep]
    axis = axis[np.isfinite(axis).all(axis=1)]
    if len(axis) == 0:
        return UNKNOWN_VIEW
    middle = np.median(axis, axis=0)
    if np.hypot(*middle) < 0.2:
        return UNKNOWN_VIEW
    forward = 1 if middle[1] >= 0 else -1
    yaw_deg = float(yaw_of(middle[None], calibration_of(poses.model))[0])
    if abs(yaw_deg) <= SIDE_MAX_DEG:
        name = ViewName.SIDE_RIGHT if forward > 0 else ViewName.SIDE_LEFT
    elif abs(yaw_deg) >= FRONT_MIN_DEG:
        name = ViewName.FRONT if yaw_deg > 0 else ViewName.REAR
    else:
        name = ViewName.OBLIQUE
    return View(name, yaw_deg, forward)


def yaw_of(axis: FloatArray, calibration: Calibration) -> FloatArray:
    """(T,) yaw of left-right axes (T, 2) in degrees, the model's bias taken off: 0 = side, +90 = front, -90 = rear."""
    raw_deg = np.degrees(np.arctan2(axis[:, 0], np.abs(axis[:, 1])))
    return np.asarray(raw_deg - calibration.yaw_bias_deg * np.cos(np.radians(raw_deg)))


def smoothed_axis(poses: PoseSequence) -> FloatArray:
    """Median of `body_axis` over `SMOOTHING_S` around each frame, (T, 2); all NaN when the lifter is never seen.

    Gaps are filled from both sides.
    """
    axis = body_axis(poses)
    known = np.isfinite(axis).all(axis=1)
    if not known.any():
        return axis
    filled = np.stack([np.interp(poses.time_s, poses.time_s[known], axis[known, i]) for i in range(2)], axis=1)
    step_s = float(np.median(np.diff(poses.time_s))) if len(poses) > 1 else SMOOTHING_S
    frames = 2 * min(round(SMOOTHING_S / step_s / 2), len(poses) // 2) + 1
    return np.asarray(ndimage.median_filter(filled, size=(frames, 1), mode="nearest"))
