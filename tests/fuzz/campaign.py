"""Drives the files through the probe, and counts what came of them."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from tests.fuzz.cases import KINDS

FULL_COUNTS = {
    "video": 1200,
    "made": 150,
    "streams": 40,
    "large": 40,
    "npz": 300,
    "toml": 400,
    "json": 300,
    "zip": 150,
    "sqlite": 150,
    "csv": 300,
    "answers": 200,
    "name": 300,
}

TIME_S = 60.0
"""No file may take longer; the slowest kind are thousands of damaged packets on a busy machine."""

MEMORY_MB = 1500.0


@dataclass(frozen=True)
class Problem:
    """A file that did what it must not: "crash", "hang", "traceback" or "memory"."""

    what: str
    words: str
    kept: str


@dataclass
class Tally:
    """What came of the files of one kind."""

    title: str
    tried: int = 0
    results: int = 0
    refused: int = 0
    worst_s: float = 0.0
    worst_mb: float = 0.0
    problems: list[Problem] = field(default_factory=list)

    def line(self) -> str:
        """In a line."""
        return (
            f"{self.title}: {self.tried} tried, {self.results} gave a result, {self.refused} refused, "
            f"{len(self.problems)} did harm; at most {self.worst_s:.1f} s and {self.worst_mb:.0f} MB"
        )


class Probe:
    """The process that opens the files; a new one where the last one ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str | None] = queue.Queue()

    def __enter__(self) -> Probe:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def ask(self, kind: str, path: Path, time_s: float = TIME_S) -> dict[str, Any]:
        """What came of a file: the probe's answer, "crash" or "hang"."""
        if self._process is None:
            self._start()
        process = self._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.write(f"{kind} {path}\n")
        process.stdin.flush()
        try:
            answer = self._answers.get(timeout=time_s)
        except queue.Empty:
            self.end()
            return {"what": "hang", "words": f"no answer within {time_s:g} s", "s": time_s, "mb": 0.0}
        if answer is None:
            self.end()
            return {"what": "crash", "words": f"ended with {process.returncode}", "s": 0.0, "mb": 0.0}
        found: dict[str, Any] = json.loads(answer)
        return found

    def end(self) -> None:
        """Stop it, whatever it does."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                pipe.close()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.probe"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            cwd=Path(__file__).resolve().parents[2],
        )
        self._answers = queue.Queue()
        threading.Thread(target=_listen, args=(self._process, self._answers), daemon=True).start()


def _listen(process: subprocess.Popen[str], answers: queue.Queue[str | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        answers.put(line)
    process.wait()
    answers.put(None)


def run_kind(kind: str, count: int, first_seed: int = 0, keep: Path | None = None) -> Tally:
    """Try that many files of a kind; files that did harm are copied to ``keep``."""
    title, ending, files = KINDS[kind]
    tally = Tally(title)
    with tempfile.TemporaryDirectory(prefix="formcheck-fuzz-") as folder, Probe() as probe:
        path = Path(folder) / f"case{ending}"

        @seed(first_seed)
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            verbosity=Verbosity.quiet,
            suppress_health_check=list(HealthCheck),
        )
        @given(files)
        def one(content: bytes) -> None:
            path.write_bytes(content)
            _count(tally, probe.ask(kind, path), path, keep, kind)

        one()
    return tally


def _count(tally: Tally, answer: dict[str, Any], path: Path, keep: Path | None, kind: str) -> None:
    tally.tried += 1
    tally.worst_s = max(tally.worst_s, answer["s"])
    tally.worst_mb = max(tally.worst_mb, answer["mb"])
    tally.results += answer["what"] == "result"
    tally.refused += answer["what"] == "refused"
    what = answer["what"]
    if what in ("result", "refused") and answer["mb"] > MEMORY_MB:
        what = "memory"
    if what in ("result", "refused"):
        return
    kept = ""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        kept = str(keep / f"{kind}-{tally.tried}{path.suffix}")
        shutil.copyfile(path, kept)
    tally.problems.append(Problem(what, str(answer["words"]), kept))
