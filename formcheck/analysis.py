"""The analysis: poses in, report out. No files, no clock, no drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from formcheck.errors import UsageError
from formcheck.exercises import EXERCISES, exercise_named
from formcheck.exercises.checks import FAULT as FAULT_FOUND
from formcheck.exercises.checks import NOT_MEASURED, Finding, judge, judge_set
from formcheck.exercises.checks import WATCH as WATCH_FOUND
from formcheck.exercises.exercise import Exercise, Rep
from formcheck.exercises.recognition import LIKE, Recognition, recognise
from formcheck.exercises.shape import shape_of
from formcheck.motion.cleaning import CleanPoses, clean
from formcheck.motion.load import empty_handed
from formcheck.motion.neutral import find_neutral, with_back_rounding
from formcheck.motion.reps import Cycle, find_cycles
from formcheck.motion.signals import Signals, compute_signals, no_signals
from formcheck.motion.spine import back_can_be_seen
from formcheck.motion.view import UNKNOWN_VIEW, View, view_of
from formcheck.poses import PoseSequence
from formcheck.report import (
    FAULT,
    GOOD,
    NOT_JUDGED,
    WATCH,
    ExerciseChoice,
    Report,
    RepReport,
    Tracking,
)

AUTO = "auto"
NONE = "none"

LIKE_WHEN_TOLD = 0.1
"""When the user has named the lift, a cycle needs to resemble it only this much."""

ADVICE_MAX = 3
"""More than three things to work on is none."""

SEEN_SHARE_MIN = 0.5
"""A note is due when the lifter was seen in less than this share of the frames."""


@dataclass(frozen=True)
class _Stretch:
    """One stretch between cuts: its place in the whole, its poses, signals and cycles."""

    first: int
    poses: PoseSequence
    signals: Signals
    cycles: tuple[Cycle, ...]


def analyze(poses: PoseSequence, exercise: str = AUTO, *, load_kg: float | None = None) -> Report:
    """Judge a set from the poses of its lifter.

    Parameters
    ----------
    poses : from `formcheck.pose_estimation.estimate_poses` or `formcheck.pose_files.load_poses`.
    exercise : "auto", "deadlift", "kettlebell-swing" or "squat".
    load_kg : the load, for the advice; None when unknown.

    Raises
    ------
    UsageError : there is no such exercise.
    """
    if exercise != AUTO and exercise_named(exercise) is None:
        names = ", ".join([AUTO, *(known.name for known in EXERCISES)])
        raise UsageError(f"There is no exercise '{exercise}': choose one of {names}.")
    cleaned = clean(poses)
    stretches = [_stretch(cleaned, part) for part in cleaned.segments]
    recognition = recognise(
        [shape_of(stretch.signals, cycle) for stretch in stretches for cycle in stretch.cycles], EXERCISES
    )
    named = exercise_named(exercise)
    lift = named or recognition.exercise
    limit = LIKE if named is None else LIKE_WHEN_TOLD
    reps = [] if lift is None else _reps(stretches, lift, limit)
    view = _view(cleaned, reps)
    judged = (
        [] if lift is None else [_judge_rep(lift, signals, rep, view, i + 1) for i, (signals, rep) in enumerate(reps)]
    )
    findings = () if lift is None else _judge_set(lift, judged)
    choice = _choice(exercise, lift, recognition)
    verdict = _verdict(judged, findings)
    return Report(
        video=poses.video,
        exercise=choice,
        view=view,
        sagittal_ok=_sagittal_ok(view),
        tracking=_tracking(poses, cleaned),
        reps=tuple(judged),
        findings=findings,
        verdict=verdict,
        summary=_summary(verdict, lift, judged, findings, recognition)
        if poses.seen.any()
        else "Nobody was found in the picture, so nothing was judged.",
        advice=_advice(findings, view, judged),
        model=poses.model,
        load_kg=load_kg,
        signals=_joined(stretches, poses),
    )


def _stretch(cleaned: CleanPoses, part: slice) -> _Stretch:
    poses = cleaned.poses.part(part)
    signals = compute_signals(poses)
    cycles = find_cycles(signals.time_s, signals.shoulder_height)
    return _Stretch(part.start, poses, with_back_rounding(signals, find_neutral(signals, cycles)), cycles)


def _reps(stretches: Sequence[_Stretch], lift: Exercise, limit: float) -> list[tuple[Signals, Rep]]:
    reps = []
    for stretch in stretches:
        cycles = [cycle for cycle in stretch.cycles if lift.resemblance(shape_of(stretch.signals, cycle)) >= limit]
        if lift.from_floor:
            empty = empty_handed(stretch.signals.time_s, stretch.poses.floor, stretch.poses.floor_place, cycles)
            cycles = [cycle for cycle, stands_up_only in zip(cycles, empty, strict=True) if not stands_up_only]
        reps += [(stretch.signals, lift.rep(stretch.signals, cycle)) for cycle in cycles]
    return reps


def _view(cleaned: CleanPoses, reps: Sequence[tuple[Signals, Rep]]) -> View:
    """View during the repetitions; over everything when there are none."""
    if not cleaned.poses.seen.any():
        return UNKNOWN_VIEW
    if not reps:
        return view_of(cleaned.poses)
    keep = np.zeros(len(cleaned.poses), dtype=bool)
    for signals, rep in reps:
        # Up to half-way up: at the top of a deadlift plates hide hips and legs, and the model turns the body at will.
        start_s, half_way_s = signals.time_s[rep.start], signals.time_s[(rep.lift_off + rep.lockout) // 2]
        keep |= (cleaned.poses.time_s >= start_s) & (cleaned.poses.time_s <= half_way_s)
    return view_of(cleaned.poses.part(keep))


def _sagittal_ok(view: View) -> bool:
    return not math.isnan(view.yaw_deg) and bool(back_can_be_seen(np.array([view.yaw_deg]))[0])


def _judge_rep(lift: Exercise, signals: Signals, rep: Rep, view: View, index: int) -> RepReport:
    measures = lift.measure(signals, rep)
    findings = tuple(judge(check, measures.get(check.measure), view.name, index) for check in lift.checks)
    return RepReport(
        index=index,
        start_s=float(signals.time_s[rep.start]),
        bottom_s=float(signals.time_s[rep.bottom]),
        top_s=float(signals.time_s[rep.top]),
        end_s=float(signals.time_s[rep.end]),
        lift_off_s=float(signals.time_s[rep.lift_off]),
        lockout_s=float(signals.time_s[rep.lockout]),
        partial=rep.partial,
        measures={name: measured.value for name, measured in measures.items()},
        findings=findings,
    )


def _judge_set(lift: Exercise, reps: Sequence[RepReport]) -> tuple[Finding, ...]:
    return tuple(
        judge_set(check, [finding for rep in reps for finding in rep.findings if finding.check == check.id])
        for check in lift.checks
    )


def _choice(asked: str, lift: Exercise | None, recognition: Recognition) -> ExerciseChoice:
    if lift is None:
        return ExerciseChoice(NONE, "auto", recognition.confidence)
    if asked != AUTO:
        return ExerciseChoice(lift.name, "user", 1.0)
    return ExerciseChoice(lift.name, "auto", recognition.confidence)


def _tracking(poses: PoseSequence, cleaned: CleanPoses) -> Tracking:
    seen = poses.seen & ~cleaned.rejected
    share = float(seen.mean()) if len(poses) else 0.0
    notes = list(poses.notes)
    if not poses.video.complete and not any("cut off" in note or "damaged" in note for note in notes):
        notes.append("The file is damaged or cut off; only what could be read was analysed.")
    if share == 0.0:
        notes.append("Nobody was found in the picture.")
    elif share < SEEN_SHARE_MIN:
        notes.append(f"The lifter was seen clearly in only {share:.0%} of the frames.")
    if len(cleaned.segments) > 1:
        notes.append(f"The video was cut: its {len(cleaned.segments)} parts were analysed one by one.")
    return Tracking(int(poses.seen.sum()), share, tuple(notes))


def _verdict(reps: Sequence[RepReport], findings: Sequence[Finding]) -> str:
    if not reps:
        return NOT_JUDGED
    verdicts = {finding.verdict for finding in findings}
    if FAULT_FOUND in verdicts:
        return FAULT
    if WATCH_FOUND in verdicts:
        return WATCH
    # The back comes first in every lift's checks: what leaves it out cannot be called good.
    return NOT_JUDGED if findings[0].verdict == NOT_MEASURED else GOOD


def _summary(
    verdict: str,
    lift: Exercise | None,
    reps: Sequence[RepReport],
    findings: Sequence[Finding],
    recognition: Recognition,
) -> str:
    if lift is None:
        return "No deadlift, kettlebell swing or squat was recognised, so nothing was judged."
    if not reps:
        other = recognition.exercise
        hint = f" It looks more like a {other.title.lower()}." if other and other is not lift else ""
        return f"No {lift.title.lower()} repetition was found, so nothing was judged.{hint}"
    count = f"{len(reps)} {lift.title.lower()} rep{'s' if len(reps) != 1 else ''}"
    if verdict == GOOD:
        return f"{count}: nothing to correct."
    if verdict == NOT_JUDGED:
        return f"{count}: the back could not be judged ({findings[0].reason})."
    worst = next(f for level in (FAULT_FOUND, WATCH_FOUND) for f in findings if f.verdict == level)
    where = f" in {_share(worst, reps)}"
    softened = "" if worst.verdict == FAULT_FOUND else " (worth watching)"
    return f"{count}: {worst.title.lower()}{where}{softened}."


def _share(finding: Finding, reps: Sequence[RepReport]) -> str:
    hit = [
        rep.index
        for rep in reps
        for found in rep.findings
        if found.check == finding.check and found.verdict in (FAULT_FOUND, WATCH_FOUND)
    ]
    if len(hit) == len(reps):
        return "every rep" if len(reps) > 1 else "the rep"
    return f"rep {hit[0]}" if len(hit) == 1 else f"{len(hit)} of {len(reps)} reps"


def _advice(findings: Sequence[Finding], view: View, reps: Sequence[RepReport]) -> tuple[str, ...]:
    advice = [finding.cue for level in (FAULT_FOUND, WATCH_FOUND) for finding in findings if finding.verdict == level]
    if reps and not _sagittal_ok(view):
        advice.append("Film from the side, phone at hip height, whole body in the picture, to have your back judged.")
    return tuple(dict.fromkeys(advice))[:ADVICE_MAX]


def _joined(stretches: Sequence[_Stretch], poses: PoseSequence) -> Signals | None:
    """Signals of all stretches in one, NaN in between; None when nobody was seen."""
    if not poses.seen.any():
        return None
    columns = no_signals(poses.time_s).columns()
    for stretch in stretches:
        for name, values in stretch.signals.columns().items():
            columns[name][stretch.first : stretch.first + len(values)] = values
    return Signals(**columns)
