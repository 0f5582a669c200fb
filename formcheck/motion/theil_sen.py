"""The trend of a value over the repetitions of a set, and how sure it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from formcheck.core.poses import FloatArray

NORMAL_95 = 1.96


@dataclass(frozen=True)
class Trend:
    """Slope per repetition with the ends of its 95 % interval; NaN for fewer than two values."""

    slope: float
    low: float
    high: float

    @property
    def sure(self) -> bool:
        """True when the interval leaves out zero."""
        return self.low > 0.0 or self.high < 0.0


def theil_sen(at: FloatArray, values: FloatArray) -> Trend:
    """Median of the slopes between all pairs of values: a wild repetition or two do not bend it.

    Parameters
    ----------
    at : (N,) where the values are, all different; values : (N,), NaN = missing.

    Notes
    -----
    The interval is Sen's (1968): slopes by rank, as far from the median as chance puts Kendall's S. With four values it
    leaves out zero only when every one is above (or below) the one before.
    """
    known = np.isfinite(values)
    at, values = at[known], values[known]
    if len(values) < 2:
        return Trend(math.nan, math.nan, math.nan)
    first, second = np.triu_indices(len(values), k=1)
    slopes = np.sort((values[second] - values[first]) / (at[second] - at[first]))
    count = len(values)
    spread = NORMAL_95 * math.sqrt(count * (count - 1) * (2 * count + 5) / 18.0)
    below = max(math.floor((len(slopes) - spread) / 2.0), 0)
    return Trend(float(np.median(slopes)), float(slopes[below]), float(slopes[len(slopes) - 1 - below]))
