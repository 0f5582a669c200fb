"""Two repetitions laid over each other by phase: set-up, lift-off, lockout and end of one at those of the other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from formcheck.core.poses import FloatArray
from formcheck.judging.report import RepReport

CLOSEST_S = 0.05
"""Instants closer together than this are one: between them there is no phase to stretch."""

PHASES = ("start_s", "bottom_s", "lift_off_s", "lockout_s", "end_s")
"""Instants of a `RepReport` that every lift has."""


def phase_instants(first: RepReport, second: RepReport) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The instants that both repetitions have, in seconds of each one's own film, both rising and equally many.

    An instant that is missing in one, or that comes in another order there, is left out of both. Empty where fewer than
    two are left: then there is nothing to align by.
    """
    pairs = [
        (getattr(first, name), getattr(second, name))
        for name in PHASES
        if math.isfinite(getattr(first, name) + getattr(second, name))
    ]
    kept: list[tuple[float, float]] = []
    for pair in sorted(pairs):
        if all(later - earlier >= CLOSEST_S for earlier, later in zip(kept[-1], pair, strict=True)) if kept else True:
            kept.append(pair)
    if len(kept) < 2:
        return (), ()
    ones, twos = zip(*kept, strict=True)
    return tuple(ones), tuple(twos)


def aligned(times_s: FloatArray | Sequence[float], first: Sequence[float], second: Sequence[float]) -> FloatArray:
    """The times in the second repetition at which it is in the same phase as the first at ``times_s`` (N,).

    Between two instants phases pass evenly; before the first and after the last one, seconds are seconds.
    """
    times = np.asarray(times_s, dtype=float)
    inside = np.interp(times, first, second)
    before, after = np.minimum(times - first[0], 0.0), np.maximum(times - first[-1], 0.0)
    return np.asarray(inside + before + after)
