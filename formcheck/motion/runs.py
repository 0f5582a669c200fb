"""Small tools over samples in order of time: where a condition holds without a break, and medians around a sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from formcheck.core.poses import FloatArray

ROWS_AT_ONCE = 4096


def runs_of(holds: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open index ranges (start, stop) in which ``holds`` (T,) is True without a break, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def running_median(values: FloatArray, width: int) -> FloatArray:
    """(T,) median of each value and its neighbours, ``width`` (odd) together; missing ones (NaN) are left out."""
    half = width // 2
    padded = np.concatenate([np.full(half, np.nan), values, np.full(half, np.nan)])
    return _median_of_rows(np.lib.stride_tricks.sliding_window_view(padded, width))


def medians_within(values: FloatArray, first: NDArray[np.int_], after: NDArray[np.int_]) -> FloatArray:
    """(T,) median of ``values[first[t]:after[t]]`` for every t; missing ones (NaN) are left out."""
    if len(values) == 0:
        return values.copy()
    medians = np.full(len(values), np.nan)
    # In blocks, so that a long video does not need all windows in memory at once.
    for start in range(0, len(values), ROWS_AT_ONCE):
        block = slice(start, start + ROWS_AT_ONCE)
        width = max(1, int((after[block] - first[block]).max()))
        at = first[block, None] + np.arange(width)
        inside = at < after[block, None]
        medians[block] = _median_of_rows(np.where(inside, values[np.where(inside, at, 0)], np.nan))
    return medians


def _median_of_rows(rows: FloatArray) -> FloatArray:
    """(T,) median of the known values of each row of (T, W); NaN where there is none."""
    ranked = np.sort(rows, axis=1)
    count = np.isfinite(ranked).sum(axis=1)
    row = np.arange(len(ranked))
    # Missing values are sorted to the end, so the middle of the known ones is found by their number.
    lower = ranked[row, np.maximum(count - 1, 0) // 2]
    upper = ranked[row, np.minimum(count // 2, ranked.shape[1] - 1)]
    return np.where(count > 0, (lower + upper) / 2.0, np.nan)
