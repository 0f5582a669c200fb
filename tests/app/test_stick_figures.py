"""Stick figures for the comparison: where they stand, which way they face, how tall they are, what they say."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from formcheck.app.stick_figures import FRAMES_PER_S, Figure, figure
from formcheck.core.poses import PoseSequence
from formcheck.judging import analysis
from tests.helpers.make_reports import make_poses, make_report
from tests.helpers.synthetic_lifter import deadlift, film

POSES = film(deadlift(3))


def rep_of(poses: PoseSequence) -> Figure:
    report = analysis.analyze(poses, "deadlift")
    found = figure(poses, report, report.reps[0].start_s, report.reps[0].end_s)
    assert found is not None
    return found


def points(path: str) -> np.ndarray:
    return np.array(re.findall(r"(-?[\d.]+) (-?[\d.]+)", path), dtype=float)


def mirrored(poses: PoseSequence) -> PoseSequence:
    """The same lifter filmed from the other side: left and right joints keep their names, as for a real lifter."""
    from formcheck.core.landmarks import mirrored_indices

    twins = mirrored_indices()
    image, world = poses.image_px[:, twins].copy(), poses.world_m[:, twins].copy()
    image[:, :, 0] = poses.video.width - image[:, :, 0]
    world[:, :, 0] *= -1.0
    contour = poses.contour_px[:, ::-1].copy()
    contour[..., 0] = poses.video.width - contour[..., 0]
    return replace(
        poses,
        image_px=image,
        world_m=world,
        visibility=poses.visibility[:, twins],
        contour_px=contour,
        contour_sharpness=poses.contour_sharpness[:, ::-1].copy(),
    )


def test_a_lifter_stands_on_the_floor_a_hundred_tall_and_bows() -> None:
    found = rep_of(POSES)
    heads = [moment.head[1] for moment in found.moments if moment.head is not None]
    assert min(heads) == pytest.approx(-100.0, abs=3.0)
    assert max(heads) > -85.0
    assert all(points(moment.near)[:, 1].max() == pytest.approx(0.0, abs=5.0) for moment in found.moments)
    left, top, right, bottom = found.box
    assert left < right
    assert top < -100.0 < 0.0 < bottom


def test_a_lifter_faces_right_whichever_side_was_filmed() -> None:
    one, other = rep_of(POSES), rep_of(mirrored(POSES))
    assert len(one.moments) == len(other.moments)
    for a, b in zip(one.moments, other.moments, strict=True):
        assert points(a.near) == pytest.approx(points(b.near), abs=0.3)
        assert a.level == b.level
    bowed = max(one.moments, key=lambda moment: -1000.0 if moment.head is None else moment.head[1])
    assert bowed.head is not None
    assert bowed.head[0] > points(bowed.thin)[:, 0].min() + 10.0


def test_times_lie_in_the_rep_and_are_thinned_out() -> None:
    report = analysis.analyze(POSES, "deadlift")
    rep = report.reps[1]
    found = figure(POSES, report, rep.start_s, rep.end_s)
    assert found is not None
    assert rep.start_s <= found.time_s[0] < found.time_s[-1] <= rep.end_s
    assert np.diff(found.time_s).min() > 0.8 / FRAMES_PER_S
    assert len(found.time_s) == len(found.moments)


@pytest.mark.parametrize(
    ("rounding_deg", "level", "words"),
    [(2.0, "ok", "+2°, neutral"), (60.0, "fault", "+60°, rounded"), (np.nan, "not-measured", "not judged")],
)
def test_the_back_is_told_in_words_and_not_in_colour_alone(rounding_deg: float, level: str, words: str) -> None:
    poses = make_poses()
    found = figure(poses, make_report(poses, rounding_deg), 0.0, 1.0)
    assert found is not None
    assert {(moment.level, moment.words) for moment in found.moments} == {(level, words)}
    assert all(moment.back for moment in found.moments)


def test_a_lifter_who_is_not_seen_is_not_drawn() -> None:
    poses = make_poses()
    unseen = replace(poses, image_px=np.full_like(poses.image_px, np.nan))
    assert figure(unseen, make_report(unseen), 0.0, 1.0) is None
    assert figure(poses, make_report(poses), 50.0, 60.0) is None


def test_a_joint_that_is_missing_leaves_out_its_lines_only() -> None:
    poses = make_poses()
    report = make_report(poses)
    image = poses.image_px.copy()
    image[0] = np.nan
    found = figure(replace(poses, image_px=image), report, 0.0, 1.0)
    assert found is not None
    assert "nan" not in str(found)
