"""What this machine carries: how many clips at a time."""

from __future__ import annotations

import psutil

from formcheck.vision.machine import cgroup_numbers, usable_cores

CLIP_BYTES = 700 * 2**20
"""Memory of one analysis, with room to spare: see docs/scaling.md."""


def usable_memory_bytes() -> int:
    """Memory that is free for use, by the limit of the container where there is one."""
    free = int(psutil.virtual_memory().available)
    limit, used = cgroup_numbers("memory.max"), cgroup_numbers("memory.current")
    return min(free, max(0, limit[0] - used[0])) if limit and used else free


def usual_jobs() -> int:
    """As many clips at a time as there are cores, or as memory allows."""
    return max(1, min(usable_cores(), usable_memory_bytes() // CLIP_BYTES))
