"""Squats whose upper back is hidden by a bar and arms: judged by the lower half of the outline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from formcheck.core.errors import UsageError
from formcheck.core.landmarks import Landmark
from formcheck.core.poses import CONTOUR_STATIONS, FloatArray, PoseSequence, contour_stations
from formcheck.core.verdicts import FAULT, NOT_MEASURED, OK, WATCH
from formcheck.judging.analysis import UPPER_HALF_HIDDEN, analyze
from formcheck.judging.own_neutral import own_reps_from
from formcheck.judging.report import Report
from formcheck.motion.calibration import BLAZEPOSE
from formcheck.motion.geometry import midpoint
from formcheck.motion.neutral import OwnReps
from formcheck.motion.spine import (
    COVERED,
    LOWER_HALF_COVERED_MAX,
    LOWER_HALF_THICKNESS_MAX,
    LOWER_HALF_TO,
    MEASURED,
    lower_half_bend,
)
from formcheck.motion.spine_method import CONTOUR, LOWER_HALF
from formcheck.render.overlay import plan_overlay
from tests.helpers.synthetic_lifter import Motion, deadlift, film, measured, squat, verdicts

BAR = 0.35
"""So far out of the back's outline a bar and elbows stand, in hip-shoulder lengths."""


def _further_out(poses: PoseSequence, away: FloatArray) -> PoseSequence:
    """The lifter, who faces image-right, with a dorsal edge that lies further out by (S,) hip-shoulder lengths."""
    hip, shoulder = (
        midpoint(poses.image_px[:, Landmark[f"LEFT_{joint}"], :2], poses.image_px[:, Landmark[f"RIGHT_{joint}"], :2])
        for joint in ("HIP", "SHOULDER")
    )
    trunk = shoulder - hip
    to_back = np.stack([trunk[:, 1], -trunk[:, 0]], axis=1)
    contour = poses.contour_px.copy()
    contour[:, 0] += away[None, :, None] * to_back[:, None]
    return replace(poses, contour_px=contour)


def _under_a_bar(motion: Motion, upto: float = LOWER_HALF_TO) -> PoseSequence:
    bar = np.where(contour_stations() > upto + 0.05, BAR, 0.0)
    return _further_out(film(motion), bar)


def _method(report: Report) -> str:
    assert report.back is not None
    return report.back.method


def test_a_squat_under_a_bar_is_judged_by_the_lower_half_and_says_so() -> None:
    report = analyze(_under_a_bar(squat(3)), "squat")
    assert _method(report) == LOWER_HALF
    assert verdicts(report)["back-rounding"] == OK
    assert UPPER_HALF_HIDDEN in report.tracking.notes
    # What the lower half cannot tell is not judged, and says why.
    upper = next(each for each in report.findings if each.check == "upper-back")
    assert (upper.verdict, upper.reason) == (NOT_MEASURED, "a bar or arms hide the upper back")
    for name in ("upper_rounding_deg", "lower_rounding_deg", "spine_flexion_deg"):
        assert np.isnan(measured(report, name)).all()


def test_a_back_in_plain_sight_is_read_as_a_whole() -> None:
    report = analyze(film(squat(3)), "squat")
    assert _method(report) == CONTOUR
    assert UPPER_HALF_HIDDEN not in report.tracking.notes


def test_rounding_is_seen_under_a_bar_and_doubted_more() -> None:
    reports = [analyze(_under_a_bar(squat(3, rounding_deg=each)), "squat") for each in (0.0, 20.0, 40.0)]
    found = [float(np.median(measured(each, "back_rounding_deg"))) for each in reports]
    assert found[0] + 10.0 < found[1] < found[2] - 10.0
    assert verdicts(reports[2])["back-rounding"] in (WATCH, FAULT)
    plain = analyze(film(squat(3)), "squat")
    assert reports[0].back is not None
    assert plain.back is not None
    assert reports[0].back.uncertainty_deg > plain.back.uncertainty_deg


def test_other_lifts_carry_nothing_on_the_shoulders() -> None:
    report = analyze(_under_a_bar(deadlift(3)), "deadlift")
    assert _method(report) == CONTOUR
    assert verdicts(report)["back-rounding"] == NOT_MEASURED


def test_plates_before_the_trunk_leave_the_back_unjudged() -> None:
    plates = np.full(CONTOUR_STATIONS, LOWER_HALF_THICKNESS_MAX)
    report = analyze(_further_out(film(squat(3)), plates), "squat")
    assert _method(report) == CONTOUR
    assert verdicts(report)["back-rounding"] == NOT_MEASURED


def test_an_own_neutral_of_the_whole_back_is_not_held_against_half_of_it() -> None:
    hidden = _under_a_bar(squat(3))
    with_own = analyze(hidden, "squat", own_reps={"squat": OwnReps(30.0, 0.0)})
    assert with_own.back == analyze(hidden, "squat").back
    with pytest.raises(UsageError, match="hide the upper back"):
        own_reps_from(analyze(hidden, "squat"))


def test_only_what_was_read_is_drawn() -> None:
    poses = _under_a_bar(squat(3))
    hidden, plain = (plan_overlay(each, analyze(each, "squat"), 540, 960) for each in (poses, film(squat(3))))
    assert hidden.contour_px.shape[1] < 0.5 * plain.contour_px.shape[1]


@pytest.mark.parametrize(("share", "gate"), [(-0.02, MEASURED), (0.02, COVERED)])
def test_where_plates_come_and_go_no_edge_is_trusted(share: float, gate: int) -> None:
    poses = film(squat(3))
    covered = _further_out(poses, np.full(CONTOUR_STATIONS, LOWER_HALF_THICKNESS_MAX))
    some = round((LOWER_HALF_COVERED_MAX + share) * len(poses))
    contour = np.concatenate([covered.contour_px[:some], poses.contour_px[some:]])
    read = lower_half_bend(replace(poses, contour_px=contour), np.ones(len(poses)))
    assert (read.gate[:some] == COVERED).all()
    assert (read.gate[some:] == gate).all()


def test_thickness_moves_nothing() -> None:
    poses = film(squat(2))
    thick = _further_out(poses, np.full(CONTOUR_STATIONS, 0.05))
    reads = [lower_half_bend(each, np.ones(len(poses))).bend_deg for each in (poses, thick)]
    assert reads[0] == pytest.approx(reads[1], abs=1e-6)
    assert (
        len(BLAZEPOSE.lower_half_weights)
        == ((contour_stations() >= -0.1 - 1e-6) & (contour_stations() <= LOWER_HALF_TO + 1e-6)).sum()
    )
