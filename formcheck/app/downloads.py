"""What is downloaded as it is made: the export of the history, which may be larger than the memory.

Streamlit's own downloads are in memory as a whole before the first byte is sent. Here the page holds a link with a
secret number, and the app's web server writes the export to whoever follows it, a set at a time.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from formcheck.core.errors import FormCheckError, HistoryError
from formcheck.core.words import _
from formcheck.storage.access import account, acting_for
from formcheck.storage.history import open_history
from formcheck.storage.history.exchange import write_export

PATH = "formcheck/export"
FILE_NAME = "formcheck-history.zip"

VALID_S = 12 * 3600.0
"""How long a link may be followed: a page stays open for a training day."""

MOST_LINKS = 10_000
"""Links that are remembered; the oldest go."""

PARTS_AHEAD = 64
"""Parts that are made before anybody has read them: a part is at most the poses of a set."""

LOOKED_EVERY_S = 0.5
"""How often a thread whose reader is slow looks whether it is still there."""


@dataclass(frozen=True)
class _Link:
    account: str
    until_s: float


_links: dict[str, _Link] = {}


def export_link() -> str:
    """The address of an export, relative to the app's, for whoever asks; `AccessError` when nobody is signed in."""
    whose = account() or ""
    now_s = time.monotonic()
    for number in [number for number, link in _links.items() if link.until_s < now_s] or list(_links)[:-MOST_LINKS]:
        _links.pop(number, None)
    number = secrets.token_urlsafe(32)
    _links[number] = _Link(whose, now_s + VALID_S)
    return f"{PATH}/{number}"


class _Download:
    """An export that is written by a thread of its own, as a history is for one thread, and read as it grows."""

    def __init__(self, whose: str) -> None:
        self._parts: queue.Queue[bytes | FormCheckError | None] = queue.Queue(PARTS_AHEAD)
        self._unwanted = threading.Event()
        threading.Thread(target=self._work, args=(whose,), name="formcheck-export", daemon=True).start()

    def write(self, data: bytes) -> int:
        """Called by the zip file; waits while the reader is behind. `ConnectionAbortedError` when nobody reads on."""
        self._put(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def __iter__(self) -> Iterator[bytes]:
        """The parts; `FormCheckError` for what went wrong."""
        try:
            while (part := self._parts.get()) is not None:
                if isinstance(part, FormCheckError):
                    raise part
                yield part
        finally:
            self._unwanted.set()

    def _work(self, whose: str) -> None:
        # Not to be heard by anybody any more: the reader has gone, or what went wrong is told to it as an error.
        with contextlib.suppress(ConnectionAbortedError):
            try:
                with acting_for(whose), open_history() as history:
                    write_export(history, self)
            except FormCheckError as error:
                self._put(error)
            except ConnectionAbortedError:
                raise
            except Exception as error:
                self._put(
                    HistoryError(_("The export failed ({kind}: {error}).", kind=type(error).__name__, error=error))
                )
            else:
                self._put(None)

    def _put(self, part: bytes | FormCheckError | None) -> None:
        while not self._unwanted.is_set():
            with contextlib.suppress(queue.Full):
                self._parts.put(part, timeout=LOOKED_EVERY_S)
                return
        raise ConnectionAbortedError(_("Nobody reads this export any more."))


def _export(request: Request) -> Response:
    """The export behind a link; 404 for one that was not given or is over."""
    link = _links.get(request.path_params["number"])
    if link is None or link.until_s < time.monotonic():
        return PlainTextResponse(_("This link is over: load the page again."), status_code=404)
    parts = iter(_Download(link.account))
    try:
        first = next(parts)  # what goes wrong before the first byte can still be said
    except FormCheckError as error:
        return PlainTextResponse(str(error), status_code=503)
    headers = {
        "Content-Disposition": f'attachment; filename="{FILE_NAME}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(itertools.chain([first], parts), media_type="application/zip", headers=headers)


ROUTES = (Route(f"/{PATH}/{{number}}", _export, methods=["GET"]),)
