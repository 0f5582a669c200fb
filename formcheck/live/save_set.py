"""After the set: the same report folder as for an upload, the history, and the video where it was asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formcheck.core.errors import VideoError
from formcheck.live.session import FinishedSet
from formcheck.live.warm_up import neutral_back
from formcheck.motion.neutral import Baseline
from formcheck.render.annotated_video import write_annotated_video
from formcheck.render.html.report import html_report, key_pictures
from formcheck.storage import report_folder
from formcheck.storage.history import Lifter, open_history
from formcheck.storage.report_folder import ReportFolder
from formcheck.vision.video import VideoReader, VideoWriter

TOLERANCE_S = 0.001


class SessionVideo:
    """Records the frames that were looked at, until the sets in them are cut out; a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = VideoWriter(path)
        self._size: tuple[int, ...] | None = None
        self._open = True

    def __enter__(self) -> SessionVideo:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, rgb: NDArray[np.uint8], time_s: float) -> None:
        """Append a frame; one of another size than the first is left out."""
        self._size = self._size or rgb.shape
        if rgb.shape == self._size:
            self._writer.write(rgb, time_s)

    def close(self) -> None:
        """Finish the file; safe to call twice."""
        if self._open:
            self._open = False
            if self._size is None:
                self._writer.discard()
            else:
                self._writer.close()

    def cut(self, done: FinishedSet, first_s: float, path: Path) -> None:
        """Write the part of the recording that shows a set; ``first_s`` is the capture time of the first frame."""
        start_s = done.start_s - first_s
        stop_s = start_s + float(done.poses.time_s[-1])
        with VideoReader(self.path, max_side=None) as reader, VideoWriter(path) as writer:
            for frame in reader:
                if start_s - TOLERANCE_S <= frame.time_s <= stop_s + TOLERANCE_S:
                    writer.write(frame.rgb, max(0.0, frame.time_s - start_s))


def write_report(
    done: FinishedSet,
    input_path: Path,
    out: Path | None,
    *,
    video: Path | None = None,
    lifter: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> ReportFolder:
    """Write the report folder of a set; ``video`` is what its annotated video and pictures are drawn on.

    Raises
    ------
    OutputError : it cannot be written.
    """
    names = [
        report_folder.REPORT_HTML,
        report_folder.REPORT_JSON,
        report_folder.REPS_CSV,
        report_folder.SIGNALS_CSV,
        report_folder.POSES_NPZ,
    ]
    if video is not None:
        names.append(report_folder.ANNOTATED_MP4)
    name = report_folder.safe_name(f"live-{Path(done.poses.video.file).stem}")
    report, poses = done.report, done.poses
    with report_folder.open_report_folder(input_path, out, names, name) as folder:
        pictures: Any = ()
        if video is not None:
            with contextlib.suppress(VideoError):
                pictures = key_pictures(video, poses, report)
        page = html_report(report, pictures, lifter=lifter or "", settings=dict(settings or {}))
        folder.write_text(report_folder.REPORT_HTML, page)
        folder.write_text(report_folder.REPORT_JSON, report_folder.report_json(report))
        folder.write_text(report_folder.REPS_CSV, report_folder.reps_csv(report.reps))
        folder.write_text(report_folder.SIGNALS_CSV, report_folder.signals_csv(report.signals, poses.time_s))
        folder.write_poses(poses)
        if video is not None:
            folder.write(report_folder.ANNOTATED_MP4, lambda path: write_annotated_video(video, poses, report, path))
        return folder


def save_set(
    done: FinishedSet, *, lifter: str | None, settings: Mapping[str, Any], annotated: Path | None = None
) -> str:
    """Save a set to the history, with its annotated video when one is given; returns a sentence without full stop."""
    if not done.report.reps:
        return "Nothing was saved to the history, as no repetition was found"
    with open_history() as kept:
        saved = kept.save_set(
            done.report.to_dict(), done.poses, lifter=lifter, filmed_at=datetime.now(UTC), settings=settings
        )
        if annotated is not None:
            kept.keep_video(saved.id, annotated)
    return f"Saved to the history as set {saved.id}" + (f" of {saved.lifter}" if saved.lifter else "")


def save_baseline(name: str, baseline: Baseline) -> None:
    """Keep the lifter's neutral back with the lifter, who is added to the history when not known yet."""
    with open_history() as kept:
        lifter = kept.known_lifter(name) or Lifter(name)
        kept.save_lifter(replace(lifter, neutral_back=neutral_back(baseline)))
