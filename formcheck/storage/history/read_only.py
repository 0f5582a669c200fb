"""A history file that can only be read: on a sealed stick, in a backup, in a folder of somebody else.

SQLite wants to make helper files beside a file even to read it. Where it cannot, the file is opened as one that nobody
changes; and where the last program that wrote to it left changes in a helper file, both are copied first, since those
changes would not be seen.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ReadOnlyFile:
    """An open file, and the temporary folder of its copy, None where it was not copied."""

    connection: sqlite3.Connection
    copy: tempfile.TemporaryDirectory[str] | None = None

    def close(self) -> None:
        """Close the file and remove the copy."""
        self.connection.close()
        if self.copy is not None:
            self.copy.cleanup()


def can_only_be_read(path: Path) -> bool:
    """Whether there is a file that this user may not write to, or may not write beside."""
    return path.is_file() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK))


def open_read_only(path: Path, timeout_s: float) -> ReadOnlyFile:
    """Open a file that can only be read.

    Raises
    ------
    OSError, sqlite3.Error : it cannot be read either.
    """
    changes = path.with_name(f"{path.name}-wal")
    if not changes.is_file() or changes.stat().st_size == 0:
        address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        return ReadOnlyFile(sqlite3.connect(address, uri=True, timeout=timeout_s, isolation_level=None))
    folder = tempfile.TemporaryDirectory(prefix="formcheck-", ignore_cleanup_errors=True)
    try:
        for each in (path, changes):
            shutil.copyfile(each, Path(folder.name) / each.name)
        copied = sqlite3.connect(Path(folder.name) / path.name, timeout=timeout_s, isolation_level=None)
        copied.execute("PRAGMA query_only = ON")
    except BaseException:
        folder.cleanup()
        raise
    return ReadOnlyFile(copied, folder)
