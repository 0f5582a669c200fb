"""The picture for whoever waits: small, with the skeleton drawn in, and not too often."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from formcheck.service.preview import EVERY_S, SIDE_PX, TRUNK, Preview, picture

GREY = np.full((1080, 607, 3), 128, np.uint8)


@dataclass
class Seen:
    """Somebody in the picture, as far as drawing needs it."""

    image_px: NDArray[np.float64]


def standing() -> Seen:
    """A body whose landmarks are on a line from the top to the bottom of the frame."""
    points = np.stack([np.full(33, 300.0), np.linspace(100.0, 1000.0, 33), np.zeros(33)], axis=1)
    return Seen(points)


def decoded(words: str) -> NDArray[np.uint8]:
    found = cv2.imdecode(np.frombuffer(base64.b64decode(words), np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(found, np.uint8)


def test_it_is_small_and_of_the_frames_shape() -> None:
    shown = decoded(picture(GREY, []))
    assert max(shown.shape) == SIDE_PX
    assert shown.shape[1] / shown.shape[0] == pytest.approx(607 / 1080, abs=0.01)
    assert abs(int(shown.mean()) - 128) <= 2


def test_a_small_frame_is_not_made_larger() -> None:
    assert decoded(picture(GREY[:90, :160], [])).shape[:2] == (90, 160)


def test_colours_are_those_of_the_frame() -> None:
    red = np.zeros((100, 100, 3), np.uint8)
    red[:, :, 0] = 200
    blue, green, found = decoded(picture(red, [])).reshape(-1, 3).mean(axis=0)
    assert found == pytest.approx(200, abs=6)
    assert max(blue, green) < 10


def test_everybodys_skeleton_is_where_the_body_is() -> None:
    shown = decoded(picture(GREY, [standing()]))  # type: ignore[list-item]
    changed = np.abs(shown.astype(int) - 128).max(axis=2) > 40
    rows, columns = np.nonzero(changed)
    scale = SIDE_PX / 1080
    assert abs(columns.mean() - 300 * scale) < 3
    assert rows.max() < 1010 * scale
    trunk = shown[round(570 * scale), round(300 * scale)].astype(int)
    assert np.abs(trunk - TRUNK).max() < 60


def test_the_frame_itself_is_not_drawn_on() -> None:
    frame = GREY.copy()
    picture(frame, [standing()])  # type: ignore[list-item]
    assert (frame == GREY).all()


def test_pictures_come_now_and_then() -> None:
    told: list[str] = []
    times_s = iter((0.0, 0.5 * EVERY_S, 0.99 * EVERY_S, EVERY_S, 1.5 * EVERY_S))
    preview = Preview(told.append, lambda: next(times_s))
    shown = []
    for _ in range(5):
        preview(GREY, [])
        shown.append(len(told))
    assert shown == [1, 1, 1, 2, 2]
