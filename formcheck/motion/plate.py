"""The near plate of a barbell over a set: which of the circles that were seen are it, and where it was in metres.

A wrong scale is worse than none, so a plate is believed only when it does what a bar on long arms must: keep its size,
go up and down with the shoulders, and travel as far as a full-size plate can.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from formcheck.core.poses import FloatArray
from formcheck.core.words import N_, _

PLATE_M = 0.45
"""Diameter of full-size plates: bumpers, and iron ones of 20 kg and more (IWF and IPF rules)."""

SUPPORT_MIN = 0.45
"""Share of the rim that must be an edge to take a circle for a plate."""

SUPPORT_SEEN = 0.35
"""The same, once the plate's size is known, to see it again."""

SAME_SIZE = 0.05
"""A plate keeps its diameter within this share: it moves up and down, not towards the camera."""

DIAMETER_IN_TRUNKS = (0.84, 1.30)
"""Diameters of full-size plates in trunk lengths. Smaller plates, from which no scale follows, are 0.72 and less;
larger circles are not plates."""

SEEN_MIN = 0.5
"""The plate must be seen in this share of the looks."""

LOOKS_MIN = 12
"""And in this many of them."""

TRAVEL_MIN_DIAMETERS = 0.4
"""It must go up and down by this many of its diameters."""

CORRELATION_MIN = 0.97
"""Correlation of its height with that of the shoulders."""

SLOPE = (0.95, 1.5)
"""It moves this many times as far as the shoulders: it is nearer to the camera, so it seems to move further."""

HANDS_IN_BODY_HEIGHTS = 0.46
"""Height of hanging hands as a share of stature, and so the furthest that a bar is lifted. A bar on full-size plates
starts 225 mm above the floor, so smaller plates travel more of their own diameters up to the lockout: 1.4 or so for
full-size ones, 1.6 to 1.7 for those of 350 mm."""

TALLEST_M = 1.9
"""The stature that is assumed where none is known."""

TRAVEL_SLACK = 1.06
"""How much further than the hands allow a plate may seem to travel."""

OFF_LINE_X, OFF_LINE_Y = 0.6, 0.35
"""A circle further across, or further up or down, than this many diameters from where the plate usually hangs is
another one."""


NOT_FOLLOWED = N_("no plate was seen to go up and down with the lifter")


@dataclass(frozen=True)
class PlateTrack:
    """Where the plate's centre was; N looks.

    Attributes
    ----------
    time_s : (N,) seconds. forward_m, up_m : (N,) metres in front of the mid-foot and above the ankles; NaN = not seen.
    diameter_px : diameter in pixels of the video, NaN when there is no plate to believe.
    seen : share of the looks that saw it.
    reason : why there is none; empty when there is one.
    """

    time_s: FloatArray
    forward_m: FloatArray
    up_m: FloatArray
    diameter_px: float
    seen: float
    reason: str = ""

    @property
    def m_per_px(self) -> float:
        """Metres per pixel in the plane of the plate."""
        return PLATE_M / self.diameter_px


def follow_plate(
    time_s: FloatArray,
    circles: FloatArray,
    shoulders_px: FloatArray,
    feet_px: FloatArray,
    trunk_px: float,
    forward: float,
    height_m: float | None = None,
) -> PlateTrack:
    """The plate among the circles that were seen.

    Parameters
    ----------
    time_s : (N,) rising. circles : (N, C, 4) x, y, diameter, support, see `formcheck.vision.plate_detection.look`.
    shoulders_px : (N, 2) middle of the shoulders. feet_px : (2,) mid-foot x and ankle y.
    trunk_px : length of the trunk. forward : +1 where the lifter faces image-right, -1 image-left.
    height_m : the lifter's height, None when unknown.
    """

    def none(reason: str) -> PlateTrack:
        nothing = np.full(len(time_s), math.nan)
        return PlateTrack(time_s, nothing, nothing, math.nan, 0.0, reason)

    if len(time_s) < LOOKS_MIN or not np.isfinite(trunk_px):
        return none(_("too little was seen of the lifter"))
    diameter_px = _usual_diameter(circles)
    if math.isnan(diameter_px):
        return none(_("no plate was seen"))
    if not DIAMETER_IN_TRUNKS[0] <= diameter_px / trunk_px <= DIAMETER_IN_TRUNKS[1]:
        return none(_("no plate of 450 mm was seen"))
    centre = _centres(circles, diameter_px)
    centre[_elsewhere(centre, shoulders_px, diameter_px)] = np.nan
    known = np.isfinite(centre[:, 1]) & np.isfinite(shoulders_px[:, 1])
    if known.mean() < SEEN_MIN or known.sum() < LOOKS_MIN:
        return none(_(NOT_FOLLOWED))
    plate_y, shoulder_y = centre[known, 1], shoulders_px[known, 1]
    travel = float(np.ptp(np.percentile(plate_y, [2, 98]))) / diameter_px
    if travel < TRAVEL_MIN_DIAMETERS:
        return none(_(NOT_FOLLOWED))
    if PLATE_M * travel > TRAVEL_SLACK * (HANDS_IN_BODY_HEIGHTS * (height_m or TALLEST_M) - PLATE_M / 2):
        return none(_("the plates look smaller than 450 mm"))
    slope = float(np.polyfit(shoulder_y, plate_y, 1)[0])
    if np.corrcoef(shoulder_y, plate_y)[0, 1] < CORRELATION_MIN or not SLOPE[0] <= slope <= SLOPE[1]:
        return none(_(NOT_FOLLOWED))
    m_per_px = PLATE_M / diameter_px
    return PlateTrack(
        time_s=time_s,
        forward_m=forward * (centre[:, 0] - feet_px[0]) * m_per_px,
        up_m=(feet_px[1] - centre[:, 1]) * m_per_px,
        diameter_px=diameter_px,
        seen=float(known.mean()),
    )


def _usual_diameter(circles: FloatArray) -> float:
    """The diameter that most of the well-supported circles share; NaN when there are too few."""
    flat = circles.reshape(-1, 4)
    flat = flat[np.isfinite(flat[:, 2]) & (flat[:, 3] >= SUPPORT_MIN)]
    if len(flat) < LOOKS_MIN:
        return math.nan
    same = np.abs(flat[:, 2][None] / flat[:, 2][:, None] - 1.0) < SAME_SIZE
    most = same[int((same * flat[:, 3]).sum(axis=1).argmax())]
    return float(np.median(flat[most, 2]))


def _centres(circles: FloatArray, diameter_px: float) -> FloatArray:
    """(N, 2) centre of the best circle of that size in each look; NaN = none."""
    with np.errstate(invalid="ignore"):
        fits = (np.abs(circles[:, :, 2] / diameter_px - 1.0) < SAME_SIZE) & (circles[:, :, 3] >= SUPPORT_SEEN)
    best = np.where(fits, circles[:, :, 3], -1.0).argmax(axis=1)
    return np.where(fits.any(axis=1)[:, None], circles[np.arange(len(circles)), best, :2], np.nan)


def _elsewhere(centre: FloatArray, shoulders_px: FloatArray, diameter_px: float) -> NDArray[np.bool_]:
    """(N,) True where a circle is not where the plate hangs."""
    if not np.isfinite(centre[:, 0]).any():
        return np.ones(len(centre), dtype=bool)
    below = centre[:, 1] - shoulders_px[:, 1]
    off_x = np.abs(centre[:, 0] - np.nanmedian(centre[:, 0]))
    off_y = np.abs(below - (np.nanmedian(below) if np.isfinite(below).any() else 0.0))
    return np.asarray(~((off_x <= OFF_LINE_X * diameter_px) & (off_y <= OFF_LINE_Y * diameter_px)))
