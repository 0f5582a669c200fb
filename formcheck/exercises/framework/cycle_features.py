"""What one cycle of movement looks like, in the few numbers by which lifts differ."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from formcheck.core.poses import FloatArray
from formcheck.motion.order_statistics import median_of, percentile_of
from formcheck.motion.reps import Cycle
from formcheck.motion.signals import Signals

UNKNOWN = 0.8
"""Membership of a missing value: one or two do not turn a lift away, a handful do."""


@dataclass(frozen=True)
class CycleFeatures:
    """Shape of a cycle; heights in standing shoulder heights above the ankles, NaN where not measured.

    Attributes
    ----------
    descent, rise : travel of the shoulders down into and up out of the bottom.
    hip_share : travel of the hips as a share of that of the shoulders.
    hip_above_knee : hips above the knees at the bottom.
    trunk_lean_deg, hip_flexion_deg, knee_flexion_deg : at the bottom.
    hand_height, hand_below_shoulder : hands above the ankles, and below the shoulders, at the bottom.
    elbow_flexion_deg : at the bottom.
    top_lean_deg, top_hand_height : while resting at the top.
    arm_reach_deg, hand_reach : furthest raise of the arm forward of the vertical, and highest hands, until the next
        descent.
    foot_lift : how far the ankles leave their usual height during the ascent.
    rise_s : duration of the ascent.
    yaw_deg : direction of the camera, see `formcheck.motion.view.View`.
    bottom_rest_s : time spent around the lowest point.
    foot_gap, hand_gap : between the ankles and between the wrists at the bottom, in shoulder widths.
    top_hand_gap, top_elbow_flexion_deg, top_upper_arm_deg : hands and near arm while resting at the top; the upper arm
        as in `formcheck.motion.signals.Signals.upper_arm_angle_deg`.
    top_height : shoulders at the top.
    top_hip_flexion_deg, top_knee_flexion_deg : while resting at the top.
    lean_range_deg, hip_range_deg, knee_range_deg : how much less trunk lean, hip and knee flexion are at the top.
    hands_over_knees : hands above the knees at the bottom.
    hand_rise : highest hands until the next descent above those at the bottom.
    hands_over_eyes : the most that the hands are above the eyes until the next descent.
    hand_difference : most that one hand is above the other from the bottom to the top.
    elbow_flexion_max_deg : during the ascent.
    hands_ahead, shoulders_ahead : in front of the mid-foot at the bottom.
    knee_difference_deg, stagger : between left and right at the bottom, without sign: knee flexion, and ankles along
        the facing direction.
    stagger_change, foot_travel : how far the ankles move against each other, and together, within the cycle.
    foot_difference : most that one ankle is above the other within the cycle.
    fall_s, period_s : duration of the descent, and from the last top to this one.
    rise_speed : standing heights a second during the ascent.
    """

    descent: float
    rise: float
    hip_share: float
    hip_above_knee: float
    trunk_lean_deg: float
    hip_flexion_deg: float
    knee_flexion_deg: float
    hand_height: float
    hand_below_shoulder: float
    elbow_flexion_deg: float
    top_lean_deg: float
    top_hand_height: float
    arm_reach_deg: float
    hand_reach: float
    foot_lift: float
    rise_s: float
    yaw_deg: float = math.nan
    bottom_rest_s: float = math.nan
    foot_gap: float = math.nan
    hand_gap: float = math.nan
    top_hand_gap: float = math.nan
    top_elbow_flexion_deg: float = math.nan
    top_upper_arm_deg: float = math.nan
    top_height: float = math.nan
    top_hip_flexion_deg: float = math.nan
    top_knee_flexion_deg: float = math.nan
    lean_range_deg: float = math.nan
    hip_range_deg: float = math.nan
    knee_range_deg: float = math.nan
    hands_over_knees: float = math.nan
    hand_rise: float = math.nan
    hands_over_eyes: float = math.nan
    hand_difference: float = math.nan
    elbow_flexion_max_deg: float = math.nan
    hands_ahead: float = math.nan
    shoulders_ahead: float = math.nan
    knee_difference_deg: float = math.nan
    stagger: float = math.nan
    stagger_change: float = math.nan
    foot_travel: float = math.nan
    foot_difference: float = math.nan
    fall_s: float = math.nan
    period_s: float = math.nan
    rise_speed: float = math.nan


def features_of(signals: Signals, cycle: Cycle) -> CycleFeatures:
    """Summarise a cycle of the signals that it was found in."""
    bottom = slice(cycle.bottom_from, cycle.bottom_to + 1)
    top = slice(cycle.top_from, cycle.top_to + 1)
    ascent = slice(cycle.bottom, cycle.top_to + 1)
    hip_bottom, hip_top = median(signals.hip_height[bottom]), median(signals.hip_height[top])
    whole = slice(cycle.before, cycle.top_from + 1)
    time_s = signals.time_s
    rise_s = float(time_s[cycle.top_from] - time_s[cycle.bottom_to])

    def lost(angle_deg: FloatArray) -> float:
        return median(angle_deg[bottom]) - median(angle_deg[top])

    return CycleFeatures(
        descent=cycle.descent,
        rise=cycle.rise,
        hip_share=(hip_top - hip_bottom) / max(cycle.rise, 1e-6),
        hip_above_knee=hip_bottom - median(signals.knee_height[bottom]),
        trunk_lean_deg=median(signals.trunk_lean_deg[bottom]),
        hip_flexion_deg=median(signals.hip_flexion_deg[bottom]),
        knee_flexion_deg=median(signals.knee_flexion_deg[bottom]),
        hand_height=median(signals.hand_height[bottom]),
        hand_below_shoulder=median(signals.shoulder_height[bottom]) - median(signals.hand_height[bottom]),
        elbow_flexion_deg=median(signals.elbow_flexion_deg[bottom]),
        top_lean_deg=median(signals.trunk_lean_deg[top]),
        top_hand_height=median(signals.hand_height[top]),
        arm_reach_deg=highest((signals.arm_angle_deg - signals.trunk_lean_deg)[ascent]),
        hand_reach=highest(signals.hand_height[ascent]),
        foot_lift=highest(signals.foot_lift[ascent]),
        rise_s=rise_s,
        yaw_deg=median(signals.yaw_deg[cycle.bottom_from : cycle.top_to + 1]),
        bottom_rest_s=float(signals.time_s[cycle.bottom_to] - signals.time_s[cycle.bottom_from]),
        foot_gap=median(signals.foot_gap[bottom]),
        hand_gap=median(signals.hand_gap[bottom]),
        top_hand_gap=median(signals.hand_gap[top]),
        top_elbow_flexion_deg=median(signals.elbow_flexion_deg[top]),
        top_upper_arm_deg=median(signals.upper_arm_angle_deg[top]),
        top_height=median(signals.shoulder_height[top]),
        top_hip_flexion_deg=median(signals.hip_flexion_deg[top]),
        top_knee_flexion_deg=median(signals.knee_flexion_deg[top]),
        lean_range_deg=lost(signals.trunk_lean_deg),
        hip_range_deg=lost(signals.hip_flexion_deg),
        knee_range_deg=lost(signals.knee_flexion_deg),
        hands_over_knees=median((signals.hand_height - signals.knee_height)[bottom]),
        hand_rise=highest(signals.hand_height[ascent]) - median(signals.hand_height[bottom]),
        hands_over_eyes=highest((signals.hand_height - signals.eye_height)[ascent]),
        hand_difference=highest(np.abs(signals.hand_difference[ascent])),
        elbow_flexion_max_deg=highest(signals.elbow_flexion_deg[ascent]),
        hands_ahead=median(signals.hand_forward[bottom]),
        shoulders_ahead=median(signals.shoulder_forward[bottom]),
        knee_difference_deg=abs(median(signals.knee_difference_deg[bottom])),
        stagger=abs(median(signals.ankle_stagger[bottom])),
        stagger_change=highest(signals.ankle_stagger[whole]) + highest(-signals.ankle_stagger[whole]),
        foot_travel=highest(signals.foot_travel[whole]),
        foot_difference=highest(np.abs(signals.foot_difference[whole])),
        fall_s=float(time_s[cycle.bottom_from] - time_s[cycle.before]),
        period_s=float(time_s[cycle.top_to] - time_s[cycle.before]),
        rise_speed=cycle.rise / max(rise_s, 0.05),
    )


def median(values: FloatArray) -> float:
    """Median of the measured values, NaN when there is none."""
    known = values[np.isfinite(values)]
    return median_of(known) if len(known) else float("nan")


def least(values: FloatArray) -> float:
    """A robust minimum (5th percentile) of the measured values, NaN when there is none."""
    return -highest(-values)


def highest(values: FloatArray) -> float:
    """A robust maximum (95th percentile) of the measured values, NaN when there is none."""
    known = values[np.isfinite(values)]
    return percentile_of(known, 95) if len(known) else float("nan")


def between(value: float, none_below: float, full_from: float, full_to: float, none_above: float) -> float:
    """Membership 0..1 that rises from ``none_below`` to ``full_from`` and falls from ``full_to`` to ``none_above``.

    A value that was not measured hardly speaks against: `UNKNOWN`.
    """
    if np.isnan(value):
        return UNKNOWN
    return float(np.interp(value, [none_below, full_from, full_to, none_above], [0.0, 1.0, 1.0, 0.0]))


def at_least(value: float, none_below: float, full_from: float) -> float:
    """Membership that rises from 0 to 1; `UNKNOWN` when not measured."""
    return between(value, none_below, full_from, np.inf, np.inf)


def at_most(value: float, full_to: float, none_above: float) -> float:
    """Membership that falls from 1 to 0; `UNKNOWN` when not measured."""
    return between(value, -np.inf, -np.inf, full_to, none_above)
