"""How slow a film must be to be called slow: both sides of each limit, on shoulders that go up and down as a cosine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from formcheck.motion.playback import SLOW_ALONE_PER_S2, SLOW_PER_S, SLOW_PER_S2, SLOW_RISE_MIN, Playback, playback_of
from formcheck.motion.reps import find_cycles
from formcheck.motion.signals import no_signals

FPS = 30


def playback(rise: float, period_s: float, reps: int = 3) -> Playback:
    """Of repetitions that rise by that much in standing heights, each within that time."""
    time_s = np.arange(0.0, (reps + 1) * period_s, 1 / FPS)
    turn = np.clip(2 * np.pi * (time_s / period_s - 0.5), 0.0, 2 * np.pi * reps)
    height = 1.0 - rise / 2 * (1.0 - np.cos(turn))
    signals = replace(no_signals(time_s), shoulder_height=height, foot_lift=np.zeros(len(time_s)))
    cycles = find_cycles(time_s, height)
    assert len(cycles) == reps
    return playback_of([(signals, cycles)])


def period_of(rise: float, change_per_s2: float) -> float:
    """Of the cosine whose speed changes by at most this much."""
    return float(np.pi * np.sqrt(2.0 * rise / change_per_s2))


@pytest.mark.parametrize(("reps", "limit"), [(3, SLOW_PER_S2), (1, SLOW_ALONE_PER_S2)])
@pytest.mark.parametrize(("share", "slow"), [(0.9, True), (1.15, False)])
def test_a_film_is_slow_when_speed_hardly_changes_and_a_single_when_it_does_less(
    reps: int, limit: float, share: float, slow: bool
) -> None:
    rise = 0.3
    period_s = period_of(rise, share * limit)
    assert np.pi * rise / period_s < SLOW_PER_S
    assert playback(rise, period_s, reps).is_slow is slow


@pytest.mark.parametrize(("rise", "slow"), [(SLOW_RISE_MIN - 0.01, False), (SLOW_RISE_MIN + 0.01, True)])
def test_small_movements_may_be_as_slow_as_one_likes(rise: float, slow: bool) -> None:
    assert playback(rise, 6.0).is_slow is slow


def test_how_many_times_slower_is_told_by_the_usual_speed() -> None:
    assert playback(0.45, 8.0).slow_motion == pytest.approx(4.0, abs=0.5)
    assert playback(0.45, 2.0) == Playback()
