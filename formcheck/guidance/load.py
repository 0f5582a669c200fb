"""Load advice from saved sets: each with the evidence behind it. Pure functions.

It speaks of what was seen and told, and is silent about everything else: a back that was not judged is not evidence for
either side, and one repetition alone says nothing about the load.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from formcheck.core.loads import LOAD_UNITS, load_words
from formcheck.core.verdicts import FAULT, NOT_MEASURED, WATCH, DriftVerdict, Verdict
from formcheck.core.words import in_sentence, number
from formcheck.exercises import check_ids
from formcheck.exercises.framework.check import Finding, LoadSign
from formcheck.exercises.framework.variant import UNKNOWN
from formcheck.guidance.tables import LOAD_LIMITS
from formcheck.guidance.texts import text
from formcheck.judging.report import Report
from formcheck.storage.history.records import AnySet, SavedSet
from formcheck.storage.history.trends import local_day, sessions

NOT_SAVED = 0
"""Number of a set that is not in the history."""

DAYS_A_WEEK = 7

LOOKED_BACK = 300
"""Newest sets of a lifter that advice is made from: months of training, and no more than is read in a second."""


@dataclass(frozen=True)
class LoadAdvice:
    """One piece of advice.

    Attributes
    ----------
    id : kind, lift and day of the newest set, by which it can be hidden; new evidence makes a new id.
    title, text : what to do.
    evidence : what it rests on, a line each; never empty.
    sources : ids of `formcheck.guidance.tables.SOURCES`.
    """

    id: str
    title: str
    text: str
    evidence: tuple[str, ...]
    sources: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "id": self.id,
            "title": self.title,
            "text": self.text,
            "evidence": list(self.evidence),
            "sources": list(self.sources),
        }


def load_advice(
    sets: Sequence[SavedSet],
    report: Report | None = None,
    *,
    now: datetime | None = None,
    earlier_back_injury: bool = False,
    hidden: Collection[str] = (),
    unit: str = LOAD_UNITS[0],
) -> tuple[LoadAdvice, ...]:
    """Advice on load, volume and rest, the most important first.

    Parameters
    ----------
    sets : of one lifter, in any order.
    report : of a set that has just been analysed and is not among ``sets``.
    now : with time zone; default: the moment of the call. Sets older than two weeks are only compared with.
    earlier_back_injury : warns earlier: something to watch in the back counts like a fault.
    hidden : ids of advice that the lifter knows already.
    unit : of the loads in the evidence.
    """
    now = now or datetime.now(UTC)
    known = [*sets, *([] if report is None else [_not_saved(report, now)])]
    # An analysis of nothing is not training.
    known = sorted((each for each in known if each.report.reps), key=lambda each: (each.when, each.id == NOT_SAVED))
    recent = local_day(now) - timedelta(days=LOAD_LIMITS.recent_days)
    found: list[LoadAdvice] = []
    lifts = [each.exercise for each in reversed(known) if local_day(each.when) >= recent]
    for lift in dict.fromkeys(lifts):
        of_lift = [each for each in known if each.exercise == lift]
        found += _from_findings([each for each in of_lift if local_day(each.when) >= recent], earlier_back_injury, unit)
        found += _fatigue(of_lift)
        found += _load_jump(of_lift, unit)
        found += _volume_jump(of_lift, unit)
    found += _rest_days(known, local_day(now))
    order = ("too-heavy", "lighter", "lockout", "load-jump", "volume-jump", "fatigue", "rest-days")
    found.sort(key=lambda advice: order.index(advice.id.split("/")[0]))
    return tuple(advice for advice in found if advice.id not in hidden)


# --- from findings -------------------------------------------------------------------------------------------------


def _from_findings(recent: Sequence[SavedSet], earlier_back_injury: bool, unit: str) -> list[LoadAdvice]:
    """Too heavy when back or lockout cannot be kept; ``recent`` is of one lift, the oldest first."""
    counts = {FAULT, WATCH} if earlier_back_injury else {FAULT}
    back_checks = check_ids(lambda check: check.load_sign is LoadSign.BACK)
    lockout_checks = check_ids(lambda check: check.load_sign is LoadSign.LOCKOUT)
    judged, seen = _judged(recent, back_checks, counts)
    if seen:
        # What was put right in the newest sets needs no more advice.
        lately = local_day(seen[-1].when) == local_day(judged[-1].when)
        if len(seen) >= LOAD_LIMITS.repeated and lately:
            return [_advice("too-heavy", seen, _findings(seen, back_checks, counts, unit), ("coaching", "bending"))]
        if seen[-1] is judged[-1]:
            return [_advice("lighter", seen[-1:], _findings(seen[-1:], back_checks, counts, unit), ("coaching",))]
    judged, seen = _judged(recent, lockout_checks, {FAULT})
    if len(seen) >= LOAD_LIMITS.repeated and local_day(seen[-1].when) == local_day(judged[-1].when):
        return [_advice("lockout", seen, _findings(seen, lockout_checks, {FAULT}, unit), ("coaching",))]
    return []


def _judged(
    recent: Sequence[SavedSet], checks: Collection[str], counts: Collection[Verdict]
) -> tuple[list[SavedSet], list[SavedSet]]:
    """The newest sets in which these checks were measured, and those of them with such a verdict; the oldest first."""
    judged = [each for each in recent if any(said.verdict != NOT_MEASURED for said in _said(each, checks))]
    judged = judged[-LOAD_LIMITS.recent_sets :]
    return judged, [each for each in judged if any(said.verdict in counts for said in _said(each, checks))]


def _findings(seen: Iterable[SavedSet], checks: Collection[str], counts: Collection[Verdict], unit: str) -> list[str]:
    lines = []
    for saved in seen:
        said = next(each for each in _said(saved, checks) if each.verdict in counts)
        load = "" if saved.load_kg is None else text("load.with", load=load_words(saved.load_kg, unit))
        value = _amount(said.value, said.unit)
        lines.append(text("load.evidence.back", **_named(saved), title=in_sentence(said.title), value=value, load=load))
    return lines


def _said(saved: SavedSet, checks: Collection[str]) -> list[Finding]:
    return [said for said in saved.report.findings if said.check in checks]


# --- from the course of the set ------------------------------------------------------------------------------------


def _fatigue(of_lift: Sequence[SavedSet]) -> list[LoadAdvice]:
    """Form or speed that drops within the sets of the newest day."""
    tired, evidence = [], []
    for saved in _newest_day(of_lift):
        level = saved.report.set_level
        if level is None:
            continue
        lines = [
            text("load.evidence.rounding", **_named(saved), change=f"{drift.change:.0f}")
            for drift in level.drifts
            if drift.quantity == "back_rounding" and drift.verdict == DriftVerdict.WORSE
        ]
        if level.velocity_loss >= LOAD_LIMITS.speed_lost:
            lines.append(text("load.evidence.speed", **_named(saved), percent=f"{100 * level.velocity_loss:.0f}"))
        if lines:
            tired.append(saved)
            evidence += lines
    return [_advice("fatigue", tired, evidence, ("velocity-loss",))] if tired else []


# --- from load and volume ------------------------------------------------------------------------------------------


def _load_jump(of_lift: Sequence[SavedSet], unit: str) -> list[LoadAdvice]:
    """The newest day's heaviest load against the heaviest of the weeks before, of the same variant."""
    loaded = [each for each in _newest_day(of_lift) if each.load_kg]
    if not loaded:
        return []
    top = max(loaded, key=lambda each: each.load_kg or 0.0)
    day = local_day(top.when)
    first = day - timedelta(days=DAYS_A_WEEK * LOAD_LIMITS.weeks_before)
    before = [
        each.load_kg
        for each in of_lift
        if each.load_kg and each.variant == top.variant and first <= local_day(each.when) < day
    ]
    if not before or top.load_kg is None:
        return []
    jump = top.load_kg / max(before) - 1
    # A step of a tenth is not a jump, however the division comes out.
    if jump <= LOAD_LIMITS.load_jump + 1e-9:
        return []
    values = {"before": load_words(max(before), unit), "after": load_words(top.load_kg, unit)}
    line = text("load.evidence.load", **values, percent=f"{100 * jump:.0f}", day=day)
    return [_advice("load-jump", [top], [line], ("progress",))]


def _volume_jump(of_lift: Sequence[SavedSet], unit: str) -> list[LoadAdvice]:
    """The week that ends on the newest day against the mean week before."""
    course = sessions(of_lift)
    if not course:
        return []
    day = course[-1].day
    week = [each for each in course if each.day > day - timedelta(days=DAYS_A_WEEK)]
    first = day - timedelta(days=DAYS_A_WEEK * LOAD_LIMITS.weeks_before)
    earlier = [each for each in course if first < each.day <= day - timedelta(days=DAYS_A_WEEK)]
    if len({each.day for each in earlier}) < 2:
        return []
    # Who has saved sets for two weeks only must not be compared with weeks of nothing.
    weeks = math.ceil((day - earlier[0].day).days / DAYS_A_WEEK) - 1
    known = all(math.isfinite(each.tonnage_kg) and all(one.load_kg for one in each.sets) for each in (*week, *earlier))
    after, before = (
        sum(each.tonnage_kg if known else each.reps for each in part) / count
        for part, count in ((week, 1), (earlier, max(1, weeks)))
    )
    if before <= 0 or after / before - 1 <= LOAD_LIMITS.volume_jump:
        return []
    kind, amount = ("tonnage", lambda kg: load_words(kg, unit, digits=0)) if known else ("reps", "{:.0f}".format)
    percent = f"{100 * (after / before - 1):.0f}"
    line = text(f"load.evidence.{kind}", after=amount(after), before=amount(before), percent=percent, day=day)
    return [_advice("volume-jump", course[-1].sets, [line], ("progress", "coaching"))]


def _rest_days(known: Sequence[SavedSet], today: date) -> list[LoadAdvice]:
    """Days in a row up to today or yesterday, whatever was lifted."""
    days = sorted({local_day(each.when) for each in known}, reverse=True)
    if not days or (today - days[0]).days > 1:
        return []
    row = [day for index, day in enumerate(days) if (days[0] - day).days == index]
    if len(row) < LOAD_LIMITS.days_in_row:
        return []
    line = text("load.evidence.days", days=len(row), first=row[-1], last=row[0])
    return [LoadAdvice(f"rest-days/all/{row[0]}", *_words("rest-days"), (line,), ("progress", "coaching"))]


# --- small things --------------------------------------------------------------------------------------------------


def _advice(kind: str, about: Sequence[AnySet], evidence: Sequence[str], sources: tuple[str, ...]) -> LoadAdvice:
    newest = about[-1]
    return LoadAdvice(f"{kind}/{newest.exercise}/{local_day(newest.when)}", *_words(kind), tuple(evidence), sources)


def _words(kind: str) -> tuple[str, str]:
    return text(f"load.{kind}.title"), text(f"load.{kind}.text")


def _named(saved: SavedSet) -> dict[str, object]:
    name = text("load.this-set") if saved.id == NOT_SAVED else text("load.set", number=saved.id)
    return {"set": name, "day": local_day(saved.when)}


def _newest_day(of_lift: Sequence[SavedSet]) -> list[SavedSet]:
    return [each for each in of_lift if local_day(each.when) == local_day(of_lift[-1].when)]


def _amount(value: float, unit: str) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.0f}°" if unit == "deg" else f"{number(value, '.2g')} {unit}".rstrip()


def _not_saved(report: Report, when: datetime) -> SavedSet:
    return SavedSet(
        id=NOT_SAVED,
        uid="",
        saved_at=when,
        filmed_at=None,
        lifter=None,
        video_file="",
        video_path="",
        exercise=report.exercise.name,
        variant="" if report.variant == UNKNOWN else report.variant,
        load_kg=report.load_kg,
        notes="",
        settings={},
        report_data=report.to_dict(),
        has_poses=False,
    )
