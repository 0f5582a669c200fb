"""Counts the repetitions of a set that is analysed again and again over a window that moves on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from formcheck.core.poses import PoseSequence
from formcheck.exercises.framework.exercise import Exercise
from formcheck.judging.finished_reps import finished_reps
from formcheck.judging.report import Report, RepReport
from formcheck.motion.floor_evidence import UNKNOWN_FLOORS, Floors, came_along, floors_of, tells_apart

WINDOW_MAX_S, WINDOW_KEPT_S = 14.0, 7.0
"""A window of the set longer than the first is cut down to about the second at the top of a repetition; the
repetitions before that stand as they were judged."""

EMPTY_HANDED_S = 0.3
"""Somebody may have stood up without the load: where the floor looks like that, a number waits this long after lockout,
by when the analysis knows."""

SAME_REP_S = 0.5
"""A repetition that is taken back and found again with its lockout this near is announced once."""


@dataclass(frozen=True)
class Count:
    """What one analysis changed: the new number to announce, if any, and the lockout of the newest repetition when
    there are more than before."""

    announce: int | None
    newest_lockout_s: float | None


class RepCounter:
    """The repetitions of one set.

    Attributes
    ----------
    count : finished repetitions so far.
    floors : the floor before the set and at the tops, once the window no longer shows it; None before that.
    """

    def __init__(self, floors: Floors | None = None) -> None:
        self.count = 0
        self.floors = floors
        self._settled: list[RepReport] = []  # judged, and no longer in the window
        self._in_window: tuple[RepReport, ...] = ()
        self._announced, self._announced_s = 0, -math.inf
        self._fewer_seen = False

    def finished(
        self, report: Report, poses: PoseSequence, now_s: float, lift: Exercise | None, stood_s: float
    ) -> list[RepReport]:
        """The finished repetitions of a window, which the counter remembers until the next.

        Parameters
        ----------
        report, poses : the analysis of the window, and what it analysed.
        lift : as named or recognised.
        stood_s : until when the lifter stood before the set, in capture time.
        """
        self._in_window = report.reps
        reps = finished_reps(report, now_s)
        more = len(self._settled) + len(reps) > self.count
        if reps and more and not self._lifted(reps, poses, now_s, lift, stood_s):
            reps.pop()
        return reps

    def total(self, reps: Sequence[RepReport]) -> int:
        """How many the set has with these in the window."""
        return len(self._settled) + len(reps)

    def take(self, reps: Sequence[RepReport], now_s: float) -> Count | None:
        """Count these; None when they are fewer than before for the first time, which may be a flicker."""
        count = self.total(reps)
        if count < self.count and not self._fewer_seen:
            # Once may be a flicker at the edge of a repetition.
            self._fewer_seen = True
            return None
        self._fewer_seen = False
        lockout_s = reps[-1].lockout_s if reps else now_s
        newest_lockout_s = lockout_s if count > self.count else None
        self.count = count
        self._announced = min(self._announced, count)
        announce = None
        if count > self._announced:
            if lockout_s > self._announced_s + SAME_REP_S:
                announce = count
            self._announced, self._announced_s = count, lockout_s
        return Count(announce, newest_lockout_s)

    def numbered(self, reps: Sequence[RepReport]) -> Iterator[tuple[int, RepReport]]:
        """The window's repetitions with their numbers in the set, counted from 1."""
        return enumerate(reps, start=len(self._settled) + 1)

    def shorten(self, window: PoseSequence, now_s: float, stood_s: float) -> float:
        """From when on to analyse: the front of a long window is let go, at the top of a repetition if there is one."""
        if self.floors is None:
            self.floors = self._floors(window, self._in_window, stood_s)
        kept_s = now_s - WINDOW_KEPT_S
        tops = [rep for rep in self._in_window if rep.top_s <= kept_s and not rep.partial]
        later = [rep for rep in self._in_window if rep.start_s > kept_s or rep.top_s > kept_s]
        if tops:
            cut_s = tops[-1].top_s
        elif later:
            # One slow repetition: it stays whole, up to what may be analysed at most.
            cut_s = max(min(rep.start_s for rep in later) - 1.0, now_s - WINDOW_MAX_S)
        else:
            cut_s = kept_s
        self._settled += [rep for rep in self._in_window if rep.top_s <= cut_s]
        self._in_window = tuple(rep for rep in self._in_window if rep.top_s > cut_s)
        return cut_s

    def _lifted(
        self, reps: Sequence[RepReport], poses: PoseSequence, now_s: float, lift: Exercise | None, stood_s: float
    ) -> bool:
        """Whether the load came along in the last of these repetitions, as far as the first look at its top tells."""
        rep = reps[-1]
        if lift is None or not lift.from_floor or now_s - rep.lockout_s >= EMPTY_HANDED_S:
            return True
        floors = self.floors or self._floors(poses, reps[:-1], stood_s)
        return came_along(floors, poses.time_s, poses.floor, poses.floor_place, rep.lockout_s, rep.top_s)

    @staticmethod
    def _floors(poses: PoseSequence, reps: Sequence[RepReport], stood_s: float) -> Floors:
        """The floor before this set and at the top of repetitions: the window soon will not show it any more."""
        places = [np.searchsorted(poses.time_s, (rep.lockout_s, rep.top_s)) for rep in reps]
        stood_to = int(np.searchsorted(poses.time_s, stood_s))
        tops = [(int(first), int(last)) for first, last in places]
        found = floors_of(poses.time_s, poses.floor, poses.floor_place, stood_to, tops)
        # A set may have begun with the load in the hands.
        return found if found is not None and tells_apart(found) else UNKNOWN_FLOORS
