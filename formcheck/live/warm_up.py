"""The warm-up: unloaded drills with a clear pass or not yet, then ramp sets.

The hip hinge comes first: sending the hips back before lowering the trunk is the pattern to master before a bar is
pulled or carried. The drills after it are the lifts that are registered with one, judged by the analysis itself; the
hinge, which is not a lift, is judged by checks of the same kind. Standing still at the start also gives the lifter's
neutral back.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from formcheck.core.verdicts import FAULT, OK
from formcheck.core.words import N_, _
from formcheck.exercises import EXERCISES
from formcheck.exercises.framework.check import SIDE, Check, Finding, Measurement, judge, missing
from formcheck.exercises.framework.exercise import Exercise, LiveDrill, Pattern
from formcheck.exercises.framework.measure import Measure
from formcheck.exercises.framework.measurement import (
    ANGLE_UNCERTAINTY_DEG,
    KNEE_FLEXION_BOTTOM_DEG,
    NOT_SEEN,
    TRUNK_LEAN_BOTTOM_DEG,
    at_instant,
)
from formcheck.exercises.shared.back import (
    BACK_ROUNDING_DEG,
    ROUNDING_FAULT_DEG,
    ROUNDING_SOURCE,
    ROUNDING_WATCH_DEG,
    back_rounding,
)
from formcheck.judging.finished_reps import finished_reps
from formcheck.judging.report import Report, RepReport
from formcheck.live.cues import spoken
from formcheck.motion.neutral import Baseline
from formcheck.motion.reps import Cycle, find_cycles
from formcheck.motion.signals import Signals
from formcheck.motion.standing import CAME_UP

STAND, HINGE, RAMP = "stand", "hinge", "ramp"

PATTERNS = tuple(Pattern)
"""The order of the drills that are lifts: slow and symmetric patterns before fast ones."""


HIPS_BACK_THIGHS = Measure(
    "hips_back_thighs",
    "Hips moved back",
    "thigh lengths",
    "How far the hips travel back over the ankles, in lengths of a thigh.",
)

HIPS_FIRST_SHARE = Measure(
    "hips_first_share",
    "Hips before the trunk",
    "of their way",
    "Share of the hips' way back that is done when the trunk has leaned a third of its way.",
)


def lift_drills(exercises: Iterable[Exercise]) -> dict[str, LiveDrill]:
    """The drills among the lifts by the lift's name, in the order in which they are done."""
    in_order = sorted(exercises, key=lambda lift: PATTERNS.index(lift.warm_up.pattern))
    return {lift.name: lift.live_drill for lift in in_order if lift.live_drill is not None}


LIFT_DRILLS = lift_drills(EXERCISES)
STAGES = (STAND, HINGE, *(drill.stage for drill in LIFT_DRILLS.values()), RAMP)

LIFT_OF_STAGE = {drill.stage: lift for lift, drill in LIFT_DRILLS.items()}
"""What the analysis is told in a drill that is a lift."""

NEEDED = {HINGE: 3} | {drill.stage: drill.reps_needed for drill in LIFT_DRILLS.values()}
"""This many good repetitions in a row pass a drill."""

RAMP_SETS, RAMP_REPS = 3, 5

BASELINE_UNCERTAINTY_DEG = 5.0
"""How far a standing back differs from day to day: as `Baseline` assumes."""

TOLD = {
    STAND: N_("Stand tall and still, arms hanging, side to the camera"),
    HINGE: N_("Hip hinge, no weight: push the hips back as if to a wall behind you, knees soft, back long"),
} | {drill.stage: drill.instruction for drill in LIFT_DRILLS.values()}

TRUNK_EARLY_SHARE = 1.0 / 3.0
"""The hips must be on their way when the trunk has leaned this share of the whole."""

STANDING_BEFORE_S = 0.7
"""A cycle begins when the shoulders have sunk a little; this long before that the lifter stood."""

HINGE_CHECKS = (
    Check(
        id="hinge-back",
        title="Back neutral",
        measure=BACK_ROUNDING_DEG,
        watch=ROUNDING_WATCH_DEG,
        fault=ROUNDING_FAULT_DEG,
        views=SIDE,
        cue="Long back: chest proud, eyes on the floor ahead.",
        why="A hinge bends at the hips; a spine that bends along hides whether it does.",
        source=ROUNDING_SOURCE,
        confidence="medium",
    ),
    Check(
        id="hinge-hips-first",
        title="Hips before trunk",
        measure=HIPS_FIRST_SHARE,
        watch=0.25,
        fault=0.15,
        views=SIDE,
        cue="Hips back first: touch the wall behind you, then let the trunk follow.",
        why="Sending the hips back loads hips and hamstrings; bowing forward loads the back.",
        source="Provisional: the drill's own wording",
        confidence="low",
    ),
    Check(
        id="hinge-hips-back",
        title="Hips far enough back",
        measure=HIPS_BACK_THIGHS,
        watch=0.28,
        fault=0.18,
        views=SIDE,
        cue="Further back with the hips.",
        why="A hinge is made by the hips' way back, not by leaning.",
        source="Provisional: the drill's own wording",
        confidence="low",
    ),
    Check(
        id="hinge-knees-soft",
        title="Knees soft, not bending",
        measure=KNEE_FLEXION_BOTTOM_DEG,
        watch=50,
        fault=60,
        views=SIDE,
        cue="Soft knees that stay where they are: this is not a squat.",
        why="Knees that bend on turn the hinge into a squat.",
        source="Provisional: below the Romanian deadlift's knees (60)",
        confidence="low",
    ),
    Check(
        id="hinge-knees-locked",
        title="Knees not locked",
        measure=KNEE_FLEXION_BOTTOM_DEG,
        watch=8,
        fault=2,
        views=SIDE,
        cue="Unlock the knees a little.",
        why="Locked knees stop the hips from going back.",
        source="Provisional: the drill's own wording",
        confidence="low",
    ),
    Check(
        id="hinge-deep-enough",
        title="Deep enough",
        measure=TRUNK_LEAN_BOTTOM_DEG,
        watch=40,
        fault=30,
        views=SIDE,
        cue="A little deeper, as far as the back stays long.",
        why="A small bow shows nothing.",
        source="Provisional: HINGE_LEAN_DEG, where a neutral hinge is reached at 60",
        confidence="low",
    ),
)


@dataclass(frozen=True)
class DrillResult:
    """Where a drill stands.

    Attributes
    ----------
    stage : one of `STAGES`.
    reps : finished repetitions in the drill.
    good : good ones in a row up to the last.
    needed : how many pass it.
    cue : what to change about the last repetition, "" when it was good.
    """

    stage: str
    reps: int = 0
    good: int = 0
    needed: int = 0
    cue: str = ""

    @property
    def passed(self) -> bool:
        """A clear pass; else not yet."""
        return self.good >= self.needed > 0


def drill_names() -> tuple[str, ...]:
    """What the drills are called in a list, in order."""
    return HINGE, *(drill.name for drill in LIFT_DRILLS.values())


def baseline_of(report: Report) -> Baseline | None:
    """The lifter's standing back, None where the report's poses did not show it."""
    if report.back is None or report.back.source != "standing":
        return None
    lower_deg, upper_deg = report.back.standing_deg
    return Baseline(lower_deg, upper_deg, BASELINE_UNCERTAINTY_DEG)


def neutral_back(baseline: Baseline) -> dict[str, float]:
    """As the history keeps it with the lifter."""
    return {
        "lower_deg": round(baseline.lower_deg, 2),
        "upper_deg": round(baseline.upper_deg, 2),
        "uncertainty_deg": baseline.uncertainty_deg,
    }


def judge_drill(stage: str, report: Report, now_s: float) -> DrillResult:
    """Where a drill stands, from the analysis of what was seen of it so far, up to ``now_s``."""
    if stage == HINGE:
        verdicts = [_worst(findings) for findings in hinge_findings(report)]
    else:
        reps = finished_reps(report, now_s)
        verdicts = [_worst(_with_back(rep)) for rep in reps]
    good = 0
    for verdict in reversed(verdicts):
        if verdict is not None:
            break
        good += 1
    last = verdicts[-1] if verdicts else None
    cue = "" if last is None else spoken(last.cue)
    return DrillResult(stage, len(verdicts), good, NEEDED[stage], cue)


def hinge_findings(report: Report) -> list[list[Finding]]:
    """Findings of every hinge in a report's signals that came up again."""
    signals = report.signals
    if signals is None:
        return []
    found = []
    for cycle in find_cycles(signals.time_s, signals.shoulder_height):
        if signals.shoulder_height[cycle.top] >= CAME_UP:
            measures = hinge_measures(signals, cycle)
            found.append([judge(check, measures[check.measure.name], report.view.name) for check in HINGE_CHECKS])
    return found


def hinge_measures(signals: Signals, cycle: Cycle) -> dict[str, Measurement]:
    """Measures of one hinge by name.

    ``hips_back_thighs`` is how far the hips travel back over the ankles, in thigh lengths; ``hips_first_share`` the
    share of that way that is done when the trunk has leaned by `TRUNK_EARLY_SHARE` of its whole lean.
    """
    standing_s = signals.time_s[cycle.before] - STANDING_BEFORE_S
    first, bottom = int(np.searchsorted(signals.time_s, standing_s)), max(cycle.bottom, cycle.before + 1)
    lean, back = signals.trunk_lean_deg[first : bottom + 1], hips_back(signals)[first : bottom + 1]
    known = np.isfinite(lean) & np.isfinite(back)
    hips = share = missing(NOT_SEEN)
    at_s = float(signals.time_s[bottom])
    if known.mean() > 0.5 and known[0] and known[-1]:
        way = float(back[-1] - back[0])
        seen = float(known.mean())
        hips = Measurement(way, at_s, 0.05, seen=seen)
        early = np.flatnonzero(known & (lean - lean[0] >= TRUNK_EARLY_SHARE * (lean[-1] - lean[0])))
        done = float(back[early[0]] - back[0]) / way if len(early) and way > 0.05 else 0.0
        early_s = float(signals.time_s[first + (int(early[0]) if len(early) else 0)])
        share = Measurement(done, early_s, 0.05, seen=seen)
    return {
        BACK_ROUNDING_DEG.name: back_rounding(signals, cycle.bottom_from, cycle.bottom_to),
        HIPS_BACK_THIGHS.name: hips,
        HIPS_FIRST_SHARE.name: share,
        KNEE_FLEXION_BOTTOM_DEG.name: at_instant(signals, signals.knee_flexion_deg, bottom, ANGLE_UNCERTAINTY_DEG),
        TRUNK_LEAN_BOTTOM_DEG.name: at_instant(signals, signals.trunk_lean_deg, bottom, ANGLE_UNCERTAINTY_DEG),
    }


def hips_back(signals: Signals) -> np.ndarray:
    """(T,) hips behind the ankles in thigh lengths, from the angles of two equally long shanks and thighs."""
    shank, knee = np.radians(signals.shank_lean_deg), np.radians(signals.knee_flexion_deg)
    return np.asarray(np.sin(knee - shank) - np.sin(shank))


def _with_back(rep: RepReport) -> Sequence[Finding]:
    """The findings of a repetition; a back that was not seen is not a pass either."""
    return [
        replace(finding, verdict=FAULT, cue="Side to the camera: I must see your back.")
        if finding.check == "back-rounding" and math.isnan(finding.value)
        else finding
        for finding in rep.findings
    ]


def _worst(findings: Sequence[Finding]) -> Finding | None:
    """What keeps a repetition from being good, the most important first; None when nothing does."""
    for finding in findings:
        if finding.verdict == FAULT:
            return finding
        if finding.check in _HINGE_IDS and finding.verdict != OK:
            return finding
    return None


_HINGE_IDS = {check.id for check in HINGE_CHECKS}


def after_ramp_set(report: Report, number: int) -> str:
    """What to do after ramp set ``number``, counted from 1."""
    if report.verdict == FAULT:
        return _("Stay at this load: {advice}", advice=spoken(report.advice[0]) if report.advice else report.summary)
    if number >= RAMP_SETS:
        return _("Warm-up done: ready for your work sets")
    return _("Good: add some load for ramp set {number} of {n}", number=number + 1, n=RAMP_SETS)
