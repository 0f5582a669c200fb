"""Tasks on this machine, in processes that do one after another, several at a time.

Why not a pool of the standard library: when a process of `concurrent.futures.ProcessPoolExecutor` (or of loky, which is
built like it) dies, the whole pool is broken and every task in it fails; `multiprocessing.Pool` waits for ever for the
task that died. A decoder that crashes on one damaged file, or a kernel that ends what takes too much memory, is an
ordinary day for a batch of films. Here every process has a pipe that it shares with nobody and one task at a time, so
that its end, however violent, is the end of one task; and a stop is a stop.

A process does many tasks, as what a process needs but once (loading libraries, reading templates, warming caches) costs
a sixth of a short clip. It is replaced after `RECYCLED_AFTER` of them, or when it has grown, so that what libraries do
not give back is given back. On Linux a fork server that has loaded the libraries (`formcheck.batch.preload`) makes a
new one in a few milliseconds.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from typing import Any, Generic, TypeVar

import psutil

from formcheck.core.errors import Cancelled, FormCheckError
from formcheck.core.words import _

Task = TypeVar("Task")
Result = TypeVar("Result")

Tell = Callable[[str, int, "int | None"], None]

PRELOAD = "formcheck.batch.preload"

TRIES = 2
"""How often a task is begun whose process dies: once may be the machine, twice is the task."""

TOLD_EVERY_S = 0.5
LOOKED_EVERY_S = 0.2
"""How often progress is passed on, and how often the wish to stop is asked for."""

GRACE_S = 3.0
"""How long a process may take to end."""

RECYCLED_AFTER = 50
"""Tasks that a process does before another takes its place."""

GROWN_BYTES = 600 * 2**20
"""A process that holds more than this between two tasks is replaced: analyses are given 700 MB, see docs/scaling.md."""


@dataclass(frozen=True)
class Finished(Generic[Task, Result]):
    """A task came to its end: with a result, or with the reason why its process died."""

    task: Task
    result: Result | None
    died: str = ""


@dataclass(frozen=True)
class Step(Generic[Task]):
    """How far a task is."""

    task: Task
    stage: str
    done: int
    total: int | None


def run_each(
    function: Callable[[Task, Tell], Result],
    tasks: Iterable[Task],
    jobs: int,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Finished[Task, Result] | Step[Task]]:
    """Call a function on each task, in other processes; results come as they are ready.

    Parameters
    ----------
    function : importable in another process, as are tasks and results; called with a task and a function that tells of
        steps.
    tasks : taken as processes become free, so there may be any number.
    jobs : processes at a time.
    stopped : asked several times a second; True ends all processes.

    Raises
    ------
    Cancelled : ``stopped`` said so.
    FormCheckError : as the function raised it; it ends all the others.
    """
    context = _context()
    waiting = iter(tasks)
    again: deque[tuple[Task, int]] = deque()
    idle: list[_Worker[Task]] = []
    running: dict[Any, _Worker[Task]] = {}
    try:
        while True:
            while len(running) < jobs and (begun := _next(again, waiting)) is not None:
                one = _next_idle(idle) or _Worker(context, function)
                one.begin(*begun)
                running[one.connection] = one
            if not running:
                return
            for connection in wait(list(running), LOOKED_EVERY_S):
                one = running[connection]
                message = one.message()
                if isinstance(message, Step):
                    yield message
                    continue
                del running[connection]
                if isinstance(message, _Result) and not message.last:
                    idle.append(one)
                else:
                    one.end()
                if isinstance(message, FormCheckError):
                    raise message
                if isinstance(message, _Result):
                    yield Finished(one.task, message.value)
                elif one.tries < TRIES:
                    again.append((one.task, one.tries + 1))
                else:
                    yield Finished(one.task, None, one.death())
            if stopped():
                raise Cancelled(_("Stopped."))
    finally:
        for one in [*running.values(), *idle]:
            one.kill()


def _next(again: deque[tuple[Task, int]], waiting: Iterator[Task]) -> tuple[Task, int] | None:
    if again:
        return again.popleft()
    for task in waiting:
        return task, 1
    return None


def _next_idle(idle: list[_Worker[Task]]) -> _Worker[Task] | None:
    """A process that waits for a task; those that were ended meanwhile are put away."""
    while idle:
        one = idle.pop()
        if one.process.is_alive():
            return one
        one.end()
    return None


@dataclass(frozen=True)
class _Result:
    """What a task gave; ``last`` = the process ends with it."""

    value: Any
    last: bool


class _Worker(Generic[Task]):
    """A process, and the task that it has."""

    task: Task
    tries: int

    def __init__(self, context: BaseContext, function: Callable[..., Any]) -> None:
        self.connection, theirs = context.Pipe()
        # Not a daemon: those may not have processes of their own, which a library may want.
        arguments = theirs, function, dict(os.environ)
        self.process = context.Process(target=_work, args=arguments, name="formcheck-clip")  # type: ignore[attr-defined]
        self.process.start()
        theirs.close()

    def begin(self, task: Task, tries: int) -> None:
        """Give it a task; one that is dead already is found to be so when it is asked for a message."""
        self.task, self.tries = task, tries
        with contextlib.suppress(OSError):
            self.connection.send(task)

    def message(self) -> Step[Task] | _Result | FormCheckError | None:
        """What the process says; None when it says nothing any more."""
        try:
            told = self.connection.recv()
        except (EOFError, OSError):
            return None
        if isinstance(told, tuple):
            return Step(self.task, *told)
        return told if isinstance(told, _Result | FormCheckError) else None

    def end(self) -> None:
        """Wait until the process is gone."""
        self.process.join(GRACE_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.connection.close()

    def death(self) -> str:
        """How it died, in words."""
        code = self.process.exitcode or 0
        if code < 0:
            with contextlib.suppress(ValueError):
                name = signal.Signals(-code).name
                why = ", perhaps because memory ran out" if name == "SIGKILL" else ""
                return f"Its process was ended by {name}{why}, {TRIES} times."
        return f"Its process ended without a result (exit code {code}), {TRIES} times."

    def kill(self) -> None:
        """End the process at once: nothing is half-written under a final name."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def _context() -> BaseContext:
    if not sys.platform.startswith("linux"):
        return multiprocessing.get_context("spawn")  # forking after libraries are loaded is not safe there
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([PRELOAD])
    return context


# --- in the process ------------------------------------------------------------------------------------------------


def _work(connection: Connection, function: Callable[[Any, Tell], Any], environment: dict[str, str]) -> None:
    # The fork server may be older than what has been set since.
    os.environ.update(environment)
    # Ctrl-C reaches every process of the terminal; the one that started this one decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _be_quiet()
    last: tuple[str, float] = "", 0.0

    def tell(stage: str, done: int, total: int | None) -> None:
        nonlocal last
        if stage != last[0] or time.monotonic() - last[1] > TOLD_EVERY_S:
            last = stage, time.monotonic()
            connection.send((stage, done, total))

    with contextlib.suppress(EOFError, OSError):  # nobody is there any more
        for number in itertools.count(1):
            task = connection.recv()
            last = "", 0.0
            try:
                value = function(task, tell)
            except FormCheckError as error:
                connection.send(error)
                break
            ends = number >= RECYCLED_AFTER or psutil.Process().memory_info().rss > GROWN_BYTES
            connection.send(_Result(value, ends))
            if ends:
                break
    connection.close()
    # Native threads must not keep the process alive, nor crash while the interpreter is taken down.
    os._exit(0)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _be_quiet() -> None:
    """What native libraries print would run through the progress of the batch."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
