"""What this machine carries: how many clips at a time."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

CLIP_BYTES = 700 * 2**20
"""Memory of one analysis, with room to spare: see docs/scaling.md."""

CGROUP = Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """Cores that this process may use: fewer than there are in a container or under taskset."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    quota = _cgroup_numbers("cpu.max")
    if len(quota) == 2 and quota[1] > 0:
        cores = min(cores, max(1, quota[0] // quota[1]))
    return cores


def usable_memory_bytes() -> int:
    """Memory that is free for use, by the limit of the container where there is one."""
    free = int(psutil.virtual_memory().available)
    limit, used = _cgroup_numbers("memory.max"), _cgroup_numbers("memory.current")
    return min(free, max(0, limit[0] - used[0])) if limit and used else free


def usual_jobs() -> int:
    """As many clips at a time as there are cores, or as memory allows."""
    return max(1, min(usable_cores(), usable_memory_bytes() // CLIP_BYTES))


def _cgroup_numbers(name: str) -> list[int]:
    """The numbers in a file of the control group; none where there is no limit or no such file."""
    try:
        return [int(word) for word in (CGROUP / name).read_text(encoding="ascii").split()]
    except (OSError, ValueError):
        return []
