"""Videos in and out: `VideoReader` streams upright RGB frames with real times, `VideoWriter` makes an H.264 mp4.

Only PyAV (FFmpeg's libraries) is used. Memory stays flat: a frame is decoded, converted, handed over and forgotten.
Whatever a file holds, this module answers with frames or with one of FormCheck's own errors, never with one of av's.

A path always means that one file on disk. FFmpeg would also take ``http://...`` or ``concat:...``, and a playlist may
name further files; here FFmpeg gets an already open file without its name, may open nothing else, and only containers
that hold pictures themselves are let in.
"""

from __future__ import annotations

import contextlib
import os
import stat
import struct
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, ClassVar, Literal

import av
import av.filter
import numpy as np
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from formcheck.core.errors import OutputError, VideoError
from formcheck.core.limits import GIB, Limits, most
from formcheck.core.words import _
from formcheck.storage.atomic import PendingFile
from formcheck.storage.limits_in_force import limits_in_force
from formcheck.vision.machine import usable_cores
from formcheck.vision.process_memory import limited_memory

RgbImage = NDArray[np.uint8]

DEFAULT_MAX_SIDE = 1920
"""Longer side of delivered frames; a pose model gains nothing from more, and 4K costs four times as much."""

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,mpegts,mpeg,mpegvideo,m4v,flv,live_flv,asf,ogg,nut,ivf,mxf,dv,wtv,rm,"
    "h263,h264,hevc,vvc,obu,av1,mjpeg,mjpeg_2000,mpjpeg,apng,yuv4mpegpipe"
)
"""FFmpeg demuxers that carry pictures themselves; none of those that open further files (hls, concat, dash, image2)."""

HEADER_DURATION_CONTAINERS = frozenset({"mov", "mp4", "matroska", "webm", "avi", "flv", "asf"})
"""Containers whose stated duration is a fact; for the others FFmpeg estimates it from the bit rate."""

DECODING_TIME_CONTAINERS = frozenset({"avi"})
"""Containers that store no presentation times; those that FFmpeg makes up for them are wrong where B-frames occur."""

MAX_SAMPLE_ASPECT = 8
"""Pixels further from square than this come from a damaged header and are taken as square."""

DEFAULT_FPS = 30.0
CLOSEST_FRAMES_S, FARTHEST_FRAMES_S = 0.0005, 60.0
"""Time stamps nearer than this are the same instant, farther apart they are wrong."""

FRAMES_BEFORE_NEW_START = 3
"""After this many frames with impossible times the file's clock is taken to have been reset."""

SHORT_BY_S, SHORT_BY_FRACTION = 0.5, 0.02
"""A file that ends this much before its stated end has been cut off."""

DAMAGED_READS_IN_A_ROW = 50
MAX_REORDERED_FRAMES = 32  # more than any codec holds back
READ_BUFFER_BYTES = 256 * 1024
MAX_DECODER_THREADS = 4  # beyond this frames in flight cost memory, and the pose model, not decoding, sets the pace

AV_ERRORS = (av.FFmpegError, OSError, ValueError, RuntimeError, ArithmeticError, LookupError, MemoryError)
"""What PyAV raises over bad files; besides FFmpeg's own errors these are its checks in Python."""

UNSPECIFIED_MATRIX, BT2020_MATRIX, BT2020_CL_MATRIX = 2, 9, 10
BT2020_PRIMARIES, UNSPECIFIED_PRIMARIES = 9, 2
PQ_TRANSFER, HLG_TRANSFER = 16, 18
BT709 = 1  # number of the matrix, the primaries and the transfer alike


@dataclass(frozen=True)
class Frame:
    """One decoded picture.

    Attributes
    ----------
    time_s : seconds since the first decoded frame, strictly rising.
    rgb : (H, W, 3) upright, square pixels, 8 bit, C-contiguous.
    """

    time_s: float
    rgb: RgbImage


class DecodedFrame:
    """One decoded picture whose pixels are only converted when somebody asks for them: that costs more than decoding.

    Attributes
    ----------
    time_s : seconds since the first decoded frame, strictly rising.
    """

    def __init__(self, time_s: float, decoded: VideoFrame, picture: _Picture) -> None:
        self.time_s = time_s
        self._decoded, self._picture = decoded, picture

    def rgb(self) -> RgbImage | None:
        """(H, W, 3) upright, square pixels, 8 bit, C-contiguous; None if it is too damaged to convert."""
        return self._picture.rgb(self._decoded)

    def thumbnail(self, columns: int, rows: int) -> NDArray[np.float32] | None:
        """(rows, columns) brightness 0..1 of the upright picture; None if it is too damaged to convert."""
        return self._picture.thumbnail(self._decoded, columns, rows)


@dataclass(frozen=True)
class VideoFacts:
    """What is known of a video before it is read to its end.

    ``width`` and ``height`` are those of the delivered frames: upright, with square pixels, at most ``max_side``;
    ``source_width`` and ``source_height`` are the same without that limit.
    ``rotation_deg`` is the clockwise turn (0, 90, 180, 270) that the file asks players to make. ``duration_s``,
    ``frames`` and ``nominal_fps`` come from the header: estimates, None where it says nothing sensible.
    """

    width: int
    height: int
    source_width: int
    source_height: int
    rotation_deg: int
    duration_s: float | None
    frames: int | None
    nominal_fps: float | None
    codec: str


class VideoReader:
    """Streams the frames of a video file, once, in order.

    Parameters
    ----------
    path : a file on disk; never a URL or an FFmpeg protocol, whatever it looks like.
    max_side : frames are scaled down so that their longer side has at most this many pixels; None = as filmed.
    for_show : scale the stored brightness and colours rather than red, green and blue. That takes half the time and
        looks the same: most colours differ by up to three levels of 255, those at edges by more.

    Raises `VideoError` when the file cannot be read, holds no picture or is beyond `formcheck.core.limits`: at once
    where its header tells, else where the limit is passed. A file that turns out damaged further on
    yields what can be read; then ``complete`` is False and ``notes`` says why. Both are final after the last frame.
    """

    def __init__(
        self,
        path: str | Path,
        max_side: int | None = DEFAULT_MAX_SIDE,
        *,
        start_s: float = 0.0,
        threads: int | None = None,
        for_show: bool = False,
    ) -> None:
        self._source = _Source(path, threads)
        try:
            first = next(self._source.frames(), None)
            if first is None:
                raise VideoError(_("{name} holds no picture that can be decoded.", name=self._source.name))
            self._clock = _Clock(self._source)
            self._picture = _Picture(first, self._source, max_side, for_show)
            if start_s > 0.0:
                first = self._sought(first, start_s)
            self._decoded = self._stream(first, start_s)
        except BaseException:
            self._source.close()
            raise
        self.info = VideoFacts(
            width=self._picture.width,
            height=self._picture.height,
            source_width=self._picture.source_width,
            source_height=self._picture.source_height,
            rotation_deg=self._picture.rotation_deg,
            duration_s=self._source.duration_s,
            frames=self._source.frame_estimate,
            nominal_fps=self._source.fps,
            codec=self._source.stream.codec_context.name,
        )

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Generator[Frame, None, None]:
        """Frames from where reading stands; a reader goes through its file once."""
        for decoded in self._decoded:
            rgb = decoded.rgb()
            if rgb is not None:
                frame = Frame(decoded.time_s, rgb)
                # A generator keeps what it holds alive while others work on the frame.
                del decoded, rgb
                yield frame
                del frame

    def decoded(self) -> Iterator[DecodedFrame]:
        """The same frames before their conversion, for those who need the pixels of a few."""
        return self._decoded

    def close(self) -> None:
        """Give the file back; safe to call twice."""
        self._decoded.close()
        self._source.close()

    @property
    def complete(self) -> bool:
        """False once the file has turned out damaged or cut off."""
        return not (self._source.damaged or self._source.short_by_s)

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks on the file that the user should see, as whole sentences."""
        notes = []
        if self._source.short_by_s:
            notes.append(
                _(
                    "The file is cut off: about {short_by_s:.1f} s at its end are missing.",
                    short_by_s=self._source.short_by_s,
                )
            )
        if self._source.damaged:
            notes.append(_("The file is damaged: some of its frames are missing or corrupt."))
        if self._clock.guessed:
            notes.append(
                _(
                    "{guessed} frames have no time stamp; their times are guessed from the frame rate.",
                    guessed=self._clock.guessed,
                )
            )
        if self._clock.wrong:
            notes.append(
                _(
                    "{wrong} frames have a time stamp that repeats or jumps; they were left out or moved.",
                    wrong=self._clock.wrong,
                )
            )
        if self._picture.resized:
            notes.append(
                _("The size of the picture changes within the file; all frames were scaled to the first one's.")
            )
        return tuple(notes)

    @property
    def exact_times(self) -> bool:
        """Whether every frame so far came with a time stamp that could be right, and so has the same time again."""
        return not (self._clock.guessed or self._clock.wrong)

    def _sought(self, first: VideoFrame, start_s: float) -> VideoFrame | None:
        """The frame to go on from to reach a time: after a seek, or the first one where the file cannot seek."""
        origin_s = self._source.raw_time_s(first)
        self._clock.seconds(first)  # times count from here
        if origin_s is not None and self._source.has_presentation_times:
            landed = self._source.seek(origin_s + start_s)
            raw_s = None if landed is None else self._source.raw_time_s(landed)
            if raw_s is not None and origin_s <= raw_s <= origin_s + start_s + CLOSEST_FRAMES_S:
                self._clock.set_to(raw_s)
                return landed
        # No index, or one that leads astray.
        self._source.reopen()
        self._clock = _Clock(self._source)
        return next(self._source.frames(), None)

    def _stream(self, first: VideoFrame | None, start_s: float) -> Generator[DecodedFrame, None, None]:
        decoded: VideoFrame | None = first
        first = None  # a generator keeps its arguments alive
        frames = 0
        while decoded is not None:
            time_s = self._clock.seconds(decoded)
            if time_s is not None:
                frames += 1
                self._source.check_reached(time_s, frames)
            if time_s is not None and time_s < start_s - CLOSEST_FRAMES_S:
                # What the decoder lacks right after a seek is not missing in the file.
                self._source.damaged = False
            elif time_s is not None:
                frame = DecodedFrame(time_s, decoded, self._picture)
                decoded = None
                yield frame
                del frame
            decoded = next(self._source.frames(), None)
        self._source.look_for_missing_end()


def read_frames_at(
    path: str | Path, at_s: Sequence[float], max_side: int | None = DEFAULT_MAX_SIDE, exact: bool = True
) -> list[Frame]:
    """One frame for each of the times ``at_s`` (seconds since the first frame, any order), cheaply, by seeking.

    With ``exact`` it is the frame nearest to that time; without, the key frame at or before it, for a quick look over
    the file (several times may then give the same frame). ``Frame.time_s`` tells the real time. Times outside the
    video give its first or last frame. A file that cannot seek is decoded from its start. Raises `VideoError` like
    `VideoReader`.
    """
    found: dict[float, Frame] = {}
    with contextlib.closing(_Source(path)) as source:
        first = next(source.frames(), None)
        if first is None:
            raise VideoError(_("{name} holds no picture that can be decoded.", name=source.name))
        picture = _Picture(first, source, max_side)
        start = source.raw_time_s(first) or 0.0
        walk = _Walk(source, first, start)
        for wanted_s in sorted(set(at_s)):
            near = walk.to(wanted_s, exact)
            rgb = picture.rgb(near)
            if rgb is None:
                raise VideoError(
                    _(
                        "{name} is damaged: its picture at {wanted_s:.1f} s cannot be converted.",
                        name=source.name,
                        wanted_s=wanted_s,
                    )
                )
            found[wanted_s] = Frame(max(0.0, (source.raw_time_s(near) or start) - start), rgb)
    return [found[wanted_s] for wanted_s in at_s]


def read_duration_s(path: str | Path) -> float:
    """Length of a video in seconds, from the times in the whole file: for files whose header does not state it.

    Nothing is decoded, so this takes little more than reading the file. 0.0 where no picture has a time. Raises
    `VideoError` like `VideoReader`.
    """
    with contextlib.closing(_Source(path)) as source:
        times_s = [
            (float(packet.pts * packet.time_base), float((packet.duration or 0) * packet.time_base))
            for packet in source.packets()
            if packet is not None and packet.pts is not None and packet.time_base
        ]
    if not times_s:
        return 0.0
    last_s, step_s = max(times_s)
    first_s = min(times_s)[0]
    return last_s - first_s + (step_s or (last_s - first_s) / max(1, len(times_s) - 1))


class _Walk:
    """Goes forward through a source to one time after the other, seeking where that saves decoding."""

    DECODE_RATHER_THAN_SEEK_S = 0.5

    def __init__(self, source: _Source, first: VideoFrame, start_s: float) -> None:
        self._source, self._start_s = source, start_s
        self._current: VideoFrame = first
        self._following: VideoFrame | None = None
        self._can_seek = True

    def to(self, wanted_s: float, exact: bool) -> VideoFrame:
        ahead_s = wanted_s - self._time_s(self._current)
        if ahead_s > self.DECODE_RATHER_THAN_SEEK_S and self._can_seek:
            self._seek(wanted_s)
        if not exact:
            return self._current if self._can_seek else self._last_key_frame(wanted_s)
        # The first frame past the wanted time is kept: it may be nearer, and the next wanted time may be behind it.
        while self._time_s(self._current) < wanted_s:
            if self._following is None:
                self._following = next(self._source.frames(), None)
            if self._following is None:
                return self._current
            if self._time_s(self._following) > wanted_s:
                before_s = wanted_s - self._time_s(self._current)
                after_s = self._time_s(self._following) - wanted_s
                return self._following if after_s < before_s else self._current
            self._current, self._following = self._following, None
        return self._current

    def _last_key_frame(self, wanted_s: float) -> VideoFrame:
        """Where seeking would have led, for files that cannot."""
        while True:
            following = self._following or next(self._source.frames(), None)
            if following is None or self._time_s(following) > wanted_s:
                self._following = following
                return self._current
            self._following = None
            if following.key_frame:
                self._current = following

    def _seek(self, wanted_s: float) -> None:
        landed = self._source.seek(wanted_s + self._start_s)
        if landed is not None:
            time_s = self._time_s(landed)
            if self._time_s(self._current) <= time_s <= wanted_s + CLOSEST_FRAMES_S:
                self._current, self._following = landed, None
                return
        # No index, or one that leads astray: from the start, forward, and no more seeking.
        self._can_seek = False
        self._source.reopen()
        self._current, self._following = next(self._source.frames(), self._current), None

    def _time_s(self, frame: VideoFrame) -> float:
        raw = self._source.raw_time_s(frame)
        return 0.0 if raw is None else raw - self._start_s


class _NamelessFile:
    """The little of a file that PyAV needs, without the name: FFmpeg must not read anything into it."""

    def __init__(self, file: BinaryIO, limits: Limits, name: str) -> None:
        self.seek, self.tell = file.seek, file.tell
        self._read, self._limits, self._name = file.read, limits, name
        self.too_long = ""
        self.picture_came()

    def picture_came(self) -> None:
        """Count again from here what is read without coming to a picture."""
        self._read_bytes, self._since_s = 0, time.monotonic()

    def read(self, size: int) -> bytes:
        if self._read_bytes > self._limits.unpictured_bytes:
            return self._give_up("unpictured_bytes")
        if time.monotonic() - self._since_s > self._limits.silence_s:
            return self._give_up("silence_s")
        content = self._read(size)
        self._read_bytes += len(content)
        return content

    def _give_up(self, limit: str) -> bytes:
        """The end of the file, as far as FFmpeg is told: it goes on reading after an error."""
        self.too_long = _(
            "{name} goes on without a picture for more than {most}: it is damaged or empty; copy or export "
            "the video again.",
            name=self._name,
            most=most(self._limits, limit),
        )
        return b""


class _Source:
    """An open container and its one video stream, decoded packet by packet."""

    def __init__(self, path: str | Path, threads: int | None = None) -> None:
        self.path = Path(path)
        self.name = self.path.name or str(path)
        self._threads = threads
        self._open()

    def _open(self) -> None:
        self.damaged = False
        self.short_by_s = 0.0
        self._read_to_s = 0.0
        self._decoded: Iterator[VideoFrame] | None = None
        self.limits = limits_in_force()
        self._file = _open_regular_file(self.path, self.name, self.limits)
        self._nameless = _NamelessFile(self._file, self.limits, self.name)
        self.container: InputContainer | None = None
        try:
            self.container = _open_container(self._nameless, self._file, self.name, self.limits)
            self.stream = _video_stream(self.container, self.name, self.limits, self._threads)
            self._check_claims()
        except BaseException:
            self.close()
            raise

    def reopen(self) -> None:
        """Back to the first frame, also of a file that cannot seek."""
        self.close()
        self._open()

    def close(self) -> None:
        self._decoded = None
        container, self.container = self.container, None
        if container is not None:
            with contextlib.suppress(*AV_ERRORS):
                container.close()
        self._file.close()

    def _check_claims(self) -> None:
        """What the header says is told before the work begins."""
        duration_s, frames = self.duration_s, self.frame_estimate
        if duration_s is not None and duration_s > self.limits.duration_s and self._states_duration:
            raise VideoError(
                _(
                    "{name} lasts {minutes:,.0f} minutes, and the most is {most}: cut the set out of it.",
                    name=self.name,
                    minutes=duration_s / 60,
                    most=most(self.limits, "duration_s"),
                )
            )
        if frames is not None and frames > self.limits.frames and self._states_duration:
            raise VideoError(
                _(
                    "{name} has {frames:,} frames, and the most is {most}: cut the set out of it.",
                    name=self.name,
                    frames=frames,
                    most=most(self.limits, "frames"),
                )
            )

    def check_reached(self, time_s: float, frames: int) -> None:
        """Headers may say less than there is, or nothing."""
        limit = "duration_s" if time_s > self.limits.duration_s else "frames" if frames > self.limits.frames else ""
        if limit:
            raise VideoError(
                _(
                    "{name} goes on for more than {most}, which its header did not say: cut the set out of it.",
                    name=self.name,
                    most=most(self.limits, limit),
                )
            )

    @property
    def _states_duration(self) -> bool:
        assert self.container is not None
        return bool(HEADER_DURATION_CONTAINERS & set(self.container.format.name.split(",")))

    @property
    def fps(self) -> float | None:
        for rate in (self.stream.average_rate, self.stream.guessed_rate):
            if rate is not None and 0.1 <= rate <= 1000:
                return float(rate)
        return None

    @property
    def duration_s(self) -> float | None:
        assert self.container is not None
        if self.stream.duration and self.stream.time_base:
            duration_s = float(self.stream.duration * self.stream.time_base)
        elif self.container.duration:
            duration_s = self.container.duration / av.time_base
        else:
            return None
        return duration_s if duration_s > 0 else None

    @property
    def frame_estimate(self) -> int | None:
        # The header also counts frames that an edit list hides.
        counted = self.stream.frames or None
        expected = round(self.duration_s * self.fps) if self.duration_s and self.fps else None
        known = [number for number in (counted, expected) if number]
        return min(known) if known else None

    @property
    def has_presentation_times(self) -> bool:
        """False where times follow from the order of the frames, so that a seek would shift them."""
        assert self.container is not None
        return self.container.format.name not in DECODING_TIME_CONTAINERS

    def raw_time_s(self, frame: VideoFrame) -> float | None:
        """Time stamp of a frame on the file's own clock, in seconds; None if it has none."""
        stamp = frame.pts if frame.pts is not None else frame.dts
        time_base = frame.time_base or self.stream.time_base
        return None if stamp is None or not time_base else float(stamp * time_base)

    def frames(self) -> Iterator[VideoFrame]:
        """The decoded frames from where reading stands."""
        if self._decoded is None:
            self._decoded = self._decode()
        return self._decoded

    def seek(self, raw_time_s: float) -> VideoFrame | None:
        """First frame decoded after a seek to the key frame at or before a time; None if the file cannot seek."""
        assert self.container is not None
        self._decoded = None
        if not self.stream.time_base:
            return None
        try:
            self.container.seek(int(raw_time_s / self.stream.time_base), stream=self.stream, backward=True)
        except AV_ERRORS:
            return None
        return next(self.frames(), None)

    def _decode(self) -> Iterator[VideoFrame]:
        assert self.container is not None
        only_decoding_times = not self.has_presentation_times
        waiting: deque[int] = deque(maxlen=MAX_REORDERED_FRAMES)
        for packet in self.packets():
            if self._nameless.too_long:
                raise VideoError(self._nameless.too_long)
            if only_decoding_times and packet is not None and packet.dts is not None:
                waiting.append(packet.dts)
            try:
                decoded = packet.decode() if packet is not None else self.stream.decode(None)
            except AV_ERRORS:
                self.damaged = True
                if waiting:
                    waiting.popleft()
                continue
            for frame in decoded:
                if isinstance(frame, VideoFrame) and frame.width > 0 and frame.height > 0:
                    self.damaged |= frame.is_corrupt
                    if waiting:
                        # At a constant rate the n-th frame shown has the n-th decoding time.
                        frame.pts = waiting.popleft()
                    yield frame
            del decoded

    def packets(self) -> Iterator[Packet[Any] | None]:
        """Packets of the video stream; None at last if decoding must be flushed by hand."""
        failures = 0
        while self.container is not None and failures < DAMAGED_READS_IN_A_ROW:
            try:
                for packet in self.container.demux():
                    failures = 0
                    self._note_end(packet)
                    if packet.stream.index == self.stream.index:
                        if packet.size:
                            self._nameless.picture_came()
                        self.damaged |= packet.is_corrupt
                        yield packet
                return
            except AV_ERRORS:
                self.damaged = True
                failures += 1
        yield None

    def _note_end(self, packet: Packet[Any]) -> None:
        # All streams count, because a container states one duration for all: sound often outlasts the picture.
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None and packet.time_base:
            # Some containers state their duration from time zero, others from where their first stream starts.
            late_start = min(0, packet.stream.start_time or 0)
            end_s = float((stamp - late_start + (packet.duration or 0)) * packet.time_base)
            self._read_to_s = max(self._read_to_s, end_s)

    def look_for_missing_end(self) -> None:
        """Compare how far the file could be read with the duration that its header states."""
        if self.container is None or not self._states_duration:
            return
        stated_s = (self.container.duration or 0) / av.time_base
        missing_s = stated_s - self._read_to_s
        if missing_s > max(SHORT_BY_S, SHORT_BY_FRACTION * stated_s):
            self.short_by_s = missing_s


def _open_regular_file(path: Path, name: str, limits: Limits) -> BinaryIO:
    try:
        facts = os.stat(path)
        if stat.S_ISDIR(facts.st_mode):
            raise VideoError(_("{name} is a folder; name a video file.", name=name))
        if not stat.S_ISREG(facts.st_mode):
            # Reading a pipe or a device could wait for ever.
            raise VideoError(_("{name} is not an ordinary file; save the video to disk first.", name=name))
        if facts.st_size == 0:
            raise VideoError(_("{name} is empty; copy or export the video again.", name=name))
        if facts.st_size > limits.file_bytes:
            raise VideoError(
                _(
                    "{name} has {size:,.1f} GiB, and the most is {most}: cut the set out of it.",
                    name=name,
                    size=facts.st_size / GIB,
                    most=most(limits, "file_bytes"),
                )
            )
        return open(path, "rb", buffering=0)
    except FileNotFoundError:
        raise VideoError(_("There is no file {path}; check the path.", path=path)) from None
    except PermissionError:
        raise VideoError(_("{name} may not be read by this user; check the file's permissions.", name=name)) from None
    except (OSError, ValueError) as error:
        raise VideoError(_("{name} cannot be opened: {reason}.", name=name, reason=_reason(error))) from None


def _open_container(nameless: _NamelessFile, file: BinaryIO, name: str, limits: Limits) -> InputContainer:
    def refuse(*asked: object) -> object:
        raise PermissionError(_("a video may not open other files"))

    try:
        # A header of a few kilobytes may claim tables of gigabytes.
        with limited_memory():
            return av.open(
                nameless,
                "r",
                options={"max_pixels": str(int(limits.pixels))},
                container_options={"format_whitelist": CONTAINERS},
                metadata_errors="replace",
                buffer_size=READ_BUFFER_BYTES,
                io_open=refuse,
            )
    except AV_ERRORS as error:
        if nameless.too_long:
            raise VideoError(nameless.too_long) from None
        if isinstance(error, MemoryError):
            raise VideoError(
                _(
                    "{name} is damaged: its header claims more than the memory holds; copy or export the video again.",
                    name=name,
                )
            ) from None
        file.seek(0)
        head = file.read(12)
        file.close()
        if head[4:8] == b"ftyp":
            raise VideoError(
                _("{name} is damaged: its index is missing, as after a broken copy; copy it again.", name=name)
            ) from None
        raise VideoError(
            _("{name} is not a video that can be read; try an mp4, mov, webm, mkv, avi or gif.", name=name)
        ) from None


def _video_stream(container: InputContainer, name: str, limits: Limits, threads: int | None) -> VideoStream:
    """The stream to watch: no cover picture, the default one, the largest."""
    streams = [stream for stream in container.streams.video if not _is_still(stream)]
    if not streams:
        if container.streams.audio:
            raise VideoError(_("{name} holds no picture, only sound.", name=name))
        raise VideoError(_("{name} holds no picture, only other data.", name=name))
    # A stream without a decoder has no codec context.
    streams = [stream for stream in streams if stream.codec_context is not None]
    if not streams:
        raise VideoError(_("{name} uses a video codec that cannot be decoded here; export it as H.264.", name=name))
    stream = max(streams, key=lambda stream: (_has(stream, "default"), stream.width * stream.height))
    if stream.width * stream.height > limits.pixels:
        raise VideoError(
            _(
                "{name} states a picture of {width} x {height} pixels, and the most is {most}; export it smaller.",
                name=name,
                width=stream.width,
                height=stream.height,
                most=most(limits, "pixels"),
            )
        )
    stream.thread_type = "AUTO"
    stream.thread_count = min(MAX_DECODER_THREADS, threads or usable_cores())
    stream.codec_context.options = {"max_pixels": str(int(limits.pixels))}
    return stream


def _has(stream: VideoStream, disposition: str) -> bool:
    return bool(stream.disposition & type(stream.disposition)[disposition])


def _is_still(stream: VideoStream) -> bool:
    return _has(stream, "attached_pic") or _has(stream, "timed_thumbnails")


class _Clock:
    """Turns time stamps into seconds since the first frame that rise strictly."""

    def __init__(self, source: _Source) -> None:
        self._source = source
        self._step_s = 1.0 / (source.fps or DEFAULT_FPS)
        self._raw_s: float | None = None
        self._offset_s = 0.0
        self._last_s = 0.0
        self._wrong_in_a_row = 0
        self.guessed = 0
        self.wrong = 0

    def set_to(self, raw_s: float) -> None:
        """Go on from just before this time of the file's own clock, after a seek."""
        self._raw_s = raw_s - self._step_s
        self._last_s = self._raw_s + self._offset_s

    def seconds(self, frame: VideoFrame) -> float | None:
        """Time of this frame; None if it has to be left out."""
        raw_s = self._source.raw_time_s(frame)
        if raw_s is None:
            self.guessed += 1
            raw_s = 0.0 if self._raw_s is None else self._raw_s + self._step_s
        if self._raw_s is None:
            self._raw_s, self._offset_s = raw_s, -raw_s
            return 0.0
        time_s = raw_s + self._offset_s
        if CLOSEST_FRAMES_S <= time_s - self._last_s <= FARTHEST_FRAMES_S:
            self._wrong_in_a_row = 0
        else:
            self.wrong += 1
            self._wrong_in_a_row += 1
            if self._wrong_in_a_row <= FRAMES_BEFORE_NEW_START:
                return None
            time_s = self._last_s + self._step_s
            self._offset_s = time_s - raw_s
        self._raw_s, self._last_s = raw_s, time_s
        return time_s


@dataclass(frozen=True)
class _Orientation:
    """How to stand a stored picture upright: swap rows and columns, then reverse columns and rows."""

    transpose: bool = False
    mirror: bool = False
    flip: bool = False

    @property
    def rotation_deg(self) -> int:
        """Clockwise turn; of a mirrored picture, the turn that is left after mirroring it."""
        if self.transpose:
            return 270 if self.flip else 90
        return 180 if self.flip else 0


def _orientation(frame: VideoFrame) -> _Orientation:
    """From the display matrix (a b u; c d v; x y w): a stored point (x, y) is shown at (a x + c y, b x + d y)."""
    side_data: Any = frame.side_data
    try:
        data = bytes(side_data["DISPLAYMATRIX"])
    except LookupError:
        return _Orientation()
    if len(data) < 36:
        return _Orientation()
    a, b, _, c, d, *_ = struct.unpack("=9i", data[:36])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return _Orientation(False, a < 0, d < 0)
    return _Orientation(True, c < 0, b < 0)


class _Picture:
    """Converts decoded frames to upright 8-bit RGB of one size: BT.601/709/2020, limited or full range, HDR."""

    def __init__(self, first: VideoFrame, source: _Source, max_side: int | None, for_show: bool = False) -> None:
        self._source, self._for_show = source, for_show
        self._orientation = _orientation(first)
        self.rotation_deg = self._orientation.rotation_deg
        self._stored_size = first.width, first.height
        self._size = _square_pixel_size(first.width, first.height, source.stream.sample_aspect_ratio, max_side)
        full_size = _square_pixel_size(first.width, first.height, source.stream.sample_aspect_ratio, None)
        across, down = (1, 0) if self._orientation.transpose else (0, 1)
        self.width, self.height = self._size[across], self._size[down]
        self.source_width, self.source_height = full_size[across], full_size[down]
        self.resized = False
        self._reformatter = VideoReformatter()
        self._hdr_reformatter = VideoReformatter()
        self._size_reformatter = VideoReformatter()
        self._grey_reformatter = VideoReformatter()
        self._graphs: dict[object, Any] = {}

    def rgb(self, frame: VideoFrame) -> RgbImage | None:
        """(H, W, 3) picture; None if the frame is too damaged to convert."""
        self.resized |= (frame.width, frame.height) != self._stored_size
        try:
            return self._convert(frame)
        except AV_ERRORS:
            self._source.damaged = True
            return None

    def thumbnail(self, frame: VideoFrame, columns: int, rows: int) -> NDArray[np.float32] | None:
        """(rows, columns) brightness 0..1 of the upright picture, without making the whole of it."""
        try:
            grey = self._grey(frame, columns, rows)
        except AV_ERRORS:
            self._source.damaged = True
            return None
        return grey.astype(np.float32) / np.float32(255)

    def _grey(self, frame: VideoFrame, columns: int, rows: int) -> RgbImage:
        if _may_be_transparent(frame):
            frame = VideoFrame.from_ndarray(
                _on_white(_pixels(self._reformat(frame, "rgba", self._reformatter))), "rgb24"
            )
        size = (rows, columns) if self._orientation.transpose else (columns, rows)
        grey = _pixels(self._reformat(frame, "gray8", self._grey_reformatter, size))
        if self._orientation.transpose:
            grey = grey.T
        return grey[:: -1 if self._orientation.flip else 1, :: -1 if self._orientation.mirror else 1]

    def _convert(self, frame: VideoFrame) -> RgbImage:
        transfer = int(frame.color_trc)
        if transfer in (PQ_TRANSFER, HLG_TRANSFER):
            wide = int(frame.color_primaries) in (BT2020_PRIMARIES, UNSPECIFIED_PRIMARIES)
            converted = self._through(self._reformat(frame, "gbrp16le", self._hdr_reformatter), transfer, wide)
        elif _may_be_transparent(frame):
            opaque = _on_white(_pixels(self._reformat(frame, "rgba", self._reformatter)))
            converted = self._through(VideoFrame.from_ndarray(opaque, format="rgb24"), None, False)
        else:
            if self._for_show and (frame.width, frame.height) != self._size:
                frame = self._scaled(frame)
            converted = self._through(self._reformat(frame, "rgb24", self._reformatter), None, False)
        image = _pixels(converted)
        if self._orientation.flip:
            image = image[::-1]
        return np.ascontiguousarray(image)

    def _scaled(self, frame: VideoFrame) -> VideoFrame:
        """The frame in the size that is delivered, as it is stored otherwise."""
        width, height = self._size
        scaled = self._size_reformatter.reformat(
            frame, width=width, height=height, interpolation=Interpolation.AREA, threads=1
        )
        # Colours are told by what they were filmed as, and the size of the original.
        scaled.colorspace = int(_colour_matrix(frame) or frame.colorspace)
        scaled.color_range = frame.color_range
        return scaled

    def _reformat(
        self,
        frame: VideoFrame,
        pixel_format: str,
        reformatter: VideoReformatter,
        size: tuple[int, int] | None = None,
    ) -> VideoFrame:
        width, height = size or self._size
        return reformatter.reformat(
            frame,
            width=width,
            height=height,
            format=pixel_format,
            src_colorspace=_colour_matrix(frame),
            src_color_range=ColorRange(int(frame.color_range)),
            dst_color_range=ColorRange.JPEG,
            interpolation=Interpolation.AREA,  # shrinks cleaner than bilinear and in less time
            threads=1,  # the other cores have the decoder and the pose model
        )

    def _through(self, frame: VideoFrame, transfer: int | None, wide: bool) -> VideoFrame:
        """Tone mapping and all of the turning but `flip`, which NumPy does well; FFmpeg's filters are 5 x faster."""
        filters: list[tuple[str, str | None]] = []
        if transfer is not None:
            filters += _hdr_filters(transfer, wide)
        if self._orientation.transpose:
            filters.append(("transpose", "clock" if self._orientation.mirror else "cclock_flip"))
        elif self._orientation.mirror:
            filters.append(("hflip", None))
        if not filters:
            return frame
        key = (transfer, wide)
        if key not in self._graphs:
            self._graphs[key] = _filter_graph(frame, filters)
        graph = self._graphs[key]
        frame.pts = None
        graph.push(frame)
        turned = graph.pull()
        assert isinstance(turned, VideoFrame)
        return turned


def _square_pixel_size(
    width: int, height: int, sample_aspect: Fraction | None, max_side: int | None
) -> tuple[int, int]:
    """Size at which circles are round: the short direction is stretched, then both are scaled down to ``max_side``."""
    aspect = float(sample_aspect or 1)
    if not 1 / MAX_SAMPLE_ASPECT <= aspect <= MAX_SAMPLE_ASPECT:
        aspect = 1.0
    true_width, true_height = width * max(aspect, 1.0), height * max(1 / aspect, 1.0)
    scale = 1.0
    if max_side is not None:
        scale = min(1.0, max_side / max(true_width, true_height))
    return max(1, round(true_width * scale)), max(1, round(true_height * scale))


def _colour_matrix(frame: VideoFrame) -> Colorspace | None:
    """The YUV matrix where it needs saying: swscale takes an unnamed one for BT.601, players go by the size."""
    matrix = int(frame.colorspace)
    if matrix == BT2020_CL_MATRIX:
        return Colorspace(BT2020_MATRIX)
    if matrix == UNSPECIFIED_MATRIX:
        if int(frame.color_trc) in (PQ_TRANSFER, HLG_TRANSFER):
            return Colorspace(BT2020_MATRIX)
        return Colorspace.ITU709 if max(frame.width, frame.height) >= 1280 else Colorspace.ITU601
    return None


def _may_be_transparent(frame: VideoFrame) -> bool:
    return frame.format.name == "pal8" or any(part.is_alpha for part in frame.format.components)


def _on_white(rgba: RgbImage) -> RgbImage:
    alpha = rgba[:, :, 3:]
    if alpha.min() == 255:
        return np.ascontiguousarray(rgba[:, :, :3])
    opacity = alpha.astype(np.uint16)
    return ((rgba[:, :, :3] * opacity + 255 * (255 - opacity) + 127) // 255).astype(np.uint8)


def _pixels(frame: VideoFrame) -> RgbImage:
    array: RgbImage = frame.to_ndarray()  # type: ignore[assignment]  # 8-bit formats only come here
    return array


def _hdr_filters(transfer: int, wide: bool) -> list[tuple[str, str | None]]:
    """Filters from HDR light to an ordinary screen's, for 16-bit RGB.

    Light is measured in units of 203 cd/m2, the white of a white shirt by ITU-R BT.2408. Up to 0.6 of it nothing
    changes; from there the highlights, up to 1000 cd/m2, are bent into what is left, with an equal slope at the joint.
    """
    signal = "val/maxval"
    if transfer == PQ_TRANSFER:  # SMPTE ST 2084
        root = f"pow({signal}, 32/2523)"
        light = f"pow(max({root} - 0.8359375, 0) / (18.8515625 - 18.6875*{root}), 16384/2610) * 10000/203"
    else:  # ARIB STD-B67, shown on a screen of 1000 cd/m2 (system gamma 1.2)
        scene = (
            f"if(lte({signal}, 0.5), {signal}*{signal}/3, (exp(({signal} - 0.55991073)/0.17883277) + 0.28466892)/12)"
        )
        light = f"pow({scene}, 1.2) * 1000/203"
    bent = f"0*st(0, {light}) + if(lt(ld(0), 0.6), ld(0), 0.6 + 0.4*(1 - pow(1 - min((ld(0) - 0.6)/4.326, 1), 10.8)))"
    screen = f"if(lt({signal}, 0.0031308), 12.92*{signal}, 1.055*pow({signal}, 1/2.4) - 0.055)"
    filters: list[tuple[str, str | None]] = [("lutrgb", _same_for_rgb(f"({bent})*maxval"))]
    if wide:  # BT.2020 to BT.709 primaries
        filters.append(
            (
                "colorchannelmixer",
                "rr=1.6605:rg=-0.5876:rb=-0.0728:gr=-0.1246:gg=1.1329:gb=-0.0083:br=-0.0182:bg=-0.1006:bb=1.1187",
            )
        )
    return [*filters, ("lutrgb", _same_for_rgb(f"({screen})*maxval")), ("format", "rgb24")]


def _same_for_rgb(expression: str) -> str:
    escaped = expression.replace(" ", "").replace(",", r"\,")
    return f"r={escaped}:g={escaped}:b={escaped}"


def _filter_graph(frame: VideoFrame, filters: Sequence[tuple[str, str | None]]) -> Any:
    graph = av.filter.Graph()
    last = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000))
    for name, arguments in filters:
        node = graph.add(name, arguments) if arguments is not None else graph.add(name)
        last.link_to(node)
        last = node
    sink = graph.add("buffersink")
    last.link_to(sink)
    graph.configure()
    return graph


class VideoWriter:
    """Writes an H.264 mp4 (yuv420p, BT.709, index in front) whose frames keep their times.

    A context manager: the file appears under its name, replacing what was there, only when the block ends without an
    exception; otherwise nothing is left. Raises `OutputError` if it cannot be written (folder, rights, disk full).
    ``threads`` is how many the encoder may use, None = as many as it likes.
    """

    TIME_BASE = Fraction(1, 90_000)
    ENCODERS: tuple[Literal["libx264", "libopenh264"], ...] = ("libx264", "libopenh264")
    """First choice, then what builds without GPL parts have."""

    OPTIONS: ClassVar[dict[str, str]] = {
        "preset": "veryfast",
        "tune": "fastdecode",
        "crf": "21",
        "bf": "0",
        "x264-params": "subme=1:me=dia:weightp=0",
    }
    """Of libx264: a preset, and what of it costs time and brings little. Files are a third larger than by the preset
    alone and made in half the time; the next faster preset makes them more than twice as large and is no faster."""

    def __init__(self, path: str | Path, threads: int | None = None) -> None:
        self._threads = threads
        self.path = Path(path)
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._size: tuple[int, int] | None = None
        self._last_pts: int | None = None
        self._last_step = 0
        if self.path.is_dir():
            raise OutputError(_("{path} is a folder; name a file to write the video to.", path=self.path))
        try:
            # FFmpeg would word this worse, and only with the first frame.
            self._pending = PendingFile(self.path)
        except (OSError, ValueError) as error:
            raise OutputError(
                _("The video {path} cannot be written: {reason}.", path=self.path, reason=_reason(error))
            ) from None

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def write(self, rgb: RgbImage, time_s: float) -> None:
        """Append a picture (H, W, 3), 8 bit, shown from ``time_s`` on; times must rise. An odd side loses one pixel."""
        height, width = (max(2, side // 2 * 2) for side in rgb.shape[:2])
        if min(rgb.shape[:2]) < 2:
            rgb = np.pad(rgb, ((0, max(0, 2 - rgb.shape[0])), (0, max(0, 2 - rgb.shape[1])), (0, 0)), mode="edge")
        pts = round(time_s / self.TIME_BASE)
        if self._last_pts is not None:
            if pts <= self._last_pts:
                raise ValueError(f"frame times must increase, got {time_s} s")
            self._last_step = pts - self._last_pts
        if self._size not in (None, (width, height)):
            raise ValueError(f"all frames must have one size, got {width} x {height} after {self._size}")
        with self._output_errors():
            if self._stream is None:
                self._stream = self._start(width, height)
                self._size = width, height
            frame = VideoFrame.from_ndarray(np.ascontiguousarray(rgb[:height, :width]), format="rgb24")
            frame = frame.reformat(
                format="yuv420p",
                dst_colorspace=Colorspace.ITU709,
                src_color_range=ColorRange.JPEG,
                dst_color_range=ColorRange.MPEG,
            )
            frame.pts, frame.time_base = pts, self.TIME_BASE
            self._mux(self._stream.encode(frame))
        self._last_pts = pts

    def close(self) -> None:
        """Finish the file and give it its name; nothing more can be written."""
        if self._container is None:
            self.discard()
            if self._last_pts is None:
                raise OutputError(
                    _("The video {path} was not written: there is no picture to put into it.", path=self.path)
                )
            return
        with self._output_errors():
            assert self._stream is not None
            self._mux(self._stream.encode(None))
            self._container.close()
            self._container = None
            self._pending.commit()

    def discard(self) -> None:
        """Give up and leave nothing behind; safe to call at any time."""
        container, self._container = self._container, None
        if container is not None:
            with contextlib.suppress(*AV_ERRORS):
                container.close()
        self._pending.discard()

    def _start(self, width: int, height: int) -> VideoStream:
        # With its protocol, so that no name is taken for a URL or an option.
        self._container = av.open(
            f"file:{self._pending.partial}", "w", format="mp4", container_options={"movflags": "+faststart"}
        )
        encoder = next((name for name in self.ENCODERS if name in av.codecs_available), None)
        if encoder is None:
            raise ValueError("this PyAV has no H.264 encoder; install it with `pip install av`")
        stream = self._container.add_stream(encoder, rate=round(DEFAULT_FPS))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if self._threads is not None:
            stream.thread_count = self._threads
        context = stream.codec_context
        context.time_base = stream.time_base = self.TIME_BASE
        context.color_range, context.colorspace, context.color_primaries, context.color_trc = 1, BT709, BT709, BT709
        if encoder == "libx264":
            context.options = dict(self.OPTIONS)
        else:
            context.bit_rate = max(500_000, width * height * 4)
        return stream

    def _mux(self, packets: Sequence[Packet[Any]]) -> None:
        assert self._container is not None
        for packet in packets:
            if not packet.duration and self._last_step:
                packet.duration = self._last_step  # counts for the last frame, whose end nothing else tells
            self._container.mux(packet)

    @contextlib.contextmanager
    def _output_errors(self) -> Iterator[None]:
        try:
            yield
        except AV_ERRORS as error:
            self.discard()
            raise OutputError(
                _("The video {path} cannot be written: {reason}.", path=self.path, reason=_reason(error))
            ) from None
        except BaseException:  # Ctrl-C while the file is being finished
            self.discard()
            raise


def _reason(error: BaseException) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")
