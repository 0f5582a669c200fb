"""The time left, with stages whose speeds are made up: no clock on the wall takes part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from formcheck.service.pipeline import AnalysisStage
from formcheck.service.time_left import COUNTED, NEVER_DONE, STAGE_SHARES, TimeLeft

ALL = (AnalysisStage.MODEL, AnalysisStage.WATCH, AnalysisStage.JUDGE, AnalysisStage.DRAW)
WITHIN = 0.2
FROM = 0.1
EVERY_S = 0.1


@dataclass(frozen=True)
class Told:
    """What was said at a moment: seconds since the beginning, whether a tenth is done, share, seconds left."""

    at_s: float
    late: bool
    share: float
    left_s: float | None


def played(
    frames: int,
    watch_s: Callable[[float], float],
    draw_s: Callable[[float], float],
    *,
    model_s: float = 1.0,
    wait_s: float = 2.0,
    judge_s: float = 1.0,
    used: Sequence[AnalysisStage] = ALL,
) -> list[Told]:
    """A job whose stages take as long as the functions say: seconds for a share of the frames."""
    clock, told, now_s, late = TimeLeft(used), [], 0.0, False

    def say(stage: AnalysisStage, done: int, total: int | None) -> None:
        nonlocal late
        late = late or (stage in COUNTED and done >= FROM * frames)
        share, left_s = clock.at(stage, done, total, now_s + 1000.0)
        told.append(Told(now_s, late, share, left_s))

    def count(stage: AnalysisStage, seconds: Callable[[float], float]) -> None:
        nonlocal now_s
        begin_s, shares = now_s, np.linspace(0.0, 1.0, frames + 1)
        at_s, last_s = np.array([seconds(float(share)) for share in shares]), 0.0
        for done in range(1, frames + 1):
            if at_s[done] - last_s >= EVERY_S or done == frames:
                now_s, last_s = begin_s + float(at_s[done]), float(at_s[done])
                say(stage, done, frames)

    for stage in used:
        say(stage, 0, None)
        if stage == AnalysisStage.WATCH:
            now_s += wait_s
            count(stage, watch_s)
        elif stage == AnalysisStage.DRAW:
            count(stage, draw_s)
        else:
            now_s += model_s if stage == AnalysisStage.MODEL else judge_s
            say(stage, 1, 1)
    return told


def worst(told: list[Told]) -> float:
    """How far off the time of the whole job is at worst, from a tenth of the frames on, as a share of it."""
    whole_s = told[-1].at_s
    late = [each for each in told if each.late]
    assert len(late) > 20
    assert all(each.left_s is not None for each in late), "nothing was said although a tenth was done"
    return max(abs(each.at_s + (each.left_s or 0.0) - whole_s) / whole_s for each in late)


def usual_draw_s(watch_s: float) -> float:
    return watch_s * STAGE_SHARES[AnalysisStage.DRAW] / STAGE_SHARES[AnalysisStage.WATCH]


def steady(seconds: float) -> Callable[[float], float]:
    return lambda share: seconds * share


def test_steady_work_is_foretold() -> None:
    assert worst(played(1800, steady(60.0), steady(usual_draw_s(60.0)))) < 0.1


@pytest.mark.parametrize("wait_s", [0.5, 3.0, 6.0])
def test_loading_the_model_does_not_count_as_speed(wait_s: float) -> None:
    """Before, 20 s after the beginning of a job of 36 s "1:32" was told."""
    assert worst(played(900, steady(30.0), steady(usual_draw_s(30.0)), wait_s=wait_s, model_s=2.0)) < WITHIN


@pytest.mark.parametrize("factor", [1.5, 2.0])
def test_a_second_thread_that_joins_in_is_noticed(factor: float) -> None:
    """The first 2.5 s of a minute are watched by one thread alone."""
    alone = 2.5 / 60.0

    def watch_s(share: float) -> float:
        return 60.0 * (min(share, alone) + max(0.0, share - alone) / factor)

    assert worst(played(1800, watch_s, steady(usual_draw_s(watch_s(1.0))))) < WITHIN


@pytest.mark.parametrize("factor", [0.5, 1.6])
def test_a_drawing_that_takes_another_share_than_usual(factor: float) -> None:
    assert worst(played(1800, steady(60.0), steady(factor * usual_draw_s(60.0)))) < WITHIN


def test_a_video_of_which_little_moves_at_times() -> None:
    """Rests need half of the time of sets, by turns."""

    def watch_s(share: float) -> float:
        return 600.0 * float(share + 0.3 / (2 * np.pi * 10) * np.sin(2 * np.pi * 10 * share))

    assert worst(played(18_000, watch_s, steady(usual_draw_s(600.0)))) < WITHIN


def test_an_hour_is_foretold_and_needs_little_memory() -> None:
    told = played(108_000, steady(1800.0), steady(usual_draw_s(1800.0)))
    assert worst(told) < WITHIN
    clock = TimeLeft(ALL)
    for done in range(108_000):
        clock.at(AnalysisStage.WATCH, done, 108_000, done / 60.0)
    assert len(clock._counted) <= 2000


@pytest.mark.parametrize(
    "used", [(AnalysisStage.MODEL, AnalysisStage.WATCH, AnalysisStage.JUDGE), (AnalysisStage.JUDGE, AnalysisStage.DRAW)]
)
def test_stages_that_a_job_does_without_are_left_out(used: tuple[AnalysisStage, ...]) -> None:
    told = played(900, steady(30.0), steady(30.0), used=used, judge_s=0.3)
    assert worst(told) < WITHIN


def test_the_share_never_falls_and_is_whole_only_in_the_end() -> None:
    def slowing_s(share: float) -> float:
        return 60.0 * share**2

    for told in (played(900, slowing_s, steady(40.0)), played(900, steady(5.0), slowing_s)):
        shares = [each.share for each in told]
        assert shares == sorted(shares)
        assert max(shares) <= NEVER_DONE
        assert shares[-1] > 0.9


def test_nothing_is_told_too_early() -> None:
    clock = TimeLeft(ALL)
    assert clock.at(AnalysisStage.MODEL, 0, None, 5.0)[1] is None
    assert clock.at(AnalysisStage.WATCH, 0, None, 9.0)[1] is None
    assert clock.at(AnalysisStage.WATCH, 1, 900, 12.0)[1] is None
    assert clock.at(AnalysisStage.WATCH, 9, 900, 12.2)[1] is None
    assert clock.at(AnalysisStage.WATCH, 90, 900, 15.0)[1] is not None


def test_a_length_that_is_not_known_is_not_guessed() -> None:
    clock = TimeLeft(ALL)
    for second in range(30):
        share, left_s = clock.at(AnalysisStage.WATCH, 30 * second, None, float(second))
        assert left_s is None
        assert share < 0.1


def test_work_that_begins_again_is_counted_again() -> None:
    clock = TimeLeft(ALL)
    for second in range(1, 11):
        clock.at(AnalysisStage.WATCH, 90 * second, 900, float(second))
    for second in range(1, 6):
        left_s = clock.at(AnalysisStage.WATCH, 30 * second, 900, 10.0 + second)[1]
    usual = STAGE_SHARES[AnalysisStage.DRAW] + STAGE_SHARES[AnalysisStage.JUDGE]
    later = usual / STAGE_SHARES[AnalysisStage.WATCH]
    assert left_s == pytest.approx(25.0 + later * (14.0 + 25.0), rel=0.1)


def test_every_stage_has_a_share() -> None:
    assert set(STAGE_SHARES) == set(AnalysisStage)
    assert set(COUNTED) < set(AnalysisStage)
