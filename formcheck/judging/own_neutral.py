"""The lifter's neutral back from good repetitions of the lifter's own, which lifter or coach have chosen.

What a contour shows with a neutral back differs from lifter to lifter by far more than from day to day, so nothing
tells it better than a set that somebody has looked at and called good. Not every set can be that: its back must have
been judged, and it must not have a fault of the back itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from formcheck.core.errors import UsageError
from formcheck.core.poses import FloatArray
from formcheck.core.verdicts import FAULT, NOT_MEASURED
from formcheck.core.words import _, in_sentence
from formcheck.exercises.framework.check import FAULT_MARGIN, Check, Skill
from formcheck.exercises.framework.measurement import phase_weights, weighted_median
from formcheck.exercises.shared.back import BACK_ROUNDING_DEG
from formcheck.judging.effective_checks import judged_checks
from formcheck.judging.report import Report, RepReport
from formcheck.motion.calibration import calibration_of
from formcheck.motion.neutral import OWN_REPS, OWN_REPS_DAY_DEG, OwnReps, population_neutral
from formcheck.motion.signals import Signals
from formcheck.motion.spine_method import CONTOUR

REPS_NEEDED = 2
"""One repetition may be a lucky one."""

REPS_SPREAD_MAX_DEG = 8.0
"""Backs that differ by more from repetition to repetition (standard deviation) show no neutral: sets of labelled clips
with a neutral back stay below 5 deg."""


def own_reps_from(report: Report, day: str = "") -> OwnReps:
    """The lifter's neutral by the repetitions of a report with its signals; ``day`` is when they were done.

    Raises
    ------
    UsageError : the set shows no neutral back; the message says why, as the end of a sentence about it.
    """
    if report.signals is None or not report.reps:
        raise UsageError(_("no repetition was found in it"))
    if report.back is not None and report.back.source == OWN_REPS:
        raise ValueError("a neutral must not be judged by an earlier one")
    if report.back is not None and report.back.method != CONTOUR:
        raise UsageError(_("a bar or arms hide the upper back in it"))
    checks = [check for check in judged_checks(report) if check.trains is Skill.BACK]
    _refuse_faults(report, checks)
    levels = [level for rep in report.reps if (level := _level(report, rep)) is not None]
    if len(levels) < REPS_NEEDED:
        raise UsageError(
            _(
                "its back was judged in {judged} of {reps} reps, and {needed} are needed",
                judged=len(levels),
                reps=len(report.reps),
                needed=REPS_NEEDED,
            )
        )
    lower, upper = np.median(levels, axis=0)
    spread = float(np.std(np.sum(levels, axis=1), ddof=1))
    if spread > REPS_SPREAD_MAX_DEG:
        raise UsageError(
            _("its back differs by {spread:.0f} deg from rep to rep, so it shows no one neutral", spread=spread)
        )
    doubt = float(np.hypot(OWN_REPS_DAY_DEG, spread / np.sqrt(len(levels))))
    return OwnReps(round(float(lower), 2), round(float(upper), 2), round(doubt, 2), day)


def _refuse_faults(report: Report, checks: Sequence[Check]) -> None:
    """`UsageError` for a set whose back is not neutral itself."""
    back = {check.id for check in checks}
    for rep in report.reps:
        for finding in rep.findings:
            if finding.check in back and finding.verdict == FAULT:
                raise UsageError(
                    _(
                        "its own back is at fault: {title} in rep {rep}",
                        title=in_sentence(finding.title),
                        rep=rep.index,
                    )
                )
    fault = next((check.fault for check in checks if check.measure == BACK_ROUNDING_DEG), np.inf)
    for rep in report.reps:
        rounding_deg = rep.measures.get(BACK_ROUNDING_DEG.name, np.nan)
        # A hollow back is no fault, but against it a neutral one would look rounded.
        if rounding_deg < -fault - FAULT_MARGIN * _doubt(report, rep):
            raise UsageError(_("its back is hollow rather than neutral in rep {rep}", rep=rep.index))


def _doubt(report: Report, rep: RepReport) -> float:
    signals, (start, stop) = _phase(report, rep)
    known = signals.back_rounding_uncertainty_deg[start : stop + 1]
    return float(np.nanmedian(known)) if np.isfinite(known).any() else 0.0


def _level(report: Report, rep: RepReport) -> tuple[float, float] | None:
    """How much more the contour bends in a repetition than that of lifters in general; None where it was not judged."""
    back = {check.id for check in judged_checks(report) if check.measure == BACK_ROUNDING_DEG}
    if all(finding.verdict == NOT_MEASURED for finding in rep.findings if finding.check in back):
        return None
    signals, (start, stop) = _phase(report, rep)
    usual = population_neutral(calibration_of(report.model).contour_norms)
    phase = slice(start, stop + 1)
    lean_deg = signals.trunk_lean_deg[phase]
    lower, upper = usual.at(lean_deg, signals.hip_flexion_deg[phase] - lean_deg)
    weights = phase_weights(signals, start, stop)

    def over_phase(bend_deg: FloatArray) -> float:
        return weighted_median(bend_deg, weights)

    found = over_phase(signals.lower_bend_deg[phase] - lower), over_phase(signals.upper_bend_deg[phase] - upper)
    return found if np.isfinite(found).all() else None


def _phase(report: Report, rep: RepReport) -> tuple[Signals, tuple[int, int]]:
    """The signals, and the closed sample range of a repetition over which its back was judged."""
    assert report.signals is not None
    signals = report.signals
    judged = (signals.time_s >= rep.start_s) & (signals.time_s <= rep.end_s) & (signals.back_judged > 0)
    where = np.flatnonzero(judged)
    return (signals, (int(where[0]), int(where[-1]))) if len(where) else (signals, (0, -1))
