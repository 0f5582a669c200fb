"""Reading values off signals at an instant or over a phase, with the frame that shows them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from formcheck.core.poses import FloatArray
from formcheck.core.words import N_
from formcheck.exercises.framework.check import SEEN_SHARE_MIN, Measurement, missing
from formcheck.exercises.framework.exercise import Rep
from formcheck.exercises.framework.measure import Measure
from formcheck.motion.order_statistics import median_of
from formcheck.motion.runs import runs_of
from formcheck.motion.signals import PICTURE_ANGLES_MAX_YAW_DEG, Signals

IntArray = NDArray[np.int_]

ANGLE_UNCERTAINTY_DEG, TURNED_ANGLE_UNCERTAINTY_DEG = 4.0, 9.0
"""Standard error of hip or knee from landmarks in a side view, and from the model's 3-D guess where the lifter is
turned by more than `PICTURE_ANGLES_MAX_YAW_DEG`: rendered lifters read 3.5-4.5 and 7.5 deg off on average, see
benchmarks/results/accuracy.md."""

ELBOW_UNCERTAINTY_DEG, TURNED_ELBOW_UNCERTAINTY_DEG = 7.0, 15.0
"""The same of the elbow: rendered lifters read 5.6-7.2 deg off on average from the side in deadlifts and swings, one
in twenty 13-16; at an angle one in twenty is off by 36."""

THIGH_LENGTH = 0.245 / 0.779
"""Share of the standing height from ankle to shoulder (shares of stature by Drillis and Contini)."""

AT_INSTANT_S = 0.1
"""A value at an instant is the median over this much time around it."""

SUSTAINED_S = 0.1
"""A peak counts only when it lasts this long: shorter ones are tracking noise."""

TOP_SEEN_S = 0.2
"""The lifter must be tracked for this much time on both sides of the highest point to judge the lockout."""

TOP_FLEXION_MAX_DEG = 60.0
"""Nobody whose shoulders are at their highest is bent further than this: the landmarks are wrong."""

DEPTH = "depth_thighs"
"""Name of the measure of depth: hips above the knees at the bottom in thigh lengths, negative below parallel."""

STILL_SPEED = 0.1
"""A lifter whose shoulders move slower than this, in standing heights a second, holds still: a quick repetition moves
at 0.3 to 1.0, somebody who holds a squat sways below 0.03."""

HOLD_COUNTS_S = 0.2
"""A hold of any length counts as much as one of this length, about what a quick repetition rests at its bottom."""

NOT_SEEN = N_("not seen clearly enough")


HIP_FLEXION_BOTTOM_DEG = Measure(
    "hip_flexion_bottom_deg",
    "Hip flexion at the bottom",
    "deg",
    "Angle between trunk and thigh at the lowest point; 0 is standing straight.",
    column="Hip",
)

KNEE_FLEXION_BOTTOM_DEG = Measure(
    "knee_flexion_bottom_deg",
    "Knee flexion at the bottom",
    "deg",
    "Bend of the knee (hip, knee, ankle) at the bottom; 0 is straight.",
    column="Knee",
)

TRUNK_LEAN_BOTTOM_DEG = Measure(
    "trunk_lean_bottom_deg",
    "Trunk lean at the bottom",
    "deg",
    "Angle of the line from hip to shoulder from the vertical; forward is positive.",
)

HIP_FLEXION_TOP_DEG = Measure(
    "hip_flexion_top_deg",
    "Hip flexion at the top",
    "deg",
    "Bend of the hip (shoulder, hip, knee) at its straightest at the top; 0 is straight.",
)

KNEE_FLEXION_TOP_DEG = Measure(
    "knee_flexion_top_deg",
    "Knee flexion at the top",
    "deg",
    "Bend of the knee (hip, knee, ankle) at its straightest at the top; 0 is straight.",
)

TRUNK_LEAN_TOP_DEG = Measure(
    "trunk_lean_top_deg", "Trunk lean at the top", "deg", "Lean of the trunk at the top; backward is negative."
)

ELBOW_FLEXION_MAX_DEG = Measure(
    "elbow_flexion_max_deg",
    "Elbow flexion",
    "deg",
    "Bend of the elbow (shoulder, elbow, wrist) during the ascent, held for a tenth of a second; 0 is straight.",
)


COMMON_MEASURES = (
    HIP_FLEXION_BOTTOM_DEG,
    KNEE_FLEXION_BOTTOM_DEG,
    TRUNK_LEAN_BOTTOM_DEG,
    HIP_FLEXION_TOP_DEG,
    KNEE_FLEXION_TOP_DEG,
    TRUNK_LEAN_TOP_DEG,
)
"""What `common_measures` measures."""


def seen_share(values: FloatArray) -> float:
    """Share of the values that were measured; 0 where there are none."""
    return float(np.count_nonzero(np.isfinite(values)) / len(values)) if len(values) else 0.0


def doubted(uncertainty: float, contradiction: float) -> float:
    """Standard error of a value that another way to tell it contradicts by so much; 0 or less = they agree."""
    return math.hypot(uncertainty, max(0.0, contradiction) / 2.0)


def is_turned(signals: Signals, start: int, stop: int) -> bool:
    """Whether the angles over the closed sample range come from the model's 3-D guess instead of the picture."""
    yaw = np.abs(signals.yaw_deg[start : stop + 1])
    return bool(np.isfinite(yaw).any() and np.nanmedian(yaw) > PICTURE_ANGLES_MAX_YAW_DEG)


def angle_uncertainty_deg(signals: Signals, start: int, stop: int) -> float:
    """Standard error of hip or knee flexion over the closed sample range."""
    return TURNED_ANGLE_UNCERTAINTY_DEG if is_turned(signals, start, stop) else ANGLE_UNCERTAINTY_DEG


def elbow_uncertainty_deg(signals: Signals, start: int, stop: int) -> float:
    """Standard error of elbow flexion over the closed sample range."""
    return TURNED_ELBOW_UNCERTAINTY_DEG if is_turned(signals, start, stop) else ELBOW_UNCERTAINTY_DEG


def sample_before(signals: Signals, sample: int, seconds: float) -> int:
    """The first sample that is at most ``seconds`` before another one."""
    return int(np.searchsorted(signals.time_s, signals.time_s[sample] - seconds))


def at_instant(signals: Signals, values: FloatArray, sample: int, uncertainty: float = 0.0) -> Measurement:
    """Median around one sample; missing when nothing was measured there."""
    at_s = float(signals.time_s[sample])
    # A little slack, so that rounding of times does not decide which frames belong.
    near = values[_within(signals, at_s, AT_INSTANT_S + 1e-3)]
    known = near[np.isfinite(near)]
    if len(known) == 0:
        return missing(NOT_SEEN)
    return Measurement(median_of(known), at_s, uncertainty, seen=len(known) / len(near))


def _within(signals: Signals, at_s: float, reach_s: float) -> slice:
    """The samples that are at most so long before or after a time."""
    first, after = np.searchsorted(signals.time_s, [at_s - reach_s, at_s + reach_s], side="right").tolist()
    first, after = max(0, first - 1), min(len(signals), after + 1)
    # The two ends are looked at again, as sums are rounded otherwise than differences.
    inside = np.flatnonzero(np.abs(signals.time_s[first:after] - at_s) <= reach_s)
    return slice(first + int(inside[0]), first + int(inside[-1]) + 1) if len(inside) else slice(0, 0)


def sustained_peak(
    signals: Signals,
    values: FloatArray,
    start: int,
    stop: int,
    uncertainty: float = 0.0,
    held_s: float = SUSTAINED_S,
) -> Measurement:
    """Highest value that lasts for ``held_s`` within the closed sample range, and its middle."""
    part, time_s = values[start : stop + 1], signals.time_s[start : stop + 1]
    seen = seen_share(part)
    if seen < SEEN_SHARE_MIN:
        return missing(NOT_SEEN)
    first, last = _windows(time_s, held_s)
    # A missing value inside makes the whole window missing.
    held = np.minimum.reduceat(np.append(part, np.nan), np.stack([first, last + 1], axis=1).ravel())[::2]
    if not np.isfinite(held).any():
        return missing(NOT_SEEN)
    best = int(np.nanargmax(held))
    middle = (first[best] + last[best] + 1) // 2
    return Measurement(float(held[best]), float(time_s[middle]), uncertainty, seen=seen)


def _windows(time_s: FloatArray, held_s: float) -> tuple[IntArray, IntArray]:
    """First and last sample of every stretch that lasts ``held_s``, to the nearest frame; all of it when it is shorter.

    Where two frames are equally near, the longer stretch.
    """
    ends_s = time_s + held_s
    last = np.searchsorted(time_s, ends_s + 1e-3, side="right") - 1
    later_s = np.append(time_s, np.inf)[last + 1]
    last += later_s - ends_s <= ends_s - time_s[last] + 1e-3
    half_step_s = float(time_s[-1] - time_s[-2]) / 2.0 if len(time_s) > 1 else 0.0
    first = np.flatnonzero(ends_s <= time_s[-1] + half_step_s)
    return (first, last[first]) if len(first) else (np.array([0]), np.array([len(time_s) - 1]))


def sustained_low(signals: Signals, values: FloatArray, start: int, stop: int, uncertainty: float = 0.0) -> Measurement:
    """Lowest value that lasts for `SUSTAINED_S` within the closed sample range."""
    peak = sustained_peak(signals, -values, start, stop, uncertainty)
    return replace(peak, value=-peak.value)


def typical(signals: Signals, values: FloatArray, start: int, stop: int, uncertainty: float = 0.0) -> Measurement:
    """Median over the closed sample range, shown by the frame that comes closest to it."""
    part = values[start : stop + 1]
    known = np.isfinite(part)
    seen = seen_share(part)
    if seen < SEEN_SHARE_MIN:
        return missing(NOT_SEEN)
    middle = median_of(part[known])
    closest = int(np.nanargmin(np.abs(part - middle)))
    return Measurement(middle, float(signals.time_s[start + closest]), uncertainty, seen=seen)


def phase_weights(signals: Signals, start: int, stop: int) -> FloatArray:
    """Share of each sample of a closed range in the movement, adding up to one; shape (stop - start + 1,).

    A sample weighs as much as the time it stands for, but a stretch without movement never more than `HOLD_COUNTS_S`
    together: a pause at the bottom, or a slow repetition, is judged by the same phases as a quick one.
    """
    time_s, height = signals.time_s[start : stop + 1], signals.shoulder_height[start : stop + 1]
    if len(time_s) < 3:
        return np.full(len(time_s), 1.0 / max(len(time_s), 1))
    weights = np.gradient(time_s)
    known = np.isfinite(height)
    if known.sum() < 3:
        return np.asarray(weights / weights.sum())
    speed = np.abs(np.gradient(np.interp(time_s, time_s[known], height[known]), time_s))
    for first, after in runs_of(speed < STILL_SPEED):
        held_s = float(weights[first:after].sum())
        weights[first:after] *= min(1.0, HOLD_COUNTS_S / held_s)
    return np.asarray(weights / weights.sum())


def share_measured(signals: Signals, values: FloatArray, start: int, stop: int) -> float:
    """How much of the movement over a closed sample range was measured, 0 to 1; see `phase_weights`."""
    return float(phase_weights(signals, start, stop)[np.isfinite(values[start : stop + 1])].sum())


def weighted_median(values: FloatArray, weights: FloatArray) -> float:
    """The value with half of the weight on either side; NaN values have none. NaN where nothing is known."""
    known = np.isfinite(values) & (weights > 0)
    if not known.any():
        return float("nan")
    order = np.argsort(values[known])
    ranked, weight = values[known][order], weights[known][order]
    reached = np.cumsum(weight) - weight / 2.0
    return float(np.interp(0.5 * weight.sum(), reached, ranked))


def at_least_value(measured: Measurement, lowest: float) -> Measurement:
    """The measurement with its value raised to ``lowest``; a missing one stays missing."""
    return measured if measured.reason else replace(measured, value=max(measured.value, lowest))


def difference(later: Measurement, earlier: Measurement, uncertainty: float) -> Measurement:
    """Growth from one measurement to another, shown by the later frame; missing when either is."""
    for part in (later, earlier):
        if part.reason:
            return part
    return Measurement(later.value - earlier.value, later.at_s, uncertainty, seen=min(later.seen, earlier.seen))


def common_measures(signals: Signals, rep: Rep) -> dict[str, Measurement]:
    """Angles at the bottom and at the top that every lift reports."""
    doubt_deg = angle_uncertainty_deg(signals, rep.bottom, rep.bottom)
    return {
        HIP_FLEXION_BOTTOM_DEG.name: at_instant(signals, signals.hip_flexion_deg, rep.bottom, doubt_deg),
        KNEE_FLEXION_BOTTOM_DEG.name: at_instant(signals, signals.knee_flexion_deg, rep.bottom, doubt_deg),
        TRUNK_LEAN_BOTTOM_DEG.name: at_instant(signals, signals.trunk_lean_deg, rep.bottom, ANGLE_UNCERTAINTY_DEG),
        HIP_FLEXION_TOP_DEG.name: _straightest(signals, signals.hip_flexion_deg, rep, doubt_deg),
        KNEE_FLEXION_TOP_DEG.name: _straightest(signals, signals.knee_flexion_deg, rep, doubt_deg),
        TRUNK_LEAN_TOP_DEG.name: _straightest(signals, signals.trunk_lean_deg, rep, ANGLE_UNCERTAINTY_DEG),
    }


def _straightest(signals: Signals, values: FloatArray, rep: Rep, uncertainty_deg: float) -> Measurement:
    """The straightest that a joint gets at the top; missing when the top was not seen or looks impossible."""
    if signals.time_s[-1] - signals.time_s[rep.lockout] < TOP_SEEN_S:
        return missing("the video ends before the top")
    around = _within(signals, float(signals.time_s[rep.cycle.top]), TOP_SEEN_S)
    if not np.isfinite(signals.shoulder_height[around]).all():
        return missing("the top of the lift was not in the picture")
    found = sustained_low(signals, values, rep.lockout, rep.top_to, uncertainty_deg)
    if not found.reason and found.value > TOP_FLEXION_MAX_DEG:
        return missing(not_straight(rep))
    return found


def not_straight(rep: Rep) -> str:
    """Why hips and knees were not seen straight at the top."""
    return N_("the lift ended short of standing") if rep.partial else N_("hips or knees are hidden at the top")
