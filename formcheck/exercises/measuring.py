"""Reading values off signals at an instant or over a phase, with the frame that shows them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from formcheck.exercises.checks import Measurement, missing
from formcheck.exercises.exercise import Rep
from formcheck.motion.signals import Signals
from formcheck.poses import FloatArray

ANGLE_UNCERTAINTY_DEG = 4.0
"""Standard error of a joint angle from landmarks in a side view, see benchmarks/results/accuracy.md."""

THIGH_LENGTH = 0.245 / 0.779
"""Of the standing height from ankle to shoulder (shares of stature by Drillis and Contini)."""

AT_INSTANT_S = 0.1
"""A value at an instant is the median over this much time around it."""

SUSTAINED_S = 0.1
"""A peak counts only when it lasts this long: shorter ones are tracking noise."""

TOP_SEEN_S = 0.2
"""The lifter must be tracked for this much time on both sides of the highest point to judge the lockout."""

TOP_FLEXION_MAX_DEG = 60.0
"""Nobody whose shoulders are at their highest is bent further than this: the landmarks are wrong."""

SHARE_MEASURED_MIN = 0.4
"""A phase of which less than this share was measured is not judged."""

NOT_SEEN = "not seen clearly enough"


def sample_before(signals: Signals, sample: int, seconds: float) -> int:
    """The first sample that lies at most ``seconds`` before another one."""
    return int(np.searchsorted(signals.time_s, signals.time_s[sample] - seconds))


def at_instant(signals: Signals, values: FloatArray, sample: int, uncertainty: float = 0.0) -> Measurement:
    """Median around one sample; missing when nothing was measured there."""
    at_s = float(signals.time_s[sample])
    # A little slack, so that rounding of times does not decide which frames belong.
    near = np.abs(signals.time_s - at_s) <= AT_INSTANT_S + 1e-3
    known = values[near & np.isfinite(values)]
    if len(known) == 0:
        return missing(NOT_SEEN)
    return Measurement(float(np.median(known)), at_s, uncertainty)


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
    if len(part) == 0 or np.isfinite(part).mean() < SHARE_MEASURED_MIN:
        return missing(NOT_SEEN)
    step_s = float(np.median(np.diff(signals.time_s))) if len(signals) > 1 else held_s
    width = max(1, min(len(part), round(held_s / step_s) + 1))
    windows = np.lib.stride_tricks.sliding_window_view(part, width)
    held = np.where(np.isfinite(windows).all(axis=1), windows.min(axis=1), np.nan)
    if not np.isfinite(held).any():
        return missing(NOT_SEEN)
    best = int(np.nanargmax(held))
    return Measurement(float(held[best]), float(time_s[best + width // 2]), uncertainty)


def sustained_low(signals: Signals, values: FloatArray, start: int, stop: int, uncertainty: float = 0.0) -> Measurement:
    """Lowest value that lasts for `SUSTAINED_S` within the closed sample range."""
    peak = sustained_peak(signals, -values, start, stop, uncertainty)
    return Measurement(-peak.value, peak.at_s, peak.uncertainty, peak.reason)


def typical(signals: Signals, values: FloatArray, start: int, stop: int, uncertainty: float = 0.0) -> Measurement:
    """Median over the closed sample range, shown by the frame that comes closest to it."""
    part = values[start : stop + 1]
    known = np.isfinite(part)
    if len(part) == 0 or known.mean() < SHARE_MEASURED_MIN:
        return missing(NOT_SEEN)
    middle = float(np.median(part[known]))
    closest = int(np.nanargmin(np.abs(part - middle)))
    return Measurement(middle, float(signals.time_s[start + closest]), uncertainty)


def at_least_value(measured: Measurement, lowest: float) -> Measurement:
    """The measurement with its value raised to ``lowest``; a missing one stays missing."""
    return measured if measured.reason else replace(measured, value=max(measured.value, lowest))


def difference(later: Measurement, earlier: Measurement, uncertainty: float) -> Measurement:
    """Growth from one measurement to another, shown by the later frame; missing when either is."""
    for part in (later, earlier):
        if part.reason:
            return part
    return Measurement(later.value - earlier.value, later.at_s, uncertainty)


def common_measures(signals: Signals, rep: Rep) -> dict[str, Measurement]:
    """Angles at the bottom and at the top that every lift reports."""
    return {
        "hip_flexion_bottom_deg": at_instant(signals, signals.hip_flexion_deg, rep.bottom, ANGLE_UNCERTAINTY_DEG),
        "knee_flexion_bottom_deg": at_instant(signals, signals.knee_flexion_deg, rep.bottom, ANGLE_UNCERTAINTY_DEG),
        "trunk_lean_bottom_deg": at_instant(signals, signals.trunk_lean_deg, rep.bottom, ANGLE_UNCERTAINTY_DEG),
        "hip_flexion_top_deg": _straightest(signals, signals.hip_flexion_deg, rep),
        "knee_flexion_top_deg": _straightest(signals, signals.knee_flexion_deg, rep),
        "trunk_lean_top_deg": _straightest(signals, signals.trunk_lean_deg, rep),
    }


def _straightest(signals: Signals, values: FloatArray, rep: Rep) -> Measurement:
    """The straightest that a joint gets at the top; missing when the top was not seen or looks impossible."""
    if signals.time_s[-1] - signals.time_s[rep.lockout] < TOP_SEEN_S:
        return missing("the video ends before the top")
    around = np.abs(signals.time_s - signals.time_s[rep.cycle.top]) <= TOP_SEEN_S
    if not np.isfinite(signals.shoulder_height[around]).all():
        return missing("the top of the lift was not in the picture")
    found = sustained_low(signals, values, rep.lockout, rep.top_to, ANGLE_UNCERTAINTY_DEG)
    if not found.reason and found.value > TOP_FLEXION_MAX_DEG:
        return missing("hips or knees are hidden at the top")
    return found
