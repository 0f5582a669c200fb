"""The body as live pictures show it: limbs, and the trunk in the colour of what the back does."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from formcheck.core.landmarks import LIMBS, TRUNK, Landmark
from formcheck.core.poses import FloatArray

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
