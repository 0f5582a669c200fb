"""Kills analyses at random moments, with SIGKILL, and looks at what they leave."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from formcheck.core.poses import PoseSequence
from formcheck.judging.report import Report
from formcheck.service.pipeline import AnalysisRequest, run_analysis
from formcheck.service.worker import run as run_job
from formcheck.storage.history import open_history
from formcheck.storage.pose_files import load_poses, save_poses
from formcheck.storage.report_folder import MARKER, PARTIAL_PREFIX
from tests.helpers.synthetic_lifter import deadlift, film

ROOT = Path(__file__).resolve().parents[2]
STARTED_S = 120.0


@dataclass
class Kills:
    """What a series of kills came to.

    ``during`` are those that came before the work was done; ``problems`` says what was lost or half there.
    """

    title: str
    tried: int = 0
    during: int = 0
    problems: list[str] = field(default_factory=list)


class Scene:
    """A folder with poses, a report folder and a history that already has a set."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out = folder, folder / "out"
        self.poses = film(deadlift(2), fps=12.0, noise_px=1.0)
        os.environ["FORMCHECK_HISTORY_DIR"] = str(folder / "history")
        save_poses(self.poses, folder / "first.npz")
        self.request = AnalysisRequest(
            poses=str(folder / "first.npz"), exercise="deadlift", folder=str(self.out), save=True, lifter="Ada"
        )
        run_analysis(self.request)

    def next_request(self, number: int) -> AnalysisRequest:
        """A set that was not saved before, into the same folder."""
        path = self.folder / "next.npz"
        save_poses(_another(self.poses, number), path)
        # The folder belongs to the first set, as after filming on.
        return replace(self.request, poses=str(path), source=self.request.poses)

    def next_upload(self, number: int) -> Path:
        """A file of a set that was not saved before."""
        path = self.folder / "upload.npz"
        save_poses(_another(self.poses, number), path)
        return path

    def problems(self, sets_before: int) -> list[str]:
        """What is lost or half there."""
        found = [f"{path.name} is half there" for path in self.out.iterdir() if not is_whole(path)]
        with sqlite3.connect(self.folder / "history" / "history.sqlite3") as database:
            (state,) = database.execute("PRAGMA integrity_check").fetchone()
        database.close()
        if state != "ok":
            found.append(f"the history is damaged: {state}")
        count = self.sets()
        if count not in (sets_before, sets_before + 1):
            found.append(f"{sets_before} sets were saved, now there are {count}")
        with open_history() as history:
            lost = [each.id for each in history.sets() if each.report.reps and not each.has_poses]
        found += [f"set {number} has lost its poses" for number in lost]
        return found

    def sets(self) -> int:
        """How many sets are saved."""
        with open_history() as history:
            return len(history.sets())


def _another(poses: PoseSequence, number: int) -> PoseSequence:
    return replace(poses, image_px=poses.image_px + 0.01 * (number + 1))


def is_whole(path: Path) -> bool:
    """Whether a file under its final name is all there; hidden ones are not final."""
    if path.name.startswith(PARTIAL_PREFIX) or (path.name.startswith(".") and path.suffix == ".part"):
        return True
    if path.name == MARKER:
        return isinstance(json.loads(path.read_text(encoding="utf-8")), dict)
    if path.suffix == ".npz":
        return len(load_poses(path)) > 0
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return bool(Report.from_json(text, path.name).reps)
    return text.rstrip().endswith("</html>") if path.suffix == ".html" else text.endswith("\n")


def kill_forked(scene: Scene, kind: str, times: int, seed: int) -> Kills:
    """Kill the process that does an analysis: a fork of this one, which has everything loaded already."""
    work: Callable[[AnalysisRequest], object]
    if kind == "command":
        title, work = "process of `formcheck analyze`", run_analysis
    else:
        title, work = "worker of the app", lambda request: run_job(request, lambda _: None, lambda: False)
    kills, chance = Kills(title), random.Random(seed)
    start_s = time.monotonic()
    _fork(lambda: work(scene.next_request(10_000 + seed)))()
    usual_s = time.monotonic() - start_s
    for number in range(times):
        before = scene.sets()
        request = scene.next_request(1000 * seed + number)
        wait = _fork(lambda request=request: work(request))  # type: ignore[misc]
        kills.during += wait(chance.uniform(0.0, 0.6 * usual_s))  # the first one also warms up
        kills.tried += 1
        kills.problems += scene.problems(before)
    return kills


def _fork(work: Callable[[], object]) -> Callable[..., bool]:
    """Do the work in another process; the function that is returned waits for it, or kills it after a time."""
    process = os.fork()
    if process == 0:
        try:
            work()
        finally:
            os._exit(0)

    return waiting_for(process)


def waiting_for(process: int) -> Callable[..., bool]:
    """What waits for a child to end, after killing it at a moment if one is given; says whether it was killed."""

    def wait(kill_after_s: float | None = None) -> bool:
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        return os.WIFSIGNALED(status)

    return wait


def kill_commands(scene: Scene, times: int, seed: int) -> Kills:
    """Kill the command itself: the process that it works in ends by itself, and leaves nothing half there."""
    kills, chance = Kills("`formcheck analyze` as it was started"), random.Random(seed)
    for number in range(times):
        before = scene.sets()
        request = scene.next_request(7000 + 1000 * seed + number)
        assert request.poses is not None
        words = ["analyze", request.poses, "--out", str(scene.folder / "command"), "--save", "--exercise", "deadlift"]
        with subprocess.Popen(
            [sys.executable, "-m", "formcheck", *words],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as process:
            time.sleep(chance.uniform(0.5, 8.0))
            process.kill()
            kills.during += process.wait() == -signal.SIGKILL
            assert process.stderr is not None
            process.stderr.read()  # closes when the last process that writes to it has ended
        kills.tried += 1
        kills.problems += scene.problems(before)
        command = scene.folder / "command"
        if command.is_dir():
            kills.problems += [f"{path.name} is half there" for path in command.iterdir() if not is_whole(path)]
    return kills
