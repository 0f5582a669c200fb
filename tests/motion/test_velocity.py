"""Ways up and down of a point whose movement is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from formcheck.motion.velocity import END_BAND, stroke_down, stroke_up, whole_way


def ramp(
    fps: float, low: float = 0.2, high: float = 0.7, from_s: float = 1.0, to_s: float = 2.0
) -> tuple[np.ndarray, np.ndarray]:
    """Rest, a straight ascent, rest."""
    time_s = np.arange(0.0, 3.0, 1.0 / fps)
    return time_s, np.interp(time_s, [from_s, to_s], [low, high])


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0, 240.0])
def test_a_steady_way_up_has_its_own_speed_at_any_frame_rate(fps: float) -> None:
    time_s, height = ramp(fps)
    stroke = stroke_up(time_s, height, 0, len(time_s) - 1)
    assert stroke is not None
    assert stroke.travel == pytest.approx(0.5)
    assert stroke.mean_velocity == pytest.approx(0.5, rel=0.01)
    assert stroke.peak_velocity == pytest.approx(0.5, rel=0.01)
    assert (stroke.from_s, stroke.to_s) == pytest.approx((1.0 + END_BAND, 2.0 - END_BAND), abs=0.005)


def test_the_way_down_is_the_way_up_backward() -> None:
    time_s, height = ramp(30.0)
    stroke = stroke_down(time_s, height[::-1].copy(), 0, len(time_s) - 1)
    assert stroke is not None
    assert stroke.mean_velocity == pytest.approx(0.5, rel=0.01)
    assert stroke.peak_velocity == pytest.approx(0.5, rel=0.01)
    assert 0 < stroke.from_s < stroke.to_s < 3.0
    assert stroke.duration_s == pytest.approx(1.0 - 2 * END_BAND, abs=0.01)


def test_half_a_sine_has_the_peak_of_its_derivative() -> None:
    time_s = np.arange(0.0, 2.0, 1 / 60)
    height = 0.3 - 0.2 * np.cos(np.pi * np.clip(time_s - 0.5, 0.0, 1.0))
    stroke = stroke_up(time_s, height, 0, len(time_s) - 1)
    assert stroke is not None
    assert stroke.peak_velocity == pytest.approx(0.2 * np.pi, rel=0.01)
    assert stroke.travel == pytest.approx(0.4, rel=0.001)


def test_a_wobble_is_no_way_up() -> None:
    time_s, height = ramp(30.0, high=0.22)
    assert stroke_up(time_s, height, 0, len(time_s) - 1) is None


def test_a_gap_on_the_way_is_not_guessed_over() -> None:
    time_s, height = ramp(30.0)
    height[40:46] = np.nan
    assert stroke_up(time_s, height, 0, len(time_s) - 1) is None


def test_a_gap_in_a_rest_does_not_matter() -> None:
    time_s, height = ramp(30.0)
    height[5:10] = np.nan
    assert stroke_up(time_s, height, 0, len(time_s) - 1) is not None


def test_nothing_seen_is_no_way() -> None:
    time_s = np.arange(10.0)
    assert stroke_up(time_s, np.full(10, np.nan), 0, 9) is None
    assert stroke_up(time_s, np.zeros(10), 3, 4) is None


def test_a_range_grows_as_long_as_the_point_moves_on() -> None:
    time_s, height = ramp(30.0)
    start, stop = whole_way(time_s, height, 40, 50, 1.0, 0.0)
    assert (time_s[start], time_s[stop]) == pytest.approx((1.0, 2.0), abs=0.04)
    # Going down it does not move at all, so only the time that was asked for is added.
    start, stop = whole_way(time_s, height, 40, 50, -1.0, 0.1)
    assert start == pytest.approx(37, abs=1)
    assert stop == pytest.approx(53, abs=1)
