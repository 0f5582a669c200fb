"""MediaPipe's answers as the seam wants them, from a stand-in for its landmarker."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest

from formcheck.core.landmarks import LANDMARK_COUNT
from formcheck.core.poses import CONTOUR_SHAPE, PoseSequence
from formcheck.vision.mediapipe_backend import MediaPipeDetector
from formcheck.vision.silhouette import trace_silhouette, trunk_ends
from tests.helpers.synthetic_lifter import Camera, film, standing_still

WIDTH, HEIGHT = 108, 192
PICTURE = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
LIFTER = film(standing_still(0.1), Camera(px_per_m=40.0, feet_px=(54.0, 150.0), width=WIDTH, height=HEIGHT))


@dataclass
class _Landmarker:
    """Gives the first pose of each sequence, as MediaPipe's landmarker does."""

    people: list[PoseSequence]
    mask: np.ndarray | None = None
    pictures: list[np.ndarray] = field(default_factory=list)
    times_ms: list[int] = field(default_factory=list)
    closed: bool = False

    def detect_for_video(self, picture: object, time_ms: int) -> SimpleNamespace:
        self.times_ms.append(time_ms)
        return self.detect(picture)

    def detect(self, picture: object) -> SimpleNamespace:
        self.pictures.append(picture.numpy_view().copy())  # type: ignore[attr-defined]
        mask = None if self.mask is None else SimpleNamespace(numpy_view=lambda: self.mask[..., None])
        return SimpleNamespace(
            pose_landmarks=[
                [SimpleNamespace(x=x / WIDTH, y=y / HEIGHT, z=z / WIDTH, visibility=0.9) for x, y, z in one.image_px[0]]
                for one in self.people
            ],
            pose_world_landmarks=[
                [SimpleNamespace(x=x, y=y, z=z) for x, y, z in one.world_m[0]] for one in self.people
            ],
            segmentation_masks=None if mask is None else [mask] * len(self.people),
        )

    def close(self) -> None:
        self.closed = True


def test_a_person_is_in_pixels_of_the_picture() -> None:
    (person,) = MediaPipeDetector(_Landmarker([LIFTER]), track=True).detect(PICTURE, 0)
    np.testing.assert_allclose(person.image_px, LIFTER.image_px[0], atol=1e-9)
    np.testing.assert_allclose(person.world_m, LIFTER.world_m[0], atol=1e-9)
    assert person.visibility == pytest.approx(0.9)
    assert person.visibility.shape == (LANDMARK_COUNT,)


def test_without_a_mask_there_is_no_silhouette() -> None:
    (person,) = MediaPipeDetector(_Landmarker([LIFTER]), track=False).detect(PICTURE, 0)
    assert (person.contour_px.shape, person.contour_sharpness.shape) == (CONTOUR_SHAPE, CONTOUR_SHAPE[:2])
    assert np.isnan(person.contour_px).all()
    assert np.isnan(person.contour_sharpness).all()


def test_the_silhouette_is_traced_along_the_trunk() -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[:, 40:70] = 1.0
    (person,) = MediaPipeDetector(_Landmarker([LIFTER], mask), track=True).detect(PICTURE, 0)
    contour, sharpness = trace_silhouette(mask, *trunk_ends(LIFTER.image_px[0]))
    assert np.isfinite(contour).any()
    np.testing.assert_array_equal(person.contour_px, contour)
    np.testing.assert_array_equal(person.contour_sharpness, sharpness)


def test_everybody_is_given() -> None:
    assert len(MediaPipeDetector(_Landmarker([LIFTER, LIFTER]), track=False).detect(PICTURE, 0)) == 2
    assert MediaPipeDetector(_Landmarker([]), track=False).detect(PICTURE, 0) == []


def test_rows_with_padding_are_packed() -> None:
    landmarker = _Landmarker([LIFTER])
    padded = np.arange(HEIGHT * (WIDTH + 20) * 3, dtype=np.uint32).astype(np.uint8).reshape(HEIGHT, WIDTH + 20, 3)
    MediaPipeDetector(landmarker, track=True).detect(padded[:, 10:-10], 0)
    np.testing.assert_array_equal(landmarker.pictures[0], padded[:, 10:-10])


def test_times_are_passed_for_videos_only() -> None:
    for track, expected in ((True, [0, 100]), (False, [])):
        landmarker = _Landmarker([LIFTER])
        detector = MediaPipeDetector(landmarker, track)
        for time_ms in (0, 100):
            detector.detect(PICTURE, time_ms)
        assert landmarker.times_ms == expected


def test_the_model_is_freed_when_it_is_closed() -> None:
    landmarker = _Landmarker([LIFTER])
    MediaPipeDetector(landmarker, track=True).close()
    assert landmarker.closed
