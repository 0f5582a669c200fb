"""From a person's mask to the flexion of the spine that it shows, so that masks need not be kept."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from formcheck.core.poses import MASK_FLEXION_SHAPE, FloatArray
from formcheck.motion.mask_net import CROP_FROM, CROP_SHAPE, CROP_SIDE, CROP_TO
from formcheck.motion.mask_net_weights import NETWORK
from formcheck.vision.silhouette import MaskPlace

SHORTEST_TRUNK_PX = 8
"""As in `formcheck.vision.silhouette.trace_silhouette`."""


def flexion_of_mask(
    mask: NDArray[np.float32], mid_hip_px: FloatArray, mid_shoulder_px: FloatArray, place: MaskPlace | None = None
) -> FloatArray:
    """Lumbar and thoracic flexion of the spine in degrees, with the back on either side.

    Parameters
    ----------
    mask, mid_hip_px, mid_shoulder_px, place : as in `formcheck.vision.silhouette.trace_silhouette`.

    Returns
    -------
    (2, 2) rows: the back to the image left of an upright lifter, and to the right; columns: lumbar, thoracic. Rounded
    is positive; zero means nothing by itself. NaN where the trunk is too short to be read.
    """
    trunk = np.asarray(mid_shoulder_px, dtype=np.float64) - mid_hip_px
    length = float(np.hypot(*trunk))
    if not np.isfinite(length) or length < SHORTEST_TRUNK_PX:
        return no_flexion()
    ends = [np.asarray(end, dtype=np.float64) for end in (mid_hip_px, mid_shoulder_px)]
    hip, shoulder = ends if place is None else (place.to_mask[:, :2] @ end + place.to_mask[:, 2] for end in ends)
    crop = trunk_crop(mask, hip, shoulder)
    lean_deg = float(np.degrees(np.arctan2(trunk[0], -trunk[1])))
    return NETWORK.read(np.stack([crop, crop[:, ::-1]]), np.array([lean_deg, -lean_deg]))


def no_flexion() -> FloatArray:
    """What `flexion_of_mask` gives where nothing can be read."""
    return np.full(MASK_FLEXION_SHAPE, np.nan)


def trunk_crop(mask: NDArray[np.float32], hip: FloatArray, shoulder: FloatArray) -> NDArray[np.uint8]:
    """The mask (H, W) around the trunk of somebody facing image-right, shoulders up, back to the left, 0..255.

    ``hip`` and ``shoulder`` (2,) are in pixels of the mask. Of somebody facing image-left it is the mirror image.
    """
    rows, columns = (2 * size for size in CROP_SHAPE)
    along = CROP_TO + (CROP_FROM - CROP_TO) * (np.arange(rows) + 0.5) / rows
    across = CROP_SIDE * (1.0 - 2.0 * (np.arange(columns) + 0.5) / columns)
    trunk = shoulder - hip
    to_back = np.array([trunk[1], -trunk[0]])
    grid = hip + along[:, None, None] * trunk + across[None, :, None] * to_back
    values = cv2.remap(
        mask, grid[..., 0].astype(np.float32), grid[..., 1].astype(np.float32), cv2.INTER_LINEAR, borderValue=0.0
    )
    small = cv2.resize(values, CROP_SHAPE[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(small * 255 + 0.5, 0, 255), dtype=np.uint8)
