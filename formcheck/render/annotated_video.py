"""The annotated video: goes through the video a second time and draws what the analysis found."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from formcheck.core.errors import Cancelled
from formcheck.core.poses import PoseSequence
from formcheck.core.words import _
from formcheck.judging.report import Report
from formcheck.render.overlay import OverlayPlan, draw_overlay, plan_overlay
from formcheck.vision.prefetch import prefetched
from formcheck.vision.process_memory import keep_freed_memory
from formcheck.vision.video import DecodedFrame, Frame, RgbImage, VideoReader, VideoWriter

ANNOTATED_MAX_SIDE = 1280
"""Longer side of the annotated video: sharp on a phone, quick to make and small to send."""

ANNOTATED_MAX_FPS = 30.0
"""Frames a second at most: more show nothing that the eye would miss, and each is drawn and encoded."""

RATE_ROUNDING = 0.1
"""60.1 frames a second are two for each of 30: headers are not exact about films of changing rates."""

READY_AHEAD = 2
"""Pictures that wait to be drawn on, and to be encoded, at most."""

Progress = Callable[[int, int | None], None]
"""Called as ``progress(done_frames, total_frames)``."""


def write_annotated_video(
    video_path: str | Path,
    poses: PoseSequence,
    report: Report,
    output_path: str | Path,
    *,
    max_side: int | None = ANNOTATED_MAX_SIDE,
    max_fps: float | None = ANNOTATED_MAX_FPS,
    jobs: int | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> None:
    """Write the video with skeleton, back line, rep counter and findings as an H.264 mp4 with the original timing.

    Decoding, drawing and encoding overlap. The file appears under its name only when it is complete.

    Parameters
    ----------
    max_side : longer side of the annotated video at most; None = as filmed.
    max_fps : frames a second at most, see `FrameChoice`; None = every frame.
    jobs : threads that the decoder may use, and the encoder; None = as many as they like, 1 = nothing overlaps.

    Raises
    ------
    VideoError : the video cannot be read.
    OutputError : the annotated video cannot be written.
    Cancelled : ``cancelled`` returned True.
    """
    keep_freed_memory()

    def step(done: int) -> None:
        if cancelled is not None and cancelled():
            raise Cancelled(_("Stopped."))
        if progress is not None:
            progress(done, len(poses) or None)

    with ExitStack() as stack:
        reader = stack.enter_context(VideoReader(video_path, max_side=max_side, threads=jobs, for_show=True))
        writer = stack.enter_context(VideoWriter(output_path, threads=jobs))
        plan = plan_overlay(poses, report, reader.info.width, reader.info.height)
        frames = _chosen(reader.decoded(), FrameChoice(reader.info.nominal_fps, max_fps))
        if jobs == 1:
            drawn = _drawn(frames, plan)
        else:
            ready = stack.enter_context(closing(prefetched(frames, READY_AHEAD)))
            drawn = stack.enter_context(closing(prefetched(_drawn(ready, plan), READY_AHEAD)))
        for index, frame in drawn:
            if frame is not None:
                writer.write(frame.rgb, frame.time_s)
            step(index + 1)


class FrameChoice:
    """Says frame by frame which ones are drawn, at even steps.

    Of a film whose rate is known every second, third, ... frame is drawn, the fewest of these that keep the rate below
    the most; otherwise those that are next when a step has passed.

    Parameters
    ----------
    nominal_fps : frames a second by the file's header; None = not known.
    max_fps : frames a second at most; None = every frame is drawn.
    """

    def __init__(self, nominal_fps: float | None, max_fps: float | None) -> None:
        fps = nominal_fps or max_fps or ANNOTATED_MAX_FPS
        self._step_s = 0.0 if max_fps is None else max(1, math.ceil(fps / max_fps - RATE_ROUNDING)) / fps
        self._slack_s = min(0.5 / fps, 0.5 * self._step_s)
        self._due_s = -math.inf

    def wants(self, time_s: float) -> bool:
        """Whether the frame of this time is drawn; times rise."""
        if time_s < self._due_s - self._slack_s:
            return False
        # On the grid of the frames before, but for what comes after a pause.
        late = time_s - self._due_s > self._step_s
        self._due_s = (time_s if late else self._due_s) + self._step_s
        return True


def _chosen(decoded: Iterator[DecodedFrame], choice: FrameChoice) -> Iterator[tuple[int, Frame | None]]:
    """Every frame's number, with its picture where it is to be drawn."""
    for index, frame in enumerate(decoded):
        rgb = frame.rgb() if choice.wants(frame.time_s) else None
        found = None if rgb is None else Frame(frame.time_s, rgb)
        # A generator keeps what it holds alive while others work on the frame.
        del frame, rgb
        yield index, found
        del found


def _drawn(frames: Iterator[tuple[int, Frame | None]], plan: OverlayPlan) -> Iterator[tuple[int, Frame | None]]:
    for index, frame in frames:
        yield index, None if frame is None else Frame(frame.time_s, _annotated(frame, plan))
        del frame


def _annotated(frame: Frame, plan: OverlayPlan) -> RgbImage:
    return draw_overlay(frame.rgb, plan, frame.time_s, in_place=True)
