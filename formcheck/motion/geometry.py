"""Angles and lengths of points in a picture (x right, y down) or in space. Pure array functions; NaN in, NaN out."""

from __future__ import annotations

import numpy as np

from formcheck.core.poses import FloatArray


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


def distance(a: FloatArray, b: FloatArray) -> FloatArray:
    """Distance between points (..., D); NaN where one is missing."""
    return np.asarray(np.linalg.norm(a - b, axis=-1))


def midpoint(a: FloatArray, b: FloatArray) -> FloatArray:
    """Point half-way between two points."""
    return (a + b) / 2.0
