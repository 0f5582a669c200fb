"""Bend of the back, seen from the side: what the dorsal contour between hip and shoulder shows of the spine under it.

There is no landmark between hips and shoulders, so the spine is read from the edge of the lifter's mask. For stations
along the hip-shoulder line the distance to the dorsal edge is known (`PoseSequence.contour_px`), and the bend is a
weighted sum of these distances: the middle of the back counts up, both ends count down, so a back that bulges away
from the line (rounded) reads higher than a straight one, a hollow one lower. The weights are fitted to rendered lifters
whose spine is known exactly (`benchmarks.fit_contour`); they add up to nothing, so that a thick shirt or a landmark
deep in the body changes nothing. The value still holds the lifter's own build; `formcheck.motion.neutral` takes it
off. `docs/spine.md` tells the whole story.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from formcheck.core.landmarks import Landmark
from formcheck.core.poses import FloatArray, PoseSequence, contour_stations
from formcheck.core.words import N_
from formcheck.motion.calibration import Calibration, calibration_of
from formcheck.motion.contour_net import ContourNet, contour_shape
from formcheck.motion.contour_weights import WEIGHT_FROM, WEIGHT_TO
from formcheck.motion.geometry import midpoint
from formcheck.motion.runs import medians_within

DEGREE = 4
"""Degree of the polynomial that stands in for missing and ragged stations and against which raggedness is measured."""

EDGES_NEEDED = 0.85
"""Share of the stations that must have an edge."""

RAGGED_FROM, TRIMS, TRIM_AT = 0.012, 2, 2.5
"""A contour with a root mean square residual above the first number (hip-shoulder lengths) is fitted again this many
times without the stations further off than this many times that residual, and the curve replaces those."""

EDGES_KEPT = 0.7
"""Share of the stations that must be left after that."""

RAGGED_MAX = 0.03
"""Typical distance of the edge from the fitted curve, in hip-shoulder lengths, beyond which it is not the edge of a
back."""

BULGE_RUN = 0.1
"""An edge further out than the curve by `RAGGED_MAX` for this share of the back in one piece has something lying on
it."""

LOWER_HALF_TO = 0.4
"""A bar on the shoulders, and the elbows of the arms that hold it, leave the back free up to here."""

LOWER_HALF_DEGREE = 3
"""As `DEGREE`, for the lower half: it is shorter and so less curved."""

LOWER_HALF_THICKNESS_MAX = 0.43
"""As `UPPER_THICKNESS_MAX`, for the lower half. Plates in front of the trunk reach 0.45 to 0.6. Of rendered bodies of
all builds 98 of 100 frames with less than 10 deg of flexion stay below and nine of ten with up to 40, but only two
thirds of those that bend by 40 to 60: under a bar a very round back is rather not judged than found by mistake."""

LOWER_HALF_COVERED_MAX = 0.15
"""Where plates cover the back in a larger share of the frames, the edges of the others are not trusted either: in one
clip they made a fault of a neutral back. Clips without plates have none."""

BLOCK = 512
"""Frames that are fitted together."""

QUALITY_MIN = 0.25
"""Below this quality a frame's back is not judged."""

FRONT_YAW_MAX_DEG = 20.0
REAR_YAW_MAX_DEG = -10.0
"""Turned further to the front a bend is under-estimated, further to the rear the edge is not the back's middle. In a
hinge the model shows less of a turn to the rear than there is: 28 deg read 10."""

UPPER_FROM = 0.8
UPPER_THICKNESS_MAX = 0.62
"""Above the first station, an edge further than the second from the hip-shoulder line (in its lengths) is not the
back's: even a back rounded by 70 deg stays within 0.55, plates behind a squatter's shoulders reach 0.7 and more."""

UPPER_HOLLOW_MAX_DEG = -18.0
"""No upper back is hollow by more: 98 of 100 frames of every rendered lifter stay above -12. A bar on the shoulders, or
the arms that hold it, lift the outline there."""

INDEPENDENT_PARTS = 5.0
"""Residuals along the contour hang together over about a fifth of the back, so only so many are independent."""

JUMP_MAX_DEG = 15.0
JUMP_WITHIN_S = 0.35
"""A back that reads so much off its own median over this time has not moved: the mask has."""

MEASURED = 0
(
    NOT_SEEN,
    FRONT,
    REAR,
    NO_EDGE,
    COVERED,
    BLURRED,
    BULGING,
    RAGGED,
    HIP_WRONG,
    UNSTEADY,
) = range(1, 11)
REASONS = {
    NOT_SEEN: N_("the lifter was not seen clearly enough"),
    FRONT: N_("the camera looks too much at the front: the back can only be judged from the side"),
    REAR: N_("the camera looks too much at the rear: the back can only be judged from the side"),
    NO_EDGE: N_("part of the back's outline is hidden or outside the picture"),
    COVERED: N_("a bar, arms, plates, a rack or a person at the shoulders hides the outline of the back"),
    BLURRED: N_("the outline of the back is blurred: more light or a background of another colour helps"),
    BULGING: N_("loose clothing, or something behind the lifter, hides the outline of the back"),
    RAGGED: N_("the outline of the back is too ragged to be trusted"),
    HIP_WRONG: N_("the hip is hidden (by a plate or an arm), and the back is measured from there"),
    UNSTEADY: N_("the outline of the back jumps from frame to frame"),
}
"""Why a frame's back was not measured, by the number in `DorsalBend.gate`; `MEASURED` = it was."""


@dataclass(frozen=True)
class DorsalBend:
    """Bend of the dorsal contour per frame, before the lifter's neutral is taken off; all arrays (T,).

    Attributes
    ----------
    bend_deg : bend of the whole back in degrees of spine flexion; positive = rounded, negative = hollow. Zero is a
        contour on which both ends are as far out as the middle, not a straight spine.
    lower_deg, upper_deg : the lumbar and the thoracic share; they add up to ``bend_deg``.
    uncertainty_deg : standard error from the contour's raggedness.
    quality : 0..1; 0 = cannot be measured.
    gate : `MEASURED`, or the reason why not (a key of `REASONS`).
    """

    bend_deg: FloatArray
    lower_deg: FloatArray
    upper_deg: FloatArray
    uncertainty_deg: FloatArray
    quality: FloatArray
    gate: NDArray[np.int_]


def back_stations() -> FloatArray:
    """Stations of the contour that the bend is read from, in hip-shoulder lengths above the hip; shape (B,)."""
    stations = contour_stations()
    return np.asarray(stations[_inside(stations)])


def station_weights(calibration: Calibration) -> tuple[FloatArray, FloatArray]:
    """Weights of the stations in degrees per hip-shoulder length, (B,) each: lumbar and thoracic."""
    stations = back_stations()
    lower, upper = (
        np.interp(stations, np.linspace(WEIGHT_FROM, WEIGHT_TO, len(weights)), weights) / len(stations)
        for weights in (calibration.lower_weights, calibration.upper_weights)
    )
    # Interpolation leaves a rest; a contour that is further out as a whole must read the same.
    return lower - lower.mean(), upper - upper.mean()


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
    """Read the bend from the dorsal contour of every frame; see `DorsalBend`.

    Gates that need the rest of the body (`FRONT`, `REAR`, `HIP_WRONG`, `UNSTEADY`) are left to the caller.
    """
    calibration = calibration_of(poses.model)
    inside = _inside(contour_stations())
    parts = []
    # In blocks, so that a long video does not need many times the memory of its contours at once.
    for start in range(0, max(1, len(poses)), BLOCK):
        block = slice(start, start + BLOCK)
        away, sharpness = dorsal_distances(poses.part(block), forward[block])
        read = read_contour(away[:, inside], sharpness[:, inside], calibration)
        parts.append(read if calibration.networks is None else with_networks(calibration.networks, read, away))
    return DorsalBend(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(DorsalBend)))


def lower_half_bend(poses: PoseSequence, forward: FloatArray) -> DorsalBend:
    """Read the bend from the lower half of the dorsal contour, for backs whose upper half is hidden; see `DorsalBend`.

    The whole bend is in ``lower_deg``, as the lower half does not tell how much of it is thoracic; ``upper_deg`` is 0.
    """
    calibration = calibration_of(poses.model)
    stations = contour_stations()
    inside = _inside(stations) & (stations <= LOWER_HALF_TO + 1e-6)
    weights = np.array(calibration.lower_half_weights, dtype=np.float64)
    weights -= weights.mean()
    parts = []
    for start in range(0, max(1, len(poses)), BLOCK):
        block = slice(start, start + BLOCK)
        away, sharpness = (values[:, inside] for values in dorsal_distances(poses.part(block), forward[block]))
        mended, curve, ragged = mended_contour(away, stations[inside], LOWER_HALF_DEGREE)
        bend = mended @ weights
        covered = np.where(np.isfinite(away), away, 0.0).max(axis=1) > LOWER_HALF_THICKNESS_MAX
        uncertainty = ragged * float(np.sqrt((weights**2).sum() * len(weights) / INDEPENDENT_PARTS))
        quality, gate = _quality(away, curve, sharpness, ragged, covered, calibration)
        parts.append(DorsalBend(bend, bend, np.zeros(len(bend)), uncertainty, quality, gate))
    found = DorsalBend(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(DorsalBend)))
    covered = found.gate == COVERED
    if covered.mean() <= LOWER_HALF_COVERED_MAX:
        return found
    return replace(found, gate=np.where(found.gate == MEASURED, COVERED, found.gate))


def with_networks(networks: ContourNet, read: DorsalBend, away: FloatArray) -> DorsalBend:
    """A reading of the weighted sum, its bends replaced by the mean of its own and those of the networks.

    Each alone errs where the other does not: the sum on heavy bodies, on thoracic bends and on small pictures, the
    networks on ordinary bodies in good ones. ``away`` (T, S) are the dorsal distances at all stations.
    """
    found = networks.read(contour_shape(away))
    lower_deg = (read.lower_deg + found.lower_deg) / 2.0
    upper_deg = (read.upper_deg + found.upper_deg) / 2.0
    return replace(
        read,
        bend_deg=lower_deg + upper_deg,
        lower_deg=lower_deg,
        upper_deg=upper_deg,
        uncertainty_deg=found.change_error_deg,
    )


def mended_contour(
    away: FloatArray, stations: FloatArray | None = None, degree: int = DEGREE
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The dorsal distances with missing and ragged stations replaced by a smooth curve.

    Parameters
    ----------
    away : (T, B) distances at these stations, NaN where there is no edge.
    stations : (B,) None = `back_stations`.
    degree : of the curve.

    Returns
    -------
    mended : (T, B); NaN where too little of the back is there.
    curve : (T, B) the smooth curve itself.
    ragged : (T,) root mean square distance of the stations that were kept from the curve.
    """
    stations = back_stations() if stations is None else stations
    known: NDArray[np.bool_] = np.isfinite(away)
    enough = known.mean(axis=1) >= EDGES_NEEDED
    powers = ((stations - stations.mean()) / np.ptp(stations))[:, None] ** np.arange(degree + 1)
    coefficients, ragged = _fit_kept(powers, away, known, enough)
    kept = known
    for _ in range(TRIMS):
        with np.errstate(invalid="ignore"):
            fitting = known & (np.abs(away - coefficients @ powers.T) <= TRIM_AT * ragged[:, None])
        # A bar across the shoulders or a fold of a shirt may be left out, a third of the back may not. Clean edges
        # are taken whole: what the curve cannot follow there is back as well.
        trim = enough & (ragged > RAGGED_FROM) & (fitting.mean(axis=1) >= EDGES_KEPT)
        if not trim.any():
            break
        kept = np.where(trim[:, None], fitting, kept)
        coefficients[trim], ragged[trim] = _fit_kept(powers, away[trim], kept[trim], enough[trim])
    curve = coefficients @ powers.T
    return np.where(kept & enough[:, None], away, curve), curve, ragged


def steady(time_s: FloatArray, bend_deg: FloatArray) -> NDArray[np.bool_]:
    """(T,) False where a measured bend is more than `JUMP_MAX_DEG` off its median within `JUMP_WITHIN_S`."""
    half_s = JUMP_WITHIN_S / 2 + 1e-3
    first, after = np.searchsorted(time_s, time_s - half_s), np.searchsorted(time_s, time_s + half_s, side="right")
    level = medians_within(bend_deg, first, after)
    with np.errstate(invalid="ignore"):
        return np.asarray(~(np.abs(bend_deg - level) > JUMP_MAX_DEG), dtype=np.bool_)


def view_gate(yaw_deg: FloatArray) -> NDArray[np.int_]:
    """(T,) `FRONT` or `REAR` where the camera looks too much from there, `NOT_SEEN` where unknown, else `MEASURED`."""
    gate = np.where(yaw_deg > FRONT_YAW_MAX_DEG, FRONT, np.where(yaw_deg < REAR_YAW_MAX_DEG, REAR, MEASURED))
    return np.where(np.isfinite(yaw_deg), gate, NOT_SEEN)


def back_can_be_seen(yaw_deg: FloatArray) -> NDArray[np.bool_]:
    """(T,) True where the view is close enough to the side for the contour to be the back's."""
    return np.asarray(view_gate(yaw_deg) == MEASURED, dtype=np.bool_)


def _inside(stations: FloatArray) -> NDArray[np.bool_]:
    return np.asarray((stations >= WEIGHT_FROM - 1e-6) & (stations <= WEIGHT_TO + 1e-6))


def read_contour(away: FloatArray, sharpness: FloatArray, calibration: Calibration) -> DorsalBend:
    """The bend from the dorsal distances at `back_stations`, (T, B), and their sharpness, by the weighted sum."""
    mended, curve, ragged = mended_contour(away)
    lower_weights, upper_weights = station_weights(calibration)
    lower, upper = mended @ lower_weights, mended @ upper_weights
    weights = lower_weights + upper_weights
    uncertainty = ragged * float(np.sqrt((weights**2).sum() * len(weights) / INDEPENDENT_PARTS))
    thickness = np.where(np.isfinite(away), away, 0.0)[:, back_stations() >= UPPER_FROM].max(axis=1)
    with np.errstate(invalid="ignore"):
        covered = (thickness > UPPER_THICKNESS_MAX) | (upper < UPPER_HOLLOW_MAX_DEG)
    quality, gate = _quality(away, curve, sharpness, ragged, covered, calibration)
    return DorsalBend(lower + upper, lower, upper, uncertainty, quality, gate)


def _quality(
    away: FloatArray,
    curve: FloatArray,
    sharpness: FloatArray,
    ragged: FloatArray,
    covered: NDArray[np.bool_],
    calibration: Calibration,
) -> tuple[FloatArray, NDArray[np.int_]]:
    """Quality (T,) and gate (T,) of a contour with its edges, the curve through them and how ragged they are."""
    enough = np.isfinite(ragged)
    clear = np.full(len(away), np.nan)
    clear[enough] = np.median(np.nan_to_num(sharpness)[enough], axis=1)
    span = calibration.sharpness_good - calibration.sharpness_none
    clarity = np.clip((clear - calibration.sharpness_none) / span, 0, 1)
    smoothness = np.clip(2.0 - 2.0 * ragged / RAGGED_MAX, 0, 1)
    quality = np.where(covered, 0.0, np.nan_to_num(clarity * smoothness))
    gate = np.full(len(away), MEASURED)
    gate[quality < QUALITY_MIN] = RAGGED
    gate[(quality < QUALITY_MIN) & _bulges(away, curve)] = BULGING
    gate[clarity < QUALITY_MIN] = BLURRED
    gate[covered] = COVERED
    gate[~enough] = NO_EDGE
    gate[~np.isfinite(away).any(axis=1)] = NOT_SEEN
    return quality, gate


def _bulges(away: FloatArray, curve: FloatArray) -> NDArray[np.bool_]:
    """(T,) True where the edge stands off the curve outwards over a stretch of the back."""
    with np.errstate(invalid="ignore"):
        off = away - curve > RAGGED_MAX
    run = max(2, round(BULGE_RUN * away.shape[1]))
    runs = np.lib.stride_tricks.sliding_window_view(off, run, axis=1)
    return np.asarray(np.any(np.all(runs, axis=2), axis=1), dtype=np.bool_)


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
    moment = np.einsum("ts,si->ti", np.where(kept, away, 0.0), powers)
    coefficients = np.linalg.solve(normal, moment[..., None])[..., 0]
    coefficients[~enough] = np.nan
    residual = np.where(kept, away - coefficients @ powers.T, 0.0)
    ragged = np.sqrt((residual**2).sum(axis=1) / np.maximum(kept.sum(axis=1), 1))
    return np.asarray(coefficients), np.where(enough, ragged, np.nan)
