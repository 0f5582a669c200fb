"""Slopes over repetitions against ones that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from formcheck.motion.theil_sen import theil_sen


def test_a_line_has_its_own_slope() -> None:
    at = np.arange(1.0, 7.0)
    trend = theil_sen(at, 3.0 - 0.5 * at)
    assert (trend.slope, trend.low, trend.high) == pytest.approx((-0.5, -0.5, -0.5))
    assert trend.sure


def test_a_wild_repetition_does_not_bend_it() -> None:
    at = np.arange(1.0, 9.0)
    values = 2.0 * at
    values[4] = 90.0
    assert theil_sen(at, values).slope == pytest.approx(2.0, abs=0.2)


def test_missing_values_are_left_out() -> None:
    at = np.arange(1.0, 7.0)
    values = 2.0 * at
    values[2] = np.nan
    assert theil_sen(at, values).slope == pytest.approx(2.0)


def test_places_that_are_not_evenly_spaced_count_as_they_are() -> None:
    at = np.array([1.0, 2.0, 6.0, 7.0])
    assert theil_sen(at, 3.0 * at).slope == pytest.approx(3.0)


def test_four_values_are_sure_only_when_each_is_above_the_one_before() -> None:
    at = np.arange(4.0)
    assert theil_sen(at, np.array([0.0, 1.0, 2.5, 3.0])).sure
    assert not theil_sen(at, np.array([0.0, 2.5, 1.0, 3.0])).sure


@pytest.mark.parametrize("values", [[], [1.0], [1.0, math.nan]])
def test_fewer_than_two_values_have_no_slope(values: list[float]) -> None:
    trend = theil_sen(np.arange(float(len(values))), np.array(values))
    assert math.isnan(trend.slope)
    assert not trend.sure


def test_chance_is_seldom_taken_for_a_trend() -> None:
    rng = np.random.default_rng(0)
    at = np.arange(8.0)
    sure = [theil_sen(at, rng.normal(size=8)).sure for _ in range(400)]
    assert np.mean(sure) <= 0.08


def test_the_interval_holds_the_true_slope_most_of_the_time() -> None:
    rng = np.random.default_rng(1)
    at = np.arange(8.0)
    trends = [theil_sen(at, 0.7 * at + rng.normal(size=8)) for _ in range(400)]
    assert np.mean([trend.low <= 0.7 <= trend.high for trend in trends]) >= 0.9
