"""A set in one row, for tables of many sets: the verdict, the worst repetition, a few numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from formcheck.core.verdicts import NOT_MEASURED, Verdict, worst
from formcheck.core.words import ENGLISH, speaking
from formcheck.judging.report import Report, RepReport

ROUNDING, DEPTH = "back_rounding_deg", "depth_thighs"


@dataclass(frozen=True)
class SetSummary:
    """A set in one row; None = not measured, not told, or nothing to name.

    Attributes
    ----------
    exercise, variant : as recognised or chosen; "none" and "unknown" where they are not known.
    verdict : on the set.
    reps, partial_reps, flagged_reps : all repetitions that were found, those seen only in part, and those with a fault
        or something to watch.
    worst_rep, worst_rep_verdict : the repetition to look at first, where one has something to tell.
    worst_check, worst_value, worst_unit : its gravest finding, by its title, with the value that was measured.
    rounding_deg, worst_rounding_deg : median and highest back rounding of the whole repetitions; positive = rounded.
    depth_thighs : median height of the hips above the knees at the bottom, in thigh lengths; negative = below parallel.
    concentric_s : mean duration of the concentric phase.
    headline, advice : the report's verdict in one sentence, and the first thing to try.
    view : where the camera stood. tracking_quality : 0..1. duration_s : of the video.
    """

    exercise: str
    variant: str
    verdict: str
    reps: int
    partial_reps: int
    flagged_reps: int
    worst_rep: int | None
    worst_rep_verdict: str
    worst_check: str
    worst_value: float | None
    worst_unit: str
    rounding_deg: float | None
    worst_rounding_deg: float | None
    depth_thighs: float | None
    concentric_s: float | None
    headline: str
    advice: str
    view: str
    tracking_quality: float | None
    duration_s: float | None

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> SetSummary:
        """The summary that `to_dict` wrote; `TypeError` where a value is missing or unknown."""
        return cls(**told)


def set_summary(report: Report) -> SetSummary:
    """A report in one row."""
    whole = [rep for rep in report.reps if not rep.partial]
    first = _to_look_at(report)
    finding = None if first is None else max((each for each in first.findings), key=lambda each: each.verdict.severity)
    rounding = _measured(rep.measures.get(ROUNDING, math.nan) for rep in whole)
    depth = _measured(rep.measures.get(DEPTH, math.nan) for rep in whole)
    concentric = _measured(report.concentric_s(rep) for rep in whole)
    with speaking(ENGLISH):  # what tables for programs say of a check is its name, whoever reads them
        worst_check, worst_unit = ("", "") if finding is None else (str(finding.title), str(finding.unit))
    return SetSummary(
        exercise=report.exercise.name,
        variant=report.variant,
        verdict=report.verdict.value,
        reps=len(report.reps),
        partial_reps=len(report.reps) - len(whole),
        flagged_reps=sum(_verdict(rep).is_flagged for rep in report.reps),
        worst_rep=None if first is None else first.index,
        worst_rep_verdict="" if first is None else _verdict(first).value,
        worst_check=worst_check,
        worst_value=None if finding is None else _known(finding.value),
        worst_unit=worst_unit,
        rounding_deg=_known(median(rounding)) if rounding else None,
        worst_rounding_deg=_known(max(rounding)) if rounding else None,
        depth_thighs=_known(median(depth)) if depth else None,
        concentric_s=_known(sum(concentric) / len(concentric)) if concentric else None,
        headline=report.summary,
        advice=report.advice[0] if report.advice else "",
        view=report.view.name.value,
        tracking_quality=_known(report.tracking.quality),
        duration_s=_known(report.video.duration_s),
    )


def _to_look_at(report: Report) -> RepReport | None:
    """The gravest repetition, which is the one that the report names first; None where all are right."""
    flagged = [rep for rep in report.reps if _verdict(rep).is_flagged]
    named = None if report.set_level is None else report.set_level.worst_rep
    for rep in flagged:
        if rep.index == named:
            return rep
    return max(flagged, key=lambda rep: _verdict(rep).severity, default=None)


def _verdict(rep: RepReport) -> Verdict:
    return worst(finding.verdict for finding in rep.findings) if rep.findings else NOT_MEASURED


def _measured(values: Iterable[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]


def _known(value: float) -> float | None:
    """As in report.json: three decimals, None where it was not measured."""
    return round(float(value), 3) if math.isfinite(value) else None
