"""Tiny test videos, made on the fly: their content says which way is up and which frame it is."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

RED, GREEN, BLUE, GREY = (210, 40, 40), (40, 190, 40), (40, 40, 210), (128, 128, 128)
TIME_BASE = Fraction(1, 1000)

# Display matrices as QuickTime writes them, (a, b, c, d) of x' = ax + cy, y' = bx + dy with y down:
# a quarter turn clockwise takes the x axis (1, 0) to the y axis (0, 1), so a = 0 and b = 1.
CLOCKWISE_MATRIX = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


def upright_picture(width: int = 64, height: int = 48) -> np.ndarray:
    """Quadrants, seen upright: red and green on top, blue and grey below; (height, width, 3)."""
    picture = np.empty((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = RED
    picture[: height // 2, width // 2 :] = GREEN
    picture[height // 2 :, : width // 2] = BLUE
    picture[height // 2 :, width // 2 :] = GREY
    return picture


def brightness_of(index: int) -> int:
    """Grey value that marks frame number ``index`` (up to 18 frames can be told apart)."""
    return 20 + 12 * index


def numbered_picture(index: int, width: int = 64, height: int = 48) -> np.ndarray:
    return np.full((height, width, 3), brightness_of(index), np.uint8)


def frame_number(rgb: np.ndarray) -> int:
    """Which frame a decoded `numbered_picture` is."""
    return round((float(rgb.mean()) - 20) / 12)


@contextlib.contextmanager
def priority_kept() -> Iterator[None]:
    """The thread has the priority afterwards that it had before.

    As root, the SVT-AV1 encoder gives whoever calls it the highest real-time priority. Everything that the tests start
    after that has it too, and on two cores such a browser can stop the whole machine.
    """
    if not hasattr(os, "sched_getscheduler"):
        yield
        return
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, priority)


@priority_kept()
def write_video(
    path: Path,
    pictures: Sequence[np.ndarray | av.VideoFrame],
    times_s: Sequence[float] | None = None,
    *,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    container: str | None = None,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    sample_aspect: Fraction | None = None,
    time_base: Fraction = TIME_BASE,
    gop_size: int = 12,
    with_sound: bool = False,
    **colour: int,
) -> Path:
    """Encode pictures at the given times (default 25 per second); ``colour``: color_range, colorspace, color_trc ..."""
    if times_s is None:
        times_s = [index / 25 for index in range(len(pictures))]
    with av.open(str(path), "w", format=container, container_options=container_options or {}) as output:
        stream: Any = output.add_stream(codec, rate=25)
        first = pictures[0]
        stream.height, stream.width = (
            (first.height, first.width) if isinstance(first, av.VideoFrame) else first.shape[:2]
        )
        stream.pix_fmt = pixel_format
        stream.codec_context.time_base = time_base
        stream.codec_context.gop_size = gop_size
        stream.codec_context.options = options or {}
        if sample_aspect is not None:
            stream.codec_context.sample_aspect_ratio = sample_aspect
        for name, value in colour.items():
            setattr(stream.codec_context, name, value)
        sound: Any = output.add_stream("aac", rate=8000) if with_sound else None
        for picture, time_s in zip(pictures, times_s, strict=True):
            frame = (
                picture if isinstance(picture, av.VideoFrame) else av.VideoFrame.from_ndarray(picture, format="rgb24")
            )
            if frame.format.name != pixel_format:
                frame = frame.reformat(
                    format=pixel_format,
                    dst_colorspace=Colorspace(colour.get("colorspace", 5)),
                    src_color_range=ColorRange.JPEG,
                    dst_color_range=ColorRange(colour.get("color_range", 1)),
                )
            frame.pts, frame.time_base = round(time_s / time_base), time_base
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if sound is not None:
            for start in range(0, 8000, 1000):
                silence: Any = av.AudioFrame.from_ndarray(np.zeros((1, 1000), np.float32), format="fltp", layout="mono")
                silence.sample_rate, silence.pts, silence.time_base = 8000, start, Fraction(1, 8000)
                output.mux(sound.encode(silence))
            output.mux(sound.encode(None))
    return path


def as_a_browser_records(source: Path, path: Path) -> Path:
    """The same encoded pictures in a Matroska file that states no duration and has no index."""
    with (
        av.open(str(source)) as given,
        av.open(str(path), "w", format="matroska", container_options={"live": "1"}) as output,
    ):
        stream = output.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(given.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                output.mux(packet)
    return path


def write_sound_only(path: Path) -> Path:
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("aac", rate=8000)
        silence: Any = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 8000
        output.mux(stream.encode(silence))
        output.mux(stream.encode(None))
    return path


def set_display_matrix(path: Path, abcd: tuple[int, int, int, int]) -> Path:
    """Overwrite the display matrix in the track header (tkhd, version 0) of an mp4 or mov."""
    data = bytearray(path.read_bytes())
    matrix_at = data.index(b"tkhd") + 4 + 40
    a, b, c, d = (value << 16 for value in abcd)
    data[matrix_at : matrix_at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path
