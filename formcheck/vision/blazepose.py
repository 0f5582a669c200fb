"""What is done around the two networks of BlazePose, in numpy: regions, detections, refinement and smoothing.

MediaPipe's Pose Landmarker does the same steps with the same numbers in a graph of its own; a backend that runs the
networks with another library needs them here. The numbers come with the networks, which were trained for them.

The networks look at square regions of the picture. Coordinates within a region run from 0 to 1 in both directions;
`Region` maps them to pixels of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from formcheck.core.poses import FloatArray
from formcheck.vision.backend import RgbImage

DETECTOR_SIDE, LANDMARKS_SIDE = 224, 256
"""Side of the pictures that the two networks look at, in pixels."""

NETWORK_LANDMARKS = 39
"""Landmarks that the network gives: the 33 of the body, 2 for the region of the next frame, 4 that nobody uses."""

REGION_CENTRE, REGION_EDGE = 33, 34
"""Landmarks at the middle of the next region and on the circle around the body."""

REGION_MARGIN = 1.25
"""A region is larger than the circle around the body by this factor."""

SNAP_SIDE, SNAP_CENTRE, SNAP_TURN_RAD = 0.01, 1.0 / 256.0, np.radians(0.5)
"""A tracked region has a side from a series with this logarithmic step, its middle on a grid of this share of the side,
and a turn that is a multiple of the last number. The next region depends on this one, and without a grid two tracks of
the same person that began at different frames stay a few pixels apart for ever; on one they soon are the same track.
A step is less than what the networks tell apart: it moves landmarks as much as beginning a frame later does."""

SCORE_MIN = 0.5
"""Detections and poses with a lower score are none."""

SAME_DETECTION_IOU, SAME_REGION_IOU = 0.3, 0.5
"""Overlap (intersection over union) from which on two detections, or two regions, show the same person."""

REFINED_WITHIN, REFINED_FROM = 3, 0.5
"""A landmark is moved to the centroid of its heatmap within this many cells, if the map reaches the second value
there."""

VISIBILITY_SHARE = 0.1
"""Share that a new frame has in the smoothed visibility."""

_STRIDES, _ANCHORS_PER_CELL = (8, 16, 32), (2, 2, 6)


@dataclass(frozen=True)
class Region:
    """A square part of the picture, turned so that the person in it stands upright.

    Attributes
    ----------
    centre_px : (2,) x right, y down.
    side_px : length of a side.
    turn_rad : how far the person is turned clockwise in the picture.
    """

    centre_px: FloatArray
    side_px: float
    turn_rad: float = 0.0

    @property
    def turn(self) -> FloatArray:
        """(2, 2) matrix that turns an upright direction (column vector) into the region's."""
        cos, sin = np.cos(self.turn_rad), np.sin(self.turn_rad)
        return np.array([[cos, -sin], [sin, cos]])

    def to_picture(self, points: FloatArray) -> FloatArray:
        """(N, 2) points of the region, 0..1, in pixels of the picture."""
        return np.asarray((points - 0.5) * self.side_px @ self.turn.T + self.centre_px)

    def to_picture_matrix(self, side: int) -> FloatArray:
        """(2, 3) affine map from pixels of a crop of this region, ``side`` pixels wide, to pixels of the picture."""
        turn = self.turn
        corner = self.centre_px - turn @ np.full(2, self.side_px / 2)
        return np.column_stack([turn * (self.side_px / side), corner])

    def crop(self, rgb: RgbImage, side: int, border: int) -> RgbImage:
        """The region as a picture (side, side, 3); ``border`` says what is around the picture, as for OpenCV."""
        matrix = self.to_picture_matrix(side)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(rgb, matrix, (side, side), flags=flags, borderMode=border), dtype=np.uint8)

    def snapped(self) -> Region:
        """The nearest region on the grid."""
        side_px = float(np.exp(np.round(np.log(max(self.side_px, 1.0)) / SNAP_SIDE) * SNAP_SIDE))
        step_px = SNAP_CENTRE * side_px
        turn_rad = float(np.round(self.turn_rad / SNAP_TURN_RAD) * SNAP_TURN_RAD)
        return Region(np.round(self.centre_px / step_px) * step_px, side_px, turn_rad)

    def overlap(self, other: Region) -> float:
        """Intersection over union of the two squares as if neither was turned."""
        return _overlap(self._box(), other._box())

    def _box(self) -> FloatArray:
        return np.concatenate([self.centre_px - self.side_px / 2, self.centre_px + self.side_px / 2])


def whole_picture(rgb: RgbImage) -> Region:
    """The smallest region that holds a whole picture (H, W, 3)."""
    height, width = rgb.shape[:2]
    return Region(np.array([width / 2, height / 2]), float(max(height, width)))


def region_around(centre_px: FloatArray, edge_px: FloatArray) -> Region:
    """The region of a body, from its middle and the point above it on the circle around the body, (2,) each."""
    across, down = edge_px - centre_px
    # Of somebody upright the point is straight above the middle.
    turn_rad = np.pi / 2 - np.arctan2(-down, across)
    turn_rad -= 2 * np.pi * np.floor((turn_rad + np.pi) / (2 * np.pi))
    return Region(np.asarray(centre_px, dtype=np.float64), 2 * REGION_MARGIN * float(np.hypot(across, down)), turn_rad)


def find_regions(boxes: FloatArray, scores: FloatArray, looked_at: Region) -> list[Region]:
    """Regions of the people whom the detector sees, the surest first.

    Parameters
    ----------
    boxes : (A, 12) for each anchor a box and four points, relative to it, in pixels of the detector's picture.
    scores : (A,) before the sigmoid.
    looked_at : the region that the detector was shown.
    """
    scores = 1.0 / (1.0 + np.exp(-np.clip(scores.astype(np.float64), -100.0, 100.0)))
    kept = np.flatnonzero(scores >= SCORE_MIN)
    kept = kept[np.argsort(-scores[kept], kind="stable")]
    if len(kept) == 0:
        return []
    numbers = boxes[kept].astype(np.float64) / DETECTOR_SIDE
    centre, size = numbers[:, :2] + anchors()[kept], numbers[:, 2:4]
    corners = np.concatenate([centre - size / 2, centre + size / 2], axis=1)
    # Only the first two points matter: the middle of the hips and the circle around the body.
    points = numbers[:, 4:8] + np.tile(anchors()[kept], 2)
    return [region_around(*looked_at.to_picture(one.reshape(2, 2))) for one in _merged(corners, points, scores[kept])]


def regions_to_look_at(tracked: Sequence[Region], detected: Sequence[Region], people: int) -> list[Region]:
    """Where people are: a detection takes the place of the tracked regions that it overlaps; ``people`` at most."""
    regions: list[Region] = []
    for new in (*tracked, *detected):
        regions = [old for old in regions if new.overlap(old) <= SAME_REGION_IOU]
        regions.append(new)
    return regions[:people]


@lru_cache(maxsize=1)
def anchors() -> FloatArray:
    """(A, 2) middles of the detector's anchors, in the order of its outputs, 0..1."""
    parts = []
    for stride, count in zip(_STRIDES, _ANCHORS_PER_CELL, strict=True):
        cells = (np.arange(DETECTOR_SIDE // stride) + 0.5) * stride / DETECTOR_SIDE
        y, x = np.meshgrid(cells, cells, indexing="ij")
        parts.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), count, axis=0))
    return np.concatenate(parts)


def refined(points: FloatArray, heatmaps: FloatArray) -> FloatArray:
    """Landmarks moved to the centroid of their heatmaps nearby.

    Parameters
    ----------
    points : (N, 2) x, y in the region, 0..1.
    heatmaps : (H, W, N) before the sigmoid.
    """
    height, width, count = heatmaps.shape
    size = np.array([width, height])
    cell = np.trunc(points * size).astype(int)
    inside = ((cell >= 0) & (cell < size)).all(axis=1)
    reach = np.arange(-REFINED_WITHIN, REFINED_WITHIN + 1)
    columns, rows = (cell[:, axis, None] + reach for axis in range(2))
    there = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    values = heatmaps[
        np.clip(rows, 0, height - 1)[:, :, None],
        np.clip(columns, 0, width - 1)[:, None, :],
        np.arange(count)[:, None, None],
    ]
    weights = np.where(there, 1.0 / (1.0 + np.exp(-values.astype(np.float64))), 0.0)
    total = weights.sum(axis=(1, 2))
    clear = inside & (weights.max(axis=(1, 2)) >= REFINED_FROM)
    with np.errstate(invalid="ignore", divide="ignore"):
        x = (weights.sum(axis=1) * columns).sum(axis=1) / total / width
        y = (weights.sum(axis=2) * rows).sum(axis=1) / total / height
    return np.where(clear[:, None], np.stack([x, y], axis=1), points)


class OneEuroFilter:
    """Smooths what stands still, and follows what moves (Casiez, Roussel and Vogel 2012); arrays of any one shape.

    Parameters
    ----------
    cutoff_hz : below which everything passes when nothing moves.
    per_speed_hz : how much higher the cutoff is for each unit of speed.
    """

    SPEED_CUTOFF_HZ = 1.0
    """Cutoff of the filter that smooths the speed itself."""

    def __init__(self, cutoff_hz: float, per_speed_hz: float) -> None:
        self._cutoff_hz, self._per_speed_hz = cutoff_hz, per_speed_hz
        self._time_s = -np.inf
        self._raw: FloatArray | None = None
        self._smooth: FloatArray = np.zeros(())
        self._speed: FloatArray = np.zeros(())

    def __call__(self, values: FloatArray, time_s: float, per_unit: float = 1.0) -> FloatArray:
        """The smoothed values; ``per_unit`` turns differences of values into the unit of ``per_speed_hz``."""
        if self._raw is None:
            self._raw, self._smooth, self._speed = values, values, np.zeros_like(values)
            self._time_s = time_s
            return values
        step_s = time_s - self._time_s
        speed = (values - self._raw) * (per_unit / step_s)
        self._speed = self._speed + _share(self.SPEED_CUTOFF_HZ, step_s) * (speed - self._speed)
        share = _share(self._cutoff_hz + self._per_speed_hz * np.abs(self._speed), step_s)
        self._smooth = self._smooth + share * (values - self._smooth)
        self._raw, self._time_s = values, time_s
        return self._smooth


class PoseSmoothing:
    """The smoothing of one person's landmarks over the frames of a video, as the networks' makers do it."""

    def __init__(self) -> None:
        self._image, self._world = OneEuroFilter(0.05, 80.0), OneEuroFilter(0.1, 40.0)
        self._visibility: FloatArray | None = None

    def __call__(
        self, image_px: FloatArray, world_m: FloatArray, visibility: FloatArray, side_px: float, time_s: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Smoothed landmarks in the picture (K, 3) and in metres (K, 3), and visibilities (K,).

        ``side_px`` is the side of the person's region: speed in the picture counts in it.
        """
        old = self._visibility
        self._visibility = visibility if old is None else old + VISIBILITY_SHARE * (visibility - old)
        if time_s <= 0.0:  # the makers' filters do not take note of a frame at time 0, and neither must these
            return image_px, world_m, self._visibility
        return self._image(image_px, time_s, 1.0 / side_px), self._world(world_m, time_s), self._visibility


def _share(cutoff_hz: FloatArray | float, step_s: float) -> FloatArray:
    """Share of a new value in a first-order low pass."""
    return np.asarray(1.0 / (1.0 + 1.0 / (2.0 * np.pi * np.asarray(cutoff_hz) * step_s)))


def _merged(corners: FloatArray, points: FloatArray, scores: FloatArray) -> list[FloatArray]:
    """Points of detections (N, 4), sorted by falling score, with those that overlap averaged by their scores."""
    found = []
    left = np.arange(len(scores))
    while len(left):
        overlaps = np.array([_overlap(corners[left[0]], corners[one]) for one in left])
        same = left[overlaps > SAME_DETECTION_IOU]
        if len(same) == 0:  # a box without an area
            same = left[:1]
        found.append(np.average(points[same], axis=0, weights=scores[same]))
        left = np.setdiff1d(left, same, assume_unique=True)
    return found


def _overlap(a: FloatArray, b: FloatArray) -> float:
    """Intersection over union of two boxes (left, top, right, bottom)."""
    shared = np.prod(np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0.0))
    union = np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared
    return float(shared / union) if union > 0 else 0.0
