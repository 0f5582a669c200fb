"""Runs of a condition, and medians around a sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formcheck.motion import runs as module
from formcheck.motion.runs import medians_within, running_median, runs_of


@given(st.lists(st.booleans()))
def test_runs_are_all_that_holds_and_apart(holds: list[bool]) -> None:
    runs = runs_of(np.array(holds, dtype=bool))
    inside = np.zeros(len(holds), dtype=bool)
    last = -1
    for start, stop in runs:
        assert last < start < stop
        inside[start:stop] = True
        last = stop
    assert inside.tolist() == holds


@given(st.lists(st.sampled_from([0.0, 1.0, 2.0, 9.0, float("nan")]), min_size=1), st.sampled_from([1, 3, 5, 7]))
def test_a_running_median_is_that_of_the_known_neighbours(numbers: list[float], width: int) -> None:
    values = np.array(numbers)
    for index, median in enumerate(running_median(values, width)):
        near = values[max(0, index - width // 2) : index + width // 2 + 1]
        near = near[np.isfinite(near)]
        assert (np.isnan(median) and len(near) == 0) or median == np.median(near)


@pytest.mark.parametrize("rows_at_once", [1, 7, 4096])
def test_medians_within_ranges_are_those_of_the_known_values(
    monkeypatch: pytest.MonkeyPatch, rows_at_once: int
) -> None:
    monkeypatch.setattr(module, "ROWS_AT_ONCE", rows_at_once)
    random = np.random.default_rng(7)
    values = np.where(random.random(60) < 0.3, np.nan, random.normal(size=60))
    first = np.maximum(np.arange(60) - random.integers(0, 9, 60), 0)
    after = np.minimum(np.arange(60) + random.integers(0, 9, 60), 60)
    for frame, found in enumerate(medians_within(values, first, after)):
        known = values[first[frame] : after[frame]]
        known = known[np.isfinite(known)]
        assert (np.isnan(found) and len(known) == 0) or found == np.median(known)
    assert len(medians_within(values[:0], first[:0], after[:0])) == 0
