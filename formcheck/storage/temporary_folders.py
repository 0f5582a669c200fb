"""Temporary folders for live footage: for their owner only, gone with whoever made them, removed after a kill too.

Their names hold the process, so that the next FormCheck knows which were left behind.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

FOLDER_PREFIX = "formcheck-live-"


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """A new folder, which `remove_abandoned` of another process finds once this one is gone."""
    return tempfile.TemporaryDirectory(prefix=f"{FOLDER_PREFIX}{os.getpid()}-", ignore_cleanup_errors=True)


def remove_abandoned() -> None:
    """Delete footage that a live session left behind which was ended by force (POSIX)."""
    if os.name != "posix":
        return  # there, asking whether a process is alive ends it
    for path in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        owner = path.name.removeprefix(FOLDER_PREFIX).partition("-")[0]
        with contextlib.suppress(OSError):
            if owner.isdecimal() and path.lstat().st_uid == os.getuid() and not is_alive(int(owner)):
                shutil.rmtree(path, ignore_errors=True)


def is_alive(process: int) -> bool:
    """Whether there is a process of that number, whoever owns it (POSIX)."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
