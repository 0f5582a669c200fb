"""Runs of a condition, and medians around a sample."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from formcheck.motion.runs import running_median, runs_of


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
