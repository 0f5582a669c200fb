"""The set from its repetitions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from formcheck.core.poses import FloatArray
from formcheck.exercises.framework.check import Finding
from formcheck.exercises.framework.cycle_features import median
from formcheck.exercises.framework.exercise import Exercise, Rep, TrackedPoint
from formcheck.judging.set_metrics.drift import consistency_of, drifts_of
from formcheck.judging.set_metrics.path import bar_path, with_plate
from formcheck.judging.set_metrics.ranking import best_and_worst
from formcheck.judging.set_metrics.records import HEIGHT_SCALE, PLATE_SCALE, BarPath, RepMotion, SetLevel
from formcheck.judging.set_metrics.tempo import Tempo, tempo_of
from formcheck.judging.set_metrics.tracked_point import forward_of, height_of, moves_in_plane, point_of
from formcheck.judging.set_metrics.velocity import in_metres, velocity_loss_of, with_velocity_loss
from formcheck.motion.plate import PlateTrack
from formcheck.motion.signals import Signals


def set_level(
    lift: Exercise,
    reps: Sequence[tuple[Signals, Rep]],
    back_rounding_deg: Sequence[float],
    findings: Sequence[Sequence[Finding]],
    *,
    height_cm: float | None = None,
    plate: PlateTrack | None = None,
) -> SetLevel | None:
    """The set from its repetitions.

    Parameters
    ----------
    lift : which lift; says what is followed and whether the descent comes first.
    reps : signals and instants of each repetition, in order.
    back_rounding_deg : back rounding of each repetition, NaN = not measured.
    findings : findings of each repetition.
    height_cm : the lifter's height; None when unknown.
    plate : the near plate of the bar, where it was followed: metres and path come from it.

    Returns
    -------
    None when there is no repetition.
    """
    if not reps:
        return None
    point = point_of(lift, reps)
    partial = [rep.partial for _, rep in reps]
    body_height_m = math.nan if height_cm is None else height_cm / 100.0
    motions = with_velocity_loss(_rep_motions(lift, reps, point), partial)
    motions, scale = _in_metres(motions, reps, body_height_m, plate)
    whole = [motion for motion, short in zip(motions, partial, strict=True) if not short]
    rounding_deg = [deg for deg, short in zip(back_rounding_deg, partial, strict=True) if not short]
    best, worst = best_and_worst(lift.checks, findings, partial)
    return SetLevel(
        point=point,
        body_height_m=body_height_m,
        scale=scale,
        reps=tuple(motions),
        tempo_s=(
            median(np.array([motion.eccentric_s for motion in whole])),
            median(np.array([motion.bottom_pause_s for motion in whole])),
            median(np.array([motion.concentric_s for motion in whole])),
            median(np.array([motion.top_pause_s for motion in whole])),
        ),
        velocity_loss=velocity_loss_of(whole),
        drifts=drifts_of(whole, rounding_deg),
        consistency=consistency_of(whole),
        best_rep=best,
        worst_rep=worst,
    )


def _in_metres(
    motions: Sequence[RepMotion],
    reps: Sequence[tuple[Signals, Rep]],
    body_height_m: float,
    plate: PlateTrack | None,
) -> tuple[list[RepMotion], str]:
    """The motions with metres from the plate or the lifter's height, and which of them it was."""
    if plate is not None and not plate.reason:
        followed = [with_plate(motion, *pair, plate) for motion, pair in zip(motions, reps, strict=True)]
        # All or none: hands and plate are seen at different distances, and would not compare.
        if all(motion.plate_path is not None for motion in followed):
            return followed, PLATE_SCALE
    scale = "" if math.isnan(body_height_m) else HEIGHT_SCALE
    return [in_metres(motion, body_height_m) for motion in motions], scale


def _rep_motions(lift: Exercise, reps: Sequence[tuple[Signals, Rep]], point: TrackedPoint) -> list[RepMotion]:
    curves = {
        id(signals): (forward_of(signals, point), height_of(signals, point))
        for signals in {id(signals): signals for signals, _ in reps}.values()
    }
    heights = [curves[id(signals)][1] for signals, _ in reps]
    followed = [moves_in_plane(lift, signals, rep, point) and not rep.cycle.half_seen for signals, rep in reps]
    return [
        _rep_motion(index, tempo, _path(lift, signals, point, curves[id(signals)], tempo))
        for index, (tempo, (signals, _)) in enumerate(
            zip(tempo_of(lift, reps, heights, followed), reps, strict=True), start=1
        )
    ]


def _rep_motion(index: int, tempo: Tempo, path: BarPath | None) -> RepMotion:
    up, down = tempo.concentric, tempo.eccentric
    return RepMotion(
        index=index,
        eccentric_s=down.duration_s if down else math.nan,
        bottom_pause_s=tempo.bottom_pause_s,
        concentric_s=up.duration_s if up else math.nan,
        top_pause_s=tempo.top_pause_s,
        range_heights=up.travel if up else math.nan,
        mean_velocity_heights_per_s=up.mean_velocity if up else math.nan,
        peak_velocity_heights_per_s=up.peak_velocity if up else math.nan,
        path=path,
    )


def _path(
    lift: Exercise, signals: Signals, point: TrackedPoint, curves: tuple[FloatArray, FloatArray], tempo: Tempo
) -> BarPath | None:
    # The shoulders' path is not the bar's where the hands hold it.
    return bar_path(signals, *curves, tempo.concentric, tempo.eccentric) if point == lift.path.point else None
