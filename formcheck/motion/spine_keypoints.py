"""Another eye on the spine: keypoints along the back, from whatever model offers them.

The dorsal contour needs nothing but the pose model. A learned model that finds points on the spine itself can take its
place: it hands over its points as plain arrays, and everything behind (neutral, checks, report) stays as it is.

    method = keypoint_method(time_s, points_px, confidence)
    report = formcheck.analyze(poses, spine=method)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formcheck.core.errors import PoseFileError
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.motion.calibration import PopulationNorms
from formcheck.motion.spine import MEASURED, NO_EDGE, NOT_SEEN, DorsalBend
from formcheck.motion.spine_method import SpineMethod

POINTS_MIN = 5
"""This many points must be seen well for a cubic through them to mean something."""

CONFIDENCE_MIN = 0.3
"""Points that the model is less sure of are left out."""

DEGREE = 3
LUMBAR_TO = 0.45
"""The lumbar part ends at this share of the way from sacrum to neck (five of seventeen vertebrae, the tallest)."""

SAME_TIME_S = 0.02
"""Points belong to a frame no further away than this."""

KEYPOINT_NORMS = PopulationNorms(
    standing_deg=(-45.0, 35.0),
    hinge_deg=(-20.0, 35.0),
    hinge_spread_deg=20.0,
    release_deg=(20.0, 0.0),
    release_spread_deg=10.0,
    hinge_drift_deg=(0.0, 0.0),
    seat_drift_deg=(0.0, 0.0),
    shape_spread_deg=5.0,
)
"""Textbook lordosis and kyphosis; provisional, since no labelled clips with spine keypoints were at hand."""


@dataclass(frozen=True)
class _KeypointReader:
    time_s: FloatArray
    points_px: FloatArray
    confidence: FloatArray

    def __call__(self, poses: PoseSequence, forward: FloatArray) -> DorsalBend:
        index = np.clip(np.searchsorted(self.time_s, poses.time_s), 1, max(1, len(self.time_s) - 1))
        earlier = poses.time_s - self.time_s[index - 1] < self.time_s[index] - poses.time_s
        index = index - earlier
        there = np.abs(self.time_s[index] - poses.time_s) <= SAME_TIME_S
        confidence = np.where(there[:, None], self.confidence[index], 0.0)
        return keypoint_bend(self.points_px[index], confidence, forward)


def keypoint_method(time_s: FloatArray, points_px: FloatArray, confidence: FloatArray) -> SpineMethod:
    """The spine as read from keypoints of another model.

    Parameters
    ----------
    time_s : (F,) seconds since the first decoded frame, strictly rising; frames need not be all those of the video.
    points_px : (F, N, 2) N >= `POINTS_MIN` points from the sacrum up to the neck, x right, y down, in the upright
        picture's pixels.
    confidence : (F, N) 0..1.

    Raises
    ------
    PoseFileError : the arrays do not fit together.
    """
    fits = points_px.ndim == 3 and points_px.shape[2] == 2 and points_px.shape[1] >= POINTS_MIN
    if not (fits and len(time_s) >= 2 and points_px.shape[:2] == confidence.shape == (len(time_s), points_px.shape[1])):
        raise PoseFileError(
            f"These spine keypoints cannot be used: times {time_s.shape}, points {points_px.shape} and confidence "
            f"{confidence.shape} must be (F,), (F, N, 2) and (F, N) with at least {POINTS_MIN} points."
        )
    if not (np.diff(time_s) > 0).all():
        raise PoseFileError("These spine keypoints cannot be used: their times do not rise strictly.")
    return SpineMethod("spine keypoints", _KeypointReader(time_s, points_px, confidence), KEYPOINT_NORMS)


def keypoint_bend(points_px: FloatArray, confidence: FloatArray, forward: FloatArray) -> DorsalBend:
    """Bend of a smooth curve through the points: how far the spine's direction turns forward from sacrum to neck.

    Parameters
    ----------
    points_px : (T, N, 2) from the sacrum up. confidence : (T, N). forward : (T,) +1 facing image-right, -1 image-left.
    """
    frames = len(points_px)
    lower, upper, uncertainty = (np.full(frames, np.nan) for _ in range(3))
    quality = np.zeros(frames)
    gate = np.full(frames, NOT_SEEN)
    seen = (confidence >= CONFIDENCE_MIN) & np.isfinite(points_px).all(axis=2)
    for frame in range(frames):
        use = seen[frame]
        if not use.any():
            continue
        if use.sum() < POINTS_MIN:
            gate[frame] = NO_EDGE
            continue
        points = points_px[frame, use].astype(np.float64)
        plane = np.stack([forward[frame] * points[:, 0], -points[:, 1]], axis=1)
        lower[frame], upper[frame], uncertainty[frame] = _turning(plane)
        quality[frame] = float(np.median(confidence[frame, use]))
        gate[frame] = MEASURED
    return DorsalBend(lower + upper, lower, upper, uncertainty, quality, gate)


def _turning(plane: FloatArray) -> tuple[float, float, float]:
    """Lumbar and thoracic turning of a line (N, 2) of (forward, up), and its standard error, in degrees."""
    steps = np.linalg.norm(np.diff(plane, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    along = along / max(float(along[-1]), 1e-9)
    powers = along[:, None] ** np.arange(DEGREE + 1)
    coefficients, *_ = np.linalg.lstsq(powers, plane, rcond=None)
    at = np.array([0.0, LUMBAR_TO, 1.0])
    slope = (np.arange(1, DEGREE + 1) * at[:, None] ** np.arange(DEGREE)) @ coefficients[1:]
    lean_deg = np.degrees(np.unwrap(np.arctan2(slope[:, 0], slope[:, 1])))
    freedom = max(1, len(plane) - DEGREE - 1)
    ragged = float(np.sqrt(((plane - powers @ coefficients) ** 2).sum() / freedom))
    covariance = np.linalg.pinv(powers.T @ powers)
    ends = np.zeros((2, DEGREE + 1))
    ends[:, 1:] = np.arange(1, DEGREE + 1) * at[[0, 2]][:, None] ** np.arange(DEGREE)
    difference = ends[1] - ends[0]
    size = float(np.linalg.norm(slope, axis=1).mean())
    error = ragged * float(np.sqrt(difference @ covariance @ difference)) / max(size, 1e-9)
    return float(lean_deg[1] - lean_deg[0]), float(lean_deg[2] - lean_deg[1]), float(np.degrees(np.arctan(error)))
