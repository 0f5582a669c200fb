"""The fixed words of a report: verdicts, views, where a variant comes from, how a quantity drifts.

Every word is a `StrEnum`, so that it is written to files as its text and compares equal to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from formcheck.core.words import N_, _


class Verdict(StrEnum):
    """What is said about a repetition, a check or a set.

    Findings are `OK`, `WATCH`, `FAULT` or `NOT_MEASURED`; sets are `GOOD`, `WATCH`, `FAULT` or `NOT_JUDGED`.
    `NOT_MEASURED` and `NOT_JUDGED` say nothing about the lifter.
    """

    OK = "ok"
    GOOD = "good"
    WATCH = "watch"
    FAULT = "fault"
    NOT_MEASURED = "not-measured"
    NOT_JUDGED = "not-judged"

    @property
    def severity(self) -> int:
        """0 = nothing is known, 1 = right, 2 = to be watched, 3 = a fault."""
        return _SEVERITY[self]

    @property
    def is_flagged(self) -> bool:
        """True for what is worth telling the lifter: `WATCH` and `FAULT`."""
        return self in FLAGGED


OK, GOOD, WATCH, FAULT = Verdict.OK, Verdict.GOOD, Verdict.WATCH, Verdict.FAULT
NOT_MEASURED, NOT_JUDGED = Verdict.NOT_MEASURED, Verdict.NOT_JUDGED

_SEVERITY = {NOT_MEASURED: 0, NOT_JUDGED: 0, OK: 1, GOOD: 1, WATCH: 2, FAULT: 3}

FLAGGED = (FAULT, WATCH)
"""Verdicts that are worth telling the lifter, the graver one first."""


VERDICT_WORDS = {
    GOOD: N_("good"),
    OK: N_("ok"),
    WATCH: N_("watch"),
    FAULT: N_("fault"),
    NOT_MEASURED: N_("not-measured"),
    NOT_JUDGED: N_("not-judged"),
}


def word_of(verdict: Verdict | str) -> str:
    """A verdict within a sentence; its value is what files say."""
    return _(VERDICT_WORDS[Verdict(verdict)]) if verdict in VERDICT_WORDS else str(verdict)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The gravest of some findings' verdicts; `NOT_MEASURED` where there is none."""
    return max(verdicts, key=lambda verdict: verdict.severity, default=NOT_MEASURED)


class ViewName(StrEnum):
    """From where the camera sees the lifter; "side-left" = the lifter's left side is near, facing image-left."""

    SIDE_LEFT = "side-left"
    SIDE_RIGHT = "side-right"
    OBLIQUE = "oblique"
    FRONT = "front"
    REAR = "rear"
    UNKNOWN = "unknown"


class VariantSource(StrEnum):
    """Where the variant of a lift comes from: named by the user, seen in the picture, or from nowhere."""

    CHOSEN = "chosen"
    RECOGNISED = "recognised"
    UNKNOWN = "unknown"


class DriftVerdict(StrEnum):
    """How a quantity changes over a set.

    `STEADY`: not a change worth mentioning; `WORSE` and `BETTER`: a certain one; `UNCLEAR`: one that may be chance.
    """

    STEADY = "steady"
    WORSE = "worse"
    BETTER = "better"
    UNCLEAR = "unclear"
    NOT_MEASURED = "not-measured"
