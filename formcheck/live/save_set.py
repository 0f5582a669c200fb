"""After the set: the same report folder as for an upload, the history, and the video where it was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formcheck.live.session import FinishedSet
from formcheck.live.warm_up import neutral_back
from formcheck.motion.neutral import Baseline
from formcheck.service.own_neutral import with_standing
from formcheck.service.pipeline import AnalysisRequest, AnalysisResult, Known, StageProgress, run_analysis
from formcheck.storage.history import Lifter, open_history
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


def save_set(
    done: FinishedSet,
    request: AnalysisRequest,
    told: Mapping[str, Any],
    *,
    progress: StageProgress | None = None,
) -> AnalysisResult:
    """Write and save what the request asks for of a set that is over, as of an upload.

    Parameters
    ----------
    request : its video is what pictures and annotated video are drawn on; its source, what the user filmed with.
    told : arguments that the session gave to `analyze` besides exercise, variant and load.

    Raises
    ------
    OutputError : the report cannot be written.
    """
    known = Known(done.poses, done.report, told)
    return run_analysis(replace(request, live=True), progress=progress, known=known)


def save_baseline(name: str, baseline: Baseline) -> None:
    """Keep the lifter's neutral back with the lifter, who is added to the history when not known yet."""
    with open_history() as kept:
        lifter = kept.known_lifter(name) or Lifter(name)
        kept.save_lifter(with_standing(lifter, neutral_back(baseline)))
