"""Memory that a process may take: files that claim too much end in an error instead of taking the machine with them.

The system does the counting (``RLIMIT_DATA``), so that native libraries are held to it as well: what they cannot get
they report. Linux counts all private memory; where the system does not (Windows, macOS), nothing is limited here.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator

HEADER_BYTES = 1 << 30
"""What opening a video may take. Headers of real films need a few megabytes, and probing of 8K pictures 400."""

SHARE_OF_MACHINE = 0.75

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Names of two settings in the C library."""

KEPT_BYTES, KEPT_PIECE_BYTES = 48 << 20, 32 << 20
"""How much freed memory is kept for the next picture, and how large a piece of it may be."""


def limit_memory(most_bytes: float) -> None:
    """Limit this process for the rest of its life, to three quarters of the machine's memory at most."""
    if sys.platform != "linux":
        return
    import resource

    machine_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = _lower(int(min(most_bytes, SHARE_OF_MACHINE * machine_bytes)), soft)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


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
