"""Medians and percentiles of a few numbers, to the last bit what `numpy.median` and `numpy.percentile` give.

A repetition is told by hundreds of them, over some dozen samples each, where numpy spends more time on finding out what
it was given than on sorting.
"""

from __future__ import annotations

import numpy as np

from formcheck.core.poses import FloatArray


def median_of(values: FloatArray) -> float:
    """Median of (N,) numbers, N at least 1, none of them NaN."""
    ranked = np.sort(values)
    middle = len(ranked) // 2
    if len(ranked) % 2:
        return float(ranked[middle])
    return float((ranked[middle - 1] + ranked[middle]) / 2)


def percentile_of(values: FloatArray, percent: float) -> float:
    """Percentile of (N,) numbers, N at least 1, none of them NaN, on straight lines between them."""
    ranked = np.sort(values)
    place = (len(ranked) - 1) * (percent / 100)
    below = int(place)
    share = place - below
    low, high = ranked[below], ranked[min(below + 1, len(ranked) - 1)]
    # From the nearer of the two, so that the ends of the line are exact.
    return float(low + (high - low) * share if share < 0.5 else high - (high - low) * (1 - share))
