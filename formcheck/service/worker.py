"""Analyses in a process of their own, so that a page stays alive meanwhile and a stop is a stop.

`Batch` analyses one job after another in the background and can be asked at any time how far it is. Every job runs in
a Python process of its own (``python -m formcheck.service.worker``), which reads the job as one line of JSON and
answers with lines of JSON: progress, then the end. The process stops when it is told so, and also when the pipe to it
closes, so that none is left behind when its parent dies.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formcheck.core.errors import Cancelled, FormCheckError, PoseFileError, UsageError, VideoError
from formcheck.core.words import N_, _, speak
from formcheck.service.pipeline import AnalysisRequest, AnalysisStage, run_analysis
from formcheck.service.preview import Preview
from formcheck.service.reps_so_far import RepsSoFar
from formcheck.service.time_left import STAGE_SHARES, TimeLeft
from formcheck.service.turns import Turns
from formcheck.service.warm_worker import WarmWorkers, load_until_called, next_job
from formcheck.storage.limits_in_force import limits_in_force
from formcheck.vision.process_memory import limit_memory

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from formcheck.judging.report import Report
    from formcheck.vision.tracking import Detection


class Phase(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


GRACE_S = 3.0
"""How long a process may take to stop by itself before it is ended."""

TOLD_EVERY_S = 0.1

STOP = "stop"

COMMAND = [sys.executable, "-P", "-m", "formcheck.service.worker"]

_workers = WarmWorkers()

STOPPED_UNEXPECTEDLY = N_(
    "The analysis stopped unexpectedly, perhaps because memory ran out: try a smaller or shorter video."
)

OUT_OF_MEMORY = N_("There is not enough memory for this: use a smaller or shorter video.")


@dataclass(frozen=True)
class State:
    """How far a job is.

    ``share`` is 0..1 over the whole job; ``left_s`` estimates the seconds left, None = too early to say. ``message`` is
    one line for the user, when the job waits for others or failed, or where something is to be said about its result.
    ``set_id`` is the number under which the set was saved. ``unreadable`` is True when it failed because the file
    cannot be read, ``interrupted`` when its process ended without a word. ``done`` and ``total`` are the frames of the
    stage, None = not known. ``report`` is there as soon as the set is judged, before its files are made.
    ``picture`` is the frame that was looked at last, a JPEG in base64; "" for none. ``reps`` is the number of
    repetitions in what was looked at so far, None while it is not known.
    """

    job: AnalysisRequest
    phase: Phase = Phase.WAITING
    stage: str = ""
    share: float = 0.0
    left_s: float | None = None
    message: str = ""
    set_id: int | None = None
    unreadable: bool = False
    interrupted: bool = False
    done: int = 0
    total: int | None = None
    report: Report | None = None
    picture: str = ""
    reps: int | None = None


def keep_one_warm() -> None:
    """Let a process wait with its libraries loaded for the next job; see `formcheck.service.warm_worker`."""
    _workers.keep(COMMAND)


class Batch:
    """Jobs that are analysed one after another in the background; all methods may be called from any thread.

    ``command`` starts the process; tests put another program in its place. ``ended`` is called with the state of every
    job that has ended, in the batch's own thread. With ``turns`` each job waits until its account may have it analysed.
    """

    def __init__(
        self,
        jobs: Sequence[AnalysisRequest],
        command: Sequence[str] = (),
        keep_alive: object = None,
        ended: Callable[[State], None] | None = None,
        turns: Turns | None = None,
    ) -> None:
        self._ended = ended
        self._turns = turns
        self._command = list(command) or COMMAND
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
        return any(state.phase in (Phase.WAITING, Phase.RUNNING) for state in self.states)

    def cancel(self) -> None:
        """Stop the job that is running and start no other; returns at once."""
        self._stopping.set()
        if self._turns is not None:
            self._turns.wake()
        with self._lock:
            process = self._process
        if process is not None:
            threading.Thread(target=_end, args=(process,), daemon=True).start()

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait until nothing more will change."""
        self._thread.join(timeout_s)

    def _work(self) -> None:
        for index in range(len(self._states)):
            with self._turn(index) as begins:
                if begins:
                    self._run(index)
                else:
                    self._change(index, phase=Phase.CANCELLED, message="")
            if self._ended is not None:
                self._ended(self.states[index])

    @contextlib.contextmanager
    def _turn(self, index: int) -> Iterator[bool]:
        """Whether the job may begin, once it is its turn."""
        if self._turns is None:
            yield not self._stopping.is_set()
            return
        account = self._states[index].job.account
        with self._turns.turn(account, self._stopping.is_set, lambda why: self._change(index, message=why)) as begins:
            yield begins

    def _change(self, index: int, **changes: Any) -> None:
        with self._lock:
            self._states[index] = dataclasses.replace(self._states[index], **changes)

    def _run(self, index: int) -> None:
        job = self._states[index].job
        folder = Path(job.folder or "")
        new_folder = job.folder is not None and not folder.exists()
        clock = TimeLeft(stages_of(job))
        self._change(index, phase=Phase.RUNNING, message="")
        end: dict[str, Any] = {}
        try:
            process = _workers.take(self._command)
        except OSError as error:
            self._change(index, phase=Phase.FAILED, message=_("The analysis cannot be started: {error}.", error=error))
            return
        with process:
            with self._lock:
                self._process = process
            if self._stopping.is_set():
                _end(process)
            assert process.stdin is not None
            assert process.stdout is not None
            with contextlib.suppress(OSError):
                process.stdin.write(json.dumps(job.to_dict()) + "\n")
                process.stdin.flush()
            for line in process.stdout:
                said = _said(line)
                if said.get("stage") in STAGE_SHARES:
                    stage = AnalysisStage(said["stage"])
                    share, left_s = clock.at(stage, said["done"], said["total"], time.monotonic())
                    done, total = said["done"], said["total"]
                    self._change(index, stage=said["stage"], share=share, left_s=left_s, done=done, total=total)
                elif "picture" in said:
                    self._change(index, picture=said["picture"])
                elif "reps" in said:
                    self._change(index, reps=said["reps"])
                elif "report" in said:
                    self._change(index, report=_report(said["report"]))
                elif "phase" in said:
                    end = said
            with contextlib.suppress(OSError):
                process.stdin.close()
        with self._lock:
            self._process = None
        if not end and self._stopping.is_set():
            end = {"phase": Phase.CANCELLED}
        elif not end:
            end = {"phase": Phase.FAILED, "message": STOPPED_UNEXPECTEDLY, "interrupted": True}
        if end["phase"] != Phase.DONE and new_folder:
            shutil.rmtree(folder, ignore_errors=True)
        self._change(index, **{"message": "", **end}, share=1.0, left_s=0.0)


def _report(told: dict[str, Any]) -> Report:
    from formcheck.judging.report import Report

    return Report.from_dict(told)


def stages_of(job: AnalysisRequest) -> list[AnalysisStage]:
    """The stages that a job goes through, in their order."""
    without: set[AnalysisStage] = {AnalysisStage.WATCH} if job.poses is not None else set()
    without |= set() if job.plate else {AnalysisStage.PLATE}
    without |= set() if job.video else {AnalysisStage.DRAW}
    return [name for name in STAGE_SHARES if name not in without]


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


# --- in the process ------------------------------------------------------------------------------------------------

Say = Callable[[dict[str, Any]], None]


def main() -> None:
    """Analyse the job that standard input names."""
    with _only_ours() as say:
        # Beyond it this process ends, not the app. What is wrong with the limits is said by the job.
        with contextlib.suppress(FormCheckError):
            limit_memory(limits_in_force().memory_bytes)
        load_until_called()
        line = next_job()
        if line is None:
            os._exit(0)
        job = AnalysisRequest.from_dict(json.loads(line))
        speak(job.language)  # of all threads: the process does this job only
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


def _outcome(job: AnalysisRequest, say: Say, stop: threading.Event) -> dict[str, Any]:
    """How the job ended, as changes of its `State`."""
    from formcheck.vision.system_libraries import system_library_hint

    try:
        message, set_id = run(job, say, stop.is_set)
    except Cancelled:
        return {"phase": Phase.CANCELLED}
    except FormCheckError as error:
        # The file is under a name of ours; people know it by theirs.
        message = str(error)
        paths = [path for path in (job.video, job.poses) if path is not None and job.title]
        names = "|".join(re.escape(name) for path in paths for name in (path, Path(path).name))
        message = re.sub(names, lambda _: job.title, message) if names else message
        unreadable = isinstance(error, VideoError | PoseFileError)
        return {"phase": Phase.FAILED, "message": message, "unreadable": unreadable}
    except MemoryError:
        return {"phase": Phase.FAILED, "message": _(OUT_OF_MEMORY)}
    except Exception as error:
        hint = system_library_hint(error) if isinstance(error, ImportError | OSError) else None
        known = "" if hint is None else str(hint)
        return {
            "phase": Phase.FAILED,
            "message": known or _("The analysis failed ({kind}: {error}).", kind=type(error).__name__, error=error),
        }
    return {"phase": Phase.DONE, "message": message, "set_id": set_id}


def run(job: AnalysisRequest, say: Say, cancelled: Callable[[], bool]) -> tuple[str, int | None]:
    """Do a job, all of it or nothing; returns a remark for the user, and the number under which the set was saved.

    Raises
    ------
    FormCheckError : the video cannot be read, the model not be found, the results not be written, ...
    """
    if job.folder is None:
        raise UsageError(_("A job needs a folder."))
    last: tuple[str, float] = "", 0.0

    def tell(stage: AnalysisStage, done: int, total: int | None) -> None:
        nonlocal last
        # More often than the eye sees would only load the pipe.
        if stage != last[0] or time.monotonic() - last[1] > TOLD_EVERY_S or done == total:
            last = stage, time.monotonic()
            say({"stage": stage, "done": done, "total": total})

    def judged(report: Report) -> None:
        say({"report": report.to_dict()})

    preview = Preview(lambda picture: say({"picture": picture}))
    reps = RepsSoFar(job, lambda number: say({"reps": number}))

    def saw(rgb: NDArray[np.uint8], people: Sequence[Detection], time_s: float) -> None:
        preview(rgb, people)
        reps(rgb, people, time_s)

    result = run_analysis(
        dataclasses.replace(job, whole=True), progress=tell, cancelled=cancelled, judged=judged, saw=saw
    )
    remarks = [f"{remark}." for remark in result.remarks]
    if result.problem is not None:
        remarks.append(str(result.problem))
    return " ".join(remarks), job.set_id if result.saved is None else result.saved.id


if __name__ == "__main__":
    main()
