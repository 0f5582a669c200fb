"""A process waits with its libraries loaded: taken once, under the circumstances it began in, and never left over."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from formcheck.service import warm_worker, worker
from formcheck.service.pipeline import AnalysisRequest
from formcheck.service.warm_worker import LOADED, WarmWorkers, load_until_called
from formcheck.service.worker import Batch, Phase
from formcheck.storage.pose_files import save_poses
from tests.helpers.synthetic_lifter import deadlift, film

keep = WarmWorkers.keep
"""As it is: tests of pages do without."""

ECHO = [sys.executable, "-c", "import os, sys; print(os.getpid(), sys.stdin.readline().strip(), flush=True)"]


def said_by(process: subprocess.Popen[str], told: str) -> list[str]:
    output, _ = process.communicate(told + "\n", timeout=60)
    return output.split()


def waiting(workers: WarmWorkers) -> subprocess.Popen[str]:
    assert workers._waiting is not None
    return workers._waiting


def test_the_process_that_waits_is_taken_once() -> None:
    workers = WarmWorkers()
    keep(workers, ECHO)
    first = waiting(workers)
    keep(workers, ECHO)
    assert waiting(workers) is first
    taken, other = workers.take(ECHO), workers.take(ECHO)
    assert taken is first
    assert other is not first
    for process, told in ((taken, "one"), (other, "two")):
        assert said_by(process, told) == [str(process.pid), told]


def test_no_other_one_is_started_while_a_job_is_at_work() -> None:
    workers = WarmWorkers()
    process = workers.take(ECHO)
    keep(workers, ECHO)
    assert workers._waiting is None
    said_by(process, "")
    keep(workers, ECHO)
    said_by(workers.take(ECHO), "")


@pytest.mark.parametrize("moved", [False, True])
def test_under_other_circumstances_another_one_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, moved: bool
) -> None:
    workers = WarmWorkers()
    keep(workers, ECHO)
    old = waiting(workers)
    if moved:
        monkeypatch.chdir(tmp_path)
    else:
        monkeypatch.setenv("FORMCHECK_CONFIG_DIR", "elsewhere")
    process = workers.take(ECHO)
    assert process is not old
    assert old.wait(60) is not None
    said_by(process, "")


def test_a_process_that_has_ended_is_not_taken() -> None:
    workers = WarmWorkers()
    ends_at_once = [sys.executable, "-c", ""]
    keep(workers, ends_at_once)
    waiting(workers).wait(60)
    process = workers.take(ends_at_once)
    assert process.wait(60) == 0
    said_by(process, "")


def test_one_that_cannot_be_started_is_told_of_when_it_is_taken(tmp_path: Path) -> None:
    workers = WarmWorkers()
    nothing = [str(tmp_path / "nothing")]
    keep(workers, nothing)
    with pytest.raises(OSError, match="nothing"):
        workers.take(nothing)


def test_loading_ends_when_a_job_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(warm_worker, "_load", loaded.append)
    monkeypatch.setattr(warm_worker, "_is_called", lambda: len(loaded) == 2)
    load_until_called()
    assert tuple(loaded) == LOADED[:2]


def test_all_that_is_loaded_exists() -> None:
    code = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]"
    subprocess.run([sys.executable, "-c", code, *LOADED], check=True)


def test_a_worker_without_a_job_ends_and_says_nothing() -> None:
    done = subprocess.run(worker.COMMAND, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (0, b"")


def test_the_worker_that_waited_does_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = WarmWorkers()
    monkeypatch.setattr(worker, "_workers", workers)
    monkeypatch.setattr(WarmWorkers, "keep", keep)
    save_poses(film(deadlift(3)), tmp_path / "poses.npz")
    worker.keep_one_warm()
    waited = waiting(workers)
    batch = Batch([AnalysisRequest(poses=str(tmp_path / "poses.npz"), folder=str(tmp_path / "out"), exports=("json",))])
    batch.wait(120)
    assert batch.states[0].phase == Phase.DONE
    assert workers._given == [waited]
    assert (tmp_path / "out" / "report.json").is_file()
