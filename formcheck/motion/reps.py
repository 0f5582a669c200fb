"""Find repetitions: cycles of the shoulders going down and up again, whatever the lift.

Limits here are loose on purpose. They only say what is a repetition at all; what is a good one is judged elsewhere.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

import numpy as np
from scipy import signal

from formcheck.core.poses import FloatArray

SMALLEST_DESCENT = 0.08
"""A cycle lowers the shoulders by at least this share of standing shoulder height above the ankles."""

RETURN_SHARE = 0.5
"""Between two bottoms the shoulders must come back up by this share of the shallower descent, or they are one
bottom."""

RISE_SHARE = 0.5
"""A repetition must rise by this share of its descent; less is an attempt that was given up."""

SHORTEST_RISE_S = 0.1
"""Nobody lifts faster; a quicker rise is a tracking error."""

LONGEST_UNSEEN_S = 2.5
"""Across a longer gap in tracking no movement is assumed."""

BRINK_GAP_S = 0.3
"""Only a gap in tracking longer than this casts doubt on a bottom beside it."""

GAP_BRINK_S = 0.1
"""A bottom this close to such a gap is not believed..."""

REST_SEEN_S = 0.3
"""...unless the rest at that bottom was seen for at least this long after the gap: then the whole ascent was, too."""

SEPARATING_GAP_S = 0.5
"""Nobody knows what happened in a gap in tracking longer than this."""

REST_BAND = 0.12
"""Within this share of a cycle's travel from an extreme the lifter counts as resting there."""


STOOD_S = 0.25
"""Shoulders that stay within `STOOD_DEPTH` of standing, and within `STILL_DEPTH` of each other, for this long have been
at the top."""

STOOD_DEPTH = 0.15
"""As a share of the depth of the bottom beside that stand."""

STILL_DEPTH = 0.06
"""As a share of the same. Shoulders that rise by more out of a stand are those of somebody who comes nearer the camera
and grows."""

MOVE_BAND = 0.04
"""The ascent really begins and ends within this share of its travel from its ends."""

MOVE_SEARCH_S = 0.2
"""These instants are looked for this much further than `REST_BAND` reaches."""

HALF_SEEN_SHARE = 0.35
"""The bottom was in a gap in tracking if the lifter was lost below this share of the set's usual depth, after a descent
of `GOING_DOWN_S` at least, and is found again higher."""

GOING_DOWN_S = 0.25

CUT_INTO_SHARE = 0.8
"""The first repetition was under way when the samples begin if the shoulders then rise, by `RISING_PER_S`, from less
than this share of the set's usual depth."""

RISING_PER_S = 0.1
"""In standing heights a second."""

STICKING_DIP = 0.15
"""A sticking region slows the ascent by at least this share of the speed before it."""


@dataclass(frozen=True)
class Cycle:
    """One bottom and the rise out of it; sample indices into the signals it was found in.

    Attributes
    ----------
    before : last sample of the rest at the top before the descent, or the first sample seen of it.
    bottom_from, bottom_to : first and last sample of the rest at the bottom.
    bottom : sample of the lowest shoulders.
    top_from : first sample at the top after the rise.
    top : sample of the highest shoulders before the next descent.
    top_to : last sample at the top.
    after : last sample of the following descent (next bottom's start), or the last sample seen of it.
    descent, rise : travel of the shoulders into and out of the bottom, in standing heights.
    half_seen : True when the bottom fell into a gap in tracking, or before the first sample; ``bottom`` is then the
        lowest sample that was seen, and nobody knows the posture at the real one.
    """

    before: int
    bottom_from: int
    bottom: int
    bottom_to: int
    top_from: int
    top: int
    top_to: int
    after: int
    descent: float
    rise: float
    half_seen: bool = False


def find_cycles(
    time_s: FloatArray, shoulder_height: FloatArray, usual_depth: float = float("nan")
) -> tuple[Cycle, ...]:
    """All bottoms followed by a rise.

    Parameters
    ----------
    time_s : (T,) seconds, strictly rising.
    shoulder_height : (T,) 1.0 = standing; NaN where not measured.
    usual_depth : how far below standing the bottoms of the set are, where these samples show none but the first; see
        `depths`.
    """
    if len(time_s) == 0:
        return ()
    depth = _bridged_depth(time_s, shoulder_height)
    bottoms = _bottoms(depth, _long_gaps(time_s, shoulder_height))
    cycles = _cycles(depth, bottoms, time_s)
    gaps_s = [_gap_at(cycle, time_s, shoulder_height) for cycle in cycles]
    # Even one that is not believed parts its neighbours.
    whole = [
        cycle
        for cycle, gap_s in zip(cycles, gaps_s, strict=True)
        if gap_s is None and _is_repetition(cycle, time_s, shoulder_height)
    ]
    seen_deep = [float(depth[cycle.bottom]) for cycle in whole if cycle.bottom > 0]
    usual_depth = float(np.median(seen_deep)) if seen_deep else usual_depth
    found = []
    for cycle, gap_s in zip(cycles, gaps_s, strict=True):
        if gap_s is not None and _lost_during_the_descent(cycle, depth, time_s, gap_s, usual_depth):
            found.append(replace(cycle, half_seen=True))
        elif cycle in whole:
            found.append(replace(cycle, half_seen=_cut_into(cycle, depth, time_s, usual_depth)))
    return tuple(found)


def later(cycle: Cycle, samples: int) -> Cycle:
    """The same cycle in signals that begin this many samples earlier."""
    moved = {field.name: getattr(cycle, field.name) + samples for field in fields(cycle) if field.type == "int"}
    return replace(cycle, **moved)


def depths(shoulder_height: FloatArray, cycles: Iterable[Cycle]) -> list[float]:
    """How far below standing the bottoms are that were really seen, in standing heights."""
    lowest = [
        1.0 - float(shoulder_height[cycle.bottom]) for cycle in cycles if cycle.bottom > 0 and not cycle.half_seen
    ]
    return [depth for depth in lowest if np.isfinite(depth)]


def rise_instants(time_s: FloatArray, shoulder_height: FloatArray, cycle: Cycle) -> tuple[int, int]:
    """Samples at which the ascent really begins and ends: within `MOVE_BAND` instead of `REST_BAND` of its ends.

    The wide band is safe against wobbling, but a smooth rise stays inside it for a tenth of a second and more. The
    search goes no further than `MOVE_SEARCH_S` beyond it.
    """
    depth = _bridged_depth(time_s, shoulder_height)
    travel = MOVE_BAND * max(cycle.rise, SMALLEST_DESCENT)
    earliest = max(cycle.bottom, int(np.searchsorted(time_s, time_s[cycle.bottom_to] - MOVE_SEARCH_S)))
    latest = min(cycle.top, int(np.searchsorted(time_s, time_s[cycle.top_from] + MOVE_SEARCH_S)))
    begins = _last_above(depth, earliest, max(earliest, cycle.bottom_to), depth[cycle.bottom] - travel)
    ends = _first_below(depth, cycle.top_from, max(latest, cycle.top_from), depth[cycle.top] + travel)
    return max(begins, earliest), min(ends, max(latest, cycle.top_from))


def sticking_region(time_s: FloatArray, height: FloatArray, start: int, stop: int) -> tuple[int, int] | None:
    """First and last sample of the stretch in which an ascent slows down, or None where it does not.

    From the first peak of the speed to its minimum before the last one, over the closed sample range.
    """
    up = height[start : stop + 1]
    if len(up) < 5 or not np.isfinite(up).all():
        return None
    speed = np.gradient(up, time_s[start : stop + 1])
    peaks, _ = signal.find_peaks(speed)
    if len(peaks) < 2:
        return None
    slowest = int(peaks[0] + np.argmin(speed[peaks[0] : peaks[-1] + 1]))
    if speed[slowest] >= (1.0 - STICKING_DIP) * speed[peaks[0]]:
        return None
    return start + int(peaks[0]), start + slowest


def _bridged_depth(time_s: FloatArray, shoulder_height: FloatArray) -> FloatArray:
    known = np.isfinite(shoulder_height)
    if known.sum() < 4:
        return np.zeros(len(time_s))
    return np.asarray(np.interp(time_s, time_s[known], 1.0 - shoulder_height[known]))


def _long_gaps(time_s: FloatArray, shoulder_height: FloatArray) -> list[float]:
    """Sample positions in the middle of gaps in tracking longer than `SEPARATING_GAP_S`."""
    known = np.flatnonzero(np.isfinite(shoulder_height))
    long = np.flatnonzero(np.diff(time_s[known]) > SEPARATING_GAP_S)
    return [float(known[i] + known[i + 1]) / 2.0 for i in long]


def _bottoms(depth: FloatArray, gaps: list[float]) -> list[int]:
    """Lowest sample of every separate descent; two low points on both sides of a gap are never taken for one."""
    # Standing before and after the clip is assumed, so that a set that starts or ends at the bottom has that bottom.
    padded = np.concatenate([[0.0], depth, [0.0]])
    peaks, _ = signal.find_peaks(padded, prominence=SMALLEST_DESCENT)
    bottoms: list[int] = []
    for peak in (peaks - 1).tolist():
        if bottoms and not any(bottoms[-1] < gap < peak for gap in gaps):
            between = float(depth[bottoms[-1] : peak + 1].min())
            shallower = min(depth[bottoms[-1]], depth[peak])
            if between > (1.0 - RETURN_SHARE) * shallower:
                if depth[peak] > depth[bottoms[-1]]:
                    bottoms[-1] = peak
                continue
        bottoms.append(peak)
    return bottoms


def _gap_at(cycle: Cycle, time_s: FloatArray, shoulder_height: FloatArray) -> tuple[float, float] | None:
    """Times at which the lifter was lost and found again around a bottom at the brink of a gap in tracking.

    Landmarks slip just before they are lost and just after, so such a low point is not believed by itself. None where
    there is no such gap, or where the lifter rested at the bottom long enough after it.
    """
    known_s = time_s[np.isfinite(shoulder_height)]
    gaps = np.flatnonzero(np.diff(known_s) > BRINK_GAP_S)
    lost_s, found_s = known_s[gaps], known_s[gaps + 1]
    bottom_s, rested_s = time_s[cycle.bottom], time_s[cycle.bottom_to]
    at_brink = (lost_s - GAP_BRINK_S < bottom_s) & (bottom_s < found_s + GAP_BRINK_S)
    near = np.flatnonzero(at_brink & (rested_s < found_s + REST_SEEN_S))
    return (float(lost_s[near[0]]), float(found_s[near[0]])) if len(near) else None


def _lost_during_the_descent(
    cycle: Cycle, depth: FloatArray, time_s: FloatArray, gap_s: tuple[float, float], usual_depth: float
) -> bool:
    """Whether the lifter was well into the descent when lost, and came up again until found, or after that."""
    lost, found = np.searchsorted(time_s, gap_s)
    earlier = max(cycle.before, int(np.searchsorted(time_s, gap_s[0] - GOING_DOWN_S)))
    descent = np.diff(depth[earlier : lost + 1])
    return bool(
        gap_s[1] - gap_s[0] <= LONGEST_UNSEEN_S
        and depth[lost] >= HALF_SEEN_SHARE * usual_depth
        and time_s[lost] - time_s[cycle.before] >= GOING_DOWN_S
        and len(descent) > 0
        # It slows towards the bottom, and rests there.
        and descent.min() >= -MOVE_BAND * usual_depth
        and depth[cycle.bottom] - depth[cycle.top] >= RISE_SHARE * depth[lost]
        and depth[found] <= depth[lost] + SMALLEST_DESCENT
    )


def _cut_into(cycle: Cycle, depth: FloatArray, time_s: FloatArray, usual_depth: float) -> bool:
    """Whether the first sample shows somebody already in the ascent."""
    if cycle.bottom > 0 or not depth[0] < CUT_INTO_SHARE * usual_depth:
        return False
    soon = int(np.searchsorted(time_s, time_s[0] + SHORTEST_RISE_S))
    return bool(depth[0] - depth[min(soon, len(depth) - 1)] > RISING_PER_S * SHORTEST_RISE_S)


def _cycles(depth: FloatArray, bottoms: list[int], time_s: FloatArray) -> list[Cycle]:
    if not bottoms:
        return []
    # The highest point between two bottoms ends one cycle and begins the next.
    edges = [_stood_from(depth, bottoms[0], time_s), *bottoms, _stood_to(depth, bottoms[-1], time_s)]
    tops = [a + int(depth[a : b + 1].argmin()) for a, b in itertools.pairwise(edges)]
    cycles = []
    for index, bottom in enumerate(bottoms):
        top_before, top = tops[index], tops[index + 1]
        next_bottom = edges[index + 2]
        descent, rise = float(depth[bottom] - depth[top_before]), float(depth[bottom] - depth[top])
        low = depth[bottom] - REST_BAND * max(rise, SMALLEST_DESCENT)
        high = depth[top] + REST_BAND * max(rise, SMALLEST_DESCENT)
        cycles.append(
            Cycle(
                before=_last_below(
                    depth, top_before, bottom, depth[top_before] + REST_BAND * max(descent, SMALLEST_DESCENT)
                ),
                bottom_from=_first_above(depth, top_before, bottom, low),
                bottom=bottom,
                bottom_to=_last_above(depth, bottom, top, low),
                top_from=_first_below(depth, bottom, top, high),
                top=top,
                top_to=_last_below(depth, top, next_bottom, high),
                after=_descended(depth, top, next_bottom, is_last=index + 1 == len(bottoms)),
                descent=descent,
                rise=rise,
            )
        )
    return cycles


def _stood_to(depth: FloatArray, bottom: int, time_s: FloatArray) -> int:
    """Last sample of the first stand after the last bottom, or of all where there is none."""
    return bottom + _stand_end(depth[bottom:], time_s[bottom:])


def _stood_from(depth: FloatArray, bottom: int, time_s: FloatArray) -> int:
    """First sample of the last stand before the first bottom, or of all where there is none."""
    return bottom - _stand_end(depth[bottom::-1], -time_s[bottom::-1])


def _stand_end(depth: FloatArray, time_s: FloatArray) -> int:
    """Last sample of the first stand after the bottom that the samples begin with, or of all."""
    stood = np.abs(depth) <= STOOD_DEPTH * depth[0]
    still = STILL_DEPTH * depth[0]
    for start in np.flatnonzero(stood):
        stop = int(np.searchsorted(time_s, time_s[start] + STOOD_S)) + 1
        if stop > len(depth) or not stood[start:stop].all() or np.ptp(depth[start:stop]) > still:
            continue
        left = np.flatnonzero(~stood[start:] | (depth[start:] < np.median(depth[start:stop]) - still))
        return int(start + left[0]) - 1 if len(left) else len(depth) - 1
    return len(depth) - 1


def _descended(depth: FloatArray, top: int, next_bottom: int, is_last: bool) -> int:
    """Where the descent from a top ends; the last sample when the signals end before any."""
    descent = float(depth[next_bottom] - depth[top])
    if is_last and descent < SMALLEST_DESCENT:
        return next_bottom
    return _first_above(depth, top, next_bottom, depth[next_bottom] - REST_BAND * descent)


def _first_above(values: FloatArray, start: int, stop: int, limit: float) -> int:
    """First sample of the closed range whose run up to ``stop`` stays at or above the limit."""
    below = np.flatnonzero(values[start : stop + 1] < limit)
    return start + int(below[-1]) + 1 if len(below) else start


def _last_above(values: FloatArray, start: int, stop: int, limit: float) -> int:
    below = np.flatnonzero(values[start : stop + 1] < limit)
    return start + int(below[0]) - 1 if len(below) else stop


def _first_below(values: FloatArray, start: int, stop: int, limit: float) -> int:
    return _first_above(-values, start, stop, -limit)


def _last_below(values: FloatArray, start: int, stop: int, limit: float) -> int:
    return _last_above(-values, start, stop, -limit)


def _is_repetition(cycle: Cycle, time_s: FloatArray, shoulder_height: FloatArray) -> bool:
    if cycle.rise < SMALLEST_DESCENT or cycle.rise < RISE_SHARE * cycle.descent:
        return False
    if time_s[cycle.top_from] - time_s[cycle.bottom_to] < SHORTEST_RISE_S:
        return False
    # Only the ascent must be seen: a lifter who is hidden while standing there has come up all the same.
    known_s = time_s[cycle.bottom : cycle.top_from + 1][np.isfinite(shoulder_height[cycle.bottom : cycle.top_from + 1])]
    return len(known_s) >= 3 and float(np.diff(known_s, append=time_s[cycle.top_from]).max()) <= LONGEST_UNSEEN_S
