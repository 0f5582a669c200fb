"""``formcheck batch`` as people run it: what it says, how it ends, and Ctrl-C in the middle."""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from formcheck.cli import batch as batch_cli
from formcheck.cli.main import app
from tests.helpers.batch_stub import executions, stub, write_clips

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import sys
from pathlib import Path
from formcheck.batch.run import ProcessWorkers
from formcheck.cli import batch
from formcheck.cli.main import main
from tests.helpers.batch_stub import stub

def workers(wanted, scheduler, cluster):
    analyse = stub(Path("log.txt").absolute())
    if not cluster:
        return ProcessWorkers(wanted.jobs, analyse)
    from formcheck.batch.cluster import DaskWorkers
    return DaskWorkers(scheduler, wanted.jobs, analyse)

if __name__ == "__main__":
    batch._workers = workers
    main()
"""


needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="Dask is missing: pip install 'formcheck[cluster]'"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    from formcheck.batch.run import BatchRequest, ProcessWorkers

    def workers(wanted: BatchRequest, *_: object) -> ProcessWorkers:
        return ProcessWorkers(wanted.jobs, stub(Path("log.txt").absolute()))

    monkeypatch.setattr(batch_cli, "_workers", workers)
    return tmp_path


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["batch", *words])
    return result.exit_code, result.stdout, result.stderr


def test_a_folder_of_clips() -> None:
    write_clips(Path("films"), ["ok", "bad", "ok"])
    code, said, told = run("films", "--out", "out", "--jobs", "2")
    assert code == 4
    assert "2 clips analysed, 1 could not be analysed (failures.csv)." in said
    assert "out/index.html shows the sets; beside it summary.csv" in said
    assert "[3/3]" in told
    assert "clip-001.mp4 is not a video that can be decoded" in told
    code, said, _ = run("films", "--out", "out", "--jobs", "2")
    assert "0 clips analysed, 2 were done before, 1 could not be analysed" in said


def test_everything_well_is_0() -> None:
    write_clips(Path("films"), ["ok"])
    assert run("films/clip-000.mp4")[0] == 0
    assert Path("formcheck-batch/clips/clip-000/report.html").is_file()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), "There is nothing to analyse"),
        (("nowhere",), "nowhere does not exist"),
        (("films", "--exercise", "bench"), "bench"),
        (("films", "--load", "heavy"), "not a weight"),
        (("films", "--preset", "nothing"), "no preset"),
        (("wrong.csv",), "wrong.csv cannot be used: line 2: there is no file"),
    ],
)
def test_wrong_usage_is_2(words: tuple[str, ...], problem: str) -> None:
    write_clips(Path("films"), ["ok"])
    Path("wrong.csv").write_text("file\nmissing.mp4\n", encoding="utf-8")
    code, _, told = run(*words)
    assert code == 2
    assert problem in told
    assert not Path("formcheck-batch").exists()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("number", "code", "more"),
    [
        (signal.SIGINT, 130, []),
        (signal.SIGTERM, 143, []),
        pytest.param(signal.SIGINT, 130, ["--cluster"], marks=needs_dask),
        pytest.param(signal.SIGTERM, 143, ["--cluster"], marks=needs_dask),
    ],
)
def test_a_stop_in_the_middle_and_the_next_run_goes_on(tmp_path: Path, number: int, code: int, more: list[str]) -> None:
    write_clips(Path("films"), ["ok", "ok", "slow", "slow", "slow", "slow"])
    Path("program.py").write_text(PROGRAM, encoding="utf-8")
    command = [sys.executable, "program.py", "batch", "films", "--out", "out", "--jobs", "2", *more]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)
    end_s = time.monotonic() + 60
    while sum(executions(Path("log.txt")).values()) < 4 and time.monotonic() < end_s:
        time.sleep(0.02)
    # As a terminal does: every process of the group gets it.
    os.killpg(process.pid, number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == code, told
    assert "The same command goes on where it was" in told
    before = rows()
    assert 2 <= len(before) < 6
    assert alive_in(process.pid) == []
    assert not Path("out/.partial").exists()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{6 - len(before)} clips analysed, {len(before)} were done before" in done.stdout
    assert rows() == [f"clip-{number:03}" for number in range(6)]


def alive_in(group: int) -> list[int]:
    """Processes of a group that are still there, after as long as they may take to end."""
    end_s = time.monotonic() + 10
    while True:
        found = []
        for one in psutil.process_iter():
            with contextlib.suppress(psutil.Error, ProcessLookupError):
                if os.getpgid(one.pid) == group and one.status() != psutil.STATUS_ZOMBIE:
                    found.append(one.pid)
        if not found or time.monotonic() > end_s:
            return found
        time.sleep(0.1)


def rows() -> list[str]:
    table = csv.DictReader(io.StringIO(Path("out/summary.csv").read_text(encoding="utf-8")))
    return sorted(row["clip"] for row in table)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_watched_folder_until_ctrl_c() -> None:
    write_clips(Path("films"), ["ok"])
    Path("program.py").write_text(PROGRAM, encoding="utf-8")
    command = [sys.executable, "program.py", "batch", "--watch", "films", "--out", "out", "--jobs", "1"]
    process = subprocess.Popen(
        command, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    end_s = time.monotonic() + 60
    while not Path("out/index.html").exists() and time.monotonic() < end_s:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "The summary is in out\n")
    assert rows() == ["clip-000"]


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((12,), "set 12"),
        ((12, 13), "sets 12 and 13"),
        ((14, 12, 13), "sets 12 to 14"),
        ((3, 5, 6, 7, 9, 10), "sets 3, 5 to 7, 9 and 10"),
        ((4, 4), "set 4"),
    ],
)
def test_saved_sets_are_told_by_their_numbers(numbers: tuple[int, ...], words: str) -> None:
    assert batch_cli._numbered(numbers) == words
