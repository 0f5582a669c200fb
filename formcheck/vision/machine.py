"""What this process may use of the machine."""

from __future__ import annotations

import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """Cores that this process may use: fewer than there are in a container or under taskset."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    quota = cgroup_numbers("cpu.max")
    if len(quota) == 2 and quota[1] > 0:
        cores = min(cores, max(1, quota[0] // quota[1]))
    return cores


def cgroup_numbers(name: str) -> list[int]:
    """The numbers in a file of the control group; none where there is no limit or no such file."""
    try:
        return [int(word) for word in (CGROUP / name).read_text(encoding="ascii").split()]
    except (OSError, ValueError):
        return []
