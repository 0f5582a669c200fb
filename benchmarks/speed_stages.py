"""What each stage of an analysis costs, by itself, in milliseconds of the processor.

Every stage is run alone over the first frames of a video, in one thread, so that its cost is not hidden by what runs
beside it. What a frame costs follows from how often each stage is needed: the model looks at some of the frames, and
some are drawn.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from benchmarks.scores import markdown_table
from formcheck.core.poses import ARRAY_FIELDS, PoseSequence
from formcheck.judging.analysis import analyze
from formcheck.render.annotated_video import ANNOTATED_MAX_FPS, ANNOTATED_MAX_SIDE, FrameChoice
from formcheck.render.overlay import draw_overlay, plan_overlay
from formcheck.vision.backend_choice import default_backend
from formcheck.vision.models.store import ModelFile
from formcheck.vision.person_finder import PersonFinder
from formcheck.vision.process_memory import keep_freed_memory
from formcheck.vision.video import VideoReader, VideoWriter
from formcheck.vision.video_parts import ANALYSIS_MAX_SIDE, THUMBNAIL

T = TypeVar("T")

FRAMES = 90
"""Frames of each video that the stages are run over."""

MINUTE_S = 60.0


@dataclass(frozen=True)
class Stage:
    """One stage: what it costs each time, and how many times a frame it is needed."""

    name: str
    cost_ms: float
    times: float

    @property
    def frame_ms(self) -> float:
        """What it costs for each frame of the video."""
        return self.cost_ms * self.times


def stages_of(clip: Path, model: ModelFile, poses: PoseSequence, looks: float) -> list[Stage]:
    """The stages of watching and drawing a video.

    Parameters
    ----------
    poses : those of the whole video.
    looks : share of its frames that the model looks at.
    """
    report = analyze(poses)
    costs = Costs()
    keep_freed_memory()  # as drawing does
    backend = default_backend(model).sharing(1, 1)
    with (
        VideoReader(clip, max_side=ANALYSIS_MAX_SIDE, threads=1) as reader,
        PersonFinder(model, 1, track=True, backend=backend) as finder,
    ):
        fps = reader.info.nominal_fps
        for index, frame in enumerate(costs.each("decoding", islice(reader.decoded(), FRAMES))):
            costs.of("thumbnail", partial(frame.thumbnail, *THUMBNAIL))
            picture = costs.of("conversion", frame.rgb)
            assert picture is not None
            costs.of("look", partial(finder.find, picture, index, round(1000 * frame.time_s)))
            del frame, picture
    with (
        VideoReader(clip, max_side=ANNOTATED_MAX_SIDE, threads=1, for_show=True) as reader,
        tempfile.TemporaryDirectory() as folder,
        VideoWriter(Path(folder) / "drawn.mp4", threads=1) as writer,
    ):
        plan = plan_overlay(poses, report, reader.info.width, reader.info.height)
        for index, frame in enumerate(islice(reader.decoded(), FRAMES)):
            picture = costs.of("showing", frame.rgb)
            assert picture is not None
            drawing = partial(draw_overlay, picture, plan, frame.time_s, in_place=True)
            drawn_picture = costs.of("drawing", drawing)
            costs.of("encoding", partial(writer.write, drawn_picture, index / ANNOTATED_MAX_FPS))
            del frame, picture, drawing, drawn_picture
        costs.of("encoding", writer.close, times=0)
    choice = FrameChoice(fps, ANNOTATED_MAX_FPS)
    drawn = sum(choice.wants(time_s) for time_s in poses.time_s.tolist()) / len(poses)
    return [
        Stage("decoding", costs.mean_ms("decoding"), 1.0),
        Stage("thumbnail, for cuts", costs.mean_ms("thumbnail"), 1.0),
        Stage("to RGB, 960 pixels", costs.mean_ms("conversion"), looks),
        Stage("a look of the model", costs.mean_ms("look"), looks),
        Stage("annotated video: decoding", costs.mean_ms("decoding"), 1.0),
        Stage("annotated video: to RGB, 1280 pixels", costs.mean_ms("showing"), drawn),
        Stage("annotated video: drawing", costs.mean_ms("drawing"), drawn),
        Stage("annotated video: encoding", costs.mean_ms("encoding"), drawn),
    ]


class Costs:
    """Milliseconds of the processor, all threads together, by the name of what was done."""

    def __init__(self) -> None:
        self._spent_ms: dict[str, float] = {}
        self._times: dict[str, int] = {}

    def of(self, name: str, run: Callable[[], T], times: int = 1) -> T:
        """Do it, and add what it cost."""
        started_s = time.process_time()
        result = run()
        self._spent_ms[name] = self._spent_ms.get(name, 0.0) + 1000 * (time.process_time() - started_s)
        self._times[name] = self._times.get(name, 0) + times
        return result

    def each(self, name: str, items: Iterator[T]) -> Iterator[T]:
        """The items, and what each of them cost to come."""
        while (item := self.of(name, partial(next, items, None))) is not None:
            yield item
            del item

    def mean_ms(self, name: str) -> float:
        return self._spent_ms[name] / self._times[name]


def stage_table(found: dict[str, list[Stage]]) -> str:
    """A row for each stage, and for each video what it costs each time and for each frame of the film."""
    rows: list[list[str]] = []
    for at, stage in enumerate(next(iter(found.values()))):
        own = [stages[at] for stages in found.values()]
        rows.append([stage.name, *(f"{each.cost_ms:.1f} x {each.times:.2f} = {each.frame_ms:.1f}" for each in own)])
    rows.append(["together", *(f"{sum(stage.frame_ms for stage in stages):.1f}" for stages in found.values())])
    return markdown_table(("stage", *found), rows)


def judging_ms(poses: PoseSequence) -> float:
    """Milliseconds of the processor for judging a minute of these poses, repeated; the least of five."""
    minute = a_minute_of(poses)
    analyze(minute)
    spent_s = []
    for _ in range(5):
        started_s = time.process_time()
        analyze(minute)
        spent_s.append(time.process_time() - started_s)
    return 1000 * min(spent_s) * MINUTE_S / float(minute.time_s[-1])


def a_minute_of(poses: PoseSequence) -> PoseSequence:
    """The same poses again and again, until a minute is full."""
    step_s = float(np.median(np.diff(poses.time_s)))
    length_s = float(poses.time_s[-1]) + step_s
    count = max(1, round(MINUTE_S / length_s))
    arrays: dict[str, Any] = {name: np.concatenate([getattr(poses, name)] * count) for name in ARRAY_FIELDS}
    arrays["time_s"] = np.concatenate([poses.time_s + length_s * number for number in range(count)])
    video = replace(poses.video, frames=len(arrays["time_s"]), duration_s=length_s * count)
    return replace(poses, **arrays, video=video)


FIRST_LOOK = """
import sys, time
from formcheck.vision.models.store import find_model
from formcheck.vision.pose_estimation import estimate_poses

class Seen(Exception):
    pass

def stop(done, total):
    raise Seen

try:
    estimate_poses(sys.argv[1], find_model(sys.argv[2]), progress=stop)
except Seen:
    print(time.process_time())
"""


def start_up_s(clip: Path, model: ModelFile) -> tuple[float, float]:
    """Seconds of the processor until ``formcheck --help`` has answered, and until the first frame was looked at."""
    helped = "import time, sys; from formcheck.__main__ import main\ntry: main()\nfinally: print(time.process_time())"
    return _said([helped, "--help"]), _said([FIRST_LOOK, str(clip), str(model.path)])


def _said(arguments: Sequence[str]) -> float:
    command = [sys.executable, "-c", *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])
