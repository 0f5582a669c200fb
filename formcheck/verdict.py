"""What a coach would say of a set: the verdict in one sentence, what to work on, what was good, and about the load."""

from __future__ import annotations

import math
from collections.abc import Sequence

from formcheck.exercises.checks import FAULT, NOT_MEASURED, OK, REPS_FOR_SET_FAULT, WATCH, Check, Finding
from formcheck.exercises.exercise import Exercise
from formcheck.exercises.recognition import Recognition
from formcheck.report import FAULT as FAULT_VERDICT
from formcheck.report import GOOD, NOT_JUDGED, RepReport
from formcheck.report import WATCH as WATCH_VERDICT

ADVICE_MAX = 3
"""More than three things to work on is none."""

PRAISE_MAX = 2

PRAISED_SHARE = 0.5
"""Praise needs so much of the repetitions measured."""

LOAD_CHECKS = frozenset({"back-rounding", "back-rounding-growth", "soft-lockout-hips", "soft-lockout-knees"})
"""Faults that say that a load is more than the lifter can hold today."""

LIGHTER, MUCH_LIGHTER = (0.05, 0.10), (0.10, 0.20)
"""Shares to take off the load: when the fault repeats, and when it is in every one of many repetitions."""

MANY_REPS = 4

ROUNDED_TO_KG = 2.5
"""Loads are named in steps that plates allow."""

FILM_FROM_THE_SIDE = "Film from the side, phone at hip height, whole body in the picture, to have your back judged."


def verdict_on(reps: Sequence[RepReport], findings: Sequence[Finding]) -> str:
    """ "fault", "watch", "good" or "not-judged" for the set."""
    if not reps:
        return NOT_JUDGED
    verdicts = {finding.verdict for finding in findings}
    if FAULT in verdicts:
        return FAULT_VERDICT
    if WATCH in verdicts:
        return WATCH_VERDICT
    # The back comes first in every lift's checks: what leaves it out cannot be called good.
    return NOT_JUDGED if not findings or findings[0].verdict == NOT_MEASURED else GOOD


def summary_of(
    verdict: str,
    lift: Exercise | None,
    reps: Sequence[RepReport],
    findings: Sequence[Finding],
    recognition: Recognition,
) -> str:
    """The verdict in one sentence."""
    if lift is None:
        return "No deadlift, kettlebell swing or squat was recognised, so nothing was judged."
    if not reps:
        other = recognition.exercise
        hint = f" It looks more like a {other.title.lower()}." if other and other.name != lift.name else ""
        return f"No {lift.title.lower()} repetition was found, so nothing was judged.{hint}"
    count = f"{len(reps)} {lift.title.lower()} rep{'s' if len(reps) != 1 else ''}"
    if verdict == GOOD:
        return f"{count}: nothing to correct."
    if verdict == NOT_JUDGED:
        if not findings:
            return f"{count}: every check is switched off, so nothing was judged."
        return f"{count}: {_main_check(findings[0])} could not be judged ({findings[0].reason})."
    worst = next(f for level in (FAULT, WATCH) for f in findings if f.verdict == level)
    where = f" in {_share(worst.check, reps, (FAULT, WATCH))}"
    softened = "" if worst.verdict == FAULT else " (worth watching)"
    return f"{count}: {worst.title.lower()}{where}{softened}."


def advice_on(findings: Sequence[Finding], reps: Sequence[RepReport], back_can_be_judged: bool) -> tuple[str, ...]:
    """At most `ADVICE_MAX` things to try: faults before what is worth watching, the back before everything else."""
    advice = [finding.cue for level in (FAULT, WATCH) for finding in findings if finding.verdict == level]
    if reps and not back_can_be_judged:
        advice.append(FILM_FROM_THE_SIDE)
    return tuple(dict.fromkeys(advice))[:ADVICE_MAX]


def praise_of(checks: Sequence[Check], findings: Sequence[Finding], reps: Sequence[RepReport]) -> tuple[str, ...]:
    """At most `PRAISE_MAX` things that were right in every repetition in which they could be seen."""
    words = {check.id: check.praise for check in checks if check.praise}
    good = []
    for finding in findings:
        seen = [one.verdict for rep in reps for one in rep.findings if one.check == finding.check]
        measured = sum(verdict != NOT_MEASURED for verdict in seen)
        if finding.check in words and finding.verdict == OK and measured >= PRAISED_SHARE * len(reps):
            good.append(words[finding.check])
    return tuple(dict.fromkeys(good))[:PRAISE_MAX]


def load_advice_on(findings: Sequence[Finding], reps: Sequence[RepReport], load_kg: float | None) -> str:
    """What to do about the load; empty where nothing speaks against it.

    Only a fault of the back or of the lockout that repeats says something about the load, never one repetition.
    """
    repeated = [
        (finding, count)
        for finding in findings
        if finding.check in LOAD_CHECKS and finding.verdict == FAULT
        if (count := _count(finding.check, reps, (FAULT,))) >= REPS_FOR_SET_FAULT
    ]
    if not repeated:
        return ""
    finding, count = max(repeated, key=lambda one: one[1])
    shares = MUCH_LIGHTER if count == len(reps) and count >= MANY_REPS else LIGHTER
    least, most = (round(100 * share) for share in shares)
    lighter = f"{least} to {most} % lighter"
    if load_kg is not None and load_kg >= 4 * ROUNDED_TO_KG:
        high, low = (_plates(load_kg * (1.0 - share)) for share in shares)
        lighter = f"{low:g} to {high:g} kg" if low < high else f"{low:g} kg"
    what = finding.title.lower()
    return f"{what.capitalize()} came back in {count} of {len(reps)} reps: end the set here, next set {lighter}."


def _plates(load_kg: float) -> float:
    return math.floor(load_kg / ROUNDED_TO_KG) * ROUNDED_TO_KG


def _main_check(finding: Finding) -> str:
    """What the verdict stands and falls with: the back, unless that check is switched off."""
    return "the back" if finding.check == "back-rounding" else finding.title.lower()


def _hit(check: str, reps: Sequence[RepReport], levels: Sequence[str]) -> list[int]:
    return [rep.index for rep in reps for one in rep.findings if one.check == check and one.verdict in levels]


def _count(check: str, reps: Sequence[RepReport], levels: Sequence[str]) -> int:
    return len(_hit(check, reps, levels))


def _share(check: str, reps: Sequence[RepReport], levels: Sequence[str]) -> str:
    hit = _hit(check, reps, levels)
    if len(hit) == len(reps):
        return "every rep" if len(reps) > 1 else "the rep"
    return f"rep {hit[0]}" if len(hit) == 1 else f"{len(hit)} of {len(reps)} reps"
