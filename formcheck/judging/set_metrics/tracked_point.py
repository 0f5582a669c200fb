"""What is followed over the set, and where it is."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from formcheck.core.poses import FloatArray
from formcheck.exercises.framework.cycle_features import median
from formcheck.exercises.framework.exercise import Exercise, Rep, TrackedPoint
from formcheck.motion.cleaning import smooth
from formcheck.motion.signals import Signals

POINT_CUTOFF_HZ = 5.0
"""Landmarks come filtered at 6 Hz; velocity doubles what noise is left of it."""


ARM_SPREAD_MAX = 0.15
"""Arms that hold a bar keep their length in a side view. Hands whose distance from the shoulders varies by more than
this share (10th to 90th percentile) during the ascent are hidden by a plate and guessed; the shoulders are followed
instead, which a bar on long arms follows as well."""


SWUNG_MAX_YAW_DEG = 35.0
"""Hands that swing far out come towards a camera that sees the lifter at a larger angle."""


PATH_MAX_YAW_DEG = 25.0
"""Beyond this yaw forward and backward can no longer be told from the picture."""


def point_of(lift: Exercise, reps: Sequence[tuple[Signals, Rep]]) -> TrackedPoint:
    """What can be followed over the set: the lift's own point, or the shoulders where plates hide the hands."""
    if lift.path.point == TrackedPoint.HANDS and lift.from_floor:
        spreads = [_arm_spread(signals, rep) for signals, rep in reps]
        if np.median(spreads) > ARM_SPREAD_MAX:
            return TrackedPoint.SHOULDERS
    return lift.path.point


def moves_in_plane(lift: Exercise, signals: Signals, rep: Rep, point: TrackedPoint) -> bool:
    """False where hands move towards or away from the camera."""
    if point != TrackedPoint.HANDS or lift.from_floor:
        return True
    return median(np.abs(signals.yaw_deg[rep.start : rep.end + 1])) <= SWUNG_MAX_YAW_DEG


def height_of(signals: Signals, point: TrackedPoint) -> FloatArray:
    """(T,) above the ankles, in standing shoulder heights."""
    values = signals.hand_height if point == TrackedPoint.HANDS else signals.shoulder_height
    return smooth(signals.time_s, values, POINT_CUTOFF_HZ)


def forward_of(signals: Signals, point: TrackedPoint) -> FloatArray:
    """(T,) in front of the mid-foot, in standing shoulder heights."""
    values = signals.hand_forward if point == TrackedPoint.HANDS else signals.shoulder_forward
    return smooth(signals.time_s, values, POINT_CUTOFF_HZ)


def _arm_spread(signals: Signals, rep: Rep) -> float:
    """How much the distance from shoulders to hands varies during the ascent, as a share of itself; 0 off the side
    view."""
    way = slice(rep.lift_off, rep.lockout + 1)
    arm = np.hypot(
        signals.shoulder_height[way] - signals.hand_height[way],
        signals.shoulder_forward[way] - signals.hand_forward[way],
    )
    if not np.isfinite(arm).any():
        return math.inf
    if not median(np.abs(signals.yaw_deg[way])) <= PATH_MAX_YAW_DEG:
        return 0.0
    short, usual, long = np.nanpercentile(arm, [10, 50, 90])
    return float((long - short) / usual)
