"""Samples cut, covered, frozen, turned, slowed down or put side by side, and written again: what people upload."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np

from formcheck.vision.video import VideoReader
from tests.helpers.make_videos import write_video

SAMPLES = Path(__file__).resolve().parent.parent.parent / "sample_videos"
FPS = 30.0

Picture = np.ndarray
"""(height, width, 3) red, green, blue."""


@functools.cache
def pictures_of(sample: str) -> tuple[Picture, ...]:
    """All pictures of a sample video, by its name without ending."""
    with VideoReader(SAMPLES / f"{sample}.mp4") as reader:
        return tuple(frame.rgb for frame in reader)


def film(
    path: Path,
    pictures: Iterable[Picture],
    *,
    times_s: Iterable[float] | None = None,
    change: Callable[[int, Picture], Picture] = lambda _, picture: picture,
) -> Path:
    """Write pictures at these times (default 30 a second), each changed by ``change(place in the film, picture)``."""
    changed = [np.ascontiguousarray(change(index, picture)) for index, picture in enumerate(pictures)]
    times = [index / FPS for index in range(len(changed))] if times_s is None else list(times_s)
    return write_video(path, changed, times, options={"preset": "veryfast"})


def panel_over(picture: Picture, share: float) -> Picture:
    """A dark panel that has slid in from the left over this share of the width."""
    covered = picture.copy()
    covered[:, : round(share * picture.shape[1])] = (38, 36, 40)
    return covered


def from_afar(picture: Picture, scale: float) -> Picture:
    """The same scene filmed from further away: wall and floor go on around it."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    around: Picture = cv2.resize(picture[: height // 20], (width, height))
    around[-(height // 6) :] = cv2.resize(picture[-height // 20 :], (width, height // 6))
    left, top = (width - small.shape[1]) // 2, height - small.shape[0] - height // 12
    around[top : top + small.shape[0], left : left + small.shape[1]] = small
    return around
