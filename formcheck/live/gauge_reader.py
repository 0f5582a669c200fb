"""Reads the gauge as often as the machine affords, and remembers the shoulders' height of the last seconds."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

from formcheck.exercises.framework.check import Check
from formcheck.exercises.framework.exercise import Exercise
from formcheck.live.cues import Rise
from formcheck.live.gauge import WINDOW_S, Reading, Scale, heights_of, read, scale_of
from formcheck.live.recording import Observation, Recording
from formcheck.motion.neutral import Neutral

GAUGE_EVERY_S, GAUGE_SHARE_MAX = 0.1, 0.2
"""The gauge is read this often at most, and takes this share of the time at most: on a slow machine it comes less
often, and frames go on."""

MOVED, MOVED_WITHIN_S = 0.05, 2.0
"""Shoulders that went up or down by this share of the standing height within this time are doing something."""

TOP_WITHIN_S = 0.5
"""For this long after the shoulders stopped rising the concentric phase counts as just finished."""

UPRIGHT_LEAN_DEG, UPRIGHT_KNEE_DEG = 25.0, 45.0
"""Somebody with less lean of the trunk and less flexion of the knees stands."""

FEWEST_FRAMES = 4
"""The filters of the signals need this many frames."""


class GaugeReader:
    """The last reading, and what the shoulders did lately.

    Parameters
    ----------
    recording : the session's, which is read and never changed.
    clock : seconds, for measuring what a reading costs.
    """

    def __init__(self, recording: Recording, clock: Callable[[], float]) -> None:
        self.reading = Reading(-math.inf)
        self._recording = recording
        self._clock = clock
        self._read_s, self._cost_s = -math.inf, 0.0
        self._heights: deque[tuple[float, float]] = deque()
        self._scale: Scale | None = None
        self._rise = Rise()
        self._rose_s, self._rose_count = -math.inf, 0

    def read(
        self, seen: Observation, scale_from_s: float, neutral: Neutral, lift: Exercise | None, check: Check | None
    ) -> None:
        """Read the gauge if it is due; the lifter's scale is taken from what was recorded since ``scale_from_s``."""
        now = seen.time_s
        if not seen.in_frame:
            self.reading = Reading(now)
            return
        if now - self._read_s < max(GAUGE_EVERY_S, self._cost_s / GAUGE_SHARE_MAX):
            return
        self._read_s, started_s = now, self._clock()
        self._scale = scale_of(self._recording.image_px(scale_from_s))
        window = self._recording.poses(now - WINDOW_S)
        if self._scale is None or len(window) < FEWEST_FRAMES:
            self.reading = Reading(now)
            return
        self.reading = read(window, neutral, self._scale, lift, check)
        self._cost_s = self._clock() - started_s
        if math.isfinite(self.reading.height):
            self._heights.append((now, self.reading.height))
        while self._heights and self._heights[0][0] < now - MOVED_WITHIN_S:
            self._heights.popleft()

    def watch_rise(self, seen: Observation, count: int) -> None:
        """With every frame, as the gauge comes too seldom to tell when a concentric phase ends.

        ``count`` is the number of repetitions counted so far.
        """
        if not seen.in_frame or seen.person is None or self._scale is None:
            self._rise.lose()
        elif self._rise.follow(seen.time_s, float(heights_of(seen.person.image_px, self._scale))):
            self._rose_s, self._rose_count = seen.time_s, count

    @property
    def moving(self) -> bool:
        """The shoulders went up or down lately."""
        heights = [height for _, height in self._heights]
        return bool(heights) and max(heights) - min(heights) > MOVED

    @property
    def upright(self) -> bool:
        """Standing, whatever the distance: after a set nothing else may be known of the lifter's height."""
        reading = self.reading
        return abs(reading.trunk_lean_deg) < UPRIGHT_LEAN_DEG and reading.knee_flexion_deg < UPRIGHT_KNEE_DEG

    def topping(self, now_s: float, count: int) -> bool:
        """The shoulders rose until a moment ago, and no repetition has been counted since."""
        return 0.0 < now_s - self._rose_s < TOP_WITHIN_S and count == self._rose_count

    def forget(self) -> None:
        """A new set or drill begins: what moved before it does not matter."""
        self._heights.clear()
