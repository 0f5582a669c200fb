"""The live page's video connection: the camera's frames go to a session, its pictures come back.

streamlit-webrtc can call a function for every frame: on the server's event loop, which the pose model would hold up, or
in a thread that sends each picture again until the next one is ready. Here the two ends of the connection are
FormCheck's own: `Eye` takes frames in and never waits, `Canvas` gives each new picture out once, as soon as it is done.
`PromptBuffer` keeps no frame back on the way in.
"""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import functools
import time
import weakref
from typing import Any

import numpy as np
from aiortc import MediaStreamTrack, rtcrtpreceiver
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.mediastreams import MediaStreamError
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from formcheck.live.browser import BrowserSession, FrameWorker

CLOCK_HZ = 90_000
TIME_BASE = fractions.Fraction(1, CLOCK_HZ)


class PromptBuffer(JitterBuffer):
    """Puts the packets of video together to frames, and gives a frame out with its last packet.

    aiortc's own waits for the first packet of the next frame, which at 15 frames a second comes 67 ms later. A frame's
    last packet is marked (RFC 7741, section 4.1; RFC 6184, section 5.1).
    """

    def _remove_frame(self, sequence_number: int) -> JitterFrame | None:
        frame = super()._remove_frame(sequence_number)
        if not self._is_video or self._origin is None or (frame is not None and frame.data):
            return frame
        # A frame without data is padding that came after the mark.
        parts = []
        for place in range(self.capacity):
            packet = self._packets[(self._origin + place) % self.capacity]
            if packet is None:
                return None
            parts.append(packet._data)  # type: ignore[attr-defined]
            if packet.marker:
                self.remove(len(parts))
                return JitterFrame(b"".join(parts), packet.timestamp)
        return None


# The only way to have connections use it.
rtcrtpreceiver.JitterBuffer = PromptBuffer  # type: ignore[attr-defined]


class Canvas(MediaStreamTrack):
    """The pictures that go back to the browser: the newest one, each once."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self._frame: VideoFrame | None = None
        self._first_s: float | None = None

    def show(self, rgb: NDArray[np.uint8]) -> None:
        """Put up a picture (H, W, 3), from any thread."""
        even = np.ascontiguousarray(rgb[: rgb.shape[0] // 2 * 2, : rgb.shape[1] // 2 * 2])
        # One thread: starting helpers takes longer than the work.
        self.put(VideoFrame.from_ndarray(even, format="rgb24").reformat(format="yuv420p", threads=1))

    def put(self, frame: VideoFrame) -> None:
        """Put up a frame, from any thread."""
        self._frame = frame
        self._wake()

    async def recv(self) -> VideoFrame:
        """The next picture, once there is one."""
        self._loop = asyncio.get_running_loop()
        while self._frame is None:
            if self.readyState != "live":
                raise MediaStreamError
            await self._changed.wait()
            self._changed.clear()
        frame, self._frame = self._frame, None
        now_s = time.monotonic()
        self._first_s = now_s if self._first_s is None else self._first_s
        frame.pts, frame.time_base = round((now_s - self._first_s) * CLOCK_HZ), TIME_BASE
        return frame

    def stop(self) -> None:
        """No more pictures."""
        super().stop()
        self._wake()

    def _wake(self) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the server has stopped
                self._loop.call_soon_threadsafe(self._changed.set)


class Eye:
    """Takes the camera's frames to a session; a sink as streamlit-webrtc knows it.

    The session gets a thread of its own when the connection begins, and ends with it. On a server with accounts it also
    ends when the same account begins another one, as each takes a processor.
    """

    def __init__(self, session: BrowserSession, account: str = "") -> None:
        self.session = session
        self._account = account
        self.canvas = Canvas()
        self._track: Any = None
        self._task: asyncio.Task[None] | None = None
        self._worker: FrameWorker | None = None

    def addTrack(self, track: Any) -> None:
        """The camera's track."""
        self._track = track

    def hasTrack(self) -> bool:
        """True once there is a camera."""
        return self._track is not None

    def start(self) -> None:
        """Begin to take frames; called on the connection's event loop."""
        if self._account:
            before = _latest.get(self._account)
            if before is not None and before is not self:
                before.session.moved = True
                before.stop()
            _latest[self._account] = self
        self._worker = FrameWorker(self.session, self.canvas.show)
        self._task = asyncio.get_running_loop().create_task(self._take(self._worker))

    def stop(self) -> None:
        """The connection has ended; may be called from any thread, and more than once."""
        if self._worker is not None:
            self._worker.stop()
        self.canvas.stop()

    async def _take(self, worker: FrameWorker) -> None:
        try:
            while True:
                frame = await self._track.recv()
                at_s = time.monotonic()
                worker.offer(functools.partial(pixels, frame), at_s)
                if self.session.view().now is None:
                    # While the model loads there is nothing else to show.
                    self.canvas.put(frame)
        except MediaStreamError:
            pass
        finally:
            self.stop()


_latest: weakref.WeakValueDictionary[str, Eye] = weakref.WeakValueDictionary()
"""By account, the connection that began last."""


def pixels(frame: VideoFrame) -> NDArray[np.uint8]:
    """A video frame as (H, W, 3) red, green, blue."""
    return np.asarray(frame.reformat(format="rgb24", threads=1).to_ndarray(), np.uint8)
