"""Analyses in a process of their own, so that a page stays alive meanwhile and a stop is a stop.

`Batch` analyses one job after another in the background and can be asked at any time how far it is. Every job runs in
a new Python process (``python -m formcheck.service.worker``), which reads the job as one line of JSON and answers with
lines of JSON: progress, then the end. The process stops when it is told so, and also when the pipe to it closes, so
that none is left behind when its parent dies.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formcheck.core.errors import Cancelled, FormCheckError, HistoryError, UsageError
from formcheck.storage.report_folder import ANNOTATED_MP4, POSES_NPZ, REPORT_HTML, REPORT_JSON, REPS_CSV, SIGNALS_CSV

if TYPE_CHECKING:
    from formcheck.core.poses import PoseSequence
    from formcheck.judging.report import Report

LANDMARKS_TRC = "landmarks.trc"

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"

MODEL, WATCH, JUDGE, DRAW = "model", "watch", "judge", "draw"
"""Stages of a job, in their order."""

STAGE_SHARES = {MODEL: 0.03, WATCH: 0.67, JUDGE: 0.08, DRAW: 0.22}
"""How the time of a whole job is usually shared among its stages."""

GRACE_S = 3.0
"""How long a process may take to stop by itself before it is ended."""

FIRST_ESTIMATE_AFTER = 0.05
"""Before this share of the work is done an estimate of the time left would jump about."""

STOP = "stop"


@dataclass(frozen=True)
class Job:
    """One set to analyse.

    Attributes
    ----------
    folder : where the results go; made if missing. A job that fails or is stopped leaves nothing of itself in it.
    video : video file; None when only poses are there.
    poses : `.npz` of an earlier analysis, which makes looking at the video unnecessary.
    title : what people call it, such as the name of the uploaded file.
    start_s, end_s : the part of the video to judge; None = from the beginning, to the end.
    settings_toml : settings that come on top of the user's own, as TOML.
    presets : names of presets.
    save : save to the history. ``set_id`` is the saved set that is judged again, None for a new one.
    keep_video : keep the annotated video with the saved set.
    filmed_on : day in ISO form, empty = not known.
    """

    folder: str
    video: str | None = None
    poses: str | None = None
    title: str = ""
    exercise: str = "auto"
    variant: str = "auto"
    load_kg: float | None = None
    lifter: str | None = None
    notes: str = ""
    model: str = "full"
    start_s: float | None = None
    end_s: float | None = None
    settings_toml: str = ""
    presets: tuple[str, ...] = ()
    save: bool = False
    set_id: int | None = None
    keep_video: bool = False
    filmed_on: str = ""


@dataclass(frozen=True)
class State:
    """How far a job is.

    ``share`` is 0..1 over the whole job; ``left_s`` estimates the seconds left, None = too early to say. ``message`` is
    one line for the user, when the job failed or where something is to be said about its result. ``set_id`` is the
    number under which the set was saved.
    """

    job: Job
    phase: str = WAITING
    stage: str = ""
    share: float = 0.0
    left_s: float | None = None
    message: str = ""
    set_id: int | None = None


class Batch:
    """Jobs that are analysed one after another in the background; all methods may be called from any thread.

    ``command`` starts the process; tests put another program in its place.
    """

    def __init__(self, jobs: Sequence[Job], command: Sequence[str] = (), keep_alive: object = None) -> None:
        self._command = list(command) or [sys.executable, "-P", "-m", "formcheck.service.worker"]
        self._states = [State(job) for job in jobs]
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._keep_alive = keep_alive  # such as the temporary folder of the results
        self._thread = threading.Thread(target=self._work, name="formcheck-batch", daemon=True)
        self._thread.start()

    @property
    def states(self) -> tuple[State, ...]:
        """State of every job, in their order."""
        with self._lock:
            return tuple(self._states)

    @property
    def running(self) -> bool:
        """False once nothing more will change."""
        return any(state.phase in (WAITING, RUNNING) for state in self.states)

    def cancel(self) -> None:
        """Stop the job that is running and start no other; returns at once."""
        self._stopping.set()
        with self._lock:
            process = self._process
        if process is not None:
            threading.Thread(target=_end, args=(process,), daemon=True).start()

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait until nothing more will change."""
        self._thread.join(timeout_s)

    def _work(self) -> None:
        for index in range(len(self._states)):
            if self._stopping.is_set():
                self._change(index, phase=CANCELLED)
                continue
            self._run(index)

    def _change(self, index: int, **changes: Any) -> None:
        with self._lock:
            self._states[index] = dataclasses.replace(self._states[index], **changes)

    def _run(self, index: int) -> None:
        job = self._states[index].job
        folder = Path(job.folder)
        new_folder = not folder.exists()
        clock = _Clock(DRAW if job.video else JUDGE, WATCH if job.poses is None else JUDGE)
        self._change(index, phase=RUNNING)
        end: dict[str, Any] = {}
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                env=os.environ | {"PYTHONPATH": _python_path(), "PYTHONUTF8": "1"},
            )
        except OSError as error:
            self._change(index, phase=FAILED, message=f"The analysis cannot be started: {error}.")
            return
        with process:
            with self._lock:
                self._process = process
            if self._stopping.is_set():
                _end(process)
            assert process.stdin is not None
            assert process.stdout is not None
            with contextlib.suppress(OSError):
                process.stdin.write(json.dumps(dataclasses.asdict(job)) + "\n")
                process.stdin.flush()
            for line in process.stdout:
                said = _said(line)
                if "stage" in said:
                    share, left_s = clock.at(said["stage"], said["done"], said["total"])
                    self._change(index, stage=said["stage"], share=share, left_s=left_s)
                elif "phase" in said:
                    end = said
            with contextlib.suppress(OSError):
                process.stdin.close()
        with self._lock:
            self._process = None
        if not end:
            message = (
                "The analysis stopped unexpectedly, perhaps because memory ran out: try a smaller or shorter video."
            )
            end = {"phase": CANCELLED} if self._stopping.is_set() else {"phase": FAILED, "message": message}
        if end["phase"] != DONE and new_folder:
            shutil.rmtree(folder, ignore_errors=True)
        self._change(index, **{"message": "", **end}, share=1.0, left_s=0.0)


class _Clock:
    """Share of the whole job that is done, and the time left, from what the process says."""

    def __init__(self, last: str, first: str) -> None:
        order = list(STAGE_SHARES)
        used = [name for name in order if name == MODEL or order.index(first) <= order.index(name)]
        used = [name for name in used if order.index(name) <= order.index(last)]
        whole = sum(STAGE_SHARES[name] for name in used)
        self._begin = {name: sum(STAGE_SHARES[each] for each in used[:n]) / whole for n, name in enumerate(used)}
        self._size = {name: STAGE_SHARES[name] / whole for name in used}
        self._since_s: float | None = None
        self._from = 0.0

    def at(self, stage: str, done: int, total: int | None) -> tuple[float, float | None]:
        within = min(1.0, done / total) if total else 0.0
        share = self._begin.get(stage, 0.0) + self._size.get(stage, 0.0) * within
        now_s = time.monotonic()
        # The time for starting and for finding the model says nothing about the rest.
        if self._since_s is None and stage != MODEL:
            self._since_s, self._from = now_s, share
        if self._since_s is None or share - self._from < FIRST_ESTIMATE_AFTER:
            return share, None
        return share, (now_s - self._since_s) * (1.0 - share) / (share - self._from)


def _end(process: subprocess.Popen[str]) -> None:
    """Ask a process to stop, then make it."""
    with contextlib.suppress(OSError, ValueError):
        assert process.stdin is not None
        process.stdin.write(STOP + "\n")
        process.stdin.flush()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.terminate()
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()


def _said(line: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _python_path() -> str:
    """The process finds this very package, wherever it was started from."""
    here = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])


# --- in the process ------------------------------------------------------------------------------------------------

Say = Callable[[dict[str, Any]], None]
Progress = Callable[[int, "int | None"], None]


def main() -> None:
    """Analyse the job that standard input names."""
    with _only_ours() as say:
        job = Job(**{**(told := json.loads(sys.stdin.readline())), "presets": tuple(told["presets"])})
        stop = threading.Event()
        threading.Thread(target=_listen, args=(stop,), daemon=True).start()
        say(_outcome(job, say, stop))
    # A reader that hangs on standard input, or a native thread, must not keep the process alive.
    sys.stderr.flush()
    os._exit(0)


@contextlib.contextmanager
def _only_ours() -> Iterator[Say]:
    """Whatever libraries print goes to standard error; only what is said here reaches standard output."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as stream:
        os.dup2(2, 1)

        def say(message: dict[str, Any]) -> None:
            with contextlib.suppress(BrokenPipeError):
                stream.write(json.dumps(message) + "\n")
                stream.flush()

        yield say


def _listen(stop: threading.Event) -> None:
    for line in sys.stdin:
        if line.strip() == STOP:
            break
    stop.set()


def _outcome(job: Job, say: Say, stop: threading.Event) -> dict[str, Any]:
    """How the job ended, as changes of its `State`."""
    from formcheck.vision.system_libraries import system_library_hint

    try:
        message, set_id = run(job, say, stop.is_set)
    except Cancelled:
        return {"phase": CANCELLED}
    except FormCheckError as error:
        # The file lies under a name of ours; people know it by theirs.
        message = str(error)
        paths = [path for path in (job.video, job.poses) if path is not None and job.title]
        names = "|".join(re.escape(name) for path in paths for name in (path, Path(path).name))
        return {"phase": FAILED, "message": re.sub(names, lambda _: job.title, message) if names else message}
    except MemoryError:
        return {"phase": FAILED, "message": "There is not enough memory for this: use a smaller or shorter video."}
    except Exception as error:
        hint = system_library_hint(error) if isinstance(error, ImportError | OSError) else None
        known = "" if hint is None else str(hint)
        return {"phase": FAILED, "message": known or f"The analysis failed ({type(error).__name__}: {error})."}
    return {"phase": DONE, "message": message, "set_id": set_id}


def run(job: Job, say: Say, cancelled: Callable[[], bool]) -> tuple[str, int | None]:
    """Do a job; returns a remark for the user, and the number under which the set was saved.

    Raises
    ------
    FormCheckError : the video cannot be read, the model not be found, the results not be written, ...
    """
    from formcheck.render.html.report import html_report, key_pictures
    from formcheck.render.trc import trc_text
    from formcheck.storage import report_folder
    from formcheck.storage.pose_files import save_poses

    def progress(stage: str) -> Progress:
        last_s = [0.0]

        def tell(done: int, total: int | None) -> None:
            # More often than the eye sees would only load the pipe.
            if time.monotonic() - last_s[0] > 0.1 or done == total:
                last_s[0] = time.monotonic()
                say({"stage": stage, "done": done, "total": total})

        return tell

    told = _told(job)
    poses = _poses(job, progress, cancelled)
    progress(JUDGE)(0, 1)
    part, report = _judged(job, poses, told)
    asked = {"exercise": job.exercise, "model": Path(job.model).name}
    if part is not poses:
        asked["part"] = f"{part.time_s[0]:.1f} to {part.time_s[-1]:.1f} s"
    pictures = () if job.video is None else key_pictures(job.video, part, report)
    folder = Path(job.folder)
    folder.mkdir(parents=True, exist_ok=True)
    page = html_report(report, pictures, lifter=job.lifter or "", notes=job.notes, settings=asked)
    for name, text in (
        (REPORT_HTML, page),
        (REPORT_JSON, report_folder.report_json(report)),
        (REPS_CSV, report_folder.reps_csv(report.reps)),
        (SIGNALS_CSV, report_folder.signals_csv(report.signals, part.time_s)),
        (LANDMARKS_TRC, trc_text(part, LANDMARKS_TRC, forward=report.view.forward)),
    ):
        (folder / name).write_text(text, encoding="utf-8", errors="replace", newline="")
    save_poses(poses, folder / POSES_NPZ)
    progress(JUDGE)(1, 1)
    if job.video is not None:
        from formcheck.render.annotated_video import write_annotated_video

        write_annotated_video(
            job.video, part, report, folder / ANNOTATED_MP4, progress=progress(DRAW), cancelled=cancelled
        )
    if not job.save:
        return "", job.set_id
    if not report.reps:
        return "Not saved to the history, as no repetition was found.", job.set_id
    return _save(job, report.to_dict(), poses, asked)


def judged(job: Job, poses: PoseSequence) -> tuple[PoseSequence, Report]:
    """The part of the poses that the job is about, and what is said about it; `FormCheckError` as from `run`."""
    return _judged(job, poses, _told(job))


def _told(job: Job) -> dict[str, Any]:
    """Settings and what is known of the lifter, as arguments of `analyze`: wrong ones are found before the work."""
    from formcheck.judging.settings import merge, parse_settings
    from formcheck.service.lifter_options import options_of_lifter
    from formcheck.storage.history import open_history
    from formcheck.storage.settings_files import load_settings

    form = merge(load_settings(presets=job.presets), parse_settings(job.settings_toml, "these limits"))
    with open_history() as history:
        return options_of_lifter(history.known_lifter(job.lifter), form)


def _judged(job: Job, poses: PoseSequence, told: dict[str, Any]) -> tuple[PoseSequence, Report]:
    from formcheck.judging import analysis

    part = poses
    if job.start_s is not None or job.end_s is not None:
        low, high = job.start_s or 0.0, job.end_s if job.end_s is not None else math.inf
        part = poses.part((poses.time_s >= low) & (poses.time_s <= high))
        if len(part) < 2:
            raise UsageError("No part of the video is between these times: choose others.")
    return part, analysis.analyze(part, job.exercise, variant=job.variant, load_kg=job.load_kg, **told)


def _poses(job: Job, progress: Callable[[str], Progress], cancelled: Callable[[], bool]) -> PoseSequence:
    from formcheck.storage.pose_files import load_poses

    if job.poses is not None:
        return load_poses(job.poses)
    assert job.video is not None
    from formcheck.vision.video import VideoReader

    # A file that is no video is found out before a model is fetched for it.
    VideoReader(job.video, max_side=64).close()
    from formcheck.vision.models.store import find_model
    from formcheck.vision.pose_estimation import estimate_poses

    model = find_model(job.model, progress=progress(MODEL))
    progress(WATCH)(0, None)
    poses = estimate_poses(job.video, model, progress=progress(WATCH), cancelled=cancelled)
    return dataclasses.replace(poses, video=dataclasses.replace(poses.video, file=job.title or poses.video.file))


def _save(job: Job, report: dict[str, Any], poses: PoseSequence, asked: dict[str, str]) -> tuple[str, int | None]:
    from datetime import datetime

    from formcheck.storage.history import open_history

    settings: dict[str, Any] = {**asked, "start_s": job.start_s, "end_s": job.end_s}

    try:
        with open_history() as history:
            if job.set_id is not None:
                saved = history.change_set(
                    job.set_id,
                    lifter=job.lifter,
                    load_kg=job.load_kg,
                    notes=job.notes or None,
                    report=report,
                    settings=settings,
                )
            else:
                filmed = datetime.fromisoformat(job.filmed_on) if job.filmed_on else None
                saved = history.save_set(
                    report, poses, lifter=job.lifter, notes=job.notes, filmed_at=filmed, settings=settings
                )
            if job.keep_video and job.video is not None:
                history.keep_video(saved.id, Path(job.folder) / ANNOTATED_MP4)
    except HistoryError as error:
        return str(error), job.set_id  # the result is worth showing all the same
    return "", saved.id


if __name__ == "__main__":
    main()
