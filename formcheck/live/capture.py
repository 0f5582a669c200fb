"""Frames in real time, from a camera or from a file that stands in for one; the newest frame wins."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from formcheck.core.errors import InputError
from formcheck.core.words import _
from formcheck.live.newest import Newest
from formcheck.vision.video import VideoReader
from formcheck.vision.video_parts import ANALYSIS_MAX_SIDE

CAMERA_SIZE, CAMERA_FPS = (640, 480), 30
"""What a camera is asked for: the pose model sees no more, and larger pictures come later."""

SILENT_CAMERA_S = 5.0
"""A camera that gives no picture for this long has been taken away."""


@dataclass(frozen=True)
class Captured:
    """A frame: pixels (H, W, 3), capture time in seconds since the first one, and when that was by `time.monotonic`."""

    rgb: NDArray[np.uint8]
    time_s: float
    at_s: float


def is_camera(name: str) -> bool:
    """True for the number of a camera, False for a file."""
    return name.isdecimal()


def camera_frames(number: int) -> Iterator[Captured]:
    """Frames of a camera until the generator is closed.

    Raises
    ------
    InputError : there is no such camera, somebody else uses it, or it stops giving pictures.
    """
    with contextlib.suppress(AttributeError):  # what OpenCV writes about cameras says nothing that a user can use
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    if sys.platform.startswith("linux") and not Path(f"/dev/video{number}").exists():
        raise InputError(_no_such_camera(number))
    camera: Any = cv2.VideoCapture(number)
    try:
        if not camera.isOpened():
            raise InputError(_busy(number))
        camera.set(cv2.CAP_PROP_FRAME_WIDTH, CAMERA_SIZE[0])
        camera.set(cv2.CAP_PROP_FRAME_HEIGHT, CAMERA_SIZE[1])
        camera.set(cv2.CAP_PROP_FPS, CAMERA_FPS)
        camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # where the driver heeds it, no old frames wait
        first_s: float | None = None
        last_s = time.monotonic()
        while True:
            there, bgr = camera.read()
            now = time.monotonic()
            if not there:
                if first_s is None:
                    raise InputError(_busy(number))
                if now - last_s > SILENT_CAMERA_S:
                    raise InputError(
                        _("Camera {number} stopped sending pictures: check its cable, then start again.", number=number)
                    )
                time.sleep(0.02)
                continue
            first_s, last_s = first_s if first_s is not None else now, now
            yield Captured(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), now - first_s, now)
    finally:
        camera.release()


def _no_such_camera(number: int) -> str:
    here = sorted(int(path.name[5:]) for path in Path("/dev").glob("video*") if path.name[5:].isdecimal())
    which = _("there are {numbers}", numbers=", ".join(map(str, here))) if here else _("none is connected")
    return _(
        "There is no camera {number} ({which}): connect one, or let a video stand in for it with --camera FILE.",
        number=number,
        which=which,
    )


def _busy(number: int) -> str:
    return _(
        "Camera {number} cannot be opened: another program may be using it, or FormCheck may not be "
        "allowed to; close the other program and look into the system's privacy settings.",
        number=number,
    )


def file_frames(path: str | Path, *, paced: bool = True) -> Iterator[Captured]:
    """Frames of a video file at its own pace, as a camera would give them, or ``paced`` False: without waiting.

    Raises
    ------
    VideoError : the file cannot be read.
    """
    with VideoReader(path, max_side=ANALYSIS_MAX_SIDE) as reader:
        started_s = time.monotonic()
        for frame in reader:
            due_s = started_s + frame.time_s
            if paced:
                time.sleep(max(0.0, due_s - time.monotonic()))
            yield Captured(frame.rgb, frame.time_s, due_s if paced else time.monotonic())


class NewestFrame:
    """Runs a source in a thread and keeps its newest frame; iterating gives each at most once. A context manager.

    The source waits for nobody, as a camera does: a frame that was not taken when the next one comes is dropped, so
    what is analysed is never older than one frame.
    """

    def __init__(self, source: Iterator[Captured]) -> None:
        self._source = source
        self._newest: Newest[Captured] = Newest()
        self._closed = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    @property
    def dropped(self) -> int:
        """Frames that nobody took so far."""
        return self._newest.dropped

    def __enter__(self) -> NewestFrame:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        self._thread.join(2.0)

    def __iter__(self) -> Iterator[Captured]:
        while (taken := self._newest.take()) is not None:
            yield taken[0]
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            for frame in self._source:
                if self._closed:
                    break
                self._newest.offer(frame)
        except BaseException as error:  # handed over to whoever takes the frames
            self._error = error
        finally:
            close: Callable[[], None] | None = getattr(self._source, "close", None)
            if close is not None:
                close()
            self._newest.close(drain=True)
