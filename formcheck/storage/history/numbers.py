"""A saved set in numbers: what lists show and what trends follow, computed once when the set is saved."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from formcheck.judging.report import Report

ROUNDING, DEPTH = "back_rounding_deg", "depth_thighs"


@dataclass(frozen=True)
class SetNumbers:
    """A set in numbers; NaN = not measured or not told.

    Attributes
    ----------
    reps : repetitions that came up all the way.
    tonnage_kg : load times ``reps``: an estimate of the work done.
    rounding_deg, worst_rounding_deg : median and highest of the repetitions; positive = rounded.
    depth_thighs : median of the repetitions, hips above the knees; negative = below parallel.
    concentric_s : mean duration of the ascent, from lift-off to lockout.
    velocity_heights_per_s : mean over the repetitions of the mean velocity during the ascent, in body heights per
        second.
    slowdown_percent : the report's velocity loss: how much slower the last ascent was than the fastest.
    """

    reps: int = 0
    load_kg: float = math.nan
    tonnage_kg: float = math.nan
    rounding_deg: float = math.nan
    worst_rounding_deg: float = math.nan
    depth_thighs: float = math.nan
    concentric_s: float = math.nan
    velocity_heights_per_s: float = math.nan
    slowdown_percent: float = math.nan


def numbers_of(report: Report, load_kg: float | None) -> SetNumbers:
    """A report in numbers, with the load that was lifted."""
    reps = [rep for rep in report.reps if not rep.partial]
    load = math.nan if load_kg is None else load_kg
    level = report.set_level
    rounding = [rep.measures.get(ROUNDING, math.nan) for rep in reps]
    return SetNumbers(
        reps=len(reps),
        load_kg=load,
        tonnage_kg=load * len(reps),
        rounding_deg=median(rounding),
        worst_rounding_deg=max(measured(rounding), default=math.nan),
        depth_thighs=median(rep.measures.get(DEPTH, math.nan) for rep in reps),
        concentric_s=_mean(report.concentric_s(rep) for rep in reps),
        velocity_heights_per_s=_mean(_velocities(report, {rep.index for rep in reps})),
        slowdown_percent=math.nan if level is None else 100.0 * level.velocity_loss,
    )


def measured(values: Iterable[float]) -> list[float]:
    """Those values that are numbers."""
    return [value for value in values if math.isfinite(value)]


def median(values: Iterable[float]) -> float:
    """The median of those values that are numbers; NaN when none is."""
    known = measured(values)
    return statistics.median(known) if known else math.nan


def _velocities(report: Report, whole: set[int]) -> list[float]:
    """Mean velocity during the ascent of those repetitions."""
    motions = () if report.set_level is None else report.set_level.reps
    return [each.mean_velocity_heights_per_s for each in motions if each.index in whole]


def _mean(values: Iterable[float]) -> float:
    known = measured(values)
    return statistics.fmean(known) if known else math.nan
