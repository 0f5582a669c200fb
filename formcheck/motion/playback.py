"""Was the film slowed down or sped up? Gravity and muscles set how fast bodies move; a film that was changed shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from formcheck.core.poses import FloatArray
from formcheck.motion.cleaning import smooth
from formcheck.motion.reps import Cycle
from formcheck.motion.signals import Signals

CUTOFF_HZ = 2.0
"""Slowed films often repeat frames; below this the steps between them are gone."""

SLOW_PER_S = 0.40
"""A film is slow when the shoulders go up and down no faster than this, in standing heights a second, and never speed
up or slow down by more than `SLOW_PER_S2`: nobody moves like that, not even under a heavy bar, which is slow in its
ascent only."""

SLOW_PER_S2 = 0.70
"""In standing heights a second squared. Over 86 clips and samples at their own speed the slowest set of several
repetitions read 0.79; slowed down four times 83 of them would read less than the limit, three times 76, twice 40."""

SLOW_ALONE_PER_S2 = 0.40
"""The same where the descent is not seen, or there is one repetition only: a single at the lifter's limit read 0.48."""

SLOW_RISE_MIN = 0.15
"""Smaller movements than this, in standing heights, may be as slow as one likes: pressing overhead, breathing, swaying.
The smallest repetition of a lift on the same clips, a swing's, rises by 0.17."""

FAST_PER_S = 1.7
"""A film is fast when the shoulders rise faster than this, in standing heights a second, and all the way within
`FAST_RISE_S`, over most repetitions: that would take the feet off the floor. The fastest real sets read 1.61 within
0.33 s and 1.22 within 0.17 s."""

FAST_RISE_S = 0.3

FEET_DOWN = 0.10
"""Ankles that rise by less than this, in standing heights, did not jump."""

USUAL_PER_S = 0.7
"""Median of the speed upwards over the same clips."""


@dataclass(frozen=True)
class Playback:
    """How the film seems to have been changed: ``slow_motion`` > 1 slowed down about this many times, < 1 sped up."""

    slow_motion: float = 1.0

    @property
    def is_slow(self) -> bool:
        return self.slow_motion > 1.0

    @property
    def is_fast(self) -> bool:
        return self.slow_motion < 1.0


def playback_of(stretches: Sequence[tuple[Signals, Sequence[Cycle]]]) -> Playback:
    """What the speed of all repetitions says together; factor 1 where nothing speaks against the film's own clock."""
    rows = [row for signals, cycles in stretches for row in _speeds(signals, cycles)]
    if not rows:
        return Playback()
    up, down, change, feet, fastest, rise_s = (_median(np.array(column)) for column in zip(*rows, strict=True))
    sure = len(rows) > 1 and down > SLOW_PER_S / 4
    if up <= SLOW_PER_S and down <= SLOW_PER_S and change <= (SLOW_PER_S2 if sure else SLOW_ALONE_PER_S2):
        return Playback(float(max(2, round(USUAL_PER_S / up))) if up > 0 else 2.0)
    if fastest >= FAST_PER_S and rise_s <= FAST_RISE_S and feet <= FEET_DOWN:
        return Playback(1.0 / max(2, round(fastest / USUAL_PER_S)))
    return Playback()


def _speeds(signals: Signals, cycles: Sequence[Cycle]) -> list[tuple[float, ...]]:
    """For each cycle the fastest ascent and descent, the strongest change of speed, how far the ankles rise, the
    fastest ascent without the low-pass for slow films, and the duration of the ascent."""
    whole = [cycle for cycle in cycles if not cycle.half_seen and _rise(signals, cycle) >= SLOW_RISE_MIN]
    if not whole or len(signals) < 3:
        return []
    height = smooth(signals.time_s, signals.shoulder_height, CUTOFF_HZ)
    speed = np.gradient(height, signals.time_s)
    change = np.abs(np.gradient(speed, signals.time_s))
    unfiltered = np.gradient(signals.shoulder_height, signals.time_s)
    rows: list[tuple[float, ...]] = []
    for cycle in whole:
        part = slice(cycle.before, cycle.top_to + 1)
        known = np.isfinite(change[part])
        if known.sum() >= 3:
            up, down = float(np.nanmax(speed[part])), float(np.nanmax(-speed[part]))
            feet = signals.foot_lift[part]
            lifted = float(np.nanpercentile(feet, 95)) if np.isfinite(feet).any() else 0.0
            fastest = float(np.nanmax(unfiltered[cycle.bottom : cycle.top_to + 1]))
            rise_s = float(signals.time_s[cycle.top_from] - signals.time_s[cycle.bottom_to])
            rows.append((up, down, float(np.percentile(change[part][known], 95)), lifted, fastest, rise_s))
    return rows


def _rise(signals: Signals, cycle: Cycle) -> float:
    """In standing heights; 0 where the shoulders were not seen."""
    height = signals.shoulder_height[cycle.bottom : cycle.top_to + 1]
    return float(np.nanmax(height) - np.nanmin(height)) if np.isfinite(height).any() else 0.0


def _median(values: FloatArray) -> float:
    return float(np.median(values))
