from __future__ import annotations

import numpy as np
import pytest

from formcheck.vision.backend import PoseBackend, PoseDetector
from formcheck.vision.fake_backend import ANY_MODEL, FakeBackend, person_of
from tests.helpers.synthetic_lifter import deadlift, empty_poses, film

POSES = film(deadlift(1))
PICTURE = np.zeros((POSES.video.height, POSES.video.width, 3), np.uint8)
SOMEBODY = person_of(POSES, 0)


def test_the_handler_decides_who_is_in_a_picture() -> None:
    backend: PoseBackend = FakeBackend(lambda rgb, time_ms: [SOMEBODY] if rgb.mean() > 100 else [])
    detector: PoseDetector = backend.open(ANY_MODEL, people=1, track=False)
    assert detector.detect(PICTURE, 0) == []
    assert detector.detect(PICTURE + np.uint8(200), 0) == [SOMEBODY]


@pytest.mark.parametrize("people", [1, 2, 3])
def test_no_more_people_are_seen_than_asked_for(people: int) -> None:
    detector = FakeBackend(lambda rgb, time_ms: [SOMEBODY] * 3).open(ANY_MODEL, people=people, track=False)
    assert len(detector.detect(PICTURE, 0)) == people


def test_poses_are_played_by_time_and_in_the_size_of_the_picture() -> None:
    detector = FakeBackend.playing(POSES).open(ANY_MODEL, people=1, track=True)
    for frame in (0, 7, 30):
        (person,) = detector.detect(PICTURE[::2, ::2], round(1000 * float(POSES.time_s[frame])) + 2)
        np.testing.assert_allclose(person.image_px, POSES.image_px[frame] / 2)
        np.testing.assert_allclose(person.contour_px, POSES.contour_px[frame] / 2)
        np.testing.assert_array_equal(person.world_m, POSES.world_m[frame])


def test_nobody_is_played_where_nobody_was_seen() -> None:
    assert FakeBackend.playing(empty_poses(3)).open(ANY_MODEL, people=1, track=True).detect(PICTURE, 0) == []


def test_what_was_asked_is_kept() -> None:
    backend = FakeBackend(lambda rgb, time_ms: [])
    backend.open(ANY_MODEL, people=2, track=True).detect(PICTURE, 5)
    (detector,) = backend.opened
    assert (detector.model, detector.people, detector.track) == (ANY_MODEL, 2, True)
    assert (detector.shapes, detector.times_ms) == ([PICTURE.shape], [5])


def test_misuse_is_an_error_as_with_a_real_model() -> None:
    detector = FakeBackend(lambda rgb, time_ms: []).open(ANY_MODEL, people=1, track=True)
    detector.detect(PICTURE, 5)
    with pytest.raises(RuntimeError, match="strictly increasing"):
        detector.detect(PICTURE, 5)
    detector.close()
    with pytest.raises(RuntimeError, match="closed"):
        detector.detect(PICTURE, 6)
