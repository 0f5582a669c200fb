from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from formcheck.core.landmarks import LANDMARK_COUNT
from formcheck.core.poses import CONTOUR_SHAPE, FLOOR_SHAPE, PoseSequence
from formcheck.vision.backend import DetectedPerson
from formcheck.vision.fake_backend import FakeBackend, person_of
from formcheck.vision.models.store import ModelFile
from formcheck.vision.person_finder import (
    SAME_PERSON_DISTANCE,
    UPSIDE_DOWN_FRAMES,
    PersonFinder,
    distinct,
    mirror_image,
    nothing_seen,
)
from formcheck.vision.tracking import Detection
from tests.helpers.synthetic_lifter import (
    Camera,
    Motion,
    deadlift,
    detection_of,
    film,
    kettlebell_swing,
    squat,
    standing_still,
)

WIDTH, HEIGHT = 108, 192
SMALL = Camera(px_per_m=40.0, feet_px=(54.0, 150.0), width=WIDTH, height=HEIGHT)
PICTURE = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
MODEL = ModelFile(Path("some.task"), "some", "custom", "")


def _standing(x_px: float = 540.0, px_per_m: float = 400.0) -> Detection:
    return detection_of(film(standing_still(0.1), Camera(px_per_m=px_per_m, feet_px=(x_px, 1500.0))), 0)


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
            detection_of(film(motion, Camera(forward=facing, feet_px=(540.0, 1500.0))), 40)
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
    assert arrays.keys() == {name for name in Detection.__dataclass_fields__ if name != "frame"}
    for name, values in arrays.items():
        assert values.shape == (frames, *getattr(poses, name).shape[1:]), name
        assert values.dtype == np.float32
        assert np.isnan(values).all()


# ------------------------------------------------------------------------------------------- around a fake backend


def _playing(frames: list[list[PoseSequence]]) -> FakeBackend:
    """Sees these people, picture after picture."""
    left = iter(frames)

    def handler(rgb: np.ndarray, time_ms: int) -> list[DetectedPerson]:
        return [person_of(poses, 0) for poses in next(left)]

    return FakeBackend(handler)


def _frames(motion: Motion, count: int | None = None) -> list[list[PoseSequence]]:
    poses = film(motion, SMALL, fps=10.0)
    return [[poses.part(slice(i, i + 1))] for i in range(len(poses))][:count]


def _upside_down(frames: list[list[PoseSequence]]) -> list[list[PoseSequence]]:
    flip, down = np.array([1.0, -1.0, 1.0]), np.array([0.0, HEIGHT, 0.0])
    return [[replace(poses, image_px=poses.image_px * flip + down) for poses in people] for people in frames]


def _after_all(frames: list[list[PoseSequence]], *, count: int = 1, track: bool = True) -> FakeBackend:
    """The backend after a finder has looked at all frames."""
    backend = _playing(frames)
    with PersonFinder(MODEL, count, track, backend=backend) as finder:
        for index in range(len(frames)):
            assert len(finder.find(PICTURE, index, 100 * index)) == 1
    return backend


def test_a_sighting_is_in_pixels_of_the_picture() -> None:
    frames = _frames(standing_still(), 1)
    with PersonFinder(MODEL, 1, track=True, backend=_playing(frames)) as finder:
        (found,) = finder.find(PICTURE, 7, 0)
    assert found.frame == 7
    np.testing.assert_allclose(found.image_px, frames[0][0].image_px[0], atol=1e-4)
    np.testing.assert_allclose(found.world_m, frames[0][0].world_m[0], atol=1e-6)
    assert found.visibility.shape == (LANDMARK_COUNT,)
    assert (found.contour_px.shape, found.contour_sharpness.shape) == (CONTOUR_SHAPE, CONTOUR_SHAPE[:2])
    assert found.floor.shape == FLOOR_SHAPE
    assert found.floor_place == 0.0
    assert {getattr(found, name).dtype for name in ("image_px", "world_m", "visibility", "contour_px")} == {
        np.dtype(np.float32)
    }


def test_a_mirrored_finder_shows_the_mirror_image_and_answers_for_the_picture() -> None:
    poses = film(standing_still(0.1), SMALL)
    picture = np.arange(HEIGHT * WIDTH * 3, dtype=np.uint32).astype(np.uint8).reshape(HEIGHT, WIDTH, 3)
    shown: list[np.ndarray] = []

    def handler(rgb: np.ndarray, time_ms: int) -> list[DetectedPerson]:
        shown.append(rgb.copy())
        return [person_of(poses, 0)]

    with PersonFinder(MODEL, 1, track=True, mirrored=True, backend=FakeBackend(handler)) as finder:
        (found,) = finder.find(picture, 0, 0)
    np.testing.assert_array_equal(shown[0], picture[:, ::-1])
    expected = mirror_image(detection_of(poses, 0), WIDTH)
    np.testing.assert_allclose(found.image_px, expected.image_px, atol=1e-4)
    np.testing.assert_allclose(found.contour_px, expected.contour_px, atol=1e-4)


def test_model_people_and_times_are_passed_on() -> None:
    (detector,) = _after_all(_frames(standing_still(), 3)).opened
    assert (detector.model, detector.people, detector.track) == (MODEL, 1, True)
    assert detector.times_ms == [0, 100, 200]


def test_the_model_is_freed_at_the_end_and_after_an_error() -> None:
    assert [one.closed for one in _after_all(_frames(standing_still(), 1)).opened] == [True]
    backend = _playing([])
    with pytest.raises(StopIteration), PersonFinder(MODEL, 1, track=True, backend=backend) as finder:
        finder.find(PICTURE, 0)
    assert [one.closed for one in backend.opened] == [True]


@pytest.mark.parametrize("motion", [deadlift(1), squat(1), kettlebell_swing(1)], ids=["deadlift", "squat", "swing"])
def test_no_lift_is_taken_for_a_headstand(motion: Motion) -> None:
    assert len(_after_all(_frames(motion)).opened) == 1


def test_a_track_that_stands_on_its_head_is_started_again() -> None:
    standing = _frames(standing_still(), UPSIDE_DOWN_FRAMES)
    opened = _after_all(standing + _upside_down(standing) + standing).opened
    assert [one.closed for one in opened] == [True, True]
    assert [len(one.times_ms) for one in opened] == [2 * UPSIDE_DOWN_FRAMES, UPSIDE_DOWN_FRAMES]


def test_a_head_that_is_down_for_fewer_frames_in_a_row_is_let_be() -> None:
    standing = _frames(standing_still(), 1)
    nearly = _upside_down(_frames(standing_still(), UPSIDE_DOWN_FRAMES - 1))
    assert len(_after_all(standing + nearly + standing + nearly + standing).opened) == 1


@pytest.mark.parametrize(("count", "track"), [(2, True), (1, False)], ids=["several people", "single pictures"])
def test_only_the_track_of_one_person_is_started_again(count: int, track: bool) -> None:
    frames = _upside_down(_frames(standing_still(), 3 * UPSIDE_DOWN_FRAMES))
    assert len(_after_all(frames, count=count, track=track).opened) == 1
