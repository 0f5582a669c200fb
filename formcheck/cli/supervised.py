"""Commands that decode run in a process of their own, so that a crash of native code is one line and an exit code.

The process that was started looks on, passes signals on and says what happened; the one it starts does the work, with
a limit on its memory, writes to the same terminal, and ends when the first one is gone, however that ended. Systems
other than POSIX do the work in the first process, with the same limit.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from formcheck.core.words import _

SUPERVISED = ("analyze",)
"""Commands that decode videos in their own process."""

LIFELINE = "FORMCHECK_LIFELINE"
"""In the environment of the one that works: a pipe that closes when the one that looks on ends."""

PASSED_ON = (signal.SIGINT, signal.SIGTERM)
CRASHED = 2


def wants_supervision(arguments: Sequence[str]) -> bool:
    """Whether a process with these arguments should look on rather than work."""
    return os.name == "posix" and bool(arguments) and arguments[0] in SUPERVISED and LIFELINE not in os.environ


def supervise(arguments: Sequence[str]) -> int:
    """Let another process do the command; returns its exit code, or `CRASHED` after saying that it crashed."""
    read_end, write_end = os.pipe()
    before = [os.environ.get("PYTHONPATH")] if os.environ.get("PYTHONPATH") else []
    paths = [str(Path(__file__).resolve().parents[2]), *before]
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "formcheck", *arguments],
        env=os.environ | {LIFELINE: str(read_end), "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        pass_fds=[read_end],
        process_group=0,  # the terminal's Ctrl-C comes here only, and is passed on once
    ) as process:
        os.close(read_end)
        for number in PASSED_ON:
            signal.signal(number, lambda number, _: process.send_signal(number))
        code = process.wait()
    os.close(write_end)
    if code >= 0:
        return code
    sys.stderr.write(f"{crash_words(-code)}\n")
    return CRASHED


TOO_MUCH_MEMORY = (
    "The analysis takes more memory than it may, and was ended: try a smaller or shorter video, or raise "
    "limits.memory_gib in settings.toml. Nothing half-written was left."
)


def crash_words(number: int) -> str:
    """What is said of a process that a signal ended."""
    if number == signal.SIGKILL:
        return _(
            "The analysis was ended by the system, perhaps because memory ran out: try a smaller or shorter "
            "video. Nothing half-written was left."
        )
    name = signal.strsignal(number) or _("signal {number}", number=number)
    return _(
        "The analysis crashed ({name}): the video may be damaged in a way that its decoder does not "
        "survive. Convert it to H.264 and try again. Nothing half-written was left.",
        name=name.lower(),
    )


def work_supervised(arguments: Sequence[str] = ()) -> None:
    """In the process that works: hold it to its memory, and end it when the one that looks on has ended."""
    lifeline = os.environ.get(LIFELINE)
    if lifeline is None and not (os.name != "posix" and arguments and arguments[0] in SUPERVISED):
        return
    from formcheck.core.errors import FormCheckError
    from formcheck.core.limits import DEFAULT_LIMITS
    from formcheck.storage.limits_in_force import limits_in_force
    from formcheck.vision.process_memory import limit_memory

    try:
        limits = limits_in_force()
    except FormCheckError:
        limits = DEFAULT_LIMITS  # the command says it in its own words
    limit_memory(limits.memory_bytes, _end_for_memory)
    if lifeline is not None:
        threading.Thread(target=_end_with, args=(int(lifeline),), name="lifeline", daemon=True).start()


def _end_for_memory() -> None:
    sys.stderr.write(f"{TOO_MUCH_MEMORY}\n")
    sys.stderr.flush()
    os._exit(CRASHED)


def _end_with(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(CRASHED)
