"""The folder that keeps what belongs to one session: uploads, results, and which jobs are not finished yet.

It is removed with its session, and when the app ends. One thing outlives the app: a folder with unfinished jobs, so
that the next start goes on with them. `abandoned` finds these, and removes what else an app left that was killed.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from formcheck.service.pipeline import AnalysisRequest
from formcheck.storage.atomic import PendingFile
from formcheck.storage.history import default_path
from formcheck.storage.temporary_folders import is_alive

FOLDER_PREFIX = "formcheck-app-"
"""Of the folders, before the number of the process that they belong to."""

JOBS_PREFIX = "jobs-"
"""Of the file with unfinished jobs, before the number of the process that works on them."""

OWNER_PREFIX = "owner-"
"""Of an empty file, before the number of the process that took the folder over."""


@dataclass(frozen=True)
class Unfinished:
    """Jobs that are not finished, and what their session needs to go on with them.

    Attributes
    ----------
    token : the session's, as in addresses of its results.
    starts : how many times the app has begun with them.
    unsaved, account : as of `formcheck.app.session.Session`.
    history : where the sets were to be saved; another history must not get them.
    """

    jobs: tuple[AnalysisRequest, ...]
    token: str
    starts: int = 1
    unsaved: tuple[str, ...] = ()
    account: str = ""
    history: str = field(default_factory=lambda: str(default_path()))

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return self.__dict__ | {"jobs": [job.to_dict() for job in self.jobs]}

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> Unfinished:
        """What `to_dict` wrote, after a way through JSON."""
        jobs = tuple(AnalysisRequest.from_dict(each) for each in told["jobs"])
        unsaved, account = tuple(told["unsaved"]), str(told["account"])
        return cls(jobs, str(told["token"]), int(told["starts"]), unsaved, account, str(told["history"]))


class PrivateFolder:
    """A folder that only its owner can look into; ``path`` is one that is there already, as after a restart."""

    def __init__(self, path: Path | None = None) -> None:
        self.name = tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-") if path is None else str(path)
        self._remove = weakref.finalize(self, _removed, self.name)
        # At the end of the app, folders with unfinished jobs stay: see `close_all`.
        self._remove.atexit = False
        _open.add(self)

    @property
    def path(self) -> Path:
        """Where it is."""
        return Path(self.name)

    @property
    def _jobs_file(self) -> Path:
        return self.path / f"{JOBS_PREFIX}{os.getpid()}.json"

    def note(self, unfinished: Unfinished) -> None:
        """Keep in it what is to be done, for the case that the app is stopped; nothing where all is finished."""
        if not unfinished.jobs:
            self._jobs_file.unlink(missing_ok=True)
            return
        # Jobs go on where the note cannot be written; they are only not resumed then.
        with contextlib.suppress(OSError), PendingFile(self._jobs_file, private=True) as partial:
            partial.write_text(json.dumps(unfinished.to_dict()), encoding="utf-8")

    def cleanup(self) -> None:
        """Remove it."""
        self._remove()

    def at_exit(self) -> None:
        """Remove it, unless something in it is not finished."""
        if not self._jobs_file.is_file():
            self.cleanup()


_open: weakref.WeakSet[PrivateFolder] = weakref.WeakSet()


def _removed(name: str) -> None:
    shutil.rmtree(name, ignore_errors=True)


@atexit.register
def close_all() -> None:
    """Remove all that are open, unless something in them is not finished: the app ends."""
    for each in list(_open):
        each.at_exit()


def abandoned(account: str = "") -> Iterator[tuple[PrivateFolder, Unfinished]]:
    """Folders with unfinished jobs of apps that have ended, now this process's own (POSIX).

    Those of other accounts and histories are left to them; folders without unfinished jobs are removed.
    """
    if os.name != "posix":
        return  # there, asking whether a process is alive ends it
    for path in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        owner = path.name.removeprefix(FOLDER_PREFIX).partition("-")[0]
        with contextlib.suppress(OSError, ValueError):
            if not owner.isdecimal() or path.is_symlink() or path.lstat().st_uid != os.getuid():
                continue
            notes = list(path.glob(f"{JOBS_PREFIX}*.json"))
            marks = [each.name.removeprefix(OWNER_PREFIX) for each in path.glob(f"{OWNER_PREFIX}*")]
            owners = [int(owner), *(int(each.stem.removeprefix(JOBS_PREFIX)) for each in notes), *map(int, marks)]
            if any(map(is_alive, owners)):
                continue
            found = _taken(path, notes, account)
            if found is not None:
                yield PrivateFolder(path), found
            elif not _is_of_others(path):
                shutil.rmtree(path, ignore_errors=True)


def _taken(path: Path, notes: list[Path], account: str) -> Unfinished | None:
    """What is to be done in the folder, once this process has made it its own."""
    for note in notes:
        unfinished = _read(note)
        if unfinished is None or (unfinished.history, unfinished.account) != (str(default_path()), account):
            continue
        with contextlib.suppress(OSError):
            # Of several apps that start at the same time, one succeeds.
            note.rename(path / f"{JOBS_PREFIX}{os.getpid()}.json")
            (path / f"{OWNER_PREFIX}{os.getpid()}").touch()
            return unfinished
    return None


def _is_of_others(path: Path) -> bool:
    notes = [_read(each) for each in path.glob(f"{JOBS_PREFIX}*.json")]
    return any(each is not None for each in notes)


def _read(note: Path) -> Unfinished | None:
    try:
        return Unfinished.from_dict(json.loads(note.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
