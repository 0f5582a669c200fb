"""Reading files that somebody named: only ordinary ones, and never more of them than is sensible.

A pipe would be waited for and a device read for ever; a file that grows meanwhile is read up to the limit.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from formcheck.core.errors import FormCheckError


def check_ordinary(path: Path, error: type[FormCheckError], largest_bytes: float, what: str) -> None:
    """Refuse folders, pipes, devices and files that are too large, before they are opened.

    Parameters
    ----------
    error : what is raised then.
    what : what the file should be, such as "a pose file".

    Raises
    ------
    OSError : there is no such file, or its folder may not be looked into.
    """
    facts = os.stat(path)
    if stat.S_ISDIR(facts.st_mode):
        raise error(f"{path} is a folder, not {what}.")
    if not stat.S_ISREG(facts.st_mode):
        raise error(f"{path} is not an ordinary file: save {what} to disk first.")
    if facts.st_size > largest_bytes:
        raise error(f"{path} is too large for {what} ({facts.st_size / 1e6:,.0f} MB): check the name.")


def read_ordinary(path: Path, error: type[FormCheckError], largest_bytes: int, what: str) -> bytes:
    """The content of such a file; errors as of `check_ordinary`."""
    check_ordinary(path, error, largest_bytes, what)
    with path.open("rb") as stream:
        content = stream.read(largest_bytes + 1)
    if len(content) > largest_bytes:
        raise error(f"{path} is too large for {what}: check the name.")
    return content
