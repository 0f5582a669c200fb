from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from formcheck.core.errors import PoseFileError
from formcheck.core.landmarks import LANDMARK_COUNT, PAIRED_JOINTS, Landmark, left_right, mirrored_indices
from formcheck.core.poses import (
    ARRAY_FIELDS,
    CONTOUR_FROM,
    CONTOUR_STATIONS,
    CONTOUR_TO,
    PoseSequence,
    VideoInfo,
    contour_stations,
)
from tests.helpers.synthetic_lifter import empty_poses, film, squat, standing_still, without

POSES = film(standing_still(1.0))


def test_there_are_33_landmarks_in_the_order_of_blazepose() -> None:
    assert LANDMARK_COUNT == 33
    assert [Landmark.NOSE, Landmark.LEFT_SHOULDER, Landmark.RIGHT_HIP, Landmark.RIGHT_FOOT_INDEX] == [0, 11, 24, 32]


def test_left_and_right_are_pairs_and_mirroring_twice_changes_nothing() -> None:
    order = mirrored_indices()
    assert [order[i] for i in order] == list(range(LANDMARK_COUNT))
    assert order[Landmark.NOSE] == Landmark.NOSE
    assert sum(i == twin for i, twin in enumerate(order)) == 1
    for joint in PAIRED_JOINTS:
        left, right = left_right(joint)
        assert order[left] == right


def test_contour_stations_reach_from_seat_to_head() -> None:
    stations = contour_stations()
    assert stations.shape == (CONTOUR_STATIONS,)
    assert (stations[0], stations[-1]) == (CONTOUR_FROM, CONTOUR_TO)
    assert CONTOUR_FROM < 0 < 1 < CONTOUR_TO


def test_length_and_seen() -> None:
    gone = np.zeros(len(POSES), dtype=bool)
    gone[3:7] = True
    assert len(POSES) == len(POSES.time_s)
    assert (without(POSES, gone).seen == ~gone).all()
    assert len(empty_poses(0)) == 0


def test_a_frame_with_one_missing_landmark_is_not_seen() -> None:
    image = POSES.image_px.copy()
    image[5, Landmark.LEFT_EAR, 1] = np.nan
    assert np.flatnonzero(~replace(POSES, image_px=image).seen).tolist() == [5]


def test_a_part_keeps_its_times() -> None:
    poses = film(squat(1))
    for part in (poses.part(slice(10, 20)), poses.part((np.arange(len(poses)) >= 10) & (np.arange(len(poses)) < 20))):
        assert len(part) == 10
        assert part.time_s.tolist() == poses.time_s[10:20].tolist()
        for name in ARRAY_FIELDS:
            np.testing.assert_array_equal(getattr(part, name), getattr(poses, name)[10:20])


def _with(name: str, value: Any) -> PoseSequence:
    return replace(POSES, **{name: value})


@pytest.mark.parametrize("name", ARRAY_FIELDS)
def test_a_wrong_shape_is_refused_by_name(name: str) -> None:
    with pytest.raises(PoseFileError, match=name):
        _with(name, getattr(POSES, name)[:-1] if name != "time_s" else np.zeros((2, 2)))


@pytest.mark.parametrize("name", ARRAY_FIELDS)
def test_numbers_that_are_not_floating_point_are_refused_by_name(name: str) -> None:
    with pytest.raises(PoseFileError, match=name):
        _with(name, np.zeros(getattr(POSES, name).shape, dtype=int))
    with pytest.raises(PoseFileError, match=name):
        _with(name, None)


@pytest.mark.parametrize("change", [[0.0, 0.0], [0.1, 0.0], [0.0, np.nan], [0.0, np.inf]])
def test_times_must_rise_and_be_known(change: list[float]) -> None:
    times = POSES.time_s.copy()
    times[:2] = change
    with pytest.raises(PoseFileError, match="time_s"):
        replace(POSES, time_s=times)


def test_every_problem_is_told_at_once_in_one_line() -> None:
    with pytest.raises(PoseFileError) as caught:
        replace(POSES, world_m=POSES.world_m[:1], visibility=POSES.visibility[:1])
    assert "world_m" in str(caught.value)
    assert "visibility" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_picture_without_size_is_refused() -> None:
    with pytest.raises(PoseFileError, match="no size"):
        replace(POSES, video=VideoInfo("a.mp4", 0, 100, 1, 1.0))
