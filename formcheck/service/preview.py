"""The frame that is looked at, small and with the skeleton drawn in, for whoever waits for an analysis."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from formcheck.vision.tracking import Detection

EVERY_S = 0.4
"""Pictures come no more often than that: making one takes a few milliseconds from the analysis."""

SIDE_PX = 320
"""Length of the picture's longer side."""

QUALITY = 70
LIMB, TRUNK = (176, 214, 79), (208, 208, 79)
"""Colours of limbs and trunk, as BGR; no verdict, as nothing is judged yet."""


class Preview:
    """Shown every frame that is looked at, tells a picture now and then: JPEG in base64."""

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._tell, self._clock = tell, clock
        self._next_s = -np.inf

    def __call__(self, rgb: NDArray[np.uint8], people: Sequence[Detection]) -> None:
        """A frame (H, W, 3) was looked at, and these people are in it."""
        now_s = self._clock()
        if now_s < self._next_s:
            return
        self._next_s = now_s + EVERY_S
        self._tell(picture(rgb, people))


def picture(rgb: NDArray[np.uint8], people: Sequence[Detection]) -> str:
    """The frame (H, W, 3) as a small JPEG with everybody's skeleton, in base64."""
    import cv2

    from formcheck.render.skeleton_drawing import draw_body

    height, width = rgb.shape[:2]
    scale = min(1.0, SIDE_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # cv2 cannot write into what it is given here, which is a part of a decoded frame.
    small = np.ascontiguousarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)[:, :, ::-1])
    for each in people:
        draw_body(small, each.image_px[:, :2] * scale, limbs=LIMB, trunk=TRUNK, limb_px=2, trunk_px=3)
    made, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert made
    return base64.b64encode(jpeg.tobytes()).decode("ascii")
