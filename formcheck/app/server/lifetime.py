"""What goes when a server ends, and how long the phone's page is there.

`formcheck app --share` opens that page to the local network for a while. A process of its own serves it. Its parent
tells it in one line of JSON on standard input what holds, and keeps that pipe open: when the parent ends, or the time
is over, this process ends.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from formcheck.app import private_folder
from formcheck.app.server.gate import Share


@contextlib.asynccontextmanager
async def without_leftovers(_: object) -> AsyncIterator[None]:
    """While a server runs; at its end what belongs to sessions is removed.

    The web server ends itself with the signal that it was ended with, so that nothing runs at the exit of Python.
    """
    try:
        yield
    finally:
        private_folder.close_all()


@dataclass(frozen=True)
class Told:
    """What the parent says: what holds, and the folder of certificate and key."""

    share: Share
    folder: Path

    @contextlib.asynccontextmanager
    async def without_key_on_disk(self, app: object) -> AsyncIterator[None]:
        """While the server runs, which has read its key by now: nobody else needs to."""
        shutil.rmtree(self.folder, ignore_errors=True)
        async with without_leftovers(app):
            yield


@functools.cache
def from_parent(stream: TextIO) -> Told:
    """What the parent says; from then on this process ends with the parent, or when the time is over."""
    told = json.loads(stream.readline())
    now_s = time.monotonic()
    share = Share(told["host"], told["token"], now_s + told["token_s"], now_s + told["share_s"])
    threading.Thread(target=_end_with_parent, args=(stream,), name="formcheck-share", daemon=True).start()
    clock = threading.Timer(told["share_s"], _end)
    clock.daemon = True
    clock.start()
    return Told(share, Path(told["folder"]))


def _end_with_parent(stream: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):
        while stream.read(1):
            pass
    _end()


def _end() -> None:
    sys.stderr.write("The page for the phone is closed.\n")
    sys.stderr.flush()
    # As Ctrl-C: uploads and results go with the process, jobs under way are taken up by the next start.
    os.kill(os.getpid(), signal.SIGTERM)
