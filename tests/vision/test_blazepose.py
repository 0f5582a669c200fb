"""The steps around the networks, each against values worked out by hand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formcheck.vision.blazepose import (
    DETECTOR_SIDE,
    REFINED_WITHIN,
    REGION_MARGIN,
    SAME_REGION_IOU,
    SNAP_CENTRE,
    SNAP_SIDE,
    SNAP_TURN_RAD,
    OneEuroFilter,
    PoseSmoothing,
    Region,
    anchors,
    find_regions,
    refined,
    region_around,
    regions_to_look_at,
    whole_picture,
)

MIDDLE = np.array([100.0, 200.0])
WHOLE = Region(np.array([112.0, 112.0]), 224.0)
"""A picture of the detector's own size, so that its pixels are those of the picture."""


# ------------------------------------------------------------------------------------------------------------- regions


@pytest.mark.parametrize(
    ("towards", "turn_deg"), [((0, -1), 0.0), ((1, 0), 90.0), ((0, 1), -180.0), ((-1, 0), -90.0), ((1, -1), 45.0)]
)
def test_a_region_is_turned_as_the_person_in_it(towards: tuple[float, float], turn_deg: float) -> None:
    edge = 100.0 * np.array(towards) / np.hypot(*towards)
    region = region_around(MIDDLE, MIDDLE + edge)
    assert region.side_px == pytest.approx(200.0 * REGION_MARGIN)
    assert np.degrees(region.turn_rad) == pytest.approx(turn_deg)
    np.testing.assert_allclose(region.to_picture(np.array([[0.5, 0.5]])), [MIDDLE], atol=1e-9)
    # What is straight up in the region points to the person's head in the picture.
    np.testing.assert_allclose(region.to_picture(np.array([[0.5, 0.0]])), [MIDDLE + REGION_MARGIN * edge], atol=1e-9)


@given(st.floats(-3.1, 3.1), st.floats(10, 900), st.integers(32, 300))
def test_pixels_of_a_crop_are_where_their_coordinates_are(turn_rad: float, side_px: float, side: int) -> None:
    region = Region(MIDDLE, side_px, turn_rad)
    pixels = np.array([[0.0, 0.0], [side, 0.0], [7.0, 13.0]])
    matrix = region.to_picture_matrix(side)
    np.testing.assert_allclose(pixels @ matrix[:, :2].T + matrix[:, 2], region.to_picture(pixels / side), atol=1e-6)


def test_a_crop_shows_the_region_upright() -> None:
    picture = np.zeros((300, 300, 3), np.uint8)
    cv2.circle(picture, (200, 150), 6, (255, 255, 255), -1)
    # Somebody whose head is to the right of the hips is lying in the picture and stands in the crop.
    crop = region_around(np.array([150.0, 150.0]), np.array([200.0, 150.0])).crop(picture, 100, cv2.BORDER_CONSTANT)
    y, x = np.nonzero(crop[..., 0] > 128)
    assert (x.mean(), y.mean()) == pytest.approx((50.0, 50.0 - 100.0 * 50.0 / (100.0 * REGION_MARGIN)), abs=0.6)


def test_around_the_picture_a_crop_is_as_asked_for() -> None:
    picture = np.full((40, 20, 3), 90, np.uint8)
    whole = whole_picture(picture)
    assert (whole.side_px, whole.centre_px.tolist()) == (40.0, [10.0, 20.0])
    assert whole.crop(picture, 40, cv2.BORDER_CONSTANT)[20, [3, 36]].max() == 0
    assert whole.crop(picture, 40, cv2.BORDER_REPLICATE)[20, [3, 36]].min() == 90


def test_overlap_is_that_of_the_squares() -> None:
    one = Region(np.array([0.0, 0.0]), 10.0)
    assert one.overlap(one) == 1.0
    assert one.overlap(Region(np.array([5.0, 0.0]), 10.0)) == pytest.approx(50 / 150)
    assert one.overlap(Region(np.array([10.0, 0.0]), 10.0)) == 0.0
    assert one.overlap(Region(np.array([0.0, 0.0]), 20.0)) == pytest.approx(0.25)


# ---------------------------------------------------------------------------------------------------------- detections


def _seen(*people: tuple[int, tuple[float, float], float]) -> tuple[np.ndarray, np.ndarray]:
    """Outputs of the detector: anchor, where the middle of the hips is from it in pixels, score before the sigmoid.

    Each box is 60 pixels wide and as high; the circle around the body goes 50 pixels above the middle of the hips.
    """
    boxes, scores = np.zeros((len(anchors()), 12), np.float32), np.full(len(anchors()), -50.0, np.float32)
    for anchor, (x, y), score in people:
        boxes[anchor, :8] = [x, y, 60.0, 60.0, x, y, x, y - 50.0]
        scores[anchor] = score
    return boxes, scores


def test_anchors_are_the_middles_of_the_cells() -> None:
    assert anchors().shape == (28 * 28 * 2 + 14 * 14 * 2 + 7 * 7 * 6, 2)
    np.testing.assert_allclose(anchors()[:4] * DETECTOR_SIDE, [[4, 4], [4, 4], [12, 4], [12, 4]])
    np.testing.assert_allclose(anchors()[28 * 2] * DETECTOR_SIDE, [4, 12])
    np.testing.assert_allclose(anchors()[-6:] * DETECTOR_SIDE, [[208, 208]] * 6)


def test_a_detection_is_read_from_its_anchor() -> None:
    (region,) = find_regions(*_seen((1000, (3.0, -2.0), 4.0)), WHOLE)
    np.testing.assert_allclose(region.centre_px, anchors()[1000] * 224 + [3.0, -2.0], atol=1e-6)
    assert region.side_px == pytest.approx(2 * 50.0 * REGION_MARGIN)
    assert region.turn_rad == pytest.approx(0.0)


def test_a_detection_in_a_larger_picture_is_in_its_pixels() -> None:
    outputs = _seen((1000, (0.0, 0.0), 4.0))
    looked_at = Region(np.array([480.0, 270.0]), 960.0)
    (region,) = find_regions(*outputs, looked_at)
    np.testing.assert_allclose(region.centre_px, anchors()[1000] * 960 + [0.0, -210.0], atol=1e-6)
    assert region.side_px == pytest.approx(2 * 50.0 * REGION_MARGIN * 960 / 224)


@pytest.mark.parametrize(("score", "people"), [(0.01, 1), (-0.01, 0)])
def test_a_detection_needs_half_of_the_score(score: float, people: int) -> None:
    assert len(find_regions(*_seen((1000, (0.0, 0.0), score)), WHOLE)) == people


def test_detections_of_one_person_are_averaged_by_their_scores_and_others_kept() -> None:
    near, far = 1000, 28 * 5 * 2 + 40
    assert np.abs(anchors()[near] - anchors()[far]).max() * 224 > 60
    first, second = 1.0 / (1.0 + np.exp(-2.0)), 1.0 / (1.0 + np.exp(-1.0))
    one, other = find_regions(
        *_seen((near, (0.0, 0.0), 1.0), (near + 1, (6.0, 0.0), 2.0), (far, (0.0, 0.0), 0.5)), WHOLE
    )
    shift = np.array([6.0 * first / (first + second), 0.0])
    assert np.allclose(anchors()[near], anchors()[near + 1])
    np.testing.assert_allclose(one.centre_px, anchors()[near] * 224 + shift, atol=1e-4)
    np.testing.assert_allclose(other.centre_px, anchors()[far] * 224, atol=1e-4)


def test_a_detection_takes_the_place_of_what_was_tracked_there() -> None:
    old = Region(np.array([0.0, 0.0]), 10.0)
    same, another = Region(np.array([1.0, 0.0]), 10.0), Region(np.array([9.0, 0.0]), 10.0)
    assert old.overlap(same) > SAME_REGION_IOU > old.overlap(another)
    assert regions_to_look_at([old], [same, another], 3) == [same, another]
    assert regions_to_look_at([old], [another], 3) == [old, another]
    assert regions_to_look_at([old], [another, same], 1) == [another]
    assert regions_to_look_at([], [], 1) == []


# ---------------------------------------------------------------------------------------------------------- refinement


def _heatmap(*bright: tuple[int, int]) -> np.ndarray:
    """One map of 64 x 64 cells, dark but for these (column, row)."""
    heat = np.full((64, 64, 1), -40.0, np.float32)
    for column, row in bright:
        heat[row, column] = 3.0
    return heat


@pytest.mark.parametrize(
    ("bright", "expected"),
    [
        ([(31, 30)], (31, 30)),
        ([(30, 30), (33, 32)], (31.5, 31)),
        ([(30 + REFINED_WITHIN, 30)], (33, 30)),
        ([(30 + REFINED_WITHIN + 1, 30)], (30.4, 30.4)),
        ([], (30.4, 30.4)),
    ],
    ids=["one cell", "two cells", "at the edge of the reach", "beyond it", "dark"],
)
def test_a_landmark_moves_to_the_centroid_nearby(bright: list[tuple[int, int]], expected: tuple[float, float]) -> None:
    found = refined(np.array([[30.4, 30.4]]) / 64, _heatmap(*bright))
    np.testing.assert_allclose(found * 64, [expected], atol=1e-6)


@pytest.mark.parametrize(("logit", "moves"), [(0.01, True), (-0.01, False)])
def test_a_landmark_moves_only_for_a_clear_map(logit: float, moves: bool) -> None:
    heat = _heatmap()
    heat[31, 32] = logit
    found = refined(np.array([[30.4, 30.4]]) / 64, heat) * 64
    np.testing.assert_allclose(found, [[32.0, 31.0]] if moves else [[30.4, 30.4]], atol=1e-6)


def test_at_the_border_the_map_ends_and_outside_nothing_moves() -> None:
    np.testing.assert_allclose(refined(np.array([[0.2, 63.8]]) / 64, _heatmap((1, 63))) * 64, [[1.0, 63.0]], atol=1e-6)
    for outside in ([-1.2, 30.0], [30.0, 64.5]):
        np.testing.assert_allclose(refined(np.array([outside]) / 64, _heatmap((1, 30), (30, 62))) * 64, [outside])


def test_every_landmark_has_its_own_map() -> None:
    heat = np.concatenate([_heatmap((10, 10)), _heatmap((50, 50))], axis=2)
    found = refined(np.array([[11.0, 11.0], [49.0, 49.0]]) / 64, heat)
    np.testing.assert_allclose(found * 64, [[10, 10], [50, 50]], atol=1e-6)


# ----------------------------------------------------------------------------------------------------------- smoothing


def test_what_stands_still_stays_and_the_first_value_is_taken_as_it_is() -> None:
    smooth = OneEuroFilter(0.05, 80.0)
    for step in range(5):
        assert smooth(np.array([3.0]), step / 30) == pytest.approx([3.0])


def test_a_step_is_smoothed_by_cutoff_and_speed() -> None:
    smooth, step_s, jump, per_unit = OneEuroFilter(0.05, 80.0), 0.04, 2.0, 0.01
    smooth(np.array([0.0]), 1.0)

    def share(cutoff_hz: float) -> float:
        return 1.0 / (1.0 + 1.0 / (2 * np.pi * cutoff_hz * step_s))

    speed = share(1.0) * jump * per_unit / step_s
    expected = share(0.05 + 80.0 * speed) * jump
    assert smooth(np.array([jump]), 1.0 + step_s, per_unit) == pytest.approx([expected])
    # Then it stands still: its speed fades, and the smoothed value comes nearer.
    assert expected < smooth(np.array([jump]), 1.0 + 2 * step_s, per_unit)[0] < jump


def test_fast_movement_is_followed_more_closely_than_slow() -> None:
    behind = []
    for speed in (0.001, 1.0):
        smooth = OneEuroFilter(0.05, 80.0)
        path = [speed * step / 30 for step in range(30)]
        found = [smooth(np.array([value]), step / 30)[0] for step, value in enumerate(path)]
        behind.append((path[-1] - found[-1]) / path[-1])
    assert behind[0] > 5 * behind[1] > 0


def test_visibility_follows_slowly_and_landmarks_from_the_second_frame_on() -> None:
    smooth = PoseSmoothing()
    still, moved = np.zeros((33, 3)), np.ones((33, 3))
    assert smooth(still, still, np.zeros(33), 200.0, 0.0)[2] == pytest.approx(0.0)
    image, world, visibility = smooth(moved, moved, np.ones(33), 200.0, 1 / 30)
    assert visibility == pytest.approx(0.1)
    # A frame at time 0 leaves no trace.
    assert (image == moved).all()
    assert (world == moved).all()
    image, world, visibility = smooth(still, still, np.ones(33), 200.0, 2 / 30)
    assert visibility == pytest.approx(0.19)
    assert ((image > 0) & (image < 1)).all()
    assert ((world > 0) & (world < 1)).all()


def test_a_snapped_region_is_near_and_the_same_for_regions_beside_it() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        region = Region(rng.uniform(50, 900, 2), float(rng.uniform(40, 900)), float(rng.uniform(-3, 3)))
        snapped = region.snapped()
        assert abs(np.log(snapped.side_px / region.side_px)) <= SNAP_SIDE / 2 + 1e-9
        assert np.abs(snapped.centre_px - region.centre_px).max() <= SNAP_CENTRE * snapped.side_px / 2 + 1e-9
        assert abs(snapped.turn_rad - region.turn_rad) <= SNAP_TURN_RAD / 2 + 1e-9
        again = Region(snapped.centre_px * (1 + 1e-5), snapped.side_px * 1.001, snapped.turn_rad + 0.001).snapped()
        assert again.side_px == snapped.side_px
        assert again.turn_rad == snapped.turn_rad
        np.testing.assert_array_equal(again.centre_px, snapped.centre_px)
