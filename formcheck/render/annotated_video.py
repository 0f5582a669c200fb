"""The annotated video: goes through the video a second time and draws what the analysis found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from formcheck.core.errors import Cancelled
from formcheck.core.poses import PoseSequence
from formcheck.judging.report import Report
from formcheck.render.overlay import draw_overlay, plan_overlay
from formcheck.vision.video import VideoReader, VideoWriter

ANNOTATED_MAX_SIDE = 1280
"""Longer side of the annotated video: sharp on a phone, quick to make and small to send."""

Progress = Callable[[int, int | None], None]
"""Called as ``progress(done_frames, total_frames)``."""


def write_annotated_video(
    video_path: str | Path,
    poses: PoseSequence,
    report: Report,
    output_path: str | Path,
    *,
    max_side: int | None = ANNOTATED_MAX_SIDE,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> None:
    """Write the video with skeleton, back line, rep counter and findings as an H.264 mp4 with the original timing.

    The file appears under its name only when it is complete.

    Raises
    ------
    VideoError : the video cannot be read.
    OutputError : the annotated video cannot be written.
    Cancelled : ``cancelled`` returned True.
    """
    with VideoReader(video_path, max_side=max_side) as reader, VideoWriter(output_path) as writer:
        plan = plan_overlay(poses, report, reader.info.width, reader.info.height)
        for done, frame in enumerate(reader, start=1):
            if cancelled is not None and cancelled():
                raise Cancelled("Stopped.")
            writer.write(draw_overlay(frame.rgb, plan, frame.time_s), frame.time_s)
            if progress is not None:
                progress(done, len(poses) or None)
