"""Small tools over samples in order of time: where a condition holds without a break, and medians around a sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from formcheck.core.poses import FloatArray


def runs_of(holds: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open index ranges (start, stop) in which ``holds`` (T,) is True without a break, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def running_median(values: FloatArray, width: int) -> FloatArray:
    """(T,) median of each value and its neighbours, ``width`` (odd) together; missing ones (NaN) are left out."""
    half = width // 2
    padded = np.concatenate([np.full(half, np.nan), values, np.full(half, np.nan)])
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)
    count = np.isfinite(windows).sum(axis=1)
    rows = np.arange(len(windows))
    # Missing values are sorted to the end, so the middle of the known ones is found by their number.
    lower, upper = windows[rows, np.maximum(count - 1, 0) // 2], windows[rows, np.minimum(count // 2, width - 1)]
    return np.where(count > 0, (lower + upper) / 2.0, np.nan)
