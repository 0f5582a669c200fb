"""Parts of a video as files of their own: one repetition to send, or the whole film in a form that browsers play."""

from __future__ import annotations

import math
from contextlib import closing
from pathlib import Path

from formcheck.core.errors import VideoError
from formcheck.core.words import _
from formcheck.render.annotated_video import ANNOTATED_MAX_SIDE
from formcheck.vision.video import VideoReader, VideoWriter

BEFORE_S, AFTER_S = 0.5, 0.5
"""A clip of a repetition begins and ends this much outside of it, so that its start and lockout are seen."""

PLAYED_BY_BROWSERS = ("h264", "vp8", "vp9", "av1")
"""Codecs, by FFmpeg's names, that Chromium, Firefox and Safari all play on every system."""


def write_clip(
    video_path: str | Path,
    output_path: str | Path,
    *,
    start_s: float = 0.0,
    end_s: float = math.inf,
    max_side: int | None = ANNOTATED_MAX_SIDE,
) -> None:
    """Write the part from ``start_s`` to ``end_s`` (seconds since the first frame) as an H.264 mp4 that begins at zero.

    The file appears under its name only when it is complete.

    Raises
    ------
    VideoError : the video cannot be read, or has no picture in that part.
    OutputError : the clip cannot be written.
    """
    first_s = math.nan
    with (
        VideoReader(video_path, max_side=max_side, start_s=max(0.0, start_s)) as reader,
        VideoWriter(output_path) as writer,
        closing(iter(reader)) as frames,
    ):
        for frame in frames:
            if frame.time_s < start_s:
                continue
            if frame.time_s > end_s:
                break
            first_s = frame.time_s if math.isnan(first_s) else first_s
            writer.write(frame.rgb, frame.time_s - first_s)
        if math.isnan(first_s):
            raise VideoError(
                _(
                    "{name} has no picture between {start_s:.1f} and {end_s:.1f} s.",
                    name=Path(video_path).name,
                    start_s=start_s,
                    end_s=end_s,
                )
            )


def plays_in_browsers(video_path: str | Path) -> bool:
    """Whether browsers play the file as it is; `VideoError` when it cannot be read."""
    with VideoReader(video_path, max_side=64) as reader:
        return reader.info.codec in PLAYED_BY_BROWSERS and Path(video_path).suffix.lower() in (".mp4", ".m4v", ".webm")
