"""With what limits a report was judged: everything that draws or words a verdict asks here."""

from __future__ import annotations

import numpy as np

from formcheck.exercises import exercise_named
from formcheck.exercises.framework.check import FAULT_MARGIN, WATCH_MARGIN, Check
from formcheck.exercises.framework.variant import checks_of_variant
from formcheck.exercises.shared.back import ROUNDING_FAULT_DEG, ROUNDING_WATCH_DEG
from formcheck.judging.report import Report
from formcheck.judging.settings import apply


def judged_checks(report: Report) -> tuple[Check, ...]:
    """The checks with the limits that the report was judged by: the user's settings and the variant count."""
    lift = exercise_named(report.exercise.name)
    if lift is None:
        return ()
    lift = apply(lift, report.settings)
    variant = next((each for each in lift.variants if each.name == report.variant), None)
    return lift.checks if variant is None else checks_of_variant(lift.checks, variant)


def rounding_limits_deg(report: Report) -> tuple[float, float]:
    """Back rounding from which on a frame counts as "watch" and as "fault": the limits plus what doubt adds to them.

    The doubt is nearly all in the lifter's neutral and so the same over the whole set.
    """
    limits = (ROUNDING_WATCH_DEG, ROUNDING_FAULT_DEG)
    for check in judged_checks(report):
        if check.measure == "back_rounding_deg":
            limits = check.watch, check.fault
    doubt = np.zeros(0) if report.signals is None else report.signals.back_rounding_uncertainty_deg
    doubt = doubt[np.isfinite(doubt)]
    usual = float(np.median(doubt)) if len(doubt) else 0.0
    return limits[0] + WATCH_MARGIN * usual, limits[1] + FAULT_MARGIN * usual
