from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formcheck.core.errors import PoseFileError
from formcheck.judging.analysis import analyze
from formcheck.motion.spine import MEASURED, NO_EDGE, NOT_SEEN
from formcheck.motion.spine_keypoints import CONFIDENCE_MIN, LUMBAR_TO, POINTS_MIN, keypoint_bend, keypoint_method
from tests.helpers.synthetic_lifter import deadlift, film


def _arc(turn_deg: float, lean_deg: float, points: int = 9, forward: int = 1, length_px: float = 300.0) -> np.ndarray:
    """Points (N, 2) from the sacrum up along a circular arc that starts leaning and turns forward as told."""
    along = np.linspace(0.0, 1.0, 400)
    lean = np.radians(lean_deg + turn_deg * along)
    ahead, up = (
        np.concatenate([[0.0], np.cumsum(part[:-1])]) * length_px / 400 for part in (np.sin(lean), np.cos(lean))
    )
    keep = np.linspace(0, 399, points).round().astype(int)
    return np.stack([500.0 + forward * ahead[keep], 700.0 - up[keep]], axis=1)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-60, 80), st.floats(-10, 100), st.sampled_from([1, -1]), st.integers(POINTS_MIN, 17), st.floats(50, 900)
)
def test_an_arc_of_keypoints_reads_its_own_turning(
    turn_deg: float, lean_deg: float, forward: int, points: int, length_px: float
) -> None:
    at = _arc(turn_deg, lean_deg, points, forward, length_px)[None]
    bend = keypoint_bend(at, np.ones((1, points)), np.array([float(forward)]))
    assert bend.gate.tolist() == [MEASURED]
    assert bend.bend_deg[0] == pytest.approx(turn_deg, rel=0.05, abs=0.5)
    assert bend.lower_deg[0] == pytest.approx(LUMBAR_TO * turn_deg, rel=0.1, abs=0.5)
    assert bend.lower_deg + bend.upper_deg == pytest.approx(bend.bend_deg)


def test_points_that_nobody_is_sure_of_are_left_out_and_too_few_are_no_spine() -> None:
    at, sure = _arc(30.0, 40.0)[None], np.full((1, 9), 0.9)
    clean = keypoint_bend(at, sure, np.ones(1)).bend_deg[0]
    wild, doubt = at.copy(), sure.copy()
    wild[0, 4] += 200.0
    doubt[0, 4] = CONFIDENCE_MIN - 0.01
    assert keypoint_bend(wild, doubt, np.ones(1)).bend_deg[0] == pytest.approx(clean, abs=0.5)
    doubt[0, : 9 - POINTS_MIN] = 0.0
    doubt[0, 4] = 0.9
    few = keypoint_bend(at, doubt, np.ones(1))
    assert few.gate.tolist() == [MEASURED]
    doubt[0, 4] = 0.0
    none = keypoint_bend(at, doubt, np.ones(1))
    assert none.gate.tolist() == [NO_EDGE]
    assert np.isnan(none.bend_deg).all()
    assert keypoint_bend(np.full((1, 9, 2), np.nan), sure, np.ones(1)).gate.tolist() == [NOT_SEEN]


def test_noise_shows_in_the_uncertainty() -> None:
    rng = np.random.default_rng(0)
    at = np.stack([_arc(30.0, 40.0)] * 200)
    sure, forward = np.ones((200, 9)), np.ones(200)
    for noise_px in (1.0, 4.0):
        bend = keypoint_bend(at + rng.normal(0, noise_px, at.shape), sure, forward)
        off = float(np.std(bend.bend_deg))
        assert 0.5 * off < float(np.median(bend.uncertainty_deg)) < 2.0 * off


def _spines(turn_deg: np.ndarray) -> np.ndarray:
    return np.stack([_arc(turn, 0.0) for turn in turn_deg])


def test_keypoints_take_the_contours_place_in_the_whole_analysis() -> None:
    motion = deadlift(3)
    poses = film(motion)
    hinged = motion.at(poses.time_s)["trunk_deg"]
    straight = _spines(np.zeros(len(poses)))
    round_backed = _spines(np.where(hinged > 20, 70.0, 0.0))
    sure = np.ones((len(poses), 9))
    good = analyze(poses, spine=keypoint_method(poses.time_s, straight, sure))
    bad = analyze(poses, spine=keypoint_method(poses.time_s, round_backed, sure))
    assert good.back is not None
    assert good.back.method == "spine keypoints"
    back = {
        name: next(f for f in report.findings if f.check == "back-rounding")
        for name, report in (("good", good), ("bad", bad))
    }
    assert back["good"].verdict == "ok"
    assert back["bad"].verdict == "fault"
    assert back["bad"].value - back["good"].value == pytest.approx(70.0, abs=6.0)


def test_frames_without_keypoints_are_not_measured() -> None:
    poses = film(deadlift(2))
    later = keypoint_method(poses.time_s + 1000.0, _spines(np.zeros(len(poses))), np.ones((len(poses), 9)))
    report = analyze(poses, spine=later)
    assert next(f for f in report.findings if f.check == "back-rounding").verdict == "not-measured"
    assert report.verdict == "not-judged"


@pytest.mark.parametrize(
    ("time_s", "points", "confidence"),
    [
        (np.arange(3.0), np.zeros((3, POINTS_MIN - 1, 2)), np.ones((3, POINTS_MIN - 1))),
        (np.arange(3.0), np.zeros((3, 9, 3)), np.ones((3, 9))),
        (np.arange(4.0), np.zeros((3, 9, 2)), np.ones((3, 9))),
        (np.arange(3.0), np.zeros((3, 9, 2)), np.ones((3, 8))),
        (np.zeros(3), np.zeros((3, 9, 2)), np.ones((3, 9))),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(
    time_s: np.ndarray, points: np.ndarray, confidence: np.ndarray
) -> None:
    with pytest.raises(PoseFileError, match="spine keypoints"):
        keypoint_method(time_s, points, confidence)
