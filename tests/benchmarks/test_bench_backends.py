from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import bench_backends
from benchmarks.bench_backends import agreement_page, compare, speed, speed_page
from formcheck.core.poses import PoseSequence
from formcheck.vision.backend import DetectedPerson
from formcheck.vision.fake_backend import FakeBackend, person_of
from formcheck.vision.models.store import ModelFile
from formcheck.vision.video_parts import ANALYSIS_MAX_SIDE
from tests.helpers.synthetic_lifter import deadlift, film, later, without

POSES = film(deadlift(2))
SAMPLE = Path(__file__).resolve().parents[2] / "sample_videos" / "squat-good.mp4"


def _moved(poses: PoseSequence, by_px: float) -> PoseSequence:
    return replace(poses, image_px=poses.image_px + np.array([by_px, 0.0, 0.0]))


def test_the_same_poses_agree_in_everything() -> None:
    found = compare("a.mp4", POSES, POSES, "deadlift")
    assert (found.reps, found.differences) == ((2, 2), [])
    assert found.verdicts == found.same_verdicts > 10
    assert found.distances_px.max() == 0.0
    assert found.instants_s
    assert max(found.instants_s) == 0.0


@pytest.mark.parametrize("larger", [1, 2])
def test_distances_are_those_in_the_picture_that_is_analysed(larger: int) -> None:
    side = max(POSES.video.width, POSES.video.height)
    video = replace(POSES.video, width=larger * POSES.video.width, height=larger * POSES.video.height)
    found = compare("a.mp4", replace(POSES, video=video), replace(_moved(POSES, 6.0), video=video), "deadlift")
    assert found.distances_px == pytest.approx(6.0 * min(1.0, ANALYSIS_MAX_SIDE / (larger * side)))


def test_every_difference_is_listed() -> None:
    gone = np.zeros(len(POSES), dtype=bool)
    gone[:3] = True
    rounded = film(deadlift(2, rounding_deg=40.0))
    listed = "; ".join(compare("a.mp4", without(POSES, gone), rounded, "deadlift").differences)
    assert f"3 of {len(POSES)} frames" in listed
    assert "rep 1: back-rounding ok" in listed


def test_repetitions_that_only_one_of_them_finds_are_listed() -> None:
    second = POSES.time_s > POSES.time_s[-1] / 2
    found = compare("a.mp4", POSES, without(POSES, second), "deadlift")
    assert found.reps == (2, 1)
    assert "2 repetitions and 1" in found.differences


def test_instants_that_are_apart_are_listed() -> None:
    late = later(POSES, 0.2)
    found = compare("a.mp4", POSES, late, "deadlift")
    assert found.instants_s == pytest.approx([0.2] * len(found.instants_s))
    assert "rep 1: bottom +0.20 s" in found.differences


def test_the_page_says_what_was_compared() -> None:
    late = compare("b.mp4", POSES, later(POSES, 0.2), "auto")
    page = agreement_page("A title", [compare("a.mp4", POSES, POSES, "deadlift"), late])
    assert "| videos with the same number of repetitions" in page
    assert "100.0% (aim: 98%)" in page
    assert "| A title" in page
    assert "- b.mp4: " in page
    assert "- a.mp4" not in page


def test_every_backend_looks_at_every_frame_and_is_compared_with_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    poses = film(deadlift(1))

    def seeing(shift_px: float) -> FakeBackend:
        def handler(rgb: np.ndarray, time_ms: int) -> list[DetectedPerson]:
            person = person_of(poses, 0, 0.2)
            return [replace(person, image_px=person.image_px + np.array([shift_px, 0.0, 0.0]))]

        return FakeBackend(handler)

    monkeypatch.setattr(bench_backends, "SPEED_FRAMES", 5)
    reference, other = seeing(0.0), seeing(3.0)
    reference.name, other.name = "mediapipe", "other"
    model = ModelFile(Path("x.task"), "full", "custom", "")
    costs = speed([SAMPLE], [(reference, model), (other, model)])
    assert {kind: cost.frames for kind, cost in costs.items()} == {("mediapipe", "full"): 5, ("other", "full"): 5}
    assert np.concatenate(costs["other", "full"].distances_px) == pytest.approx(3.0, abs=1e-3)
    page = speed_page(costs)
    assert "3.0 and 3.0" in page
    assert "1.00" in page
