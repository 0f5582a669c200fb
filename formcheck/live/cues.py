"""What is called out during a set: at most one cue a repetition, the most urgent first, the back before all else."""

from __future__ import annotations

import math
import re
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from formcheck.core.verdicts import FAULT, FLAGGED, WATCH, Verdict
from formcheck.exercises.framework.check import Check, Finding
from formcheck.judging.report import RepReport
from formcheck.motion.signals import Signals

HELD_S = 0.09
"""A back must be beyond its limit for this long before anything is said."""

WATCH_PAUSE_REPS = 3
"""What is only worth watching is not said again before this many repetitions have passed."""

TOP_HELD_S = 0.05
"""The last repetition is counted when its ascent ended this long ago..."""

TOP_RISING_PER_S = 0.2
"""...or when the shoulders rise more slowly than this, in standing heights a second: some creep on for a second."""

RISING_OVER_S = 0.15
"""Their speed is measured over this much time."""

PARTIAL_AFTER_S = 1.0
"""A repetition that ended short of standing is counted when this much time has brought no more."""


@dataclass(frozen=True)
class Cue:
    """Something to call out: check, words, and the repetition it belongs to (the one under way counts)."""

    check: str
    text: str
    rep: int
    urgent: bool


@dataclass
class Cues:
    """Remembers what was said in a set."""

    _said_in: set[int] = field(default_factory=set)
    _last_watch: dict[str, int] = field(default_factory=dict)
    _beyond_since_s: float | None = None

    def during(self, time_s: float, reps: int, check: Check | None, verdict: Verdict) -> Cue | None:
        """While a repetition is under way: a back that is beyond its fault limit is called at once.

        ``reps`` is the number of finished ones, ``verdict`` that of the gauge.
        """
        if verdict != FAULT or check is None:
            self._beyond_since_s = None
            return None
        if self._beyond_since_s is None:
            self._beyond_since_s = time_s
        if time_s - self._beyond_since_s < HELD_S or reps + 1 in self._said_in:
            return None
        return self._say(Cue(check.id, spoken(check.cue), reps + 1, urgent=True))

    def after(self, rep: RepReport, number: int) -> Cue | None:
        """When repetition ``number`` of the set is over: its worst finding, unless something was said during it."""
        if number in self._said_in:
            return None
        # Checks are listed with the most important first, which is the back.
        for level in FLAGGED:
            for finding in rep.findings:
                if finding.verdict == level and not self._said_lately(finding, number):
                    if level == WATCH:
                        self._last_watch[finding.check] = number
                    return self._say(Cue(finding.check, spoken(finding.cue), number, urgent=level == FAULT))
        return None

    def _said_lately(self, finding: Finding, number: int) -> bool:
        last = self._last_watch.get(finding.check)
        return finding.verdict == WATCH and last is not None and number - last < WATCH_PAUSE_REPS

    def _say(self, cue: Cue) -> Cue:
        self._said_in.add(cue.rep)
        return cue


def spoken(cue: str) -> str:
    """The first sentence of a cue: nobody listens to two under a bar."""
    return re.split(r"(?<=[.!?])\s", cue.strip(), maxsplit=1)[0].rstrip(".")


def is_finished(rep: RepReport, last: bool, now_s: float, rising_per_s: float) -> bool:
    """Whether a repetition of a growing set is over: it came up and slowed down, or another one or nothing follows.

    ``rising_per_s`` is how fast the shoulders rise right now, in standing heights a second; NaN = not known.
    """
    if not last:
        return True
    if rep.partial:
        return now_s - rep.lockout_s >= PARTIAL_AFTER_S
    return now_s - rep.lockout_s >= TOP_HELD_S or rising_per_s < TOP_RISING_PER_S


class Rise:
    """Tells frame by frame, from the height of the shoulders alone, whether they are on their way up."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float]] = deque()

    def follow(self, time_s: float, height: float) -> bool:
        """Whether they rise in this frame; ``height`` in standing heights."""
        while self._recent and self._recent[0][0] < time_s - RISING_OVER_S:
            self._recent.popleft()
        self._recent.append((time_s, height))
        from_s, low = self._recent[0]
        return height - low > TOP_RISING_PER_S * (time_s - from_s)

    def lose(self) -> None:
        """They are not seen."""
        self._recent.clear()


def rising_per_s(signals: Signals | None) -> float:
    """How fast the shoulders rose lately, at the end of the signals; NaN where they were not seen."""
    if signals is None or len(signals) < 2:
        return math.nan
    height, time_s = signals.shoulder_height, signals.time_s
    before = int(np.searchsorted(time_s, time_s[-1] - RISING_OVER_S))
    return float((height[-1] - height[before]) / max(time_s[-1] - time_s[before], 1e-3))
