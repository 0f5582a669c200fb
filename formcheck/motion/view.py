"""From where the camera sees the lifter: the angle of the body's left-right axis to the line of sight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formcheck.core.landmarks import Landmark
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.core.verdicts import ViewName
from formcheck.motion.calibration import Calibration, calibration_of

SIDE_MAX_DEG = 20.0
"""Up to this yaw a view is called a side view; beyond, oblique."""

FRONT_MIN_DEG = 65.0
"""From this yaw on a view is called front or rear."""

SMOOTHING_S = 1.0
"""The camera stands still and lifters turn slowly, so the axis is averaged over this long."""


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
    """
    world = poses.world_m
    axis = np.zeros((len(poses), 2))
    for joint in ("HIP", "SHOULDER"):
        across = world[:, Landmark[f"LEFT_{joint}"]] - world[:, Landmark[f"RIGHT_{joint}"]]
        flat = across[:, [0, 2]]
        with np.errstate(invalid="ignore", divide="ignore"):
            axis += flat / np.linalg.norm(flat, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
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
    """`body_axis` averaged over `SMOOTHING_S` and carried over gaps, (T, 2); all NaN when the lifter is never seen."""
    axis = body_axis(poses)
    known = np.isfinite(axis).all(axis=1)
    if not known.any():
        return axis
    filled = np.stack([np.interp(poses.time_s, poses.time_s[known], axis[known, i]) for i in range(2)], axis=1)
    first, stop = np.searchsorted(poses.time_s, poses.time_s + np.array([[-0.5], [0.5]]) * SMOOTHING_S - 1e-6)
    total = np.concatenate([np.zeros((1, 2)), np.cumsum(filled, axis=0)])
    return np.asarray((total[stop] - total[first]) / (stop - first)[:, None])
