"""Estimates of the load that could be lifted once, worked out by hand."""

from __future__ import annotations

import math

import pytest

from formcheck.judging.one_rm import brzycki_kg, epley_kg, from_reps, from_velocity, load_velocity


def test_the_formulas() -> None:
    assert epley_kg(100.0, 5) == pytest.approx(116.667, abs=1e-3)  # 100 x (1 + 5 / 30)
    assert brzycki_kg(100.0, 5) == pytest.approx(112.5)  # 100 x 36 / 32
    assert epley_kg(100.0, 10) == pytest.approx(brzycki_kg(100.0, 10)), "where both meet"
    assert epley_kg(140.0, 1) == brzycki_kg(140.0, 1) == 140.0, "one repetition is what it is"


@pytest.mark.parametrize("reps", [-1, 0, 11, 30])
def test_no_estimate_from_no_or_many_repetitions(reps: int) -> None:
    assert math.isnan(epley_kg(100.0, reps))
    assert math.isnan(brzycki_kg(100.0, reps))
    assert math.isnan(from_reps(100.0, reps).kg)


def test_the_estimate_is_between_both() -> None:
    found = from_reps(100.0, 3)
    assert (found.low_kg, found.high_kg) == (pytest.approx(100 * 36 / 34), pytest.approx(110.0))
    assert found.kg == pytest.approx((found.low_kg + found.high_kg) / 2)


def test_a_line_through_loads_gives_back_its_own_maximum() -> None:
    # 1 m/s at no load and 5 mm/s less with each kilogram: 0.14 m/s is reached at 172 kg.
    loads = [100.0, 120.0, 140.0, 160.0]
    line = load_velocity(loads, [1.0 - 0.005 * load for load in loads])
    assert line is not None
    assert (line.at_no_load_m_per_s, line.per_kg) == (pytest.approx(1.0), pytest.approx(-0.005))
    found = from_velocity(line, (0.14, 0.05))
    assert (found.kg, found.low_kg, found.high_kg) == (pytest.approx(172.0), pytest.approx(162.0), pytest.approx(182.0))


def test_scatter_widens_the_range_but_never_below_what_was_lifted() -> None:
    loads = [100.0, 120.0, 140.0, 160.0]
    off = [0.02, -0.02, -0.02, 0.02]
    line = load_velocity(loads, [1.0 - 0.005 * load + each for load, each in zip(loads, off, strict=True)])
    assert line is not None
    assert line.scatter_m_per_s == pytest.approx(math.sqrt(4 * 0.02**2 / 2))
    found = from_velocity(line, (0.14, 0.05))
    assert found.high_kg - found.kg == pytest.approx(math.hypot(0.05, line.scatter_m_per_s) / 0.005)
    assert found.low_kg >= 160.0


@pytest.mark.parametrize(
    ("loads", "velocities"),
    [
        ([100.0, 140.0], [0.5, 0.3]),
        ([100.0, 100.0, 140.0], [0.5, 0.5, 0.3]),
        ([100.0, 105.0, 110.0], [0.5, 0.48, 0.45]),
        ([100.0, 120.0, 140.0], [0.3, 0.4, 0.5]),
        ([100.0, 120.0, math.nan], [0.5, 0.4, 0.3]),
        ([100.0, 120.0, 140.0], [0.5, 0.4, math.nan]),
    ],
    ids=["two loads", "the same twice", "too close", "heavier is faster", "unknown load", "unknown velocity"],
)
def test_without_a_slope_there_is_no_line(loads: list[float], velocities: list[float]) -> None:
    assert load_velocity(loads, velocities) is None


def test_a_line_is_not_followed_far_beyond_what_was_lifted() -> None:
    loads = [20.0, 30.0, 40.0]
    line = load_velocity(loads, [1.0 - 0.001 * load for load in loads])
    assert line is not None
    assert math.isnan(from_velocity(line, (0.14, 0.05)).kg)
