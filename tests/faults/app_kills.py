"""Kills the app in the middle of its work, with SIGKILL, starts it again, and looks at what became of the job.

The app is played by a process that has a session as a tab has one: it takes an upload, notes the job, and lets a real
worker process do it. What a killed app had begun must be taken up by the next one, or be told; the set is saved once.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from formcheck.app import session
from formcheck.app.private_folder import FOLDER_PREFIX, JOBS_PREFIX, PrivateFolder
from formcheck.service.pipeline import AnalysisRequest
from formcheck.service.worker import Phase
from tests.faults.kills import Kills, Scene, is_whole, waiting_for

ENDS_WITHIN_S = 60.0
"""So long may a worker go on whose app is gone: it hears of that at once, but must be given the processor first."""


def kill_apps(scene: Scene, times: int, seed: int) -> Kills:
    """Kill the app, in one of four cases the next one as well, and let the last one come to an end."""
    kills, chance = Kills("the app, its worker at work"), random.Random(seed)
    app = _App(scene)
    usual_s = app.first(scene.next_upload(20_000 + 1000 * seed))
    for number in range(times):
        before = scene.sets()
        kill = app.start(lambda number=number: _checks(scene.next_upload(20_001 + 1000 * seed + number)))  # type: ignore[misc]
        kills.during += kill(chance.uniform(0.0, usual_s))
        kills.tried += 1
        noted = app.has_notes()
        kills.problems += app.problems(before)
        twice = chance.random() < 0.25
        if twice:
            kills.during += app.start(_goes_on)(chance.uniform(0.0, usual_s))
            kills.tried += 1
            noted = noted and app.has_notes()
            kills.problems += app.problems(before)
        app.start(_goes_on)(None)
        kills.problems += app.problems(before) + app.unfinished(before, noted)
    return kills


def kill_workers(scene: Scene, times: int, seed: int) -> Kills:
    """Kill the worker alone: the app says so, and loses nothing."""
    kills, chance = Kills("the app's worker, the app goes on"), random.Random(seed)
    app = _App(scene)
    usual_s = app.first(scene.next_upload(30_000 + 1000 * seed))
    for number in range(times):
        before = scene.sets()
        upload = scene.next_upload(30_001 + 1000 * seed + number)
        wait = app.start(lambda upload=upload: _checks(upload))  # type: ignore[misc]
        time.sleep(chance.uniform(0.0, usual_s))
        for each in app.processes():
            if each.pid != app.process and _is_worker(each):
                each.kill()
        wait(None)
        kills.tried += 1
        kills.during += any(phase != Phase.DONE for phase, _ in app.said())
        kills.problems += app.problems(before)
        kills.problems += [
            "the worker was killed and nothing was said"
            for phase, words in app.said()
            if phase != Phase.DONE and not words
        ]
        app.start(_goes_on)(None)
        kills.problems += app.problems(before)
    return kills


# --- in the process that plays the app ------------------------------------------------------------------------------


def _checks(upload: Path) -> list[tuple[str, str]]:
    """What a tab does: take a file, and let it be analysed."""
    mine = session.Session(PrivateFolder())
    with upload.open("rb") as content:
        kept = mine.keep_upload(upload.name, content)
    job = AnalysisRequest(
        poses=str(kept.path),
        title="set.npz",
        exercise="deadlift",
        folder=str(mine.new_folder()),
        save=True,
        lifter="Ada",
    )
    mine.start([job])
    return _end_of(mine)


def _goes_on() -> list[tuple[str, str]]:
    """What an app does when its first page is opened: take up what another one left, or ask whether it should."""
    session.resume()
    said = []
    for mine in list(session._kept.values()):
        said += [("told", job.title) for job in mine.interrupted]
        if mine.interrupted:
            mine.discard()
        said += _end_of(mine)
    return said


def _end_of(mine: session.Session) -> list[tuple[str, str]]:
    """Wait for its jobs, show what came of them, and close the tab where nothing is left to be taken up."""
    if mine.batch is None:
        mine.temporary.cleanup()
        return []
    mine.batch.wait()
    said = [(str(state.phase), state.message) for state in mine.batch.states]
    mine.collect()
    mine.temporary.at_exit()
    return said


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "formcheck.service.worker" in process.cmdline()
    except psutil.Error:
        return False


# --- outside --------------------------------------------------------------------------------------------------------


class _App:
    """The process that plays the app, in its own group; what it says is kept in a file."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.process = scene, 0
        self.temporary, self._words = scene.folder / "temporary", scene.folder / "said.json"
        self.temporary.mkdir(exist_ok=True)

    def first(self, upload: Path) -> float:
        """How long the app takes for a job when nobody kills it, in seconds."""
        start_s = time.monotonic()
        self.start(lambda: _checks(upload))(None)
        assert [phase for phase, _ in self.said()] == [Phase.DONE], self.said()
        return time.monotonic() - start_s

    def start(self, work: Callable[[], list[tuple[str, str]]]) -> Callable[[float | None], bool]:
        """Start it; the function that is returned waits for it, or kills it after a time. True = it was killed."""
        self._words.unlink(missing_ok=True)
        process = os.fork()
        if process == 0:
            try:
                os.setsid()
                tempfile.tempdir = str(self.temporary)
                self._words.write_text(json.dumps(work()), encoding="utf-8")
            finally:
                os._exit(0)
        self.process = process
        return waiting_for(process)

    def said(self) -> list[tuple[str, str]]:
        """The phases of its jobs in the end, and the messages."""
        return [(phase, words) for phase, words in json.loads(self._words.read_text(encoding="utf-8"))]

    def processes(self) -> list[psutil.Process]:
        """Those of its group that are alive."""
        return [each for each in psutil.process_iter() if _group(each) == self.process]

    def has_notes(self) -> bool:
        """Whether it left word of a job."""
        return any(self.temporary.glob(f"{FOLDER_PREFIX}*/{JOBS_PREFIX}*.json"))

    def problems(self, before: int) -> list[str]:
        """What is lost, half there or still alive."""
        end_s = time.monotonic() + ENDS_WITHIN_S
        while (alive := self.processes()) and time.monotonic() < end_s:
            time.sleep(0.02)
        found = [f"process {each.pid} goes on without its app" for each in alive]
        notes = self.temporary.glob(f"{FOLDER_PREFIX}*/{JOBS_PREFIX}*.json")
        found += [f"{path.name} is half there" for path in notes if not path.read_text(encoding="utf-8").endswith("}")]
        # The upload is in a folder without a marker.
        for folder in {path.parent for path in self.temporary.glob(f"{FOLDER_PREFIX}*/*/.formcheck.json")}:
            found += [f"{path.name} is half there" for path in folder.iterdir() if not is_whole(path)]
        return found + self.scene.problems(before)

    def unfinished(self, before: int, noted: bool) -> list[str]:
        """What is wrong once an app has come to its end: no job is forgotten, and no file of it is left."""
        said, sets = self.said(), self.scene.sets()
        found = [f"an upload is left in {path.name}" for path in self.temporary.glob(f"{FOLDER_PREFIX}*")]
        if noted and not said:
            found.append("a job that was noted was neither taken up nor told")
        if any(phase == Phase.DONE for phase, _ in said) and sets != before + 1:
            found.append("a job was done, and its set is not there")
        return found + [
            f"a job ended with {phase}: {words}" for phase, words in said if phase not in (Phase.DONE, "told")
        ]


def _group(process: psutil.Process) -> int | None:
    try:
        return None if process.status() == psutil.STATUS_ZOMBIE else os.getpgid(process.pid)
    except (psutil.Error, OSError):
        return None
