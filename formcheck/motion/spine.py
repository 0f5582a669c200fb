"""Bend of the back, seen from the side: how far the dorsal contour turns between hip and shoulder.

There is no landmark between hips and shoulders, so the spine is read from the edge of the lifter's mask. For stations
along the hip-shoulder line the distance to the dorsal edge is known (`PoseSequence.contour_px`); a smooth curve is
fitted to it, and the turning of its tangent from the lower to the upper end is the bend. A back that bulges away from
the line (rounded) gives a positive bend, a hollow one a negative bend. The value still holds the lifter's own build
(buttocks, shoulder blades, clothes); `back_rounding` removes it by comparing with the lifter's neutral.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from formcheck.landmarks import Landmark
from formcheck.motion.geometry import midpoint
from formcheck.poses import FloatArray, PoseSequence, contour_stations

FIT_FROM, FIT_TO = 0.0, 1.0
"""Stretch of the hip-shoulder line that the curve is fitted to. Tried on the tune split of the rendered lifter: from 0
5.7 deg of error and a rank correlation of 0.86, from 0.05 6.4 and 0.85, from 0.15 8.3 and 0.82."""

DEGREE = 3
"""A cubic can bend differently in its lower and upper part; higher degrees follow clothing folds."""

EDGES_NEEDED = 0.85
"""Share of the stations that must have an edge."""

RAGGED_FROM, TRIMS, TRIM_AT = 0.012, 2, 2.5
"""A fit with a root mean square residual above the first number (hip-shoulder lengths) is repeated so many times
without the stations further off than so many times that residual."""

EDGES_KEPT = 0.7
"""Share of the stations that must be left after that."""

SHARPNESS_NONE, SHARPNESS_GOOD = 0.12, 0.2
"""Median fall of the mask per hundredth of the hip-shoulder length: below the first the model guesses where the back
ends (a white shirt before a white wall gave 0.135 and an edge far off), from the second on the edge is clear. In the
tune split and in real clips no usable back stayed below 0.205."""

RAGGED_MAX = 0.03
"""Typical distance of the edge from the fitted curve, in hip-shoulder lengths, beyond which it is no back's edge."""


BLOCK = 512
"""Frames that are fitted together."""

QUALITY_MIN = 0.25
"""Below this quality a frame's back is not judged."""

FRONT_YAW_MAX_DEG = 20.0
REAR_YAW_MAX_DEG = -15.0
"""Turned further to the front a bend is under-estimated, further to the rear the edge is not the back's middle."""


UPPER_FROM = 0.8
UPPER_THICKNESS_MAX = 0.62
"""Above the first station, an edge further than the second from the hip-shoulder line (in its lengths) is not the
back's: even a back rounded by 70 deg stays within 0.55, plates behind a squatter's shoulders reach 0.7 and more."""


@dataclass(frozen=True)
class DorsalBend:
    """Bend of the dorsal contour per frame, before the lifter's neutral is taken off; all arrays (T,).

    Attributes
    ----------
    bend_deg : turning of the contour's tangent over the whole back; positive = rounded, negative = hollow.
    lower_deg, upper_deg : the same over the lower and the upper half; they add up to ``bend_deg``.
    uncertainty_deg : standard error from the fit's residuals and the edge's blur.
    quality : 0..1; 0 = cannot be measured.
    """

    bend_deg: FloatArray
    lower_deg: FloatArray
    upper_deg: FloatArray
    uncertainty_deg: FloatArray
    quality: FloatArray


def dorsal_distances(poses: PoseSequence, forward: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distance of the dorsal edge from the hip-shoulder line at each station, and its sharpness, both (T, S).

    Parameters
    ----------
    forward : (T,) +1 where the lifter faces image-right, -1 image-left.

    Returns
    -------
    Distances in hip-shoulder lengths, positive towards the back; sharpness 0..1. NaN where no edge was found.
    """
    hip = midpoint(poses.image_px[:, Landmark.LEFT_HIP, :2], poses.image_px[:, Landmark.RIGHT_HIP, :2])
    shoulder = midpoint(poses.image_px[:, Landmark.LEFT_SHOULDER, :2], poses.image_px[:, Landmark.RIGHT_SHOULDER, :2])
    trunk = shoulder - hip
    length = np.linalg.norm(trunk, axis=1)
    side = np.where(forward > 0, 0, 1)
    frames = np.arange(len(poses))
    with np.errstate(invalid="ignore", divide="ignore"):
        to_back = forward[:, None] * np.stack([trunk[:, 1], -trunk[:, 0]], axis=1) / length[:, None]
        edge = poses.contour_px[frames, side].astype(np.float64)
        away = ((edge - hip[:, None]) * to_back[:, None]).sum(axis=2) / length[:, None]
    return away, poses.contour_sharpness[frames, side]


def dorsal_bend(poses: PoseSequence, forward: FloatArray) -> DorsalBend:
    """Fit the dorsal contour of every frame and read its bend; see `DorsalBend`."""
    stations = contour_stations()
    inside = (stations >= FIT_FROM) & (stations <= FIT_TO)
    parts = []
    # In blocks, so that a long video does not need many times the memory of its contours at once.
    for start in range(0, max(1, len(poses)), BLOCK):
        block = slice(start, start + BLOCK)
        away, sharpness = dorsal_distances(poses.part(block), forward[block])
        parts.append(_fit(stations[inside], away[:, inside], sharpness[:, inside]))
    return DorsalBend(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(DorsalBend)))


def back_can_be_seen(yaw_deg: FloatArray) -> NDArray[np.bool_]:
    """(T,) True where the view is close enough to the side for the contour to be the back's."""
    return np.asarray((yaw_deg <= FRONT_YAW_MAX_DEG) & (yaw_deg >= REAR_YAW_MAX_DEG))


def _fit(stations: FloatArray, away: FloatArray, sharpness: FloatArray) -> DorsalBend:
    known: NDArray[np.bool_] = np.isfinite(away)
    upper = np.where(known, away, 0.0)[:, stations >= UPPER_FROM]
    enough = (known.mean(axis=1) >= EDGES_NEEDED) & (upper.max(axis=1) <= UPPER_THICKNESS_MAX)
    powers = stations[:, None] ** np.arange(DEGREE + 1)
    coefficients, ragged = _fit_kept(powers, away, known, enough)
    kept = known
    for _ in range(TRIMS):
        with np.errstate(invalid="ignore"):
            fitting = known & (np.abs(away - coefficients @ powers.T) <= TRIM_AT * ragged[:, None])
        # A bar across the shoulders or a fold of a shirt may be left out, a third of the back may not. Clean edges
        # are fitted whole: what a cubic cannot follow there is back as well.
        trim = enough & (ragged > RAGGED_FROM) & (fitting.mean(axis=1) >= EDGES_KEPT)
        kept = np.where(trim[:, None], fitting, kept)
        trimmed, less_ragged = _fit_kept(powers, away, kept, enough)
        coefficients[trim], ragged[trim] = trimmed[trim], less_ragged[trim]
    middle = (FIT_FROM + FIT_TO) / 2
    at = np.array([FIT_FROM, middle, FIT_TO])
    slope_of = np.arange(1, DEGREE + 1) * at[:, None] ** np.arange(DEGREE)
    angle_deg = np.degrees(np.arctan(coefficients[:, 1:] @ slope_of.T))
    lower, upper = angle_deg[:, 0] - angle_deg[:, 1], angle_deg[:, 1] - angle_deg[:, 2]
    uncertainty = np.degrees(ragged * np.sqrt(_end_slope_variance(stations)))
    clear = np.full(len(away), np.nan)
    clear[enough] = np.median(np.nan_to_num(sharpness)[enough], axis=1)
    clarity = np.clip((clear - SHARPNESS_NONE) / (SHARPNESS_GOOD - SHARPNESS_NONE), 0, 1)
    quality = clarity * np.clip(2.0 - 2.0 * ragged / RAGGED_MAX, 0, 1)
    return DorsalBend(lower + upper, lower, upper, uncertainty, np.nan_to_num(quality))


def _fit_kept(
    powers: FloatArray, away: FloatArray, kept: NDArray[np.bool_], enough: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """Least-squares polynomial of the kept stations of every frame, all in one call.

    Returns coefficients (T, D) and the root mean square of the residuals (T,); NaN where not enough.
    """
    weight = kept.astype(float)
    normal = np.einsum("ts,si,sj->tij", weight, powers, powers)
    # Frames that cannot be fitted get a harmless unit matrix.
    normal[~enough] = np.eye(powers.shape[1])
    moment = np.einsum("ts,si,ts->ti", weight, powers, np.where(kept, away, 0.0))
    coefficients = np.linalg.solve(normal, moment[..., None])[..., 0]
    coefficients[~enough] = np.nan
    residual = np.where(kept, away - coefficients @ powers.T, 0.0)
    ragged = np.sqrt((residual**2).sum(axis=1) / np.maximum(kept.sum(axis=1), 1))
    return np.asarray(coefficients), np.where(enough, ragged, np.nan)


def _end_slope_variance(stations: FloatArray) -> float:
    """Variance of the difference of the end slopes per unit variance of an independent residual."""
    powers = stations[:, None] ** np.arange(DEGREE + 1)
    # Residuals along the contour hang together over about a fifth of the back, so only five are independent.
    covariance = np.linalg.inv(powers.T @ powers) * len(stations) / 5.0
    ends = np.array([FIT_FROM, FIT_TO])
    slopes = np.concatenate([np.zeros((2, 1)), np.arange(1, DEGREE + 1) * ends[:, None] ** np.arange(DEGREE)], axis=1)
    difference = slopes[0] - slopes[1]
    return float(difference @ covariance @ difference)
