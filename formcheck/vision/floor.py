"""A coarse look at the floor around the feet, by which a load that stays there is noticed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from formcheck.core.landmarks import Landmark
from formcheck.core.poses import FLOOR_SHAPE, FloatArray

LEFT_RIGHT, ABOVE, BELOW = 1.2, 0.65, 0.35
"""Reach of the look around the ankles, in trunk lengths: plates in front, hands of a lifter at the bottom above."""

SAME_PLACE = 0.6
"""Feet that stay within this many trunk lengths stand at the same place."""

SETTLED_LOOKS, SETTLED_MOVE, SETTLED_AWAY = 8, 0.05, 0.25
"""Feet that move by less than the second number of trunk lengths over the first number of looks stand; if that is
further than the third from the place last used, they stand at a new one. Otherwise somebody who walks up would be
measured from a place half a step away, and leave it with the first wobble."""

PLACES_MAX = 50
"""Someone who walks about does not come back to a bar; beyond this many places nothing is kept."""


@dataclass(frozen=True)
class _Place:
    """A fixed part of the picture, so that what is seen of it at two times can be compared pixel by pixel."""

    ankle_px: FloatArray
    trunk_px: float
    rows: slice
    columns: slice


@dataclass(frozen=True)
class _Stand:
    """Where a person stood at one look, and the number of the place that was looked at."""

    ankle_px: FloatArray
    trunk_px: float
    height: int
    width: int
    number: int | None


class FloorWatch:
    """Keeps the places at which people have stood and looks at the one under a given person.

    Parameters
    ----------
    known : watch whose places are known from the start, as when the first part of a video has shown them.
    remembers : keep what is asked, for `follow`.
    """

    def __init__(self, known: FloorWatch | None = None, remembers: bool = False) -> None:
        self._places: list[_Place] = [] if known is None else list(known._places)
        self._last = 0
        self._recent: deque[FloatArray] = deque(maxlen=SETTLED_LOOKS)
        self._remembers = remembers
        self._stands: list[_Stand] = []

    @property
    def remembered(self) -> int:
        """How many looks it has kept."""
        return len(self._stands)

    def look(self, rgb: NDArray[np.uint8], image_px: FloatArray) -> tuple[NDArray[np.float32], float]:
        """Grey picture (0..1) of the floor around a person's feet, and the number of the place it shows.

        Parameters
        ----------
        rgb : (H, W, 3) frame.
        image_px : (K, 3) landmarks in its pixels.

        Returns
        -------
        floor : `FLOOR_SHAPE`; NaN when the feet are out of the picture.
        place : two pictures can be compared when they show the same place; NaN when there is none.
        """
        ankle = image_px[[Landmark.LEFT_ANKLE, Landmark.RIGHT_ANKLE], :2].mean(axis=0)
        hip = image_px[[Landmark.LEFT_HIP, Landmark.RIGHT_HIP], :2].mean(axis=0)
        shoulder = image_px[[Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER], :2].mean(axis=0)
        trunk, (height, width) = float(np.hypot(*(shoulder - hip))), rgb.shape[:2]
        number = self._place_at(ankle, trunk, height, width)
        if self._remembers:
            self._stands.append(_Stand(ankle, trunk, height, width, number))
        return self.picture(rgb, number)

    def picture(self, rgb: NDArray[np.uint8], number: int | None) -> tuple[NDArray[np.float32], float]:
        """What `look` gives for the place of that number, None for no place."""
        if number is None:
            return np.full(FLOOR_SHAPE, np.nan, np.float32), float("nan")
        place = self._places[number]
        small = cv2.resize(rgb[place.rows, place.columns], FLOOR_SHAPE[::-1], interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        return np.asarray(grey, dtype=np.float32) / np.float32(255), float(number)

    def follow(self, other: FloorWatch, since: int) -> list[tuple[int | None, bool]]:
        """Go on with what another watch was asked, from that look on, as if this one had been asked.

        Returns
        -------
        for each look the number of the place, and whether it shows what the other one looked at.
        """
        found = []
        for stand in other._stands[since:]:
            number = self._place_at(stand.ankle_px, stand.trunk_px, stand.height, stand.width)
            self._stands.append(replace(stand, number=number))
            found.append((number, _same(self._at(number), other._at(stand.number))))
        return found

    def _at(self, number: int | None) -> _Place | None:
        return None if number is None else self._places[number]

    def _place_at(self, ankle: FloatArray, trunk: float, height: int, width: int) -> int | None:
        def apart(place: _Place) -> float:
            return float(np.abs(ankle - place.ankle_px).max()) / place.trunk_px

        self._recent.append(ankle)
        stay = SETTLED_AWAY if self._settled(trunk) else SAME_PLACE
        if self._places and apart(self._places[self._last]) <= stay:
            return self._last
        nearest = min(range(len(self._places)), key=lambda i: apart(self._places[i]), default=None)
        if nearest is None or apart(self._places[nearest]) > stay:
            new = _new_place(ankle, trunk, height, width) if len(self._places) < PLACES_MAX else None
            if new is None:
                return None
            self._places.append(new)
            nearest = len(self._places) - 1
        self._last = nearest
        return nearest

    def _settled(self, trunk: float) -> bool:
        """True when the feet have not moved over the last looks."""
        if len(self._recent) < SETTLED_LOOKS:
            return False
        return bool(np.ptp(np.array(self._recent), axis=0).max() <= SETTLED_MOVE * trunk)


def _same(one: _Place | None, other: _Place | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.rows, one.columns) == (other.rows, other.columns)


def _new_place(ankle: FloatArray, trunk: float, height: int, width: int) -> _Place | None:
    if not np.isfinite(trunk) or trunk < FLOOR_SHAPE[1] / 2:
        return None
    top, bottom = np.clip([ankle[1] - ABOVE * trunk, ankle[1] + BELOW * trunk], 0, height).astype(int)
    left, right = np.clip([ankle[0] - LEFT_RIGHT * trunk, ankle[0] + LEFT_RIGHT * trunk], 0, width).astype(int)
    if bottom - top < FLOOR_SHAPE[0] or right - left < FLOOR_SHAPE[1]:
        return None
    return _Place(ankle, trunk, slice(int(top), int(bottom)), slice(int(left), int(right)))
