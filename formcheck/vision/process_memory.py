"""Memory that a process may take: files that claim too much end in an error instead of taking the machine with them.

On Linux the system does the counting (``RLIMIT_DATA``: all private memory), so that native libraries are held to it as
well: what they cannot get they report. Elsewhere (macOS, Windows) no such limit holds, so a thread looks twice a second
at what the process has, and ends it when that is too much: later, and without a chance to report, but before the
machine suffers.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator

import psutil

HEADER_BYTES = 1 << 30
"""What opening a video may take. Headers of real films need a few megabytes, and probing of 8K pictures 400."""

SHARE_OF_MACHINE = 0.75

LOOKED_EVERY_S = 0.5
"""How often memory is looked at where the system does not hold a limit."""

ENDED_FOR_MEMORY = 2
"""Exit code of a process that has taken too much there."""

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Names of two settings in the C library."""

KEPT_BYTES, KEPT_PIECE_BYTES = 48 << 20, 32 << 20
"""How much freed memory is kept for the next picture, and how large a piece of it may be."""


def limit_memory(most_bytes: float, too_much: Callable[[], object] | None = None) -> None:
    """Limit this process for the rest of its life, to three quarters of the machine's memory at most.

    Parameters
    ----------
    too_much : called where the system holds no limit, when the process has taken more, and is to end it; None = end
        without a word.
    """
    most = int(min(most_bytes, SHARE_OF_MACHINE * psutil.virtual_memory().total))
    if sys.platform != "linux":
        watch = MemoryWatch(psutil.Process(), most, too_much or (lambda: os._exit(ENDED_FOR_MEMORY)))
        threading.Thread(target=watch.look_on, name="memory", daemon=True).start()
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (_lower(most, soft), hard))


class MemoryWatch:
    """Looks at the memory of a process until it has more than it may.

    Parameters
    ----------
    process : a `psutil.Process`.
    most_bytes : of resident memory.
    too_much : called once, when there is more.
    pause : waits between two looks.
    """

    def __init__(
        self,
        process: psutil.Process,
        most_bytes: int,
        too_much: Callable[[], object],
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._process, self._most_bytes, self._too_much, self._pause = process, most_bytes, too_much, pause

    def look_on(self) -> None:
        """Return when there was too much, or when the process is gone or may not be looked at."""
        while True:
            try:
                resident = self._process.memory_info().rss
            except psutil.Error:
                return
            if resident > self._most_bytes:
                self._too_much()
                return
            self._pause(LOOKED_EVERY_S)


def keep_freed_memory() -> None:
    """Let this process keep memory that it frees, for the rest of its life.

    Threads that make and free pictures otherwise hand their memory back to the system with each of them, and every page
    of the next one is filled with zeros again: a third of the time that an annotated video takes. Only where the C
    library is glibc.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        library.gnu_get_libc_version  # noqa: B018 - other libraries have a mallopt that means something else
        library.mallopt(M_MMAP_THRESHOLD, KEPT_PIECE_BYTES)
        library.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)


@contextlib.contextmanager
def limited_memory(more_bytes: int = HEADER_BYTES) -> Iterator[None]:
    """In the block the process may take so much more than it has now; afterwards the limit is as it was."""
    if sys.platform != "linux":
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (_lower(_taken_bytes() + more_bytes, before[0]), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _lower(wanted: int, soft: int) -> int:
    import resource

    return wanted if soft == resource.RLIM_INFINITY else min(wanted, soft)


def _taken_bytes() -> int:
    with open("/proc/self/status", "rb") as status:
        for line in status:
            if line.startswith(b"VmData:"):
                return int(line.split()[1]) * 1024
    raise OSError("the system does not say how much memory is taken")
