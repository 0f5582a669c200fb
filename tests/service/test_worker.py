"""Analyses in a process of their own: results, progress, stopping, and what is left behind."""

from __future__ import annotations

import io
import json
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from formcheck.core.errors import Cancelled, FormCheckError
from formcheck.judging import analysis
from formcheck.render.exports import LANDMARKS_TRC
from formcheck.service import worker
from formcheck.service.pipeline import AnalysisRequest
from formcheck.service.worker import Batch, Phase, State
from formcheck.storage.history import Lifter, open_history
from formcheck.storage.pose_files import load_poses, save_poses
from formcheck.storage.report_folder import MARKER, REPORT_HTML, REPORT_JSON, REPS_CSV, SIGNALS_CSV
from tests.helpers.make_videos import write_video
from tests.helpers.synthetic_lifter import deadlift, film

POSES = film(deadlift(3))

SAYS = "import json, sys, time; say = lambda **told: print(json.dumps(told), flush=True); job = json.loads(input())\n"
"""Beginning of a program that stands in for the worker."""


@pytest.fixture(autouse=True)
def own_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path / "history"))


@pytest.fixture
def job(tmp_path: Path) -> AnalysisRequest:
    """A job that has its poses already."""
    save_poses(POSES, tmp_path / "saved.npz")
    return AnalysisRequest(
        poses=str(tmp_path / "saved.npz"),
        title="my set.mp4",
        exercise="deadlift",
        folder=str(tmp_path / "result"),
    )


def grey_video(path: Path) -> str:
    """As long as the poses, with nothing in it."""
    picture = np.full((144, 144, 3), 128, np.uint8)
    write_video(path, [picture] * len(POSES), POSES.time_s.tolist())
    return str(path)


def do(job: AnalysisRequest, cancelled: bool = False) -> tuple[str, int | None]:
    return worker.run(job, lambda _: None, lambda: cancelled)


def folder_of(job: AnalysisRequest) -> Path:
    assert job.folder is not None
    return Path(job.folder)


def report_of(job: AnalysisRequest) -> dict[str, object]:
    told: dict[str, object] = json.loads((folder_of(job) / REPORT_JSON).read_text(encoding="utf-8"))
    return told


def finished(job: AnalysisRequest, program: str, cancel_when: str = "") -> State:
    batch = Batch([job], [sys.executable, "-c", SAYS + program])
    end_s = time.monotonic() + 60.0
    while cancel_when and batch.states[0].stage != cancel_when and time.monotonic() < end_s:
        time.sleep(0.01)
    if cancel_when:
        batch.cancel()
    batch.wait(60.0)
    assert not batch.running
    return batch.states[0]


# --- what a job makes ----------------------------------------------------------------------------------------------


def test_the_result_is_that_of_the_analysis(job: AnalysisRequest) -> None:
    do(replace(job, exports=("html", "json", "reps", "signals", "poses", "trc")))
    assert report_of(job) == analysis.analyze(load_poses(str(job.poses)), "deadlift").to_dict()
    made = {path.name for path in folder_of(job).iterdir()}
    assert made == {REPORT_HTML, REPORT_JSON, REPS_CSV, SIGNALS_CSV, LANDMARKS_TRC, "poses.npz", MARKER}


def test_only_the_chosen_part_is_judged(job: AnalysisRequest) -> None:
    do(job)
    reps = report_of(job)["reps"]
    assert isinstance(reps, list)
    job = replace(job, start_s=reps[0]["end_s"] + 0.05)
    do(job)
    later = report_of(job)["reps"]
    assert isinstance(later, list)
    assert len(later) == len(reps) - 1
    assert later[0]["bottom_s"] == pytest.approx(reps[1]["bottom_s"], abs=0.1)
    # The whole of it stays, so that another part can be chosen later.
    assert len(load_poses(folder_of(job) / "poses.npz")) == len(POSES)


def test_a_part_without_pictures_is_refused(job: AnalysisRequest) -> None:
    with pytest.raises(FormCheckError, match="between these times"):
        do(replace(job, start_s=500.0))


def test_other_limits_are_used(job: AnalysisRequest) -> None:
    do(replace(job, settings_toml="[checks]\ndeadlift.back-rounding = false\n"))
    findings = report_of(job)["findings"]
    assert isinstance(findings, list)
    assert "back-rounding" not in {each["check"] for each in findings}


def test_a_set_is_saved_with_what_was_told(job: AnalysisRequest) -> None:
    message, set_id = do(replace(job, save=True, lifter="Anna", load_kg=80.0, notes="heavy", filmed_at="2026-03-04"))
    assert message == ""
    with open_history() as history:
        (saved,) = history.sets()
    assert saved.id == set_id
    assert (saved.lifter, saved.load_kg, saved.notes) == ("Anna", 80.0, "heavy")
    assert saved.filmed_at is not None
    assert saved.filmed_at.astimezone().date().isoformat() == "2026-03-04"


def test_judging_a_saved_set_again_renews_it(job: AnalysisRequest) -> None:
    _, set_id = do(replace(job, save=True, lifter="Anna"))
    do(replace(job, save=True, set_id=set_id, lifter="Anna", start_s=0.5, settings_toml="[lifter]\nheight_cm = 180\n"))
    with open_history() as history:
        (saved,) = history.sets()
        assert len(history.poses(saved.id)) == len(POSES)
    assert saved.report.settings.height_cm == 180.0


def test_a_lifters_profile_is_used(job: AnalysisRequest) -> None:
    with open_history() as history:
        history.save_lifter(Lifter("Anna", height_cm=171.0))
    do(replace(job, lifter="anna"))
    settings = report_of(job)["settings"]
    assert isinstance(settings, dict)
    assert settings["lifter"]["height_cm"] == 171.0


def test_a_set_without_reps_is_not_saved(job: AnalysisRequest, tmp_path: Path) -> None:
    save_poses(POSES.part(slice(0, 20)), tmp_path / "short.npz")
    message, set_id = do(replace(job, poses=str(tmp_path / "short.npz"), save=True))
    assert "no repetition" in message
    assert set_id is None


def test_the_annotated_video_is_kept_when_asked_for(job: AnalysisRequest, tmp_path: Path) -> None:
    _, set_id = do(replace(job, video=grey_video(tmp_path / "set.mp4"), save=True, keep_video=True))
    assert set_id is not None
    with open_history() as history:
        kept = history.video(set_id)
        assert kept is not None
        assert kept.read_bytes() == (folder_of(job) / "annotated.mp4").read_bytes()
        history.delete_set(set_id)
    assert not kept.exists()


def test_deleting_a_lifter_with_all_sets_deletes_their_videos(job: AnalysisRequest, tmp_path: Path) -> None:
    _, set_id = do(replace(job, save=True, lifter="Anna"))
    assert set_id is not None
    (tmp_path / "drawn.mp4").write_bytes(b"video")
    with open_history() as history:
        kept = history.keep_video(set_id, tmp_path / "drawn.mp4")
        history.delete_lifter("Anna", with_sets=True)
    assert not kept.exists()


def test_a_stop_is_heard_while_drawing(job: AnalysisRequest, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        do(replace(job, video=grey_video(tmp_path / "set.mp4")), cancelled=True)


# --- the process ---------------------------------------------------------------------------------------------------


def test_a_real_process_does_the_job(job: AnalysisRequest) -> None:
    batch = Batch([replace(job, save=True)])
    batch.wait(120.0)
    (state,) = batch.states
    assert (state.phase, state.message, state.set_id) == (Phase.DONE, "", 1)
    assert report_of(job)["reps"]


@pytest.mark.parametrize("name", ["video.mp4", "video.npz"])
def test_a_file_that_cannot_be_read_is_named_as_its_owner_does(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("no video", encoding="utf-8")
    folder, title = str(tmp_path / "result"), f"my {name}"
    poses = path.suffix == ".npz"
    job = AnalysisRequest(folder=folder, title=title)
    job = replace(job, poses=str(path)) if poses else replace(job, video=str(path))
    told = worker._outcome(job, lambda _: None, threading.Event())
    assert told["phase"] == Phase.FAILED
    assert told["message"].startswith(f"my {name} is not a")
    assert str(tmp_path) not in told["message"]


def test_progress_and_the_time_left_are_told(job: AnalysisRequest, tmp_path: Path) -> None:
    flag = tmp_path / "go on"
    program = (
        "say(stage='watch', done=0, total=100); say(stage='watch', done=10, total=100); time.sleep(1.2)\n"
        "say(stage='watch', done=50, total=100)\n"
        f"import os\nwhile not os.path.exists({str(flag)!r}): time.sleep(.01)\n"
        "say(phase='done')"
    )
    batch = Batch([replace(job, poses=None, video="set.mp4")], [sys.executable, "-c", SAYS + program])
    end_s = time.monotonic() + 60.0
    while batch.states[0].left_s is None and time.monotonic() < end_s:
        time.sleep(0.01)
    state = batch.states[0]
    flag.touch()
    batch.wait(60.0)
    assert state.stage == "watch"
    assert 0.2 < state.share < 0.6
    assert state.left_s is not None
    assert batch.states[0].phase == Phase.DONE
    assert batch.states[0].share == 1.0


def test_jobs_are_done_one_after_another(job: AnalysisRequest, tmp_path: Path) -> None:
    jobs = [replace(job, folder=str(tmp_path / name)) for name in ("a", "b")]
    batch = Batch(jobs, [sys.executable, "-c", SAYS + "say(phase='failed', message=job['folder'])"])
    batch.wait(60.0)
    assert [state.message for state in batch.states] == [each.folder for each in jobs]


def test_cancel_stops_the_process_and_removes_what_it_made(job: AnalysisRequest) -> None:
    program = (
        "import os; os.mkdir(job['folder']); open(job['folder'] + '/half', 'w').close()\n"
        "say(stage='watch', done=1, total=9); input(); say(phase='cancelled')"
    )
    assert finished(job, program, cancel_when="watch").phase == Phase.CANCELLED
    assert not folder_of(job).exists()


def test_a_process_that_does_not_listen_is_ended(job: AnalysisRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "GRACE_S", 0.2)
    ended = finished(job, "say(stage='watch', done=1, total=9)\ntime.sleep(600)", cancel_when="watch")
    assert ended.phase == Phase.CANCELLED


def test_after_a_cancel_no_other_job_is_started(job: AnalysisRequest, tmp_path: Path) -> None:
    jobs = [job, replace(job, folder=str(tmp_path / "second"))]
    batch = Batch(jobs, [sys.executable, "-c", SAYS + "input(); say(phase='cancelled')"])
    batch.cancel()
    batch.wait(60.0)
    assert [state.phase for state in batch.states] == [Phase.CANCELLED, Phase.CANCELLED]


def test_a_process_that_dies_is_a_failure_in_plain_words(job: AnalysisRequest) -> None:
    state = finished(job, "import os; os.mkdir(job['folder']); print('chatter'); os._exit(9)")
    assert state.phase == Phase.FAILED
    assert "memory" in state.message
    assert not folder_of(job).exists()


def test_the_process_stops_when_its_parent_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    stop = threading.Event()
    worker._listen(stop)
    assert stop.is_set()


def test_an_unexpected_error_is_one_line(job: AnalysisRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(worker, "run", fails)
    told = worker._outcome(job, lambda _: None, threading.Event())
    assert told == {"phase": Phase.FAILED, "message": "The analysis failed (ZeroDivisionError: division by zero)."}
