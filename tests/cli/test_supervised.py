"""A command whose native code crashes says so in one line, and none is left behind by a command that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from formcheck.cli.supervised import LIFELINE, crash_words, wants_supervision

pytestmark = pytest.mark.skipif(os.name != "posix", reason="commands are supervised on POSIX only")


def run(tmp_path: Path, start: str, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, with a program that runs at the start of the process that works."""
    (tmp_path / "sitecustomize.py").write_text(f"import os, signal\nif {LIFELINE!r} in os.environ:\n    {start}\n")
    paths = [str(tmp_path), str(Path(__file__).resolve().parents[2])]
    return subprocess.run(
        [sys.executable, "-m", "formcheck", *words],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.mark.parametrize(("number", "words"), [("SIGSEGV", "crashed (segmentation"), ("SIGKILL", "memory ran out")])
def test_a_crash_is_one_line_and_an_exit_code(number: str, words: str, tmp_path: Path) -> None:
    done = run(tmp_path, f"os.kill(os.getpid(), signal.{number})", "analyze", "film.mp4")
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_exit_code_is_passed_on(tmp_path: Path) -> None:
    assert run(tmp_path, "os._exit(3)", "analyze", "film.mp4").returncode == 3


def test_signals_are_passed_on(tmp_path: Path) -> None:
    start = "os.kill(os.getppid(), signal.SIGTERM); import time; time.sleep(60)"
    assert run(tmp_path, start, "analyze", "film.mp4").returncode == 2


def test_what_cannot_be_read_is_said_as_ever(tmp_path: Path) -> None:
    done = run(tmp_path, "pass", "analyze", "film.mp4")
    assert done.returncode == 2
    assert done.stderr == "There is no file film.mp4; check the path.\n"


def test_the_worker_ends_when_the_one_that_looks_on_is_gone() -> None:
    read_end, write_end = os.pipe()
    program = "import time; from formcheck.cli.supervised import work_supervised; work_supervised(); time.sleep(240)"
    with subprocess.Popen(
        [sys.executable, "-c", program], pass_fds=[read_end], env=os.environ | {LIFELINE: str(read_end)}
    ) as process:
        os.close(read_end)
        os.close(write_end)
        assert process.wait(120) == 2


def test_only_commands_that_decode_are_supervised_and_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wants_supervision(["analyze", "film.mp4"])
    assert not wants_supervision(["history"])
    assert not wants_supervision([])
    monkeypatch.setenv(LIFELINE, "5")
    assert not wants_supervision(["analyze", "film.mp4"])


def test_each_crash_has_its_name() -> None:
    assert "illegal instruction" in crash_words(signal.SIGILL)
    assert "aborted" in crash_words(signal.SIGABRT)
