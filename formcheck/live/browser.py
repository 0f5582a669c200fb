"""The browser's front of the live engine: frames from a video connection in, a snapshot for the page out.

One `BrowserSession` belongs to one browser tab. `receive` is called by the connection's own thread, everything else by
the page; a lock keeps them apart. An error in the middle of a session would freeze the picture without a word, so every
one is caught, shown on the page, and the next frame is tried anew.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from formcheck.exercises.checks import FAULT, WATCH
from formcheck.landmarks import Landmark
from formcheck.live.engine import Asked, Event, FinishedSet, LiveEngine, Snapshot
from formcheck.live.recording import Seen
from formcheck.live.watcher import scaled

RATE_OVER_S = 3.0
EVENTS_KEPT = 40

COLOURS = {FAULT: (200, 40, 50), WATCH: (230, 150, 0)}
BACK_COLOUR, LIMB_COLOUR = (0, 190, 160), (255, 255, 255)
"""Red, green, blue."""

LIMBS = (("SHOULDER", "ELBOW"), ("ELBOW", "WRIST"), ("HIP", "KNEE"), ("KNEE", "ANKLE"))


class Looker(Protocol):
    """What a session needs of a `formcheck.live.watcher.Watcher`."""

    def look(self, rgb: NDArray[np.uint8], time_s: float, *, count_people: bool = False) -> Seen:
        """What is seen in a frame."""

    def close(self) -> None:
        """Free the model."""


@dataclass(frozen=True)
class View:
    """What the page shows: the last state, events numbered since the session began, and how the session runs.

    ``problem`` is the last error in plain words, "" when all is well.
    """

    now: Snapshot | None
    events: tuple[tuple[int, Event], ...]
    frames: int
    frames_per_s: float
    delay_ms: float
    problem: str


class BrowserSession:
    """Engine and watcher of one tab; all methods may be called from any thread."""

    def __init__(self, asked: Asked, make_watcher: Callable[[], Looker]) -> None:
        self._lock = threading.Lock()
        self._engine = LiveEngine(asked)
        self._make_watcher = make_watcher
        self._watcher: Looker | None = None
        self._now: Snapshot | None = None
        self._events: deque[tuple[int, Event]] = deque(maxlen=EVENTS_KEPT)
        self._number = self._frames = 0
        self._ready_s: deque[float] = deque()
        self._delay_ms, self._problem = 0.0, ""
        self._first_s: float | None = None
        self._last_s = -1.0
        self._ended = False

    def receive(self, rgb: NDArray[np.uint8], arrived_s: float | None = None) -> NDArray[np.uint8]:
        """Look at a frame (H, W, 3) that arrived at that `time.monotonic`; returns it with the body drawn in.

        After an error it comes back as it was.
        """
        arrived_s = time.monotonic() if arrived_s is None else arrived_s
        with self._lock:
            self._frames += 1
            try:
                return self._look(rgb, arrived_s)
            except Exception as error:  # whatever it is: the picture must go on
                self._problem = f"{type(error).__name__}: {error}"
                if self._watcher is not None:
                    # The model may be what is broken; the next frame starts a new one.
                    with contextlib.suppress(Exception):
                        self._watcher.close()
                    self._watcher = None
                return rgb

    def _look(self, rgb: NDArray[np.uint8], arrived_s: float) -> NDArray[np.uint8]:
        if self._ended:
            return rgb
        if self._watcher is None:
            self._watcher = self._make_watcher()
        picture = scaled(rgb)
        self._first_s = arrived_s if self._first_s is None else self._first_s
        self._last_s = time_s = max(self._last_s + 0.001, arrived_s - self._first_s)
        seen = self._watcher.look(picture, time_s, count_people=self._engine.counts_people)
        self._now = self._engine.add(seen)
        self._keep(self._now.events)
        ready_s = time.monotonic()
        self._delay_ms, self._problem = 1000.0 * (ready_s - arrived_s), ""
        self._ready_s.append(ready_s)
        while self._ready_s[0] < ready_s - RATE_OVER_S:
            self._ready_s.popleft()
        return drawn(picture, seen, self._now)

    def _keep(self, events: tuple[Event, ...]) -> None:
        for event in events:
            self._number += 1
            self._events.append((self._number, event))

    def view(self) -> View:
        """What the page shows now."""
        with self._lock:
            recent = [at for at in self._ready_s if at > time.monotonic() - RATE_OVER_S]
            rate = len(recent) / RATE_OVER_S
            return View(self._now, tuple(self._events), self._frames, rate, self._delay_ms, self._problem)

    def end_set(self) -> None:
        """The user says that the set is over."""
        with self._lock:
            self._engine.end_set()

    def end(self) -> None:
        """The connection has ended: what was under way becomes a finished set, the model is freed."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
            self._engine.finish()
            if self._now is not None:
                self._now = self._engine.final_snapshot()
            if self._watcher is not None:
                self._watcher.close()
                self._watcher = None

    def finished(self) -> tuple[FinishedSet, ...]:
        """Finished sets with repetitions."""
        with self._lock:
            return tuple(done for done in self._engine.finished if done.report.reps)

    @property
    def baseline(self) -> Any:
        """The lifter's standing back as seen in this session, None before."""
        return self._engine.baseline


def drawn(rgb: NDArray[np.uint8], seen: Seen, now: Snapshot) -> NDArray[np.uint8]:
    """The frame with the lifter's trunk and limbs, the trunk in the colour of what the back does."""
    if seen.person is None or not now.in_frame:
        return rgb
    picture = np.ascontiguousarray(rgb).copy()
    # A slow line makes browsers send small pictures.
    thin = max(1, rgb.shape[0] // 240)
    points = seen.person.image_px[:, :2].round().astype(int)
    for side in ("LEFT", "RIGHT"):
        for a, b in LIMBS:
            start, stop = points[Landmark[f"{side}_{a}"]].tolist(), points[Landmark[f"{side}_{b}"]].tolist()
            cv2.line(picture, start, stop, LIMB_COLOUR, thin, cv2.LINE_AA)
        start, stop = points[Landmark[f"{side}_SHOULDER"]].tolist(), points[Landmark[f"{side}_HIP"]].tolist()
        cv2.line(picture, start, stop, COLOURS.get(now.reading.verdict, BACK_COLOUR), 2 * thin, cv2.LINE_AA)
    return picture
