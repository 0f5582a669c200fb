"""Two things at once: the next pictures are decoded while the pose model looks at this one."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

Item = TypeVar("Item")

_END = object()


def prefetched(items: Iterable[Item], ahead: int) -> Generator[Item, None, None]:
    """The same items in the same order, made by a thread that is at most ``ahead`` of them in front.

    Decoder and networks let go of Python's lock while they work, so both run at once. An error of the maker comes where
    its item would have come. Closing the generator ends the thread before it returns, so what the items come from may
    be closed after that.
    """
    ready: queue.Queue[object] = queue.Queue(maxsize=ahead)
    stop = threading.Event()
    failed: list[BaseException] = []

    def offer(item: object) -> None:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return

    def make() -> None:
        try:
            for item in items:
                offer(item)
                if stop.is_set():
                    return
        except BaseException as error:
            failed.append(error)
        offer(_END)

    thread = threading.Thread(target=make, name="prefetch", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not _END:
            yield item  # type: ignore[misc]
            del item  # a generator keeps what it yielded alive
        if failed:
            raise failed[0]
    finally:
        stop.set()
        thread.join()
