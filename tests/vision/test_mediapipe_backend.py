from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from formcheck.core.landmarks import LANDMARK_COUNT
from formcheck.core.poses import CONTOUR_SHAPE, FLOOR_SHAPE, PoseSequence
from formcheck.vision import mediapipe_backend
from formcheck.vision.mediapipe_backend import (
    SAME_PERSON_DISTANCE,
    UPSIDE_DOWN_FRAMES,
    PersonFinder,
    distinct,
    mirror_image,
    nothing_seen,
)
from formcheck.vision.models.store import ModelFile
from formcheck.vision.tracking import Sighting
from tests.helpers.synthetic_lifter import (
    Camera,
    Motion,
    deadlift,
    film,
    kettlebell_swing,
    sighting_of,
    squat,
    standing_still,
)

WIDTH, HEIGHT = 108, 192
SMALL = Camera(px_per_m=40.0, feet_px=(54.0, 150.0), width=WIDTH, height=HEIGHT)
PICTURE = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
MODEL = ModelFile(Path("some.task"), "some", "custom", "")


def _standing(x_px: float = 540.0, px_per_m: float = 400.0) -> Sighting:
    return sighting_of(film(standing_still(0.1), Camera(px_per_m=px_per_m, feet_px=(x_px, 1500.0))), 0)


# ------------------------------------------------------------------------------------------------------- pure parts


def test_people_come_by_falling_size() -> None:
    small, middle, large = _standing(200, 200.0), _standing(500, 300.0), _standing(900, 400.0)
    for found in ([small, large, middle], [middle, small, large]):
        assert [id(one) for one in distinct(found)] == [id(large), id(middle), id(small)]
    assert distinct([]) == []


@pytest.mark.parametrize(("sizes_apart", "count"), [(0.0, 1), (0.9, 1), (1.1, 2)])
def test_two_detections_of_one_person_are_one_the_larger(sizes_apart: float, count: int) -> None:
    large = _standing(540, 400.0)
    other = _standing(540 + sizes_apart * SAME_PERSON_DISTANCE * large.size_px, 398.0)
    found = distinct([other, large])
    assert len(found) == count
    assert found[0] is large


def test_a_mirror_image_is_what_the_mirrored_lifter_looks_like() -> None:
    for forward in (1, -1):
        motion = deadlift(1)
        one, other = (
            sighting_of(film(motion, Camera(forward=facing, feet_px=(540.0, 1500.0))), 40)
            for facing in (forward, -forward)
        )
        # A parallel projection, so the mirror image is exact.
        mirrored = mirror_image(one, 1080)
        np.testing.assert_allclose(mirrored.image_px, other.image_px, atol=1e-3)
        np.testing.assert_allclose(mirrored.world_m, other.world_m, atol=1e-5)
        np.testing.assert_allclose(mirrored.contour_px, other.contour_px, atol=1e-3)
        np.testing.assert_allclose(mirror_image(mirrored, 1080).image_px, one.image_px, atol=1e-4)


def test_a_second_detection_does_not_hide_a_third_person() -> None:
    # Each is close to the one before; the last is far from the only one that is kept.
    size = _standing().size_px
    step = 0.8 * SAME_PERSON_DISTANCE * size
    first, second, third = _standing(300, 400.0), _standing(300 + step, 399.0), _standing(300 + 2 * step, 398.0)
    assert [id(one) for one in distinct([third, second, first])] == [id(first), id(third)]


@pytest.mark.parametrize("frames", [0, 1, 5])
def test_nothing_seen_has_the_arrays_of_a_sighting_all_missing(frames: int) -> None:
    arrays = nothing_seen(frames)
    poses = film(standing_still(0.1))
    assert arrays.keys() == {name for name in Sighting.__dataclass_fields__ if name != "frame"}
    for name, values in arrays.items():
        assert values.shape == (frames, *getattr(poses, name).shape[1:]), name
        assert values.dtype == np.float32
        assert np.isnan(values).all()


# ------------------------------------------------------------------------------------------- around a fake landmarker


@dataclass(frozen=True)
class _Image:
    image_format: int
    data: np.ndarray


class _FakeLandmarker:
    """Gives the poses of a sequence, one after the other, as MediaPipe's landmarker does."""

    def __init__(self, people: list[list[PoseSequence]]) -> None:
        self.people, self.frame, self.closed = people, 0, False
        self.pictures: list[np.ndarray] = []
        self.times_ms: list[int] = []

    def detect_for_video(self, picture: _Image, time_ms: int) -> SimpleNamespace:
        self.times_ms.append(time_ms)
        return self.detect(picture)

    def detect(self, picture: _Image) -> SimpleNamespace:
        self.pictures.append(picture.data)
        here = self.people[self.frame]
        self.frame += 1
        return SimpleNamespace(
            pose_landmarks=[_normalised(poses) for poses in here],
            pose_world_landmarks=[[SimpleNamespace(x=x, y=y, z=z) for x, y, z in poses.world_m[0]] for poses in here],
            segmentation_masks=None,
        )

    def close(self) -> None:
        self.closed = True


def _normalised(poses: PoseSequence) -> list[SimpleNamespace]:
    return [SimpleNamespace(x=x / WIDTH, y=y / HEIGHT, z=z / WIDTH, visibility=0.9) for x, y, z in poses.image_px[0]]


def _finder(
    monkeypatch: pytest.MonkeyPatch, people: list[list[PoseSequence]], *, count: int = 1, track: bool = True
) -> tuple[PersonFinder, list[_FakeLandmarker]]:
    """A finder whose landmarker sees these people in each frame, and all the landmarkers it makes."""
    made: list[_FakeLandmarker] = []

    def create(_: PersonFinder) -> _FakeLandmarker:
        made.append(_FakeLandmarker(people[sum(one.frame for one in made) :]))
        return made[-1]

    mediapipe = SimpleNamespace(ImageFormat=SimpleNamespace(SRGB=1), Image=_Image)
    monkeypatch.setattr(PersonFinder, "_create", create)
    monkeypatch.setattr(mediapipe_backend, "_mediapipe", lambda: mediapipe)
    return PersonFinder(MODEL, count, track), made


def _frames(motion: Motion, count: int | None = None) -> list[list[PoseSequence]]:
    poses = film(motion, SMALL, fps=10.0)
    return [[poses.part(slice(i, i + 1))] for i in range(len(poses))][:count]


def _upside_down(frames: list[list[PoseSequence]]) -> list[list[PoseSequence]]:
    flip, down = np.array([1.0, -1.0, 1.0]), np.array([0.0, HEIGHT, 0.0])
    return [[replace(poses, image_px=poses.image_px * flip + down) for poses in people] for people in frames]


def _made_for(
    monkeypatch: pytest.MonkeyPatch, frames: list[list[PoseSequence]], *, count: int = 1, track: bool = True
) -> list[_FakeLandmarker]:
    finder, made = _finder(monkeypatch, frames, count=count, track=track)
    with finder:
        for index in range(len(frames)):
            assert len(finder.find(PICTURE, index, 100 * index)) == 1
    return made


def test_a_sighting_is_in_pixels_of_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = _frames(standing_still(), 1)
    finder, _ = _finder(monkeypatch, frames)
    with finder:
        (found,) = finder.find(PICTURE, 7, 0)
    assert found.frame == 7
    np.testing.assert_allclose(found.image_px, frames[0][0].image_px[0], atol=1e-4)
    np.testing.assert_allclose(found.world_m, frames[0][0].world_m[0], atol=1e-6)
    assert found.visibility == pytest.approx(0.9)
    assert found.visibility.shape == (LANDMARK_COUNT,)
    assert (found.contour_px.shape, found.contour_sharpness.shape) == (CONTOUR_SHAPE, CONTOUR_SHAPE[:2])
    assert found.floor.shape == FLOOR_SHAPE
    assert found.floor_place == 0.0


def test_rows_with_padding_are_packed_for_mediapipe(monkeypatch: pytest.MonkeyPatch) -> None:
    finder, made = _finder(monkeypatch, _frames(standing_still(), 1))
    padded = np.arange(HEIGHT * (WIDTH + 20) * 3, dtype=np.uint32).astype(np.uint8).reshape(HEIGHT, WIDTH + 20, 3)
    with finder:
        finder.find(padded[:, 10:-10], 0)
    assert made[0].pictures[0].flags.c_contiguous
    np.testing.assert_array_equal(made[0].pictures[0], padded[:, 10:-10])


def test_times_are_passed_for_videos_only(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = _frames(standing_still(), 3)
    assert _made_for(monkeypatch, frames)[0].times_ms == [0, 100, 200]
    assert _made_for(monkeypatch, frames, track=False)[0].times_ms == []


def test_the_model_is_freed_at_the_end_and_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [one.closed for one in _made_for(monkeypatch, _frames(standing_still(), 1))] == [True]
    finder, made = _finder(monkeypatch, [])
    with pytest.raises(IndexError), finder:
        finder.find(PICTURE, 0)
    assert [one.closed for one in made] == [True]


@pytest.mark.parametrize("motion", [deadlift(1), squat(1), kettlebell_swing(1)], ids=["deadlift", "squat", "swing"])
def test_no_lift_is_taken_for_a_headstand(monkeypatch: pytest.MonkeyPatch, motion: Motion) -> None:
    assert len(_made_for(monkeypatch, _frames(motion))) == 1


def test_a_track_that_stands_on_its_head_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    standing = _frames(standing_still(), UPSIDE_DOWN_FRAMES)
    made = _made_for(monkeypatch, standing + _upside_down(standing) + standing)
    assert [one.closed for one in made] == [True, True]
    assert [one.frame for one in made] == [2 * UPSIDE_DOWN_FRAMES, UPSIDE_DOWN_FRAMES]


def test_a_head_that_is_down_for_fewer_frames_in_a_row_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    standing = _frames(standing_still(), 1)
    nearly = _upside_down(_frames(standing_still(), UPSIDE_DOWN_FRAMES - 1))
    assert len(_made_for(monkeypatch, standing + nearly + standing + nearly + standing)) == 1


@pytest.mark.parametrize(("count", "track"), [(2, True), (1, False)], ids=["several people", "single pictures"])
def test_only_the_track_of_one_person_is_started_anew(monkeypatch: pytest.MonkeyPatch, count: int, track: bool) -> None:
    frames = _upside_down(_frames(standing_still(), 3 * UPSIDE_DOWN_FRAMES))
    assert len(_made_for(monkeypatch, frames, count=count, track=track)) == 1
