"""What was seen in one frame, and the growing record of it: arrays, never pictures."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formcheck.core.landmarks import Landmark
from formcheck.core.poses import ARRAY_FIELDS, FloatArray, PoseSequence, VideoInfo, expected_shapes
from formcheck.vision.tracking import Detection

BODY = tuple(
    Landmark[f"{side}_{joint}"]
    for side in ("LEFT", "RIGHT")
    for joint in ("SHOULDER", "HIP", "KNEE", "ANKLE", "HEEL", "FOOT_INDEX")
)
"""Landmarks that must be in the picture for the body to be."""

OUTSIDE_MAX = 0.02
"""Landmarks further outside than this share of the picture's side are outside: the model goes on guessing them."""

FIRST_ROWS = 512


@dataclass(frozen=True)
class Observation:
    """What was seen in one frame.

    Attributes
    ----------
    time_s : capture time, strictly rising from frame to frame.
    person : the lifter, None when nobody was found.
    width, height : of the picture, in whose pixels the person is.
    picture_change : as in `formcheck.core.poses.PoseSequence`.
    brightness : 0..1, mean grey level of the part of the picture with the person, of the whole one without.
    people : how many people were found when they were last counted.
    """

    time_s: float
    person: Detection | None
    width: int
    height: int
    picture_change: float = 0.0
    brightness: float = 0.5
    people: int = 1

    @property
    def missing_parts(self) -> tuple[str, ...]:
        """Which ends of the body are out of the picture: "head", "feet", "left", "right"; empty when it is all in."""
        if self.person is None:
            return ()
        points = self.person.image_px[:, :2] / np.array([self.width, self.height])
        nose, body = points[Landmark.NOSE], points[list(BODY)]
        found = []
        if min(nose[1], body[:, 1].min()) < -OUTSIDE_MAX:
            found.append("head")
        if body[:, 1].max() > 1 + OUTSIDE_MAX:
            found.append("feet")
        if body[:, 0].min() < -OUTSIDE_MAX:
            found.append("left")
        if body[:, 0].max() > 1 + OUTSIDE_MAX:
            found.append("right")
        return tuple(found)

    @property
    def in_frame(self) -> bool:
        """True when shoulders, hips, knees and feet are in the picture."""
        return self.person is not None and not set(self.missing_parts) - {"head"}


class Recording:
    """Rows of `PoseSequence` arrays that grow at the end and are dropped at the front; single precision."""

    def __init__(self, file: str = "camera", model: str = "") -> None:
        self._file, self._model = file, model
        self._first, self._stop = 0, 0
        self._arrays = self._room(FIRST_ROWS)
        self._size = (1, 1)

    def __len__(self) -> int:
        return self._stop - self._first

    @property
    def time_s(self) -> FloatArray:
        """(T,) capture times kept."""
        return self._arrays["time_s"][self._first : self._stop]

    def image_px(self, from_s: float) -> FloatArray:
        """(T, K, 3) landmarks since ``from_s``; a view of what is kept, not to be changed."""
        return self._arrays["image_px"][self._since(from_s)]

    def append(self, seen: Observation) -> None:
        """Add one frame; its time must be after the last one's."""
        if self._stop == len(self._arrays["time_s"]):
            self._make_room()
        at = self._stop
        for name, values in self._arrays.items():
            values[at] = np.nan if seen.person is None or name not in _OF_PERSON else getattr(seen.person, name)
        self._arrays["time_s"][at] = seen.time_s
        self._arrays["picture_change"][at] = seen.picture_change
        self._size = (seen.width, seen.height)
        self._stop += 1

    def drop_before(self, time_s: float) -> None:
        """Forget frames from before that time."""
        self._first += int(np.searchsorted(self.time_s, time_s))

    def poses(self, from_s: float = -np.inf, *, from_zero: bool = False) -> PoseSequence:
        """What was recorded since ``from_s``, as a copy.

        ``from_zero`` makes the first frame's time 0, as in an upload; else capture times stay.
        """
        part = self._since(from_s)
        arrays: dict[str, Any] = {name: values[part].copy() for name, values in self._arrays.items()}
        if from_zero and len(arrays["time_s"]):
            arrays["time_s"] -= arrays["time_s"][0]
            arrays["picture_change"][0] = 0.0
        frames = part.stop - part.start
        step_s = float(np.median(np.diff(arrays["time_s"]))) if frames > 1 else 0.0
        duration_s = float(arrays["time_s"][-1] - arrays["time_s"][0]) + step_s if frames else 0.0
        video = VideoInfo(self._file, *self._size, frames, duration_s)
        return PoseSequence(**arrays, video=video, model=self._model)

    def _since(self, from_s: float) -> slice:
        return slice(self._first + int(np.searchsorted(self.time_s, from_s)), self._stop)

    @staticmethod
    def _room(rows: int) -> dict[str, NDArray[np.floating]]:
        shapes = expected_shapes(rows)
        precise = ("time_s", "picture_change")
        return {name: np.empty(shapes[name], np.float64 if name in precise else np.float32) for name in ARRAY_FIELDS}

    def _make_room(self) -> None:
        kept = len(self)
        # Twice of what is kept: the work for each frame stays the same however long it runs.
        arrays = self._room(max(FIRST_ROWS, 2 * kept))
        for name, values in arrays.items():
            values[:kept] = self._arrays[name][self._first : self._stop]
        self._arrays, self._first, self._stop = arrays, 0, kept


_OF_PERSON = {field.name for field in fields(Detection)} & set(ARRAY_FIELDS)
