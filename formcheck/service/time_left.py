"""How far an analysis is and how long it will still take, from what its stages report.

What a stage still needs comes from its own speed: counted from its first frame, since loading a model says nothing
about the rest, and mostly from the last part of it, since a second thread may have joined in. What the stages after it
need is taken in proportion to it, as `STAGE_SHARES` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from formcheck.service.pipeline import AnalysisStage

STAGE_SHARES: Mapping[AnalysisStage, float] = {
    AnalysisStage.MODEL: 0.03,
    AnalysisStage.WATCH: 0.70,
    AnalysisStage.JUDGE: 0.03,
    AnalysisStage.PLATE: 0.15,
    AnalysisStage.DRAW: 0.24,
}
"""How the time of a whole job is usually shared among its stages; those that a job does without are left out."""

COUNTED = (AnalysisStage.WATCH, AnalysisStage.DRAW)
"""Stages that count frames all the way."""

SOONEST_SHARE, SOONEST_S = 0.02, 1.0
"""Before so much of a stage is done, and so long after its first frame, its speed says too little."""

RECENT = 0.6
"""The speed is that of this last share of the time since the stage's first frame."""

NEVER_DONE = 0.99
"""Nothing is called done before it is."""


class TimeLeft:
    """The share of a whole job that is done, and the time left.

    Parameters
    ----------
    used : the stages that the job goes through, in their order.
    """

    def __init__(self, used: Sequence[AnalysisStage]) -> None:
        self._used = tuple(used)
        self._began_s: float | None = None
        self._stage: AnalysisStage | None = None
        self._stage_began_s = 0.0
        self._counted: list[tuple[float, int]] = []
        self._worked_s: dict[AnalysisStage, float] = {}
        self._share = 0.0

    def at(self, stage: AnalysisStage, done: int, total: int | None, now_s: float) -> tuple[float, float | None]:
        """After a report of the job.

        Parameters
        ----------
        done, total : of that stage, total None = not known.
        now_s : any steady clock.

        Returns
        -------
        Share 0..1 of the whole job that is done, which never falls, and the seconds left; None = too early to say.
        """
        if self._began_s is None:
            self._began_s = now_s
        if stage != self._stage:
            if self._stage is not None:
                self._worked_s[self._stage] = now_s - self._work_began_s()
            self._stage, self._stage_began_s, self._counted = stage, now_s, []
        self._count(done, now_s)
        left_s = self._left_s(stage, done, total, now_s)
        if left_s is None:
            self._share = max(self._share, self._usual_share(stage, done, total))
            return self._share, None
        elapsed_s = now_s - self._began_s
        share = elapsed_s / (elapsed_s + left_s) if elapsed_s + left_s > 0 else self._share
        self._share = max(self._share, min(share, NEVER_DONE))
        return self._share, left_s

    def _count(self, done: int, now_s: float) -> None:
        if self._counted and done < self._counted[-1][1]:
            self._counted = []  # begun again, as with a file whose parts do not fit together
        if done > 0:
            self._counted.append((now_s, done))
        # Twice as sparse before it grows without end in a video of an hour.
        if len(self._counted) > 2000:
            self._counted = self._counted[::2]  # keeps the first one

    def _work_began_s(self) -> float:
        """When the stage had its first frame; when it began, if it counts none."""
        return self._counted[0][0] if self._counted else self._stage_began_s

    def _left_s(self, stage: AnalysisStage, done: int, total: int | None, now_s: float) -> float | None:
        spent_s = now_s - self._stage_began_s
        whole_s = self._whole_s(stage, done, total, now_s)
        if whole_s is None:
            return None
        # Loading something is no part of what later stages are in proportion to.
        known = {**self._worked_s, stage: whole_s - (self._work_began_s() - self._stage_began_s)}
        measured = [each for each in COUNTED if each in known]
        # One second where nothing is measured at all: a job of saved poses is over before anybody reads it.
        unit_s = known[measured[0]] / STAGE_SHARES[measured[0]] if measured else 1.0
        place = self._used.index(stage) if stage in self._used else len(self._used)
        later_s = sum(unit_s * STAGE_SHARES[each] for each in self._used[place + 1 :])
        return max(0.0, whole_s - spent_s) + later_s

    def _whole_s(self, stage: AnalysisStage, done: int, total: int | None, now_s: float) -> float | None:
        """What a stage takes from its beginning to its end; None while nothing can be said."""
        spent_s = now_s - self._stage_began_s
        if stage not in COUNTED:
            watched_s = self._worked_s.get(AnalysisStage.WATCH)
            if watched_s is None:
                return None
            usual_s = watched_s * STAGE_SHARES[stage] / STAGE_SHARES[AnalysisStage.WATCH]
            return max(spent_s, usual_s)
        speed = self._speed()
        if total and speed is not None and done >= SOONEST_SHARE * total:
            return spent_s + max(0, total - done) / speed
        # A stage that has only begun takes what is usual beside those that are over.
        before = [each for each in COUNTED if each in self._worked_s and each != stage]
        if not before:
            return None
        return max(spent_s, self._worked_s[before[0]] * STAGE_SHARES[stage] / STAGE_SHARES[before[0]])

    def _speed(self) -> float | None:
        """Frames a second of late; None while it is too early to say."""
        if len(self._counted) < 2:
            return None
        first_s, (now_s, done) = self._counted[0][0], self._counted[-1]
        if now_s - first_s < SOONEST_S:
            return None
        since_s = now_s - RECENT * (now_s - first_s)
        then_s, before = next(point for point in reversed(self._counted) if point[0] <= since_s)
        return (done - before) / (now_s - then_s) if done > before else None

    def _usual_share(self, stage: AnalysisStage, done: int, total: int | None) -> float:
        whole = sum(STAGE_SHARES[each] for each in self._used)
        place = self._used.index(stage) if stage in self._used else len(self._used)
        within = min(1.0, done / total) * STAGE_SHARES.get(stage, 0.0) if total else 0.0
        return (sum(STAGE_SHARES[each] for each in self._used[:place]) + within) / whole
