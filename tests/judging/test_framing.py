"""What is wrong with a film in which nothing can be judged, and what to do about it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from formcheck.core.poses import PoseSequence
from formcheck.judging.analysis import analyze
from formcheck.judging.framing import SMALL_PX, small_lifter_note, why_nothing_can_be_judged
from tests.helpers.synthetic_lifter import LIFTS, deadlift, empty_poses, film, scaled, squat


def _turned(poses: PoseSequence, quarter_turns: int) -> PoseSequence:
    """The picture turned clockwise by this many quarters, and the body as a model that follows the turn sees it."""
    image, contour = poses.image_px.copy(), poses.contour_px.copy()
    video = poses.video
    for _ in range(quarter_turns):
        for points in (image, contour):
            points[..., 0], points[..., 1] = video.height - points[..., 1], points[..., 0].copy()
        video = replace(video, width=video.height, height=video.width)
    return replace(poses, image_px=image, contour_px=contour, video=video)


@pytest.mark.parametrize("name", LIFTS)
@pytest.mark.parametrize(
    ("quarters", "advice"),
    [(1, "90 degrees counter-clockwise"), (2, "180 degrees"), (3, "90 degrees clockwise")],
)
def test_a_turned_picture_is_named_and_how_to_turn_it_back(name: str, quarters: int, advice: str) -> None:
    report = analyze(_turned(film(LIFTS[name](2), noise_px=1.0), quarters))
    assert not report.reps
    assert report.verdict == "not-judged"
    assert advice in report.summary


@pytest.mark.parametrize("name", LIFTS)
def test_an_upright_picture_has_nothing_wrong(name: str) -> None:
    assert why_nothing_can_be_judged(film(LIFTS[name](2))) == ""


def test_a_small_lifter_is_told_to_be_filmed_from_nearer() -> None:
    poses = film(squat(2))
    tall_px = 0.779 * 1.75 * 400.0
    assert small_lifter_note(scaled(poses, 1.05 * SMALL_PX / tall_px)) == ""
    small = scaled(poses, 0.95 * SMALL_PX / tall_px)
    assert "film from closer" in small_lifter_note(small)
    assert any("film from closer" in note for note in analyze(small).tracking.notes)


@pytest.mark.parametrize(
    ("poses", "says"),
    [
        (film(deadlift(1)).part(slice(100, 101)), "a single picture"),
        (empty_poses(1), "a single picture"),
        (empty_poses(90), "Nobody was found"),
        (empty_poses(0), "Nobody was found"),
    ],
    ids=["one frame", "one empty frame", "nobody", "no frame"],
)
def test_a_film_without_anything_to_judge_says_so_and_what_to_film(poses: PoseSequence, says: str) -> None:
    report = analyze(poses)
    assert says in report.summary
    assert "film the whole" in report.summary
    assert np.isnan([finding.value for finding in report.findings]).all()
