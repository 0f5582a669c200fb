"""Values read off signals: peaks that last, whatever the frame rate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from formcheck.exercises.framework.measurement import SUSTAINED_S, sustained_low, sustained_peak
from formcheck.motion.signals import no_signals


def peak_of(time_s: np.ndarray, lasts_s: float) -> float:
    """What is measured of a plateau of 30 among zeros that lasts for ``lasts_s``."""
    signals = replace(no_signals(time_s), elbow_flexion_deg=np.where(np.abs(time_s - 2.0) <= lasts_s / 2, 30.0, 0.0))
    measured = sustained_peak(signals, signals.elbow_flexion_deg, 0, len(time_s) - 1)
    low = sustained_low(signals, -signals.elbow_flexion_deg, 0, len(time_s) - 1)
    assert low.value == -measured.value
    return measured.value


@pytest.mark.parametrize("fps", [20, 24, 25, 29.97, 30, 50, 60, 120, 240])
def test_a_peak_counts_when_it_lasts_at_every_frame_rate(fps: float) -> None:
    time_s = np.arange(0.0, 4.0, 1.0 / fps)
    assert peak_of(time_s, SUSTAINED_S + 2.0 / fps) == 30.0
    assert peak_of(time_s, SUSTAINED_S - 1.0 / fps) == 0.0


def test_a_peak_is_as_long_where_the_frame_rate_changes() -> None:
    slow, fast = 1.0 / 20, 1.0 / 240
    for first, second in ((slow, fast), (fast, slow)):
        time_s = np.concatenate([np.arange(0.0, 1.0, first), np.arange(1.0, 4.0, second)])
        assert peak_of(time_s, SUSTAINED_S + 2.0 * second) == 30.0
        assert peak_of(time_s, SUSTAINED_S - 1.2 * second) == 0.0


def test_a_stretch_shorter_than_a_peak_is_taken_as_it_is() -> None:
    time_s = np.arange(0.0, 1.0, 1 / 30)
    signals = no_signals(time_s)
    measured = sustained_peak(signals, np.full(len(time_s), 7.0), 10, 11)
    assert (measured.value, measured.at_s) == (7.0, pytest.approx(time_s[11]))
    assert sustained_peak(signals, np.full(len(time_s), 7.0), 10, 10).value == 7.0
    assert sustained_peak(signals, np.full(len(time_s), np.nan), 0, 9).reason


def test_a_gap_ends_a_peak() -> None:
    time_s = np.arange(0.0, 1.0, 1 / 30)
    values = np.full(len(time_s), 7.0)
    values[::3] = np.nan
    assert sustained_peak(no_signals(time_s), values, 0, len(time_s) - 1).reason
