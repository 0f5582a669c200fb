"""What the last second shows: joint angles, depth and the back against the lifter's own neutral.

These are the signals of the analysis, computed over a short window. Whole repetitions are judged by the analysis; the
gauge is for what cannot wait for the end of one: the needle on the screen, and a back that rounds right now.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from formcheck.core.landmarks import left_right
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.core.verdicts import NOT_MEASURED, Verdict
from formcheck.exercises import EXERCISES
from formcheck.exercises.framework.check import Check, Measurement, judge
from formcheck.exercises.framework.exercise import Exercise
from formcheck.exercises.framework.measurement import THIGH_LENGTH, seen_share
from formcheck.judging.settings import DEFAULTS, Settings, apply
from formcheck.motion.cleaning import clean
from formcheck.motion.neutral import Neutral, with_back_rounding
from formcheck.motion.signals import STANDING_PERCENTILE, Signals, compute_signals
from formcheck.motion.standing import CAME_UP
from formcheck.motion.view import view_of

WINDOW_S = 1.5
"""Long enough for the filters to settle, short enough to be computed ten times a second."""

NOW_S = 0.12
"""A reading is the median over the last part of the window of this length: the filter's very end is restless."""

FALLING_PER_S = 0.25
"""Shoulders that sink faster than this many standing heights a second are on their way down, where the back is free."""

RATE_OVER_S = 0.2

HANDS_OVER_KNEES = 0.06
"""A bar this little above the knees, in standing heights, was at the knees when the reading began."""

FROM_LOWEST = 0.12
"""Judged is the back this close to the lowest shoulders, in standing heights, where nothing is said of the hands."""


@dataclass(frozen=True)
class Reading:
    """The lifter now; angles in degrees, NaN = not measured.

    Attributes
    ----------
    height : of the shoulders above the ankles, 1.0 = standing.
    depth_thighs : hips above the knees in thigh lengths, below parallel is negative.
    verdict : of the back right now: "ok", "watch", "fault", or "not-measured" (also where it is not judged).
    in_phase : True where the back is judged: at the bottom and on the first part of the ascent.
    """

    time_s: float
    height: float = math.nan
    hip_flexion_deg: float = math.nan
    knee_flexion_deg: float = math.nan
    trunk_lean_deg: float = math.nan
    depth_thighs: float = math.nan
    back_rounding_deg: float = math.nan
    uncertainty_deg: float = math.nan
    verdict: Verdict = NOT_MEASURED
    in_phase: bool = False


@dataclass(frozen=True)
class Scale:
    """The standing lifter in the picture: ankle-to-shoulder height and the ankles' place, in pixels."""

    standing_px: float
    floor_px: float


def scale_of(image_px: FloatArray) -> Scale | None:
    """Scale of the lifter over a stretch of landmarks (T, K, 3); None when nobody was seen."""
    shoulder, ankle = (image_px[:, list(left_right(joint)), 1].mean(axis=1) for joint in ("SHOULDER", "ANKLE"))
    known = np.isfinite(shoulder)
    if not known.any():
        return None
    floor_px = float(np.median(ankle[known]))
    standing_px = float(np.percentile(floor_px - shoulder[known], STANDING_PERCENTILE))
    return Scale(standing_px, floor_px) if standing_px > 0 else None


def back_check(lift: Exercise | None, settings: Settings = DEFAULTS) -> Check | None:
    """The lift's own check of back rounding, of the most lenient lift where it is not known yet; None = off."""
    lifts = EXERCISES if lift is None else (lift,)
    checks = [check for each in lifts for check in apply(each, settings).checks if check.id == "back-rounding"]
    return max(checks, key=lambda check: check.fault, default=None)


def read(window: PoseSequence, neutral: Neutral, scale: Scale, lift: Exercise | None, check: Check | None) -> Reading:
    """The lifter at the end of a window of poses.

    Parameters
    ----------
    window : the last `WINDOW_S` as recorded.
    neutral : of this set.
    lift : as told or recognised, None = not known yet.
    check : the lift's check of back rounding, see `back_check`.
    """
    time_s = float(window.time_s[-1])
    cleaned = clean(window)
    if not cleaned.segments or cleaned.segments[-1].stop != len(window):
        return Reading(time_s)
    poses = cleaned.poses.part(cleaned.segments[-1])
    signals = with_back_rounding(compute_signals(poses), neutral)
    if not np.isfinite(signals.trunk_lean_deg[-1]):
        return Reading(time_s)

    def now(values: FloatArray) -> float:
        recent = values[signals.time_s > time_s - NOW_S]
        known = recent[np.isfinite(recent)]
        return float(np.median(known)) if len(known) else math.nan

    height = heights_of(poses.image_px, scale)
    rounding_deg, uncertainty_deg = now(signals.back_rounding_deg), now(signals.back_rounding_uncertainty_deg)
    in_phase = _in_phase(signals, height, lift)
    verdict = NOT_MEASURED
    seen = seen_share(signals.back_rounding_deg[signals.time_s > time_s - NOW_S])
    if check is not None and in_phase and math.isfinite(rounding_deg):
        measured = Measurement(rounding_deg, time_s, uncertainty_deg, seen=seen)
        verdict = judge(check, measured, view_of(poses).name).verdict
    hips, knees = (poses.image_px[:, list(left_right(joint)), 1].mean(axis=1) for joint in ("HIP", "KNEE"))
    return Reading(
        time_s,
        float(height[-1]),
        now(signals.hip_flexion_deg),
        now(signals.knee_flexion_deg),
        now(signals.trunk_lean_deg),
        now((knees - hips) / (THIGH_LENGTH * scale.standing_px)),
        rounding_deg,
        uncertainty_deg,
        verdict,
        in_phase,
    )


def heights_of(image_px: FloatArray, scale: Scale) -> FloatArray:
    """(...) shoulders above the ankles in landmarks (..., K, 3), 1.0 = standing."""
    shoulder_px = image_px[..., list(left_right("SHOULDER")), 1].mean(axis=-1)
    return np.asarray((scale.floor_px - shoulder_px) / scale.standing_px, dtype=np.float64)


def _in_phase(signals: Signals, height: FloatArray, lift: Exercise | None) -> bool:
    """At the bottom or on the first part of the ascent: where every lift asks for the back."""
    known = np.isfinite(height)
    time_s = signals.time_s
    before = np.flatnonzero(known & (time_s <= time_s[-1] - RATE_OVER_S))
    if not known[-1] or height[-1] >= CAME_UP or len(before) == 0:
        return False
    if (height[before[-1]] - height[-1]) / (time_s[-1] - time_s[before[-1]]) > FALLING_PER_S:
        return False
    hands, knees = signals.hand_height[-1], signals.knee_height[-1]
    if lift is not None and lift.from_floor and math.isfinite(hands) and math.isfinite(knees):
        return bool(hands <= knees + HANDS_OVER_KNEES)
    return bool(height[-1] <= np.nanmin(height) + FROM_LOWEST)
