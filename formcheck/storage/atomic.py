"""Files that appear under their name only when they are complete: every file that FormCheck writes gets there so.

A file is made under another name in the same folder, and moved to its own in one step of the file system. A crash, a
full disk or Ctrl-C leaves what was there before, and never half a file.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from types import TracebackType

LONGEST_STEM = 40
"""Letters of the name that go into the temporary one: file systems take 255 bytes, and a letter may need four."""


class PendingFile:
    """A file that is being written; a context manager that gives it its name, or removes it after an error.

    Where a block cannot be used, call `commit` or `discard`.

    Parameters
    ----------
    path : its name in the end. A file of that name is replaced.
    private : readable by its owner only, as everything about people's bodies is; else like any new file.
    partial : where it is until then, on the same disk, in place of a name beside ``path``; the writer makes it.

    Attributes
    ----------
    path, partial : as above; ``partial`` is what is to be written to.

    Raises
    ------
    OSError : the folder does not exist or takes no file, here or while committing.
    """

    def __init__(self, path: str | Path, *, private: bool = False, partial: Path | None = None) -> None:
        self.path = Path(path)
        if partial is not None:
            self.partial = partial
            return
        name = f".{self.path.name[:LONGEST_STEM]}.{secrets.token_hex(6)}.part"
        # Absolute, so that no name is taken for a URL or an option.
        self.partial = self.path.absolute().parent / name
        # The mode is given here, as the process' umask cannot be asked for without changing it.
        os.close(os.open(self.partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666))

    def __enter__(self) -> Path:
        return self.partial

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.commit()
        else:
            self.discard()

    def commit(self) -> None:
        """Give the file its name, in place of what is there; removes it when that fails."""
        try:
            os.replace(self.partial, self.path)
        finally:
            self.discard()

    def commit_new(self) -> None:
        """Give the file its name; `FileExistsError` when something of that name is there already."""
        try:
            # Linking fails where the name was taken meanwhile, replacing would not.
            os.link(self.partial, self.path)
        except FileExistsError:
            raise
        except OSError:
            # Some disks cannot link.
            if os.path.lexists(self.path):
                raise FileExistsError(str(self.path)) from None
            os.replace(self.partial, self.path)
        finally:
            self.discard()

    def discard(self) -> None:
        """Remove what was written, unless it has its name already; safe to call at any time."""
        with contextlib.suppress(OSError):
            self.partial.unlink(missing_ok=True)


def write_bytes(path: str | Path, content: bytes, *, private: bool = False) -> None:
    """Write a whole file in place of what is there; `OSError` when that cannot be done."""
    with PendingFile(path, private=private) as partial:
        partial.write_bytes(content)


def write_text(path: str | Path, text: str, *, private: bool = False) -> None:
    """Write a whole text file (UTF-8, line breaks as they are) in place of what is there; `OSError` as above."""
    write_bytes(path, text.encode("utf-8"), private=private)
