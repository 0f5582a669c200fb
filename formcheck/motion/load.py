"""Did the load come along? Compares the floor around the feet while standing, with the load there and without."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from formcheck.motion.reps import Cycle
from formcheck.poses import FloatArray

STANDING_BEFORE_S = 0.3
"""The lifter must be seen standing at the load for this long before the first descent."""

MUCH_CLOSER = 0.5
"""A stand resembles one group much more than another when its distance to it is less than this share."""

NOISE = 0.004
"""Mean difference of two pictures of an unchanged floor, on a scale of 0..1."""


def empty_handed(time_s: FloatArray, floor: FloatArray, place: FloatArray, cycles: Sequence[Cycle]) -> tuple[bool, ...]:
    """For each cycle, True when the lifter stood up and the load stayed on the floor.

    Lifters touch the bar before a set, and stand up from it when it is done. Only the first and the last cycle can be
    such a stand, and only when the floor then looks as it did before anything was lifted, while it looks different,
    and the same, at the top of all other repetitions.

    Parameters
    ----------
    time_s : (T,) seconds. floor : (T, rows, columns) grey picture of the floor. place : (T,) number of the place.
    cycles : in order.
    """
    result = [False] * len(cycles)
    if len(cycles) < 2 or time_s[cycles[0].before] - time_s[0] < STANDING_BEFORE_S:
        return tuple(result)
    before, here = _picture(floor, place, 0, cycles[0].before)
    tops = [_picture(floor, place, cycle.top_from, cycle.top_to) for cycle in cycles]
    for candidate in (len(cycles) - 1, 0):
        loaded = [picture for i, (picture, at) in enumerate(tops) if i != candidate and not result[i] and at == here]
        picture, at = tops[candidate]
        if at != here or not loaded:
            continue
        to_before = _difference(picture, before)
        to_loaded = float(np.median([_difference(picture, other) for other in loaded]))
        among = [_difference(a, b) for i, a in enumerate(loaded) for b in loaded[i + 1 :]]
        result[candidate] = (
            to_loaded > NOISE
            and to_before < MUCH_CLOSER * to_loaded
            and (not among or float(np.median(among)) < MUCH_CLOSER * to_loaded)
        )
    return tuple(result)


def _picture(floor: FloatArray, place: FloatArray, start: int, stop: int) -> tuple[FloatArray, float]:
    """Median picture of the most usual place over the closed range, and that place (NaN when none was seen)."""
    seen = place[start : stop + 1]
    known = seen[np.isfinite(seen)]
    if len(known) == 0:
        return np.full(floor.shape[1:], np.nan), float("nan")
    numbers, counts = np.unique(known, return_counts=True)
    usual = float(numbers[counts.argmax()])
    return np.median(floor[start : stop + 1][seen == usual], axis=0), usual


def _difference(a: FloatArray, b: FloatArray) -> float:
    return float(np.abs(a - b).mean())
