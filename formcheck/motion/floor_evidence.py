"""Did the load come along? Compares the floor around the feet while standing, with the load there and without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from formcheck.core.poses import FloatArray
from formcheck.motion.reps import Cycle

STANDING_BEFORE_S = 0.3
"""The lifter must be seen standing at the load for this long before the first descent."""

MUCH_CLOSER = 0.5
"""A stand resembles one group much more than another when its distance to it is less than this share."""

NOISE = 0.004
"""Mean difference of two pictures of an unchanged floor, on a scale of 0..1."""


@dataclass(frozen=True)
class Floors:
    """How the floor looks, all of it seen at one place.

    Attributes
    ----------
    place : its number, see `formcheck.vision.floor`.
    before : (rows, columns) grey picture before anything was lifted.
    lifted : such pictures at the top of repetitions.
    """

    place: float
    before: FloatArray
    lifted: tuple[FloatArray, ...] = ()


UNKNOWN_FLOORS = Floors(float("nan"), np.empty(0))
"""Of a set in whose midst the first sample lies, when nobody knows how the floor looked before it."""


def floors_of(
    time_s: FloatArray,
    floor: FloatArray,
    place: FloatArray,
    stood_to: int,
    tops: Sequence[tuple[int, int]],
) -> Floors | None:
    """The floor before the first descent and at the top of each repetition; None where it was not seen long enough.

    Parameters
    ----------
    time_s : (T,) seconds. floor : (T, rows, columns) grey picture of the floor. place : (T,) number of the place.
    stood_to : last sample before the first descent.
    tops : first and last sample at the top of each repetition; those without a look at the floor are left out.
    """
    if not tops:
        return None
    # Where the feet stand is known best at the top; at the bottom plates hide the ankles and the landmarks wander.
    here = _usual_place(np.concatenate([place[start : stop + 1] for start, stop in tops]))
    earlier = np.flatnonzero(place[: stood_to + 1] == here)
    if len(earlier) == 0 or time_s[earlier[-1]] - time_s[earlier[0]] < STANDING_BEFORE_S:
        return None
    pictures = [_picture(floor, place, here, start, stop) for start, stop in tops]
    lifted = tuple(picture for picture in pictures if np.isfinite(picture).all())
    return Floors(here, np.asarray(np.median(floor[earlier], axis=0)), lifted)


def empty_handed(
    time_s: FloatArray,
    floor: FloatArray,
    place: FloatArray,
    cycles: Sequence[Cycle],
    known: Floors | None = None,
) -> tuple[bool, ...]:
    """For each cycle, True when the lifter stood up and the load stayed on the floor.

    Lifters touch the bar before a set, and stand up from it when it is done or between repetitions. A cycle is such a
    stand only when the floor then looks as it did before anything was lifted, while it looks different, and the same,
    at the top of all the others. A video may begin with the load in the hands, though: where the first cycle and one in
    the midst look as before, nobody knows which of the two kinds are the stands.

    Parameters
    ----------
    time_s : (T,) seconds. floor : (T, rows, columns) grey picture of the floor. place : (T,) number of the place.
    cycles : in order.
    known : how the floor looked before, when the first sample lies in the midst of a set.
    """
    if not cycles:
        return ()
    tops = [(cycle.top_from, cycle.top_to) for cycle in cycles]
    floors = known or floors_of(time_s, floor, place, cycles[0].before, tops)
    if floors is None:
        return (False,) * len(cycles)
    pictures = [_picture(floor, place, floors.place, start, stop) for start, stop in tops]
    pictures += known.lifted if known else ()
    if not np.isfinite(pictures).all():
        return (False,) * len(cycles)
    found = _like_before(floors.before, pictures) & set(range(len(cycles)))
    if known is None and 0 in found and found - {0, len(cycles) - 1}:
        found = set()
    return tuple(i in found for i in range(len(cycles)))


def tells_apart(floors: Floors) -> bool:
    """Whether the floor looked different at the top of all these repetitions than before them."""
    apart = [_difference(picture, floors.before) > NOISE for picture in floors.lifted]
    return bool(apart) and all(apart) and not _like_before(floors.before, floors.lifted)


def came_along(
    floors: Floors, time_s: FloatArray, floor: FloatArray, place: FloatArray, from_s: float, to_s: float
) -> bool:
    """Whether a top that has just begun looks more like the other ones than like the floor before anything was lifted.

    True too where that cannot be told: nobody knows the floor before, the tops, or this one.

    Parameters
    ----------
    time_s, floor, place : as in `floors_of`.
    from_s, to_s : the top as far as it was seen.
    """
    start, stop = sorted(int(at) for at in np.searchsorted(time_s, (from_s, to_s)))
    picture = _picture(floor, place, floors.place, start, stop)
    if not floors.lifted or not np.isfinite(picture).all():
        return True
    to_lifted = float(np.median([_difference(picture, other) for other in floors.lifted]))
    return to_lifted < _difference(picture, floors.before)


def _like_before(before: FloatArray, pictures: Sequence[FloatArray]) -> set[int]:
    """Which pictures look as the floor did before; none unless all others look different, and the same."""
    to_before = np.array([_difference(picture, before) for picture in pictures])
    order = np.argsort(to_before)
    # The last wide step between neighbours parts pictures with the load on the floor from those without.
    steps = to_before[order[1:]] / np.maximum(to_before[order[:-1]], MUCH_CLOSER * NOISE)
    wide = np.flatnonzero(steps > 1.0 / MUCH_CLOSER)
    if len(wide) == 0:
        return set()
    like = {int(i) for i in order[: int(wide[-1]) + 1]}
    lifted = [i for i in range(len(pictures)) if i not in like]
    among = [_difference(pictures[a], pictures[b]) for a in lifted for b in lifted if a < b]
    alike = float(np.median(among)) if among else 0.0

    def lies_there(i: int) -> bool:
        to_lifted = float(np.median([_difference(pictures[i], pictures[k]) for k in lifted]))
        return bool(to_before[i] < MUCH_CLOSER * to_lifted and alike < MUCH_CLOSER * to_lifted)

    return {i for i in like if lies_there(i)}


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
