"""Did the load come along? Compares the floor around the feet while standing, with the load there and without."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from formcheck.core.poses import FloatArray
from formcheck.motion.reps import Cycle

STANDING_BEFORE_S = 0.3
"""The lifter must be seen standing at the load for this long before the first descent."""

MUCH_CLOSER = 0.5
"""A stand resembles one group much more than another when its distance to it is less than this share."""

NEARER = 0.8
"""At the top of a stand without the load the floor differs from how it looked at the bottoms, where the load was on it
in either case, by no more than this share of what it differs at the tops with the load. Stands in clips and samples
read 0.24-0.75, two tops with the load 0.87-1.0."""

APART = 0.55
"""Between the two kinds of tops it differs by at least this share of that: 0.6-1.5, and 0.02-0.49 between two tops with
the load."""

SAME_BOTTOM = 0.6
"""A bottom that differs from the others of the set by more than this share of what its top does shows another scene."""

DARKEST = 0.02
"""A floor darker than this share of white, or of how bright it was, shows nothing."""

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
"""What is known of the floor when the first sample is in the middle of a set and nobody knows how the floor looked
before it."""


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
    stand when the floor at its top looks more like the floor at the bottoms, where the load always is, than it does at
    the top of the others. Where the floor at the bottoms does not tell, a stand is a cycle whose top looks as the floor
    did before anything was lifted, while it looks different, and the same, at the top of all the others. A video may
    begin with the load in the hands, though: where the first cycle and one in the middle look as before, nobody knows
    which of the two kinds are the stands.

    Parameters
    ----------
    time_s : (T,) seconds. floor : (T, rows, columns) grey picture of the floor. place : (T,) number of the place.
    cycles : in order.
    known : how the floor looked before, when the first sample is in the middle of a set.
    """
    if not cycles:
        return ()
    tops = [(cycle.top_from, cycle.top_to) for cycle in cycles]
    told = None if known else _by_bottoms(floor, place, cycles)
    if told is not None:
        return tuple(i in told for i in range(len(cycles)))
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


def _by_bottoms(floor: FloatArray, place: FloatArray, cycles: Sequence[Cycle]) -> set[int] | None:
    """Which cycles are stands without the load, told from the floor at the bottoms; None where that cannot be told."""
    here = _usual_place(np.concatenate([place[cycle.top_from : cycle.top_to + 1] for cycle in cycles]))
    tops = [_picture(floor, place, here, cycle.top_from, cycle.top_to) for cycle in cycles]
    bottoms = [_picture(floor, place, here, cycle.bottom_from, cycle.bottom_to) for cycle in cycles]
    seen = [bottom for bottom in bottoms if np.isfinite(bottom).all()]
    # Where the feet, or the camera, do not stay in place pictures of one place cannot be compared either.
    if not seen or not np.isfinite(tops).all():
        return None
    usual = np.asarray(np.median(seen, axis=0))
    away = {i: _difference_in_shape(top, usual) for i, top in enumerate(tops)}
    away = {
        i: by
        for i, by in away.items()
        if not np.isfinite(bottoms[i]).all() or _difference_in_shape(bottoms[i], usual) <= SAME_BOTTOM * max(by, NOISE)
    }
    order = sorted(away, key=lambda i: away[i])
    for count in range(len(order) - 1, 0, -1):
        stands, lifted = order[:count], order[count:]
        # A lifter who stands up without the load twice in a row has turned to something else.
        in_a_row = any(b - a == 1 for a, b in itertools.pairwise(sorted(stands)))
        if not in_a_row and all(_stands_out(tops[a], tops[b], away[a], away[b]) for a in stands for b in lifted):
            return set(stands)
    return None


def _stands_out(stand: FloatArray, lifted: FloatArray, stand_away: float, lifted_away: float) -> bool:
    """Whether one top shows the load on the floor if the other does not, by how far each is from the bottoms."""
    if stand_away > NEARER * lifted_away:
        return False
    return _difference_in_shape(stand, lifted) >= max(APART * lifted_away, NOISE)


def _difference_in_shape(picture: FloatArray, reference: FloatArray) -> float:
    """Difference after the brightness has been made equal, as pictures fade and cameras adapt."""
    gain = float(np.median(picture / np.maximum(reference, DARKEST)))
    return _difference(picture / gain, reference) if gain > DARKEST else float("inf")


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
