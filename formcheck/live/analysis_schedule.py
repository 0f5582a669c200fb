"""How often the set under way is analysed: as seldom as the lifter's movement allows, never more than affordable."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ANALYSE_EVERY_S = 0.25
"""The set is analysed this often at most while something moves..."""

ANALYSE_IDLE_S = 1.0
"""...and this often while nothing does..."""

ANALYSE_SHARE_MAX = 0.3
"""...with this share of the time at most: on a slow machine analyses come less often, and frames go on."""

TOP_EVERY_S, TOP_SHARE_MAX = 0.1, 0.8
"""The same when a concentric phase has just ended and its repetition has not been counted yet."""


class AnalysisSchedule:
    """Remembers when the last analysis ran and what it cost; ``clock`` measures the latter in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._analysed_s, self._cost_s = -math.inf, 0.0

    def due(self, now_s: float, *, busy: bool, topping: bool) -> bool:
        """Whether to analyse with the frame at ``now_s``."""
        every_s, share_max = ANALYSE_EVERY_S if busy else ANALYSE_IDLE_S, ANALYSE_SHARE_MAX
        if topping:
            every_s, share_max = TOP_EVERY_S, TOP_SHARE_MAX
        return now_s - self._analysed_s >= max(every_s, self._cost_s / share_max)

    def begin(self, now_s: float) -> None:
        """An analysis is tried with this frame; the next one counts from here even when there is too little to see."""
        self._analysed_s = now_s

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Measures what the analysis inside the block costs."""
        started_s = self._clock()
        yield
        self._cost_s = self._clock() - started_s
