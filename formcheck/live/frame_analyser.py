"""The pose model's look at one live frame: the same step as for an upload, frame by frame."""

from __future__ import annotations

from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from formcheck.live.recording import Observation
from formcheck.vision.models.store import ModelFile
from formcheck.vision.person_finder import PersonFinder
from formcheck.vision.pose_estimation import faces_right
from formcheck.vision.tracking import Detection
from formcheck.vision.video_parts import ANALYSIS_MAX_SIDE, THUMBNAIL

RgbImage = NDArray[np.uint8]

PREVIEW_EVERY_S = 2.0
"""A preview looks for a second person and for the way the lifter faces. It takes as long as two frames, so there is one
now and then, and only before a set."""

TURNED_MIN = 0.3
"""A lifter who faces the other way at least this clearly, on a scale from 0 to 1, has turned round."""

PEOPLE_COUNTED = 2


class FrameAnalyser:
    """Looks at frames in order; a context manager.

    Raises
    ------
    ModelError : the model does not load. SystemLibraryError : a library that MediaPipe needs is missing.
    """

    def __init__(self, model: ModelFile) -> None:
        self._model = model
        self._finder = PersonFinder(model, 1, track=True)
        self._counter: PersonFinder | None = None
        self._thumbnail: NDArray[np.float32] | None = None
        self._index, self._time_ms = 0, -1
        self._people, self._previewed_s = 1, -np.inf
        self._faces_left = False

    def __enter__(self) -> FrameAnalyser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the models."""
        self._finder.close()
        if self._counter is not None:
            self._counter.close()

    def analyse(self, rgb: RgbImage, time_s: float, *, count_people: bool = False) -> Observation:
        """What is seen in a frame (H, W, 3) captured at ``time_s``; ``count_people`` also looks for a second person."""
        rgb = scaled(rgb)
        height, width = rgb.shape[:2]
        if count_people and time_s - self._previewed_s >= PREVIEW_EVERY_S:
            self._previewed_s = time_s
            self._preview(rgb)
        self._time_ms = max(self._time_ms + 1, round(time_s * 1000))
        found = self._finder.find(rgb, self._index, self._time_ms)
        self._index += 1
        person = found[0] if found else None
        small = cv2.cvtColor(cv2.resize(rgb, THUMBNAIL, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        previous, self._thumbnail = self._thumbnail, np.asarray(small, np.float32) / np.float32(255)
        change = 0.0 if previous is None else float(np.abs(self._thumbnail - previous).mean())
        return Observation(
            time_s, person, width, height, change, _brightness(self._thumbnail, person, width, height), self._people
        )

    def _preview(self, rgb: RgbImage) -> None:
        """Count people, and show the model every lifter facing image-right, as for an upload."""
        self._counter = self._counter or PersonFinder(self._model, PEOPLE_COUNTED, track=False)
        people = self._counter.find(rgb, self._index)
        self._people = len(people)
        ahead = faces_right(people[0]) if people else 0.0
        if abs(ahead) >= TURNED_MIN and (ahead < 0) != self._faces_left:
            self._faces_left = ahead < 0
            self._finder.close()
            self._finder = PersonFinder(self._model, 1, track=True, mirrored=self._faces_left)


def scaled(rgb: RgbImage) -> RgbImage:
    """The frame, no larger than an upload is looked at."""
    longer = max(rgb.shape[:2])
    if longer <= ANALYSIS_MAX_SIDE:
        return rgb
    scale = ANALYSIS_MAX_SIDE / longer
    size = round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))


def _brightness(grey: NDArray[np.float32], person: Detection | None, width: int, height: int) -> float:
    rows, columns = grey.shape
    if person is not None:
        points = person.image_px[:, :2]
        low, high = points.min(axis=0), points.max(axis=0)
        left, right = np.clip([low[0] / width * columns, high[0] / width * columns + 1], 0, columns).astype(int)
        top, bottom = np.clip([low[1] / height * rows, high[1] / height * rows + 1], 0, rows).astype(int)
        if right > left and bottom > top:
            grey = grey[top:bottom, left:right]
    return float(grey.mean())
