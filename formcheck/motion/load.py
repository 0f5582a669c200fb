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
    if len(cycles) < 2:
        return tuple(result)
    # Where the feet stand is known best at the top; at the bottom plates hide the ankles and the landmarks wander.
    here = _usual_place(np.concatenate([place[cycle.top_from : cycle.top_to + 1] for cycle in cycles]))
    earlier = np.flatnonzero(place[: cycles[0].before + 1] == here)
    if len(earlier) == 0 or time_s[earlier[-1]] - time_s[earlier[0]] < STANDING_BEFORE_S:
        return tuple(result)
    before = np.median(floor[earlier], axis=0)
    pictures = [_picture(floor, place, here, cycle.top_from, cycle.top_to) for cycle in cycles]
    if not np.isfinite(pictures).all():
        return tuple(result)
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


def _usual_place(place: FloatArray) -> float:
    known = place[np.isfinite(place)]
    if len(known) == 0:
        return float("nan")
    numbers, counts = np.unique(known, return_counts=True)
    return float(numbers[counts.argmax()])


def _picture(floor: FloatArray, place: FloatArray, here: float, start: int, stop: int) -> FloatArray:
    """Median picture of one place over the closed range; NaN when it was not seen then."""
    seen = place[start : stop + 1] == here
    if not seen.any():
        return np.full(floor.shape[1:], np.nan)
    return np.asarray(np.median(floor[start : stop + 1][seen], axis=0))


def _difference(a: FloatArray, b: FloatArray) -> float:
    return float(np.abs(a - b).mean())
