"""Phases of two repetitions, worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from formcheck.judging.phase_alignment import aligned, phase_instants
from tests.helpers.make_reports import make_rep

FIRST = replace(make_rep(1), start_s=1.0, bottom_s=2.0, lift_off_s=2.5, lockout_s=3.5, top_s=3.7, end_s=5.0)
SLOWER = replace(FIRST, start_s=11.0, bottom_s=13.0, lift_off_s=14.0, lockout_s=16.0, top_s=16.4, end_s=19.0)


def test_instants_that_both_have_are_paired() -> None:
    assert phase_instants(FIRST, SLOWER) == ((1.0, 2.0, 2.5, 3.5, 5.0), (11.0, 13.0, 14.0, 16.0, 19.0))
    unknown = replace(SLOWER, lift_off_s=math.nan)
    assert phase_instants(FIRST, unknown) == ((1.0, 2.0, 3.5, 5.0), (11.0, 13.0, 16.0, 19.0))


def test_what_comes_in_another_order_or_at_once_is_left_out() -> None:
    swapped = replace(SLOWER, bottom_s=14.5)  # after lift-off
    assert phase_instants(FIRST, swapped) == ((1.0, 2.0, 3.5, 5.0), (11.0, 14.5, 16.0, 19.0))
    at_once = replace(FIRST, lift_off_s=2.01)
    assert phase_instants(at_once, SLOWER)[0] == (1.0, 2.0, 3.5, 5.0)


def test_without_two_instants_nothing_is_aligned() -> None:
    nowhere = replace(SLOWER, start_s=math.nan, bottom_s=math.nan, lift_off_s=math.nan, lockout_s=math.nan)
    assert phase_instants(FIRST, nowhere) == ((), ())


def test_the_same_phase_is_found_in_the_other_rep() -> None:
    first, second = phase_instants(FIRST, SLOWER)
    times = [1.0, 1.5, 2.5, 3.0, 3.5, 5.0]
    assert aligned(times, first, second) == pytest.approx([11.0, 12.0, 14.0, 15.0, 16.0, 19.0])
    assert aligned([0.6, 5.3], first, second) == pytest.approx([10.6, 19.3]), "outside, seconds are seconds"
    back = aligned(aligned(np.array(times), first, second), second, first)
    assert back == pytest.approx(times)
    assert aligned(times, first, first) == pytest.approx(times)
