"""Flexion of the spine from a person's mask."""

import cv2
import numpy as np
import pytest

from formcheck.motion.mask_net import CROP_SHAPE
from formcheck.vision.mask_flexion import flexion_of_mask, trunk_crop
from formcheck.vision.silhouette import MaskPlace

HIP, SHOULDER = np.array([90.0, 150.0]), np.array([130.0, 90.0])


def back(bulge_px: float = 8.0) -> np.ndarray:
    """A mask (240, 200) of a trunk that leans to the right, with a back that bulges to the upper left."""
    mask = np.zeros((240, 200), np.float32)
    middle = (HIP + SHOULDER) / 2 + np.array([-0.83, -0.55]) * bulge_px
    for place in (HIP, middle, SHOULDER):
        cv2.circle(mask, (round(place[0]), round(place[1])), 22, 1.0, -1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 2.0))


def test_the_crop_has_shoulders_up_and_the_back_to_the_left() -> None:
    crop = trunk_crop(back(), HIP, SHOULDER)
    assert crop.shape == CROP_SHAPE
    rows = np.linspace(1.3, -0.45, CROP_SHAPE[0])
    waist = int(np.argmin(np.abs(rows - 0.5)))
    assert crop[waist, : CROP_SHAPE[1] // 2].sum() > 1.2 * crop[waist, CROP_SHAPE[1] // 2 :].sum()
    assert crop[-1].max() == 0 < crop[0].max()


def test_a_mirror_image_has_its_sides_changed() -> None:
    found = flexion_of_mask(back(), HIP, SHOULDER)
    width = back().shape[1]
    across = np.array([width - 1.0, 0.0]), np.array([-1.0, 1.0])
    mirrored = flexion_of_mask(back()[:, ::-1].copy(), *(across[0] + across[1] * end for end in (HIP, SHOULDER)))
    assert found.shape == (2, 2)
    assert mirrored[::-1] == pytest.approx(found, abs=0.3)
    assert np.abs(found[0] - found[1]).max() > 3.0


def test_a_back_that_bulges_more_reads_rounder() -> None:
    flat, round_ = (flexion_of_mask(back(bulge_px), HIP, SHOULDER)[0].sum() for bulge_px in (0.0, 14.0))
    assert round_ > flat + 5.0


def test_a_mask_of_a_part_of_the_picture_reads_as_one_of_all_of_it() -> None:
    to_mask = np.array([[1.0, 0.0, -40.0], [0.0, 1.0, -30.0]])
    part = back()[30:230, 40:180].copy()
    found = flexion_of_mask(part, HIP, SHOULDER, MaskPlace(to_mask, 200, 240))
    assert found == pytest.approx(flexion_of_mask(back(), HIP, SHOULDER), abs=0.3)


@pytest.mark.parametrize("shoulder", [HIP + 3.0, np.array([np.nan, 90.0])])
def test_a_trunk_too_short_or_unknown_is_not_read(shoulder: np.ndarray) -> None:
    assert np.isnan(flexion_of_mask(back(), HIP, shoulder)).all()
