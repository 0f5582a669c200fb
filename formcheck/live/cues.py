"""What is called out during a set: at most one cue a repetition, the most urgent first, the back before all else.

A cue that does not help is called more and more seldom: a lifter who hears it every time stops listening.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

from formcheck.core.verdicts import FAULT, FLAGGED, OK, WATCH, Verdict
from formcheck.exercises.framework.check import Check
from formcheck.judging.finished_reps import RISING_OVER_S, TOP_RISING_PER_S
from formcheck.judging.report import RepReport

HELD_S = 0.09
"""A back must be beyond its limit for this long before anything is said."""

PAUSE_REPS: dict[Verdict, int] = {FAULT: 1, WATCH: 3}
"""A cue is called again after this many repetitions, if it is still due; then after twice as many, and so on. A
repetition in which nothing was wrong there ends that."""


@dataclass(frozen=True)
class Cue:
    """Something to call out: check, words, and the repetition it belongs to (the one under way counts)."""

    check: str
    text: str
    rep: int
    urgent: bool


@dataclass(frozen=True)
class _Pause:
    """When a cue was called last, and how often before that without any help."""

    said_in: int
    times: int

    def reps(self, level: Verdict) -> int:
        """How many repetitions later it may be called again."""
        return int(PAUSE_REPS[level] * 2**self.times)


@dataclass
class Cues:
    """Remembers what was said in a set."""

    _said_in: set[int] = field(default_factory=set)
    _pauses: dict[str, _Pause] = field(default_factory=dict)
    _beyond_since_s: float | None = None

    def during(self, time_s: float, reps: int, check: Check | None, verdict: Verdict) -> Cue | None:
        """While a repetition is under way: a back that is beyond its fault limit is called at once.

        ``reps`` is the number of finished ones, ``verdict`` that of the gauge.
        """
        if verdict != FAULT or check is None:
            self._beyond_since_s = None
            return None
        if self._beyond_since_s is None:
            self._beyond_since_s = time_s
        if time_s - self._beyond_since_s < HELD_S or not self._may_say(check.id, FAULT, reps + 1):
            return None
        return self._say(Cue(check.id, spoken(check.cue), reps + 1, urgent=True))

    def after(self, rep: RepReport, number: int) -> Cue | None:
        """When repetition ``number`` of the set is over: its worst finding, unless something was said during it."""
        for finding in rep.findings:
            pause = self._pauses.get(finding.check)
            if finding.verdict == OK and pause is not None and pause.said_in < number:
                del self._pauses[finding.check]
        # Checks are listed with the most important first, which is the back.
        for level in FLAGGED:
            for finding in rep.findings:
                if finding.verdict != level:
                    continue
                if self._may_say(finding.check, level, number):
                    return self._say(Cue(finding.check, spoken(finding.cue), number, urgent=level == FAULT))
                if level == FAULT:
                    return None  # what comes after it is no help while this is not mended
        return None

    def _may_say(self, check: str, level: Verdict, rep: int) -> bool:
        pause = self._pauses.get(check)
        return rep not in self._said_in and (pause is None or rep - pause.said_in >= pause.reps(level))

    def _say(self, cue: Cue) -> Cue:
        self._said_in.add(cue.rep)
        before = self._pauses.get(cue.check)
        self._pauses[cue.check] = _Pause(cue.rep, 0 if before is None else before.times + 1)
        return cue


def spoken(cue: str) -> str:
    """The first sentence of a cue: nobody listens to two under a bar."""
    return re.split(r"(?<=[.!?])\s", cue.strip(), maxsplit=1)[0].rstrip(".")


class Rise:
    """Tells frame by frame, from the height of the shoulders alone, whether they are on their way up."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float]] = deque()

    def follow(self, time_s: float, height: float) -> bool:
        """Whether they rise in this frame; ``height`` in standing heights."""
        while self._recent and self._recent[0][0] < time_s - RISING_OVER_S:
            self._recent.popleft()
        self._recent.append((time_s, height))
        from_s, low = self._recent[0]
        return height - low > TOP_RISING_PER_S * (time_s - from_s)

    def lose(self) -> None:
        """They are not seen."""
        self._recent.clear()
