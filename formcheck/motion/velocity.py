"""How a moving point goes up and down in one repetition: when, how far, how fast. Arrays in, numbers out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formcheck.core.poses import FloatArray

END_BAND = 0.04
"""An ascent begins and ends this share of its travel from its ends: rests wobble, and a smooth start has no edge."""

SMALLEST_TRAVEL = 0.05
"""In the unit of the heights (standing heights): less is a wobble, not an ascent."""


MOVING = 0.12
"""Heights per second: a point that goes on in its direction this fast has not come to its rest yet."""


@dataclass(frozen=True)
class Stroke:
    """One ascent or descent between two rests; times in seconds, heights and velocities in the unit of the heights.

    Attributes
    ----------
    from_s, to_s : when it leaves one end and reaches the other, within `END_BAND` of the travel.
    low, high : height of its ends; ``travel`` is their difference.
    mean_velocity, peak_velocity : of the vertical movement between ``from_s`` and ``to_s``, always positive.
    """

    from_s: float
    to_s: float
    low: float
    high: float
    mean_velocity: float
    peak_velocity: float

    @property
    def travel(self) -> float:
        return self.high - self.low

    @property
    def duration_s(self) -> float:
        return self.to_s - self.from_s


def stroke_up(time_s: FloatArray, height: FloatArray, start: int, stop: int) -> Stroke | None:
    """The ascent to the highest point of the closed sample range, from the lowest point before it.

    Parameters
    ----------
    time_s, height : (T,); heights are filtered, NaN where not measured.

    Returns
    -------
    None where the point hardly rises, or was not seen all the way.
    """
    part, part_s = height[start : stop + 1], time_s[start : stop + 1]
    if len(part) < 3 or not np.isfinite(part).any():
        return None
    peak = int(np.nanargmax(part))
    if not np.isfinite(part[: peak + 1]).any():
        return None
    bottom = int(np.nanargmin(part[: peak + 1]))
    low, high = float(part[bottom]), float(part[peak])
    if high - low < SMALLEST_TRAVEL:
        return None
    band = END_BAND * (high - low)
    # NaN compares as False, so that a gap is found below rather than taken for an end.
    leaves = bottom + int(np.flatnonzero(part[bottom : peak + 1] <= low + band)[-1])
    arrives = leaves + int(np.flatnonzero(part[leaves : peak + 1] >= high - band)[0])
    if not np.isfinite(part[leaves : arrives + 1]).all():
        return None
    from_s = _crossing(part_s, part, leaves, low + band)
    to_s = _crossing(part_s, part, arrives - 1, high - band)
    if to_s <= from_s:
        return None
    way = slice(leaves, arrives + 1)
    return Stroke(
        from_s=from_s,
        to_s=to_s,
        low=low,
        high=high,
        mean_velocity=(high - low - 2 * band) / (to_s - from_s),
        peak_velocity=float(np.gradient(part[way], part_s[way]).max()),
    )


def stroke_down(time_s: FloatArray, height: FloatArray, start: int, stop: int) -> Stroke | None:
    """The descent from the highest point of the closed sample range to the lowest one after it; see `stroke_up`."""
    last = len(time_s) - 1
    backward = stroke_up(-time_s[::-1], height[::-1], last - stop, last - start)
    if backward is None:
        return None
    return Stroke(
        -backward.to_s, -backward.from_s, backward.low, backward.high, backward.mean_velocity, backward.peak_velocity
    )


def whole_way(
    time_s: FloatArray, height: FloatArray, start: int, stop: int, direction: float, beyond_s: float
) -> tuple[int, int]:
    """The closed sample range widened by some time, and on while the point moves up (+1) or down (-1)."""
    last = len(time_s) - 1
    start = int(np.searchsorted(time_s, time_s[start] - beyond_s))
    stop = min(last, int(np.searchsorted(time_s, time_s[stop] + beyond_s)))
    with np.errstate(invalid="ignore"):
        moves = direction * np.diff(height) / np.diff(time_s) > MOVING
    while start > 0 and moves[start - 1]:
        start -= 1
    while stop < last and moves[stop]:
        stop += 1
    return start, stop


def _crossing(time_s: FloatArray, values: FloatArray, before: int, level: float) -> float:
    """Time at which the values pass the level between a sample and the next one, by linear interpolation."""
    a, b = float(values[before]), float(values[before + 1])
    share = 0.0 if a == b else min(max((level - a) / (b - a), 0.0), 1.0)
    return float(time_s[before] + share * (time_s[before + 1] - time_s[before]))
