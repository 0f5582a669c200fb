"""Which repetitions of a set that is still growing are over, as in a live view or a video looked at so far."""

from __future__ import annotations

import math

import numpy as np

from formcheck.judging.report import Report, RepReport
from formcheck.motion.signals import Signals

TOP_HELD_S = 0.05
"""The last repetition is counted when its ascent ended this long ago..."""

TOP_RISING_PER_S = 0.2
"""...or when the shoulders rise more slowly than this, in standing heights a second: some creep on for a second."""

RISING_OVER_S = 0.15
"""Their speed is measured over this much time."""

PARTIAL_AFTER_S = 1.0
"""A repetition that ended short of standing is counted when this much time has brought no more."""


def finished_reps(report: Report, now_s: float) -> list[RepReport]:
    """The repetitions that are over in what was seen until ``now_s``."""
    rising = rising_per_s(report.signals)
    return [rep for rep in report.reps if is_finished(rep, rep is report.reps[-1], now_s, rising)]


def is_finished(rep: RepReport, last: bool, now_s: float, rising_per_s: float) -> bool:
    """Whether a repetition of a growing set is over: it came up and slowed down, or another one or nothing follows.

    ``rising_per_s`` is how fast the shoulders rise right now, in standing heights a second; NaN = not known.
    """
    if not last:
        return True
    if rep.partial:
        return now_s - rep.lockout_s >= PARTIAL_AFTER_S
    return now_s - rep.lockout_s >= TOP_HELD_S or rising_per_s < TOP_RISING_PER_S


def rising_per_s(signals: Signals | None) -> float:
    """How fast the shoulders rose lately, at the end of the signals; NaN where they were not seen."""
    if signals is None or len(signals) < 2:
        return math.nan
    height, time_s = signals.shoulder_height, signals.time_s
    before = int(np.searchsorted(time_s, time_s[-1] - RISING_OVER_S))
    return float((height[-1] - height[before]) / max(time_s[-1] - time_s[before], 1e-3))
