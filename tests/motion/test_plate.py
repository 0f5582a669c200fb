"""The near plate: circles drawn where they are known, and what is believed of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from formcheck.core.errors import Cancelled
from formcheck.core.poses import FloatArray, PoseSequence
from formcheck.judging.analysis import analyze
from formcheck.motion.plate import PLATE_M, PlateTrack, follow_plate
from formcheck.vision.plate_detection import CANDIDATES, look, watch_plate
from tests.helpers.make_videos import write_video
from tests.helpers.synthetic_lifter import Camera, deadlift, film

TRUNK_PX = 120.0
GRAIN = np.random.default_rng(0).normal(0.0, 1.0, (480, 480, 3)).astype(np.float32)


def picture(centre: tuple[float, float], diameter: float, *, noise: float = 6.0) -> NDArray[np.uint8]:
    """A dark plate with rings inside its rim, a bright hub and a sleeve, on a grey wall with a floor line."""
    rgb = np.full((480, 480, 3), 150, np.uint8)
    cv2.rectangle(rgb, (0, 400), (480, 480), (110, 100, 90), -1)
    x, y, radius = round(centre[0]), round(centre[1]), diameter / 2
    cv2.circle(rgb, (x, y), round(radius), (30, 30, 34), -1, cv2.LINE_AA)
    cv2.circle(rgb, (x, y), round(0.8 * radius), (60, 60, 66), 2, cv2.LINE_AA)
    cv2.circle(rgb, (x, y), round(0.2 * radius), (190, 190, 190), -1, cv2.LINE_AA)
    return np.clip(rgb + noise * GRAIN, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("diameter", [96.0, 110.0, 130.0, 150.0])
@pytest.mark.parametrize("aside", [(0.0, 0.0), (40.0, 55.0)])
def test_a_plate_near_the_wrists_is_found(diameter: float, aside: tuple[float, float]) -> None:
    circles = look(picture((240, 240), diameter), np.array([240 + aside[0], 240 + aside[1]]), TRUNK_PX)
    assert circles.shape == (CANDIDATES, 4)
    assert circles[0, :2] == pytest.approx([240, 240], abs=2.5)
    assert circles[0, 2] == pytest.approx(diameter, rel=0.04)
    assert circles[0, 3] > 0.6


def test_half_a_plate_behind_a_leg_is_found_with_less_support() -> None:
    rgb = picture((240, 240), 120.0)
    rgb[:, 240:] = 150
    circle = look(rgb, np.array([240.0, 240.0]), TRUNK_PX)[0]
    assert circle[2] == pytest.approx(120, rel=0.06)
    assert 0.3 < circle[3] < 0.7


def test_a_wall_has_no_plate() -> None:
    rgb = np.full((480, 480, 3), 150, np.uint8)
    assert np.isnan(look(rgb, np.array([240.0, 240.0]), TRUNK_PX)).all()


@pytest.mark.parametrize("wrists", [(-300.0, 240.0), (900.0, 900.0)])
def test_wrists_outside_the_picture_are_no_error(wrists: tuple[float, float]) -> None:
    assert np.isnan(look(picture((240, 240), 120.0), np.array(wrists), TRUNK_PX)).all()


# --------------------------------------------------------------------------------------------- what is believed

TIMES = np.arange(0.0, 6.0, 0.05)
TRUE_D = 120.0
PX_PER_M = TRUE_D / PLATE_M


def shoulders(travel_m: float = 0.5) -> FloatArray:
    """Up and down every two seconds, in pixels; high is small."""
    up_m = travel_m * (0.5 - 0.5 * np.cos(np.pi * TIMES))
    return np.column_stack([np.full(len(TIMES), 250.0), 400.0 - up_m * PX_PER_M])


def seen_circles(travel_m: float = 0.5, diameter: float = TRUE_D, support: float = 0.8) -> FloatArray:
    body = shoulders(travel_m)
    circles = np.full((len(TIMES), CANDIDATES, 4), np.nan)
    circles[:, 0] = np.column_stack(
        [np.full(len(TIMES), 262.0), body[:, 1] + 150, np.full(len(TIMES), diameter), np.full(len(TIMES), support)]
    )
    return circles


def follow(circles: FloatArray, body: FloatArray | None = None, **more: float) -> PlateTrack:
    body = shoulders() if body is None else body
    return follow_plate(TIMES, circles, body, np.array([250.0, 610.0]), 125.0, more.pop("forward", 1.0), **more)


def test_a_plate_that_goes_with_the_lifter_gives_metres() -> None:
    track = follow(seen_circles())
    assert track.reason == ""
    assert track.diameter_px == TRUE_D
    assert track.m_per_px == pytest.approx(1 / PX_PER_M)
    assert track.seen == 1.0
    assert np.ptp(track.up_m) == pytest.approx(0.5)
    assert track.up_m[0] == pytest.approx((610 - 550) / PX_PER_M)
    assert track.forward_m == pytest.approx(12 / PX_PER_M)


def test_forward_is_where_the_lifter_faces() -> None:
    assert follow(seen_circles(), forward=-1.0).forward_m == pytest.approx(-12 / PX_PER_M)


def test_other_circles_do_not_disturb_it() -> None:
    circles = seen_circles()
    rng = np.random.default_rng(2)
    circles[:, 1] = np.column_stack(
        [rng.uniform(0, 500, (len(TIMES), 2)), rng.uniform(90, 170, len(TIMES)), 0.6 + 0 * TIMES]
    )
    circles[::7] = circles[::7, [1, 0, 2, 3]]
    circles[3::9, 0] = np.nan
    track = follow(circles)
    assert track.reason == ""
    assert track.diameter_px == pytest.approx(TRUE_D, rel=0.02)
    known = np.isfinite(track.up_m)
    true_m = (610 - (shoulders()[:, 1] + 150)) / PX_PER_M
    assert np.median(np.abs(track.up_m - true_m)[known]) < 0.01


@pytest.mark.parametrize(
    ("circles", "words"),
    [
        (np.full((len(TIMES), CANDIDATES, 4), np.nan), "no plate was seen"),
        (seen_circles(support=0.3), "no plate was seen"),
        (seen_circles(diameter=90.0), "no plate of 450 mm"),
        (seen_circles(diameter=170.0), "no plate of 450 mm"),
        (np.repeat(seen_circles()[:1], len(TIMES), axis=0), "go up and down with the lifter"),
        (
            seen_circles()[::-1].copy() * np.where(np.arange(4) == 1, -1, 1) + [0, 1000, 0, 0],
            "go up and down with the lifter",
        ),
        (np.where(np.arange(len(TIMES))[:, None, None] % 3, np.nan, seen_circles()), "go up and down with the lifter"),
    ],
    ids=["nothing", "faint", "small", "large", "on the wall", "opposite", "hidden"],
)
def test_what_does_not_behave_like_a_plate_is_not_believed(circles: FloatArray, words: str) -> None:
    track = follow(circles)
    assert words in track.reason
    assert np.isnan(track.diameter_px)
    assert np.isnan(track.up_m).all()


def test_plates_that_travel_too_far_are_smaller_than_full_size() -> None:
    # A bar on 350 mm plates starts lower, and 0.585 m look like 0.75 m when the plate is taken for 450 mm.
    track = follow(seen_circles(0.75), shoulders(0.75))
    assert "smaller than 450 mm" in track.reason
    assert follow(seen_circles(0.62), shoulders(0.62)).reason == ""
    assert "smaller than 450 mm" in follow(seen_circles(0.62), shoulders(0.62), height_m=1.6).reason
    assert follow(seen_circles(0.75), shoulders(0.75), height_m=2.1).reason == ""


# --------------------------------------------------------------------------------------------- video and report


NEARER = 1.15

Lifted = tuple[Path, PoseSequence, FloatArray]


@pytest.fixture(scope="module")
def lifted(tmp_path_factory: pytest.TempPathFactory) -> Lifted:
    """A small video of a plate that hangs from the hands of a synthetic lifter, the poses, and the hands in pixels."""
    path = tmp_path_factory.mktemp("plate") / "set.mp4"
    poses = film(deadlift(2), Camera(px_per_m=150.0, feet_px=(240.0, 440.0), width=480, height=480), fps=20.0)
    wrists = poses.image_px[:, [15, 16], :2].mean(axis=1)
    # The near plate is nearer to the camera, so it is larger and moves further than what is in the lifter's plane.
    frames = [picture((x, 250 + NEARER * (y - 250)), NEARER * 150 * PLATE_M, noise=2.0) for x, y in wrists]
    write_video(path, frames, poses.time_s.tolist())
    return path, replace(poses, video=replace(poses.video, file=path.name)), wrists


def test_the_plate_of_a_video_gives_the_bar_path_in_metres(lifted: Lifted) -> None:
    path, poses, wrists = lifted
    report = analyze(poses, "deadlift")
    spans = [(rep.start_s, rep.end_s) for rep in report.reps]
    track = watch_plate(path, poses, spans, report.view.forward)
    assert track.reason == ""
    assert track.m_per_px == pytest.approx(1 / (NEARER * 150), rel=0.04)
    level = analyze(poses, "deadlift", plate=track).set_level
    assert level is not None
    assert level.scale == "a plate of 450 mm"
    for rep in level.reps:
        assert rep.plate_path is not None
        assert np.ptp(rep.plate_path.up_m) == pytest.approx(np.ptp(wrists[:, 1]) / 150.0, rel=0.15)
        assert rep.mean_velocity_m_per_s == pytest.approx(np.ptp(rep.plate_path.up_m) / rep.concentric_s, rel=0.1)


def test_without_a_plate_the_report_is_what_it_was(lifted: Lifted) -> None:
    _, poses, _ = lifted
    nothing = PlateTrack(np.zeros(0), np.zeros(0), np.zeros(0), np.nan, 0.0, "no plate was seen")
    one, other = analyze(poses, "deadlift", plate=nothing), analyze(poses, "deadlift")
    assert one.to_dict() == other.to_dict()


def test_following_can_be_stopped(lifted: Lifted) -> None:
    path, poses, _ = lifted
    with pytest.raises(Cancelled):
        watch_plate(path, poses, [(0.0, 5.0)], 1.0, cancelled=lambda: True)


def test_no_repetition_no_plate(lifted: Lifted) -> None:
    path, poses, _ = lifted
    assert watch_plate(path, poses, [], 1.0).reason == "too little was seen of the lifter"
