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
    if any(at != here for _, at in tops):
        return tuple(result)
    pictures = [picture for picture, _ in tops]
    to_before = [_difference(picture, before) for picture in pictures]
    for candidate in (0, len(cycles) - 1):
        # What lies between the first and the last cycle is a set; all of it must look lifted.
        apart = max(NOISE, to_before[candidate] / MUCH_CLOSER)
        lifted = [i for i in range(len(cycles)) if i != candidate and to_before[i] > apart]
        if not lifted or not set(range(1, len(cycles) - 1)) - {candidate} <= set(lifted):
            continue
        to_lifted = float(np.median([_difference(pictures[candidate], pictures[i]) for i in lifted]))
        among = [_difference(pictures[a], pictures[b]) for a in lifted for b in lifted if a < b]
        result[candidate] = to_before[candidate] < MUCH_CLOSER * to_lifted and (
            not among or float(np.median(among)) < MUCH_CLOSER * to_lifted
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
