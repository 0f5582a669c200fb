"""Angles and lengths of points in a picture (x right, y down) or in space. Pure array functions; NaN in, NaN out."""

from __future__ import annotations

import numpy as np

from formcheck.poses import FloatArray


def joint_flexion_deg(proximal: FloatArray, joint: FloatArray, distal: FloatArray) -> FloatArray:
    """How far a joint is bent: 0 = straight limb, growing as it bends, at most 180.

    Parameters
    ----------
    proximal, joint, distal : (..., D) points, D = 2 or 3.

    Returns
    -------
    (...) degrees; NaN where a point is missing or two of them coincide.
    """
    to_proximal = proximal - joint
    to_distal = distal - joint
    lengths = np.linalg.norm(to_proximal, axis=-1) * np.linalg.norm(to_distal, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = (to_proximal * to_distal).sum(axis=-1) / lengths
    return np.asarray(180.0 - np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def lean_deg(lower: FloatArray, upper: FloatArray, forward: float) -> FloatArray:
    """Tilt of the line lower -> upper from the vertical in the picture, positive towards ``forward``.

    Parameters
    ----------
    lower, upper : (..., 2) pixels.
    forward : +1 when the lifter faces image-right, -1 when image-left.

    Returns
    -------
    (...) degrees in -180..180; NaN where a point is missing.
    """
    line = upper - lower
    return np.degrees(np.arctan2(forward * line[..., 0], -line[..., 1]))


def distance(a: FloatArray, b: FloatArray) -> FloatArray:
    """Distance between points (..., D); NaN where one is missing."""
    return np.asarray(np.linalg.norm(a - b, axis=-1))


def midpoint(a: FloatArray, b: FloatArray) -> FloatArray:
    """Point half-way between two points."""
    return (a + b) / 2.0


def turning_deg(direction_from: FloatArray, direction_to: FloatArray) -> FloatArray:
    """Signed angle from one direction (..., 2) to another in the picture, clockwise as seen positive, -180..180."""
    cross = direction_from[..., 0] * direction_to[..., 1] - direction_from[..., 1] * direction_to[..., 0]
    dot = (direction_from * direction_to).sum(axis=-1)
    return np.asarray(np.degrees(np.arctan2(cross, dot)))
