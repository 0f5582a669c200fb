"""What a check is, and how a measured value becomes a verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from formcheck.core.verdicts import FAULT, NOT_MEASURED, OK, WATCH, Verdict, ViewName, word_of
from formcheck.core.words import N_, _, translated
from formcheck.exercises.framework.measure import Measure

SIDE = frozenset({ViewName.SIDE_LEFT, ViewName.SIDE_RIGHT})
SIDE_OR_OBLIQUE = SIDE | {ViewName.OBLIQUE}
FRONT = frozenset({ViewName.FRONT})
FRONT_OR_REAR = FRONT | {ViewName.REAR}
ANY_VIEW = SIDE_OR_OBLIQUE | FRONT_OR_REAR

FAULT_MARGIN = 1.0
"""A fault must exceed its limit by this many standard errors, where a check says no other number; what was tried is in
benchmarks/README.md."""

WATCH_MARGIN = 0.5
"""Something to watch must exceed its limit by this share of the measurement's uncertainty."""

SEEN_SHARE_MIN = 0.4
"""What was really seen in less than this share of the frames that a measurement is read from is not judged."""

REPS_FOR_SET_FAULT = 2
"""A fault of the whole set needs this many faulty repetitions, or the only one of a single."""


@dataclass(frozen=True)
class Measurement:
    """One measured value of one repetition.

    Attributes
    ----------
    value : in the unit of the check that judges it; NaN when it could not be measured.
    at_s : time of the frame that shows it, seconds since the first frame; NaN when there is none.
    uncertainty : standard error in the same unit; a fault must exceed its limit by more than this.
    reason : why the value is missing; empty when it is there.
    seen : share, 0..1, of the frames it is read from in which everything it needs was really seen. It has no default:
        whoever measures says it.
    """

    value: float
    at_s: float = math.nan
    uncertainty: float = 0.0
    reason: str = ""
    seen: float = field(kw_only=True)


def missing(reason: str) -> Measurement:
    """A value that could not be measured, and why."""
    return Measurement(math.nan, reason=reason, seen=0.0)


class Skill(StrEnum):
    """What to train when a check keeps finding something; `formcheck.guidance.tables` has drills for each."""

    BACK = "back"
    HINGE = "hinge"
    SQUAT = "squat"
    TALL = "tall"
    SIDES = "sides"
    HANDS = "hands"


class LoadSign(StrEnum):
    """What a repeated fault says about the load: that it is more than the back, or the lockout, can hold."""

    BACK = "back"
    LOCKOUT = "lockout"


@translated("title", "cue", "why", "source", "confidence", "how", "praise")
@dataclass(frozen=True)
class Check:
    """One thing that is judged, with its limits in one place.

    Attributes
    ----------
    id : stable name, unique within an exercise.
    title : a few words for people.
    measure : what it judges; its unit is that of value and limits.
    watch, fault : limits. ``fault`` above ``watch`` means that more is worse, below that less is worse.
    views : views from which it can be judged.
    cue : what to try, as a coach would call it.
    why : why it matters, one sentence.
    source : where the limits come from.
    confidence : "low", "medium" or "high": how well the limits are backed.
    worst : the worst verdict that this check may give; "watch" for what is no more than a hint.
    how : how it is measured, one or two sentences for a coach; empty = what is said about its measure.
    praise : what is said of a set in which it was right; empty = nothing.
    praise_unless : ids of checks whose findings would contradict the praise.
    trains : what to train when it keeps finding something; None = there is nothing to train for it.
    load_sign : what its faults say about the load; None = nothing.
    earlier_after_injury : True where a lifter with an earlier back injury is warned before others are.
    fault_margin : a fault must exceed its limit by this many standard errors.
    """

    id: str
    title: str
    measure: Measure
    watch: float
    fault: float
    views: frozenset[ViewName]
    cue: str
    why: str
    source: str
    confidence: str
    worst: Verdict = FAULT
    how: str = ""
    praise: str = ""
    praise_unless: frozenset[str] = frozenset()
    trains: Skill | None = None
    load_sign: LoadSign | None = None
    earlier_after_injury: bool = False
    fault_margin: float = FAULT_MARGIN

    @property
    def unit(self) -> str:
        """Unit of value and limits, "deg" or words that read well behind a number."""
        return self.measure.unit

    @property
    def more_is_worse(self) -> bool:
        """True when values above the limits are bad, False when values below them are."""
        return self.fault >= self.watch


@translated("title", "unit", "reason", "cue")
@dataclass(frozen=True)
class Finding:
    """Verdict of one check on one repetition (``rep`` counts from 1) or on the whole set (``rep`` is None).

    ``seen`` is the share of the frames it is read from in which everything it needs was really seen; NaN where nothing
    was measured.
    """

    check: str
    title: str
    verdict: Verdict
    value: float
    limit: float
    unit: str
    at_s: float
    reason: str
    cue: str
    rep: int | None = None
    seen: float = math.nan


def judge(check: Check, measured: Measurement | None, view: ViewName, rep: int | None = None) -> Finding:
    """Compare a measured value with the limits of a check.

    A value beyond the fault limit by no more than `Check.fault_margin` of its uncertainty counts as "watch", one beyond
    the watch limit by no more than `WATCH_MARGIN` of it as "ok". A missing value, one of which too little was seen, or
    a view from which the check cannot be judged, is "not-measured" with the reason.
    """

    def finding(verdict: Verdict, limit: float, reason: str = "") -> Finding:
        value, at_s = (measured.value, measured.at_s) if measured and not reason else (math.nan, math.nan)
        seen = measured.seen if measured and not math.isnan(value) else math.nan
        return Finding(check.id, check.title, verdict, value, limit, check.unit, at_s, reason, check.cue, rep, seen)

    if view not in check.views:
        return finding(NOT_MEASURED, check.watch, _view_reason(check.views, view))
    if measured is None or math.isnan(measured.value):
        reason = measured.reason if measured and measured.reason else N_("not seen clearly enough")
        return finding(NOT_MEASURED, check.watch, reason)
    if measured.seen < SEEN_SHARE_MIN:
        return finding(
            NOT_MEASURED, check.watch, _("seen clearly in only {share:.0%} of the time", share=measured.seen)
        )
    sign = 1.0 if check.more_is_worse else -1.0
    if sign * (measured.value - check.fault) > check.fault_margin * measured.uncertainty and check.worst == FAULT:
        return finding(FAULT, check.fault)
    if sign * (measured.value - check.watch) > WATCH_MARGIN * measured.uncertainty:
        return finding(WATCH, check.watch)
    return finding(OK, check.watch)


def limit_words(verdict: Verdict, limit: str, more_is_worse: bool = True, fault_margin: float = FAULT_MARGIN) -> str:
    """When a value is "watch" or "fault", in the one wording of every card, chart, video and table.

    ``limit`` is the limit with its unit; the doubt is the standard error of the measurement. ``fault_margin`` is that
    of the check.
    """
    margin = fault_margin if verdict == FAULT else WATCH_MARGIN
    doubt = _(_DOUBTS[margin]) if margin in _DOUBTS else _("{margin:g} times the doubt", margin=margin)
    if more_is_worse:
        return _(
            "{verdict} when above {limit} by more than {doubt}", verdict=word_of(verdict), limit=limit, doubt=doubt
        )
    return _("{verdict} when below {limit} by more than {doubt}", verdict=word_of(verdict), limit=limit, doubt=doubt)


_DOUBTS = {0.5: N_("half the doubt"), 1.0: N_("the doubt"), 2.0: N_("twice the doubt")}


def not_judged(check: Check, reason: str, rep: int | None = None) -> Finding:
    """A check that is left alone, and why."""
    return judge(check, missing(reason), min(check.views), rep)


_SEEN_FROM = {
    ViewName.OBLIQUE: N_("at an angle"),
    ViewName.FRONT: N_("from the front"),
    ViewName.REAR: N_("from behind"),
}


def _view_reason(views: frozenset[ViewName], view: ViewName) -> str:
    if view == ViewName.UNKNOWN:
        return N_("the direction of the camera could not be told")
    seen = _(_SEEN_FROM.get(view, N_("from the side")))
    if views <= FRONT:
        return _(
            "needs a view from the front; this was filmed {seen}: put the phone at hip height in front of you",
            seen=seen,
        )
    if views <= FRONT_OR_REAR:
        return _(
            "needs a view from the front or the rear; this was filmed {seen}: put the phone at hip height in "
            "front of you",
            seen=seen,
        )
    return _(
        "needs a view from the side; this was filmed {seen}: put the phone at hip height straight to your side",
        seen=seen,
    )


def judge_set(check: Check, per_rep: Sequence[Finding]) -> Finding:
    """Verdict on the whole set from the findings of one check on its repetitions.

    A set-level fault needs `REPS_FOR_SET_FAULT` faulty repetitions, or the only repetition of a single; one faulty
    repetition among others is something to watch. The finding shows the worst repetition: by its verdict, then by its
    value, as a larger value may be too uncertain for a fault.
    """
    measured = [finding for finding in per_rep if finding.verdict != NOT_MEASURED]
    if not measured:
        reasons = [finding.reason for finding in per_rep]
        reason = max(set(reasons), key=reasons.count) if reasons else N_("no repetition to judge")
        return Finding(
            check.id, check.title, NOT_MEASURED, math.nan, check.watch, check.unit, math.nan, reason, check.cue
        )
    sign = 1.0 if check.more_is_worse else -1.0
    worst = max(measured, key=lambda finding: (finding.verdict.severity, sign * finding.value))
    faults = sum(finding.verdict == FAULT for finding in measured)
    if faults >= REPS_FOR_SET_FAULT or (faults == 1 and len(per_rep) == 1):
        verdict, limit = FAULT, check.fault
    elif any(finding.verdict.is_flagged for finding in measured):
        verdict, limit = WATCH, check.watch
    else:
        verdict, limit = OK, check.watch
    return Finding(
        check.id,
        check.title,
        verdict,
        worst.value,
        limit,
        check.unit,
        worst.at_s,
        "",
        check.cue,
        worst.rep,
        worst.seen,
    )
