"""Circles in a video that may be the near plate of a barbell; `formcheck.motion.plate` tells which of them is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from formcheck.core.errors import Cancelled
from formcheck.core.landmarks import Landmark
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.motion.plate import PlateTrack, follow_plate
from formcheck.vision.video import VideoReader

WATCH_MAX_SIDE = 960
LOOKS_PER_S = 20.0
"""Enough for a movement that is filtered at 5 Hz."""

TRUNK_PX = 64
"""The look is scaled so that the lifter's trunk has this many pixels: enough for a rim, and quick."""

DIAMETERS = (0.72, 1.36)
"""Plates are looked for with diameters of this many trunk lengths, full-size ones and those a little smaller."""

REACH = 1.25
"""The look goes this many trunk lengths to each side of the wrists."""

CELL = 2
"""Centres are found in cells of this many pixels, then from the rim itself."""

CENTRES = 5
DIRECTIONS = 48
ALIGNED = 0.94
CENTRE_SHIFT_MAX = 4.0
EDGE_LOW, EDGE_HIGH = 40, 100
CANDIDATES = 4

RINGS = 0.7
"""Plates have rings inside their rim: the outermost circle with this share of the best one's support is the rim."""


def watch_plate(
    path: str | Path,
    poses: PoseSequence,
    spans_s: Sequence[tuple[float, float]],
    forward: float,
    *,
    height_m: float | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> PlateTrack:
    """Follow the near plate through a video.

    Parameters
    ----------
    path : the video that the poses come from.
    spans_s : where to look, from and to, seconds since the first frame: the repetitions.
    forward : +1 where the lifter faces image-right, -1 image-left.
    height_m : the lifter's height, None when unknown; full-size plates are told from smaller ones by it.
    cancelled : asked after every frame; True stops the work.

    Raises
    ------
    VideoError : the file cannot be read. Cancelled : the caller stopped it.
    """
    wrists, shoulders, hips, ankles = (_middle(poses, name) for name in ("WRIST", "SHOULDER", "HIP", "ANKLE"))
    trunk_px = float(np.nanpercentile(np.hypot(*(shoulders - hips).T), 75)) if poses.seen.any() else float("nan")
    last_s = max((to_s for _, to_s in spans_s), default=-1.0)
    frames: list[int] = []
    circles: list[FloatArray] = []
    next_s = -1.0
    with VideoReader(path, max_side=WATCH_MAX_SIDE) as reader:
        scale = reader.info.width / reader.info.source_width
        for index, frame in enumerate(reader):
            if cancelled is not None and cancelled():
                raise Cancelled("Stopped while the plate was followed.")
            if index >= len(poses) or frame.time_s > last_s:
                break
            wanted = frame.time_s >= next_s and any(a <= frame.time_s <= b for a, b in spans_s)
            if not wanted or not np.isfinite(wrists[index]).all():
                continue
            next_s = frame.time_s + 0.9 / LOOKS_PER_S
            found = look(frame.rgb, wrists[index] * scale, trunk_px * scale)
            found[:, :3] /= scale
            frames.append(index)
            circles.append(found)
    at = np.array(frames, dtype=int)
    heels, toes = _middle(poses, "HEEL"), _middle(poses, "FOOT_INDEX")
    feet_px = np.array([_usual((heels[at, 0] + toes[at, 0]) / 2), _usual(ankles[at, 1])])
    seen = np.array(circles).reshape(-1, CANDIDATES, 4)
    return follow_plate(poses.time_s[at], seen, shoulders[at], feet_px, trunk_px, forward, height_m)


def _middle(poses: PoseSequence, joint: str) -> FloatArray:
    pair = poses.image_px[:, [Landmark[f"LEFT_{joint}"], Landmark[f"RIGHT_{joint}"]], :2]
    return np.asarray(pair.astype(np.float64).mean(axis=1))


def _usual(values: FloatArray) -> float:
    return float(np.nanmedian(values)) if np.isfinite(values).any() else float("nan")


def look(rgb: NDArray[np.uint8], wrists_px: FloatArray, trunk_px: float) -> FloatArray:
    """Circles around the wrists that may be a plate, best first.

    Parameters
    ----------
    rgb : (H, W, 3) frame.
    wrists_px : (2,) middle of both wrists in its pixels. trunk_px : length of the trunk.

    Returns
    -------
    (`CANDIDATES`, 4) x, y, diameter in pixels of the frame, and the share of the rim that is an edge, 0..1; NaN = none.
    """
    found = np.full((CANDIDATES, 4), np.nan)
    height, width = rgb.shape[:2]
    reach = REACH * trunk_px
    left, right = (int(np.clip(wrists_px[0] + side * reach, 0, width)) for side in (-1, 1))
    top, bottom = (int(np.clip(wrists_px[1] + side * reach, 0, height)) for side in (-1, 1))
    scale = TRUNK_PX / trunk_px
    if min(right - left, bottom - top) * scale < DIAMETERS[0] * TRUNK_PX:
        return found
    small = cv2.resize(rgb[top:bottom, left:right], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), (3, 3), 0)
    for index, (x, y, radius, support) in enumerate(_circles(grey)):
        found[index] = left + x / scale, top + y / scale, 2 * radius / scale, support
    return found


def _circles(grey: NDArray[np.uint8]) -> list[tuple[float, float, float, float]]:
    """Circles in a picture: edges vote for centres along their gradients, then each centre's rim is looked for."""
    across = cv2.Sobel(grey, cv2.CV_16S, 1, 0, ksize=3)
    down = cv2.Sobel(grey, cv2.CV_16S, 0, 1, ksize=3)
    rows, columns = np.nonzero(cv2.Canny(across, down, EDGE_LOW, EDGE_HIGH, L2gradient=True))
    if len(rows) < TRUNK_PX:
        return []
    gx, gy = across[rows, columns].astype(np.float32), down[rows, columns].astype(np.float32)
    length = np.hypot(gx, gy)
    gx, gy = gx / length, gy / length
    votes = _votes(rows, columns, gx, gy, grey.shape[0], grey.shape[1])
    circles = []
    for _ in range(CENTRES):
        _, peak, _, (cx, cy) = cv2.minMaxLoc(votes)
        if peak <= 0:
            break
        cv2.circle(votes, (cx, cy), 2, 0.0, -1)
        circles.append(_rim((cx + 0.5) * CELL, (cy + 0.5) * CELL, rows, columns, gx, gy))
    circles.sort(key=lambda circle: -circle[3])
    return circles[:CANDIDATES]


def _votes(
    rows: NDArray[np.intp], columns: NDArray[np.intp], gx: FloatArray, gy: FloatArray, height: int, width: int
) -> NDArray[np.float32]:
    """How many edge points may be on the rim of a plate around each cell."""
    radii = np.arange(DIAMETERS[0] * TRUNK_PX / 2, DIAMETERS[1] * TRUNK_PX / 2, CELL, dtype=np.float32)
    signed = np.concatenate([radii, -radii])[:, None] / CELL
    high, wide = height // CELL + 1, width // CELL + 1
    x = (columns / CELL + signed * gx).astype(np.int32)
    y = (rows / CELL + signed * gy).astype(np.int32)
    inside = (x >= 0) & (x < wide) & (y >= 0) & (y < high)
    counts = np.bincount((y * wide + x)[inside], minlength=high * wide).reshape(high, wide)
    return np.asarray(cv2.GaussianBlur(counts.astype(np.float32), (3, 3), 0))


def _rim(
    cx: float, cy: float, rows: NDArray[np.intp], columns: NDArray[np.intp], gx: FloatArray, gy: FloatArray
) -> tuple[float, float, float, float]:
    """The best circle around a centre: x, y, radius, and the share of its directions in which there is an edge."""
    radius = support = 0.0
    for _ in range(2):
        dx, dy = columns - cx, rows - cy
        distance = np.hypot(dx, dy) + 1e-6
        aligned = np.abs(dx * gx + dy * gy) > ALIGNED * distance
        on = aligned & (distance > DIAMETERS[0] * TRUNK_PX / 2 - 1) & (distance < DIAMETERS[1] * TRUNK_PX / 2 + 1)
        if not on.any():
            break
        ring = np.rint(distance[on]).astype(np.int32)
        direction = ((np.arctan2(dy[on], dx[on]) / (2 * np.pi) + 0.5) * DIRECTIONS).astype(np.int32) % DIRECTIONS
        seen = np.zeros((ring.max() + 2, DIRECTIONS), bool)
        # A rim that is not quite round, or a centre half a pixel off, spreads over two rings.
        seen[ring, direction] = True
        seen[ring + 1, direction] = True
        share = seen.mean(axis=1)
        rim = int(np.flatnonzero(share >= RINGS * share.max())[-1])
        support = float(share[rim])
        at_rim = np.flatnonzero(on)[(ring == rim) | (ring == rim - 1)]
        # Centre and radius from the rim's own points; least squares is enough, as they are on it within a pixel.
        points = np.column_stack([columns[at_rim], rows[at_rim], np.ones(len(at_rim))]).astype(float)
        fit, *_ = np.linalg.lstsq(points, (points[:, :2] ** 2).sum(axis=1), rcond=None)
        new_x, new_y = fit[0] / 2, fit[1] / 2
        radius = float(np.sqrt(max(fit[2] + new_x**2 + new_y**2, 0.0)))
        if np.hypot(new_x - cx, new_y - cy) > CENTRE_SHIFT_MAX:
            break
        cx, cy = float(new_x), float(new_y)
    return cx, cy, radius, support
