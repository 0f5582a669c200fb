"""The browser's front of the live engine: frames from a video connection in, a snapshot for the page out.

One `BrowserSession` belongs to one connection of one browser tab. The connection hands frames to its `FrameWorker`, a
thread of the session's own that takes the newest one whenever it is free: nobody ever waits for the pose model, neither
the connection nor the page, and nothing queues up. An error in the middle of a session would freeze the picture without
a word, so every one is caught, shown on the page, and the next frame is tried again.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import math
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from formcheck.core.errors import FormCheckError
from formcheck.core.verdicts import FAULT, WATCH
from formcheck.core.words import _, language, speaking
from formcheck.live.engine import LiveEngine
from formcheck.live.newest import Newest
from formcheck.live.recording import Observation
from formcheck.live.save_set import SessionVideo
from formcheck.live.session import Event, FinishedSet, SessionOptions, Snapshot, State
from formcheck.motion.neutral import Baseline
from formcheck.render.skeleton_drawing import draw_back, draw_body
from formcheck.storage.temporary_folders import remove_abandoned, temporary_folder
from formcheck.vision.pose_estimation import faces_right

RATE_OVER_S = 3.0
EVENTS_KEPT = 40

PICTURE_SIDE = 640
"""Every frame is brought to this longer side: on a slow line browsers change the size in the middle of a set."""

PROBLEM_SHOWN_S = 2.0
"""A single bad frame is gone before anybody could read about it."""

SILENT_CAMERA_S = 5.0
"""A camera that sends no picture for this long has been taken away."""

NEW_MODEL_AFTER_S = 1.0
"""After an error the model is made again, which takes long; not more often than this."""

COLOURS = {FAULT: (200, 40, 50), WATCH: (230, 150, 0)}
BACK_COLOUR, LIMB_COLOUR = (0, 190, 160), (255, 255, 255)
"""Red, green, blue."""

RgbImage = NDArray[np.uint8]


class Analyser(Protocol):
    """What a session needs of a `formcheck.live.frame_analyser.FrameAnalyser`."""

    def analyse(self, rgb: RgbImage, time_s: float, *, count_people: bool = False) -> Observation:
        """What is seen in a frame."""

    def close(self) -> None:
        """Free the model."""


@dataclass(frozen=True)
class View:
    """What the page shows: the last state, events numbered since the session began, and how the session runs.

    ``delay_ms`` is the time from the arrival of the last frame to its state. ``dropped`` is the number of frames that
    came while another one was looked at, ``dropped_share`` their share 0..1 over the last `RATE_OVER_S`. ``problem`` is
    the last error in plain words, "" when all is well. ``ended`` is True once the session is over and all its sets are
    there. ``silent`` is True while the camera has sent nothing for `SILENT_CAMERA_S`; a set that was under way has
    become a finished one then.
    """

    now: Snapshot | None = None
    events: tuple[tuple[int, Event], ...] = ()
    frames: int = 0
    dropped: int = 0
    dropped_share: float = 0.0
    frames_per_s: float = 0.0
    delay_ms: float = 0.0
    problem: str = ""
    ended: bool = False
    silent: bool = False


class BrowserSession:
    """Engine and analyser of one connection; all methods may be called from any thread.

    Parameters
    ----------
    options : what the user chose.
    make_analyser : makes what looks at frames; called with the first frame, and again after an error.
    keep_video : record the frames of each set, for `set_video`. The recording is kept in a temporary folder, which goes
        with `discard`, or with the session itself.
    """

    def __init__(
        self, options: SessionOptions, make_analyser: Callable[[], Analyser], *, keep_video: bool = False
    ) -> None:
        self.options = options
        self.language = language()  # of whoever opened the page; the frames come in other threads
        self._working = threading.Lock()  # engine, analyser and recording
        self._showing = threading.Lock()  # all that the page reads, held for an instant only
        self._engine = LiveEngine(options)
        self._make_analyser = make_analyser
        self._analyser: Analyser | None = None
        self._broke_s = -NEW_MODEL_AFTER_S
        self._keep_video = keep_video
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._video: SessionVideo | None = None
        self._video_from_s = 0.0
        self._recorded: dict[int, tuple[SessionVideo, float]] = {}
        self._first_s: float | None = None
        self._last_s = -1.0
        self._ended = False
        # What the page reads.
        self._now: Snapshot | None = None
        self._events: deque[tuple[int, Event]] = deque(maxlen=EVENTS_KEPT)
        self._number = self._frames = self._dropped = 0
        self._ready: deque[tuple[float, int]] = deque()  # when a frame was done, and how many were dropped before it
        self._delay_ms = 0.0
        self._problem, self._problem_s = "", -PROBLEM_SHOWN_S
        self._finished: tuple[FinishedSet, ...] = ()
        self._baseline: Baseline | None = None
        self._over = self._silent = False
        self.moved = False
        """The same account has begun another session, which ended this one."""

    def receive(self, rgb: RgbImage, arrived_s: float | None = None, dropped: int = 0) -> RgbImage:
        """Look at a frame (H, W, 3) that arrived at that `time.monotonic`; returns it with the body drawn in.

        After an error it comes back as it was. ``dropped`` frames came before it that nobody looked at.
        """
        arrived_s = time.monotonic() if arrived_s is None else arrived_s
        with self._working:
            if self._ended:
                return rgb
            with self._showing:
                self._frames += 1
                self._dropped += dropped
                self._silent = False
            try:
                return self._look(rgb, arrived_s, dropped)
            except Exception as error:  # whatever it is: the picture must go on
                self.note(f"{type(error).__name__}: {error}", arrived_s)
                # The model may be what is broken: a new one is made, but not with every frame.
                self._free_analyser()
                self._broke_s = arrived_s
                return rgb

    def note(self, problem: str, at_s: float | None = None) -> None:
        """Show a problem for a while."""
        with self._showing:
            self._problem, self._problem_s = problem, time.monotonic() if at_s is None else at_s

    def _look(self, rgb: RgbImage, arrived_s: float, dropped: int) -> RgbImage:
        if self._analyser is None:
            if arrived_s - self._broke_s < NEW_MODEL_AFTER_S:
                return rgb
            self._analyser = self._make_analyser()
            spare_the_collector()
        picture = resized(rgb)
        self._first_s = arrived_s if self._first_s is None else self._first_s
        self._last_s = time_s = max(self._last_s + 0.001, arrived_s - self._first_s)
        seen = self._analyser.analyse(picture, time_s, count_people=self._engine.counts_people)
        now = self._engine.add(seen)
        self._record(picture, time_s)
        self._publish(now, now.events)
        ready_s = time.monotonic()
        with self._showing:
            self._delay_ms = 1000.0 * (ready_s - arrived_s)
            self._ready.append((ready_s, dropped))
            while self._ready[0][0] < ready_s - RATE_OVER_S:
                self._ready.popleft()
        return drawn(picture, seen, now)

    def _publish(self, now: Snapshot | None, events: tuple[Event, ...] = ()) -> None:
        """Let the page see this state; to be called with the engine in hand."""
        known = len(self._finished)
        finished = tuple(self._engine.finished)
        for done in finished[known:]:
            self._keep_video_of(done)
        with self._showing:
            self._now = now
            for event in events:
                self._number += 1
                self._events.append((self._number, event))
            self._finished, self._baseline = finished, self._engine.baseline

    def view(self) -> View:
        """What the page shows now."""
        with self._showing:
            now_s = time.monotonic()
            recent = [dropped for at_s, dropped in self._ready if at_s > now_s - RATE_OVER_S]
            share = sum(recent) / max(1, len(recent) + sum(recent))
            # On the clock of the frames: a session that gets none has nothing new to say of its problem.
            last_s = self._last_s + (self._first_s or 0.0)
            problem = self._problem if last_s - self._problem_s < PROBLEM_SHOWN_S else ""
            return View(
                self._now,
                tuple(self._events),
                self._frames,
                self._dropped,
                share,
                len(recent) / RATE_OVER_S,
                self._delay_ms,
                problem,
                self._over,
                self._silent,
            )

    def end_set(self) -> None:
        """The user says that the set is over."""
        with self._working:
            done = None if self._ended else self._engine.end_set()
            if done is None or self._now is None:
                return
            # The page need not wait for the next frame, which brings the event.
            self._publish(replace(self._now, state=State.DONE, reps=len(done.report.reps), cue="", events=()))

    def camera_is_silent(self) -> None:
        """No picture has come for a while: what was seen of the set under way is kept and judged."""
        with self._showing:
            if self._silent or self._now is None:
                return  # told already, or still loading
            self._silent = True
        self.end_set()

    def end(self) -> None:
        """The connection has ended: what was under way becomes a finished set, the model is freed."""
        with self._working:
            if self._ended:
                return
            self._ended = True
            self._engine.finish()
            self._publish(self._engine.final_snapshot() if self._now is not None else None)
            self._free_analyser()
            self._close_video()
            with self._showing:
                self._over = True

    def finished(self) -> tuple[FinishedSet, ...]:
        """Finished sets with repetitions."""
        with self._showing:
            return tuple(done for done in self._finished if done.report.reps)

    @property
    def baseline(self) -> Baseline | None:
        """The lifter's standing back as seen in this session, None before."""
        with self._showing:
            return self._baseline

    def _free_analyser(self) -> None:
        analyser, self._analyser = self._analyser, None
        if analyser is not None:
            with contextlib.suppress(Exception):
                analyser.close()

    # --- the recorded video ----------------------------------------------------------------------------------------

    def set_video(self, number: int) -> Path | None:
        """The recording of a finished set, in time with its poses; None where none was asked for.

        Raises
        ------
        FormCheckError : it cannot be read or written.
        """
        with self._working:
            recorded, folder = self._recorded.get(number), self._folder
            done = next((each for each in self._finished if each.number == number), None)
        if recorded is None or folder is None or done is None:
            return None
        path = Path(folder.name) / f"set-{number}.mp4"
        if not path.exists():
            video, first_s = recorded
            video.cut(done, first_s, path)
        return path

    def discard(self) -> None:
        """Delete all recordings."""
        with self._working:
            self._close_video()
            self._recorded.clear()
            self._keep_video = False
            folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()

    def _record(self, picture: RgbImage, time_s: float) -> None:
        if not self._keep_video:
            return
        try:
            if self._folder is None:
                remove_abandoned()
                self._folder = temporary_folder()
            if self._video is None:
                self._video = SessionVideo(Path(self._folder.name) / f"from-{time_s:.3f}.mp4")
                self._video_from_s = time_s
            self._video.add(picture, time_s - self._video_from_s)
        except FormCheckError as error:
            self.note(_("The video is not kept: {error}", error=error))
            self._video, self._keep_video = None, False

    def _keep_video_of(self, done: FinishedSet) -> None:
        """What was recorded up to now shows this set; the next set gets a recording of its own."""
        if self._video is not None:
            self._recorded[done.number] = self._video, self._video_from_s
        self._close_video()

    def _close_video(self) -> None:
        video, self._video = self._video, None
        if video is not None:
            video.close()


class FrameWorker:
    """A thread that looks at the newest frame whenever it is free, for one session.

    ``shown`` gets each picture with the body drawn in, in that thread. `offer` never blocks; a frame that comes while
    another waits takes its place.
    """

    def __init__(self, session: BrowserSession, shown: Callable[[RgbImage], None]) -> None:
        self._session, self._shown = session, shown
        self._newest: Newest[tuple[Callable[[], RgbImage], float]] = Newest()
        self._thread = threading.Thread(target=self._work, name="formcheck-live", daemon=True)
        self._thread.start()

    def offer(self, read: Callable[[], RgbImage], arrived_s: float) -> None:
        """A frame has arrived at that `time.monotonic`; ``read`` gives its pixels."""
        self._newest.offer((read, arrived_s))

    def stop(self) -> None:
        """No more frames: the session ends, in the worker's own time; returns at once, safe to call twice."""
        self._newest.close()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until the session has ended."""
        self._thread.join(timeout_s)

    def _work(self) -> None:
        with speaking(self._session.language):
            self._take_frames()

    def _take_frames(self) -> None:
        try:
            while (taken := self._next()) is not None:
                (read, arrived_s), passed_over = taken
                try:
                    self._shown(self._session.receive(read(), arrived_s, passed_over))
                except Exception as error:  # a frame that cannot be read, a connection that has just gone
                    self._session.note(f"{type(error).__name__}: {error}")
        finally:
            self._session.end()

    def _next(self) -> tuple[tuple[Callable[[], RgbImage], float], int] | None:
        while True:
            try:
                return self._newest.take(SILENT_CAMERA_S)
            except TimeoutError:
                self._session.camera_is_silent()


@functools.cache
def spare_the_collector() -> None:
    """Take what is loaded by now out of garbage collection, once.

    Streamlit collects garbage after every run of the page, several times a second here. With the libraries of the pose
    model loaded that takes 0.2 s, in which no other thread of Python moves: it was most of what a session waited for.
    """
    gc.collect()
    gc.freeze()


def resized(rgb: RgbImage) -> RgbImage:
    """The frame in the size that all frames of a session have."""
    height, width = rgb.shape[:2]
    scale = PICTURE_SIDE / max(height, width)
    if scale == 1.0:
        return rgb
    how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb, (round(width * scale), round(height * scale)), interpolation=how), np.uint8)


def drawn(rgb: RgbImage, seen: Observation, now: Snapshot) -> RgbImage:
    """The frame with the lifter's limbs, and the back in the colour of what it does: its own edge if measured."""
    if seen.person is None or not now.in_frame:
        return rgb
    picture = np.ascontiguousarray(rgb).copy()
    # A slow line makes browsers send small pictures.
    thin = max(1, rgb.shape[0] // 240)
    colour, points = COLOURS.get(now.reading.verdict, BACK_COLOUR), seen.person.image_px[:, :2]
    if math.isfinite(now.reading.back_rounding_deg):
        contour_px = seen.person.contour_px[0 if faces_right(seen.person) > 0 else 1]
        draw_body(picture, points, limbs=LIMB_COLOUR, trunk=LIMB_COLOUR, limb_px=thin, trunk_px=thin)
        if draw_back(picture, contour_px, colour=colour, width_px=3 * thin):
            return picture
    draw_body(picture, points, limbs=LIMB_COLOUR, trunk=colour, limb_px=thin, trunk_px=2 * thin)
    return picture
