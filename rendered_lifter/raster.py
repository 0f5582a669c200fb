"""A vectorised z-buffer: triangles to pixels without a loop over either."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
Index = NDArray[np.int64]


def spans(px: NDArray[np.float64], width: int, height: int) -> tuple[Index, Index, Index]:
    """Pixels whose centre is inside each triangle: px (T, 3, 2) to triangle, column and row of every hit."""
    x, y = px[..., 0], px[..., 1]
    top = np.clip(np.ceil(y.min(axis=1) - 0.5), 0, height).astype(np.int64)
    bottom = np.clip(np.floor(y.max(axis=1) - 0.5), -1, height - 1).astype(np.int64)
    rows = np.maximum(bottom - top + 1, 0)
    rows[~np.isfinite(px).all(axis=(1, 2))] = 0
    triangle = np.repeat(np.arange(len(px)), rows)
    if not len(triangle):
        none = np.zeros(0, dtype=np.int64)
        return none, none, none
    first = np.cumsum(rows) - rows
    row = np.arange(len(triangle)) - first[triangle] + top[triangle]
    centre = row + 0.5
    left = np.full(len(triangle), np.inf)
    right = np.full(len(triangle), -np.inf)
    for a, b in ((0, 1), (1, 2), (2, 0)):
        ya, yb, xa, xb = y[:, a], y[:, b], x[:, a], x[:, b]
        rise = yb - ya
        slope = np.divide(xb - xa, rise, out=np.zeros_like(rise), where=rise != 0)
        low, high = np.minimum(ya, yb)[triangle], np.maximum(ya, yb)[triangle]
        at = xa[triangle] + (centre - ya[triangle]) * slope[triangle]
        crosses = (centre >= low) & (centre <= high) & (rise[triangle] != 0)
        left = np.where(crosses, np.minimum(left, at), left)
        right = np.where(crosses, np.maximum(right, at), right)
    start = np.clip(np.ceil(left - 0.5), 0, width)
    stop = np.clip(np.floor(right - 0.5) + 1, 0, width)
    count = np.where(stop > start, stop - start, 0)
    count[~np.isfinite(count)] = 0
    count = count.astype(np.int64)
    span = np.repeat(np.arange(len(triangle)), count)
    begin = np.cumsum(count) - count
    column = np.arange(len(span)) - begin[span] + np.where(count > 0, start, 0).astype(np.int64)[span]
    return triangle[span], column, row[span]


def visible(
    px: NDArray[np.float64], depth: NDArray[np.float64], behind: F32
) -> tuple[Index, Index, NDArray[np.float64]]:
    """Frontmost triangle at each covered pixel.

    px (T, 3, 2) in pixels, depth (T, 3) in metres along the view, behind (H, W) the depth of what is already there.
    Returns flat pixel indices, the triangle in front there, and its perspective-correct barycentric weights (N, 3).
    """
    height, width = behind.shape
    edge1, edge2 = px[:, 1] - px[:, 0], px[:, 2] - px[:, 0]
    area = edge1[:, 0] * edge2[:, 1] - edge1[:, 1] * edge2[:, 0]
    triangle, column, row = spans(px, width, height)
    inverse = 1.0 / depth
    safe = np.where(np.abs(area) > 1e-9, area, 1e-9)
    dx = ((inverse[:, 1] - inverse[:, 0]) * edge2[:, 1] - (inverse[:, 2] - inverse[:, 0]) * edge1[:, 1]) / safe
    dy = ((inverse[:, 2] - inverse[:, 0]) * edge1[:, 0] - (inverse[:, 1] - inverse[:, 0]) * edge2[:, 0]) / safe
    base = inverse[:, 0] - dx * (px[:, 0, 0] - 0.5) - dy * (px[:, 0, 1] - 0.5)
    near = base[triangle] + dx[triangle] * column + dy[triangle] * row
    pixel = row * width + column
    # One integer holds nearness above and the triangle below, so that a single maximum decides.
    key = (np.clip(near, 0.0, 8.0) * (1 << 36)).astype(np.int64) & ~np.int64((1 << 20) - 1)
    key |= triangle
    best = (1.0 / behind.ravel().astype(np.float64) * (1 << 36)).astype(np.int64) & ~np.int64((1 << 20) - 1)
    np.maximum.at(best, pixel, key)
    won = best[pixel] == key
    pixel, triangle, column, row = pixel[won], triangle[won], column[won], row[won]
    p = np.stack([column + 0.5, row + 0.5], axis=1) - px[triangle, 0]
    e1, e2, a = edge1[triangle], edge2[triangle], safe[triangle]
    w1 = (p[:, 0] * e2[:, 1] - p[:, 1] * e2[:, 0]) / a
    w2 = (p[:, 1] * e1[:, 0] - p[:, 0] * e1[:, 1]) / a
    weights = np.clip(np.stack([1 - w1 - w2, w1, w2], axis=1), 0.0, 1.0) * inverse[triangle]
    return pixel, triangle, weights / weights.sum(axis=1, keepdims=True)


def mask(px: NDArray[np.float64], width: int, height: int) -> NDArray[np.bool_]:
    """Pixels covered by any of the triangles px (T, 3, 2): (H, W)."""
    out = np.zeros((height, width), dtype=bool)
    _, column, row = spans(px, width, height)
    out[row, column] = True
    return out
