"""Films in slow motion, or sped up: judged by the clock of life, reported at the instants of the film."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from formcheck.core.errors import UsageError
from formcheck.core.poses import PoseSequence
from formcheck.core.words import _
from formcheck.exercises.framework.check import Finding
from formcheck.judging.report import Report, RepReport
from formcheck.judging.set_metrics import RepMotion, SetLevel
from formcheck.motion.playback import Playback

REAL_TIME = 1.0

SLOW_MOTION_RANGE = (0.1, 40.0)
"""Phones film up to 960 frames a second and play 30."""


def check_slow_motion(slow_motion: float) -> None:
    """Refuse what no camera makes.

    Raises
    ------
    UsageError : no film is slowed down or sped up that much.
    """
    low, high = SLOW_MOTION_RANGE
    if not low <= slow_motion <= high:
        raise UsageError(
            _(
                "Slow motion of {slow_motion:g} makes no sense: say how many times slower than life the film "
                "runs, from {low:g} (sped up) to {high:g}, such as 4.",
                slow_motion=slow_motion,
                low=low,
                high=high,
            )
        )


def in_real_time(poses: PoseSequence, slow_motion: float) -> PoseSequence:
    """The same poses on the clock of life; `UsageError` as `check_slow_motion`."""
    if slow_motion == REAL_TIME:
        return poses
    check_slow_motion(slow_motion)
    return replace(poses, time_s=poses.time_s / slow_motion)


def in_film_time(report: Report, poses: PoseSequence, slow_motion: float) -> Report:
    """A report on poses `in_real_time` with its instants on the clock of the film; durations and speeds stay."""
    if slow_motion == REAL_TIME:
        return report

    def at(finding: Finding) -> Finding:
        return replace(finding, at_s=finding.at_s * slow_motion)

    def rep_at(rep: RepReport) -> RepReport:
        return replace(
            rep,
            start_s=rep.start_s * slow_motion,
            bottom_s=rep.bottom_s * slow_motion,
            top_s=rep.top_s * slow_motion,
            end_s=rep.end_s * slow_motion,
            lift_off_s=rep.lift_off_s * slow_motion,
            lockout_s=rep.lockout_s * slow_motion,
            findings=tuple(map(at, rep.findings)),
            instants={name: time_s * slow_motion for name, time_s in rep.instants.items()},
        )

    signals = report.signals
    return replace(
        report,
        video=poses.video,
        reps=tuple(map(rep_at, report.reps)),
        findings=tuple(map(at, report.findings)),
        set_level=None if report.set_level is None else _set_at(report.set_level, slow_motion),
        signals=None if signals is None else replace(signals, time_s=poses.time_s.copy()),
        slow_motion=slow_motion,
    )


def playback_note(playback: Playback, slow_motion: float = REAL_TIME) -> str:
    """That the film seems to be slowed down or sped up, and what to do about it; empty where it does not.

    ``slow_motion`` is what the user said already: what the movement shows comes on top of it.
    """
    if slow_motion != REAL_TIME:
        return _still_wrong(playback, slow_motion)
    if playback.is_slow:
        return _(
            "Everything moves as slowly as in slow motion. If the film is slowed down, name how many times, "
            "such as slow motion {times:g}: until then tempo, velocities and every limit that counts seconds "
            "are those of the film.",
            times=playback.slow_motion,
        )
    if playback.is_fast:
        return _(
            "Everything moves faster than a body can: the film seems to be sped up. Name how many times, "
            "such as slow motion {times:.2g}: until then tempo, velocities and every limit that counts "
            "seconds are those of the film.",
            times=playback.slow_motion,
        )
    return ""


def _still_wrong(playback: Playback, slow_motion: float) -> str:
    if not (playback.is_slow or playback.is_fast):
        return ""
    likely = float(np.clip(slow_motion * playback.slow_motion, *SLOW_MOTION_RANGE))
    if playback.is_slow:
        return _(
            "With the slow motion of {named:g} that was named, everything still moves as slowly as in slow "
            "motion: {likely:.2g} fits the movement better. Tempo, velocities and every limit that counts "
            "seconds go by what was named.",
            named=slow_motion,
            likely=likely,
        )
    return _(
        "With the slow motion of {named:g} that was named, everything still moves faster than a body can: "
        "{likely:.2g} fits the movement better. Tempo, velocities and every limit that counts seconds go by "
        "what was named.",
        named=slow_motion,
        likely=likely,
    )


def _set_at(level: SetLevel, slow_motion: float) -> SetLevel:
    def motion_at(motion: RepMotion) -> RepMotion:
        path, plate = motion.path, motion.plate_path
        return replace(
            motion,
            path=None if path is None else replace(path, time_s=path.time_s * slow_motion),
            plate_path=None if plate is None else replace(plate, time_s=plate.time_s * slow_motion),
        )

    return replace(level, reps=tuple(map(motion_at, level.reps)))
