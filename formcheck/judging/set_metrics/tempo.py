"""How long each repetition goes down, rests and goes up, and how far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from formcheck.core.poses import FloatArray
from formcheck.exercises.framework.exercise import Exercise, Rep
from formcheck.motion.signals import Signals
from formcheck.motion.velocity import Stroke, stroke_down, stroke_up, whole_way

STATURES_PER_SHOULDER_HEIGHT = 0.76
"""Height of the shoulders above the ankles, in which signals are, as a share of stature, in which the set is told:
0.818 - 0.039 up to the acromion (Drillis and Contini; Winter 2009), and the joint that the model shows is a little
lower; 0.757 +- 0.014 in rendered lifters."""

BEYOND_S = 0.2
"""The ends of an ascent or descent are within this time of those found from the shoulders, or where the point comes to
rest later."""


WHOLE_WAY_DOWN = 0.6
"""A descent of less than this share of the ascent was not seen to its end, or the bar was dropped."""


@dataclass(frozen=True)
class Tempo:
    """The two ways of one repetition and the rests between them; NaN and None = not seen to the end.

    Heights and velocities of the strokes are in statures.
    """

    concentric: Stroke | None
    eccentric: Stroke | None
    bottom_pause_s: float
    top_pause_s: float


def tempo_of(
    lift: Exercise, reps: Sequence[tuple[Signals, Rep]], heights: Sequence[FloatArray], followed: Sequence[bool]
) -> list[Tempo]:
    """The tempo of every repetition.

    Parameters
    ----------
    heights : (T,) of the point that is followed, in standing shoulder heights, by repetition.
    followed : by repetition, False where that point cannot be followed.
    """
    ups = [
        _concentric(signals, rep, height) if may else None
        for (signals, rep), height, may in zip(reps, heights, followed, strict=True)
    ]
    downs = [_eccentric(lift, *reps[index], heights[index], up) for index, up in enumerate(ups)]
    found = []
    for index, (up, down) in enumerate(zip(ups, downs, strict=True)):
        next_down = downs[index + 1] if lift.lowers_first and _follow(reps, index) else None
        last_down = downs[index - 1] if not lift.lowers_first and _follow(reps, index - 1) else None
        before, after = (down, next_down) if lift.lowers_first else (last_down, down)
        found.append(Tempo(_in_statures(up), _in_statures(down), _pause_s(before, up), _pause_s(up, after)))
    return found


def _concentric(signals: Signals, rep: Rep, height: FloatArray) -> Stroke | None:
    # Not the whole rests: hands that grip and regrip there would pass for the beginning or the end of the way.
    start, stop = whole_way(signals.time_s, height, rep.lift_off, rep.lockout, 1.0, BEYOND_S)
    return stroke_up(signals.time_s, height, start, stop)


def _eccentric(lift: Exercise, signals: Signals, rep: Rep, height: FloatArray, up: Stroke | None) -> Stroke | None:
    """The descent that belongs to a repetition: before the ascent where the lift begins at the top, else after it."""
    cycle = rep.cycle
    ends = (cycle.before, cycle.bottom_from) if lift.lowers_first else (cycle.top_to, cycle.after)
    start, stop = whole_way(signals.time_s, height, *ends, -1.0, BEYOND_S)
    down = stroke_down(signals.time_s, height, start, stop)
    if down is None or up is None or down.travel < WHOLE_WAY_DOWN * up.travel:
        return None
    return down


def _follow(reps: Sequence[tuple[Signals, Rep]], index: int) -> bool:
    """True when a repetition is followed at once by the next one of the same stretch."""
    if not 0 <= index < len(reps) - 1:
        return False
    (signals, rep), (next_signals, next_rep) = reps[index], reps[index + 1]
    return signals is next_signals and next_rep.cycle.bottom_from <= max(rep.cycle.after, rep.cycle.top_to) + 1


def _pause_s(before: Stroke | None, after: Stroke | None) -> float:
    return math.nan if before is None or after is None else max(0.0, after.from_s - before.to_s)


def _in_statures(stroke: Stroke | None) -> Stroke | None:
    if stroke is None:
        return None
    lengths = ("low", "high", "mean_velocity", "peak_velocity")
    return replace(stroke, **{name: STATURES_PER_SHOULDER_HEIGHT * getattr(stroke, name) for name in lengths})
