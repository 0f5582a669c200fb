"""Downloading one file of known SHA-256 over HTTP: resumed where it broke off, never waiting without end.

A file gets its final name only when it is complete and checked, by a rename that replaces in one step.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import queue
import secrets
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from formcheck.core.errors import ModelError
from formcheck.storage.atomic import PendingFile

Progress = Callable[[int, int | None], None]
"""Called as ``progress(done_bytes, total_bytes)``; the total is None while it is not known."""

ATTEMPTS = 4
CHUNK_BYTES = 1 << 16
LARGEST_BYTES = 200_000_000
SLOWEST_BYTES_PER_S = 4096.0
STALE_PART_S = 24 * 3600.0


def download(
    url: str, final: Path, accepted_sha256: Collection[str], answer_s: float, progress: Progress | None = None
) -> None:
    """Fetch a file and put it at ``final``, in a folder that exists.

    What an earlier run left as ``.part`` is gone on with; taking it up is a rename, which only one process can win.
    ``answer_s`` limits the wait for the first answer, every silence after it, and the time in which at least
    `SLOWEST_BYTES_PER_S` must have come on average. `ModelError`, without a full stop, if the server gives no good
    file; `OSError` if the file cannot be stored.
    """
    leftover = final.with_name(f"{final.name}.part")
    with new_file(final) as part:
        with suppress(OSError):
            os.replace(leftover, part)
        try:
            _complete(url, part, accepted_sha256, answer_s, progress)
        except BaseException:
            with suppress(OSError):
                os.replace(part, leftover)
            raise


@contextmanager
def new_file(final: Path) -> Iterator[Path]:
    """A path to write to, of this process alone: it becomes ``final`` after the block, and is removed on an error."""
    for old in final.parent.glob(f"{final.name}*.part"):
        # Left by a process that was killed: a running one writes to its part all the time.
        with suppress(OSError):
            if time.time() - old.stat().st_mtime > STALE_PART_S:
                old.unlink()
    pending = PendingFile(final, partial=final.with_name(f"{final.name}.{secrets.token_hex(6)}.part"))
    try:
        yield pending.partial
        digest = sha256_of(pending.partial)
        try:
            pending.commit()
        except PermissionError:
            # Windows does not replace a file that another process has open; the same content there will do.
            if not final.is_file() or sha256_of(final) != digest:
                raise
    finally:
        pending.discard()


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def reason(error: BaseException) -> str:
    """What an error says, in one line without a full stop."""
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {error.reason}".strip()
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, BaseException):
        return reason(error.reason)
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()).rstrip(".") or type(error).__name__


def _complete(
    url: str, part: Path, accepted_sha256: Collection[str], answer_s: float, progress: Progress | None
) -> None:
    """Bring the part to the end of the file. Leaves an unfinished part, removes a wrong one."""
    for _ in range(ATTEMPTS):
        start = _size(part)
        if not _request(url, part, answer_s, progress):
            if _size(part) <= start:
                break
        elif sha256_of(part) in accepted_sha256:
            return
        else:
            part.unlink()
            # What was there before may have been the wrong part.
            if not start:
                raise ModelError(f"what {_host(url)} sends is not the expected file: SHA-256 differs")
    raise ModelError(f"{_host(url)} cut the download off")


def _request(url: str, part: Path, answer_s: float, progress: Progress | None) -> bool:
    """Append the rest of the file to the part, or write it again; False if the connection broke before the end."""
    start = _size(part)
    headers = {"User-Agent": "formcheck", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    with _network_errors(url):
        try:
            answer = _answer_within(urllib.request.Request(url, headers=headers), answer_s)
        except urllib.error.HTTPError as error:
            if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and start:
                return True  # The part is as long as the file, or longer.
            raise
    with answer:
        resumes = answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        done = start if resumes else 0
        total = None if answer.length is None else done + answer.length
        with part.open("ab" if resumes else "wb") as file:
            if progress:
                progress(done, total)
            window_start, window_end_s = done, time.monotonic() + answer_s
            while True:
                with _network_errors(url):
                    try:
                        chunk = answer.read1(CHUNK_BYTES)
                    except (ConnectionError, http.client.IncompleteRead):
                        return False
                if not chunk:
                    return total is None or done >= total
                file.write(chunk)
                done += len(chunk)
                if progress:
                    progress(done, total)
                if done > LARGEST_BYTES:
                    raise ModelError(f"{_host(url)} sends far more than a pose model")
                if time.monotonic() > window_end_s:
                    if done - window_start < SLOWEST_BYTES_PER_S * answer_s:
                        raise ModelError(f"{_host(url)} sends too slowly")
                    window_start, window_end_s = done, time.monotonic() + answer_s


def _answer_within(request: urllib.request.Request, seconds: float) -> http.client.HTTPResponse:
    """Open the request, with one limit over name look-up, every address of the host, proxy and redirects together.

    The time-out of a socket covers one address only, and not the look-up of its name.
    """
    box: queue.SimpleQueue[http.client.HTTPResponse | Exception] = queue.SimpleQueue()

    def work() -> None:
        try:
            box.put(urllib.request.urlopen(request, timeout=seconds))
        except Exception as error:
            box.put(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        result = box.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError("timed out") from None
    if isinstance(result, Exception):
        raise result
    return result


@contextmanager
def _network_errors(url: str) -> Iterator[None]:
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ModelError(f"{_host(url)}: {reason(error)}") from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _host(url: str) -> str:
    """Without the user name and password that the address of a mirror may hold."""
    return urllib.parse.urlsplit(url).netloc.rpartition("@")[2] or url
