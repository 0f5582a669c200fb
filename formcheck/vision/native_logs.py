"""Keeps the chatter of native libraries off the terminal.

MediaPipe's C++ code writes information and warnings straight to file descriptor 2 ("W0000 00:00:... feedback manager
...", "INFO: [environment.cc:36] ..."), past Python and past every environment variable that used to silence it.
`quiet_native_logs` lets descriptor 2 run through a filter for the duration of a command: known chatter is dropped,
everything else still reaches the user.
It acts on the whole process, so only programs should use it, never library code.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from collections.abc import Iterator

CHATTER = re.compile(
    rb"[IW]\d{4,8} \d\d:\d\d:"  # information and warnings of glog and absl; E and F are errors and pass
    rb"|(?:VERBOSE|INFO|WARNING): \[[\w.-]+:\d+\]"  # the same of LiteRT; ERROR passes
    rb"|(?:INFO|WARNING): (?:Created TensorFlow Lite|Read-only tensor|Logging before|All log messages before)"
    rb"|\[libprotobuf WARNING"
)
"""How lines begin that tell a user nothing."""


@contextlib.contextmanager
def quiet_native_logs() -> Iterator[None]:
    """Drop known chatter from what native code writes to standard error; Python's own ``sys.stderr`` goes past it.

    Errors and all unknown lines are passed on as they come. Does nothing where there is no standard error.
    """
    try:
        real = os.dup(2)
    except OSError:
        yield
        return
    read_end, write_end = os.pipe()
    filtering = threading.Thread(target=_pass_on, args=(read_end, real), name="native-logs", daemon=True)

    def finish() -> None:
        filtering.join(2.0)
        if not filtering.is_alive():  # a child process may still hold the pipe open
            os.close(real)

    with contextlib.ExitStack() as cleanup:
        _flush_stderr()
        os.dup2(write_end, 2)
        os.close(write_end)
        filtering.start()
        cleanup.callback(finish)
        # Once nothing writes to the pipe any more the filter sees its end.
        cleanup.callback(os.dup2, real, 2)
        if _is_real_stderr():
            direct = open(os.dup(real), "w", encoding=sys.stderr.encoding, errors="backslashreplace", buffering=1)  # noqa: SIM115
            cleanup.enter_context(direct)
            cleanup.enter_context(contextlib.redirect_stderr(direct))
        yield


def _pass_on(read_end: int, real: int) -> None:
    with open(read_end, "rb", buffering=0) as pipe:
        rest = b""
        while block := pipe.read(1 << 14):
            *lines, rest = (rest + block).split(b"\n")
            _write(real, b"".join(line + b"\n" for line in lines if not CHATTER.match(line)))
        if not CHATTER.match(rest):
            _write(real, rest)


def _write(real: int, text: bytes) -> None:
    with contextlib.suppress(OSError):
        while text:
            text = text[os.write(real, text) :]


def _is_real_stderr() -> bool:
    try:
        return sys.stderr is not None and sys.stderr.fileno() == 2
    except (OSError, ValueError, AttributeError):
        return False


def _flush_stderr() -> None:
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
