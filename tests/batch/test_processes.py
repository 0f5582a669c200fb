"""Tasks in processes of their own: every task ends once, whatever becomes of its process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from pathlib import Path

import psutil
import pytest

from formcheck.batch import machine
from formcheck.batch.processes import Finished, Step, Tell, run_each
from formcheck.core.errors import Cancelled, OutputError
from formcheck.vision.machine import usable_cores


def work(task: str, tell: Tell) -> tuple[str, int]:
    """Runs in the process."""
    word, _, path = task.partition(" ")
    tell("begun", 0, None)
    if word == "die" or (word == "die-once" and not Path(path).exists()):
        if path:
            Path(path).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "exit":
        os._exit(7)
    if word == "full":
        raise OutputError("The disk is full.")
    if word == "nap":
        time.sleep(0.2)
    if word == "long":
        time.sleep(60)
    return task.upper(), os.getpid()


def ends(tasks: list[str], jobs: int = 2) -> dict[str, Finished[str, tuple[str, int]]]:
    found = [event for event in run_each(work, tasks, jobs) if isinstance(event, Finished)]
    assert len(found) == len(tasks)
    return {event.task: event for event in found}


def pids(found: dict[str, Finished[str, tuple[str, int]]]) -> list[int]:
    return [event.result[1] for event in found.values() if event.result]


def test_a_process_does_one_task_after_another() -> None:
    found = ends(["a", "b", "c", "d", "e", "f"])
    assert [event.result[0] for event in found.values() if event.result] == [task.upper() for task in found]
    assert len(set(pids(found))) <= 2
    assert os.getpid() not in pids(found)
    assert len(set(pids(ends(["a", "b", "c", "d", "e", "f"], 1)))) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="what is set here is inherited by a fork only")
@pytest.mark.parametrize(("name", "value", "processes"), [("RECYCLED_AFTER", 2, 3), ("GROWN_BYTES", 0, 6)])
def test_a_process_is_replaced_before_it_is_worn(
    monkeypatch: pytest.MonkeyPatch, name: str, value: int, processes: int
) -> None:
    # A fork of these tests may be large already.
    monkeypatch.setattr("formcheck.batch.processes.GROWN_BYTES", 1 << 60)
    monkeypatch.setattr(f"formcheck.batch.processes.{name}", value)
    monkeypatch.setattr("formcheck.batch.processes._context", lambda: multiprocessing.get_context("fork"))
    before = set(psutil.Process().children(recursive=True))
    assert len(set(pids(ends(["a", "b", "c", "d", "e", "f"], 1)))) == processes
    assert alive_since(before) == []


def test_a_process_that_is_ended_while_it_waits_costs_no_task() -> None:
    found: list[tuple[str, int]] = []
    for event in run_each(work, ["a", "nap", "b", "c"], 2):
        if isinstance(event, Finished):
            assert event.result is not None
            found.append(event.result)
            if len(found) == 1:
                # It has its next task already, or waits for one: either way no task may be lost with it.
                os.kill(event.result[1], signal.SIGKILL)
    assert sorted(word for word, _ in found) == ["A", "B", "C", "NAP"]


def test_a_process_that_dies_takes_no_other_task_down(tmp_path: Path) -> None:
    found = ends(["a", "die", "b", f"die-once {tmp_path / 'tried'}", "exit", "c"])
    assert found["die"].result is None
    assert found["die"].died == "Its process was ended by SIGKILL, perhaps because memory ran out, 2 times."
    assert found["exit"].died == "Its process ended without a result (exit code 7), 2 times."
    assert {task for task, event in found.items() if event.result} == {
        "a",
        "b",
        "c",
        f"die-once {tmp_path / 'tried'}",
    }


def test_steps_are_told() -> None:
    steps = [event for event in run_each(work, ["a"], 1) if isinstance(event, Step)]
    assert [(step.task, step.stage, step.total) for step in steps] == [("a", "begun", None)]


def test_an_error_that_concerns_all_ends_all() -> None:
    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(OutputError, match="disk is full"):
        list(run_each(work, ["long", "full", "long"], 2))
    assert alive_since(before) == []


def test_a_stop_ends_all_processes() -> None:
    before = set(psutil.Process().children(recursive=True))
    begun: deque[object] = deque()
    events = run_each(work, ["long", "long", "long"], 2, lambda: len(begun) == 2)
    with pytest.raises(Cancelled):
        begun.extend(events)
    assert alive_since(before) == []


def alive_since(before: set[psutil.Process]) -> list[psutil.Process]:
    """Processes of clips; the server that they are forked from stays."""
    children = set(psutil.Process().children(recursive=True)) - before
    servers = {one for one in children if any("forkserver" in word for word in one.cmdline())}
    return [
        one
        for one in children
        if one not in servers and one.status() != psutil.STATUS_ZOMBIE and "resource_tracker" not in str(one.cmdline())
    ] + [two for one in servers for two in one.children()]


# --- what the machine carries --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cores", "memory", "jobs"), [(4, 100 * machine.CLIP_BYTES, 4), (8, 3 * machine.CLIP_BYTES, 3), (2, 0, 1)]
)
def test_jobs_are_as_many_as_cores_and_memory_allow(
    monkeypatch: pytest.MonkeyPatch, cores: int, memory: int, jobs: int
) -> None:
    monkeypatch.setattr(machine, "usable_cores", lambda: cores)
    monkeypatch.setattr(machine, "usable_memory_bytes", lambda: memory)
    assert machine.usual_jobs() == jobs


def test_the_limits_of_a_container_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("formcheck.vision.machine.CGROUP", tmp_path)
    without = usable_cores(), machine.usable_memory_bytes()
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("1000000\n")
    assert (usable_cores(), machine.usable_memory_bytes()) == (1, 2_000_000)
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert usable_cores() == without[0]
    assert machine.usable_memory_bytes() > 2_000_000
