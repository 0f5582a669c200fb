"""The body as live pictures show it: limbs, and the trunk in the colour of what the back does."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from formcheck.core.landmarks import LIMBS, TRUNK, Landmark
from formcheck.core.poses import FloatArray, contour_stations
from formcheck.motion.runs import running_median

Colour = tuple[int, int, int]


def draw_body(
    canvas: NDArray[np.uint8], points_px: FloatArray, *, limbs: Colour, trunk: Colour, limb_px: int, trunk_px: int
) -> None:
    """Draw a body into the canvas.

    Parameters
    ----------
    canvas : (H, W, 3) 8 bit, C-contiguous; drawn on in place. Colours are in its own order of channels.
    points_px : (K, 2) landmarks in pixels of the canvas; lines with an end that is not known (NaN) are left out.
    limb_px, trunk_px : widths of the lines in pixels.
    """
    for edges, colour, width in ((LIMBS, limbs, limb_px), ((TRUNK,), trunk, trunk_px)):
        for first, second in edges:
            for side in ("LEFT", "RIGHT"):
                ends = points_px[[Landmark[f"{side}_{first}"], Landmark[f"{side}_{second}"]]]
                if np.isfinite(ends).all():
                    start, stop = ends.round().astype(int).tolist()
                    cv2.line(canvas, start, stop, colour, width, cv2.LINE_AA)


def draw_back(canvas: NDArray[np.uint8], contour_px: FloatArray, *, colour: Colour, width_px: int) -> bool:
    """Draw the dorsal contour between hip and shoulder into the canvas; False where too little of it is known.

    Parameters
    ----------
    canvas : (H, W, 3) 8 bit, C-contiguous; drawn on in place.
    contour_px : (S, 2) contour of one side, a point for each of `formcheck.core.poses.contour_stations`; NaN = unknown.
    width_px : of the line.
    """
    stations = contour_stations()
    line = smooth_line(np.asarray(contour_px, np.float64)[(stations >= 0.0) & (stations <= 1.0 + 1e-6)])
    known = line[np.isfinite(line).all(axis=1)]
    if not len(known):
        return False
    cv2.polylines(canvas, [known.round().astype(np.int32).reshape(-1, 1, 2)], False, colour, width_px, cv2.LINE_AA)
    return True


def smooth_line(points: FloatArray) -> FloatArray:
    """A contour (S, 2) without its single-station spikes and steps; NaN stays NaN.

    A running median drops spikes, a Gaussian over neighbouring stations the staircase of the mask.
    """
    known = np.asarray(np.isfinite(points).all(axis=1))
    if known.sum() < 5:
        return np.full_like(points, np.nan)
    kernel = np.exp(-0.5 * (np.arange(-6, 7) / 2.5) ** 2)
    # What is smoothed are departures from a straight line, or the line's ends would shrink inwards.
    places = np.arange(len(points))
    straight = [np.polyval(np.polyfit(places[known], points[known, axis], 1), places) for axis in range(2)]
    base = np.stack(straight, axis=1)
    departure = np.stack([running_median((points - base)[:, axis], 5) for axis in range(2)], axis=1)
    usable = np.asarray(np.isfinite(departure).all(axis=1))
    departure = np.where(usable[:, None], departure, 0.0)
    weight = np.convolve(usable.astype(float), kernel, mode="same")
    smooth = np.stack([np.convolve(departure[:, axis], kernel, mode="same") for axis in range(2)], axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        result = base + smooth / weight[:, None]
    return np.where(known[:, None], result, np.nan)
