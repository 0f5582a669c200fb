"""Memory is limited on every system; settings of the C library are only touched where it is glibc."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from typing import cast

import psutil
import pytest

from formcheck.cli.supervised import CRASHED, TOO_MUCH_MEMORY
from formcheck.vision.process_memory import (
    LOOKED_EVERY_S,
    M_MMAP_THRESHOLD,
    M_TRIM_THRESHOLD,
    SHARE_OF_MACHINE,
    MemoryWatch,
    keep_freed_memory,
    limit_memory,
)


def _library(monkeypatch: pytest.MonkeyPatch, **functions: object) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(**functions))


def test_freed_memory_is_kept_by_glibc(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[int, int] = {}
    _library(monkeypatch, gnu_get_libc_version=None, mallopt=told.__setitem__)
    keep_freed_memory()
    assert told.keys() == {M_MMAP_THRESHOLD, M_TRIM_THRESHOLD}


def test_another_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[int, int] = {}
    _library(monkeypatch, mallopt=told.__setitem__)
    keep_freed_memory()
    assert told == {}


def test_without_a_library_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_there(_: object) -> None:
        raise TypeError("no name")

    monkeypatch.setattr(ctypes, "CDLL", none_there)
    keep_freed_memory()


# --- where the system holds no limit -------------------------------------------------------------------------------


class FakeProcess:
    """A process that has so much memory at each look, and is gone after the last one."""

    def __init__(self, *resident: int) -> None:
        self.resident = list(resident)

    def memory_info(self) -> SimpleNamespace:
        if not self.resident:
            raise psutil.NoSuchProcess(1)
        return SimpleNamespace(rss=self.resident.pop(0))


def watched(*resident: int, most: int) -> tuple[int, int]:
    """How often it was called too much, and how many pauses there were."""
    calls: list[str] = []
    pauses: list[float] = []
    process = cast(psutil.Process, FakeProcess(*resident))
    MemoryWatch(process, most, lambda: calls.append("ended"), pauses.append).look_on()
    assert set(pauses) <= {LOOKED_EVERY_S}
    return len(calls), len(pauses)


def test_a_process_that_takes_too_much_is_ended_at_the_next_look() -> None:
    assert watched(10, 90, 100, 101, 500, most=100) == (1, 3)


def test_one_that_takes_as_much_as_it_may_is_not() -> None:
    assert watched(10, 100, 100, most=100) == (0, 3)


def test_one_that_is_gone_is_looked_at_no_more() -> None:
    assert watched(most=100) == (0, 0)


@pytest.mark.parametrize("platform", ["darwin", "win32"])
@pytest.mark.parametrize("too_large", [True, False])
def test_other_systems_are_watched(platform: str, too_large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    total = 1000
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=total))
    # Three quarters of the machine, although more was allowed.
    process = FakeProcess(int(SHARE_OF_MACHINE * total) + too_large)
    monkeypatch.setattr(psutil, "Process", lambda: process)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    ended = threading.Event()
    before = set(threading.enumerate())
    limit_memory(1e12, ended.set)
    for thread in set(threading.enumerate()) - before:
        thread.join(30)
    assert ended.is_set() is too_large


def test_a_real_process_that_takes_too_much_ends_with_a_line() -> None:
    program = (
        "import sys, time\n"
        "from formcheck.cli import supervised\n"
        "from formcheck.vision.process_memory import limit_memory\n"
        "sys.platform = 'darwin'\n"
        "limit_memory(200 << 20, supervised._end_for_memory)\n"
        "taken = b'x' * (400 << 20)\n"
        "time.sleep(240)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=200)
    assert done.returncode == CRASHED
    assert done.stderr == f"{TOO_MUCH_MEMORY}\n"
