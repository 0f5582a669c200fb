"""From a video file to a report with the real pose model."""

from __future__ import annotations

import functools
import json
import math
import os
from pathlib import Path

import pytest

from formcheck import analyze, analyze_video
from formcheck.core.errors import ModelError
from formcheck.judging.report import Report
from formcheck.storage.pose_files import load_poses, save_poses
from formcheck.vision.models.store import ModelFile, find_model
from formcheck.vision.pose_estimation import estimate_poses

pytestmark = pytest.mark.model

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_videos"
CLIPS = Path(os.environ.get("FORMCHECK_CLIPS", ROOT.parent / "shared" / "clips"))

REPORT_KEYS = {"schema", "video", "exercise", "view", "tracking", "reps", "findings", "verdict", "advice"}
REP_KEYS = {"index", "start_s", "bottom_s", "top_s", "end_s", "measures", "findings"}
FINDING_KEYS = {"check", "verdict", "value", "limit", "unit", "at_s", "reason", "cue"}
MEASURES = {
    "back_rounding_deg",
    "hip_flexion_bottom_deg",
    "knee_flexion_bottom_deg",
    "trunk_lean_bottom_deg",
    "elbow_flexion_max_deg",
}


@functools.cache
def model() -> ModelFile:
    try:
        return find_model()
    except ModelError as error:
        pytest.skip(f"there is no pose model here and none can be fetched: {error}")


def video(path: Path) -> Path:
    if not path.is_file():
        pytest.skip(f"{path.name} is not here")
    return path


@functools.cache
def rounded_deadlift() -> Report:
    return analyze_video(video(SAMPLES / "deadlift-rounded.mp4"), model=model().path)


def truth_of(name: str) -> list[dict[str, float]]:
    reps: list[dict[str, float]] = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))["reps"]
    return reps


def test_a_deadlift_is_recognised_and_its_reps_lie_where_they_were_rendered() -> None:
    report = rounded_deadlift()
    truth = truth_of("deadlift-rounded")
    assert report.exercise.name == "deadlift"
    assert report.exercise.chosen_by == "auto"
    assert len(report.reps) == len(truth)
    for rep, known in zip(report.reps, truth, strict=True):
        assert rep.start_s <= rep.bottom_s < rep.top_s <= rep.end_s
        assert rep.top_s == pytest.approx(known["top_s"], abs=0.3)


def test_only_the_reps_with_a_rounded_back_are_flagged_for_it() -> None:
    report = rounded_deadlift()
    rounded = [bool(known["faults"]) for known in truth_of("deadlift-rounded")]
    assert any(rounded), "the sample must round its back somewhere"
    verdicts = [
        next(finding.verdict for finding in rep.findings if finding.check == "back-rounding") for rep in report.reps
    ]
    assert [verdict in ("watch", "fault") for verdict in verdicts] == rounded
    assert report.verdict == "fault"
    assert report.advice


def test_the_report_keeps_its_contract() -> None:
    report = json.loads(json.dumps(rounded_deadlift().to_dict(), allow_nan=False))
    assert report["schema"] == 1
    assert report.keys() >= REPORT_KEYS
    assert report["video"].keys() >= {"file", "duration_s", "width", "height", "frames", "rotation_deg"}
    assert report["video"]["file"] == "deadlift-rounded.mp4"
    assert report["view"]["name"] in ("side-left", "side-right")
    assert report["view"]["sagittal_ok"] is True
    assert report["tracking"]["frames_with_pose"] > 0.95 * report["video"]["frames"]
    for rep in report["reps"]:
        assert rep.keys() >= REP_KEYS
        assert rep["measures"].keys() >= MEASURES
    for finding in [*report["findings"], *(one for rep in report["reps"] for one in rep["findings"])]:
        assert finding.keys() >= FINDING_KEYS
        assert finding["verdict"] in ("ok", "watch", "fault", "not-measured")
        assert finding["verdict"] != "not-measured" or finding["reason"]


def test_saved_poses_give_the_same_report_as_the_video(tmp_path: Path) -> None:
    poses = estimate_poses(video(SAMPLES / "squat-good.mp4"), model())
    save_poses(poses, tmp_path / "poses.npz")
    again = analyze(load_poses(tmp_path / "poses.npz"))
    assert again.exercise.name == "squat"
    assert len(again.reps) == len(truth_of("squat-good"))
    assert again.to_dict()["reps"] == analyze(poses).to_dict()["reps"]


def test_a_real_deadlift_with_a_rounded_back() -> None:
    clip = CLIPS / "bichraix__bad011.mp4"
    if not clip.is_file():
        pytest.skip("the labelled real clips are not here; they may not be passed on (see benchmarks/README.md)")
    report = analyze_video(clip, model=model().path)
    assert report.exercise.name == "deadlift"
    assert len(report.reps) == 1
    assert report.reps[0].bottom_s == pytest.approx(1.4, abs=0.3)
    rounding_deg = report.reps[0].measures["back_rounding_deg"]
    assert math.isfinite(rounding_deg)
    assert report.verdict in ("watch", "fault")
