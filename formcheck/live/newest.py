"""A slot for the newest item: offering never waits, and taking gives nothing older than necessary."""

from __future__ import annotations

import threading
import time
from typing import Generic, TypeVar

Item = TypeVar("Item")

HEARD_WITHIN_S = 0.2
"""Waits are cut into pieces this long, so that Ctrl-C is heard on every system."""


class Newest(Generic[Item]):
    """Holds one item between two threads; an item that nobody took is dropped when the next one is offered."""

    def __init__(self) -> None:
        self.dropped = 0
        """How many items nobody took so far."""
        self._changed = threading.Condition()
        self._item: Item | None = None
        self._dropped_before = 0
        self._closed = False
        self._drain = False

    def offer(self, item: Item) -> None:
        """Put an item into the slot, in place of one that still waits there."""
        with self._changed:
            if self._item is not None:
                self.dropped += 1
                self._dropped_before += 1
            self._item = item
            self._changed.notify()

    def take(self, timeout_s: float | None = None) -> tuple[Item, int] | None:
        """Wait for the next item; returns it and how many were dropped since the last one, or None once closed.

        Raises
        ------
        TimeoutError : none came within ``timeout_s``; None waits for ever.
        """
        end_s = None if timeout_s is None else time.monotonic() + timeout_s
        with self._changed:
            while self._item is None and not self._closed:
                self._changed.wait(HEARD_WITHIN_S)
                if self._item is None and not self._closed and end_s is not None and time.monotonic() >= end_s:
                    raise TimeoutError
            if self._item is None or (self._closed and not self._drain):
                return None
            item, self._item = self._item, None
            dropped, self._dropped_before = self._dropped_before, 0
            return item, dropped

    def close(self, *, drain: bool = False) -> None:
        """No more items; one that still waits is given out only with ``drain``."""
        with self._changed:
            self._closed, self._drain = True, drain
            self._changed.notify_all()
