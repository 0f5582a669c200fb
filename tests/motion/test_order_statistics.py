"""Medians and percentiles agree with numpy's to the last bit, as reports must not depend on who sorts."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from formcheck.motion.order_statistics import median_of, percentile_of

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60).map(np.array)


@given(NUMBERS)
def test_the_median_is_that_of_numpy(values: np.ndarray) -> None:
    assert median_of(values) == np.median(values)


@given(NUMBERS, st.sampled_from([0.0, 5.0, 20.0, 50.0, 95.0, 100.0]))
def test_a_percentile_is_that_of_numpy(values: np.ndarray, percent: float) -> None:
    assert percentile_of(values, percent) == np.percentile(values, percent)


def test_closed_form_values() -> None:
    assert median_of(np.array([3.0, 1.0, 2.0])) == 2.0
    assert median_of(np.array([4.0, 1.0, 2.0, 3.0])) == 2.5
    assert percentile_of(np.arange(101.0), 95) == 95.0
    assert percentile_of(np.array([7.0]), 95) == 7.0
