"""From a person's mask to the two edges of the trunk, so that masks need not be kept."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from formcheck.core.landmarks import Landmark
from formcheck.core.poses import CONTOUR_SHAPE, FloatArray, contour_stations

REACH = 1.0
"""How far from the hip-shoulder line the edge is looked for, in hip-shoulder lengths."""

STEPS = 100
"""Samples of the mask along one ray; one step is a hundredth of the hip-shoulder length."""

MASK_EDGE = 0.5
"""The body's edge is where the mask crosses this value."""

SMALLEST_GAP = 3
"""Samples below the edge value that a ray must see before it has left the body: bridges pinholes in the mask."""


@dataclass(frozen=True)
class MaskPlace:
    """Where a mask that does not show the whole picture is in it.

    Attributes
    ----------
    to_mask : (2, 3) affine map from pixels of the picture to pixels of the mask.
    width, height : of the picture, in pixels.
    """

    to_mask: FloatArray
    width: int
    height: int


def trace_silhouette(
    mask: NDArray[np.float32], mid_hip_px: FloatArray, mid_shoulder_px: FloatArray, place: MaskPlace | None = None
) -> tuple[FloatArray, FloatArray]:
    """Edges of the mask on both sides of the hip-shoulder line, at sub-pixel accuracy.

    Parameters
    ----------
    mask : (H, W) 0..1, probability that a pixel belongs to the person.
    mid_hip_px, mid_shoulder_px : (2,) x right, y down, in pixels of the picture.
    place : of the mask in the picture; None = it shows the whole picture, pixel by pixel. Around the mask is nobody.

    Returns
    -------
    contour_px : (2, S, 2) edge points; side 0 is to the image left of an upright lifter, side 1 to the right.
        NaN where the station itself is off the body or the ray meets the picture's border before an edge.
    sharpness : (2, S) fall of the mask's value across one step at that edge, 0..1; NaN where there is no edge.
    """
    trunk = np.asarray(mid_shoulder_px, dtype=np.float64) - mid_hip_px
    length = float(np.hypot(*trunk))
    if not np.isfinite(length) or length < 8:
        return no_silhouette()
    height, width = mask.shape if place is None else (place.height, place.width)
    to_left = np.array([trunk[1], -trunk[0]]) / length
    stations = mid_hip_px + contour_stations()[:, None] * trunk
    # Sampled once, straight across: index STEPS is the station, smaller indices are to the left, larger to the right.
    offsets = np.arange(-STEPS, STEPS + 1) * (REACH * length / STEPS)
    grid = stations[:, None, :] - offsets[None, :, None] * to_left
    at = grid if place is None else grid @ place.to_mask[:, :2].T + place.to_mask[:, 2]
    values = cv2.remap(
        mask,
        at[..., 0].astype(np.float32),
        at[..., 1].astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE if place is None else cv2.BORDER_CONSTANT,
    )
    inside_picture = (
        (grid[..., 0] >= 0) & (grid[..., 0] <= width - 1) & (grid[..., 1] >= 0) & (grid[..., 1] <= height - 1)
    )
    contour, sharpness = no_silhouette()
    for side, ray in enumerate((slice(STEPS, None, -1), slice(STEPS, None, 1))):
        distance, fall = _first_exit(values[:, ray], inside_picture[:, ray])
        direction = to_left if side == 0 else -to_left
        contour[side] = stations + (distance * REACH * length / STEPS)[:, None] * direction
        sharpness[side] = fall
    return contour, sharpness


def no_silhouette() -> tuple[FloatArray, FloatArray]:
    """What `trace_silhouette` gives where there is no edge anywhere."""
    return np.full(CONTOUR_SHAPE, np.nan), np.full(CONTOUR_SHAPE[:2], np.nan)


def trunk_ends(image_px: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mid-hip and mid-shoulder, (2,) each, of landmarks (K, 2 or more)."""
    hip = image_px[[Landmark.LEFT_HIP, Landmark.RIGHT_HIP], :2].mean(axis=0)
    shoulder = image_px[[Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER], :2].mean(axis=0)
    return hip, shoulder


def _first_exit(values: NDArray[np.float32], inside_picture: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Where each ray (row, from the body outwards) first leaves the mask for good: distance in steps, and fall."""
    body = values >= MASK_EDGE
    outside = ~body
    gap = outside.copy()
    for shift in range(1, SMALLEST_GAP):
        gap[:, :-shift] &= outside[:, shift:]
    exit_index = gap.argmax(axis=1)
    rows = np.arange(len(values))
    found = gap.any(axis=1) & body[:, 0] & inside_picture[rows, exit_index]
    before = np.maximum(exit_index - 1, 0)
    inner, outer = values[rows, before].astype(np.float64), values[rows, exit_index].astype(np.float64)
    fall = inner - outer
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = before + (inner - MASK_EDGE) / fall
    return np.where(found, distance, np.nan), np.where(found, fall, np.nan)
