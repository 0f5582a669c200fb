"""The number for whoever waits: of repetitions that are over in what was seen, now and then, in short films only."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

from formcheck.core.poses import PoseSequence
from formcheck.judging.analysis import analyze
from formcheck.service.pipeline import AnalysisRequest
from formcheck.service.reps_so_far import EVERY_S, LONGEST_S, SHARE_OF_TIME, RepsSoFar
from formcheck.vision.person_finder import nothing_seen
from formcheck.vision.tracking import Detection
from tests.helpers.synthetic_lifter import deadlift, film

FRAME = np.zeros((960, 540, 3), np.uint8)
ARRAYS = tuple(nothing_seen(0))


def seen(poses: PoseSequence, every: int = 2) -> Iterator[tuple[list[Detection], float]]:
    """What the model would have found, look by look, as far as it saw anybody."""
    for look in range(0, len(poses), every):
        arrays = {name: np.asarray(getattr(poses, name)[look], np.float32) for name in ARRAYS}
        found = bool(np.isfinite(arrays["image_px"]).any())
        people = [Detection(frame=look, **arrays)] if found else []  # type: ignore[arg-type]
        yield people, float(poses.time_s[look])


def clock(step_s: float) -> Callable[[], float]:
    ticks = itertools.count()
    return lambda: next(ticks) * step_s


def told_of(poses: PoseSequence, request: AnalysisRequest, step_s: float = EVERY_S) -> list[tuple[int | None, float]]:
    """The numbers, each with the time of the film at which it was told."""
    told: list[tuple[int | None, float]] = []
    at_s = 0.0
    reps = RepsSoFar(request, lambda number: told.append((number, at_s)), clock(step_s))
    for people, at_s in seen(poses):
        reps(FRAME, people, at_s)
    return told


@pytest.mark.parametrize("exercise", ["auto", "deadlift"])
def test_a_rep_counts_once_it_is_over_and_not_before(exercise: str) -> None:
    poses = film(deadlift(3))
    lockouts_s = [rep.lockout_s for rep in analyze(poses).reps]
    told = [(number, at_s) for number, at_s in told_of(poses, AnalysisRequest(exercise=exercise)) if number]
    assert [number for number, _ in told] == [1, 2, 3]
    for (_, at_s), lockout_s in zip(told, lockouts_s, strict=True):
        assert lockout_s <= at_s < lockout_s + 1.0


def test_only_the_part_that_is_to_be_judged_counts() -> None:
    poses = film(deadlift(3))
    tops_s = [rep.top_s for rep in analyze(poses).reps]
    told = told_of(poses, AnalysisRequest(exercise="deadlift", end_s=tops_s[1]))
    assert max(number or 0 for number, _ in told) == 2


def test_they_are_counted_now_and_then_and_more_seldom_where_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s, counted_s = 0.0, []
    took_s = 0.1

    def count(*_: object) -> int:
        nonlocal now_s
        counted_s.append(now_s)
        now_s += took_s
        return len(counted_s)

    monkeypatch.setattr(RepsSoFar, "_count", count)
    reps = RepsSoFar(AnalysisRequest(), lambda _: None, lambda: now_s)
    nobody: Sequence[Detection] = ()
    for look in range(400):
        now_s = max(now_s, look / 30)
        reps(FRAME, nobody, look / 30)
    gaps_s = np.diff(counted_s)
    assert gaps_s.min() >= max(EVERY_S, took_s / SHARE_OF_TIME) - 1e-9
    assert gaps_s.max() < took_s / SHARE_OF_TIME + 0.1


def test_of_a_long_film_the_number_is_taken_back_and_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int | None] = []
    monkeypatch.setattr(RepsSoFar, "_count", lambda *_: 4)
    reps = RepsSoFar(AnalysisRequest(), told.append, clock(EVERY_S))
    for at_s in np.arange(0.0, LONGEST_S + 20.0, 5.0):
        reps(FRAME, (), float(at_s))
    assert told == [4, None]
    assert reps._people == []


def test_a_film_that_is_begun_again_is_counted_from_its_start() -> None:
    poses = film(deadlift(2))
    told: list[int | None] = []
    reps = RepsSoFar(AnalysisRequest(exercise="deadlift"), told.append, clock(EVERY_S))
    for _ in range(2):
        for people, at_s in seen(poses):
            reps(FRAME, people, at_s)
    assert told == [0, 1, 2, 0, 1, 2]


def test_a_wrong_request_is_left_to_the_analysis_to_tell_of() -> None:
    told = told_of(film(deadlift(1)), AnalysisRequest(exercise="juggling"))
    assert told == []
