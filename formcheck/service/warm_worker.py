"""A worker process that waits with its libraries loaded, so that an analysis begins at once.

Loading takes longer than judging a set again. One process waits at most; whoever takes it gives it its job, and another
one is started once nothing is being analysed. It ends with the process that started it, and after a while without a
job.
"""

from __future__ import annotations

import importlib
import os
import select
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

LOADED = (
    "formcheck.judging.analysis",
    "formcheck.storage.pose_files",
    "formcheck.render.html.report",
    "formcheck.storage.history",
    "formcheck.vision.pose_estimation",
    "formcheck.render.annotated_video",
)
"""What nearly every job needs, what is needed first coming first."""

WAITS_S = 1800.0
"""After so long without a job a waiting process ends, and gives back its 190 MB."""


class WarmWorkers:
    """Starts worker processes, one of them ahead of time; may be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: subprocess.Popen[str] | None = None
        self._for: tuple[list[str], dict[str, str], str] | None = None
        self._given: list[subprocess.Popen[str]] = []

    def keep(self, command: Sequence[str]) -> None:
        """See to it that a process waits, unless one that was taken is still at work."""
        with self._lock:
            self._given = [each for each in self._given if each.poll() is None]
            if self._given or self._usable(command):
                return
            self._dismiss()
            try:
                self._waiting, self._for = _started(command), _circumstances(command)
            except OSError:
                # Whoever takes one is told.
                self._waiting = None

    def take(self, command: Sequence[str]) -> subprocess.Popen[str]:
        """A process that is ready for its job: the waiting one, or a new one where circumstances have changed.

        Raises
        ------
        OSError : it cannot be started.
        """
        with self._lock:
            taken = self._waiting if self._usable(command) else None
            if taken is None:
                self._dismiss()
            self._waiting = None
        taken = taken or _started(command)
        with self._lock:
            self._given.append(taken)
        return taken

    def _usable(self, command: Sequence[str]) -> bool:
        return self._waiting is not None and self._waiting.poll() is None and self._for == _circumstances(command)

    def _dismiss(self) -> None:
        process, self._waiting = self._waiting, None
        if process is not None:
            assert process.stdin is not None
            assert process.stdout is not None
            # Without a job it ends.
            process.stdin.close()
            process.stdout.close()
            threading.Thread(target=process.wait, daemon=True).start()


def _started(command: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env=os.environ | {"PYTHONPATH": _python_path(), "PYTHONUTF8": "1"},
    )


def _python_path() -> str:
    """The process finds this very package, wherever it was started from."""
    here = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])


def _circumstances(command: Sequence[str]) -> tuple[list[str], dict[str, str], str]:
    """What a process takes over when it starts: one that started under others may do something else."""
    return list(command), dict(os.environ), os.getcwd()


# --- in the process ------------------------------------------------------------------------------------------------


def load_until_called() -> None:
    """Load what a job needs until one comes."""
    for name in LOADED:
        if _is_called():
            return
        _load(name)
    if not _is_called():
        from formcheck.vision import openvino_backend

        openvino_backend.preload()


def next_job() -> str | None:
    """The line that names the job; None when there will be none."""
    bored = threading.Timer(WAITS_S, os._exit, (0,))
    bored.daemon = True
    bored.start()
    line = sys.stdin.readline()
    bored.cancel()
    return line or None


def _load(name: str) -> None:
    try:
        importlib.import_module(name)
    except (ImportError, OSError):
        # The job says in plain words what is missing.
        return


def _is_called() -> bool:
    try:
        return bool(select.select([sys.stdin], [], [], 0)[0])
    except (OSError, ValueError):
        # Pipes cannot be asked on Windows.
        return True
