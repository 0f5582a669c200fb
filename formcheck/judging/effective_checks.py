"""With what limits a report was judged: everything that draws or words a verdict asks here."""

from __future__ import annotations

import numpy as np

from formcheck.core.poses import FloatArray
from formcheck.core.verdicts import FAULT, WATCH
from formcheck.exercises import EXERCISES, exercise_named
from formcheck.exercises.framework.check import FAULT_MARGIN, WATCH_MARGIN, Check, limit_words
from formcheck.exercises.framework.variant import checks_of_variant
from formcheck.exercises.shared.back import (
    BACK_ROUNDING_DEG,
    ROUNDING_FAULT_DEG,
    ROUNDING_FAULT_MARGIN,
    ROUNDING_WATCH_DEG,
)
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


def fault_margin_of(check: str) -> float:
    """By how many standard errors a fault of the check with that id must exceed its limit."""
    known = (each.fault_margin for lift in EXERCISES for each in lift.checks if each.id == check)
    return next(known, FAULT_MARGIN)


def judged_rounding_deg(report: Report) -> FloatArray:
    """(T,) back rounding where it was judged, NaN elsewhere: what may be drawn in the colour of a verdict."""
    if report.signals is None:
        return np.zeros(0)
    return np.where(report.signals.back_judged > 0, report.signals.back_rounding_deg, np.nan)


def stated_rounding_limits_deg(report: Report) -> tuple[float, float]:
    """The limits of back rounding, watch and fault, as every table, chart and video states them."""
    for check in judged_checks(report):
        if check.measure == BACK_ROUNDING_DEG:
            return check.watch, check.fault
    return ROUNDING_WATCH_DEG, ROUNDING_FAULT_DEG


def rounding_limits_sentence(report: Report) -> str:
    """What the limits of back rounding mean, in the one wording that is used everywhere."""
    watch, fault = stated_rounding_limits_deg(report)
    return "; ".join(
        limit_words(verdict, f"{limit:.0f}\N{DEGREE SIGN}", fault_margin=ROUNDING_FAULT_MARGIN)
        for verdict, limit in ((FAULT, fault), (WATCH, watch))
    )


def rounding_limits_deg(report: Report) -> tuple[float, float]:
    """Back rounding from which on a frame counts as "watch" and as "fault": the limits plus what doubt adds to them.

    The doubt is nearly all in the lifter's neutral and so the same over the whole set.
    """
    limits = stated_rounding_limits_deg(report)
    doubt: FloatArray = np.zeros(0)
    if report.signals is not None:
        doubt = report.signals.back_rounding_uncertainty_deg[np.isfinite(judged_rounding_deg(report))]
    doubt = doubt[np.isfinite(doubt)]
    usual = float(np.median(doubt)) if len(doubt) else 0.0
    return limits[0] + WATCH_MARGIN * usual, limits[1] + ROUNDING_FAULT_MARGIN * usual
