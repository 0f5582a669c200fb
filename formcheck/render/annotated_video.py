"""The annotated video: goes through the video a second time and draws what the analysis found."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from formcheck.core.errors import Cancelled
from formcheck.core.poses import PoseSequence
from formcheck.judging.report import Report
from formcheck.render.overlay import draw_overlay, plan_overlay
from formcheck.vision.prefetch import prefetched
from formcheck.vision.video import VideoReader, VideoWriter

ANNOTATED_MAX_SIDE = 1280
"""Longer side of the annotated video: sharp on a phone, quick to make and small to send."""

DECODED_AHEAD = 2
"""Pictures that wait to be drawn on at most."""

Progress = Callable[[int, int | None], None]
"""Called as ``progress(done_frames, total_frames)``."""


def write_annotated_video(
    video_path: str | Path,
    poses: PoseSequence,
    report: Report,
    output_path: str | Path,
    *,
    max_side: int | None = ANNOTATED_MAX_SIDE,
    jobs: int | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> None:
    """Write the video with skeleton, back line, rep counter and findings as an H.264 mp4 with the original timing.

    Decoding, drawing and encoding overlap. The file appears under its name only when it is complete.

    Parameters
    ----------
    max_side : longer side of the annotated video at most; None = as filmed.
    jobs : threads that the decoder may use, and the encoder; None = as many as they like, 1 = nothing overlaps.

    Raises
    ------
    VideoError : the video cannot be read.
    OutputError : the annotated video cannot be written.
    Cancelled : ``cancelled`` returned True.
    """
    with (
        VideoReader(video_path, max_side=max_side, threads=jobs) as reader,
        VideoWriter(output_path, threads=jobs) as writer,
        closing(iter(reader) if jobs == 1 else prefetched(reader, DECODED_AHEAD)) as frames,
    ):
        plan = plan_overlay(poses, report, reader.info.width, reader.info.height)
        for done, frame in enumerate(frames, start=1):
            if cancelled is not None and cancelled():
                raise Cancelled("Stopped.")
            writer.write(draw_overlay(frame.rgb, plan, frame.time_s), frame.time_s)
            if progress is not None:
                progress(done, len(poses) or None)
