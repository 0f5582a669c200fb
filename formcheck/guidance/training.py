"""What to train: drills for what the reports keep finding. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from formcheck.core.verdicts import FAULT, NOT_MEASURED, WATCH, Verdict
from formcheck.guidance.routines import Drill, drill
from formcheck.guidance.tables import BALANCE, TOPICS, TOPICS_MAX, TRAIN_RECENT_SETS, TRAIN_REPEATED, Topic
from formcheck.guidance.texts import text
from formcheck.judging.report import Report


@dataclass(frozen=True)
class Repeated:
    """A check that keeps finding something: in ``count`` of the ``of`` newest judged sets, in ``faults`` a fault."""

    check: str
    title: str
    count: int
    of: int
    faults: int


@dataclass(frozen=True)
class TrainingTopic:
    """Something to train: why, what in the sets speaks for it (a line each), and its drills."""

    id: str
    title: str
    why: str
    evidence: tuple[str, ...]
    drills: tuple[Drill, ...]
    sources: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "id": self.id,
            "title": self.title,
            "why": self.why,
            "evidence": list(self.evidence),
            "drills": [each.to_dict() for each in self.drills],
            "sources": list(self.sources),
        }


@dataclass(frozen=True)
class Training:
    """At most three topics, the most important first; ``note`` says so where nothing came back. Last words last.

    ``put_right`` are titles of checks that kept finding something and were fine on the newest day: no topic any more.
    """

    topics: tuple[TrainingTopic, ...]
    note: str
    last_words: tuple[str, ...]
    put_right: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "topics": [topic.to_dict() for topic in self.topics],
            "note": self.note,
            "last_words": list(self.last_words),
            "put_right": list(self.put_right),
        }


def train(reports: Sequence[Report], days: Sequence[date] | None = None) -> Training:
    """What to train after these reports.

    Parameters
    ----------
    reports : of sets of one lifter, the newest first; one alone counts as well.
    days : when they were, one for each; None = each report is a day of its own.
    """
    # What was put right on the newest day needs no drill, as it needs no lighter load and no fault in a trend.
    days = days if days is not None else [date.max - timedelta(days=place) for place in range(len(reports))]
    again = repeated(reports)
    right = {each.check for each in again if _is_put_right(each.check, reports, days)}
    found = {each.check: each for each in again if each.check not in right}
    topics = [_topic(topic, [found[name] for name in found if name in topic.checks]) for topic in TOPICS]
    weights = [
        sum(found[name].count + found[name].faults for name in found if name in topic.checks) for topic in TOPICS
    ]
    ranked = sorted(zip(weights, topics, strict=True), key=lambda pair: -pair[0])
    chosen = tuple(topic for weight, topic in ranked[:TOPICS_MAX] if weight)
    note = "" if chosen else text("train.nothing" if reports else "train.empty")
    last_words = text("train.how-often"), text("train.pain-first"), text("train.cannot-know")
    put_right = tuple(each.title for each in again if each.check in right)
    return Training(chosen or (_topic(BALANCE, []),), note, last_words, put_right)


def _is_put_right(check: str, reports: Sequence[Report], days: Sequence[date]) -> bool:
    """Whether a check found nothing on the newest day on which it was measured, in every lift in which it had."""
    judged = [
        (report.exercise.name, day, said.verdict)
        for report, day in zip(reports, days, strict=True)
        for said in report.findings
        if said.check == check and said.verdict != NOT_MEASURED
    ]
    newest = {lift: max(day for other, day, _ in judged if other == lift) for lift, _, _ in judged}
    return not any(verdict.is_flagged for lift, day, verdict in judged if day == newest[lift])


def repeated(reports: Sequence[Report]) -> tuple[Repeated, ...]:
    """What the newest judged sets have in common; checks as in the findings of the reports, the newest set's first."""
    judged = [each for each in reports if any(said.verdict != NOT_MEASURED for said in each.findings)]
    judged = judged[:TRAIN_RECENT_SETS]
    titles: dict[str, str] = {}
    noticed: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for report in judged:
        # A check that is there twice counts once a set.
        verdicts: dict[str, set[Verdict]] = {}
        for said in report.findings:
            verdicts.setdefault(said.check, set()).add(said.verdict)
            titles.setdefault(said.check, said.title)
        noticed.update(check for check, seen in verdicts.items() if seen & {WATCH, FAULT})
        faults.update(check for check, seen in verdicts.items() if FAULT in seen)
    enough = min(TRAIN_REPEATED, len(judged))
    return tuple(
        Repeated(check, titles[check], noticed[check], len(judged), faults[check])
        for check in titles
        if noticed[check] and noticed[check] >= enough
    )


def _topic(topic: Topic, found: Sequence[Repeated]) -> TrainingTopic:
    evidence = tuple(
        text("train.evidence-one", title=each.title)
        if each.of == 1
        else text("train.evidence", title=each.title, count=each.count, of=each.of)
        for each in found
    )
    drills = tuple(map(drill, topic.drills))
    return TrainingTopic(
        topic.id, text(f"topic.{topic.id}.title"), text(f"topic.{topic.id}.why"), evidence, drills, topic.sources
    )
