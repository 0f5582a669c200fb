"""The command ``live``: its lines, its messages and its end; one test with the pose model."""

from __future__ import annotations

import io
import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from formcheck.cli.live import json_line
from formcheck.cli.main import app
from formcheck.core.errors import FormCheckError, InputError
from formcheck.live import window
from formcheck.live.capture import Captured, NewestFrame, camera_frames, file_frames, is_camera
from formcheck.live.recording import Observation
from formcheck.live.save_set import save_baseline, save_set
from formcheck.live.session import FinishedSet
from formcheck.motion.neutral import Baseline
from formcheck.service.pipeline import AnalysisRequest
from formcheck.storage.history import open_history
from formcheck.storage.pose_files import load_poses
from formcheck.vision.models.store import find_model
from formcheck.vision.pose_estimation import estimate_poses
from tests.helpers.live_frames import engine_for, filmed, looks, played
from tests.helpers.make_videos import numbered_picture, write_video
from tests.helpers.synthetic_lifter import deadlift, squat

SAMPLES = Path(__file__).parent.parent.parent / "sample_videos"
NAMES: dict[str, type | tuple[type, ...]] = {
    "time_s": float,
    "state": str,
    "set": int,
    "reps": int,
    "exercise": str,
    "back_rounding_deg": (float, type(None)),
    "back_uncertainty_deg": (float, type(None)),
    "back": str,
    "hip_flexion_deg": (float, type(None)),
    "knee_flexion_deg": (float, type(None)),
    "depth_thighs": (float, type(None)),
    "cue": (str, type(None)),
    "message": str,
    "countdown": int,
    "in_frame": bool,
    "events": list,
    "delay_ms": float,
    "dropped": int,
}


@pytest.fixture(autouse=True)
def own_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path / "history"))
    monkeypatch.chdir(tmp_path)


def live(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["live", *words])
    return result.exit_code, result.stdout, result.stderr


# -------------------------------------------------------------------------------------------------------------- lines


def test_every_line_has_the_same_names_and_kinds() -> None:
    lines = [json_line(now, 12.34, 3) for now in played(filmed(deadlift(1, rounding_deg=50)), engine_for())]
    for line in lines:
        assert "\n" not in line
        found = json.loads(line)
        assert list(found) == list(NAMES)
        for name, kind in NAMES.items():
            assert isinstance(found[name], kind), name
    assert any(json.loads(line)["cue"] for line in lines)
    assert json.loads(lines[0])["delay_ms"] == 12.3


def test_a_line_of_the_warm_up_tells_where_the_drill_stands() -> None:
    now = played(filmed(squat(1)), engine_for("auto", warm_up=True))[-1]
    assert json.loads(json_line(now, 0.0, 0))["drill"].keys() == {"stage", "good", "needed", "passed"}


# ------------------------------------------------------------------------------------------------------------ sources


def test_the_newest_frame_wins_and_the_others_are_counted() -> None:
    taken, seen_all = threading.Event(), threading.Event()

    def source() -> Iterator[Captured]:
        for number in range(5):
            if number == 1:
                assert taken.wait(5)
            yield Captured(np.full((2, 2, 3), number, np.uint8), number / 30, 0.0)
        seen_all.set()

    numbers = []
    with NewestFrame(source()) as newest:
        for frame in newest:
            numbers.append(int(frame.rgb[0, 0, 0]))
            taken.set()
            assert seen_all.wait(5)
    assert numbers == [0, 4]
    assert newest.dropped == 3


def test_an_error_of_the_source_reaches_whoever_takes_the_frames() -> None:
    def source() -> Iterator[Captured]:
        yield Captured(np.zeros((2, 2, 3), np.uint8), 0.0, 0.0)
        raise InputError("unplugged")

    with NewestFrame(source()) as newest, pytest.raises(InputError, match="unplugged"):
        list(newest)


def test_a_file_can_be_read_without_waiting(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", [numbered_picture(index) for index in range(6)])
    times = [frame.time_s for frame in file_frames(path, paced=False)]
    assert len(times) == 6
    assert times == sorted(times)


def test_cameras_are_numbers() -> None:
    assert is_camera("0")
    assert not is_camera("set.mp4")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="cameras are files on Linux only")
def test_a_camera_that_is_not_there_is_said_so() -> None:
    with pytest.raises(InputError, match="There is no camera 97"):
        next(camera_frames(97))


class WatchedSet:
    """A camera that shows a set and is pulled out in the middle of it, and what looks at its pictures."""

    def __init__(self, poses: Any, until_s: float) -> None:
        self._times = [float(at_s) for at_s in poses.time_s if at_s <= until_s]
        self._seen = looks(poses)
        self._looked_at = threading.Semaphore(1)

    def frames(self, number: int) -> Iterator[Captured]:
        for at_s in self._times:
            assert self._looked_at.acquire(timeout=60)  # nothing is dropped
            yield Captured(np.full((96, 54, 3), 120, np.uint8), at_s, 0.0)
        assert self._looked_at.acquire(timeout=60)
        raise InputError(f"Camera {number} stopped sending pictures: check its cable, then start again.")

    def __enter__(self) -> WatchedSet:
        return self

    def __exit__(self, *_: object) -> None: ...

    def analyse(self, rgb: Any, time_s: float, *, count_people: bool = False) -> Observation:
        found = next(self._seen)
        self._looked_at.release()
        return Observation(time_s, found.person, found.width, found.height)


def test_a_camera_that_is_pulled_out_in_mid_set_loses_nothing_that_was_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poses = filmed(squat(4))
    watched = WatchedSet(poses, until_s=0.8 * float(poses.time_s[-1]))
    monkeypatch.setattr("formcheck.live.capture.camera_frames", watched.frames)
    monkeypatch.setattr("formcheck.live.frame_analyser.FrameAnalyser", lambda _: watched)
    monkeypatch.setattr("formcheck.vision.models.store.find_model", lambda _: None)
    code, _, err = live("--no-window", "--exercise", "squat", "--out", "out", "--save", "--lifter", "Anna")
    assert code == 0, err
    assert "Camera 0 stopped sending pictures: check its cable" in err
    assert "What was seen until then is kept and judged." in err
    reps = json.loads((tmp_path / "out" / "report.json").read_text())["reps"]
    assert len(reps) == 3
    with open_history() as kept:
        (saved,) = kept.sets(lifter="Anna")
        assert len(saved.report.reps) == 3


def test_a_camera_that_never_gave_a_picture_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = WatchedSet(filmed(squat(1)), until_s=-1.0)
    monkeypatch.setattr("formcheck.live.capture.camera_frames", watched.frames)
    monkeypatch.setattr("formcheck.live.frame_analyser.FrameAnalyser", lambda _: watched)
    monkeypatch.setattr("formcheck.vision.models.store.find_model", lambda _: None)
    code, _, err = live("--no-window", "--exercise", "squat")
    assert code == 2
    assert "stopped sending pictures" in err
    assert "kept" not in err


# ----------------------------------------------------------------------------------------------------------- messages


def test_a_missing_camera_ends_with_one_line_and_code_2() -> None:
    code, out, err = live("--camera", "97", "--no-window", "--jsonl")
    assert code == 2
    assert out == ""
    assert "camera 97" in err.lower()
    assert "Traceback" not in err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays are found out about on Linux only")
def test_a_missing_display_is_found_out_before_opencv_aborts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    assert window.display_problem() == "There is no display for a window"
    monkeypatch.setenv("DISPLAY", ":7654")
    assert "does not answer" in window.display_problem()
    monkeypatch.setattr(window, "can_draw_windows", lambda: True)
    code, _, err = live("--camera", str(SAMPLES / "squat-good.mp4"))
    assert code == 2
    assert "--no-window" in err


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--camera", "nowhere.mp4", "--no-window"], "nowhere.mp4"),
        (["--no-window", "--as-fast-as-possible"], "--camera FILE"),
        (["--no-window", "--keep-video"], "--out"),
        (["--no-window", "--plate"], "--keep-video"),
        (["--no-window", "--export", "trc"], "--out"),
        (["--no-window", "--export", "c3d", "--out", "out"], "c3d"),
        (["--no-window", "--exercise", "curl"], "curl"),
        (["--no-window", "--exercise", "squat", "--variant", "sumo"], "sumo"),
        (["--no-window", "--load", "heavy"], "heavy"),
        (["--no-window", "--preset", "upside-down"], "upside-down"),
        (["--no-window", "--settings", "nowhere.toml"], "nowhere.toml"),
        (["--no-window", "--height", "tall"], "tall"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(words: list[str], part: str) -> None:
    code, out, err = live(*words)
    assert code == 2
    assert out == ""
    assert part in err


def test_the_picture_of_the_window_shows_cue_and_count() -> None:
    now = played(filmed(squat(1)), engine_for("squat"))[-1]
    frame = np.full((480, 640, 3), 90, np.uint8)
    plain = window.picture(frame, None, now, "", 100.0)
    with_cue = window.picture(frame, None, now, "Chest tall", 100.0)
    assert plain.shape == with_cue.shape == (window.HEIGHT, 960, 3)
    assert (plain != with_cue).any()


# ------------------------------------------------------------------------------------------------------ after the set


def finished_set() -> FinishedSet:
    engine = engine_for("squat", file="camera-0")
    played(filmed(squat(2)), engine)
    return engine.finish()[0]


def test_a_set_becomes_the_same_folder_as_an_upload(tmp_path: Path) -> None:
    request = AnalysisRequest(source="camera-0", folder=str(tmp_path / "out"))
    result = save_set(finished_set(), request, {})
    names = {path.name for path in result.written}
    assert names == {"report.html", "report.json", "reps.csv", "signals.csv", "poses.npz"}
    assert len(json.loads((tmp_path / "out" / "report.json").read_text())["reps"]) == 2


def test_a_set_and_the_lifters_neutral_are_kept_in_the_history() -> None:
    result = save_set(finished_set(), AnalysisRequest(source="camera-0", lifter="Anna", save=True, exports=()), {})
    assert result.sentences() == ["Saved to the history as set 1 of Anna"]
    assert result.saved is not None
    assert result.saved.settings == {"exercise": "auto", "model": "full", "live": True}
    save_baseline("anna", Baseline(-12.0, -4.5, 5.0))
    save_baseline("Ben", Baseline(-10.0, -1.0, 5.0))
    with open_history() as kept:
        assert [each.lifter for each in kept.sets()] == ["Anna"]
        assert kept.lifter("Anna").neutral_back == {"lower_deg": -12.0, "upper_deg": -4.5, "uncertainty_deg": 5.0}
        assert kept.lifter("Ben").neutral_back["lower_deg"] == -10.0


# -------------------------------------------------------------------------------------------------------------- whole


def model_there() -> bool:
    try:
        find_model("full")
    except FormCheckError:
        return False
    return True


@pytest.mark.model
@pytest.mark.skipif(not model_there(), reason="the pose model cannot be fetched")
def test_a_video_in_place_of_a_camera_from_first_frame_to_report(tmp_path: Path) -> None:
    words = ["--camera", str(SAMPLES / "deadlift-rounded.mp4"), "--exercise", "deadlift", "--no-window", "--jsonl"]
    words += ["--as-fast-as-possible", "--out", "out", "--lifter", "Anna", "--keep-video", "--height", "178cm"]
    code, out, err = live(*words)
    assert code == 0, err
    lines = [json.loads(line) for line in out.splitlines()]
    assert lines[-1]["state"] == "done"
    assert lines[-1]["reps"] == 3
    assert [line["time_s"] for line in lines] == sorted(line["time_s"] for line in lines)
    cues = [line["time_s"] for line in lines if line["cue"]]
    truth = json.loads((SAMPLES / "deadlift-rounded.json").read_text())
    for rep in truth["reps"]:
        near = [t for t in cues if rep["start_s"] - 0.5 <= t <= rep["lockout_s"]]
        assert len(near) == (1 if rep["measures"]["back_rounding_max_deg"] > 30 else 0)
    counted = [line["time_s"] for line in lines for event in line["events"] if event["kind"] == "rep"]
    delays = [t - rep["lockout_s"] for t, rep in zip(counted, truth["reps"], strict=False)]
    assert max(map(abs, delays)) <= 0.5
    assert all(math.isfinite(line["delay_ms"]) for line in lines)
    assert "back rounding" in err
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"report.html", "annotated.mp4", "poses.npz"}
    assert json.loads((tmp_path / "out" / "report.json").read_text())["settings"]["lifter"]["height_cm"] == 178.0
    # Frame by frame what an upload of the same video shows, so that nothing can be judged differently.
    uploaded = estimate_poses(SAMPLES / "deadlift-rounded.mp4", find_model("full"), every_frame=True)
    np.testing.assert_allclose(load_poses(tmp_path / "out" / "poses.npz").image_px, uploaded.image_px, atol=0.1)
    with open_history() as kept:
        (saved,) = kept.sets(lifter="Anna")
        assert kept.video(saved.id) is not None


@pytest.mark.model
@pytest.mark.skipif(not model_there(), reason="the pose model cannot be fetched")
def test_a_reader_that_goes_away_ends_the_session_politely() -> None:
    command = [sys.executable, "-m", "formcheck", "live", "--camera", str(SAMPLES / "squat-good.mp4")]
    command += ["--no-window", "--jsonl", "--as-fast-as-possible"]
    read_end, write_end = os.pipe()
    with subprocess.Popen(command, stdout=write_end, stderr=subprocess.PIPE, text=True) as running:
        os.close(write_end)
        with io.open(read_end, encoding="utf-8") as pipe:  # noqa: UP020
            assert json.loads(pipe.readline())["state"]
        _, err = running.communicate(timeout=120)
    assert running.returncode in (0, 3)
    assert "Traceback" not in err
    assert "BrokenPipe" not in err
    assert "squat-good.mp4" in err
