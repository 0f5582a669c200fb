"""Copies of a history file that are made by themselves: once a week, and before its tables change.

They are beside the history, in ``backups``, and the newest few of each kind stay. What is deleted from the history is
deleted from them as well: "for good" must be true. A history on a server is backed up by those who run the server.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from formcheck.core.errors import HistoryError
from formcheck.core.words import _
from formcheck.storage import clock
from formcheck.storage.atomic import PendingFile
from formcheck.storage.history.database import Database

FOLDER = "backups"

WEEK = timedelta(days=7)

KEPT = 3
"""Backups of a kind that stay."""

LARGE_BYTES = 1 << 30
"""From this size on the weekly backup leaves out the poses, which are most of it: they are for judging sets again, and
several copies of them would fill a disk."""

NAME = re.compile(r"history-(\d{4}-\d{2}-\d{2}-\d{6})-(weekly|before-\d{4})\.sqlite3")
STAMP = "%Y-%m-%d-%H%M%S"


def before_migration(database: Database, revision: str) -> None:
    """Copy a history that is about to become one of a newer version; `HistoryError` when there is no room for it."""
    if database.path is None:
        return
    with database.errors():
        _make(database, database.path, f"before-{revision}", database.copy_file)


def weekly(database: Database) -> None:
    """Copy the history when the newest weekly copy is a week old; before something is written.

    A copy that cannot be made keeps nobody from saving a set.
    """
    if database.path is None:
        return
    now = clock.now()
    # Those from the future were made before the clock was set right.
    ages = [now - made for made, kind, _ in backups(database.folder) if kind == "weekly" and made <= now]
    if ages and min(ages) < WEEK:
        return
    with contextlib.suppress(HistoryError, OSError, sqlite3.Error):
        with database.reading() as connection:
            if connection.exec_driver_sql("SELECT 1 FROM sets LIMIT 1").first() is None:
                return
        whole = database.path.stat().st_size < LARGE_BYTES
        _make(database, database.path, "weekly", database.copy_file if whole else database.copy_without_poses)


def backups(folder: Path) -> list[tuple[datetime, str, Path]]:
    """When each backup was made, its kind ("weekly", "before-0003"), and its file; the oldest first."""
    found = []
    for path in (folder / FOLDER).glob("history-*.sqlite3"):
        named = NAME.fullmatch(path.name)
        if named is not None:
            with contextlib.suppress(ValueError):
                found.append((datetime.strptime(named[1], STAMP).replace(tzinfo=UTC), named[2], path))
    return sorted(found)


def delete_from_backups(folder: Path, uids: Sequence[str], lifter_key: str | None = None) -> None:
    """Delete sets, and a lifter, from all backups; `HistoryError` names one from which they cannot be."""
    for _made, _kind, path in backups(folder):
        try:
            with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as copy:
                for pragma in ("secure_delete = ON", "foreign_keys = ON", "journal_mode = MEMORY"):
                    copy.execute(f"PRAGMA {pragma}").fetchall()
                copy.execute("BEGIN")
                copy.executemany("DELETE FROM sets WHERE uid = ?", [(uid,) for uid in uids])
                copy.execute("DELETE FROM lifters WHERE name_key = ?", [lifter_key])
                copy.execute("COMMIT")
        except sqlite3.Error as error:
            raise HistoryError(
                _("It is deleted, but not from the backup {path} ({error}): delete that file.", path=path, error=error)
            ) from error


def _make(database: Database, path: Path, kind: str, copy: Callable[[sqlite3.Connection], None]) -> None:
    folder = database.folder / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    if shutil.disk_usage(folder).free < 2 * path.stat().st_size:
        raise HistoryError(_("There is no room in {folder} for a backup of the history: make room.", folder=folder))
    name = f"history-{clock.now():{STAMP}}-{kind}.sqlite3"
    with (
        PendingFile(folder / name, private=True) as partial,
        contextlib.closing(sqlite3.connect(partial, isolation_level=None)) as target,
    ):
        copy(target)
        # One file, without a log beside it.
        target.execute("PRAGMA journal_mode = DELETE").fetchall()
    for old in _too_old(database.folder, kind):
        old.unlink(missing_ok=True)


def _too_old(folder: Path, kind: str) -> Iterator[Path]:
    weekly_ones, now = kind == "weekly", clock.now()
    alike = [(made <= now, made, path) for made, each, path in backups(folder) if (each == "weekly") == weekly_ones]
    # Before the clock was set back: older than all that was made since.
    yield from (path for _, _, path in sorted(alike)[:-KEPT])
