"""The app without a browser: pages, their texts and what their buttons do, with a stand-in for the worker's process."""

from __future__ import annotations

import ast
import functools
import importlib.util
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import formcheck
from formcheck.cli import app as app_cli
from formcheck.cli.main import app as command
from formcheck.core.errors import FormCheckError, HistoryError
from formcheck.core.verdicts import OK
from formcheck.exercises import EXERCISES, exercise_named
from formcheck.guidance.tables import READY
from formcheck.guidance.texts import text
from formcheck.guidance.todays_answers import keep_answers
from formcheck.judging import analysis
from formcheck.judging.report import Report
from formcheck.judging.settings import DEFAULTS, Override, Settings, check_limits, parse_settings
from formcheck.service import pipeline, worker
from formcheck.service.own_neutral import own_reps_of
from formcheck.service.pipeline import AnalysisRequest
from formcheck.storage.history import History, Lifter, SavedSet, export_history, open_history
from formcheck.storage.pose_files import save_poses
from formcheck.storage.settings_files import default_settings_path, load_settings, save_settings, settings_toml
from tests.helpers.synthetic_lifter import deadlift, film

testing = pytest.importorskip("streamlit.testing.v1", reason="the app's library, Streamlit, is not installed")

from formcheck.app import components, limits, main, private_folder, references, session  # noqa: E402
from formcheck.app.pages import (  # noqa: E402
    guidance_pages,
    history_compare,
    history_page,
    history_trend,
    live_page,
    result,
    saved_set_words,
    settings_page,
    upload_page,
)
from formcheck.service.worker import Phase, State  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
START = ROOT / "app.py"
POSES = film(deadlift(3))


@functools.cache
def report() -> dict[str, Any]:
    return analysis.analyze(POSES, "deadlift", load_kg=100.0).to_dict()


class NowBatch:
    """Does the jobs at once, in this process, from poses; ``outcome`` stands in for that."""

    outcome: Callable[[AnalysisRequest], State] | None = None
    seen: list[AnalysisRequest] = []  # noqa: RUF012

    def __init__(
        self,
        jobs: Sequence[AnalysisRequest],
        keep_alive: object = None,
        ended: Callable[[State], None] = lambda state: None,
        turns: object = None,
    ) -> None:
        self.states = tuple(map(self._do, jobs))
        NowBatch.seen = [*NowBatch.seen, *jobs]
        for state in self.states:
            if state.phase in (Phase.DONE, Phase.FAILED):
                ended(state)

    def _do(self, job: AnalysisRequest) -> State:
        if NowBatch.outcome is not None:
            return NowBatch.outcome(job)
        assert job.folder is not None
        assert job.exports is not None
        without_video = tuple(name for name in job.exports if name != "video")
        Path(job.folder).mkdir()
        poses = Path(job.folder) / "given.npz"
        save_poses(POSES, poses)
        remark, set_id = worker.run(
            replace(job, video=None, poses=job.poses or str(poses), exports=without_video),
            lambda _: None,
            lambda: False,
        )
        return State(job, Phase.DONE, message=remark, set_id=set_id)

    @property
    def running(self) -> bool:
        return any(state.phase in (Phase.WAITING, Phase.RUNNING) for state in self.states)

    def cancel(self) -> None:
        self.states = tuple(replace(state, phase=Phase.CANCELLED) for state in self.states)

    def wait(self, timeout_s: float) -> None:
        """Nothing to wait for."""


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path / "history"))
    monkeypatch.setenv("FORMCHECK_CONFIG_DIR", str(tmp_path / "settings"))
    monkeypatch.setattr(session, "Batch", NowBatch)
    monkeypatch.setattr(session, "_sessions", weakref.WeakSet())
    monkeypatch.setattr(session, "_kept", {})
    # Folders of other apps on this machine are not for these tests.
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(NowBatch, "outcome", None)
    monkeypatch.setattr(NowBatch, "seen", [])


def opened(page: str = "") -> Any:
    """The app after its first run, on that page."""
    at = testing.AppTest.from_file(str(START), default_timeout=60)
    if page:
        at.session_state[components.GO] = page
    at.run()
    assert not at.exception
    return at


def button(at: Any, label: str) -> Any:
    (found,) = [each for each in at.button if each.label == label]
    return found


def texts(at: Any) -> str:
    shown = [str(each.value) for each in (*at.markdown, *at.title, *at.header, *at.caption)]
    return "\n".join(shown + [each.proto.body for each in at.get("html")])


def save_sets(count: int, lifter: str | None = "Anna") -> None:
    with open_history() as history:
        for day in range(count):
            moved = replace(POSES, time_s=POSES.time_s * (1.0 + 0.001 * day))
            when = datetime(2026, 3, 1) + timedelta(days=7 * day)
            history.save_set(report(), moved, lifter=lifter, filmed_at=when)


# --- upload --------------------------------------------------------------------------------------------------------


def test_the_first_page_asks_for_a_video() -> None:
    at = opened()
    assert at.title[0].value == "How was your lift?"
    assert at.file_uploader[0].label == "Videos of your sets"
    assert button(at, "Check my lift").disabled
    assert "not a medical device" in texts(at)


def test_an_upload_is_analysed_as_it_was_told_to_be() -> None:
    at = opened()
    at.file_uploader[0].set_value(("Leg day.mp4", b"picture", "video/mp4"))
    at.segmented_control(key="lift").set_value("deadlift")
    at.number_input(key="load").set_value(102.5)
    at.text_area(key="notes").set_value("felt heavy")
    at.run()
    button(at, "Check my lift").click().run()
    (job,) = NowBatch.seen
    assert (job.title, job.exercise, job.load_kg, job.notes) == ("Leg day.mp4", "deadlift", 102.5, "felt heavy")
    assert job.video is not None
    assert Path(job.video).read_bytes() == b"picture"
    assert job.save
    at.run()
    assert "3 deadlift reps" in texts(at)
    assert {each.label for each in at.tabs} == {"Pictures and plots", "Not judged", "Files", "Judge again"}


def test_whom_to_follow_and_how_slow_the_film_is_reach_the_analysis_and_stay_with_the_set() -> None:
    at = opened()
    at.file_uploader[0].set_value(("a.mp4", b"x", "video/mp4"))
    at.segmented_control(key="person").set_value("nearest")
    at.number_input(key="slow-motion").set_value(2.0)
    at.run()
    button(at, "Check my lift").click().run()
    (job,) = NowBatch.seen
    assert (job.person, job.slow_motion) == ("nearest", 2.0)
    at.run()
    with open_history() as history:
        (saved,) = history.sets()
    again = saved_set_words.job_of(saved)
    assert (again.person, again.slow_motion) == ("nearest", 2.0)
    judged = pipeline.judge(again, POSES)[1]
    assert [rep.top_s for rep in judged.reps] == pytest.approx([rep.top_s for rep in saved.report.reps], abs=1e-3)
    assert judged.set_level is not None
    assert saved.report.set_level is not None
    assert judged.set_level.tempo_s == pytest.approx(saved.report.set_level.tempo_s, abs=1e-3, nan_ok=True)
    # Only what is said to be in slow motion is.
    at.button(key="another").click().run()
    assert (at.segmented_control(key="person").value, at.number_input(key="slow-motion").value) == ("auto", None)


def test_how_slow_the_film_is_can_be_said_afterwards_and_is_saved_when_asked_for() -> None:
    at = opened()
    at.file_uploader[0].set_value(("a.mp4", b"x", "video/mp4"))
    at.run()
    button(at, "Check my lift").click().run()
    at.run()
    (slow_motion,) = [each for each in at.number_input if each.label == "Slow motion, times"]
    slow_motion.set_value(2.0).run()
    button(at, "Judge again").click().run()
    at.run()
    assert NowBatch.seen[-1].slow_motion == 2.0
    now = at.session_state[session.KEY].results[0].report()
    assert now.slow_motion == 2.0
    button(at, "Save this judgement").click().run()
    with open_history() as history:
        (saved,) = history.sets()
    assert saved.report.to_dict() == now.to_dict()
    assert saved.settings["slow_motion"] == 2.0
    assert saved_set_words.job_of(saved).slow_motion == 2.0
    # The box says what the result was judged with.
    (slow_motion,) = [each for each in at.number_input if each.label == "Slow motion, times"]
    assert slow_motion.value == 2.0


SOMEBODY_ELSE = "Several people are in the picture: the one on the left was followed. To judge another one, choose."


def test_where_several_people_were_seen_another_one_is_followed_at_a_click(monkeypatch: pytest.MonkeyPatch) -> None:
    followed: list[str] = []

    def watched(job: AnalysisRequest) -> State:
        """As if the model had looked at the video."""
        folder = Path(str(job.folder))
        folder.mkdir()
        poses = replace(POSES, notes=(SOMEBODY_ELSE,), time_s=POSES.time_s * (1.0 + 0.001 * len(followed)))
        save_poses(poses, folder / "given.npz")
        followed.append(job.person)
        without_video = tuple(name for name in job.exports or () if name != "video")
        given = replace(job, video=None, poses=str(folder / "given.npz"), exports=without_video)
        remark, set_id = worker.run(given, lambda _: None, lambda: False)
        return State(job, Phase.DONE, message=remark, set_id=set_id)

    monkeypatch.setattr(NowBatch, "outcome", watched)
    at = opened()
    at.file_uploader[0].set_value(("a.mp4", b"x", "video/mp4"))
    at.number_input(key="load").set_value(60.0)
    at.run()
    button(at, "Check my lift").click().run()
    at.run()
    assert "the one on the left was followed" in texts(at).replace("\\", "")
    button(at, "Right").click().run()
    at.run()
    assert followed == ["auto", "right"]
    (now,) = at.session_state[session.KEY].results
    assert (now.job.person, now.job.load_kg) == ("right", 60.0)
    # The set of the one who was not meant is not kept beside it.
    with open_history() as history:
        (saved,) = history.sets()
    assert (saved.id, saved.settings["person"]) == (now.job.set_id, "right")
    # What was followed already is not offered.
    offered = {each.label for each in at.button} & set(result.PERSON_WORDS.values())
    assert offered == {"Left", "Nearest"}


def test_a_set_that_was_there_before_stays_when_somebody_else_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    def watched(job: AnalysisRequest) -> State:
        folder = Path(str(job.folder))
        folder.mkdir()
        stretch = 1.0 if job.person == "auto" else 1.001
        save_poses(replace(POSES, notes=(SOMEBODY_ELSE,), time_s=POSES.time_s * stretch), folder / "given.npz")
        without_video = tuple(name for name in job.exports or () if name != "video")
        given = replace(job, video=None, poses=str(folder / "given.npz"), exports=without_video)
        remark, set_id = worker.run(given, lambda _: None, lambda: False)
        return State(job, Phase.DONE, message=remark, set_id=set_id)

    monkeypatch.setattr(NowBatch, "outcome", watched)
    with open_history() as history:
        earlier = history.save_set(report(), replace(POSES, notes=(SOMEBODY_ELSE,))).id
    at = opened()
    at.file_uploader[0].set_value(("a.mp4", b"x", "video/mp4"))
    at.run()
    button(at, "Check my lift").click().run()
    at.run()
    assert at.session_state[session.KEY].results[0].job.set_id == earlier
    button(at, "Right").click().run()
    at.run()
    with open_history() as history:
        kept = {each.id for each in history.summaries()}
    assert earlier in kept
    assert len(kept) == 2


def test_without_the_video_nobody_else_is_offered() -> None:
    at = opened()
    at.file_uploader[0].set_value(("a.mp4", b"x", "video/mp4"))
    at.run()
    button(at, "Check my lift").click().run()
    at.run()
    assert not {each.label for each in at.button} & set(result.PERSON_WORDS.values())


def put_in(at: Any, *names: str) -> Any:
    """Files in the box, each with its own name as its content."""
    at.file_uploader[0].set_value([(name, name.encode(), "video/mp4") for name in names])
    return at.run()


def test_every_file_of_a_batch_is_told_of_by_itself() -> None:
    save_sets(1, "Anna")
    save_sets(1, "Bea")
    at = put_in(opened(), "anna sumo deadlift 100kg.mp4", "IMG_2.mp4", "bea 2026-03-01.mp4")
    first, second, third = (each.number for each in at.session_state[session.KEY].uploads)
    # Guessed from the names, and said to be.
    assert at.selectbox(key=f"lift-{first}").value == "deadlift"
    assert at.selectbox(key=f"lifter-{first}").value == "Anna"
    assert at.number_input(key=f"load-{first}").value == 100.0
    assert "Guessed: Sumo deadlift, 100 kg, Anna" in texts(at).replace("\\", "")
    assert (at.selectbox(key=f"lift-{second}").value, at.selectbox(key=f"lifter-{second}").value) == ("auto", None)
    # No form for all of them beside the table.
    assert not [each for each in at.get("button_group") if each.label == "Lift"]
    at.selectbox(key=f"lift-{second}").set_value("squat")
    at.number_input(key=f"load-{second}").set_value(60.0)
    at.text_input(key=f"notes-{third}").set_value("felt light")
    at.run()
    button(at, "Check 3 lifts").click().run()
    told = [
        (job.title, job.exercise, job.variant, job.lifter, job.load_kg, job.notes, job.filmed_at)
        for job in NowBatch.seen
    ]
    assert told == [
        ("anna sumo deadlift 100kg.mp4", "deadlift", "sumo", "Anna", 100.0, "", ""),
        ("IMG_2.mp4", "squat", "auto", None, 60.0, "", ""),
        ("bea 2026-03-01.mp4", "auto", "auto", "Bea", None, "felt light", "2026-03-01"),
    ]


def test_the_first_file_of_a_batch_can_speak_for_all() -> None:
    at = put_in(opened(), "a.mp4", "b.mp4", "c.mp4")
    first, second, third = (each.number for each in at.session_state[session.KEY].uploads)
    at.number_input(key=f"load-{first}").set_value(80.0)
    at.number_input(key=f"load-{third}").set_value(50.0).run()
    at.button(key="copy-load").click().run()
    assert [at.number_input(key=f"load-{number}").value for number in (first, second, third)] == [80.0] * 3


def test_the_only_file_fills_the_form_once() -> None:
    at = put_in(opened(), "squat 60kg.mp4")
    assert (at.segmented_control(key="lift").value, at.number_input(key="load").value) == ("squat", 60.0)
    at.number_input(key="load").set_value(62.5).run()
    button(at, "Check my lift").click().run()
    assert [(job.exercise, job.load_kg) for job in NowBatch.seen] == [("squat", 62.5)]


def test_what_the_form_said_already_is_not_guessed_again() -> None:
    at = opened()
    at.number_input(key="load").set_value(70.0)
    put_in(at, "squat 60kg.mp4")
    assert at.number_input(key="load").value == 70.0


def test_files_that_cannot_be_read_leave_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    def outcome(job: AnalysisRequest) -> State:
        bad = job.title == "bad.mp4"
        return State(job, Phase.FAILED, message=f"{job.title} is bad", unreadable=bad)

    monkeypatch.setattr(NowBatch, "outcome", outcome)
    at = put_in(opened(), "bad.mp4", "good.mp4")
    button(at, "Check 2 lifts").click().run()
    at.run()
    mine = at.session_state[session.KEY]
    assert [each.name for each in mine.uploads] == ["good.mp4"]
    assert list(Path(mine.temporary.name).iterdir()) == [mine.uploads[0].path.parent]


def test_a_saved_set_is_taken_back_and_saved_after_all() -> None:
    with open_history() as history:
        history.save_lifter(Lifter("Anna"))
    at = put_in(opened(), "a.mp4")
    at.selectbox(key="lifter").set_value("Anna").run()
    button(at, "Check my lift").click().run()
    at.run()
    assert "Saved as set 1 for Anna" in texts(at)
    button(at, "Undo").click().run()
    with open_history() as history:
        assert not history.sets()
    assert "Not saved" in texts(at)
    button(at, "Save to the history").click().run()
    with open_history() as history:
        (saved,) = history.sets()
    assert saved.lifter == "Anna"
    assert f"Saved as set {saved.id} for Anna" in texts(at)


def test_a_set_that_was_there_before_cannot_be_taken_back() -> None:
    with open_history() as history:
        history.save_set(report(), POSES)
    at = put_in(opened(), "a.mp4")
    button(at, "Check my lift").click().run()
    at.run()
    assert "Saved as set 1" in texts(at)
    assert not [each for each in at.button if each.label == "Undo"]


@pytest.mark.parametrize(("answer", "left"), [("Anna", ["Anna"]), ("Bea", ["Bea"]), ("Keep both", ["Anna", "Bea"])])
def test_the_same_recording_under_another_lifter_asks(answer: str, left: list[str]) -> None:
    with open_history() as history:
        history.save_lifter(Lifter("Anna"))
        history.save_set(report(), POSES, lifter="Bea")
    at = put_in(opened(), "a.mp4")
    at.selectbox(key="lifter").set_value("Anna").run()
    button(at, "Check my lift").click().run()
    at.run()
    assert "Whose set is it?" in texts(at)
    assert not at.warning
    button(at, answer).click().run()
    assert "Whose set is it?" not in texts(at)
    with open_history() as history:
        assert sorted(str(each.lifter) for each in history.sets()) == left


def test_a_load_in_pounds_becomes_kilograms() -> None:
    save_settings(Settings(load_unit="lb"))
    at = opened()
    at.file_uploader[0].set_value(("a.mp4", b"x", "video/mp4"))
    at.number_input(key="load").set_value(225.0)
    at.run()
    button(at, "Check my lift").click().run()
    assert NowBatch.seen[0].load_kg == pytest.approx(102.058)


def test_a_bad_file_is_told_of_and_the_page_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    words = "notes.mp4 is not a video that can be read; try an mp4."
    monkeypatch.setattr(NowBatch, "outcome", lambda job: State(job, Phase.FAILED, message=words))
    at = opened()
    at.file_uploader[0].set_value(("notes.mp4", b"text", "video/mp4"))
    at.run()
    button(at, "Check my lift").click().run()
    at.run()
    assert [each.value.replace("\\", "") for each in at.error] == [words]
    assert at.title[0].value == "How was your lift?"


def test_progress_shows_the_time_left_and_can_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NowBatch, "outcome", lambda job: State(job, Phase.RUNNING, "watch", 0.4, 31.0))
    at = opened()
    at.file_uploader[0].set_value(("a.mp4", b"x", "video/mp4"))
    at.run()
    button(at, "Check my lift").click().run()
    assert at.title[0].value == "Looking at your lift"
    shown = at.get("progress")[0].proto
    assert shown.text == "Watching your lift · about 30 s left"
    assert shown.value == 40
    button(at, "Cancel").click().run()
    at.run()
    assert at.title[0].value == "How was your lift?"
    # The upload stays, to be checked after all.
    (kept,) = at.session_state[session.KEY].uploads
    assert list(Path(at.session_state[session.KEY].temporary.name).iterdir()) == [kept.path.parent]
    button(at, r"Remove a\.mp4").click().run()
    assert not list(Path(at.session_state[session.KEY].temporary.name).iterdir())
    assert button(at, "Check my lift").disabled


def test_frames_are_counted_while_the_video_is_watched() -> None:
    state = State(AnalysisRequest(), Phase.RUNNING, "watch", 0.4, 31.0, done=1200, total=3300)
    assert upload_page.progress_words(state) == "Watching your lift · frame 1,200 of 3,300 · about 30 s left"
    assert upload_page.progress_words(replace(state, total=None, left_s=None)) == "Watching your lift · frame 1,200"
    assert upload_page.progress_words(replace(state, stage="judge", left_s=None)) == "Judging the reps"


@pytest.mark.parametrize(
    ("reps", "said"), [(None, ""), (0, ""), (1, " · 1 repetition so far"), (3, " · 3 repetitions so far")]
)
def test_the_repetitions_so_far_are_told_while_the_video_is_watched(reps: int | None, said: str) -> None:
    state = State(AnalysisRequest(), Phase.RUNNING, "watch", 0.4, 31.0, done=120, total=330, reps=reps)
    assert upload_page.progress_words(state) == f"Watching your lift · frame 120 of 330{said} · about 30 s left"
    assert "so far" not in upload_page.progress_words(replace(state, stage="draw"))


def test_the_lifter_is_shown_while_the_video_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {"picture": "", "phase": Phase.RUNNING}
    monkeypatch.setattr(NowBatch, "outcome", lambda job: State(job, stage="watch", **state))  # type: ignore[arg-type]

    def pictures(at: Any) -> list[str]:
        return re.findall(r'class="fc-preview"[^>]*src="([^"]*)"', " ".join(each.proto.body for each in at.get("html")))

    at = put_in(opened(), "a.mp4")
    button(at, "Check my lift").click().run()
    assert pictures(at) == []
    state["picture"] = "AAAA"
    mine = at.session_state[session.KEY]
    mine.batch.states = tuple(replace(each, picture="AAAA") for each in mine.batch.states)
    at.run()
    assert pictures(at) == ["data:image/jpeg;base64,AAAA"]
    # Once something was found, that is what is to be seen.
    mine.batch.states = tuple(replace(each, report=Report.from_dict(report())) for each in mine.batch.states)
    at.run()
    assert pictures(at) == []


def test_the_verdict_is_shown_while_the_video_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Report.from_dict(report())
    monkeypatch.setattr(NowBatch, "outcome", lambda job: State(job, Phase.RUNNING, "draw", 0.8, report=found))
    at = put_in(opened(), "a.mp4")
    button(at, "Check my lift").click().run()
    assert at.get("progress")[0].proto.text == "Drawing the video"
    assert "3 deadlift reps" in texts(at)


def test_results_of_a_batch_open_as_they_come_the_first_file_first(monkeypatch: pytest.MonkeyPatch) -> None:
    done = NowBatch._do
    under_way = {"b.mp4", "c.mp4"}

    def outcome(job: AnalysisRequest) -> State:
        if job.title in under_way:
            return State(job, Phase.RUNNING, "watch", 0.4, 31.0)
        with monkeypatch.context() as patch:
            patch.setattr(NowBatch, "outcome", None)
            return done(NowBatch([]), job)

    monkeypatch.setattr(NowBatch, "outcome", outcome)
    at = put_in(opened(), "a.mp4", "b.mp4", "c.mp4")
    button(at, "Check 3 lifts").click().run()
    at.run()
    # The first is open, and the others are still looked at.
    assert "Saved as set 1" in texts(at)
    assert len(at.get("progress")) == 2
    mine = at.session_state[session.KEY]
    assert [each.job.title for each in mine.results] == ["a.mp4"]
    under_way.clear()
    mine.batch.states = tuple(state if state.phase == Phase.DONE else outcome(state.job) for state in mine.batch.states)
    at.run()
    at.run()
    assert [each.job.title for each in mine.results] == ["a.mp4", "b.mp4", "c.mp4"]
    assert mine.shown == 0
    assert not mine.uploads


def told_form(at: Any) -> Any:
    """The form filled in, with a file."""
    at.file_uploader[0].set_value(("a.mp4", b"picture", "video/mp4"))
    at.segmented_control(key="lift").set_value("deadlift")
    at.number_input(key="load").set_value(102.5)
    at.text_area(key="notes").set_value("felt heavy")
    at.number_input(key="to").set_value(9.0)
    at.toggle(key="save").set_value(False)
    return at.run()


def form_says(at: Any) -> tuple[Any, ...]:
    boxes = at.segmented_control(key="lift"), at.number_input(key="load"), at.text_area(key="notes")
    return tuple(each.value for each in (*boxes, at.number_input(key="to"), at.toggle(key="save")))


def test_another_page_and_back_leaves_the_form_as_it_was() -> None:
    at = told_form(opened())
    before = form_says(at)
    at.session_state[components.GO] = "history"
    at.run()
    at.session_state[components.GO] = "ready"
    at.run()
    at.session_state[components.GO] = "check"
    at.run()
    assert not at.exception
    assert not at.warning
    assert form_says(at) == before == ("deadlift", 102.5, "felt heavy", 9.0, False)
    button(at, "Check my lift").click().run()
    (job,) = NowBatch.seen
    assert job.title == "a.mp4"
    assert job.video is not None
    assert Path(job.video).read_bytes() == b"picture"


@pytest.mark.parametrize("phase", [Phase.CANCELLED, Phase.FAILED])
def test_a_form_without_a_result_is_not_lost(monkeypatch: pytest.MonkeyPatch, phase: Phase) -> None:
    message = "No part of the video is between these times: choose others." if phase == Phase.FAILED else ""
    monkeypatch.setattr(NowBatch, "outcome", lambda job: State(job, phase, message=message))
    at = told_form(opened())
    button(at, "Check my lift").click().run()
    at.run()
    assert form_says(at) == ("deadlift", 102.5, "felt heavy", 9.0, False)
    said = [each.value.replace("\\", "") for each in at.error]
    assert said == ([f"a.mp4: {message}"] if message else [])
    button(at, "Check my lift").click().run()
    assert [Path(str(job.video)).read_bytes() for job in NowBatch.seen] == [b"picture", b"picture"]


def test_another_lift_begins_with_an_empty_form() -> None:
    at = told_form(opened())
    button(at, "Check my lift").click().run()
    at.run()
    assert at.session_state[session.KEY].uploads == []
    at.button(key="another").click().run()
    assert form_says(at) == ("auto", None, "", None, True)
    assert button(at, "Check my lift").disabled


def test_a_part_that_ends_before_it_begins_is_not_started() -> None:
    at = told_form(opened())
    at.number_input(key="from").set_value(9.0).run()
    assert button(at, "Check my lift").disabled
    assert "must be less than" in at.error[0].value
    at.number_input(key="from").set_value(8.0).run()
    assert not button(at, "Check my lift").disabled


def test_what_another_tab_has_started_can_be_shown_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NowBatch, "outcome", lambda job: State(job, Phase.RUNNING, "watch", 0.4, 31.0))
    first = told_form(opened())
    button(first, "Check my lift").click().run()
    at = opened()
    assert r"Still looking at a\.mp4" in texts(at)
    button(at, "Show it here").click().run()
    assert at.title[0].value == "Looking at your lift"
    assert at.session_state[session.KEY] is first.session_state[session.KEY]


def at_address(**query: str) -> Any:
    """The app as it is loaded at an address."""
    at = testing.AppTest.from_file(str(START), default_timeout=60)
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def address(at: Any) -> dict[str, str]:
    """What is in the address of the page, as text."""
    return {name: value[0] if isinstance(value, list) else value for name, value in at.query_params.items()}


def test_the_address_of_a_result_leads_to_it_again() -> None:
    first = put_in(opened(), "a.mp4")
    button(first, "Check my lift").click().run()
    first.run()
    there = address(first)
    assert there["set"] == "1"
    again = at_address(**there)
    assert "3 deadlift reps" in texts(again)
    assert again.session_state[session.KEY] is first.session_state[session.KEY]
    # What comes after it has another address.
    again.button(key="another").click().run()
    assert not address(again)
    elsewhere = at_address(result=there["result"])
    assert "no longer here" in elsewhere.info[0].value
    assert elsewhere.title[0].value == "How was your lift?"


def test_the_address_of_a_saved_set_leads_to_it_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    first = put_in(opened(), "a.mp4")
    button(first, "Check my lift").click().run()
    first.run()
    monkeypatch.setattr(session, "_kept", {})
    again = at_address(**address(first))
    again.run()
    assert "3 deadlift reps" in texts(again)
    assert "Saved as set 1" in texts(again)
    with open_history() as history:
        assert len(history.sets()) == 1


@pytest.mark.parametrize("told", ["7", "x", "99999999999999999999", "-1"])
def test_the_address_of_no_set_says_so(told: str) -> None:
    assert "no longer here" in at_address(set=told).info[0].value


def stopped_app(folder: Path, starts: int = 1, place: str | None = None) -> Path:
    """What an app leaves that was stopped in the middle of a job; the folder of its session."""
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    left = folder / f"{private_folder.FOLDER_PREFIX}{gone.pid}-abc"
    (left / "0").mkdir(parents=True)
    (left / "0" / "video.mp4").write_bytes(b"film")
    (left / "1").mkdir()
    (left / "1" / "half.html").write_text("half", encoding="utf-8")
    job = AnalysisRequest(video=str(left / "0" / "video.mp4"), title="a.mp4", folder=str(left / "1"), save=True)
    told = private_folder.Unfinished((job,), "token", starts)
    told = told if place is None else replace(told, history=place)
    (left / f"{private_folder.JOBS_PREFIX}{gone.pid}.json").write_text(json.dumps(told.to_dict()), encoding="utf-8")
    return left


on_posix = pytest.mark.skipif(os.name != "posix", reason="whether a process is alive is asked on POSIX only")


@on_posix
def test_a_job_that_was_stopped_with_the_app_goes_on_and_its_upload_is_removed_afterwards(tmp_path: Path) -> None:
    left = stopped_app(tmp_path / "temporary")
    at = at_address(result="token")
    (job,) = NowBatch.seen
    assert job.title == "a.mp4"
    assert at.session_state[session.KEY].resumed
    at.run()
    assert "Saved as set 1" in texts(at)
    # Another tab does not take the folder for one that nobody owns.
    opened()
    assert left.is_dir()
    at.button(key="another").click().run()
    assert [path.name for path in left.iterdir()] == [f"{private_folder.OWNER_PREFIX}{os.getpid()}"]


@on_posix
def test_what_stops_the_app_again_and_again_waits_for_a_word(tmp_path: Path) -> None:
    left = stopped_app(tmp_path / "temporary", starts=2)
    at = opened()
    assert not NowBatch.seen
    assert "was stopped more than once while it looked at a" in texts(at)
    button(at, "Try once more").click().run()
    at.run()
    assert [job.title for job in NowBatch.seen] == ["a.mp4"]
    assert "Saved as set 1" in texts(at)
    assert left.is_dir()


@on_posix
def test_what_was_stopped_can_be_discarded_with_its_files(tmp_path: Path) -> None:
    left = stopped_app(tmp_path / "temporary", starts=2)
    at = opened()
    button(at, "Discard").click().run()
    assert "more than once" not in texts(at)
    assert not NowBatch.seen
    assert not list(left.glob("*/*"))
    assert not list(left.glob(f"{private_folder.JOBS_PREFIX}*"))


@on_posix
def test_jobs_for_another_history_are_left_to_it(tmp_path: Path) -> None:
    left = stopped_app(tmp_path / "temporary", place="/elsewhere/history.sqlite3")
    opened()
    assert not NowBatch.seen
    assert (left / "0" / "video.mp4").read_bytes() == b"film"


@on_posix
@pytest.mark.parametrize("damage", ["", "{", "[]", '{"jobs": 3}'])
def test_a_damaged_note_of_jobs_is_removed_with_its_folder(tmp_path: Path, damage: str) -> None:
    left = stopped_app(tmp_path / "temporary")
    (note,) = left.glob(f"{private_folder.JOBS_PREFIX}*")
    note.write_text(damage, encoding="utf-8")
    opened()
    assert not left.exists()
    assert not NowBatch.seen


def test_only_unfinished_jobs_keep_the_folder_when_the_app_ends(tmp_path: Path) -> None:
    job = AnalysisRequest(video="a.mp4", folder=str(tmp_path / "0"))
    busy, idle = private_folder.PrivateFolder(), private_folder.PrivateFolder()
    busy.note(private_folder.Unfinished((job,), "token"))
    for each in (busy, idle):
        each.at_exit()
    assert (busy.path.is_dir(), idle.path.is_dir()) == (True, False)
    busy.note(private_folder.Unfinished((), "token"))
    busy.at_exit()
    assert not busy.path.exists()


def test_addresses_of_many_results_are_not_kept_for_ever() -> None:
    kept = [session.Session(private_folder.PrivateFolder()) for _ in range(session.KEPT_SESSIONS + 2)]
    for each in kept:
        each.keep()
    assert list(session._kept) == [each.token for each in kept[2:]]


def test_names_of_files_are_no_markdown() -> None:
    at = opened()
    at.file_uploader[0].set_value([("$5^2$ **b**.mp4", b"x", "video/mp4"), ("c.mp4", b"y", "video/mp4")])
    at.run()
    button(at, "Check 2 lifts").click().run()
    at.run()
    (pills,) = [each for each in at.get("button_group") if each.label == "Sets"]
    assert [each.content for each in pills.proto.options] == [r"\$5\^2\$ \*\*b\*\*", "C"]


def test_judging_again_uses_other_limits_on_the_same_poses() -> None:
    at = opened()
    at.file_uploader[0].set_value(("a.mp4", b"x", "video/mp4"))
    at.run()
    button(at, "Check my lift").click().run()
    at.run()
    first = at.session_state[session.KEY].results[0]
    at.slider[0].set_value((1.0, at.slider[0].value[1])).run()
    button(at, "Judge again").click().run()
    at.run()
    assert NowBatch.seen[-1].poses == str(first.poses)
    assert NowBatch.seen[-1].start_s == 1.0
    assert NowBatch.seen[-1].end_s is None
    assert len(at.session_state[session.KEY].results) == 1
    with open_history() as history:
        (saved,) = history.sets()
    assert len(saved.report.reps) == 3
    assert saved.settings.get("start_s") is None


def test_a_new_judgement_is_saved_when_it_is_asked_for() -> None:
    at = opened()
    at.file_uploader[0].set_value(("a.mp4", b"x", "video/mp4"))
    at.text_area(key="notes").set_value("felt <b>heavy</b>")
    at.run()
    button(at, "Check my lift").click().run()
    at.run()
    assert "felt &lt;b&gt;heavy" in texts(at)
    assert "Saved as set 1" in texts(at)
    assert not [each for each in at.button if each.label == "Save this judgement"]
    end_s = at.slider[0].value[1]
    at.slider[0].set_value((0.0, round(end_s / 2, 1))).run()
    button(at, "Judge again").click().run()
    at.run()
    assert "Saved to the history" not in texts(at)
    button(at, "Save this judgement").click().run()
    assert "Saved as set 1" in texts(at)
    assert not [each for each in at.button if each.label == "Save this judgement"]
    now = at.session_state[session.KEY].results[0]
    with open_history() as history:
        (saved,) = history.sets()
    assert saved.report.to_dict() == now.report().to_dict()
    assert 0 < len(saved.report.reps) < 3
    assert saved.settings["end_s"] == round(end_s / 2, 1)


def test_what_was_chosen_for_judging_again_stays_chosen() -> None:
    at = opened()
    at.file_uploader[0].set_value(("a.mp4", b"x", "video/mp4"))
    at.run()
    button(at, "Check my lift").click().run()
    at.run()
    mine = at.session_state[session.KEY]
    toml = settings_toml(Settings(checks={"deadlift/back-rounding": Override(1.0, 2.0)}))
    mine.results[0] = replace(mine.results[0], job=replace(mine.results[0].job, settings_toml=toml))
    at.slider[0].set_value((1.0, at.slider[0].value[1])).run()
    button(at, "Judge again").click().run()
    at.run()
    assert at.slider[0].value[0] == 1.0
    button(at, "Judge again").click().run()
    assert parse_settings(NowBatch.seen[-1].settings_toml, "test").checks["deadlift/back-rounding"].watch == 1.0
    assert NowBatch.seen[-1].start_s == 1.0


def test_the_standing_posture_becomes_the_lifters_neutral_back() -> None:
    at = opened()
    with open_history() as history:
        history.save_lifter(Lifter("Anna", height_cm=170.0))
    at.run()
    at.file_uploader[0].set_value(("a.mp4", b"x", "video/mp4"))
    at.selectbox(key="lifter").set_value("Anna")
    at.run()
    button(at, "Check my lift").click().run()
    at.run()
    offer = [each for each in at.button if each.label.startswith("Use this standing posture")]
    told = at.session_state[session.KEY].results[0].report().back
    assert told is not None
    assert told.source == "standing"
    offer[0].click().run()
    with open_history() as history:
        anna = history.lifter("Anna")
    assert [anna.neutral_back["lower_deg"], anna.neutral_back["upper_deg"]] == list(told.standing_deg)
    assert anna.height_cm == 170.0


@pytest.mark.parametrize("back", [None, {"neutral": "population", "standing_deg": [1, 2]}, {"neutral": "standing"}])
def test_only_a_posture_that_was_seen_is_offered(back: dict[str, Any] | None) -> None:
    assert result.standing_back(Report.from_dict({"back": back})) is None


def test_samples_are_hidden_where_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert upload_page.samples_folder() == ROOT / "sample_videos"
    monkeypatch.setattr(formcheck, "__file__", str(tmp_path / "formcheck" / "__init__.py"))
    assert upload_page.samples_folder() is None
    assert not [each for each in opened().button if (each.key or "").startswith("sample-")]


@pytest.mark.parametrize(("left_s", "words"), [(2.0, "5 s"), (33.0, "35 s"), (150.0, "2:30 min")])
def test_a_time_to_wait_in_words(left_s: float, words: str) -> None:
    assert upload_page.left_words(left_s) == words


# --- words from outside --------------------------------------------------------------------------------------------


def test_names_from_outside_are_shown_as_they_are() -> None:
    bad = Report.from_dict(report() | {"video": {"file": "<img src=x onerror=alert(1)>.mp4"}})
    shown = components.hero(bad, "<b>Anna</b>", "kg")
    assert "<img" not in shown
    assert "<b>" not in shown
    assert "&lt;b&gt;Anna" in shown


def test_markdown_from_outside_is_shown_as_it_is() -> None:
    assert components.plain("**a** [b](c) :red[d] $e$") == r"\*\*a\*\* \[b\]\(c\) \:red\[d\] \$e\$"


def test_what_the_list_of_reps_shows() -> None:
    shown = components.reel_data(Report.from_dict(report()), "player", True)
    assert [rep["index"] for rep in shown["reps"]] == [1, 2, 3]
    assert all(rep["start"] < rep["end"] <= shown["duration"] + 0.1 for rep in shown["reps"])
    assert all(len(rep["cells"]) == len(shown["columns"]) for rep in shown["reps"])
    # Colour is never alone.
    assert {rep["words"] for rep in shown["reps"]} <= {"✓ fine", "! watch", "✕ fault"}


def test_the_list_of_reps_says_where_the_back_was_not_judged() -> None:
    told = Report.from_dict(report())
    fine = tuple(replace(each, verdict=OK) for each in told.reps[0].findings)
    unseen = replace(told.reps[0], findings=fine, measures={**told.reps[0].measures, "back_rounding_deg": math.nan})
    (shown,) = components.reel_data(replace(told, reps=(unseen,)), "player", True)["reps"]
    assert (shown["verdict"], shown["words"], shown["found"]) == ("not-measured", "? fine", "the back was not judged")


# --- history -------------------------------------------------------------------------------------------------------


def test_an_empty_history_says_so() -> None:
    assert "kept here, on this computer only" in texts(opened("history"))


def test_saved_sets_are_listed_and_deleted_for_good() -> None:
    save_sets(2)
    at = opened("history")
    assert texts(at).count("2026-03-0") >= 2
    at.button(key="delete-1").click().run()
    with open_history() as history:
        assert [saved.id for saved in history.sets()] == [2]
    assert not [each for each in at.button if each.key == "delete-1"]


def test_trend_and_comparison_have_numbers() -> None:
    save_sets(3)
    at = opened("history")
    assert "Estimated 1RM" in texts(at)
    assert "A trend needs 5 days across 14" in texts(at)
    assert [each.label for each in at.selectbox][-4:] == ["First set", "First rep", "Second set", "Second rep"]
    assert {"These two reps", "Whole sets", "Back rounding from lift-off"} <= {each.value for each in at.header}
    (curves,) = [each for each in at.get("vega_lite_chart") if "from lift-off" in each.proto.spec]
    drawn = "".join(str(each.data.data) for each in curves.proto.datasets)
    assert "First set, rep 1" in drawn
    assert "Second set, rep 1" in drawn
    compared = told_to("compare", at)
    assert [each["title"] for each in compared["figures"]] == ["First set, rep 1", "Second set, rep 1"]
    assert "First set, rep 1</th>" in texts(at)
    assert compared["players"] == []
    at.selectbox(key="rep-1-3").set_value(2).run()
    assert told_to("compare", at)["figures"][1]["title"] == "Second set, rep 2"


def test_a_set_is_compared_with_the_own_best_rep_and_with_a_good_lift() -> None:
    save_sets(3)
    at = opened("history")
    at.segmented_control(key="compare-way").set_value("Own best rep").run()
    compared = told_to("compare", at)
    assert [each["title"] for each in compared["figures"]] == ["Own best, set 2, rep 1", "Your set, rep 1"]
    at.segmented_control(key="compare-way").set_value("Good lift").run()
    assert not at.exception
    compared = told_to("compare", at)
    assert [each["title"] for each in compared["figures"]] == ["Good lift, sample", "Your set, rep 1"]
    ones, twos = compared["phases"]
    assert len(ones) == len(twos) >= 3
    assert "less is better" in texts(at)


def test_one_set_is_compared_with_a_good_lift() -> None:
    save_sets(1)
    at = opened("history")
    at.segmented_control(key="compare-way").set_value("Good lift").run()
    assert len(told_to("compare", at)["figures"]) == 2


@pytest.mark.parametrize("lift", references.REFERENCES)
def test_every_lift_has_a_good_rep_to_compare_with(lift: str) -> None:
    found = references.reference_of(lift)
    assert found is not None
    assert (found.exercise, found.view.partition("-")[0]) == (lift, "side")
    assert found.rounding_deg is not None
    assert found.rounding_deg < 12, "it is a good one"
    assert found.figure.time_s[0] >= found.rep.start_s - 0.05
    assert found.figure.time_s[-1] <= found.rep.end_s + 0.05
    assert len(found.figure.moments) == len(found.figure.time_s) > 20
    assert set(references.REFERENCES) == {each.name for each in EXERCISES}
    assert references.reference_of("none") is None


def test_what_does_not_compare_is_warned_of() -> None:
    side, other, oblique = "side-left", "side-right", "oblique"
    assert history_compare.warnings("deadlift", "deadlift", side, other) == [], "figures are turned"
    (words,) = history_compare.warnings("deadlift", "deadlift", side, oblique)
    assert "from the side" in words
    (words,) = history_compare.warnings("deadlift", "squat", side, side)
    assert "different lifts" in words


@pytest.mark.parametrize(
    ("one", "two", "unit", "change"),
    [(11.4, 12.6, "deg", 2), (11.6, 12.4, "deg", 0), (1.004, 1.006, "s", 0.01), (100.04, 100.06, "kg", 0.1)],
)
def test_a_difference_is_that_of_the_numbers_beside_it(one: float, two: float, unit: str, change: float) -> None:
    assert history_compare.change_of(one, two, unit) == pytest.approx(change)
    assert math.isnan(history_compare.change_of(math.nan, two, unit))


def test_sets_are_narrowed_by_verdict_and_tag_but_trends_are_not() -> None:
    save_sets(3)
    with open_history() as history:
        history.change_set(2, notes="felt good #meet")
    at = opened("history")
    at.selectbox(key="which-tag").set_value("meet").run()
    assert [each.key for each in at.button if str(each.key).startswith("open-")] == ["open-2"]
    assert "#meet" in texts(at)
    assert "in numbers" in str([each.label for each in at.expander])
    at.selectbox(key="which-tag").set_value(None).run()
    at.selectbox(key="which-verdict").set_value("watch").run()
    with open_history() as history:
        watched = [f"open-{each.id}" for each in history.summaries() if each.verdict == "watch"]
    assert [each.key for each in at.button if str(each.key).startswith("open-")] == watched


def told_to(key: str, at: Any) -> dict[str, Any]:
    """What a part of the page that runs in the browser was given."""
    (found,) = [each for each in at.get("bidi_component") if each.proto.component_name.endswith(f"_{key}")]
    told: dict[str, Any] = json.loads(found.proto.json)
    return told


def test_what_is_compared_first_is_the_last_two_of_a_kind() -> None:
    save_sets(4)
    with open_history() as history:
        history.change_set(3, lifter="Berta")
        sets = history.sets()
        assert [saved.id for saved in history_compare.pair_of(sets)] == [2, 4]
        assert [saved.id for saved in history_compare.pair_of(sets[:2])] == [3, 4]


def test_loads_are_compared_in_the_own_unit() -> None:
    save_sets(2)
    save_settings(Settings(load_unit="lb"))
    shown = texts(opened("history"))
    assert "220.5 lb" in shown
    assert "661.4 lb" in shown
    assert "100 kg" not in shown


@pytest.mark.parametrize(
    ("value", "unit", "signed", "words"),
    [
        (6.93, "deg", False, "7°"),
        (-0.4, "deg", True, "0°"),
        (102.5, "kg", False, "102.5 kg"),
        (220.462, "lb", False, "220.5 lb"),
        (1060.0, "kg", False, "1060 kg"),
        (3, "", False, "3"),
        (-0.004, "s", True, "0.00 s"),
        (0.12, "thigh lengths", True, "+0.12"),
        (float("nan"), "s", False, "–"),
    ],
)
def test_numbers_are_as_precise_as_they_are_known(value: float, unit: str, signed: bool, words: str) -> None:
    assert history_compare.amount(value, unit, signed=signed) == words


def test_two_sets_of_one_day_can_be_told_apart() -> None:
    with open_history() as history:
        for number in range(2):
            moved = replace(POSES, time_s=POSES.time_s * (1.0 + 0.001 * number))
            history.save_set(report(), moved, filmed_at=datetime(2026, 3, 1, 14, 5 * number))
    at = opened("history")
    first, second = at.selectbox(key="compare-0").options
    assert first.startswith("Set 2 · 2026-03-01 14:05 · ")
    assert second.startswith("Set 1 · 2026-03-01 14:00 · ")
    assert {"Open set 1", "Open set 2"} <= {each.label for each in at.button}


def test_sets_without_a_name_can_be_chosen_and_a_name_is_never_taken_for_a_choice() -> None:
    save_sets(1, lifter=None)
    for number, name in enumerate(("All lifters", "No name", "New lifter"), start=1):
        with open_history() as history:
            moved = replace(POSES, time_s=POSES.time_s * (1.0 + 0.01 * number))
            history.save_set(report(), moved, lifter=name, filmed_at=datetime(2026, 4, number))
    at = opened("history")
    for who, shown in ((history_page.NOBODY, 1), (history_page.EVERYBODY, 4), ("All lifters", 1), ("No name", 1)):
        at.selectbox(key="who").set_value(who).run()
        assert len([each for each in at.button if each.label.startswith("Open set")]) == shown
    settings = opened("settings")
    settings.selectbox(key="profile").set_value("New lifter").run()
    assert settings.text_input[0].value == "New lifter"
    settings.selectbox(key="profile").set_value(settings_page.NEW).run()
    assert settings.text_input[0].value == ""


def test_a_chart_does_not_magnify_noise() -> None:
    low, high = history_trend.span([50.77, 50.79], 10.0)
    assert (low, high) == pytest.approx((45.78, 55.78))
    assert history_trend.span([10.0, 40.0], 10.0) == (10.0, 40.0)


def test_an_import_shows_what_it_brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_sets(2)
    with open_history() as history:
        export_history(history, tmp_path / "all.zip")
    monkeypatch.setenv("FORMCHECK_HISTORY_DIR", str(tmp_path / "another"))
    at = opened("history")
    content = (tmp_path / "all.zip").read_bytes()
    at.file_uploader(key="import-file").set_value(("all.zip", content, "application/zip")).run()
    button(at, "Import").click().run()
    assert [each.value for each in at.toast] == ["2 new sets, 0 renewed, 0 here already."]
    assert {"Open set 1", "Open set 2"} <= {each.label for each in at.button}


def test_a_saved_set_is_analysed_again_as_it_was_asked_for() -> None:
    save_sets(1)
    with open_history() as history:
        poses = history.poses(1)
    strict = Settings(checks={"deadlift/back-rounding": Override(1.0, 2.0), "deadlift/arm-pull": Override(off=True)})
    job = AnalysisRequest(
        exercise="deadlift", settings_toml=settings_toml(strict), presets=("earlier-injury",), end_s=6.0
    )
    _, told = pipeline.judge(job, poses)
    with open_history() as history:
        saved = history.change_set(1, report=told.to_dict(), settings={"start_s": None, "end_s": 6.0})
    again = saved_set_words.job_of(saved)
    assert (again.start_s, again.end_s, again.presets) == (None, 6.0, ("earlier-injury",))
    _, found = pipeline.judge(again, poses)
    assert found.to_dict() == told.to_dict()


def test_settings_that_nobody_knows_any_more_are_left_out() -> None:
    gone = Settings(
        presets=("gone", "rdl"),
        load_unit="stone",
        variants={"deadlift": "sumo", "squat": "gone", "curl": "any"},
        checks={"deadlift/gone": Override(1.0), "squat/depth": Override(off=True)},
    )
    assert saved_set_words.known_settings(gone) == Settings(
        variants={"deadlift": "sumo"}, checks={"squat/depth": Override(off=True)}
    )
    assert saved_set_words.known_presets(gone) == ("rdl",)


def test_a_set_in_pounds_and_of_a_chosen_variant_is_analysed_again_like_that() -> None:
    save_sets(1)
    told = Settings(load_unit="lb", variants={"deadlift": "sumo"})
    with open_history() as history:
        saved = history.change_set(1, report=report() | {"settings": told.to_dict()})
    assert parse_settings(saved_set_words.job_of(saved).settings_toml, "the job") == told


def test_a_saved_report_that_cannot_be_read_leaves_the_others_in_the_list() -> None:
    save_sets(2)
    with open_history() as history, history.writing():
        history.update(1, {"report": '{"reps": "two", "verdict": 3}'})
    at = opened("history")
    shown = texts(at)
    assert "The report of set 1 is not a FormCheck report" in shown
    assert {"Open set 1", "Open set 2"} <= {each.label for each in at.button}


def test_an_error_in_one_part_of_a_page_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise HistoryError("The history is in use.")

    monkeypatch.setattr(settings_page, "open_history", fail)
    at = opened("settings")
    assert [each.value.replace("\\", "") for each in at.error] == ["The history is in use."]
    assert at.radio[0].label == "Load"


def test_a_long_history_is_shown_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_page, "COMPARED", 3)
    monkeypatch.setattr(history_page, "SETS_AT_ONCE", 2)
    save_sets(5)
    whole: list[int] = []
    read = History.set

    def noted(self: History, number: int) -> SavedSet:
        whole.append(number)
        return read(self, number)

    monkeypatch.setattr(History, "set", noted)
    at = opened("history")
    assert [each.label for each in at.button if each.label.startswith("Open set")] == ["Open set 5", "Open set 4"]
    assert len(at.selectbox(key="compare-0").options) == 3
    assert "The last 3 of 5 sets" in texts(at)
    assert set(whole) == {4, 5}, "no report is read but those of the two sets that are compared"
    button(at, "Show more of 5").click().run()
    assert len([each for each in at.button if each.label.startswith("Open set")]) == 4


def test_a_damaged_set_says_so_on_its_card() -> None:
    save_sets(2)
    with open_history() as history, history.writing() as connection:
        connection.exec_driver_sql("UPDATE sets SET verdict = '?', saved_at = '' WHERE id = 1")
    shown = texts(opened("history"))
    assert "Damaged (date, report): formcheck history repair saves what can be read." in shown
    assert "There is no other set of this lifter and lift that was judged." in shown


def test_a_set_that_is_gone_meanwhile_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    save_sets(1)
    at = opened("history")
    with open_history() as history:
        (saved,) = history.sets()
        history.delete_set(1)
    # Another tab deletes it between the list and the dialog.
    monkeypatch.setattr(History, "summaries", lambda self, **_: (saved,))
    monkeypatch.setattr(History, "kinds", lambda self: ((saved.lifter, saved.exercise),))
    at.button(key="open-1").click().run()
    assert not at.exception
    assert "There is no set 1" in at.error[0].value


def test_a_zip_that_is_no_export_is_named_as_its_owner_does() -> None:
    at = opened("history")
    at.file_uploader(key="import-file").set_value(("holiday.zip", b"no zip", "application/zip")).run()
    button(at, "Import").click().run()
    assert not at.exception
    assert at.error[0].value.replace("\\", "").startswith("holiday.zip is not an exported FormCheck history")


def test_different_lifters_make_no_trend() -> None:
    save_sets(2)
    with open_history() as history:
        history.change_set(1, lifter="Berta")
    assert "Choose one lifter and one lift" in texts(opened("history"))


def test_a_saved_set_is_judged_again_from_its_poses() -> None:
    save_sets(1)
    at = opened("history")
    at.button(key="open-1").click().run()
    # Here, unlike in a browser, a dialog is only drawn in the run that opens it.
    at.button(key="open-1").click()
    button(at, "Plots and judge again").click().run()
    (job,) = NowBatch.seen
    assert (job.set_id, job.lifter, job.save) == (1, "Anna", False)
    at.run()
    assert "3 deadlift reps" in texts(at)
    assert not [each for each in at.button if each.label == "Save this judgement"], "nothing was changed yet"


def _use_as_neutral(at: Any) -> None:
    at.button(key="open-1").click().run()
    at.button(key="open-1").click()
    button(at, "Use as my neutral").click().run()
    assert not at.exception


def test_a_saved_set_becomes_its_lifters_neutral_back_and_is_forgotten_in_the_settings() -> None:
    save_sets(1)
    at = opened("history")
    _use_as_neutral(at)
    assert "every deadlift of Anna" in at.success[0].value
    with open_history() as history:
        assert own_reps_of(history.lifter("Anna").neutral_back)["deadlift"].day == "2026-03-01"
    at = opened("settings")
    at.selectbox[0].set_value("Anna").run()
    assert "**Own neutral back, deadlift:** good reps of 2026-03-01" in texts(at)
    button(at, "Forget the neutral back").click().run()
    with open_history() as history:
        assert not history.lifter("Anna").neutral_back


def test_a_set_that_cannot_be_the_neutral_says_why() -> None:
    save_sets(1, lifter=None)
    at = opened("history")
    _use_as_neutral(at)
    assert "nobody's" in at.warning[0].value.replace("\\", "")


# --- settings ------------------------------------------------------------------------------------------------------


def test_a_profile_is_made_and_changed() -> None:
    at = opened("settings")
    at.text_input[0].set_value("Anna")
    at.number_input[0].set_value(172.0)
    at.checkbox[0].check()
    button(at, "Save").click().run()
    with open_history() as history:
        assert history.lifters() == (Lifter("Anna", 172.0, True),)


def test_who_lifts_pounds_tells_the_height_in_feet_and_inches() -> None:
    save_settings(Settings(load_unit="lb"))
    at = opened("settings")
    at.text_input[0].set_value("Anna")
    at.number_input[0].set_value(5)
    at.number_input[1].set_value(8.0)
    button(at, "Save").click().run()
    with open_history() as history:
        assert history.lifters() == (Lifter("Anna", 172.7),)


def test_a_height_in_centimetres_is_not_rounded_by_looking_at_it_in_feet() -> None:
    save_settings(Settings(load_unit="lb"))
    with open_history() as history:
        history.save_lifter(Lifter("Anna", 171.0))
    at = opened("settings")
    assert [each.value for each in at.number_input[:2]] == [5, 7.5]
    button(at, "Save").click().run()
    with open_history() as history:
        assert history.lifters() == (Lifter("Anna", 171.0),)


@pytest.mark.parametrize(
    ("height_cm", "shown"),
    [(182.88, (6, 0.0)), (182.5, (6, 0.0)), (181.6, (5, 11.5)), (100.0, (3, 3.5)), (230.0, (7, 6.5))],
)
def test_a_height_in_feet(height_cm: float, shown: tuple[int, float]) -> None:
    assert settings_page.feet_and_inches(height_cm) == shown


@pytest.mark.parametrize("target", [None, 0.0, 0.07, -0.23])
def test_a_profile_that_is_saved_again_keeps_its_depth_target(target: float | None) -> None:
    with open_history() as history:
        history.save_lifter(Lifter("Anna", 170.0, depth_target_thighs=target))
    at = opened("settings")
    at.number_input[0].set_value(171.0)
    button(at, "Save").click().run()
    assert not at.exception
    with open_history() as history:
        assert history.lifters() == (Lifter("Anna", 171.0, depth_target_thighs=target),)


def test_a_named_depth_target_can_be_chosen_instead() -> None:
    with open_history() as history:
        history.save_lifter(Lifter("Anna", depth_target_thighs=0.07))
    at = opened("settings")
    (box,) = [each for each in at.selectbox if each.label == "Squat depth target"]
    assert box.options == [
        "Usual",
        "Below parallel",
        "Parallel",
        "A quarter of a thigh above",
        "Hips 0.07 thigh lengths above the knees",
    ]
    box.set_value(0.0)
    button(at, "Save").click().run()
    with open_history() as history:
        assert history.lifter("Anna").depth_target_thighs == 0.0


def test_a_wrong_profile_is_told_of() -> None:
    at = opened("settings")
    button(at, "Save").click().run()
    assert "needs a name" in at.error[0].value


def test_pounds_are_remembered_beside_other_settings() -> None:
    save_settings(Settings(height_cm=180.0))
    at = opened("settings")
    at.radio[0].set_value("lb").run()
    assert load_settings() == Settings(height_cm=180.0, load_unit="lb")


def test_settings_that_contradict_themselves_leave_the_pages_usable() -> None:
    save_sets(1)
    path = default_settings_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[checks.deadlift.back-rounding]\nwatch = 30\nfault = 20\n", encoding="utf-8")
    at = opened()
    assert at.error[0].value.startswith("**Your settings cannot be used.**")
    assert at.number_input(key="load").label == "Load in kg"
    assert button(opened("history"), "Open set 1")
    at.button(key="settings-aside").click().run()
    assert not at.error
    assert not path.exists()
    assert load_settings() == DEFAULTS


def test_edited_limits_are_only_what_differs() -> None:
    lift = exercise_named("squat")
    assert lift is not None
    table = limits.rows(lift, DEFAULTS)
    assert limits.overrides(lift, table, DEFAULTS) == {}
    table[0] |= {"Watch": 1.0, "Fault": 2.0} if lift.checks[0].more_is_worse else {"Watch": 2.0, "Fault": 1.0}
    table[1]["On"] = False
    changed = limits.overrides(lift, table, DEFAULTS)
    assert list(changed) == [f"squat/{lift.checks[0].id}", f"squat/{lift.checks[1].id}"]
    assert changed[f"squat/{lift.checks[1].id}"].off


def test_a_check_that_was_off_can_be_switched_on() -> None:
    lift = exercise_named("squat")
    assert lift is not None
    own = Settings(checks={f"squat/{lift.checks[0].id}": Override(off=True)})
    table = limits.rows(lift, own)
    assert table[0]["On"] is False
    table[0]["On"] = True
    changed = limits.overrides(lift, table, own)[f"squat/{lift.checks[0].id}"]
    assert (changed.off, changed.watch) == (None, lift.checks[0].watch)


def test_a_hint_has_no_limit_for_faults() -> None:
    lift = exercise_named("deadlift")
    assert lift is not None
    number = next(n for n, check in enumerate(lift.checks) if check.worst == "watch" and check.more_is_worse)
    check = lift.checks[number]
    table = limits.rows(lift, DEFAULTS)
    assert table[number]["Fault"] is None
    table[number]["Watch"] = check.fault + 10.0
    changed = Settings(checks=limits.overrides(lift, table, DEFAULTS))
    check_limits(changed)
    assert changed.checks == {
        f"deadlift/{check.id}": Override(check.fault + 10.0, check.fault + 10.0, source="your limits")
    }


def test_an_emptied_limit_is_refused() -> None:
    lift = exercise_named("squat")
    assert lift is not None
    table = limits.rows(lift, DEFAULTS)
    table[0]["Watch"] = None
    with pytest.raises(FormCheckError, match="both limits"):
        limits.overrides(lift, table, DEFAULTS)


def test_settings_are_written_as_they_are_read() -> None:
    settings = Settings(
        height_cm=181.5,
        earlier_back_injury=True,
        depth_target=-0.1,
        load_unit="lb",
        variants={"deadlift": "sumo"},
        checks={"deadlift/back-rounding": Override(15.0, 22.0), "squat/butt-wink": Override(off=True)},
    )
    save_settings(settings)
    assert load_settings().to_dict() == settings.to_dict()
    assert settings_toml(DEFAULTS).strip() == ""


# --- colours -------------------------------------------------------------------------------------------------------


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (#rrggbb) as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_letters_and_lines_stand_out_as_wcag_aa_asks(theme: str) -> None:
    place = ("light", "dark").index(theme)
    own = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"][theme]
    page, card, ink = own["backgroundColor"], own["secondaryBackgroundColor"], own["textColor"]
    pairs = {name: found for name, *found in re.findall(rf"(--fc-[a-z-]+): {PAIR}", components.asset("style.css"))}
    colour = {name.removeprefix("--fc-"): found[place] for name, found in pairs.items()}
    text = [(colour["soft"], page), (colour["soft"], card), (colour["accent"], page), (colour["accent"], card)]
    text += [(colour[level], colour[f"{level}-soft"]) for level in ("ok", "watch", "fault", "none", "accent")]
    text += [(ink, page), (ink, card), (ink, colour["accent-soft"]), (own["linkColor"], page)]
    text += [("#ffffff", own["primaryColor"])]
    tags = re.findall(rf"background: {PAIR}; color: {PAIR}", components.asset("reel.css"))
    assert len(tags) == 4
    text += [(tag[2 + place], tag[place]) for tag in tags]
    lines = [found[place] for found in re.findall(rf"color: {PAIR}", components.asset("compare.css"))]
    assert len(lines) == 6
    assert min(contrast(colour["edge"], page), contrast(colour["edge"], card)) >= 3.0
    assert {pair: contrast(*pair) for pair in text if contrast(*pair) < 4.5} == {}
    assert {line: contrast(line, card) for line in lines if contrast(line, card) < 3.0} == {}


PAIR = r"light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)"


def test_the_measure_of_contrast_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


# --- starting ------------------------------------------------------------------------------------------------------


def test_the_app_stays_on_this_machine_and_sends_nothing() -> None:
    line = app_cli.streamlit_command(8501, open_browser=False)
    assert {"--server.address=localhost", "--browser.gatherUsageStats=false", "--server.port=8501"} <= set(line)
    assert Path(line[line.index("run") + 1]).is_file()
    here = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    config = tomllib.loads(here)
    assert config["server"]["address"] == "localhost"
    assert config["browser"]["gatherUsageStats"] is False
    assert config["server"]["maxUploadSize"] >= 1000
    # Streamlit reads the file beside the script that it runs: either one.
    assert (ROOT / "formcheck" / "app" / "server" / ".streamlit" / "config.toml").read_text(encoding="utf-8") == here


@pytest.mark.parametrize("script", ["app.py", "formcheck/app/server/start.py"])
def test_streamlit_finds_no_pages_of_its_own_kind_beside_what_it_runs(script: str) -> None:
    """It would answer the first visit of /live or /ready with "Page not found"."""
    assert (ROOT / script).is_file()
    assert not (ROOT / script).with_name("pages").exists()


def test_the_command_starts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    def serve(line: list[str]) -> int:
        started.append(line)
        return 0

    monkeypatch.setattr(app_cli, "serve", serve)
    result = CliRunner().invoke(command, ["app", "--port", "8765", "--no-browser"])
    assert result.exit_code == 0
    assert "--server.port=8765" in started[0]
    assert "--server.headless=true" in started[0]


def test_without_streamlit_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    result = CliRunner().invoke(command, ["app"])
    assert result.exit_code == 2
    assert result.stderr.strip() == "The app needs Streamlit, which is not installed: pip install 'formcheck[app]'"


def test_a_part_with_its_own_timer_has_nothing_beside_it() -> None:
    def page() -> None:
        import streamlit as st

        from formcheck.app import components

        def part() -> None:
            st.text("again and again")

        components.redrawn(part, 1.0)
        st.text("what follows")

    container, follows = testing.AppTest.from_function(page).run().main.children.values()
    assert follows.value == "what follows"
    # Without one of its own, the part's place is numbered together with what follows, and could be drawn over it.
    (part,) = container.children.values()
    assert [each.value for each in part.children.values()] == ["again and again"]


def test_parts_with_a_timer_are_drawn_in_one_way() -> None:
    files = (ROOT / "formcheck" / "app").rglob("*.py")
    fragments = [path.name for path in files if "st.fragment" in path.read_text(encoding="utf-8")]
    assert fragments == ["components.py"]


def test_pages_have_different_addresses() -> None:
    paths = [path for _, path, _, _ in main.PAGES]
    assert len(set(paths)) == len(paths) >= 3


def test_streamlit_is_known_to_the_app_only() -> None:
    package = ROOT / "formcheck"
    knowing = set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == "streamlit" for name in names):
                knowing.add(path.relative_to(package).parts[0])
    assert knowing == {"app"}


# --- warnings of the day -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [path for _, path, _, _ in main.PAGES])
def test_what_stops_today_stands_above_every_page_after_a_restart(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but the disk can tell it: the app has a new session, as after a restart or in another tab."""
    monkeypatch.setattr(live_page, "_camera", lambda form: False)  # there is no browser whose camera it could be
    keep_answers(READY, {"pain": "nerve", "earlier": "none", "rest": "fresh"})
    at = opened(page)
    shown = [each.value.replace("\\", "") for each in at.error]
    if page == guidance_pages.READY_PATH:
        assert shown == []  # the page says so itself
        assert text("ready.stop") in texts(at) + " ".join(each.proto.body for each in at.get("html"))
    else:
        assert text("ready.stop") in shown[0]


@pytest.mark.parametrize("page", ["check", "live"])
def test_without_such_answers_nothing_stands_there(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_page, "_camera", lambda form: False)
    keep_answers(READY, {"pain": "none", "earlier": "none", "rest": "fresh"})
    assert not opened(page).error
