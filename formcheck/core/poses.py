"""`PoseSequence`: what was seen of one lifter over time, validated once, and the only input of the analysis."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from formcheck.core.errors import PoseFileError
from formcheck.core.landmarks import LANDMARK_COUNT

FloatArray = NDArray[np.floating]

CONTOUR_FROM, CONTOUR_TO, CONTOUR_STATIONS = -0.5, 1.4, 96
"""The silhouette is sampled on this many stations along the line mid-hip (0) to mid-shoulder (1), from seat to head."""


CONTOUR_SHAPE = (2, CONTOUR_STATIONS, 2)
"""Sides, stations and coordinates of the silhouette of one frame."""

FLOOR_SHAPE = (14, 32)
"""Rows and columns of the coarse grey picture of the floor around the feet."""


def contour_stations() -> FloatArray:
    """Position of each silhouette station along the hip-shoulder line, 0 = hip, 1 = shoulder; shape (S,)."""
    return np.linspace(CONTOUR_FROM, CONTOUR_TO, CONTOUR_STATIONS)


@dataclass(frozen=True)
class VideoInfo:
    """Facts about the file that the poses come from.

    ``frames`` counts decoded frames, ``rotation_deg`` is the clockwise turn that the file asks players to make, and
    ``complete`` is False when decoding ended early because the file is damaged.
    """

    file: str
    width: int
    height: int
    frames: int
    duration_s: float
    rotation_deg: int = 0
    complete: bool = True


MASK_FLEXION_SHAPE = (2, 2)
"""Side of the back, and lumbar or thoracic flexion."""


@dataclass(frozen=True)
class PoseSequence:
    """Landmarks and silhouette of one lifter; T frames, K = 33 landmarks, S silhouette stations.

    Attributes
    ----------
    time_s : (T,) seconds since the first decoded frame, strictly rising.
    image_px : (T, K, 3) x right, y down in pixels of the upright picture (so aspect-correct), z in the same scale with
        smaller = nearer to the camera. NaN where no lifter was seen.
    world_m : (T, K, 3) metres, origin between the hips, axes as in ``image_px``. NaN where no lifter was seen.
    visibility : (T, K) 0..1, the model's own score; not to be trusted under occlusion.
    contour_px : (T, 2, S, 2) edge of the lifter's mask seen from the mid-hip to mid-shoulder line, along its normal.
        Side 0 is to the image left of a lifter standing upright in the image, side 1 to the right. NaN = no edge.
    contour_sharpness : (T, 2, S) 0..1, how steeply the mask falls at that edge: the drop of the mask's value over one
        hundredth of the hip-shoulder length. NaN = no edge.
    floor : (T, *FLOOR_SHAPE) 0..1, coarse grey picture of the floor around the lifter's feet, by which a load that
        stays there is noticed. NaN = feet not in the picture.
    floor_place : (T,) number of the place that ``floor`` shows; only pictures of one place can be compared. NaN = none.
    picture_change : (T,) 0..1 mean absolute difference of a thumbnail to the frame before; 0 for the first frame.
    mask_flexion_deg : (T, 2, 2) lumbar and thoracic flexion of the spine as a network reads it from the mask
        (`formcheck.motion.mask_net`), with the back taken to be on either side as in ``contour_px``. NaN = not read;
        all NaN if left out, as in pose files that were written before masks were read.
    video : facts about the source.
    model : name of the pose model, for the report.
    notes : remarks about tracking that the report must repeat (several people, damaged file, ...).
    """

    time_s: FloatArray
    image_px: FloatArray
    world_m: FloatArray
    visibility: FloatArray
    contour_px: FloatArray
    contour_sharpness: FloatArray
    floor: FloatArray
    floor_place: FloatArray
    picture_change: FloatArray
    video: VideoInfo
    model: str = ""
    notes: tuple[str, ...] = field(default=())
    mask_flexion_deg: FloatArray = field(default_factory=lambda: np.empty((0, *MASK_FLEXION_SHAPE)))

    def __post_init__(self) -> None:
        frames = len(np.atleast_1d(self.time_s))
        if isinstance(self.mask_flexion_deg, np.ndarray) and self.mask_flexion_deg.size == 0 and frames:
            object.__setattr__(self, "mask_flexion_deg", np.full((frames, *MASK_FLEXION_SHAPE), np.nan, np.float32))
        problems = _shape_problems(self)
        if problems:
            raise PoseFileError("These poses cannot be analysed: " + "; ".join(problems) + ".")

    def __len__(self) -> int:
        return len(self.time_s)

    @functools.cached_property
    def seen(self) -> NDArray[np.bool_]:
        """(T,) True where a lifter was found."""
        return np.asarray(np.isfinite(self.image_px[:, :, :2]).all(axis=(1, 2)))

    def part(self, keep: slice | NDArray[np.bool_]) -> PoseSequence:
        """The same sequence with only some of its frames; times are kept as they are."""
        arrays = {name: getattr(self, name)[keep] for name in ARRAY_FIELDS}
        return replace(self, **arrays)


ARRAY_FIELDS = (
    "time_s",
    "image_px",
    "world_m",
    "visibility",
    "contour_px",
    "contour_sharpness",
    "floor",
    "floor_place",
    "picture_change",
    "mask_flexion_deg",
)


def expected_shapes(frames: int) -> Mapping[str, tuple[int, ...]]:
    """Shape of each array of a `PoseSequence` with that many frames."""
    return {
        "time_s": (frames,),
        "image_px": (frames, LANDMARK_COUNT, 3),
        "world_m": (frames, LANDMARK_COUNT, 3),
        "visibility": (frames, LANDMARK_COUNT),
        "contour_px": (frames, *CONTOUR_SHAPE),
        "contour_sharpness": (frames, *CONTOUR_SHAPE[:2]),
        "floor": (frames, *FLOOR_SHAPE),
        "floor_place": (frames,),
        "picture_change": (frames,),
        "mask_flexion_deg": (frames, *MASK_FLEXION_SHAPE),
    }


def _shape_problems(poses: PoseSequence) -> list[str]:
    problems = []
    for name, expected in expected_shapes(len(np.atleast_1d(poses.time_s))).items():
        array = getattr(poses, name)
        if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
            problems.append(f"{name} is not an array of floating-point numbers")
        elif array.shape != expected:
            problems.append(f"{name} has the shape {array.shape}, expected {expected}")
    if not problems:
        if not np.isfinite(poses.time_s).all():
            problems.append("time_s has missing values")
        elif (np.diff(poses.time_s) <= 0).any():
            problems.append("time_s is not strictly increasing")
    if poses.video.width <= 0 or poses.video.height <= 0:
        problems.append("the picture has no size")
    return problems
