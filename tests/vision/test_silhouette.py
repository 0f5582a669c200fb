from __future__ import annotations

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2", exc_type=ImportError)

from formcheck.core.poses import CONTOUR_STATIONS, contour_stations  # noqa: E402
from formcheck.vision.silhouette import SMALLEST_GAP, STEPS, MaskPlace, trace_silhouette  # noqa: E402

WIDTH, HEIGHT = 400, 500
HIP, SHOULDER = np.array([200.0, 320.0]), np.array([200.0, 170.0])
LENGTH = 150.0
X, Y = np.meshgrid(np.arange(WIDTH, dtype=np.float64), np.arange(HEIGHT, dtype=np.float64))


def _band(left_px: float, right_px: float, blur_px: float = 2.0) -> np.ndarray:
    """Mask between two vertical edges; its value crosses one half exactly at them."""
    rise = np.clip(0.5 + (X - left_px) / blur_px, 0, 1)
    fall = np.clip(0.5 - (X - right_px) / blur_px, 0, 1)
    return np.asarray(np.minimum(rise, fall), dtype=np.float32)


@pytest.mark.parametrize(("left_px", "right_px"), [(150.0, 240.0), (163.3, 251.7), (199.0, 201.5)])
def test_both_edges_are_found_to_a_fraction_of_a_pixel(left_px: float, right_px: float) -> None:
    contour, sharpness = trace_silhouette(_band(left_px, right_px), HIP, SHOULDER)
    assert contour.shape == (2, CONTOUR_STATIONS, 2)
    assert sharpness.shape == (2, CONTOUR_STATIONS)
    assert contour[0, :, 0] == pytest.approx(left_px, abs=0.1)
    assert contour[1, :, 0] == pytest.approx(right_px, abs=0.1)
    assert contour[0, :, 1] == pytest.approx(HIP[1] + contour_stations() * (SHOULDER[1] - HIP[1]))


@pytest.mark.parametrize("turn_deg", [-120.0, -60.0, 30.0, 90.0, 150.0])
def test_edges_turn_with_the_trunk(turn_deg: float) -> None:
    turn = np.radians(turn_deg)
    along = np.array([np.sin(turn), -np.cos(turn)])
    to_left = np.array([along[1], -along[0]])
    middle = np.array([WIDTH / 2, HEIGHT / 2])
    across = (X - middle[0]) * to_left[0] + (Y - middle[1]) * to_left[1]
    mask = np.clip(0.5 + (np.minimum(40.0 - across, across + 25.0)) / 2, 0, 1).astype(np.float32)
    contour, _ = trace_silhouette(mask, middle - 30 * along, middle + 30 * along)
    assert (contour[0] - middle) @ to_left == pytest.approx(40.0, abs=0.2)
    assert (contour[1] - middle) @ to_left == pytest.approx(-25.0, abs=0.2)


def test_side_0_is_the_image_left_of_an_upright_lifter() -> None:
    contour, _ = trace_silhouette(_band(150, 220), HIP, SHOULDER)
    assert (contour[0, :, 0] < HIP[0]).all()
    assert (contour[1, :, 0] > HIP[0]).all()


def test_sharpness_is_the_fall_over_a_hundredth_of_the_trunk() -> None:
    for blur_px in (6.0, 15.0, 30.0):
        _, sharpness = trace_silhouette(_band(130, 270, blur_px), HIP, SHOULDER)
        assert sharpness == pytest.approx(LENGTH / STEPS / blur_px, rel=0.05)


def test_a_pinhole_is_bridged_and_a_gap_is_not() -> None:
    step_px = LENGTH / STEPS
    mask = _band(120, 280, 0.5)
    mask[:, 170] = 0.0
    contour, _ = trace_silhouette(mask, HIP, SHOULDER)
    assert contour[0, :, 0] == pytest.approx(120, abs=0.6)
    gap = _band(120, 280, 0.5)
    gap[:, 160 : 160 + int(np.ceil((SMALLEST_GAP + 2) * step_px))] = 0.0
    contour, _ = trace_silhouette(gap, HIP, SHOULDER)
    assert (contour[0, :, 0] > 160).all()
    assert contour[1, :, 0] == pytest.approx(280, abs=0.6)


def test_a_body_cut_by_the_border_has_no_edge_there() -> None:
    contour, sharpness = trace_silhouette(_band(-50, 240), HIP - [120, 0], SHOULDER - [120, 0])
    assert np.isnan(contour[0]).all()
    assert np.isnan(sharpness[0]).all()


def test_no_edge_within_reach_is_no_edge() -> None:
    contour, sharpness = trace_silhouette(np.ones((HEIGHT, WIDTH), np.float32), HIP, SHOULDER)
    assert np.isnan(contour).all()
    assert np.isnan(sharpness).all()


def test_stations_off_the_body_have_no_edge() -> None:
    mask = _band(150, 240)
    mask[:220] = 0.0
    contour, _ = trace_silhouette(mask, HIP, SHOULDER)
    station_y = HIP[1] + contour_stations() * (SHOULDER[1] - HIP[1])
    assert (np.isnan(contour[0, :, 0]) == (station_y < 219.5)).all()
    assert np.isnan(trace_silhouette(np.zeros((HEIGHT, WIDTH), np.float32), HIP, SHOULDER)[0]).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("shoulder", [HIP, HIP + 3.0, np.array([np.nan, np.nan]), np.array([1e6, 1e6])])
def test_a_trunk_without_length_or_out_of_the_picture(shoulder: np.ndarray) -> None:
    contour, sharpness = trace_silhouette(_band(150, 240), HIP, shoulder)
    assert contour.shape == (2, CONTOUR_STATIONS, 2)
    if not np.isfinite(shoulder).all() or np.hypot(*(shoulder - HIP)) < 8:
        assert np.isnan(contour).all()
        assert np.isnan(sharpness).all()


def test_the_mask_is_not_changed() -> None:
    mask = _band(150, 240)
    before = mask.copy()
    trace_silhouette(mask, HIP, SHOULDER)
    np.testing.assert_array_equal(mask, before)


@pytest.mark.parametrize("turn_deg", [0.0, 35.0, -120.0])
def test_a_mask_of_a_part_of_the_picture_gives_the_edges_in_the_picture(turn_deg: float) -> None:
    whole = _band(150.0, 240.0, blur_px=6.0)
    # A turned square around the trunk, at another scale.
    turn, scale, side = np.radians(turn_deg), 1.3, 500
    linear = scale * np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    to_mask = np.column_stack([linear, side / 2 - linear @ ((HIP + SHOULDER) / 2)])
    part = np.asarray(cv2.warpAffine(whole, to_mask, (side, side)), dtype=np.float32)
    contour, sharpness = trace_silhouette(part, HIP, SHOULDER, MaskPlace(to_mask, WIDTH, HEIGHT))
    expected, fall = trace_silhouette(whole, HIP, SHOULDER)
    np.testing.assert_allclose(contour, expected, atol=0.15)
    np.testing.assert_allclose(sharpness, fall, atol=0.03)


def test_beyond_the_picture_a_mask_of_a_part_says_nothing_and_beyond_the_mask_is_nobody() -> None:
    whole, to_mask = np.ones((HEIGHT, WIDTH), np.float32), np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    narrow = whole[:, : WIDTH // 2 + 50]
    contour, _ = trace_silhouette(narrow, HIP, SHOULDER, MaskPlace(to_mask, WIDTH, HEIGHT))
    assert contour[1, :, 0] == pytest.approx(WIDTH / 2 + 49.5, abs=1.0)
    picture_ends_there = MaskPlace(to_mask, WIDTH // 2 + 50, HEIGHT)
    assert np.isnan(trace_silhouette(whole, HIP, SHOULDER, picture_ends_there)[0][1]).all()
