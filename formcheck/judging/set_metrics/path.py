"""The way of the load over one repetition, from the body or from the plate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from formcheck.core.poses import FloatArray
from formcheck.exercises.framework.exercise import Rep
from formcheck.judging.set_metrics.records import BarPath, PlatePath, RepMotion
from formcheck.judging.set_metrics.tempo import BEYOND_S, STATURES_PER_SHOULDER_HEIGHT
from formcheck.judging.set_metrics.tracked_point import PATH_MAX_YAW_DEG, POINT_CUTOFF_HZ
from formcheck.motion.cleaning import LONGEST_BRIDGED_GAP_S, smooth
from formcheck.motion.plate import PlateTrack
from formcheck.motion.signals import Signals
from formcheck.motion.velocity import Stroke, stroke_up, whole_way

PATH_POINTS = 60
"""A path is given at this many times, evenly spaced: enough to draw it."""


def bar_path(
    signals: Signals, forward: FloatArray, height: FloatArray, up: Stroke | None, down: Stroke | None
) -> BarPath | None:
    """The way of the point that is followed, in statures, over both ways of a repetition.

    ``forward`` and ``height`` are (T,) in standing shoulder heights. None where the point was not followed all the way,
    or forward cannot be told from the picture.
    """
    if up is None:
        return None
    strokes = [stroke for stroke in (up, down) if stroke is not None]
    from_s, to_s = min(stroke.from_s for stroke in strokes), max(stroke.to_s for stroke in strokes)
    inside = (signals.time_s >= from_s) & (signals.time_s <= to_s)
    yaw = signals.yaw_deg[inside]
    if not np.isfinite(yaw).any() or abs(float(np.nanmedian(yaw))) > PATH_MAX_YAW_DEG:
        return None
    known = inside & np.isfinite(forward) & np.isfinite(height)
    times = signals.time_s[known]
    if len(times) < 3 or float(np.diff(times).max()) > LONGEST_BRIDGED_GAP_S:
        return None

    def at(when: FloatArray, values: FloatArray) -> FloatArray:
        return STATURES_PER_SHOULDER_HEIGHT * np.asarray(np.interp(when, times, values[known]))

    shown_s = np.linspace(times[0], times[-1], PATH_POINTS)
    going_up = at(np.linspace(up.from_s, up.to_s, PATH_POINTS), forward)
    strayed = going_up - going_up[0]
    return BarPath(
        time_s=shown_s,
        forward_heights=at(shown_s, forward),
        up_heights=at(shown_s, height),
        drift_heights=float(strayed[-1]),
        peak_deviation_heights=float(strayed[int(np.abs(strayed).argmax())]),
    )


def with_plate(motion: RepMotion, signals: Signals, rep: Rep, plate: PlateTrack) -> RepMotion:
    """The motion with metres and path from the plate; as it is where that was not seen all the way up."""
    seen = np.isfinite(plate.up_m)
    # A descent may run past the end of the repetition, and an ascent begin before it.
    around = (signals.time_s >= signals.time_s[rep.start] - 1.0) & (signals.time_s <= signals.time_s[rep.end] + 1.0)
    time_s = signals.time_s[around]
    if seen.sum() < 3 or len(time_s) < 3:
        return motion
    up_m, forward_m = (
        smooth(time_s, _between(time_s, plate.time_s[seen], values[seen]), POINT_CUTOFF_HZ)
        for values in (plate.up_m, plate.forward_m)
    )
    first = int(np.flatnonzero(around)[0])
    start, stop = whole_way(time_s, up_m, rep.lift_off - first, rep.lockout - first, 1.0, BEYOND_S)
    way = stroke_up(time_s, up_m, start, stop)
    if way is None:
        return motion
    shown_s = np.linspace(way.from_s, way.to_s, PATH_POINTS)
    known = np.isfinite(up_m) & np.isfinite(forward_m)
    forward = np.interp(shown_s, time_s[known], forward_m[known])
    strayed = forward - forward[0]
    path = PlatePath(
        time_s=shown_s,
        forward_m=forward,
        up_m=np.interp(shown_s, time_s[known], up_m[known]),
        drift_m=float(strayed[-1]),
        peak_deviation_m=float(strayed[int(np.abs(strayed).argmax())]),
    )
    return replace(
        motion,
        mean_velocity_m_per_s=way.mean_velocity,
        peak_velocity_m_per_s=way.peak_velocity,
        plate_path=path,
    )


def _between(time_s: FloatArray, seen_s: FloatArray, values: FloatArray) -> FloatArray:
    """Values at other times, NaN in gaps too long to bridge and beyond the ends."""
    after = np.searchsorted(seen_s, time_s).clip(1, len(seen_s) - 1)
    bridged = seen_s[after] - seen_s[after - 1] <= LONGEST_BRIDGED_GAP_S
    inside = (time_s >= seen_s[0]) & (time_s <= seen_s[-1])
    return np.where(bridged & inside, np.interp(time_s, seen_s, values), np.nan)
